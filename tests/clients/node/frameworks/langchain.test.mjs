// LangChain's ChatOpenAI.
import assert from "node:assert/strict";

import { HumanMessage, ToolMessage } from "@langchain/core/messages";
import { tool } from "@langchain/core/tools";
import { ChatOpenAI } from "@langchain/openai";
import { z } from "zod";

import { BASE_URL, KEY, PICTURE, ROUNDS, UNFORCED, WORKS, carried, cells, installed } from "../shared.mjs";

const CLIENT = installed("@langchain/openai");
const feature = (name, run) => cells(CLIENT, name, "frameworks/langchain.test.mjs", run);
const chat = (model, more = {}) => new ChatOpenAI({
  model, apiKey: KEY, maxRetries: 0, streamUsage: true, useResponsesApi: false,
  configuration: { baseURL: BASE_URL, defaultHeaders: { "X-Relay-User": "connected" } }, ...more,
});
const tools = ["get_weather", "get_time"].map((name) =>
  tool(({ city }) => `${name} of ${city}: 7`, { name, description: `Tells ${name}`, schema: z.object({ city: z.string() }) }));

feature("whole answer", async (model, mark) => {
  const answer = await chat(model).invoke(`안녕 👋 ${mark}`);
  assert.ok(answer.text.includes(`안녕 👋 ${mark}`));
  assert.equal(answer.response_metadata.finish_reason, "stop");
  assert.ok(answer.usage_metadata.output_tokens > 0);
});

/** The pieces of a stream, put together as LangChain's pages show it. */
async function joined(stream) {
  let whole;
  for await (const piece of await stream) whole = whole ? whole.concat(piece) : piece;
  return whole;
}

feature("streaming, with usage", async (model, mark) => {
  const answer = await joined(chat(model).stream(mark));
  assert.ok(answer.text.includes(mark));
  assert.ok(answer.usage_metadata.output_tokens > 0);
});

for (const [way, ask] of [["", (llm, messages) => llm.invoke(messages)], [", streamed", (llm, messages) => joined(llm.stream(messages))]]) {
  feature(`tool loop of three turns${way}`, async (model, mark) => {
    const llm = chat(model, { modelKwargs: { reasoning_effort: "low" } }).bindTools(tools);
    const messages = [new HumanMessage(`{{steps=${ROUNDS}}} {{think}} call get_weather ${mark}`)];
    for (let rounds = 0; ; rounds += 1) {
      const answer = await ask(llm, messages);
      messages.push(answer);
      if (!answer.tool_calls?.length) {
        assert.equal(rounds, ROUNDS);
        assert.match(answer.text, /get_weather of/);
        return carried(mark, ROUNDS + 1);
      }
      for (const call of answer.tool_calls) messages.push(await tools.find((tool) => tool.name === call.name).invoke(call));
    }
  });
}

feature("parallel tool calls", async (model, mark) => {
  const llm = chat(model).bindTools(tools);
  const messages = [new HumanMessage(`call get_weather and get_time ${mark}`)];
  const answer = await llm.invoke(messages);
  assert.deepEqual(answer.tool_calls.map((call) => call.name), ["get_weather", "get_time"]);
  const results = answer.tool_calls.map((call) => new ToolMessage({ tool_call_id: call.id, content: `${call.name} is 7` }));
  const last = await llm.invoke([...messages, answer, ...results]);
  assert.match(last.text, /get_weather is 7[^]*get_time is 7/);
});

const City = z.object({ name: z.string(), people: z.number().int(), tags: z.array(z.string()) });
const structured = (model, method, mark) => chat(model).withStructuredOutput(City, { name: "city", method }).invoke(mark);

feature("structured output", async (model, mark) => {
  const value = await structured(model, "jsonSchema", mark);
  assert.deepEqual(City.parse(value), value);
});

feature("structured output, by a forced tool call", async (model, mark) => {
  if (model === "claude-sonnet-5-5") await assert.rejects(structured(model, "functionCalling", mark), { status: 400, code: "unsupported_value" });
  else assert.deepEqual(City.parse(await structured(model, "functionCalling", mark)).tags.length, 1);
  return model.startsWith("claude") ? UNFORCED : WORKS;
});

feature("image (data URL)", async (model, mark) => {
  const content = [{ type: "text", text: mark }, { type: "image_url", image_url: { url: `data:image/png;base64,${PICTURE}` } }];
  assert.ok((await chat(model).invoke([new HumanMessage({ content })])).text.includes(mark));
});

feature("error inside a stream", async (model) => {
  await assert.rejects(joined(chat(model).stream("{{error_midstream}} hello")));
});
