// The map of grids: click, search or walk the tree, and see whose place it is.
import { onBack, parsePlace, read, write } from "../core/url_state.js";
import { ApiError, ask, Latest } from "../core/api.js";
import { at, boot } from "../core/boot.js";
import { byId, el, fill, settled } from "../core/dom.js";
import { t } from "../core/i18n.js";
import { key } from "../core/shortcuts.js";
import { drawerHead } from "../core/components.js";
import { during, failure, nothingPublished } from "../core/states.js";
import { Tree } from "../core/tree.js";
import { inSight, makeMap, maplibregl, showBox, showPlace } from "../map/map.js";
import { startSearch } from "../shell/search.js";
import { editionShown, startShell } from "../shell/shell.js";
import { isPhone, roomBeside, Sheet } from "../shell/sheet.js";
import { drawNobody, drawUnit } from "./unit_drawer.js";

/** @typedef {import("../map/map.js").UnitMap} UnitMap */

startShell();

const drawerElement = byId("drawer");
const drawer = new Sheet(drawerElement, { step: 1 });
const room = () => roomBeside([panel, drawer]);
const tree = new Tree(byId("tree"), (unit) => choose(unit.code, { level: unit.level, show: true }));
const latest = new Latest();
const edition = editionShown();
// On a phone the list stays low for the map's sake; without a map it says what to do next.
const panel = new Sheet(byId("panel"), { step: edition === null ? 1 : 0 });
// Before the map writes its own.
const viewGiven = read().has("view");
/** @type {Promise<UnitMap|null>} */
const mapMade = edition === null ? Promise.resolve(null) : start();
/** @type {any} */
let pin = null;

const acts = { close, pick: (/** @type {any} */ u) => choose(u.code, { level: u.level, show: true }), fit: () => {} };

/**
 * Show a unit in the drawer, the tree and on the map.
 * @param {string} code
 * @param {{level?: string, place?: [number, number]|null, boundary?: boolean, show?: boolean, remember?: boolean}} [options]
 */
async function choose(code, { level, place = null, boundary = false, show = false, remember = true } = {}) {
  write({ unit: code, at: place ? place.map((v) => v.toFixed(7)).join(",") : null }, { remember });
  const known = tree.find(code, level);
  tree.choose(known);
  markPlace(place);
  open(t(place ? "whose.title" : "unit.title"));
  mapMade.then((made) => {
    made?.choose(level ?? known?.level ?? null, code);
    if (!made) return;
    if (place && show) showPlace(made, place, room());
    else if (place && !inSight(made, place, room())) showPlace(made, place, room(), 0);
    else if (known && show) showBox(made, known.bbox, room());
  });
  try {
    const unit = await latest.run((signal) => {
      const body = /** @type {HTMLElement} */ (drawerElement.querySelector(".sheet-body"));
      return during(
        body,
        { lines: 12, doing: t("unit.loading"), cancel: close },
        ask(`/v1/units/${encodeURIComponent(code)}`, { query: { level: level ?? known?.level, edition: otherEdition() }, signal }),
      );
    });
    if (!unit) return;
    if (!known) mapMade.then((made) => {
      made?.choose(unit.level, code);
      if (made && show && !place) showBox(made, unit.bbox, room());
    });
    const fit = () => mapMade.then((made) => made && showBox(made, unit.bbox, room()));
    drawUnit(drawerElement, unit, place, { boundary }, { ...acts, fit });
    document.title = `${unit.name} · ${document.title.split(" · ").at(-1)}`;
  } catch (error) {
    failed(/** @type {Error} */ (error), t("unit.failed"), () => choose(code, { level, place, boundary, show, remember: false }));
  }
}

/**
 * Ask who owns a place.
 * @param {[number, number]} place
 * @param {{remember?: boolean, show?: boolean}} [options]
 */
async function locate(place, { remember = true, show = false } = {}) {
  markPlace(place);
  open(t("whose.title"));
  try {
    const owner = await latest.run(async (signal) =>
      ask("/v1/locate", { query: { lon: place[0], lat: place[1], at: await instantShown() }, signal }),
    );
    if (!owner) return;
    await choose(owner.grid.code, { level: "grid", place, boundary: owner.on_boundary, remember, show });
  } catch (error) {
    if (error instanceof ApiError && error.code === "no-owner") {
      write({ unit: null, at: place.map((v) => v.toFixed(7)).join(",") }, { remember });
      tree.choose(null);
      mapMade.then((made) => {
        made?.choose(null, null);
        if (made && show) showPlace(made, place, room(), 0);
      });
      drawNobody(drawerElement, place, acts, error.problem?.excluded?.reason ?? null);
    } else {
      failed(/** @type {Error} */ (error), t("whose.failed"), () => locate(place, { remember: false }));
    }
  }
}

/** @param {string} title */
function open(title) {
  // What was there stays until there is something new, so that nothing jumps.
  if (!drawer.open || !drawerElement.querySelector(".sheet-body")) {
    fill(drawerElement, drawerHead(title, close), el("div", { class: "sheet-body" }));
  }
  drawer.show();
}

