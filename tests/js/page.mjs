// What a page gives the scripts of the front end, without a browser: its boot document and the words of its language.
import { readFile } from "node:fs/promises";

export const STATIC = new URL("../../app/web/static/", import.meta.url);

/**
 * A script of ours as a page in this language and time zone loads it; a page is made once a process.
 * @param {string} name Below `static/js`.
 */
export async function script(name, { lang = "en", zone = "Asia/Shanghai" } = {}) {
  const boot = { lang, zone, root: "", words: `i18n/${lang}.json`, icons: "icons.svg" };
  globalThis.window ??= new EventTarget();
  globalThis.document ??= { getElementById: () => ({ textContent: JSON.stringify(boot) }) };
  // Nothing but our own words is asked for.
  globalThis.fetch = async (address) => {
    const text = await readFile(new URL(address, STATIC), "utf-8");
    return { json: async () => JSON.parse(text) };
  };
  return import(new URL(`js/${name}`, STATIC));
}

/** Random numbers that are the same in every run. @param {number} seed */
export function chance(seed) {
  let state = seed >>> 0;
  return () => {
    // mulberry32
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
