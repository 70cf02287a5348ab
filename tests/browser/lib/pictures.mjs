// Pictures of every state, and one sheet that shows them all at a glance.
import { mkdirSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { PNG } from "pngjs";

import { aPage } from "./chromium.mjs";

export const FOLDER = process.env.RELAY_PICTURES || fileURLToPath(new URL("../pictures", import.meta.url));
const SHOT = { animations: "disabled", caret: "hide", scale: "css" };

/** Makes room for the pictures of this run. */
export function clearPictures() {
  rmSync(FOLDER, { recursive: true, force: true });
  mkdirSync(FOLDER, { recursive: true });
}

/** Keeps a picture of the page, as far as the widget goes. */
export async function picture(widget, { name, theme, locale }) {
  const { page } = widget.host;
  const { width } = page.viewportSize();
  const box = await widget.root.boundingBox();
  const clip = { x: 0, y: 0, width, height: Math.ceil(box.y + box.height + 16) };
  await page.screenshot({ ...SHOT, clip, path: join(FOLDER, `${name}.${theme}.${locale}.png`) });
}

/** One picture of all pictures: the four looks of a state side by side, two states in a row. */
export async function contactSheet() {
  const files = readdirSync(FOLDER).filter((file) => file.split(".").length === 4).sort();
  const states = [...new Set(files.map((file) => file.split(".")[0]))];
  const cell = (file) => `<figure><img src="data:image/png;base64,${readFileSync(join(FOLDER, file)).toString("base64")}"><figcaption>${file.slice(0, -4)}</figcaption></figure>`;
  const body = states.map((state) => `<section>${files.filter((file) => file.startsWith(`${state}.`)).map(cell).join("")}</section>`).join("");
  const style = `body{margin:8px;font:11px sans-serif;background:#777;display:grid;grid-template-columns:1fr 1fr;gap:8px 24px}
    section{display:flex;gap:6px;align-items:start}figure{margin:0}img{width:200px;display:block}figcaption{padding:2px;color:#fff}`;
  await aPage(async (page) => {
    await page.setViewportSize({ width: 1680, height: 600 });
    await page.setContent(`<style>${style}</style>${body}`);
    await page.screenshot({ path: join(FOLDER, "all.png"), fullPage: true });
  });
}

/** A picture of the widget alone. */
export async function shoot(widget) {
  // `caret: "hide"` does not reach into a frame of another site, where it goes on blinking.
  if (await widget.iframe.count()) await widget.inner.locator("html").evaluate(hideCaret);
  return widget.root.screenshot(SHOT);
}

function hideCaret() {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync("* { caret-color: transparent !important }");
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
}

/** From one run to the next a curve is drawn a shade otherwise: by so much of 255 at most. */
const SHADE = 24;

/** How many pixels of two pictures differ by more than a shade; all, if they have not the same size. */
export function difference(one, other) {
  const [a, b] = [PNG.sync.read(one), PNG.sync.read(other)];
  if (a.width !== b.width || a.height !== b.height) return a.width * a.height;
  let pixels = 0;
  for (let at = 0; at < a.data.length; at += 4) {
    if ([0, 1, 2, 3].some((channel) => Math.abs(a.data[at + channel] - b.data[at + channel]) > SHADE)) pixels += 1;
  }
  return pixels;
}
