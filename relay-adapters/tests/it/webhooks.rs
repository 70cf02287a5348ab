//! Events reach public endpoints, and nothing else, whatever their address says.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use relay_adapters::http::{HttpWebhooks, Lookup};
use relay_core::domain::WebhookTargets;
use relay_core::ports::{WebhookClient as _, WebhookFailure};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

/// A listener on this machine that counts connections, and answers each request with these bytes.
async fn listener(answer: &'static str) -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let (port, seen) = (listener.local_addr().unwrap().port(), Arc::new(AtomicUsize::new(0)));
    let count = Arc::clone(&seen);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            count.fetch_add(1, Ordering::SeqCst);
            tokio::spawn(async move {
                let _ = stream.read(&mut [0; 4096]).await;
                let _ = stream.write_all(answer.as_bytes()).await;
                tokio::time::sleep(Duration::from_millis(200)).await;
            });
        }
    });
    (port, seen)
}

/// A resolver that knows some names of attackers, and resolves every other name to this machine.
fn resolver(asked: Arc<AtomicUsize>) -> Lookup {
    Arc::new(move |name| {
        let nth = asked.fetch_add(1, Ordering::SeqCst);
        Box::pin(async move {
            let found: &[&str] = match name.as_str() {
                "metadata.example" => &["169.254.169.254"],
                "ten.example" => &["10.0.0.1"],
                "cgnat.example" => &["100.64.0.1"],
                "mapped.example" => &["::ffff:127.0.0.1"],
                "nat64.example" => &["64:ff9b::7f00:1"],
                "ula.example" => &["fd00:ec2::254"],
                "linklocal.example" => &["fe80::1"],
                "multicast.example" => &["224.0.0.1"],
                "zero.example" => &["0.0.0.0"],
                "broadcast.example" => &["255.255.255.255"],
                "sixtofour.example" => &["2002:7f00:1::"],
                "teredo.example" => &["2001::1"],
                "mixed.example" => &["8.8.8.8", "127.0.0.1"],
                "none.example" => &[],
                // A second answer would be another one, but there is no second question.
                "rebind.example" if nth.is_multiple_of(2) => &["127.0.0.1"],
                "rebind.example" => &["192.168.0.1"],
                _ => &["127.0.0.1"],
            };
            Ok(found.iter().map(|text| text.parse::<IpAddr>().unwrap()).collect())
        })
    })
}

/// `PORT` is that of the listener.
const HOSTILE: [&str; 66] = [
    "http://app.example:PORT/",
    "http://127.0.0.1:PORT/",
    "https://127.0.0.1:PORT/",
    "https://localhost:PORT/",
    "https://LOCALHOST:PORT/",
    "https://localhost.:PORT/",
    "https://app.localhost:PORT/",
    "https://127.1:PORT/",
    "https://127.0.1:PORT/",
    "https://2130706433:PORT/",
    "https://0x7f000001:PORT/",
    "https://0x7f.1:PORT/",
    "https://017700000001:PORT/",
    "https://0177.0.0.1:PORT/",
    "https://127.0.0.1.:PORT/",
    "https://0:PORT/",
    "https://0.0.0.0:PORT/",
    "https://[::1]:PORT/",
    "https://[::]:PORT/",
    "https://[::ffff:127.0.0.1]:PORT/",
    "https://[::ffff:7f00:1]:PORT/",
    "https://[::127.0.0.1]:PORT/",
    "https://[64:ff9b::7f00:1]:PORT/",
    "https://[64:ff9b:1::1]:PORT/",
    "https://[fe80::1]:PORT/",
    "https://[fc00::1]:PORT/",
    "https://[fd00:ec2::254]/",
    "https://[ff02::1]:PORT/",
    "https://[2002:7f00:1::]:PORT/",
    "https://[2001:db8::1]:PORT/",
    "https://10.0.0.1/",
    "https://172.16.0.1/",
    "https://192.168.0.1/",
    "https://169.254.169.254/latest/meta-data",
    "https://100.64.0.1/",
    "https://198.18.0.1/",
    "https://192.0.2.1/",
    "https://224.0.0.1/",
    "https://240.0.0.1/",
    "https://255.255.255.255/",
    "https://user@app.example:PORT/",
    "https://user:pass@app.example:PORT/",
    "https://app.example@127.0.0.1:PORT/",
    "https://8.8.8.8:PORT@127.0.0.1:PORT/",
    "https://:@app.example:PORT/",
    "https://app.example:PORT/#fragment",
    "ftp://app.example:PORT/",
    "file:///etc/passwd",
    "gopher://127.0.0.1:PORT/",
    "data:text/plain,x",
    "javascript:alert(1)",
    "//app.example:PORT/",
    "app.example:PORT",
    "",
    "https://",
    "https:///path",
    "https://app.example:PORT/",
    "https://metadata.example/",
    "https://ten.example/",
    "https://mapped.example:PORT/",
    "https://nat64.example:PORT/",
    "https://mixed.example:PORT/",
    "https://rebind.example:PORT/",
    "https://①②⑦.⓪.⓪.①:PORT/",
    "https://127。0。0。1:PORT/",
    "https://ⓛocalhost:PORT/",
];

