import assert from "node:assert/strict";
import { test } from "node:test";
import { chance, script } from "./page.mjs";

// A zone with summer time; the pages take whatever the district has.
const { area, day, instantOf, number, span, wallOf } = await script("core/format.js", { zone: "Europe/Berlin" });

test("the wall clock of an instant leads back to it, summer and winter", () => {
  const random = chance(5);
  for (let i = 0; i < 3000; i++) {
    const instant = new Date(Math.floor((Date.UTC(2000, 0, 1) + random() * 30 * 365.25 * 86_400_000) / 60_000) * 60_000);
    const back = instantOf(wallOf(instant));
    // In the hour that comes twice either one is right.
    assert.equal(wallOf(back), wallOf(instant));
    assert.ok(Math.abs(back - instant) === 0 || Math.abs(back - instant) === 3_600_000, instant.toISOString());
  }
});

test("a time that the clocks skip is an hour beside it, not a day", () => {
  const skipped = instantOf("2026-03-29T02:30");
  assert.ok([Date.UTC(2026, 2, 29, 0, 30), Date.UTC(2026, 2, 29, 1, 30)].includes(+skipped));
});

test("days are those of the district", () => {
  assert.equal(day("2026-01-01T23:30:00Z"), "2026-01-02");
  assert.equal(day("2026-07-01T22:30:00Z"), "2026-07-02");
  assert.equal(wallOf("2026-07-01T22:30:30Z", true), "2026-07-02T00:31");
});

test("areas and spans have the unit in which they are read", () => {
  assert.deepEqual([9_999, 10_000, 12_345_678, 2_500_000_000].map(area), ["9,999 m²", "0.01 km²", "12.3 km²", "2,500 km²"]);
  assert.equal(number(1_234_567.8), "1,234,568");
  assert.deepEqual([1, 59 * 60_000, -2 * 3_600_000, 3 * 86_400_000].map(span), ["1 min", "59 min", "2 h", "3 days"]);
});
