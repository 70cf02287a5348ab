/** Cleans pasted keys, and guesses their provider. The guess is a hint: no key is refused because of its prefix. */

import type { KnownProvider } from "./bridge/messages.ts";

/** White space of any kind, and invisible characters. */
const BLANK = String.raw`\s\u00ad\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff`;
const BLANKS = new RegExp(`[${BLANK}]+`, "g");
/** Parts that are removed repeatedly: brackets, a shell's `export`, a header, a scheme, a name with `=` or `:`. */
const PEELS = [
  new RegExp(`^[${BLANK}"'\`“”‘’«»<({]+`),
  new RegExp(`[${BLANK}"'\`“”‘’«»>)},;]+$`),
  /^export\s+/i,
  /^authorization\s*:\s*/i,
  /^bearer\s+/i,
];
const NAME = /^[\w-]*(?:api|key|token)[\w-]*["'`]?\s*[=:]/i;

/** The length of the provider's longest prefix that the key begins with; 0 without one. */
const fit = (key: string, { keyPrefixes }: KnownProvider): number =>
  Math.max(0, ...keyPrefixes.filter((prefix) => key.startsWith(prefix)).map(({ length }) => length));

/** The key without anything around it: white space, line breaks, quotes, `Bearer`, `OPENAI_API_KEY=`. */
export function clean(pasted: string, known: readonly KnownProvider[]): { key: string; changed: boolean } {
  let key = pasted;
  let before;
  do {
    before = key;
    for (const peel of PEELS) key = key.replace(peel, "");
    // Text before `=` or `:` is a name only if the whole is not already a key, and something follows.
    const bare = key.replace(NAME, "");
    if (!known.some((provider) => fit(key, provider)) && /[^=:]/.test(bare)) key = bare;
  } while (key !== before);
  key = key.replace(BLANKS, "");
  return { key, changed: key !== pasted };
}

/** The provider whose keys begin like this one. The longest prefix wins; among equal ones, the chosen provider. */
export function ownerOf(key: string, known: readonly KnownProvider[], chosen?: string): KnownProvider | null {
  let best: { provider: KnownProvider; length: number } | null = null;
  for (const provider of known) {
    const length = fit(key, provider);
    const better = best ? length > best.length || (length === best.length && provider.name === chosen) : length > 0;
    if (better) best = { provider, length };
  }
  return best?.provider ?? null;
}

/** The shortened form in which a provider lists its keys: `sk-...a1b2`, `sk-…a1b2`, `sk-****a1b2`. No key has such a gap. */
const GAP = /…|\.{2,}|[*•●∙·]{2,}/;
/** Tokens of a subscription or a sign-in: of a command line tool, of a session, of OAuth. They have these forms at all providers. */
const SIGN_IN = /^(sk-ant-(oat|ort|sid)\d*-|sess-|eyJ[\w-]{8,}\.[\w-]+\.|ya29\.)/;

/** Why a text can't be a key, so that no try is spent on it: Relay's code for it. */
export function flawOf(key: string): "provider_key_masked" | "subscription_token" | null {
  return GAP.test(key) ? "provider_key_masked" : SIGN_IN.test(key) ? "subscription_token" : null;
}
