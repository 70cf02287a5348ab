// The widget in a page: several, hidden, moved, updated, mounted twice, with wrong options; as an element and as a dialog.
import assert from "node:assert/strict";
import { test } from "node:test";

import { open, siteOrigin, until, useChromium } from "../lib/chromium.mjs";
import { leaveByEscape } from "../lib/host.mjs";
import { PROJECTS, RELAY, connections, keyFor, newUser, published, token } from "../lib/relay.mjs";

useChromium();

test("two widgets on one page are independent", async (t) => {
  const [ana, bo] = [newUser(), newUser()];
  const host = await open(t, { page: { body: '<div id="one"></div><div id="two"></div>' } });
  const one = await host.mount({ target: "#one", registrationToken: await token(ana) });
  const two = await host.mount({ target: "#two", registrationToken: await token(bo), theme: "dark", locale: "ko" });
  await one.pick("openai");
  await one.field.fill("sk-half-typed");
  // A field that loses the focus at once takes that for a theft (guard.test.mjs): within 2 s, as the mouse crosses its frame.
  await host.page.waitForTimeout(2_500);
  await two.connect("google", keyFor("google"));
  await one.send(keyFor("openai"));
  await one.screen("success");
  assert.deepEqual(Object.keys(await connections(ana)), ["openai"]);
  assert.deepEqual(Object.keys(await connections(bo)), ["google"]);
});

test("mounted in a hidden element, it works once the element is shown", async (t) => {
  const host = await open(t, { page: { body: '<div id="relay-widget" hidden></div>' } });
  const widget = await host.mount({ provider: "openai" });
  await host.called("onReady");
  await host.page.evaluate(() => (document.querySelector("#relay-widget").hidden = false));
  await widget.field.waitFor();
  await fitsItsFrame(widget);
  await widget.send(keyFor("openai"));
  await host.called("onSuccess");
});

test("mounted in a `<details>`, it works once that is opened", async (t) => {
  const host = await open(t, { page: { body: '<details><summary>Key</summary><div id="relay-widget"></div></details>' } });
  const widget = await host.mount({ provider: "openai" });
  await host.page.getByText("Key", { exact: true }).click();
  await widget.field.waitFor();
  await fitsItsFrame(widget);
  await widget.send(keyFor("openai"));
  await host.called("onSuccess");
});

async function fitsItsFrame(widget) {
  await until(() => widget.form.evaluate((form) => {
    const { scrollHeight, clientHeight } = form.ownerDocument.documentElement;
    return clientHeight > 60 && scrollHeight <= clientHeight;
  }), () => "the frame is as high as what is in it");
}

test("mounted twice on the same node, the second takes the first one's place", async (t) => {
  const user = newUser();
  const host = await open(t);
  const first = await host.mount();
  await first.pick("openai");
  const second = await host.mount({ registrationToken: await token(user) });
  await second.pick("google");
  assert.equal(await host.page.locator('#relay-widget [data-part="root"]').count(), 1);
  await second.send(keyFor("google"));
  await host.called("onSuccess");
  assert.equal(host.values("onSuccess").length, 1);
  assert.deepEqual(Object.keys(await connections(user)), ["google"]);
});

test("mounted, unmounted and mounted at once, as React's strict mode does, there is one widget", async (t) => {
  const host = await open(t);
  const registrationToken = await token();
  await host.page.evaluate((shown) => {
    Relay.mount("#relay-widget", { registrationToken: shown }).unmount();
    Relay.mount("#relay-widget", { registrationToken: shown });
  }, registrationToken);
  await host.widget().connect("openai", keyFor("openai"));
  assert.equal(await host.page.locator("iframe").count(), 1);
});

test("theme, accent and locale change while something is typed, and what was typed stays", async (t) => {
  const host = await open(t);
  const widget = await host.mount({ provider: "openai", theme: "light", locale: "en", accentColor: "#635bff" });
  await widget.field.fill("sk-half-typed");
  await host.handle("update", { theme: "dark", locale: "ko", accentColor: "#ff8800" });
  await widget.root.and(host.page.locator('[data-theme="dark"]')).waitFor();
  await widget.inner.locator("label").getByText("OpenAI API 키").waitFor();
  assert.equal(await widget.field.inputValue(), "sk-half-typed");
  await until(() => widget.submit.evaluate((button) => getComputedStyle(button).backgroundColor === "rgb(255, 136, 0)"));
  await widget.send(keyFor("openai"));
  await host.called("onSuccess");
});

