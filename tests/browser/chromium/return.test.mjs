// The hosted page, when it is loaded again, left and come back to, or opened when its link is over.
import assert from "node:assert/strict";
import { test } from "node:test";

import { accessibility, fits } from "../lib/checks.mjs";
import { newPage, open, until, useChromium } from "../lib/chromium.mjs";
import { PROJECTS, RELAY, RETURN_URLS, connections, grant, keyFor, newUser, use } from "../lib/relay.mjs";

useChromium();

/** Opens the hosted page of a token. */
async function follow(t, { query = {}, user = newUser(), wishes = {}, project = PROJECTS.app, before = async () => {}, ...settings } = {}) {
  const host = await open(t, { goto: false, ...settings });
  const { connectUrl } = await grant(user, wishes, project);
  const url = new URL(connectUrl);
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  await before(host, url);
  await host.page.goto(url.href);
  return { host, page: host.page, widget: host.widget("#root"), user, url };
}

const proceed = (page) => page.locator("#ask .primary").click();
const card = (page, how) => page.locator(`[data-part="end"][data-how="${how}"]`);

/** The same link again, as a message or a bookmark opens it: the browser stays on the page if only the fragment differs. */
const again = (page, url) => page.evaluate((href) => location.assign(href), url.href);

async function noTokenInAddress(page) {
  await until(() => !page.url().includes("rrt-"), () => page.url());
  assert.doesNotMatch(await page.evaluate(() => location.href + JSON.stringify(history.state)), /rrt-/);
}

test("the same link again in the same tab goes on, with what was typed, and leaves no token in the address", async (t) => {
  const { host, page, widget, user, url } = await follow(t, { wishes: { provider: "openai" } });
  await page.locator("#ask").waitFor();
  await again(page, url);
  await noTokenInAddress(page);
  await proceed(page);
  await widget.field.fill("sk-half-typed");
  await again(page, url);
  await noTokenInAddress(page);
  assert.equal(await widget.field.inputValue(), "sk-half-typed");
  await widget.send(keyFor("openai"));
  await widget.screen("success");
  await again(page, url);
  await noTokenInAddress(page);
  assert.ok(await widget.success.isVisible(), "what is shown stays");
  assert.ok((await connections(user)).openai);
  assert.equal(host.calls("POST").length, 2, "an exchange and a registration");
});

test("another link in the same tab takes the first one's place", async (t) => {
  const { page, widget } = await follow(t);
  await proceed(page);
  await widget.screen("choose");
  const other = newUser();
  const { connectUrl } = await grant(other);
  // Without the `grant`, which would make it another page.
  await page.evaluate((token) => (location.hash = token), new URL(connectUrl).hash);
  await noTokenInAddress(page);
  await page.locator("#ask").getByText(other).first().waitFor();
});

for (const [how, come] of [
  ["reloaded", (page) => page.reload()],
  ["left and come back to", async (page) => {
    await page.goto(newPage({ script: "" }));
    await page.goBack();
  }],
  ["opened by the same link from another page", async (page, url) => {
    await page.goto("about:blank");
    await page.goto(url.href);
  }],
]) {
  test(`after success the page says so when it is ${how}`, async (t) => {
    const { page, widget, user, url } = await follow(t, { wishes: { endUserName: "Ana Kim" } });
    await proceed(page);
    await widget.connect("openai", keyFor("openai"));
    const { last4 } = (await connections(user)).openai;
    await come(page, url);
    const shown = card(page, "done");
    await shown.waitFor();
    const said = await shown.innerText();
    for (const words of ["OpenAI is connected", `ending in ${last4}`, `Ana Kim (${user})`, "You can close this page."]) assert.ok(said.includes(words), `${words}: ${said}`);
    await noTokenInAddress(page);
    assert.doesNotMatch(await page.evaluate(() => JSON.stringify({ ...sessionStorage })), /rrt-/);
    assert.match(await page.title(), /OpenAI is connected/);
    assert.deepEqual(await accessibility(widget, "html"), []);
  });

  test(`before success the form goes on when it is ${how}`, async (t) => {
    const { page, widget, user, url } = await follow(t, { wishes: { provider: "openai" } });
    await proceed(page);
    await widget.field.waitFor();
    await come(page, url);
    await widget.send(keyFor("openai"));
    await widget.screen("success");
    assert.ok((await connections(user)).openai);
  });
}

test("after success the way back is still there", async (t) => {
  const { host, page, widget } = await follow(t, { project: PROJECTS.linked, query: { return_url: RETURN_URLS.web, state: "x" } });
  await proceed(page);
  await widget.connect("google", keyFor("google"));
  await page.reload();
  host.others.push("https://app.example");
  await host.context.route("https://app.example/**", (route) => route.fulfill({ contentType: "text/html", body: "<title>Back</title>" }));
  await card(page, "done").getByRole("button", { name: /^Back to/ }).click();
  await page.waitForURL("https://app.example/**");
  assert.deepEqual(Object.fromEntries(new URL(page.url()).searchParams), { status: "connected", provider: "google", state: "x" });
});

test("a registration whose answer was lost shows what it stored", async (t) => {
  const { host, page, widget, user } = await follow(t, { wishes: { provider: "openai" } });
  await proceed(page);
  const stop = host.answer("POST", async (route) => {
    await route.fetch();
    await route.abort("connectionreset");
  });
  await widget.send(keyFor("openai"));
  await widget.errorIs("relay_unreachable");
  stop();
  await page.reload();
  await card(page, "done").waitFor();
  assert.ok((await connections(user)).openai);
});

