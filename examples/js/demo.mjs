// `relay demo`, and this app against it. Ctrl-C ends both.
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));
const relay = spawn("cargo", ["run", "--quiet", "--locked", "-p", "relay-cli", "--", "demo", "--json"], { cwd: root, stdio: ["ignore", "pipe", "inherit"] });
relay.on("exit", (code) => process.exit(code ?? 1));
process.on("exit", () => relay.kill());
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => process.exit(0));

for await (const line of createInterface({ input: relay.stdout })) {
  const { ready, baseUrl, relayKey } = JSON.parse(line);
  if (!ready) continue;
  Object.assign(process.env, { RELAY_BASE_URL: baseUrl, RELAY_KEY: relayKey });
  console.log("Simulated providers: the key sk-mock-good-1234 is good. The app is at");
  await import("./server.mjs");
}
