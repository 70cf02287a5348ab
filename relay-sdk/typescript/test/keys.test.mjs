// What is wrong with key, address and place: reported without a request, key and address at the first call.
import assert from "node:assert/strict";
import { test } from "node:test";

import { Relay, RelayError } from "../dist/index.js";
import { KEY, failed as failing, key } from "./fake.mjs";

const failed = (call) => failing(Promise.resolve().then(call));

const BASE = "http://127.0.0.1:1";
const never = () => assert.fail("a request was made");
/** What `new Relay` throws. */
function refusal(options, code) {
  let error;
  assert.throws(() => new Relay({ fetch: never, ...options }), (raised) => (error = raised) instanceof RelayError);
  return checked(error, code);
}

/** What the first call throws, each kind of call the same. Nothing throws before. */
async function late(options, code) {
  const relay = new Relay({ fetch: never, baseURL: BASE, ...options });
  const ai = relay.openai({ user: "ana" });
  const calls = [
    () => relay.createRegistrationToken({ user: "ana" }),
    () => relay.users.list(),
    () => relay.connections.list("ana"),
    () => relay.usage(),
    () => ai.chat.completions.create({ model: "m", messages: [] }),
    () => ai.models.list(),
    () => ai.withOptions({ timeout: 5 }).chat.completions.create({ model: "m", messages: [], stream: true }),
  ];
  const errors = await Promise.all(calls.map(failed));
  for (const error of errors) assert.deepEqual([error.message, checked(error, code).code], [errors[0].message, code]);
  return errors[0];
}

function checked(error, code) {
  assert.ok(error instanceof RelayError, String(error));
  assert.deepEqual([error.code, error.status, error.retryable], [code, undefined, false]);
  return error;
}

/** Runs with these globals, and puts everything back. */
async function among(globals, run) {
  const before = Object.keys(globals).map((name) => [name, Object.getOwnPropertyDescriptor(globalThis, name)]);
  for (const [name, value] of Object.entries(globals)) Object.defineProperty(globalThis, name, { value, configurable: true });
  try {
    return await run();
  } finally {
    for (const [name, own] of before) own ? Object.defineProperty(globalThis, name, own) : delete globalThis[name];
  }
}

async function withEnvironment(variables, run) {
  const before = { ...process.env };
  Object.assign(process.env, variables);
  try {
    return await run();
  } finally {
    process.env = before;
  }
}

test("a key of Relay is accepted", () => {
  for (const body of ["0".repeat(43), "z".repeat(43), "Ab9".padEnd(43, "Q")]) assert.ok(new Relay({ key: key(body) }));
});

test("no key: nothing throws until the first call, and that says where to set it", async () => {
  for (const none of [undefined, null, ""]) assert.match((await late({ key: none }, "missing_relay_key")).message, /RELAY_KEY/);
});

test("a key that comes after the module was loaded is found", async () => {
  const seen = [];
  const fetch = async (url, { headers }) => (seen.push([String(url), new Headers(headers).get("authorization")]), Response.json({ usage: [], data: [] }));
  const relay = new Relay({ fetch });
  const ai = relay.openai({ user: "ana" });
  await withEnvironment({ RELAY_KEY: KEY, RELAY_BASE_URL: "http://r.example/v1" }, async () => {
    await relay.usage();
    await ai.models.list();
    assert.deepEqual([ai.apiKey, ai.baseURL], [KEY, "http://r.example/v1"]);
  });
  assert.deepEqual(seen, [["http://r.example/v1/usage", `Bearer ${KEY}`], ["http://r.example/v1/models", `Bearer ${KEY}`]]);
});

test("the checksum detects a typo", async () => {
  const typo = KEY.replace("Secret", "Sercet");
  assert.match((await late({ key: typo }, "invalid_relay_key")).message, /typo/);
  assert.match((await late({ key: KEY.slice(0, -1) + (KEY.endsWith("0") ? "1" : "0") }, "invalid_relay_key")).message, /typo/);
});

test("a truncated key, or one with white space, is refused with the reason", async () => {
  assert.match((await late({ key: KEY.slice(0, -3) }, "invalid_relay_key")).message, /53 characters, but this one has 50/);
  assert.match((await late({ key: `${KEY}\n` }, "invalid_relay_key")).message, /white space/);
  assert.match((await late({ key: 7 }, "invalid_relay_key")).message, /string/);
});

test("another kind of secret is named in the error", async () => {
  assert.match((await late({ key: "rrt-abc" }, "invalid_relay_key")).message, /registration token/);
  assert.match((await late({ key: "sk-proj-abc" }, "invalid_relay_key")).message, /provider key/);
  assert.match((await late({ key: "AIzaSomething" }, "invalid_relay_key")).message, /begins with rly-/);
});

test("no message contains the key", async () => {
  for (const wrong of [KEY.slice(0, -3), `${KEY} `, KEY.replace("Secret", "Sercet"), "sk-proj-Secret", "rrt-Secret", "Secret"]) {
    const error = await late({ key: wrong }, "invalid_relay_key");
    assert.ok(!/Secret|Sercet/.test(error.message + error.stack + JSON.stringify(error)));
  }
});

