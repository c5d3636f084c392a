// The state of a page lives in its address, so that a link shows a colleague the same and Back works.

/** @type {Set<(state: URLSearchParams) => void>} */
const listeners = new Set();

/** The state as the address has it now. */
export function read() {
  return new URLSearchParams(location.search);
}

/**
 * @param {Record<string, string|number|null|undefined>} changes Null and empty take a name out.
 * @param {{remember?: boolean}} [options] Whether Back returns to what is there now.
 */
export function write(changes, { remember = false } = {}) {
  const state = read();
  for (const [name, value] of Object.entries(changes)) {
    if (value === null || value === undefined || value === "") state.delete(name);
    else state.set(name, String(value));
  }
  // Commas and colons are plain in a query; links that people read stay readable.
  const query = state.toString().replace(/%2C/gi, ",").replace(/%3A/gi, ":");
  const address = location.pathname + (query ? `?${query}` : "");
  if (address === location.pathname + location.search) return;
  history[remember ? "pushState" : "replaceState"](null, "", address);
}

/**
 * Call on Back and Forward.
 * @param {(state: URLSearchParams) => void} listener
 */
export function onBack(listener) {
  listeners.add(listener);
}

window.addEventListener("popstate", () => {
  const state = read();
  for (const listener of listeners) listener(state);
});

/**
 * A view of the map as text: longitude, latitude, zoom.
 * @param {{lng: number, lat: number}} centre
 * @param {number} zoom
 */
export function viewText(centre, zoom) {
  return `${centre.lng.toFixed(5)},${centre.lat.toFixed(5)},${zoom.toFixed(2)}`;
}

/**
 * @param {string|null} text
 * @returns {{center: [number, number], zoom: number}|null}
 */
export function parseView(text) {
  const numbers = (text ?? "").split(",").map(Number);
  if (numbers.length !== 3 || !numbers.every(Number.isFinite)) return null;
  const [lon, lat, zoom] = numbers;
  if (Math.abs(lon) > 180 || Math.abs(lat) > 85 || zoom < 0 || zoom > 24) return null;
  return { center: [lon, lat], zoom };
}

/**
 * A place as text: longitude, latitude.
 * @param {string|null} text
 * @returns {[number, number]|null}
 */
export function parsePlace(text) {
  const numbers = (text ?? "").split(",").map((part) => (part.trim() === "" ? NaN : Number(part)));
  if (numbers.length !== 2 || !numbers.every(Number.isFinite)) return null;
  const [lon, lat] = numbers;
  return Math.abs(lon) <= 180 && Math.abs(lat) <= 90 ? [lon, lat] : null;
}
