//! Changes to an input that know what JSON and event streams are made of, and so get further than changed bytes do.

use serde::de::IgnoredAny;

/// Numbers that look random and are the same in every run (SplitMix64).
#[derive(Clone, Debug)]
pub struct Random(pub u64);

impl Random {
    /// Seeded by the input itself (FNV-1a).
    pub fn of(data: &[u8]) -> Self {
        Self(
            data.iter()
                .fold(0xCBF2_9CE4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01B3)),
        )
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below `limit`; 0 if that is 0.
    pub fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % (limit.max(1) as u64)).unwrap_or(0)
    }

    fn pick<'t, T>(&mut self, items: &'t [T]) -> &'t T {
        &items[self.below(items.len())]
    }

    /// The input in pieces of up to 40 bytes, or of up to all of it.
    pub fn pieces<'d>(&mut self, mut data: &'d [u8]) -> Vec<&'d [u8]> {
        let longest = if self.below(2) == 0 { 40 } else { data.len() };
        let mut pieces = Vec::new();
        while !data.is_empty() {
            let (piece, rest) = data.split_at((1 + self.below(longest)).min(data.len()));
            pieces.push(piece);
            data = rest;
        }
        pieces
    }
}

/// JSON values that nobody expects where they stand.
const ODD: &[&str] = &[
    "null",
    "true",
    "0",
    "-1",
    "1.50",
    "1e400",
    "-0.0",
    "18446744073709551615",
    "18446744073709551616",
    "12345678901234567890123456789",
    "4294967295",
    "4294967296",
    "\"\"",
    "\" \"",
    "\"\\u0000\"",
    "\"\\ud83d\"",
    "\"\\ud83d\\ude00\\n\\\"\"",
    "\"\u{7f}\u{2028}é\"",
    "\"\u{feff}\"",
    "{}",
    "[]",
    "[[]]",
    "{\"a\":1,\"a\":2}",
    "{ \"z\" : 1.0e+2, \"a\":[ 1 , 2 ] }",
    "\"{\\\"n\\\":1e999,\\\"a\\\":0.10}\"",
    "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]",
];

/// What stands between events, or should not.
const FRAMING: &[&[u8]] = &[
    b"\n",
    b"\r",
    b"\r\n",
    b"\n\n",
    b": ping\n\n",
    b"data: ",
    b"data:",
    b"data\n",
    b"data: [DONE]\n\n",
    b"event: error\n",
    b"\xEF\xBB\xBF",
    b"<html>",
    b"\xFF",
    b"\0",
];

/// Changes the input at one place.
pub fn mutate(data: &mut Vec<u8>, random: &mut Random) {
    match random.below(12) {
        0 => {
            let at = random.below(data.len());
            if let Some(byte) = data.get_mut(at) {
                *byte = *random.pick(b"0\"{[]},:-n\xFFe\\ \n");
            }
        }
        1 => {
            let at = random.below(data.len() + 1);
            data.truncate(at);
        }
        2 => {
            let at = random.below(data.len() + 1);
            let piece = *random.pick(FRAMING);
            data.splice(at..at, piece.iter().copied());
        }
        3 => {
            // A span is repeated: an event that comes twice, a member that is there twice.
            let (from, at) = (random.below(data.len()), random.below(data.len() + 1));
            let to = (from + random.below(200)).min(data.len());
            let piece = data[from..to].to_vec();
            data.splice(at..at, piece);
        }
        4 => {
            if let Some(switches) = data.first_mut() {
                *switches = random.below(256) as u8;
            }
        }
        kind => value(data, kind, random),
    }
}

/// Changes one JSON value.
fn value(data: &mut Vec<u8>, kind: usize, random: &mut Random) {
    let Some(span) = span(data, random) else { return };
    let old = data[span.clone()].to_vec();
    let new = match kind {
        5 => Vec::new(),
        6 => [b"[".as_slice(), &old, b"]"].concat(),
        7 => [old.as_slice(), b",", &old].concat(),
        8 | 9 => match self::span(data, random) {
            Some(other) => data[other].to_vec(),
            None => return,
        },
        _ => random.pick(ODD).as_bytes().to_vec(),
    };
    data.splice(span, new);
}

/// The span of some JSON value; names of members count, too.
fn span(data: &[u8], random: &mut Random) -> Option<std::ops::Range<usize>> {
    for _ in 0..8 {
        let from = random.below(data.len());
        let found = data.get(from..)?.iter().position(|byte| b"\"{[0123456789".contains(byte));
        let Some(start) = found.map(|at| from + at) else { continue };
        let mut values = serde_json::Deserializer::from_slice(data.get(start..)?).into_iter::<IgnoredAny>();
        if values.next().is_some_and(|value| value.is_ok()) {
            return Some(start..start + values.byte_offset());
        }
    }
    None
}
