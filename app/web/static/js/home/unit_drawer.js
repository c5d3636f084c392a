// Whose place is this? The drawer of one unit, or of a place that nobody owns.
import { at, boot } from "../core/boot.js";
import { el, fill, icon } from "../core/dom.js";
import { area, number } from "../core/format.js";
import { t, tMaybe } from "../core/i18n.js";
import { coordinates, copyButton, drawerHead, facts, section, teamSection } from "../core/components.js";
import { empty } from "../core/states.js";

/**
 * @typedef {object} Acts
 * @property {() => void} close
 * @property {(unit: {level: string, code: string}) => void} pick
 * @property {() => void} fit
 */

/**
 * @param {HTMLElement} drawer
 * @param {any} unit
 * @param {[number, number]|null} place The place that was asked for, if it was one.
 * @param {{boundary: boolean}} about
 * @param {Acts} acts
 */
export function drawUnit(drawer, unit, place, { boundary }, acts) {
  const kind = unit.kind ? t(`kind.${unit.kind}`) : null;
  const counts = unit.counts ?? {};
  const above = unit.ancestors.filter((/** @type {any} */ a) => a.code !== unit.code || a.level !== unit.level);
  fill(
    drawer,
    drawerHead(place ? t("whose.title") : t(`level.${unit.level}`), acts.close),
    el(
      "div",
      { class: "sheet-body", tabindex: -1 },
      el(
        "div",
        { class: "title-block" },
        el(
          "div",
          { class: "chips" },
          el("span", { class: "chip accent" }, t(`level.${unit.level}`)),
          kind && el("span", { class: "chip" }, kind),
          boundary && el("span", { class: "chip demo", title: t("whose.boundary.long") }, t("whose.boundary")),
        ),
        el("h1", { id: "drawer-title" }, unit.name),
        el("div", { class: "code" }, el("span", { class: "mono" }, unit.code), copyButton(unit.code, t("unit.code"))),
        above.length > 0 &&
          el(
            "nav",
            { class: "crumbs", "aria-label": t("unit.ancestors") },
            above.flatMap((/** @type {any} */ a, /** @type {number} */ i) => [
              i > 0 && el("span", { "aria-hidden": "true" }, "›"),
              el("button", { type: "button", onclick: () => acts.pick(a) }, a.name),
            ]),
          ),
      ),
      section(
        t("counts.title"),
        el(
          "div",
          { class: "tiles" },
          tile(counts.incidents_open, t("counts.open")),
          tile(counts.incidents_30d, t("counts.month")),
          tile(counts.incidents_total, t("counts.total")),
          tile(counts.components, t("counts.components")),
        ),
      ),
      section(
        null,
        facts([
          [t("unit.area"), area(unit.area_m2)],
          ...(unit.children.length ? [[t(`unit.children.${unit.level}`), number(unit.children.length)]] : []),
          [t("unit.edition"), t("edition.short", { n: unit.edition })],
        ]),
      ),
      teamSection(unit.team, { hint: unit.level === "grid" && !boot.signedIn }),
      sensitive(unit.sensitive_incidents),
      population(unit.population ?? [], unit.level),
      place && coordinates(place),
    ),
    el(
      "div",
      { class: "sheet-foot" },
      el("a", { class: "button", href: at(`/maps/heat/${encodeURIComponent(unit.code)}`) }, icon("heat", "small"), t("unit.heat")),
      el("a", { class: "button", href: at(`/dispatch?unit=${encodeURIComponent(unit.code)}`) }, icon("list", "small"), t("unit.incidents")),
      el("button", { type: "button", class: "button", onclick: acts.fit, "aria-label": t("unit.fit"), title: t("unit.fit") }, icon("fit", "small")),
    ),
  );
}

/**
 * @param {HTMLElement} drawer
 * @param {[number, number]} place
 * @param {Acts} acts
 */
export function drawNobody(drawer, place, acts, reason) {
  fill(
    drawer,
    drawerHead(t("whose.title"), acts.close),
    el(
      "div",
      { class: "sheet-body", tabindex: -1 },
      reason === null
        ? empty({ icon: "place", title: t("whose.nobody"), text: t("whose.nobody.meaning") })
        : empty({ icon: "exclude", title: t("whose.excluded"), text: t("whose.excluded.meaning", { reason }) }),
      coordinates(place),
    ),
  );
}

/**
 * @param {number|undefined} value
 * @param {string} words
 */
function tile(value, words) {
  return el("div", { class: "tile" }, el("b", {}, value === undefined || value === null ? "–" : number(value)), el("span", {}, words));
}

const KINDS = ["population", "households", "floating", "elderly", "special_care", "vacant_dwellings", "enterprises"];

/**
 * Sensitive incidents are counted apart, by community and quarter.
 * @param {{from: string, to: string, count: number|null}|null} told
 */
function sensitive(told) {
  if (!told) return null;
  const last = new Date(Date.parse(told.to) - 86_400_000).toISOString().slice(0, 10);
  return section(
    t("sensitive.title", { from: told.from, to: last }),
    facts([[t("sensitive.incidents"), told.count === null ? t("sensitive.few") : t("sensitive.least", { n: number(told.count) })]]),
    el("p", { class: "caption" }, t("sensitive.why")),
  );
}

/**
 * @param {{kind: string, count: number|null, sensitive: boolean, counted_on: string}[]} counts
 * @param {string} level
 */
function population(counts, level) {
  if (!counts.length) return null;
  // As people read them: who lives there, then what stands there; kinds not known here come last.
  const place = (/** @type {string} */ kind) => (KINDS.includes(kind) ? KINDS.indexOf(kind) : KINDS.length);
  counts = [...counts].sort((a, b) => place(a.kind) - place(b.kind));
  const latest = counts.reduce((day, c) => (c.counted_on > day ? c.counted_on : day), "");
  return section(
    t("population.title", { day: latest }),
    facts(counts.map((c) => [tMaybe(`population.${c.kind}`, c.kind), c.count === null ? t(level === "grid" ? "population.community" : "population.few") : number(c.count)])),
  );
}
