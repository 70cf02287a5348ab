// Races: tokens that arrive late, are unusable or belong to another user; actions that must wait while a key is checked.
import assert from "node:assert/strict";
import { test } from "node:test";

import { open, until, useChromium } from "../lib/chromium.mjs";
import { leaveByEscape } from "../lib/host.mjs";
import { connect, connections, keyFor, newUser, token } from "../lib/relay.mjs";

useChromium();

/** What Relay answers once a token's time is over. */
const EXPIRED = {
  status: 410,
  headers: { "content-type": "application/json", "x-request-id": "req_01ARZ3NDEKTSV4RRFFQ69G5FAV" },
  body: JSON.stringify({ error: { message: "said by the test", type: "x", param: null, code: "registration_token_expired" } }),
};

/** The next key that is sent finds that the token has expired. Relay answers the ones behind it. */
function expireOnce(host) {
  const over = host.answer("POST", (route) => {
    over();
    return route.fulfill(EXPIRED);
  });
}

/** Notes each screen that the shell shows from now on. */
const watchScreens = (widget) => widget.root.evaluate((root) => {
  const screens = (window.relayScreens = []);
  new MutationObserver(() => screens.push(root.dataset.screen)).observe(root, { attributeFilter: ["data-screen"] });
});

const screensOf = (host) => host.page.evaluate(() => relayScreens.filter((name, index) => name !== relayScreens[index - 1]));

/** Waits until the shell and the frame have a theme. */
async function themed(widget, theme) {
  await widget.root.and(widget.host.page.locator(`[data-theme="${theme}"]`)).waitFor();
  await until(() => widget.inner.locator(`[data-part="root"][data-theme="${theme}"]`).count(), () => `the frame is not ${theme}`);
}

const wordsAtTheField = (widget) => widget.inner.locator("[data-part=account]").textContent();

/** Mounts with a `fetchToken` whose answers the test gives, by `relayFetched`. */
const mountWaiting = (host, registrationToken) => host.page.evaluate((given) => {
  const fetchToken = () => new Promise((done) => {
    relayCallback("fetchToken", null);
    window.relayFetched = done;
  });
  window.relayHandles = { "#relay-widget": Relay.mount("#relay-widget", { registrationToken: given, fetchToken }) };
}, registrationToken);

test("a newer token takes precedence over a `fetchToken` that resolves later", async (t) => {
  const [older, newer] = [newUser(), newUser()];
  const host = await open(t);
  await mountWaiting(host);
  await host.called("fetchToken");
  await host.handle("update", { registrationToken: await token(newer) });
  const widget = host.widget();
  await widget.pick("openai");
  await host.page.evaluate((late) => relayFetched(late), await token(older));
  assert.match(await wordsAtTheField(widget), new RegExp(newer));
  await widget.send(keyFor("openai"));
  await widget.screen("success");
  assert.equal(host.calls("GET").length, 1, "the late token was never sent to Relay");
  assert.deepEqual([Object.keys(await connections(newer)), Object.keys(await connections(older))], [["openai"], []]);
});

test("a newer token takes precedence over a `fetchToken` that was called when a key was sent", async (t) => {
  const [older, newer] = [newUser(), newUser()];
  const host = await open(t);
  await mountWaiting(host, await token(older));
  const widget = host.widget();
  await widget.pick("openai");
  expireOnce(host);
  await widget.send(keyFor("openai"));
  await host.called("fetchToken");
  await host.handle("update", { registrationToken: await token(newer) });
  await until(async () => (await widget.field.inputValue()) === "", () => "what was typed for another account stays");
  await host.page.evaluate((late) => relayFetched(late), await token(older));
  await widget.pick("openai");
  assert.match(await wordsAtTheField(widget), new RegExp(newer));
  await widget.send(keyFor("openai"));
  await widget.screen("success");
  assert.deepEqual([Object.keys(await connections(newer)), Object.keys(await connections(older))], [["openai"], []]);
});

