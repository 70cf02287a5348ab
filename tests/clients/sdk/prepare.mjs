// Installs the SDK, as it is published, into two empty projects, beside the OpenAI client 6 and beside 7, and into those of Next.js.
// `make sdk` runs this after it built the SDK.
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
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
// Next.js wants its site, and all packages, below the project. The newer one has the example app, too.
const root = fileURLToPath(new URL("../../../", import.meta.url));
const widget = npm(`${root}relay-server/widget/npm/`, "pack", "--pack-destination", projects).trim();
for (const [version, sites] of [["14", ["tests/clients/next/site"]], ["16", ["examples/nextjs", "tests/clients/next/site"]]]) {
  const folder = `${root}tests/clients/next/${version}`;
  for (const [name, file] of [["sdk", packed], ["widget", widget]]) {
    const installed = `${folder}/node_modules/@relayservice/${name}`;
    rmSync(installed, { recursive: true, force: true });
    mkdirSync(installed, { recursive: true });
    execFileSync("tar", ["-xzf", projects + file, "-C", installed, "--strip-components", "1"]);
  }
  for (const part of ["app", "lib"]) {
    rmSync(`${folder}/${part}`, { recursive: true, force: true });
    for (const site of sites) cpSync(`${root}${site}/${part}`, `${folder}/${part}`, { recursive: true });
  }
}
// The same site below the newer one, with `cacheComponents`, which knows no edge routes. It finds its packages above.
const cached = `${root}tests/clients/next/16/cached`;
rmSync(cached, { recursive: true, force: true });
for (const site of ["site", "cached"]) cpSync(`${root}tests/clients/next/${site}`, cached, { recursive: true });
rmSync(`${cached}/app/api/edge`, { recursive: true });

// The last thing, so that the tests know that all went well.
const { version } = JSON.parse(readFileSync(`${sdk}package.json`, "utf8"));
writeFileSync(`${projects}.installed`, version);
