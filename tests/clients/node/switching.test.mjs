// One conversation on three providers: each request goes to the next one, in all orders. Nothing that a provider can be
// given is lost, and each provider gets its own reasoning back.
import assert from "node:assert/strict";
import { test } from "node:test";

import { BASE_URL, KEY, OFFICIAL, PICTURE, TOOLS, WORKS, openai, reasoningOf, report, turnsOf, upstream, zodResponseFormat } from "./shared.mjs";
import { z } from "zod";

const FILE = "switching.test.mjs";
const ORDERS = permutations(["gpt-5.4", "claude-sonnet-5-5", "gemini-3.8-flash"]);
const PDF = Buffer.from("%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n").toString("base64");
const City = z.object({ name: z.string(), mayor: z.string().nullable() });

const ai = new openai.OpenAI({ apiKey: KEY, baseURL: BASE_URL, defaultHeaders: { "X-Relay-User": "connected" } });
const text = (words) => ({ type: "text", text: words });
const picture = { type: "image_url", image_url: { url: `data:image/png;base64,${PICTURE}` } };
const pdf = { type: "file", file: { filename: "report.pdf", file_data: `data:application/pdf;base64,${PDF}` } };

/** What the user says in each turn, and what else is asked for. Each text has a word of its own. */
const TURNS = [
  ["Hello from turn-a 안녕 👋"],
  [[text("A picture in turn-b"), picture]],
  ["call get_weather and get_time in turn-c", { tools: TOOLS }],
  [[text("A file in turn-d"), pdf]],
  ["{{think}} Think in turn-e", { reasoning_effort: "low" }],
  ["An object in turn-f", { response_format: zodResponseFormat(City, "city") }],
  ["{{think}} {{steps=2}} call get_weather in turn-g", { tools: TOOLS, reasoning_effort: "low" }],
  [[picture, text("Two things in turn-h"), pdf]],
  ["turn-i\twith \"quotes\", \\ and\nlines"],
  ["call get_time and get_weather in turn-j", { tools: TOOLS, parallel_tool_calls: true }],
  [[text("Two texts in turn-k"), text("and one more")]],
  ["{{think}} Sum up in turn-l", { reasoning_effort: "low", stream: true }],
];

function permutations(list) {
  if (list.length < 2) return [list];
  return list.flatMap((first) => permutations(list.filter((item) => item !== first)).map((rest) => [first, ...rest]));
}

/** Talks all turns, each request with the next model. Returns the messages, and which model wrote which of them. */
async function talk(order, mark) {
  const messages = [{ role: "system", content: `Be brief. ${mark}` }];
  const authors = new Map();
  const named = new Set();
  let requests = 0;
  for (const [content, { stream, ...more } = {}] of TURNS) {
    messages.push({ role: "user", content });
    for (let open = true; open;) {
      const model = order[requests++ % order.length];
      const request = { ...more, model, messages };
      const { data, response } = stream
        ? { data: await ai.chat.completions.stream(request).finalChatCompletion() }
        : await ai.chat.completions.create(request).withResponse();
      for (const kind of ["dropped", "adjusted"]) {
        for (const name of (response?.headers.get(`x-relay-${kind}-params`) ?? "").split(",").filter(Boolean)) named.add(`${kind} ${name}`);
      }
      const message = data.choices[0].message;
      authors.set(message, model);
      messages.push(message);
      const calls = message.tool_calls ?? [];
      for (const call of calls) messages.push({ role: "tool", tool_call_id: call.id, content: `${call.function.name} says ${requests}-${messages.length}` });
      open = calls.length > 0;
    }
  }
  return { messages, authors, named, requests };
}

/** Every text, picture, file, call and result of the messages. */
function piecesOf(messages) {
  return messages.flatMap(({ content, tool_calls }) => [
    ...[content ?? []].flat().map((part) => (part === picture ? PICTURE : part === pdf ? PDF : (part.text ?? part))),
    ...(tool_calls ?? []).map((call) => call.function.name),
  ]);
}

/** All texts in a body, however deep, in one text. */
function textsOf(value) {
  if (typeof value === "string") return `${value}\n`;
  return value && typeof value === "object" ? Object.values(value).map(textsOf).join("") : "";
}

for (const order of ORDERS) {
  test(`one conversation on several providers: ${order.join(", ")}`, async () => {
    const mark = `[${OFFICIAL}: switching: ${order.join(" ")}]`;
    const { messages, authors, named, requests } = await talk(order, mark);
    assert.deepEqual([...named], [], "nothing was left out or changed");
    const bodies = await upstream(mark);
    assert.equal(bodies.length, requests);
    for (const body of bodies.slice(-3)) {
      const answers = messages.filter((message) => message.role === "assistant");
      const before = messages.slice(0, messages.indexOf(answers.at(bodies.indexOf(body) - bodies.length)));
      const sent = textsOf(body);
      for (const piece of piecesOf(before)) assert.ok(sent.includes(piece), `${piece} is missing in the request to ${body.model ?? "Gemini"}`);
      own(body, before, authors);
    }
    for (const provider of ["claude", "gemini"]) report(OFFICIAL, "one conversation, each request to the next of GPT, Claude and Gemini", provider, WORKS, `tests/clients/node/${FILE}`);
  });
}

/** A provider gets the reasoning back that it sent itself, and no other's. */
function own(body, before, authors) {
  if (!body.contents && !body.system) return;
  const name = body.contents ? "gemini" : "claude";
  const held = before.filter((message) => authors.get(message)?.startsWith(name)).flatMap((message) => [
    ...(name === "claude" ? message.thinking_blocks ?? [] : []),
    ...(name === "gemini" ? [...(message.tool_calls ?? []), message].map((holder) => holder.extra_content?.google?.thought_signature) : []),
  ]).filter(Boolean);
  const sent = turnsOf(body).flatMap(reasoningOf);
  assert.ok(held.length > 0, `${name} was never asked to think`);
  assert.deepEqual(sent, held);
}
