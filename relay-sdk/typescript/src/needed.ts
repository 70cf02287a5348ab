import type { Provider } from "./types.ts";

/** The codes that a user solves by connecting a key. docs/errors.md says so of each. */
const CODES = /^provider_(account_disabled|key_(missing|invalid|revoked|needs_(workspace|organization|project)))$/;

/**
 * The provider for which the user must connect a key, or `null` if this error has another reason. Accepts any error: those of this
 * package and of the OpenAI client, in a stream too, those that wrap one (`cause`), those of the AI SDK, and the parsed JSON of a response.
 * @example const provider = keyNeeded(error); if (provider) openWidget(provider);
 */
export function keyNeeded(error: unknown): Provider | null {
  return find(error, 5);
}

function find(error: unknown, depth: number): Provider | null {
  const it: any = typeof error === "string" ? parsed(error) : error;
  if (typeof it !== "object" || it === null || depth === 0) return null;
  const provider = it.provider ?? it.error?.provider;
  if (CODES.test(it.code) && typeof provider === "string") return provider;
  for (const inner of [it.error, it.data, it.responseBody, it.lastError, it.cause]) {
    const found = find(inner, depth - 1);
    if (found) return found;
  }
  return null;
}

/** Parses JSON; `undefined` for an invalid text. */
export function parsed(text: string): any {
  try {
    return JSON.parse(text);
  } catch {}
}
