import assert from "node:assert/strict";
import { test } from "node:test";

import { clean, ownerOf } from "../src/paste.ts";

const KEY = "sk-proj-Ab_9-xyz";
/** As `GET /v1/registration` names them; Acme's keys can't be told from OpenAI's. */
const KNOWN = [
  { name: "openai", label: "OpenAI", keyPrefixes: ["sk-"] },
  { name: "anthropic", label: "Anthropic", keyPrefixes: ["sk-ant-"] },
  { name: "google", label: "Google", keyPrefixes: ["AQ.", "AIza"] },
  { name: "acme", label: "Acme AI", keyPrefixes: ["sk-"] },
  { name: "plain", label: "Plain", keyPrefixes: [] },
];

test("what comes along with a pasted key is taken off", () => {
  for (const pasted of [
    ` ${KEY} `,
    `${KEY}\n`,
    `"${KEY}"`,
    `'${KEY}',`,
    `“${KEY}”`,
    `\`${KEY}\``,
    `Bearer ${KEY}`,
    `bearer  ${KEY}`,
    `Authorization: Bearer ${KEY}`,
    `x-api-key: ${KEY}`,
    `OPENAI_API_KEY=${KEY}`,
    `export OPENAI_API_KEY="${KEY}";`,
    `OPENAI_API_KEY: '${KEY}'`,
    `"apiKey": "${KEY}",`,
    `"Bearer ${KEY}"`,
    `\u200b${KEY}\ufeff\u00a0`,
    `sk-proj-\nAb_9-xyz`,
    `<${KEY}>`,
  ]) {
    assert.deepEqual(clean(pasted, KNOWN), { key: KEY, changed: true }, JSON.stringify(pasted));
  }
});

test("a key stays as it is, whatever it looks like", () => {
  for (const key of [KEY, "sk-ant-api03-abc", "AQ.Ab8RN6-_x", "AIzaSyA", "token", "a=b", "bearersk", "0", "api-key-2", "key==", "sk-proj-abcKEYxyz==", "sk-abcapi:def123456"]) {
    assert.deepEqual(clean(key, KNOWN), { key, changed: false });
  }
  assert.deepEqual(clean("", KNOWN), { key: "", changed: false });
});

test("any text is cleaned in little time and to no more than it was", () => {
  for (const nasty of ["=".repeat(4096), "key".repeat(1365), "Bearer ".repeat(585), "\"'".repeat(2048), "apikey=".repeat(585), "\u200b".repeat(4096)]) {
    assert.ok(clean(nasty, KNOWN).key.length <= nasty.length);
  }
});

test("the longest known beginning says whose key it is", () => {
  const owner = (key: string, chosen?: string) => ownerOf(key, KNOWN, chosen)?.name ?? null;
  assert.equal(owner("sk-proj-x"), "openai");
  assert.equal(owner("sk-ant-api03-x"), "anthropic");
  assert.equal(owner("AIzaSyX"), "google");
  assert.equal(owner("AQ.x"), "google");
  assert.equal(owner("xai-x"), null);
  assert.equal(owner(""), null);
  assert.equal(owner("xai-x", "plain"), null);
});

test("of several providers with the same beginning it is the chosen one's", () => {
  const owner = (key: string, chosen: string) => ownerOf(key, KNOWN, chosen)?.name;
  assert.equal(owner("sk-x", "acme"), "acme");
  assert.equal(owner("sk-x", "openai"), "openai");
  assert.equal(owner("sk-ant-x", "acme"), "anthropic");
  assert.equal(owner("AQ.x", "acme"), "google");
});
