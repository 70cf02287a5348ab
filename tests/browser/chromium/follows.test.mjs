// The widget follows what happens around it: tokens that come late, pages that take it out, keys that leave, hosts of any layout.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { test } from "node:test";

import { open, until, useChromium } from "../lib/chromium.mjs";
import { RELAY, connect, connections, keyFor, newUser, token } from "../lib/relay.mjs";

useChromium();

const isReady = (host) => host.page.evaluate(() => Promise.race([
  window.relayHandles["#relay-widget"].ready.then(() => "ready", (error) => error.code),
  new Promise((done) => setTimeout(done, 50, "waiting")),
]));

test("without a token yet the widget loads, and goes on when it comes", async (t) => {
  const host = await open(t);
  const widget = await host.mount({ registrationToken: undefined });
  await widget.screen("loading");
  assert.equal(await isReady(host), "waiting");
  assert.deepEqual(host.values("onError"), []);
  await host.handle("update", { registrationToken: await token() });
  await widget.screen("choose");
  assert.equal(await isReady(host), "ready");
  assert.deepEqual(host.values("onError"), []);
});

test("when Relay is down and the user tries again, `ready` follows", async (t) => {
  const host = await open(t);
  const stop = host.answer("GET", (route) => route.abort("connectionrefused"));
  const widget = await host.mount();
  await widget.problemIs("relay_unreachable");
  assert.equal(await isReady(host), "relay_unreachable");
  stop();
  await widget.outer("Try again").click();
  await widget.screen("choose");
  assert.equal(await isReady(host), "ready");
  await host.called("onReady");
  await host.handle("update", { registrationToken: "rrt-none" });
  await widget.problemIs("invalid_registration_token");
  assert.equal(await isReady(host), "invalid_registration_token");
});

test("a key as the list shows it, and a sign-in of a subscription, are told before anything is sent", async (t) => {
  const host = await open(t);
  const widget = await host.mount({ provider: "anthropic" });
  for (const [pasted, code] of [["sk-ant-api03-R2D...igAA", "provider_key_masked"], ["sk-ant-oat01-abcdefghijklmnop", "subscription_token"]]) {
    await widget.field.fill("");
    await widget.paste(pasted);
    await widget.errorIs(code);
    await widget.ready();
    await widget.submit.click();
    await widget.errorIs(code);
  }
  assert.equal(host.calls("POST").length, 0);
  assert.ok((await widget.error.innerText()).includes("Anthropic's terms"));
});

test("the field has at least 16 px on a touch device, whatever the font size", async (t) => {
  const host = await open(t, { context: { hasTouch: true, isMobile: true, viewport: { width: 390, height: 844 } } });
  for (const fontSize of ["12px", "15px", "24px"]) {
    const widget = await host.mount({ provider: "anthropic", appearance: { variables: { fontSize } } });
    await widget.field.waitFor();
    await widget.inner.locator(`[data-part="root"]`).waitFor();
    const sizes = await widget.inner.locator("input").evaluateAll((fields) => fields.map((field) => parseFloat(getComputedStyle(field).fontSize)));
    assert.ok(sizes.length > 1 && sizes.every((size) => size >= 16), `${fontSize}: ${sizes}`);
  }
});

for (const [what, style] of [
  ["a centring flex box", "display:flex;justify-content:center"],
  ["a centring grid", "display:grid;place-items:center"],
  ["a fixed box that is moved", "position:fixed;left:50%;top:10px;transform:translateX(-50%)"],
  ["a box as wide as its content", "display:inline-block"],
  ["a floating box", "float:left"],
  ["a column of boxes", "display:flex;flex-direction:column;align-items:center"],
]) {
  test(`in ${what} the width stays the same`, async (t) => {
    const user = newUser();
    await connect(user, "openai");
    const host = await open(t, { page: { head: "<style>body{margin:0}</style>", body: `<div style="${style}"><div id="relay-widget"></div></div>` } });
    for (const width of [640, 300]) {
      await host.page.setViewportSize({ width, height: 900 });
      const release = host.hold("GET");
      const widget = await host.mount({ registrationToken: await token(user) });
      await widget.screen("loading");
      const widths = [(await widget.root.boundingBox()).width];
      release();
      host.rules.length = 0;
      await widget.screen("choose");
      widths.push((await widget.root.boundingBox()).width);
      await widget.pick("anthropic");
      widths.push((await widget.root.boundingBox()).width);
      assert.ok(Math.max(...widths) - Math.min(...widths) < 1, `${width}: ${widths}`);
      assert.ok(widths[0] <= Math.min(width, 440) && (width < 440 || style.includes("translate") || widths[0] === 440), `${width}: ${widths}`);
      assert.ok(widths[0] >= 140, `${width}: ${widths}`);
    }
  });
}

