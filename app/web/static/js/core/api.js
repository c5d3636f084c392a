// Requests to our own server, and what went wrong in words.
import { at, boot } from "./boot.js";
import { lang, t } from "./i18n.js";
import { versionOf } from "./version.js";

/** An answer that refuses, or none at all. */
export class ApiError extends Error {
  /**
   * @param {string} message In the language of the page, made to be shown.
   * @param {{status?: number, code?: string, problem?: any}} [more]
   */
  constructor(message, { status = 0, code = "", problem = null } = {}) {
    super(message);
    this.status = status;
    this.code = code;
    this.problem = problem;
  }

  /** Whether the connection failed, so that trying again is likely to help. */
  get offline() {
    return this.status === 0;
  }
}

const USED = "wangge_used";
let used = Date.now();
if (boot.signedIn) noteUse();

function noteUse() {
  used = Date.now();
  try {
    localStorage.setItem(USED, String(used));
  } catch {
    // Without storage each tab knows its own use only, and speaks up sooner than it must.
  }
}

/** When the session was last used, by this tab or another one. */
export function lastUse() {
  try {
    return Math.max(used, Number(localStorage.getItem(USED)) || 0);
  } catch {
    return used;
  }
}

/**
 * @typedef {object} Sending
 * @property {string} [method]
 * @property {unknown} [body] Sent as JSON; a file as it is.
 * @property {AbortSignal} [signal]
 * @property {Record<string, unknown>} [query]
 * @property {Record<string, string>} [headers]
 */

/**
 * @param {string} path
 * @param {Sending} [options]
 * @returns {Promise<any>} The JSON of the answer; null when it has none.
 */
export async function ask(path, options) {
  return (await send(path, options)).answer;
}

/**
 * As `ask`, with the version that the answer carries.
 * @param {string} path
 * @param {Sending} [options]
 * @returns {Promise<{answer: any, etag: string}>}
 */
export async function send(path, { method = "GET", body, signal, query, headers: more } = {}) {
  const headers = { Accept: "application/json", "Accept-Language": lang, ...more };
  const file = body instanceof Blob;
  if (body !== undefined) headers["Content-Type"] = file ? "application/octet-stream" : "application/json";
  if (method !== "GET" && boot.csrf) headers["X-CSRF-Token"] = boot.csrf;
  let response;
  try {
    response = await fetch(at(path) + queryOf(query), {
      method,
      headers,
      body: body === undefined || file ? /** @type {Blob|undefined} */ (body) : JSON.stringify(body),
      signal,
      credentials: "same-origin",
    });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new ApiError(t("error.offline"));
  }
  if (boot.signedIn && response.status !== 401) noteUse();
  const etag = versionOf(response.headers.get("ETag"));
  if (response.status === 204 || response.status === 304) return { answer: null, etag };
  const json = (response.headers.get("Content-Type") ?? "").includes("json");
  const answer = json ? await response.json().catch(() => null) : null;
  if (response.ok) return { answer, etag };
  if (response.status === 401 && boot.signedIn && !path.startsWith("/v1/session")) {
    // The session ended while the page was open: signing in leads back to the same view.
    location.assign(at(`/signin?next=${encodeURIComponent(location.pathname + location.search)}`));
  }
  throw new ApiError(answer?.detail ?? answer?.title ?? t("error.server", { status: response.status }), {
    status: response.status,
    code: answer?.code ?? "",
    problem: answer,
  });
}

/**
 * @param {Record<string, unknown>} [query] Empty values are left out.
 */
export function queryOf(query = {}) {
  const parts = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== null && value !== undefined && value !== "") parts.set(name, String(value));
  }
  const text = parts.toString();
  return text ? `?${text}` : "";
}

/**
 * Runs one request at a time: a newer one ends the older.
 */
export class Latest {
  #running = new AbortController();

  /**
   * @template T
   * @param {(signal: AbortSignal) => Promise<T>} work
   * @returns {Promise<T|undefined>} undefined when a newer request took over.
   */
  async run(work) {
    this.#running.abort();
    const own = (this.#running = new AbortController());
    try {
      const answer = await work(own.signal);
      return own.signal.aborted ? undefined : answer;
    } catch (error) {
      if (own.signal.aborted) return undefined;
      throw error;
    }
  }

  cancel() {
    this.#running.abort();
  }
}
