/** Makes a registration token, for an exchange: see docs/api.md. */

const DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/** The number of random digits: 256 bits. */
const LENGTH = 43;
/** The largest multiple of 62 that a byte can hold. A byte below it gives each digit with the same probability. */
const UNBIASED = 248;

/** A new token, which nobody else knows. */
export function makeToken(): string {
  let text = "rrt-";
  while (text.length < 4 + LENGTH) {
    const [byte] = crypto.getRandomValues(new Uint8Array(1));
    if (byte! < UNBIASED) text += DIGITS[byte! % 62];
  }
  return text + checksum(text);
}

/** The CRC-32 (IEEE 802.3) as six digits. */
export function checksum(text: string): string {
  let crc = -1;
  for (const byte of new TextEncoder().encode(text)) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  let rest = ~crc >>> 0;
  let digits = "";
  for (let place = 0; place < 6; place += 1) {
    digits = DIGITS[rest % 62] + digits;
    rest = Math.floor(rest / 62);
  }
  return digits;
}
