// The editor: a list of drafts, and the one that is open with its tree, map, tools and consequences.
import { onBack, read, write } from "../core/url_state.js";
import { boot } from "../core/boot.js";
import { byId, el, fill } from "../core/dom.js";
import { t } from "../core/i18n.js";
import { key } from "../core/shortcuts.js";
import { failure } from "../core/states.js";
import { inSight, makeMap, showBox, showPlace } from "../map/map.js";
import { startSearch } from "../shell/search.js";
import { editionShown, startShell } from "../shell/shell.js";
import { isPhone, roomBeside, Sheet } from "../shell/sheet.js";
import { Canvas } from "./canvas.js";
import { Draft } from "./draft.js";
import { DraftDrawer } from "./drawer.js";
import { Drawing } from "./sketch.js";
import { drawClosed, drawDrafts } from "./drafts.js";
import { GridPanel } from "./gridpanel.js";
import { Loads } from "./workload.js";
import { pointing } from "./hover.js";
import { Running } from "./commands.js";
import { Selection } from "./selection.js";
import { boxAround } from "./shapes.js";
import { Swipe } from "./swipe.js";
import { Toolbar } from "./toolbar.js";
import { Tools } from "./tools.js";
import { Vertices } from "./vertices.js";

/** @typedef {[number, number]} Place */

startShell();
const panel = new Sheet(byId("panel"), { step: 1 });
const drawerSheet = new Sheet(byId("drawer"), { step: 1 });
const room = () => roomBeside([panel, drawerSheet]);
const selection = new Selection();
const viewGiven = read().has("view");

/** @type {Draft|null} */
let draft = null;
/** @type {import("../map/map.js").UnitMap|null} */
let made = null;
/** @type {Canvas|null} */
let canvas = null;
/** @type {Swipe|null} */
let swipe = null;
/** @type {Place[]} Where the last refusal was. */
let refused = [];

const mayEdit = () => Boolean(draft?.info?.may.edit) && !isPhone();
const given = () => ({ coverage: /** @type {Draft} */ (draft).coverage, selected: selection.codes });
const grids = new GridPanel(byId("panel-content"), selection, { close: () => open(null), show: (codes) => showCodes(codes), tab: (tab) => drawer.open(tab) });
const running = new Running({ draft: () => draft, done, refused: refuse, reload });
const loads = new Loads(() => draft, () => canvas, () => drawer.draw({ quiet: true }));
const run = (/** @type {Record<string, any>} */ operation) => running.operation(operation);
const tools = new Tools({ given, run, communities: () => grids.communities, changed: () => toolbar.draw(), mayEdit });
const toolbar = new Toolbar({
  draft: () => draft,
  mayEdit,
  selected: () => selection.codes,
  merge: () => drawer.open("select"),
  undo: () => running.undo(),
  redo: () => running.redo(),
  compare,
  comparing: () => Boolean(swipe?.on),
});
const drawer = new DraftDrawer(drawerSheet, {
  draft: () => draft,
  given: () => ({ ...given(), mayEdit: mayEdit(), loads, communities: grids.communities, run, show: (code) => showCodes([code]), select: (codes) => selection.set(codes) }),
  goto,
  show: showCodes,
  found: marks,
  replace: (file, query) => running.replace(file, query),
  compare,
  go,
});

/** The draft that is open: for the console of a developer, and for tests. */
export function draftOf() {
  return draft;
}

