// Every row of ../errors.json with the official client: its class, its code, the request id, and how often Relay was asked.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";

import { calls, openai, patient, script } from "./shared.mjs";

const { rows } = JSON.parse(readFileSync(new URL("../errors.json", import.meta.url)));
const CLASSES = {
  400: openai.BadRequestError, 401: openai.AuthenticationError, 403: openai.PermissionDeniedError, 404: openai.NotFoundError,
  409: openai.ConflictError, 422: openai.UnprocessableEntityError, 429: openai.RateLimitError,
};
/** The client has one class for all that is 500 or more, and its general one for the rest. */
const classOf = (status) => CLASSES[status] ?? (status >= 500 ? openai.InternalServerError : openai.APIError);

/** Asks for a token, and connects a key to a user of this row alone. */
async function connect(ai, row, user) {
  const provider = row.model.startsWith("claude") ? "anthropic" : row.model.startsWith("gemini") ? "google" : "openai";
  const prefix = { anthropic: "sk-ant-", google: "AQ.", openai: "sk-" }[provider];
  const { registrationToken } = await ai.post("/registration-tokens", { body: { user } });
  const body = { provider, apiKey: `${prefix}mock-${row.key}-${user}` };
  await ai.withOptions({ apiKey: registrationToken }).post("/registration", { body });
}

function call(ai, row) {
  const options = { headers: { ...row.headers, ...(row.long_header && { "X-Long": "x".repeat(row.long_header) }) } };
  if (row.get) return ai.get(row.get + "x".repeat(row.long_path ?? 0), options);
  if (row.post) return ai.post(row.post, { body: row.body, ...options });
  if (row.embeddings) return ai.embeddings.create(row.embeddings, options);
  const messages = [{ role: "user", content: row.text ?? "Hello!" }];
  const nested = row.nested && { metadata: JSON.parse(`${"[".repeat(row.nested)}${"]".repeat(row.nested)}`) };
  return ai.chat.completions.create({ model: row.model, messages, ...row.body, ...nested }, options);
}

async function meet(row, mark) {
  const connected = row.key ? `${mark}-user` : "connected";
  const user = row.user === undefined ? connected : row.user;
  let ai = patient(mark, { user, scripted: row.script !== undefined });
  if (row.key) await connect(ai.withOptions({ defaultHeaders: {} }), row, user);
  if (row.credential === "wrong") ai = ai.withOptions({ apiKey: "rly-wrong" });
  if (row.credential === "narrow") ai = ai.withOptions({ apiKey: process.env.RELAY_NARROW_KEY });
  if (row.token) {
    const made = await ai.post("/registration-tokens", { body: row.token });
    ai = ai.withOptions({ apiKey: made.registrationToken });
  }
  if (row.before) await call(ai, row.before);
  const before = (await calls(mark)).length;
  if (row.script) for (let sent = 0; sent < row.sent; sent += 1) await script(row.script);
  const read = async () => { for await (const _ of await call(ai, row)); };
  const error = await (row.body?.stream ? read() : call(ai, row)).then(() => assert.fail("no error"), (error) => error);
  return { error, sent: (await calls(mark)).length - before };
}

function check(row, { error, sent }) {
  const Kind = row.body?.stream ? openai.APIError : classOf(row.status);
  assert.equal(error.constructor, Kind, `${error}`);
  assert.equal(error.code, row.code);
  assert.equal(error.status, row.body?.stream ? undefined : row.status);
  assert.match(error.requestID, /^req_[0-9A-Z]{26}$/);
  for (const member of ["message", "type", "code", "param"]) assert.ok(member in error.error, `${member} is missing`);
  assert.ok(error.error.message.length > 0 && typeof error.type === "string");
  assert.equal(sent, row.sent, "how often it was sent");
}

const met = rows.map((row, at) => ({ row, mark: `error-${at}-` })).filter(({ row }) => row.sent);
const tests = (some) => some.forEach(({ row, mark }) => test(`${row.status} ${row.code}`, async () => check(row, await meet(row, mark))));
describe("an error has its class, code and request id", { concurrency: 2 }, () => {
  describe("of Relay and the providers", { concurrency: 64 }, () => tests(met.filter(({ row }) => !row.script)));
  // One after the other: the next call gets the scripted answer, whosever it is.
  describe("scripted", { concurrency: 1 }, () => tests(met.filter(({ row }) => row.script)));
});
