// Requests, retries and bad responses, counted at a server.
import assert from "node:assert/strict";
import { createServer } from "node:net";
import { getEventListeners, once } from "node:events";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { inspect } from "node:util";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

import { RelayError, keyNeeded } from "../dist/index.js";
import { KEY, TOKEN, failed, fake, pauses, refusal } from "./fake.mjs";

const ok = { status: 201, body: TOKEN };
const ISSUED = { user: "ana", ...TOKEN };
const ask = (relay, more) => relay.createRegistrationToken({ user: "ana", ...more });

test("a token is requested as docs/api.md describes", async (t) => {
  const { relay, requests } = await fake(t, ok);
  assert.deepEqual(await ask(relay(), { endUserName: "지은", provider: "openai", expiresInSeconds: 60, allowedOrigins: ["https://a.example"], replace: false }), ISSUED);
  const [{ method, url, headers, body }] = requests;
  assert.deepEqual([method, url, headers.authorization, headers["content-type"]], ["POST", "/v1/registration-tokens", `Bearer ${KEY}`, "application/json"]);
  assert.deepEqual(JSON.parse(body), { endUserLabel: "ana", endUserName: "지은", provider: "openai", expiresInSeconds: 60, allowedOrigins: ["https://a.example"], replace: false });
});

test("every method has its path", async (t) => {
  const { relay, requests } = await fake(t, { body: { users: [], hasMore: false, nextAfter: null, connections: [] } });
  const { users, connections } = relay();
  await users.list({ limit: 2, after: "a&b" });
  await users.list({ state: "pending" });
  await users.get("a/b c".replace(" ", "%"));
  await users.delete("ana");
  await connections.list("ana");
  await connections.delete("ana", "openai");
  await connections.verify("ana", "google");
  await relay().usage({ from: "2026-11-01", to: "2026-11-02", user: "ana" });
  await relay().usage();
  assert.deepEqual(requests.map(({ method, url }) => `${method} ${url}`), [
    "GET /v1/users?limit=2&after=a%26b",
    "GET /v1/users?state=pending",
    "GET /v1/users/a%2Fb%25c",
    "DELETE /v1/users/ana",
    "GET /v1/users/ana/connections",
    "DELETE /v1/users/ana/connections/openai",
    "POST /v1/users/ana/connections/google/verify",
    "GET /v1/usage?from=2026-11-01&to=2026-11-02&user=ana",
    "GET /v1/usage",
  ]);
});

test("a user's label is checked before a request", async (t) => {
  const { relay, requests } = await fake(t, ok);
  for (const [user, code] of [["", "missing_user"], [undefined, "missing_user"], ["a".repeat(129), "invalid_user"], ["two words", "invalid_user"], ["지은", "invalid_user"], [7, "invalid_user"]]) {
    for (const wrong of [() => ask(relay(), { user }), () => relay().users.get(user), async () => relay().openai({ user })]) {
      const error = await failed(wrong());
      assert.ok(error instanceof RelayError);
      assert.deepEqual([error.code, error.param], [code, "user"]);
    }
  }
  // URL parsers resolve these, even if percent-encoded, so they would reach another path.
  for (const user of [".", ".."]) assert.equal((await failed(relay().users.delete(user))).code, "invalid_user");
  for (const provider of ["", "."]) assert.equal((await failed(relay().connections.delete("ana", provider))).code, "invalid_value");
  assert.equal(requests.length, 0);
});

test("all users are listed page by page, and one page with await", async (t) => {
  const user = (endUserLabel) => ({ endUserLabel, createdAt: "2026-11-24T10:00:00.000Z", providers: [] });
  const first = { users: [user("a"), user("b")], hasMore: true, nextAfter: "b" };
  const last = { users: [user("c")], hasMore: false, nextAfter: null };
  const { relay, requests } = await fake(t, { body: first }, { body: last }, { body: first });
  const labels = [];
  for await (const { user, endUserLabel } of relay().users.list({ limit: 2 })) labels.push(user, endUserLabel);
  assert.deepEqual(labels, ["a", "a", "b", "b", "c", "c"]);
  assert.deepEqual(requests.map(({ url }) => url), ["/v1/users?limit=2", "/v1/users?limit=2&after=b"]);
  assert.deepEqual(await relay().users.list(), { ...first, users: first.users.map((row) => ({ user: row.endUserLabel, ...row })) });
});