test("Esc in the widget is told to the page, and the widget stays", async (t) => {
  const host = await open(t);
  const widget = await host.mount();
  await widget.pick("openai");
  await host.page.keyboard.press("Escape");
  assert.deepEqual(await host.called("onExit"), { reason: "escape" });
  await widget.field.click();
  await host.page.keyboard.press("Escape");
  assert.deepEqual(await host.called("onExit", 2), { reason: "escape" });
  assert.equal(host.values("onExit").length, 2);
  await widget.ready();
  await widget.send(keyFor("openai"));
  await widget.screen("success");
  await widget.button("Done").click();
  assert.deepEqual(await host.called("onExit", 3), { reason: "done" });
});

/** As focus-trap, micromodal and others do it: Tab and each loss of the focus lead back into the app's own box. */
function trap() {
  const box = document.querySelector("#trap");
  const inside = () => [...box.querySelectorAll("button")];
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Tab") return;
    const [first] = inside();
    if (!box.contains(document.activeElement)) {
      event.preventDefault();
      first.focus();
    }
  }, true);
  document.addEventListener("focusin", (event) => {
    if (box.contains(event.target)) return;
    event.stopImmediatePropagation();
    inside()[0].focus();
  }, true);
}

test("a page's own focus trap leaves the dialog its keyboard", async (t) => {
  const host = await open(t, { page: { body: '<div id="trap"><button>One</button><button>Two</button></div><div id="relay-widget"></div>' } });
  await host.page.evaluate(trap);
  await host.page.locator("#trap button").first().focus();
  const widget = await host.mount({ layout: "modal" });
  await widget.screen("choose");
  const place = () => host.page.evaluate(() => document.activeElement.id || document.activeElement.localName);
  const reached = new Set();
  for (let times = 0; times < 6; times += 1) {
    await host.page.keyboard.press("Tab");
    reached.add(await host.page.evaluate(() => {
      const root = document.querySelector("#relay-widget > *")?.shadowRoot ?? document.querySelector("#relay-widget").firstElementChild?.shadowRoot;
      return root?.activeElement?.getAttribute("data-id") ?? "";
    }));
  }
  assert.ok(reached.has("close") && [...reached].some((name) => ["openai", "anthropic", "google"].includes(name)), `${[...reached]} ${await place()}`);
});

/** How many listeners the page's window and document have, and how many frames there are. */
async function counted(host) {
  const client = await host.context.newCDPSession(host.page);
  const counts = [];
  for (const expression of ["window", "document"]) {
    const { result } = await client.send("Runtime.evaluate", { expression });
    counts.push((await client.send("DOMDebugger.getEventListeners", { objectId: result.objectId })).listeners.length);
  }
  await client.detach();
  return [...counts, host.page.frames().length].join(" ");
}

for (const layout of ["inline", "modal"]) {
  test(`taken out of the page without unmount, nothing stays; put back, it works (${layout})`, async (t) => {
    const host = await open(t, { page: { body: '<main><div id="relay-widget"></div></main>' } });
    const before = await counted(host);
    const widget = await host.mount({ layout, registrationToken: await token(newUser(), { provider: "openai" }) });
    await widget.field.waitFor();
    assert.notEqual(await counted(host), before);
    await host.page.evaluate(() => {
      window.element = document.querySelector("#relay-widget");
      window.element.remove();
    });
    await until(async () => (await counted(host)) === before, () => "listeners stay");
    await host.page.evaluate(() => document.querySelector("main").append(window.element));
    await widget.field.waitFor();
    await widget.ready();
    await widget.send(keyFor("openai"));
    await host.called("onSuccess");
  });
}

