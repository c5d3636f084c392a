// A draft as the server has it: read, written step by step with the version that was seen, watched for others' changes.
import { ApiError, ask, queryOf, send } from "../core/api.js";
import { Coverage } from "./coverage.js";

/** How often to ask whether somebody else has changed the draft. */
const WATCH_MS = 5_000;

/** @typedef {{created: string[], changed: string[], retired: string[], grids: any, operations: number, undone: number, op: string}} Step */

/**
 * Tells of: `grids` (detail: what Coverage.update gave; nothing after a whole load), `info`, `busy`, `stale`.
 */
export class Draft extends EventTarget {
  /** @type {any} What the server says of it. */
  info = null;
  coverage = new Coverage();
  /** Whether somebody else has changed it since it was read. */
  stale = false;
  /** How many writes are under way. */
  busy = 0;
  #etag = "";
  /** @type {Promise<unknown>} */
  #writing = Promise.resolve();
  #timer = 0;

  /** @param {number} id */
  constructor(id) {
    super();
    this.id = id;
  }

  get path() {
    return `/v1/drafts/${this.id}`;
  }

  /** Read all of it. */
  async load() {
    const [head, grids] = await Promise.all([send(this.path), send(`${this.path}/grids`)]);
    // Written between the two answers: once more.
    if (head.etag !== grids.etag) return this.load();
    this.info = head.answer;
    this.#etag = head.etag;
    this.stale = false;
    this.coverage.load(grids.answer.features);
    this.#tell("info");
    this.#tell("grids", null);
    this.#watch();
  }

  close() {
    clearTimeout(this.#timer);
    this.#timer = -1;
  }

  /** @param {Record<string, any>} operation @returns {Promise<Step>} */
  apply(operation) {
    return this.#write("/operations", operation);
  }

  /** @returns {Promise<Step>} */
  undo() {
    return this.#write("/undo");
  }

  /** @returns {Promise<Step>} */
  redo() {
    return this.#write("/redo");
  }

  /** Grids edited elsewhere. @param {File} file @param {Record<string, unknown>} query @returns {Promise<Step>} */
  replace(file, query) {
    return this.#write(`/file${queryOf(query)}`, file, "PUT");
  }

  /**
   * A step on its way: submit, review, publish, rebase, or discard (DELETE).
   * @param {string} step @param {Record<string, any>} [body]
   */
  async go(step, body = {}) {
    const answer = await this.#queue(() => this.#take(step, body));
    // Both may put it on another edition.
    if (step === "rebase" || step === "withdraw") await this.load();
    else await this.refresh();
    return answer;
  }

  /** @param {string} step @param {Record<string, any>} body */
  #take(step, body) {
    if (step === "discard") return this.#send("", "DELETE");
    // The edition is no part of the draft: it may have come from another one.
    if (step === "withdraw") return ask(`/v1/editions/${body.edition}`, { method: "DELETE", query: { reason: body.reason } });
    return this.#send(`/${step}`, "POST", body);
  }

  /** Read what is said of it, without its grids. */
  async refresh() {
    const { answer, etag } = await send(this.path);
    // Somebody wrote between our last write and this: the grids are not what is described here.
    if (etag !== this.#etag) return this.#outdated();
    this.info = answer;
    // A step says what it did; whether that differs from the base is known after it.
    const marked = this.coverage.mark(answer.created, answer.changed);
    if (marked.size) this.#tell("grids", { changed: marked, gone: new Set(), redrawn: new Set() });
    this.#tell("info");
  }

  /** Something that the server works out of it. @param {"check"|"impact"|"diff"|"load"} what @param {Record<string, unknown>} [query] */
  async ask(what, query) {
    return (await send(`${this.path}/${what}`, { query })).answer;
  }

  /** @param {string} address @param {unknown} [body] @param {string} [method] */
  #write(address, body, method = "POST") {
    return this.#queue(async () => {
      const step = await this.#send(address, method, body);
      this.info = { ...this.info, operations: step.operations, undone: step.undone };
      this.#tell("grids", this.coverage.update(step.grids.features, step.retired));
      return step;
    });
  }

  /** One after the other, since each is based on what the one before left. @template T @param {() => Promise<T>} work @returns {Promise<T>} */
  #queue(work) {
    this.busy += 1;
    this.#tell("busy");
    const done = this.#writing.then(work).finally(() => {
      this.busy -= 1;
      this.#tell("busy");
    });
    this.#writing = done.catch(() => {});
    return done;
  }

  /** @param {string} address @param {string} method @param {unknown} [body] */
  async #send(address, method, body) {
    try {
      const { answer, etag } = await send(this.path + address, { method, body, headers: { "If-Match": this.#etag } });
      if (etag) this.#etag = etag;
      return answer;
    } catch (error) {
      if (error instanceof ApiError && error.status === 412) await this.#outdated();
      throw error;
    }
  }

  async #outdated() {
    if (this.stale) return;
    this.stale = true;
    // Who it was, and what they did; the version that was seen stays, so that nothing can be written over theirs.
    const found = await send(this.path).catch(() => null);
    if (found) this.theirs = found.answer;
    this.#tell("stale");
  }

  #watch() {
    clearTimeout(this.#timer);
    if (this.#timer === -1) return;
    this.#timer = window.setTimeout(async () => {
      // Not while we write: our own new version is none of somebody else's.
      if (!document.hidden && !this.busy && !this.stale) {
        const seen = this.#etag;
        const found = await send(this.path, { headers: { "If-None-Match": seen } }).catch(() => null);
        if (found?.etag && found.etag !== seen && seen === this.#etag && !this.busy) await this.#outdated();
      }
      if (this.#timer !== -1) this.#watch();
    }, WATCH_MS);
  }

  /** @param {string} what @param {any} [detail] */
  #tell(what, detail) {
    this.dispatchEvent(new CustomEvent(what, { detail }));
  }
}
