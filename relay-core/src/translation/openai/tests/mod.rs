//! The pass-through, from the outside.

use bytes::Bytes;
use serde_json::{Value, json};

use super::*;
use crate::domain::KeySignal;
use crate::domain::ids::RequestId;
use crate::error::Class;
use crate::translation::json::Object;
use crate::translation::sse::Decoder;
use crate::translation::surface::chat_completions::chunk::ChunkWriter;
use crate::translation::{Notes, TranslationOptions, Work};

const OPENAI: OpenAi = OpenAi::new(Provider::OPENAI);

fn sent(body: &str) -> (String, TranslatedChat) {
    sent_to(Provider::OPENAI, body)
}

fn sent_to(provider: Provider, body: &str) -> (String, TranslatedChat) {
    let body = Bytes::copy_from_slice(body.as_bytes());
    let request = Object::parse(&body).unwrap();
    let asked = request.text("model").unwrap().unwrap().into_owned();
    let model = asked.strip_prefix(&format!("{provider}/")).unwrap_or(&asked);
    let call = Call {
        body: &body,
        request: &request,
        model,
        prefixed: model != asked,
        id: RequestId::new(0, [0; 10]),
        now: Timestamp(0),
        options: TranslationOptions::default(),
        work: &Work::new(),
    };
    let chat = OpenAi::new(provider).chat(&call).unwrap();
    (String::from_utf8(chat.wire.body.to_vec()).unwrap(), chat)
}

fn translator(include_usage: bool) -> stream::Translator {
    stream::Translator::new(
        Provider::OPENAI,
        &ChatContext { include_usage, ..ChatContext::new(RequestId::new(0, [0; 10]), 0, "m") },
    )
}

#[track_caller]
fn check_sent(body: &str, want: &str) {
    let (got, _) = sent(body);
    assert_eq!(got, want);
    serde_json::from_str::<serde::de::IgnoredAny>(&got).unwrap();
}

#[test]
fn a_request_goes_through_byte_for_byte() {
    check_sent(
        "{ \"model\" : \"gpt-4o\", \"future_field\": [1.50, 1e400],\n\"messages\":[ {\"role\":\"user\",\"content\":\"caf\\u00e9\"} ] }",
        "{ \"model\" : \"gpt-4o\", \"future_field\": [1.50, 1e400],\n\"messages\":[ {\"role\":\"user\",\"content\":\"caf\\u00e9\"} ] }",
    );
}

