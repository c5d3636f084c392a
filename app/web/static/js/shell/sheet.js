// The panel and the drawer: cards over the map, or sheets that rise from the bottom of a phone.

const phone = window.matchMedia("(max-width: 767px)");
/** Heights of a sheet on a phone, in parts of the page; the map stays visible above all but the last. */
const STEPS = [0.2, 0.48, 0.92];

/** @returns {boolean} */
export function isPhone() {
  return phone.matches;
}

/** @type {Set<Sheet>} */
const all = new Set();

export class Sheet {
  /**
   * @param {HTMLElement} element
   * @param {{step?: number, onResize?: () => void}} [options]
   */
  constructor(element, { step = 1, onResize } = {}) {
    this.element = element;
    this.onResize = onResize ?? (() => {});
    this.step = step;
    this.#settle();
    // One listener for the whole sheet: its head is drawn anew with every thing that it shows.
    element.addEventListener("pointerdown", (event) => this.#drag(event));
    element.addEventListener("click", (event) => {
      if (event.target instanceof Element && event.target.closest(".sheet-handle")) {
        this.to(this.step === STEPS.length - 1 ? 0 : this.step + 1);
      }
    });
    phone.addEventListener("change", () => this.#changed());
    all.add(this);
    this.#changed();
  }

  get open() {
    return !this.element.hidden;
  }

  show() {
    this.element.hidden = false;
    this.#changed();
  }

  hide() {
    this.element.hidden = true;
    this.#changed();
  }

  /** @param {number} step */
  to(step) {
    this.step = step;
    this.#settle();
    this.#changed();
  }

  #changed() {
    // What floats on the map stands above the highest sheet.
    const highest = Math.max(0, ...[...all].filter((sheet) => sheet.open).map((sheet) => STEPS[sheet.step]));
    this.element.parentElement?.style.setProperty("--covered", `${Math.min(highest, STEPS[1]) * 100}%`);
    this.onResize();
  }

  #settle() {
    this.element.style.setProperty("--sheet-height", `${STEPS[this.step] * 100}%`);
  }

  /** @param {PointerEvent} event */
  #drag(event) {
    const handle = event.target instanceof Element ? event.target.closest(".sheet-handle") : null;
    if (!handle || !phone.matches) return;
    const whole = this.element.parentElement?.clientHeight ?? innerHeight;
    const start = this.element.clientHeight;
    let height = start;
    const move = (/** @type {PointerEvent} */ now) => {
      height = Math.min(whole * 0.95, Math.max(64, start + event.clientY - now.clientY));
      this.element.style.setProperty("--sheet-height", `${height}px`);
    };
    const end = () => {
      handle.removeEventListener("pointermove", move);
      this.element.classList.remove("dragging");
      if (Math.abs(height - start) < 8) return;
      const part = height / whole;
      this.step = STEPS.reduce((best, s, i) => (Math.abs(s - part) < Math.abs(STEPS[best] - part) ? i : best), 0);
      this.#settle();
      this.#changed();
      // The click that ends a drag must not step once more.
      handle.addEventListener("click", (click) => click.stopPropagation(), { once: true, capture: true });
    };
    this.element.classList.add("dragging");
    handle.setPointerCapture(event.pointerId);
    handle.addEventListener("pointermove", move);
    handle.addEventListener("pointerup", end, { once: true });
    handle.addEventListener("pointercancel", end, { once: true });
  }
}

/**
 * Room that the open sheets leave for the map, so that what is shown is not under one of them.
 * @param {(Sheet|null)[]} sheets
 */
export function roomBeside(sheets) {
  // Below stand the legend and the scale.
  const room = { top: 24, right: 24, bottom: phone.matches ? 40 : 64, left: 24 };
  for (const sheet of sheets) {
    if (!sheet?.open) continue;
    const part = STEPS[sheet.step];
    const whole = sheet.element.parentElement?.clientHeight ?? innerHeight;
    // A sheet over nearly everything leaves no room to speak of; the map is then laid out as if it were half.
    if (phone.matches) room.bottom = Math.max(room.bottom, Math.min(part, STEPS[1]) * whole + 24);
    else if (sheet.element.classList.contains("panel")) room.left = sheet.element.offsetWidth + 36;
    else room.right = sheet.element.offsetWidth + 36;
  }
  return room;
}
