//! Faults that a text asks for: bodies that are not answers, streams that end wrongly, bytes that are not text.

use bytes::Bytes;

use crate::between::between;
use crate::chat::{ChatRequest, FILLER};
use crate::directives::Directives;
use crate::named_errors;
use crate::rejection::Rejection;
use crate::reply::{Ending, Reply};
use crate::wire::WireFormat;

/// The reply in place of an answer, if the text asks for one.
pub(super) fn replacement(wire: &dyn WireFormat, directives: &Directives, chat: &ChatRequest) -> Option<Reply> {
    if let Some(name) = &directives.error {
        return Some(wire.reject(&Rejection::Named(name), chat.seed));
    }
    if let Some(status) = directives.status {
        return Some(wire.reject(&Rejection::Status(status), chat.seed));
    }
    if let Some(name) = &directives.between {
        return Some(between(name));
    }
    if directives.html {
        return Some(Reply::body(
            200,
            "text/html; charset=utf-8",
            "<!DOCTYPE html><title>Login</title><p>Welcome to the hotel's network",
        ));
    }
    None
}

/// The name of an error that the text asks for in a stream and that the provider does not have.
pub(super) fn unknown_error<'a>(wire: &dyn WireFormat, directives: &'a Directives) -> Option<&'a str> {
    let midstream = directives.error_midstream.as_deref().filter(|form| !form.is_empty() && *form != "bare");
    let asked = [directives.error_first.as_deref(), midstream];
    asked.into_iter().flatten().find(|name| named_errors::find(wire.named_errors(), name).is_none())
}

/// Applies the faults that the text asks for to an answer.
pub(super) fn apply<'a>(
    wire: &dyn WireFormat,
    directives: &'a Directives,
    chat: &ChatRequest,
    reply: &mut Reply,
) -> Result<(), Rejection<'a>> {
    if directives.bad_utf8 {
        fill(reply, &[Bytes::from_static(b"\xed\xa0\x80 \xff\xfe")]);
    }
    if let Some(mib) = directives.line_mib {
        fill(reply, &long(mib));
    }
    if directives.garbage {
        reply.pieces.truncate(usize::from(chat.stream));
        reply.pieces.push(Bytes::from_static(if chat.stream {
            b"data: {\"un\xff\xfe]\n\n"
        } else {
            b"{\"un\xff\xfe]"
        }));
    }
    if let Some(name) = &directives.error_first {
        if !chat.stream {
            return Err(Rejection::Named(name));
        }
        reply.pieces = vec![wire.error_event(Some(name), false)];
    }
    if let Some(form) = &directives.error_midstream {
        if !chat.stream {
            return Err(Rejection::Status(500));
        }
        reply.halve();
        let name = Some(form.as_str()).filter(|form| !form.is_empty() && *form != "bare");
        reply.pieces.push(wire.error_event(name, form == "bare"));
    }
    if directives.cut {
        reply.halve();
    }
    if directives.breaks {
        reply.halve();
        reply.ending = Ending::Broken;
    }
    if directives.silent {
        if chat.stream {
            reply.pieces.truncate(1);
        } else {
            reply.halve();
        }
        reply.ending = Ending::Silent;
    }
    Ok(())
}

/// Puts other bytes in the place of the filler.
fn fill(reply: &mut Reply, with: &[Bytes]) {
    let mut pieces = Vec::with_capacity(reply.pieces.len());
    for piece in std::mem::take(&mut reply.pieces) {
        let found = piece.windows(FILLER.len()).position(|window| window == FILLER.as_bytes());
        let Some(at) = found else {
            pieces.push(piece);
            continue;
        };
        pieces.push(piece.slice(..at));
        pieces.extend_from_slice(with);
        pieces.push(piece.slice(at + FILLER.len()..));
    }
    reply.pieces = pieces;
}

/// That many MiB of one letter. All pieces share the same memory.
fn long(mib: usize) -> Vec<Bytes> {
    const PIECE: usize = 64 * 1024;
    let piece = Bytes::from(vec![b'x'; PIECE]);
    vec![piece; mib * (1024 * 1024 / PIECE)]
}
