//! Random base-62 digits, and the checksum at the end of a token.

use relay_core::domain::ids::BASE62;

/// The largest multiple of 62 that a byte can hold. A byte below it gives each digit with the same probability.
const UNBIASED: u8 = 248;

/// Draws `count` digits without bias: bytes that would favour some digits are discarded.
///
/// # Errors
/// Those of `fill`.
pub(super) fn digits<E>(count: usize, mut fill: impl FnMut(&mut [u8; 64]) -> Result<(), E>) -> Result<String, E> {
    // Sixty-four bytes give 62 digits on average and 43 nearly always.
    let mut bytes = zeroize::Zeroizing::new([0; 64]);
    let mut text = String::with_capacity(count + CHECKSUM_LEN);
    loop {
        fill(&mut bytes)?;
        for byte in bytes.iter().filter(|byte| **byte < UNBIASED) {
            if text.len() == count {
                return Ok(text);
            }
            text.push(digit(u32::from(*byte)));
        }
    }
}

/// The number of digits of a checksum.
pub(super) const CHECKSUM_LEN: usize = 6;

/// The CRC-32 of `text` as six digits with leading zeros. 62^6 is more than 2^32.
pub(super) fn checksum(text: &[u8]) -> [u8; CHECKSUM_LEN] {
    let mut rest = crc32(text);
    let mut digits = [0; CHECKSUM_LEN];
    for place in digits.iter_mut().rev() {
        *place = digit(rest) as u8;
        rest /= 62;
    }
    digits
}

#[expect(clippy::indexing_slicing, reason = "a remainder of 62 is below 62")]
fn digit(number: u32) -> char {
    char::from(BASE62[(number % 62) as usize])
}

/// CRC-32 as in IEEE 802.3: reflected polynomial 0xEDB88320, all ones before and after.
#[expect(clippy::indexing_slicing, reason = "a byte is below 256")]
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| CRC_TABLE[usize::from(crc as u8 ^ byte)] ^ (crc >> 8))
}

static CRC_TABLE: [u32; 256] = crc_table();

#[expect(clippy::indexing_slicing, reason = "the loop ends at 256; a constant is checked by the compiler")]
const fn crc_table() -> [u32; 256] {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let mut crc = byte as u32;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 1 == 1 { 0xEDB8_8320 ^ (crc >> 1) } else { crc >> 1 };
            bit += 1;
        }
        table[byte] = crc;
        byte += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_the_crc_32_of_ieee() {
        assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
        assert_eq!(crc32(b""), 0);
    }

    #[test]
    fn checksums_have_six_digits_whatever_their_size() {
        assert_eq!(&checksum(b""), b"000000");
        assert_eq!(decode(&checksum(b"123456789")), 0xCBF4_3926);
    }

    #[test]
    fn bytes_that_would_favour_some_digits_are_discarded() {
        let mut rounds = 0;
        let text = digits(3, |bytes| {
            rounds += 1;
            *bytes = [if rounds == 1 { 255 } else { 61 }; 64];
            Ok::<_, ()>(())
        });
        assert_eq!((text.as_deref(), rounds), (Ok("zzz"), 2));
    }

    #[test]
    fn every_byte_value_below_the_bound_gives_each_digit_four_times() {
        let mut counts = std::collections::HashMap::new();
        (0..UNBIASED).for_each(|byte| *counts.entry(digit(u32::from(byte))).or_insert(0) += 1);
        assert_eq!((counts.len(), counts.values().all(|count| *count == 4)), (62, true));
    }

    fn decode(digits: &[u8]) -> u32 {
        digits
            .iter()
            .fold(0, |number, digit| number * 62 + BASE62.iter().position(|known| known == digit).unwrap() as u32)
    }
}
