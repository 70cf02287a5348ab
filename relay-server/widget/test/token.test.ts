import assert from "node:assert/strict";
import { test } from "node:test";
import { crc32 } from "node:zlib";

import { checksum, makeToken } from "../src/hosted/token.ts";

const DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const valueOf = (digits: string) => [...digits].reduce((sum, digit) => sum * 62 + DIGITS.indexOf(digit), 0);

test("the checksum is the CRC-32 in base 62", () => {
  assert.equal(valueOf(checksum("123456789")), 0xcbf43926, "the check value of CRC-32");
  for (const text of ["", "rrt-", "rrt-0000000000000000000000000000000000000000000"]) assert.equal(valueOf(checksum(text)), crc32(text), text);
  assert.equal(checksum("").length, 6);
});

test("a made token has the form of an issued one, and is made only once", () => {
  const made = new Set(Array.from({ length: 500 }, makeToken));
  assert.equal(made.size, 500);
  for (const token of made) {
    assert.match(token, /^rrt-[0-9A-Za-z]{49}$/);
    assert.equal(checksum(token.slice(0, 47)), token.slice(47));
  }
  // Each digit is as likely as the others.
  const counts = new Map<string, number>();
  for (const token of made) for (const digit of token.slice(4, 47)) counts.set(digit, (counts.get(digit) ?? 0) + 1);
  const mean = (500 * 43) / 62;
  assert.deepEqual([...DIGITS].filter((digit) => Math.abs((counts.get(digit) ?? 0) - mean) > mean / 2), []);
});
