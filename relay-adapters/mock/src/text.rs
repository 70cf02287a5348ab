//! Counting words, cutting texts into pieces, and percent encoding.

use percent_encoding::percent_decode_str;

/// Tokens are words: runs of characters without white space.
pub(super) fn words(text: &str) -> u64 {
    text.split_whitespace().count() as u64
}

/// The words of a text, each with the white space behind it.
pub(super) fn word_pieces(text: &str) -> Vec<String> {
    let mut pieces = vec![String::new()];
    let mut blank = false;
    for c in text.chars() {
        if blank && !c.is_whitespace() {
            pieces.push(String::new());
        }
        blank = c.is_whitespace();
        if let Some(last) = pieces.last_mut() {
            last.push(c);
        }
    }
    pieces.retain(|piece| !piece.is_empty());
    pieces
}

/// Exactly `count` pieces of about the same number of characters. A text that is too short is repeated first.
pub(super) fn even_pieces(text: &str, count: usize) -> Vec<String> {
    let mut chars: Vec<char> = text.chars().collect();
    while chars.len() < count {
        chars.push(' ');
        chars.extend(text.chars());
    }
    let total = chars.len();
    (0..count)
        .map(|i| chars.iter().skip(i * total / count).take((i + 1) * total / count - i * total / count).collect())
        .collect()
}

/// Pieces of at most `size` characters.
pub(super) fn small_pieces(text: &str, size: usize) -> Vec<String> {
    let mut pieces = Vec::new();
    let mut rest = text.chars().peekable();
    while rest.peek().is_some() {
        pieces.push(rest.by_ref().take(size.max(1)).collect());
    }
    pieces
}

/// Undoes percent encoding. What is not valid stays as it is.
pub(super) fn percent_decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_add_up_to_the_text() {
        let text = "안녕 하세요,  good\nmorning 👋🏽 ";
        assert_eq!(word_pieces(text).concat(), text);
        assert_eq!(word_pieces(text).len(), 5);
        assert_eq!(small_pieces(text, 3).concat(), text);
        for count in [1, 2, 7, 12] {
            let pieces = even_pieces(text, count);
            assert_eq!((pieces.concat().as_str(), pieces.len()), (text, count));
        }
        assert_eq!(even_pieces("ab", 20).len(), 20);
    }

    #[test]
    fn percent_encoding_is_undone() {
        assert_eq!(percent_decoded("gemini%2D2.5%3agenerate%zz%"), "gemini-2.5:generate%zz%");
    }
}
