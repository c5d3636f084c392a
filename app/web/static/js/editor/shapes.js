// Plane geometry of drawn things, in degrees: rings of a shape, what contains a place, what lies nearest to it.

/** Coordinates are whole numbers of this part of a degree. */
export const STEPS = 1e7;

/** @typedef {[number, number]} Place Longitude, latitude. */

/** @param {number[]} place @returns {Place} */
export function onLattice([lon, lat]) {
  return [Math.round(lon * STEPS) / STEPS, Math.round(lat * STEPS) / STEPS];
}

/** @param {number[]} a @param {number[]} b */
export function samePlace(a, b) {
  return Math.round(a[0] * STEPS) === Math.round(b[0] * STEPS) && Math.round(a[1] * STEPS) === Math.round(b[1] * STEPS);
}

/**
 * Every ring of a polygon or of several, closed as GeoJSON has them.
 * @param {{type: string, coordinates: any}} geometry
 * @returns {Place[][]}
 */
export function ringsOf({ type, coordinates }) {
  return type === "Polygon" ? coordinates : coordinates.flat();
}

/** @param {{type: string, coordinates: any}} geometry @returns {[number, number, number, number]} */
export function boxOf(geometry) {
  let [west, south, east, north] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const ring of ringsOf(geometry)) {
    for (const [lon, lat] of ring) {
      if (lon < west) west = lon;
      if (lon > east) east = lon;
      if (lat < south) south = lat;
      if (lat > north) north = lat;
    }
  }
  if (east - west > 180) {
    // In parts on both sides of the 180th meridian.
    const turned = ringsOf(geometry).flat().map(([lon]) => (lon < 0 ? lon + 360 : lon));
    [west, east] = [turned.reduce((a, b) => Math.min(a, b)), turned.reduce((a, b) => Math.max(a, b))];
  }
  return [west, south, east, north];
}

/** @param {[number, number, number, number][]} boxes */
export function boxAround(boxes) {
  return boxes.reduce((a, b) => [Math.min(a[0], b[0]), Math.min(a[1], b[1]), Math.max(a[2], b[2]), Math.max(a[3], b[3])]);
}

/**
 * Whether a shape holds a place (even-odd over all its rings, so holes count).
 * @param {Place[][]} rings
 * @param {number[]} place
 */
export function holds(rings, [lon, lat]) {
  let inside = false;
  for (const ring of rings) {
    for (let i = 0, j = ring.length - 1; i < ring.length; j = i++) {
      const [x1, y1] = ring[i];
      const [x2, y2] = ring[j];
      if (y1 > lat !== y2 > lat && lon < ((x2 - x1) * (lat - y1)) / (y2 - y1) + x1) inside = !inside;
    }
  }
  return inside;
}

/**
 * The place on a segment nearest to another, with longitudes shrunk so that distances are true nearby.
 * @param {number[]} p @param {number[]} a @param {number[]} b @param {number} shrink Cosine of the latitude.
 * @returns {{place: Place, distance: number}} Distance in degrees of latitude.
 */
export function nearestOn(p, a, b, shrink) {
  const [dx, dy] = [(b[0] - a[0]) * shrink, b[1] - a[1]];
  const [px, py] = [(p[0] - a[0]) * shrink, p[1] - a[1]];
  const whole = dx * dx + dy * dy;
  const part = whole ? Math.max(0, Math.min(1, (px * dx + py * dy) / whole)) : 0;
  const place = /** @type {Place} */ ([a[0] + (b[0] - a[0]) * part, a[1] + (b[1] - a[1]) * part]);
  return { place, distance: Math.hypot(px - dx * part, py - dy * part) };
}

/**
 * A place well inside a shape, for its label: the middle of the widest stretch at the height of its middle.
 * @param {{type: string, coordinates: any}} geometry
 * @returns {Place}
 */
export function labelPlace(geometry) {
  const rings = ringsOf(geometry);
  const outer = rings.reduce((a, b) => (Math.abs(signed(b)) > Math.abs(signed(a)) ? b : a));
  const ys = outer.map((p) => p[1]);
  const lat = (Math.min(...ys) + Math.max(...ys)) / 2 + 1e-9;
  /** @type {number[]} */
  const crossings = [];
  for (const ring of rings) {
    for (let i = 1; i < ring.length; i++) {
      const [a, b] = [ring[i - 1], ring[i]];
      if (a[1] > lat !== b[1] > lat) crossings.push(a[0] + ((lat - a[1]) * (b[0] - a[0])) / (b[1] - a[1]));
    }
  }
  crossings.sort((a, b) => a - b);
  let [best, width] = [outer[0][0], -1];
  for (let i = 1; i < crossings.length; i += 2) {
    if (crossings[i] - crossings[i - 1] > width) {
      width = crossings[i] - crossings[i - 1];
      best = (crossings[i] + crossings[i - 1]) / 2;
    }
  }
  return [best, lat];
}

/** Twice the signed area of a ring. @param {Place[]} ring */
function signed(ring) {
  let sum = 0;
  for (let i = 1; i < ring.length; i++) sum += ring[i - 1][0] * ring[i][1] - ring[i][0] * ring[i - 1][1];
  return sum;
}
