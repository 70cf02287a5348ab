/** From a problem's code to what the user reads. */

import type { Problem } from "../bridge/messages.ts";
import type { CommonText } from "./text.ts";

const BUSY = new Set(["overloaded", "draining", "storage_unavailable", "master_key_unusable", "rate_limit_exceeded", "too_many_refusals", "request_timeout"]);
/** What the same call can't mend, however often. */
const FINAL = new Set([
  "registration_token_expired", "registration_token_used", "invalid_registration_token", "missing_token", "origin_not_allowed",
  "csp_blocked", "opaque_origin", "frame_required", "replace_not_allowed", "provider_not_allowed",
]);

/** What to say, with how long to wait. */
export function problemText(text: CommonText, problem: Problem): string {
  const known = Object.hasOwn(text.problems, problem.code) ? (problem.code as keyof CommonText["problems"]) : BUSY.has(problem.code) ? "busy" : "other";
  const words = text.problems[known];
  return problem.retryAfter && problem.retryAfter <= 3600 ? `${words} ${text.wait(Math.ceil(problem.retryAfter))}` : words;
}

/** Whether trying again can help. */
export const isRetryable = (code: string): boolean => !FINAL.has(code);
