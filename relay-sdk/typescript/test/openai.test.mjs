// The OpenAI client that `relay.openai` creates. `package.test.mjs` runs this file again with each version of the client.
import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";

import { Relay, RelayError, keyNeeded } from "@relayservice/sdk";
import OpenAI from "openai";

const KEY = "rly-Secretxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx4JnR19";
const messages = [{ role: "user", content: "Hello!" }];
const answer = { id: "1", object: "chat.completion", created: 1, model: "m", choices: [{ index: 0, finish_reason: "stop", message: { role: "assistant", content: "Hi" } }] };

/** A Relay whose requests end in a list. */
function relay(options, status = 200, body = answer) {
  const seen = [];
  const fetch = async (url, init) => {
    seen.push({ ...init, url: String(url), headers: new Headers(init.headers) });
    return Response.json(body, { status, headers: { "x-should-retry": "false", "x-request-id": "req_1" } });
  };
  return { seen, relay: new Relay({ key: KEY, baseURL: "http://r.example", fetch, ...options }) };
}
const chat = (ai) => ai.chat.completions.create({ model: "gpt-4o-mini", messages });

test("it is an OpenAI client, bound to Relay and to the user", async () => {
  const { relay: here, seen } = relay();
  const ai = here.openai({ user: "jieun_123" });
  assert.ok(ai instanceof OpenAI);
  assert.equal((await chat(ai)).choices[0].message.content, "Hi");
  const [{ url, headers }] = seen;
  assert.equal(url, "http://r.example/v1/chat/completions");
  assert.deepEqual([headers.get("authorization"), headers.get("x-relay-user"), headers.get("x-relay-paid")], [`Bearer ${KEY}`, "jieun_123", null]);
  assert.deepEqual([ai.apiKey, ai.baseURL], [KEY, "http://r.example/v1"]);
});

test("paid: false marks a free-tier user; only booleans are accepted", async () => {
  const { relay: here, seen } = relay();
  for (const paid of [false, true, undefined]) await chat(here.openai({ user: "a", paid }));
  assert.deepEqual(seen.map(({ headers }) => headers.get("x-relay-paid")), ["false", "true", null]);
  for (const paid of ["false", 0, null]) assert.throws(() => here.openai({ user: "a", paid }), { code: "invalid_value", param: "paid" });
});

test("your own headers are kept, in any form; Relay sets its two headers", async () => {
  const pairs = { "X-Trace": "t1", "x-relay-USER": "mallory", "X-Relay-Paid": "true" };
  for (const defaultHeaders of [pairs, Object.entries(pairs), new Headers(pairs)]) {
    const { relay: here, seen } = relay();
    await chat(here.openai({ user: "ana", paid: false, defaultHeaders }));
    const [{ headers }] = seen;
    assert.deepEqual([headers.get("x-trace"), headers.get("x-relay-user"), headers.get("x-relay-paid")], ["t1", "ana", "false"]);
  }
});

test("clients made with withOptions are bound to the user too", async () => {
  const { relay: here, seen } = relay();
  const further = here.openai({ user: "ana" }).withOptions({ timeout: 5, defaultHeaders: { "X-Trace": "t2", "X-Relay-User": "mallory" } });
  await chat(further);
  const [{ url, headers }] = seen;
  assert.equal(url, "http://r.example/v1/chat/completions");
  assert.deepEqual([headers.get("authorization"), headers.get("x-trace"), headers.get("x-relay-user")], [`Bearer ${KEY}`, "t2", "ana"]);
});

test("options of the OpenAI client pass through; those of Relay are applied", async () => {
  const ai = relay({ timeout: 1234, maxRetries: 5 }).relay.openai({ user: "a", maxRetries: 0, defaultQuery: { a: "b" } });
  assert.deepEqual([ai.timeout, ai.maxRetries], [1234, 0]);
  const usual = new OpenAI({ apiKey: "x" });
  const untouched = relay().relay.openai({ user: "a" });
  assert.deepEqual([untouched.timeout, untouched.maxRetries], [usual.timeout, usual.maxRetries]);
  const { relay: here, seen } = relay();
  await chat(here.openai({ user: "a", defaultQuery: { a: "b" } }));
  assert.equal(seen[0].url, "http://r.example/v1/chat/completions?a=b");
});

