// What is told at construction, without a request.
import assert from "node:assert/strict";
import { test } from "node:test";

import { Relay, RelayError } from "../dist/index.js";
import { KEY, key } from "./fake.mjs";

const never = () => assert.fail("a request was made");
/** What `new Relay` raises. */
function told(options, code) {
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

test("a key that Relay made is taken", () => {
  for (const body of ["0".repeat(43), "z".repeat(43), "Ab9".padEnd(43, "Q")]) assert.ok(new Relay({ key: key(body) }));
});

test("no key: says where it could come from", () => {
  for (const none of [undefined, null, ""]) assert.match(told({ key: none }, "missing_relay_key").message, /RELAY_KEY/);
});

test("a typo is told by the checksum", () => {
  const typo = KEY.replace("Secret", "Sercet");
  assert.match(told({ key: typo }, "invalid_relay_key").message, /typo/);
  assert.match(told({ key: KEY.slice(0, -1) + (KEY.endsWith("0") ? "1" : "0") }, "invalid_relay_key").message, /typo/);
});

test("a key that was cut off, or has white space, says so", () => {
  assert.match(told({ key: KEY.slice(0, -3) }, "invalid_relay_key").message, /53 characters, and this one has 50/);
  assert.match(told({ key: `${KEY}\n` }, "invalid_relay_key").message, /white space/);
  assert.match(told({ key: 7 }, "invalid_relay_key").message, /string/);
});

test("a secret of another kind is named as what it is", () => {
  assert.match(told({ key: "rrt-abc" }, "invalid_relay_key").message, /registration token/);
  assert.match(told({ key: "sk-proj-abc" }, "invalid_relay_key").message, /provider's key/);
  assert.match(told({ key: "AIzaSomething" }, "invalid_relay_key").message, /begins with rly-/);
});

test("no message has the key in it", () => {
  for (const wrong of [KEY.slice(0, -3), `${KEY} `, KEY.replace("Secret", "Sercet"), "sk-proj-Secret", "rrt-Secret", "Secret"]) {
    const error = told({ key: wrong }, "invalid_relay_key");
    assert.ok(!/Secret|Sercet/.test(error.message + error.stack + JSON.stringify(error)));
  }
});

test("key and address come from the environment if they are not given", () => {
  withEnvironment({ RELAY_KEY: KEY, RELAY_BASE_URL: "http://127.0.0.1:1/v1/" }, () => {
    assert.equal(new Relay().baseURL, "http://127.0.0.1:1");
    assert.equal(new Relay({ baseURL: "https://vault.example/relay/" }).baseURL, "https://vault.example/relay");
  });
  assert.equal(new Relay({ key: KEY }).baseURL, "https://vault.relayservice.im");
});

test("an environment that may not be read is as good as none", () => {
  const env = new Proxy({}, { get() { throw new Error("Requires env access"); } });
  among({ process: { env } }, () => told({}, "missing_relay_key"));
  among({ process: undefined }, () => told({}, "missing_relay_key"));
});

test("an address that is none is told", () => {
  for (const baseURL of ["vault.example", "ftp://vault.example", "https://me:secret@vault.example", "/v1"]) {
    assert.equal(told({ key: KEY, baseURL }, "invalid_value").param, "baseURL");
  }
});

test("limits that make no sense are told", () => {
  for (const timeout of [0, -1, NaN, Infinity, "soon"]) assert.equal(told({ key: KEY, timeout }, "invalid_value").param, "timeout");
  for (const maxRetries of [-1, NaN, Infinity]) assert.equal(told({ key: KEY, maxRetries }, "invalid_value").param, "maxRetries");
});

test("in a web page or a web worker it refuses to run", () => {
  const page = { window: { document: {} } };
  const worker = { WorkerGlobalScope: class {}, importScripts() {} };
  for (const place of [page, worker]) {
    among(place, () => assert.match(told({ key: KEY }, "browser_not_allowed").message, /backend/));
  }
});

test("on Deno, Bun, Workers and Edge it runs, whatever else they have", () => {
  const page = { window: { document: {} } };
  for (const place of [{ Deno: {} }, { Bun: {} }, { EdgeRuntime: "edge" }, { navigator: { userAgent: "Cloudflare-Workers" } }]) {
    among({ ...page, ...place }, () => assert.ok(new Relay({ key: KEY })));
  }
  among({ window: globalThis }, () => assert.ok(new Relay({ key: KEY })));
});
