import assert from "node:assert/strict";
import { test } from "node:test";

import { clean, flawOf, ownerOf } from "../src/paste.ts";

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

test("a key as the provider lists it is recognised", () => {
  for (const short of ["sk-...1234", "sk-…a1b2", "sk-proj-abc…a1b2", "sk-****************a1b2", "sk-ant-api03-R2D...igAA", "...a1b2", "AIza•••••a1b2", "sk-..a1b2"]) {
    assert.equal(flawOf(short), "provider_key_masked", short);
  }
});

test("a token of a subscription or a sign-in is recognised", () => {
  for (const token of ["sk-ant-oat01-abc", "sk-ant-ort01-abc", "sk-ant-sid01-abc", "sess-abcdef", "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.sig", "ya29.a0AbCd"]) {
    assert.equal(flawOf(token), "subscription_token", token);
  }
});

test("no key is taken for one of these", () => {
  for (const key of ["sk-proj-abc_DEF-123", "sk-ant-api03-abc-_AA", "AQ.Ab8RN6-x_y", "AIzaSyA-b_c", "sk-or-v1-0123", "sk-svcacct-sess-1", "eyJust-a-key", "key.with.dots", ""]) {
    assert.equal(flawOf(key), null, key);
  }
});
