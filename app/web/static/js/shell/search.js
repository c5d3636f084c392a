// The one search box: codes, names, address words, places in any supported system, incident numbers.
import { ask, Latest } from "../core/api.js";
import { byId, el, fill, icon, marked, settled } from "../core/dom.js";
import { t } from "../core/i18n.js";
import { key } from "../core/shortcuts.js";
import { isPhone } from "./sheet.js";

/**
 * @typedef {object} Hit
 * @property {"district"|"street"|"community"|"grid"|"component"|"incident"|"place"} kind
 * @property {string} code
 * @property {string} name
 * @property {string[]|string} context
 * @property {number|null} lon
 * @property {number|null} lat
 * @property {[number, number, number, number]} [bbox]
 */

const ICONS = { component: "component", incident: "dispatch", place: "place" };

/**
 * @param {(hit: Hit) => void} pick
 */
export function startSearch(pick) {
  const input = /** @type {HTMLInputElement} */ (byId("search-input"));
  const list = byId("search-results");
  const latest = new Latest();
  if (isPhone()) input.placeholder = t("search.label");
  /** @type {Hit[]} */
  let hits = [];
  let at = -1;
  // What the hits are of; what stands in the field may be newer.
  let answered = "";
  // What Enter was pressed for before its answer was there.
  let entered = "";

  const close = () => {
    latest.cancel();
    list.hidden = true;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  };
  const open = () => {
    list.hidden = false;
    input.setAttribute("aria-expanded", "true");
  };
  const choose = (/** @type {Hit} */ hit) => {
    close();
    input.blur();
    pick(hit);
  };
  const move = (/** @type {number} */ to) => {
    at = to;
    for (const [i, row] of [...list.querySelectorAll("[role=option]")].entries()) {
      row.setAttribute("aria-selected", String(i === at));
      if (i === at) {
        input.setAttribute("aria-activedescendant", row.id);
        row.scrollIntoView({ block: "nearest" });
      }
    }
  };
  const draw = (/** @type {string} */ words) => {
    if (!hits.length) {
      fill(list, el("p", { class: "search-note" }, t("search.nothing", { words })));
    } else {
      fill(
        list,
        hits.map((hit, i) =>
          el(
            "div",
            {
              class: "search-hit",
              role: "option",
              id: `hit-${i}`,
              "aria-selected": "false",
              // Before the field loses its focus, which would close the list.
              onpointerdown: (/** @type {Event} */ event) => event.preventDefault(),
              onclick: () => choose(hit),
            },
            icon(ICONS[hit.kind] ?? "grid"),
            el(
              "div",
              { class: "where" },
              el("div", { class: "where" }, marked(hit.name, words)),
              el("div", { class: "caption where" }, context(hit)),
            ),
            el("span", { class: "kind" }, t(`kind.${hit.kind}`)),
          ),
        ),
      );
      move(0);
    }
    open();
  };
  const look = async () => {
    const words = input.value.trim();
    if (!words) return close();
    try {
      const answer = await latest.run((signal) => ask("/v1/search", { query: { q: words, limit: 12 }, signal }));
      if (!answer || input.value.trim() !== words) return;
      hits = answer.results;
      answered = words;
      draw(words);
      if (entered === words && hits.length) choose(hits[0]);
      entered = "";
    } catch (error) {
      hits = [];
      fill(list, el("p", { class: "search-note", role: "alert" }, /** @type {Error} */ (error).message));
      open();
    }
  };

  input.addEventListener("input", settled(look, 150));
  input.addEventListener("focus", () => input.value.trim() && look());
  input.addEventListener("blur", close);
  input.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      event.stopPropagation();
      if (list.hidden) input.blur();
      close();
    } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (hits.length) move((at + (event.key === "ArrowDown" ? 1 : -1) + hits.length) % hits.length);
    } else if (event.key === "Enter") {
      event.preventDefault();
      const words = input.value.trim();
      if (answered === words && !list.hidden) {
        if (hits[at]) choose(hits[at]);
      } else {
        // Typed and entered at once: the first hit of what was typed, not of what stood there before.
        entered = words;
        look();
      }
    }
  });
  key(["/"], t("keys.search"), (event) => {
    event.preventDefault();
    input.focus();
    input.select();
  });
}

/** @param {Hit} hit */
function context(hit) {
  const names = (Array.isArray(hit.context) ? hit.context : [hit.context]).filter(Boolean);
  const code = hit.kind === "place" ? [] : [hit.code];
  return [...names, ...code].join(" · ");
}
