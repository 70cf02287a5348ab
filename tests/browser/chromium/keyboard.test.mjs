// By keyboard alone, and where the focus goes.
import assert from "node:assert/strict";
import { test } from "node:test";

import { open, until, useChromium } from "../lib/chromium.mjs";
import { connect, connections, keyFor, newUser, token } from "../lib/relay.mjs";

useChromium();

const BODY = '<button id="before">Before</button><div id="relay-widget"></div><button id="behind">Behind</button>';
const focused = (locator) => locator.evaluate((element) => element.getRootNode().activeElement === element && element.ownerDocument.hasFocus());

/** Presses a key until something has the focus. Returns how often. */
async function press(host, key, reached, most = 12) {
  for (let times = 1; times <= most; times += 1) {
    await host.page.keyboard.press(key);
    if (await reached()) return times;
  }
  return assert.fail(`${key} ${most} times did not get there`);
}

test("the whole flow works by keyboard alone", async (t) => {
  const user = newUser();
  const host = await open(t, { page: { body: BODY } });
  const widget = await host.mount({ registrationToken: await token(user) });
  await widget.screen("choose");
  await host.page.locator("#before").focus();
  const inGroup = () => widget.root.locator('[role="radio"]:focus, input[type="radio"]:focus').count();
  await press(host, "Tab", inGroup, 4);
  await host.page.keyboard.press("Space");
  await widget.field.waitFor();
  await host.page.keyboard.press("ArrowDown");
  await until(() => widget.radio("anthropic").isChecked());
  await host.page.keyboard.press("ArrowUp");
  await until(() => widget.radio("openai").isChecked());
  await widget.field.waitFor();
  assert.ok(await inGroup(), "arrow keys do not take the focus out of the group");
  await press(host, "Tab", () => focused(widget.field), 4);
  await host.page.keyboard.type(keyFor("openai", "refused"));
  await widget.ready();
  await host.page.keyboard.press("Enter");
  await widget.errorIs("key_refused_by_provider");
  await until(() => focused(widget.field));
  await host.page.keyboard.press("Control+A");
  await host.page.keyboard.type(keyFor("openai"));
  await press(host, "Tab", () => focused(widget.submit), 3);
  await widget.ready();
  await host.page.keyboard.press("Space");
  await widget.screen("success");
  await until(() => focused(widget.success));
  await press(host, "Tab", () => focused(widget.button("Done")), 3);
  await host.page.keyboard.press("Enter");
  assert.deepEqual(await host.called("onExit"), { reason: "done" });
  assert.ok((await connections(user)).openai);
});

test("the focus goes through the widget and out of it, both ways", async (t) => {
  const host = await open(t, { page: { body: BODY } });
  const widget = await host.mount({ provider: "openai" });
  await widget.field.waitFor();
  await host.page.locator("#before").focus();
  const behind = host.page.locator("#behind");
  await press(host, "Tab", () => focused(widget.field));
  await press(host, "Tab", () => focused(behind));
  await press(host, "Shift+Tab", () => focused(widget.field));
  await press(host, "Shift+Tab", () => focused(host.page.locator("#before")));
});

test("a mounted widget does not take the focus from the page", async (t) => {
  const host = await open(t, { page: { body: BODY } });
  await host.page.locator("#before").focus();
  const widget = await host.mount({ provider: "openai" });
  await host.called("onReady");
  await widget.field.waitFor();
  assert.equal(await host.page.evaluate(() => document.activeElement.id), "before");
});

test("`focus` goes to what is to be done next", async (t) => {
  const host = await open(t, { page: { body: BODY } });
  const widget = await host.mount();
  await widget.screen("choose");
  await host.handle("focus");
  assert.ok(await widget.root.locator('[role="radio"]:focus, input[type="radio"]:focus').count());
  await widget.pick("openai");
  await host.handle("focus");
  await until(() => focused(widget.field));
});

test("after a failure the focus is on the field, which names its error", async (t) => {
  const host = await open(t);
  const widget = await host.mount({ provider: "openai" });
  await widget.field.fill(keyFor("openai", "refused"));
  await widget.submit.click();
  await widget.errorIs("key_refused_by_provider");
  await until(() => focused(widget.field));
  const described = await widget.field.evaluate((field) =>
    field.getAttribute("aria-describedby").split(" ").map((id) => field.getRootNode().getElementById(id)?.textContent ?? "").join(" "));
  assert.match(described, /doesn't accept this key/);
});

test("errors are announced at once, progress politely", async (t) => {
  const host = await open(t);
  const widget = await host.mount({ provider: "openai" });
  await widget.field.waitFor();
  const release = host.hold();
  await widget.send(keyFor("openai", "refused"));
  await widget.state("checking");
  const live = (kind) => widget.inner.locator(`[aria-live="${kind}"], [role="${kind === "polite" ? "status" : "alert"}"]`).allTextContents();
  await until(async () => (await live("polite")).some((text) => /Checking/.test(text)));
  release();
  await until(async () => (await live("assertive")).some((text) => /doesn't accept/.test(text)));
});

test("the question before disconnecting takes the focus, and gives it back", async (t) => {
  const user = newUser();
  await connect(user, "openai");
  const host = await open(t);
  const widget = await host.mount({ registrationToken: await token(user) });
  await widget.connections.getByRole("button", { name: "Disconnect OpenAI" }).focus();
  await host.page.keyboard.press("Enter");
  await widget.screen("confirm_disconnect");
  await until(() => widget.inner.locator(":focus").count());
  await press(host, "Tab", () => focused(widget.button("Cancel")), 4);
  await host.page.keyboard.press("Enter");
  await widget.screen("choose", "key");
  await until(() => widget.inner.locator(":focus").count());
});

test("a problem takes the focus only if the user was in the widget", async (t) => {
  const host = await open(t, { page: { body: BODY } });
  await host.page.locator("#before").focus();
  const widget = await host.mount({ tokens: [] });
  await widget.screen("problem");
  assert.equal(await host.page.evaluate(() => document.activeElement.id), "before");
});
