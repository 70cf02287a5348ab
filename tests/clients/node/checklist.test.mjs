// What a server must do so that the official client just works: the lines of docs/openai-clients.md, each a test.
import assert from "node:assert/strict";
import { test } from "node:test";

import { BASE_URL, KEY, calls, left, log, openai, patient, script, upstream } from "./shared.mjs";

const { RELAY_BASE_URL } = process.env;
const MODELS = ["gpt-4o-mini", "claude-haiku-4-5", "gemini-2.5-flash"];
const EMBEDDING_MODELS = ["text-embedding-3-small", "gemini-embedding-001"];
const ID = /^req_[0-9A-Z]{26}$/;

const chat = (ai, model, content, more, options) =>
  ai.chat.completions.create({ model, messages: [{ role: "user", content }], ...more }, options);
const streamed = (ai, model, content, more, options) => chat(ai, model, content, { stream: true, ...more }, options);
const failure = (promise) => promise.then(() => assert.fail("no error"), (error) => error);

async function all(stream) {
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  return chunks;
}

/** The bytes of a stream, as the server sent them. */
const raw = async (promise) => (await promise.asResponse()).text();

// The first test, while the client has no open connection yet.
test("a connection is used again, after a stream too", async () => {
  const ai = patient("again-1-");
  for (let round = 0; round < 2; round += 1) {
    for (const model of MODELS) {
      await all(await streamed(ai, model, "Hello!"));
      await chat(ai, model, "Hello!");
    }
    await failure(chat(ai, "unheard-of-9", "Hello!"));
  }
  const seen = await calls("again-1-");
  assert.equal(seen.length, 14);
  // Node's fetch opens a second one if it is asked again before it has noticed the end of an answer; then it takes turns.
  assert.ok(new Set(seen.map((call) => call.connection)).size <= 2);
});

test("every response has one request id, under both names", async () => {
  const auth = { authorization: `Bearer ${KEY}`, "content-type": "application/json", "x-relay-user": "connected" };
  const post = (path, body, headers) => [path, { method: "POST", headers: { ...auth, ...headers }, body: JSON.stringify(body) }];
  const says = (content, more) => ({ model: "gpt-4o-mini", messages: [{ role: "user", content }], ...more });
  const preflight = (path) => [path, { method: "OPTIONS", headers: { origin: "https://a.example", "access-control-request-method": "POST" } }];
  const chats = "/v1/chat/completions";
  for (const [status, [path, init]] of [
    [200, post(chats, says("Hello!"))],
    [200, post(chats, says("Hello!", { stream: true }))],
    [200, ["/v1/models", { headers: auth }]],
    [401, post(chats, says("Hello!"), { authorization: "Bearer rly-wrong" })],
    [403, post(chats, says("Hello!", { model: "claude-haiku-4-5" }), { "x-relay-user": "keyless" })],
    [404, ["/v1/responses"]],
    [404, ["/nothing"]],
    [405, [chats]],
    [413, post("/v1/registration-tokens", { user: "x".repeat(70_000) })],
    [415, post(chats, says("Hello!"), { "content-type": "text/plain" })],
    [429, post(chats, says("Hello!"), { "x-relay-user": "broke" })],
    [431, ["/v1/models", { headers: { "x-long": "x".repeat(33_000) } }]],
    [500, post(chats, says("{{status=500}}"))],
    [503, post(chats, says("{{status=503}}"))],
    [200, ["/api/health"]],
    [200, ["/api/health/ready"]],
    [200, ["/openapi.json"]],
    [200, ["/widget.js"]],
    [200, ["/frame"]],
    [200, ["/connect"]],
    [403, preflight(chats)],
    [204, preflight("/v1/registration")],
  ]) {
    const response = await fetch(RELAY_BASE_URL + path, init);
    await response.arrayBuffer();
    assert.equal(response.status, status, path);
    assert.match(response.headers.get("x-request-id"), ID, path);
    assert.equal(response.headers.get("x-relay-request-id"), response.headers.get("x-request-id"), path);
  }
});

