// Where an incident stands against its deadline: colour, shape and word together.
import { icon, el } from "../core/dom.js";
import { span } from "../core/format.js";
import { t } from "../core/i18n.js";

export const OPEN = ["reported", "accepted", "dispatched", "handling", "verifying", "suspended"];

/** From the calmest to the most pressing; later ones are drawn above. */
export const TONES = ["idle", "good", "warn", "bad"];

export const TONE_ICONS = { idle: "archive", good: "tick", warn: "clock", bad: "exclaim" };

/**
 * @param {{state: string, reported_at?: string, occurred_at: string, due_at: string|null}} incident
 * @param {number} [now]
 * @returns {{tone: "idle"|"good"|"warn"|"bad", words: string, timed: boolean}} `timed`: the words say more than the state.
 */
export function light({ state, reported_at, occurred_at, due_at }, now = Date.now()) {
  if (!OPEN.includes(state)) return { tone: "idle", words: t(`state.${state}`), timed: false };
  if (state === "suspended") return { tone: "idle", words: t("light.suspended"), timed: true };
  if (!due_at) return { tone: "good", words: t("light.free"), timed: true };
  const due = new Date(due_at).getTime();
  const left = due - now;
  if (left < 0) return { tone: "bad", words: t("light.over", { span: span(left) }), timed: true };
  const whole = due - new Date(reported_at ?? occurred_at).getTime();
  const soon = left < 2 * 3_600_000 || left < whole / 4;
  return { tone: soon ? "warn" : "good", words: t("light.left", { span: span(left) }), timed: true };
}

/** @param {{tone: string, words: string}} what */
export function lightLabel({ tone, words }) {
  return el("span", { class: `light ${tone}` }, icon(TONE_ICONS[tone]), words);
}

/** The shape alone, where the words stand beside it. @param {{tone: string}} what */
export function lightIcon({ tone }) {
  return el("span", { class: `light ${tone}` }, icon(TONE_ICONS[tone]));
}
