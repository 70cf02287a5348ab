// Other devices, other settings, other programs beside the page.
import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { devices } from "playwright-core";

import { accessibility, fits } from "../lib/checks.mjs";
import { open, until, useChromium } from "../lib/chromium.mjs";
import { connections, grant, keyFor, newUser, token } from "../lib/relay.mjs";
import { STATES } from "../lib/states.mjs";

useChromium();

/** Nothing is cut off, once the frame has grown. */
async function fitsSoon(widget) {
  let wrong;
  await until(async () => (wrong = await fits(widget)).length === 0, () => "", 3_000).catch(() => {});
  return wrong;
}

describe("phones and tablets", () => {
  for (const name of ["iPhone SE", "iPhone 15 Pro Max", "iPhone SE landscape", "iPad Mini"]) {
    const { defaultBrowserType: _, ...device } = devices[name] ?? devices["iPhone SE (3rd gen)"];

    test(`the widget, by touch (${name})`, async (t) => {
      const user = newUser();
      const host = await open(t, { context: device });
      const widget = await host.mount({ registrationToken: await token(user) });
      await widget.screen("choose");
      await widget.radio("openai").tap();
      await widget.field.waitFor();
      assert.ok(parseFloat(await widget.field.evaluate((field) => getComputedStyle(field).fontSize)) >= 16, "iOS zooms in below 16 px");
      // Browsers lay out a frame of another site once it is on the screen.
      await widget.iframe.scrollIntoViewIfNeeded();
      assert.deepEqual(await fitsSoon(widget), []);
      await widget.field.tap();
      await widget.field.fill(keyFor("openai"));
      await widget.submit.scrollIntoViewIfNeeded();
      await widget.ready();
      // As long as a person takes. A tap in the same moment as the paste does not submit yet.
      await host.page.waitForTimeout(1_500);
      await widget.submit.tap();
      await widget.screen("success");
      assert.deepEqual(await fitsSoon(widget), []);
      assert.ok((await connections(user)).openai);
    });
  }

  test("the hosted page, by touch", async (t) => {
    const { defaultBrowserType: _, ...device } = devices["iPhone SE"];
    const user = newUser();
    const host = await open(t, { context: device, goto: false });
    await host.page.goto((await grant(user, { provider: "openai" })).connectUrl);
    await host.page.locator("#ask .primary").tap();
    const widget = host.widget("#root");
    await widget.field.tap();
    await widget.field.fill(keyFor("openai"));
    await widget.submit.scrollIntoViewIfNeeded();
    await widget.ready();
    await widget.submit.tap();
    await widget.screen("success");
    assert.ok((await connections(user)).openai);
  });
});

/**
 * As password managers do it, in every frame: looks for fields of a sign-in, and fills those that do not ask to be left alone. `saves`: what
 * would be offered to be saved.
 */
function passwordManager() {
  window.relayManager = { filled: [], saves: [] };
  const leavesAlone = (field) => field.matches("[autocomplete=off]") && field.matches("[data-1p-ignore]") && field.matches("[data-lpignore=true]") &&
    (field.name !== "key" || (field.matches("[data-bwignore]") && field.matches("[data-form-type=other]")));
  const look = () => {
    for (const field of document.querySelectorAll("input:not([type=radio])")) {
      if (field.type === "password") window.relayManager.saves.push(field.name);
      if (field.value || leavesAlone(field)) continue;
      field.value = "ana@example.com";
      field.dispatchEvent(new Event("input", { bubbles: true }));
      window.relayManager.filled.push(field.name);
    }
  };
  addEventListener("DOMContentLoaded", () => new MutationObserver(look).observe(document, { subtree: true, childList: true, attributes: true }));
  addEventListener("submit", look, true);
}

