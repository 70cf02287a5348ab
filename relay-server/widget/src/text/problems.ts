/** Maps a problem's code to its text for the user, and to whether a retry can help. */

import type { Problem } from "../bridge/messages.ts";
import type { CommonText } from "./text.ts";

/** Codes with a text of their own. Those that a retry cannot fix are marked. */
const KINDS: Record<string, keyof CommonText["problems"] | `${keyof CommonText["problems"]}!`> = {
  registration_token_expired: "expired!",
  registration_token_used: "used!",
  invalid_registration_token: "notOpened!",
  missing_token: "notOpened!",
  missing_element: "notOpened!",
  missing_base_url: "notOpened!",
  origin_not_allowed: "notHere!",
  frame_blocked: "notHere",
  csp_blocked: "notHere!",
  opaque_origin: "notHere!",
  frame_required: "notHere!",
  replace_not_allowed: "occupied!",
  provider_not_allowed: "noProvider!",
  offline: "offline",
  relay_unreachable: "unreachable",
  relay_timeout: "late",
  overloaded: "busy",
  draining: "busy",
  storage_unavailable: "busy",
  rate_limit_exceeded: "busy",
  too_many_refusals: "busy",
  too_many_tokens: "busy",
};

/** The text for the user, with the time to wait. */
export function problemText(text: CommonText, { code, retryAfter }: Pick<Problem, "code" | "retryAfter">): string {
  const kind = (KINDS[code] ?? "other").replace("!", "") as keyof CommonText["problems"];
  const wait = retryAfter && retryAfter <= 3600 ? text.wait(Math.ceil(retryAfter)) : kind === "busy" && text.soon;
  return wait ? `${text.problems[kind]} ${wait}` : text.problems[kind];
}

/** Whether a retry can help. */
export const isRetryable = (code: string): boolean => !KINDS[code]?.endsWith("!") && !code.startsWith("invalid_");
