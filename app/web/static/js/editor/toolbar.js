// Buttons beside the tools: back and forth, merge, before and after; and their keys.
import { byId } from "../core/dom.js";
import { t } from "../core/i18n.js";
import { isTyping, key } from "../core/shortcuts.js";

export class Toolbar {
  /**
   * @param {object} acts
   * @param {() => import("./draft.js").Draft|null} acts.draft
   * @param {() => boolean} acts.mayEdit
   * @param {() => string[]} acts.selected
   * @param {() => void} acts.merge
   * @param {() => void} acts.undo
   * @param {() => void} acts.redo
   * @param {() => void} acts.compare
   * @param {() => boolean} acts.comparing
   */
  constructor(acts) {
    this.acts = acts;
    this.bar = byId("tools");
    for (const name of /** @type {const} */ (["merge", "undo", "redo", "compare"])) this.#button(name).addEventListener("click", acts[name]);
    this.bar.addEventListener("keydown", (event) => this.#walk(event));
    window.addEventListener("keydown", (event) => this.pressed(event));
    key(["Ctrl+Z"], t("editor.undo"));
    key(["Ctrl+Shift+Z"], t("editor.redo"));
    key(["Enter"], t("editor.keys.finish"));
  }

  /** @param {string} name @returns {HTMLButtonElement} */
  #button(name) {
    return /** @type {HTMLButtonElement} */ (this.bar.querySelector(`[data-act=${name}]`));
  }

  draw() {
    const { draft, mayEdit, selected, comparing } = this.acts;
    const info = draft()?.info;
    this.bar.hidden = !info;
    byId("load-legend").hidden = !info;
    if (!info) return;
    for (const button of /** @type {NodeListOf<HTMLButtonElement>} */ (this.bar.querySelectorAll("[data-tool], .edits"))) button.hidden = !mayEdit();
    const busy = (draft()?.busy ?? 0) > 0;
    this.bar.setAttribute("aria-busy", String(busy));
    this.#button("merge").disabled = selected().length < 2;
    this.#button("undo").disabled = busy || !info.operations;
    this.#button("redo").disabled = busy || !info.undone;
    this.#button("compare").setAttribute("aria-pressed", String(comparing()));
  }

  /** Ctrl+Z, Ctrl+Shift+Z and Ctrl+Y; in a field they are the field's. @param {KeyboardEvent} event */
  pressed(event) {
    if (!(event.ctrlKey || event.metaKey) || event.altKey || isTyping(event.target) || !this.acts.mayEdit()) return;
    const name = event.key.toLowerCase();
    const back = name === "z" && !event.shiftKey;
    const forth = name === "y" || (name === "z" && event.shiftKey);
    if (!back && !forth) return;
    event.preventDefault();
    if (!this.#button(back ? "undo" : "redo").disabled) (back ? this.acts.undo : this.acts.redo)();
  }

  /** @param {KeyboardEvent} event */
  #walk(event) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const buttons = /** @type {HTMLButtonElement[]} */ ([...this.bar.querySelectorAll("button:not([hidden]):not(:disabled)")]);
    buttons[(buttons.indexOf(/** @type {any} */ (document.activeElement)) + step + buttons.length) % buttons.length]?.focus();
    event.preventDefault();
    event.stopPropagation();
  }
}