test("a password manager fills nothing in, and has nothing to save", async (t) => {
  const user = newUser();
  const host = await open(t, { init: passwordManager });
  const widget = await host.mount({ registrationToken: await token(user) });
  await widget.pick("anthropic");
  await widget.send(keyFor("anthropic", "workspace"));
  await widget.state("workspace");
  await widget.inner.locator("button[aria-pressed]").click();
  await widget.inner.locator("button[aria-pressed]").click();
  assert.deepEqual(await widget.inner.locator("html").evaluate(() => window.relayManager), { filled: [], saves: [] });
  assert.equal(await widget.workspace.inputValue(), "");
});

test("with WCAG's text spacing nothing is cut off", async (t) => {
  const spacing = "*{line-height:1.5!important;letter-spacing:.12em!important;word-spacing:.16em!important}p{margin-block-end:2em!important}";
  const apply = (element, css) => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(css);
    const root = element.getRootNode();
    root.adoptedStyleSheets = [...root.adoptedStyleSheets, sheet];
  };
  for (const name of ["choose", "refused", "choose_connected", "success_no_credit"]) {
    const host = await open(t, { page: { body: '<div id="relay-widget"></div>' }, context: { viewport: { width: 320, height: 900 } } });
    const widget = await STATES[name](host, newUser(), { locale: "en" });
    await widget.root.evaluate(apply, spacing);
    if (await widget.iframe.isVisible()) await widget.inner.locator("html").evaluate(apply, spacing);
    assert.deepEqual(await fitsSoon(widget), [], name);
  }
});

/** As a browser that blocks all site data: every access throws. */
function blockStorage() {
  const refuse = () => {
    throw new DOMException("The operation is insecure.", "SecurityError");
  };
  for (const name of ["localStorage", "sessionStorage", "indexedDB", "caches"]) Object.defineProperty(window, name, { get: refuse });
  Object.defineProperty(Document.prototype, "cookie", { get: refuse, set: refuse });
}

test("with all site data blocked, the widget and the hosted page work", async (t) => {
  const [user, other] = [newUser(), newUser()];
  const host = await open(t, { init: blockStorage });
  host.check = async () => {}; // It looks into what is blocked.
  const widget = await host.mount({ registrationToken: await token(user, { provider: "openai" }) });
  await widget.ready();
  await widget.send(keyFor("openai"));
  await widget.screen("success");
  assert.ok((await connections(user)).openai);
  await host.page.goto((await grant(other, { provider: "openai" })).connectUrl);
  await host.page.locator("#ask .primary").click();
  const hosted = host.widget("#root");
  await hosted.send(keyFor("openai"));
  await hosted.screen("success");
  assert.ok((await connections(other)).openai);
  assert.deepEqual(host.errors, []);
});

test("in a right-to-left page, a dialog is left-to-right, accessible and whole", async (t) => {
  const host = await open(t, { page: { html: 'lang="ar" dir="rtl"' } });
  const widget = await host.mount({ layout: "modal", provider: "openai" });
  await widget.field.waitFor();
  assert.equal(await widget.root.evaluate((root) => getComputedStyle(root).direction), "ltr");
  assert.deepEqual([await accessibility(widget), await fitsSoon(widget)], [[], []]);
});

test("a language that can't be loaded leaves the form in the one that is there", async (t) => {
  const user = newUser();
  const host = await open(t);
  const widget = await host.mount({ registrationToken: await token(user, { provider: "openai" }), locale: "en" });
  await widget.ready();
  const block = /\/widget\/[^/]+\/text-ko-/;
  await host.context.route(block, (route) => route.abort("connectionrefused"));
  await host.handle("update", { locale: "ko" });
  await widget.root.and(host.page.locator('[lang="ko"]')).waitFor();
  await widget.inner.locator('html[lang="en"]').waitFor();
  await host.context.unroute(block);
  await host.handle("update", { locale: "en" });
  await host.handle("update", { locale: "ko" });
  await widget.inner.locator('html[lang="ko"]').waitFor();
  await widget.send(keyFor("openai"));
  await widget.screen("success");
});
