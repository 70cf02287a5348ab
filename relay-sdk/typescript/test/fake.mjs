// Shared by the tests: a well-formed key, and a server that returns scripted answers and records requests.
import { once } from "node:events";
import { createServer } from "node:http";
import { crc32 } from "node:zlib";

import { Relay } from "../dist/index.js";

const BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/** A key of the right form: 43 digits, and the checksum by Node's own CRC-32. */
export function key(body = "Secret".padEnd(43, "x")) {
  let [rest, sum] = [crc32(`rly-${body}`), ""];
  while (sum.length < 6) [sum, rest] = [BASE62[rest % 62] + sum, Math.floor(rest / 62)];
  return `rly-${body}${sum}`;
}
export const KEY = key();

export const TOKEN = { registrationToken: "rrt-1", endUserLabel: "ana", provider: null, expiresAt: "2026-11-24T10:00:00.000Z", connectUrl: "http://r/connect" };

/** An error as Relay says it. */
export const refusal = (status, code, headers = {}, more = {}) => ({
  status,
  headers: { "x-relay-request-id": "req_0123456789ABCDEFGHJKMNPQRS", ...headers },
  body: { error: { message: `It is ${code}.`, type: "some_error", param: null, code, ...more } },
});

/** A server that gives these answers in turn, and the last one from then on. An answer is an object, or a function of the socket. */
export async function fake(t, ...answers) {
  const requests = [];
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const piece of request) body += piece;
    requests.push({ method: request.method, url: request.url, headers: request.headers, body });
    const answer = answers[Math.min(requests.length, answers.length) - 1];
    if (typeof answer === "function") return answer(request.socket);
    const text = typeof answer.body === "string" ? answer.body : answer.body && JSON.stringify(answer.body);
    response.writeHead(answer.status ?? 200, { "content-type": "application/json", ...answer.headers }).end(text);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => (server.closeAllConnections(), server.close()));
  const baseURL = `http://127.0.0.1:${server.address().port}`;
  return { requests, baseURL, relay: (options) => new Relay({ key: KEY, baseURL, ...options }) };
}

/** Lets the SDK's pauses pass at once, and says how long they would have been. `noticed` is called as one begins. */
export function pauses(t, noticed) {
  const [real, taken] = [globalThis.setTimeout, []];
  t.after(() => (globalThis.setTimeout = real));
  globalThis.setTimeout = (run, ms, ...more) => {
    // Not those of others, and not the timeout of 30 s for an attempt.
    if (!new Error().stack.includes("/dist/index.js") || ms === 30_000) return real(run, ms, ...more);
    taken.push(ms);
    noticed?.();
    return real(run, noticed ? ms : 0, ...more);
  };
  return taken;
}

/** The error of what must fail. */
export const failed = (promise) => promise.then((value) => { throw new Error(`no error but ${JSON.stringify(value)}`); }, (error) => error);
