// A user connects a key: each provider, and everything that a key can be.
import assert from "node:assert/strict";
import { test } from "node:test";

import { open, siteOrigin, until, useChromium } from "../lib/chromium.mjs";
import { EXPIRED_TOKEN, LABELS, PROVIDERS, TRIES, chats, connect, connections, keyFor, newUser, token, use } from "../lib/relay.mjs";

useChromium();

for (const provider of PROVIDERS) {
  test(`a key for ${LABELS[provider]} is connected`, async (t) => {
    const user = newUser();
    const key = keyFor(provider);
    const host = await open(t);
    const widget = await host.mount({ registrationToken: await token(user) });
    await widget.connect(provider, key);
    const result = await host.called("onSuccess");
    assert.deepEqual(Object.keys(result).sort(), ["connectedAt", "last4", "provider", "requestId", "state", "status"]);
    assert.deepEqual({ ...result, connectedAt: "", requestId: "" }, {
      provider, status: "connected", state: "active", last4: key.slice(-4), connectedAt: "", requestId: "",
    });
    assert.ok(!Number.isNaN(Date.parse(result.connectedAt)) && result.requestId.startsWith("req_"));
    assert.deepEqual((await connections(user))[provider], { state: "active", last4: key.slice(-4) });
    assert.equal(host.values("onSuccess").length, 1);
    assert.deepEqual(host.values("onError"), []);
  });
}

test("the snippet of the front page works as it is written", async (t) => {
  const user = newUser();
  const registrationToken = await token(user);
  const host = await open(t, {
    page: {
      body: '<div id="relay-widget"></div>',
      behind: `<script>const registrationToken = ${JSON.stringify(registrationToken)};
        Relay.mount('#relay-widget', { registrationToken, theme: 'light', accentColor: '#635bff', locale: 'en', onSuccess: (r) => relayCallback('snippet', r.provider) })</script>`,
    },
  });
  await host.widget().connect("openai", keyFor("openai"));
  assert.equal(await host.called("snippet"), "openai");
  assert.ok(await chats(user), "the connected key answers");
});

test("a token for one provider shows that provider only", async (t) => {
  const host = await open(t);
  const widget = await host.mount({ registrationToken: await token(newUser(), { provider: "anthropic" }) });
  await widget.screen("key");
  await widget.field.waitFor();
  assert.equal(await widget.root.getByRole("radio").count(), 0);
  await widget.send(keyFor("anthropic"));
  assert.equal((await host.called("onSuccess")).provider, "anthropic");
});

test("the option `provider` shows that provider only", async (t) => {
  const host = await open(t);
  const widget = await host.mount({ provider: "google" });
  await widget.field.waitFor();
  assert.equal(await widget.root.getByRole("radio").count(), 0);
  await widget.send(keyFor("google"));
  assert.equal((await host.called("onSuccess")).provider, "google");
});

test("a refused key costs a try, and a good one then works with the same token", async (t) => {
  const host = await open(t);
  const widget = await host.mount();
  await widget.pick("openai");
  await widget.send(keyFor("openai", "refused"));
  await widget.errorIs("key_refused_by_provider");
  assert.match(await widget.error.textContent(), new RegExp(`${TRIES - 1} tries left`));
  await widget.send(keyFor("openai", "refused"));
  await until(async () => (await widget.error.textContent()).includes(`${TRIES - 2} tries left`));
  assert.equal(await widget.field.getAttribute("aria-invalid"), "true");
  await widget.send(keyFor("openai"));
  await host.called("onSuccess");
  const refused = host.values("onEvent").filter((event) => event.name === "key_refused");
  assert.deepEqual(refused.map(({ code, provider }) => [code, provider]), Array(2).fill(["key_refused_by_provider", "openai"]));
});

test("the last try ends the form, and says so", async (t) => {
  const host = await open(t);
  const widget = await host.mount();
  await widget.pick("openai");
  for (let tries = TRIES; tries > 0; tries -= 1) {
    await widget.send(keyFor("openai", "refused"));
    await until(() => host.values("onEvent").filter((event) => event.name === "key_refused").length === TRIES - tries + 1);
  }
  await until(async () => /last try/.test(await widget.text()));
});

for (const [behaviour, state, says] of [
  ["restricted", "restricted", /limits what this key may do/],
  ["overloaded", "unverified", /not checked yet/],
  ["unreachable", "unverified", /not checked yet/],
  ["ratelimited", "active", /is connected/],
]) {
  test(`a key with the behaviour ${behaviour} is connected as ${state}, with a warning`, async (t) => {
    const user = newUser();
    const host = await open(t);
    const widget = await host.mount({ registrationToken: await token(user) });
    await widget.connect("anthropic", keyFor("anthropic", behaviour));
    const result = await host.called("onSuccess");
    assert.equal(result.state, state);
    assert.equal((await connections(user)).anthropic.state, state);
    assert.match(await widget.text(), says);
  });
}

