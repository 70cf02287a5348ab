//! Percent-encoding for paths and queries.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::failure::Failure;

/// One segment of a path, percent-encoded except for the unreserved characters (RFC 3986, 2.3).
///
/// # Errors
/// For `.` and `..`, which a URL cannot contain as a segment.
pub fn segment(text: &str) -> Result<String, Failure> {
    if matches!(text, "." | "..") {
        return Err(Failure::usage("the user labels `.` and `..` cannot be sent in a URL"));
    }
    Ok(percent_encode(text))
}

/// All except the unreserved characters (RFC 3986, 2.3).
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Percent-encodes all except the unreserved characters (RFC 3986, 2.3).
pub fn percent_encode(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_encoded_in_paths() {
        assert_eq!(segment("a/b?c%d@e.f").unwrap(), "a%2Fb%3Fc%25d%40e.f");
        assert!(segment("..").is_err());
    }
}
