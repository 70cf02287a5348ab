//! Stable hashes, and ids made from them.

use std::fmt::Write as _;

/// FNV-1a. Stable over releases, which the standard library's hasher is not.
pub(super) fn hash(parts: &[&[u8]]) -> u64 {
    let mut state = 0xcbf2_9ce4_8422_2325_u64;
    for part in parts {
        for byte in part.iter().chain(std::iter::once(&0xff)) {
            state = (state ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }
    state
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
