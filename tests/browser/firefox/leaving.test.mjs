// A page that is left and come back to, in the middle of each state, in Firefox, which keeps pages in memory.
import assert from "node:assert/strict";
import { test } from "node:test";

import { newPage, open, until, useFirefox } from "../lib/firefox.mjs";
import { connections, grant, keyFor, newUser, token } from "../lib/relay.mjs";

useFirefox();

/** Goes to a page. Not by puppeteer's `goto`, which may wait for a load that a page with frames has had. */
async function visit({ page }, url) {
  await page.evaluate((to) => void setTimeout(() => location.assign(to)), url);
  const path = url.split(/[?#]/)[0];
  await until(() => page.evaluate((to) => location.href.startsWith(to) && document.readyState === "complete", path).catch(() => false), () => page.url());
}

/** Leaves for another page, and comes back. Whether the page was kept. */
async function comeBack(host) {
  const { page } = host;
  const url = page.url();
  await page.evaluate(() => void (window.left = true));
  await visit(host, newPage({ script: "", body: "<p>elsewhere</p>" }));
  await page.evaluate(() => void setTimeout(() => history.back()));
  await until(() => page.evaluate((to) => location.href === to && document.readyState === "complete", url).catch(() => false), () => page.url());
  return page.evaluate(() => window.left === true);
}

const proceed = async ({ page }) => (await page.waitForSelector("#ask .primary")).evaluate((button) => button.click());

/** What the hosted page shows. */
const shown = ({ page }) => page.evaluate(() => {
  if (document.querySelector("#ask")) return "ask";
  if (document.querySelector('[data-part="end"][data-how="done"]')) return "done";
  const frame = relayRoots.map((root) => root.querySelector("iframe")).find(Boolean)?.contentDocument;
  if (frame?.querySelector('[data-part="success"]')) return "done";
  return frame?.querySelector('[data-part="form"]:not([hidden]) button[type=submit]:not([aria-disabled])') ? "form" : "";
}).catch(() => "");

/** Sends a key. The frame of the hosted page is Relay's own, so the page can do it. */
const send = ({ page }, key) => page.evaluate((text) => {
  const form = relayRoots.map((root) => root.querySelector("iframe")).find(Boolean).contentDocument.querySelector("form");
  form.elements.key.value = text;
  form.requestSubmit();
}, key);

const STATES = {
  "at the question": async (host) => until(async () => (await shown(host)) === "ask", () => "no question"),
  "with the form open": async (host) => {
    await proceed(host);
    await until(async () => (await shown(host)) === "form", () => "no form");
  },
  "while a key is checked": async (host) => {
    await proceed(host);
    await until(async () => (await shown(host)) === "form", () => "no form");
    await send(host, keyFor("openai", "slow"));
  },
  "after success": async (host) => {
    await proceed(host);
    await until(async () => (await shown(host)) === "form", () => "no form");
    await send(host, keyFor("openai"));
    await until(async () => (await shown(host)) === "done", () => "no success");
  },
};

for (const [when, arrange] of Object.entries(STATES)) {
  test(`the hosted page, ${when}`, async (t) => {
    const user = newUser();
    const host = await open(t);
    await visit(host, (await grant(user, { provider: "openai" })).connectUrl);
    await arrange(host);
    const kept = await comeBack(host);
    t.diagnostic(`kept: ${kept}`);
    const next = await until(() => shown(host), () => "nothing is shown");
    if (next === "ask") await proceed(host);
    const then = await until(async () => ((await shown(host)) === "ask" ? "" : shown(host)), () => "nothing is shown");
    if (then === "form") await send(host, keyFor("openai"));
    await until(async () => (await shown(host)) === "done", () => "it does not come to its end");
    assert.ok((await connections(user)).openai);
    assert.ok(!host.page.url().includes("rrt-"));
    await visit(host, host.url);
  });
}

for (const behaviour of ["good", "slow"]) {
  test(`the widget, ${behaviour === "slow" ? "while a key is checked" : "with the form open"}`, async (t) => {
    const user = newUser();
    const host = await open(t);
    await host.mount({ registrationToken: await token(user, { provider: "openai" }) });
    await host.ready();
    if (behaviour === "slow") await host.send(keyFor("openai", "slow"));
    const kept = await comeBack(host);
    t.diagnostic(`kept: ${kept}`);
    if (!kept) await host.mount({ registrationToken: await token(user, { provider: "openai" }) });
    else await host.page.bringToFront();
    if (kept && behaviour === "slow") await host.called("onSuccess");
    if (behaviour === "good") {
      // The driver does not know the frames of a page that was kept, so the keyboard does it.
      if (kept) await host.handle("focus");
      else await host.click('input[name="key"]');
      await new Promise((soon) => setTimeout(soon, 1_000));
      await host.page.keyboard.type(keyFor("openai"));
      await host.page.keyboard.press("Enter");
      await host.called("onSuccess");
      assert.ok((await connections(user)).openai);
    }
  });
}
