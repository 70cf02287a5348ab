/** From a problem's code to what the user reads, and whether trying again can help. */

import type { Problem } from "../bridge/messages.ts";
import type { CommonText } from "./text.ts";

/** Codes that users are told about in words of their own. What the same call can't mend, however often, is marked. */
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
};

/** What to say, with how long to wait. */
export function problemText(text: CommonText, { code, retryAfter }: Pick<Problem, "code" | "retryAfter">): string {
  const kind = (KINDS[code] ?? "other").replace("!", "") as keyof CommonText["problems"];
  const wait = retryAfter && retryAfter <= 3600 ? text.wait(Math.ceil(retryAfter)) : kind === "busy" && text.soon;
  return wait ? `${text.problems[kind]} ${wait}` : text.problems[kind];
}

/** Whether trying again can help. */
export const isRetryable = (code: string): boolean => !KINDS[code]?.endsWith("!") && !code.startsWith("invalid_");
