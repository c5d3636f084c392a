// Which incidents are asked for: the form at the head of the list, kept in the address.
import { read, write } from "../core/url_state.js";
import { ask } from "../core/api.js";
import { byId, el } from "../core/dom.js";
import { either, t } from "../core/i18n.js";

const NAMES = ["state", "major", "class", "unit", "from", "to"];

export class Filters {
  /** @type {{code: string, major_code: string, major_zh: string, major_en: string, name_zh: string, name_en: string, sensitive: boolean}[]} */
  #classes = [];

  /** @param {() => void} changed */
  constructor(changed) {
    this.form = /** @type {HTMLFormElement} */ (byId("filters"));
    this.form.addEventListener("submit", (event) => event.preventDefault());
    this.form.addEventListener("change", (event) => {
      if (/** @type {HTMLInputElement} */ (event.target).name === "major") this.#offerClasses("");
      this.#keep();
      changed();
    });
    this.form.addEventListener("reset", () =>
      // The fields are emptied after this event.
      setTimeout(() => {
        this.#offerClasses("");
        this.#keep();
        changed();
      }),
    );
  }

  /** What is asked for, as the server names it. */
  get query() {
    const state = read();
    return Object.fromEntries(NAMES.map((name) => [name, name === "state" ? stateOf(state) : (state.get(name) ?? "")]));
  }

  /** Whether only a sensitive class is asked for. */
  get sensitive() {
    const code = read().get("class");
    return this.#classes.some((c) => c.code === code && c.sensitive);
  }

  /** The name of a grid. @param {string|null} code */
  nameOf(code) {
    return this.units?.find((u) => u.level === "grid" && u.code === code)?.name ?? code ?? "";
  }

  /** Fill the lists of choices. @param {{level: string, code: string, name: string}[]} units */
  async offer(units) {
    const unit = this.#field("unit");
    unit.append(...units.filter((u) => u.level === "street").map((u) => el("option", { value: u.code }, u.name)));
    this.units = units;
    try {
      this.#classes = (await ask("/v1/catalog/incident-classes")).classes;
    } catch {
      // The list works without names to choose from; the next visit has them.
      this.#classes = [];
    }
    const majors = new Map(this.#classes.map((c) => [c.major_code, either(c.major_zh, c.major_en)]));
    this.#field("major").append(...[...majors].map(([code, name]) => el("option", { value: code }, name)));
    this.show();
  }

  /** Put what the address says into the form. */
  show() {
    const state = read();
    for (const radio of /** @type {NodeListOf<HTMLInputElement>} */ (this.form.querySelectorAll("[name=state]"))) {
      radio.checked = radio.value === stateOf(state);
    }
    this.#field("major").value = state.get("major") ?? "";
    this.#offerClasses(state.get("class") ?? "");
    this.#offerUnit(state.get("unit") ?? "");
    for (const name of ["from", "to"]) this.#field(name).value = state.get(name) ?? "";
    this.#count();
  }

  /** Ask for one unit. @param {string} code */
  setUnit(code) {
    write({ unit: code }, { remember: true });
    this.show();
  }

  /** @param {string} name */
  #field(name) {
    return /** @type {HTMLSelectElement} */ (this.form.elements.namedItem(name));
  }

  /** Classes of the major chosen, under their majors. @param {string} chosen */
  #offerClasses(chosen) {
    const select = this.#field("class");
    const major = this.#field("major").value;
    select.replaceChildren(el("option", { value: "" }, t("filter.any")));
    for (const code of new Set(this.#classes.map((c) => c.major_code))) {
      if (major && code !== major) continue;
      const inside = this.#classes.filter((c) => c.major_code === code);
      select.append(
        el(
          "optgroup",
          { label: either(inside[0].major_zh, inside[0].major_en) },
          inside.map((c) => el("option", { value: c.code }, either(c.name_zh, c.name_en))),
        ),
      );
    }
    select.value = chosen;
    if (select.value !== chosen) select.value = "";
  }

  /** Streets are always offered; a community or grid that the search or a link named is added. @param {string} code */
  #offerUnit(code) {
    const select = this.#field("unit");
    if (code && ![...select.options].some((o) => o.value === code)) {
      const unit = this.units?.find((u) => u.code === code);
      select.append(el("option", { value: code }, unit ? unit.name : code));
    }
    select.value = code;
  }

  #keep() {
    const given = new FormData(this.form);
    const state = String(given.get("state") ?? "open");
    write(
      {
        ...Object.fromEntries(NAMES.slice(1).map((name) => [name, String(given.get(name) ?? "")])),
        // The usual question is left out of the address; every other one is named.
        state: state === "open" ? null : state || "all",
      },
      { remember: true },
    );
    this.#count();
  }

  #count() {
    const state = read();
    const set = NAMES.slice(1).filter((name) => state.get(name)).length;
    const chip = byId("filter-count");
    chip.hidden = set === 0;
    chip.textContent = t("filter.count", { n: set });
  }
}

/** @param {URLSearchParams} state */
function stateOf(state) {
  const named = state.get("state");
  return named === null ? "open" : named === "all" ? "" : named;
}
