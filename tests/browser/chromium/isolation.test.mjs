// The promise: the page's scripts see nothing of the key. A hostile page tries; the same page sees everything in the shadow mode.
import assert from "node:assert/strict";
import { test } from "node:test";

import { recorder } from "../host/recorder.js";
import { open, until, useChromium } from "../lib/chromium.mjs";
import { longestPiece, tellingKey } from "../lib/leak.mjs";
import { connections, keyFor, newUser, PROJECTS, token } from "../lib/relay.mjs";

useChromium();

/** Connects a key on a hostile page by keyboard alone, and says what the page knows. */
async function attack(t, isolation, enter) {
  const user = newUser();
  const { key, tag } = tellingKey();
  const host = await open(t, { closed: true, init: recorder });
  await host.mount({ registrationToken: await token(user), isolation, provider: "openai" });
  await host.called("onReady");
  await host.handle("focus");
  if (isolation === "frame") await focused(host);
  await enter(host, key);
  if (isolation === "frame") await ready(host);
  await host.page.keyboard.press("Enter");
  await host.called("onSuccess");
  assert.equal((await connections(user)).openai.last4, key.slice(-4), "the whole key arrived");
  const { seen, typed } = await host.page.evaluate(() => relaySeen);
  return { typed, longest: longestPiece(tag, seen.join("\n")), seen, tag };
}

/** The frame is another process: the focus arrives there some time after it was given. Nobody types as fast as a test does. */
const frameOf = (host) => host.page.frames().find((known) => new URL(known.url()).pathname === "/frame");

/** Waits until the form has seen that its account is seen. */
const ready = (host) => frameOf(host).waitForFunction(() => document.querySelector("button[type=submit]:not([aria-disabled])"));

async function focused(host) {
  await frameOf(host).waitForFunction(() => document.activeElement.name === "key" && document.hasFocus());
}

const type = (host, key) => host.page.keyboard.type(key);

async function paste(host, key) {
  await host.copyElsewhere(key);
  await host.page.keyboard.press("Control+V");
}

for (const [way, enter] of [["typed", type], ["pasted", paste]]) {
  test(`a hostile page sees 0 characters of a key that is ${way}`, async (t) => {
    const { typed, longest, seen } = await attack(t, "frame", enter);
    assert.equal(typed, 0, "no keystroke");
    assert.ok(longest < 3, `a piece of ${longest} characters: ${seen.filter((line) => line.length < 200).join("\n")}`);
    assert.ok(seen.some((line) => line.startsWith("postMessage") || line.startsWith("message")), "the recorder ran");
  });

  test(`the same page sees the whole key in the shadow mode, when it is ${way}`, async (t) => {
    const { typed, longest, tag } = await attack(t, "shadow", enter);
    assert.equal(longest, tag.length);
    if (way === "typed") assert.ok(typed >= tag.length);
  });
}

test("the page can't reach into the frame in any way that a script has", async (t) => {
  const host = await open(t, { init: recorder });
  const widget = await host.mount({ provider: "openai" });
  const { key, tag } = tellingKey();
  await widget.field.fill(key);
  const reached = await widget.iframe.evaluate((frame) => {
    const tries = {
      document: () => frame.contentDocument.body.innerHTML,
      window: () => frame.contentWindow.document.body.innerHTML,
      element: () => frame.contentWindow.document.querySelector("input").value,
      name: () => frame.contentWindow.name,
      frames: () => window.frames[0].document.body.innerHTML,
      storage: () => frame.contentWindow.localStorage.length,
      fetch: () => frame.contentWindow.fetch.name,
      find: () => String(window.find?.("sk-mock")),
      text: () => document.body.innerText + getSelection().toString(),
    };
    return Object.fromEntries(Object.entries(tries).map(([name, attempt]) => {
      try {
        return [name, String(attempt())];
      } catch (error) {
        return [name, error.name];
      }
    }));
  });
  for (const name of ["window", "element", "name", "storage", "fetch"]) assert.equal(reached[name], "SecurityError", name);
  for (const name of ["document", "frames"]) assert.equal(reached[name], "TypeError", `${name}: the frame has no such member`);
  assert.ok(longestPiece(tag, JSON.stringify(reached)) < 3, JSON.stringify(reached));
});

