// The app in examples/js, as it stands, with the SDK as it is published. Needs a relay with mock providers (RELAY_BASE_URL, RELAY_KEY).
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync } from "node:fs";
import { createInterface } from "node:readline";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";

const at = (path) => fileURLToPath(new URL(path, import.meta.url));
const { RELAY_BASE_URL, RELAY_KEY, PATH } = process.env;

// Below a project with the SDK, which stands for `npm install`.
const folder = at("projects/openai/example");
cpSync(at("../../../examples/js"), folder, { recursive: true, filter: (path) => !path.includes("node_modules") });
const app = spawn(process.execPath, ["server.mjs"], { cwd: folder, env: { PATH, RELAY_BASE_URL, RELAY_KEY, PORT: "0" }, stdio: ["ignore", "pipe", "ignore"] });
after(() => app.kill());
const [address] = await once(createInterface({ input: app.stdout }), "line");

/** A browser: it keeps its cookie. */
async function browser() {
  const [cookie] = (await fetch(address)).headers.get("set-cookie").split(";");
  const ask = (path, body) => fetch(address + path, { method: body === undefined ? "GET" : "POST", body: body && JSON.stringify(body), headers: { cookie } });
  const connect = async (provider, apiKey) => {
    const { registrationToken } = await (await ask("/token", {})).json();
    const headers = { authorization: `Bearer ${registrationToken}`, "content-type": "application/json" };
    return fetch(`${RELAY_BASE_URL}/v1/registration`, { method: "POST", headers, body: JSON.stringify({ provider, apiKey }) });
  };
  return { ask, connect };
}
const hello = (model) => ({ model, messages: [{ role: "user", content: "Hello!" }] });

test("its pages lead to the widget and to the chat, under a strict policy", async () => {
  const keys = await fetch(address);
  assert.ok((await keys.text()).includes(`<script src="${RELAY_BASE_URL}/widget.js"`));
  assert.ok(keys.headers.get("content-security-policy").includes(`frame-src ${RELAY_BASE_URL}`));
  for (const path of ["/chat", "/keys.js", "/chat.js", "/app.css"]) assert.equal((await fetch(address + path)).status, 200);
  assert.equal((await fetch(`${address}/server.mjs`)).status, 404);
});

test("a user connects a key, and an answer streams", async () => {
  const { ask, connect } = await browser();
  assert.deepEqual(await (await ask("/keys")).json(), []);
  assert.equal((await connect("openai", "sk-mock-good-1234")).status, 201);
  const [{ provider, last4, state }] = await (await ask("/keys")).json();
  assert.deepEqual([provider, last4, state], ["openai", "1234", "active"]);
  const answer = await ask("/chat", hello("gpt-4o-mini"));
  assert.equal(answer.headers.get("content-type"), "text/plain; charset=utf-8");
  assert.match(await answer.text(), /you said "Hello!"$/);
});

test("without a key the page learns for which provider to open the widget", async () => {
  const { ask } = await browser();
  const answer = await ask("/chat", hello("claude-haiku-4-5"));
  const { code, provider } = await answer.json();
  assert.deepEqual([answer.status, code, provider], [403, "provider_key_missing", "anthropic"]);
});

test("one browser's key is not another's", async () => {
  const [one, other] = [await browser(), await browser()];
  await one.connect("openai", "sk-mock-good-1234");
  assert.deepEqual(await (await other.ask("/keys")).json(), []);
  assert.equal((await other.ask("/chat", hello("gpt-4o-mini"))).status, 403);
});

test("an answer that breaks off is seen to", async () => {
  const { ask, connect } = await browser();
  await connect("openai", "sk-mock-good-1234");
  const messages = [{ role: "user", content: "{{error_midstream}} hello" }];
  await assert.rejects(async () => (await ask("/chat", { model: "gpt-4o-mini", messages })).text());
});