test("after a `fetchToken` that failed once, `Try again` leads back to a form that says what is wrong", async (t) => {
  const user = newUser();
  const host = await open(t);
  const widget = await host.mount({ registrationToken: await token(user), tokens: [undefined, await token(user)], provider: "openai" });
  await widget.field.waitFor();
  expireOnce(host);
  await widget.send(keyFor("openai"));
  await widget.problemIs("fetch_token_failed");
  await widget.outer("Try again").click();
  await widget.screen("key");
  await widget.send(keyFor("openai", "refused"));
  await widget.errorIs("key_refused_by_provider");
  await widget.screen("key");
  await widget.send(keyFor("openai"));
  await widget.screen("success");
});

test("while a key is checked no other provider can be chosen, and the answer is that of the chosen one", async (t) => {
  const host = await open(t);
  const widget = await host.mount();
  await widget.pick("openai");
  const release = host.hold();
  await widget.send(keyFor("openai"));
  await widget.state("checking");
  for (const other of ["anthropic", "google"]) {
    await until(() => widget.radio(other).isDisabled(), () => `${other} can be chosen`);
    // Not even by a message that arrived before the picker was drawn again.
    await widget.radio(other).evaluate((radio) => radio.dispatchEvent(new Event("change")));
  }
  release();
  assert.equal((await host.called("onSuccess")).provider, "openai");
  assert.match(await widget.success.textContent(), /OpenAI/);
  const chosen = host.values("onEvent").filter(({ name }) => name === "provider_selected").map(({ provider }) => provider);
  assert.deepEqual(chosen, ["openai"]);
});

test("a refusal belongs to the chosen provider, and then another one can be chosen", async (t) => {
  const host = await open(t);
  const widget = await host.mount();
  await widget.pick("openai");
  const release = host.hold();
  await widget.send(keyFor("openai", "refused"));
  await until(() => widget.radio("google").isDisabled());
  await widget.radio("google").evaluate((radio) => radio.dispatchEvent(new Event("change")));
  release();
  await widget.errorIs("key_refused_by_provider");
  assert.match(await widget.error.textContent(), /^OpenAI/);
  await until(() => widget.radio("google").isEnabled());
  await widget.pick("google");
});

test("while a new key is checked there is no `Cancel`, and after a refusal there is", async (t) => {
  const user = newUser();
  await connect(user, "openai");
  const host = await open(t);
  const widget = await host.mount({ registrationToken: await token(user) });
  await widget.button("Replace OpenAI key").click();
  await widget.button("Cancel").waitFor();
  const release = host.hold();
  await widget.send(keyFor("openai", "refused"));
  await widget.state("checking");
  await until(async () => (await widget.button("Cancel").count()) === 0, () => "`Cancel` can be clicked", 5_000);
  release();
  await widget.errorIs("key_refused_by_provider");
  await widget.button("Cancel").click();
  await widget.connections.waitFor();
});

test("each token that expires when a key is sent is refreshed, however often it happens", async (t) => {
  const user = newUser();
  const host = await open(t);
  const fresh = await Promise.all(Array.from({ length: 4 }, () => token(user)));
  const widget = await host.mount({ registrationToken: await token(user), tokens: fresh });
  await widget.pick("openai");
  const refused = () => host.values("onEvent").filter(({ name }) => name === "key_refused").length;
  for (let turn = 1; turn <= fresh.length; turn += 1) {
    expireOnce(host);
    await widget.send(keyFor("openai", "refused"));
    await until(() => refused() === turn, () => `${refused()} of ${turn} refusals: ${JSON.stringify(host.callbacks)}`);
    assert.equal(host.values("fetchToken").length, turn);
  }
  await widget.send(keyFor("openai"));
  await host.called("onSuccess");
});

test("a new token for another account: the typed key is not sent, and is cleared", async (t) => {
  const [ana, bo] = [newUser(), newUser()];
  const host = await open(t);
  const widget = await host.mount({ registrationToken: await token(ana), tokens: [await token(bo)], provider: "openai" });
  await widget.field.waitFor();
  assert.match(await wordsAtTheField(widget), new RegExp(ana));
  expireOnce(host);
  await widget.send(keyFor("openai"));
  await until(async () => (await wordsAtTheField(widget)).includes(bo), () => "the form does not name the other account");
  await widget.state("idle");
  assert.equal(await widget.field.inputValue(), "");
  assert.equal(host.calls("POST").length, 1, "nothing was sent again");
  assert.equal(await widget.root.getByText(ana).count(), 0, "the page's part names nobody else");
  assert.deepEqual([await connections(ana), await connections(bo)], [{}, {}]);
});

