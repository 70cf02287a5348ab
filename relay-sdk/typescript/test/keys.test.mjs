// Errors at construction, without a request.
import assert from "node:assert/strict";
import { test } from "node:test";

import { Relay, RelayError } from "../dist/index.js";
import { KEY, key } from "./fake.mjs";

const never = () => assert.fail("a request was made");
/** What `new Relay` raises. */
function refusal(options, code) {
  let error;
  assert.throws(() => new Relay({ fetch: never, ...options }), (raised) => (error = raised) instanceof RelayError);
  assert.equal(error.code, code);
  assert.equal(error.status, undefined);
  assert.equal(error.retryable, false);
  return error;
}

/** Runs with these globals, and puts everything back. */
function among(globals, run) {
  const before = Object.keys(globals).map((name) => [name, Object.getOwnPropertyDescriptor(globalThis, name)]);
  for (const [name, value] of Object.entries(globals)) Object.defineProperty(globalThis, name, { value, configurable: true });
  try {
    return run();
  } finally {
    for (const [name, own] of before) own ? Object.defineProperty(globalThis, name, own) : delete globalThis[name];
  }
}

function withEnvironment(variables, run) {
  const before = { ...process.env };
  Object.assign(process.env, variables);
  try {
    return run();
  } finally {
    process.env = before;
  }
}

test("a key of Relay is accepted", () => {
  for (const body of ["0".repeat(43), "z".repeat(43), "Ab9".padEnd(43, "Q")]) assert.ok(new Relay({ key: key(body) }));
});

test("no key: the error says where to set it", () => {
  for (const none of [undefined, null, ""]) assert.match(refusal({ key: none }, "missing_relay_key").message, /RELAY_KEY/);
});

test("the checksum detects a typo", () => {
  const typo = KEY.replace("Secret", "Sercet");
  assert.match(refusal({ key: typo }, "invalid_relay_key").message, /typo/);
  assert.match(refusal({ key: KEY.slice(0, -1) + (KEY.endsWith("0") ? "1" : "0") }, "invalid_relay_key").message, /typo/);
});

test("a truncated key, or one with white space, is refused with the reason", () => {
  assert.match(refusal({ key: KEY.slice(0, -3) }, "invalid_relay_key").message, /53 characters, but this one has 50/);
  assert.match(refusal({ key: `${KEY}\n` }, "invalid_relay_key").message, /white space/);
  assert.match(refusal({ key: 7 }, "invalid_relay_key").message, /string/);
});

test("another kind of secret is named in the error", () => {
  assert.match(refusal({ key: "rrt-abc" }, "invalid_relay_key").message, /registration token/);
  assert.match(refusal({ key: "sk-proj-abc" }, "invalid_relay_key").message, /provider key/);
  assert.match(refusal({ key: "AIzaSomething" }, "invalid_relay_key").message, /begins with rly-/);
});

test("no message contains the key", () => {
  for (const wrong of [KEY.slice(0, -3), `${KEY} `, KEY.replace("Secret", "Sercet"), "sk-proj-Secret", "rrt-Secret", "Secret"]) {
    const error = refusal({ key: wrong }, "invalid_relay_key");
    assert.ok(!/Secret|Sercet/.test(error.message + error.stack + JSON.stringify(error)));
  }
});

test("key and URL default to the environment", () => {
  withEnvironment({ RELAY_KEY: KEY, RELAY_BASE_URL: "http://127.0.0.1:1/v1/" }, () => {
    assert.equal(new Relay().baseURL, "http://127.0.0.1:1");
    assert.equal(new Relay({ baseURL: "https://vault.example/relay/" }).baseURL, "https://vault.example/relay");
  });
  assert.equal(new Relay({ key: KEY }).baseURL, "https://vault.relayservice.im");
});

test("an unreadable environment counts as empty", () => {
  const env = new Proxy({}, { get() { throw new Error("Requires env access"); } });
  among({ process: { env } }, () => refusal({}, "missing_relay_key"));
  among({ process: undefined }, () => refusal({}, "missing_relay_key"));
});

test("an invalid URL is refused", () => {
  for (const baseURL of ["vault.example", "ftp://vault.example", "https://me:secret@vault.example", "/v1"]) {
    assert.equal(refusal({ key: KEY, baseURL }, "invalid_value").param, "baseURL");
  }
});

test("invalid limits are refused", () => {
  for (const timeout of [0, -1, NaN, Infinity, "soon"]) assert.equal(refusal({ key: KEY, timeout }, "invalid_value").param, "timeout");
  for (const maxRetries of [-1, NaN, Infinity]) assert.equal(refusal({ key: KEY, maxRetries }, "invalid_value").param, "maxRetries");
});

test("in a web page or a web worker it refuses to run", () => {
  const page = { window: { document: {} } };
  const worker = { WorkerGlobalScope: class {}, importScripts() {} };
  for (const place of [page, worker]) {
    among(place, () => assert.match(refusal({ key: KEY }, "browser_not_allowed").message, /backend/));
  }
});

test("it runs on Deno, Bun, Workers and Edge, whatever globals they have", () => {
  const page = { window: { document: {} } };
  for (const place of [{ Deno: {} }, { Bun: {} }, { EdgeRuntime: "edge" }, { navigator: { userAgent: "Cloudflare-Workers" } }]) {
    among({ ...page, ...place }, () => assert.ok(new Relay({ key: KEY })));
  }
  among({ window: globalThis }, () => assert.ok(new Relay({ key: KEY })));
});