test("a list that fails before anybody waits for it does not end the process, and still throws", async (t) => {
  const { relay } = await fake(t, refusal(401, "invalid_relay_key"));
  const stray = [];
  const note = (error) => stray.push(error);
  process.on("unhandledRejection", note);
  t.after(() => process.off("unhandledRejection", note));
  const list = relay().users.list();
  const other = relay({ key: "none" }).users.list();
  await failed(relay().usage());
  await new Promise((later) => setTimeout(later, 20));
  assert.equal((await failed((async () => { for await (const _ of list); })())).code, "invalid_relay_key");
  assert.equal((await failed(list)).code, "invalid_relay_key");
  assert.match((await failed(other)).message, /begins with rly-/);
  assert.deepEqual(stray, []);
});

test("a user's rows have one name for the user everywhere", async (t) => {
  const row = { endUserLabel: "ana", day: "2026-11-01", provider: "openai" };
  const { relay } = await fake(t, { body: { endUserLabel: "ana", createdAt: "x", connections: [] } }, { body: { from: "a", to: "b", usage: [row], hasMore: false } });
  assert.equal((await relay().users.get("ana")).user, "ana");
  assert.deepEqual(await relay().usage(), { from: "a", to: "b", usage: [{ user: "ana", ...row }], hasMore: false });
});

test("no framework stores an answer", async (t) => {
  const { relay } = await fake(t, ok);
  const seen = [];
  const { users, connections } = relay({ fetch: async (_, { cache }) => (seen.push(cache), Response.json({})) });
  for (const call of [() => users.list(), () => users.get("a"), () => users.delete("a"), () => connections.list("a"), () => connections.verify("a", "openai")]) await call();
  await relay({ fetch: async (_, { cache }) => (seen.push(cache), Response.json({})) }).usage();
  assert.deepEqual(seen, Array(6).fill("no-store"));
  // Older Workers throw at the option, and have no such member.
  const own = Object.getOwnPropertyDescriptor(Request.prototype, "cache");
  delete Request.prototype.cache;
  t.after(() => Object.defineProperty(Request.prototype, "cache", own));
  await relay({ fetch: async (_, init) => (seen.push("cache" in init), Response.json({})) }).usage();
  assert.equal(seen.pop(), false);
});

test("what a framework throws to steer rendering passes through untouched, at once", async (t) => {
  const { relay } = await fake(t, ok);
  const marked = (digest) => Object.assign(new Error("steering"), { digest });
  const postponed = { $$typeof: Symbol.for("react.postpone") };
  for (const thrown of [marked("DYNAMIC_SERVER_USAGE"), marked("NEXT_REDIRECT;replace;/;307;"), marked("HANGING_PROMISE_REJECTION"), postponed]) {
    let asked = 0;
    const here = relay({ fetch: async () => { asked += 1; throw thrown; } });
    assert.equal(await failed(here.connections.list("ana")), thrown);
    assert.equal(await failed(here.users.list()), thrown);
    assert.equal(asked, 2);
  }
});

test("Next.js notices a call before anything random is drawn", async (t) => {
  const { relay } = await fake(t, ok);
  const thrown = Object.assign(new Error("steering"), { digest: "HANGING_PROMISE_REJECTION" });
  const drawn = t.mock.method(crypto, "randomUUID");
  const own = globalThis.fetch;
  t.after(() => (globalThis.fetch = own));
  globalThis.fetch = Object.assign(async () => { throw thrown; }, { __nextPatched: true });
  const here = relay();
  assert.equal(await failed(here.createRegistrationToken({ user: "ana" })), thrown);
  assert.equal(await failed(here.openai({ user: "ana" }).chat.completions.create({ model: "m", messages: [] })), thrown);
  assert.equal(drawn.mock.callCount(), 0);
});

test("many calls may share one signal: no warning, and nothing stays behind", async (t) => {
  const { relay } = await fake(t, { body: { connections: [] } });
  const warnings = [];
  const note = (warning) => warnings.push(warning.name);
  process.on("warning", note);
  t.after(() => process.off("warning", note));
  const { signal } = new AbortController();
  await Promise.all(Array.from({ length: 30 }, () => relay().connections.list("ana", { signal })));
  await new Promise(setImmediate);
  assert.deepEqual([warnings, getEventListeners(signal, "abort").length], [[], 0]);
});

