// How much of a key a recording holds.
import { randomInt } from "node:crypto";

import { secret } from "./relay.mjs";

/** Rare in words, and in no hash and no id: those are hexadecimal, or in capitals. */
const LETTERS = "jkqvwxz";

/** A key of which three characters occur nowhere by chance. The tail, which a user is shown, is apart. */
export function tellingKey(prefix = "sk-mock-good-") {
  let tag = "";
  for (let at = 0; at < 20; at += 1) tag += LETTERS[randomInt(LETTERS.length)];
  return { key: secret(`${prefix}${tag}aaaa`, tag), tag };
}

/** The longest piece of `tag` that occurs in `text`, in characters. Two may occur anywhere. */
export function longestPiece(tag, text) {
  // A registration token is the page's own, and holds any letters.
  const said = text.replaceAll(/rrt-[0-9A-Za-z]{49}/g, "");
  for (let length = tag.length; length > 0; length -= 1) {
    for (let from = 0; from + length <= tag.length; from += 1) {
      if (said.includes(tag.slice(from, from + length))) return length;
    }
  }
  return 0;
}
