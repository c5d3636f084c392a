// How a draft looks on the map, bottom to top. Colours come from tokens.css and are read again when the theme changes.
import { LEVELS } from "../core/levels.js";
import { colour } from "../core/theme.js";
import { HATCH } from "../map/hatch.js";
import { FONTS, NAME } from "../map/style.js";

/** Classes of load against the mean of the community, from far less to far more. */
export const LOAD_CLASSES = 5;

/** What the published edition draws and the draft draws itself, so that no former border stands beside a new one. */
export const REPLACED = [
  "dedicated", "grid-hit", "grid-line", "community-line", "street-line", "district-line", "grid-label",
  "excluded", "excluded-line", "excluded-label",
  ...[...LEVELS].reverse().flatMap((level) => [`${level}-chosen-fill`, `${level}-chosen-line`]),
];

const moving = ["boolean", ["feature-state", "moving"], false];
const unlessMoving = (/** @type {any} */ value) => ["case", moving, 0, value];
const widths = { grid: 1, community: 1.5, street: 2.5, district: 3 };

/** @param {keyof typeof widths} level */
function border(level) {
  const full = widths[level];
  return {
    id: `draft-${level}-line`,
    type: "line",
    source: "draft-borders",
    filter: ["==", ["get", "level"], level],
    layout: { "line-join": "round", "line-cap": "round" },
    paint: {
      "line-color": colour(`map-${level}`),
      "line-width": ["interpolate", ["linear"], ["zoom"], 8, full * 0.35, 10, full * 0.6, 12, full],
      "line-opacity": unlessMoving(1),
    },
  };
}

/** The layers of a draft. */
export function draftLayers() {
  const load = ["coalesce", ["feature-state", "load"], -1];
  const classes = Array.from({ length: LOAD_CLASSES }, (_, i) => [i, colour(`load-${i + 1}`)]).flat();
  return [
    {
      id: "draft-fill",
      type: "fill",
      source: "draft-grids",
      paint: {
        "fill-color": ["match", load, ...classes, ["match", ["get", "kind"], "dedicated", colour("map-dedicated"), colour("map-land")]],
        "fill-opacity": unlessMoving(1),
        "fill-antialias": false,
      },
    },
    {
      id: "draft-excluded-fill",
      type: "fill",
      source: "draft-grids",
      filter: ["==", ["get", "kind"], "excluded"],
      paint: { "fill-pattern": HATCH, "fill-opacity": unlessMoving(1), "fill-antialias": false },
    },
    {
      id: "draft-changed-fill",
      type: "fill",
      source: "draft-grids",
      filter: ["to-boolean", ["get", "change"]],
      paint: {
        "fill-color": colour("map-changed"),
        // Under what is selected it would only muddy the blue.
        "fill-opacity": ["case", ["any", moving, ["boolean", ["feature-state", "selected"], false]], 0, 0.15],
        "fill-antialias": false,
      },
    },
    {
      id: "draft-state-fill",
      type: "fill",
      source: "draft-grids",
      paint: {
        "fill-color": colour("map-selected"),
        "fill-opacity": [
          "case", moving, 0, ["boolean", ["feature-state", "selected"], false], 0.16, ["boolean", ["feature-state", "hover"], false], 0.08, 0,
        ],
        "fill-antialias": false,
      },
    },
    border("grid"),
    border("community"),
    border("street"),
    border("district"),
    {
      id: "draft-changed-line",
      type: "line",
      source: "draft-grids",
      filter: ["to-boolean", ["get", "change"]],
      layout: { "line-join": "round" },
      paint: { "line-color": colour("map-changed"), "line-width": 1.6, "line-dasharray": [3, 2], "line-opacity": unlessMoving(1) },
    },
    {
      id: "draft-selected-line",
      type: "line",
      source: "draft-grids",
      layout: { "line-join": "round" },
      paint: {
        "line-color": colour("map-selected"),
        "line-width": 3,
        "line-opacity": ["case", moving, 0, ["boolean", ["feature-state", "selected"], false], 1, 0],
      },
    },
    {
      id: "draft-live-fill",
      type: "fill",
      source: "draft-live",
      filter: ["==", ["geometry-type"], "Polygon"],
      paint: { "fill-color": colour("map-selected"), "fill-opacity": 0.12, "fill-antialias": false },
    },
    {
      id: "draft-live-line",
      type: "line",
      source: "draft-live",
      layout: { "line-join": "round" },
      paint: { "line-color": colour("map-selected"), "line-width": 2 },
    },
    {
      id: "draft-label",
      type: "symbol",
      source: "draft-labels",
      minzoom: 13,
      layout: {
        "text-field": [
          "step", ["zoom"], NAME, 14,
          ["case", ["==", ["get", "kind"], "excluded"], NAME, ["concat", NAME, ["case", ["==", ["get", "name"], ""], "", "\n"], ["slice", ["get", "code"], ["-", ["length", ["get", "code"]], 3]]]],
        ],
        "text-font": FONTS,
        "text-size": 12,
        "text-max-width": 8,
        "text-padding": 4,
      },
      paint: { "text-color": colour("map-label-faint"), "text-halo-color": colour("map-halo"), "text-halo-width": 1.4 },
    },
    {
      id: "draft-vertices",
      type: "circle",
      source: "draft-vertices",
      paint: {
        "circle-radius": ["interpolate", ["linear"], ["zoom"], 13, ["match", ["get", "role"], "chosen", 7, "ghost", 5, 2.5], 16, ["match", ["get", "role"], "chosen", 7, "ghost", 5, 4.5]],
        "circle-color": ["match", ["get", "role"], "chosen", colour("map-selected"), "ghost", colour("map-halo"), colour("map-land")],
        "circle-stroke-color": colour("map-selected"),
        "circle-stroke-width": ["match", ["get", "role"], "ghost", 2, 1.5],
      },
    },
    {
      id: "draft-marks",
      type: "symbol",
      source: "draft-marks",
      layout: {
        "icon-image": ["concat", "light-", ["get", "tone"]],
        "icon-allow-overlap": true,
        "icon-ignore-placement": true,
      },
      paint: {},
    },
  ];
}
