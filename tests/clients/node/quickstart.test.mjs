// The quickstart flow with the official client, unmodified. Needs a relay with mock providers:
// RELAY_BASE_URL, RELAY_KEY, and the users "connected" (all three keys), "keyless" and "broke" (no credit).
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { openai } from "./shared.mjs";

const { OpenAI, APIError, AuthenticationError, NotFoundError, PermissionDeniedError, RateLimitError } = openai;

const { RELAY_BASE_URL, RELAY_KEY } = process.env;
const CHAT_MODELS = ["gpt-4o-mini", "claude-haiku-4-5", "gemini-2.5-flash"];
const EMBEDDING_MODELS = [["text-embedding-3-small", 1536], ["gemini-embedding-001", 3072]];
const hello = [{ role: "user", content: "Hello! 안녕 👋" }];

/** A client bound to a user, and how often it called. */
function relay(user, options = {}) {
  const calls = [];
  const ai = new OpenAI({
    apiKey: RELAY_KEY,
    baseURL: `${RELAY_BASE_URL}/v1`,
    defaultHeaders: { "X-Relay-User": user },
    fetch: (url, init) => { calls.push(url); return fetch(url, init); },
    ...options,
  });
  return { ai, calls };
}

async function refusal(promise, Kind, status, code, calls) {
  const error = await promise.then(() => assert.fail("no error"), (error) => error);
  assert.ok(error instanceof Kind, `${error?.constructor?.name}: ${error}`);
  assert.equal(error.status, status);
  assert.equal(error.code, code);
  assert.match(error.requestID, /^req_[0-9A-Z]{26}$/);
  assert.equal(calls.length, 1, "a permanent error is not tried again");
  return error;
}

test("the page's own lines run", async () => {
  const page = readFileSync(new URL("../../../docs/quickstart.md", import.meta.url), "utf8");
  const lines = page.split("```js\n").find((block) => block.startsWith('import OpenAI from "openai";')).split("```")[0];
  const [, ...rest] = lines.replace("http://127.0.0.1:8080", RELAY_BASE_URL).replace("jieun_123", "connected").split("\n");
  let said = "";
  const output = { write: (text) => { said += text; } };
  const run = Object.getPrototypeOf(async () => {}).constructor("OpenAI", "process", rest.join("\n"));
  await run(OpenAI, { env: process.env, stdout: output });
  assert.equal(said, 'Hello from gpt-4o-mini: you said "Hello!"');
});

for (const model of CHAT_MODELS) {
  test(`chat answers whole: ${model}`, async () => {
    const { data, response } = await relay("connected").ai.chat.completions.create({ model, messages: hello }).withResponse();
    assert.match(data.choices[0].message.content, /안녕 👋/);
    assert.equal(data.choices[0].finish_reason, "stop");
    assert.equal(data.object, "chat.completion");
    assert.ok(data.usage.prompt_tokens > 0 && data.usage.total_tokens > data.usage.prompt_tokens);
    assert.match(response.headers.get("x-relay-request-id"), /^req_/);
    assert.equal(data._request_id, response.headers.get("x-relay-request-id"));
    assert.match(response.headers.get("x-relay-key"), /^(openai|anthropic|google)\/\.\.\.\w{4}$/);
  });

  test(`chat streams: ${model}`, async () => {
    const ai = relay("connected").ai;
    const whole = await ai.chat.completions.create({ model, messages: hello });
    const stream = await ai.chat.completions.create({ model, messages: hello, stream: true });
    let [text, chunks, finish] = ["", 0, null];
    for await (const chunk of stream) {
      assert.equal(chunk.object, "chat.completion.chunk");
      assert.equal("usage" in chunk, false, "nobody asked for usage");
      text += chunk.choices[0]?.delta?.content ?? "";
      finish ??= chunk.choices[0]?.finish_reason;
      chunks += 1;
    }
    assert.equal(text, whole.choices[0].message.content);
    assert.equal(finish, "stop");
    assert.ok(chunks > 2);
  });

  test(`a stream ends with usage if asked: ${model}`, async () => {
    const stream = await relay("connected").ai.chat.completions.create({ model, messages: hello, stream: true, stream_options: { include_usage: true } });
    let last;
    for await (const chunk of stream) {
      if (last) assert.equal(last.usage, null);
      last = chunk;
    }
    assert.deepEqual(last.choices, []);
    assert.ok(last.usage.completion_tokens > 0);
  });

  test(`a tool is called, and its result answered: ${model}`, async () => {
    const ai = relay("connected").ai;
    const tools = [{ type: "function", function: { name: "get_weather", parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] } } }];
    const messages = [{ role: "user", content: "call get_weather" }];
    const first = await ai.chat.completions.create({ model, messages, tools });
    assert.equal(first.choices[0].finish_reason, "tool_calls");
    const [call] = first.choices[0].message.tool_calls;
    assert.equal(call.function.name, "get_weather");
    assert.equal(typeof JSON.parse(call.function.arguments).city, "string");
    messages.push(first.choices[0].message, { role: "tool", tool_call_id: call.id, content: "sunny" });
    const second = await ai.chat.completions.create({ model, messages, tools });
    assert.match(second.choices[0].message.content, /sunny/);
  });

  test(`a tool call streams: ${model}`, async () => {
    const tools = [{ type: "function", function: { name: "get_weather", parameters: { type: "object", properties: { city: { type: "string" } } } } }];
    const runner = relay("connected").ai.chat.completions.stream({ model, messages: [{ role: "user", content: "call get_weather" }], tools });
    const final = await runner.finalChatCompletion();
    assert.equal(final.choices[0].message.tool_calls[0].function.name, "get_weather");
    assert.equal(final.choices[0].finish_reason, "tool_calls");
  });

  test(`an image is accepted: ${model}`, async () => {
    const url = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
    const content = [{ type: "text", text: "what is this" }, { type: "image_url", image_url: { url } }];
    const answer = await relay("connected").ai.chat.completions.create({ model, messages: [{ role: "system", content: "Be brief." }, { role: "user", content }] });
    assert.match(answer.choices[0].message.content, /what is this/);
  });
}

