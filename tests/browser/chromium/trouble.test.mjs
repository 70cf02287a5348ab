// The world does not cooperate: no network, slow answers, impatient users, pages that take the widget away.
import assert from "node:assert/strict";
import { test } from "node:test";

import { open, until, useChromium } from "../lib/chromium.mjs";
import { connections, keyFor, newUser, token, use } from "../lib/relay.mjs";

useChromium();

test("offline, the form says so and takes the same key once the network is back", async (t) => {
  const host = await open(t);
  const widget = await host.mount();
  await widget.pick("openai");
  await host.context.setOffline(true);
  await widget.send(keyFor("openai"));
  await widget.errorIs("offline");
  assert.notEqual(await widget.field.inputValue(), "", "what was typed stays");
  await host.context.setOffline(false);
  await widget.submit.click();
  await host.called("onSuccess");
});

test("offline at the start, `Try again` opens the widget", async (t) => {
  const host = await open(t);
  const back = host.answer("GET", (route) => route.abort("internetdisconnected"));
  const widget = await host.mount();
  await widget.screen("problem");
  assert.equal((await host.called("onError")).retryable, true);
  back();
  await widget.outer("Try again").click();
  await widget.connect("openai", keyFor("openai"));
  await host.called("onSuccess");
});

test("Relay does not answer at all: the frame's page can't be loaded", async (t) => {
  const host = await open(t);
  host.answer("GET", (route) => route.abort("connectionrefused"), "/frame");
  const widget = await host.mount();
  await widget.screen("problem");
  assert.ok((await host.called("onError")).displayMessage);
});

test("a proxy's page of HTML is a problem, not a broken widget", async (t) => {
  const host = await open(t);
  host.answer("GET", (route) => route.fulfill({ status: 502, contentType: "text/html", body: "<h1>Bad gateway</h1>" }));
  const widget = await host.mount();
  await widget.screen("problem");
  assert.doesNotMatch(await widget.text(), /Bad gateway/);
});

test("Relay is busy: the widget shows how long to wait", async (t) => {
  const host = await open(t);
  const body = JSON.stringify({ error: { message: "busy", type: "rate_limit_error", param: null, code: "too_many_refusals" } });
  const headers = { "retry-after": "7", "content-type": "application/json", "x-request-id": "req_busy" };
  const widget = await host.mount({ provider: "openai" });
  host.answer("POST", (route) => route.fulfill({ status: 429, headers, body }));
  await widget.field.waitFor();
  await widget.send(keyFor("openai"));
  await widget.error.waitFor();
  assert.match(await widget.error.textContent(), /7 seconds/);
});

test("a slow provider: first checking, then still checking, then the answer", async (t) => {
  const host = await open(t);
  await host.context.clock.install();
  const widget = await host.mount();
  await widget.pick("openai");
  const release = host.hold();
  await widget.send(keyFor("openai"));
  await widget.state("checking");
  assert.match(await widget.form.textContent(), /Checking with OpenAI/);
  await host.context.clock.fastForward(2500);
  await widget.state("still_checking");
  assert.match(await widget.form.textContent(), /Still checking with OpenAI/);
  release();
  await host.called("onSuccess");
});

test("a double click sends one request", async (t) => {
  const host = await open(t);
  const widget = await host.mount();
  await widget.pick("openai");
  await widget.field.fill(keyFor("openai"));
  await widget.submit.dblclick();
  await host.called("onSuccess");
  assert.equal(host.calls("POST").length, 1);
});

test("Enter and a click at once send one request", async (t) => {
  const host = await open(t);
  const widget = await host.mount();
  await widget.pick("openai");
  await widget.field.fill(keyFor("openai"));
  await widget.ready();
  await widget.form.evaluate((form) => {
    form.requestSubmit();
    form.querySelector('button[type="submit"]').click();
    form.requestSubmit();
  });
  await host.called("onSuccess");
  assert.equal(host.calls("POST").length, 1);
});

for (const isolation of ["frame", "shadow"]) {
  test(`unmounted in the middle (${isolation}): the request is aborted, and no callback is called any more`, async (t) => {
    const user = newUser();
    const registrationToken = await token(user);
    const host = await open(t);
    const widget = await host.mount({ registrationToken, isolation });
    await widget.pick("openai");
    // The provider takes three seconds for a key with this behaviour.
    await widget.send(keyFor("openai", "slow"));
    await widget.state("checking");
    await until(() => host.calls("POST").length === 1);
    await host.handle("unmount");
    assert.deepEqual(host.values("onExit"), [{ reason: "unmounted" }]);
    const callbacks = host.callbacks.length;
    await host.handle("unmount");
    assert.equal(await host.page.locator("#relay-widget").evaluate((place) => place.childNodes.length), 0);
    // Relay takes one registration of a token after the other: had the first one gone on, the token would be used.
    await use(registrationToken, "google");
    assert.deepEqual(Object.keys(await connections(user)), ["google"]);
    assert.equal(host.callbacks.length, callbacks, "no callback is called after unmount");
  });
}

test("the page takes the element away: nothing breaks", async (t) => {
  const host = await open(t);
  const widget = await host.mount();
  await widget.pick("openai");
  await host.page.evaluate(() => document.querySelector("#relay-widget").remove());
  await host.handle("update", { theme: "dark" });
  await host.handle("unmount");
  assert.deepEqual(host.values("onSuccess"), []);
});

test("unmounted before it is ready: `ready` settles", async (t) => {
  const host = await open(t);
  await host.mount();
  await host.handle("unmount");
  await host.called("ready");
  assert.deepEqual(host.values("onReady"), []);
  assert.deepEqual(host.values("onError"), []);
});

test("in the shadow mode the form works too, and a project can forbid it", async (t) => {
  const user = newUser();
  const host = await open(t);
  const widget = await host.mount({ registrationToken: await token(user), isolation: "shadow" });
  await widget.connect("openai", keyFor("openai"));
  assert.equal(await host.page.locator("iframe").count(), 0);
  await host.called("onSuccess");
  assert.ok((await connections(user)).openai);
});
