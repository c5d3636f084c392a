// The list of drafts, and the form that begins one.
import { ApiError, ask } from "../core/api.js";
import { at, boot } from "../core/boot.js";
import { el, fill, icon } from "../core/dom.js";
import { since } from "../core/format.js";
import { t } from "../core/i18n.js";
import { during, empty, failure, nothingPublished } from "../core/states.js";

/** For those who may not edit: why, and where to go. @param {HTMLElement} place */
export function drawClosed(place) {
  const next = encodeURIComponent(location.pathname + location.search);
  const text = t(boot.signedIn ? "editor.closed.role" : "editor.closed.signin");
  const signIn = boot.signedIn ? undefined : el("a", { class: "button primary", href: at(`/signin?next=${next}`) }, t("account.signin"));
  fill(place, empty({ icon: "edit", title: t("editor.closed"), text, action: signIn }));
}

/** @param {HTMLElement} place @param {(id: number) => void} open */
export async function drawDrafts(place, open) {
  // A draft changes an edition: there is nothing to begin on yet.
  if (!boot.edition) return fill(place, nothingPublished());
  const list = el("div", { class: "drafts" });
  fill(place, beginning(open), list);
  const load = async () => {
    try {
      const { drafts } = await during(list, { lines: 8, doing: t("editor.drafts.loading") }, ask("/v1/drafts"));
      if (!drafts.length) fill(list, empty({ icon: "edit", title: t("editor.drafts.none"), text: t("editor.drafts.none.hint") }));
      else fill(list, el("ul", { class: "plain-list", "aria-label": t("editor.drafts") }, drafts.map((/** @type {any} */ draft) => el("li", {}, row(draft, open)))));
    } catch (error) {
      fill(list, failure(/** @type {Error} */ (error), t("editor.drafts.failed"), load));
    }
  };
  list.addEventListener("keydown", walk);
  await load();
}

/** @param {any} draft @param {(id: number) => void} open */
function row(draft, open) {
  return el(
    "button",
    { type: "button", class: "row-button tall draft-row", data: { draft: draft.id }, onclick: () => open(draft.id) },
    el(
      "span",
      { class: "grow" },
      el("strong", {}, draft.title),
      el("span", { class: "caption" }, [draft.author, since(draft.updated_at)].join(" · ")),
      el("span", { class: "caption" }, [t("editor.onbase", { n: draft.base }), t("editor.operations", { n: draft.operations }), draft.scope?.name].filter(Boolean).join(" · ")),
    ),
    stateChip(draft),
  );
}

/** @param {{state: string}} draft */
export function stateChip({ state }) {
  return el("span", { class: `chip state-${state}` }, t(`editor.state.${state}`));
}

/** @param {(id: number) => void} open */
function beginning(open) {
  const title = el("input", { class: "input", name: "title", maxlength: 200, required: true, autocomplete: "off", placeholder: t("editor.new.placeholder"), "aria-label": t("editor.new.title") });
  const scope = el("select", { class: "select", name: "scope" });
  const scopeField = el("label", { class: "field", hidden: true }, el("span", {}, t("editor.scope")), scope);
  const said = el("p", { class: "tool-trouble", role: "alert", hidden: true });
  const button = el("button", { type: "submit", class: "button primary" }, icon("add", "small"), t("editor.new"));
  const submit = async (/** @type {Event} */ event) => {
    event.preventDefault();
    button.disabled = true;
    said.hidden = true;
    try {
      const made = await ask("/v1/drafts", { method: "POST", body: { title: title.value.trim(), ...(scope.value ? { scope: scope.value } : {}) } });
      open(made.id);
    } catch (error) {
      const { code, problem } = /** @type {ApiError} */ (error);
      if (code === "scope-ambiguous") {
        // Somebody who may edit several units says which one; until then nobody is asked.
        fill(scope, problem.choices.map((/** @type {string} */ each) => el("option", { value: each }, each.split(":").at(-1) ?? each)));
        scopeField.hidden = false;
        scope.focus();
      } else {
        said.textContent = /** @type {Error} */ (error).message;
        said.hidden = false;
      }
    } finally {
      button.disabled = false;
    }
  };
  return el("form", { class: "sheet-tools", id: "new-draft", onsubmit: submit }, title, scopeField, said, button);
}

/** @param {KeyboardEvent} event */
function walk(event) {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step) return;
  const rows = /** @type {HTMLElement[]} */ ([.../** @type {HTMLElement} */ (event.currentTarget).querySelectorAll(".draft-row")]);
  rows[rows.indexOf(/** @type {HTMLElement} */ (document.activeElement)) + step]?.focus();
  event.preventDefault();
  event.stopPropagation();
}
