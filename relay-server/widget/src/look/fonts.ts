/** The fonts that a page may choose for the form. */

import { isUsable } from "./theme.ts";

/** Fonts whose letters are pictures, in which no text can be read. */
const SYMBOLS = /dings|symbol|marlett|emoji|icon|mdl2|outlook|bookshelf|mt extra|barcode|braille|awesome/i;

/** Whether text in these fonts can be read. What names the account has the system's font, whatever the page chooses. */
export const isReadable = (fonts: unknown): boolean => isUsable("fontFamily", fonts) && !SYMBOLS.test(fonts as string);
