import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
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
  assert.deepEqual(Object.keys(manifest.scripts).sort(), ["build", "check", "prepack", "test"]);
  assert.equal(manifest.sideEffects, false);
});

test("npm pack builds what it packs, complete", (t) => {
  const widget = fileURLToPath(new URL("../..", import.meta.url));
  const folder = mkdtempSync(join(tmpdir(), "relay-widget-"));
  t.after(() => rmSync(folder, { recursive: true }));
  // A fresh clone has no dist/. The types come from the widget's own sources beside the package.
  const fresh = (path) => !/\/(node_modules|dist|build)(\/|$)/.test(path.slice(widget.length - 1));
  for (const part of ["src", "tsconfig.json", "npm"]) cpSync(join(widget, part), join(folder, part), { recursive: true, filter: fresh });
  symlinkSync(join(widget, "npm/node_modules"), join(folder, "npm/node_modules"));
  const packed = execFileSync("npm", ["pack", "--silent", "--offline"], { cwd: join(folder, "npm"), encoding: "utf8" }).trim();
  const files = execFileSync("tar", ["-tzf", join(folder, "npm", packed)], { encoding: "utf8" }).trim().split("\n");
  const modules = ["index", "react"].flatMap((name) => ["js", "cjs"].map((ending) => `${name}.${ending}`));
  const types = ["index", "react", "options"].flatMap((name) => ["ts", "cts"].map((ending) => `${name}.d.${ending}`));
  const built = [...modules, ...types].map((name) => `package/dist/${name}`);
  assert.deepEqual(files.sort(), [...built, "package/README.md", "package/package.json"].sort());
  const { exports, types: main } = JSON.parse(read("package.json"));
  const named = JSON.stringify([exports, main]).match(/\.\/dist\/[^"]+/g);
  for (const path of named) assert.ok(files.includes(path.replace("./", "package/")), path);
});

test("the React entry is a client component in both module systems", () => {
  for (const ending of ["js", "cjs"]) assert.match(read(`dist/react.${ending}`), /^"use client";/);
});

test("both entries share one loader", () => {
  assert.match(read("dist/react.js"), /from "\.\/index\.js"/);
  assert.match(read("dist/react.cjs"), /require\("\.\/index\.cjs"\)/);
});
