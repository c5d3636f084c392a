// The drawer on what is selected: its attributes to change, what it carries, and what can be done to it.
import { el, fill, icon } from "../core/dom.js";
import { t } from "../core/i18n.js";
import { copyButton, facts, section } from "../core/components.js";
import { empty } from "../core/states.js";
import { measured, MEASURES } from "./workload.js";

/**
 * @typedef {object} Given
 * @property {import("./coverage.js").Coverage} coverage
 * @property {string[]} selected
 * @property {boolean} mayEdit
 * @property {import("./workload.js").Loads} loads
 * @property {{code: string, name: string, street: string}[]} communities
 * @property {(operation: Record<string, any>) => Promise<boolean>} run
 * @property {(code: string) => void} show
 * @property {(codes: string[]) => void} select
 */

/** @param {HTMLElement} place @param {Given} given */
export function drawSelected(place, given) {
  const grids = given.selected.flatMap((code) => given.coverage.grids.get(code) ?? []);
  if (!grids.length) {
    fill(place, empty({ icon: "pointer", title: t("editor.selected.none"), text: t(given.mayEdit ? "editor.selected.hint" : "editor.selected.look") }));
  } else if (grids.length === 1) fill(place, one(grids[0], given));
  else fill(place, many(grids, given));
}

/** @param {import("./coverage.js").Grid} grid @param {Given} given */
function one(grid, given) {
  if (grid.kind === "excluded") return excluded(grid, given);
  const community = given.communities.find((each) => each.code === grid.community);
  return [
    el(
      "div",
      { class: "title-block" },
      el(
        "div",
        { class: "chips" },
        el("span", { class: "chip" }, t(`kind.${grid.kind}`)),
        grid.change && el("span", { class: "chip accent" }, t(`editor.change.${grid.change}`)),
      ),
      el("h1", {}, grid.name || grid.code),
      el("div", { class: "code" }, el("span", { class: "mono" }, grid.code), copyButton(grid.code, t("unit.code"))),
      el("p", { class: "caption" }, [community?.street, community?.name ?? grid.community].filter(Boolean).join(" · ")),
      el("button", { type: "button", class: "button", onclick: () => given.show(grid.code) }, icon("fit", "small"), t("unit.fit")),
    ),
    carried([grid], given),
    given.mayEdit && attributes(grid, given),
    given.mayEdit && removal(grid, given),
    given.mayEdit && exclusion(grid, given),
  ];
}

/** Land that belongs to no grid on purpose. @param {import("./coverage.js").Grid} land @param {Given} given */
function excluded(land, given) {
  const save = (/** @type {string} */ reason) => given.run({ op: "rename", grid: land.code, name: reason });
  return [
    el(
      "div",
      { class: "title-block" },
      el(
        "div",
        { class: "chips" },
        el("span", { class: "chip" }, t("kind.excluded")),
        land.change && el("span", { class: "chip accent" }, t(`editor.change.${land.change}`)),
      ),
      el("h1", {}, land.name),
      el("p", { class: "caption" }, t("editor.exclude.meaning")),
      el("button", { type: "button", class: "button", onclick: () => given.show(land.code) }, icon("fit", "small"), t("unit.fit")),
    ),
    given.mayEdit && section(t("editor.exclude.reason"), reasonForm(land.name, t("editor.save"), save)),
    given.mayEdit &&
      section(
        t("editor.include.title"),
        el(
          "div",
          { class: "stack" },
          el("p", { class: "caption" }, t("editor.include.hint")),
          el("button", { type: "button", class: "button", onclick: () => given.run({ op: "remove", grid: land.code }) }, t("editor.include")),
        ),
      ),
  ];
}

/** @param {import("./coverage.js").Grid} grid @param {Given} given */
function exclusion(grid, { run }) {
  return section(
    t("editor.exclude.title"),
    el("p", { class: "caption" }, t("editor.exclude.hint")),
    reasonForm("", t("editor.exclude"), (reason) => run({ op: "exclude", grid: grid.code, reason })),
  );
}

/** @param {string} value @param {string} words @param {(reason: string) => unknown} done */
function reasonForm(value, words, done) {
  const input = el("input", { class: "input", name: "reason", maxlength: 200, required: true, autocomplete: "off", placeholder: t("editor.exclude.example") });
  input.value = value;
  const submit = (/** @type {Event} */ event) => {
    event.preventDefault();
    if (input.value.trim() && input.value.trim() !== value) done(input.value.trim());
  };
  return el(
    "form",
    { class: "stack", onsubmit: submit },
    el("label", { class: "field" }, el("span", {}, t("editor.exclude.reason")), input),
    el("button", { type: "submit", class: "button" }, words),
  );
}

/** @param {import("./coverage.js").Grid[]} grids @param {Given} given */
function carried(grids, { loads }) {
  const found = grids.flatMap(({ code }) => loads.of(code) ?? []);
  if (found.length !== grids.length) return null;
  const together = new Set(grids.map((grid) => grid.community)).size === 1;
  return section(
    t("editor.load.title"),
    facts(
      MEASURES.map((measure) => {
        const value = found.reduce((sum, { load }) => sum + load[measure], 0);
        const mean = found[0].means[measure];
        return [
          t(`editor.load.${measure}`),
          el("span", {}, measured(measure, value), together && el("span", { class: "caption" }, ` · ${t("editor.load.mean", { mean: measured(measure, Math.round(mean)) })}`)),
        ];
      }),
    ),
  );
}

