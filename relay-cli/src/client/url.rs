//! Percent-encoding for paths and queries.

use crate::failure::Failure;

/// One segment of a path, percent-encoded but for the unreserved characters (RFC 3986, 2.3).
///
/// # Errors
/// For `.` and `..`, which no URL can carry as a name.
pub fn segment(text: &str) -> Result<String, Failure> {
    if matches!(text, "." | "..") {
        return Err(Failure::usage("the user labels `.` and `..` can't be sent in a URL"));
    }
    Ok(percent_encode(text))
}

/// Percent-encodes all but the unreserved characters (RFC 3986, 2.3).
pub fn percent_encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
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
