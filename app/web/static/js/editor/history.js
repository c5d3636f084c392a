// The drawer on what was done: every operation with who and when, those taken back at the end.
import { el, fill, icon } from "../core/dom.js";
import { since } from "../core/format.js";
import { t, tMaybe } from "../core/i18n.js";
import { empty } from "../core/states.js";

/**
 * @param {HTMLElement} place
 * @param {any} info The draft as the server describes it.
 * @param {(codes: string[]) => void} show
 * @param {((file: File, query: Record<string, unknown>) => Promise<boolean>)|null} replace Absent for those who only look.
 */
export function drawHistory(place, info, show, replace) {
  const from = replace && fileForm(replace);
  if (!info.history.length) {
    fill(place, from, empty({ icon: "undo", title: t("editor.history.none"), text: t("editor.history.hint") }));
    return;
  }
  fill(
    place,
    from,
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

/** Grids that were edited in QGIS and the like. @param {(file: File, query: Record<string, unknown>) => Promise<boolean>} replace */
function fileForm(replace) {
  const file = el("input", { type: "file", name: "file", required: true, accept: ".gpkg,.zip,.geojson,.json", "aria-label": t("editor.file.file") });
  const code = el("input", { class: "input", name: "code", required: true, maxlength: 200, autocomplete: "off" });
  const tolerance = el("input", { class: "input", name: "tolerance", type: "number", min: 0, max: 50, step: 0.1 });
  const missing = el("select", { class: "select", name: "missing" }, ["keep", "remove"].map((each) => el("option", { value: each }, t(`editor.file.${each}`))));
  const button = el("button", { type: "submit", class: "button" }, t("editor.file.send"));
  [code.value, tolerance.value] = ["code", "0"];
  const submit = async (/** @type {Event} */ event) => {
    event.preventDefault();
    const [chosen] = file.files ?? [];
    if (!chosen) return;
    button.disabled = true;
    await replace(chosen, { code: code.value.trim(), tolerance_m: tolerance.value || 0, missing: missing.value });
    button.disabled = false;
  };
  const field = (/** @type {string} */ words, /** @type {HTMLElement} */ input) => el("label", { class: "field" }, el("span", {}, words), input);
  return el(
    "details",
    { class: "section" },
    el("summary", {}, t("editor.file")),
    el(
      "form",
      { class: "stack", onsubmit: submit },
      el("p", { class: "caption" }, t("editor.file.hint")),
      file,
      field(t("editor.file.code"), code),
      field(t("editor.file.tolerance"), tolerance),
      field(t("editor.file.missing"), missing),
      button,
    ),
  );
}
