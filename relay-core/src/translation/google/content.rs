//! The parts of messages, as OpenAI has them, that become parts of Gemini's.

use super::media;
use super::models::ModelFamily;
use super::parts::{Part, raw_text, text_part};
use super::tools::{required_object, required_text};
use crate::error::RelayError;
use crate::translation::Notes;
use crate::translation::json::Object;

/// Translates one part of a user message; `None` for empty text.
///
/// # Errors
/// Kinds and media that Gemini does not take, naming the member.
pub(super) fn user_part<'a>(
    part: &Object<'a>,
    family: &ModelFamily,
    notes: &mut Notes,
) -> Result<Option<Part<'a>>, RelayError> {
    match required_text(part, "type")?.as_ref() {
        "text" => Ok(raw_text(part, "text")?.map(text_part)),
        "refusal" => Ok(raw_text(part, "refusal")?.map(text_part)),
        "image_url" => media::image(&required_object(part, "image_url")?, family, notes).map(Some),
        "input_audio" => media::audio(&required_object(part, "input_audio")?).map(Some),
        "file" => media::file(&required_object(part, "file")?).map(Some),
        kind => {
            let shown: String = kind.chars().take(50).collect();
            let why = format!("Gemini has no counterpart for content parts of type `{shown}`");
            Err(RelayError::unsupported_value(part.path("type"), why))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(part: &str, want: &str) {
        let object = Object::parse(part.as_bytes()).unwrap();
        let got = match user_part(&object, ModelFamily::for_model("gemini-3.8-flash"), &mut Notes::default()) {
            Ok(part) => serde_json::to_string(&part).unwrap(),
            Err(error) => error.param().unwrap_or("?").to_owned(),
        };
        assert_eq!(got, want, "{part}");
    }

    #[test]
    fn images_come_by_data_or_https() {
        let image = |url: &str| format!(r#"{{"type":"image_url","image_url":{{"url":"{url}"}}}}"#);
        check(&image("data:image/jpg;base64,QQ"), r#"{"inlineData":{"mimeType":"image/jpeg","data":"QQ=="}}"#);
        check(&image("https://x/y.PNG#a"), r#"{"fileData":{"mimeType":"image/png","fileUri":"https://x/y.PNG#a"}}"#);
        check(&image("https://x/y"), r#"{"fileData":{"mimeType":"image/jpeg","fileUri":"https://x/y"}}"#);
        for bad in ["gs://a/b", "file:///etc/passwd", "data:image/png,abc", "data:;base64,QQ", "data:a/b;base64,!", "é"]
        {
            check(&image(bad), "image_url.url");
        }
    }

    #[test]
    fn files_need_a_known_type_and_place() {
        let file = |inner: &str| format!(r#"{{"type":"file","file":{{{inner}}}}}"#);
        check(
            &file(r#""file_data":"QQ==","filename":"a.csv""#),
            r#"{"inlineData":{"mimeType":"text/csv","data":"QQ=="}}"#,
        );
        check(&file(r#""file_data":"QQ==""#), r#"{"inlineData":{"mimeType":"text/plain","data":"QQ=="}}"#);
        check(&file(r#""file_data":"AAEC""#), "file.filename");
        check(
            &file(r#""file_data":"data:text/plain,a%20b","filename":"a.txt""#),
            r#"{"inlineData":{"mimeType":"text/plain","data":"YSBi"}}"#,
        );
        check(
            &file(r#""file_data":"data:;base64,QUJD","filename":"a.log""#),
            r#"{"inlineData":{"mimeType":"text/plain","data":"QUJD"}}"#,
        );
        check(
            &file(r#""file_data":"data:text/plain;base64,","filename":"a.txt""#),
            r#"{"text":"[a.txt is an empty file]"}"#,
        );
        check(
            &file(r#""file_id":"files/a","filename":"a.pdf""#),
            r#"{"fileData":{"mimeType":"application/pdf","fileUri":"https://generativelanguage.googleapis.com/v1beta/files/a"}}"#,
        );
        check(
            &file(r#""file_id":"https://youtu.be/x""#),
            r#"{"fileData":{"mimeType":"video/mp4","fileUri":"https://youtu.be/x"}}"#,
        );
        check(&file(r#""file_id":"file-123""#), "file.file_id");
        check(&file(""), "file.file_id");
    }

    #[test]
    fn unknown_parts_and_formats_name_their_member() {
        check(r#"{"type":"hologram"}"#, "type");
        check(r#"{"type":"input_audio","input_audio":{"data":"QQ==","format":"kazoo"}}"#, "input_audio.format");
        check(r#"{"type":"text","text":7}"#, "text");
        check(r#"{"type":"text","text":""}"#, "null");
    }
}
