import assert from "node:assert/strict";
import { test } from "node:test";
import { chance, script } from "./page.mjs";

const { parsePlace, parseView, viewText } = await script("core/url_state.js");

test("a view that was written into an address is read again", () => {
  const random = chance(6);
  for (let i = 0; i < 500; i++) {
    const [lng, lat, zoom] = [random() * 360 - 180, random() * 170 - 85, random() * 24];
    const view = parseView(viewText({ lng, lat }, zoom));
    assert.ok(Math.abs(view.center[0] - lng) < 1e-5 && Math.abs(view.center[1] - lat) < 1e-5 && Math.abs(view.zoom - zoom) < 0.01);
  }
});

test("what is no view and no place is none", () => {
  for (const text of [null, "", "1,2", "1,2,3,4", "a,b,c", "181,0,3", "0,86,3", "0,0,25", "0,0,-1", "NaN,0,1", "1e999,0,1"]) {
    assert.equal(parseView(text), null, String(text));
  }
  for (const text of [null, "", "1", ",", "1,", "1,2,3", "181,0", "0,91", "x,y"]) assert.equal(parsePlace(text), null, String(text));
  assert.deepEqual(parsePlace("120.5, 35.25"), [120.5, 35.25]);
});
