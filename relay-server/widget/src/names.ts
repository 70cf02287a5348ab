/** How names are written for people. */

import { h } from "./dom.ts";

/** The most characters of a label where there is little room. */
const LONGEST = 24;

/**
 * A label of which `LONGEST` characters are seen: both ends, which differ more often than the middle. The middle has no size, so that it
 * is read out, found and copied all the same.
 */
export function shortened(label: string): HTMLElement {
  if (label.length <= LONGEST) return h("span", {}, label);
  const [from, to] = [LONGEST / 2, label.length + 1 - LONGEST / 2];
  return h("span", {}, label.slice(0, from), h("span", { class: "middle" }, label.slice(from, to)), h("span", { "aria-hidden": "true" }, "…"), label.slice(to));
}

/** The host of an origin; all of it, if the page is not encrypted. */
export const hostOf = (origin: string): string => origin.replace(/^https:\/\//, "");
