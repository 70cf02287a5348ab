//! The chunked transfer coding (RFC 9112, 7.1), without what its grammar only tolerates.

use super::refusal::Refusal;

/// Bytes of chunk extensions and trailer fields of one body. RFC 9112, 7.1.1 wants a limit; nobody needs any.
const MOST_EXTRA: u16 = 8 << 10;
/// Digits of a chunk's size: as many as 64 bits have.
const MOST_DIGITS: u8 = 16;

/// A chunked body, read so far.
#[derive(Clone, Copy, Debug)]
pub(super) struct Chunked {
    at: At,
    /// What is missing of the current chunk, in bytes.
    size: u64,
    digits: u8,
    extra: u16,
}

/// What the next byte is part of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    Size,
    /// After `;`.
    NameStart,
    Name,
    /// After `=`.
    ValueStart,
    Value,
    Quoted,
    /// After `\` within quotes.
    Escaped,
    /// After the closing quote.
    ValueEnd,
    /// After the CR of a size line.
    SizeLf,
    Data,
    DataCr,
    DataLf,
    /// At the beginning of a line after the last chunk.
    LineStart,
    FieldName,
    FieldValue,
    FieldLf,
    LastLf,
    End,
}

impl Chunked {
    pub(super) const fn new() -> Self {
        Self { at: At::Size, size: 0, digits: 0, extra: 0 }
    }

    pub(super) fn is_complete(&self) -> bool {
        self.at == At::End
    }

    /// How many of these bytes belong to the body.
    ///
    /// # Errors
    /// `BrokenBody` with the rule that they break.
    pub(super) fn advance(&mut self, bytes: &[u8]) -> Result<usize, Refusal> {
        let mut taken = 0;
        while let Some(&byte) = bytes.get(taken) {
            match self.at {
                At::End => break,
                At::Data => {
                    let left = bytes.len() - taken;
                    let data = usize::try_from(self.size).unwrap_or(usize::MAX).min(left);
                    self.size -= data as u64;
                    taken += data;
                    if self.size == 0 {
                        self.at = At::DataCr;
                    }
                }
                at => {
                    self.at = self.step(at, byte)?;
                    taken += 1;
                }
            }
        }
        Ok(taken)
    }

    fn step(&mut self, at: At, byte: u8) -> Result<At, Refusal> {
        if !matches!(at, At::Size | At::SizeLf | At::DataCr | At::DataLf | At::LastLf) {
            self.extra += 1;
            if self.extra > MOST_EXTRA {
                return Err(Refusal::BrokenBody("chunk extensions and trailers may have at most 8 KiB"));
            }
        }
        match at {
            At::Size => self.size(byte),
            At::NameStart | At::Name | At::ValueStart | At::Value | At::Quoted | At::Escaped | At::ValueEnd => {
                extension(at, byte)
            }
            At::SizeLf if byte == b'\n' => Ok(if self.size == 0 { At::LineStart } else { At::Data }),
            At::DataCr if byte == b'\r' => Ok(At::DataLf),
            At::DataLf if byte == b'\n' => {
                self.digits = 0;
                Ok(At::Size)
            }
            At::LineStart | At::FieldName | At::FieldValue => field(at, byte),
            At::FieldLf if byte == b'\n' => Ok(At::LineStart),
            At::LastLf if byte == b'\n' => Ok(At::End),
            At::DataCr | At::DataLf => Err(Refusal::BrokenBody("a chunk's data must end with CR LF")),
            _ => Err(Refusal::BrokenBody("a line of the chunked coding must end with CR LF")),
        }
    }

    /// `chunk-size = 1*HEXDIG`: no sign, no prefix, no blanks.
    fn size(&mut self, byte: u8) -> Result<At, Refusal> {
        let digit = match byte {
            b'0'..=b'9' => byte - b'0',
            b'a'..=b'f' => byte - b'a' + 10,
            b'A'..=b'F' => byte - b'A' + 10,
            b';' if self.digits > 0 => return Ok(At::NameStart),
            b'\r' if self.digits > 0 => return Ok(At::SizeLf),
            _ => return Err(Refusal::BrokenBody("a chunk's size must be hexadecimal digits alone")),
        };
        if self.digits == MOST_DIGITS {
            return Err(Refusal::BrokenBody("a chunk's size has too many digits"));
        }
        self.digits += 1;
        self.size = (self.size << 4) | u64::from(digit);
        Ok(At::Size)
    }
}

/// `chunk-ext = *( ";" token [ "=" ( token / quoted-string ) ] )` (RFC 9112, 7.1.1), without the blanks that a
/// recipient may tolerate.
fn extension(at: At, byte: u8) -> Result<At, Refusal> {
    match (at, byte) {
        (At::NameStart | At::Name, _) if is_token(byte) => Ok(At::Name),
        (At::ValueStart | At::Value, _) if is_token(byte) => Ok(At::Value),
        (At::Name, b'=') => Ok(At::ValueStart),
        (At::ValueStart, b'"') => Ok(At::Quoted),
        (At::Quoted, b'"') => Ok(At::ValueEnd),
        (At::Quoted, b'\\') => Ok(At::Escaped),
        (At::Quoted | At::Escaped, b'\t' | b' '..=b'~' | 0x80..) => Ok(At::Quoted),
        (At::Name | At::Value | At::ValueEnd, b';') => Ok(At::NameStart),
        (At::Name | At::Value | At::ValueEnd, b'\r') => Ok(At::SizeLf),
        _ => Err(Refusal::BrokenBody("a chunk extension must be `;name`, `;name=value` or `;name=\"value\"`")),
    }
}

/// `trailer-section = *( field-line CRLF )` (RFC 9112, 7.1.2). Trailer fields are not used.
fn field(at: At, byte: u8) -> Result<At, Refusal> {
    match (at, byte) {
        (At::LineStart, b'\r') => Ok(At::LastLf),
        (At::LineStart | At::FieldName, _) if is_token(byte) => Ok(At::FieldName),
        (At::FieldName, b':') => Ok(At::FieldValue),
        (At::FieldValue, b'\t' | b' '..=b'~' | 0x80..) => Ok(At::FieldValue),
        (At::FieldValue, b'\r') => Ok(At::FieldLf),
        _ => Err(Refusal::BrokenBody("a trailer must be lines of `name: value`")),
    }
}

/// `tchar` (RFC 9110, 5.6.2).
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}