test("callbacks can be changed by `update`", async (t) => {
  const host = await open(t);
  const widget = await host.mount();
  await widget.screen("choose");
  await host.page.evaluate(() => relayHandles["#relay-widget"].update({ onSuccess: (result) => relayCallback("other", result.provider) }));
  await widget.connect("openai", keyFor("openai"));
  assert.equal(await host.called("other"), "openai");
  assert.deepEqual(host.values("onSuccess"), []);
});

test("the theme `auto` follows the system, and changes with it", async (t) => {
  const host = await open(t, { context: { colorScheme: "dark" } });
  const widget = await host.mount({ theme: "auto" });
  await widget.screen("choose");
  assert.equal(await widget.root.getAttribute("data-theme"), "dark");
  await host.page.emulateMedia({ colorScheme: "light" });
  await widget.root.and(host.page.locator('[data-theme="light"]')).waitFor();
});

test("the language is the page's, if there are texts for it", async (t) => {
  const host = await open(t, { page: { html: 'lang="ko-KR"' } });
  const widget = await host.mount();
  await widget.screen("choose");
  assert.match(await widget.text(), /제공업체/);
});

test("callbacks that throw break nothing", async (t) => {
  const host = await open(t);
  host.expectsErrors = true;
  const widget = await host.mount({ throwing: true });
  await widget.connect("openai", keyFor("openai"));
  await host.called("onSuccess");
  await widget.button("Done").click();
  assert.deepEqual(await host.called("onExit"), { reason: "done" });
});

test("`Done` calls `onExit`", async (t) => {
  const host = await open(t);
  const widget = await host.mount();
  await widget.connect("openai", keyFor("openai"));
  await widget.button("Done").click();
  assert.deepEqual(await host.called("onExit"), { reason: "done" });
  assert.equal(host.values("onExit").length, 1);
});

test("a missing element is reported, and nothing is thrown", async (t) => {
  const host = await open(t);
  const options = { target: "#nowhere", registrationToken: await token() };
  await host.mount(options);
  const error = await host.called("onError");
  assert.ok(error.code && error.message.includes("#nowhere"), JSON.stringify(error));
  assert.equal((await host.called("notReady")).code, error.code);
  assert.ok(host.console.some((line) => line.includes("#nowhere")), "the console has it too");
});

test("an invalid selector is reported too", async (t) => {
  const host = await open(t);
  await host.mount({ target: "#1 >", registrationToken: await token() });
  assert.ok((await host.called("onError")).message);
});

for (const [what, bad] of [
  ["text", "not-a-token"],
  ["a Relay key", PROJECTS.app],
  ["a number", 7],
  ["nothing", undefined],
]) {
  test(`${what} in place of a token is reported and shown`, async (t) => {
    const host = await open(t);
    const widget = await host.mount({ registrationToken: bad });
    await widget.screen("problem");
    const error = await host.called("onError");
    assert.match(error.code, /registration_token|missing_token/);
    assert.ok(error.displayMessage && host.console.length > 0);
  });
}

for (const [option, bad] of [
  ["theme", "solarized"],
  ["locale", "tlh"],
  ["accentColor", "not-a-colour"],
  ["accentColor", "url(https://evil.example/x)"],
  ["layout", "sideways"],
  ["provider", "no-such-provider"],
  ["isolation", "none"],
  ["appearance", { variables: { fontSize: "900px" } }],
  ["appearance", { variables: { nonsense: "1" } }],
  ["links", { openai: "javascript:alert(1)" }],
]) {
  test(`${option} ${JSON.stringify(bad)} is reported, and the widget works`, async (t) => {
    const host = await open(t);
    const widget = await host.mount({ [option]: bad });
    const error = await host.called("onError");
    assert.ok(error.code && error.message.includes(option), JSON.stringify(error));
    assert.ok(host.console.some((line) => line.includes(option)), "the console has it too");
    await widget.connect("openai", keyFor("openai"));
    await host.called("onSuccess");
  });
}

