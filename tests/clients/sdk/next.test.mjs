// Real builds and servers of Next.js: nothing that the SDK asks for is stored, and a build needs no key.
// Needs a relay with mock providers (RELAY_BASE_URL, RELAY_KEY).
import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { rmSync } from "node:fs";
import { createRequire } from "node:module";
import { createServer } from "node:net";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { check } from "./app.mjs";

const at = (path) => fileURLToPath(new URL(path, import.meta.url));
const { RELAY_BASE_URL, RELAY_KEY, PATH, HOME } = process.env;
const BUILT = { PATH, HOME, NEXT_TELEMETRY_DISABLED: "1", NEXT_IGNORE_INCORRECT_LOCKFILE: "1", NODE_ENV: "production" };
/** Folders below `next`. The last one is the newer version with `cacheComponents`. */
const SITES = ["14", "16", "16/cached"];

const api = (method, path, body, key = RELAY_KEY) =>
  fetch(`${RELAY_BASE_URL}${path}`, { method, headers: { authorization: `Bearer ${key}`, ...(body && { "content-type": "application/json" }) }, ...(body && { body: JSON.stringify(body) }) });

async function connect() {
  const { registrationToken } = await (await api("POST", "/v1/registration-tokens", { endUserLabel: "next" })).json();
  const stored = await api("POST", "/v1/registration", { provider: "openai", apiKey: "sk-mock-good-1234" }, registrationToken);
  assert.equal(stored.status, 201);
}
const disconnect = async () => assert.equal((await api("DELETE", "/v1/users/next/connections/openai")).status, 204);

/** The program of a site, which may be that of the folder above. */
const NEXT = (folder) => createRequire(`${folder}/`).resolve("next/dist/bin/next");

/** Builds a site, and returns what the build says about its routes. */
async function build(folder, env) {
  rmSync(`${folder}/.next`, { recursive: true, force: true });
  return (await promisify(execFile)(process.execPath, [NEXT(folder), "build"], { cwd: folder, env })).stdout;
}

/** Starts the built site, and gives its address. */
async function start(folder) {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address();
  await new Promise((closed) => probe.close(closed));
  const server = spawn(process.execPath, [NEXT(folder), "start", "-H", "127.0.0.1", "-p", String(port)], { cwd: folder, env: { ...BUILT, RELAY_BASE_URL, RELAY_KEY }, stdio: ["ignore", "pipe", "inherit"] });
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

/** Each route that asks Relay, and the mark of a build for what it leaves to the request, wholly or in part. */
const ROUTES = { "/list": "[λƒ◐]", "/caught": "[λƒ◐]", "/api/node": "[λƒ]" };

for (const site of SITES) {
  const folder = at(`../next/${site}`);
  const { version } = createRequire(`${folder}/`)("next/package.json");
  const isCached = site.endsWith("cached");
  test(`Next.js ${version}${isCached ? " with cacheComponents" : ""}`, async (t) => {
    const routes = { ...ROUTES, ...(isCached ? { "/token": "◐" } : { "/api/edge": "[λƒ]" }) };
    const leaves = (said) => Object.entries(routes).forEach(([path, mark]) => assert.match(said, new RegExp(`${mark} ${path}\\b`)));
    await t.test("a build without a key or an address succeeds", async () => leaves(await build(folder, BUILT)));
    if (isCached) await t.test("a build with them stores nothing either", async () => leaves(await build(folder, { ...BUILT, RELAY_BASE_URL, RELAY_KEY })));
    await connect();
    const served = await start(folder);
    for (const [name, look] of Object.entries(WAYS).filter(([name]) => !isCached || !name.endsWith("edge"))) {
      await t.test(`${name} never shows an old answer`, async () => {
        const before = await look(served);
        assert.deepEqual(before.providers, ["openai"]);
        assert.match(before.text, /^Hello from gpt-4o-mini/);
        assert.deepEqual(await look(served), before);
        await disconnect();
        assert.deepEqual(await look(served), { providers: [], text: "needs openai" });
        await connect();
        assert.deepEqual(await look(served), before);
      });
    }
    if (isCached) {
      await t.test("each visitor gets a token of their own", async () => {
        const tokens = await Promise.all([1, 2].map(async () => text(await (await fetch(`${served}/token`)).text())));
        assert.match(tokens[0], /^rrt-/);
        assert.notEqual(tokens[0], tokens[1]);
      });
    }
    await disconnect();
    // The newer one has the example of docs/quickstart.md too.
    if (site === "16") await t.test("the example app", () => check(served, "/api"));
  });
}