#[tokio::test]
async fn no_hostile_address_is_connected_to() {
    let (port, seen) = listener("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
    let asked = Arc::new(AtomicUsize::new(0));
    let client = HttpWebhooks::resolving(WebhookTargets::default(), resolver(asked)).unwrap();
    let names = ["cgnat", "ula", "linklocal", "multicast", "zero", "broadcast", "sixtofour", "teredo", "none"];
    let more = names.map(|name| format!("https://{name}.example:{port}/"));
    for url in HOSTILE.iter().map(|url| url.replace("PORT", &port.to_string())).chain(more) {
        let failure = client.post(&url, &[], "{}".into()).await.unwrap_err();
        assert_eq!(failure, WebhookFailure("blocked_address"), "{url}");
        assert_eq!(seen.load(Ordering::SeqCst), 0, "{url}");
    }
}

#[tokio::test]
async fn an_endpoint_of_this_machine_is_reached_if_configured() {
    let (port, seen) = listener("HTTP/1.1 204 No Content\r\n\r\n").await;
    let targets = WebhookTargets { allow_private: false, allow_http_loopback: true };
    let client = HttpWebhooks::new(targets).unwrap();
    let answer =
        client.post(&format!("http://127.0.0.1:{port}/hooks"), &[("webhook-id", "evt_1".into())], "{}".into()).await;
    assert_eq!(answer.unwrap().status, 204);
    assert_eq!(seen.load(Ordering::SeqCst), 1);
    let failure = client.post("http://127.0.0.1:1/", &[], "{}".into()).await.unwrap_err();
    assert_eq!(failure, WebhookFailure("refused"));
}

#[tokio::test]
async fn a_redirect_is_not_followed_and_little_is_kept_of_an_answer() {
    let targets = WebhookTargets { allow_private: false, allow_http_loopback: true };
    let client = HttpWebhooks::new(targets).unwrap();
    let (inner, reached) = listener("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
    let text = format!("HTTP/1.1 307 Moved\r\nlocation: http://127.0.0.1:{inner}/\r\ncontent-length: 0\r\n\r\n");
    let (port, _) = listener(text.leak()).await;
    let answer = client.post(&format!("http://127.0.0.1:{port}/"), &[], "{}".into()).await.unwrap();
    assert_eq!((answer.status, reached.load(Ordering::SeqCst)), (307, 0));
    let text = format!("HTTP/1.1 500 Oh\r\ncontent-length: 100000\r\n\r\n{}", "x".repeat(5000));
    let (port, _) = listener(text.leak()).await;
    let answer = client.post(&format!("http://127.0.0.1:{port}/"), &[], "{}".into()).await.unwrap();
    assert_eq!((answer.status, answer.body.len()), (500, 1024));
}
