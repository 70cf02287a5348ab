// `/connect`: the page for links, e-mails and native apps.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { accessibility, fits } from "../lib/checks.mjs";
import { inProfile, insecureOrigin, newPage, open, siteOrigin, until, useChromium } from "../lib/chromium.mjs";
import { PROJECTS, RELAY, RETURN_URLS, connections, grant, keyFor, newUser, secretsIn, token } from "../lib/relay.mjs";

useChromium();

/** Opens the hosted page of a token, as a link does, and says that the account is the right one. */
async function follow(t, { query = {}, user = newUser(), wishes = {}, project = PROJECTS.app, asked = true, ...settings } = {}) {
  const host = await open(t, { goto: false, ...settings });
  const { connectUrl } = await grant(user, wishes, project);
  const url = new URL(connectUrl);
  assert.equal(url.origin, RELAY);
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  await host.page.goto(url.href);
  if (asked) await proceed(host.page);
  return { host, widget: host.widget("#root"), user, url };
}

/** Waits for the card that says how it ended. */
const ended = (page, how) => page.locator(`[data-part="end"][data-how="${how}"]`).waitFor();

/** What the tab keeps. */
const kept = (page) => page.evaluate(() => JSON.stringify({ ...sessionStorage }));

const proceed = (page) => page.locator("#ask .primary").click();

/** The apps that may surround the page. Records the messages of each. */
function bridges() {
  const note = (name) => (message) => window.relayCallback(name, message);
  window.ReactNativeWebView = { postMessage: note("reactNative") };
  window.webkit = { messageHandlers: { relay: { postMessage: note("ios") } } };
  window.RelayAndroid = { onEvent: note("android") };
}

test("a link is all that a user needs", async (t) => {
  const { host, widget, user } = await follow(t);
  await widget.connect("openai", keyFor("openai"));
  assert.ok((await connections(user)).openai);
  await until(async () => /OpenAI is connected/.test(await host.page.title()), () => "the title does not say how it ended");
});

