// The OpenAI client that `relay.openai` creates. `package.test.mjs` runs this file again with each version of the client.
import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";

import { Relay } from "@relayservice/sdk";
import OpenAI from "openai";

const KEY = "rly-Secretxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx4JnR19";
const messages = [{ role: "user", content: "Hello!" }];
const answer = { id: "1", object: "chat.completion", created: 1, model: "m", choices: [{ index: 0, finish_reason: "stop", message: { role: "assistant", content: "Hi" } }] };

/** A Relay whose requests end in a list. */
function relay(options, status = 200, body = answer) {
  const seen = [];
  const fetch = async (url, init) => {
    seen.push({ url: String(url), headers: new Headers(init.headers) });
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
