//! Searches bytes for secrets, plain and in the encodings in which one could lie there unnoticed.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

/// How many bytes at a needle's end are looked up at each place.
const TAIL: usize = 8;
/// Bits of the filter in front of the look-up.
const FILTER_BITS: u32 = 22;

/// Every way in which a secret is searched for: a name, and the bytes.
pub fn encodings(bytes: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let hex = |upper: bool| -> Vec<u8> {
        let digits = |byte: &u8| if upper { format!("{byte:02X}") } else { format!("{byte:02x}") };
        bytes.iter().map(digits).collect::<String>().into_bytes()
    };
    let percent = |upper: bool| -> Vec<u8> {
        let digits = |byte: &u8| if upper { format!("%{byte:02X}") } else { format!("%{byte:02x}") };
        bytes.iter().map(digits).collect::<String>().into_bytes()
    };
    let mut all = vec![
        ("raw", bytes.to_vec()),
        ("hex", hex(false)),
        ("HEX", hex(true)),
        ("percent", percent(false)),
        ("PERCENT", percent(true)),
        ("utf-16 le", bytes.iter().flat_map(|byte| [*byte, 0]).collect()),
        ("utf-16 be", bytes.iter().flat_map(|byte| [0, *byte]).collect()),
    ];
    for (name, engine) in [("base64", &STANDARD_NO_PAD), ("base64url", &URL_SAFE_NO_PAD)] {
        all.extend((0..3).map(|before| (name, inner_base64(engine, before, bytes))));
    }
    all
}

/// What of a secret's base64 does not depend on what stands around it, if it begins `before` bytes after a multiple of 3.
fn inner_base64(engine: &impl base64::Engine, before: usize, bytes: &[u8]) -> Vec<u8> {
    let text = engine.encode([&[0; 2][..before], bytes].concat());
    let whole = (before + bytes.len()) * 8 / 6;
    text.as_bytes()[(before * 8).div_ceil(6)..whole].to_vec()
}

/// A secret that was found.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Hit {
    /// Which one, in the order in which they were given.
    pub secret: usize,
    /// In which of the [`encodings`].
    pub encoding: &'static str,
    /// Where it begins.
    pub at: usize,
}

struct Needle {
    secret: usize,
    encoding: &'static str,
    bytes: Vec<u8>,
}

/// Searches for many secrets in all encodings at once.
pub struct Scanner {
    needles: Vec<Needle>,
    by_tail: HashMap<u64, Vec<usize>>,
    filter: Vec<u64>,
}

impl Scanner {
    /// Secrets of at least 12 bytes.
    pub fn new<S: AsRef<[u8]>>(secrets: impl IntoIterator<Item = S>) -> Self {
        let mut scanner =
            Self { needles: Vec::new(), by_tail: HashMap::new(), filter: vec![0; 1 << (FILTER_BITS - 6)] };
        let mut seen = HashSet::new();
        for (secret, text) in secrets.into_iter().enumerate() {
            assert!(text.as_ref().len() >= 12, "too short to be searched for: {} bytes", text.as_ref().len());
            for (encoding, bytes) in encodings(text.as_ref()) {
                if seen.insert(bytes.clone()) {
                    scanner.add(Needle { secret, encoding, bytes });
                }
            }
        }
        scanner
    }

    fn add(&mut self, needle: Needle) {
        let tail = needle.bytes.last_chunk::<TAIL>().map_or(0, |tail| u64::from_be_bytes(*tail));
        let bit = bit_of(tail);
        self.filter[bit / 64] |= 1 << (bit % 64);
        self.by_tail.entry(tail).or_default().push(self.needles.len());
        self.needles.push(needle);
    }

    /// How many byte strings are searched for.
    pub fn needles(&self) -> usize {
        self.needles.len()
    }

    /// All places where a secret is.
    pub fn all_in(&self, haystack: &[u8]) -> Vec<Hit> {
        self.search(haystack).collect()
    }

    /// The first place where a secret is.
    pub fn first_in(&self, haystack: &[u8]) -> Option<Hit> {
        self.search(haystack).next()
    }

    fn search(&self, haystack: &[u8]) -> impl Iterator<Item = Hit> {
        let mut tail = 0;
        let candidates = haystack.iter().enumerate().filter_map(move |(at, byte)| {
            tail = tail << 8 | u64::from(*byte);
            let bit = bit_of(tail);
            let known = self.filter[bit / 64] >> (bit % 64) & 1 == 1;
            Some((at + 1, self.by_tail.get(&tail).filter(|_| known)?))
        });
        candidates.flat_map(move |(end, needles)| {
            needles.iter().filter_map(move |needle| {
                let Needle { secret, encoding, bytes } = &self.needles[*needle];
                let found = haystack[..end].ends_with(bytes);
                found.then(|| Hit { secret: *secret, encoding, at: end - bytes.len() })
            })
        })
    }
}

fn bit_of(tail: u64) -> usize {
    // Multiplied by 2^64 / the golden ratio, the upper bits are well mixed.
    (tail.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> (64 - FILTER_BITS)) as usize
}

impl std::fmt::Debug for Scanner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Scanner({} needles)", self.needles.len())
    }
}

/// The bytes of all files in a folder, with their names.
pub fn files_in(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.file_type().unwrap().is_file())
        .map(|entry| (entry.file_name().to_string_lossy().into_owned(), std::fs::read(entry.path()).unwrap()))
        .collect();
    files.sort();
    files
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;

    use super::*;

    const SECRET: &str = "sk-Planted_0123456789/+abcXYZ";

    #[test]
    fn a_planted_secret_is_found_in_each_encoding() {
        let scanner = Scanner::new(["another-secret-1", SECRET]);
        let hex: String = SECRET.bytes().map(|byte| format!("{byte:02x}")).collect();
        let percent: String = SECRET.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let mut planted = vec![
            SECRET.as_bytes().to_vec(),
            hex.clone().into_bytes(),
            hex.to_uppercase().into_bytes(),
            percent.clone().into_bytes(),
            percent.to_lowercase().into_bytes(),
            SECRET.encode_utf16().flat_map(u16::to_le_bytes).collect(),
            SECRET.encode_utf16().flat_map(u16::to_be_bytes).collect(),
        ];
        for before in 0..7 {
            let text = format!("{}{SECRET}\u{7f}~", "~".repeat(before));
            planted.push(STANDARD_NO_PAD.encode(&text).into_bytes());
            planted.push(URL_SAFE_NO_PAD.encode(&text).into_bytes());
        }
        for bytes in planted {
            for around in [0, 1, 5000] {
                let haystack = [vec![b'x'; around], bytes.clone(), vec![0; around]].concat();
                let hits = scanner.all_in(&haystack);
                assert!(hits.iter().any(|hit| hit.secret == 1), "{:?}", String::from_utf8_lossy(&bytes));
                assert!(hits.iter().all(|hit| hit.secret == 1));
            }
        }
    }

    #[test]
    fn nothing_is_found_where_nothing_is() {
        let scanner = Scanner::new([SECRET]);
        let short = &SECRET.as_bytes()[..SECRET.len() - 1];
        assert_eq!(scanner.all_in(&[short, b"\0", short].concat()), []);
        assert_eq!(scanner.all_in(b""), []);
    }
}
