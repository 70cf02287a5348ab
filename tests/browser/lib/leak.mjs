// How much of a key a recording holds.
import { randomInt } from "node:crypto";

import { secret } from "./relay.mjs";

const LETTERS = "GHJKMNPQRTVWXYZ";
const DIGITS = "23456789";

/** A key in which no word and no hash occurs by chance: capital letters and digits in turn. The tail, which a user is shown, is apart. */
export function tellingKey(prefix = "sk-mock-good-") {
  let tag = "";
  for (let at = 0; at < 20; at += 1) tag += (at % 2 ? DIGITS : LETTERS)[randomInt(at % 2 ? DIGITS.length : LETTERS.length)];
  return { key: secret(`${prefix}${tag}aaaa`, tag), tag };
}

/** The longest piece of `tag` that occurs in `text`, in characters. One or two occur anywhere. */
export function longestPiece(tag, text) {
  for (let length = tag.length; length > 0; length -= 1) {
    for (let from = 0; from + length <= tag.length; from += 1) {
      if (text.includes(tag.slice(from, from + length))) return length;
    }
  }
  return 0;
}
