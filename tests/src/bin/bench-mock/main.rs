//! `bench-mock --port N`: the three providers' APIs on loopback, as cheap as possible, for `tests/bench/run.py`.
//!
//! It answers from bytes encoded once and parses only the request's head. A request steers its own answer by a
//! directive in its prompt, `{{mock chunks=100 bytes=40 delay_us=5000}}`, which survives every translation.
//!
//! Each content chunk begins with `t=<20 digits>`, the time at which it was written, so that the load generator knows
//! each chunk's way through a gateway. The first one goes on with `u=<4 digits>`, the end of the key that the request
//! was signed with, so that an answer paid with another user's key is noticed.

mod answers;
mod request;
mod templates;

use std::error::Error;
use std::io;
use std::rc::Rc;
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::{LocalSet, spawn_local, yield_now};

use crate::answers::{Answers, Prepared};
use crate::request::Reader;

/// Connections waiting to be accepted: the memory scenario opens a thousand at once.
const BACKLOG: u32 = 16_384;

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let port: u16 = match (args.next().as_deref(), args.next()) {
        (Some("--port"), Some(port)) => port.parse()?,
        _ => return Err("usage: bench-mock --port N".into()),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    LocalSet::new().block_on(&runtime, async move { serve(listen(port)?).await })
}

fn listen(port: u16) -> io::Result<TcpListener> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind(([127, 0, 0, 1], port).into())?;
    socket.listen(BACKLOG)
}

async fn serve(listener: TcpListener) -> Result<(), Box<dyn Error>> {
    let answers = Rc::new(Answers::default());
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let answers = Rc::clone(&answers);
        // A gateway may close a connection at any time: that is its right, and no reason to stop.
        spawn_local(async move { connection(stream, &answers).await.ok() });
    }
}

/// Serves one keep-alive connection until the other side closes it.
async fn connection(stream: TcpStream, answers: &Answers) -> io::Result<()> {
    let mut reader = Reader::new(stream);
    let mut out = Vec::new();
    while let Some(request) = reader.next().await? {
        let prepared = answers.get(request.kind, request.shape);
        send(reader.stream(), &prepared, request.shape.delay_us, request.user, &mut out).await?;
        if request.close {
            break;
        }
    }
    Ok(())
}

/// Writes an answer: one write, so one segment, for each event, as a provider's tokens come.
async fn send(
    stream: &mut TcpStream,
    answer: &Prepared,
    delay_us: u64,
    user: [u8; 4],
    out: &mut Vec<u8>,
) -> io::Result<()> {
    out.clear();
    out.extend_from_slice(&answer.head);
    let mut sent = 0_u32;
    for frame in &answer.frames {
        if frame.is_content && delay_us > 0 && sent > 0 {
            tokio::time::sleep(Duration::from_micros(delay_us)).await;
        }
        frame.append_to(out, user);
        stream.write_all(out).await?;
        out.clear();
        sent += u32::from(frame.is_content);
        if delay_us == 0 && sent % 16 == 15 {
            yield_now().await; // other connections get their turn
        }
    }
    Ok(())
}
