import assert from "node:assert/strict";
import { afterEach, test } from "node:test";

import { FakeRelay, closePage, fresh, openPage } from "./dom.mjs";

afterEach(closePage);

test("on a server there is no widget, and importing does nothing", async () => {
  const { loadRelay, mount } = await fresh();
  assert.equal(await loadRelay(), null);
  assert.equal(await mount("#relay-widget", {}), null);
  assert.equal(globalThis.window, undefined);
});

test("importing in a page adds nothing to it", async () => {
  const page = openPage();
  await fresh();
  assert.equal(page.added.length, 0);
});

test("all calls share one script, and the script's Relay", async () => {
  const page = openPage();
  const { loadRelay } = await fresh();
  const [first, second] = [loadRelay(), loadRelay({ baseURL: "https://other.example" })];
  assert.equal(first, second);
  assert.deepEqual(page.added.map((script) => [script.src, script.async]), [["https://vault.relayservice.im/widget.js", true]]);
  const relay = new FakeRelay();
  relay.loaded(page.added[0]);
  assert.equal(await first, relay);
  assert.equal(await loadRelay(), relay);
  assert.equal(page.added.length, 1);
});

test("a Relay that is there already is used as it is", async () => {
  const page = openPage();
  page.Relay = new FakeRelay();
  assert.equal(await (await fresh()).loadRelay(), page.Relay);
  assert.equal(page.added.length, 0);
});

for (const src of ["https://vault.example/widget.js", "https://vault.example/widget/0.1.0/widget-0011223344556677.js"]) {
  test(`the page's own tag of ${src} is used while it loads`, async () => {
    const page = openPage(`<script async src="${src}"></script>`, { complete: false });
    const { loadRelay } = await fresh();
    const loading = loadRelay({ baseURL: "https://vault.example/" });
    assert.equal(page.added.length, 0);
    const relay = new FakeRelay();
    relay.loaded(page.document.scripts[0]);
    assert.equal(await loading, relay);
  });
}

test("another script of the page, or a tag that has failed, is no widget", async () => {
  let page = openPage('<script src="https://cdn.example/widget.js"></script><script src="/app.js"></script>', { complete: false });
  (await fresh()).loadRelay();
  assert.equal(page.added.length, 1);
  page = openPage('<script src="https://vault.relayservice.im/widget.js"></script>');
  (await fresh()).loadRelay();
  assert.equal(page.added.length, 1);
});

test("a script that can't be loaded is an error that names it, and the next call tries again", async () => {
  const page = openPage();
  const { loadRelay } = await fresh();
  const failed = loadRelay({ baseURL: "https://vault.example" });
  page.added[0].dispatchEvent(new Event("error"));
  await assert.rejects(failed, /could not be loaded from https:\/\/vault\.example\/widget\.js/);
  const again = loadRelay({ baseURL: "https://vault.example" });
  new FakeRelay().loaded(page.added[1]);
  assert.equal((await again).version, "0.1.0");
});

test("a script that is something else is an error", async () => {
  const page = openPage();
  const loading = (await fresh()).loadRelay();
  page.added[0].dispatchEvent(new Event("load"));
  await assert.rejects(loading, /there is no global Relay/);
});

test("an address that is none is an error", async () => {
  openPage();
  await assert.rejects((await fresh()).loadRelay({ baseURL: "vault" }), TypeError);
});

test("nonce and integrity go onto the tag, which asks for CORS", async () => {
  const page = openPage();
  const src = "https://vault.example/widget/0.1.0/widget-0011223344556677.js";
  (await fresh()).loadRelay({ src, integrity: "sha384-x", nonce: "n1" });
  const [script] = page.added;
  assert.deepEqual([script.src, script.integrity, script.nonce, script.crossOrigin], [src, "sha384-x", "n1", "anonymous"]);
});

test("a Trusted Types policy is asked for the address, and may refuse it", async () => {
  const page = openPage();
  const asked = [];
  (await fresh()).loadRelay({ trustedTypes: { createScriptURL: (url) => (asked.push(url), url) } });
  assert.deepEqual(asked, ["https://vault.relayservice.im/widget.js"]);
  assert.equal(page.added.length, 1);
  const refusing = { createScriptURL: () => { throw new TypeError("not this one"); } };
  await assert.rejects((await fresh()).loadRelay({ trustedTypes: refusing }), /not this one/);
});

test("mount loads the script of the widget's own base URL, and mounts", async () => {
  const page = openPage('<div id="here"></div>');
  const options = { baseURL: "https://vault.example", registrationToken: "rrt-x" };
  const mounting = (await fresh()).mount("#here", options);
  assert.equal(page.added[0].src, "https://vault.example/widget.js");
  const relay = new FakeRelay();
  relay.loaded(page.added[0]);
  const handle = await mounting;
  assert.deepEqual([handle.element, handle.options], ["#here", options]);
});
