// The drawer on what was done: every operation with who and when, those taken back at the end.
import { boot } from "../core/boot.js";
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

/** Grids that were edited in QGIS and the like. @param {(file: File, query: Record<string, unknown>) => Promise<any>} replace */
function fileForm(replace) {
  const field = (/** @type {string} */ words, /** @type {HTMLElement} */ input) => el("label", { class: "field" }, el("span", {}, words), input);
  const file = el("input", { type: "file", name: "file", required: true, accept: boot.files?.accept ?? "", "aria-label": t("editor.file.file") });
  const code = el("input", { class: "input", name: "code", required: true, maxlength: 200, autocomplete: "off" });
  // What a drawing has to be told: where its numbers lie, and which of its layers are grids.
  const [layer, crs] = ["layer", "crs"].map((name) => el("input", { class: "input", name, maxlength: name === "crs" ? 40 : 200, autocomplete: "off" }));
  const tolerance = el("input", { class: "input", name: "tolerance", type: "number", min: 0, max: 50, step: 0.1 });
  const missing = el("select", { class: "select", name: "missing" }, ["keep", "retire"].map((each) => el("option", { value: each }, t(`editor.file.${each}`))));
  const button = el("button", { type: "submit", class: "button" }, t("editor.file.send"));
  [code.value, tolerance.value] = ["code", "0"];
  const encoding = el("select", { class: "select", name: "encoding" });
  const encodingField = field(t("editor.file.encoding"), encoding);
  encodingField.hidden = true;
  // A file that says its encoding needs no word about it; one that was refused for want of it shows how it would read.
  const offer = (/** @type {{ encoding: string, texts: string[] }[]} */ samples) => {
    encoding.replaceChildren(
      el("option", { value: "" }, t("editor.file.encoding.own")),
      ...samples.map((each) => el("option", { value: each.encoding }, `${each.encoding} · ${each.texts.join(" / ")}`)),
    );
    encodingField.hidden = !samples.length;
    if (samples.length) encoding.focus();
  };
  file.addEventListener("change", () => offer([]));
  const submit = async (/** @type {Event} */ event) => {
    event.preventDefault();
    const [chosen] = file.files ?? [];
    if (!chosen) return;
    button.disabled = true;
    const query = { code: code.value.trim(), layer: layer.value.trim(), crs: crs.value.trim(), tolerance_m: tolerance.value || 0, missing: missing.value };
    const problem = await replace(chosen, encoding.value ? { ...query, encoding: encoding.value } : query);
    if (problem?.samples) offer(problem.samples);
    button.disabled = false;
  };
  return el(
    "details",
    { class: "section" },
    el("summary", {}, t("editor.file")),
    el(
      "form",
      { class: "stack", onsubmit: submit },
      el("p", { class: "caption" }, t("editor.file.hint", { formats: boot.files?.formats ?? "" })),
      file,
      encodingField,
      field(t("editor.file.code"), code),
      field(t("editor.file.layer"), layer),
      field(t("editor.file.crs"), crs),
      field(t("editor.file.tolerance"), tolerance),
      field(t("editor.file.missing"), missing),
      button,
    ),
  );
}
