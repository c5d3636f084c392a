// Words in the language of the page; both languages are complete, so there is no falling back.
import { boot } from "./boot.js";

/** @type {Record<string, string>} */
const words = await (await fetch(boot.words)).json();

/** Language of the page. */
export const lang = boot.lang;

/**
 * The text of a key with its {values} filled in.
 * @param {string} key
 * @param {Record<string, unknown>} [values]
 * @returns {string}
 */
export function t(key, values) {
  const text = words[key];
  if (text === undefined) throw new Error(`no words for ${key}`);
  return values ? text.replace(/\{(\w+)\}/g, (_, name) => String(values[name] ?? "")) : text;
}

/**
 * The text of a key that may not be known, such as a code from the server; the fallback otherwise.
 * @param {string} key
 * @param {string} fallback
 */
export function tMaybe(key, fallback) {
  return words[key] ?? fallback;
}

/**
 * One of two names of the same thing, in the language of the page.
 * @param {string|null|undefined} zh
 * @param {string|null|undefined} en
 */
export function either(zh, en) {
  return (lang === "en" ? en || zh : zh || en) ?? "";
}
