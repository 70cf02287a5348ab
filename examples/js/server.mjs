// An app whose users bring their own AI key. Plain Node, no framework: see README.md.
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";

import { Relay, RelayError } from "@relayservice/sdk";
import { APIError } from "openai";

const relay = new Relay(); // RELAY_KEY and RELAY_BASE_URL; throws at once if the key is malformed

const html = (name) => ({ type: "text/html", text: file(name).replaceAll("{{relay}}", relay.baseURL) });
const file = (name) => readFileSync(new URL(`pages/${name}`, import.meta.url), "utf8");
const FILES = {
  "/": html("keys.html"),
  "/chat": html("chat.html"),
  "/keys.js": { type: "text/javascript", text: file("keys.js") },
  "/chat.js": { type: "text/javascript", text: file("chat.js") },
  "/app.css": { type: "text/css", text: file("app.css") },
};
// All that the widget needs of a strict page: its script, and its frame.
const POLICY = `default-src 'self'; script-src 'self' ${relay.baseURL}; frame-src ${relay.baseURL}; base-uri 'none'; frame-ancestors 'none'`;

/** What the pages ask for. Each gets the user who is signed in. */
const ROUTES = {
  /** For the widget: a token with which this user, and nobody else, can connect a key. */
  async "POST /token"(user, _, response) {
    const { registrationToken } = await relay.createRegistrationToken({ user });
    json(response, 200, { registrationToken });
  },

  /** Which keys the user has connected. The app never sees the keys themselves. */
  async "GET /keys"(user, _, response) {
    const unknown = (error) => (error.code === "user_not_found" ? [] : Promise.reject(error));
    json(response, 200, await relay.connections.list(user).catch(unknown));
  },

  /** An answer, as it comes, paid with the user's own key. */
  async "POST /chat"(user, request, response) {
    const { model, messages } = await body(request);
    const stream = await relay.openai({ user }).chat.completions.create({ model, messages, stream: true });
    response.on("close", () => stream.controller.abort()); // the user left: the provider stops, too
    response.writeHead(200, { "content-type": "text/plain; charset=utf-8", "cache-control": "no-store" });
    for await (const chunk of stream) response.write(chunk.choices[0]?.delta?.content ?? "");
    response.end();
  },
};

const server = createServer(async (request, response) => {
  const { pathname } = new URL(request.url, "http://app");
  const user = signedIn(request, response);
  const page = request.method === "GET" && FILES[pathname];
  const route = ROUTES[`${request.method} ${pathname}`];
  if (page) {
    response.writeHead(200, { "content-type": `${page.type}; charset=utf-8`, "content-security-policy": POLICY, "referrer-policy": "no-referrer" });
    return response.end(page.text);
  }
  if (!route) return json(response, 404, { code: "not_found", message: "There is no such page." });
  try {
    await route(user, request, response);
  } catch (error) {
    failed(error, response);
  }
});

/** Says what the user can do about it. `provider_key_missing` and its like name the provider: the page opens the widget. */
function failed(error, response) {
  const known = error instanceof RelayError || error instanceof APIError;
  console.error(known ? error.message : error, error.requestID ?? "");
  if (response.headersSent) return response.destroy(); // in the middle of an answer: the page sees that it broke off
  const { code, provider } = error instanceof APIError ? { code: error.code, provider: error.error?.provider } : error;
  json(response, error.status === 403 ? 403 : 502, { code: known ? code : "failed", provider, message: known ? error.message : "Something went wrong." });
}

/** A stand-in for your own sign-in: everybody who comes is somebody new. */
function signedIn(request, response) {
  const known = request.headers.cookie?.match(/(?:^|; )user=([\w-]+)/)?.[1];
  if (known) return known;
  const user = `user_${randomUUID()}`;
  response.setHeader("set-cookie", `user=${user}; Path=/; HttpOnly; SameSite=Strict`);
  return user;
}

const json = (response, status, value) => response.writeHead(status, { "content-type": "application/json", "cache-control": "no-store" }).end(JSON.stringify(value));

async function body(request) {
  let text = "";
  for await (const piece of request) if ((text += piece).length > 1_000_000) throw new Error("too long");
  return JSON.parse(text);
}

server.listen(process.env.PORT ?? 3000, "127.0.0.1", () => console.log(`http://localhost:${server.address().port}`));
