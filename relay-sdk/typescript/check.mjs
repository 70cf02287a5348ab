// Whether the package is what it says: publint, and "are the types wrong?". `test/package.test.mjs` does the rest.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

process.chdir(fileURLToPath(new URL(".", import.meta.url)));
for (const [program, ...args] of [
  ["publint/src/cli.js", "--strict"],
  ["@arethetypeswrong/cli/dist/index.js", "--pack", ".", "--no-emoji", "--format", "ascii"],
]) {
  const ended = spawnSync(process.execPath, [`node_modules/${program}`, ...args], { stdio: "inherit" });
  if (ended.status !== 0) process.exit(1);
}
