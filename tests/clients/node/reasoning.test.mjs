// Reasoning survives the next turn: the answer goes back as the official client gives it, and the provider gets the
// thinking blocks and signatures of every earlier step, byte for byte, in the order in which it made them.
import assert from "node:assert/strict";

import { BASE_URL, KEY, MODELS, OFFICIAL, ROUNDS, TOOLS, carried, cells, conversation, heldReasoning, openai, reasoningOf, turnsOf } from "./shared.mjs";

const FILE = "reasoning.test.mjs";
const CLAUDE = MODELS.filter((model) => model.startsWith("claude"));
const ai = new openai.OpenAI({ apiKey: KEY, baseURL: BASE_URL, defaultHeaders: { "X-Relay-User": "connected" } });

/** The ways to get an answer as a message that can be sent back. */
const WAYS = {
  "whole": async (request) => (await ai.chat.completions.create(request)).choices[0].message,
  "stream helper": (request) => ai.chat.completions.stream(request).finalMessage(),
  "chunks put together by hand": async (request) => joined(await ai.chat.completions.create({ ...request, stream: true })),
};

/** Tool calls by their index, texts one behind the other, everything else as it comes last. */
async function joined(stream) {
  const message = { role: "assistant", content: null };
  for await (const { choices: [choice] } of stream) {
    const { content, reasoning_content, tool_calls, ...rest } = choice?.delta ?? {};
    Object.assign(message, rest);
    if (content) message.content = (message.content ?? "") + content;
    if (reasoning_content) message.reasoning_content = (message.reasoning_content ?? "") + reasoning_content;
    for (const { index, function: fn, ...call } of tool_calls ?? []) {
      const known = ((message.tool_calls ??= [])[index] ??= { function: { name: "", arguments: "" } });
      Object.assign(known, call);
      if (fn.name) known.function.name = fn.name;
      known.function.arguments += fn.arguments ?? "";
    }
  }
  return message;
}

/** Loops until there is an answer without calls, and then asks once more. Returns the assistant's messages. */
async function talk(answer, model, prompt) {
  const messages = [{ role: "user", content: prompt }];
  const request = { model, messages, tools: TOOLS, reasoning_effort: "low" };
  const answers = [];
  for (let more = true; more;) {
    const message = await answer(request);
    answers.push(message);
    messages.push(message);
    for (const call of message.tool_calls ?? []) {
      messages.push({ role: "tool", tool_call_id: call.id, content: `${call.function.name}: sunny` });
    }
    more = (message.tool_calls ?? []).length > 0;
  }
  messages.push({ role: "user", content: "{{think}} And tomorrow?" });
  answers.push(await answer(request));
  return answers;
}

/** What the answers hold must be what the provider got back in the last request. */
async function survives(answers, mark, shape) {
  const bodies = await conversation(mark, answers.length);
  const turns = turnsOf(bodies.at(-1));
  assert.equal(turns.length, answers.length - 1);
  for (const [at, turn] of turns.entries()) {
    assert.ok(reasoningOf(turn).length > 0, "no reasoning came back");
    assert.deepEqual(reasoningOf(turn), heldReasoning(answers[at]));
  }
  if (shape) assert.deepEqual(turns[0].map((block) => block.type), shape);
}

for (const [way, answer] of Object.entries(WAYS)) {
  const feature = (name, models, directives, calls, rounds, shape) =>
    cells(OFFICIAL, `reasoning, ${name}: ${way}`, FILE, async (model, mark) => {
      const answers = await talk(answer, model, `${directives} call ${calls} ${mark}`);
      assert.equal(answers.length, rounds + 2);
      await survives(answers, mark, shape);
    }, models);

  feature("chained calls", MODELS, `{{steps=${ROUNDS}}} {{think}}`, "get_weather", ROUNDS);
  feature("parallel calls", MODELS, "{{steps=1}} {{think}}", "get_weather and get_time", 1);
  feature("redacted", CLAUDE, `{{steps=${ROUNDS}}} {{think=redacted}}`, "get_weather", ROUNDS, ["redacted_thinking", "tool_use"]);
  feature("interleaved", CLAUDE, `{{steps=${ROUNDS}}} {{think=interleaved}}`, "get_weather", ROUNDS, ["thinking", "text", "thinking", "tool_use"]);
}

// The client's own loop sends nothing back but what OpenAI's API reference names. So the signatures are lost; the loop is not.
for (const stream of [false, true]) {
  cells(OFFICIAL, `reasoning, chained calls: runTools${stream ? ", streamed" : ""}`, FILE, async (model, mark) => {
    const tools = [{ type: "function", function: { ...TOOLS[0].function, parse: JSON.parse, function: () => "sunny" } }];
    const messages = [{ role: "user", content: `{{steps=${ROUNDS}}} {{think}} call get_weather ${mark}` }];
    const runner = ai.chat.completions.runTools({ model, messages, tools, stream, reasoning_effort: "low" });
    assert.match(await runner.finalContent(), /sunny/);
    return carried(mark, ROUNDS + 1);
  });
}
