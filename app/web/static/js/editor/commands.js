// What becomes of a step: taken, with a way back; refused, with where and why; or too late, since somebody else was first.
import { ApiError } from "../core/api.js";
import { byId, el, fill, icon } from "../core/dom.js";
import { moment } from "../core/format.js";
import { t, tMaybe } from "../core/i18n.js";
import { toast } from "../core/toast.js";
import { summary } from "./history.js";

/**
 * @typedef {object} Place
 * @property {[number, number]} place
 * @property {"bad"|"warn"} tone
 */

export class Running {
  /**
   * @param {object} acts
   * @param {() => import("./draft.js").Draft|null} acts.draft
   * @param {(step: any, operation: Record<string, any>|null) => void} acts.done
   * @param {(text: string, places: [number, number][], conflicts: any[]) => void} acts.refused
   * @param {() => void} acts.reload
   */
  constructor(acts) {
    this.acts = acts;
    /** @type {any} Of the last refusal. */
    this.problem = null;
    this.banner = byId("banner");
  }

  /** @param {Record<string, any>} operation @returns {Promise<boolean>} Whether it was taken. */
  operation(operation) {
    return this.#step((draft) => draft.apply(operation), operation, "editor.done");
  }

  /**
   * @param {File} file @param {Record<string, unknown>} query
   * @returns {Promise<any>} Why it was refused; null when it was taken.
   */
  async replace(file, query) {
    this.problem = null;
    await this.#step((draft) => draft.replace(file, query), { op: "replace" }, "editor.done");
    return this.problem;
  }

  undo() {
    return this.#step((draft) => draft.undo(), null, "editor.undone");
  }

  redo() {
    return this.#step((draft) => draft.redo(), null, "editor.redone");
  }

  /**
   * @param {(draft: import("./draft.js").Draft) => Promise<any>} write
   * @param {Record<string, any>|null} operation
   * @param {string} words Key of what is said afterwards.
   */
  async #step(write, operation, words) {
    const draft = this.acts.draft();
    if (!draft) return false;
    if (draft.stale) {
      this.stale();
      return false;
    }
    try {
      const step = await write(draft);
      this.calm();
      this.acts.done(step, operation);
      const name = tMaybe(`editor.op.${step.op}`, step.op);
      toast(t(words, { op: name, changes: summary(step) }), operation && { verb: t("editor.undo"), run: () => this.undo() });
      return true;
    } catch (error) {
      this.failed(/** @type {Error} */ (error));
      return false;
    }
  }

  /** @param {Error} error */
  failed(error) {
    if (error instanceof ApiError && error.status === 412) return;
    const problem = error instanceof ApiError ? error.problem : null;
    this.problem = problem;
    this.acts.refused(error.message, problem?.places ?? [], problem?.conflicts ?? []);
  }

  /**
   * A refusal where no tool has a card to say it on.
   * @param {string} text @param {(() => void)|null} show
   */
  say(text, show) {
    fill(
      this.banner,
      icon("exclaim", "small"),
      el("span", { class: "grow" }, text),
      show && el("button", { type: "button", class: "button", onclick: show }, t("editor.where")),
      el("button", { type: "button", class: "ghost", "aria-label": t("action.close"), onclick: () => this.calm() }, icon("close", "small")),
    );
    this.banner.hidden = false;
  }

  /** What became of a step on the way. @param {string} step @param {any} body @param {any} answer */
  told(step, body, answer) {
    this.calm();
    if (step === "publish") toast(t("editor.told.publish", { n: answer.edition, when: moment(answer.effective_from) }));
    else toast(t(`editor.told.${step === "review" ? body.decision : step}`));
  }

  /** Say that somebody else has changed the draft; nothing of theirs is written over, nothing drawn here is lost. */
  stale() {
    const draft = this.acts.draft();
    if (!draft) return;
    const last = draft.theirs?.log?.at(-1);
    const what = last && (tMaybe(`editor.op.${last.op}`, "") || tMaybe(`editor.action.${last.action}`, last.action));
    fill(
      this.banner,
      icon("alert", "small"),
      el(
        "span",
        { class: "grow" },
        el("strong", {}, last ? t("editor.stale", { who: last.actor, when: moment(last.at), what }) : t("editor.stale.somebody")),
        " ",
        t("editor.stale.meaning"),
      ),
      el("button", { type: "button", class: "button primary", onclick: () => this.acts.reload() }, t("editor.stale.load")),
    );
    this.banner.hidden = false;
  }

  calm() {
    this.banner.hidden = true;
  }
}
