// The developer's backend: asks Relay for tokens, and looks at what is connected. Needs a relay over the mock providers
// (RELAY_BASE_URL, RELAY_KEY, …: see tests/tests/browser/main.rs).
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { appendFileSync } from "node:fs";

const { RELAY_BASE_URL, RELAY_KEY, RELAY_FRAME_ONLY_KEY, RELAY_LINKED_KEY, RELAY_EXPIRED_TOKEN, RELAY_SECRETS } = process.env;

export const RELAY = RELAY_BASE_URL;
/** Projects, by their Relay keys: an ordinary one, one that wants the frame, one with return addresses. */
export const PROJECTS = { app: RELAY_KEY, frameOnly: RELAY_FRAME_ONLY_KEY, linked: RELAY_LINKED_KEY };
/** The return addresses of the project `linked`, as its developer wrote them down. */
export const RETURN_URLS = { web: "https://app.example/done", native: "exampleapp://connected" };
export const EXPIRED_TOKEN = RELAY_EXPIRED_TOKEN;
/** How many refused keys a token takes. */
export const TRIES = 5;

const secrets = [];

/** Notes what must be seen nowhere: not in the pages, and not in Relay's log, which the harness reads. */
export function secret(text, telling = text) {
  secrets.push({ text, telling });
  if (RELAY_SECRETS) appendFileSync(RELAY_SECRETS, `${text}\n`);
  return text;
}

/** The secrets of which `text` holds enough to tell. */
export const secretsIn = (text) => secrets.filter(({ telling }) => text.includes(telling)).map((found) => found.text);

/** A key that nobody else has. Its behaviour is a key word of docs/mock.md. */
export function keyFor(provider, behaviour = "good") {
  const tag = randomBytes(8).toString("hex");
  return secret(`${KNOWN[provider].keyPrefixes[0] ?? ""}mock-${behaviour}-${tag}`, tag.slice(0, 10));
}

/** A user that nobody else is. */
export const newUser = () => `user-${randomBytes(4).toString("hex")}`;

async function call(method, path, { body, bearer = PROJECTS.app, headers = {} } = {}) {
  const response = await fetch(RELAY + path, {
    method,
    headers: { authorization: `Bearer ${bearer}`, ...(body && { "content-type": "application/json" }), ...headers },
    body: body && JSON.stringify(body),
  });
  const text = await response.text();
  return { status: response.status, body: text && JSON.parse(text) };
}

/** A registration token, with what Relay says beside it. `wishes` are members of the request. */
export async function grant(user = newUser(), wishes = {}, project = PROJECTS.app) {
  const answer = await call("POST", "/v1/registration-tokens", { body: { endUserLabel: user, ...wishes }, bearer: project });
  assert.equal(answer.status, 201, JSON.stringify(answer.body));
  secret(answer.body.registrationToken, answer.body.registrationToken.slice(4, 24));
  return answer.body;
}

export const token = async (...wishes) => (await grant(...wishes)).registrationToken;

/** Connects a key without a browser. Returns the key. */
export async function connect(user, provider, behaviour = "good", project = PROJECTS.app) {
  const key = keyFor(provider, behaviour);
  await use(await token(user, {}, project), provider, key);
  return key;
}

/** Spends a token. */
export async function use(bearer, provider = "openai", apiKey = keyFor(provider)) {
  const answer = await call("POST", "/v1/registration", { body: { provider, apiKey }, bearer });
  assert.equal(answer.status, 201, JSON.stringify(answer.body));
}

/** What is connected for a user: `{ openai: { state, last4 }, … }`. */
export async function connections(user, project = PROJECTS.app) {
  const answer = await call("GET", `/v1/users/${user}/connections`, { bearer: project });
  const list = answer.status === 404 ? [] : answer.body.connections;
  return Object.fromEntries(list.map(({ provider, state, last4 }) => [provider, { state, last4 }]));
}

/** Whether the stored key of a user answers a chat. */
export async function chats(user, model = "gpt-4o-mini") {
  const body = { model, messages: [{ role: "user", content: "hi" }] };
  return (await call("POST", "/v1/chat/completions", { body, headers: { "x-relay-user": user } })).status === 200;
}

/** `GET /api/widget`. */
export const published = async () => (await fetch(`${RELAY}/api/widget`)).json();

/** What Relay says of the providers, by their names. */
const KNOWN = Object.fromEntries((await known()).map((provider) => [provider.name, provider]));
export const PROVIDERS = Object.keys(KNOWN);
export const LABELS = Object.fromEntries(PROVIDERS.map((name) => [name, KNOWN[name].label]));

async function known() {
  const answer = await call("GET", "/v1/registration", { bearer: await token() });
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  return answer.body.knownProviders;
}
