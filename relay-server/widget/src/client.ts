/** Relay's registration API, as the widget calls it. */

import type { Connected, Problem, Session } from "./bridge/messages.ts";
import type { ConnectionState, ProviderName } from "./options.ts";

/** The timeout of a call, in milliseconds. Relay calls the provider meanwhile. A lost response can be requested again. */
const TIMEOUT = 90_000;

/** A failed call. */
export class Failure extends Error {
  constructor(readonly problem: Problem) {
    super(problem.message);
  }
}

/** A request. */
interface Call {
  method: "GET" | "POST" | "DELETE";
  path: string;
  body?: unknown;
}

/** Calls Relay with a token. It stores nothing. */
export class Client {
  #base: string;
  #pageOrigin: string | null;
  #signal: AbortSignal;

  constructor(
    base: string,
    pageOrigin: string | null,
    signal: AbortSignal,
  ) {
    this.#base = base;
    this.#pageOrigin = pageOrigin;
    this.#signal = signal;
  }

  /** What the token allows, and whose it is. `signal` ends the call. `resume`: or what became of it. */
  async session(token: string, returnUrl: string | undefined, signal: AbortSignal, resume = false): Promise<Session> {
    const query = String(new URLSearchParams({ ...(returnUrl !== undefined && { returnUrl }), ...(resume && { resume: "true" }) }));
    const { body } = await this.#call(token, { method: "GET", path: `/v1/registration${query && `?${query}`}` }, signal);
    const session = body as Session | null;
    if (session?.knownProviders) return session;
    throw new Failure({ code: "unexpected_answer", message: "the answer is not Relay's" });
  }

  /** Moves what a token allows to another one. */
  async exchange(token: string, successor: string): Promise<void> {
    await this.#call(token, { method: "POST", path: "/v1/registration/exchange", body: { successor } });
  }

  /** Sends a key, and the ids that the provider wants with it. */
  async register(token: string, provider: ProviderName, apiKey: string, ids: object): Promise<Connected> {
    const body = { provider, apiKey, ...ids };
    const answer = await this.#call(token, { method: "POST", path: "/v1/registration", body });
    const stored = answer.body as { provider: ProviderName; last4: string; state: ConnectionState; connectedAt: string };
    return { ...stored, requestId: answer.requestId };
  }

  /** Disconnects a key. */
  async disconnect(token: string, provider: ProviderName): Promise<string> {
    const answer = await this.#call(token, { method: "DELETE", path: `/v1/registration/connections/${provider}` });
    return answer.requestId;
  }

  async #call(token: string, { method, path, body }: Call, signal = this.#signal): Promise<{ body: unknown; requestId: string }> {
    // Not `AbortSignal.any`, which only recent browsers have.
    const life = new AbortController();
    const end = () => life.abort();
    const timer = setTimeout(end, TIMEOUT);
    if (this.#signal.aborted) end();
    this.#signal.addEventListener("abort", end);
    signal.addEventListener("abort", end);
    try {
      const response = await fetch(this.#base + path, this.#request(token, method, body, life.signal));
      const requestId = response.headers.get("x-request-id") ?? "";
      const text = response.status === 204 ? "null" : await response.text();
      const json = parsed(text);
      if (response.ok && json !== undefined) return { body: json, requestId };
      throw new Failure(problemOf(response, json, requestId));
    } catch (error) {
      throw error instanceof Failure ? error : new Failure(unreached(life.signal.aborted));
    } finally {
      clearTimeout(timer);
      this.#signal.removeEventListener("abort", end);
    }
  }

  #request(token: string, method: string, body: unknown, signal: AbortSignal): RequestInit {
    return {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(this.#pageOrigin !== null && { "x-relay-page-origin": this.#pageOrigin }),
        ...(body !== undefined && { "content-type": "application/json" }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      signal,
      credentials: "omit",
      cache: "no-store",
      redirect: "error",
      referrerPolicy: "no-referrer",
    };
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function unreached(late: boolean): Problem {
  if (late) return { code: "relay_timeout", message: "Relay did not answer in time" };
  if (!navigator.onLine) return { code: "offline", message: "this device is offline" };
  return { code: "relay_unreachable", message: "Relay can't be reached, or this page's content policy forbids the call" };
}

function problemOf(response: Response, body: unknown, requestId: string): Problem {
  const error = (body as { error?: Record<string, unknown> } | null | undefined)?.error;
  const retryAfter = Number(response.headers.get("retry-after"));
  const problem: Problem = {
    code: typeof error?.code === "string" ? error.code : "unexpected_answer",
    message: typeof error?.message === "string" ? error.message : `status ${response.status} without Relay's JSON; is a proxy in the way?`,
    requestId,
  };
  if (typeof error?.provider === "string") problem.provider = error.provider as ProviderName;
  if (typeof error?.reason === "string") problem.reason = error.reason;
  if (typeof error?.param === "string") problem.param = error.param;
  if (typeof error?.triesLeft === "number") problem.triesLeft = error.triesLeft;
  if (retryAfter > 0) problem.retryAfter = retryAfter;
  return problem;
}
