// The drawer on whom a draft touches: what changes hands in all, then from which grid to which, class by class.
import { el, fill, icon } from "../core/dom.js";
import { area, number } from "../core/format.js";
import { either, t, tMaybe } from "../core/i18n.js";
import { section } from "../core/components.js";
import { empty, skeleton } from "../core/states.js";

/**
 * @typedef {object} Sums
 * @property {number} area_m2
 * @property {number} components
 * @property {number} length_m
 * @property {number} incidents_open
 * @property {number} incidents_closed
 */

/** @typedef {Sums & {from: string|null, to: string|null}} Pair */

/**
 * @param {HTMLElement} place
 * @param {{pairs: Pair[], totals: Sums, counts: any[]}|null} impact null while it is not known.
 * @param {import("./coverage.js").Coverage} coverage
 * @param {(codes: string[]) => void} show
 */
export function drawImpact(place, impact, coverage, show) {
  if (!impact) return fill(place, skeleton(10), el("p", { class: "section caption", role: "status" }, t("editor.impact.running")));
  if (!impact.pairs.length) {
    return fill(place, empty({ icon: "tick", title: t("editor.impact.none"), text: t("editor.impact.none.meaning") }));
  }
  return fill(
    place,
    section(t("editor.impact.totals"), tiles(impact.totals)),
    section(
      t("editor.impact.pairs"),
      el(
        "ul",
        { class: "plain-list pairs" },
        impact.pairs.map((pair) => el("li", {}, one(pair, impact.counts, coverage, show))),
      ),
    ),
  );
}

/** @param {Sums} sums */
function tiles(sums) {
  /** @type {[string, string][]} */
  const shown = [
    [number(sums.components), t("editor.impact.components")],
    [metres(sums.length_m), t("editor.impact.length")],
    [number(sums.incidents_open), t("editor.impact.open")],
    [number(sums.incidents_closed), t("editor.impact.closed")],
    [area(sums.area_m2), t("editor.impact.area")],
  ];
  return el("div", { class: "tiles" }, shown.map(([value, word]) => el("div", { class: "tile" }, el("b", {}, value), el("span", {}, word))));
}

/** @param {number} m */
function metres(m) {
  return m < 10_000 ? `${number(m)} m` : `${(m / 1000).toFixed(1)} km`;
}

/** @param {Pair} pair @param {any[]} counts @param {import("./coverage.js").Coverage} coverage @param {(codes: string[]) => void} show */
function one(pair, counts, coverage, show) {
  const mine = counts.filter(({ from, to }) => from === pair.from && to === pair.to);
  const name = (/** @type {string|null} */ code) => (code ? coverage.grids.get(code)?.name || code : t("editor.nobody"));
  const codes = [pair.from, pair.to].filter((code) => code !== null);
  const said = [
    area(pair.area_m2),
    pair.components && t("editor.impact.n.components", { n: number(pair.components) }),
    pair.length_m && metres(pair.length_m),
    (pair.incidents_open || pair.incidents_closed) && t("editor.impact.n.incidents", { open: number(pair.incidents_open), closed: number(pair.incidents_closed) }),
  ];
  return [
    el(
      "button",
      { type: "button", class: "row-button tall", onclick: () => show(codes) },
      el(
        "span",
        { class: "grow" },
        el("strong", {}, `${name(pair.from)} → ${name(pair.to)}`),
        el("span", { class: "caption mono" }, `${pair.from ?? "–"} → ${pair.to ?? "–"}`),
        el("span", { class: "caption" }, said.filter(Boolean).join(" · ")),
      ),
      icon("fit", "small"),
    ),
    mine.length > 0 &&
      el(
        "details",
        {},
        el("summary", {}, t("editor.impact.classes", { n: mine.length })),
        el("table", { class: "counts" }, el("tbody", {}, mine.map((row) => el("tr", {}, el("th", { scope: "row" }, word(row)), el("td", {}, figure(row)))))),
      ),
  ];
}

/** @param {any} row */
function word(row) {
  if (row.layer === "people") return tMaybe(`population.${row.class}`, row.class);
  return either(row.class_zh, row.class_en) || row.class || t("incident.unclassified");
}

/** @param {any} row */
function figure(row) {
  if (row.layer === "incidents") return t("editor.impact.n.incidents", { open: number(row.open), closed: number(row.closed) });
  if (row.count === null) return t("population.few");
  const about = row.estimated ? "≈ " : "";
  return about + number(row.count) + (row.length_m ? ` · ${metres(row.length_m)}` : "");
}