test("one signal ends all of its calls", async (t) => {
  let waiting = 0;
  const leaving = new AbortController();
  const { relay } = await fake(t, () => (waiting += 1) === 20 && leaving.abort(new Error("left")));
  const errors = await Promise.all(Array.from({ length: 20 }, () => failed(relay().usage({ signal: leaving.signal }))));
  assert.deepEqual(new Set(errors.map(({ code, cause }) => `${code} ${cause.message}`)), new Set(["aborted left"]));
  assert.equal(getEventListeners(leaving.signal, "abort").length, 0);
});

test("keyNeeded: the codes of docs/errors.md that ask for the widget, however an error is wrapped", async (t) => {
  const page = readFileSync(new URL("../../../docs/errors.md", import.meta.url), "utf8");
  const codes = [...page.matchAll(/^\| 403 \| `(\w+)` \|.*open the widget.*\|$/gm)].map(([, code]) => code);
  assert.ok(codes.length >= 4);
  for (const code of codes) {
    const { relay } = await fake(t, refusal(403, code, {}, { provider: "google" }));
    const error = await failed(relay().connections.verify("ana", "google"));
    const body = { error: { code, provider: "google" } };
    for (const wrapped of [error, { cause: error }, body, JSON.stringify(body), body.error, { responseBody: JSON.stringify(body) }, { data: body }, { lastError: { data: body } }]) {
      assert.equal(keyNeeded(wrapped), "google", inspect(wrapped));
    }
  }
  const loop = { code: "x" };
  loop.cause = loop;
  const without = new RelayError("", { code: "provider_key_missing" });
  for (const other of [undefined, null, 7, "no", "{", {}, loop, without, new Error("x"), new RelayError("", { code: "insufficient_quota", provider: "openai" })]) {
    assert.equal(keyNeeded(other), null, inspect(other));
  }
});

test("requestID is requestId", () => {
  assert.equal(new RelayError("", { code: "x", requestId: "req_1" }).requestID, "req_1");
});

for (const [name, bad] of [
  ["500", refusal(500, "internal_error")],
  ["503", refusal(503, "storage_unavailable")],
  ["429", refusal(429, "too_many_refusals")],
  ["408", refusal(408, "request_timeout")],
  ["a broken connection", (socket) => socket.destroy()],
  ["a proxy's web page with 502", { status: 502, headers: { "content-type": "text/html" }, body: "<h1>Bad Gateway</h1>" }],
]) {
  test(`${name} is tried again, with the same idempotency key`, async (t) => {
    const taken = pauses(t);
    const { relay, requests } = await fake(t, bad, bad, ok);
    assert.deepEqual(await ask(relay()), ISSUED);
    const keys = requests.map(({ headers }) => headers["idempotency-key"]);
    assert.equal(keys.length, 3);
    assert.match(keys[0], /^[0-9a-f]{8}-/);
    assert.equal(new Set(keys).size, 1);
    assert.ok(taken[0] >= 375 && taken[0] <= 500 && taken[1] >= 750 && taken[1] <= 1000, String(taken));
  });
}

test("two calls have two idempotency keys; your own key is used unchanged", async (t) => {
  const { relay, requests } = await fake(t, ok);
  await ask(relay());
  await ask(relay());
  await ask(relay(), { idempotencyKey: "form-7" });
  const [one, two, own] = requests.map(({ headers }) => headers["idempotency-key"]);
  assert.notEqual(one, two);
  assert.equal(own, "form-7");
});

test("GET and DELETE are retried too", async (t) => {
  pauses(t);
  const { relay, requests } = await fake(t, refusal(503, "draining"), { body: { connections: [] } }, refusal(503, "draining"), { status: 204 });
  await relay().connections.list("ana");
  assert.equal(await relay().users.delete("ana"), undefined);
  assert.deepEqual(requests.map(({ method }) => method), ["GET", "GET", "DELETE", "DELETE"]);
});

test("a permanent error is not retried", async (t) => {
  for (const bad of [refusal(400, "invalid_value"), refusal(401, "invalid_relay_key"), refusal(403, "scope_missing"), refusal(404, "user_not_found"), refusal(410, "gone")]) {
    const { relay, requests } = await fake(t, bad);
    const error = await failed(ask(relay()));
    assert.deepEqual([error.status, error.code, error.retryable, requests.length], [bad.status, bad.body.error.code, false, 1]);
  }
});

