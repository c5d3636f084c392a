import assert from "node:assert/strict";
import { test } from "node:test";
import { script } from "./page.mjs";

const { meaning, parsePlaces, placesText, TOOLS } = await script("editor/operations.js");
const { Coverage } = await script("editor/coverage.js");

const coverage = new Coverage();
coverage.load(
  ["a", "b"].map((code, at) => ({
    properties: { code, name: code, kind: "base" },
    geometry: { type: "Polygon", coordinates: [[[at, 0], [at + 1, 0], [at + 1, 1], [at, 1], [at, 0]]] },
  })),
);
const across = [[0.5, -0.1], [0.5, 1.1]];
const ring = [[0.2, 0.2], [0.4, 0.2], [0.4, 0.4], [0.2, 0.2]];

test("what is cut is the selected grid, or the one that holds most of the drawing", () => {
  assert.deepEqual(meaning("split", across, { selected: [], coverage }).operation.grid, "a");
  assert.deepEqual(meaning("split", across, { selected: ["b"], coverage }).operation.grid, "b");
  assert.deepEqual(meaning("cut", ring, { selected: [], coverage }).operation, { op: "split", grid: "a", by: { type: "Polygon", coordinates: [ring] } });
  assert.deepEqual(meaning("split", [[5, 5], [6, 6]], { selected: [], coverage }), { need: "editor.need.split" });
});

test("what is still missing is said, by words that both languages have", async () => {
  const words = JSON.parse(await (await import("node:fs/promises")).readFile(new URL("../../app/web/static/i18n/zh.json", import.meta.url), "utf-8"));
  const needs = ["split", "transfer", "add", "exclude"].map((tool) => meaning(tool, [[5, 5], [6, 6]], { selected: [], coverage }).need);
  for (const need of needs) assert.ok(need in words, need);
  assert.deepEqual(meaning("exclude", ring, { selected: [], coverage, reason: "  " }), { need: "editor.need.exclude" });
  assert.equal(meaning("exclude", ring, { selected: [], coverage, reason: " 河 " }).operation.reason, "河");
});

test("every tool that draws means something", () => {
  for (const { id, kind } of TOOLS.filter((tool) => tool.kind)) {
    const places = kind === "line" ? across : ring;
    assert.ok(meaning(id, places, { selected: ["a"], coverage, reason: "河" }).operation, id);
  }
});

test("places that were written are read again", () => {
  const line = [[120.1234567, 35.7654321], [-0.5, -45]];
  assert.deepEqual(parsePlaces(placesText(line, false), false), line);
  assert.deepEqual(parsePlaces(placesText(ring, true), true), ring);
  assert.deepEqual(parsePlaces("120.1，35.2\n 120.2;35.3 \n", false), [[120.1, 35.2], [120.2, 35.3]]);
});

test("places that cannot be are refused", () => {
  for (const text of ["", "120 35", "120 35\n121", "181 0\n0 0", "0 91\n0 0", "1 2 3\n4 5", "1..2 3\n4 5", "--1 2\n3 4"]) {
    assert.equal(parsePlaces(text, false), null, text);
  }
  assert.equal(parsePlaces("1 2\n3 4", true), null, "two places are no ring");
});
