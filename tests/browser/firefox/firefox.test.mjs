// The promise and the main flows in Firefox.
import assert from "node:assert/strict";
import { test } from "node:test";

import { recorder } from "../host/recorder.js";
import { open, shortcut, until, useFirefox } from "../lib/firefox.mjs";
import { leaveByEscape } from "../lib/host.mjs";
import { longestPiece, tellingKey } from "../lib/leak.mjs";
import { EXPIRED_TOKEN, PROVIDERS, RELAY, connect, connections, keyFor, newUser, token } from "../lib/relay.mjs";

useFirefox();

for (const provider of PROVIDERS) {
  test(`a key for ${provider} is connected`, async (t) => {
    const user = newUser();
    const host = await open(t);
    await host.mount({ registrationToken: await token(user) });
    await host.pick(provider);
    await host.send(keyFor(provider));
    assert.equal((await host.called("onSuccess")).provider, provider);
    assert.equal((await connections(user))[provider].state, "active");
  });
}

/** Connects a key on a hostile page by keyboard alone, and says what the page knows. */
async function attack(t, isolation, enter) {
  const user = newUser();
  const { key, tag } = tellingKey();
  const host = await open(t, { init: recorder });
  await host.mount({ registrationToken: await token(user), isolation, provider: "openai" });
  await host.called("onReady");
  if (isolation === "frame") await host.click('input[name="key"]');
  else await (await host.shell('input[name="key"]')).click();
  await enter(host, key);
  if (isolation === "frame") await host.ready();
  await host.page.keyboard.press("Enter");
  await host.called("onSuccess");
  assert.equal((await connections(user)).openai.last4, key.slice(-4), "the whole key arrived");
  const { seen, typed } = await host.page.evaluate(() => relaySeen);
  return { typed, longest: longestPiece(tag, seen.join("\n")), tag, ran: seen.length > 0 };
}

const type = (host, key) => host.page.keyboard.type(key);

async function paste(host, key) {
  await host.copyElsewhere(key);
  await shortcut(host.page, "v");
}

for (const [way, enter] of [["typed", type], ["pasted", paste]]) {
  test(`a hostile page sees 0 characters of a key that is ${way}`, async (t) => {
    const { typed, longest, ran } = await attack(t, "frame", enter);
    assert.equal(typed, 0, "no keystroke");
    assert.ok(longest < 3, `a piece of ${longest} characters`);
    assert.ok(ran, "the recorder ran");
  });

  test(`the same page sees the whole key in the shadow mode, when it is ${way}`, async (t) => {
    const { typed, longest, tag } = await attack(t, "shadow", enter);
    assert.equal(longest, tag.length);
    if (way === "typed") assert.ok(typed >= tag.length);
  });
}

/** CSS of the frame that this browser reports. docs/widget.md says what it does not. */
for (const css of ["max-block-size: 128px", "margin-block-start: -180px", "transform: translateX(-2000px)", "inline-size: 60px"]) {
  test(`a page that hides the account gets no key: ${css}`, async (t) => {
    const user = newUser();
    const host = await open(t);
    await host.mount({ registrationToken: await token(user), provider: "openai" });
    const field = await host.inner('input[name="key"]');
    await field.evaluate((input, key) => (input.value = key), keyFor("openai"));
    await (await host.shell("iframe")).evaluate((frame, text) => {
      frame.style.cssText += `;${text}`;
      frame.parentElement.style.overflow = "hidden";
    }, css);
    await new Promise((soon) => setTimeout(soon, 800));
    await field.evaluate((input) => input.form.requestSubmit());
    await until(async () => (await host.log()).some(({ name, value }) => name === "onError" && value.code === "form_hidden"), () => "it is not noticed");
    assert.deepEqual(await connections(user), {});
  });
}

test("what this browser does not report: docs/widget.md says that it can't be prevented here", async (t) => {
  const user = newUser();
  const host = await open(t);
  await host.mount({ registrationToken: await token(user), provider: "openai" });
  const field = await host.inner('input[name="key"]');
  await field.evaluate((input, key) => (input.value = key), keyFor("openai"));
  await (await host.shell("iframe")).evaluate((frame) => (frame.style.opacity = "0.5"));
  await host.ready();
  await new Promise((soon) => setTimeout(soon, 500));
  await field.evaluate((input) => input.form.requestSubmit());
  await host.called("onSuccess");
});

