// Vertices by hand: dragged with every border that touches following live, put in, taken out.
import { reachOf } from "./sketch.js";
import { onLattice, samePlace } from "./shapes.js";

/** @typedef {import("./shapes.js").Place} Place */

const FROM_ZOOM = 13;
const MOST = 6_000;
/** Less than this is a click that trembled. */
const DRAG_PX = 3;
/** The preview of a move that was taken stays no longer than this, should the renderer not tell that it has drawn it. */
const LONGEST_WAIT_MS = 800;

export class Vertices {
  /** @type {Place|null} The one that is chosen. */
  chosen = null;
  #on = false;
  /** @type {Place|null} Where a click would put one in. */
  #ghost = null;
  /** @type {{from: Place, to: Place, start: {x: number, y: number}, moved: boolean}|null} */
  #drag = null;
  /** @type {{place: Place, role: string}[]} */
  #shown = [];
  #frame = 0;

  /**
   * @param {import("./canvas.js").Canvas} canvas
   * @param {() => {coverage: import("./coverage.js").Coverage, selected: string[]}} given
   * @param {(operation: Record<string, any>) => Promise<boolean>} run
   * @param {() => void} changed Called when another vertex is chosen, or none.
   */
  constructor(canvas, given, run, changed) {
    this.canvas = canvas;
    this.map = canvas.map;
    this.given = given;
    this.run = run;
    this.changed = changed;
    this.map.on("mousemove", (/** @type {any} */ event) => this.#on && this.#moved(event));
    this.map.on("mousedown", (/** @type {any} */ event) => this.#on && this.#pressed(event));
    // Pressing on a border may be the beginning of moving the map; only a click puts a vertex in.
    this.map.on("click", (/** @type {any} */ event) => this.#on && this.#clicked(event));
    this.map.on("moveend", () => this.#on && this.show());
    // Let go outside of the map it is let go all the same.
    window.addEventListener("mouseup", () => this.#drag && this.#dropped());
  }

  /** @param {boolean} on */
  start(on) {
    this.#on = on;
    this.choose(null);
    this.#ghost = null;
    if (on) this.show();
    else this.canvas.vertices([]);
  }

  /** @param {Place|null} place */
  choose(place) {
    this.chosen = place;
    if (this.#on) this.#paint();
    this.changed();
  }

  /** Those of the selected grids, or of all in view. */
  show() {
    if (!this.#on) return;
    const { coverage, selected } = this.given();
    this.#shown = [];
    if (this.map.getZoom() >= FROM_ZOOM) {
      const [[west, south], [east, north]] = this.map.getBounds().toArray();
      const seen = new Set();
      const grids = selected.length ? selected.flatMap((code) => coverage.grids.get(code) ?? []) : coverage.grids.values();
      for (const { box, rings } of grids) {
        if (box[0] > east || box[2] < west || box[1] > north || box[3] < south) continue;
        for (const place of rings.flat()) {
          const key = place.join();
          if (seen.has(key) || place[0] < west || place[0] > east || place[1] < south || place[1] > north) continue;
          seen.add(key);
          this.#shown.push({ place, role: "vertex" });
        }
        if (this.#shown.length > MOST) break;
      }
    }
    // Gone with what changed.
    if (this.chosen && !coverage.having(this.chosen).length) this.choose(null);
    this.#paint();
  }

  /** Whether vertices are too small to be told apart. */
  get tooFar() {
    return this.map.getZoom() < FROM_ZOOM;
  }

  /** Go along the border of the selected grid. @param {number} step */
  step(step) {
    const { coverage, selected } = this.given();
    const ring = (coverage.grids.get(selected[0])?.rings ?? []).flatMap((each) => each.slice(1));
    if (!ring.length) return;
    const at = this.chosen ? ring.findIndex((place) => samePlace(place, /** @type {Place} */ (this.chosen))) : -1;
    this.choose(ring[(Math.max(at, step > 0 ? -1 : 0) + step + ring.length) % ring.length]);
    this.map.easeTo({ center: this.chosen, duration: 0 });
  }

  /** Move the chosen one. @param {Place} to */
  async moveTo(to) {
    if (!this.chosen) return;
    const from = this.chosen;
    if (await this.run({ op: "move_vertex", from, to: onLattice(to) })) this.choose(onLattice(to));
  }

  async remove() {
    if (this.chosen && (await this.run({ op: "delete_vertex", at: this.chosen }))) this.choose(null);
  }

  #paint() {
    const shown = this.#shown.filter(({ place }) => !this.chosen || !samePlace(place, this.chosen));
    if (this.chosen) shown.push({ place: this.#drag?.to ?? this.chosen, role: "chosen" });
    if (this.#ghost) shown.push({ place: this.#ghost, role: "ghost" });
    this.canvas.vertices(shown);
  }

  /** @param {any} event */
  #near({ lngLat }) {
    const place = [lngLat.lng, lngLat.lat];
    const { coverage, selected } = this.given();
    const only = selected.length ? new Set(selected) : null;
    return this.tooFar ? null : coverage.nearest(place, reachOf(this.map, place[1]), { only });
  }

  /** @param {any} event */
  #moved(event) {
    const drag = this.#drag;
    if (drag) {
      drag.moved ||= Math.hypot(event.point.x - drag.start.x, event.point.y - drag.start.y) > DRAG_PX;
      if (!drag.moved) return;
      drag.to = this.#target(event, drag.from);
      // Many moves fit into one picture; the last counts.
      this.#frame ||= requestAnimationFrame(() => {
        this.#frame = 0;
        this.#preview();
      });
      return;
    }
    const near = this.#near(event);
    this.map.getCanvas().style.cursor = near ? (near.kind === "vertex" ? "move" : "copy") : "";
    const ghost = near?.kind === "edge" ? near.place : null;
    if (ghost === this.#ghost || (ghost && this.#ghost && samePlace(ghost, this.#ghost))) return;
    this.#ghost = ghost;
    this.#paint();
  }

  /** Where a dragged vertex would come to lie: on the vertex or border of another grid that is near. @param {any} event @param {Place} from */
  #target({ lngLat }, from) {
    const { coverage } = this.given();
    const place = [lngLat.lng, lngLat.lat];
    const own = coverage.having(from);
    const others = new Set([...coverage.grids.keys()].filter((code) => !own.includes(code)));
    return coverage.nearest(place, reachOf(this.map, place[1], 8), { only: others })?.place ?? onLattice(place);
  }

  /** @param {any} event */
  #pressed(event) {
    if (event.originalEvent.button !== 0) return;
    const near = this.#near(event);
    if (near?.kind !== "vertex") return;
    event.preventDefault();
    this.#ghost = null;
    this.#drag = { from: near.place, to: near.place, start: event.point, moved: false };
    this.choose(near.place);
  }

  /** @param {any} event */
  async #clicked(event) {
    const near = this.#near(event);
    if (!near) return this.choose(null);
    if (near.kind === "vertex") return;
    this.#ghost = null;
    if (await this.run({ op: "insert_vertex", at: near.place })) this.choose(near.place);
  }

  #preview() {
    const drag = this.#drag;
    if (!drag) return;
    const { coverage } = this.given();
    const features = coverage.moved(drag.from, drag.to);
    this.canvas.live(features, features.map((f) => f.properties.code));
    this.#paint();
  }

  async #dropped() {
    const drag = this.#drag;
    if (!drag) return;
    if (!drag.moved || samePlace(drag.from, drag.to)) {
      this.#drag = null;
      this.canvas.live([]);
      return this.#paint();
    }
    this.#preview();
    this.#drag = null;
    this.chosen = drag.to;
    this.#paint();
    const drawn = this.#drawn();
    const done = await this.run({ op: "move_vertex", from: drag.from, to: drag.to });
    // Refused, it stands where it was; taken, the new shapes are drawn before the preview goes.
    if (!done) this.chosen = drag.from;
    else await Promise.race([drawn, new Promise((resolve) => setTimeout(resolve, LONGEST_WAIT_MS))]);
    if (!this.#drag) this.canvas.live([]);
    this.show();
    this.changed();
  }

  /** Resolves once new shapes of grids are drawn. */
  #drawn() {
    return new Promise((resolve) => {
      const look = (/** @type {any} */ event) => {
        if (event.sourceId !== "draft-grids" || !event.isSourceLoaded) return;
        this.map.off("sourcedata", look);
        resolve(null);
      };
      this.map.on("sourcedata", look);
    });
  }
}
