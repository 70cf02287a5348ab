/** The texts for what Relay answers, with the time to wait. */

import type { Problem } from "../bridge/messages.ts";
import { problemText } from "./problems.ts";
import type { CommonText, ProblemText } from "./text.ts";

const KINDS: Record<string, keyof ProblemText["answers"]> = {
  registration_token_expired: "expired",
  registration_token_used: "used",
  replace_not_allowed: "occupied",
  provider_not_allowed: "noProvider",
  overloaded: "busy",
  draining: "busy",
  storage_unavailable: "busy",
  rate_limit_exceeded: "busy",
  too_many_refusals: "busy",
  too_many_tokens: "busy",
};

/** The text for the user. */
export function answerText(text: CommonText & ProblemText, problem: Pick<Problem, "code" | "retryAfter">): string {
  const { code, retryAfter } = problem;
  const kind = KINDS[code];
  const words = kind ? text.answers[kind] : problemText(text, { code });
  const wait = retryAfter && retryAfter <= 3600 ? text.wait(Math.ceil(retryAfter)) : kind === "busy" && text.soon;
  return wait ? `${words} ${wait}` : words;
}
