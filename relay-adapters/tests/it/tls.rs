//! A key leaves only over TLS that is good: the right host, a certificate that is valid and trusted, version 1.2 or 1.3.
//!
//! The certificates in `tls/` are for these tests alone: an authority, and what it signed for one server.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::version::{TLS12, TLS13};
use rustls::{ServerConfig, ServerConnection, SupportedProtocolVersion};

use relay_adapters::http::{BaseUrl, HttpProvider, HttpTransport, PlainHttp, Timeouts, install_crypto};
use relay_core::Provider;
use relay_core::domain::secret::ProviderKey;
use relay_core::ports::{Expect, ProviderClient as _, TransportErrorKind, WireRequest};

const AUTHORITY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/tls/ca.pem");
const GOOD: &[u8] = include_bytes!("tls/good.pem");
const KEY: &str = "sk-test-0123456789";

/// What a server got: of each connection the bytes, and what was in them once decrypted.
#[derive(Clone, Default)]
struct Seen(Arc<Mutex<(Vec<u8>, Vec<u8>)>>);

/// A connection that notes what it reads.
struct Noted(TcpStream, Seen);

impl Read for Noted {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.0.read(buffer)?;
        self.1.0.lock().unwrap().0.extend_from_slice(&buffer[..read]);
        Ok(read)
    }
}

impl Write for Noted {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.write(bytes)
    }
    fn flush(&mut self) -> std::io::Result<()> {
        self.0.flush()
    }
}

/// Serves each connection in this way, for the rest of the test.
fn serve(each: impl Fn(Noted) + Send + 'static) -> (SocketAddr, Seen) {
    let (listener, seen) = (TcpListener::bind("127.0.0.1:0").unwrap(), Seen::default());
    let (address, noting) = (listener.local_addr().unwrap(), seen.clone());
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            each(Noted(stream, noting.clone()));
        }
    });
    (address, seen)
}

/// A server with this certificate, which speaks these versions.
fn tls(certificate: &'static [u8], versions: &[&'static SupportedProtocolVersion]) -> (SocketAddr, Seen) {
    let certificate = CertificateDer::from_pem_slice(certificate).unwrap();
    let key = PrivateKeyDer::from_pem_slice(include_bytes!("tls/server.key")).unwrap();
    let crypto = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(crypto).with_protocol_versions(versions).unwrap();
    let config = Arc::new(config.with_no_client_auth().with_single_cert(vec![certificate], key).unwrap());
    serve(move |mut stream| {
        let mut connection = ServerConnection::new(config.clone()).unwrap();
        let mut tls = rustls::Stream::new(&mut connection, &mut stream);
        let mut buffer = [0; 4096];
        while let Ok(read @ 1..) = tls.read(&mut buffer) {
            let plain = buffer.get(..read).unwrap_or_default();
            tls.sock.1.0.lock().unwrap().1.extend_from_slice(plain);
            if plain.ends_with(b"{}") {
                let _ = tls.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}");
                let _ = tls.flush();
                break;
            }
        }
    })
}

/// A server that answers the client's hello with these bytes and closes.
fn raw(answer: &'static [u8]) -> (SocketAddr, Seen) {
    serve(move |mut stream| {
        let _ = stream.read(&mut [0; 4096]);
        let _ = stream.write_all(answer);
        let _ = stream.0.shutdown(std::net::Shutdown::Write);
        while let Ok(1..) = stream.read(&mut [0; 4096]) {}
    })
}

/// A server's hello of TLS 1.0 or 1.1, with a cipher of that time.
fn old_hello(minor: u8) -> &'static [u8] {
    let hello = [&[3, minor][..], &[7; 32], &[0], &[0, 0x2f], &[0]].concat();
    let message = [&[2, 0, 0, u8::try_from(hello.len()).unwrap()][..], &hello].concat();
    let record = [&[22, 3, minor, 0, u8::try_from(message.len()).unwrap()][..], &message].concat();
    Box::leak(record.into_boxed_slice())
}

/// Sends a request with the key to this server.
fn send(address: SocketAddr) -> Result<u16, TransportErrorKind> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let timeouts = Timeouts { connect: Duration::from_secs(20), ..Timeouts::default() };
    let base = BaseUrl::parse(&format!("https://{address}"), PlainHttp::Refused).unwrap();
    let client = HttpProvider::new(Provider::OPENAI, &HttpTransport::new(timeouts).unwrap()).with_base_url(base);
    let key = ProviderKey::parse(KEY.to_owned()).unwrap();
    let sent = runtime.block_on(client.send(WireRequest::post("/v1/x", "{}", Expect::Whole), &key));
    sent.map(|answer| answer.status).map_err(|error| error.kind)
}

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|part| part == text.as_bytes())
}

/// Runs in a process that trusts the authority of these tests: see below.
#[test]
#[ignore = "another test runs it"]
fn with_a_trusted_authority() {
    install_crypto();
    for (name, (address, seen)) in [("1.2", tls(GOOD, &[&TLS12])), ("1.3", tls(GOOD, &[&TLS13]))] {
        assert_eq!(send(address), Ok(200), "TLS {name}");
        let (sent, plain) = seen.0.lock().unwrap().clone();
        assert!(holds(&plain, KEY) && !holds(&sent, KEY), "TLS {name}");
    }
    for (name, (address, seen)) in [
        ("expired", tls(include_bytes!("tls/expired.pem"), &[&TLS12, &TLS13])),
        ("not valid yet", tls(include_bytes!("tls/not-yet.pem"), &[&TLS12, &TLS13])),
        ("of another host", tls(include_bytes!("tls/wrong-host.pem"), &[&TLS12, &TLS13])),
        ("self-signed", tls(include_bytes!("tls/self-signed.pem"), &[&TLS12, &TLS13])),
        ("TLS 1.0", raw(old_hello(1))),
        ("TLS 1.1", raw(old_hello(2))),
        ("SSL 3.0", raw(old_hello(0))),
        ("closes behind the hello", raw(b"")),
        ("closes within its hello", raw(&[22, 3, 3, 0, 90, 2])),
        ("refuses", raw(&[21, 3, 3, 0, 2, 2, 40])),
        ("HTTP without TLS", raw(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}")),
    ] {
        assert_eq!(send(address), Err(TransportErrorKind::Connect), "{name}");
        let (sent, plain) = seen.0.lock().unwrap().clone();
        assert!(!sent.is_empty() && !holds(&sent, KEY) && plain.is_empty(), "{name}: something was sent");
    }
}

#[test]
fn a_key_leaves_only_over_good_tls() {
    // The system's certificates are read from where this variable says, when the process's first client is made.
    let mut child = std::process::Command::new(std::env::current_exe().unwrap());
    child.env("SSL_CERT_FILE", AUTHORITY).env_remove("SSL_CERT_DIR");
    let output = child.args(["--exact", "--ignored", "tls::with_a_trusted_authority"]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
}