test("the token is gone from the address bar and the history", async (t) => {
  const { host, widget } = await follow(t);
  await widget.screen("choose");
  // The rest of the link stays, for a page that the browser reloads.
  assert.match(host.page.url(), new RegExp(`^${RELAY}/connect\\?grant=[0-9a-f]{64}$`));
  assert.doesNotMatch(await host.page.evaluate(() => location.href + document.referrer + JSON.stringify(history.state)), /rrt-|#/);
});

test("a reloaded page goes on where it was, before and after the question", async (t) => {
  const { host, widget, user } = await follow(t, { asked: false });
  await host.page.locator("#ask").waitFor();
  await host.page.reload();
  await proceed(host.page);
  await widget.screen("choose");
  await host.page.reload();
  await widget.connect("openai", keyFor("openai"));
  assert.ok((await connections(user)).openai);
  assert.equal(await host.page.locator("#ask").count(), 0);
});

test("a link is good for one opening: once the user has continued, its token opens nothing", async (t) => {
  const { host, widget, user, url } = await follow(t);
  await widget.screen("choose");
  const linked = url.hash.slice(1);
  const call = (method, body) => fetch(`${RELAY}/v1/registration`, {
    method, headers: { authorization: `Bearer ${linked}`, "content-type": "application/json" }, body: body && JSON.stringify(body),
  });
  assert.deepEqual([(await call("GET")).status, (await call("POST", { provider: "openai", apiKey: keyFor("openai") })).status], [401, 401]);
  assert.deepEqual(await connections(user), {}, "it was not spent");
  // Elsewhere the link is dead. In this tab it goes on.
  const other = await open(t, { goto: false });
  await other.page.goto(url.href);
  await ended(other.page, "dead");
  await host.page.goto("about:blank");
  await host.page.goto(url.href);
  await widget.connect("openai", keyFor("openai"));
  assert.ok((await connections(user)).openai);
  assert.doesNotMatch(await kept(host.page), /rrt-/, "a stored key ends it");
});

test("before anything is typed the page asks whose account it is, and names where the user came from", async (t) => {
  const user = newUser();
  const host = await open(t);
  const { connectUrl } = await grant(user, {}, PROJECTS.linked);
  await host.page.evaluate((href) => document.body.append(Object.assign(document.createElement("a"), { href, textContent: "go" })), connectUrl);
  await host.page.locator("a").click();
  const card = host.page.locator("#ask");
  await card.waitFor();
  const said = await card.innerText();
  for (const words of [`connect your key to ${user} at ${(await card.locator("bdi").allInnerTexts())[1]}`, `You came here from ${siteOrigin()}.`, "Continue only if you came from", `Continue as ${user}`]) {
    assert.ok(said.includes(words), `${words}: ${said}`);
  }
  assert.equal(await host.page.locator("iframe, input").count(), 0, "there is no form yet");
  assert.equal(host.calls("POST").length, 0, "looking at the question changes nothing");
  assert.deepEqual(await accessibility(host.widget("#root"), "html"), []);
  await card.getByRole("button", { name: "This is not my account" }).click();
  await host.page.getByText("You can close this page.").waitFor();
  assert.equal(await host.page.evaluate(() => sessionStorage.length), 0);
  assert.deepEqual(await connections(user, PROJECTS.linked), {});
});

/** All registration tokens in a file, in either encoding of a browser. */
function tokensIn(path) {
  const bytes = readFileSync(path);
  const texts = [bytes.toString("latin1"), bytes.toString("utf16le"), bytes.subarray(1).toString("utf16le")];
  return texts.flatMap((text) => text.match(/rrt-[0-9A-Za-z]{49}/g) ?? []);
}

/** The tokens that a browser's profile holds on the disk, by file. */
const tokensOnDisk = (folder) => readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  .flatMap((entry) => tokensIn(join(entry.parentPath ?? entry.path, entry.name)).map((token) => ({ file: join(entry.parentPath ?? entry.path, entry.name).slice(folder.length), token })));

/** The key frame. The shadow root around it is closed here. */
async function formIn(page) {
  const found = () => page.frames().find((frame) => frame.url().startsWith(`${RELAY}/frame`));
  await until(found, () => "no frame");
  return found();
}

test("what the browser's history keeps of a link opens nothing", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "relay-profile-"));
  t.after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  const user = newUser();
  const { connectUrl, registrationToken: linked } = await grant(user, { provider: "openai" });
  const usable = async (token) => (await fetch(`${RELAY}/v1/registration`, { headers: { authorization: `Bearer ${token}` } })).status === 200;
  await inProfile(folder, async (page) => {
    await page.goto(connectUrl);
    await proceed(page);
    await formIn(page);
  });
  const left = tokensOnDisk(folder);
  assert.ok(left.some(({ file, token }) => file.endsWith("History") && token === linked), "Chromium keeps the whole link");
  for (const { file, token } of left) {
    if (/History|Sessions|Favicons|Top Sites|Network/.test(file)) assert.equal(await usable(token), false, file);
  }
  // A key that is stored ends the tab's own token as well.
  await inProfile(folder, async (page) => {
    await page.goto((await grant(user, { provider: "openai" })).connectUrl);
    await proceed(page);
    const frame = await formIn(page);
    await frame.locator('input[name="key"]').fill(keyFor("openai"));
    await frame.locator('button[type="submit"]').click();
    await frame.locator('[data-part="success"]').waitFor();
  });
  const after = new Set(tokensOnDisk(folder).map(({ token }) => token).filter((token) => !left.some((known) => known.token === token)));
  assert.ok(after.size >= 1);
  for (const token of after) assert.equal(await usable(token), false);
});

test("a link from a message says that nobody knows where it comes from", async (t) => {
  const { host } = await follow(t, { asked: false });
  await host.page.getByText("Relay can't tell which page or message sent you here.").waitFor();
});