test("the ring around the success heading is whole, after a submit by keyboard", async (t) => {
  const host = await open(t);
  const widget = await host.mount({ provider: "openai" });
  await widget.field.click();
  await host.page.keyboard.type(keyFor("openai"));
  await widget.ready();
  await host.page.keyboard.press("Enter");
  await widget.screen("success");
  await widget.settled();
  const cut = await widget.success.evaluate((heading) => {
    const { outlineWidth, outlineOffset, outlineStyle } = getComputedStyle(heading);
    const { left, top, right, bottom } = heading.getBoundingClientRect();
    const ring = parseFloat(outlineWidth) + parseFloat(outlineOffset);
    return { has: heading === document.activeElement, outlineStyle, inside: left >= ring && top >= ring && right + ring <= innerWidth && bottom + ring <= innerHeight };
  });
  assert.deepEqual(cut, { has: true, outlineStyle: "solid", inside: true });
});

test("the address of a key page can be read and copied once the link was followed", async (t) => {
  const host = await open(t);
  host.others.push("https://platform.openai.com");
  await host.context.route("https://platform.openai.com/**", (route) => route.fulfill({ contentType: "text/html", body: "" }));
  const widget = await host.mount({ provider: "openai" });
  const link = widget.inner.locator("a").first();
  await link.waitFor();
  assert.equal(await widget.inner.locator(".address:visible").count(), 0);
  // A sandbox without popups: the click opens nothing.
  await link.evaluate((anchor) => anchor.addEventListener("click", (event) => event.preventDefault()));
  await link.click();
  const address = widget.inner.locator(".address:visible");
  assert.equal(await address.innerText(), await link.getAttribute("href"));
  assert.equal(await address.evaluate((element) => getComputedStyle(element).userSelect), "all");
});

/** Another site, with Relay below `/relay`. */
async function belowPath(t) {
  const seen = [];
  const server = createServer(async (request, response) => {
    const { pathname, search } = new URL(request.url, "http://x");
    seen.push(pathname);
    const mine = pathname.startsWith("/relay/");
    // The scripts' addresses in Relay's pages begin at the root here.
    if (!mine && !pathname.startsWith("/widget/")) return response.writeHead(200, { "content-type": "text/html" }).end("<title>Another site</title>");
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const { host, connection, ...headers } = request.headers;
    const answer = await fetch(RELAY + pathname.replace("/relay", "") + search, { method: request.method, headers, body: chunks.length > 0 ? Buffer.concat(chunks) : undefined });
    const kept = [...answer.headers].filter(([name]) => !["content-encoding", "content-length", "transfer-encoding", "connection", "keep-alive"].includes(name));
    response.writeHead(answer.status, kept).end(Buffer.from(await answer.arrayBuffer()));
  });
  await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
  t.after(() => new Promise((done) => server.close(done).closeAllConnections()));
  return { base: `http://127.0.0.1:${server.address().port}/relay`, seen };
}

for (const how of ["baseURL", "the script's address"]) {
  test(`Relay below a path works, by ${how}`, async (t) => {
    const { base, seen } = await belowPath(t);
    const user = newUser();
    const host = await open(t, { page: { script: `<script src="${how === "baseURL" ? RELAY : base}/widget.js"></script>` } });
    host.others.push(new URL(base).origin);
    const widget = await host.mount({ registrationToken: await token(user, { provider: "openai" }), ...(how === "baseURL" && { baseURL: `${base}/` }) });
    await widget.field.waitFor();
    await widget.ready();
    await widget.send(keyFor("openai"));
    await host.called("onSuccess");
    assert.ok((await connections(user)).openai);
    assert.ok(seen.includes("/relay/frame") && seen.includes("/relay/v1/registration"), seen.join(" "));
    assert.deepEqual(seen.filter((path) => !path.startsWith("/relay/") && !path.startsWith("/widget/")), []);
  });
}

test("with `testing` a page's tests reach the widget, and the field in its frame", async (t) => {
  const host = await open(t, { closed: true });
  const { page } = host;
  await host.mount({ testing: true });
  await page.getByRole("radio", { name: "OpenAI" }).click({ force: true });
  const frame = page.frameLocator('iframe[data-part="frame"]');
  await frame.getByLabel("OpenAI API key").fill(keyFor("openai"));
  await frame.getByRole("button", { name: /^Connect for/ }).and(frame.locator(":not([aria-disabled])")).click();
  await frame.getByRole("heading", { name: "OpenAI is connected" }).waitFor();
});

test("without it the root is closed", async (t) => {
  const host = await open(t, { closed: true });
  await host.mount();
  await host.called("onReady");
  assert.equal(await host.page.evaluate(() => document.querySelector("#relay-widget").firstElementChild.shadowRoot), null);
});
