// Writes dist/: one file for ESM and one for CommonJS, `openai` left outside, and the types for each.
import { execFileSync } from "node:child_process";
import { readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { buildSync } from "esbuild";

process.chdir(fileURLToPath(new URL(".", import.meta.url)));
for (const folder of ["dist", "build"]) rmSync(folder, { recursive: true, force: true });

for (const [format, ending] of [["esm", "js"], ["cjs", "cjs"]]) {
  buildSync({ entryPoints: ["src/index.ts"], outfile: `dist/index.${ending}`, bundle: true, external: ["openai"], format, target: "es2022", platform: "neutral" });
}
execFileSync(process.execPath, ["node_modules/typescript/bin/tsc"], { stdio: "inherit" });
for (const name of readdirSync("build")) {
  const text = readFileSync(`build/${name}`, "utf8");
  for (const [ending, types] of [["js", ".d.ts"], ["cjs", ".d.cts"]]) {
    writeFileSync(`dist/${name.replace(".d.ts", types)}`, text.replace(/(["']\.\/\w+)\.ts(["'])/g, `$1.${ending}$2`));
  }
}
rmSync("build", { recursive: true });
