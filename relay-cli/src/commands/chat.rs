//! `relay chat`: a call from the terminal. The answer appears as it arrives.

use std::io::Read as _;

use relay_core::translation::sse::Decoder;
use serde_json::{Value, json};

use crate::cli::ChatArgs;
use crate::client::{Call, Incoming, Remote, Verb, refusal};
use crate::failure::{Exit, Failure};
use crate::json::{at, text};
use crate::output::Out;

/// The longest message that is read from standard input, in bytes: Relay's own limit of a body.
const LONGEST: u64 = 32 << 20;

/// Runs `relay chat`.
///
/// # Errors
/// When the server or the provider refuses, is not there, or breaks off.
pub async fn run(args: ChatArgs, out: Out) -> Result<(), Failure> {
    let remote = Remote::new(&args.remote)?;
    let stream = !args.no_stream && !out.is_json();
    let message = message(args.message.as_deref())?;
    let mut call = Call::new(Verb::Post, "/v1/chat/completions").user(&args.user).json(body(&args, &message, stream));
    if args.free {
        call = call.header("X-Relay-Paid", "false");
    }
    let incoming = remote.send(call).await?;
    if stream && incoming.status == 200 { show_stream(incoming, out).await } else { show_whole(incoming, out).await }
}

fn message(argument: Option<&str>) -> Result<String, Failure> {
    let text = match argument {
        Some(text) if text != "-" => text.to_owned(),
        _ => {
            let mut text = String::new();
            let read = std::io::stdin().take(LONGEST).read_to_string(&mut text);
            read.map_err(|error| Failure::usage(format_args!("cannot read standard input: {error}")))?;
            text
        }
    };
    if text.trim().is_empty() { Err(Failure::usage("there is no message")) } else { Ok(text) }
}

fn body(args: &ChatArgs, message: &str, stream: bool) -> Value {
    let system = args.system.as_ref().map(|text| json!({ "role": "system", "content": text }));
    let messages: Vec<_> = system.into_iter().chain([json!({ "role": "user", "content": message })]).collect();
    let mut body = json!({ "model": args.model, "messages": messages });
    if let Some(body) = body.as_object_mut() {
        if let Some(tokens) = args.max_tokens {
            body.insert("max_completion_tokens".to_owned(), json!(tokens));
        }
        if stream {
            body.insert("stream".to_owned(), json!(true));
            body.insert("stream_options".to_owned(), json!({ "include_usage": true }));
        }
    }
    body
}

async fn show_whole(incoming: Incoming, out: Out) -> Result<(), Failure> {
    let answer = incoming.whole().await?;
    let headers = answer.headers.clone();
    let value = answer.ok()?;
    out.value(&value)?;
    if !out.is_json() {
        let answer = text(&value, "/choices/0/message/content").unwrap_or_default();
        out.foreign(&format!("{answer}\n"))?;
    }
    tell(&headers, at(&value, "/usage"), out);
    Ok(())
}

async fn show_stream(mut incoming: Incoming, out: Out) -> Result<(), Failure> {
    let mut usage = Value::Null;
    let end = read_stream(&mut incoming, &mut |chunk| {
        if at(chunk, "/usage").is_object() {
            usage = at(chunk, "/usage").clone();
        }
        out.foreign(text_of(chunk))
    })
    .await;
    out.raw("\n")?;
    end?;
    tell(&incoming.headers, &usage, out);
    Ok(())
}

/// The text of a chunk.
pub fn text_of(chunk: &Value) -> &str {
    text(chunk, "/choices/0/delta/content").unwrap_or_default()
}

/// Reads a chat stream to its `[DONE]` and hands out each chunk as it comes.
///
/// # Errors
/// When the stream carries an error, or ends without `[DONE]`.
pub async fn read_stream(
    incoming: &mut Incoming,
    each: &mut dyn FnMut(&Value) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut decoder = Decoder::default();
    while let Some(piece) = incoming.piece().await? {
        decoder.feed(&piece);
        while let Some(event) = decoder.next_event().map_err(Failure::failed)? {
            if event == b"[DONE]" {
                return Ok(());
            }
            let chunk: Value = serde_json::from_slice(event)
                .map_err(|_| Failure::failed("the server sent an event that is not JSON"))?;
            if at(&chunk, "/error").is_object() {
                return Err(Failure { exit: Exit::Failed, ..refusal(incoming.status, &incoming.headers, &chunk) });
            }
            each(&chunk)?;
        }
    }
    let mut failure = Failure::new(Exit::Unavailable, "the answer ended before it was complete");
    failure.request_id = refusal(incoming.status, &incoming.headers, &Value::Null).request_id;
    Err(failure)
}

/// Whose key paid, for how much.
fn tell(headers: &[(String, String)], usage: &Value, out: Out) {
    let header = |name: &str| headers.iter().find(|(known, _)| known == name).map_or("-", |(_, value)| value);
    let mut text = format!("{} · {}", header("x-relay-request-id"), header("x-relay-key"));
    if let (Some(input), Some(output)) =
        (at(usage, "/prompt_tokens").as_u64(), at(usage, "/completion_tokens").as_u64())
    {
        text.push_str(&format!(" · {input} tokens in, {output} out"));
    }
    let dropped = headers.iter().find(|(name, _)| name == "x-relay-dropped-params");
    if let Some((_, dropped)) = dropped {
        text.push_str(&format!(" · dropped: {dropped}"));
    }
    out.note(&out.style().dim(&text));
}
