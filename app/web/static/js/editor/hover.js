// The pointer over the map while grids are selected: what lies under it, and what a click takes.
import { byId, el } from "../core/dom.js";

/**
 * @param {any} map
 * @param {import("./canvas.js").Canvas} canvas
 * @param {object} acts
 * @param {() => import("./draft.js").Draft|null} acts.draft
 * @param {() => boolean} acts.selecting
 * @param {import("./selection.js").Selection} acts.selection
 */
export function pointing(map, canvas, { draft, selecting, selection }) {
  const hint = el("div", { class: "map-hover", hidden: true });
  byId("map").after(hint);
  /** @type {string|null} */
  let hovered = null;
  const hover = (/** @type {string|null} */ code) => {
    if (code === hovered) return;
    if (hovered) canvas.state(hovered, { hover: false });
    if (code) canvas.state(code, { hover: true });
    hovered = code;
  };
  map.on("click", (/** @type {any} */ event) => {
    const open = draft();
    if (!open || !selecting()) return;
    const code = open.coverage.at([event.lngLat.lng, event.lngLat.lat]);
    if (code) selection.pick(code, event.originalEvent);
    else if (!event.originalEvent.shiftKey) selection.set([]);
  });
  if (!matchMedia("(hover: hover)").matches) return;
  map.on("mousemove", (/** @type {any} */ event) => {
    const open = draft();
    const code = open && selecting() && !event.originalEvent.buttons ? open.coverage.at([event.lngLat.lng, event.lngLat.lat]) : null;
    hover(code);
    hint.hidden = !code;
    if (open && selecting()) map.getCanvas().style.cursor = code ? "pointer" : "";
    if (!open || !code) return;
    hint.textContent = open.coverage.grids.get(code)?.name || code;
    hint.style.left = `${event.point.x}px`;
    hint.style.top = `${event.point.y}px`;
  });
  map.on("mouseout", () => {
    hover(null);
    hint.hidden = true;
  });
}
