// The look is the same on every page, at every width, and with every system setting.
import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { accessibility, animations, fits } from "../lib/checks.mjs";
import { difference, shoot } from "../lib/pictures.mjs";
import { open, until, useChromium } from "../lib/chromium.mjs";
import { keyFor, newUser, token } from "../lib/relay.mjs";
import { STATES } from "../lib/states.mjs";

useChromium();

const EVERYTHING = "input, button, iframe, label, form, h1, h2, h3, p, a, ul, li, span, svg, path, header, footer, [data-part]";
/** Where the widget is on a plain page: only the same place makes the same picture. */
const AT_THE_SAME_PLACE = "<style>#relay-widget { position: absolute; left: 8px; top: 8px; width: 440px }</style>";
/** Pages that did not know of the widget, or do not want it. `page`: see host.mjs. */
const PAGES = {
  "`* { all: revert !important; display: none }`": { head: "<style>* { all: revert !important; display: none } head, style, title, script { display: none !important }</style>" },
  "`all: unset` on everything within": { head: `<style>${EVERYTHING} { all: unset !important }</style>` },
  "huge, coloured, italic capitals": {
    head: `<style>:root { font-size: 40px; line-height: 3; letter-spacing: 5px; word-spacing: 20px; text-transform: uppercase; color: red;
      font-family: cursive; text-align: right; font-style: italic; font-weight: 900; text-indent: 40px; white-space: pre; cursor: wait;
      text-shadow: 2px 2px red; font-variant: small-caps; word-break: break-all; hyphens: auto; quotes: none; tab-size: 20; list-style: square inside }</style>`,
  },
  "frames, fields and boxes of its own kind": {
    head: `<style>${EVERYTHING} { display: none !important; opacity: .1 !important; transform: rotate(9deg) !important; filter: invert(1) !important;
      position: fixed !important; width: 3px !important; max-height: 1px !important; border: 9px solid red !important; background: yellow !important; margin: 30px !important; padding: 30px !important }</style>`,
  },
  "a right-to-left page": { html: 'lang="ar" dir="rtl"', head: AT_THE_SAME_PLACE },
  "vertical writing": { head: `${AT_THE_SAME_PLACE}<style>body { writing-mode: vertical-rl }</style>` },
  "quirks mode": { doctype: "" },
  "a dark colour scheme of the page": { head: "<style>:root { color-scheme: dark } html { background: #fff }</style>" },
  "custom properties of the same names": {
    head: `<style>* { ${["accent", "text", "background", "border", "radius", "size", "font", "muted", "danger", "tint", "raised", "outline", "on-accent", "accent-ink", "success", "warning"].map((name) => `--${name}: 50px red`).join(" !important; ")} !important }</style>`,
  },
  "another stylesheet for `:host`, `::part` and `::slotted`": { head: "<style>:host, ::part(root), ::slotted(*) { display: none !important } #relay-widget > * { display: inline; color: red; margin: 40px; font-size: 40px }</style>" },
};

const PLAIN = { head: "", body: '<div id="relay-widget"></div>', html: 'lang="en"' };
const USER = "ana@app.example";

/** Pictures of the widget in a page: to choose, with a key half typed, refused, and a problem. */
async function series(t, page, theme) {
  const host = await open(t, { page: { ...PLAIN, ...page }, context: { viewport: { width: 640, height: 900 } } });
  const widget = await host.mount({ registrationToken: await token(USER), theme, locale: "en" });
  await widget.screen("choose");
  const pictures = { choose: await shoot(widget) };
  await widget.pick("openai");
  await widget.field.fill("sk-half-typed");
  await still(widget);
  await widget.ready();
  pictures.key = await shoot(widget);
  host.answer("POST", (route) => route.fulfill({ status: 422, json: { error: { code: "key_refused_by_provider", message: "", triesLeft: 3 } } }));
  await widget.submit.click();
  await widget.errorIs("key_refused_by_provider");
  await still(widget);
  await widget.ready();
  pictures.refused = await shoot(widget);
  await host.mount({ registrationToken: "none", theme, locale: "en" });
  await widget.problemIs("invalid_registration_token");
  pictures.problem = await shoot(widget);
  return pictures;
}

/** Waits until the frame is as high as it will be. */
async function still(widget) {
  await until(async () => (await fits(widget)).every((line) => !line.startsWith("the frame cuts")), () => "the frame does not grow");
  await widget.host.page.mouse.move(0, 0);
}

for (const theme of ["light", "dark"]) {
  describe(`pictures are the same (${theme})`, { concurrency: 2 }, () => {
    let expected;
    test("on a plain page, twice", async (t) => {
      expected = series(t, {}, theme);
      compare(await expected, await series(t, {}, theme));
    });
    for (const [what, page] of Object.entries(PAGES)) {
      test(`on a page with ${what}`, async (t) => compare(await expected, await series(t, page, theme)));
    }
  });
}

function compare(expected, pictures) {
  const different = Object.entries(pictures).map(([name, shot]) => [name, difference(expected[name], shot)]).filter(([, pixels]) => pixels > 0);
  assert.deepEqual(different, []);
}

test("the comparison detects another accent", async (t) => {
  const host = await open(t, { page: PLAIN });
  const widget = await host.mount({ provider: "openai" });
  await widget.field.waitFor();
  await still(widget);
  await widget.ready();
  const before = await shoot(widget);
  await host.handle("update", { accentColor: "#935bff" });
  await until(() => widget.submit.evaluate((button) => getComputedStyle(button).backgroundColor === "rgb(147, 91, 255)"));
  assert.ok(difference(before, await shoot(widget)) > 1000);
});

