//! Stable hashes, and ids made from them.

use std::fmt::Write as _;

/// FNV-1a of a text that comes in pieces. Stable over releases, which the standard library's hasher is not.
#[derive(Clone, Copy)]
pub(super) struct Hasher(u64);

impl Hasher {
    pub(super) fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    pub(super) fn add(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }

    /// The hash of what came so far.
    pub(super) fn end(mut self) -> u64 {
        self.add(&[0xff]);
        self.0
    }
}

/// The hash of several texts.
pub(super) fn hash(parts: &[&[u8]]) -> u64 {
    let mut hasher = Hasher::new();
    for (at, part) in parts.iter().enumerate() {
        if at > 0 {
            hasher.add(&[0xff]);
        }
        hasher.add(part);
    }
    if parts.is_empty() { hasher.0 } else { hasher.end() }
}

/// SplitMix64: the next of a row of well-mixed numbers.
pub(super) fn mix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// An id of letters and digits, the same for the same seed and salt.
pub(super) fn id(prefix: &str, seed: u64, salt: &str, len: usize) -> String {
    const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let mut state = hash(&[&seed.to_le_bytes(), prefix.as_bytes(), salt.as_bytes()]);
    let mut out = prefix.to_owned();
    for _ in 0..len {
        let digit = usize::try_from(mix(&mut state) % 62).ok().and_then(|at| DIGITS.get(at));
        out.push(digit.copied().map_or('0', char::from));
    }
    out
}

/// An id of 32 hexadecimal digits, the same for the same seed and salt.
pub(super) fn hex(seed: u64, salt: &str) -> String {
    let mut out = String::new();
    let mut state = hash(&[&seed.to_le_bytes(), salt.as_bytes()]);
    for _ in 0..2 {
        let _ = write!(out, "{:016x}", mix(&mut state));
    }
    out
}
