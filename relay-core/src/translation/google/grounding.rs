//! Search results (`groundingMetadata`) to `annotations`, and `logprobsResult` to `logprobs`.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};

use super::wire::Few;
use crate::translation::json::Text;
use crate::translation::limits::MAX_BLOCKS;
use crate::translation::surface::chat_completions::completion::{Annotation, UrlCitation};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Grounding<'a> {
    #[serde(borrow, default)]
    grounding_chunks: Few<Chunk<'a>>,
    #[serde(default)]
    grounding_supports: Few<Support>,
}

/// A page that was read.
#[derive(Deserialize)]
struct Chunk<'a> {
    #[serde(borrow)]
    web: Option<Source<'a>>,
    #[serde(borrow)]
    image: Option<Source<'a>>,
    #[serde(borrow)]
    maps: Option<Source<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Source<'a> {
    #[serde(borrow)]
    uri: Option<Text<'a>>,
    #[serde(borrow)]
    source_uri: Option<Text<'a>>,
    #[serde(borrow)]
    title: Option<Text<'a>>,
}

/// A span of the answer and the pages that it rests on.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Support {
    #[serde(default)]
    segment: Segment,
    #[serde(default)]
    grounding_chunk_indices: Few<usize>,
}

/// Offsets are bytes of UTF-8 in one part.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Segment {
    part_index: usize,
    start_index: usize,
    end_index: usize,
}

/// The most bytes of addresses and titles in the annotations of one answer: each span repeats those of its pages.
const MAX_CITED: usize = 1 << 20;

/// One annotation for each page of each supported span, up to [`MAX_BLOCKS`] and [`MAX_CITED`]. `starts` holds, for each part of the answer, the byte of
/// `content` that it begins at; in streams it is empty, since there parts are pieces of one text, which begins at `base`.
pub(super) fn annotations<'a>(raw: &'a RawValue, content: &str, starts: &[usize], base: usize) -> Vec<Annotation<'a>> {
    let Ok(grounding) = serde_json::from_str::<Grounding<'a>>(raw.get()) else { return Vec::new() };
    let pages: Vec<Option<(Cow<'a, str>, Cow<'a, str>)>> = grounding.grounding_chunks.into_iter().map(page).collect();
    let characters = Characters::new(content);
    let (mut found, mut cited) = (Vec::new(), 0_usize);
    for support in grounding.grounding_supports {
        let segment = support.segment;
        let base = starts.get(segment.part_index).copied().unwrap_or(base);
        let start_index = characters.in_first(base.saturating_add(segment.start_index));
        let end_index = characters.in_first(base.saturating_add(segment.end_index));
        for index in support.grounding_chunk_indices {
            let Some(Some((url, title))) = pages.get(index) else { continue };
            cited = cited.saturating_add(url.len() + title.len());
            if cited > MAX_CITED || found.len() == MAX_BLOCKS {
                return found;
            }
            let (url, title) = (url.clone(), title.clone());
            let url_citation = UrlCitation { start_index, end_index, title, url };
            found.push(Annotation { r#type: "url_citation", url_citation });
        }
    }
    found
}

/// A page's address and title.
fn page<'a>(chunk: Chunk<'a>) -> Option<(Cow<'a, str>, Cow<'a, str>)> {
    let source = chunk.web.or(chunk.image).or(chunk.maps)?;
    let address = source.uri.or(source.source_uri)?;
    Some((address.0, source.title.map_or(Cow::Borrowed(""), |title| title.0)))
}

/// How far apart, in bytes, the places are up to which the characters of a text are counted ahead.
const STRIDE: usize = 1024;

/// Counts characters by bytes, without reading the text from its beginning each time.
struct Characters<'t> {
    text: &'t [u8],
    /// How many characters begin before each stride.
    before: Vec<usize>,
}

impl<'t> Characters<'t> {
    fn new(text: &'t str) -> Self {
        let mut count = 0;
        let before = text.as_bytes().chunks(STRIDE).map(|stride| {
            let here = count;
            count += beginning(stride);
            here
        });
        Self { text: text.as_bytes(), before: before.collect() }
    }

    /// How many characters begin in the first `bytes` bytes.
    fn in_first(&self, bytes: usize) -> usize {
        let bytes = bytes.min(self.text.len());
        let stride = (bytes / STRIDE).min(self.before.len().saturating_sub(1));
        let rest = self.text.get(stride * STRIDE..bytes).unwrap_or_default();
        self.before.get(stride).map_or(0, |before| before + beginning(rest))
    }
}

/// How many characters begin in a piece of UTF-8.
fn beginning(piece: &[u8]) -> usize {
    piece.iter().filter(|byte| *byte & 0xC0 != 0x80).count()
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct LogprobsResult<'a> {
    #[serde(borrow, default)]
    top_candidates: Few<Top<'a>>,
    #[serde(borrow, default)]
    chosen_candidates: Few<Token<'a>>,
}

#[derive(Default, Deserialize)]
struct Top<'a> {
    #[serde(borrow, default)]
    candidates: Few<Token<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Token<'a> {
    #[serde(borrow)]
    token: Option<Text<'a>>,
    #[serde(default)]
    log_probability: f64,
}

/// OpenAI's entry for one token.
#[derive(Serialize)]
struct Logprob<'a> {
    token: Cow<'a, str>,
    logprob: f64,
    bytes: Vec<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top_logprobs: Option<Vec<Self>>,
}

/// OpenAI's `logprobs` object.
pub(super) fn logprobs(raw: &RawValue) -> Option<Box<RawValue>> {
    #[derive(Serialize)]
    struct Logprobs<'a> {
        content: Vec<Logprob<'a>>,
        refusal: Option<()>,
    }
    let result: LogprobsResult<'_> = serde_json::from_str(raw.get()).ok()?;
    let mut tops = result.top_candidates.into_iter();
    let content = result.chosen_candidates.into_iter().map(|chosen| {
        let top = tops.next().unwrap_or_default();
        entry(chosen, Some(top.candidates.into_iter().map(|token| entry(token, None)).collect()))
    });
    to_raw_value(&Logprobs { content: content.collect(), refusal: None }).ok()
}

fn entry<'a>(token: Token<'a>, top_logprobs: Option<Vec<Logprob<'a>>>) -> Logprob<'a> {
    let text = token.token.map_or(Cow::Borrowed(""), |token| token.0);
    Logprob { bytes: text.as_bytes().to_vec(), token: text, logprob: token.log_probability, top_logprobs }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_are_counted_in_the_part_they_name() {
        let json = r#"{"groundingChunks":[{"retrievedContext":{}},{"maps":{"uri":"u"}}],"groundingSupports":[
            {"segment":{"partIndex":1,"startIndex":2,"endIndex":99},"groundingChunkIndices":[0,1,7]}]}"#;
        let raw: &RawValue = serde_json::from_str(json).unwrap();
        let found = annotations(raw, "éa\u{1F600}bcd", &[0, 3], 0);
        assert_eq!(found.len(), 1);
        let citation = &found[0].url_citation;
        assert_eq!((citation.start_index, citation.end_index, citation.url.as_ref()), (3, 6, "u"));
    }
}
