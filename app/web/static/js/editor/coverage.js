// The grids of a draft as one coverage: who shares a vertex, which border parts whom, what lies near a place.
import { boxOf, holds, labelPlace, nearestOn, onLattice, ringsOf, STEPS } from "./shapes.js";

/** @typedef {import("./shapes.js").Place} Place */

/**
 * @typedef {object} Grid
 * @property {string} code
 * @property {string} name
 * @property {string} community
 * @property {"base"|"dedicated"|"excluded"} kind Land that belongs to no grid on purpose has its reason as name.
 * @property {"created"|"changed"|null} change
 * @property {{type: string, coordinates: any}} geometry
 * @property {[number, number, number, number]} box
 * @property {Place[][]} rings
 * @property {Place} label
 */

/**
 * @typedef {object} Border A stretch of border between two grids, or a grid and nobody.
 * @property {string} id
 * @property {string} owner The lower code.
 * @property {string|null} other
 * @property {Place[]} line
 */

// Two vertex numbers in one number: as many vertices as fit beside each other exactly.
const PAIR = 2 ** 26;

export class Coverage {
  /** @type {Map<string, Grid>} */
  grids = new Map();
  /** @type {Map<string, Border[]>} By the grid that owns them. */
  borders = new Map();
  /** @type {Map<string, number>} Place in steps -> number of the vertex. */
  #numbers = new Map();
  /** @type {Set<string>[]} By number: the grids that have the vertex. */
  #touching = [];
  /** @type {Map<number, string[]>} Edge -> its one or two grids. */
  #edges = new Map();

