// What every example app of docs/quickstart.md must do, whatever its framework.
import assert from "node:assert/strict";

const { RELAY_BASE_URL } = process.env;

/** A browser: it keeps its cookies. `base` is the app's address, with the path of its two routes. */
function browser(base) {
  const jar = new Map();
  return async (path, body) => {
    const headers = { cookie: [...jar].map(([name, value]) => `${name}=${value}`).join("; "), ...(body && { "content-type": "application/json" }) };
    const answer = await fetch(base + path, { method: body ? "POST" : "GET", headers, ...(body && { body: JSON.stringify(body) }) });
    for (const set of answer.headers.getSetCookie()) jar.set(...set.split(";")[0].split("="));
    return answer;
  };
}
const hello = (text = "Hello!") => ({ model: "gpt-4o-mini", messages: [{ role: "user", content: text }] });

/** What the widget does with the app's token. */
async function connect(ask, routes) {
  const token = await (await ask(`${routes}/relay-token`, {})).text();
  assert.match(token, /^rrt-/);
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  const stored = await fetch(`${RELAY_BASE_URL}/v1/registration`, { method: "POST", headers, body: JSON.stringify({ provider: "openai", apiKey: "sk-mock-good-1234" }) });
  assert.equal(stored.status, 201, await stored.text());
}

/** Checks an app: its page, a user without a key, then with one, another user, and an answer that breaks off. */
export async function check(app, routes = "") {
  const [one, other] = [browser(app), browser(app)];
  const page = await one("/");
  assert.equal(page.status, 200);
  assert.ok((await page.text()).includes(RELAY_BASE_URL), "the page names Relay's address");
  await other("/");
  await other(`${routes}/relay-token`, {});

  await one(`${routes}/relay-token`, {});
  const without = await one(`${routes}/chat`, hello());
  assert.deepEqual([without.status, await without.json()], [403, { provider: "openai" }]);

  await connect(one, routes);
  const answer = await one(`${routes}/chat`, hello());
  assert.match(answer.headers.get("content-type"), /^text\/plain/);
  assert.match(await answer.text(), /^Hello from gpt-4o-mini: you said "Hello!"$/);
  assert.equal((await other(`${routes}/chat`, hello())).status, 403, "one user's key is not another's");

  await assert.rejects(async () => (await one(`${routes}/chat`, hello("{{error_midstream}} hello"))).text(), "an answer that breaks off is seen to");
}
