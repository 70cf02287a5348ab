//! The mishaps that a text asks for: answers that are no answers, streams that end wrongly, bytes that are no text.

use bytes::Bytes;

use crate::chat::{Ask, FILLER};
use crate::directives::Steer;
use crate::reply::{Ending, Reply};
use crate::request::{Trouble, Wire};

/// What comes instead of an answer, if the text asks for it.
pub(super) fn instead(wire: &dyn Wire, steer: &Steer, ask: &Ask) -> Option<Reply> {
    if let Some(name) = &steer.error {
        return Some(wire.trouble(&Trouble::Named(name), ask.seed));
    }
    if let Some(status) = steer.status {
        return Some(wire.trouble(&Trouble::Status(status), ask.seed));
    }
    if steer.html {
        return Some(Reply::body(
            200,
            "text/html; charset=utf-8",
            "<!DOCTYPE html><title>Login</title><p>Welcome to the hotel's network",
        ));
    }
    None
}

/// Disturbs an answer.
pub(super) fn disturb<'a>(wire: &dyn Wire, steer: &'a Steer, ask: &Ask, reply: &mut Reply) -> Result<(), Trouble<'a>> {
    if steer.bad_utf8 {
        fill(reply, &[Bytes::from_static(b"\xed\xa0\x80 \xff\xfe")]);
    }
    if let Some(mib) = steer.line_mib {
        fill(reply, &long(mib));
    }
    if steer.garbage {
        reply.pieces.truncate(usize::from(ask.stream));
        reply.pieces.push(Bytes::from_static(if ask.stream { b"data: {\"un\xff\xfe]\n\n" } else { b"{\"un\xff\xfe]" }));
    }
    if let Some(name) = &steer.error_first {
        if !ask.stream {
            return Err(Trouble::Named(name));
        }
        reply.pieces = vec![wire.error_event(Some(name), false)];
    }
    if let Some(form) = &steer.error_midstream {
        if !ask.stream {
            return Err(Trouble::Status(500));
        }
        reply.halve();
        let name = Some(form.as_str()).filter(|form| !form.is_empty() && *form != "bare");
        reply.pieces.push(wire.error_event(name, form == "bare"));
    }
    if steer.cut {
        reply.halve();
    }
    if steer.breaks {
        reply.halve();
        reply.ending = Ending::Broken;
    }
    if steer.silent {
        if ask.stream {
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
