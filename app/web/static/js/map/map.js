// The map of every page: units by tiles, controls, the view in the address, colours of the theme.
import * as maplibregl from "maplibre-gl";
import { onBack, parseView, read, viewText, write } from "../core/url_state.js";
import { ask } from "../core/api.js";
import { at, boot } from "../core/boot.js";
import { el, fill, settled } from "../core/dom.js";
import { t } from "../core/i18n.js";
import { empty } from "../core/states.js";
import { onTheme } from "../core/theme.js";
import { editionShown } from "../shell/shell.js";
import { hatch } from "./hatch.js";
import { LEVELS } from "../core/levels.js";
import { FONTS, style } from "./style.js";

export { maplibregl };

/** @type {any} */
let made = null;

/** The map of the page once it is made: for the console of a developer, and for tests. */
export function mapOf() {
  return made;
}

/**
 * @typedef {object} UnitMap
 * @property {any} map The MapLibre map.
 * @property {[number, number, number, number]|null} bounds Of everything that there is.
 * @property {(level: string|null, code: string|null) => void} choose Emphasise one unit, or none.
 * @property {(layers: () => any[]) => void} restyle Layers of the page itself, put back after the theme changed.
 */

/**
 * @param {HTMLElement} container
 * @param {() => {top: number, right: number, bottom: number, left: number}} room What the sheets leave free.
 * @returns {Promise<UnitMap|null>} null where the browser cannot draw one; the lists work on.
 */
export async function makeMap(container, room) {
  const edition = editionShown();
  const units = edition === null ? null : await ask("/maps/tiles/units.json", { query: { edition } });
  if (units) {
    // Behind a proxy the server may not know the name it is reached by; the browser does.
    units.tiles = units.tiles.map(
      (/** @type {string} */ address) => location.origin + at(address.slice(address.lastIndexOf("/maps/tiles/"))),
    );
  }
  const view = parseView(read().get("view"));
  const bounds = units ? unwrapped(units.view ?? units.bounds) : null;
  let map;
  try {
    map = new maplibregl.Map({
      container,
      style: style(units, boot.basemap),
      ...(view ?? (bounds ? { bounds, fitBoundsOptions: { padding: room() } } : { center: [120, 36], zoom: 8 })),
      maxZoom: 20,
      minZoom: 3,
      dragRotate: false,
      pitchWithRotate: false,
      touchPitch: false,
      // Across the 180th meridian one half of a district lies in the next copy of the world.
      renderWorldCopies: bounds !== null && bounds[2] > 180,
      fadeDuration: 100,
      attributionControl: boot.basemap?.attribution ? { compact: true } : false,
      localIdeographFontFamily: FONTS.join(","),
      locale: {
        "Map.Title": t("map.label"),
        "NavigationControl.ZoomIn": t("map.in"),
        "NavigationControl.ZoomOut": t("map.out"),
        "GeolocateControl.FindMyLocation": t("map.here"),
        "GeolocateControl.LocationNotAvailable": t("map.nowhere"),
      },
    });
  } catch (error) {
    console.error(error);
    fill(
      container,
      el("div", { class: "map-failure" }, empty({ icon: "alert", title: t("map.failed"), text: t("map.failed.meaning") })),
    );
    return null;
  }
  made = map;
  hatch(map);
  map.once("idle", () => (container.dataset.ready = "true"));
  map.on("error", (/** @type {any} */ event) => console.error(event.error?.message ?? event));
  map.touchZoomRotate.disableRotation();
  map.keyboard.disableRotation();
  map.addControl(new maplibregl.NavigationControl({ showCompass: false }), "bottom-right");
  map.addControl(new maplibregl.GeolocateControl({ fitBoundsOptions: { maxZoom: 15 } }), "bottom-right");
  map.addControl(new maplibregl.ScaleControl({ maxWidth: 96, unit: "metric" }), "bottom-right");
  const keep = () => write({ view: viewText(map.getCenter(), map.getZoom()) });
  map.on("moveend", settled(keep, 100));
  // From the beginning, so that reloading and coming back find the same view.
  keep();
  onBack((state) => {
    const back = parseView(state.get("view"));
    if (back && state.get("view") !== viewText(map.getCenter(), map.getZoom())) map.jumpTo(back);
  });

  /** @type {[string|null, string|null]} */
  let chosen = [null, null];
  /** @type {() => any[]} */
  let own = () => [];

  const choose = (/** @type {string|null} */ level, /** @type {string|null} */ code) => {
    chosen = [level, code];
    if (!units) return;
    for (const each of LEVELS) {
      const filter = ["==", ["get", "code"], each === level ? (code ?? "") : ""];
      map.setFilter(`${each}-chosen-fill`, filter);
      map.setFilter(`${each}-chosen-line`, filter);
    }
  };
  onTheme(() => {
    for (const layer of [...style(units, boot.basemap).layers, ...own()]) {
      if (!map.getLayer(layer.id)) continue;
      for (const [name, value] of Object.entries(layer.paint ?? {})) map.setPaintProperty(layer.id, name, value);
    }
  });
  await new Promise((resolve) => (map.isStyleLoaded() ? resolve(null) : map.once("style.load", resolve)));
  choose(...chosen);
  return { map, bounds, choose, restyle: (layers) => (own = layers) };
}

/**
 * A box with west beyond east goes across the 180th meridian: its east is in the next copy of the world.
 * @param {number[]|undefined} box
 * @returns {any}
 */
export function unwrapped(box) {
  if (!box) return null;
  const [west, south, east, north] = box;
  return west > east ? [west, south, east + 360, north] : box;
}

/**
 * West, south, east, north of what a map shows, as the service takes them: west beyond east across the 180th meridian.
 * @param {number[]} box
 */
export function asked([west, south, east, north]) {
  const named = (/** @type {number} */ lon) => ((((lon + 180) % 360) + 360) % 360) - 180;
  const box = east - west >= 360 ? [-180, south, 180, north] : west < -180 || east > 180 ? [named(west), south, named(east), north] : [west, south, east, north];
  return box.map((value) => value.toFixed(6)).join(",");
}

/**
 * Show a box between the sheets.
 * @param {UnitMap} unitMap
 * @param {number[]} bbox
 * @param {{top: number, right: number, bottom: number, left: number}} padding
 */
export function showBox({ map }, bbox, padding) {
  const quiet = matchMedia("(prefers-reduced-motion: reduce)").matches;
  map.fitBounds(unwrapped(bbox), { padding, maxZoom: 17, duration: quiet ? 0 : 600 });
}

/**
 * Bring a place between the sheets, near enough to tell things apart.
 * @param {UnitMap} unitMap
 * @param {[number, number]} place
 * @param {{top: number, right: number, bottom: number, left: number}} padding
 * @param {number} [zoom] The least zoom.
 */
export function showPlace({ map }, place, padding, zoom = 14) {
  const quiet = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const offset = [(padding.left - padding.right) / 2, (padding.top - padding.bottom) / 2];
  map.easeTo({ center: place, zoom: Math.max(map.getZoom(), zoom), offset, duration: quiet ? 0 : 600 });
}

/**
 * Whether a place is on screen and not under a sheet.
 * @param {UnitMap} unitMap
 * @param {[number, number]} place
 * @param {{top: number, right: number, bottom: number, left: number}} padding
 */
export function inSight({ map }, place, padding) {
  const { x, y } = map.project(place);
  const { clientWidth: w, clientHeight: h } = map.getContainer();
  return x > padding.left && x < w - padding.right && y > padding.top && y < h - padding.bottom;
}
