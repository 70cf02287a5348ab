//! Relay never opens a URL that a request names. A picture's or file's address is sent to the provider as it is, or refused.

use std::net::{Ipv4Addr, Ipv6Addr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use relay_core::Provider;
use relay_tests::TestRelay;
use serde_json::{Value, json};

/// Ways to write the address of this machine, and of what no stranger may reach. `PORT` is that of a listener.
const ADDRESSES: &[&str] = &[
    "http://127.0.0.1:PORT/x.png",
    "https://127.0.0.1:PORT/x.png",
    "HTTP://127.0.0.1:PORT/x.png",
    "http://localhost:PORT/x.png",
    "http://LOCALHOST:PORT/x.png",
    "http://localhost.:PORT/x.png",
    "http://a.localhost:PORT/x.png",
    "http://127.1:PORT/x.png",
    "http://127.0.1:PORT/x.png",
    "http://2130706433:PORT/x.png",
    "http://0x7f000001:PORT/x.png",
    "http://0x7f.0.0.1:PORT/x.png",
    "http://0x7f.1:PORT/x.png",
    "http://017700000001:PORT/x.png",
    "http://0177.0.0.1:PORT/x.png",
    "http://0177.0.0.01:PORT/x.png",
    "http://127.0.0.1.:PORT/x.png",
    "http://127.000.000.001:PORT/x.png",
    "http://127.127.127.127:PORT/x.png",
    "http://0.0.0.0:PORT/x.png",
    "http://0:PORT/x.png",
    "http://[::1]:PORT/x.png",
    "http://[0:0:0:0:0:0:0:1]:PORT/x.png",
    "http://[::]:PORT/x.png",
    "http://[::ffff:127.0.0.1]:PORT/x.png",
    "http://[::ffff:7f00:1]:PORT/x.png",
    "http://[::127.0.0.1]:PORT/x.png",
    "http://[64:ff9b::127.0.0.1]:PORT/x.png",
    "http://[2002:7f00:1::]:PORT/x.png",
    "http://[fe80::1%25lo]:PORT/x.png",
    "http://[::1%25lo]:PORT/x.png",
    "http://①②⑦.⓪.⓪.①:PORT/x.png",
    "http://127。0。0。1:PORT/x.png",
    "http://ⓛⓞⓒⓐⓛⓗⓞⓢⓣ:PORT/x.png",
    "http://user@127.0.0.1:PORT/x.png",
    "http://user:password@127.0.0.1:PORT/x.png",
    "http://example.com@127.0.0.1:PORT/x.png",
    "http://example.com:80@127.0.0.1:PORT/x.png",
    "http://example.com#@127.0.0.1:PORT/x.png",
    "http://127.0.0.1:PORT#@example.com/x.png",
    "http://127.0.0.1:PORT?@example.com/x.png",
    "http://127.0.0.1:PORT\\@example.com/x.png",
    "http:127.0.0.1:PORT/x.png",
    "http:/127.0.0.1:PORT/x.png",
    "http:\\\\127.0.0.1:PORT/x.png",
    "//127.0.0.1:PORT/x.png",
    "127.0.0.1:PORT/x.png",
    " http://127.0.0.1:PORT/x.png",
    "\thttp://127.0.0.1:PORT/x.png",
    "ht\ntp://127.0.0.1:PORT/x.png",
    "http://127.0.0.1:PORT/%0d%0ax.png",
    "http://%31%32%37.0.0.1:PORT/x.png",
    "ftp://127.0.0.1:PORT/x.png",
    "gopher://127.0.0.1:PORT/_x",
    "dict://127.0.0.1:PORT/x",
    "ws://127.0.0.1:PORT/x.png",
    "file:///etc/passwd",
    "jar:http://127.0.0.1:PORT/x!/y",
    "view-source:http://127.0.0.1:PORT/x.png",
    "http://169.254.169.254/latest/meta-data/",
    "http://metadata.google.internal/computeMetadata/v1/",
    "http://100.64.0.1/x.png",
    "gs://bucket/x.png",
];

/// A listener on all addresses of this machine that counts who comes.
fn listener() -> (u16, Arc<AtomicUsize>) {
    let came = Arc::new(AtomicUsize::new(0));
    let v4 = TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0)).unwrap();
    let port = v4.local_addr().unwrap().port();
    // A machine without IPv6 has one address fewer to be reached at.
    let v6 = TcpListener::bind((Ipv6Addr::LOCALHOST, port)).ok();
    for listener in std::iter::once(v4).chain(v6) {
        let came = came.clone();
        std::thread::spawn(move || {
            while listener.accept().is_ok() {
                came.fetch_add(1, Ordering::SeqCst);
            }
        });
    }
    (port, came)
}

/// The places of a chat request where an address may stand.
fn parts(address: &str) -> Vec<Value> {
    vec![
        json!({"type": "image_url", "image_url": {"url": address}}),
        json!({"type": "image_url", "image_url": address}),
        json!({"type": "file", "file": {"file_data": address, "filename": "x.pdf"}}),
        json!({"type": "file", "file": {"file_url": address}}),
        json!({"type": "input_audio", "input_audio": {"data": address, "format": "wav"}}),
    ]
}

#[actix_web::test]
async fn no_address_in_a_request_is_opened() {
    let (relay, (port, came)) = (TestRelay::start().await, listener());
    for provider in Provider::ALL {
        relay.connect("ana", *provider, "good").await;
    }
    let mut answers = [0, 0];
    for model in ["gpt-5.4", "claude-sonnet-5-5", "gemini-3.8-flash"] {
        for address in ADDRESSES {
            for part in parts(&address.replace("PORT", &port.to_string())) {
                let body = json!({"model": model, "messages": [
                    {"role": "user", "content": [{"type": "text", "text": "What is this?"}, part]},
                ]});
                let status = relay.chat("ana", &body).await.status;
                assert!(status == 200 || status == 400, "{status} for {model} and {address}");
                answers[usize::from(status == 400)] += 1;
            }
        }
    }
    assert!(answers.iter().all(|count| *count > 0), "some are sent on and some refused: {answers:?}");
    // The listener works: one connection is noticed.
    assert_eq!(came.load(Ordering::SeqCst), 0, "Relay opened an address");
    std::net::TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
    while came.load(Ordering::SeqCst) == 0 {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
}
