// Bundles the widget, its frame and the hosted page into ../assets/widget/. With --check: fails if the committed files differ.
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync, mkdirSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { minify } from "terser";

const here = new URL(".", import.meta.url);
const assets = new URL("../assets/widget/", here);
const [, version] = /\[workspace\.package\][^[]*?\nversion = "([^"]+)"/.exec(readFileSync(new URL("../../Cargo.toml", here), "utf8"));
const check = process.argv.includes("--check");
let stale = 0;

mkdirSync(assets, { recursive: true });
// The form's module comes first, because the widget contains its hash.
let formPath = "";
for (const [name, format] of [["form", "esm"], ["widget", "iife"], ["frame", "iife"], ["connect", "iife"]]) {
  const { outputFiles } = await build({
    entryPoints: [new URL(`src/${name}.ts`, here).pathname],
    bundle: true,
    write: false,
    format,
    target: ["es2022", "chrome111", "firefox113", "safari16.4"],
    charset: "utf8",
    legalComments: "none",
    define: { VERSION: JSON.stringify(version), FORM_PATH: JSON.stringify(formPath) },
    plugins: [{ name: "css", setup: squeezeStyles }],
  });
  // Terser's output is a tenth smaller than that of esbuild's own minifier.
  const { code } = await minify(outputFiles[0].text, { ecma: 2020, module: true, compress: { passes: 3 }, format: { preamble: `/* Relay ${version} (MIT OR Apache-2.0) */` } });
  const made = Buffer.from(`${code}\n`);
  if (name === "form") formPath = `/widget/${version}/form-${createHash("sha256").update(made).digest("hex").slice(0, 16)}.js`;
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
}
process.exitCode = stale ? 1 : 0;

/** Removes the line breaks of the style sheets in styles.ts. */
function squeezeStyles({ onLoad }) {
  onLoad({ filter: /look\/styles\.ts$/ }, ({ path }) => ({
    contents: readFileSync(path, "utf8").replace(/`\n([^`]*)`/g, (_, css) => `\`${css.replaceAll("\n", "")}\``),
    loader: "ts",
  }));
}
