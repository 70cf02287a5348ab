/** The languages, the choice of one by a language tag, and the texts of the widget and the hosted page. form.ts has those of the form. */

import * as en from "./en.ts";
import * as ko from "./ko.ts";
import type { CommonText, HostedText, ProblemText, ShellText } from "./text.ts";

export type { CommonText, HostedText, ProblemText, ShellText } from "./text.ts";

/** All languages, by their tag. */
export const LANGUAGES = ["en", "ko"] as const;

const COMMON: Record<string, CommonText> = { en: en.common, ko: ko.common };
const SHELL: Record<string, ShellText> = { en: en.shell, ko: ko.shell };
const PROBLEMS: Record<string, ProblemText> = { en: en.problems, ko: ko.problems };
const HOSTED: Record<string, HostedText> = { en: en.hosted, ko: ko.hosted };

/** The language of a tag such as `ko-KR`; `null` for an unsupported language. */
export function languageOf(tag: unknown): string | null {
  const language = typeof tag === "string" ? (tag.toLowerCase().split(/[-_]/, 1)[0] ?? "") : "";
  return Object.hasOwn(COMMON, language) ? language : null;
}

/** The common texts; in English for an unsupported language. */
export const commonText = (language: string): CommonText => COMMON[language] ?? en.common;

/** The widget's texts. */
export const shellText = (language: string): CommonText & ShellText => ({ ...commonText(language), ...(SHELL[language] ?? en.shell) });

/** The hosted page's texts. */
export const hostedText = (language: string): CommonText & ProblemText & HostedText => ({ ...commonText(language), ...(PROBLEMS[language] ?? en.problems), ...(HOSTED[language] ?? en.hosted) });
