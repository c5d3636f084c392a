import assert from "node:assert/strict";
import { test } from "node:test";
import { script } from "./page.mjs";

const { versionOf } = await script("core/version.js");

test("a version is the same however a proxy marks that it compressed", () => {
  for (const plain of ['"3-7"', '"12-345"', '"1-1"']) {
    const inside = plain.slice(1, -1);
    for (const coding of ["gzip", "br", "zstd", "deflate"]) {
      for (const marked of [`"${inside}-${coding}"`, `"${inside};${coding}"`, `${plain}-${coding}`, `W/"${inside}-${coding}"`]) {
        assert.equal(versionOf(marked), plain, marked);
      }
    }
    assert.equal(versionOf(plain), plain);
    assert.equal(versionOf(`W/${plain}`), plain);
  }
});

test("other versions stay apart, and no tag is no version", () => {
  assert.notEqual(versionOf('W/"3-7"'), versionOf('"3-8"'));
  assert.equal(versionOf(null), "");
});
