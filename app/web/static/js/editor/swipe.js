// Before and after: a second map of the edition that the draft began from, over the first up to a line one can move.
import { ask } from "../core/api.js";
import { byId, el, icon } from "../core/dom.js";
import { t } from "../core/i18n.js";
import { maplibregl } from "../map/map.js";
import { style } from "../map/style.js";
import { at, boot } from "../core/boot.js";
import { onTheme } from "../core/theme.js";

export class Swipe {
  /** @type {any} */
  #before = null;
  /** @type {HTMLElement|null} */
  #holder = null;
  /** @type {HTMLElement|null} */
  #handle = null;
  /** Part of the map that shows the former state. */
  #part = 0.5;
  #follow = () => this.#before?.jumpTo({ center: this.map.getCenter(), zoom: this.map.getZoom() });

  /**
   * @param {any} map
   * @param {() => number} base The edition that the draft began from.
   * @param {() => {left: number, right: number}} room
   */
  constructor(map, base, room) {
    this.map = map;
    this.base = base;
    this.room = room;
    onTheme(() => this.on && this.#before.setStyle(this.style));
  }

  get on() {
    return this.#holder !== null;
  }

  /** @param {string[]} codes Grids that differ: they are outlined in the former state. */
  async start(codes) {
    if (this.on) return;
    const units = await ask("/maps/tiles/units.json", { query: { edition: this.base() } });
    units.tiles = units.tiles.map((/** @type {string} */ address) => location.origin + at(address.slice(address.lastIndexOf("/maps/tiles/"))));
    this.#holder = el("div", { class: "swipe-before", "aria-hidden": "true" });
    const canvas = el("div", { class: "map" });
    this.#holder.append(canvas);
    this.#handle = this.#makeHandle();
    byId("map").after(this.#holder, this.#handle);
    this.units = units;
    this.codes = codes;
    this.#before = new maplibregl.Map({
      container: canvas,
      style: this.style,
      center: this.map.getCenter(),
      zoom: this.map.getZoom(),
      interactive: false,
      attributionControl: false,
      fadeDuration: 0,
      maxZoom: 20,
    });
    this.map.on("move", this.#follow);
    const { left, right } = this.room();
    const width = byId("map").clientWidth;
    this.#put((left + (width - left - right) / 2) / width);
  }

  get style() {
    const whole = style(this.units, boot.basemap);
    for (const layer of whole.layers) {
      if (layer.id === "grid-chosen-line") layer.filter = ["in", ["get", "code"], ["literal", this.codes]];
    }
    return whole;
  }

  stop() {
    this.map.off("move", this.#follow);
    this.#before?.remove();
    this.#holder?.remove();
    this.#handle?.remove();
    this.#before = this.#holder = this.#handle = null;
  }

  /** @param {number} part */
  #put(part) {
    this.#part = Math.max(0.02, Math.min(0.98, part));
    const text = `${(this.#part * 100).toFixed(2)}%`;
    this.#holder?.style.setProperty("--swipe", text);
    this.#handle?.style.setProperty("--swipe", text);
    this.#handle?.setAttribute("aria-valuenow", String(Math.round(this.#part * 100)));
  }

  #makeHandle() {
    const handle = el(
      "div",
      {
        class: "swipe-handle",
        role: "slider",
        tabindex: 0,
        "aria-label": t("editor.swipe.handle"),
        "aria-valuemin": 0,
        "aria-valuemax": 100,
        onkeydown: (/** @type {KeyboardEvent} */ event) => {
          const step = { ArrowLeft: -0.02, ArrowRight: 0.02, Home: -1, End: 1 }[event.key];
          if (step === undefined) return;
          event.preventDefault();
          event.stopPropagation();
          this.#put(this.#part + step);
        },
        onpointerdown: (/** @type {PointerEvent} */ event) => {
          handle.setPointerCapture(event.pointerId);
          const move = (/** @type {PointerEvent} */ now) => {
            const { left, width } = byId("map").getBoundingClientRect();
            this.#put((now.clientX - left) / width);
          };
          handle.addEventListener("pointermove", move);
          handle.addEventListener("lostpointercapture", () => handle.removeEventListener("pointermove", move), { once: true });
        },
      },
      el("span", { class: "swipe-word before" }, t("editor.swipe.before")),
      el("span", { class: "swipe-grip" }, icon("swipe")),
      el("span", { class: "swipe-word after" }, t("editor.swipe.after")),
    );
    return handle;
  }
}