test("the client shows the request id, and the provider's own has another name", async () => {
  const ai = patient("ids-1-");
  for (const model of MODELS) {
    const whole = await chat(ai, model, "Hello!").withResponse();
    const stream = await streamed(ai, model, "Hello!").withResponse();
    await all(stream.data);
    for (const { request_id, response } of [whole, stream]) {
      assert.match(request_id, ID);
      assert.equal(request_id, response.headers.get("x-relay-request-id"));
      assert.notEqual(response.headers.get("x-relay-provider-request-id") ?? "", request_id);
    }
    assert.equal(whole.data._request_id, whole.request_id);
    if (!model.startsWith("gemini")) assert.ok(whole.response.headers.get("x-relay-provider-request-id"), "Google has none");
    const error = await failure(chat(ai, model, "{{status=400}}"));
    assert.match(error.requestID, ID);
  }
  assert.match((await ai.embeddings.create({ model: "text-embedding-3-small", input: "a" }))._request_id, ID);
  assert.match((await ai.models.retrieve("gpt-4o-mini"))._request_id, ID);
});

test("a request id of the caller's own comes back under a name of its own", async () => {
  const ai = patient("ids-2-", { defaultHeaders: { "X-Relay-User": "connected", "X-Request-Id": "my-own-id-0001" } });
  const { request_id, response } = await chat(ai, "gpt-4o-mini", "Hello!").withResponse();
  assert.match(request_id, ID);
  assert.equal(response.headers.get("x-relay-client-request-id"), "my-own-id-0001");
});

test("a wait of up to 60 seconds is waited", async () => {
  const limited = { error: { message: "slow down", type: "requests", param: null, code: "rate_limit_exceeded" } };
  await script({ provider: "openai", status: 429, headers: [["retry-after", "1"]], body: limited });
  const ai = patient("waits-1-", { scripted: true });
  const began = performance.now();
  await chat(ai, "gpt-4o-mini", "Hello!");
  assert.ok(performance.now() - began >= 1000);
  assert.deepEqual((await calls("waits-1-")).map((call) => call.retry), ["0", "1"]);
});

test("a longer wait is raised at once, without a retry", async () => {
  const limited = { error: { message: "slow down", type: "requests", param: null, code: "rate_limit_exceeded" } };
  await script({ provider: "openai", status: 429, headers: [["retry-after", "61"]], body: limited });
  const error = await failure(chat(patient("waits-2-", { scripted: true }), "gpt-4o-mini", "Hello!"));
  assert.equal(error.constructor, openai.RateLimitError);
  assert.equal(error.headers.get("retry-after"), "61");
  assert.equal(error.headers.get("x-should-retry"), "false");
  assert.equal((await calls("waits-2-")).length, 1);
});

test("x-should-retry is obeyed, both ways", async () => {
  const body = { error: { message: "no", type: "server_error", param: null, code: "odd" } };
  for (const retry of ["1", "2", "3"]) {
    await script({ provider: "openai", status: 400, headers: [["x-should-retry", "true"], ["retry-after-ms", retry]], body });
  }
  await failure(chat(patient("retry-1-", { scripted: true }), "gpt-4o-mini", "Hello!"));
  assert.equal((await calls("retry-1-")).length, 3);
  await script({ provider: "openai", status: 500, headers: [["x-should-retry", "false"]], body });
  await failure(chat(patient("retry-2-", { scripted: true }), "gpt-4o-mini", "Hello!"));
  assert.equal((await calls("retry-2-")).length, 1);
});

test("a provider's rate limits reach the client under OpenAI's names", async () => {
  const body = await chat(patient("limits-1-"), "gpt-4o-mini", "Hello!");
  await script({ provider: "openai", status: 200, headers: [["x-ratelimit-remaining-requests", "7"], ["x-ratelimit-reset-tokens", "6ms"]], body });
  const { response } = await chat(patient("limits-2-", { scripted: true }), "gpt-4o-mini", "Hello!").withResponse();
  assert.equal(response.headers.get("x-ratelimit-remaining-requests"), "7");
  assert.equal(response.headers.get("x-ratelimit-reset-tokens"), "6ms");
});

