// What a drawing means: the operation that the server is asked for, or what is still missing to say it.
import { holds } from "./shapes.js";

/** @typedef {import("./shapes.js").Place} Place */
/** @typedef {import("./coverage.js").Coverage} Coverage */

/**
 * @typedef {object} Tool
 * @property {string} id
 * @property {"line"|"area"|null} kind What is drawn with it.
 * @property {string} key
 * @property {string} icon
 */

/** @type {Tool[]} */
export const TOOLS = [
  { id: "select", kind: null, key: "v", icon: "pointer" },
  { id: "split", kind: "line", key: "s", icon: "split" },
  { id: "cut", kind: "area", key: "c", icon: "cut" },
  { id: "reshape", kind: "line", key: "r", icon: "reshape" },
  { id: "transfer", kind: "area", key: "t", icon: "transfer" },
  { id: "vertex", kind: null, key: "x", icon: "vertex" },
  { id: "add", kind: "area", key: "a", icon: "add" },
  { id: "exclude", kind: "area", key: "e", icon: "exclude" },
];

/**
 * @param {string} tool
 * @param {Place[]} places A ring is closed.
 * @param {{selected: string[], coverage: Coverage, community?: string, reason?: string}} given
 * @returns {{operation?: Record<string, any>, need?: string}} `need`: key of the words that say what is missing.
 */
export function meaning(tool, places, { selected, coverage, community, reason }) {
  const line = { type: "LineString", coordinates: places };
  const area = { type: "Polygon", coordinates: [places] };
  if (tool === "split" || tool === "cut") {
    const by = tool === "split" ? line : area;
    const grid = selected.length === 1 ? selected[0] : mostly(places, coverage, tool === "cut");
    return grid ? { operation: { op: "split", grid, by } } : { need: "editor.need.split" };
  }
  if (tool === "reshape") {
    return { operation: { op: "reshape", line, ...(selected.length > 1 ? { grids: selected } : {}) } };
  }
  if (tool === "transfer") {
    return selected.length === 1 ? { operation: { op: "transfer", area, to: selected[0] } } : { need: "editor.need.transfer" };
  }
  if (tool === "add") {
    // Land that nobody owns goes to the one selected grid, or becomes a grid of the community that was chosen.
    if (community) return { operation: { op: "add", area, community } };
    return selected.length === 1 ? { operation: { op: "add", area, to: selected[0] } } : { need: "editor.need.add" };
  }
  if (tool === "exclude") {
    return reason?.trim() ? { operation: { op: "exclude", area, reason: reason.trim() } } : { need: "editor.need.exclude" };
  }
  return {};
}

/**
 * The grid that holds most of what was drawn.
 * @param {Place[]} places @param {Coverage} coverage @param {boolean} closed
 */
function mostly(places, coverage, closed) {
  /** @type {Map<string, number>} */
  const votes = new Map();
  const vote = (/** @type {number[]} */ place) => {
    const code = coverage.at(place);
    if (code && coverage.grids.get(code)?.kind !== "excluded") votes.set(code, (votes.get(code) ?? 0) + 1);
  };
  for (let i = 1; i < places.length; i++) {
    const [a, b] = [places[i - 1], places[i]];
    for (const part of [0.1, 0.3, 0.5, 0.7, 0.9]) vote([a[0] + (b[0] - a[0]) * part, a[1] + (b[1] - a[1]) * part]);
  }
  if (closed && !votes.size) {
    // Larger than what it is to cut: the grids inside it are meant.
    for (const grid of coverage.grids.values()) if (grid.kind !== "excluded" && holds([places], grid.label)) votes.set(grid.code, 1);
  }
  return [...votes].sort((a, b) => b[1] - a[1])[0]?.[0] ?? null;
}

/**
 * Coordinates as people type or paste them: a line each, longitude and latitude with anything between.
 * @param {string} text
 * @param {boolean} closed Whether they are a ring.
 * @returns {Place[]|null} null when a line cannot be read.
 */
export function parsePlaces(text, closed) {
  const lines = text.split(/\n/).map((line) => line.trim()).filter(Boolean);
  const places = lines.map((line) => line.split(/[^-+.\d]+/).filter(Boolean).map(Number));
  if (places.some((place) => place.length !== 2 || !place.every(Number.isFinite))) return null;
  if (places.some(([lon, lat]) => Math.abs(lon) > 180 || Math.abs(lat) > 90)) return null;
  if (places.length < (closed ? 3 : 2)) return null;
  const ring = /** @type {Place[]} */ (places);
  if (closed && (ring[0][0] !== ring.at(-1)?.[0] || ring[0][1] !== ring.at(-1)?.[1])) ring.push(ring[0]);
  return ring;
}

/** @param {Place[]} places @param {boolean} closed */
export function placesText(places, closed) {
  return (closed ? places.slice(0, -1) : places).map((place) => place.map((v) => v.toFixed(7)).join(", ")).join("\n");
}