/** @param {import("./coverage.js").Grid} grid @param {Given} given */
function attributes(grid, { communities, run }) {
  const name = el("input", { class: "input", name: "name", maxlength: 200, autocomplete: "off" });
  const code = el("input", { class: "input mono", name: "code", maxlength: 80, autocomplete: "off", spellcheck: "false" });
  const kind = el("select", { class: "select", name: "kind" }, ["base", "dedicated"].map((each) => el("option", { value: each }, t(`kind.${each}`))));
  const community = communityChoice(communities);
  [name.value, code.value, kind.value, community.value] = [grid.name, grid.code, grid.kind, grid.community];
  const save = async (/** @type {Event} */ event) => {
    event.preventDefault();
    const wanted = [
      name.value.trim() !== grid.name && { op: "rename", grid: grid.code, name: name.value.trim() },
      kind.value !== grid.kind && { op: "kind", grid: grid.code, kind: kind.value },
      community.value !== grid.community && { op: "relocate", grid: grid.code, community: community.value },
      // Last, since the others name the grid by its present code.
      code.value.trim() !== grid.code && { op: "recode", grid: grid.code, code: code.value.trim() },
    ];
    for (const operation of wanted) if (operation && !(await run(operation))) return;
  };
  const field = (/** @type {string} */ label, /** @type {HTMLElement} */ input) => el("label", { class: "field" }, el("span", {}, label), input);
  return section(
    t("editor.attributes"),
    el(
      "form",
      { class: "stack", id: "attributes", onsubmit: save },
      field(t("editor.name"), name),
      field(t("unit.code"), code),
      field(t("level.community"), community),
      field(t("editor.kind"), kind),
      el("button", { type: "submit", class: "button" }, t("editor.save")),
    ),
  );
}

/** @param {Given["communities"]} communities */
function communityChoice(communities) {
  const select = el("select", { class: "select", name: "community" });
  for (const street of new Set(communities.map((each) => each.street))) {
    select.append(
      el("optgroup", { label: street }, communities.filter((c) => c.street === street).map((c) => el("option", { value: c.code }, c.name))),
    );
  }
  return select;
}

/** @param {import("./coverage.js").Grid} grid @param {Given} given */
function removal(grid, { coverage, run }) {
  const near = [...coverage.neighbours(grid.code)].sort().flatMap((code) => coverage.grids.get(code) ?? []);
  const remove = (/** @type {Event} */ event) => {
    event.preventDefault();
    const chosen = new FormData(/** @type {HTMLFormElement} */ (event.target)).getAll("to").map(String);
    run({ op: "remove", grid: grid.code, ...(chosen.length ? { to: chosen } : {}) });
  };
  return section(
    t("editor.remove.title"),
    el(
      "form",
      { class: "stack", onsubmit: remove },
      el("p", { class: "caption" }, t("editor.remove.hint")),
      el(
        "details",
        {},
        el("summary", {}, t("editor.remove.choose", { n: near.length })),
        near.map(({ code, name }) =>
          el("label", { class: "check" }, el("input", { type: "checkbox", name: "to", value: code }), el("span", {}, `${name} `, el("span", { class: "caption" }, code))),
        ),
      ),
      el("button", { type: "submit", class: "button danger" }, t("editor.remove")),
    ),
  );
}

/** @param {import("./coverage.js").Grid[]} grids @param {Given} given */
function many(grids, given) {
  const communities = [...new Set(grids.map((grid) => grid.community))];
  const choice = communityChoice(given.communities);
  const codes = el("select", { class: "select", name: "code" }, el("option", { value: "" }, t("editor.merge.largest")), grids.map(({ code, name }) => el("option", { value: code }, `${name} ${code}`)));
  choice.value = communities[0];
  const merge = (/** @type {Event} */ event) => {
    event.preventDefault();
    given.run({
      op: "merge",
      grids: given.selected,
      ...(codes.value ? { code: codes.value } : {}),
      ...(communities.length > 1 ? { community: choice.value } : {}),
    });
  };
  return [
    el(
      "div",
      { class: "title-block" },
      el("h1", {}, t("editor.selected.many", { n: grids.length })),
      el("p", { class: "caption" }, communities.length > 1 ? t("editor.selected.communities", { n: communities.length }) : ""),
    ),
    carried(grids, given),
    given.mayEdit &&
      section(
        t("editor.merge.title"),
        el(
          "form",
          { class: "stack", id: "merge", onsubmit: merge },
          el("label", { class: "field" }, el("span", {}, t("editor.merge.code")), codes),
          communities.length > 1 && el("label", { class: "field" }, el("span", {}, t("editor.merge.community")), choice),
          el("button", { type: "submit", class: "button primary" }, t("editor.merge", { n: grids.length })),
        ),
      ),
    section(
      t("editor.selected.list"),
      el(
        "ul",
        { class: "plain-list" },
        grids.map((grid) =>
          el(
            "li",
            {},
            el("button", { type: "button", class: "row-button", onclick: () => given.show(grid.code) }, el("span", { class: "grow" }, grid.name || t("editor.unnamed")), el("span", { class: "caption mono" }, grid.code)),
            el(
              "button",
              { type: "button", class: "ghost", "aria-label": t("editor.deselect", { name: grid.name || grid.code }), onclick: () => given.select(given.selected.filter((code) => code !== grid.code)) },
              icon("close", "small"),
            ),
          ),
        ),
      ),
    ),
  ];
}