test("a page that takes the keyboard from the field is found out", async (t) => {
  const host = await open(t);
  await host.mount({ provider: "openai" });
  await host.inner('input[name="key"]');
  await host.page.evaluate(() => {
    const trap = document.body.appendChild(document.createElement("textarea"));
    addEventListener("blur", () => setTimeout(() => trap.focus(), 50));
  });
  await host.click('input[name="key"]');
  await host.inner("[data-part=taken] .note");
});

test("a refused key, then a good one", async (t) => {
  const host = await open(t);
  await host.mount({ provider: "openai" });
  await host.send(keyFor("openai", "refused"));
  await host.inner('[data-part="error"][data-code="key_refused_by_provider"]');
  const field = await host.inner('input[name="key"]');
  await until(() => field.evaluate((element) => document.activeElement === element), () => "the focus is elsewhere");
  await host.send(keyFor("openai"));
  await host.called("onSuccess");
});

test("a slow provider: checking, still checking, done", async (t) => {
  const host = await open(t);
  await host.mount({ provider: "openai" });
  await host.send(keyFor("openai", "slow"));
  await host.inner('[data-state="checking"]');
  await host.inner('[data-state="still_checking"]');
  await host.called("onSuccess");
});

test("a connected key is disconnected after a confirmation", async (t) => {
  const user = newUser();
  await connect(user, "google");
  const host = await open(t);
  await host.mount({ registrationToken: await token(user) });
  await host.click('[data-part="connections"] button.danger');
  await (await host.shell('[data-screen="confirm_disconnect"]')).dispose();
  await host.click("button.danger");
  await until(async () => Object.keys(await connections(user)).length === 0, () => "still connected");
});

test("a token that has expired, and one for another page", async (t) => {
  const host = await open(t);
  await host.mount({ registrationToken: EXPIRED_TOKEN });
  assert.equal((await host.called("onError")).code, "registration_token_expired");
  const other = await open(t);
  await other.mount({ registrationToken: await token(newUser(), { allowedOrigins: ["https://app.example"] }) });
  assert.equal((await other.called("onError")).code, "frame_blocked");
});

test("under a strict policy with trusted types there is no violation", async (t) => {
  const policy = `default-src 'none'; script-src ${RELAY}; frame-src ${RELAY}; style-src 'self'; require-trusted-types-for 'script'; trusted-types 'none'`;
  const host = await open(t, { page: { head: "", headers: { "content-security-policy": policy } } });
  await host.mount();
  await host.pick("openai");
  await host.send(keyFor("openai"));
  await host.called("onSuccess");
  const violations = await host.page.evaluate(() => relayViolations);
  assert.deepEqual(violations.filter((line) => !line.endsWith("/favicon.ico")), [], "Firefox asks for the page's icon, which its policy forbids");
  assert.deepEqual(await (await host.frame()).evaluate(() => relayViolations), []);
});

test("a page whose policy forbids frames gets an error", async (t) => {
  const host = await open(t, { page: { headers: { "content-security-policy": "frame-src 'none'" } } });
  await host.mount();
  assert.equal((await host.called("onError")).code, "csp_blocked");
});

test("theme and language change while something is typed, and what was typed stays", async (t) => {
  const host = await open(t);
  await host.mount({ provider: "openai" });
  const field = await host.inner('input[name="key"]');
  await field.type("sk-half-typed");
  await host.handle("update", { theme: "dark", locale: "ko" });
  await host.inner('html[lang="ko"] [data-part="root"][data-theme="dark"]');
  assert.equal(await field.evaluate((element) => element.value), "sk-half-typed");
  const masked = await field.evaluate((element) => element.type === "password" || getComputedStyle(element).webkitTextSecurity === "disc");
  assert.ok(masked, "the key is not shown");
});

test("the dialog closes with Esc from within the frame", async (t) => {
  const host = await open(t);
  await host.mount({ layout: "modal", provider: "openai" });
  await host.click('input[name="key"]');
  leaveByEscape(host.page);
  assert.deepEqual(await host.called("onExit"), { reason: "cancelled" });
});

test("unmounted in the middle, no callback is called any more", async (t) => {
  const user = newUser();
  const host = await open(t);
  await host.mount({ registrationToken: await token(user), provider: "openai" });
  await host.send(keyFor("openai", "slow"));
  await host.inner('[data-state="checking"]');
  await host.handle("unmount");
  await until(() => host.page.frames().length === 1, () => "the frame is still there");
  assert.deepEqual((await host.log()).map((call) => call.name).filter((name) => name === "onSuccess" || name === "onError"), []);
});
