// Where this machine's browsers are. One that is missing, or older than the tests allow, ends a run here.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const NEED = fileURLToPath(new URL("../../../scripts/need.sh", import.meta.url));

/** The path of a requirement in scripts/packages.txt. */
export function pathOf(name) {
  const { status, stdout, stderr } = spawnSync(NEED, ["--path", name], { encoding: "utf8" });
  if (status !== 0) throw new Error(stderr.trim());
  return stdout.trim();
}
