// The drawer on defects: each with where it is, how bad and how large; a click goes there.
import { el, fill, icon } from "../core/dom.js";
import { area, number } from "../core/format.js";
import { lang, t, tMaybe } from "../core/i18n.js";
import { empty } from "../core/states.js";

/**
 * @typedef {object} Defect
 * @property {string} kind
 * @property {"error"|"warning"} severity
 * @property {string[]} codes
 * @property {[number, number]} place
 * @property {number|null} [width_m]
 * @property {number|null} [area_m2]
 * @property {string} [detail_zh]
 * @property {string} [detail_en]
 */

/**
 * @param {HTMLElement} place
 * @param {Defect[]|null} defects null while they are not known.
 * @param {(defect: Defect) => void} go
 */
export function drawFindings(place, defects, go) {
  if (!defects) return fill(place, el("p", { class: "section caption", role: "status" }, t("editor.check.running")));
  if (!defects.length) {
    return fill(place, empty({ icon: "tick", title: t("editor.check.clean"), text: t("editor.check.clean.meaning") }));
  }
  const errors = defects.filter(({ severity }) => severity === "error").length;
  return fill(
    place,
    el("p", { class: "section caption" }, t("editor.check.count", { errors, warnings: defects.length - errors })),
    el(
      "ul",
      { class: "plain-list finds", "aria-label": t("editor.tab.check") },
      defects.map((defect) => el("li", {}, finding(defect, go))),
    ),
  );
}

/** @param {Defect} defect @param {(defect: Defect) => void} go */
function finding(defect, go) {
  const bad = defect.severity === "error";
  return el(
    "button",
    { type: "button", class: "row-button tall", onclick: () => go(defect) },
    el("span", { class: `light ${bad ? "bad" : "warn"}` }, icon(bad ? "exclaim" : "clock")),
    el(
      "span",
      { class: "grow" },
      el("strong", {}, tMaybe(`editor.defect.${defect.kind}`, defect.kind), " ", el("span", { class: "caption" }, t(bad ? "editor.error" : "editor.warning"))),
      el("span", { class: "line" }, (lang === "en" ? defect.detail_en : defect.detail_zh) ?? ""),
      el("span", { class: "caption" }, [defect.codes.join("、"), sizes(defect)].filter(Boolean).join(" · ")),
    ),
    icon("chevron", "small"),
  );
}

/** @param {Defect} defect */
function sizes({ width_m, area_m2 }) {
  return [
    width_m !== null && width_m !== undefined && t("editor.width", { m: width_m < 10 ? width_m.toFixed(2) : number(width_m) }),
    area_m2 !== null && area_m2 !== undefined && area(area_m2),
  ]
    .filter(Boolean)
    .join(" · ");
}
