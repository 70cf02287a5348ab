//! The decoder against the standard, read naively.

use relay_core::translation::sse::Decoder;

use super::mutate::Random;

/// Events are those of the HTML standard, wherever the body is cut.
pub fn sse(data: &[u8]) {
    let want = reference(data);
    assert_eq!(decoded([data]), want, "whole");
    let mut random = Random::of(data);
    assert_eq!(decoded(random.pieces(data)), want, "in pieces");
    if data.len() < 2048 {
        assert_eq!(decoded(data.chunks(1)), want, "byte by byte");
    }
}

fn decoded<'p>(pieces: impl IntoIterator<Item = &'p [u8]>) -> Vec<Vec<u8>> {
    let (mut decoder, mut events) = (Decoder::default(), Vec::new());
    for piece in pieces {
        decoder.feed(piece);
        while let Some(event) = decoder.next_event().expect("no input here is as long as the limits") {
            events.push(event.to_vec());
        }
    }
    events.extend(decoder.last_event().expect("as above").map(<[u8]>::to_vec));
    assert_eq!(decoder.last_event(), Ok(None), "the last event comes once");
    events
}

/// Section 9.2.6 in a few lines; but an event that the end of the body cuts off counts, too.
fn reference(body: &[u8]) -> Vec<Vec<u8>> {
    let body = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body);
    let (mut lines, mut line, mut bytes) = (Vec::new(), Vec::new(), body.iter().peekable());
    while let Some(byte) = bytes.next() {
        if matches!(byte, b'\r' | b'\n') {
            if *byte == b'\r' {
                bytes.next_if(|next| **next == b'\n');
            }
            lines.push(std::mem::take(&mut line));
        } else {
            line.push(*byte);
        }
    }
    lines.push(line);
    lines.push(Vec::new()); // the end of the body ends the event
    let (mut events, mut data) = (Vec::new(), None::<Vec<u8>>);
    for line in lines {
        if line.is_empty() {
            events.extend(data.take());
            continue;
        }
        let colon = line.iter().position(|byte| *byte == b':').unwrap_or(line.len());
        let (name, value) = line.split_at(colon);
        if name == b"data" {
            let value = value.strip_prefix(b":").unwrap_or(value);
            let value = value.strip_prefix(b" ").unwrap_or(value);
            match &mut data {
                Some(data) => {
                    data.push(b'\n');
                    data.extend_from_slice(value);
                }
                None => data = Some(value.to_vec()),
            }
        }
    }
    events
}
