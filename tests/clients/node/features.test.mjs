// What applications do with the official client, on two models of each provider.
import assert from "node:assert/strict";
import { z } from "zod";

import { BASE_URL, KEY, MODELS, OFFICIAL, PICTURE, ROUNDS, TOOLS, cells, openai, zodResponseFormat } from "./shared.mjs";

const FILE = "features.test.mjs";
const feature = (name, run, models) => cells(OFFICIAL, name, FILE, run, models);
const ai = (user = "connected") => new openai.OpenAI({ apiKey: KEY, baseURL: BASE_URL, defaultHeaders: { "X-Relay-User": user } });
const ask = (model, content, more = {}) => ({ model, messages: [{ role: "user", content }], ...more });

feature("whole answer", async (model, mark) => {
  const answer = await ai().chat.completions.create(ask(model, `Hello 안녕 👋 ${mark}`));
  assert.ok(answer.choices[0].message.content.includes(`안녕 👋 ${mark}`));
  assert.equal(answer.choices[0].finish_reason, "stop");
});

feature("streaming, with usage", async (model, mark) => {
  const stream = await ai().chat.completions.create(ask(model, mark, { stream: true, stream_options: { include_usage: true } }));
  let [text, finish, last] = ["", null, null];
  for await (last of stream) {
    text += last.choices[0]?.delta?.content ?? "";
    finish ??= last.choices[0]?.finish_reason;
  }
  assert.ok(text.includes(mark));
  assert.equal(finish, "stop");
  assert.deepEqual(last.choices, []);
  assert.ok(last.usage.prompt_tokens > 0 && last.usage.completion_tokens > 0);
});

feature("tool loop of three turns", async (model, mark) => {
  const messages = [{ role: "user", content: `{{steps=${ROUNDS}}} call get_weather ${mark}` }];
  const asked = [];
  for (;;) {
    const { choices: [{ message }] } = await ai().chat.completions.create({ model, messages, tools: TOOLS });
    messages.push(message);
    if (!message.tool_calls) break;
    for (const call of message.tool_calls) {
      asked.push(JSON.parse(call.function.arguments).city);
      messages.push({ role: "tool", tool_call_id: call.id, content: `sunny ${asked.length}` });
    }
  }
  assert.equal(asked.length, ROUNDS);
  assert.match(messages.at(-1).content, new RegExp(`sunny ${ROUNDS}`));
});

// The client's own loop: it calls functions, sends their results, and streams all of it.
feature("runTools, three turns, streamed", async (model, mark) => {
  const asked = [];
  const tools = [{
    type: "function",
    function: { ...TOOLS[0].function, parse: JSON.parse, function: ({ city }) => `sunny ${asked.push(city)}` },
  }];
  const content = `{{steps=${ROUNDS}}} call get_weather ${mark}`;
  const runner = ai().chat.completions.runTools(ask(model, content, { tools, stream: true }));
  assert.match(await runner.finalContent(), new RegExp(`sunny ${ROUNDS}`));
  assert.equal(asked.length, ROUNDS);
});

feature("parallel tool calls", async (model, mark) => {
  const request = ask(model, `call get_weather and get_time ${mark}`, { tools: TOOLS });
  const whole = (await ai().chat.completions.create(request)).choices[0];
  const streamed = (await ai().chat.completions.stream(request).finalChatCompletion()).choices[0];
  for (const { message, finish_reason } of [whole, streamed]) {
    assert.equal(finish_reason, "tool_calls");
    assert.deepEqual(message.tool_calls.map((call) => call.function.name), ["get_weather", "get_time"]);
    assert.notEqual(message.tool_calls[0].id, message.tool_calls[1].id);
    const results = message.tool_calls.map((call) => ({ role: "tool", tool_call_id: call.id, content: `${call.function.name} is 7` }));
    const answer = await ai().chat.completions.create({ ...request, messages: [...request.messages, message, ...results] });
    assert.match(answer.choices[0].message.content, /get_weather is 7[^]*get_time is 7/);
  }
});

const City = z.object({ name: z.string(), people: z.number().int(), tags: z.array(z.string()), mayor: z.string().nullable() });

feature("structured output (zod, parse)", async (model, mark) => {
  const request = ask(model, mark, { response_format: zodResponseFormat(City, "city") });
  const whole = await ai().chat.completions.parse(request);
  const streamed = await ai().chat.completions.stream(request).finalChatCompletion();
  for (const { choices: [{ message }] } of [whole, streamed]) {
    assert.deepEqual(City.parse(message.parsed), message.parsed);
    assert.equal(typeof message.parsed.people, "number");
  }
});

feature("image (data URL)", async (model, mark) => {
  const content = [{ type: "text", text: mark }, { type: "image_url", image_url: { url: `data:image/png;base64,${PICTURE}` } }];
  const answer = await ai().chat.completions.create(ask(model, content));
  assert.ok(answer.choices[0].message.content.includes(mark));
});

feature("web search, with citations", async (model, mark) => {
  const request = ask(model, `{{search}} {{pause=2}} ${mark}`, { web_search_options: {} });
  const whole = (await ai().chat.completions.create(request)).choices[0].message;
  const streamed = await ai().chat.completions.stream(request).finalMessage();
  assert.equal(whole.annotations.length, 2, "one for each time that the model paused for a search");
  assert.match(whole.annotations[0].url_citation.url, /^https:/);
  assert.deepEqual([streamed.content, streamed.annotations], [whole.content, whole.annotations]);
  assert.equal(whole.tool_calls, undefined, "a search is no call of the application's tools");
}, MODELS.filter((model) => model.startsWith("claude")));

feature("embeddings (base64 by default)", async (model, mark) => {
  const byDefault = await ai().embeddings.create({ model, input: mark });
  const floats = await ai().embeddings.create({ model, input: mark, encoding_format: "float" });
  assert.equal(byDefault.data[0].embedding.length, 3072);
  byDefault.data[0].embedding.forEach((value, at) => assert.ok(Math.abs(value - floats.data[0].embedding[at]) < 1e-6));
}, ["gemini-embedding-001"]);

feature("errors, whole and inside a stream", async (model) => {
  const refused = ai("broke").chat.completions.create(ask(model, "hello"));
  await assert.rejects(refused, (error) => error instanceof openai.RateLimitError && error.code === "insufficient_quota");
  const stream = await ai().chat.completions.create(ask(model, "{{error_midstream}} hello", { stream: true }));
  await assert.rejects(async () => { for await (const _ of stream); }, openai.APIError);
});