for (const [model, size] of EMBEDDING_MODELS) {
  test(`embeddings, the client's default (base64): ${model}`, async () => {
    const ai = relay("connected").ai;
    const byDefault = await ai.embeddings.create({ model, input: "search this" });
    const floats = await ai.embeddings.create({ model, input: "search this", encoding_format: "float" });
    assert.equal(byDefault.data[0].embedding.length, size);
    assert.ok(byDefault.data[0].embedding.some((value) => value !== 0));
    byDefault.data[0].embedding.forEach((value, i) => assert.ok(Math.abs(value - floats.data[0].embedding[i]) < 1e-6));
    assert.ok(byDefault.usage.prompt_tokens > 0);
  });

  test(`embeddings of many texts keep their order: ${model}`, async () => {
    const ai = relay("connected").ai;
    const many = await ai.embeddings.create({ model, input: ["one", "two", "three"], dimensions: 256 });
    const two = await ai.embeddings.create({ model, input: "two", dimensions: 256 });
    assert.deepEqual(many.data.map((entry) => entry.index), [0, 1, 2]);
    assert.deepEqual(many.data[1].embedding, two.data[0].embedding);
    assert.equal(two.data[0].embedding.length, 256);
  });
}

test("the models of all connected providers are listed, and one is found", async () => {
  const ai = relay("connected").ai;
  const models = [];
  for await (const model of await ai.models.list()) models.push(model);
  for (const owner of ["anthropic", "google"]) {
    const model = models.find((model) => model.owned_by === owner);
    assert.deepEqual(await ai.models.retrieve(model.id), model);
  }
});

test("a wrong Relay key is an AuthenticationError", async () => {
  const { ai, calls } = relay("connected", { apiKey: "rly-wrong" });
  await refusal(ai.chat.completions.create({ model: "gpt-4o-mini", messages: hello }), AuthenticationError, 401, "invalid_relay_key", calls);
});

test("a user without a key is a PermissionDeniedError that names the provider", async () => {
  const { ai, calls } = relay("keyless");
  const error = await refusal(ai.chat.completions.create({ model: "claude-haiku-4-5", messages: hello }), PermissionDeniedError, 403, "provider_key_missing", calls);
  assert.equal(error.error.provider, "anthropic");
});

test("no credit is a RateLimitError that is not tried again", async () => {
  for (const model of CHAT_MODELS) {
    const { ai, calls } = relay("broke");
    await refusal(ai.chat.completions.create({ model, messages: hello }), RateLimitError, 429, "insufficient_quota", calls);
  }
});

test("an unknown model is a NotFoundError", async () => {
  const { ai, calls } = relay("connected");
  await refusal(ai.chat.completions.create({ model: "unheard-of-9", messages: hello }), NotFoundError, 404, "model_not_found", calls);
});

test("an error inside a stream is raised", async () => {
  for (const model of CHAT_MODELS) {
    const stream = await relay("connected").ai.chat.completions.create({ model, messages: [{ role: "user", content: "{{error_midstream}} hello" }], stream: true });
    await assert.rejects(async () => { for await (const _ of stream); }, APIError);
  }
});

test("leaving a stream early is fine", async () => {
  const stream = await relay("connected").ai.chat.completions.create({ model: "claude-haiku-4-5", messages: hello, stream: true });
  for await (const _ of stream) break;
});