for (const again of ["reloaded", "pressed", "pressed again"]) test(`a lost answer to the exchange does no harm (${again})`, async (t) => {
  const { host, widget, user } = await follow(t, { asked: false });
  await host.page.locator("#ask").waitFor();
  const stop = host.answer("POST", async (route) => {
    await route.fetch();
    await route.abort("connectionreset");
  }, "/v1/registration/exchange");
  await proceed(host.page);
  await host.page.getByText("Relay can't be reached.").waitFor();
  if (again === "pressed again") await proceed(host.page);
  stop();
  if (again === "reloaded") await host.page.reload();
  else await proceed(host.page);
  await widget.connect("openai", keyFor("openai"));
  assert.ok((await connections(user)).openai);
});

test("its look and language come with the link", async (t) => {
  const { host, widget } = await follow(t, { query: { theme: "dark", locale: "ko", accent: "#00aa77" } });
  await widget.screen("choose");
  assert.equal(await widget.root.getAttribute("data-theme"), "dark");
  assert.equal(await host.page.evaluate(() => document.documentElement.lang), "ko");
  assert.match(await host.page.title(), /AI 키/);
});

for (const theme of ["light", "dark"]) {
  for (const locale of ["en", "ko"]) {
    test(`it is accessible and fits a phone (${theme}, ${locale})`, async (t) => {
      const { host, widget } = await follow(t, { query: { theme, locale }, context: { viewport: { width: 320, height: 640 } } });
      await widget.pick("openai");
      assert.deepEqual(await accessibility(widget, "html"), []);
      await until(async () => (await fits(widget)).length === 0, () => "it does not fit");
      const [page, card] = await Promise.all([host.page.locator("html"), widget.root].map((part) => part.evaluate((element) => getComputedStyle(element).backgroundColor)));
      assert.notEqual(page, card, "the card stands out from the page");
    });
  }
}

test("invalid options in a link change nothing else", async (t) => {
  const { widget } = await follow(t, { query: { theme: "<script>", locale: "\"'", accent: "url(x)", origin: "javascript:alert(1)", return_url: "data:text/html,x" } });
  await widget.screen("choose", "problem");
});

test("each surrounding app gets messages, with ids and states only", async (t) => {
  const { host, widget } = await follow(t, { init: bridges, query: { state: "s-1" } });
  await widget.connect("openai", keyFor("openai"));
  for (const app of ["reactNative", "ios", "android"]) {
    await until(() => host.values(app).some((message) => JSON.parse(message).type === "relay-success"), () => `${app}: ${host.values(app)}`);
    const messages = host.values(app).map((message) => JSON.parse(message));
    assert.ok(messages.every((message) => message.state === "s-1" || message.type === "relay-success"), JSON.stringify(messages));
    assert.equal(messages.find((message) => message.type === "relay-success").provider, "openai");
    assert.ok(messages.some((message) => message.type === "relay-ready"));
    assert.deepEqual(secretsIn(JSON.stringify(messages)), []);
  }
});

test("a failing bridge of an app breaks nothing", async (t) => {
  const broken = () => {
    window.ReactNativeWebView = { postMessage() { throw new Error("gone"); } };
  };
  const { widget, user } = await follow(t, { init: broken });
  await widget.connect("openai", keyFor("openai"));
  assert.ok((await connections(user)).openai);
});

/** Records the messages to the app's page, without those between Relay's own frames. */
function noting() {
  if (location.hostname === "localhost") addEventListener("message", (event) => window.relayCallback("message", { origin: event.origin, data: event.data }));
}

/** A page that opens the hosted page in a window, and keeps hold of it as well as it can. */
async function popUp(t, user, query = {}, project = PROJECTS.app) {
  const host = await open(t, { init: noting });
  const url = new URL((await grant(user, {}, project)).connectUrl);
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  const opened = host.context.waitForEvent("page");
  await host.page.evaluate((address) => void (window.popup = window.open(address, "relay", "popup")), url.href);
  const popup = await opened;
  await popup.locator("#ask").waitFor();
  return { host, popup };
}

