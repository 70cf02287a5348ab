// The promise and the main flow in WebKit.
import assert from "node:assert/strict";
import { test } from "node:test";

import { recorder } from "../host/recorder.js";
import { longestPiece, tellingKey } from "../lib/leak.mjs";
import { EXPIRED_TOKEN, PROVIDERS, connections, keyFor, newUser, token } from "../lib/relay.mjs";
import { open, until, useWebKit } from "../lib/webkit.mjs";

useWebKit();

const ENTER = "\uE007";
/** The form has seen that it is seen. */
const READY = "button[type=submit]:not([aria-disabled])";

for (const provider of PROVIDERS) {
  test(`a key for ${provider} is connected`, async (t) => {
    const user = newUser();
    const host = await open(t);
    await host.mount({ registrationToken: await token(user) });
    await host.click(await host.shell(`input[value="${provider}"]`));
    await host.enter();
    await host.click(await host.find('input[name="key"]'));
    await host.find(READY);
    await host.type(keyFor(provider) + ENTER);
    await host.find('[data-part="success"]');
    assert.equal((await host.called("onSuccess")).provider, provider);
    assert.equal((await connections(user))[provider].state, "active");
  });
}

/** Connects a key on a hostile page by keyboard alone, and says what the page knows. */
async function attack(t, isolation) {
  const user = newUser();
  const { key, tag } = tellingKey();
  const host = await open(t, { init: recorder });
  await host.mount({ registrationToken: await token(user), isolation, provider: "openai" });
  await host.called("onReady");
  if (isolation === "frame") {
    await host.enter();
    await host.click(await host.find('input[name="key"]'));
    await host.find(READY);
  } else {
    await host.shell('input[name="key"]');
    await host.evaluate(() => void relayHandles["#relay-widget"].focus());
  }
  await host.type(key + ENTER);
  await host.called("onSuccess");
  assert.equal((await connections(user)).openai.last4, key.slice(-4), "the whole key arrived");
  const { seen, typed } = await host.evaluate(() => relaySeen);
  return { typed, longest: longestPiece(tag, seen.join("\n")), tag, ran: seen.length > 0 };
}

test("a hostile page sees 0 characters of a key that is typed", async (t) => {
  const { typed, longest, ran } = await attack(t, "frame");
  assert.equal(typed, 0, "no keystroke");
  assert.ok(longest < 3, `a piece of ${longest} characters`);
  assert.ok(ran, "the recorder ran");
});

test("the same page sees the whole key in the shadow mode", async (t) => {
  const { typed, longest, tag } = await attack(t, "shadow");
  assert.equal(longest, tag.length);
  assert.ok(typed >= tag.length);
});

test("a refused key, then a good one", async (t) => {
  const host = await open(t);
  await host.mount({ provider: "openai" });
  await host.called("onReady");
  await host.enter();
  await host.click(await host.find('input[name="key"]'));
  await host.type(keyFor("openai", "refused"));
  await host.find(READY);
  await host.type(ENTER);
  await host.find('[data-part="error"][data-code="key_refused_by_provider"]');
  await until(() => host.evaluate(() => document.activeElement.name === "key"), () => "the focus is elsewhere");
  await host.shortcut("a");
  await host.type(keyFor("openai"));
  await host.find(READY);
  await host.type(ENTER);
  await host.called("onSuccess");
});

test("a token that has expired, and one for another page", async (t) => {
  const host = await open(t);
  await host.mount({ registrationToken: EXPIRED_TOKEN });
  assert.equal((await host.called("onError")).code, "registration_token_expired");
  await host.mount({ registrationToken: await token(newUser(), { allowedOrigins: ["https://app.example"] }) });
  await until(async () => (await host.log()).some(({ name, value }) => name === "onError" && value.code === "frame_blocked"), () => "not blocked");
});

test("theme and language change while something is typed, and what was typed stays", async (t) => {
  const host = await open(t);
  await host.mount({ provider: "openai" });
  await host.called("onReady");
  await host.enter();
  await host.click(await host.find('input[name="key"]'));
  await host.type("sk-half-typed");
  await host.leave();
  await host.evaluate(() => void relayHandles["#relay-widget"].update({ theme: "dark", locale: "ko" }));
  await host.enter();
  await host.find('html[lang="ko"] [data-part="root"][data-theme="dark"]');
  assert.equal(await host.evaluate(() => document.querySelector('input[name="key"]').value), "sk-half-typed");
});

/** CSS of the frame that this browser reports. docs/widget.md says what it does not. */
for (const css of ["max-block-size: 128px", "margin-block-start: -180px", "transform: translateX(-2000px)", "inline-size: 60px"]) {
  test(`a page that hides the account gets no key: ${css}`, async (t) => {
    const user = newUser();
    const host = await open(t);
    await host.mount({ registrationToken: await token(user), provider: "openai" });
    await host.enter();
    await host.find('input[name="key"]');
    await host.leave();
    await host.evaluate((text) => {
      const frame = relayRoots.map((root) => root.querySelector("iframe")).find(Boolean);
      frame.style.cssText += `;${text}`;
      frame.parentElement.style.overflow = "hidden";
    }, css);
    await host.enter();
    await new Promise((soon) => setTimeout(soon, 800));
    await host.evaluate((key) => {
      const field = document.querySelector("input[name=key]");
      field.value = key;
      field.form.requestSubmit();
    }, keyFor("openai"));
    await host.leave();
    await until(async () => (await host.log()).some(({ name, value }) => name === "onError" && value.code === "form_hidden"), () => "it is not noticed");
    assert.deepEqual(await connections(user), {});
  });
}

test("a page that takes the keyboard from the field is found out", async (t) => {
  const host = await open(t);
  await host.mount({ registrationToken: await token(), provider: "openai" });
  await host.evaluate(() => {
    const trap = document.body.appendChild(document.createElement("textarea"));
    addEventListener("blur", () => setTimeout(() => trap.focus(), 50));
  });
  await host.enter();
  await host.click(await host.find('input[name="key"]'));
  await host.find("[data-part=taken] .note");
});
