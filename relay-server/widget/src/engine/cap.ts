/** How many tokens a page may hand over. */

import type { Problem } from "../bridge/messages.ts";

/**
 * The most tokens in `WINDOW`. An app renews a token that has expired, was used, or took five refused keys, and a user needs seconds
 * for each of these. More comes from a script that keeps the form busy, or tries tokens out.
 */
export const TOKENS_A_MINUTE = 6;
/** One minute, in milliseconds. */
const WINDOW = 60_000;

/** Counts a token that comes at `now`, a time in milliseconds; a problem if it is one too many. `taken` has the times of earlier ones. */
export function refusal(taken: number[], now: number): Problem | null {
  while (now - taken[0]! >= WINDOW) taken.shift();
  if (taken.push(now) <= TOKENS_A_MINUTE) return null;
  taken.pop();
  return { code: "too_many_tokens", message: `at most ${TOKENS_A_MINUTE} tokens a minute are accepted`, retryAfter: (taken[0]! + WINDOW - now) / 1_000 };
}
