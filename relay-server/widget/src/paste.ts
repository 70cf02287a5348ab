/** What people paste, and whose key it is. No key is refused by its look: these are hints. */

import type { ProviderInfo } from "./bridge/messages.ts";
import type { ProviderName } from "./options.ts";

/** How keys begin today, for providers that the token does not allow. */
const USUAL: Record<ProviderName, readonly string[]> = {
  openai: ["sk-"],
  anthropic: ["sk-ant-"],
  google: ["AQ.", "AIza"],
};

/** White space of any kind, and characters that can't be seen. */
const BLANK = String.raw`\s\u00ad\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff`;
const BLANKS = new RegExp(`[${BLANK}]+`, "g");
/** What is peeled off until nothing of it is left: brackets, a shell's `export`, a header, a scheme, a name with `=` or `:`. */
const PEELS = [
  new RegExp(`^[${BLANK}"'\`“”‘’«»<({]+`),
  new RegExp(`[${BLANK}"'\`“”‘’«»>)},;]+$`),
  /^export\s+/i,
  /^authorization\s*:\s*/i,
  /^bearer\s+/i,
];
const NAME = /^[\w-]*(?:api|key|token)[\w-]*["'`]?\s*[=:]/i;

const isKnown = (key: string): boolean => Object.values(USUAL).flat().some((prefix) => key.startsWith(prefix));

/** A key without what came along with it: white space, line breaks, quotes, `Bearer`, `OPENAI_API_KEY=`. */
export function clean(pasted: string): { key: string; changed: boolean } {
  let key = pasted;
  let before;
  do {
    before = key;
    for (const peel of PEELS) key = key.replace(peel, "");
    // A name before `=` or `:` is one only if what is there is not a key yet, and something is behind it.
    const bare = key.replace(NAME, "");
    if (!isKnown(key) && /[^=:]/.test(bare)) key = bare;
  } while (key !== before);
  key = key.replace(BLANKS, "");
  return { key, changed: key !== pasted };
}

/** The provider whose keys begin like this one; the longest beginning wins. */
export function ownerOf(key: string, providers: readonly ProviderInfo[]): ProviderName | null {
  let best: { name: ProviderName; length: number } | null = null;
  for (const name of Object.keys(USUAL) as ProviderName[]) {
    const known = providers.find((provider) => provider.name === name)?.keyPrefixes ?? [];
    for (const prefix of [...USUAL[name], ...known]) {
      if (key.startsWith(prefix) && prefix.length > (best?.length ?? 0)) best = { name, length: prefix.length };
    }
  }
  return best?.name ?? null;
}
