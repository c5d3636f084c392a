import assert from "node:assert/strict";
import { test } from "node:test";
import { chance, script } from "./page.mjs";

const { boxAround, boxOf, holds, labelPlace, nearestOn, onLattice, ringsOf, samePlace } = await script("editor/shapes.js");

const square = (x, y, size) => [[x, y], [x + size, y], [x + size, y + size], [x, y + size], [x, y]];
/** A star-shaped ring: random distances at ascending angles, so that it never crosses itself. */
function star(random, x, y, size) {
  const corners = 3 + Math.floor(random() * 12);
  const ring = Array.from({ length: corners }, (_, i) => {
    const angle = ((i + random() * 0.8) / corners) * 2 * Math.PI;
    const away = size * (0.2 + 0.8 * random());
    return onLattice([x + away * Math.cos(angle), y + away * Math.sin(angle)]);
  });
  return [...ring, ring[0]];
}

test("the lattice keeps what is on it, and moves nothing by more than half a step", () => {
  const random = chance(1);
  for (let i = 0; i < 2000; i++) {
    const place = [random() * 360 - 180, random() * 180 - 90];
    const on = onLattice(place);
    assert.deepEqual(onLattice(on), on);
    assert.ok(Math.abs(on[0] - place[0]) <= 0.5000001e-7 && Math.abs(on[1] - place[1]) <= 0.5000001e-7);
    assert.ok(samePlace(on, place));
    assert.ok(!samePlace(on, [on[0] + 1e-7, on[1]]));
  }
});

test("rings of one polygon and of several", () => {
  const [a, b, hole] = [square(0, 0, 1), square(5, 5, 1), square(0.2, 0.2, 0.1)];
  assert.deepEqual(ringsOf({ type: "Polygon", coordinates: [a, hole] }), [a, hole]);
  assert.deepEqual(ringsOf({ type: "MultiPolygon", coordinates: [[a, hole], [b]] }), [a, hole, b]);
});

test("a box holds every place, and takes the short way round across the 180th meridian", () => {
  assert.deepEqual(boxOf({ type: "Polygon", coordinates: [square(120, 35, 0.5)] }), [120, 35, 120.5, 35.5]);
  const both = { type: "MultiPolygon", coordinates: [[square(179, -17, 1)], [square(-180, -17, 1)]] };
  assert.deepEqual(boxOf(both), [179, -17, 181, -16]);
  assert.deepEqual(boxAround([[0, 1, 2, 3], [-1, 2, 1, 9]]), [-1, 1, 2, 9]);
});

test("a hole is outside", () => {
  const rings = [square(0, 0, 10), square(4, 4, 2)];
  assert.ok(holds(rings, [1, 1]));
  assert.ok(!holds(rings, [5, 5]));
  assert.ok(!holds(rings, [11, 5]));
});

test("a label stands inside its shape, whatever the shape", () => {
  const random = chance(2);
  for (let i = 0; i < 500; i++) {
    const ring = star(random, 120 + random(), 35 + random(), 0.01);
    const place = labelPlace({ type: "Polygon", coordinates: [ring] });
    assert.ok(holds([ring], place), JSON.stringify(ring));
  }
  const withHole = [square(0, 0, 10), square(3, 3, 4)];
  assert.ok(holds(withHole, labelPlace({ type: "Polygon", coordinates: withHole })));
});

test("no place of a segment is nearer than the nearest", () => {
  const random = chance(3);
  const place = () => [120 + random() / 100, 35 + random() / 100];
  const shrink = Math.cos((35 * Math.PI) / 180);
  for (let i = 0; i < 500; i++) {
    const [p, a, b] = [place(), place(), place()];
    const { place: near, distance } = nearestOn(p, a, b, shrink);
    const away = (q) => Math.hypot((q[0] - p[0]) * shrink, q[1] - p[1]);
    assert.ok(Math.abs(away(near) - distance) < 1e-12);
    for (let part = 0; part <= 1; part += 0.05) {
      assert.ok(away([a[0] + (b[0] - a[0]) * part, a[1] + (b[1] - a[1]) * part]) >= distance - 1e-12);
    }
  }
  assert.deepEqual(nearestOn([1, 1], [0, 0], [0, 0], 1).place, [0, 0], "a segment without length");
});