  /** @param {any[]} features Everything at once. */
  load(features) {
    this.grids.clear();
    this.borders.clear();
    this.#numbers.clear();
    this.#touching = [];
    this.#edges.clear();
    for (const feature of features) this.#add(feature);
    for (const code of this.grids.keys()) this.borders.set(code, this.#bordersOf(code));
  }

  /**
   * Put grids over those that are there, and take others away.
   * @param {any[]} features
   * @param {string[]} retired
   * @returns {{changed: Set<string>, gone: Set<string>, redrawn: Set<string>}} `redrawn`: grids whose borders to draw again.
   */
  update(features, retired) {
    const changed = new Set(features.map((f) => f.properties.code));
    const gone = new Set(retired.filter((code) => this.grids.has(code) && !changed.has(code)));
    const redrawn = new Set([...changed, ...gone]);
    for (const code of [...redrawn]) for (const near of this.neighbours(code)) redrawn.add(near);
    for (const code of [...changed, ...gone]) this.#drop(code);
    for (const feature of features) this.#add(feature);
    for (const code of changed) for (const near of this.neighbours(code)) redrawn.add(near);
    for (const code of redrawn) {
      if (this.grids.has(code)) this.borders.set(code, this.#bordersOf(code));
      else this.borders.delete(code);
    }
    return { changed, gone, redrawn };
  }

  /** What differs from the base. @param {string[]} created @param {string[]} changed @returns {Set<string>} Those that were marked otherwise. */
  mark(created, changed) {
    /** @type {Map<string, "created"|"changed">} */
    const words = new Map([...changed.map((code) => /** @type {const} */ ([code, "changed"])), ...created.map((code) => /** @type {const} */ ([code, "created"]))]);
    /** @type {Set<string>} */
    const other = new Set();
    for (const grid of this.grids.values()) {
      const change = words.get(grid.code) ?? null;
      if (grid.change === change) continue;
      grid.change = change;
      other.add(grid.code);
    }
    return other;
  }

  /** @param {any} feature */
  #add({ properties, geometry }) {
    const grid = { ...properties, geometry, box: boxOf(geometry), rings: ringsOf(geometry), label: labelPlace(geometry) };
    this.grids.set(grid.code, grid);
    this.#walk(grid, (a, b, edge) => {
      this.#touching[a].add(grid.code);
      const owners = this.#edges.get(edge);
      if (owners) owners.push(grid.code);
      else this.#edges.set(edge, [grid.code]);
    });
  }

  /** @param {string} code */
  #drop(code) {
    const grid = this.grids.get(code);
    if (!grid) return;
    this.#walk(grid, (a, b, edge) => {
      this.#touching[a].delete(code);
      const left = (this.#edges.get(edge) ?? []).filter((each) => each !== code);
      if (left.length) this.#edges.set(edge, left);
      else this.#edges.delete(edge);
    });
    this.grids.delete(code);
  }

  /** @param {Grid} grid @param {(a: number, b: number, edge: number, at: Place) => void} visit */
  #walk(grid, visit) {
    for (const ring of grid.rings) {
      let a = this.#number(ring[0]);
      for (let i = 1; i < ring.length; i++) {
        const b = this.#number(ring[i]);
        visit(a, b, edgeOf(a, b), ring[i - 1]);
        a = b;
      }
    }
  }

  /** @param {number[]} place */
  #number(place) {
    const key = keyOf(place);
    let number = this.#numbers.get(key);
    if (number === undefined) {
      number = this.#touching.length;
      this.#numbers.set(key, number);
      this.#touching.push(new Set());
    }
    return number;
  }

  /** The borders that a grid draws: with nobody, and with neighbours of higher code. @param {string} code @returns {Border[]} */
  #bordersOf(code) {
    /** @type {Border[]} */
    const found = [];
    for (const ring of /** @type {Grid} */ (this.grids.get(code)).rings) {
      const numbers = ring.map((place) => this.#number(place));
      const across = numbers.slice(1).map((b, i) => {
        const owners = this.#edges.get(edgeOf(numbers[i], b)) ?? [];
        return owners.find((each) => each !== code) ?? null;
      });
      // Begin where the neighbour changes, so that no border is cut in two by the ring's first vertex.
      const start = Math.max(0, across.findIndex((each, i) => each !== across[(i || across.length) - 1]));
      for (let i = 0; i < across.length; ) {
        const other = across[(start + i) % across.length];
        const line = [ring[(start + i) % across.length]];
        while (i < across.length && across[(start + i) % across.length] === other) {
          line.push(ring[((start + i) % across.length) + 1]);
          i++;
        }
        if (other === null || other > code) found.push({ id: `${code}|${other ?? ""}|${found.length}`, owner: code, other, line });
      }
    }
    return found;
  }

  /** @param {string} code @returns {Set<string>} Those that share a stretch of border. */
  neighbours(code) {
    /** @type {Set<string>} */
    const near = new Set();
    const grid = this.grids.get(code);
    if (grid) this.#walk(grid, (a, b, edge) => (this.#edges.get(edge) ?? []).forEach((each) => near.add(each)));
    near.delete(code);
    return near;
  }

  /** @param {number[]} place @returns {string[]} Codes of the grids that have a vertex there. */
  having(place) {
    const number = this.#numbers.get(keyOf(place));
    return number === undefined ? [] : [...this.#touching[number]].sort();
  }

  /** @param {number[]} place @returns {string|null} The grid that holds it; on a border any that touches. */
  at(place) {
    for (const { code, box, rings } of this.grids.values()) {
      if (within(place, box, 0) && holds(rings, place)) return code;
    }
    return null;
  }

  /**
   * The vertex, or else the border, nearest to a place.
   * @param {number[]} place
   * @param {number} reach In degrees of latitude.
   * @param {{vertices?: boolean, edges?: boolean, only?: Set<string>|null}} [of]
   * @returns {{place: Place, kind: "vertex"|"edge"}|null}
   */
  nearest(place, reach, { vertices = true, edges = true, only = null } = {}) {
    const shrink = Math.cos((place[1] * Math.PI) / 180);
    /** @type {{place: Place, distance: number}|null} */
    let vertex = null;
    /** @type {{place: Place, distance: number}|null} */
    let edge = null;
    for (const { code, box, rings } of this.grids.values()) {
      if (!within(place, box, reach / shrink) || (only && !only.has(code))) continue;
      for (const ring of rings) {
        for (let i = 1; i < ring.length; i++) {
          const away = Math.hypot((ring[i][0] - place[0]) * shrink, ring[i][1] - place[1]);
          if (away <= (vertex?.distance ?? reach)) vertex = { place: ring[i], distance: away };
          if (!edges) continue;
          const near = nearestOn(place, ring[i - 1], ring[i], shrink);
          if (near.distance <= (edge?.distance ?? reach)) edge = near;
        }
      }
    }
    // A vertex wins over the border that it lies on: what is meant to meet meets exactly.
    if (vertex && vertices) return { place: vertex.place, kind: "vertex" };
    return edge && edges ? { place: onLattice(edge.place), kind: "edge" } : null;
  }

  /**
   * Shapes of the grids that have a vertex, as they are with it moved.
   * @param {number[]} from @param {number[]} to
   */
  moved(from, to) {
    const key = keyOf(from);
    const move = (/** @type {any} */ at) => (typeof at[0] === "number" ? (keyOf(at) === key ? to : at) : at.map(move));
    return this.having(from).map((code) => {
      const { geometry } = /** @type {Grid} */ (this.grids.get(code));
      return { type: "Feature", properties: { code }, geometry: { type: geometry.type, coordinates: move(geometry.coordinates) } };
    });
  }
}

/** @param {number[]} place */
function keyOf([lon, lat]) {
  return `${Math.round(lon * STEPS)},${Math.round(lat * STEPS)}`;
}

/** @param {number} a @param {number} b */
function edgeOf(a, b) {
  return a < b ? a * PAIR + b : b * PAIR + a;
}

/** @param {number[]} place @param {number[]} box @param {number} reach */
function within([lon, lat], [west, south, east, north], reach) {
  return lon >= west - reach && lon <= east + reach && lat >= south - reach && lat <= north + reach;
}