/** Speaks to the frame as the shell does, from the page. Returns what it answers. */
async function forge(widget, guess) {
  return widget.iframe.evaluate(async (frame, guessed) => {
    const answered = [];
    const nonce = guessed ?? new URLSearchParams(new URL(frame.src).hash.slice(1)).get("nonce");
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = (event) => answered.push(event.data);
    const look = { locale: "en", dark: false, accentColor: "#635bff", variables: {}, links: {} };
    frame.contentWindow.postMessage({ relay: 1, type: "start", nonce, token: "rrt-forged", look }, "*", [port2]);
    port1.postMessage({ type: "provider", provider: "openai", focus: true });
    for (const type of ["hello", "connected", "session"]) window.postMessage({ relay: 1, type, nonce, result: { provider: "openai" } }, "*");
    await new Promise((done) => setTimeout(done, 200));
    return answered;
  }, guess);
}

test("messages with a wrong nonce change nothing", async (t) => {
  const host = await open(t);
  const widget = await host.mount({ provider: "openai" });
  const { key } = tellingKey();
  await widget.field.fill(key);
  assert.deepEqual(await forge(widget, "0".repeat(32)), []);
  assert.equal(await widget.field.inputValue(), key);
  assert.deepEqual(host.values("onSuccess"), []);
  await widget.submit.click();
  await host.called("onSuccess");
});

test("a frame accepts one start message: a page can't take over a form in which somebody types", async (t) => {
  const host = await open(t);
  const widget = await host.mount({ provider: "openai" });
  const { key, tag } = tellingKey();
  await widget.field.fill(key);
  const answered = await forge(widget);
  assert.ok(longestPiece(tag, JSON.stringify(answered)) < 3);
  assert.deepEqual(answered, []);
  assert.equal(await widget.field.inputValue(), key);
  assert.deepEqual(host.values("onSuccess"), []);
});

/** A page that answers the frame before the widget does, with a token of its own. */
function comeFirst(stolen) {
  if (window.top !== window) return;
  addEventListener("message", ({ data, source }) => {
    if (data?.type !== "hello") return;
    const { port1, port2 } = new MessageChannel();
    const look = { locale: "en", dark: false, accentColor: "#635bff", variables: {}, links: {}, provider: "openai", exits: false, renews: false };
    port1.start();
    window.relayPort = port1;
    source.postMessage({ relay: 1, type: "start", nonce: data.nonce, token: stolen, look }, "*", [port2]);
  });
}

test("a page that puts its own token into the frame can't hide whose account the key would be for", async (t) => {
  const [mallory, victim] = [newUser(), newUser()];
  const host = await open(t);
  await host.page.evaluate(comeFirst, await token(mallory));
  const widget = await host.mount({ registrationToken: await token(victim), provider: "openai" });
  const words = widget.inner.locator("[data-part=account]");
  await words.getByText(`Connects to`).waitFor({ state: "attached" });
  const said = await words.textContent();
  assert.ok(said.includes(mallory) && !said.includes(victim), said);
});

test("a page that changes the account while somebody types gets an empty field", async (t) => {
  const [first, second] = [newUser(), newUser()];
  const host = await open(t);
  await host.page.evaluate(comeFirst, await token(first));
  const widget = await host.mount({ registrationToken: await token(newUser()), provider: "openai" });
  const words = widget.inner.locator("[data-part=account]");
  await words.getByText(first).waitFor({ state: "attached" });
  const field = widget.inner.locator("input[name=key]");
  await field.evaluate((input, key) => (input.value = key), keyFor("openai"));
  await host.page.evaluate((other) => relayPort.postMessage({ type: "token", token: other }), await token(second));
  await words.getByText(second).waitFor({ state: "attached" });
  assert.equal(await field.evaluate((input) => input.value), "");
});

/** Shows the frame, which the widget keeps back while the page speaks to it. The form must see that it is seen. */
async function uncover(widget) {
  await widget.iframe.evaluate((frame) => {
    frame.parentElement.removeAttribute("class");
    Object.defineProperty(frame.parentElement, "className", { set() {} });
    // In view, whatever the widget shows around it.
    frame.style.cssText += ";position:fixed;inset:0 auto auto 0;z-index:9;min-block-size:420px";
  });
  await widget.iframe.contentFrame().locator("button[type=submit]:not([aria-disabled])").waitFor({ state: "attached" });
}

