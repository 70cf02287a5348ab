// A page that is left and come back to, in the middle of each state, in WebKit, which keeps pages in memory.
import assert from "node:assert/strict";
import { test } from "node:test";

import { connections, grant, keyFor, newUser, token, use } from "../lib/relay.mjs";
import { open, until, useWebKit } from "../lib/webkit.mjs";

useWebKit();

/** Leaves for another page, and comes back. Whether the page was kept. */
async function comeBack(host) {
  await host.evaluate(() => void (window.left = true));
  await host.visit("data:text/html,elsewhere");
  await host.back();
  await until(() => host.evaluate(() => document.readyState === "complete" && /^http/.test(location.protocol)).catch(() => false), () => "it does not come back");
  return host.evaluate(() => window.left === true);
}

/** Clicks in Relay's own page. */
const proceed = async (host) => host.click(await host.find("#ask .primary"));

/** What the hosted page shows. Its shadow root is closed, so its title says how it ended. */
const shown = (host) => host.evaluate(() => {
  if (document.querySelector("#ask")) return "ask";
  return /is connected/.test(document.title) ? "done" : document.querySelector("#root > *") ? "form" : "";
}).catch(() => "");

for (const when of ["at the question", "with the form open"]) {
  test(`the hosted page, ${when}`, async (t) => {
    const host = await open(t);
    await host.visit((await grant(newUser(), { provider: "openai" })).connectUrl);
    await host.find("#ask .primary");
    if (when !== "at the question") {
      await proceed(host);
      await until(async () => (await shown(host)) === "form", () => "no form");
    }
    t.diagnostic(`kept: ${await comeBack(host)}`);
    const next = await until(() => shown(host), () => "nothing is shown");
    if (next === "ask") await proceed(host);
    assert.equal(await until(async () => ((await shown(host)) === "ask" ? "" : shown(host)), () => "nothing is shown"), "form");
    assert.equal(await host.evaluate(() => location.href.includes("rrt-")), false);
  });
}

test("the hosted page whose key was connected meanwhile says so", async (t) => {
  const user = newUser();
  const host = await open(t);
  const { connectUrl } = await grant(user, { provider: "openai" });
  await host.visit(connectUrl);
  await proceed(host);
  await until(async () => (await shown(host)) === "form", () => "no form");
  const kept = await host.evaluate(() => JSON.parse(Object.values({ ...sessionStorage })[0]).token);
  await use(kept);
  await comeBack(host);
  await host.evaluate(() => void location.reload());
  await until(async () => (await shown(host)) === "done", () => "it does not say so");
  assert.ok((await connections(user)).openai);
});

test("the widget, with the form open", async (t) => {
  const user = newUser();
  const host = await open(t);
  await host.mount({ registrationToken: await token(user, { provider: "openai" }) });
  await host.called("onReady");
  const kept = await comeBack(host);
  t.diagnostic(`kept: ${kept}`);
  if (!kept) await host.mount({ registrationToken: await token(user, { provider: "openai" }) });
  await host.enter();
  await host.click(await host.find('input[name="key"]'));
  await host.find("button[type=submit]:not([aria-disabled])");
  await host.type(`${keyFor("openai")}\uE007`);
  await host.called("onSuccess");
  assert.ok((await connections(user)).openai);
});