test("a page that opens it in a window can't navigate it, read it, or hear from it", async (t) => {
  const user = newUser();
  const { host, popup } = await popUp(t, user, { origin: siteOrigin() });
  await proceed(popup);
  await popup.getByRole("radio", { name: "OpenAI" }).click({ force: true });
  const frame = popup.frameLocator('[data-part="frame"]');
  await frame.locator('input[name="key"]').fill(keyFor("openai"));
  const elsewhere = newPage({ script: "" });
  assert.deepEqual(await host.page.evaluate((address) => {
    const { popup } = window;
    const before = [popup.closed, popup.length];
    popup.location = address;
    popup.postMessage("x", "*");
    popup.close();
    return before;
  }, elsewhere), [true, 0]);
  // By its name, too.
  await host.page.evaluate((address) => void window.open(address, "relay"), elsewhere);
  await host.page.waitForTimeout(500);
  assert.ok(popup.url().startsWith(`${RELAY}/connect?`), popup.url());
  assert.equal(await popup.evaluate(() => window.opener), null);
  await frame.locator('button[type="submit"]').click();
  await frame.getByRole("button", { name: "Done" }).waitFor();
  assert.deepEqual(host.values("message"), []);
  const closed = popup.waitForEvent("close");
  await frame.getByRole("button", { name: "Done" }).click();
  await closed;
  assert.ok((await connections(user)).openai);
});

/** The code of docs/widget.md, "No hold on it", which asks the app's own backend. */
const polling = () => new Promise((done) => {
  const timer = setInterval(async () => {
    const { connected } = await (await fetch("/api/ai-key")).json();
    if (!connected) return;
    clearInterval(timer);
    done(window.popup && window.popup.closed);
  }, 200);
});

