// Vercel's AI SDK with its provider for OpenAI-compatible servers, and with its own OpenAI provider.
import assert from "node:assert/strict";

import { createOpenAI } from "@ai-sdk/openai";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { Output, generateText, isStepCount, streamText, tool } from "ai";
import { z } from "zod";

import { BASE_URL, KEY, PICTURE, ROUNDS, carried, cells, installed } from "../shared.mjs";

const FILE = "frameworks/ai-sdk.test.mjs";
/** What Relay said it had adjusted, answer by answer. */
const adjusted = [];
const fetched = async (...call) => {
  const response = await fetch(...call);
  adjusted.push(response.headers.get("x-relay-adjusted-params"));
  return response;
};
const settings = { baseURL: BASE_URL, apiKey: KEY, headers: { "X-Relay-User": "connected" }, fetch: fetched };
const City = z.object({ name: z.string(), people: z.number().int(), tags: z.array(z.string()) });
const PROVIDERS = {
  "openai-compatible": { model: createOpenAICompatible({ name: "relay", supportsStructuredOutputs: true, includeUsage: true, ...settings }), options: { relay: { reasoningEffort: "low" } } },
  openai: { model: createOpenAI(settings).chat, options: { openai: { reasoningEffort: "low", forceReasoning: true } } },
};

for (const [name, { model: provider, options }] of Object.entries(PROVIDERS)) {
  const client = `${installed("ai")} with ${installed(`@ai-sdk/${name}`)}`;
  const feature = (name, run) => cells(client, name, FILE, run);
  const common = (model, prompt) => ({ model: provider(model), prompt, maxRetries: 0 });

  feature("whole answer", async (model, mark) => {
    const { text, finishReason, usage } = await generateText(common(model, `안녕 👋 ${mark}`));
    assert.ok(text.includes(`안녕 👋 ${mark}`));
    assert.equal(finishReason, "stop");
    assert.ok(usage.inputTokens > 0 && usage.outputTokens > 0);
  });

  feature("streaming, with usage", async (model, mark) => {
    const stream = streamText(common(model, mark));
    let text = "";
    for await (const piece of stream.textStream) text += piece;
    assert.ok(text.includes(mark));
    assert.equal(await stream.finishReason, "stop");
    assert.ok((await stream.usage).outputTokens > 0);
  });

  const tools = (asked) => ({
    get_weather: tool({ description: "The weather", inputSchema: z.object({ city: z.string() }), execute: ({ city }) => `sunny ${asked.push(city)}` }),
    get_time: tool({ description: "The time", inputSchema: z.object({ city: z.string() }), execute: ({ city }) => `noon ${asked.push(city)}` }),
  });

  for (const [way, generate] of [["", generateText], [", streamed", streamText]]) {
    feature(`tool loop of three turns${way}`, async (model, mark) => {
      const asked = [];
      adjusted.length = 0;
      const prompt = `{{steps=${ROUNDS}}} {{think}} call get_weather ${mark}`;
      const result = await generate({ ...common(model, prompt), tools: tools(asked), stopWhen: isStepCount(8), providerOptions: options });
      assert.match(await result.text, new RegExp(`sunny ${ROUNDS}`));
      assert.equal(asked.length, ROUNDS);
      // Where a model can't think on without its earlier thoughts, Relay says that it left thinking out.
      const leftOut = model === "claude-haiku-4-5" ? "reasoning_effort" : null;
      assert.deepEqual(adjusted, [null, ...Array(ROUNDS).fill(leftOut)]);
      return carried(mark, ROUNDS + 1);
    });
  }

  feature("parallel tool calls", async (model, mark) => {
    const asked = [];
    const { text } = await generateText({ ...common(model, `call get_weather and get_time ${mark}`), tools: tools(asked), stopWhen: isStepCount(8) });
    assert.equal(asked.length, 2);
    assert.match(text, /sunny[^]*noon/);
  });

  feature("structured output", async (model, mark) => {
    const whole = (await generateText({ ...common(model, mark), output: Output.object({ schema: City }) })).output;
    const streamed = await streamText({ ...common(model, mark), output: Output.object({ schema: City }) }).output;
    for (const value of [whole, streamed]) assert.deepEqual(City.parse(value), value);
  });

  feature("image (data URL)", async (model, mark) => {
    const content = [{ type: "text", text: mark }, { type: "image", image: PICTURE, mediaType: "image/png" }];
    const { text } = await generateText({ model: provider(model), messages: [{ role: "user", content }], maxRetries: 0 });
    assert.ok(text.includes(mark));
  });

  feature("error inside a stream", async (model) => {
    const errors = [];
    const stream = streamText({ ...common(model, "{{error_midstream}} hello"), onError: ({ error }) => errors.push(error) });
    for await (const part of stream.fullStream) assert.notEqual(part.finishReason, "stop");
    assert.equal(errors.length, 1);
  });
}
