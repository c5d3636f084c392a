// How the units look on the map. Colours come from tokens.css and are read again when the theme changes.
import { LEVELS } from "../core/levels.js";
import { colour } from "../core/theme.js";
import { HATCH } from "./hatch.js";

/** Drawn by the browser from the fonts it has: there is no glyph server. */
export const FONTS = ["Noto Sans CJK SC", "PingFang SC", "Microsoft YaHei", "system-ui", "sans-serif"];
// The weight is read from the first name; the families that follow are drawn in it too.
export const BOLD = [`${FONTS[0]} Medium`, ...FONTS];

// As many letters of a name as fit beside others on a map; the sheets show the whole.
const LABEL = 40;

/** The name of a unit as a label, cut where it would cover the map. Its text is data: never a template with tokens. */
export const NAME = [
  "let", "name", ["coalesce", ["get", "name"], ""],
  ["case", [">", ["length", ["var", "name"]], LABEL], ["concat", ["slice", ["var", "name"], 0, LABEL - 1], "…"], ["var", "name"]],
];

/** Why land belongs to no grid, as a label. */
const REASON = [
  "let", "reason", ["coalesce", ["get", "reason"], ""],
  ["case", [">", ["length", ["var", "reason"]], LABEL], ["concat", ["slice", ["var", "reason"], 0, LABEL - 1], "…"], ["var", "reason"]],
];

const WIDTHS = { grid: 1, community: 1.5, street: 2.5, district: 3 };

/**
 * Full width from zoom 12; thinner where whole districts are on screen, so that lines do not run together.
 * @param {string} level
 */
function width(level) {
  const full = WIDTHS[level];
  return ["interpolate", ["linear"], ["zoom"], 8, full * 0.35, 10, full * 0.6, 12, full];
}

/** @param {string} level */
function line(level) {
  return {
    id: `${level}-line`,
    type: "line",
    source: "units",
    "source-layer": level,
    layout: { "line-join": "round" },
    paint: { "line-color": colour(`map-${level}`), "line-width": width(level) },
  };
}

/**
 * @param {string} level
 * @param {{minzoom: number, maxzoom?: number, size: any, faint?: boolean, field?: any, bold?: boolean}} options
 */
function label(level, { minzoom, maxzoom = 24, size, faint, field, bold }) {
  return {
    id: `${level}-label`,
    type: "symbol",
    source: "units",
    "source-layer": `${level}_label`,
    minzoom,
    maxzoom,
    layout: {
      "text-field": field ?? NAME,
      "text-font": bold ? BOLD : FONTS,
      "text-size": size,
      "text-max-width": 8,
      "text-padding": 4,
      // Where there is not room for all, the larger unit keeps its name.
      "symbol-sort-key": ["-", 0, ["get", "area_m2"]],
    },
    paint: {
      "text-color": colour(faint ? "map-label-faint" : "map-label"),
      "text-halo-color": colour("map-halo"),
      "text-halo-width": 1.4,
    },
  };
}

/** Layers of the units, bottom to top. */
export function unitLayers() {
  const none = ["==", ["get", "code"], ""];
  return [
    {
      id: "land",
      type: "fill",
      source: "units",
      "source-layer": "district",
      paint: { "fill-color": colour("map-land"), "fill-antialias": false },
    },
    {
      id: "dedicated",
      type: "fill",
      source: "units",
      "source-layer": "grid",
      filter: ["==", ["get", "kind"], "dedicated"],
      paint: { "fill-color": colour("map-dedicated"), "fill-antialias": false },
    },
    {
      id: "excluded",
      type: "fill",
      source: "units",
      "source-layer": "excluded",
      paint: { "fill-pattern": HATCH, "fill-antialias": false },
    },
    {
      id: "excluded-line",
      type: "line",
      source: "units",
      "source-layer": "excluded",
      layout: { "line-join": "round" },
      paint: { "line-color": colour("map-excluded-line"), "line-width": width("grid"), "line-dasharray": [4, 2] },
    },
    {
      id: "grid-hit",
      type: "fill",
      source: "units",
      "source-layer": "grid",
      paint: {
        "fill-color": colour("map-hover"),
        "fill-antialias": false,
        "fill-opacity": ["case", ["boolean", ["feature-state", "hover"], false], 0.1, 0],
      },
    },
    ...LEVELS.map((level) => ({
      id: `${level}-chosen-fill`,
      type: "fill",
      source: "units",
      "source-layer": level,
      filter: none,
      paint: { "fill-color": colour("map-selected"), "fill-opacity": 0.14, "fill-antialias": false },
    })),
    ...[...LEVELS].reverse().map(line),
    ...LEVELS.map((level) => ({
      id: `${level}-chosen-line`,
      type: "line",
      source: "units",
      "source-layer": level,
      filter: none,
      layout: { "line-join": "round" },
      paint: { "line-color": colour("map-selected"), "line-width": 3 },
    })),
    label("grid", {
      minzoom: 13,
      size: 12,
      faint: true,
      field: [
        "step",
        ["zoom"],
        NAME,
        14,
        ["concat", NAME, "\n", ["slice", ["get", "code"], ["-", ["length", ["get", "code"]], 3]]],
      ],
    }),
    label("excluded", { minzoom: 12, size: 12, faint: true, field: REASON }),
    label("community", { minzoom: 11.5, maxzoom: 15, size: 13 }),
    label("street", { minzoom: 8, maxzoom: 13, size: ["interpolate", ["linear"], ["zoom"], 8, 12, 12, 16], bold: true }),
  ];
}

/**
 * The whole style.
 * @param {{tiles: string[], minzoom: number, maxzoom: number, bounds?: number[]}|null} units
 * @param {{url: string, attribution: string}|null|undefined} basemap
 */
export function style(units, basemap) {
  /** @type {Record<string, any>} */
  const sources = {};
  const layers = [{ id: "ground", type: "background", paint: { "background-color": colour("map-ground") } }];
  if (basemap) {
    const address = basemap.url.startsWith("/") ? location.origin + basemap.url : basemap.url;
    sources.basemap = { type: "raster", tiles: [address], tileSize: 256, attribution: basemap.attribution };
    layers.push({ id: "basemap", type: "raster", source: "basemap", paint: {} });
  }
  if (units) {
    sources.units = {
      type: "vector",
      tiles: units.tiles,
      minzoom: units.minzoom,
      maxzoom: units.maxzoom,
      bounds: units.bounds,
      promoteId: "code",
    };
    // Over a base map the land must not hide what one wants to see under the lines.
    layers.push(...unitLayers().filter((layer) => !basemap || !["land", "dedicated"].includes(layer.id)));
  }
  return { version: 8, sources, layers };
}
