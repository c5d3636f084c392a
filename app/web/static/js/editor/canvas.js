// The draft on the map: only what changed is sent to the renderer again.
import { onTheme } from "../core/theme.js";
import { drawMarks } from "../dispatch/layers.js";
import { draftLayers, REPLACED } from "./layers.js";

const EMPTY = { type: "FeatureCollection", features: [] };
const SOURCES = {
  "draft-grids": "code",
  "draft-borders": "id",
  "draft-labels": "code",
  "draft-live": null,
  "draft-vertices": null,
  "draft-marks": null,
};

export class Canvas {
  /** @type {Map<string, string[]>} Borders drawn, by the grid that owns them. */
  #borders = new Map();
  /** @type {Set<string>} */
  #labels = new Set();
  /** @type {import("./coverage.js").Coverage|null} */
  #coverage = null;

  /**
   * @param {import("../map/map.js").UnitMap} unitMap
   * @param {(a: string, b: string|null) => string} levelOf The level of a border between two communities.
   */
  constructor(unitMap, levelOf) {
    this.map = unitMap.map;
    this.levelOf = levelOf;
    for (const [name, id] of Object.entries(SOURCES)) {
      this.map.addSource(name, { type: "geojson", data: EMPTY, maxzoom: 20, ...(id ? { promoteId: id } : {}) });
    }
    drawMarks(this.map);
    // Below the names of streets and communities.
    const before = this.map.getLayer("community-label") ? "community-label" : undefined;
    for (const layer of draftLayers()) this.map.addLayer(layer, ["draft-vertices", "draft-marks"].includes(layer.id) ? undefined : before);
    unitMap.restyle(draftLayers);
    onTheme(() => drawMarks(this.map));
  }

  /** Whether the published edition or the draft is drawn. @param {boolean} on */
  draw(on) {
    for (const id of REPLACED) {
      if (this.map.getLayer(id)) this.map.setLayoutProperty(id, "visibility", on ? "none" : "visible");
    }
    if (on) return;
    for (const name of Object.keys(SOURCES)) this.map.getSource(name).setData(EMPTY);
    for (const name of ["draft-grids", "draft-borders"]) this.map.removeFeatureState({ source: name });
  }

  /** All of a draft. @param {import("./coverage.js").Coverage} coverage */
  load(coverage) {
    this.#coverage = coverage;
    this.#borders.clear();
    const codes = [...coverage.grids.keys()];
    this.#labels = new Set(codes);
    const borders = codes.flatMap((code) => this.#bordersOf(code));
    this.map.getSource("draft-grids").setData(collection(codes.map((code) => this.#grid(code))));
    this.map.getSource("draft-borders").setData(collection(borders));
    this.map.getSource("draft-labels").setData(collection(codes.map((code) => this.#label(code))));
    for (const name of ["draft-grids", "draft-borders"]) this.map.removeFeatureState({ source: name });
  }

  /** What a step changed. @param {{changed: Set<string>, gone: Set<string>, redrawn: Set<string>}} step */
  update({ changed, gone, redrawn }) {
    const coverage = /** @type {import("./coverage.js").Coverage} */ (this.#coverage);
    const former = [...redrawn].flatMap((code) => this.#borders.get(code) ?? []);
    for (const code of redrawn) this.#borders.delete(code);
    const here = [...redrawn].filter((code) => coverage.grids.has(code));
    const put = [...changed].filter((code) => coverage.grids.has(code));
    const leave = [...changed, ...gone];
    this.map.getSource("draft-grids").updateData({ remove: leave, add: put.map((code) => this.#grid(code)) });
    this.map.getSource("draft-borders").updateData({ remove: former, add: here.flatMap((code) => this.#bordersOf(code)) });
    this.map.getSource("draft-labels").updateData({ remove: leave.filter((c) => this.#labels.has(c)), add: put.map((code) => this.#label(code)) });
    for (const code of gone) this.#labels.delete(code);
    for (const code of put) this.#labels.add(code);
  }

  /** Shapes drawn over the others while something moves. @param {any[]} features @param {Iterable<string>} codes Whose own shapes are hidden. */
  live(features, codes = []) {
    this.map.getSource("draft-live").setData(collection(features));
    const hidden = new Set(codes);
    for (const code of this.#hidden) if (!hidden.has(code)) this.#hide(code, false);
    for (const code of hidden) if (!this.#hidden.has(code)) this.#hide(code, true);
    this.#hidden = hidden;
  }

  /** @type {Set<string>} */
  #hidden = new Set();

  /** @param {string} code @param {boolean} moving */
  #hide(code, moving) {
    this.map.setFeatureState({ source: "draft-grids", id: code }, { moving });
    for (const [owner, ids] of this.#borders) {
      for (const id of ids) {
        if (owner === code || id.startsWith(`${owner}|${code}|`)) this.map.setFeatureState({ source: "draft-borders", id }, { moving });
      }
    }
  }

  /** @param {{place: number[], role: string}[]} vertices */
  vertices(vertices) {
    this.map.getSource("draft-vertices").setData(collection(vertices.map(({ place, role }) => point(place, { role }))));
  }

  /** Signs where something is wrong. @param {{place: number[], tone: "bad"|"warn"}[]} places */
  marks(places) {
    this.map.getSource("draft-marks").setData(collection(places.map(({ place, tone }) => point(place, { tone }))));
  }

  /** @param {string} code @param {Record<string, any>} state */
  state(code, state) {
    this.map.setFeatureState({ source: "draft-grids", id: code }, state);
  }

  /** @param {string} code */
  #grid(code) {
    const { name, community, kind, change, geometry } = this.#of(code);
    return { type: "Feature", properties: { code, name, community, kind, change }, geometry };
  }

  /** @param {string} code */
  #label(code) {
    const { name, kind, label } = this.#of(code);
    return point(label, { code, name, kind });
  }

  /** @param {string} code */
  #bordersOf(code) {
    const coverage = /** @type {import("./coverage.js").Coverage} */ (this.#coverage);
    const borders = coverage.borders.get(code) ?? [];
    this.#borders.set(code, borders.map(({ id }) => id));
    const own = this.#of(code);
    const levelOf = (/** @type {string|null} */ other) => {
      const beyond = other === null ? null : this.#of(other);
      // Along land that belongs to no grid runs a border of grids, whatever lies on the other side.
      if (own.kind === "excluded" || beyond?.kind === "excluded") return "grid";
      return this.levelOf(own.community, beyond?.community ?? null);
    };
    return borders.map(({ id, other, line }) => ({
      type: "Feature",
      properties: { id, level: levelOf(other) },
      geometry: { type: "LineString", coordinates: line },
    }));
  }

  /** @param {string} code @returns {import("./coverage.js").Grid} */
  #of(code) {
    return /** @type {any} */ (this.#coverage?.grids.get(code));
  }
}

/** @param {any[]} features */
function collection(features) {
  return { type: "FeatureCollection", features };
}

/** @param {number[]} place @param {Record<string, any>} properties */
function point(place, properties) {
  return { type: "Feature", properties, geometry: { type: "Point", coordinates: place } };
}
