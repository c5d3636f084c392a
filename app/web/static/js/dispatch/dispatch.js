// Incidents on the map and in the list, in step: the list is what the map shows between the sheets.
import { onBack, read, write } from "../core/url_state.js";
import { ApiError, ask, Latest } from "../core/api.js";
import { boot } from "../core/boot.js";
import { byId, el, fill, settled } from "../core/dom.js";
import { number } from "../core/format.js";
import { t } from "../core/i18n.js";
import { key } from "../core/shortcuts.js";
import { drawerHead } from "../core/components.js";
import { during, failure, nothingPublished } from "../core/states.js";
import { onTheme } from "../core/theme.js";
import { asked, inSight, makeMap, showBox, showPlace, unwrapped } from "../map/map.js";
import { startSearch } from "../shell/search.js";
import { editionShown, startShell } from "../shell/shell.js";
import { isPhone, roomBeside, Sheet } from "../shell/sheet.js";
import { drawIncident } from "./drawer.js";
import { Filters } from "./filters.js";
import { cellRadius, drawMarks, incidentLayers } from "./layers.js";
import { light } from "./deadline.js";
import { IncidentList } from "./list.js";

/** @typedef {import("../map/map.js").UnitMap} UnitMap */

const PAGE = 50;
const drawerElement = byId("drawer");
const panel = new Sheet(byId("panel"), { step: 1 });
const drawer = new Sheet(drawerElement, { step: 1 });
const room = () => roomBeside([panel, drawer]);
const [forList, forMap, forDrawer] = [new Latest(), new Latest(), new Latest()];

startShell();
const filters = new Filters(() => refresh());
const list = new IncidentList(
  (item) => choose(item.number, item),
  (item) => emphasise(item?.number ?? null),
  (cursor) => ask("/v1/incidents", { query: { ...question(), limit: PAGE, cursor } }),
  (code) => filters.nameOf(code),
);
/** @type {UnitMap|null} */
let made = null;
/** @type {string|null} */
let chosen = null;

/** What the list and the map are asked for now. */
function question() {
  return { ...filters.query, bbox: made ? box(made) : null };
}

/** The part of the map that no sheet covers. @param {UnitMap} unitMap */
function box({ map }) {
  const { top, right, bottom, left } = room();
  const { clientWidth: w, clientHeight: h } = map.getContainer();
  const a = map.unproject([left - 24, top - 24]);
  const b = map.unproject([Math.max(left + 40, w - right + 24), Math.max(top + 40, h - bottom + 24)]);
  return asked([a.lng, b.lat, b.lng, a.lat]);
}

async function refresh() {
  await Promise.all([refreshList(), refreshMap()]);
}

async function refreshList() {
  try {
    const page = await forList.run((signal) =>
      ask("/v1/incidents", { query: { ...question(), limit: PAGE }, signal }),
    );
    if (!page) return;
    list.show(page, filters.sensitive && !boot.acts ? t("list.sensitive.hint") : undefined);
    list.choose(chosen);
  } catch (error) {
    list.fail(/** @type {Error} */ (error), refreshList);
  }
}

async function refreshMap() {
  if (!made) return;
  const { map } = made;
  try {
    const bounds = asked(map.getBounds().toArray().flat());
    const answer = await forMap.run((signal) =>
      ask("/v1/incidents/map", { query: { ...filters.query, bbox: bounds, zoom: map.getZoom().toFixed(2) }, signal }),
    );
    if (!answer) return;
    for (const { properties, geometry } of answer.features.features) {
      if (properties.view === "coarse") properties.radius = cellRadius(geometry.coordinates[1]);
      if (properties.count === undefined) properties.tone = light(properties).tone;
      else properties.words = properties.count < 10_000 ? number(properties.count) : `${Math.round(properties.count / 1000)}k`;
    }
    map.getSource("incidents").setData(answer.features);
    byId("map").dataset.marks = answer.mode;
    byId("map-note").textContent = answer.not_drawn ? t("map.notdrawn", { n: number(answer.not_drawn) }) : "";
  } catch (error) {
    // The list beside it says what is wrong, with a way to try again.
    console.warn(error);
  }
}

/**
 * Show one incident in the drawer.
 * @param {string} numbered
 * @param {any} [item] What the list knows of it already.
 * @param {{remember?: boolean}} [options]
 */
async function choose(numbered, item = null, { remember = true } = {}) {
  chosen = numbered;
  write({ no: numbered }, { remember });
  list.choose(numbered);
  emphasise(null);
  if (!drawer.open || !drawerElement.querySelector(".sheet-body")) {
    fill(drawerElement, drawerHead(t("incident.title"), close), el("div", { class: "sheet-body" }));
  }
  drawer.show();
  if (item) bring(item);
  try {
    const body = /** @type {HTMLElement} */ (drawerElement.querySelector(".sheet-body"));
    const found = await forDrawer.run((signal) =>
      during(body, { lines: 12, doing: t("incident.loading"), cancel: close }, ask(`/v1/incidents/${encodeURIComponent(numbered)}`, { signal })),
    );
    if (!found) return;
    drawIncident(drawerElement, found, close);
    ring(found.sensitive ? found : null);
    if (!item) bring(found);
  } catch (error) {
    const gone = error instanceof ApiError && error.status === 404;
    const meaning = gone ? t("incident.gone") : t("incident.failed");
    fill(
      drawerElement,
      drawerHead(t("incident.title"), close),
      el(
        "div",
        { class: "sheet-body" },
        failure(/** @type {Error} */ (error), meaning, gone ? undefined : () => choose(numbered, item, { remember: false })),
      ),
    );
  }
}

