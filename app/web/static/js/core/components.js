// Pieces that drawers share: a head with its close button, sections, coordinates, a team.
import { ask } from "./api.js";
import { el, fill, icon } from "./dom.js";
import { t } from "./i18n.js";
import { copy } from "./toast.js";

/**
 * @param {string} title
 * @param {() => void} close
 */
export function drawerHead(title, close) {
  return [
    el("button", { type: "button", class: "sheet-handle", "aria-label": t("sheet.handle") }),
    el(
      "div",
      { class: "sheet-head" },
      el("h2", {}, title),
      el("button", { type: "button", class: "ghost", "aria-label": t("action.close"), onclick: close }, icon("close")),
    ),
  ];
}

/**
 * @param {string|null} title
 * @param {...any} children
 */
export function section(title, ...children) {
  return el("section", { class: "section" }, title && el("h3", {}, title), ...children);
}

/**
 * A button that copies.
 * @param {string} text
 * @param {string} what
 */
export function copyButton(text, what) {
  return el(
    "button",
    { type: "button", class: "ghost", "aria-label": t("copy.label", { what }), title: t("copy.label", { what }), onclick: () => copy(text) },
    icon("copy", "small"),
  );
}

/**
 * Terms and what they are.
 * @param {[string, any][]} pairs Those without a value are left out.
 */
export function facts(pairs) {
  return el(
    "dl",
    { class: "facts" },
    pairs.flatMap(([term, value]) => (value === null || value === undefined || value === "" || value === false ? [] : [el("dt", {}, term), el("dd", {}, value)])),
  );
}

const SYSTEMS = [
  ["wgs84", "WGS84"],
  ["cgcs2000", "CGCS2000"],
  ["gcj02", "GCJ-02"],
  ["bd09", "BD-09"],
];

/**
 * One place in the four systems, each to copy; the server converts.
 * @param {[number, number]} place
 */
export function coordinates([lon, lat]) {
  const rows = el("div", { class: "coordinates" });
  const draw = (/** @type {Record<string, number[]>|null} */ found) =>
    fill(
      rows,
      SYSTEMS.flatMap(([key, name]) => {
        const text = found ? found[key].map((v) => v.toFixed(6)).join(",") : null;
        return [
          el("span", { class: "system", title: t(`crs.${key}`) }, name),
          el("span", { class: "mono" }, text ?? "…"),
          text ? copyButton(text, name) : el("span", { class: "ghost", "aria-hidden": "true" }),
        ];
      }),
    );
  draw(null);
  ask("/v1/convert", { query: { lon, lat } }).then(draw, (error) =>
    fill(rows, el("p", { class: "caption", role: "alert" }, error.message)),
  );
  return section(t("place.title"), rows);
}

/**
 * @param {any} team
 * @param {{hint?: boolean}} [options] Whether to say that names are shown after signing in.
 */
export function teamSection(team, { hint = false } = {}) {
  if (!team) return null;
  const roles = ["leader", "full_time", "professional"];
  return section(
    t("team.title"),
    !team.members?.length && facts(roles.map((role) => [t(`team.${role}`), t("team.count", { n: team[role] ?? 0 })])),
    team.members?.length
      ? el(
          "ul",
          { class: "people" },
          team.members.map((/** @type {any} */ m) =>
            el(
              "li",
              { class: "person" },
              el("span", { class: "face", "aria-hidden": "true" }, [...m.name][0]),
              el("span", {}, m.name, el("span", { class: "caption duty" }, [t(`team.${m.role}`), m.department, m.subject].filter(Boolean).join(" · "))),
              m.phone &&
                el("a", { class: "ghost", href: `tel:${m.phone}`, "aria-label": t("team.call", { name: m.name }), title: m.phone }, icon("phone", "small")),
            ),
          ),
        )
      : hint && el("p", { class: "caption" }, t("team.signin")),
  );
}