test("options that are not an object, and unknown ones, do not break the page", async (t) => {
  const host = await open(t);
  host.expectsErrors = true;
  const ended = await host.page.evaluate(() => {
    for (const options of [undefined, null, "text", 7, []]) {
      try {
        Relay.mount("#relay-widget", options).ready.catch(() => {});
      } catch (error) {
        return String(error);
      }
    }
    return "mounted";
  });
  assert.equal(ended, "mounted");
  await host.widget().screen("problem");
});

test("`<relay-connect>` mounts from HTML alone and fires events", async (t) => {
  const user = newUser();
  const body = `<relay-connect token="${await token(user)}" theme="dark" accent-color="#0a7" locale="en"></relay-connect>`;
  const listening = () => {
    for (const name of ["ready", "success", "error", "exit", "event"]) {
      addEventListener(`relay-${name}`, (event) => relayCallback(`relay-${name}`, { detail: event.detail ?? null, bubbles: event.bubbles }), true);
    }
  };
  const host = await open(t, { page: { body }, init: listening });
  const widget = host.widget("relay-connect");
  await widget.screen("choose");
  assert.equal(await widget.root.getAttribute("data-theme"), "dark");
  await widget.connect("openai", keyFor("openai"));
  assert.equal((await host.called("relay-success")).detail.provider, "openai");
  await host.called("relay-ready");
  assert.ok((await connections(user)).openai);
  await host.page.evaluate(() => document.querySelector("relay-connect").setAttribute("theme", "light"));
  await widget.root.and(host.page.locator('[data-theme="light"]')).waitFor();
  await host.page.evaluate(() => document.querySelector("relay-connect").remove());
  assert.equal(await host.page.locator("iframe").count(), 0);
});

test("`<relay-connect>` works if it gets its token later", async (t) => {
  const host = await open(t, { page: { body: "<main></main>" } });
  await host.page.evaluate((late) => {
    const element = document.createElement("relay-connect");
    document.querySelector("main").append(element);
    element.setAttribute("token", late);
  }, await token());
  const widget = host.widget("relay-connect");
  await widget.connect("google", keyFor("google"));
});

test("the dialog opens at once, keeps the focus, closes with Esc and gives the focus back", async (t) => {
  const host = await open(t, { page: { body: '<button id="opener">Connect</button><div id="relay-widget"></div>' } });
  await host.page.locator("#opener").focus();
  const widget = await host.mount({ layout: "modal", provider: "openai" });
  await widget.field.waitFor();
  const dialog = host.page.getByRole("dialog");
  assert.ok(await dialog.isVisible());
  assert.ok(await dialog.evaluate((shown) => shown.getAttribute("aria-label") || shown.getAttribute("aria-labelledby")), "it has a name");
  await widget.field.click();
  leaveByEscape(host.page);
  assert.deepEqual(await host.called("onExit"), { reason: "cancelled" });
  await until(async () => !(await dialog.isVisible()));
  assert.equal(await host.page.evaluate(() => document.activeElement.id), "opener");
});

test("only `Relay` becomes global, and only Relay's files are requested", async (t) => {
  const host = await open(t, { page: { script: "" } });
  const before = await host.page.evaluate(() => Object.getOwnPropertyNames(window));
  const { url, integrity } = await published();
  const script = new URL(url).pathname;
  const base = (await token()) && process.env.RELAY_BASE_URL;
  await host.page.evaluate(([src, hash]) => new Promise((done, failed) => {
    const element = Object.assign(document.createElement("script"), { src, integrity: hash, crossOrigin: "anonymous", onload: done, onerror: failed });
    document.head.append(element);
  }), [base + script, integrity]);
  const after = await host.page.evaluate(() => Object.getOwnPropertyNames(window));
  assert.deepEqual(after.filter((name) => !before.includes(name)), ["Relay"]);
  const widget = await host.mount();
  await widget.connect("openai", keyFor("openai"));
  const asked = new Set(host.requests.map((request) => new URL(request.url()).origin));
  assert.deepEqual([...asked].sort(), [base, siteOrigin()].sort());
});

test("a script that was changed is not run: its hash is checked", async (t) => {
  const host = await open(t, { page: { script: "" } });
  const { url, integrity } = await published();
  const src = process.env.RELAY_BASE_URL + new URL(url).pathname;
  await host.context.route(src, async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, body: `${await response.text()};window.evil = 1` });
  });
  const ran = await host.page.evaluate(([from, hash]) => new Promise((done) => {
    const element = Object.assign(document.createElement("script"), { src: from, integrity: hash, crossOrigin: "anonymous" });
    element.onload = () => done(true);
    element.onerror = () => done(false);
    document.head.append(element);
  }), [src, integrity]);
  assert.equal(ran, false);
  assert.equal(await host.page.evaluate(() => "evil" in window || "Relay" in window), false);
});