test("key and URL default to the environment", async () => {
  await withEnvironment({ RELAY_KEY: KEY, RELAY_BASE_URL: "http://127.0.0.1:1/v1/" }, () => {
    assert.equal(new Relay().baseURL, "http://127.0.0.1:1");
    assert.equal(new Relay({ baseURL: "https://vault.example/relay/" }).baseURL, "https://vault.example/relay");
  });
  assert.equal(new Relay({ key: KEY }).baseURL, "https://vault.relayservice.im");
});

test("an unreadable environment counts as empty", async () => {
  const env = new Proxy({}, { get() { throw new Error("Requires env access"); } });
  const ask = () => new Relay({ fetch: never, baseURL: BASE }).usage();
  for (const process of [{ env }, undefined]) checked(await among({ process }, () => failed(ask)), "missing_relay_key");
});

test("an invalid URL is refused, at the first call", async () => {
  for (const baseURL of ["vault.example", "ftp://vault.example", "https://me:secret@vault.example", "/v1", "", 7]) {
    assert.equal((await late({ key: KEY, baseURL }, "invalid_value")).param, "baseURL");
    assert.throws(() => new Relay({ baseURL }).baseURL, { code: "invalid_value", param: "baseURL" });
  }
});

test("slashes and /v1 at the end of the URL do not matter", () => {
  for (const end of ["", "/", "//", "/v1", "/v1/", "//v1", "/v1/v1", "/v1//", "//v1//v1//"]) {
    for (const base of ["https://vault.example", "https://vault.example/relay"]) assert.equal(new Relay({ key: KEY, baseURL: base + end }).baseURL, base);
  }
});

test("without an address the first call says, once, whose host gets the key", async (t) => {
  const [shown, asked] = [[], []];
  t.mock.method(console, "warn", (...words) => shown.push(words.join(" ")));
  const fetch = async (url) => (asked.push(String(url)), Response.json({ usage: [], error: { code: "invalid_relay_key", message: "It is not valid" } }, { status: asked.length > 1 ? 401 : 200 }));
  const relay = new Relay({ key: KEY, fetch });
  relay.openai({ user: "ana" });
  assert.deepEqual(shown, []);
  await relay.usage();
  const error = await failed(() => relay.usage());
  assert.equal(shown.length, 1);
  for (const text of [shown[0], error.message]) assert.match(text, /RELAY_BASE_URL.*https:\/\/vault\.relayservice\.im|https:\/\/vault\.relayservice\.im.*RELAY_BASE_URL/);
  assert.ok(!shown[0].includes("Secret"));
  assert.deepEqual(new Set(asked), new Set(["https://vault.relayservice.im/v1/usage"]));
  const named = await failed(() => new Relay({ key: KEY, fetch, baseURL: "https://vault.relayservice.im" }).usage());
  assert.ok(!named.message.includes("RELAY_BASE_URL"));
  assert.equal(shown.length, 1);
});

test("invalid limits are refused", () => {
  for (const timeout of [0, -1, NaN, Infinity, "soon"]) assert.equal(refusal({ key: KEY, timeout }, "invalid_value").param, "timeout");
  for (const maxRetries of [-1, NaN, Infinity]) assert.equal(refusal({ key: KEY, maxRetries }, "invalid_value").param, "maxRetries");
});

test("in a web page or a web worker it refuses to run, and names the override for simulated pages", async () => {
  const page = { window: { document: {} } };
  const worker = { WorkerGlobalScope: class {}, importScripts() {} };
  for (const place of [page, worker]) {
    await among(place, () => assert.match(refusal({ key: KEY }, "browser_not_allowed").message, /backend.*dangerouslyAllowBrowser/));
  }
});

test("with the override it runs in a simulated page, and so do its OpenAI clients", async () => {
  const page = { window: { document: {} }, document: {}, navigator: { userAgent: "Mozilla/5.0 (linux) AppleWebKit/537.36 jsdom/27.0.0" } };
  const fetch = async () => Response.json({ data: [] });
  await among(page, async () => {
    const relay = new Relay({ key: KEY, baseURL: BASE, fetch, dangerouslyAllowBrowser: true });
    await relay.openai({ user: "ana" }).withOptions({ timeout: 5 }).models.list();
    for (const other of [false, undefined, 1]) refusal({ key: KEY, dangerouslyAllowBrowser: other }, "browser_not_allowed");
  });
});

test("it runs on Deno, Bun, Workers and Edge, whatever globals they have", async () => {
  const page = { window: { document: {} } };
  for (const place of [{ Deno: {} }, { Bun: {} }, { EdgeRuntime: "edge" }, { navigator: { userAgent: "Cloudflare-Workers" } }]) {
    await among({ ...page, ...place }, () => assert.ok(new Relay({ key: KEY })));
  }
  await among({ window: globalThis }, () => assert.ok(new Relay({ key: KEY })));
});
