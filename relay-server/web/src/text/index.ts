/** The languages, and which of them a tag means. */

import { en } from "./en.ts";
import { ko } from "./ko.ts";
import type { Text } from "./text.ts";

export type { Text } from "./text.ts";

/** All languages, by their tag. */
export const LANGUAGES: Readonly<Record<string, Text>> = { en, ko };

/** The language of a tag such as `ko-KR`; `null` if there are no texts for it. */
export function languageOf(tag: unknown): string | null {
  if (typeof tag !== "string") return null;
  const language = tag.toLowerCase().split(/[-_]/, 1)[0] ?? "";
  return Object.hasOwn(LANGUAGES, language) ? language : null;
}

/** The texts of a language; English for one that there is not. */
export const textOf = (language: string): Text => LANGUAGES[language] ?? en;
