import assert from "node:assert/strict";
import { test } from "node:test";

import { contrast, legible, type Rgb, textOn, toHex } from "../src/look/colour.ts";

const BLACK: Rgb = [0, 0, 0];
const WHITE: Rgb = [255, 255, 255];

/** A few thousand colours, evenly. */
function* colours(): Generator<Rgb> {
  for (let red = 0; red < 256; red += 17) for (let green = 0; green < 256; green += 17) for (let blue = 0; blue < 256; blue += 17) yield [red, green, blue];
}

test("contrast is WCAG's", () => {
  assert.equal(contrast(BLACK, WHITE), 21);
  assert.equal(contrast(WHITE, WHITE), 1);
  // From the understanding document of 1.4.3: #767676 on white just passes.
  assert.ok(contrast([0x76, 0x76, 0x76], WHITE) >= 4.5 && contrast([0x77, 0x77, 0x77], WHITE) < 4.5);
});

test("text on any accent can be read", () => {
  for (const colour of colours()) assert.ok(contrast(textOn(colour), colour) >= 4.5, toHex(colour));
});

test("any colour becomes legible on any background, and one that is legible stays", () => {
  for (const background of [WHITE, BLACK, [0x17, 0x1a, 0x23], [0x80, 0x80, 0x80]] as Rgb[]) {
    for (const colour of colours()) {
      const made = legible(colour, background, 4.5);
      assert.ok(contrast(made, background) >= 4.5, `${toHex(colour)} on ${toHex(background)}`);
      if (contrast(colour, background) >= 4.5) assert.deepEqual(made, colour);
    }
  }
});
