//! Errors by name, and answers that are damaged.

use futures::StreamExt;
use relay_core::Provider;
use relay_mock::Mock;
use serde_json::{Value, json};

use super::{chat, key, said, send};

async fn ask(provider: Provider, text: &str, stream: bool) -> super::Got {
    send(provider, chat(provider, text, stream)).await
}

#[tokio::test]
async fn errors_can_be_asked_for_by_name() {
    let docs = include_str!("../../../../docs/mock.md");
    for (provider, shown) in
        [(Provider::OPENAI, "OpenAI"), (Provider::ANTHROPIC, "Anthropic"), (Provider::GOOGLE, "Google")]
    {
        let line = docs.lines().find_map(|line| line.strip_prefix(&format!("- {shown} knows "))).unwrap();
        let names: Vec<_> = line.split('`').skip(1).step_by(2).collect();
        assert!(names.len() > 10);
        for name in names {
            for stream in [false, true] {
                let got = ask(provider, &format!("{{{{error={name}}}}}"), stream).await;
                let page = got.header("content-type") == Some("text/html");
                assert!((400..600).contains(&got.status), "{name}");
                assert!(page || !got.message().is_empty(), "{name} {}", got.text());
                assert!(!got.text().contains("mock:"), "{name} {}", got.text());
            }
        }
        let got = ask(provider, "{{error=nonsense}}", false).await;
        assert!(got.status == 400 && got.message().starts_with("mock:"), "no test passes by accident");
    }
    let row = async |provider, name: &str| ask(provider, &format!("{{{{error={name}}}}}"), false).await;
    let got = row(Provider::ANTHROPIC, "enforced_spend_limit").await;
    assert_eq!(
        (got.status, &got.json()["error"]["details"]["error_code"]),
        (429, &json!("enforced_spend_limit_reached"))
    );
    let got = row(Provider::ANTHROPIC, "rate_limit").await;
    assert_eq!((got.status, got.header("retry-after")), (429, Some("3")));
    assert_eq!(got.json()["request_id"].as_str(), got.header("request-id"));
    let got = row(Provider::GOOGLE, "location").await;
    assert_eq!((got.status, &got.json()["error"]["status"]), (400, &json!("FAILED_PRECONDITION")));
    assert!(row(Provider::GOOGLE, "array").await.json().is_array());
}

#[tokio::test]
async fn an_error_can_come_in_a_stream() {
    for provider in Provider::ALL {
        for (text, events) in [("{{error_first=rate_limit}} x", 1), ("{{error_midstream=rate_limit}} one two three", 2)]
        {
            let got = ask(*provider, text, true).await;
            let all = got.events();
            let last = all.last().unwrap();
            assert!(got.status == 200 && all.len() >= events && last["error"].is_object(), "{provider} {last}");
            let rate = last["error"].to_string().to_lowercase();
            assert!(rate.contains("rate") || rate.contains("quota"), "{rate}");
        }
        assert_eq!(ask(*provider, "{{error_first=rate_limit}}", false).await.status, 429);
    }
}

#[tokio::test]
async fn things_that_do_not_exist_yet_are_all_over_the_answer() {
    for provider in Provider::ALL {
        for stream in [false, true] {
            let got = ask(*provider, "x {{unknown}}", stream).await;
            assert!(got.status == 200 && got.text().to_lowercase().contains("future"), "{provider} {}", got.text());
        }
    }
    let text = ask(Provider::ANTHROPIC, "x {{unknown}}", true).await.text();
    for name in ["event: future_event", "\"future_block\"", "\"future_delta\"", "\"future_member\""] {
        assert!(text.contains(name), "{name}");
    }
    let text = ask(Provider::GOOGLE, "x {{unknown}}", true).await.text();
    for name in ["\"futurePart\"", "\"futureMember\"", "\"futureRatings\""] {
        assert!(text.contains(name), "{name}");
    }
}

#[tokio::test]
async fn bytes_that_are_no_text_stand_inside_a_string() {
    for provider in Provider::ALL {
        for stream in [false, true] {
            let got = ask(*provider, "x {{garbage=utf8}}", stream).await;
            let bytes = got.pieces.concat();
            assert!(std::str::from_utf8(&bytes).is_err(), "{provider}");
            // Everything around them is as usual.
            let (plain, marked) = (said(*provider, &got, stream), "Hello from ");
            assert!(got.status == 200 && plain.starts_with(marked), "{provider} {plain}");
        }
    }
}

#[tokio::test]
async fn a_line_of_many_mib_shares_its_memory() {
    for provider in Provider::ALL {
        for stream in [false, true] {
            let mock = Mock::new();
            let client = mock.client(*provider);
            let sent = client.send(chat(*provider, "x {{line_mib=64}}", stream), &key(*provider, "good")).await;
            let mut body = sent.unwrap().body;
            let (mut size, mut line, mut longest, mut places) = (0, 0, 0, std::collections::HashSet::new());
            while let Some(piece) = body.next().await {
                let piece = piece.unwrap();
                size += piece.len();
                if piece.len() >= 60_000 {
                    line += piece.len();
                    places.insert(piece.as_ptr() as usize);
                    continue;
                }
                for byte in &piece {
                    line = if *byte == b'\n' { 0 } else { line + 1 };
                    longest = longest.max(line);
                }
            }
            assert!(size > 64 << 20 && longest > 64 << 20, "{provider} {size} {longest}");
            assert_eq!(places.len(), 1, "one piece, many times");
        }
    }
}

#[tokio::test]
async fn unknown_things_leave_the_text_as_it_is() {
    for provider in Provider::ALL.iter().filter(|provider| **provider != Provider::ANTHROPIC) {
        let plain = said(*provider, &ask(*provider, "x {{unknown}}", true).await, true);
        assert!(plain.ends_with(": you said \"x\""), "{plain}");
    }
    let answer: Value = ask(Provider::ANTHROPIC, "x {{unknown}}", false).await.json();
    assert_eq!(answer["content"][0]["type"], "future_block");
    assert_eq!(answer["content"][2]["text"], "Hello from claude-haiku-5-5: you said \"x\"");
}
