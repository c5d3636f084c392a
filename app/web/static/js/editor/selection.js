// Which grids are selected: by clicks on the map and in the tree, with Shift or Ctrl several.
import { read, write } from "../core/url_state.js";

/** More than these would make an address too long to send to somebody. */
const MOST_IN_ADDRESS = 30;

export class Selection extends EventTarget {
  /** @type {string[]} In the order in which they were selected. */
  codes = [];

  /** The one, when there is exactly one. */
  get only() {
    return this.codes.length === 1 ? this.codes[0] : null;
  }

  /** @param {string[]} codes @param {{quiet?: boolean}} [options] `quiet`: nobody pointed at them, so no tab is opened for them. */
  set(codes, { quiet = false } = {}) {
    const was = this.codes;
    this.codes = [...new Set(codes)];
    write({ sel: this.codes.slice(0, MOST_IN_ADDRESS).join(",") });
    this.dispatchEvent(new CustomEvent("change", { detail: { was, quiet } }));
  }

  /** @param {string} code @param {{shiftKey?: boolean, ctrlKey?: boolean, metaKey?: boolean}} [keys] */
  pick(code, keys = {}) {
    if (!keys.shiftKey && !keys.ctrlKey && !keys.metaKey) return this.set([code]);
    return this.set(this.codes.includes(code) ? this.codes.filter((each) => each !== code) : [...this.codes, code]);
  }

  /** What the address names and the draft has. @param {(code: string) => boolean} exists */
  fromAddress(exists) {
    this.set((read().get("sel") ?? "").split(",").filter((code) => code && exists(code)), { quiet: true });
  }
}
