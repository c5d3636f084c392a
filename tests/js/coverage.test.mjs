import assert from "node:assert/strict";
import { test } from "node:test";
import { chance, script } from "./page.mjs";

const { Coverage } = await script("editor/coverage.js");
const { onLattice } = await script("editor/shapes.js");

const STEP = 0.001;
/** Columns by rows of boxes whose inner corners are shaken; corners are shared to the last digit. */
function board(columns, rows, seed = 1) {
  const random = chance(seed);
  const corners = new Map();
  const corner = (x, y) => {
    const key = `${x},${y}`;
    if (!corners.has(key)) corners.set(key, onLattice([120 + (x + random() * 0.4) * STEP, 35 + (y + random() * 0.4) * STEP]));
    return corners.get(key);
  };
  const features = [];
  for (let y = 0; y < rows; y++) {
    for (let x = 0; x < columns; x++) {
      const ring = [corner(x, y), corner(x + 1, y), corner(x + 1, y + 1), corner(x, y + 1), corner(x, y)];
      features.push(feature(`${y}${x}`, [ring]));
    }
  }
  return features;
}
const feature = (code, coordinates, more = {}) => ({
  type: "Feature",
  properties: { code, name: code, community: "c", kind: "base", change: null, ...more },
  geometry: { type: "Polygon", coordinates },
});
const loaded = (features) => {
  const coverage = new Coverage();
  coverage.load(features);
  return coverage;
};
/** Borders as sets of pieces, whoever draws them and wherever they begin. */
function pieces(coverage) {
  const found = [];
  for (const borders of coverage.borders.values()) {
    for (const { owner, other, line } of borders) {
      for (let i = 1; i < line.length; i++) {
        found.push(`${[owner, other ?? "-"].join("|")} ${[line[i - 1].join(), line[i].join()].sort().join(" ")}`);
      }
    }
  }
  return found.sort();
}

test("every piece of border is drawn once, between the right two", () => {
  const coverage = loaded(board(4, 3));
  const all = pieces(coverage);
  assert.equal(new Set(all).size, all.length);
  // 4 x 3 boxes have 31 edges: 17 inside, 14 outside.
  assert.equal(all.length, 31);
  assert.equal(all.filter((piece) => piece.includes("|-")).length, 14);
});

test("neighbours share a stretch of border, and see each other", () => {
  const coverage = loaded(board(4, 3));
  assert.deepEqual([...coverage.neighbours("11")].sort(), ["01", "10", "12", "21"]);
  for (const code of coverage.grids.keys()) {
    for (const near of coverage.neighbours(code)) assert.ok(coverage.neighbours(near).has(code));
  }
  assert.deepEqual([...coverage.neighbours("nobody")], []);
});

test("after any row of changes it is as if everything had been loaded anew", () => {
  const random = chance(4);
  for (let round = 0; round < 40; round++) {
    const now = new Map(board(5, 4, round).map((each) => [each.properties.code, each]));
    const coverage = loaded([...now.values()]);
    for (let step = 0; step < 6; step++) {
      const codes = [...now.keys()];
      const one = codes[Math.floor(random() * codes.length)];
      if (random() < 0.3) {
        now.delete(one);
        coverage.update([], [one]);
      } else {
        // A corner of it moves, for all that have it.
        const from = now.get(one).geometry.coordinates[0][Math.floor(random() * 4)];
        const to = onLattice([from[0] + (random() - 0.5) * STEP * 0.1, from[1] + (random() - 0.5) * STEP * 0.1]);
        const changed = coverage.moved(from, to).map(({ properties: { code }, geometry }) => feature(code, geometry.coordinates));
        assert.ok(changed.some((each) => each.properties.code === one));
        for (const each of changed) now.set(each.properties.code, each);
        coverage.update(changed, []);
        assert.deepEqual(coverage.having(to), changed.map((each) => each.properties.code).sort());
      }
      assert.deepEqual(pieces(coverage), pieces(loaded([...now.values()])));
    }
  }
});

test("a place is in one grid, in none of a hole, and nearest to a vertex before a border", () => {
  const [outer, inner] = [[[0, 0], [8, 0], [8, 8], [0, 8], [0, 0]], [[2, 2], [2, 6], [6, 6], [6, 2], [2, 2]]];
  const coverage = loaded([feature("a", [outer, inner]), feature("b", [[...inner].reverse()])]);
  assert.equal(coverage.at([1, 1]), "a");
  assert.equal(coverage.at([4, 4]), "b");
  assert.equal(coverage.at([9, 9]), null);
  assert.deepEqual(coverage.nearest([2.1, 2.2], 1), { place: [2, 2], kind: "vertex" });
  assert.equal(coverage.nearest([4, 2.2], 1).kind, "edge");
  assert.equal(coverage.nearest([4, 2.2], 1, { edges: false }), null);
  assert.equal(coverage.nearest([4, 2.2], 0.1), null);
  assert.equal(coverage.nearest([4, 2.2], 1, { only: new Set() }), null);
});

test("marks say what differs from before", () => {
  const coverage = loaded(board(3, 1));
  assert.deepEqual([...coverage.mark(["00"], ["01"])].sort(), ["00", "01"]);
  assert.deepEqual([...coverage.mark(["00"], [])], ["01"]);
  assert.equal(coverage.grids.get("00").change, "created");
  assert.equal(coverage.grids.get("01").change, null);
});