/** Ring the place of an incident that the map does not draw. @param {{lon: number|null, lat: number|null}|null} incident */
function ring(incident) {
  const place = incident && incident.lon !== null ? [{ type: "Feature", properties: {}, geometry: { type: "Point", coordinates: [incident.lon, incident.lat] } }] : [];
  made?.map.getSource("incident-open")?.setData({ type: "FeatureCollection", features: place });
}

/** @param {{lon: number|null, lat: number|null}} incident */
function bring({ lon, lat }) {
  if (!made || lon === null || lat === null) return;
  if (!inSight(made, [lon, lat], room())) showPlace(made, [lon, lat], room(), 13);
}

/** Ring the one that is open, or the one that keys or pointer are at. @param {string|null} numbered */
function emphasise(numbered) {
  made?.map.setFilter("incident-chosen", ["in", ["get", "number"], ["literal", [chosen, numbered].filter(Boolean)]]);
}

function close() {
  forDrawer.cancel();
  const was = chosen;
  chosen = null;
  drawer.hide();
  write({ no: null }, { remember: true });
  list.choose(null);
  emphasise(null);
  ring(null);
  if (was) document.getElementById(`incident-${was}`)?.focus({ preventScroll: true });
}

/** Show what the address says. */
function follow() {
  filters.show();
  refresh();
  const numbered = read().get("no");
  if (numbered) choose(numbered, null, { remember: false });
  else if (drawer.open) close();
}

/** @param {UnitMap} unitMap */
function wire({ map, restyle }) {
  map.addSource("incidents", { type: "geojson", data: { type: "FeatureCollection", features: [] } });
  map.addSource("incident-open", { type: "geojson", data: { type: "FeatureCollection", features: [] } });
  drawMarks(map);
  for (const layer of incidentLayers()) map.addLayer(layer);
  restyle(incidentLayers);
  onTheme(() => drawMarks(map));
  map.on("moveend", settled(refresh, 200));
  map.on("click", (/** @type {any} */ event) => {
    const hits = map.queryRenderedFeatures(
      [
        [event.point.x - 6, event.point.y - 6],
        [event.point.x + 6, event.point.y + 6],
      ],
      { layers: ["incidents", "clusters"] },
    );
    if (!hits.length) return;
    // Several may lie in one cell: clicking again goes to the next.
    const numbers = hits.map((/** @type {any} */ h) => h.properties.number);
    const hit = hits[(numbers.indexOf(chosen) + 1) % hits.length];
    if (hit.properties.number) choose(hit.properties.number, { lon: null, lat: null });
    else map.easeTo({ center: hit.geometry.coordinates, zoom: map.getZoom() + 2 });
  });
  for (const layer of ["incidents", "clusters"]) {
    map.on("mouseenter", layer, () => (map.getCanvas().style.cursor = "pointer"));
    map.on("mouseleave", layer, () => (map.getCanvas().style.cursor = ""));
  }
}

/** @param {import("../shell/search.js").Hit} hit */
function picked(hit) {
  if (hit.kind === "incident") choose(hit.code, hit);
  else if (hit.kind === "component" || hit.kind === "place") {
    if (made && hit.lon !== null && hit.lat !== null) showPlace(made, [hit.lon, hit.lat], room());
  } else {
    filters.setUnit(hit.code);
    made?.choose(hit.kind, hit.code);
    if (made && hit.bbox) showBox(made, hit.bbox, room());
    refresh();
  }
}

async function start() {
  const edition = editionShown();
  const viewGiven = read().has("view");
  if (edition === null) {
    byId("list-status").textContent = "";
    fill(byId("list"), nothingPublished());
    return;
  }
  const units = (await ask("/maps/units.json").catch(() => ({ units: [] }))).units;
  const offered = filters.offer(units);
  const named = units.find((/** @type {any} */ u) => u.code === read().get("unit"));
  try {
    made = await makeMap(byId("map"), room);
  } catch (error) {
    fill(byId("map"), el("div", { class: "map-failure" }, failure(/** @type {Error} */ (error), t("map.unavailable"), () => location.reload())));
  }
  if (made) {
    wire(made);
    if (named) {
      made.choose(named.level, named.code);
      if (!viewGiven) made.map.fitBounds(unwrapped(named.bbox), { padding: room(), duration: 0 });
    }
  }
  await offered;
  follow();
}

startSearch(picked);
key(["ArrowDown", "ArrowUp"], t("keys.list.walk"), (event) => {
  if (event.target instanceof Element && event.target.closest(".map")) return;
  event.preventDefault();
  list.focus();
});
key(["Enter"], t("keys.open"));
key(["j"], t("keys.next"), () => list.step(1));
key(["k"], t("keys.previous"), () => list.step(-1));
key(["Escape"], t("keys.close"), () => drawer.open && close());
onBack(follow);
if (isPhone()) panel.to(1);
start();