test("a stream is framed as the client reads it, and no proxy may touch it", async () => {
  for (const model of MODELS) {
    const response = await streamed(patient("frames-1-"), model, "{{chunks=3}} Hello!").asResponse();
    assert.equal(response.headers.get("content-type"), "text/event-stream; charset=utf-8");
    assert.equal(response.headers.get("cache-control"), "no-cache, no-transform");
    assert.equal(response.headers.get("x-accel-buffering"), "no");
    assert.equal(response.headers.get("content-encoding"), null);
    const text = await response.text();
    const events = text.split("\n\n");
    assert.equal(events.pop(), "", "an empty line after the last event, and nothing behind it");
    assert.equal(events.pop(), "data: [DONE]");
    for (const event of events) {
      assert.match(event, /^data: \{.*\}$/, "one line, no event name");
      assert.ok(JSON.parse(event.slice(6)).choices);
    }
  }
});

test("keep-alive comments are not seen", async () => {
  const ai = patient("pings-1-", { scripted: true });
  const slow = "{{chunks=4}} {{delay_ms=150}} Hello!";
  await Promise.all(MODELS.map(async (model) => {
    assert.match(await raw(streamed(ai, model, slow)), /^: ping$/m);
    const chunks = await all(await streamed(ai, model, slow));
    assert.ok(chunks.every((chunk) => chunk.object === "chat.completion.chunk"));
    assert.equal(chunks.at(-1).choices[0].finish_reason, "stop");
  }));
});

test("the first event comes while the provider is silent", async () => {
  for (const model of MODELS) {
    const stream = await streamed(patient("first-1-"), model, "{{silent}} Hello!");
    for await (const chunk of stream) {
      assert.equal(chunk.choices[0].delta.role, "assistant");
      break;
    }
  }
});

