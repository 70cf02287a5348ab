/** Requests new tokens from the page's backend. */

import type { Problem } from "../bridge/messages.ts";
import { isToken } from "./settings.ts";

/** The timeout of the page's `fetchToken`, in milliseconds. */
const TIMEOUT = 30_000;

const failed = (message: string): Problem => ({ code: "fetch_token_failed", message });

/** Calls the page's `fetchToken`. Never rejects. */
export async function requestToken(fetchToken: () => Promise<string>, signal: AbortSignal): Promise<string | Problem> {
  const late = new Promise<Problem>((resolve) => {
    const timer = setTimeout(resolve, TIMEOUT, failed("`fetchToken` did not settle within 30 seconds"));
    signal.addEventListener("abort", () => clearTimeout(timer), { once: true });
  });
  const asked = Promise.resolve()
    .then(fetchToken)
    .then(
      (token) => (isToken(token) ? token : failed("`fetchToken` must resolve to a registration token (rrt-…)")),
      (error: unknown) => failed(`\`fetchToken\` rejected: ${error instanceof Error ? error.name : typeof error}`),
    );
  return Promise.race([asked, late]);
}
