// The drawer on where a draft stands on its way, and the next step that the person may take.
import { el, fill, icon } from "../core/dom.js";
import { instantOf, moment, wallOf } from "../core/format.js";
import { t, tMaybe } from "../core/i18n.js";
import { facts, section } from "../core/components.js";
import { summary } from "./history.js";

const WAY = ["open", "submitted", "approved", "published"];

/**
 * @typedef {object} Acts
 * @property {(step: string, body?: Record<string, any>) => Promise<void>} go
 * @property {() => void} compare
 * @property {number|null} errors How many errors the check found.
 */

/** @param {HTMLElement} place @param {any} info @param {Acts} acts */
export function drawReview(place, info, acts) {
  fill(
    place,
    el(
      "ol",
      { class: "way", "aria-label": t("editor.way") },
      (info.state === "discarded" ? ["open", "discarded"] : WAY).map((state) =>
        el("li", { "aria-current": state === info.state ? "step" : null, class: reached(info.state, state) ? "reached" : "" }, t(`editor.state.${state}`)),
      ),
    ),
    section(
      null,
      facts([
        [t("editor.base"), t("edition.short", { n: info.base })],
        [t("editor.author"), info.author],
        [t("editor.reviewer"), info.reviewer],
        [t("editor.scope"), info.scope?.name],
        [t("editor.changes"), summary(info) || t("editor.changes.none")],
        [t("editor.edition"), info.edition && t("edition.short", { n: info.edition })],
      ]),
      el("button", { type: "button", class: "button", onclick: acts.compare }, icon("swipe", "small"), t("editor.compare")),
    ),
    info.behind && behind(acts, info),
    info.scheduled && scheduled(info, acts),
    ...steps(info, acts),
    log(info.log),
    info.may.discard && discard(info, acts),
  );
}

/** @param {string} state @param {string} other */
function reached(state, other) {
  return WAY.indexOf(other) <= WAY.indexOf(state);
}

/** @param {Acts} acts @param {any} info */
function behind({ go }, info) {
  return section(
    t("editor.behind.title"),
    el("p", {}, t("editor.behind", { base: info.base, latest: info.latest })),
    el("button", { type: "button", class: "button", onclick: () => go("rebase") }, t("editor.rebase")),
  );
}

/** An edition yet to come: what it holds up, and the way to take it back. @param {any} info @param {Acts} acts */
function scheduled(info, { go }) {
  const { edition, effective_from: from, note } = info.scheduled;
  const reason = el("input", { class: "input", name: "reason", maxlength: 2000 });
  const withdraw = (/** @type {Event} */ event) => {
    event.preventDefault();
    ask(t("editor.withdraw.confirm", { n: edition, when: moment(from) }), t("editor.withdraw"), () => go("withdraw", { edition, reason: reason.value.trim() }));
  };
  const mine = info.edition === edition;
  return section(
    t("editor.scheduled.title"),
    el("p", { class: "caption" }, t(mine ? "editor.scheduled.mine" : "editor.scheduled", { n: edition, when: moment(from), note })),
    info.may.withdraw
      ? el(
          "form",
          { class: "stack", id: "withdraw", onsubmit: withdraw },
          el("label", { class: "field" }, el("span", {}, t("editor.withdraw.reason")), reason),
          el("button", { type: "submit", class: "button danger" }, t("editor.withdraw")),
        )
      : el("p", { class: "caption" }, t("editor.withdraw.others")),
  );
}

/** @param {any} info @param {Acts} acts */
function steps(info, { go, errors }) {
  const { may, state } = info;
  /** @type {any[]} */
  const found = [];
  if (may.submit) {
    found.push(
      form(t("editor.submit.title"), t(errors ? "editor.submit.errors" : "editor.submit.hint", { n: errors }), (comment) => [
        el("button", { type: "submit", class: "button primary", disabled: Boolean(errors) || !info.operations }, t("editor.submit")),
      ], (comment) => go("submit", { comment })),
    );
  }
  if (may.review) {
    found.push(
      form(t("editor.review.title"), t("editor.review.hint"), (comment) => [
        state === "submitted" && el("button", { type: "submit", class: "button primary" }, t("editor.approve")),
        el("button", { type: "button", class: "button", onclick: () => sendBack(comment, go) }, t("editor.return")),
      ], (comment) => go("review", { decision: "approve", comment })),
    );
  } else if (state === "submitted") found.push(section(t("editor.review.title"), el("p", { class: "caption" }, t("editor.review.others"))));
  if (may.publish) found.push(publication(info, go));
  else if (state === "approved") found.push(section(t("editor.publish.title"), el("p", { class: "caption" }, t("editor.publish.others"))));
  return found;
}

