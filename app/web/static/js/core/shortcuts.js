// Keys that work everywhere on a page, and the list of them behind `?`.
import { el, fill, icon } from "./dom.js";
import { t } from "./i18n.js";

/** @type {{keys: string[], text: string, run?: (event: KeyboardEvent) => void}[]} */
const known = [];

/**
 * @param {string[]} keys As `KeyboardEvent.key` has them.
 * @param {string} text What they do, for the list.
 * @param {(event: KeyboardEvent) => void} [run] Absent: the key is handled elsewhere and only listed.
 */
export function key(keys, text, run) {
  known.push({ keys, text, run });
}

/** @param {EventTarget|null} target */
export function isTyping(target) {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || ["TEXTAREA", "SELECT"].includes(target.tagName) ||
      (target instanceof HTMLInputElement && !["radio", "checkbox", "button"].includes(target.type)))
  );
}

const dialog = el("dialog", { "aria-labelledby": "keys-title" });

/** Show the list. */
export function showKeys() {
  const names = { " ": t("keys.space"), ArrowUp: "↑", ArrowDown: "↓", ArrowLeft: "←", ArrowRight: "→", Escape: "Esc" };
  fill(
    dialog,
    el(
      "div",
      { class: "dialog-head" },
      el("h2", { id: "keys-title" }, t("keys.title")),
      el("button", { type: "button", class: "ghost", "aria-label": t("action.close"), onclick: () => dialog.close() }, icon("close")),
    ),
    el(
      "div",
      { class: "keys" },
      known.flatMap((entry) => [
        el("span", {}, entry.keys.flatMap((k) => [el("kbd", {}, names[k] ?? k), " "])),
        el("span", {}, entry.text),
      ]),
    ),
  );
  if (!dialog.isConnected) document.body.append(dialog);
  dialog.showModal();
}

window.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || dialog.open) return;
  if (isTyping(event.target) && event.key !== "Escape") return;
  for (const entry of known) {
    if (entry.run && entry.keys.includes(event.key)) {
      entry.run(event);
      return;
    }
  }
});