/** A page that begins the frame with the victim's token, whose form is filled in. The page can hand over any token. */
async function filled(t, victim) {
  const host = await open(t);
  await host.page.evaluate(comeFirst, await token(victim));
  const widget = await host.mount({ registrationToken: await token(newUser()), provider: "openai" });
  const inner = widget.iframe.contentFrame();
  const words = inner.locator("[data-part=account]");
  await words.getByText(`Connects to Test app for ${victim}`, { exact: true }).waitFor({ state: "attached" });
  await uncover(widget);
  const key = keyFor("openai");
  const field = inner.locator("input[name=key]");
  await field.evaluate((input, text) => {
    input.value = text;
    input.dispatchEvent(new InputEvent("input", { inputType: "insertText" }));
  }, key);
  const hand = (...tokens) => host.page.evaluate((list) => list.forEach((one) => relayPort.postMessage({ type: "token", token: one })), tokens);
  // As the user does, whatever covers the frame.
  const submit = () => inner.locator("form").evaluate((form) => form.requestSubmit());
  return { host, inner, words, key, field, hand, submit };
}

for (const wait of [0, 200, 1_000]) {
  test(`a page that floods the frame with tokens and ends with another account's gets no key, ${wait} ms before Submit`, async (t) => {
    const [victim, mallory] = [newUser(), newUser()];
    const { host, inner, hand, submit, key, words, field } = await filled(t, victim);
    const own = await token(victim);
    await hand(...Array(400).fill(own), await token(mallory));
    await host.page.waitForTimeout(wait);
    await submit();
    // Whatever is under way comes to its end: the submit came before the tokens, or the form can be sent now.
    await inner.locator("[data-part=success], button[type=submit]:not([aria-disabled])").first().waitFor({ state: "attached" });
    assert.match(await words.textContent(), new RegExp(victim));
    const left = await field.inputValue();
    // A submit that came while the account was loading did nothing, and works now.
    if (!Object.keys(await connections(victim)).length) {
      assert.equal(left, key, "what was typed stays for the same account");
      await submit();
      await inner.locator("[data-part=success]").getByText(`for ${victim}.`).waitFor({ state: "attached" });
    }
    assert.deepEqual([(await connections(victim)).openai.last4, await connections(mallory)], [key.slice(-4), {}]);
    assert.ok(host.calls("GET").length <= 8, `${host.calls("GET").length} loads`);
  });
}

test("while the account of a token loads nothing can be submitted, and the form says so", async (t) => {
  const [victim, mallory] = [newUser(), newUser()];
  const { host, inner, hand, submit, words, field } = await filled(t, victim);
  const release = host.hold("GET");
  await hand(await token(mallory));
  const button = inner.locator("button[type=submit]");
  await until(async () => (await button.getAttribute("aria-disabled")) === "true", () => "Submit is on");
  assert.equal(await button.textContent(), "Checking the account…");
  assert.equal(await inner.locator("form [role=status]").textContent(), "Checking the account…");
  await submit();
  release();
  await words.getByText(mallory).waitFor({ state: "attached" });
  assert.equal(await field.inputValue(), "", "what was typed for another account is gone");
  assert.equal(await button.textContent(), `Connect for ${mallory}`);
  await submit();
  await inner.locator("[data-part=error][data-code=empty]").waitFor({ state: "attached" });
  assert.deepEqual([host.calls("POST").length, await connections(victim), await connections(mallory)], [0, {}, {}]);
});

test("another project with the same name and the same label gets an empty field", async (t) => {
  const victim = newUser();
  const { host, inner, hand, field, words, submit } = await filled(t, victim);
  await hand(await token(victim, {}, PROJECTS.linked));
  await until(async () => (await field.inputValue()) === "", () => "what was typed for another project stays");
  assert.match(await words.textContent(), new RegExp(`Connects to Test app for ${victim}`), "a person can't tell them apart");
  await submit();
  await inner.locator("[data-part=error][data-code=empty]").waitFor({ state: "attached" });
  assert.deepEqual([host.calls("POST").length, await connections(victim), await connections(victim, PROJECTS.linked)], [0, {}, {}]);
});