test("a key without credit is connected, with a warning", async (t) => {
  const host = await open(t);
  const widget = await host.mount();
  await widget.pick("openai");
  host.amend({ state: "no_credit" });
  await widget.send(keyFor("openai"));
  await widget.screen("success");
  assert.equal((await host.called("onSuccess")).state, "no_credit");
  assert.match(await widget.text(), /no credit/);
  assert.match(await widget.inner.getByRole("link").getAttribute("href"), /^https:/, "with a way to pay");
});

test("a workspace id is requested only when the provider needs one", async (t) => {
  const user = newUser();
  const host = await open(t);
  const widget = await host.mount({ registrationToken: await token(user) });
  await widget.pick("anthropic");
  assert.equal(await widget.workspace.isVisible(), false);
  await widget.send(keyFor("anthropic", "workspace"));
  await widget.state("workspace");
  await widget.workspace.waitFor();
  assert.ok(await widget.workspace.evaluate((field) => field.ownerDocument.activeElement === field || field.getRootNode().activeElement === field));
  assert.notEqual(await widget.field.inputValue(), "", "the key need not be pasted again");
  await widget.workspace.fill("wrkspc_01");
  await widget.submit.click();
  await host.called("onSuccess");
  assert.equal((await connections(user)).anthropic.state, "active");
});

test("another provider's key is recognised, and the user can switch", async (t) => {
  const user = newUser();
  const key = keyFor("anthropic");
  const host = await open(t);
  const widget = await host.mount({ registrationToken: await token(user) });
  await widget.pick("openai");
  await widget.field.fill(key);
  await widget.notice.getByRole("button", { name: "Switch to Anthropic" }).click();
  await until(() => widget.radio("anthropic").isChecked());
  assert.equal(await widget.field.inputValue(), key, "what was typed stays");
  await widget.submit.click();
  assert.equal((await host.called("onSuccess")).provider, "anthropic");
  assert.deepEqual(Object.keys(await connections(user)), ["anthropic"]);
});

test("a key that looks like another provider's is sent once the user insists", async (t) => {
  const host = await open(t);
  const widget = await host.mount();
  await widget.pick("openai");
  await widget.field.fill(keyFor("anthropic"));
  await widget.notice.waitFor();
  await widget.submit.click();
  assert.equal(host.calls("POST").length, 0, "no key is shown to another provider without a word");
  await widget.notice.getByRole("button", { name: "It is for OpenAI" }).click();
  await widget.submit.click();
  await widget.errorIs("key_refused_by_provider");
  assert.equal(host.calls("POST").length, 1, "the provider has the last word");
});

test("a line break behind a pasted key does no harm", async (t) => {
  const key = keyFor("openai");
  const host = await open(t);
  const widget = await host.mount();
  await widget.pick("openai");
  await widget.paste(`${key}\r\n`);
  assert.equal(await widget.field.inputValue(), key);
  await widget.submit.click();
  assert.equal((await host.called("onSuccess")).last4, key.slice(-4));
});

for (const [what, around] of [
  ["quotes", (key) => `"${key}"`],
  ["a line break within", (key) => `${key.slice(0, 12)}\n  ${key.slice(12)}`],
  ["Bearer", (key) => `Bearer ${key}`],
  ["the variable's name", (key) => `OPENAI_API_KEY=${key}`],
  ["the variable's name and quotes", (key) => `export OPENAI_API_KEY="${key}"`],
  ["blanks that can't be seen", (key) => `\u00a0\u200b${key}\ufeff `],
]) {
  test(`a pasted key is freed from ${what}, and that is said`, async (t) => {
    const key = keyFor("openai");
    const host = await open(t);
    const widget = await host.mount();
    await widget.pick("openai");
    await widget.paste(around(key));
    await until(async () => (await widget.field.inputValue()) === key);
    assert.match(await widget.notice.textContent(), /Extra characters/);
    await widget.submit.click();
    assert.equal((await host.called("onSuccess")).last4, key.slice(-4));
  });
}

