// The drawer of an open draft: what is selected, what is wrong, whom it touches, what was done, how it goes on.
import { read, write } from "../core/url_state.js";
import { el, fill, icon } from "../core/dom.js";
import { t } from "../core/i18n.js";
import { isTyping } from "../core/shortcuts.js";
import { failure } from "../core/states.js";
import { stateChip } from "./drafts.js";
import { drawFindings } from "./findings.js";
import { drawHistory } from "./history.js";
import { drawImpact } from "./impact.js";
import { drawReview } from "./review.js";
import { drawSelected } from "./selected.js";

export const TABS = ["select", "check", "impact", "history", "review"];

export class DraftDrawer {
  /** @type {string} */
  tab = "select";
  /** @type {import("./findings.js").Defect[]|null} */
  defects = null;
  /** @type {any} */
  #impact = null;
  /** @type {Error|null} */
  #impactError = null;
  #asked = 0;

  /**
   * @param {import("../shell/sheet.js").Sheet} sheet
   * @param {object} acts
   * @param {() => import("./draft.js").Draft|null} acts.draft
   * @param {() => import("./selected.js").Given} acts.given
   * @param {(places: [number, number][]) => void} acts.goto
   * @param {(codes: string[]) => void} acts.show
   * @param {() => void} acts.found Called when defects are known.
   * @param {() => void} acts.compare
   * @param {(file: File, query: Record<string, unknown>) => Promise<boolean>} acts.replace
   * @param {(step: string, body?: Record<string, any>) => Promise<void>} acts.go
   */
  constructor(sheet, acts) {
    this.sheet = sheet;
    this.acts = acts;
    this.body = el("div", { class: "sheet-body", role: "tabpanel", id: "draft-tab", tabindex: -1 });
    this.head = el("div", {});
    this.tabs = el("div", { class: "tabs", role: "tablist", "aria-label": t("editor.tabs"), onkeydown: (/** @type {KeyboardEvent} */ e) => this.#walk(e) });
    fill(sheet.element, el("button", { type: "button", class: "sheet-handle", "aria-label": t("sheet.handle") }), this.head, this.tabs, this.body);
  }

  /** For a draft that was just opened. */
  start() {
    this.defects = this.#impact = this.#impactError = null;
    const named = read().get("tab") ?? "";
    this.tab = TABS.includes(named) ? named : "select";
    this.draw();
    this.learn();
  }

  /** @param {string} tab */
  open(tab) {
    this.tab = tab;
    write({ tab: tab === "select" ? null : tab });
    this.sheet.show();
    this.draw();
    if (tab === "impact" && !this.#impact) this.#learnImpact();
  }

  /** Ask again for what depends on the grids: at once for what is looked at, when asked for the rest. */
  async learn() {
    const draft = this.acts.draft();
    if (!draft) return;
    const asked = ++this.#asked;
    this.#impact = this.#impactError = null;
    if (this.tab === "impact") this.#learnImpact();
    try {
      const defects = await draft.ask("check");
      if (asked !== this.#asked || draft !== this.acts.draft()) return;
      this.defects = defects;
      this.acts.found();
    } catch (error) {
      console.info(`check: ${/** @type {Error} */ (error).message}`);
    }
    this.draw({ quiet: true });
  }

  async #learnImpact() {
    const draft = this.acts.draft();
    if (!draft) return;
    const asked = this.#asked;
    try {
      const impact = await draft.ask("impact");
      if (asked !== this.#asked) return;
      this.#impact = impact;
      this.#impactError = null;
    } catch (error) {
      this.#impactError = /** @type {Error} */ (error);
    }
    if (this.tab === "impact") this.draw();
  }

  /** @param {{quiet?: boolean}} [options] `quiet`: something was learnt meanwhile; nobody is to lose what they are typing. */
  draw({ quiet = false } = {}) {
    const draft = this.acts.draft();
    if (!draft?.info) return;
    const typing = quiet && this.body.contains(document.activeElement) && isTyping(document.activeElement);
    const focused = this.body.contains(document.activeElement) ? document.activeElement?.getAttribute("name") : null;
    const scroll = this.body.scrollTop;
    fill(
      this.head,
      el(
        "div",
        { class: "sheet-head" },
        el("h2", { title: draft.info.title }, draft.info.title),
        stateChip(draft.info),
        el("button", { type: "button", class: "ghost", "aria-label": t("action.close"), onclick: () => this.sheet.hide() }, icon("close")),
      ),
    );
    const had = this.tabs.contains(document.activeElement);
    fill(this.tabs, TABS.map((tab) => this.#tab(tab)));
    if (had) /** @type {HTMLElement|null} */ (this.tabs.querySelector("[aria-selected=true]"))?.focus();
    this.body.setAttribute("aria-label", t(`editor.tab.${this.tab}`));
    if (!typing) this.#content(draft);
    this.body.scrollTop = scroll;
    if (focused) /** @type {HTMLElement|null} */ (this.body.querySelector(`[name=${focused}]`))?.focus({ preventScroll: true });
  }

  /** @param {import("./draft.js").Draft} draft */
  #content(draft) {
    const { given, goto, show, compare, go } = this.acts;
    if (this.tab === "select") drawSelected(this.body, given());
    else if (this.tab === "check") drawFindings(this.body, this.defects, (defect) => goto([defect.place]));
    else if (this.tab === "history") drawHistory(this.body, draft.info, show, given().mayEdit ? this.acts.replace : null);
    else if (this.tab === "review") drawReview(this.body, draft.info, { go, compare, errors: this.errors });
    else if (this.#impactError) fill(this.body, failure(this.#impactError, t("editor.impact.failed"), () => this.open("impact")));
    else drawImpact(this.body, this.#impact, draft.coverage, show);
  }

  /** How many errors the last check found. */
  get errors() {
    return this.defects?.filter(({ severity }) => severity === "error").length ?? null;
  }

  /** @param {string} tab */
  #tab(tab) {
    const count = tab === "check" ? (this.defects?.length ?? 0) : tab === "history" ? (this.acts.draft()?.info.operations ?? 0) : 0;
    const bad = tab === "check" && Boolean(this.errors);
    return el(
      "button",
      {
        type: "button",
        role: "tab",
        "aria-selected": String(tab === this.tab),
        "aria-controls": "draft-tab",
        tabindex: tab === this.tab ? 0 : -1,
        data: { tab },
        onclick: () => this.open(tab),
      },
      t(`editor.tab.${tab}`),
      count > 0 && el("span", { class: `count${bad ? " bad" : ""}` }, count),
    );
  }

  /** @param {KeyboardEvent} event */
  #walk(event) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    event.stopPropagation();
    this.open(TABS[(TABS.indexOf(this.tab) + step + TABS.length) % TABS.length]);
  }
}
