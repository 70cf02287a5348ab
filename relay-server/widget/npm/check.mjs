// Whether the package is what it says: its types and those of the README's code, publint, and "are the types wrong?".
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

process.chdir(fileURLToPath(new URL(".", import.meta.url)));

function run(program, ...args) {
  const ended = spawnSync(process.execPath, [`node_modules/${program}`, ...args], { stdio: "inherit" });
  if (ended.status !== 0) process.exit(1);
}

rmSync("build", { recursive: true, force: true });
mkdirSync("build");
copyFileSync("test/usage.tsx", "build/usage.tsx");
const blocks = [...readFileSync("README.md", "utf8").matchAll(/^```(tsx?)\n(.*?)^```/gms)];
blocks.forEach(([, ending, code], at) => writeFileSync(`build/readme${at}.${ending}`, code));
const options = ["--strict", "--noEmit", "--jsx", "react-jsx", "--target", "es2022", "--lib", "es2022,dom,dom.iterable", "--ignoreConfig"];
const files = ["build/usage.tsx", ...blocks.map(([, ending], at) => `build/readme${at}.${ending}`)];
for (const [module, resolution] of [["esnext", "bundler"], ["nodenext", "nodenext"]]) {
  run("typescript/bin/tsc", ...options, "--module", module, "--moduleResolution", resolution, ...files);
}
rmSync("build", { recursive: true });
console.log(`the types fit test/usage.tsx and ${blocks.length} pieces of code of the README`);

run("publint/src/cli.js", "--strict");
run("@arethetypeswrong/cli/dist/index.js", "--pack", ".", "--no-emoji", "--format", "ascii");