const NARROW = ["choose", "choose_connected", "trimmed", "other_provider", "refused", "workspace", "confirm_disconnect", "success_no_credit", "expired", "modal"];

/** Zoom makes a page's pixels larger, so fewer of them fit: 400 at 200 % are 200. */
const SIZES = [
  ["280 px", 280, "15px"],
  ["280 px and large text", 280, "24px"],
  ["1200 px", 1200, "15px"],
  ["400 px at 200 % zoom", 200, "15px"],
];

describe("at no width anything is cut off or scrolls sideways", { concurrency: 2 }, () => {
  for (const name of NARROW) {
    test(name, async (t) => {
      const host = await open(t, { page: { body: '<div id="relay-widget"></div>', head: "<style>body { margin: 0 }</style>" } });
      const widget = await STATES[name](host, newUser(), { locale: "en" });
      const wrong = [];
      for (const [what, width, fontSize] of SIZES) {
        await host.page.setViewportSize({ width, height: 700 });
        for (const locale of ["en", "ko"]) {
          await host.handle("update", { locale, appearance: { variables: { fontSize } } });
          await widget.root.and(host.page.locator(`[lang="${locale}"]`)).waitFor();
          let found;
          await until(async () => (found = await fits(widget)).length === 0, () => "", 3000).catch(() => {});
          wrong.push(...found.map((line) => `${what}, ${locale}: ${line}`));
        }
      }
      assert.deepEqual(wrong, []);
    });
  }
});

test("the checks detect pale text, text that is too wide, and a button that is too small", async (t) => {
  const host = await open(t);
  const widget = await host.mount({ provider: "openai" });
  await widget.field.waitFor();
  await still(widget);
  assert.deepEqual([await accessibility(widget), await fits(widget)], [[], []]);
  await widget.inner.locator("label:visible").evaluate((label) => {
    label.style.color = "#ccc";
    label.style.minInlineSize = "900px";
  });
  await widget.inner.locator("button[aria-pressed]").evaluate((button) => (button.style.inlineSize = "10px"));
  assert.match((await accessibility(widget)).join(), /color-contrast/);
  const wrong = (await fits(widget)).join("; ");
  for (const notice of [/sticks out/, /is 10 ×/]) assert.match(wrong, notice);
});

test("with less motion nothing moves, and otherwise something does", async (t) => {
  for (const [reducedMotion, moves] of [["reduce", false], ["no-preference", true]]) {
    const host = await open(t, { context: { reducedMotion } });
    const widget = await STATES.loading(host, newUser(), {});
    assert.equal((await animations(widget)) > 0, moves, `loading, ${reducedMotion}`);
    const other = await open(t, { context: { reducedMotion } });
    const checking = await STATES.checking(other, newUser(), {});
    assert.equal((await animations(checking)) > 0, moves, `checking, ${reducedMotion}`);
  }
});

test("in forced colours everything can be distinguished", async (t) => {
  const host = await open(t, { context: { forcedColors: "active" } });
  const widget = await host.mount({ registrationToken: await token(newUser()) });
  await widget.screen("choose");
  const card = (provider) => widget.root.locator("label", { has: host.page.locator(`input[value="${provider}"]`) });
  const before = await card("openai").screenshot();
  await widget.pick("openai");
  await host.page.mouse.move(0, 0);
  assert.ok(difference(before, await card("openai").screenshot()) > 50, "the chosen card looks different");
  const borders = await widget.inner.locator("input:visible, button:visible").evaluateAll((elements) =>
    elements.filter((element) => element.closest(".input") === null || element.localName === "input").map((element) => parseFloat(getComputedStyle(element).borderTopWidth)));
  assert.ok(borders.length > 1 && borders.every((width) => width >= 1), `each field and button has a border: ${borders}`);
  await widget.send(keyFor("openai", "refused"));
  await widget.errorIs("key_refused_by_provider");
  assert.deepEqual(await accessibility(widget), []);
});

test("the focus is visible", async (t) => {
  const host = await open(t);
  const widget = await host.mount();
  await widget.pick("openai");
  await host.page.keyboard.press("Shift+Tab");
  for (const reach of [() => widget.radio("openai"), () => widget.field, () => widget.inner.locator("button[aria-pressed]"), () => widget.submit]) {
    const element = reach();
    await element.evaluate((target) => target.blur());
    const box = element.locator("xpath=../..");
    const before = await box.screenshot();
    await element.focus();
    await host.page.keyboard.press("Shift");
    assert.ok(difference(before, await box.screenshot()) > 50, await element.evaluate((target) => target.outerHTML.slice(0, 60)));
  }
});

test("the text on the accent is readable with every accent", async (t) => {
  const host = await open(t);
  const widget = await host.mount({ provider: "openai" });
  await widget.field.waitFor();
  for (const accentColor of ["#ffffff", "#000000", "#ffff00", "#777777", "#0000ff", "#ff8800", "rebeccapurple", "hsl(150 100% 40%)"]) {
    for (const theme of ["light", "dark"]) {
      await host.handle("update", { accentColor, theme });
      await until(() => widget.submit.evaluate((button) => button.getAnimations().length === 0));
      await widget.inner.locator(`[data-part="root"][data-theme="${theme}"]`).waitFor();
      assert.deepEqual(await accessibility(widget), [], `${accentColor}, ${theme}`);
    }
  }
});