test("a broken stream is raised with a code, and has no [DONE] and no made-up end", async () => {
  for (const model of MODELS) {
    for (const [how, codes] of [
      ["{{error_midstream}}", ["upstream_error", "upstream_overloaded"]],
      ["{{break}}", ["upstream_stream_interrupted"]],
      ["{{cut}}", ["upstream_stream_interrupted"]],
      ["{{garbage=utf8}}", ["upstream_error"]],
    ]) {
      const ai = patient("broken-1-");
      const text = await raw(streamed(ai, model, `${how} Hello!`));
      assert.ok(text.endsWith("}\n\n") && !text.includes("[DONE]"), text);
      assert.ok(!/"finish_reason":"/.test(text), text);
      const error = await failure(streamed(ai, model, `${how} Hello!`).then(all));
      assert.equal(error.constructor, openai.APIError, `${model} ${how}: ${error}`);
      assert.ok(codes.includes(error.code), `${model} ${how}: ${error.code}`);
      assert.match(error.requestID, ID);
      assert.equal(error.error.message, JSON.parse(text.split("data: ").at(-1)).error.message);
    }
  }
});

test("a stream that fails before its first event has a status", async () => {
  for (const model of MODELS) {
    const error = await failure(streamed(patient("early-1-", { maxRetries: 0 }), model, "{{status=500}} Hello!"));
    assert.equal(error.constructor, openai.InternalServerError);
    assert.equal(error.code, "upstream_error");
    assert.equal(error.status, 500);
  }
});

test("the provider's call ends when the client leaves", async () => {
  const ai = patient("leaves-1-", { maxRetries: 0 });
  const broken = await streamed(ai, "gemini-3-flash-preview", "{{silent}} Hello!");
  for await (const _ of broken) break;
  assert.equal(await left("gemini-3-flash-preview"), "streaming");

  const closed = await streamed(ai, "gemini-3-pro-preview", "{{silent}} Hello!");
  closed.controller.abort();
  assert.equal(await left("gemini-3-pro-preview"), "streaming");

  for (const [model, more] of [["gemini-3.1-pro-preview", { stream: true }], ["gemini-3.1-flash-lite", {}]]) {
    const controller = new AbortController();
    const pending = failure(chat(ai, model, `{{hang}} ${model}`, more, { signal: controller.signal }));
    while ((await upstream(model)).length === 0);
    controller.abort();
    assert.equal((await pending).constructor, openai.APIUserAbortError);
    assert.equal(await left(model), "waiting");
  }
});

test("the client's own timeout ends the provider's call", async () => {
  const ai = patient("times-1-", { maxRetries: 0, timeout: 1500 });
  const error = await failure(chat(ai, "gemini-3.5-flash", "{{hang}} Hello!"));
  assert.equal(error.constructor, openai.APIConnectionTimeoutError);
  assert.equal(await left("gemini-3.5-flash:"), "waiting");
});

test("chunks have one id, one model, and the role first", async () => {
  const tools = ["get_weather", "get_time"].map((name) => ({ type: "function", function: { name, parameters: { type: "object", properties: {} } } }));
  for (const model of MODELS) {
    const ai = patient("chunks-1-");
    const chunks = await all(await streamed(ai, model, "call get_weather and get_time", { tools }));
    for (const name of ["id", "object", "created", "model"]) assert.equal(new Set(chunks.map((chunk) => chunk[name])).size, 1, name);
    assert.equal(chunks[0].choices[0].delta.role, "assistant");
    assert.ok(chunks.slice(1).every((chunk) => chunk.choices.every((choice) => !("role" in choice.delta))), model);
    const parts = chunks.flatMap((chunk) => chunk.choices[0]?.delta.tool_calls ?? []);
    assert.deepEqual([...new Set(parts.map((part) => part.index))], [0, 1]);
    assert.ok(chunks.every((chunk) => chunk.choices.length > 0), "no usage chunk, since nobody asked");
  }
});

test("embeddings as base64 are exactly the floats", async () => {
  const ai = patient("embeds-1-");
  for (const model of EMBEDDING_MODELS) {
    for (const dimensions of [undefined, 256]) {
      const request = { model, input: ["one", "two"], dimensions };
      const [coded, floats, byDefault] = await Promise.all(
        [{ encoding_format: "base64" }, { encoding_format: "float" }, {}].map((format) => ai.embeddings.create({ ...request, ...format })));
      for (const at of [0, 1]) {
        const bytes = Buffer.from(coded.data[at].embedding, "base64");
        const decoded = Array.from({ length: bytes.length / 4 }, (_, i) => bytes.readFloatLE(i * 4));
        assert.deepEqual(decoded, floats.data[at].embedding.map(Math.fround));
        assert.deepEqual(Array.from(byDefault.data[at].embedding), decoded);
        assert.deepEqual(coded.data.map((entry) => entry.index), [0, 1]);
      }
    }
  }
});

test("tokens in place of text are embedded by OpenAI and refused for Gemini", async () => {
  const ai = patient("embeds-2-");
  const answer = await ai.embeddings.create({ model: "text-embedding-3-small", input: [[1, 2, 3], [4, 5]] });
  assert.equal(answer.data.length, 2);
  const error = await failure(ai.embeddings.create({ model: "gemini-embedding-001", input: [[1, 2, 3]] }));
  assert.equal(error.constructor, openai.BadRequestError);
  assert.match(error.param, /^input/);
});

test("what Relay does not serve is not found", async () => {
  const ai = patient("unknown-1-");
  for (const call of [() => ai.responses.create({ model: "gpt-4o-mini", input: "Hello!" }), () => ai.files.list(), () => ai.beta.threads.create({})]) {
    const error = await failure(call());
    assert.equal(error.constructor, openai.NotFoundError);
    assert.equal(error.code, "unknown_endpoint");
  }
});

test("a model is found by every name that a chat takes", async () => {
  const ai = patient("models-1-");
  for (const model of MODELS) {
    assert.equal((await ai.models.retrieve(model)).object, "model");
    const error = await failure(ai.models.retrieve(`${model}-none`));
    assert.equal(error.constructor, openai.NotFoundError);
    assert.equal(error.code, "model_not_found");
  }
});

test("a slash at the end makes no difference, and nothing redirects", async () => {
  for (const end of ["/v1", "/v1/"]) {
    const ai = patient("slash-1-", { fetchOptions: { redirect: "error" } }).withOptions({ baseURL: process.env.RELAY_TAP_URL + end });
    await chat(ai, "gpt-4o-mini", "Hello!");
    for await (const model of await ai.models.list()) assert.ok(model.id);
    await ai.post("/chat/completions/", { body: { model: "gpt-4o-mini", messages: [{ role: "user", content: "Hello!" }] } });
  }
});

test("a body over the limit is a 413 that the client can read", async () => {
  const ai = patient("large-1-", { baseURL: BASE_URL });
  const error = await failure(chat(ai, "gpt-4o-mini", "x".repeat(33 << 20)));
  assert.equal(error.status, 413, `${error} ${error.cause}`);
  assert.equal(error.code, "request_too_large");
});

test("unknown members reach OpenAI, and are named where they are dropped", async () => {
  const ai = patient("unknown-2-");
  const sent = { seed: 1, prompt_cache_key: "a", metadata: { a: "b" } };
  await chat(ai, "gpt-4o-mini", "unknown-2-", sent);
  const [body] = await upstream("unknown-2-");
  assert.deepEqual(body, { model: "gpt-4o-mini", messages: [{ role: "user", content: "unknown-2-" }], ...sent });
  for (const model of MODELS.slice(1)) {
    const { response } = await chat(ai, model, "Hello!", { not_yet_known: 1, prediction: { type: "content", content: "a" } }).withResponse();
    const dropped = response.headers.get("x-relay-dropped-params").split(/, ?/);
    assert.ok(dropped.includes("not_yet_known") && dropped.includes("prediction"), `${dropped}`);
  }
});

test("a page may not call, and gets the reason", async () => {
  const url = `${BASE_URL}/chat/completions`;
  const headers = { origin: "https://a.example", "access-control-request-method": "POST" };
  const preflight = await fetch(url, { method: "OPTIONS", headers });
  assert.equal(preflight.status, 403);
  assert.match((await preflight.json()).error.message, /must stay on your server/);
  const called = await fetch(url, { method: "POST", headers: { ...headers, authorization: `Bearer ${KEY}` } });
  for (const response of [preflight, called]) assert.equal(response.headers.get("access-control-allow-origin"), null);
});

test("a retry is in the log, as such", async () => {
  const mark = `retried-node-${process.versions.node.replaceAll(".", "-")}`;
  const ai = patient("retry-3-", { defaultHeaders: { "X-Relay-User": "connected", "X-Request-Id": mark } });
  await failure(chat(ai, "gpt-4o-mini", "{{status=500}}"));
  let lines = [];
  while (lines.length < 3) lines = await log(mark); // a line is written when all of the answer is sent
  assert.deepEqual(lines.map((line) => /client_retry=(\d)/.exec(line)?.[1]), [undefined, "1", "2"]);
});

test("an Idempotency-Key makes our own POSTs safe to repeat", async () => {
  const ask = () => patient("twice-1-").post("/registration-tokens", { body: { user: "ana" }, headers: { "Idempotency-Key": "twice-0001" } });
  assert.equal((await ask()).registrationToken, (await ask()).registrationToken);
});

test("three variables are enough, and no line of code changes", async () => {
  const variables = { OPENAI_BASE_URL: BASE_URL, OPENAI_API_KEY: KEY, OPENAI_CUSTOM_HEADERS: "X-Relay-User: connected\nX-Relay-Paid: false" };
  Object.assign(process.env, variables);
  try {
    const ai = new openai.OpenAI();
    const { data, response } = await chat(ai, "claude-haiku-4-5", "Hello!").withResponse();
    assert.match(data.choices[0].message.content, /Hello!/);
    assert.match(response.headers.get("x-relay-key"), /^anthropic\//);
  } finally {
    for (const name of Object.keys(variables)) delete process.env[name];
  }
});
