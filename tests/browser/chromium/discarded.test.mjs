// A tab that the browser discards or kills to save memory, and loads again when its user returns.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { newPage, open, until, useChromium } from "../lib/chromium.mjs";
import { Discarding } from "../lib/discarded.mjs";
import { RELAY, connections, grant, keyFor, newUser, token } from "../lib/relay.mjs";

useChromium();

describe("discarded at chrome://discards", () => {
  let browser;
  before(async () => (browser = await Discarding.start()));
  after(() => browser?.stop());

  /** Types a key into the form, as soon as the form has seen that it is seen, and sends it. */
  async function send(page, key) {
    const frame = await found(() => page.frames().find((one) => one.url().startsWith(`${RELAY}/frame`)));
    const field = await frame.waitForSelector("input[name=key]", { visible: true });
    await field.evaluate((input, text) => {
      input.value = text;
      input.dispatchEvent(new InputEvent("input"));
    }, key);
    await frame.waitForSelector("button[type=submit]:not([aria-disabled])");
    await field.evaluate((input) => input.form.requestSubmit());
  }

  for (const continued of [false, true]) {
    test(`the hosted page goes on ${continued ? "with the form" : "with the question"}`, async () => {
      const user = newUser();
      const { connectUrl } = await grant(user, { provider: "openai" });
      const address = connectUrl.split("#")[0];
      await browser.open(connectUrl, async (page) => {
        await page.waitForSelector("#ask .primary");
        if (!continued) return;
        await page.$eval("#ask .primary", (button) => button.click());
        await found(() => page.frames().find((one) => one.url().startsWith(`${RELAY}/frame`)));
      });
      await browser.discard(address);
      await browser.show(address, async (page) => {
        if (!continued) await (await page.waitForSelector("#ask .primary")).evaluate((button) => button.click());
        await send(page, keyFor("openai"));
        await until(async () => (await connections(user)).openai, () => "no key was connected");
        await until(() => page.evaluate(() => /connected/.test(document.title)), () => "the page does not say so");
        assert.doesNotMatch(await page.evaluate(() => location.href + JSON.stringify({ ...sessionStorage })), /rrt-/);
      });
    });
  }

  test("the widget is there again, and works", async () => {
    const user = newUser();
    const fresh = await token(user, { provider: "openai" });
    const url = newPage({ behind: `<script>Relay.mount("#relay-widget", { registrationToken: "${fresh}" })</script>` });
    await browser.open(url, (page) => found(() => page.frames().find((one) => one.url().startsWith(`${RELAY}/frame`))));
    await browser.discard(url);
    await browser.show(url, async (page) => {
      await send(page, keyFor("openai"));
      await until(async () => (await connections(user)).openai, () => "no key was connected");
    });
  });
});

/**
 * The process of the page ends, as that of a tab in the background of a phone does; its user returns to it. The driver can't go on with
 * such a page, so another tab is opened with what the browser has of this one: its address, and the tab's storage.
 */
async function kill(host) {
  const { page } = host;
  const [url, kept] = await page.evaluate(() => [location.href, JSON.stringify({ ...sessionStorage })]);
  const client = await host.context.newCDPSession(page);
  const gone = page.waitForEvent("crash");
  client.send("Page.crash").catch(() => {});
  await gone;
  await page.close();
  host.page = await host.context.newPage();
  await host.page.addInitScript((stored) => {
    if (sessionStorage.length === 0) for (const [name, value] of Object.entries(JSON.parse(stored))) sessionStorage.setItem(name, value);
  }, kept);
  await host.page.goto(url);
  return host.widget("#root");
}

describe("killed", () => {
  /** The hosted page with its form. */
  async function hosted(t) {
    const user = newUser();
    const host = await open(t, { goto: false });
    await host.page.goto((await grant(user, { provider: "openai" })).connectUrl);
    await host.page.locator("#ask .primary").click();
    const widget = host.widget("#root");
    await widget.field.waitFor();
    return { host, user, widget, done: () => host.page.locator('[data-part="end"][data-how="done"]') };
  }

  test("the hosted page, with a key half typed: the form is there, and empty", async (t) => {
    const { host, user, widget: before } = await hosted(t);
    await before.field.fill("sk-half");
    const widget = await kill(host);
    await widget.field.waitFor();
    assert.equal(await widget.field.inputValue(), "");
    await widget.send(keyFor("openai"));
    await widget.screen("success");
    assert.ok((await connections(user)).openai);
  });

  test("the hosted page, while a key is checked: it says what became of it", async (t) => {
    const { host, user, widget, done } = await hosted(t);
    // Relay gets the key, and nobody its answer.
    host.answer("POST", async (route) => {
      await route.fetch();
      await new Promise(() => {});
    });
    await widget.send(keyFor("openai"));
    await until(async () => (await connections(user)).openai, () => "Relay has no key");
    await kill(host);
    await done().waitFor();
  });

  test("the hosted page, after success: it still says so", async (t) => {
    const { host, user, widget, done } = await hosted(t);
    await widget.send(keyFor("openai"));
    await widget.screen("success");
    await kill(host);
    await done().waitFor();
    assert.ok((await connections(user)).openai);
  });
});

test("frozen and thawed while a key is half typed and while one is checked, nothing is lost", async (t) => {
  const user = newUser();
  const host = await open(t);
  const widget = await host.mount({ registrationToken: await token(user), provider: "openai" });
  const client = await host.context.newCDPSession(host.page);
  const freeze = async (milliseconds) => {
    await client.send("Page.setWebLifecycleState", { state: "frozen" });
    await new Promise((soon) => setTimeout(soon, milliseconds));
    await client.send("Page.setWebLifecycleState", { state: "active" });
  };
  const key = keyFor("openai", "slow");
  await widget.field.fill(key);
  await freeze(500);
  assert.equal(await widget.field.inputValue(), key);
  await widget.ready();
  await widget.submit.click();
  await isChecking(widget);
  await freeze(4_000);
  await host.called("onSuccess");
  await widget.screen("success");
  assert.ok((await connections(user)).openai);
});

const isChecking = (widget) => widget.inner.locator('[data-state$="checking"]').waitFor();

/** Waits for a value. */
async function found(look) {
  let value;
  await until(async () => (value = await look()), () => "it is not there");
  return value;
}
