// Pages with strict content policies: the widget needs no exception, and reports a policy that blocks it.
import assert from "node:assert/strict";
import { test } from "node:test";

import { open, useChromium } from "../lib/chromium.mjs";
import { RELAY, connections, grant, keyFor, newUser, token } from "../lib/relay.mjs";

useChromium();

const STRICT = `default-src 'none'; script-src ${RELAY}; frame-src ${RELAY}; style-src 'self'; require-trusted-types-for 'script'; trusted-types 'none'`;
const bare = (policy, more = {}) => ({ head: "", headers: { "content-security-policy": policy, ...more } });

for (const how of ["mount", "element"]) {
  test(`under a strict policy with trusted types the whole flow has no violation (${how})`, async (t) => {
    const user = newUser();
    const registrationToken = await token(user);
    const body = how === "mount" ? '<div id="relay-widget"></div>' : `<relay-connect id="relay-widget" token="${registrationToken}"></relay-connect>`;
    const host = await open(t, { page: { ...bare(STRICT), body } });
    const widget = how === "mount" ? await host.mount({ registrationToken }) : host.widget();
    await widget.pick("openai");
    await widget.send(keyFor("openai", "refused"));
    await widget.errorIs("key_refused_by_provider");
    await widget.send(keyFor("openai"));
    await widget.screen("success");
    if (how === "mount") await host.handle("update", { theme: "dark", locale: "ko", accentColor: "#ff0000" });
    assert.deepEqual(host.violations, []);
    assert.ok((await connections(user)).openai);
    assert.ok(await widget.success.evaluate((heading) => getComputedStyle(heading).fontWeight >= 600), "its look is there");
  });
}

test("the same in a dialog", async (t) => {
  const host = await open(t, { page: { ...bare(STRICT), body: '<div id="relay-widget"></div>' } });
  const widget = await host.mount({ layout: "modal" });
  await widget.connect("openai", keyFor("openai"));
  assert.deepEqual(host.violations, []);
});

test("on a cross-origin isolated page the frame loads", async (t) => {
  const headers = { "cross-origin-embedder-policy": "require-corp", "cross-origin-opener-policy": "same-origin" };
  const host = await open(t, { page: { headers } });
  assert.equal(await host.page.evaluate(() => crossOriginIsolated), true);
  const widget = await host.mount();
  await widget.connect("openai", keyFor("openai"));
});

test("a page whose policy forbids frames: the user reads it, the developer gets a code", async (t) => {
  const host = await open(t, { page: { headers: { "content-security-policy": "frame-src 'none'" } }, violations: 2 });
  const widget = await host.mount();
  await widget.problemIs("csp_blocked");
  const error = await host.failedWith("csp_blocked");
  assert.match(error.message, /frame-src/);
  assert.ok(host.violations.length > 0);
});

test("in the shadow mode a policy that forbids the call is reported", async (t) => {
  const host = await open(t, { page: { headers: { "content-security-policy": `connect-src 'none'` } }, violations: 4 });
  const widget = await host.mount({ isolation: "shadow" });
  await widget.screen("problem");
  await host.called("onError");
});

test("a page without an origin of its own is reported", async (t) => {
  const host = await open(t, { page: { headers: { "content-security-policy": "sandbox allow-scripts" } } });
  const widget = await host.mount();
  await widget.problemIs("opaque_origin");
  await host.failedWith("opaque_origin");
  host.check = () => {}; // Such a page has no storage to look at.
});

test("the frame's own policy is strict, and it may be framed by the token's pages only", async () => {
  const { connectUrl } = await grant(newUser(), { allowedOrigins: ["https://app.example"] });
  const { headers } = await fetch(`${RELAY}/frame${new URL(connectUrl).search}`);
  const policy = headers.get("content-security-policy");
  for (const part of ["default-src 'none'", "script-src 'self'", "form-action 'none'", "base-uri 'none'", "require-trusted-types-for 'script'", "trusted-types 'none'"]) {
    assert.ok(policy.includes(part), policy);
  }
  assert.match(policy, /frame-ancestors [^;]*https:\/\/app\.example/);
  assert.doesNotMatch(policy, /frame-ancestors [^;]*\*/);
  assert.equal(headers.get("cache-control"), "no-store");
});
