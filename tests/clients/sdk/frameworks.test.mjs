// The example apps of docs/quickstart.md, as they stand. (Next.js: next.test.mjs.) Needs a relay with mock providers (RELAY_BASE_URL, RELAY_KEY).
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, existsSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import { createInterface } from "node:readline";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";

import { check } from "./app.mjs";

const at = (path) => fileURLToPath(new URL(path, import.meta.url));
const { RELAY_BASE_URL, RELAY_KEY, PATH } = process.env;
const env = { PATH, RELAY_BASE_URL, RELAY_KEY, PYTHONDONTWRITEBYTECODE: "1" };

test("the Express app", async () => {
  // Below a project with the SDK, which stands for `npm install`.
  const folder = at("projects/openai/express");
  cpSync(at("../../../examples/express"), folder, { recursive: true, filter: (path) => !path.includes("node_modules") });
  const app = spawn(process.execPath, ["server.mjs"], { cwd: folder, env: { ...env, PORT: "0", NODE_ENV: "production" }, stdio: ["ignore", "pipe", "ignore"] });
  after(() => app.kill());
  const [address] = await once(createInterface({ input: app.stdout }), "line");
  await check(address);
});

const python = at("../../../relay-sdk/python/.venv/bin/python");
test("the FastAPI app", { skip: !existsSync(python) && !process.env.RELAY_REQUIRE_ALL && "run `make pysdk` first" }, async () => {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address();
  await new Promise((closed) => probe.close(closed));
  const args = ["-m", "uvicorn", "main:app", "--host", "127.0.0.1", "--port", String(port)];
  const app = spawn(python, args, { cwd: at("../../../examples/fastapi"), env, stdio: ["ignore", "ignore", "pipe"] });
  after(() => app.kill());
  const lines = createInterface({ input: app.stderr });
  for await (const line of lines) if (line.includes("Uvicorn running")) break;
  app.stderr.resume();
  await check(`http://127.0.0.1:${port}`);
});

test("docs/quickstart.md shows the apps' files as they are", () => {
  const page = readFileSync(at("../../../docs/quickstart.md"), "utf8");
  const shown = [...page.matchAll(/^<!-- (examples\/\S+) -->\n```\w+\n(.*?)^```/gms)];
  assert.ok(shown.length >= 5);
  for (const [, path, code] of shown) assert.equal(code, readFileSync(at(`../../../${path}`), "utf8"), path);
});
