// The picture of the widget for the README and docs/widget.md, in both themes. `make images` writes it to docs/images/; otherwise it
// goes where the other pictures go.
import assert from "node:assert/strict";
import { mkdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { open, siteOrigin, useChromium } from "../lib/chromium.mjs";
import { FOLDER } from "../lib/pictures.mjs";
import { RELAY, connect, keyFor, newUser, token } from "../lib/relay.mjs";

// In a process of its own the frame would be drawn with half of the pixels.
useChromium(undefined, { more: ["--disable-site-isolation-trials", "--disable-features=IsolateOrigins,site-per-process"] });

const OUT = process.env.RELAY_IMAGES || FOLDER;
const PAGE = {
  head: "<style>body { margin: 0; padding: 28px; display: flex; gap: 28px; align-items: start; width: 920px } body > div { flex: 1 }</style>",
  body: '<div id="form"></div><div id="after"><div id="success"></div><div id="keys" style="margin-block-start: 28px"></div></div>',
};
/** What the picture shows in place of the names of the test. */
const NAMES = [[siteOrigin, "notes.example"], [() => RELAY.replace("http://", ""), "vault.example"]];

/** In a document or a shadow root: other names. */
function rename(element, names) {
  const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) for (const [from, to] of names) walker.currentNode.data = walker.currentNode.data.replaceAll(from, to);
}

for (const theme of ["light", "dark"]) {
  test(`the picture is drawn (${theme})`, async (t) => {
    const host = await open(t, { page: PAGE, context: { viewport: { width: 976, height: 900 }, deviceScaleFactor: 2, colorScheme: theme } });
    await host.page.evaluate((colour) => (document.documentElement.style.background = colour), theme === "dark" ? "#0d1117" : "#ffffff");
    host.amend({ projectName: "Acme Notes", endUserLabel: "ana", endUserName: null }, "GET");
    const returning = newUser();
    await connect(returning, "openai");
    const look = { theme, locale: "en" };
    const keys = await host.mount({ target: "#keys", registrationToken: await token(returning), ...look });
    await keys.connections.waitFor();
    const success = await host.mount({ target: "#success", registrationToken: await token(newUser(), { provider: "anthropic" }), ...look });
    await success.ready();
    await success.send(keyFor("anthropic"));
    await success.screen("success");
    const form = await host.mount({ target: "#form", registrationToken: await token(newUser()), ...look });
    await form.pick("openai");
    await form.field.fill(keyFor("openai"));
    await form.ready();
    const names = NAMES.map(([from, to]) => [from(), to]);
    for (const widget of [form, success, keys]) {
      await widget.inner.locator("body").evaluate(rename, names);
      await widget.settled();
    }
    await host.page.mouse.move(0, 0);
    await host.page.evaluate(() => document.activeElement.blur());
    await host.page.waitForTimeout(300);
    mkdirSync(OUT, { recursive: true });
    const path = join(OUT, theme === "dark" ? "widget-dark.png" : "widget.png");
    await host.page.screenshot({ path, animations: "disabled", caret: "hide", fullPage: true });
    assert.ok(statSync(path).size > 30_000, "it shows something");
  });
}
