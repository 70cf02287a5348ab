//! The framer by itself. What the whole server makes of each kind of request is a table in `tests/it/framing`.

use super::*;

const LIMITS: HeadLimits = HeadLimits { url: 100, head: 1000 };

/// Feeds bytes in pieces of these lengths, as a connection does. Returns where each request ended, and the refusal.
fn frame(bytes: &[u8], pieces: impl Iterator<Item = usize>) -> (Vec<usize>, Option<Refusal>) {
    let mut framer = Framer::new(LIMITS, "/relay".into());
    let (mut ends, mut waiting, mut passed) = (Vec::new(), Vec::new(), 0);
    let mut left = bytes;
    for piece in pieces {
        let (new, rest) = left.split_at(piece.min(left.len()));
        left = rest;
        waiting.extend_from_slice(new);
        loop {
            match framer.advance(&mut waiting) {
                Err(refusal) => return (ends, Some(refusal)),
                Ok(taken) => {
                    waiting.drain(..taken);
                    passed += taken;
                    if framer.is_complete() {
                        ends.push(passed);
                        framer.next();
                    } else if taken == 0 {
                        break;
                    }
                }
            }
            if waiting.is_empty() {
                break;
            }
        }
    }
    (ends, None)
}

const GOOD: &[&[u8]] = &[
    b"GET / HTTP/1.1\r\nhost: x\r\n\r\n",
    b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\n\r\nhello",
    b"POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n5;a=\"b\\\"c\";d\r\nhello\r\n1\r\n \r\n0\r\nx-a: b\r\n\r\n",
];
const BAD: &[&[u8]] = &[
    b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n",
    b"POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n5 \r\nhello\r\n0\r\n\r\n",
    b"POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nGET / HTTP/1.1\r\n\r\n",
    b"GET / HTTP/1.1\r\nhost: x\nx-a: b\r\n\r\n",
];

#[test]
fn requests_end_at_the_same_bytes_however_they_are_cut() {
    let good: Vec<u8> = GOOD.concat();
    let whole = frame(&good, std::iter::once(good.len()));
    let lengths: Vec<usize> = GOOD.iter().map(|request| request.len()).collect();
    let ends: Vec<usize> = (1..=3).map(|n| lengths[..n].iter().sum()).collect();
    assert_eq!(whole, (ends, None));
    for bad in std::iter::once(&&b""[..]).chain(BAD) {
        let bytes = [&good, *bad, b"GET / HTTP/1.1\r\nhost: x\r\n\r\n"].concat();
        let whole = frame(&bytes, std::iter::once(bytes.len()));
        assert_eq!(whole.1.is_some(), !bad.is_empty(), "{}", bad.escape_ascii());
        assert_eq!(frame(&bytes, std::iter::repeat_n(1, bytes.len())), whole, "byte by byte: {}", bad.escape_ascii());
        for at in 1..bytes.len() {
            assert_eq!(frame(&bytes, [at, bytes.len()].into_iter()), whole, "cut at {at}: {}", bad.escape_ascii());
        }
    }
}

#[test]
fn no_bytes_make_it_panic_or_take_more_than_there_are() {
    // A generator of bytes, always the same ones.
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    let seeds = [GOOD, BAD].concat();
    for round in 0..20_000 {
        let mut bytes = seeds[round % seeds.len()].to_vec();
        for _ in 0..1 + next() % 4 {
            let at = usize::try_from(next()).unwrap() % bytes.len();
            match next() % 3 {
                0 => bytes[at] = b"\r\n\0 :;,0fF\x80\xff"[usize::try_from(next()).unwrap() % 12],
                1 => drop(bytes.remove(at)),
                _ => bytes.insert(at, b"\r\n\t :;=\"\\0a"[usize::try_from(next()).unwrap() % 11]),
            }
        }
        let (mut framer, mut bytes) = (Framer::new(LIMITS, "/relay".into()), bytes);
        if let Ok(taken) = framer.advance(&mut bytes) {
            assert!(taken <= bytes.len());
            assert!(taken > 0 || framer.head().is_none());
        }
    }
}

#[test]
fn a_head_that_does_not_end_is_refused_at_its_limit() {
    let dripped = |begin: &str| {
        let bytes = [begin.as_bytes(), &[b'x'; 2000]].concat();
        frame(&bytes, std::iter::repeat_n(1, bytes.len())).1
    };
    assert_eq!(dripped(""), Some(Refusal::UnknownMethod));
    assert_eq!(dripped("GET /"), Some(Refusal::UrlTooLong));
    assert_eq!(dripped("GET / HTTP/1.1\r\nx-a: "), Some(Refusal::HeadTooLarge));
}

#[test]
fn what_would_change_another_parsers_framing_is_made_ineffective() {
    let mut bytes = b"POST / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n\
                      EXPECT: 100-continue\r\nContent-Length: 2\r\n\r\n{}"
        .to_vec();
    let mut framer = Framer::new(LIMITS, "/relay".into());
    assert_eq!(framer.advance(&mut bytes), Ok(bytes.len()));
    assert!(framer.head().is_some_and(|head| head.expects_continue));
    let text = String::from_utf8(bytes).unwrap();
    assert!(text.contains("ignored: websocket") && text.contains("keep-alive,        \r\n"), "{text}");
    assert!(text.contains("unused: 100-continue"), "{text}");
}

#[test]
fn a_health_check_is_known_with_and_without_the_public_path() {
    let is_health = |target: &str, path: &str| {
        let mut framer = Framer::new(LIMITS, path.into());
        framer.advance(&mut format!("GET {target} HTTP/1.1\r\nhost: x\r\n\r\n").into_bytes()).unwrap();
        framer.head().unwrap().is_health_check
    };
    for rest in ["", "/", "/live", "?x=1", "/ready?x"] {
        for before in ["", "http://x", "HTTPS://x"] {
            assert!(is_health(&format!("{before}/api/health{rest}"), ""), "{before} {rest}");
            assert!(is_health(&format!("{before}/relay/api/health{rest}"), "/relay"), "{before} {rest}");
        }
        assert!(is_health(&format!("/api/health{rest}"), "/relay"), "{rest}: the proxy removed it");
        assert!(!is_health(&format!("/relay/api/health{rest}"), ""), "{rest}");
    }
    for other in [
        "/api/healthy",
        "/relay/relay/api/health",
        "/relayed/api/health",
        "/x?/api/health",
        "/x://y/api/health",
        "http://x?/api/health",
    ] {
        assert!(!is_health(other, "/relay"), "{other}");
    }
}

#[test]
fn a_method_is_named_in_a_log_only_if_it_is_a_known_one() {
    assert_eq!(known_method(b"\r\nPOST / HTTP/1.1").unwrap(), "POST");
    for unknown in [&b"POST"[..], b"post / HTTP/1.1", b"BREW / HTTP/1.1", b"", b" / "] {
        assert_eq!(known_method(unknown), None, "{}", unknown.escape_ascii());
    }
}
