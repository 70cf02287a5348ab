/** Calls the page's callbacks, which may fail without harm, and writes to the console. */

import type { Problem } from "../bridge/messages.ts";
import type { ExitResult, MountOptions, WidgetError, WidgetEvent } from "../options.ts";
import { isRetryable, problemText } from "../text/problems.ts";
import type { CommonText } from "../text/index.ts";

/** Errors that are part of the normal flow: reported to the page, but not in the console. */
const EXPECTED = /^(key_refused_by_provider|provider_key_needs_.*|provider_key_masked|subscription_token)$/;

/** Calls a callback. An error in it does not affect the widget. */
export function call<T>(callback: ((value: T) => unknown) | undefined, value: T): void {
  // The promise catches what the function throws, now or later. The function still runs at once.
  new Promise((done) => done(callback?.(value))).catch((error) => console.error("[Relay] a callback of the page failed:", error));
}

export function emit({ onEvent }: MountOptions, event: WidgetEvent): void {
  call(onEvent, event);
}

export function exit(options: MountOptions, reason: ExitResult["reason"]): void {
  emit(options, { name: "exit", reason });
  call(options.onExit, { reason });
}

/** Reports a problem to the page and in the console. */
export function tell(options: MountOptions, problem: Problem, text: CommonText): WidgetError {
  const { code, message, requestId, provider } = problem;
  const error = { code, message, displayMessage: problem.displayMessage ?? problemText(text, problem), retryable: isRetryable(code), requestId, provider };
  if (!EXPECTED.test(code)) console.error(`[Relay] ${code}: ${message}`);
  emit(options, { name: "error", code, requestId });
  call(options.onError, error);
  return error;
}
