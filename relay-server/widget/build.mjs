// Bundles the widget, its frame and the hosted page into ../assets/widget/. With --check: fails if the committed files differ.
import { createHash } from "node:crypto";
import { readFileSync, readdirSync, writeFileSync, mkdirSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { minify } from "terser";

const here = new URL(".", import.meta.url);
const assets = new URL("../assets/widget/", here);
const [, version] = /\[workspace\.package\][^[]*?\nversion = "([^"]+)"/.exec(readFileSync(new URL("../../Cargo.toml", here), "utf8"));
const check = process.argv.includes("--check");
let stale = 0;

mkdirSync(assets, { recursive: true });
// Scripts that are named in others come before them: a path contains a hash.
const languages = readdirSync(new URL("src/text/", here)).flatMap((file) => /^([a-z]{2})\.ts$/.exec(file)?.[1] ?? []).sort();
const texts = {};
for (const language of languages) texts[language] = await make(`text-${language}`, "esm", inline(`export { common, form, problems } from "./text/${language}.ts";`));
const FORM_PATH = JSON.stringify(await make("form", "esm"));
const TEXT_PATHS = JSON.stringify(texts);
await make("widget", "iife", source("widget"), { FORM_PATH });
await make("connect", "iife", source("connect"), { FORM_PATH });
for (const language of languages) await make(`frame-${language}`, "iife", frame(language), { TEXT_PATHS });
process.exitCode = stale ? 1 : 0;

/** Removes the line breaks of the style sheets in styles.ts. */
function squeezeStyles({ onLoad }) {
  onLoad({ filter: /look\/styles\.ts$/ }, ({ path }) => ({
    contents: readFileSync(path, "utf8").replace(/`\n([^`]*)`/g, (_, css) => `\`${css.replaceAll("\n", "")}\``),
    loader: "ts",
  }));
}

function source(name) {
  return { entryPoints: [new URL(`src/${name}.ts`, here).pathname] };
}

function inline(contents) {
  return { stdin: { contents, loader: "ts", resolveDir: new URL("src/", here).pathname } };
}

/** The frame with the texts of one language. */
function frame(language) {
  return inline(`import { run } from "./frame.ts";\nimport { common, form, problems } from "./text/${language}.ts";\nrun("${language}", { common, form, problems });\n`);
}

/** Bundles a script, and writes or checks it. Returns its path on the server. */
async function make(name, format, entry = source(name), define = {}) {
  const { outputFiles } = await build({
    ...entry,
    bundle: true,
    write: false,
    format,
    target: ["es2022", "chrome111", "firefox113", "safari16.4"],
    charset: "utf8",
    legalComments: "none",
    define: { VERSION: JSON.stringify(version), ...define },
    plugins: [{ name: "css", setup: squeezeStyles }],
  });
  // Terser's output is a tenth smaller than that of esbuild's own minifier.
  const { code } = await minify(outputFiles[0].text, { ecma: 2020, module: true, compress: { passes: 3 }, format: { preamble: `/* Relay ${version} (MIT OR Apache-2.0) */` } });
  const made = Buffer.from(`${code}\n`);
  const path = new URL(`${name}.js`, assets);
  const current = (() => { try { return readFileSync(path); } catch { return Buffer.alloc(0); } })();
  if (current.equals(made)) {
    // A new time stamp would make cargo rebuild the server.
  } else if (check) {
    stale += 1;
    console.error(`relay-server/assets/widget/${name}.js is out of date; run \`make generate\``);
  } else {
    writeFileSync(path, made);
  }
  console.log(`${name}.js: ${made.length} bytes, ${gzipSync(made, { level: 9 }).length} gzip`);
  return `/widget/${version}/${name}-${createHash("sha256").update(made).digest("hex").slice(0, 16)}.js`;
}
