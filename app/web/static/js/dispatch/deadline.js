// Where an incident stands against its deadline: colour, shape and word together.
import { icon, el } from "../core/dom.js";
import { span } from "../core/format.js";
import { t } from "../core/i18n.js";

/** From the calmest to the most pressing; later ones are drawn above. */
export const TONES = ["idle", "good", "warn", "bad"];

export const TONE_ICONS = { idle: "archive", good: "tick", warn: "clock", bad: "exclaim" };

/** Lights as the server names them. */
const TONE_OF = /** @type {const} */ ({ none: "idle", green: "good", yellow: "warn", red: "bad" });

/**
 * Who does not act on an incident is told its light, not its limit.
 * @param {{state: string, open: boolean, light: "green"|"yellow"|"red"|"none", due_at?: string|null}} incident
 * @param {number} [now]
 * @returns {{tone: "idle"|"good"|"warn"|"bad", words: string, timed: boolean}} `timed`: the words say more than the state.
 */
export function light({ state, open, light: shown, due_at }, now = Date.now()) {
  if (!open) return { tone: "idle", words: t(`state.${state}`), timed: false };
  if (state === "suspended") return { tone: "idle", words: t("light.suspended"), timed: true };
  if (shown === "none") return { tone: "idle", words: t("light.free"), timed: true };
  if (!due_at) return { tone: TONE_OF[shown], words: t(`light.${shown}`), timed: true };
  const left = new Date(due_at).getTime() - now;
  if (left < 0) return { tone: "bad", words: t("light.over", { span: span(left) }), timed: true };
  return { tone: TONE_OF[shown], words: t("light.left", { span: span(left) }), timed: true };
}

/** @param {{tone: string, words: string}} what */
export function lightLabel({ tone, words }) {
  return el("span", { class: `light ${tone}` }, icon(TONE_ICONS[tone]), words);
}

/** The shape alone, where the words stand beside it. @param {{tone: string}} what */
export function lightIcon({ tone }) {
  return el("span", { class: `light ${tone}` }, icon(TONE_ICONS[tone]));
}
