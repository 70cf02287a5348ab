import assert from "node:assert/strict";
import { test } from "node:test";

import * as en from "../src/text/en.ts";
import * as ko from "../src/text/ko.ts";
import { LANGUAGES, languageOf } from "../src/text/index.ts";

type Texts = Record<string, unknown>;

/** All texts by name; functions are called with the names of their arguments. */
function flat(value: unknown, path = ""): [string, string][] {
  if (typeof value === "string") return [[path, value]];
  if (typeof value === "function") return [[path, String((value as (...given: unknown[]) => string)("⟨a⟩", path.endsWith("refused") ? 3 : "⟨b⟩"))]];
  return Object.entries(value as Texts).flatMap(([name, inner]) => flat(inner, `${path}.${name}`));
}

const all = { en: flat(en), ko: flat(ko) };

test("every language says all that is to be said, with the same names in it", () => {
  assert.deepEqual(Object.keys(all), [...LANGUAGES]);
  const english = new Map(all.en);
  for (const [name, said] of all.ko) {
    assert.ok(said.trim(), name);
    for (const given of ["⟨a⟩", "⟨b⟩"]) assert.equal(said.includes(given), english.get(name)!.includes(given), `${name}: ${given}`);
  }
});

test("no Korean text was left in English", () => {
  for (const [name, said] of all.ko) assert.match(said, /[가-힣]|^ltr$|^⟨a⟩$/, name);
});

test("a tag is known by its language", () => {
  assert.deepEqual(["en", "en-GB", "ko_KR", "KO", "de", "", 7, null, "constructor"].map(languageOf), ["en", "en", "ko", "ko", null, null, null, null, null]);
});