test("x-should-retry takes precedence over the status", async (t) => {
  pauses(t);
  const never = await fake(t, refusal(500, "provider_key_unreadable", { "x-should-retry": "false" }));
  assert.equal((await failed(ask(never.relay()))).retryable, false);
  assert.equal(never.requests.length, 1);
  const always = await fake(t, refusal(400, "incomplete_body", { "x-should-retry": "true" }));
  assert.equal((await failed(ask(always.relay()))).retryable, true);
  assert.equal(always.requests.length, 3);
});

test("maxRetries is the number of retries", async (t) => {
  pauses(t);
  for (const maxRetries of [0, 1, 5]) {
    const { relay, requests } = await fake(t, refusal(503, "draining"));
    await failed(ask(relay({ maxRetries })));
    assert.equal(requests.length, maxRetries + 1);
  }
});

test("retry-after is obeyed: seconds, milliseconds, a date", async (t) => {
  const taken = pauses(t);
  const date = new Date(Date.now() + 40_000).toUTCString();
  for (const [headers, least, most] of [
    [{ "retry-after": "7" }, 7000, 7000],
    [{ "retry-after": "7", "retry-after-ms": "250" }, 250, 250],
    [{ "retry-after": date }, 30_000, 40_000],
    [{ "retry-after": "never" }, 375, 500],
    [{ "retry-after": new Date(0).toUTCString() }, 0, 0],
  ]) {
    taken.length = 0;
    const { relay } = await fake(t, refusal(429, "too_many_refusals", headers), ok);
    await ask(relay());
    assert.ok(taken[0] >= least && taken[0] <= most, `${JSON.stringify(headers)}: ${taken}`);
  }
});

test("a wait of more than a minute is not waited for", async (t) => {
  const { relay, requests } = await fake(t, refusal(429, "too_many_refusals", { "retry-after": "61" }));
  assert.equal((await failed(ask(relay()))).code, "too_many_refusals");
  assert.equal(requests.length, 1);
});

test("an error has everything that Relay returned", async (t) => {
  const { relay } = await fake(t, refusal(403, "provider_key_missing", {}, { provider: "anthropic", param: "provider" }));
  const error = await failed(relay().connections.verify("ana", "anthropic"));
  assert.ok(error instanceof RelayError && error instanceof Error);
  assert.equal(error.name, "RelayError");
  assert.equal(error.message, "It is provider_key_missing. (403 provider_key_missing req_0123456789ABCDEFGHJKMNPQRS)");
  const { status, code, type, param, requestId, retryable, provider } = error;
  assert.deepEqual({ status, code, type, param, requestId, retryable, provider }, {
    status: 403, code: "provider_key_missing", type: "some_error", param: "provider",
    requestId: "req_0123456789ABCDEFGHJKMNPQRS", retryable: false, provider: "anthropic",
  });
});

test("docUrl is a page that has the code", async (t) => {
  const own = readFileSync(new URL("../src/error.ts", import.meta.url), "utf8").match(/\^\((.*)\)\$/)[1].split("|");
  for (const code of [...own, "provider_key_missing", "invalid_relay_key", "invalid_user", "missing_user", "invalid_value"]) {
    const [page, text] = new RelayError("", { code }).docUrl.split("#:~:text=");
    const file = page.replace("https://github.com/relayservice/relay/blob/main/", "../../../");
    assert.ok(readFileSync(new URL(file, import.meta.url), "utf8").includes(`\`${text}\``), `${page}: ${text}`);
  }
});

test("a relay that is down: the error names its URL", async (t) => {
  const taken = pauses(t);
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const baseURL = `http://127.0.0.1:${server.address().port}`;
  await new Promise((closed) => server.close(closed));
  const { relay } = await fake(t, ok);
  const error = await failed(ask(relay({ baseURL })));
  assert.deepEqual([error.code, error.status, error.retryable], ["connection_failed", undefined, true]);
  assert.ok(error.message.includes(baseURL) && error.message.includes("RELAY_BASE_URL"));
  assert.ok(error.cause instanceof Error);
  assert.equal(taken.length, 2);
});

