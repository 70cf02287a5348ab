// Installs the SDK, as it is published, into two empty projects: beside the OpenAI client 6 and beside 7. `make sdk` runs this after it built the SDK.
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const sdk = fileURLToPath(new URL("../../../relay-sdk/typescript/", import.meta.url));
const projects = fileURLToPath(new URL("projects/", import.meta.url));
const npm = (cwd, ...args) => execFileSync("npm", [...args, "--ignore-scripts", "--no-audit", "--no-fund", "--silent", "--offline"], { cwd, encoding: "utf8" });

rmSync(projects, { recursive: true, force: true });
mkdirSync(projects);
const packed = npm(sdk, "pack", "--pack-destination", projects).trim();
for (const openai of ["openai", "openai7"]) {
  const folder = `${projects}${openai}`;
  mkdirSync(folder);
  writeFileSync(`${folder}/package.json`, JSON.stringify({ name: "empty", private: true, type: "module" }));
  npm(folder, "install", `../${packed}`, `${sdk}node_modules/${openai}`);
}
// The last thing, so that the tests know that all went well.
const { version } = JSON.parse(readFileSync(`${sdk}package.json`, "utf8"));
writeFileSync(`${projects}.installed`, version);
