// Two projects of one name whose widgets sit on one page: it stays clear which app a key goes to.
import assert from "node:assert/strict";
import { test } from "node:test";

import { open, siteOrigin, until, useChromium } from "../lib/chromium.mjs";
import { PROJECTS, connections, keyFor, newUser, token } from "../lib/relay.mjs";

useChromium();

const TWO = { body: '<main><div id="one"></div><hr><div id="two"></div></main>' };
const hostOfSite = () => siteOrigin().replace("https://", "");

test("each form names its account and the page that it is in, as the browser reports it, and keeps to its own project", async (t) => {
  const [here, there] = [newUser(), newUser()];
  const host = await open(t, { page: TWO });
  const one = await host.mount({ target: "#one", registrationToken: await token(here, { provider: "openai" }, PROJECTS.app) });
  // In the tests both projects have the same name.
  const two = await host.mount({ target: "#two", registrationToken: await token(there, { provider: "openai" }, PROJECTS.linked) });
  for (const [widget, user] of [[one, here], [two, there]]) {
    const line = widget.inner.locator("[data-part=account]");
    await line.getByText(`Connects to Test app for ${user}`, { exact: true }).waitFor();
    await line.getByText(`You are on ${hostOfSite()}`, { exact: true }).waitFor();
    await widget.inner.getByRole("button", { name: `Connect for ${user}` }).waitFor();
  }
  await two.submit.scrollIntoViewIfNeeded();
  await two.ready();
  await two.send(keyFor("openai"));
  await two.screen("success");
  assert.match(await two.text(), new RegExp(`for ${there}\\.`));
  assert.deepEqual([await connections(here, PROJECTS.app), await connections(there, PROJECTS.app)], [{}, {}]);
  assert.ok((await connections(there, PROJECTS.linked)).openai);
  assert.equal(await one.root.getAttribute("data-screen"), "key", "the other one waits for its own key");
});

test("a token of the other project of that name can't be slipped into a form in which somebody types", async (t) => {
  const user = newUser();
  const host = await open(t, { page: TWO });
  const mine = await host.mount({ target: "#one", registrationToken: await token(user, { provider: "openai" }, PROJECTS.app) });
  await host.mount({ target: "#two", registrationToken: await token(user, { provider: "openai" }, PROJECTS.linked) });
  await mine.field.fill(keyFor("openai"));
  await host.handle("update", { registrationToken: await token(user, { provider: "openai" }, PROJECTS.linked) }, "#one");
  // Name and label are the same, so nothing that is shown differs: what was typed is cleared.
  await until(async () => (await mine.field.inputValue()) === "", () => "what was typed for the other project stays");
  assert.deepEqual(await connections(user, PROJECTS.linked), {});
});

test("only the origins that both the project and the token allow can show a form of that name", async (t) => {
  const host = await open(t, { page: TWO });
  await host.mount({ target: "#one", registrationToken: await token(newUser(), { allowedOrigins: [siteOrigin()] }, PROJECTS.app) });
  await host.mount({ target: "#two", registrationToken: await token(newUser(), { allowedOrigins: ["https://app.example"] }, PROJECTS.linked) });
  await host.widget("#one").screen("choose");
  await host.widget("#two").problemIs("frame_blocked");
});
