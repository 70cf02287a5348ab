/**
 * The form's texts, in the languages that are here. The frame's script has the language that its document is in, and
 * loads another when the page changes the language. Without a frame, all are here.
 */

import type { CommonText, FormText, ProblemText } from "./text.ts";

export type { CommonText, FormText, IdName } from "./text.ts";

/** All that the form says in one language. */
export type FormWords = CommonText & ProblemText & FormText;

/** The form's part of the file of a language. */
export interface Texts {
  common: CommonText;
  problems: ProblemText;
  form: FormText;
}

const known = new Map<string, FormWords>();

/** Adds a language. */
export function learn(language: string, { common, problems, form }: Texts): void {
  known.set(language, { ...common, ...problems, ...form });
}

/** The language, or the first that was learnt if it is not here; empty if none is. */
export const closest = (language: string): string => (known.has(language) ? language : (known.keys().next().value ?? ""));

/** The texts of a language, or of the closest. At least one has been learnt. */
export const formText = (language: string): FormWords => known.get(closest(language))!;