test("OPENAI_* environment variables are ignored", async (t) => {
  const variables = { OPENAI_BASE_URL: "http://evil.example/v1", OPENAI_API_KEY: "sk-own", OPENAI_ADMIN_KEY: "sk-admin", OPENAI_ORG_ID: "org-1", OPENAI_PROJECT_ID: "proj-1", OPENAI_CUSTOM_HEADERS: "X-Relay-User: mallory" };
  Object.assign(process.env, variables);
  t.after(() => Object.keys(variables).forEach((name) => delete process.env[name]));
  const { relay: here, seen } = relay();
  await chat(here.openai({ user: "ana" }));
  const [{ url, headers }] = seen;
  assert.equal(url, "http://r.example/v1/chat/completions");
  assert.deepEqual([headers.get("authorization"), headers.get("x-relay-user")], [`Bearer ${KEY}`, "ana"]);
  assert.deepEqual([headers.get("openai-organization"), headers.get("openai-project")], [null, null]);
});

test("its calls throw the OpenAI client's errors", async () => {
  const error = { message: "No key.", type: "permission_error", param: null, code: "provider_key_missing", provider: "openai" };
  const { relay: here, seen } = relay({}, 403, { error });
  const raised = await chat(here.openai({ user: "ana" })).catch((raised) => raised);
  assert.ok(raised instanceof OpenAI.PermissionDeniedError);
  assert.deepEqual([raised.code, raised.requestID, raised.error.provider, seen.length], ["provider_key_missing", "req_1", "openai", 1]);
});

test("no framework stores an answer, whatever the caller's options are", async () => {
  const { relay: here, seen } = relay();
  const own = async (url, init) => (seen.push({ ...init }), Response.json(answer));
  for (const options of [{}, { fetchOptions: { cache: "force-cache", next: { revalidate: 60, tags: ["a"] } } }, { fetch: own }]) {
    await chat(here.openai({ user: "ana", ...options }));
    await chat(here.openai({ user: "ana", ...options }).withOptions({ timeout: 5_000 }));
  }
  assert.deepEqual(seen.map(({ cache }) => cache), Array(6).fill("no-store"));
  assert.deepEqual(seen.map(({ next }) => next).filter(Boolean), Array(2).fill({ revalidate: 0, tags: ["a"] }));
});

test("what a framework throws to steer rendering passes through untouched, at once", async () => {
  const marked = Object.assign(new Error("Dynamic server usage"), { digest: "DYNAMIC_SERVER_USAGE" });
  for (const thrown of [marked, { $$typeof: Symbol.for("react.postpone") }]) {
    let asked = 0;
    const { relay: here } = relay({ fetch: async () => { asked += 1; throw thrown; } });
    for (const ai of [here.openai({ user: "ana" }), here.openai({ user: "ana" }).withOptions({ timeout: 5_000 })]) {
      assert.equal(await chat(ai).catch((error) => error), thrown);
      assert.equal(await ai.models.list().catch((error) => error), thrown);
      const stream = ai.chat.completions.create({ model: "m", messages, stream: true });
      assert.equal(await stream.catch((error) => error), thrown);
    }
    assert.equal(asked, 6);
  }
  const plain = relay({ fetch: async () => { throw new TypeError("fetch failed"); }, maxRetries: 0 }).relay.openai({ user: "ana" });
  assert.ok((await chat(plain).catch((error) => error)) instanceof OpenAI.APIConnectionError);
});

