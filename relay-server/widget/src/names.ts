/** How names are written for people. */

import type { Session } from "./bridge/messages.ts";
import { h } from "./dom.ts";

/** The most characters of a label where there is little room. */
const LONGEST = 24;

/**
 * A label of which `LONGEST` characters are seen: both ends, which differ more often than the middle. The middle has no size, so that it
 * is read out, found and copied all the same.
 */
function shortened(label: string): HTMLElement {
  if (label.length <= LONGEST) return h("span", {}, label);
  const [from, to] = [LONGEST / 2, label.length + 1 - LONGEST / 2];
  return h("span", {}, label.slice(0, from), h("span", { class: "middle" }, label.slice(from, to)), h("span", { "aria-hidden": "true" }, "…"), label.slice(to));
}

/** `bdi`: a name can't turn the words around it. */
export const name = (words: string | Node): HTMLElement => h("bdi", { class: "name" }, words);

/** An account. */
export type Account = Pick<Session, "endUserLabel" | "endUserName">;

/**
 * An account, for the text around it: its name, and the label in brackets. Two accounts can have one name, and its user may have chosen
 * it to deceive; so the label, which decides whose key it is, is always there. `short`: where there is little room.
 */
export function accountOf({ endUserLabel, endUserName }: Account, short = false): HTMLElement {
  const label = short ? shortened(endUserLabel) : endUserLabel;
  return endUserName ? h("span", {}, name(endUserName), " ", h("bdi", { class: "id" }, "(", label, ")")) : name(label);
}

/** The same as text. Isolated, as `bdi` does it. */
export const accountText = ({ endUserLabel, endUserName }: Account): string => (endUserName ? `\u2068${endUserName}\u2069 (${endUserLabel})` : endUserLabel);

/** The host of an origin; all of it, if the page is not encrypted. */
export const hostOf = (origin: string): string => origin.replace(/^https:\/\//, "");
