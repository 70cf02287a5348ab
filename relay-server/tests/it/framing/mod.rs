//! How requests are told apart: a table of requests that are written in every way that HTTP/1.1 allows, forbids or leaves
//! open, and what the server must make of each.
//!
//! Each row is sent as it stands, with a complete request behind it on the same connection. A row that is served must
//! be followed by the answer to that request; a row that is refused must be the last thing the connection sees, or the
//! hidden request would be answered: that is request smuggling. The names in capitals are those of the tests that
//! Http11Probe has for the same rule.

mod body;
mod desync;
mod head;
mod line;

use std::time::{Duration, Instant};

use tokio::io::AsyncReadExt as _;
use tokio::time::timeout;

use crate::harness::{Answer, Connection, TestServer};

/// What the server makes of a row.
#[derive(Clone, Copy, Debug)]
pub(super) enum Want {
    /// It answers with this status, and then the request behind it.
    Served(u16),
    /// It answers with this status and closes the connection, as it says unless the request was of HTTP/1.0.
    Last(u16),
    /// It refuses the request before any route sees it, with this status and code, and closes the connection.
    Refused(u16, &'static str),
    /// It waits for more.
    Waits,
}

/// The usual refusal.
pub(super) const BAD: Want = Want::Refused(400, "malformed_request");
/// The refusal of a body.
pub(super) const BROKEN: Want = Want::Refused(400, "incomplete_body");

/// A request: its name, the section of the RFC that speaks of it, its bytes, and what becomes of it.
///
/// In the bytes `{get}` stands for the first lines of a health check, `{post}` for those of a request for a registration
/// token without its length, `{json}` for the 14 bytes of its body, `{8000}` for as many letters, and `{95f}` for as many
/// header fields.
pub(super) type Row = (&'static str, &'static str, &'static [u8], Want);

/// Written behind each row.
const BEHIND: &[u8] = b"GET /api/health/live HTTP/1.1\r\nHost: relay.test\r\n\r\n";
/// How long a refused connection may stay open.
const CLOSED_WITHIN: Duration = Duration::from_secs(2);
const JSON: &str = r#"{"user":"ana"}"#;

fn bytes_of(test: &TestServer, row: &[u8]) -> Vec<u8> {
    let post = format!(
        "POST /v1/registration-tokens HTTP/1.1\r\nHost: relay.test\r\nAuthorization: Bearer {}\r\n\
         Content-Type: application/json\r\n",
        test.key
    );
    let mut bytes = Vec::new();
    let mut rest = row;
    while let Some(start) = rest.iter().position(|b| *b == b'{') {
        bytes.extend_from_slice(&rest[..start]);
        let end = start + rest[start..].iter().position(|b| *b == b'}').unwrap();
        match std::str::from_utf8(&rest[start + 1..end]).unwrap() {
            "get" => bytes.extend_from_slice(b"GET /api/health HTTP/1.1\r\nHost: relay.test\r\n"),
            "post" => bytes.extend_from_slice(post.as_bytes()),
            "json" => bytes.extend_from_slice(JSON.as_bytes()),
            count => match count.strip_suffix('f') {
                Some(count) => bytes.extend(b"X-A: a\r\n".repeat(count.parse().unwrap())),
                None => bytes.resize(bytes.len() + count.parse::<usize>().unwrap(), b'x'),
            },
        }
        rest = &rest[end + 1..];
    }
    bytes.extend_from_slice(rest);
    bytes
}

async fn check(test: &TestServer, (name, section, row, want): Row) {
    let mut connection = Connection::to(test.addr()).await;
    let mut bytes = bytes_of(test, row);
    if !matches!(want, Want::Waits) {
        bytes.extend_from_slice(BEHIND);
    }
    // The server may have closed the connection before it has read everything.
    let _ = tokio::io::AsyncWriteExt::write_all(&mut connection.stream, &bytes).await;
    let what = format!("{name} ({section})");
    match want {
        Want::Waits => {
            let mut byte = [0];
            let read = timeout(Duration::from_millis(300), connection.stream.read(&mut byte)).await;
            assert!(read.is_err(), "{what} was answered: {read:?}");
        }
        Want::Served(status) => {
            let answer = answer_of(&mut connection, row, &what).await;
            assert_eq!(answer.status, status, "{what}: {}", answer.text());
            assert_eq!(answer.header("connection"), None, "{what}");
            let behind = answer_of(&mut connection, b"GET", &what).await;
            assert_eq!(
                (behind.status, behind.text().as_str()),
                (200, r#"{"status":"ok"}"#),
                "{what}: the request behind it"
            );
        }
        Want::Last(status) => {
            let answer = answer_of(&mut connection, row, &what).await;
            assert_eq!(answer.status, status, "{what}: {}", answer.text());
            let is_old = row.windows(8).any(|bytes| bytes == b"HTTP/1.0");
            if !is_old {
                assert_eq!(answer.header("connection"), Some("close"), "{what}");
            }
            ends(&mut connection, &what).await;
        }
        Want::Refused(status, code) => {
            let answer = answer_of(&mut connection, row, &what).await;
            assert_eq!(answer.status, status, "{what}: {}", answer.text());
            if !row.starts_with(b"HEAD") {
                answer.assert_error(status, code);
            }
            assert_eq!(answer.header("connection"), Some("close"), "{what}");
            ends(&mut connection, &what).await;
        }
    }
}

async fn answer_of(connection: &mut Connection, row: &[u8], what: &str) -> Answer {
    let answer = timeout(Duration::from_secs(5), connection.answer(row.starts_with(b"HEAD"))).await;
    let answer = answer.unwrap_or_else(|_| panic!("{what}: no answer"));
    answer.assert_ids();
    answer
}

/// Nothing follows the answer.
async fn ends(connection: &mut Connection, what: &str) {
    let began = Instant::now();
    let rest = timeout(CLOSED_WITHIN, connection.rest()).await;
    let rest = rest.unwrap_or_else(|_| panic!("{what}: the connection is open after {:?}", began.elapsed()));
    assert_eq!(String::from_utf8_lossy(&rest), "", "{what}: a second answer");
}

async fn check_all(rows: &[Row]) {
    let test = TestServer::start().await;
    for row in rows {
        check(&test, *row).await;
    }
}

#[tokio::test]
async fn request_lines() {
    check_all(line::ROWS).await;
}

#[tokio::test]
async fn header_fields() {
    check_all(head::FIELDS).await;
}

#[tokio::test]
async fn hosts() {
    check_all(head::HOSTS).await;
}

#[tokio::test]
async fn lengths_of_bodies() {
    check_all(body::LENGTHS).await;
}

#[tokio::test]
async fn transfer_codings() {
    check_all(body::CODINGS).await;
}

#[tokio::test]
async fn chunked_bodies() {
    check_all(body::CHUNKED).await;
}

#[tokio::test]
async fn hidden_requests() {
    check_all(desync::HIDDEN).await;
}

#[tokio::test]
async fn fields_that_are_not_believed() {
    check_all(desync::DISTRUSTED).await;
}

#[tokio::test]
async fn what_follows_an_empty_body_is_the_next_request() {
    // SMUG-CL0-BODY-POISON: the X belongs to the second request's method.
    let test = TestServer::start().await;
    let mut connection = Connection::to(test.addr()).await;
    let bytes = [&bytes_of(&test, b"{post}Content-Length: 0\r\n\r\nX")[..], BEHIND].concat();
    connection.write(&bytes).await;
    assert_eq!(connection.answer(false).await.status, 400);
    connection.answer(false).await.assert_error(405, "method_not_allowed");
}

#[tokio::test]
async fn answers_have_what_the_standard_wants_of_them() {
    // COMP-DATE-HEADER, COMP-DATE-FORMAT, COMP-405-ALLOW, COMP-OPTIONS-ALLOW, COMP-NO-CL-IN-204, COMP-HEAD-NO-BODY,
    // COMP-CONTENT-TYPE, COMP-NO-1XX-HTTP10.
    let test = TestServer::start().await;
    let mut connection = Connection::to(test.addr()).await;
    for (line, status, allow) in [
        ("GET /api/health HTTP/1.1", 200, false),
        ("HEAD /api/health HTTP/1.1", 200, false),
        ("DELETE /api/health HTTP/1.1", 405, true),
        ("OPTIONS /api/health HTTP/1.1", 204, true),
        ("GET /nothing HTTP/1.1", 404, false),
    ] {
        connection.write(format!("{line}\r\nHost: relay.test\r\n\r\n").as_bytes()).await;
        let answer = connection.answer(line.starts_with("HEAD")).await;
        assert_eq!(answer.status, status, "{line}");
        let date = answer.header("date").unwrap_or_else(|| panic!("{line}: no date"));
        assert!(date.len() == 29 && date.ends_with(" GMT") && &date[3..5] == ", ", "{line}: {date}");
        assert_eq!(answer.header("allow").is_some(), allow, "{line}");
        assert_eq!(answer.header("content-type").is_some(), status != 204, "{line}");
        assert_eq!(answer.header("content-length").is_some(), status != 204, "{line}");
    }
    connection.write(b"GET /api/health HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n").await;
    assert_eq!(connection.answer(false).await.status, 200, "no 1xx for HTTP/1.0");
}

#[tokio::test]
async fn other_features() {
    check_all(body::FEATURES).await;
}

#[tokio::test]
async fn a_row_means_the_same_byte_by_byte() {
    let test = TestServer::start().await;
    for (name, section, row, want) in [head::FIELDS, body::LENGTHS, body::CHUNKED].concat() {
        let bytes = bytes_of(&test, row);
        if bytes.len() > 2000 || matches!(want, Want::Waits | Want::Last(_)) {
            continue;
        }
        let mut connection = Connection::to(test.addr()).await;
        connection.stream.set_nodelay(true).unwrap();
        for byte in bytes {
            if tokio::io::AsyncWriteExt::write_all(&mut connection.stream, &[byte]).await.is_err() {
                break;
            }
            tokio::task::yield_now().await;
        }
        let (Want::Served(status) | Want::Refused(status, _) | Want::Last(status)) = want else { continue };
        let answer = answer_of(&mut connection, row, name).await;
        assert_eq!(answer.status, status, "{name} ({section}): {}", answer.text());
    }
}