/** Open a draft, or the list of them. @param {number|null} id @param {{remember?: boolean}} [options] */
async function open(id, { remember = true } = {}) {
  // What is drawn and not sent would be lost.
  if (draft && tools.places.length && !window.confirm(t("editor.leave"))) return;
  draft?.close();
  draft = null;
  swipe?.stop();
  running.calm();
  refused = [];
  document.body.classList.toggle("draft-open", id !== null);
  // Of the draft that was open; an address that was just loaded has its own.
  write(id === null || remember ? { draft: id, sel: null, tool: null, tab: null } : { draft: id }, { remember });
  if (id === null) {
    drawerSheet.hide();
    canvas?.draw(false);
    toolbar.draw();
    tools.choose("select");
    return drawDrafts(byId("panel-content"), open);
  }
  const opening = new Draft(id);
  draft = opening;
  grids.waiting();
  try {
    await opening.load();
    await grids.units(opening.info.base);
    if (draft !== opening) return opening.close();
    // The list first: a map takes longer, and not every browser can draw one.
    grids.load(opening.coverage);
    grids.head(opening.info);
    await mapMade;
  } catch (error) {
    if (draft !== opening) return;
    draft = null;
    fill(byId("panel-content"), failure(/** @type {Error} */ (error), t("editor.draft.failed"), () => open(id, { remember: false })), el("div", { class: "section" }, grids.back()));
    return;
  }
  if (draft !== opening) return opening.close();
  opened(opening, remember || !viewGiven);
}

/** @param {Draft} opening @param {boolean} bring Whether to bring it into view; an address with a view has its own. */
function opened(opening, bring) {
  opening.addEventListener("grids", (event) => redrawn(/** @type {CustomEvent} */ (event).detail));
  opening.addEventListener("info", () => {
    grids.head(opening.info);
    drawer.draw();
    toolbar.draw();
    tools.draw();
  });
  opening.addEventListener("busy", () => toolbar.draw());
  opening.addEventListener("stale", () => running.stale());
  canvas?.draw(true);
  redrawn(null);
  grids.head(opening.info);
  selection.fromAddress((code) => opening.coverage.grids.has(code));
  // On a phone the list comes first: there is not room for both.
  if (isPhone() || innerWidth < 1080) drawerSheet.hide();
  else drawerSheet.show();
  if (read().get("tab")) drawerSheet.show();
  drawer.start();
  tools.fromAddress();
  toolbar.draw();
  loads.load();
  if (made && bring) {
    const { grids: there } = opening.coverage;
    const boxes = (selection.codes.length ? selection.codes : [...there.keys()]).flatMap((code) => (there.has(code) ? [/** @type {any} */ (there.get(code)).box] : []));
    if (boxes.length) showBox(made, boxAround(boxes), room());
  }
}

/** @param {{changed: Set<string>, gone: Set<string>, redrawn: Set<string>}|null} step */
function redrawn(step) {
  if (!draft || !canvas) return;
  if (step) canvas.update(step);
  else canvas.load(draft.coverage);
  grids.load(draft.coverage);
  tools.vertices?.show();
}

/** A step was taken. @param {any} step @param {Record<string, any>|null} operation */
function done(step, operation) {
  if (!draft) return;
  refused = [];
  // Not while a vertex is on its way: its preview stays until the new shapes are drawn.
  if (operation?.op !== "move_vertex") canvas?.live([]);
  const { coverage } = draft;
  const pieces = operation?.op === "split" ? [operation.grid, ...step.created] : [];
  const kept = operation?.op === "merge" ? step.changed.concat(step.created).slice(0, 1) : [];
  const added = ["add", "recode"].includes(operation?.op ?? "") ? step.created : [];
  const wanted = [...pieces, ...kept, ...added];
  selection.set((wanted.length ? wanted : selection.codes).filter((code) => coverage.grids.has(code)), { quiet: true });
  marks();
  const seen = draft;
  draft.refresh().catch(() => {}).then(() => seen === draft && drawer.learn());
  loads.refresh([...step.created, ...step.changed]);
}

/**
 * A step was refused: say so where the person looks, and show where it fails.
 * @param {string} text @param {Place[]} places
 * @param {any[]} conflicts Grids that a newer edition changed as well: both shapes are drawn.
 */
function refuse(text, places, conflicts) {
  refused = places;
  marks();
  const shapes = conflicts.flatMap((each) => [each.draft, each.published]).filter(Boolean);
  if (shapes.length) canvas?.live(shapes.map((geometry) => ({ type: "Feature", properties: {}, geometry })));
  if (tools.tool.id === "select") running.say(text, places.length ? () => goto(places) : null);
  else tools.trouble(text);
  const out = places.find((place) => made && !inSight(made, place, room()));
  if (out) goto([out]);
}

