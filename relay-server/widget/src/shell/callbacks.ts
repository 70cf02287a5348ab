/** What the page is told: its callbacks, which may fail without harm, and the console. */

import type { Problem } from "../bridge/messages.ts";
import type { ExitResult, MountOptions, WidgetError, WidgetEvent } from "../options.ts";
import { isRetryable, problemText } from "../text/problems.ts";
import type { CommonText } from "../text/index.ts";

/** Part of the flow: the page hears of it, the console does not. */
const EXPECTED = /^(key_refused_by_provider|provider_key_needs_workspace)$/;

/** Calls back. What the page's function does wrong is the page's. */
export function call<T>(callback: ((value: T) => unknown) | undefined, value: T): void {
  // A promise's own machinery catches what the function throws, now or later. The function still runs at once.
  new Promise((done) => done(callback?.(value))).catch((error) => console.error("[Relay] a callback of the page failed:", error));
}

export function emit({ onEvent }: MountOptions, event: WidgetEvent): void {
  call(onEvent, event);
}

export function exit(options: MountOptions, reason: ExitResult["reason"]): void {
  emit(options, { name: "exit", reason });
  call(options.onExit, { reason });
}

/** Tells of something that went wrong. */
export function tell(options: MountOptions, problem: Problem, text: CommonText): WidgetError {
  const { code, message, requestId, provider } = problem;
  const error = { code, message, displayMessage: problem.displayMessage ?? problemText(text, problem), retryable: isRetryable(code), requestId, provider };
  if (!EXPECTED.test(code)) console.error(`[Relay] ${code}: ${message}`);
  emit(options, { name: "error", code, requestId });
  call(options.onError, error);
  return error;
}