/** @param {Error} error @param {string} meaning @param {() => void} retry */
function failed(error, meaning, retry) {
  fill(drawerElement, drawerHead(t("unit.title"), close), el("div", { class: "sheet-body" }, failure(error, meaning, retry)));
}

function close() {
  latest.cancel();
  drawer.hide();
  write({ unit: null, at: null }, { remember: true });
  clear();
}

function clear() {
  markPlace(null);
  tree.choose(null);
  mapMade.then((made) => made?.choose(null, null));
}

/** @param {[number, number]|null} place */
async function markPlace(place) {
  const made = await mapMade;
  pin?.remove();
  pin = null;
  if (!made || !place) return;
  pin = new maplibregl.Marker({ element: el("div", { class: "pin", "aria-hidden": "true" }) }).setLngLat(place).addTo(made.map);
}

/**
 * Show what the address says.
 * @param {{show?: boolean}} [options] Whether to bring it into view; an address with a view has its own.
 */
function follow({ show = false } = {}) {
  const state = read();
  const place = parsePlace(state.get("at"));
  const code = state.get("unit");
  if (place) locate(place, { remember: false, show });
  else if (code) choose(code, { remember: false, show });
  else if (drawer.open) {
    drawer.hide();
    clear();
  }
}

/** @returns {Promise<UnitMap|null>} */
async function start() {
  try {
    const made = await makeMap(byId("map"), room);
    if (made) wire(made);
    return made;
  } catch (error) {
    fill(byId("map"), el("div", { class: "map-failure" }, failure(/** @type {Error} */ (error), t("map.unavailable"), () => location.reload())));
    return null;
  }
}

/** @param {UnitMap} made */
function wire({ map }) {
  const hint = el("div", { class: "map-hover", hidden: true });
  byId("map").after(hint);
  /** @type {string|null} */
  let hovered = null;
  const hover = (/** @type {string|null} */ code) => {
    if (code === hovered) return;
    if (hovered) map.setFeatureState({ source: "units", sourceLayer: "grid", id: hovered }, { hover: false });
    if (code) map.setFeatureState({ source: "units", sourceLayer: "grid", id: code }, { hover: true });
    hovered = code;
  };
  map.on("click", (/** @type {any} */ event) => locate([event.lngLat.wrap().lng, event.lngLat.lat]));
  map.getCanvas().style.cursor = "crosshair";
  if (matchMedia("(hover: hover)").matches) {
    map.on("mousemove", (/** @type {any} */ event) => {
      const [feature] = map.queryRenderedFeatures(event.point, { layers: ["grid-hit"] });
      hover(feature?.properties.code ?? null);
      hint.hidden = !feature;
      if (!feature) return;
      hint.textContent = feature.properties.name;
      hint.style.left = `${event.point.x}px`;
      hint.style.top = `${event.point.y}px`;
    });
    map.on("mouseout", () => {
      hover(null);
      hint.hidden = true;
    });
  }
}

async function loadTree() {
  const place = byId("tree");
  if (edition === null) {
    fill(place, nothingPublished());
    byId("tree-filter").setAttribute("disabled", "");
    return;
  }
  try {
    const { units } = await ask("/maps/units.json", { query: { edition } });
    tree.load(units);
    const code = read().get("unit");
    if (code) tree.choose(tree.find(code));
  } catch (error) {
    fill(place, failure(/** @type {Error} */ (error), t("tree.failed"), loadTree));
  }
}

/** The edition looked at, when it is not the one in force. */
function otherEdition() {
  return edition !== null && edition !== boot.edition?.number ? edition : null;
}

/** @type {string|null} */
let began = null;

/** An instant at which the edition looked at was in force; null for the present one. */
async function instantShown() {
  const other = otherEdition();
  if (other === null) return null;
  began ??= (await ask("/v1/editions")).editions.find((/** @type {any} */ e) => e.number === other)?.effective_from ?? null;
  return began;
}

/** @param {import("../shell/search.js").Hit} hit */
function picked(hit) {
  if (hit.kind === "incident") location.assign(at(`/dispatch?no=${encodeURIComponent(hit.code)}`));
  else if (hit.kind === "component" || hit.kind === "place") {
    if (hit.lon !== null && hit.lat !== null) locate([hit.lon, hit.lat], { show: true });
  } else choose(hit.code, { level: hit.kind, show: true });
}

startSearch(picked);
const filter = /** @type {HTMLInputElement} */ (byId("tree-filter"));
filter.addEventListener("input", settled(() => tree.filter(filter.value), 100));
filter.addEventListener("focus", () => isPhone() && panel.to(2));
filter.addEventListener("keydown", (event) => {
  if (event.key !== "ArrowDown") return;
  event.preventDefault();
  /** @type {HTMLElement|null} */ (byId("tree").querySelector("[tabindex='0']"))?.focus();
});
key(["ArrowUp", "ArrowDown"], t("keys.walk"));
key(["ArrowLeft", "ArrowRight"], t("keys.fold"));
key(["Enter"], t("keys.open"));
key(["Escape"], t("keys.close"), () => drawer.open && close());
onBack(() => follow());
loadTree().then(() => follow({ show: !viewGiven }));
