//! Stub.
#![allow(missing_docs, reason = "stub")]
use super::*;

/// The dialect.
#[derive(Debug)]
pub struct Anthropic;

fn none() -> RelayError {
    RelayError::upstream("not there yet")
}
impl Dialect for Anthropic {
    fn chat(&self, _: &Call<'_>) -> Result<ChatCall, RelayError> {
        Err(none())
    }
    fn chat_answer(&self, _: Bytes, _: &ChatContext) -> Result<Answer, RelayError> {
        Err(none())
    }
    fn chat_stream(&self, _: ChatContext) -> Box<dyn StreamTranslator> {
        Box::new(None0)
    }
    fn embeddings(&self, _: &Call<'_>) -> Result<EmbeddingsCall, RelayError> {
        Err(none())
    }
    fn embeddings_answer(&self, _: Vec<Bytes>, _: &EmbeddingsContext) -> Result<Answer, RelayError> {
        Err(none())
    }
    fn models(&self, _: Option<&str>) -> WireRequest {
        WireRequest::get("/v1/models")
    }
    fn models_answer(&self, _: &[u8]) -> Result<(Vec<Model>, Option<String>), RelayError> {
        Err(none())
    }
    fn error(&self, _: &Failure<'_>, _: Timestamp) -> Fault {
        none().into()
    }
    fn passed_headers(&self, _: &[(String, String)], _: Timestamp) -> Vec<(&'static str, String)> {
        Vec::new()
    }
}
struct None0;
impl StreamTranslator for None0 {
    fn feed(&mut self, _: &[u8], _: &mut ChunkWriter) -> Result<(), Fault> {
        Err(none().into())
    }
    fn finish(&mut self, _: &[u8], _: &mut ChunkWriter) -> Result<(), Fault> {
        Ok(())
    }
    fn usage(&self) -> Option<TokenUsage> {
        None
    }
    fn model(&self) -> Option<&str> {
        None
    }
}