test("keyNeeded names the provider for which the user must connect a key", async () => {
  for (const code of ["provider_key_missing", "provider_key_invalid", "provider_key_revoked", "provider_key_needs_workspace"]) {
    const body = { error: { message: "No.", type: "permission_error", param: null, code, provider: "anthropic" } };
    const error = await chat(relay({}, 403, body).relay.openai({ user: "ana" })).catch((error) => error);
    assert.ok(error instanceof OpenAI.PermissionDeniedError);
    assert.equal(keyNeeded(error), "anthropic");
    assert.equal(keyNeeded(new Error("wrapped", { cause: error })), "anthropic");
    // In a stream that has begun.
    const events = new Response(`data: ${JSON.stringify(body)}\n\n`, { headers: { "content-type": "text/event-stream" } });
    const ai = relay({ fetch: async () => events }).relay.openai({ user: "ana" });
    const broken = await (async () => { for await (const _ of await ai.chat.completions.create({ model: "m", messages, stream: true })); })().catch((error) => error);
    assert.ok(broken instanceof OpenAI.APIError);
    assert.equal(keyNeeded(broken), "anthropic");
  }
  const other = { error: { message: "No.", code: "insufficient_quota", provider: "openai" } };
  assert.equal(keyNeeded(await chat(relay({}, 403, other).relay.openai({ user: "ana" })).catch((error) => error)), null);
});

test("many calls may share one signal: no warning, and it ends each of them", async () => {
  const warnings = [];
  const note = (warning) => warnings.push(warning.name);
  process.on("warning", note);
  const leaving = new AbortController();
  const { relay: here } = relay({ maxRetries: 0 });
  const ai = here.openai({ user: "ana" });
  await Promise.all(Array.from({ length: 30 }, () => ai.chat.completions.create({ model: "m", messages }, { signal: leaving.signal })));
  let waiting = 0;
  const silent = (_, { signal }) => new Promise((_, fail) => ((waiting += 1), signal.addEventListener("abort", () => fail(signal.reason))));
  const slow = relay({ fetch: silent, maxRetries: 0 }).relay.openai({ user: "ana" });
  const calls = Array.from({ length: 30 }, () => slow.models.list({ signal: leaving.signal }).catch((error) => error));
  while (waiting < 30) await new Promise(setImmediate);
  leaving.abort();
  for (const error of await Promise.all(calls)) assert.ok(error instanceof OpenAI.APIUserAbortError, String(error));
  await new Promise(setImmediate);
  process.off("warning", note);
  assert.deepEqual(warnings, []);
});

test("a signal ends an answer that streams", async () => {
  const leaving = new AbortController();
  const body = (signal) => new ReadableStream({ start: (to) => {
    to.enqueue(new TextEncoder().encode(`data: ${JSON.stringify({ choices: [{ delta: { content: "Hi" } }] })}\n\n`));
    signal.addEventListener("abort", () => to.error(signal.reason));
  } });
  const fetch = async (_, { signal }) => new Response(body(signal), { headers: { "content-type": "text/event-stream" } });
  const stream = await relay({ fetch }).relay.openai({ user: "ana" }).chat.completions.create({ model: "m", messages, stream: true }, { signal: leaving.signal });
  let pieces = 0;
  for await (const _ of stream) (pieces += 1), leaving.abort();
  assert.deepEqual([pieces, stream.controller.signal.aborted], [1, true]);
});

test("a missing key is Relay's own error, not wrapped", async () => {
  const error = await chat(new Relay({ baseURL: "http://r.example" }).openai({ user: "ana" })).catch((error) => error);
  assert.ok(error instanceof RelayError);
  assert.equal(error.code, "missing_relay_key");
});

test("the key is not printed, before and after calls, in copies and in errors", async () => {
  const { relay: here } = relay({}, 401, { error: { message: "no", code: "invalid_relay_key" } });
  const ai = here.openai({ user: "ana" });
  const copy = ai.withOptions({ maxRetries: 0 });
  const errors = [await chat(ai).catch((error) => error), await chat(copy).catch((error) => error)];
  for (const shown of [ai, ai.chat.completions, copy, ...errors]) {
    assert.ok(!inspect(shown, { depth: 20 }).includes("Secretx"));
    assert.ok(!String(shown).includes("Secretx"));
  }
  for (const shown of [{ ...ai }, ...errors.map((error) => ({ ...error, stack: error.stack }))]) {
    const parents = [];
    const json = JSON.stringify(shown, (name, value) => (name === "_client" ? undefined : (parents.push(name), value)));
    assert.ok(parents.length > 1 && !json.includes("Secretx"));
  }
});
