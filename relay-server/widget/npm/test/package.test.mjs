import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

import { transformSync } from "esbuild";

const read = (path) => readFileSync(fileURLToPath(new URL(`../${path}`, import.meta.url)), "utf8");
const gzipped = (path) => gzipSync(transformSync(read(path), { minify: true }).code, { level: 9 }).length;

test("the loader takes at most 1.5 KB of a page, and the React wrapper as much again", () => {
  const sizes = { loader: gzipped("dist/index.js"), react: gzipped("dist/react.js") };
  assert.ok(sizes.loader <= 1500 && sizes.react <= 1500, JSON.stringify(sizes));
});

test("it depends on nothing, runs nothing when it is installed, and has no side effects", () => {
  const manifest = JSON.parse(read("package.json"));
  assert.equal(manifest.dependencies, undefined);
  assert.deepEqual(Object.keys(manifest.scripts).sort(), ["build", "check", "test"]);
  assert.equal(manifest.sideEffects, false);
});

test("the React entry is a client component in both module systems", () => {
  for (const ending of ["js", "cjs"]) assert.match(read(`dist/react.${ending}`), /^"use client";/);
});

test("both entries share one loader", () => {
  assert.match(read("dist/react.js"), /from "\.\/index\.js"/);
  assert.match(read("dist/react.cjs"), /require\("\.\/index\.cjs"\)/);
});
