// What can be measured of a page, in the page. Each function returns what is wrong, in words; nothing: fine.
import { readFileSync } from "node:fs";

const AXE = readFileSync(new URL(import.meta.resolve("axe-core/axe.min.js")), "utf8");
const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];

/** axe over the shell and, in its own process, over the frame. */
export async function accessibility(widget, include = "#relay-widget") {
  const { page } = widget.host;
  const found = await run(page.mainFrame(), include);
  if (await widget.iframe.isVisible().catch(() => false)) {
    const inner = await (await widget.iframe.elementHandle()).contentFrame();
    // axe takes the page under a transparent frame for white: lend it the shell's colour.
    const background = await widget.root.evaluate((root) => getComputedStyle(root).backgroundColor);
    await inner.evaluate((colour) => (document.documentElement.style.backgroundColor = colour), background);
    found.push(...(await run(inner, "html")));
    await inner.evaluate(() => document.documentElement.style.removeProperty("background-color"));
  }
  return found;
}

async function run(frame, include) {
  if (!(await frame.evaluate(() => "axe" in globalThis))) await frame.evaluate(AXE);
  return frame.evaluate(async ([place, tags]) => {
    const { violations } = await globalThis.axe.run(place, { runOnly: { type: "tag", values: tags }, iframes: false, resultTypes: ["violations"] });
    return violations.flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) => `${id} at ${target.flat().join(" ")}: ${failureSummary}`));
  }, [include, TAGS]);
}

/** In the shell's root or the frame's: what is cut off, runs out of the picture, or is too small to hit. */
function measure(root) {
  const view = root.ownerDocument.defaultView;
  const wrong = [];
  const name = (element) => `${element.localName}${element.className && element.getAttribute("class") ? `.${element.getAttribute("class").split(" ").join(".")}` : ""}`;
  const seen = (element) => {
    const style = view.getComputedStyle(element);
    return style.visibility !== "hidden" && style.display !== "none" && !element.closest(".hidden, [hidden]");
  };
  const page = root.ownerDocument.documentElement;
  if (page.scrollWidth > page.clientWidth) wrong.push(`the page scrolls sideways: ${page.scrollWidth} > ${page.clientWidth}`);
  for (const element of root.querySelectorAll("*")) {
    if (!seen(element) || element.closest("svg")) continue;
    const box = element.getBoundingClientRect();
    if (box.width === 0 || box.height === 0) continue;
    if (element.localName !== "iframe" && (box.left < -0.5 || box.right > page.clientWidth + 0.5)) wrong.push(`${name(element)} sticks out: ${box.left} to ${box.right}`);
    const { overflowX, overflowY } = view.getComputedStyle(element);
    const clips = element.localName !== "input" && (overflowX !== "visible" || overflowY !== "visible");
    if (clips && element.localName !== "iframe" && element.scrollWidth > element.clientWidth + 1) wrong.push(`${name(element)} cuts its text`);
    if (element.matches("button, input, label.card, [role=radio]") && (box.width < 24 || box.height < 24)) wrong.push(`${name(element)} is ${box.width} × ${box.height}`);
    for (const child of element.childNodes) {
      if (child.nodeType !== 3 || !child.data.trim()) continue;
      const range = root.ownerDocument.createRange();
      range.selectNodeContents(child);
      for (const line of range.getClientRects()) {
        if (line.left < box.left - 1.5 || line.right > box.right + 1.5) wrong.push(`text runs out of ${name(element)}: "${child.data.slice(0, 30)}"`);
      }
    }
  }
  return wrong;
}

/** Whether everything fits, in the shell and in the frame. */
export async function fits(widget) {
  const wrong = await widget.root.evaluate(measure);
  if (!(await widget.iframe.isVisible().catch(() => false))) return wrong;
  wrong.push(...(await widget.inner.locator("body").evaluate(measure)));
  const cut = await widget.inner.locator("body").evaluate((body) => {
    const page = body.ownerDocument.documentElement;
    return Math.max(page.scrollHeight, body.scrollHeight) > page.clientHeight + 1 ? `the frame cuts ${page.scrollHeight - page.clientHeight} px` : "";
  });
  return cut ? [...wrong, cut] : wrong;
}

/** Animations that run, in the shell and in the frame. */
export async function animations(widget) {
  const running = (root) => root.getAnimations({ subtree: true }).filter((animation) => animation.playState === "running").length;
  const inner = (await widget.iframe.isVisible().catch(() => false)) ? await widget.inner.locator("body").evaluate(running) : 0;
  return inner + (await widget.root.evaluate(running));
}