test("another theme changes neither a problem nor the wait for its end", async (t) => {
  const user = newUser();
  const host = await open(t, { context: { colorScheme: "light" } });
  const widget = await host.mount({ registrationToken: await token(user), tokens: [undefined, await token(user)], theme: "auto" });
  await widget.pick("openai");
  expireOnce(host);
  await widget.send(keyFor("openai"));
  await widget.problemIs("fetch_token_failed");
  await watchScreens(widget);
  await host.page.emulateMedia({ colorScheme: "dark" });
  await themed(widget, "dark");
  const release = host.hold("GET");
  await widget.outer("Try again").click();
  await widget.screen("loading");
  await host.page.emulateMedia({ colorScheme: "light" });
  await themed(widget, "light");
  release();
  await widget.screen("choose");
  // What the frame says arrives in order: had it said more, the shell would have shown it.
  const [first, ...then] = await screensOf(host);
  assert.deepEqual(first === "problem" ? then : [first, ...then], ["loading", "choose"]);
});

test("`onExit` is called once when it unmounts the dialog", async (t) => {
  const host = await open(t);
  const widget = await host.mount({ layout: "modal", provider: "openai" });
  await widget.field.waitFor();
  await host.page.evaluate(() => {
    const handle = relayHandles["#relay-widget"];
    handle.update({ onExit: ({ reason }) => { relayCallback("left", reason); handle.unmount(); } });
  });
  await widget.outer("Close").click();
  await until(async () => (await host.page.getByRole("dialog").count()) === 0);
  assert.deepEqual(host.values("left"), ["cancelled"]);
});

test("`onExit` is called once for a user who was done before `unmount`", async (t) => {
  const host = await open(t);
  const widget = await host.mount();
  await widget.connect("openai", keyFor("openai"));
  await widget.button("Done").click();
  await host.called("onExit");
  await until(async () => (await widget.button("Done").count()) === 0, () => "`Done` can be clicked again");
  await host.handle("unmount");
  assert.deepEqual(host.values("onExit"), [{ reason: "done" }]);
  assert.equal(host.values("onEvent").filter(({ name }) => name === "exit").length, 1);
});

test("`onExit` is called once for a user who cancelled before `unmount`", async (t) => {
  const host = await open(t);
  const widget = await host.mount({ layout: "modal", provider: "openai" });
  await widget.field.click();
  leaveByEscape(host.page);
  await host.called("onExit");
  await host.handle("unmount");
  assert.deepEqual(host.values("onExit"), [{ reason: "cancelled" }]);
});

test("an invalid workspace is reported at its field, and not sent", async (t) => {
  const host = await open(t);
  const widget = await host.mount({ provider: "anthropic" });
  await widget.field.waitFor();
  await widget.send(keyFor("anthropic", "workspace"));
  await widget.state("workspace");
  const sent = host.calls("POST").length;
  await widget.workspace.fill("작업공간");
  await widget.submit.click();
  await widget.errorIs("invalid_id");
  assert.equal(await widget.workspace.getAttribute("aria-invalid"), "true");
  assert.equal(await widget.field.getAttribute("aria-invalid"), null);
  assert.ok(await widget.workspace.evaluate((field) => field === document.activeElement), "the user is led there");
  assert.equal(host.calls("POST").length, sent);
  await widget.workspace.fill("wrkspc_01mock");
  await widget.submit.click();
  await until(() => host.calls("POST").length === sent + 1);
});

test("a token for another provider than `provider` is a problem", async (t) => {
  const host = await open(t);
  const widget = await host.mount({ registrationToken: await token(newUser(), { provider: "anthropic" }), provider: "openai" });
  await widget.problemIs("provider_not_allowed");
  const error = await host.failedWith("provider_not_allowed");
  assert.equal(error.retryable, false);
  assert.equal((await host.called("notReady")).code, "provider_not_allowed");
});
