// Writes dist/: each module as ESM and as CommonJS, with its types. Nothing is bundled, so that both entries share one loader.
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { transformSync } from "esbuild";

const here = fileURLToPath(new URL(".", import.meta.url));
const read = (path) => readFileSync(`${here}${path}`, "utf8");
const write = (path, text) => writeFileSync(`${here}dist/${path}`, text);

rmSync(`${here}dist`, { recursive: true, force: true });
rmSync(`${here}build`, { recursive: true, force: true });
mkdirSync(`${here}dist`);
execFileSync(process.execPath, [`${here}node_modules/typescript/bin/tsc`, "-p", here], { stdio: "inherit" });

/** The same import, with the ending that it has in dist/. */
const imports = (text, ending) => text.replace(/(["'])(?:\.\.\/\.\.\/src|\.)\/(\w+)\.ts\1/g, `"./$2.${ending}"`);

for (const [name, directive] of [["index", ""], ["react", '"use client";\n']]) {
  const source = read(`src/${name}.ts`);
  for (const [format, ending] of [["esm", "js"], ["cjs", "cjs"]]) {
    // Before the transformation: it leaves specifiers alone, and drops imports of types.
    const { code } = transformSync(imports(source, ending), { loader: "ts", format, target: "es2022", platform: "node" });
    write(`${name}.${ending}`, directive + code);
  }
  types(name, `build/npm/src/${name}.d.ts`);
}
types("options", "build/src/options.d.ts");
rmSync(`${here}build`, { recursive: true });

function types(name, path) {
  const text = read(path);
  write(`${name}.d.ts`, imports(text, "js"));
  write(`${name}.d.cts`, imports(text, "cjs"));
}
