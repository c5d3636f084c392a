// Incidents on the map: marks with the shape of their light, or circles with counts where there are many.
import { colour } from "../core/theme.js";
import { BOLD } from "../map/style.js";
import { TONES } from "./deadline.js";

const SIZE = 22;

/** Layers of incidents, bottom to top. */
export function incidentLayers() {
  return [
    {
      // Where the place is known to about 100 m, the ground it may lie on, whatever the zoom.
      id: "incident-cells",
      type: "circle",
      source: "incidents",
      filter: ["==", ["get", "view"], "coarse"],
      paint: {
        "circle-radius": metres("radius"),
        "circle-color": colour("map-cluster"),
        "circle-opacity": 0.14,
        "circle-stroke-color": colour("map-cluster"),
        "circle-stroke-width": 1,
        "circle-stroke-opacity": 0.35,
      },
    },
    {
      // The one in the drawer where it is of a class that no map draws.
      id: "incident-open",
      type: "circle",
      source: "incident-open",
      paint: {
        "circle-radius": 17,
        "circle-color": colour("map-selected"),
        "circle-opacity": 0.25,
        "circle-stroke-color": colour("map-selected"),
        "circle-stroke-width": 2,
      },
    },
    {
      id: "clusters",
      type: "circle",
      source: "incidents",
      filter: ["has", "count"],
      paint: {
        "circle-color": colour("map-cluster"),
        "circle-opacity": 0.88,
        "circle-stroke-color": colour("map-halo"),
        "circle-stroke-width": 1.5,
        "circle-radius": ["interpolate", ["linear"], ["log10", ["max", 1, ["get", "count"]]], 0, 9, 2, 15, 4, 24],
      },
    },
    {
      id: "cluster-counts",
      type: "symbol",
      source: "incidents",
      filter: ["has", "count"],
      layout: {
        "text-field": ["get", "words"],
        "text-font": BOLD,
        "text-size": 12,
        "text-allow-overlap": true,
        // Names of units make room: a name half under a circle reads worse than none.
        "text-ignore-placement": false,
        "text-padding": 8,
      },
      paint: { "text-color": colour("map-cluster-text") },
    },
    {
      id: "incident-chosen",
      type: "circle",
      source: "incidents",
      filter: ["==", ["get", "number"], ""],
      paint: {
        "circle-radius": 17,
        "circle-color": colour("map-selected"),
        "circle-opacity": 0.25,
        "circle-stroke-color": colour("map-selected"),
        "circle-stroke-width": 2,
      },
    },
    {
      id: "incidents",
      type: "symbol",
      source: "incidents",
      filter: ["has", "number"],
      layout: {
        "icon-image": ["concat", "light-", ["get", "tone"]],
        "icon-size": ["interpolate", ["linear"], ["zoom"], 8, 0.7, 12, 1],
        "icon-allow-overlap": true,
        "icon-ignore-placement": true,
        "symbol-sort-key": ["index-of", ["get", "tone"], ["literal", TONES]],
      },
      paint: {},
    },
  ];
}

/**
 * The radius of a circle that keeps its size on the ground: a property holds it in pixels at zoom 0.
 * @param {string} property
 */
function metres(property) {
  return ["interpolate", ["exponential", 2], ["zoom"], 0, ["get", property], 24, ["*", ["get", property], 2 ** 24]];
}

/** Pixels of a circle around a cell of 100 m, at zoom 0. @param {number} lat */
export function cellRadius(lat) {
  return (71 * 512) / (40_075_017 * Math.cos((lat * Math.PI) / 180));
}

/**
 * Draw the marks of the lights in the colours of the theme.
 * @param {any} map
 */
export function drawMarks(map) {
  for (const tone of TONES) {
    const image = mark(tone);
    const name = `light-${tone}`;
    if (map.hasImage(name)) map.updateImage(name, image);
    else map.addImage(name, image, { pixelRatio: 2 });
  }
}

/** @param {string} tone */
function mark(tone) {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = SIZE * 2;
  const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  pen.scale(2, 2);
  const [ground, ink, mid] = [colour(tone), colour("map-halo"), SIZE / 2];
  pen.lineWidth = 1.5;
  pen.strokeStyle = ink;
  pen.fillStyle = ground;
  pen.beginPath();
  // The outline differs as well as the sign inside: in print and for colour-blind eyes.
  if (tone === "bad") {
    pen.moveTo(mid, 1.5);
    pen.lineTo(SIZE - 1, SIZE - 2.5);
    pen.lineTo(1, SIZE - 2.5);
    pen.closePath();
  } else if (tone === "warn") {
    pen.roundRect(2.5, 2.5, SIZE - 5, SIZE - 5, 4);
  } else {
    pen.arc(mid, mid, tone === "idle" ? 6.5 : 8.5, 0, 2 * Math.PI);
  }
  pen.fill();
  pen.stroke();
  pen.lineWidth = 1.8;
  pen.lineCap = pen.lineJoin = "round";
  pen.beginPath();
  if (tone === "bad") {
    pen.moveTo(mid, 8);
    pen.lineTo(mid, 13);
    pen.moveTo(mid, 16.2);
    pen.lineTo(mid, 16.3);
  } else if (tone === "warn") {
    pen.moveTo(mid, 6.5);
    pen.lineTo(mid, 11.2);
    pen.lineTo(14.2, 13);
  } else if (tone === "good") {
    pen.moveTo(7.2, 11.4);
    pen.lineTo(9.9, 14);
    pen.lineTo(14.8, 8.6);
  } else {
    pen.moveTo(8.5, mid);
    pen.lineTo(13.5, mid);
  }
  pen.stroke();
  return pen.getImageData(0, 0, SIZE * 2, SIZE * 2);
}
