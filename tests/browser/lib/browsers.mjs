// Where this machine's browsers are.
import { existsSync } from "node:fs";

const found = (...paths) => paths.find((path) => path && existsSync(path));

export const CHROMIUM = found(process.env.RELAY_CHROMIUM, "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome");
export const FIREFOX = found(process.env.RELAY_FIREFOX, "/usr/bin/firefox-esr", "/usr/bin/firefox");