test("a proxy's web page, a redirect and other foreign responses are recognised", async (t) => {
  const html = { headers: { "content-type": "text/html; charset=utf-8" }, body: "<!doctype html><title>Sign in</title>" };
  for (const [answer, words] of [
    [html, /web page/],
    [{ ...html, status: 403 }, /web page/],
    [{ status: 302, headers: { location: "https://login.example/?next=secret" } }, /redirects to https:\/\/login\.example\/\. /],
    [{ body: "" }, /not respond like Relay/],
    [{ body: "null" }, /not respond like Relay/],
    [{ status: 404, body: { detail: "Not Found" } }, /not respond like Relay/],
    [{ status: 400, body: { error: "no" } }, /not respond like Relay/],
    [{ status: 400, body: { error: { code: 7 } } }, /not respond like Relay/],
  ]) {
    const { relay, requests } = await fake(t, answer);
    const error = await failed(ask(relay()));
    assert.deepEqual([error.code, error.status, error.retryable], ["unexpected_response", answer.status ?? 200, false]);
    assert.match(error.message, words);
    assert.match(error.message, /RELAY_BASE_URL/);
    assert.equal(requests.length, 1);
  }
});

test("a relay that is silent: ends after the timeout, of the client or of the call", async (t) => {
  const { relay, requests } = await fake(t, () => {});
  const error = await failed(ask(relay({ timeout: 20, maxRetries: 0 })));
  assert.deepEqual([error.code, error.status, error.retryable], ["timeout", undefined, true]);
  assert.match(error.message, /20 ms/);
  assert.match((await failed(relay({ maxRetries: 0 }).users.list({ timeout: 30 }))).message, /30 ms/);
  assert.equal((await failed(relay().usage({ timeout: 0 }))).code, "invalid_value");
  // A slow machine may not even have connected.
  assert.ok(requests.length <= 2);
});

// Node loses the sources of `AbortSignal.any`.
test("a timeout fires even after a garbage collection", async (t) => {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc");
  const { relay } = await fake(t, () => {});
  const ending = failed(ask(relay({ timeout: 50, maxRetries: 0 })));
  for (let turn = 0; turn < 10; turn += 1) {
    await new Promise(setImmediate);
    collect();
  }
  assert.equal((await ending).code, "timeout");
});

test("a body that never ends is a timeout, too", async (t) => {
  const { relay } = await fake(t, (socket) => socket.write("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n{"));
  assert.equal((await failed(ask(relay({ timeout: 50, maxRetries: 0 })))).code, "timeout");
});

test("a caller's signal ends a request, and a pause between two", async (t) => {
  const silent = await fake(t, () => leaving.abort(new Error("left")));
  const leaving = new AbortController();
  const error = await failed(ask(silent.relay(), { signal: leaving.signal }));
  assert.deepEqual([error.code, error.retryable, error.cause.message], ["aborted", false, "left"]);
  assert.equal((await failed(ask(silent.relay(), { signal: leaving.signal }))).code, "aborted");
  assert.equal(silent.requests.length, 1);

  const busy = await fake(t, refusal(503, "draining", { "retry-after": "50" }));
  const pausing = new AbortController();
  pauses(t, () => queueMicrotask(() => pausing.abort()));
  assert.equal((await failed(ask(busy.relay(), { signal: pausing.signal }))).code, "aborted");
  assert.equal(busy.requests.length, 1);
});

test("`fetch` can be replaced", async (t) => {
  const seen = [];
  const { relay } = await fake(t, ok);
  const own = relay({ fetch: async (url, init) => (seen.push(url, init.method), Response.json(TOKEN, { status: 201 })), baseURL: "http://elsewhere.example/v1" });
  assert.deepEqual(await ask(own), ISSUED);
  assert.deepEqual(seen, ["http://elsewhere.example/v1/registration-tokens", "POST"]);
});

test("the key appears in nothing that is printed", async (t) => {
  const { relay } = await fake(t, refusal(401, "invalid_relay_key"));
  const here = relay();
  const errors = [
    await failed(ask(here)),
    await failed(relay({ fetch: () => Promise.reject(new TypeError("fetch failed")), maxRetries: 0 }).usage()),
    await failed(relay({ timeout: 1, maxRetries: 0, fetch: (_, { signal }) => new Promise((_, no) => signal.addEventListener("abort", () => no(signal.reason))) }).usage()),
  ];
  for (const shown of [here, here.users, here.connections, ...errors, here.users.list().catch(() => {})]) {
    const texts = [inspect(shown, { depth: 20, showHidden: true }), String(shown), JSON.stringify(shown), JSON.stringify({ ...shown }), shown.stack ?? ""];
    for (const text of texts) assert.ok(!String(text).includes("Secret"), text);
  }
  assert.deepEqual(Object.keys(here).sort(), ["connections", "users"]);
});
