// What each grid has to carry, beside the mean of its community: components, incidents of a year, area.
import { read, write } from "../core/url_state.js";
import { byId, el, fill } from "../core/dom.js";
import { area, number } from "../core/format.js";
import { t } from "../core/i18n.js";
import { LOAD_CLASSES } from "./layers.js";

export const MEASURES = /** @type {const} */ (["components", "incidents", "area_m2"]);

/** Bounds between classes, as parts of the mean; the middle one is about the mean. */
const BOUNDS = [0.5, 0.8, 1.25, 2];

/** @typedef {{code: string, components: number, incidents: number, area_m2: number}} Load */

/** @param {typeof MEASURES[number]} measure @param {number} value */
export function measured(measure, value) {
  return measure === "area_m2" ? area(value) : number(value);
}

export class Loads {
  /** @type {Map<string, Load>} */
  #loads = new Map();
  /** @type {Map<string, Record<string, number>>} Community -> means. */
  #means = new Map();
  /** @type {Map<string, number|null>} What is drawn. */
  #drawn = new Map();
  #asked = 0;

  /**
   * @param {() => import("./draft.js").Draft|null} draft
   * @param {() => import("./canvas.js").Canvas|null} canvas
   * @param {() => void} changed
   */
  constructor(draft, canvas, changed) {
    this.draft = draft;
    this.canvas = canvas;
    this.changed = changed;
    this.select = /** @type {HTMLSelectElement} */ (byId("load-measure"));
    this.select.addEventListener("change", () => {
      write({ load: this.select.value || null });
      this.paint();
    });
  }

  /** @returns {typeof MEASURES[number]|null} */
  get measure() {
    return MEASURES.find((each) => each === this.select.value) ?? null;
  }

  /** All, after opening. */
  async load() {
    this.#loads.clear();
    this.#drawn.clear();
    this.select.value = read().get("load") ?? "incidents";
    await this.#ask({});
  }

  /** Those that a step changed. @param {Iterable<string>} codes */
  async refresh(codes) {
    const answered = await this.#ask({ changed: "true" });
    // What an undo brought back is as in the base, so it is not among those that differ from it.
    const known = new Set(answered?.map(({ code }) => code));
    if (answered && [...codes].some((code) => !known.has(code) && this.draft()?.coverage.grids.has(code))) await this.#ask({});
  }

  /** @param {string} code @returns {{load: Load, means: Record<string, number>}|null} */
  of(code) {
    const load = this.#loads.get(code);
    const community = this.draft()?.coverage.grids.get(code)?.community;
    const means = community === undefined ? undefined : this.#means.get(community);
    return load && means ? { load, means } : null;
  }

  /** @param {Record<string, string>} query @returns {Promise<Load[]|null>} */
  async #ask(query) {
    const draft = this.draft();
    if (!draft) return null;
    const asked = ++this.#asked;
    try {
      const { grids } = await draft.ask("load", query);
      if (draft !== this.draft()) return null;
      for (const load of grids) this.#loads.set(load.code, load);
      if (asked === this.#asked) this.#settle(draft);
      return grids;
    } catch (error) {
      // Colours are a help, not the work: without them the map stays as it is.
      console.info(`load: ${/** @type {Error} */ (error).message}`);
      return null;
    }
  }

  /** @param {import("./draft.js").Draft} draft */
  #settle({ coverage }) {
    /** @type {Map<string, Load[]>} */
    const together = new Map();
    for (const { code, community } of coverage.grids.values()) {
      const load = this.#loads.get(code);
      if (!load) continue;
      const others = together.get(community);
      if (others) others.push(load);
      else together.set(community, [load]);
    }
    this.#means = new Map(
      [...together].map(([community, loads]) => [
        community,
        Object.fromEntries(MEASURES.map((m) => [m, loads.reduce((sum, load) => sum + load[m], 0) / loads.length])),
      ]),
    );
    this.paint();
    this.changed();
  }

  /** Colour the map, and say what the colours mean. */
  paint() {
    const { measure } = this;
    const draft = this.draft();
    const canvas = this.canvas();
    if (!draft || !canvas) return;
    for (const code of draft.coverage.grids.keys()) {
      const found = measure && this.of(code);
      const shown = found ? classOf(found.load[measure], found.means[measure]) : null;
      if ((this.#drawn.get(code) ?? null) === shown) continue;
      this.#drawn.set(code, shown);
      canvas.state(code, { load: shown ?? -1 });
    }
    fill(
      byId("load-classes"),
      measure &&
        Array.from({ length: LOAD_CLASSES }, (_, i) =>
          el("li", {}, el("span", { class: `patch load-${i + 1}` }), t(`editor.load.class.${i + 1}`)),
        ),
    );
  }
}

/** @param {number} value @param {number} mean */
function classOf(value, mean) {
  if (!mean) return Math.floor(LOAD_CLASSES / 2);
  const at = BOUNDS.findIndex((bound) => value / mean < bound);
  return at < 0 ? BOUNDS.length : at;
}
