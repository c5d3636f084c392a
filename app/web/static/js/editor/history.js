// The drawer on what was done: every operation with who and when, those taken back at the end.
import { el, fill, icon } from "../core/dom.js";
import { since } from "../core/format.js";
import { t, tMaybe } from "../core/i18n.js";
import { empty } from "../core/states.js";

/**
 * @param {HTMLElement} place
 * @param {any} info The draft as the server describes it.
 * @param {(codes: string[]) => void} show
 */
export function drawHistory(place, info, show) {
  if (!info.history.length) {
    fill(place, empty({ icon: "undo", title: t("editor.history.none"), text: t("editor.history.hint") }));
    return;
  }
  fill(
    place,
    el(
      "ol",
      { class: "plain-list", "aria-label": t("editor.tab.history") },
      [...info.history].reverse().map((step) => {
        const codes = [...step.created, ...step.changed];
        return el(
          "li",
          {},
          el(
            "button",
            { type: "button", class: `row-button tall${step.undone ? " undone" : ""}`, onclick: () => show(codes) },
            el("span", { class: "step-number" }, step.position),
            el(
              "span",
              { class: "grow" },
              el("strong", {}, tMaybe(`editor.op.${step.op}`, step.op), step.undone && el("span", { class: "caption" }, ` · ${t("editor.history.undone")}`)),
              el("span", { class: "caption" }, `${step.author} · ${since(step.at)}`),
              el("span", { class: "caption" }, summary(step)),
            ),
            icon("fit", "small"),
          ),
        );
      }),
    ),
  );
}

/** @param {{created: string[], changed: string[], retired: string[]}} step */
export function summary({ created, changed, retired }) {
  return [
    created.length && t("editor.created", { n: created.length }),
    changed.length && t("editor.changed", { n: changed.length }),
    retired.length && t("editor.retired", { n: retired.length }),
  ]
    .filter(Boolean)
    .join(" · ");
}
