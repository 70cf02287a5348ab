import { checkNumber } from "./checks.ts";
import { RelayError } from "./error.ts";
import type { Fetch, RelayOptions, RequestOptions } from "./types.ts";

type Settings = { key: string; base: string } & Pick<RelayOptions, "timeout" | "maxRetries" | "fetch">;
type Content = RequestOptions & { body?: object; idempotencyKey?: string | undefined };
type Outcome = { value?: unknown; error?: RelayError; wait?: number | undefined };
/** One request to Relay, tried again where that may help. */
export type Call = <T>(method: "GET" | "POST" | "DELETE", path: string, content?: Content) => Promise<T>;

export function caller({ key, base, fetch, ...settings }: Settings): Call {
  const [maxRetries, usual] = [checkNumber("maxRetries", settings.maxRetries ?? 2, 0), checkNumber("timeout", settings.timeout ?? 30_000, 1)];
  return async <T>(method: string, path: string, { body, idempotencyKey, signal, timeout }: Content = {}) => {
    const ms = checkNumber("timeout", timeout ?? usual, 1);
    const headers: Record<string, string> = { accept: "application/json", authorization: `Bearer ${key}` };
    if (body) headers["content-type"] = "application/json";
    // The same one in every try: Relay issues one token, however often it is asked.
    if (method === "POST") headers["idempotency-key"] = idempotencyKey ?? crypto.randomUUID();
    const init = { method, headers, redirect: "manual", ...(body && { body: JSON.stringify(body) }) } as const;
    for (let tries = 0; ; tries += 1) {
      const { value, error, wait } = await attempt(fetch ?? globalThis.fetch, base, path, init, ms, signal);
      if (!error) return value as T;
      const pause = wait ?? Math.min(500 * 2 ** tries, 8_000) * (1 - Math.random() / 4);
      if (!error.retryable || tries >= maxRetries || pause > 60_000) throw error; // nobody waits for longer than a minute
      await new Promise<void>((wake) => after(pause, signal, wake));
    }
  };
}

async function attempt(fetch: Fetch, base: string, path: string, init: RequestInit, ms: number, signal?: AbortSignal): Promise<Outcome> {
  const limit = new AbortController();
  const undo = after(ms, signal, () => limit.abort());
  try {
    signal?.throwIfAborted();
    const response = await fetch(base + path, { ...init, signal: limit.signal });
    return read(response, await response.text(), base);
  } catch (cause) {
    if (signal?.aborted) return { error: new RelayError("The request was given up by its `signal`", { code: "aborted", cause: signal.reason }) };
    const [code, message] = limit.signal.aborted
      ? ["timeout", `Relay did not answer within ${ms} ms. Look whether ${base} is up, or give it more \`timeout\``]
      : ["connection_failed", `Relay can't be reached at ${base}. Look whether it runs, and whether RELAY_BASE_URL or \`baseURL\` is right`];
    return { error: new RelayError(message, { code, retryable: true, cause }) };
  } finally {
    undo();
  }
}

/** What an answer says: a value, or an error and the wait that Relay asks for. */
function read({ status, ok, headers }: Response, text: string, base: string): Outcome {
  const body = parsed(text);
  if (ok && (body || status === 204)) return { value: body };
  const said = headers.get("x-should-retry");
  const retryable = said ? said === "true" : status === 408 || status === 429 || status >= 500;
  const facts = { status, requestId: headers.get("x-relay-request-id") ?? undefined, retryable };
  if (!ok && typeof body?.error?.code === "string") {
    const { message, code, type, param, provider } = body.error;
    return { error: new RelayError(message, { ...facts, code, type, param: param ?? undefined, provider }), wait: wait(headers) };
  }
  const to = headers.get("location")?.split("?")[0];
  const what = to ? `redirects to ${to}` : headers.get("content-type")?.includes("html") ? "answers with a web page" : "does not answer as Relay does";
  const message = `${base} ${what}: is a proxy in the way? RELAY_BASE_URL or \`baseURL\` must lead to Relay itself`;
  return { error: new RelayError(message, { ...facts, code: "unexpected_response" }), wait: wait(headers) };
}

function parsed(text: string): any {
  try {
    return JSON.parse(text);
  } catch {} // not from Relay
}

/** `retry-after-ms`, or `retry-after` in seconds or as a date; in ms. */
function wait(headers: Headers): number | undefined {
  const [ms, after] = [headers.get("retry-after-ms"), headers.get("retry-after")];
  const asked = ms ? Number(ms) : !after ? NaN : /^[\d.]+$/.test(after) ? Number(after) * 1000 : Date.parse(after) - Date.now();
  return Number.isNaN(asked) ? undefined : Math.max(asked, 0);
}

/** Acts once, after a time or when the signal is given; gives what undoes it. (Node drops timers of `AbortSignal.any` when it collects garbage.) */
function after(ms: number, signal: AbortSignal | undefined, act: () => void): () => void {
  const undo = () => (clearTimeout(timer), signal?.removeEventListener("abort", now));
  const now = () => (undo(), act());
  const timer = setTimeout(now, ms);
  signal?.addEventListener("abort", now);
  if (signal?.aborted) now();
  return undo;
}
