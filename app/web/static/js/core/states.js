// What a place shows while it has nothing to show: loading, empty, failed. Sizes are the caller's and do not jump.
import { el, icon } from "./dom.js";
import { t } from "./i18n.js";

/**
 * Bars where text will be.
 * @param {number} lines
 */
export function skeleton(lines) {
  return el(
    "div",
    { class: "skeleton", "aria-hidden": "true" },
    Array.from({ length: lines }, (_, i) => el("i", { class: i === 0 ? "big" : "" })),
  );
}

/**
 * Why there is nothing, and the next step.
 * @param {{icon: string, title: string, text?: string, action?: Node}} what
 */
export function empty({ icon: name, title, text, action }) {
  return el("div", { class: "state" }, icon(name), el("strong", {}, title), text && el("p", {}, text), action);
}

/** No edition of the grids is in force: what whoever runs the service does next. */
export function nothingPublished() {
  return empty({ icon: "grid", title: t("tree.none"), text: t("tree.none.next") });
}

/**
 * What happened, what it means, and a way to try again.
 * @param {Error} error
 * @param {string} meaning
 * @param {() => void} [retry]
 */
export function failure(error, meaning, retry) {
  return el(
    "div",
    { class: "state", role: "alert" },
    icon("alert"),
    el("strong", {}, error.message),
    el("p", {}, meaning),
    retry && el("button", { type: "button", class: "button", onclick: retry }, t("action.retry")),
  );
}

/**
 * Show work in a place: nothing for 300 ms, then a skeleton, after 2 s what is going on, after 10 s a way to stop it.
 * @template T
 * @param {HTMLElement} place
 * @param {{lines: number, doing: string, cancel?: () => void}} what
 * @param {Promise<T>} work
 * @returns {Promise<T>}
 */
export async function during(place, { lines, doing, cancel }, work) {
  const bars = skeleton(lines);
  const note = el("p", { role: "status" });
  const timers = [
    setTimeout(() => place.replaceChildren(bars), 300),
    setTimeout(() => {
      bars.removeAttribute("aria-hidden");
      note.textContent = doing;
      bars.prepend(note);
    }, 2_000),
    cancel &&
      setTimeout(
        () => note.append(" ", el("button", { type: "button", class: "button", onclick: cancel }, t("action.cancel"))),
        10_000,
      ),
  ];
  try {
    return await work;
  } finally {
    for (const timer of timers) clearTimeout(timer);
  }
}