for (const [policy, features] of [["same-origin", "popup"], ["same-origin-allow-popups", "popup"], ["unsafe-none", "popup"], ["unsafe-none", "popup,noopener"]]) {
  test(`a page whose opener policy is ${policy} learns from its backend when the user is done (${features})`, async (t) => {
    const user = newUser();
    const host = await open(t, { init: noting, page: { headers: { "cross-origin-opener-policy": policy } } });
    await host.context.route(`${siteOrigin()}/api/ai-key`, async (route) => route.fulfill({ json: { connected: !!(await connections(user)).openai } }));
    const { connectUrl } = await grant(user, { provider: "openai" });
    const opened = host.context.waitForEvent("page");
    await host.page.evaluate(([url, how]) => void (window.popup = window.open(url, "_blank", how)), [`${connectUrl.replace("#", `&origin=${encodeURIComponent(siteOrigin())}#`)}`, features]);
    const popup = await opened;
    const told = popup.waitForEvent("console", (message) => message.text().includes("[Relay] no message reaches the page that opened this window"));
    const done = host.page.evaluate(polling);
    await proceed(popup);
    await told;
    const frame = popup.frameLocator('[data-part="frame"]');
    await frame.locator('input[name="key"]').fill(keyFor("openai"));
    await frame.locator('button[type="submit"]:not([aria-disabled])').click();
    await frame.getByRole("button", { name: "Done" }).waitFor();
    assert.equal(await done, features === "popup" ? true : null, "the window counts as closed all the time");
    assert.deepEqual(host.values("message"), [], "no message reaches the opener");
    const closed = popup.waitForEvent("close");
    await frame.getByRole("button", { name: "Done" }).click();
    await closed;
  });
}

for (const policy of ["same-origin", "same-origin-allow-popups", "unsafe-none"]) {
  test(`a page whose opener policy is ${policy} may send its user there and back in the same tab`, async (t) => {
    const { host, widget, user } = await follow(t, {
      project: PROJECTS.linked, query: { return_url: RETURN_URLS.web }, wishes: { provider: "openai" }, asked: false,
    });
    host.others.push("https://app.example");
    await host.context.route("https://app.example/**", (route) =>
      route.fulfill({ contentType: "text/html", headers: { "cross-origin-opener-policy": policy }, body: "<title>Back</title>" }));
    await proceed(host.page);
    await widget.send(keyFor("openai"));
    await widget.button(/^Back to/).click();
    await host.page.waitForURL("https://app.example/done?status=connected&provider=openai");
    assert.equal(await host.page.title(), "Back");
    assert.ok((await connections(user, PROJECTS.linked)).openai);
  });
}

test("a page that frames it gets messages, if the token is for that page", async (t) => {
  const host = await open(t, { init: noting });
  const user = newUser();
  const url = new URL((await grant(user, { allowedOrigins: [siteOrigin()] })).connectUrl);
  url.searchParams.set("origin", siteOrigin());
  await host.page.evaluate((src) => document.body.append(Object.assign(document.createElement("iframe"), { src, id: "hosted", width: 500, height: 700 })), url.href);
  const hosted = host.page.frameLocator("#hosted");
  await hosted.getByRole("radio", { name: "OpenAI" }).click({ force: true });
  const frame = hosted.frameLocator('[data-part="frame"]');
  await frame.locator('input[name="key"]').fill(keyFor("openai"));
  await frame.locator('button[type="submit"]').scrollIntoViewIfNeeded();
  await host.page.waitForTimeout(500);
  await frame.locator('button[type="submit"]:not([aria-disabled])').waitFor();
  await frame.locator('button[type="submit"]').click();
  await until(() => host.values("message").some(({ data }) => data?.type === "relay-success"), () => JSON.stringify(host.values("message")));
  assert.ok((await connections(user)).openai);
});

test("a page that the token does not name can't frame it", async (t) => {
  const host = await open(t);
  const url = (await grant(newUser(), { allowedOrigins: ["https://app.example"] })).connectUrl;
  const refused = host.context.waitForEvent("requestfailed", (request) => request.url().includes("/connect"));
  await host.page.evaluate((src) => document.body.append(Object.assign(document.createElement("iframe"), { src })), url);
  await refused;
});

/** Frames the hosted page of one token with the grant of another one, from a page at `url`. */
async function frameWith(host, { connectUrl }, grantId) {
  const url = new URL(connectUrl);
  if (grantId) url.searchParams.set("grant", grantId);
  else url.searchParams.delete("grant");
  await host.page.evaluate((src) => document.body.append(Object.assign(document.createElement("iframe"), { src, id: "hosted" })), url.href);
  return host.page.frameLocator("#hosted");
}

const grantIn = ({ connectUrl }) => new URL(connectUrl).searchParams.get("grant");
const LOCKED = { allowedOrigins: ["https://app.example"] };

for (const [what, wishes] of [["for any page", {}], ["for the app's pages", LOCKED]]) {
  test(`a token ${what} can't be framed with another token's grant`, async (t) => {
    const host = await open(t);
    const hosted = await frameWith(host, await grant(newUser(), wishes), grantIn(await grant()));
    await hosted.getByText("Keys can't be connected on this page.").waitFor();
    assert.equal(await hosted.locator('[data-part="root"], iframe').count(), 0);
    assert.deepEqual(host.calls("GET"), []);
    assert.ok(host.console.some((line) => line.includes("frame_blocked")));
  });
}

test("a page that is not secure can't frame it past the token's origins either", async (t) => {
  const host = await open(t, { goto: false });
  host.others.push(insecureOrigin());
  await host.page.goto(newPage({ script: "" }).replace(siteOrigin(), insecureOrigin()));
  assert.equal(await host.page.evaluate(() => isSecureContext), false);
  const hosted = await frameWith(host, await grant(newUser(), LOCKED), grantIn(await grant()));
  await hosted.getByText("Keys can't be connected on this page.").waitFor();
  assert.equal(await hosted.locator('[data-part="root"], iframe').count(), 0);
  assert.deepEqual(host.calls("GET"), []);
});

test("without a grant nobody can frame it", async (t) => {
  const host = await open(t);
  const refused = host.context.waitForEvent("requestfailed", (request) => request.url().includes("/connect"));
  await frameWith(host, await grant(), "");
  await refused;
  assert.deepEqual(host.calls("GET"), []);
});

/** Pretends to be the app's site, so that nothing leaves this machine. */
async function pretend(host) {
  host.others.push("https://app.example");
  await host.context.route("https://app.example/**", (route) => route.fulfill({ contentType: "text/html", body: "<title>Back</title>" }));
}

test("`return_url` redirects back, with a state and the status, and no secret", async (t) => {
  const { host, widget } = await follow(t, { project: PROJECTS.linked, query: { return_url: RETURN_URLS.web, state: "a b&c" } });
  await pretend(host);
  await widget.connect("google", keyFor("google"));
  await widget.button(/^Back to/).click();
  await host.page.waitForURL("https://app.example/**");
  const url = new URL(host.page.url());
  assert.equal(url.origin + url.pathname, RETURN_URLS.web);
  assert.deepEqual(Object.fromEntries(url.searchParams), { status: "connected", provider: "google", state: "a b&c" });
});

test("`return_url` may be an app's own scheme", async (t) => {
  const { host, widget } = await follow(t, { project: PROJECTS.linked, query: { return_url: RETURN_URLS.native } });
  const left = new Promise((done) => {
    host.page.on("framenavigated", done);
    host.page.on("requestfailed", (request) => request.url().startsWith("exampleapp:") && done());
    host.page.on("request", (request) => request.url().startsWith("exampleapp:") && done());
    host.page.on("console", (message) => message.text().includes("exampleapp://connected") && done());
  });
  await widget.connect("google", keyFor("google"));
  await widget.button(/^Back to/).click();
  await left;
  host.others.push("null");
});

for (const elsewhere of ["https://evil.example/", `${RETURN_URLS.web}/more`, "https://app.example/done?x", "javascript:alert(1)", "data:text/html,x", "//app.example/done"]) {
  test(`\`return_url\` ${elsewhere} is not followed`, async (t) => {
    const { host, widget } = await follow(t, { project: PROJECTS.linked, query: { return_url: elsewhere } });
    await widget.connect("google", keyFor("google"));
    assert.equal(await widget.button(/^Back to/).count(), 0);
    assert.equal(await widget.inner.locator("a").count(), 0);
    await widget.button("Done").click().catch(() => {});
    assert.ok(host.page.isClosed() || host.page.url().startsWith(`${RELAY}/connect?`));
    assert.ok(host.console.some((line) => line.includes("return_url_not_allowed")));
  });
}

test("a truncated link is a problem that the user understands", async (t) => {
  const host = await open(t, { goto: false });
  await host.page.goto(`${RELAY}/connect`);
  await ended(host.page, "dead");
  assert.match(await host.page.locator("#root").innerText(), /Go back to the app/);
});

test("a token for pages of an app works from Relay's own page too", async (t) => {
  const { widget, user } = await follow(t, { wishes: { allowedOrigins: ["https://app.example"] } });
  await widget.connect("openai", keyFor("openai"));
  assert.ok((await connections(user)).openai);
});

test("the hosted page stores no cookie and no other data", async (t) => {
  const { host, widget } = await follow(t);
  await widget.connect("openai", keyFor("openai"));
  assert.deepEqual(await host.context.cookies(), []);
  assert.equal(await host.page.evaluate(() => localStorage.length), 0);
  assert.deepEqual(secretsIn(await kept(host.page)), [], "how it ended is no secret");
  assert.ok(await token());
});
