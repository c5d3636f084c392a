// Drawing lines and areas on the map with Terra Draw, meeting vertices and borders of the draft exactly.
import { TerraDraw, TerraDrawLineStringMode, TerraDrawPolygonMode, TerraDrawRenderMode } from "terra-draw";
import { TerraDrawMapLibreGLAdapter } from "terra-draw-maplibre-gl-adapter";
import { colour, onTheme } from "../core/theme.js";
import { onLattice } from "./shapes.js";

/** Within so many pixels what is drawn jumps to a vertex or border. */
export const SNAP_PX = 10;

/** @typedef {import("./shapes.js").Place} Place */

export class Drawing {
  /** @type {"line"|"area"|null} */
  kind = null;
  /** @type {string|number|null} The feature that was finished last. */
  #finished = null;

  /**
   * @param {any} map
   * @param {(place: number[], reach: number) => Place|null} snap
   * @param {(places: Place[]) => void} done
   */
  constructor(map, snap, done) {
    this.map = map;
    this.done = done;
    const snapping = {
      toCustom: (/** @type {any} */ event) => snap([event.lng, event.lat], reachOf(map, event.lat)) ?? undefined,
    };
    const common = { snapping, pointerDistance: 12, showCoordinatePoints: true };
    this.draw = new TerraDraw({
      adapter: new TerraDrawMapLibreGLAdapter({ map, coordinatePrecision: 9 }),
      modes: [
        new TerraDrawLineStringMode({ ...common, modeName: "line", styles: lineStyles() }),
        new TerraDrawPolygonMode({ ...common, modeName: "area", styles: areaStyles() }),
        new TerraDrawRenderMode({ modeName: "idle", styles: {} }),
      ],
    });
    this.draw.start();
    this.draw.setMode("idle");
    this.draw.on("finish", (/** @type {any} */ id) => {
      this.#finished = id;
      done(this.places);
    });
    onTheme(() => {
      this.draw.updateModeOptions("line", { styles: lineStyles() });
      this.draw.updateModeOptions("area", { styles: areaStyles() });
    });
  }

  /** What was drawn and finished. @returns {Place[]} */
  get places() {
    const feature = this.#finished === null ? null : this.draw.getSnapshotFeature(this.#finished);
    if (!feature) return [];
    const { type, coordinates } = /** @type {any} */ (feature.geometry);
    return (type === "Polygon" ? coordinates[0] : coordinates).map(onLattice);
  }

  /** Whether something is being drawn that is not finished. */
  get underway() {
    return this.draw.getModeState() === "drawing";
  }

  /** @param {"line"|"area"|null} kind */
  start(kind) {
    this.clear();
    this.kind = kind;
    this.draw.setMode(kind ?? "idle");
  }

  /** Show what was typed or kept, as if it had been drawn. @param {Place[]} places */
  put(places) {
    this.clear();
    if (!this.kind || places.length < (this.kind === "line" ? 2 : 4)) return;
    const geometry =
      this.kind === "line" ? { type: "LineString", coordinates: places } : { type: "Polygon", coordinates: [places] };
    const [added] = this.draw.addFeatures([{ type: "Feature", properties: { mode: this.kind }, geometry }]);
    if (added?.valid) this.#finished = added.id ?? null;
  }

  /** Take away all that was drawn; the tool stays. */
  clear() {
    this.#finished = null;
    const mode = this.kind ?? "idle";
    // Leaving the mode ends what is being drawn.
    this.draw.setMode("idle");
    this.draw.clear();
    this.draw.setMode(mode);
  }
}

/** How far so many pixels reach, in degrees of latitude. @param {any} map @param {number} lat @param {number} [px] */
export function reachOf(map, lat, px = SNAP_PX) {
  return (px * 360 * Math.cos((lat * Math.PI) / 180)) / (512 * 2 ** map.getZoom());
}

function lineStyles() {
  return {
    lineStringColor: colour("map-drawn"),
    lineStringWidth: 3,
    ...points(),
  };
}

function areaStyles() {
  return {
    fillColor: colour("map-drawn"),
    fillOpacity: 0.15,
    outlineColor: colour("map-drawn"),
    outlineWidth: 3,
    ...points(),
  };
}

function points() {
  /** @type {Record<string, any>} */
  const styles = {};
  for (const name of ["closingPoint", "snappingPoint", "coordinatePoint"]) {
    styles[`${name}Color`] = colour("map-halo");
    styles[`${name}Width`] = name === "coordinatePoint" ? 4 : 5;
    styles[`${name}OutlineColor`] = colour("map-drawn");
    styles[`${name}OutlineWidth`] = 2;
  }
  return styles;
}
