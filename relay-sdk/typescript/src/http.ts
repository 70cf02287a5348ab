import { checkNumber } from "./checks.ts";
import { RelayError } from "./error.ts";
import { isControlFlow, uncached } from "./fetch.ts";
import { parsed } from "./needed.ts";
import { onAbort } from "./signals.ts";
import type { Fetch, RelayOptions, RequestOptions } from "./types.ts";

/** The key and the address. `standard`: nobody chose the address. */
export type Access = { key: string; base: string; standard: boolean };
type Settings = { access: () => Promise<Access> } & Pick<RelayOptions, "timeout" | "maxRetries" | "fetch">;
type Content = RequestOptions & { body?: object; idempotencyKey?: string | undefined };
type Outcome = { value?: unknown; error?: RelayError; wait?: number | undefined };
/** Sends a request to Relay, and retries it if that may help. */
export type Call = <T>(method: "GET" | "POST" | "DELETE", path: string, content?: Content) => Promise<T>;

export function caller({ access, fetch, ...settings }: Settings): Call {
  const [maxRetries, usual] = [checkNumber("maxRetries", settings.maxRetries ?? 2, 0), checkNumber("timeout", settings.timeout ?? 30_000, 1)];
  return async <T>(method: string, path: string, { body, idempotencyKey, signal, timeout }: Content = {}) => {
    const ms = checkNumber("timeout", timeout ?? usual, 1);
    const { key, ...place } = await access();
    const headers: Record<string, string> = { accept: "application/json", authorization: `Bearer ${key}` };
    if (body) headers["content-type"] = "application/json";
    // The same key in every attempt, so that Relay issues only one token.
    if (method === "POST") headers["idempotency-key"] = idempotencyKey ?? crypto.randomUUID();
    const init = { method, headers, redirect: "manual", ...(body && { body: JSON.stringify(body) }) } as const;
    for (let tries = 0; ; tries += 1) {
      const { value, error, wait } = await attempt(uncached(fetch), place, path, init, ms, signal);
      if (!error) return value as T;
      const pause = wait ?? Math.min(500 * 2 ** tries, 8_000) * (1 - Math.random() / 4);
      if (!error.retryable || tries >= maxRetries || pause > 60_000) throw error; // longer waits are up to the caller
      await new Promise<void>((wake) => after(pause, signal, wake));
    }
  };
}

type Place = Omit<Access, "key">;

async function attempt(fetch: Fetch, place: Place, path: string, init: RequestInit, ms: number, signal?: AbortSignal): Promise<Outcome> {
  const limit = new AbortController();
  const undo = after(ms, signal, () => limit.abort());
  try {
    signal?.throwIfAborted();
    const response = await fetch(place.base + path, { ...init, signal: limit.signal });
    return read(response, await response.text(), place);
  } catch (cause) {
    if (isControlFlow(cause)) throw cause;
    if (signal?.aborted) return { error: new RelayError("The request was aborted by its `signal`", { code: "aborted", cause: signal.reason }) };
    const [code, message] = limit.signal.aborted
      ? ["timeout", `Relay did not answer within ${ms} ms. Check that ${place.base} is up, or raise \`timeout\``]
      : ["connection_failed", `Relay can't be reached at ${place.base}. Check that it runs, and that RELAY_BASE_URL or \`baseURL\` is right`];
    return { error: new RelayError(message, { code, retryable: true, cause }) };
  } finally {
    undo();
  }
}

/** The result of a response: a value, or an error and the wait that Relay asked for. */
function read({ status, ok, headers }: Response, text: string, { base, standard }: Place): Outcome {
  const body = parsed(text);
  if (ok && (body || status === 204)) return { value: body };
  const said = headers.get("x-should-retry");
  const retryable = said ? said === "true" : status === 408 || status === 429 || status >= 500;
  const facts = { status, requestId: headers.get("x-relay-request-id") ?? undefined, retryable };
  if (!ok && typeof body?.error?.code === "string") {
    const { message, code, type, param, provider } = body.error;
    const hint = standard && status === 401 ? `. This is the answer of ${base}, because neither RELAY_BASE_URL nor \`baseURL\` names another Relay` : "";
    return { error: new RelayError(message + hint, { ...facts, code, type, param: param ?? undefined, provider }), wait: wait(headers) };
  }
  const to = headers.get("location")?.split("?")[0];
  const what = to ? `redirects to ${to}` : headers.get("content-type")?.includes("html") ? "returns a web page" : "does not respond like Relay";
  const message = `${base} ${what}. Check for a proxy in between: RELAY_BASE_URL or \`baseURL\` must be the URL of Relay itself`;
  return { error: new RelayError(message, { ...facts, code: "unexpected_response" }), wait: wait(headers) };
}

/** `retry-after-ms`, or `retry-after` in seconds or as a date; in ms. */
function wait(headers: Headers): number | undefined {
  const [ms, after] = [headers.get("retry-after-ms"), headers.get("retry-after")];
  const asked = ms ? Number(ms) : !after ? NaN : /^[\d.]+$/.test(after) ? Number(after) * 1000 : Date.parse(after) - Date.now();
  return Number.isNaN(asked) ? undefined : Math.max(asked, 0);
}

/** Calls `act` once, after a time or when the signal fires. Returns a function that cancels it. (Node loses timers of `AbortSignal.any` in garbage collection.) */
function after(ms: number, signal: AbortSignal | undefined, act: () => void): () => void {
  const undo = () => (clearTimeout(timer), silence?.());
  const now = () => (undo(), act());
  const timer = setTimeout(now, ms);
  const silence = signal && onAbort(signal, now);
  if (signal?.aborted) now();
  return undo;
}
