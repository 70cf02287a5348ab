//! What a provider should never send, in streams: the caller gets one clean error, no finish that nobody meant, no `[DONE]`;
//! and Relay holds no more than its limits.

use std::sync::Arc;

use bytes::Bytes;
use futures::StreamExt;
use futures::executor::block_on;
use relay_core::domain::*;
use relay_core::ports::*;
use relay_core::{Provider, RelayError, ReplyBody};
use serde_json::Value;

use super::calls::{World, caller};

const START: &str = "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"msg_1\",\"model\":\"m\",\"content\":[],\"usage\":{}}}\n\n";
const BLOCK: &str =
    "data: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n";
const HELLO: &str =
    "data: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"Hi\"}}\n\n";
const GOOGLE: &str = "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"Hi\"}]}}]}\r\n\r\n";
const OPENAI: &str = "data: {\"id\":\"1\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Hi\"}}]}\n\n";

/// The three providers, a model of each, and how a good stream of it begins.
fn providers() -> [(Provider, &'static str, String); 3] {
    [
        (Provider::OPENAI, "gpt-4o", OPENAI.to_owned()),
        (Provider::ANTHROPIC, "claude-sonnet-5", [START, BLOCK, HELLO].concat()),
        (Provider::GOOGLE, "gemini-3.8-flash", GOOGLE.to_owned()),
    ]
}

/// What the caller gets of a stream that consists of these pieces.
fn streamed(provider: Provider, model: &str, pieces: Vec<Bytes>) -> Result<String, RelayError> {
    let mut client = MockProviderClient::new();
    client.expect_provider().return_const(provider);
    client.expect_send().returning(move |_, _| {
        let body = Box::pin(futures::stream::iter(pieces.clone().into_iter().map(Ok)));
        Ok(WireResponse::new(200, Vec::new(), body))
    });
    let relay = World::new().with_key(ConnectionState::Active, "a-key-of-this-user").with_client(client).relay();
    let asked = format!(r#"{{"model":"{model}","stream":true,"messages":[{{"role":"user","content":"x"}}]}}"#);
    block_on(async {
        let reply = relay.prepare_chat(&caller(), Bytes::from(asked)).await?.send().await?;
        let ReplyBody::Stream(events) = reply.body else { unreachable!("a stream was asked for") };
        let bytes: Vec<u8> = events.map(|Ok(piece)| piece.to_vec()).concat().await;
        Ok(String::from_utf8(bytes).unwrap())
    })
}

/// The stream shows `Hi`, then one error of the provider's making, and nothing after it.
#[track_caller]
fn breaks(provider: Provider, model: &str, pieces: Vec<Bytes>) -> String {
    let text = streamed(provider, model, pieces).unwrap();
    let events: Vec<&str> = text.strip_suffix("\n\n").unwrap().split("\n\n").collect();
    let (last, before) = events.split_last().unwrap();
    assert!(before.iter().any(|event| event.contains("\"content\":\"Hi\"")), "{provider}: what came before is shown");
    let is_error = |event: &&str| event.contains("\"error\":");
    assert!(is_error(last) && !before.iter().any(is_error), "{provider}: one error, at the end");
    let finish = |event: &&str| event.contains("finish_reason") && !event.contains("\"finish_reason\":null");
    assert!(!before.iter().any(finish) && !text.contains("[DONE]"), "{provider}: nothing is made up");
    let error: Value = serde_json::from_str(last.strip_prefix("data: ").unwrap()).unwrap();
    error["error"]["code"].as_str().unwrap().to_owned()
}

fn once(text: impl Into<Bytes>) -> Vec<Bytes> {
    vec![text.into()]
}

fn behind(start: &str, rest: Vec<Bytes>) -> Vec<Bytes> {
    [once(start.to_owned()), rest].concat()
}

/// The same text over and over, 64 MiB in all.
fn endless(text: &str) -> Vec<Bytes> {
    vec![Bytes::from(text.repeat((1 << 20) / text.len())); 64]
}

#[test]
fn a_line_of_64_mib_is_an_error() {
    for (provider, model, start) in providers() {
        let code = breaks(provider, model, behind(&(start + "data: "), endless("x")));
        assert_eq!(code, "upstream_error");
    }
}

#[test]
fn an_event_of_64_mib_in_many_lines_is_an_error() {
    for (provider, model, start) in providers() {
        let line = format!("data: {}\r\n", "[".repeat(1 << 12));
        assert_eq!(breaks(provider, model, behind(&start, endless(&line))), "upstream_error");
    }
}

#[test]
fn comments_and_text_outside_of_events_are_passed_over_however_many() {
    for (provider, model, start) in providers() {
        for line in [": keep-alive\n", ":\n\n", "no field of an event\n", "event: nothing\n\n", "\n"] {
            let lines = vec![Bytes::from(line.repeat(1000)); 50];
            assert_eq!(breaks(provider, model, behind(&start, lines)), "upstream_stream_interrupted");
        }
    }
}

#[test]
fn html_is_an_error_with_a_status() {
    for (provider, model, _) in providers() {
        for body in ["<html>\n<body>Sign in</body>\n</html>\n", "", "null", "\n\n\n"] {
            let error = streamed(provider, model, once(body)).unwrap_err();
            assert_eq!(error.class(), relay_core::Class::BadGateway, "{provider}: {body:?}: {error:?}");
        }
    }
}

#[test]
fn an_event_that_can_not_be_read_is_an_error() {
    let bad: [&[u8]; 8] = [
        b"data: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"a\xFFb\"}}\n\n",
        b"data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"a\xC3\"}]}}]}\n\n",
        b"data: {\"choices\":[{\"delta\":{\"content\":\"\xED\xA0\x80\"}}]}\n\n",
        b"data: <html>\n\n",
        b"data: {\"type\":\n\n",
        b"data: \"text\"\n\n",
        b"data: [1]\n\n",
        b"data: {} {}\n\n",
    ];
    for (provider, model, start) in providers() {
        for event in bad {
            breaks(provider, model, behind(&start, once(event)));
        }
    }
}

#[test]
fn json_that_is_cut_off_is_an_interruption() {
    for (provider, model, start) in providers() {
        for cut in [
            r#"data: {"type":"message_d"#,
            "data: {\"candidates\":[{\"finishReason\":\"STOP\"",
            "data: {\"choices\":[{",
        ] {
            assert_eq!(breaks(provider, model, behind(&start, once(cut))), "upstream_stream_interrupted");
        }
    }
}

#[test]
fn an_index_that_is_none_is_an_error() {
    for index in ["-1", "\"0\"", "1.5", "18446744073709551616", "null", "[]"] {
        let delta = format!(
            "data: {{\"type\":\"content_block_delta\",\"index\":{index},\"delta\":{{\"type\":\"text_delta\",\"text\":\"a\"}}}}\n\n"
        );
        let (provider, model, start) = providers()[1].clone();
        assert_eq!(breaks(provider, model, behind(&start, once(delta))), "upstream_error", "{index}");
    }
    for index in ["-1", "\"0\"", "1.5", "128", "4294967295", "18446744073709551615"] {
        let (provider, model, start) = providers()[2].clone();
        let event = format!("data: {{\"candidates\":[{{\"index\":{index}}}]}}\n\n");
        assert_eq!(breaks(provider, model, behind(&start, once(event))), "upstream_error", "{index}");
    }
}

#[test]
fn members_that_are_there_twice_are_an_error() {
    let (provider, model, start) = providers()[1].clone();
    let twice = HELLO.replace("\"index\":0", "\"index\":0,\"index\":0");
    assert_eq!(breaks(provider, model, behind(&start, once(twice))), "upstream_error");
    let (provider, model, start) = providers()[2].clone();
    let twice = GOOGLE.replace("\"text\":", "\"text\":\"a\",\"text\":");
    assert_eq!(breaks(provider, model, behind(&start, once(twice))), "upstream_error");
}

#[test]
fn nesting_without_end_within_an_event_is_no_recursion() {
    let deep = "[".repeat(1 << 18) + &"]".repeat(1 << 18);
    for (provider, model, start) in providers() {
        let event = format!("data: {{\"type\":\"ping\",\"candidates\":[],\"unknown\":{deep}}}\n\n");
        assert_eq!(breaks(provider, model, behind(&start, once(event))), "upstream_stream_interrupted");
    }
}

#[test]
fn more_blocks_than_any_answer_has_are_an_error() {
    let (provider, model, start) = providers()[1].clone();
    for kind in ["text", "tool_use", "thinking", "server_tool_use"] {
        for index in ["0", "{}", "18446744073709551615"] {
            let block = |i: u32| {
                let index = index.replace("{}", &i.to_string());
                format!(
                    "data: {{\"type\":\"content_block_start\",\"index\":{index},\"content_block\":{{\"type\":\"{kind}\"}}}}\n\n"
                )
            };
            let blocks: Bytes = (1..5_000).map(block).collect::<String>().into();
            assert_eq!(breaks(provider, model, behind(&start, once(blocks))), "upstream_error", "{kind} {index}");
        }
    }
}

#[test]
fn more_candidates_than_anybody_asks_for_are_an_error() {
    let (provider, model, start) = providers()[2].clone();
    let one = |i: u32| format!("{{\"index\":{i}}}");
    let separate: String = (0..100_000).map(|i| format!("data: {{\"candidates\":[{}]}}\n\n", one(i))).collect();
    let together: Vec<String> = (0..100_000).map(one).collect();
    let together = format!("data: {{\"candidates\":[{}]}}\n\n", together.join(","));
    for events in [separate, together] {
        assert_eq!(breaks(provider, model, behind(&start, once(events))), "upstream_error");
    }
}

#[test]
fn what_is_held_of_an_answer_has_a_limit() {
    let text = "x".repeat(4 << 20);
    let (provider, model, start) = providers()[1].clone();
    let thinking = "data: {\"type\":\"content_block_start\",\"index\":1,\"content_block\":{\"type\":\"thinking\"}}\n\n";
    let delta = format!(
        "data: {{\"type\":\"content_block_delta\",\"index\":1,\"delta\":{{\"type\":\"signature_delta\",\"signature\":\"{text}\"}}}}\n\n"
    );
    let deltas = vec![Bytes::from(delta); 20];
    assert_eq!(breaks(provider, model, behind(&(start + thinking), deltas)), "upstream_error");
    let (provider, model, start) = providers()[2].clone();
    let picture = format!("\"inlineData\":{{\"mimeType\":\"image/png\",\"data\":\"{text}\"}}");
    let events = vec![Bytes::from(GOOGLE.replace("\"text\":\"Hi\"", &picture)); 20];
    assert_eq!(breaks(provider, model, behind(&start, events)), "upstream_error");
}

#[test]
fn a_long_name_does_not_make_each_chunk_long() {
    let name = "m".repeat(1 << 20);
    let long = START.replace("\"model\":\"m\"", &format!("\"model\":\"{name}\"")).replace("msg_1", &name);
    let pieces = behind(&(long + BLOCK), vec![Bytes::from(HELLO); 1000]);
    let text = streamed(Provider::ANTHROPIC, "claude-sonnet-5", pieces).unwrap();
    assert!(text.len() < 2000 * 1000, "{} bytes", text.len());
}

#[test]
fn a_whole_answer_of_empty_items_is_an_error() {
    let asked = r#"{"model":"gemini-3.8-flash","messages":[{"role":"user","content":"x"}]}"#;
    let many = vec!["{}"; 1 << 20].join(",");
    for body in
        [format!("{{\"candidates\":[{many}]}}"), format!("{{\"candidates\":[{{\"content\":{{\"parts\":[{many}]}}}}]}}")]
    {
        let body: Arc<str> = body.into();
        let mut client = MockProviderClient::new();
        client.expect_provider().return_const(Provider::GOOGLE);
        client.expect_send().returning(move |_, _| Ok(WireResponse::whole(200, body.to_string())));
        let relay = World::new().with_key(ConnectionState::Active, "a-key-of-this-user").with_client(client).relay();
        let sent = block_on(async { relay.prepare_chat(&caller(), Bytes::from(asked)).await?.send().await });
        assert_eq!(sent.unwrap_err().code(), "upstream_error");
    }
}