/** A draft is not sent back without a word. @param {HTMLTextAreaElement} comment @param {Acts["go"]} go */
function sendBack(comment, go) {
  comment.required = true;
  if (comment.reportValidity()) go("review", { decision: "return", comment: comment.value.trim() });
  comment.required = false;
}

/**
 * @param {string} title @param {string} hint
 * @param {(comment: HTMLTextAreaElement) => any[]} buttons
 * @param {(comment: string) => void} send
 */
function form(title, hint, buttons, send) {
  const comment = el("textarea", { class: "input", rows: 3, maxlength: 2000, name: "comment" });
  const submit = (/** @type {Event} */ event) => {
    event.preventDefault();
    send(comment.value.trim());
  };
  return section(
    title,
    el("form", { class: "stack", onsubmit: submit }, el("p", { class: "caption" }, hint), el("label", { class: "field" }, el("span", {}, t("editor.comment")), comment), el("div", { class: "tool-buttons" }, buttons(comment))),
  );
}

/** @param {any} info @param {Acts["go"]} go */
function publication(info, go) {
  const { earliest, latest } = info.effective;
  const waits = Boolean(info.scheduled);
  const from = el("input", { class: "input", type: "datetime-local", name: "from", disabled: !waits, required: true, min: wallOf(earliest, true), max: wallOf(latest) });
  const note = el("input", { class: "input", name: "note", maxlength: 2000, placeholder: info.title });
  const later = (/** @type {boolean} */ on) => () => {
    from.disabled = !on;
    if (on) from.focus();
  };
  const submit = (/** @type {Event} */ event) => {
    event.preventDefault();
    const at = from.disabled ? null : instantOf(from.value);
    ask(t("editor.publish.confirm", { changes: summary(info), when: at ? moment(at) : t("editor.publish.now") }), t("editor.publish"), () =>
      go("publish", { ...(at ? { effective_from: at.toISOString() } : {}), note: note.value.trim() }),
    );
  };
  const choice = (/** @type {string} */ label, /** @type {boolean} */ on, /** @type {any} */ more = null) =>
    el("label", { class: "check" }, el("input", { type: "radio", name: "when", checked: on === waits, disabled: waits && !on, onchange: later(on) }), el("span", { class: "grow" }, label, more));
  return section(
    t("editor.publish.title"),
    el(
      "form",
      { class: "stack", onsubmit: submit },
      el("p", { class: "caption" }, t("editor.publish.hint")),
      choice(t("editor.publish.now"), false),
      waits && el("p", { class: "caption" }, t("editor.publish.waits", { n: info.scheduled.edition, when: moment(info.scheduled.effective_from) })),
      choice(t("editor.publish.from"), true, from),
      el("p", { class: "caption" }, t("editor.publish.bounds", { earliest: moment(earliest), latest: moment(latest) })),
      el("label", { class: "field" }, el("span", {}, t("editor.publish.note")), note),
      el("button", { type: "submit", class: "button primary" }, t("editor.publish")),
    ),
  );
}

/** @param {any[]} entries */
function log(entries) {
  const told = entries.filter((entry) => !["operation", "undo", "redo"].includes(entry.action));
  return section(
    t("editor.log"),
    el(
      "ul",
      { class: "log" },
      told.map((entry) =>
        el("li", {}, el("div", {}, el("strong", {}, tMaybe(`editor.action.${entry.action}`, entry.action), returned(entry) && ` · ${t("editor.return")}`), ` ${entry.actor}`), el("div", { class: "caption" }, moment(entry.at)), entry.note && el("p", {}, entry.note)),
      ),
    ),
  );
}

/** @param {any} entry */
function returned(entry) {
  return entry.action === "review" && entry.to_state === "open";
}

/** @param {any} info @param {Acts} acts */
function discard(info, { go }) {
  return section(
    t("editor.discard.title"),
    el("p", { class: "caption" }, t("editor.discard.hint")),
    el(
      "button",
      {
        type: "button",
        class: "button danger",
        onclick: () => ask(t("editor.discard.confirm", { title: info.title, n: info.operations }), t("editor.discard"), () => go("discard")),
      },
      t("editor.discard"),
    ),
  );
}

/**
 * Ask once about what cannot be undone.
 * @param {string} text @param {string} verb @param {() => void} act
 */
function ask(text, verb, act) {
  const dialog = el("dialog", { "aria-label": verb });
  const close = () => {
    dialog.close();
    dialog.remove();
  };
  const sure = () => {
    close();
    act();
  };
  fill(
    dialog,
    el("p", {}, text),
    el("div", { class: "dialog-buttons" }, el("button", { type: "button", class: "button", onclick: close }, t("action.cancel")), el("button", { type: "button", class: "button primary", onclick: sure }, verb)),
  );
  dialog.addEventListener("cancel", close);
  document.body.append(dialog);
  dialog.showModal();
}
