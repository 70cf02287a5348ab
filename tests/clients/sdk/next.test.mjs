// Real builds and servers of Next.js: nothing that the SDK asks for is stored, and a build needs no key.
// Needs a relay with mock providers (RELAY_BASE_URL, RELAY_KEY).
import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { check } from "./app.mjs";

const at = (path) => fileURLToPath(new URL(path, import.meta.url));
const { RELAY_BASE_URL, RELAY_KEY, PATH, HOME } = process.env;
const BUILT = { PATH, HOME, NEXT_TELEMETRY_DISABLED: "1", NEXT_IGNORE_INCORRECT_LOCKFILE: "1", NODE_ENV: "production" };
const VERSIONS = ["14", "16"];

const api = (method, path, body, key = RELAY_KEY) =>
  fetch(`${RELAY_BASE_URL}${path}`, { method, headers: { authorization: `Bearer ${key}`, ...(body && { "content-type": "application/json" }) }, ...(body && { body: JSON.stringify(body) }) });

async function connect() {
  const { registrationToken } = await (await api("POST", "/v1/registration-tokens", { endUserLabel: "next" })).json();
  const stored = await api("POST", "/v1/registration", { provider: "openai", apiKey: "sk-mock-good-1234" }, registrationToken);
  assert.equal(stored.status, 201);
}
const disconnect = async () => assert.equal((await api("DELETE", "/v1/users/next/connections/openai")).status, 204);

/** Starts the built site, and gives its address. */
async function start(folder) {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address();
  await new Promise((closed) => probe.close(closed));
  const server = spawn(process.execPath, ["node_modules/next/dist/bin/next", "start", "-H", "127.0.0.1", "-p", String(port)], { cwd: folder, env: { ...BUILT, RELAY_BASE_URL, RELAY_KEY }, stdio: ["ignore", "pipe", "inherit"] });
  after(() => server.kill());
  for await (const text of server.stdout) if (/ready/i.test(String(text))) break;
  server.stdout.resume();
  return `http://127.0.0.1:${port}`;
}

/** What each kind of code sees. A page's JSON has HTML's entities. */
const WAYS = {
  "a server component": async (site) => text(await (await fetch(`${site}/list`)).text()),
  "a server component that catches errors": async (site) => text(await (await fetch(`${site}/caught`)).text()),
  "a route handler on Node": async (site) => (await fetch(`${site}/api/node`)).json(),
  "a route handler on the edge": async (site) => (await fetch(`${site}/api/edge`)).json(),
  "a server action": async (site) => {
    const page = await (await fetch(`${site}/action`)).text();
    const form = new FormData();
    form.append(page.match(/name="(\$ACTION_[^"]+)"/)[1], "");
    const answer = await fetch(`${site}/action`, { method: "POST", body: form, headers: { origin: site }, redirect: "manual" });
    assert.equal(answer.status, 303);
    return JSON.parse(new URL(answer.headers.get("location"), site).searchParams.get("state"));
  },
};
const text = (page) => JSON.parse(page.match(/<p>(.*?)<\/p>/)[1].replaceAll("&quot;", '"').replaceAll("&amp;", "&"));

for (const version of VERSIONS) {
  const folder = at(`../next/${version}`);
  const { version: exact } = JSON.parse(readFileSync(`${folder}/node_modules/next/package.json`, "utf8"));
  test(`Next.js ${exact}`, async (t) => {
    await t.test("a build without a key or an address succeeds", async () => {
      rmSync(`${folder}/.next`, { recursive: true, force: true });
      const { stdout } = await promisify(execFile)(process.execPath, ["node_modules/next/dist/bin/next", "build"], { cwd: folder, env: BUILT });
      for (const path of ["/list", "/caught", "/api/node", "/api/edge"]) assert.match(stdout, new RegExp(`[λƒ] ${path}\\b`), stdout);
    });
    await connect();
    const site = await start(folder);
    for (const [name, look] of Object.entries(WAYS)) {
      await t.test(`${name} never shows an old answer`, async () => {
        const before = await look(site);
        assert.deepEqual(before.providers, ["openai"]);
        assert.match(before.text, /^Hello from gpt-4o-mini/);
        assert.deepEqual(await look(site), before);
        await disconnect();
        assert.deepEqual(await look(site), { providers: [], text: "needs openai" });
        await connect();
        assert.deepEqual(await look(site), before);
      });
    }
    await disconnect();
    // The newer one has the example of docs/quickstart.md too.
    if (version === "16") await t.test("the example app", () => check(site, "/api"));
  });
}
