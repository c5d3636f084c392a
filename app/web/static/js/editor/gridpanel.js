// The panel of an open draft: its grids by street and community, to search and to select from.
import { ABOVE_GRIDS } from "../core/levels.js";
import { ask } from "../core/api.js";
import { el, fill, icon, settled } from "../core/dom.js";
import { number } from "../core/format.js";
import { t } from "../core/i18n.js";
import { skeleton } from "../core/states.js";
import { Tree } from "../core/tree.js";
import { isPhone } from "../shell/sheet.js";
import { stateChip } from "./drafts.js";

export class GridPanel {
  /** @type {{code: string, name: string, street: string, parent: string|null}[]} */
  communities = [];
  /** @type {any[]} Streets and districts of the base. */
  #upper = [];
  /** @type {Map<string, string>} Community -> street. */
  #streets = new Map();
  /** @type {import("./coverage.js").Coverage|null} */
  #coverage = null;

  /**
   * @param {HTMLElement} place
   * @param {import("./selection.js").Selection} selection
   * @param {{close: () => void, show: (codes: string[]) => void, tab: (tab: string) => void}} acts
   */
  constructor(place, selection, acts) {
    this.place = place;
    this.selection = selection;
    this.acts = acts;
    this.headPlace = el("div", {});
    this.filter = el("input", { class: "input", type: "search", autocomplete: "off", spellcheck: "false", id: "tree-filter", placeholder: t("tree.filter"), "aria-label": t("tree.filter") });
    this.treePlace = el("div", { class: "sheet-body", id: "tree" });
    this.tree = new Tree(this.treePlace, (unit, event) => this.#picked(unit, event), {
      several: true,
      tag: (unit) => {
        const change = this.#coverage?.grids.get(unit.code)?.change;
        if (unit.level === "grid" && change) return t(`editor.change.${change}`);
        return unit.kind === "dedicated" ? t("kind.dedicated.short") : null;
      },
    });
    this.filter.addEventListener("input", settled(() => this.tree.filter(this.filter.value), 100));
    this.filter.addEventListener("keydown", (event) => {
      if (event.key !== "ArrowDown") return;
      event.preventDefault();
      /** @type {HTMLElement|null} */ (this.treePlace.querySelector("[tabindex='0']"))?.focus();
    });
  }

  /** While a draft is being read. */
  waiting() {
    this.filter.value = "";
    this.tree.filter("");
    fill(this.headPlace, el("div", { class: "sheet-head" }, this.back(), el("h2", {}, t("editor.draft.loading"))));
    fill(this.treePlace, skeleton(12));
    fill(this.place, this.headPlace, el("div", { class: "sheet-tools" }, this.filter), this.treePlace);
  }

  /** What the grids stand in. @param {number} edition */
  async units(edition) {
    const { units } = await ask("/maps/units.json", { query: { edition } });
    const names = new Map(units.map((/** @type {any} */ unit) => [`${unit.level}:${unit.code}`, unit.name]));
    this.#upper = units.filter((/** @type {any} */ unit) => ABOVE_GRIDS.includes(unit.level));
    this.communities = units
      .filter((/** @type {any} */ unit) => unit.level === "community")
      .map((/** @type {any} */ { code, name, parent }) => ({ code, name, parent, street: names.get(`street:${parent}`) ?? "" }));
    this.#streets = new Map(this.communities.map(({ code, parent }) => [code, parent ?? ""]));
  }

  /** The level of a border between grids of two communities. @param {string} a @param {string|null} b */
  levelOf(a, b) {
    if (b === null) return "district";
    if (a === b) return "grid";
    return this.#streets.get(a) === this.#streets.get(b) ? "community" : "street";
  }

  back() {
    return el("button", { type: "button", class: "ghost", "aria-label": t("editor.back"), title: t("editor.back"), onclick: this.acts.close }, icon("back"));
  }

  /** @param {any} info */
  head(info) {
    const count = [...(this.#coverage?.grids.values() ?? [])].filter(({ kind }) => kind !== "excluded").length;
    fill(
      this.headPlace,
      el(
        "div",
        { class: "sheet-head" },
        this.back(),
        el("h2", { title: info.title }, info.title),
        stateChip(info),
      ),
      el("p", { class: "panel-note caption" }, [t("editor.onbase", { n: info.base }), t("edition.grids", { n: number(count) })].join(" · ")),
      // Where panel and drawer have no room beside each other, this is the way to the drawer.
      el(
        "div",
        { class: "panel-tabs" },
        ["check", "impact", "history", "review"].map((tab) =>
          el("button", { type: "button", class: "button", data: { tab }, onclick: () => this.acts.tab(tab) }, t(`editor.tab.${tab}`)),
        ),
      ),
      isPhone() && el("p", { class: "panel-note caption small-screen" }, icon("alert", "small"), t("editor.small")),
    );
  }

  /** @param {import("./coverage.js").Coverage} coverage */
  load(coverage) {
    this.#coverage = coverage;
    const grids = [...coverage.grids.values()]
      .filter(({ kind }) => kind !== "excluded")
      .sort((a, b) => (a.code < b.code ? -1 : 1))
      .map(({ code, name, community, kind, box }) => ({ level: "grid", code, name: name || code, kind, parent: community, bbox: box }));
    this.tree.load([...this.#upper, ...grids]);
    this.choose();
  }

  /** Mark what is selected. */
  choose() {
    this.tree.choose(...this.selection.codes.map((code) => this.tree.find(code, "grid")));
  }

  /** @param {import("../core/tree.js").Unit} unit @param {MouseEvent|KeyboardEvent} event */
  #picked(unit, event) {
    if (unit.level === "grid") {
      if (event.shiftKey || event.ctrlKey || event.metaKey) this.selection.pick(unit.code, event);
      else this.acts.show([unit.code]);
      return;
    }
    // All grids of a community are one wish; those of a street would be half the map.
    if (unit.level === "community") {
      this.acts.show([...(this.#coverage?.grids.values() ?? [])].filter((grid) => grid.community === unit.code).map(({ code }) => code));
    } else this.tree.draw();
  }
}
