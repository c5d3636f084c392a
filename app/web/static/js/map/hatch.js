// The hatching of land that belongs to no grid on purpose: drawn once, and again when the theme changes.
import { colour, onTheme } from "../core/theme.js";

export const HATCH = "excluded-hatch";
const SIDE = 10;

/** Have the hatching ready on a map, before a layer asks for it. @param {any} map */
export function hatch(map) {
  const draw = () => {
    const image = drawn();
    if (map.hasImage(HATCH)) map.updateImage(HATCH, image);
    else map.addImage(HATCH, image, { pixelRatio: 2 });
  };
  // Asked for whenever a layer needs the picture and it is not there.
  map.setMissingStyleImageResolver(async (/** @type {string} */ id) => {
    if (id === HATCH) draw();
  });
  onTheme(() => map.hasImage(HATCH) && draw());
}

/** A tile of thin slanted lines that meets itself on all sides. */
function drawn() {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = SIDE * 2;
  const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  pen.scale(2, 2);
  pen.fillStyle = colour("map-excluded");
  pen.fillRect(0, 0, SIDE, SIDE);
  pen.strokeStyle = colour("map-excluded-line");
  pen.lineWidth = 1;
  for (const shift of [-SIDE, 0, SIDE]) {
    pen.beginPath();
    pen.moveTo(shift - 1, SIDE + 1);
    pen.lineTo(shift + SIDE + 1, -1);
    pen.stroke();
  }
  return pen.getImageData(0, 0, canvas.width, canvas.height);
}
