// A button that opens a menu: arrow keys walk it, Esc and a click elsewhere close it.

/**
 * @param {HTMLElement} holder Has the button; the menu is put into it.
 * @param {() => HTMLElement|Promise<HTMLElement>} make The menu, made when it is opened.
 */
export function menuButton(holder, make) {
  const button = holder.querySelector("button");
  if (!button) return;
  /** @type {HTMLElement|null} */
  let menu = null;

  const close = (/** @type {boolean} */ refocus) => {
    menu?.remove();
    menu = null;
    button.setAttribute("aria-expanded", "false");
    document.removeEventListener("pointerdown", outside);
    if (refocus) button.focus();
  };
  const outside = (/** @type {PointerEvent} */ event) => {
    if (event.target instanceof Node && !holder.contains(event.target)) close(false);
  };
  const items = () => [.../** @type {NodeListOf<HTMLElement>} */ (menu?.querySelectorAll(".menu-item") ?? [])];

  button.addEventListener("click", async () => {
    if (menu) return close(true);
    button.setAttribute("aria-expanded", "true");
    menu = await make();
    menu.classList.add("menu");
    menu.setAttribute("role", "menu");
    for (const item of menu.querySelectorAll(".menu-item")) item.setAttribute("role", "menuitem");
    holder.append(menu);
    items()[0]?.focus();
    document.addEventListener("pointerdown", outside);
  });
  holder.addEventListener("keydown", (event) => {
    if (!menu) return;
    const all = items();
    const at = all.indexOf(/** @type {HTMLElement} */ (document.activeElement));
    if (event.key === "Escape") close(true);
    else if (event.key === "ArrowDown") all[(at + 1) % all.length]?.focus();
    else if (event.key === "ArrowUp") all[(at - 1 + all.length) % all.length]?.focus();
    else if (event.key === "Tab") return close(false);
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
}
