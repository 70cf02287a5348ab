/** Maps a problem's code to its text for the user, and to whether a retry can help. */

import type { Problem } from "../bridge/messages.ts";
import type { CommonText } from "./text.ts";

/** Codes that the widget finds itself, with a text of their own. */
const KINDS: Record<string, keyof CommonText["problems"]> = {
  invalid_registration_token: "notOpened",
  missing_token: "notOpened",
  missing_element: "notOpened",
  missing_base_url: "notOpened",
  origin_not_allowed: "notHere",
  frame_blocked: "notHere",
  csp_blocked: "notHere",
  opaque_origin: "notHere",
  extension_page: "notHere",
  frame_required: "notHere",
  offline: "offline",
  relay_unreachable: "unreachable",
  relay_timeout: "late",
};

/** The text for the user: the form's own, if it sent one. */
export const problemText = (text: CommonText, { code, displayMessage }: Pick<Problem, "code" | "displayMessage">): string =>
  displayMessage ?? text.problems[KINDS[code] ?? "other"];

/** Codes that a retry cannot fix. */
const FINAL = /^(invalid_|missing_|registration_token_|origin_|csp_|opaque_|extension_|frame_required|replace_|provider_not_)/;

/** Whether a retry can help. */
export const isRetryable = (code: string): boolean => !FINAL.test(code);
