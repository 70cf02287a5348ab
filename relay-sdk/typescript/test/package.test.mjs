// The published package: packed, and installed by npm into empty projects with each version of the OpenAI client.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { copyFileSync, cpSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

import { buildSync } from "esbuild";

const here = fileURLToPath(new URL("..", import.meta.url));
const manifest = JSON.parse(readFileSync(`${here}package.json`, "utf8"));
const temporary = mkdtempSync(join(tmpdir(), "relay-sdk-"));
after(() => rmSync(temporary, { recursive: true }));

// `dist/` exists already: `npm test` builds first.
const npm = (cwd, ...args) => execFileSync("npm", [...args, "--ignore-scripts", "--no-audit", "--no-fund", "--silent", "--offline"], { cwd, encoding: "utf8" });
const packed = join(temporary, npm(here, "pack", "--pack-destination", temporary).trim());

/** An empty project with the package and one version of the client. */
function project(openai, type) {
  const folder = join(temporary, `${type}-${openai}`);
  mkdirSync(folder);
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "empty", private: true, type: type.split("-")[0] }));
  npm(folder, "install", packed, `${here}node_modules/${openai}`);
  const run = (file, text) => (text && writeFileSync(join(folder, file), text), execFileSync(process.execPath, [file], { cwd: folder, encoding: "utf8" }));
  const tsc = (module, moduleResolution, ...files) => {
    const options = ["--ignoreConfig", "--strict", "--noEmit", "--exactOptionalPropertyTypes", "--skipLibCheck", "false", "--target", "es2022"];
    const args = [`${here}node_modules/typescript/bin/tsc`, ...options, "--module", module, "--moduleResolution", moduleResolution, ...files];
    execFileSync(process.execPath, args, { cwd: folder, encoding: "utf8" });
  };
  return { folder, run, tsc };
}

/** Code of a page in one language. */
const blocks = (text, ...languages) => [...text.matchAll(/^```(\w+)\n(.*?)^```/gms)].filter(([, language]) => languages.includes(language)).map(([, , code]) => code);

test("what is published: the built files, the manifest, the README", () => {
  const files = execFileSync("tar", ["-tzf", packed], { encoding: "utf8" }).trim().split("\n").sort();
  const built = readdirSync(`${here}dist`).map((name) => `package/dist/${name}`);
  assert.deepEqual(files, [...built, "package/README.md", "package/package.json"].sort());
});

test("it depends only on its peer, runs no install script, and has no side effects", () => {
  assert.deepEqual([manifest.dependencies, manifest.optionalDependencies, manifest.sideEffects], [undefined, undefined, false]);
  assert.deepEqual(manifest.peerDependencies, { openai: ">=6 <8" });
  assert.deepEqual(Object.keys(manifest.scripts).sort(), ["build", "check", "prepack", "test"]);
});

// What a cold start loads; comments and types cost nothing there.
test("it is small: at most 6 KiB, minified and compressed", () => {
  const built = buildSync({ entryPoints: [`${here}dist/index.js`], bundle: true, external: ["openai"], format: "esm", minify: true, write: false });
  const size = gzipSync(built.outputFiles[0].contents).length;
  assert.ok(size <= 6 * 1024, String(size));
});

test("npm pack builds what it packs", () => {
  const copy = join(temporary, "copy");
  cpSync(here, copy, { recursive: true, filter: (path) => !/\/(node_modules|dist|build)(\/|$)/.test(path.slice(here.length - 1)) });
  symlinkSync(`${here}node_modules`, join(copy, "node_modules"));
  const packed = execFileSync("npm", ["pack", "--silent", "--offline"], { cwd: copy, encoding: "utf8" }).trim();
  const files = execFileSync("tar", ["-tzf", join(copy, packed)], { encoding: "utf8" }).trim().split("\n").sort();
  const built = readdirSync(`${here}dist`).map((name) => `package/dist/${name}`);
  assert.deepEqual(files, [...built, "package/README.md", "package/package.json"].sort());
});

for (const openai of ["openai", "openai7"]) {
  const { version } = JSON.parse(readFileSync(`${here}node_modules/${openai}/package.json`, "utf8"));
  const shown = "const relay = new Relay({ key: KEY }); console.log(typeof relay.openai({ user: 'a' }).chat.completions.create, new RelayError('', { code: 'x' }).name);";
  const KEY = `const KEY = "rly-Secretxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx4JnR19";`;

  test(`imports into an ESM project beside openai ${version}`, () => {
    assert.equal(project(openai, "module").run("a.js", `import { Relay, RelayError } from "@relayservice/sdk"; ${KEY} ${shown}`), "function RelayError\n");
  });

  test(`is required by a CommonJS project beside openai ${version}`, () => {
    const { run, tsc, folder } = project(openai, "commonjs");
    assert.equal(run("a.js", `const { Relay, RelayError } = require("@relayservice/sdk"); ${KEY} ${shown}`), "function RelayError\n");
    writeFileSync(join(folder, "a.cts"), `import { Relay } from "@relayservice/sdk"; import { OpenAI } from "openai";\nexport const ai: OpenAI = new Relay().openai({ user: "a" });\n`);
    tsc("node16", "node16", "a.cts");
  });

  test(`the client is as it must be with openai ${version}`, () => {
    const { run, folder } = project(openai, "module-test");
    copyFileSync(`${here}test/openai.test.mjs`, join(folder, "openai.test.mjs"));
    run("openai.test.mjs");
  });

  test(`types fit in a TypeScript project beside openai ${version}, all libraries checked`, () => {
    const { folder, tsc } = project(openai, "module-types");
    copyFileSync(`${here}test/usage.mts`, join(folder, "usage.mts"));
    const pages = ["README.md", "../../docs/sdk.md"].flatMap((page) => blocks(readFileSync(here + page, "utf8"), "ts"));
    const files = pages.map((code, at) => (writeFileSync(join(folder, `page${at}.mts`), `${DECLARED}${code}`), `page${at}.mts`));
    writeFileSync(join(folder, "quickstart.mts"), DECLARED + quickstart());
    for (const module of ["node16", "nodenext"]) tsc(module, module, "usage.mts", "quickstart.mts", ...files);
    tsc("esnext", "bundler", "usage.mts", "quickstart.mts", ...files);
    writeFileSync(join(folder, "wrong.mts"), `import { Relay } from "@relayservice/sdk"; new Relay({ keys: "" });\n`);
    assert.throws(() => tsc("node16", "node16", "wrong.mts"), /status|Command failed/, "the compiler looks at all");
  });
}

/** What a page's code takes for granted: Node's globals, without a library. */
const DECLARED = `import type { OpenAI as $ } from "openai";
export {};
declare const process: { env: Record<string, string | undefined>; stdout: { write(text: string): boolean } };
declare const messages: $.Chat.Completions.ChatCompletionMessageParam[];
`;

/** The quickstart's program. Its list of messages is JavaScript's: TypeScript would want its type. */
function quickstart() {
  const page = readFileSync(`${here}../../docs/quickstart.md`, "utf8").split("<!-- sdk: the tests run this as one program -->")[1].split("<!-- end of sdk -->")[0];
  return blocks(page, "js").join("").replace(/^const messages = .*\n/m, "");
}