test("a project that requires the frame refuses the shadow mode", async (t) => {
  const frameOnly = await token(newUser(), {}, PROJECTS.frameOnly);
  const host = await open(t);
  const widget = await host.mount({ registrationToken: frameOnly, isolation: "shadow" });
  await host.failedWith("frame_required");
  await widget.problemIs("frame_required");
  assert.equal(host.calls("POST").length, 0, "no key was asked for");
});

test("a project that requires the frame accepts keys in the frame", async (t) => {
  const host = await open(t);
  const widget = await host.mount({ registrationToken: await token(newUser(), {}, PROJECTS.frameOnly) });
  await widget.connect("openai", keyFor("openai"));
});

test("`<relay-connect>` has no `Done`, since the page would not react to it", async (t) => {
  const host = await open(t, { page: { body: `<relay-connect token="${await token()}"></relay-connect>` } });
  const widget = host.widget("relay-connect");
  await widget.connect("openai", keyFor("openai"));
  await widget.success.waitFor();
  assert.equal(await widget.inner.getByRole("button").count(), 0);
});

test("`<relay-connect>` starts with a `fetchToken` that it is given later", async (t) => {
  const user = newUser();
  const host = await open(t, { page: { body: "<relay-connect></relay-connect>" } });
  const widget = host.widget("relay-connect");
  await widget.screen("loading");
  await host.page.evaluate((late) => void (document.querySelector("relay-connect").fetchToken = async () => late), await token(user));
  await widget.connect("openai", keyFor("openai"));
  assert.ok((await connections(user)).openai);
});

test("moved in the page, the frame reloads in the same look, and works", async (t) => {
  const host = await open(t);
  const widget = await host.mount({ provider: "openai", theme: "light", locale: "en" });
  await widget.field.waitFor();
  await host.handle("update", { theme: "dark", locale: "ko" });
  await widget.inner.locator('html[lang="ko"]').waitFor();
  await widget.field.fill("sk-half-typed");
  await host.page.evaluate(() => document.body.appendChild(document.createElement("section")).append(document.querySelector("#relay-widget")));
  await until(async () => (await widget.field.inputValue()) === "", () => "the frame does not reload");
  await widget.inner.locator('html[lang="ko"] [data-part="root"][data-theme="dark"]').waitFor();
  await widget.inner.locator("label").getByText("OpenAI API 키").waitFor();
  await widget.send(keyFor("openai"));
  await host.called("onSuccess");
});

test("additions of other scripts to `Object.prototype` are not options", async (t) => {
  const host = await open(t);
  await host.page.evaluate(() => void (Object.prototype.baseURL = "http://127.0.0.1:1"));
  const widget = await host.mount({ provider: "openai" });
  await widget.field.waitFor();
  assert.equal(new URL(await widget.iframe.getAttribute("src")).origin, RELAY);
  await host.handle("update", { theme: "dark" });
  await widget.send(keyFor("openai"));
  await host.called("onSuccess");
});

test("loaded as a module, the widget finds Relay", async (t) => {
  const host = await open(t, { page: { script: `<script type="module" src="${RELAY}/widget.js"></script>` } });
  const widget = await host.mount();
  await widget.connect("openai", keyFor("openai"));
});

test("a script without a known address needs `baseURL`", async (t) => {
  const host = await open(t, { page: { script: "" } });
  await host.page.addScriptTag({ content: await (await fetch(`${RELAY}/widget.js`)).text() });
  const widget = await host.mount();
  await widget.problemIs("missing_base_url");
  assert.match((await host.failedWith("missing_base_url")).message, /baseURL/);
  await host.handle("unmount");
  await (await host.mount({ baseURL: RELAY })).connect("openai", keyFor("openai"));
});

test("an element with the id `Relay` does no harm", async (t) => {
  const host = await open(t, { page: { body: '<div id="Relay"></div><div id="relay-widget"></div>' } });
  const widget = await host.mount();
  await widget.connect("openai", keyFor("openai"));
});
