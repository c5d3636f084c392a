// Elements without templates of text: what comes from the server is always text, never markup.
import { boot } from "./boot.js";

/**
 * @typedef {Node|string|number|null|undefined|false} Child
 */

const LONG = 60;

/**
 * Make an element. `on…` are listeners, `class` is the class, `data` the data attributes, other names are attributes
 * (false and null leave them out, true sets them empty).
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} name
 * @param {Record<string, any>} [attributes]
 * @param {...(Child|Child[])} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function el(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (key === "data") Object.assign(element.dataset, value);
    else if (key === "vars") for (const [v, x] of Object.entries(value)) element.style.setProperty(`--${v}`, String(x));
    else element.setAttribute(key, value === true ? "" : String(value));
  }
  append(element, children);
  // Style sheets cut long names off; the whole can be read by pointing at it.
  if (children.length === 1 && typeof children[0] === "string" && children[0].length > LONG && !element.title) {
    element.title = children[0];
  }
  return element;
}

/**
 * @param {Element|DocumentFragment} parent
 * @param {(Child|Child[])[]} children
 */
export function append(parent, children) {
  for (const child of children.flat()) {
    if (child === null || child === undefined || child === false) continue;
    parent.append(child instanceof Node ? child : String(child));
  }
}

/**
 * Replace what an element holds.
 * @param {Element} parent
 * @param {...(Child|Child[])} children
 */
export function fill(parent, ...children) {
  parent.replaceChildren();
  append(parent, children);
}

/**
 * An icon of the sprite; always beside a word or inside a labelled button.
 * @param {string} name
 * @param {string} [extra]
 */
export function icon(name, extra = "") {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", `icon ${extra}`);
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `${boot.icons}#${name}`);
  svg.append(use);
  return svg;
}

/**
 * @param {string} id
 * @returns {HTMLElement}
 */
export function byId(id) {
  const element = document.getElementById(id);
  if (!element) throw new Error(`no element ${id}`);
  return element;
}

/**
 * Call a function once things have been quiet for a while.
 * @template {any[]} A
 * @param {(...args: A) => void} action
 * @param {number} ms
 * @returns {(...args: A) => void}
 */
export function settled(action, ms) {
  let timer = 0;
  return (...args) => {
    clearTimeout(timer);
    timer = window.setTimeout(() => action(...args), ms);
  };
}

/**
 * Text with the part that matches emphasised.
 * @param {string} text
 * @param {string} words
 * @returns {Child[]}
 */
export function marked(text, words) {
  const at = words ? text.toLowerCase().indexOf(words.toLowerCase()) : -1;
  if (at < 0) return [text];
  return [text.slice(0, at), el("mark", {}, text.slice(at, at + words.length)), text.slice(at + words.length)];
}
