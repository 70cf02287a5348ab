/** Colours and their contrast, by WCAG 2.2's formula. */

/** Red, green and blue, 0 to 255. */
export type Rgb = readonly [number, number, number];

const BLACK: Rgb = [0, 0, 0];
const WHITE: Rgb = [255, 255, 255];

/** The contrast that WCAG 2.2 AA requires for text (1.4.3) and for the outlines of controls (1.4.11). */
export const TEXT_CONTRAST = 4.5;
export const OUTLINE_CONTRAST = 3;

/** An opaque colour in any notation that the browser writes as sRGB; `null` for everything else. */
export function parseColour(text: string): Rgb | null {
  const canvas = document.createElement("canvas").getContext("2d");
  if (!canvas) return null;
  // An invalid colour leaves the previous value unchanged.
  const read = (before: string): string => {
    canvas.fillStyle = before;
    canvas.fillStyle = text;
    return canvas.fillStyle;
  };
  const found = read("#000000");
  return found === read("#ffffff") ? fromHex(found) : null;
}

function fromHex(text: string): Rgb | null {
  const digits = /^#(..)(..)(..)$/.exec(text);
  if (!digits) return null;
  const [red = 0, green = 0, blue = 0] = digits.slice(1).map((pair) => Number.parseInt(pair, 16));
  return [red, green, blue];
}

export const toHex = (colour: Rgb): string =>
  `#${colour.map((part) => Math.round(part).toString(16).padStart(2, "0")).join("")}`;

/** A mix of two colours: 0 is the first, 1 the second. */
export const mix = (from: Rgb, to: Rgb, share: number): Rgb =>
  [0, 1, 2].map((at) => from[at]! + (to[at]! - from[at]!) * share) as unknown as Rgb;

/** WCAG's relative luminance. */
function luminance(colour: Rgb): number {
  const [red, green, blue] = colour.map((part) => {
    const share = part / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  }) as unknown as Rgb;
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/** WCAG's contrast ratio, 1 to 21. */
export function contrast(one: Rgb, other: Rgb): number {
  const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b) as [number, number];
  return (light + 0.05) / (dark + 0.05);
}

/** Black or white: on any colour, at least one of them has a contrast of 4.5. */
export const textOn = (colour: Rgb): Rgb => (contrast(colour, WHITE) >= TEXT_CONTRAST ? WHITE : BLACK);

/** The colour, moved towards black or white until its contrast with the background is sufficient. */
export function legible(colour: Rgb, behind: Rgb, ratio: number): Rgb {
  const end = contrast(behind, BLACK) > contrast(behind, WHITE) ? BLACK : WHITE;
  for (let share = 0; share < 1; share += 0.05) {
    const candidate = mix(colour, end, share);
    if (contrast(candidate, behind) >= ratio) return candidate;
  }
  return end;
}
