//! The way out of this machine: through a proxy, with a certificate authority of one's own, and what the log says when it fails.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection};

use relay_adapters::http::{BaseUrl, Egress, HttpProvider, HttpTransport, PlainHttp, Timeouts, install_crypto};
use relay_core::domain::secret::ProviderKey;
use relay_core::ports::{Expect, ProviderClient as _, TransportCause, TransportErrorKind, WireRequest};
use relay_core::{Provider, RelayError};

const AUTHORITY: &[u8] = include_bytes!("tls/ca.pem");
const GOOD: &[u8] = include_bytes!("tls/good.pem");
const KEY: &str = "sk-test-0123456789";
const PASSWORD: &str = "pr0xy-s3cret";

/// Serves each connection in this way, for the rest of the test.
fn serve(each: impl Fn(TcpStream) + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || listener.incoming().flatten().for_each(each));
    address
}

/// A server with this certificate.
fn tls(certificate: &'static [u8]) -> SocketAddr {
    install_crypto();
    let certificate = CertificateDer::from_pem_slice(certificate).unwrap();
    let key = PrivateKeyDer::from_pem_slice(include_bytes!("tls/server.key")).unwrap();
    let config = ServerConfig::builder().with_no_client_auth().with_single_cert(vec![certificate], key).unwrap();
    let config = Arc::new(config);
    serve(move |mut stream| {
        let mut connection = ServerConnection::new(config.clone()).unwrap();
        let mut tls = rustls::Stream::new(&mut connection, &mut stream);
        let mut got = Vec::new();
        let mut buffer = [0; 4096];
        while let Ok(read @ 1..) = tls.read(&mut buffer) {
            got.extend_from_slice(buffer.get(..read).unwrap_or_default());
            if got.ends_with(b"{}") {
                let _ = tls.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}");
                let _ = tls.flush();
                break;
            }
        }
    })
}

/// A server that answers with these bytes, whatever comes.
fn raw(answer: &'static [u8]) -> SocketAddr {
    serve(move |mut stream| {
        let _ = stream.read(&mut [0; 4096]);
        let _ = stream.write_all(answer);
        let _ = stream.shutdown(std::net::Shutdown::Write);
        while let Ok(1..) = stream.read(&mut [0; 4096]) {}
    })
}

/// A proxy: what it was asked for, in the order in which it came.
struct TestProxy {
    url: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl TestProxy {
    /// A proxy that gives this answer, and with a 200 passes on the connection.
    fn start(answer: impl Fn(&str) -> &'static str + Send + 'static) -> Self {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let noted = Arc::clone(&asked);
        let address = serve(move |mut client| {
            let head = head_of(&mut client);
            noted.lock().unwrap().push(head.clone());
            let status = answer(&head);
            let _ = write!(client, "HTTP/1.1 {status}\r\n\r\n");
            if status.starts_with("200") {
                let target = head.split(' ').nth(1).unwrap_or_default();
                tunnel(client, &TcpStream::connect(target).unwrap());
            }
        });
        Self { url: format!("http://{address}"), asked }
    }

    fn targets(&self) -> Vec<String> {
        let asked = self.asked.lock().unwrap();
        asked.iter().map(|head| head.split(' ').nth(1).unwrap_or_default().to_owned()).collect()
    }
}

fn head_of(stream: &mut TcpStream) -> String {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") && stream.read_exact(&mut byte).is_ok() {
        head.push(byte[0]);
    }
    String::from_utf8(head).unwrap()
}

fn tunnel(client: TcpStream, server: &TcpStream) {
    for (mut from, mut to) in [
        (client.try_clone().unwrap(), server.try_clone().unwrap()),
        (server.try_clone().unwrap(), client.try_clone().unwrap()),
    ] {
        std::thread::spawn(move || {
            let _ = std::io::copy(&mut from, &mut to);
            let _ = to.shutdown(std::net::Shutdown::Both);
        });
    }
}

fn client(egress: Egress, base: Option<&str>) -> HttpProvider {
    let timeouts = Timeouts { connect: Duration::from_secs(20), ..Timeouts::default() };
    let client = HttpProvider::new(Provider::OPENAI, &HttpTransport::leaving(egress, timeouts).unwrap());
    match base {
        Some(base) => client.with_base_url(BaseUrl::parse(base, PlainHttp::OnLoopback).unwrap()),
        None => client,
    }
}

/// Sends a request with the key. An error is checked for secrets, as the log would show it.
fn send_wire(client: &HttpProvider, wire: WireRequest) -> Result<u16, (TransportErrorKind, TransportCause)> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let key = ProviderKey::parse(KEY.to_owned()).unwrap();
    let sent = runtime.block_on(client.send(wire, &key));
    sent.map(|answer| answer.status).map_err(|error| {
        let what = (error.kind, error.cause);
        let error = RelayError::from(error);
        assert_eq!(error.cause(), Some(what.1.as_str()));
        let text = relay_core::error::chain(std::error::Error::source(&error).unwrap());
        for secret in [KEY, PASSWORD, "cHIweHk"] {
            assert!(!text.contains(secret) && !format!("{error:?}").contains(secret), "{text}");
        }
        what
    })
}

fn send(client: &HttpProvider) -> Result<u16, (TransportErrorKind, TransportCause)> {
    send_wire(client, WireRequest::post("/v1/x", "{}", Expect::Whole))
}

fn trusting() -> Egress {
    Egress::default().with_authorities(AUTHORITY).unwrap()
}

