//! `bench-mock --port N`: the three providers' APIs on loopback, as cheap as possible, for `tests/bench/run.py`.
//!
//! It answers from bytes encoded once and parses only the request's head. A request controls its own answer with a
//! directive in its prompt, `{{mock chunks=100 bytes=40 delay_us=5000}}`, which survives every translation.
//!
//! Each content chunk begins with `t=<20 digits>`, the time at which it was written, so that the load generator knows
//! each chunk's way through a gateway. The first one goes on with `u=<4 digits>`, the end of the key that the request
//! was signed with, so that an answer paid with another user's key is noticed.

mod answers;
mod templates;

use std::error::Error;
use std::io;
use std::rc::Rc;
use std::time::Duration;

use relay_mock::tcp::{Client, Next, RawRequest, Service, serve};
use tokio::net::{TcpListener, TcpSocket};
use tokio::task::{LocalSet, yield_now};

use crate::answers::{Answers, Kind, Prepared, Shape};

/// Connections waiting to be accepted: the memory scenario opens a thousand at once.
const BACKLOG: u32 = 16_384;

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let port: u16 = match (args.next().as_deref(), args.next()) {
        (Some("--port"), Some(port)) => port.parse()?,
        _ => return Err("usage: bench-mock --port N".into()),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    LocalSet::new().block_on(&runtime, async move { serve(listen(port)?, Answers::default()).await })?;
    Ok(())
}

fn listen(port: u16) -> io::Result<TcpListener> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind(([127, 0, 0, 1], port).into())?;
    socket.listen(BACKLOG)
}

/// What a request gets.
struct Call {
    answer: Rc<Prepared>,
    delay_us: u64,
    /// The last four digits of the key that it was signed with.
    user: [u8; 4],
}

impl Service for Answers {
    /// What is written next, so that its memory is used again.
    type Session = Vec<u8>;
    type Call = Call;

    fn connected(&self) -> Vec<u8> {
        Vec::new()
    }

    fn received(&self, _: &mut Vec<u8>, request: &RawRequest<'_>) -> Call {
        // A chunked body is searched with its framing: a directive or a member is hardly ever cut by it, and then the
        // answer is one that the load generator refuses.
        let (user, body) = (user(request), request.framed_body());
        let kind = user.map_or(Kind::Unauthorized, |_| Kind::of(request.method(), request.target(), body));
        let shape = Shape::of(body);
        Call { answer: self.get(kind, shape), delay_us: shape.delay_us, user: user.unwrap_or(*b"0000") }
    }

    /// Writes an answer: one write, so one segment, for each event, as a provider's tokens come.
    async fn answer(&self, out: &mut Vec<u8>, call: Call, client: &mut Client<'_>) -> io::Result<Next> {
        let Call { answer, delay_us, user } = call;
        out.clear();
        out.extend_from_slice(&answer.head);
        let mut sent = 0_u32;
        for frame in &answer.frames {
            if frame.is_content && delay_us > 0 && sent > 0 {
                tokio::time::sleep(Duration::from_micros(delay_us)).await;
            }
            frame.append_to(out, user);
            client.send(out).await?;
            out.clear();
            sent += u32::from(frame.is_content);
            if delay_us == 0 && sent % 16 == 15 {
                yield_now().await; // other connections get their turn
            }
        }
        Ok(Next::Keep)
    }
}

/// The end of the key that a request was signed with, if it is four digits: the benchmark's keys end so.
fn user(request: &RawRequest<'_>) -> Option<[u8; 4]> {
    let is_credential = |name: &[u8]| {
        [&b"authorization"[..], b"x-api-key", b"x-goog-api-key"].iter().any(|one| name.eq_ignore_ascii_case(one))
    };
    let (_, value) = request.headers().find(|(name, _)| is_credential(name))?;
    value.last_chunk().copied().filter(|end| end.iter().all(u8::is_ascii_digit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(request: &str, want: Option<&[u8; 4]>) {
        assert_eq!(user(&RawRequest::parse(request.as_bytes()).unwrap()).as_ref(), want, "{request}");
    }

    #[test]
    fn a_head_tells_whose_key_signed_it() {
        check("POST /v1/x HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer sk-bench-0042\r\n\r\n", Some(b"0042"));
        check("GET / HTTP/1.1\r\nX-Goog-Api-Key: sk-0007\r\n\r\n", Some(b"0007"));
        check("GET / HTTP/1.1\r\n\r\n", None);
        check("GET / HTTP/1.1\r\nx-api-key: other\r\n\r\n", None);
    }
}