test("another key, while the token has stored one meanwhile: the page shows the one that is connected", async (t) => {
  const { page, widget, user } = await follow(t, { wishes: { provider: "openai" } });
  await proceed(page);
  await widget.ready();
  // As a page that was left while it checked the key: Relay has stored it, and the page does not know.
  await use(await page.evaluate(() => JSON.parse(Object.values({ ...sessionStorage })[0]).token));
  await widget.send(keyFor("openai"));
  await card(page, "done").getByText((await connections(user)).openai.last4).waitFor();
  assert.doesNotMatch(await page.evaluate(() => JSON.stringify({ ...sessionStorage })), /rrt-/);
});

test("a used link whose key is gone says so, and offers the way back", async (t) => {
  const user = newUser();
  const { page } = await follow(t, {
    user, project: PROJECTS.linked, query: { return_url: RETURN_URLS.web },
    before: async (host, url) => {
      await use(url.hash.slice(1));
      await fetch(`${RELAY}/v1/users/${user}/connections/openai`, { method: "DELETE", headers: { authorization: `Bearer ${PROJECTS.linked}` } });
    },
  });
  await card(page, "used").getByRole("button", { name: /^Back to/ }).waitFor();
});

test("an expired link says so, and offers the way back", async (t) => {
  const { host, page } = await follow(t, {
    project: PROJECTS.linked, query: { return_url: RETURN_URLS.web },
    before: async (here) => here.amend({ status: "expired", providers: [], connections: [] }, "GET"),
  });
  await card(page, "expired").getByRole("button", { name: /^Back to/ }).waitFor();
  assert.equal(await page.locator("iframe, input").count(), 0);
  assert.match(await page.title(), /has expired/);
  assert.equal(host.calls("POST").length, 0);
});

/**
 * A token that is over soon by the device's clock, however slow the machine is. The page asks what became of it: first when it is loaded,
 * later when the time is over. `later`: members of the later answers. Returns how often it asked.
 */
function overSoon(host, later = {}) {
  let asked = 0;
  host.answer("GET", async (route) => {
    if (route.request().url().includes("resume=true")) asked += 1;
    const response = await route.fetch();
    const soon = { expiresAt: new Date(Date.now() + 1_500).toISOString() };
    await route.fulfill({ response, json: { ...(await response.json()), ...soon, ...(asked > 1 && later) } });
  });
  return () => asked;
}

test("a token that expires in the tab leaves nothing but how it ended", async (t) => {
  const { page } = await follow(t, { before: async (host) => void overSoon(host, { status: "expired", providers: [], connections: [] }) });
  await page.locator("#ask").waitFor();
  await until(async () => (await page.evaluate(() => JSON.stringify({ ...sessionStorage }))).includes("expired"), () => "the token stays");
  assert.doesNotMatch(await page.evaluate(() => JSON.stringify({ ...sessionStorage })), /rrt-/);
  await page.reload();
  await card(page, "expired").waitFor();
});

test("a device whose clock is ahead does not end a link that is still valid", async (t) => {
  let asked;
  const { page, widget, user } = await follow(t, { wishes: { provider: "openai" }, before: async (host) => void (asked = overSoon(host)) });
  await page.locator("#ask").waitFor();
  // By the device's clock it is over, and Relay, which is asked, knows better.
  await until(() => asked() > 1, () => "Relay is not asked");
  await page.reload();
  await proceed(page);
  await widget.send(keyFor("openai"));
  await widget.screen("success");
  assert.ok((await connections(user)).openai);
});

test("while Relay can't be reached the link waits, and the question is not skipped", async (t) => {
  let stop;
  const { page } = await follow(t, { before: async (host) => (stop = host.answer("GET", (route) => route.abort("connectionrefused"))) });
  const trouble = page.locator('[data-part="trouble"][data-code="relay_unreachable"]');
  await trouble.waitFor();
  stop();
  await trouble.getByRole("button", { name: "Try again" }).click();
  await page.locator("#ask").waitFor();
  assert.equal(await page.locator("iframe").count(), 0);
});

for (const theme of ["light", "dark"]) {
  for (const locale of ["en", "ko"]) {
    test(`each end is accessible and fits (${theme}, ${locale})`, async (t) => {
      const { host, page } = await follow(t, { query: { theme, locale }, context: { viewport: { width: 280, height: 640 } } });
      const look = { host, root: page.locator("#root"), iframe: page.locator("iframe"), inner: page };
      const wrong = [];
      for (const how of ["done", "nothing", "used", "expired", "dead"]) {
        await page.evaluate((ended) => sessionStorage.setItem(`relay:${new URLSearchParams(location.search).get("grant")}`, JSON.stringify(ended)), {
          link: "", how, project: "Test app", returnUrl: null, logo: null, endUserLabel: "usr_0123456789abcdef0123456789", stored: { provider: "openai", label: "OpenAI", last4: "a1b2" },
        });
        await page.reload();
        await card(page, how).waitFor();
        for (const line of [...(await accessibility(look, "html")), ...(await fits(look))]) wrong.push(`${how}: ${line}`);
      }
      assert.deepEqual(wrong, []);
    });
  }
}
