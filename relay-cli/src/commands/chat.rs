//! `relay chat`: a call from the terminal. The answer appears as it arrives.

use std::io::Read as _;

use serde_json::{Value, json};

use crate::cli::ChatArgs;
use crate::client::{Remote, Request, StreamingResponse, read_chat_stream, text_of};
use crate::failure::Failure;
use crate::json::{at, text};
use crate::output::Out;

/// The longest message that is read from standard input, in bytes: Relay's own limit of a body.
const LONGEST: u64 = 32 << 20;

/// Runs `relay chat`.
///
/// # Errors
/// If the server or the provider refuses the call, does not respond, or breaks off.
pub async fn run(args: ChatArgs, out: Out) -> Result<(), Failure> {
    let remote = Remote::new(&args.remote)?;
    let stream = !args.no_stream && !out.is_json();
    let message = message(args.message.as_deref())?;
    let mut request = Request::post("/v1/chat/completions").user(&args.user).json(body(&args, &message, stream));
    if args.free {
        request = request.header("X-Relay-Paid", "false");
    }
    let response = remote.send(request).await?;
    if stream && response.status == 200 { show_stream(response, out).await } else { show_whole(response, out).await }
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
    if text.trim().is_empty() { Err(Failure::usage("the message is empty")) } else { Ok(text) }
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

async fn show_whole(response: StreamingResponse, out: Out) -> Result<(), Failure> {
    let response = response.whole().await?;
    let headers = response.headers.clone();
    let value = response.ok()?;
    out.value(&value)?;
    if !out.is_json() {
        let content = text(&value, "/choices/0/message/content").unwrap_or_default();
        out.foreign(&format!("{content}\n"))?;
    }
    tell(&headers, at(&value, "/usage"), out);
    Ok(())
}

async fn show_stream(mut response: StreamingResponse, out: Out) -> Result<(), Failure> {
    let mut usage = Value::Null;
    let end = read_chat_stream(&mut response, &mut |chunk| {
        if at(chunk, "/usage").is_object() {
            usage = at(chunk, "/usage").clone();
        }
        out.foreign(text_of(chunk))
    })
    .await;
    out.raw("\n")?;
    end?;
    tell(&response.headers, &usage, out);
    Ok(())
}

/// The key that paid, and the tokens.
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