test("what can't be a key is not sent", async (t) => {
  const host = await open(t);
  const widget = await host.mount();
  await widget.pick("openai");
  await widget.submit.click();
  await widget.error.waitFor();
  assert.match(await widget.error.textContent(), /Paste your OpenAI key/);
  await widget.send("여기에 키");
  await until(async () => /characters that keys don't have/.test(await widget.error.textContent()));
  assert.equal(host.calls("POST").length, 0);
});

test("the key can be shown and hidden", async (t) => {
  const host = await open(t);
  const widget = await host.mount({ provider: "openai" });
  await widget.field.fill("sk-whatever");
  const toggle = widget.inner.getByRole("button", { name: "Show key" });
  const hidden = () => widget.field.evaluate((field) => field.type === "password" || getComputedStyle(field).webkitTextSecurity === "disc");
  const seen = async () => [await hidden(), await toggle.getAttribute("aria-pressed")];
  assert.deepEqual(await seen(), [true, "false"]);
  await toggle.click();
  assert.deepEqual(await seen(), [false, "true"]);
  await toggle.click();
  assert.deepEqual(await seen(), [true, "false"]);
});

test("an expired token is refreshed by `fetchToken`", async (t) => {
  const user = newUser();
  const host = await open(t);
  const widget = await host.mount({ registrationToken: EXPIRED_TOKEN, tokens: [await token(user)] });
  await widget.connect("openai", keyFor("openai"));
  await host.called("onSuccess");
  assert.equal(host.values("fetchToken").length, 1);
  assert.ok(host.values("onEvent").some((event) => event.name === "token_refreshed"));
  assert.deepEqual(host.values("onError"), []);
  assert.ok((await connections(user)).openai);
});

test("an expired token without `fetchToken` is a problem that the user understands", async (t) => {
  const host = await open(t);
  const widget = await host.mount({ registrationToken: EXPIRED_TOKEN });
  await widget.problemIs("registration_token_expired");
  const error = await host.failedWith("registration_token_expired");
  assert.match(error.displayMessage, /expired/);
  assert.ok(error.requestId.startsWith("req_"));
  assert.equal((await host.called("notReady")).code, "registration_token_expired");
});

test("a token that expires while the user types is refreshed, and what was typed is sent", async (t) => {
  const user = newUser();
  const first = await token(user);
  const host = await open(t);
  const widget = await host.mount({ registrationToken: first, tokens: [await token(user)] });
  await widget.pick("openai");
  await use(first, "google");
  await widget.send(keyFor("openai"));
  await host.called("onSuccess");
  assert.deepEqual(Object.keys(await connections(user)).sort(), ["google", "openai"]);
});

test("without a token at the start `fetchToken` is asked", async (t) => {
  const host = await open(t);
  const widget = await host.mount({ tokens: [await token()] });
  await widget.connect("google", keyFor("google"));
  await host.called("onSuccess");
});

test("a `fetchToken` that fails is a problem with another try", async (t) => {
  const host = await open(t);
  const widget = await host.mount({ tokens: [] });
  await widget.problemIs("fetch_token_failed");
  assert.equal((await host.failedWith("fetch_token_failed")).retryable, true);
  const asked = host.values("fetchToken").length;
  await widget.outer("Try again").click();
  await host.called("fetchToken", asked + 1);
});

test("a used token is a problem", async (t) => {
  const spent = await token();
  await use(spent);
  const host = await open(t);
  const widget = await host.mount({ registrationToken: spent });
  await widget.problemIs("registration_token_used");
  await host.failedWith("registration_token_used");
});

test("a token for another page is a problem: the frame does not open", async (t) => {
  const elsewhere = await token(newUser(), { allowedOrigins: ["https://app.example"] });
  const host = await open(t);
  const widget = await host.mount({ registrationToken: elsewhere });
  await widget.problemIs("frame_blocked");
  await host.failedWith("frame_blocked");
});

test("a token for this page works", async (t) => {
  const host = await open(t);
  const widget = await host.mount({ registrationToken: await token(newUser(), { allowedOrigins: [siteOrigin()] }) });
  await widget.connect("openai", keyFor("openai"));
  await host.called("onSuccess");
});

test("a key that is there is replaced", async (t) => {
  const user = newUser();
  const old = await connect(user, "openai");
  const key = keyFor("openai");
  const host = await open(t);
  const widget = await host.mount({ registrationToken: await token(user) });
  await widget.connections.waitFor();
  assert.match(await widget.connections.textContent(), new RegExp(old.slice(-4)));
  await widget.connections.getByRole("button", { name: /Replace OpenAI/ }).click();
  await widget.field.waitFor();
  await widget.send(key);
  assert.equal((await host.called("onSuccess")).status, "replaced");
  assert.equal((await connections(user)).openai.last4, key.slice(-4));
});

test("a key that is there is disconnected after a question", async (t) => {
  const user = newUser();
  await connect(user, "openai");
  const host = await open(t);
  const widget = await host.mount({ registrationToken: await token(user) });
  await widget.connections.getByRole("button", { name: "Disconnect OpenAI" }).click();
  await widget.screen("confirm_disconnect");
  await widget.button("Cancel").click();
  await widget.screen("choose", "key");
  assert.ok((await connections(user)).openai, "cancelled");
  await widget.connections.getByRole("button", { name: "Disconnect OpenAI" }).click();
  await widget.screen("confirm_disconnect");
  await widget.button(/^Disconnect/).click();
  await until(() => host.values("onEvent").some((event) => event.name === "disconnected" && event.provider === "openai"));
  assert.deepEqual(await connections(user), {});
  await widget.connect("openai", keyFor("openai"));
  assert.equal((await host.called("onSuccess")).status, "connected");
});

test("a token that may not replace says so", async (t) => {
  const user = newUser();
  await connect(user, "openai");
  const host = await open(t);
  const widget = await host.mount({ registrationToken: await token(user, { replace: false }) });
  await widget.connections.waitFor();
  assert.equal(await widget.connections.getByRole("button").count(), 0);
  await widget.connect("google", keyFor("google"));
  assert.deepEqual(Object.keys(await connections(user)).sort(), ["google", "openai"]);
});
