// The tree of units: street, community, grid; walked by keys, searched as one types.
import { LEVELS } from "./levels.js";
import { el, fill, icon, marked } from "./dom.js";
import { number } from "./format.js";
import { t } from "./i18n.js";
import { empty } from "./states.js";

/**
 * @typedef {object} Unit
 * @property {string} level
 * @property {string} code
 * @property {string} name
 * @property {string} [kind]
 * @property {string|null} parent
 * @property {[number, number, number, number]} bbox
 */

const MOST_MATCHES = 200;

export class Tree {
  /** @type {Map<string, Unit>} */
  #units = new Map();
  /** @type {Map<string, Unit[]>} */
  #children = new Map();
  /** @type {Map<string, number>} */
  #grids = new Map();
  /** @type {Set<string>} */
  #open = new Set();
  /** @type {Set<string>} */
  #chosen = new Set();
  /** @type {string|null} */
  #focused = null;
  #words = "";

  /**
   * @param {HTMLElement} place
   * @param {(unit: Unit, event: MouseEvent|KeyboardEvent) => void} pick
   * @param {{several?: boolean, tag?: (unit: Unit) => string|null}} [options] Whether several may be marked; a word beside one.
   */
  constructor(place, pick, { several = false, tag } = {}) {
    this.place = place;
    this.pick = pick;
    this.several = several;
    this.tag = tag ?? ((unit) => (unit.kind === "dedicated" ? t("kind.dedicated.short") : null));
    place.addEventListener("click", (event) => this.#clicked(event));
    place.addEventListener("keydown", (event) => this.#pressed(event));
  }

  /** @param {Unit[]} units Upper levels first; in place of those that were there. */
  load(units) {
    for (const kept of [this.#units, this.#children, this.#grids]) kept.clear();
    for (const unit of units) {
      this.#units.set(key(unit), unit);
      if (!unit.parent) continue;
      const above = `${LEVEL_ABOVE[unit.level]}:${unit.parent}`;
      const siblings = this.#children.get(above);
      if (siblings) siblings.push(unit);
      else this.#children.set(above, [unit]);
    }
    for (const unit of units) {
      if (unit.level !== "grid") continue;
      for (let above = this.#above(unit); above; above = this.#above(above)) {
        this.#grids.set(key(above), (this.#grids.get(key(above)) ?? 0) + 1);
      }
    }
    // One district is opened at once: its streets are what one came for.
    const roots = units.filter((unit) => !unit.parent);
    if (roots.length === 1) this.#open.add(key(roots[0]));
    this.draw();
  }

  /** @param {string} code @param {string} [level] */
  find(code, level) {
    if (level) return this.#units.get(`${level}:${code}`) ?? null;
    for (const each of LEVELS) {
      const unit = this.#units.get(`${each}:${code}`);
      if (unit) return unit;
    }
    return null;
  }

  /** @param {string} words */
  filter(words) {
    this.#words = words.trim();
    this.draw();
  }

  /**
   * Mark units, opening what they stand in.
   * @param {...(Unit|null)} units
   */
  choose(...units) {
    const marked = units.filter((unit) => unit !== null);
    this.#chosen = new Set(marked.map(key));
    for (const unit of marked) {
      for (let above = this.#above(unit); above; above = this.#above(above)) this.#open.add(key(above));
    }
    this.draw();
    this.place.querySelector("[aria-selected=true]")?.scrollIntoView({ block: "nearest" });
  }

  /** @param {Unit} unit */
  #above(unit) {
    return unit.parent ? (this.#units.get(`${LEVEL_ABOVE[unit.level]}:${unit.parent}`) ?? null) : null;
  }

  /** Rows that are to be seen, in order. @returns {{unit: Unit, depth: number, open: boolean|null}[]} */
  #rows() {
    const matches = this.#words ? this.#matching() : null;
    /** @type {{unit: Unit, depth: number, open: boolean|null}[]} */
    const rows = [];
    const walk = (/** @type {Unit} */ unit, /** @type {number} */ depth) => {
      if (matches && !matches.has(key(unit))) return;
      const below = this.#children.get(key(unit)) ?? [];
      const inside = matches ? below.some((child) => matches.has(key(child))) : this.#open.has(key(unit));
      rows.push({ unit, depth, open: below.length ? inside : null });
      if (inside) for (const child of below) walk(child, depth + 1);
    };
    for (const unit of this.#units.values()) if (!unit.parent) walk(unit, 0);
    return rows;
  }

  /** Units that match, with all they stand in. */
  #matching() {
    const words = this.#words.toLowerCase();
    /** @type {Set<string>} */
    const found = new Set();
    let matches = 0;
    for (const unit of this.#units.values()) {
      if (!unit.name.toLowerCase().includes(words) && !unit.code.toLowerCase().includes(words)) continue;
      if (++matches > MOST_MATCHES) break;
      for (let each = /** @type {Unit|null} */ (unit); each; each = this.#above(each)) found.add(key(each));
    }
    return found;
  }

  draw() {
    const rows = this.#rows();
    if (!rows.length) {
      fill(this.place, empty({ icon: "search", title: t("tree.nothing", { words: this.#words }), text: t("tree.nothing.hint") }));
      return;
    }
    const wanted = this.#focused ?? [...this.#chosen][0];
    const focus = rows.some(({ unit }) => key(unit) === wanted) ? wanted : key(rows[0].unit);
    const had = this.place.contains(document.activeElement);
    const scroll = this.place.scrollTop;
    fill(
      this.place,
      el(
        "div",
        { class: "tree", role: "tree", "aria-label": t("tree.title"), "aria-multiselectable": this.several ? "true" : null },
        rows.map(({ unit, depth, open }) =>
          el(
            "div",
            {
              class: `tree-row level-${depth}`,
              role: "treeitem",
              "aria-level": depth + 1,
              "aria-expanded": open === null ? null : String(open),
              "aria-selected": String(this.#chosen.has(key(unit))),
              tabindex: key(unit) === focus ? 0 : -1,
              data: { key: key(unit) },
              vars: { depth },
              title: unit.code,
            },
            el("span", { class: "twist" }, open === null ? null : icon("chevron")),
            el("span", { class: "label" }, marked(unit.name, this.#words)),
            this.tag(unit) && el("span", { class: "chip" }, this.tag(unit)),
            unit.level !== "grid" &&
              el("span", { class: "count" }, t("tree.grids", { n: number(this.#grids.get(key(unit)) ?? 0) })),
          ),
        ),
      ),
    );
    this.place.scrollTop = scroll;
    if (had) this.#row(focus)?.focus({ preventScroll: true });
  }

  /** @param {string|null} name */
  #row(name) {
    const rows = /** @type {NodeListOf<HTMLElement>} */ (this.place.querySelectorAll("[data-key]"));
    return [...rows].find((row) => row.dataset.key === name) ?? null;
  }

  /** @param {Unit} unit @param {boolean} open */
  #turn(unit, open) {
    if (open) this.#open.add(key(unit));
    else this.#open.delete(key(unit));
    this.#focused = key(unit);
    this.draw();
  }

  /** @param {MouseEvent} event */
  #clicked(event) {
    const target = /** @type {Element} */ (event.target);
    const row = /** @type {HTMLElement|null} */ (target.closest("[data-key]"));
    const unit = row?.dataset.key && this.#units.get(row.dataset.key);
    if (!row || !unit) return;
    this.#focused = key(unit);
    if (target.closest(".twist") && row.hasAttribute("aria-expanded")) {
      this.#turn(unit, row.getAttribute("aria-expanded") !== "true");
    } else {
      this.#open.add(key(unit));
      this.pick(unit, event);
    }
  }

  /** @param {KeyboardEvent} event */
  #pressed(event) {
    const row = /** @type {HTMLElement|null} */ (/** @type {Element} */ (event.target).closest("[data-key]"));
    const unit = row?.dataset.key && this.#units.get(row.dataset.key);
    if (!row || !unit) return;
    const rows = /** @type {HTMLElement[]} */ ([...this.place.querySelectorAll("[data-key]")]);
    const at = rows.indexOf(row);
    const expanded = row.getAttribute("aria-expanded");
    const above = this.#above(unit);
    const goto = (/** @type {HTMLElement|null|undefined} */ next) => {
      if (!next) return;
      this.#focused = next.dataset.key ?? null;
      for (const each of rows) each.tabIndex = each === next ? 0 : -1;
      next.focus();
    };
    if (event.key === "ArrowDown") goto(rows[at + 1]);
    else if (event.key === "ArrowUp") goto(rows[at - 1]);
    else if (event.key === "Home") goto(rows[0]);
    else if (event.key === "End") goto(rows.at(-1));
    else if (event.key === "ArrowRight") expanded === "false" ? this.#turn(unit, true) : expanded && goto(rows[at + 1]);
    else if (event.key === "ArrowLeft") expanded === "true" ? this.#turn(unit, false) : above && goto(this.#row(key(above)));
    else if (event.key === "Enter" || event.key === " ") this.pick(unit, event);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
}

const LEVEL_ABOVE = { street: "district", community: "street", grid: "community" };

/** Codes of different levels may be the same text. @param {Unit} unit */
function key(unit) {
  return `${unit.level}:${unit.code}`;
}