#[test]
fn an_authority_of_ones_own_is_trusted_besides_the_systems() {
    let base = format!("https://{}", tls(GOOD));
    assert_eq!(send(&client(trusting(), Some(&base))), Ok(200));
    let connect = TransportErrorKind::Connect;
    assert_eq!(send(&client(Egress::default(), Some(&base))), Err((connect, TransportCause::UnknownCa)));
    for bad in [&b""[..], b"nonsense", b"-----BEGIN CERTIFICATE-----\n!!\n-----END CERTIFICATE-----\n"] {
        assert!(Egress::default().with_authorities(bad).is_err());
    }
}

#[test]
fn a_call_goes_through_the_proxy_with_its_password() {
    let base = format!("https://localhost:{}", tls(GOOD).port());
    let wants = |head: &str| match head.contains("proxy-authorization: Basic cHJveHk6cHIweHktczNjcmV0")
        || head.contains("Proxy-Authorization: Basic cHJveHk6cHIweHktczNjcmV0")
    {
        true => "200 Connection established",
        false => "407 Proxy Authentication Required",
    };
    let proxy = TestProxy::start(wants);
    let through = || trusting().with_proxy(&proxy.url).unwrap();
    assert_eq!(send(&client(through().with_proxy_credentials("proxy", PASSWORD), Some(&base))), Ok(200));
    assert_eq!(proxy.targets(), [base.trim_start_matches("https://")]);
    assert!(!proxy.asked.lock().unwrap()[0].contains(KEY), "the proxy sees no key");
    let refused = Err((TransportErrorKind::Connect, TransportCause::ProxyCredentials));
    assert_eq!(send(&client(through(), Some(&base))), refused);
    assert_eq!(send(&client(through().with_proxy_credentials("proxy", "wrong"), Some(&base))), refused);
    let debug = format!("{:?}", through().with_proxy_credentials("proxy", PASSWORD));
    assert!(!debug.contains(PASSWORD) && !debug.contains("127.0.0.1"), "{debug}");
}

#[test]
fn hosts_without_a_proxy_are_called_directly() {
    let base = format!("https://localhost:{}", tls(GOOD).port());
    let proxy = TestProxy::start(|_| "403 Forbidden");
    let through = |hosts: &str| trusting().with_proxy(&proxy.url).unwrap().without_proxy_for(hosts);
    assert_eq!(send(&client(through("a.example, localhost"), Some(&base))), Ok(200));
    assert_eq!(proxy.targets(), [""; 0]);
    let refused = Err((TransportErrorKind::Connect, TransportCause::ProxyRefused));
    assert_eq!(send(&client(through("a.example"), Some(&base))), refused);
    assert_eq!(send(&client(through(""), Some(&base))), refused);
}

#[test]
fn a_region_leads_to_its_host_only_where_the_operator_left_the_address_alone() {
    let proxy = TestProxy::start(|_| "403 Forbidden");
    let through = || Egress::default().with_proxy(&proxy.url).unwrap();
    let in_region = |client: &HttpProvider, name: &str| {
        let mut wire = WireRequest::post("/v1/x", "{}", Expect::Whole);
        wire.region = Provider::OPENAI.region(name);
        let _ = send_wire(client, wire);
        let targets = proxy.targets();
        proxy.asked.lock().unwrap().clear();
        targets.first().cloned().unwrap_or_default()
    };
    let usual = client(through(), None);
    assert!(usual.reaches_regions());
    assert_eq!(in_region(&usual, "none"), "api.openai.com:443");
    for region in Provider::OPENAI.regions() {
        assert_eq!(in_region(&usual, region.name()), format!("{}:443", region.host()));
    }
    let european = client(through(), Some("https://eu.api.openai.com"));
    assert_eq!(in_region(&european, "none"), "eu.api.openai.com:443");
    assert_eq!(in_region(&european, "us"), "us.api.openai.com:443");
    for own in ["https://gateway.example", "https://api.openai.com/gateway", "https://api.openai.com:8443"] {
        let own_client = client(through(), Some(own));
        assert!(!own_client.reaches_regions(), "{own}");
        assert!(!in_region(&own_client, "us").starts_with("us."), "{own}");
    }
}

#[test]
fn each_fault_has_a_word_of_its_own() {
    let connect = |cause| Err((TransportErrorKind::Connect, cause));
    let at = |address: SocketAddr| client(trusting(), Some(&format!("https://{address}")));
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for (name, address, cause) in [
        ("refused", closed, TransportCause::Refused),
        ("self-signed", tls(include_bytes!("tls/self-signed.pem")), TransportCause::UnknownCa),
        ("another name", tls(include_bytes!("tls/wrong-host.pem")), TransportCause::WrongCertificateName),
        ("expired", tls(include_bytes!("tls/expired.pem")), TransportCause::CertificateExpired),
        ("not valid yet", tls(include_bytes!("tls/not-yet.pem")), TransportCause::CertificateExpired),
        ("plain HTTP", raw(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n"), TransportCause::NotTls),
        ("refuses TLS", raw(&[21, 3, 3, 0, 2, 2, 40]), TransportCause::Tls),
        ("closes", raw(b""), TransportCause::Reset),
    ] {
        assert_eq!(send(&at(address)), connect(cause), "{name}");
    }
    let gone = Egress::default().with_proxy(&format!("http://{closed}")).unwrap();
    assert_eq!(send(&client(gone, None)), connect(TransportCause::ProxyUnreachable));
    let plain = client(Egress::default(), Some(&format!("http://{}", raw(b"SSH-2.0-OpenSSH\r\n"))));
    assert_eq!(send(&plain), Err((TransportErrorKind::Malformed, TransportCause::NotHttp)));
    let cut = client(Egress::default(), Some(&format!("http://{}", raw(b"HTTP/1.1 200"))));
    assert_eq!(send(&cut), Err((TransportErrorKind::Interrupted, TransportCause::Reset)));
}