/** Signs on the map: refusals first, then defects. */
function marks() {
  const found = (drawer.defects ?? []).map(({ place, severity }) => ({ place, tone: /** @type {"bad"|"warn"} */ (severity === "error" ? "bad" : "warn") }));
  canvas?.marks([...found, ...refused.map((place) => ({ place, tone: /** @type {const} */ ("bad") }))]);
  byId("map").dataset.refused = String(refused.length);
}

/** Somebody else was first: read theirs; what is drawn here and was not sent stays. */
async function reload() {
  if (!draft) return;
  try {
    await draft.load();
    running.calm();
    selection.set(selection.codes.filter((code) => draft?.coverage.grids.has(code)), { quiet: true });
    drawer.learn();
    loads.load();
  } catch (error) {
    running.failed(/** @type {Error} */ (error));
  }
}

/** A step on the way of the draft. @param {string} step @param {Record<string, any>} [body] */
async function go(step, body) {
  try {
    const answer = await draft?.go(step, body);
    running.told(step, body, answer);
    if (step === "discard") await open(null);
    tools.fromAddress();
    toolbar.draw();
    if (step === "rebase") {
      await grids.units(draft?.info.base);
      drawer.learn();
    }
  } catch (error) {
    running.failed(/** @type {Error} */ (error));
  }
}

async function compare() {
  if (!made || !draft) return;
  if (swipe?.on) swipe.stop();
  else {
    const { info } = draft;
    swipe = new Swipe(made.map, () => info.base, room);
    await swipe.start([...info.changed, ...info.retired]);
  }
  toolbar.draw();
}

/** @param {Place[]} places */
function goto(places) {
  if (made && places.length) showPlace(made, places[0], room(), 16);
}

/** Bring grids into view and select those that are there. @param {string[]} codes */
function showCodes(codes) {
  const found = codes.flatMap((code) => draft?.coverage.grids.get(code) ?? []);
  if (!found.length) return;
  selection.set(found.map(({ code }) => code));
  if (made) showBox(made, boxAround(found.map(({ box }) => box)), room());
}

selection.addEventListener("change", (event) => {
  const { was, quiet } = /** @type {CustomEvent} */ (event).detail;
  for (const code of was) canvas?.state(code, { selected: false });
  for (const code of selection.codes) canvas?.state(code, { selected: true });
  if (!draft) return;
  grids.choose();
  if (selection.codes.length && !quiet && !(drawerSheet.open && drawer.tab === "select")) drawer.open("select");
  else drawer.draw();
  tools.vertices?.show();
  tools.draw();
  toolbar.draw();
});

const mapMade = startMap();

async function startMap() {
  try {
    made = editionShown() === null ? null : await makeMap(byId("map"), room);
  } catch (error) {
    fill(byId("map"), el("div", { class: "map-failure" }, failure(/** @type {Error} */ (error), t("map.unavailable"), () => location.reload())));
  }
  if (!made) return;
  canvas = new Canvas(made, (a, b) => grids.levelOf(a, b));
  const snap = (/** @type {number[]} */ place, /** @type {number} */ reach) => draft?.coverage.nearest(place, reach)?.place ?? null;
  tools.drawing = new Drawing(made.map, snap, (places) => tools.drawn(places));
  tools.vertices = new Vertices(canvas, given, run, () => tools.draw());
  pointing(made.map, canvas, { draft: () => draft, selecting: () => tools.selecting, selection });
}

window.addEventListener("beforeunload", (event) => tools.places.length && event.preventDefault());
key(["Escape"], t("editor.keys.leave"), () => tools.leave() || (selection.codes.length && selection.set([])));

startSearch((hit) => {
  if (draft?.coverage.grids.has(hit.code)) showCodes([hit.code]);
  else if (made && hit.bbox) showBox(made, hit.bbox, room());
  else if (made && hit.lon !== null && hit.lat !== null) showPlace(made, [hit.lon, hit.lat], room());
});

const wanted = () => Number(read().get("draft")) || null;
if (!boot.mayEdit) drawClosed(byId("panel-content"));
else {
  onBack(() => wanted() !== (draft?.id ?? null) && open(wanted(), { remember: false }));
  open(wanted(), { remember: false });
}