#[test]
fn a_provider_prefix_is_taken_off() {
    check_sent(r#"{"model": "openai/my-model","messages":[]}"#, r#"{"model": "my-model","messages":[]}"#);
}

#[test]
fn usage_is_asked_for_in_streams_and_other_options_stay() {
    check_sent(
        r#"{"model":"gpt-4o","stream":true}"#,
        r#"{"stream_options":{"include_usage":true},"model":"gpt-4o","stream":true}"#,
    );
    check_sent(
        r#"{"model":"gpt-4o","stream":true,"stream_options":{"include_usage":false,"include_obfuscation":false}}"#,
        r#"{"model":"gpt-4o","stream":true,"stream_options":{"include_obfuscation":false,"include_usage":true}}"#,
    );
    check_sent(
        r#"{"model":"gpt-4o","stream":true,"stream_options":null}"#,
        r#"{"model":"gpt-4o","stream":true,"stream_options":{"include_usage":true}}"#,
    );
    let asked = r#"{"model":"gpt-4o","stream":true,"stream_options":{"include_usage":true}}"#;
    check_sent(asked, asked);
    // Of a member that is there twice the last one counts: here, for Relay, and at OpenAI.
    check_sent(
        r#"{"model":"gpt-4o","stream":true,"stream_options":{"a":1},"stream_options":{"b":2}}"#,
        r#"{"model":"gpt-4o","stream":true,"stream_options":{"a":1},"stream_options":{"b":2,"include_usage":true}}"#,
    );
}

#[test]
fn extensions_of_other_providers_are_taken_out() {
    check_sent(
        r#"{"model":"gpt-4o","messages":[{"role":"user","content":"reasoning_content"},{"role":"assistant","content":"a","reasoning_content":"r","thinking_blocks":[1],"tool_calls":[{"id":"c","extra_content":{"google":{}},"type":"function"}]}]}"#,
        r#"{"model":"gpt-4o","messages":[{"role":"user","content":"reasoning_content"},{"role":"assistant","content":"a","tool_calls":[{"id":"c","type":"function"}]}]}"#,
    );
    for body in [
        r#"{"thinking":{"type":"x"},"model":"gpt-4o","n":1}"#,
        r#"{ "model":"gpt-4o" , "thinking" : {"a":"b,c"} ,"n":1}"#,
        r#"{"model":"gpt-4o","n":1,"extra_body":{"google":1}}"#,
        r#"{"thinking":0,"extra_body":1,"model":"openai/gpt-4o","n":1}"#,
        r#"{"model":"gpt-4o","cache_control":{},"extra_body":1,"n":1,"thinking":0}"#,
    ] {
        let (got, chat) = sent(body);
        assert_eq!(serde_json::from_str::<Value>(&got).unwrap(), json!({"model":"gpt-4o","n":1}), "{got}");
        assert!(!chat.notes.dropped.is_empty());
    }
}

#[test]
fn extensions_that_say_something_are_named() {
    let marker = r#""cache_control":{"type":"ephemeral"}"#;
    for (body, want, dropped) in [
        (
            format!(r#"{{"messages":[{{"role":"system","content":[{{"type":"text","text":"long",{marker}}}]}}]}}"#),
            r#"{"messages":[{"role":"system","content":[{"type":"text","text":"long"}]}]}"#,
            vec!["messages.cache_control"],
        ),
        (
            format!(r#"{{"messages":[{{"role":"tool","tool_call_id":"c", "is_error":true,{marker},"content":"x"}}]}}"#),
            r#"{"messages":[{"role":"tool","tool_call_id":"c","content":"x"}]}"#,
            vec!["messages.cache_control", "messages.is_error"],
        ),
        (
            format!(
                r#"{{"messages":[{{"role":"assistant","tool_calls":[{{"id":"c",{marker},"type":"function"}}]}}]}}"#
            ),
            r#"{"messages":[{"role":"assistant","tool_calls":[{"id":"c","type":"function"}]}]}"#,
            vec!["messages.tool_calls.cache_control"],
        ),
        (
            format!(
                r#"{{"tools":[{{"type":"function","function":{{"name":"f",{marker}}}}},{{{marker},"type":"x"}}]}}"#
            ),
            r#"{"tools":[{"type":"function","function":{"name":"f"}},{"type":"x"}]}"#,
            vec!["tools.cache_control"],
        ),
        (
            r#"{"messages":[{"role":"assistant","content":"a","images":[{"type":"image_url"}]}]}"#.to_owned(),
            r#"{"messages":[{"role":"assistant","content":"a"}]}"#,
            vec!["messages.images"],
        ),
        (
            r#"{"messages":[{"role":"assistant","content":"a","images":[],"is_error":false,"cache_control":null}]}"#
                .to_owned(),
            r#"{"messages":[{"role":"assistant","content":"a"}]}"#,
            vec![],
        ),
    ] {
        let model = |body: &str| format!(r#"{{"model":"gpt-5.4",{}"#, &body[1..]);
        let (got, chat) = sent(&model(&body));
        assert_eq!((got, chat.notes.dropped), (model(want), dropped.into_iter().map(String::from).collect()), "{body}");
    }
}

#[test]
fn an_answer_without_text_gets_an_empty_one() {
    for (answer, want) in [
        (r#""content":null,"refusal":null,"images":[{"type":"image_url"}]"#, r#""refusal":null,"content":"""#),
        (r#""content" : null,"reasoning_content":"r","thinking_blocks":[1]"#, r#""content":"""#),
        (r#""content":null,"tool_calls":[]"#, r#""tool_calls":[],"content":"""#),
        (r#""thinking_blocks":[1]"#, r#""content":"""#),
        (r#""content":null,"tool_calls":[{"id":"c"}]"#, r#""content":null,"tool_calls":[{"id":"c"}]"#),
        (r#""content":null,"refusal":"no""#, r#""content":null,"refusal":"no""#),
        (r#""content":null,"audio":{"id":"a"}"#, r#""content":null,"audio":{"id":"a"}"#),
    ] {
        let body = |members: &str| format!(r#"{{"model":"gpt-5.4","messages":[{{"role":"assistant",{members}}}]}}"#);
        check_sent(&body(answer), &body(want));
    }
    let user = r#"{"model":"gpt-5.4","messages":[{"role":"user","content":null}]}"#;
    check_sent(user, user);
}

#[test]
fn words_that_only_look_like_extensions_stay() {
    let body = r#"{"model":"gpt-4o","messages":[{"role":"user","content":[{"type":"text","text":"cache_control is_error"}],"id":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"},7,"x",null],"tools":[{"function":{"parameters":{"properties":{"cache_control":{}, "is_error":{},"images":{}}}}}]}"#;
    check_sent(body, body);
}

#[test]
fn long_tool_call_ids_are_shortened_alike_in_call_and_result() {
    let (long, other, short) = ("a".repeat(41), "b".repeat(900), "c".repeat(40));
    let body = json!({"model": "gpt-5.4", "messages": [
        {"role": "assistant", "tool_calls": [{"id": long, "type": "function"}, {"id": other}, {"id": short}]},
        {"role": "tool", "tool_call_id": other, "content": "2"},
        {"role": "tool", "tool_call_id": long, "content": "1"},
        {"role": "tool", "tool_call_id": short, "content": "3"},
        {"role": "user", "content": long},
    ]});
    let (got, chat) = sent(&body.to_string());
    let got: Value = serde_json::from_str(&got).unwrap();
    let calls = &got["messages"][0]["tool_calls"];
    assert_eq!((&got["messages"][1]["tool_call_id"], &calls[2]["id"]), (&calls[1]["id"], &json!(short)));
    assert_eq!((&got["messages"][2]["tool_call_id"], &got["messages"][4]["content"]), (&calls[0]["id"], &json!(long)));
    assert_ne!(calls[0]["id"], calls[1]["id"]);
    for call in calls.as_array().unwrap() {
        assert!(call["id"].as_str().unwrap().len() <= 40);
    }
    assert_eq!(chat.notes.adjusted, ["messages.tool_call_id", "messages.tool_calls.id"]);
}

/// Cuts: whole, at events, every byte.
fn streamed(sse: &str, include_usage: bool) -> Result<(String, Option<u64>), ProviderError> {
    let mut results = Vec::new();
    for size in [sse.len().max(1), 7, 1] {
        let (mut decoder, mut out) = (Decoder::default(), ChunkWriter::default());
        let mut stream = translator(include_usage);
        let mut run = || -> Result<(), ProviderError> {
            for piece in sse.as_bytes().chunks(size) {
                decoder.feed(piece);
                while let Some(event) = decoder.next_event().unwrap() {
                    stream.feed(event, &mut out)?;
                }
            }
            if out.is_done() { Ok(()) } else { stream.finish(b"", &mut out) }
        };
        run()?;
        results.push((String::from_utf8(out.take().to_vec()).unwrap(), stream.usage().map(|usage| usage.prompt())));
    }
    assert!(results.windows(2).all(|pair| pair[0] == pair[1]));
    Ok(results.remove(0))
}

const STREAM: &str = "data: {\"id\":\"1\",\"choices\":[{\"delta\":{\"content\":\"say ,\\\"usage\\\":null\"}}],\"usage\":null}\n\n\
     data: {\"id\":\"1\",\"model\":\"gpt-4o\",\"choices\":[],\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":1}}\n\n\
     data: [DONE]\n\n";

#[test]
fn a_stream_goes_through_as_it_came_when_usage_was_asked_for() {
    assert_eq!(streamed(STREAM, true).unwrap(), (STREAM.to_owned(), Some(9)));
}

#[test]
fn usage_that_only_relay_asked_for_is_taken_out_again() {
    let want =
        "data: {\"id\":\"1\",\"choices\":[{\"delta\":{\"content\":\"say ,\\\"usage\\\":null\"}}]}\n\ndata: [DONE]\n\n";
    assert_eq!(streamed(STREAM, false).unwrap(), (want.to_owned(), Some(9)));
}

#[test]
fn a_stream_without_done_is_an_interruption() {
    let error = streamed("data: {\"choices\":[]}\n\n", true).unwrap_err().error;
    assert_eq!(error.code(), "upstream_stream_interrupted");
}

#[test]
fn an_event_over_several_lines_stays_one_event() {
    let (text, _) = streamed("data: {\"id\":\"1\",\ndata: \"choices\":[]}\n\ndata: [DONE]\n\n", true).unwrap();
    let events: Vec<&str> = text.split_terminator("\n\n").collect();
    let json: Value = serde_json::from_str(events[0].strip_prefix("data: ").unwrap()).unwrap();
    assert_eq!((json, events[1]), (json!({"id":"1","choices":[]}), "data: [DONE]"));
    assert!(!events[0].contains('\n'), "{text}");
}

#[test]
fn what_is_no_json_is_not_streamed_on() {
    for bad in [&b"{\"id\":\"1\",\"cho"[..], b"{oops}", b"{} {}", b"{\"a\":\"\xff\"}", b"{\"a\":\"\0\"}"] {
        let (mut stream, mut out) = (translator(true), ChunkWriter::default());
        let error = stream.feed(bad, &mut out).unwrap_err().error;
        assert_eq!(error.code(), "upstream_error", "{}", String::from_utf8_lossy(bad));
        assert!(out.is_empty());
    }
}

#[test]
fn an_error_inside_a_stream_is_an_error() {
    let error = streamed("data: {\"error\":{\"message\":\"no\",\"type\":\"server_error\",\"code\":null}}\n\n", true)
        .unwrap_err()
        .error;
    assert_eq!((error.code(), error.message()), ("upstream_error", "no"));
}

#[test]
fn usage_is_read_off_short_and_long_answers() {
    let padding = "x".repeat(100_000);
    for text in ["short", &padding, "\\\"usage\\\":{\\\"prompt_tokens\\\":99}"] {
        let body = format!(
            "{{\"model\":\"m\",\"choices\":[\"{text}\"],\"usage\": {{\"prompt_tokens\":5,\"total_tokens\":5}}}}"
        );
        let answer = response::translate(Bytes::from(body.clone())).unwrap();
        assert_eq!(answer.usage.unwrap().prompt(), 5);
        assert_eq!(answer.body, body);
    }
}

#[test]
fn tokens_with_a_price_of_their_own_are_counted_apart() {
    let padding = "x".repeat(100_000);
    for (tier, details, unpriced) in [
        ("", "", 0),
        (r#","service_tier":"default""#, "", 0),
        (r#","service_tier":null"#, r#","prompt_tokens_details":{"audio_tokens":0,"cached_tokens":2}"#, 0),
        (r#","service_tier":"flex""#, "", 8),
        (r#","service_tier":"priority""#, "", 8),
        ("", r#","prompt_tokens_details":{"audio_tokens":2},"completion_tokens_details":{"audio_tokens":1}"#, 3),
    ] {
        for text in ["short", &padding] {
            let usage = format!(r#"{{"prompt_tokens":5,"completion_tokens":3{details}}}"#);
            let body = format!(r#"{{"model":"m","choices":["{text}"],"usage":{usage}{tier}}}"#);
            let answer = response::translate(Bytes::from(body)).unwrap();
            assert_eq!(answer.usage.unwrap().unpriced, unpriced, "{tier} {details}");
        }
    }
}

#[test]
fn what_is_no_json_is_not_passed_on() {
    for bad in
        [&b""[..], b"<html>", b"{", b"{oops}", b"[]", b"{\"a\":1}}", b"{\"a\":\"\xff\"}", b"{\"model\":\"\xff\"}"]
    {
        let answer = response::translate(Bytes::from(bad));
        assert_eq!(answer.unwrap_err().code(), "upstream_error", "{}", bad.escape_ascii());
    }
}

/// Status, error object, and what is made of it.
type Row = (u16, &'static str, Class, &'static str, Option<KeySignal>);

const ERRORS: &[Row] = &[
    (401, r#"{"code":"invalid_api_key"}"#, Class::Forbidden, "provider_key_invalid", Some(KeySignal::Invalid)),
    (
        401,
        r#"{"code":"account_deactivated"}"#,
        Class::Forbidden,
        "provider_account_disabled",
        Some(KeySignal::Disabled),
    ),
    (
        401,
        r#"{"message":"You have insufficient permissions"}"#,
        Class::Forbidden,
        "provider_permission_denied",
        Some(KeySignal::Restricted),
    ),
    (
        403,
        r#"{"code":"unsupported_country_region_territory"}"#,
        Class::Forbidden,
        "unsupported_country_region_territory",
        None,
    ),
    (
        401,
        r#"{"message":"Your IP address 203.0.113.7 is not authorized","code":"ip_not_authorized"}"#,
        Class::Forbidden,
        "provider_ip_not_allowed",
        Some(KeySignal::IpNotAllowed),
    ),
    (
        401,
        r#"{"message":"You must be a member of an organization to use the API"}"#,
        Class::Forbidden,
        "provider_permission_denied",
        Some(KeySignal::Restricted),
    ),
    (403, r#"{"code":"missing_scope"}"#, Class::Forbidden, "provider_permission_denied", Some(KeySignal::Restricted)),
    (
        403,
        r#"{"message":"Project `proj_A` does not have access to model `gpt-4o-mini`","code":"model_not_found"}"#,
        Class::NotFound,
        "model_not_found",
        None,
    ),
    (
        403,
        r#"{"message":"Your organization must be verified to use the model `gpt-image-1`","code":null}"#,
        Class::NotFound,
        "model_not_found",
        None,
    ),
    (403, r#"{"message":"no"}"#, Class::Forbidden, "provider_permission_denied", None),
    (403, "{}", Class::Forbidden, "provider_permission_denied", None),
    (404, r#"{"code":"model_not_found"}"#, Class::NotFound, "model_not_found", None),
    (429, r#"{"code":"insufficient_quota"}"#, Class::RateLimited, "insufficient_quota", Some(KeySignal::NoCredit)),
    (
        429,
        r#"{"type":"tokens","code":"rate_limit_exceeded"}"#,
        Class::RateLimited,
        "rate_limit_exceeded",
        Some(KeySignal::Accepted),
    ),
    (400, r#"{"code":"context_length_exceeded"}"#, Class::InvalidRequest, "context_length_exceeded", None),
    (422, r#"{"code":"odd"}"#, Class::Provider(422), "odd", None),
    (500, "{}", Class::Internal, "upstream_error", None),
    (502, "{}", Class::BadGateway, "upstream_error", None),
    (503, "{}", Class::Unavailable, "upstream_overloaded", None),
    (504, "{}", Class::GatewayTimeout, "upstream_timeout", None),
    (302, "{}", Class::BadGateway, "upstream_error", None),
];

/// An error in OpenAI's own format: these members, and the usual ones beside them.
fn own_error(members: &str) -> String {
    let mut error = json!({"message": "m", "type": "invalid_request_error", "param": null, "code": null});
    let members: Value = serde_json::from_str(members).unwrap();
    error.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    json!({"error": error}).to_string()
}

#[test]
fn errors_about_the_users_key_are_never_401() {
    for (status, error, class, code, signal) in ERRORS {
        let body = own_error(error);
        let fault = OPENAI.error(&ErrorResponse { status: *status, headers: &[], body: body.as_bytes() }, Timestamp(0));
        assert_eq!(
            (fault.error.class(), fault.error.code(), fault.signal),
            (*class, *code, *signal),
            "{status} {error}"
        );
    }
}

#[test]
fn a_body_that_is_no_json_still_gives_an_error_in_our_words() {
    for body in [&b""[..], b"<html>502</html>", b"\xff\xfe", b"{\"error\":\"plain text\"}"] {
        let fault = OPENAI.error(&ErrorResponse { status: 400, headers: &[], body }, Timestamp(0));
        assert!(!fault.error.message().is_empty() && !fault.error.message().contains("html"));
    }
}

#[test]
fn azures_refusal_of_a_key_is_known() {
    let body =
        br#"{"error":{"code":"401","message":"Access denied due to invalid subscription key or wrong API endpoint."}}"#;
    let fault = OPENAI.error(&ErrorResponse { status: 401, headers: &[], body }, Timestamp(0));
    assert_eq!((fault.error.code(), fault.signal), ("provider_key_invalid", Some(KeySignal::Invalid)));
}

/// Errors of gateways, and in other providers' formats.
const OF_OTHERS: &[&str] = &[
    r#"{"error":"unauthorized"}"#,
    r#"{"error":{"message":"Invalid API key"}}"#,
    r#"{"error":{"code":"invalid_api_key"}}"#,
    r#"{"error":{"message":"no","type":"forbidden"}}"#,
    r#"{"error":{"message":"no","type":"forbidden","code":403}}"#,
    r#"{"error":{"code":401,"message":"API key not valid","status":"UNAUTHENTICATED"}}"#,
    r#"{"type":"error","error":{"type":"authentication_error","message":"invalid x-api-key"}}"#,
    r#"{"error":{"message":"Incorrect API key","type":"x","code":"invalid_api_key","status":"DENIED"}}"#,
];

#[test]
fn only_an_error_of_the_api_says_something_about_the_key() {
    for body in [&b""[..], b"<html><h1>401 Authorization Required</h1></html>", b"[]", b"{}", br#"{"detail":"no"}"#]
        .into_iter()
        .chain(OF_OTHERS.iter().map(|body| body.as_bytes()))
    {
        for status in [401, 403, 407] {
            let fault = OPENAI.error(&ErrorResponse { status, headers: &[], body }, Timestamp(0));
            assert_eq!((fault.error.class(), fault.signal), (Class::BadGateway, None), "{status} {body:?}");
        }
    }
}

#[test]
fn keys_echoed_by_openai_are_masked() {
    let body = own_error(r#"{"message":"Incorrect API key provided: sk-proj-12345678. See docs."}"#);
    let fault = OPENAI.error(&ErrorResponse { status: 401, headers: &[], body: body.as_bytes() }, Timestamp(0));
    assert_eq!(fault.error.message(), "Incorrect API key provided: ***. See docs.");
    let body = br#"{"error":{"param":"sk-proj-12345678","code":"sk-proj-12345678","type":"sk-proj-12345678"}}"#;
    let error = OPENAI.error(&ErrorResponse { status: 400, headers: &[], body }, Timestamp(0)).error;
    assert_eq!((error.param(), error.code(), error.error_type()), (Some("***"), "***", "***"));
}

/// What a row says is what is done, down to the words of an error.
#[test]
fn a_compatible_provider_is_spoken_to_as_its_row_says() {
    let acme = OpenAi::new(Provider::ACME);
    let asked = r#"{"model":"acme/acme-large","stream":true,"stream_options":{"include_usage":true}}"#;
    let (body, chat) = sent_to(Provider::ACME, asked);
    assert_eq!(serde_json::from_str::<Value>(&body).unwrap(), json!({"model":"acme-large","stream":true}));
    assert_eq!(
        (chat.wire.path.as_str(), chat.notes.dropped),
        ("/v4/chat/completions", vec!["stream_options".to_owned()])
    );
    assert!(chat.context.include_usage, "what the provider sends unasked is shown to who asked");
    let (body, chat) = sent_to(Provider::ACME, r#"{"model":"acme-large","stream":true}"#);
    assert_eq!((body.as_str(), chat.notes), (r#"{"model":"acme-large","stream":true}"#, Notes::default()));
    assert_eq!(acme.models(None).path, "/v4/models");
    assert_eq!(acme.models_answer(br#"{"data":[{"id":"acme-large"}]}"#).unwrap().0[0].owned_by, "acme");
}

#[test]
fn no_error_of_a_compatible_provider_speaks_of_openai() {
    let acme = OpenAi::new(Provider::ACME);
    let codes = [
        "",
        "insufficient_quota",
        "account_deactivated",
        "missing_scope",
        "unsupported_country_region_territory",
        "model_not_found",
    ];
    for (status, code) in (300..600).flat_map(|status| codes.map(|code| (status, code))) {
        let body = json!({"error": {"code": code}}).to_string();
        let fault = acme.error(&ErrorResponse { status, headers: &[], body: body.as_bytes() }, Timestamp(0));
        assert!(fault.error.message().contains("Acme AI"), "{status} {code}: {}", fault.error.message());
    }
    let mut stream = acme.chat_stream(ChatContext::new(RequestId::new(0, [0; 10]), 0, "acme-large"));
    let fault = stream
        .feed(br#"{"error":{"message":"","type":"x","code":"invalid_api_key"}}"#, &mut ChunkWriter::default())
        .unwrap_err();
    assert_eq!(fault.error.message(), "Acme AI refuses this user's key; ask the user to connect a new one");
}

#[test]
fn a_compatible_provider_without_embeddings_refuses_them() {
    let body = Bytes::from_static(br#"{"model":"acme-embed","input":"a"}"#);
    let call = Call {
        body: &body,
        request: &Object::parse(&body).unwrap(),
        model: "acme-embed",
        prefixed: false,
        id: RequestId::new(0, [0; 10]),
        now: Timestamp(0),
        options: TranslationOptions::default(),
        work: &Work::new(),
    };
    let error = OpenAi::new(Provider::ACME).embeddings(&call).unwrap_err();
    assert_eq!(error.code(), "model_not_found");
    assert_eq!(error.message(), "Acme AI has no embedding models; use one from OpenAI or Google");
}
