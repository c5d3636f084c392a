// One incident: what, where, whose, and what happened to it so far.
import { LEVELS } from "../core/levels.js";
import { at } from "../core/boot.js";
import { el, fill, icon } from "../core/dom.js";
import { dayWords, moment } from "../core/format.js";
import { either, t, tMaybe } from "../core/i18n.js";
import { coordinates, copyButton, drawerHead, facts, section, teamSection } from "../core/components.js";
import { light, lightLabel } from "./deadline.js";

/**
 * @param {HTMLElement} drawer
 * @param {any} incident
 * @param {() => void} close
 */
export function drawIncident(drawer, incident, close) {
  const owner = incident.owner;
  const shown = light(incident);
  // Who does not act on it gets the day and a place of about 100 m, and no text.
  const coarse = incident.view === "coarse";
  const when = (/** @type {string|null|undefined} */ at) => at && el("time", { datetime: at }, moment(at));
  fill(
    drawer,
    drawerHead(t("incident.title"), close),
    el(
      "div",
      { class: "sheet-body", tabindex: -1 },
      el(
        "div",
        { class: "title-block" },
        el("div", { class: "chips" }, el("span", { class: "chip" }, t(`state.${incident.state}`)), shown.timed && lightLabel(shown), incident.sensitive && sensitiveChip()),
        el("h1", { id: "drawer-title" }, either(incident.class_zh, incident.class_en) || t("incident.unclassified")),
        el("div", { class: "code" }, el("span", { class: "mono" }, incident.number), copyButton(incident.number, t("incident.number"))),
        incident.description && el("p", {}, incident.description),
        coarse && el("p", { class: "caption" }, t("incident.coarse")),
      ),
      section(
        null,
        facts([
          [t("incident.address"), incident.address],
          [t("incident.day"), coarse && el("time", { datetime: incident.day }, dayWords(incident.day))],
          [t("incident.occurred"), when(incident.occurred_at)],
          [t("incident.reported"), when(incident.reported_at)],
          [t("incident.due"), when(incident.due_at)],
          [t("incident.closed"), when(incident.closed_at)],
          [t("incident.department"), incident.department],
          [t("incident.origin"), incident.origin && tMaybe(`origin.${incident.origin}`, incident.origin)],
          [t("incident.channel"), incident.channel && tMaybe(`channel.${incident.channel}`, incident.channel)],
          [t("incident.component"), incident.component_code],
        ]),
      ),
      section(
        t("incident.owner"),
        owner
          ? facts(
              [...LEVELS].reverse()
                .filter((level) => owner[level])
                .map((level) => [
                  t(`level.${level}`),
                  el("a", { href: at(`/?unit=${encodeURIComponent(owner[level].code)}`), title: owner[level].code }, owner[level].name),
                ]),
            )
          : el("p", { class: "muted" }, t("incident.ownerless")),
      ),
      teamSection(incident.team),
      section(
        t("incident.log"),
        incident.log.length
          ? el(
              "ol",
              { class: "log" },
              incident.log.map((/** @type {any} */ step) =>
                el(
                  "li",
                  {},
                  el("strong", {}, tMaybe(`log.${step.action}`, step.action)),
                  step.to_state && step.to_state !== step.from_state && el("span", { class: "muted" }, ` → ${t(`state.${step.to_state}`)}`),
                  el("span", { class: "caption" }, step.at ? `${moment(step.at)} · ${actor(step.actor)}` : dayWords(step.day)),
                  step.note && el("p", {}, step.note),
                ),
              ),
            )
          : el("p", { class: "muted" }, t("incident.log.empty")),
      ),
      !coarse && incident.lon !== null && coordinates([incident.lon, incident.lat]),
    ),
    el(
      "div",
      { class: "sheet-foot" },
      !coarse &&
        incident.lon !== null &&
        el("a", { class: "button", href: at(`/?at=${incident.lon},${incident.lat}`) }, icon("place", "small"), t("incident.onmap")),
      incident.grid_code &&
        el("a", { class: "button", href: at(`/maps/heat/${encodeURIComponent(incident.grid_code)}`) }, icon("heat", "small"), t("unit.heat")),
    ),
  );
}

/** Says that an incident is of a class that no map draws. */
export function sensitiveChip() {
  return el("span", { class: "chip", title: t("incident.sensitive.long") }, t("incident.sensitive"));
}

/** Programs are named by what they are. @param {string} name */
function actor(name) {
  return tMaybe(`actor.${name}`, name.replace(/^(cli|token|sql):/, ""));
}
