// What the tests share: the client under test, the models, reports for docs/compatibility.md, and a look at what reached the
// provider. Needs a relay with mock providers (RELAY_BASE_URL, RELAY_KEY); the other variables are the harness's.
import assert from "node:assert/strict";
import { appendFileSync, readFileSync } from "node:fs";
import { test } from "node:test";

const { RELAY_BASE_URL, RELAY_KEY, RELAY_SPY_URL, RELAY_CELLS, OPENAI_PACKAGE = "openai" } = process.env;

/** The official client: `openai` (6.x), or `openai7` under Node 22. */
export const openai = await import(OPENAI_PACKAGE);
export const { zodFunction, zodResponseFormat } = await import(`${OPENAI_PACKAGE}/helpers/zod`);

export const BASE_URL = `${RELAY_BASE_URL}/v1`;
export const KEY = RELAY_KEY;
/** With a budget for thinking and with thinking that is bound to its history; with optional signatures and with demanded ones. */
export const MODELS = ["claude-haiku-4-5", "claude-sonnet-5-5", "gemini-2.5-flash", "gemini-3.8-flash"];
/** Rounds of tool calls in a loop. */
export const ROUNDS = 3;
export const WORKS = "works";
export const NOT_CARRIED = "works; reasoning of earlier steps is not carried, since the client drops it";
export const UNFORCED = "works; 400 on models which can't be forced to call a tool (5.5 and later)";

export const providerOf = (model) => (model.startsWith("claude") ? "claude" : "gemini");

/** Name and version of an installed package, as the table shows them. */
export function installed(name) {
  const { version } = JSON.parse(readFileSync(new URL(`node_modules/${name}/package.json`, import.meta.url)));
  return `${name === "openai7" ? "openai" : name} ${version}`;
}

export const OFFICIAL = `${installed(OPENAI_PACKAGE)} (Node)`;

/** A line for the table: what the test of a feature saw. */
export function report(client, feature, provider, seen, file) {
  if (RELAY_CELLS) appendFileSync(RELAY_CELLS, `${[client, feature, provider, seen, file].join("\t")}\n`);
}

/** One test a model. `run` gets the model and a mark for the prompt; it returns what was seen if it is not just "works". */
export function cells(client, feature, file, run, models = MODELS) {
  for (const model of models) {
    test(`${feature}: ${model}`, async () => {
      const seen = await run(model, `[${client}: ${feature}: ${model}]`);
      report(client, feature, providerOf(model), seen ?? WORKS, `tests/clients/node/${file}`);
    });
  }
}

/** The bodies of all requests with this mark that reached the provider, the oldest first. */
export async function upstream(mark) {
  const response = await fetch(RELAY_SPY_URL, { method: "POST", body: mark });
  return response.json();
}

/** A client whose requests have a mark that `calls` finds; `scripted`: of the relay whose providers answer what `script` sets. */
export function patient(mark, { user = "connected", scripted = false, ...options } = {}) {
  const { RELAY_TAP_URL, RELAY_SCRIPTED_URL, RELAY_SCRIPTED_KEY } = process.env;
  return new openai.OpenAI({
    apiKey: scripted ? RELAY_SCRIPTED_KEY : KEY,
    baseURL: `${scripted ? RELAY_SCRIPTED_URL : RELAY_TAP_URL}/v1`,
    defaultHeaders: { "X-Relay-User": user, "X-Test-Mark": mark },
    ...options,
  });
}

const spy = (path, body) => fetch(`${RELAY_SPY_URL}${path}`, { method: "POST", body, headers: { "Content-Type": "application/json" } });

/** The requests with this mark that reached Relay: `connection`, `retry`, `line`. */
export const calls = async (mark) => (await spy("/calls", `x-test-mark: ${mark}\r\n`)).json();

/** Waits until Relay left a provider's call with this in its path; what the call was doing. */
export const left = async (path) => (await spy("/left", path)).json();

/** The lines of Relay's log, one a request, with this in them. */
export const log = async (mark) => (await spy("/log", mark)).json();

/** What a provider answers to the next call of the scripted relay. */
export const script = (answer) => spy("/script", JSON.stringify(answer));

/** The assistant's turns in a body, as lists of blocks or parts. */
export const turnsOf = (body) =>
  body.messages
    ? body.messages.filter((message) => message.role === "assistant").map((message) => [message.content].flat())
    : body.contents.filter((content) => content.role === "model").map((content) => content.parts);

const isThinking = (block) => ["thinking", "redacted_thinking"].includes(block.type);

/** The thinking blocks and signatures of a turn. Google's placeholder for a missing signature does not count. */
export const reasoningOf = (turn) =>
  turn.flatMap((block) => (isThinking(block) ? [block] : block.thoughtSignature ? [block.thoughtSignature] : []))
    .filter((signature) => signature !== "skip_thought_signature_validator");

/** What OpenAI-shaped answers hold of it. */
export const heldReasoning = (message) => [
  ...(message.thinking_blocks ?? []),
  ...(message.tool_calls ?? []).map((call) => call.extra_content?.google?.thought_signature),
  message.extra_content?.google?.thought_signature,
].filter(Boolean);

/** All requests of a conversation: each begins with what the one before held, so no history was edited on its way. */
export async function conversation(mark, requests) {
  const bodies = await upstream(mark);
  assert.equal(bodies.length, requests);
  const histories = bodies.map((body) => body.messages ?? body.contents);
  for (const [at, history] of histories.slice(1).entries()) {
    assert.deepEqual(withoutMarkers(history).slice(0, histories[at].length), withoutMarkers(histories[at]));
  }
  return bodies;
}

/** `cache_control` moves on from turn to turn and is no part of the history. */
const withoutMarkers = (value) => JSON.parse(JSON.stringify(value, (key, inner) => (key === "cache_control" ? undefined : inner)));

/** For clients which may drop what they don't know: whether the last request held reasoning of every earlier turn. */
export async function carried(mark, requests) {
  const bodies = await conversation(mark, requests);
  const turns = turnsOf(bodies.at(-1));
  return turns.every((turn) => reasoningOf(turn).length > 0) ? WORKS : NOT_CARRIED;
}

const city = { type: "object", properties: { city: { type: "string" } }, required: ["city"], additionalProperties: false };
export const TOOLS = ["get_weather", "get_time"].map((name) => ({
  type: "function",
  function: { name, description: `Tells ${name}`, parameters: city },
}));
export const PICTURE = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
