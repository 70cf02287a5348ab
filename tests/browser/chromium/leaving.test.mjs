// A page that is left and come back to with the browser's Back, in the middle of each state: kept in memory by the browser, as in
// users' browsers, and loaded again.
import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { newPage, open, until, useChromium } from "../lib/chromium.mjs";
import { connections, grant, keyFor, newUser, token } from "../lib/relay.mjs";

/** Longer than a key that is slow takes (tests/tests/browser/main.rs), in milliseconds. */
const SLOW = 3_500;

/** Leaves for another page, and comes back after a while. Whether the page was kept. Playwright's `goBack` would wait for a load. */
async function comeBack(host, milliseconds = 0) {
  const { page } = host;
  const url = page.url();
  await page.evaluate(() => (window.left = true));
  await page.goto(newPage({ script: "", body: "<p>elsewhere</p>" }));
  await page.waitForTimeout(milliseconds);
  await page.evaluate(() => void setTimeout(() => history.back()));
  await until(() => page.evaluate((to) => location.href === to && document.readyState === "complete", url).catch(() => false), () => page.url());
  host.history = await page.evaluate(() => history.length);
  return page.evaluate(() => window.left === true);
}

/** A page of an app that mounts the widget whenever it is loaded, with a token of the same user. */
async function app(t) {
  const user = newUser();
  const host = await open(t, { goto: false });
  const fresh = [await token(user), await token(user)];
  await host.context.exposeBinding("relayToken", () => fresh.shift());
  const mounting = `<script>Relay.mount("#relay-widget", { provider: "openai", fetchToken: () => relayToken(),
    onReady: () => relayCallback("onReady", null), onSuccess: (result) => relayCallback("onSuccess", result), onError: (error) => relayCallback("onError", error) })</script>`;
  // A call that a driver holds back would be lost with the page.
  await host.context.unrouteAll();
  await host.visit(newPage({ behind: mounting }));
  await host.called("onReady");
  const widget = host.widget();
  await widget.ready();
  await widget.settled();
  return { host, user, widget, at: await widget.field.boundingBox() };
}

/** Types into the field. Playwright does not know the frames of a page that was kept, so the mouse and the keyboard do it. */
async function type(host, at, text) {
  await host.page.mouse.move(at.x + 40, at.y + at.height / 2, { steps: 8 });
  await host.page.mouse.click(at.x + 40, at.y + at.height / 2);
  await host.page.keyboard.press("Control+A");
  await host.page.keyboard.type(text);
  // The form sends nothing before it has seen that it is seen.
  await host.page.waitForTimeout(600);
  await host.page.keyboard.press("Enter");
}

const proceed = (page) => page.locator("#ask .primary").click();

/** The states of the hosted page in which its user leaves. */
const HOSTED = {
  "at the question": (page) => page.locator("#ask").waitFor(),
  "with a key half typed": async (page, widget) => {
    await proceed(page);
    await widget.field.fill("sk-half");
  },
  "while a key is checked": async (page, widget) => {
    await proceed(page);
    await widget.send(keyFor("openai", "slow"));
    await isChecking(widget);
  },
  "after a refusal": async (page, widget) => {
    await proceed(page);
    await widget.send(keyFor("openai", "refused"));
    await widget.errorIs("key_refused_by_provider");
  },
  "after success": async (page, widget) => {
    await proceed(page);
    await widget.send(keyFor("openai"));
    await widget.screen("success");
  },
};

const isChecking = (widget) => widget.inner.locator('[data-state$="checking"]').waitFor();

/** Waits for a value. */
async function found(look) {
  let value;
  await until(async () => (value = await look()), () => "nothing is shown");
  return value;
}

/** Does what is left to do, whatever the page shows after it was come back to. */
async function finish({ page }, widget) {
  const places = {
    done: page.locator('[data-part="end"][data-how="done"], [data-screen="success"]'),
    ask: page.locator("#ask"),
    form: widget.field,
  };
  const shown = async (...names) => {
    for (const name of names) if (await places[name].isVisible()) return name;
    return null;
  };
  if (await found(() => shown("done", "ask", "form")) === "ask") await proceed(page);
  if (await found(() => shown("done", "form")) === "form") {
    await widget.ready();
    await widget.send(keyFor("openai"));
  }
  await places.done.waitFor();
}

for (const keepsPages of [true, false]) {
  describe(keepsPages ? "a page that the browser keeps" : "a page that is loaded again", () => {
    useChromium(undefined, { keepsPages });

    test("the widget, with a key half typed", async (t) => {
      const { host, user, widget, at } = await app(t);
      await widget.field.fill("sk-half");
      assert.equal(await comeBack(host), keepsPages);
      if (!keepsPages) await host.called("onReady", 2);
      await type(host, at, keyFor("openai"));
      await host.called("onSuccess");
      assert.ok((await connections(user)).openai);
    });

    for (const away of [0, SLOW]) {
      test(`the widget, while a key is checked, for ${away} ms`, async (t) => {
        const { host, user, widget, at } = await app(t);
        const key = keyFor("openai", "slow");
        await widget.send(key);
        await isChecking(widget);
        const kept = await comeBack(host, away);
        // It ends: with the key connected, or with a form that takes it.
        if (kept) await until(() => host.values("onSuccess").length + host.values("onError").length > 0, () => `it checks for ever: ${JSON.stringify(host.callbacks)}`);
        else await host.called("onReady", 2);
        t.diagnostic(`kept: ${kept}, ${JSON.stringify(host.callbacks.map(({ name, value }) => value?.code ?? name))}`);
        if (kept && !host.values("onSuccess").length) await type(host, at, key);
        if (kept) await host.called("onSuccess");
        else await until(async () => (await connections(user)).openai || (await widget.field.isVisible()), () => "neither a key nor a form");
      });
    }

    test("the widget, after success", async (t) => {
      const { host, user, widget } = await app(t);
      await widget.send(keyFor("openai"));
      await host.called("onSuccess");
      await widget.screen("success");
      const kept = await comeBack(host);
      assert.equal(kept, keepsPages);
      if (kept) assert.equal(await widget.root.getAttribute("data-screen"), "success");
      else await widget.connections.waitFor();
      assert.equal(host.values("onSuccess").length, 1);
      assert.ok((await connections(user)).openai);
    });

    for (const [when, arrange] of Object.entries(HOSTED)) {
      test(`the hosted page, ${when}`, async (t) => {
        const host = await open(t, { goto: false });
        const user = newUser();
        await host.page.goto((await grant(user, { provider: "openai" })).connectUrl);
        const widget = host.widget("#root");
        await arrange(host.page, widget);
        await comeBack(host);
        await finish(host, widget);
        assert.ok((await connections(user)).openai);
        assert.ok(!host.page.url().includes("rrt-"));
        assert.doesNotMatch(await host.page.evaluate(() => JSON.stringify({ ...sessionStorage })), /rrt-/);
      });
    }
  });
}
