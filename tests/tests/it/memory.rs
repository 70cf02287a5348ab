//! Secrets in the memory of the built server, in a core dump of it, and in its environment.

use std::collections::HashSet;
use std::os::unix::process::ExitStatusExt as _;
use std::process::Command;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use relay_adapters::ring::{MasterKey, MasterKeys, RingIssuer};
use relay_core::Provider;
use relay_core::ports::TokenIssuer as _;
use relay_tests::process::{Folder, Process, program};
use relay_tests::scan::{Hit, Scanner};
use relay_tests::{Api, memory, says, streams, upstream};

/// How many users connect a key and use it once.
const KEYS: usize = 200;
/// How many of them at once.
const AT_ONCE: usize = 8;
/// How long the server then has nothing to do.
const IDLE: Duration = Duration::from_secs(10);

/// The part of a secret that is in no other, without the last four characters, which are kept on purpose.
fn core(secret: &str) -> &[u8] {
    &secret.as_bytes()[secret.len() - 28..secret.len() - 4]
}

/// Whether this test may read the memory of another process. `make test` demands it.
fn can_read(pid: u32) -> bool {
    let can = memory::is_readable(pid);
    assert!(can || std::env::var_os("RELAY_REQUIRE_ALL").is_none(), "another process's memory cannot be read");
    if !can {
        println!("skipped: another process's memory cannot be read");
    }
    can
}

/// Connects a key for each user and uses it once, whole or streamed; returns the keys.
async fn connect_and_call(api: &Api) -> Vec<String> {
    let random = RingIssuer::new(&MasterKeys::new(vec![MasterKey::generate().unwrap()]).unwrap()).unwrap();
    let work = |n: usize| {
        let provider = Provider::ALL[n % Provider::ALL.len()];
        let key = relay_mock::sample_key(provider, "good", &random.relay_key().unwrap().expose()[4..44]);
        async move {
            let (user, model) = (format!("user{n}"), ["gpt-4o-mini", "claude-haiku-4-5", "gemini-2.5-flash"][n % 3]);
            let token = api.token(&user).await;
            api.register(&token, provider, &key).await.expect(201);
            let body = if n.is_multiple_of(2) { says(model, "hi") } else { streams(model, "hi") };
            api.chat(&user, &body).await.expect(200);
            key
        }
    };
    use futures::StreamExt as _;
    futures::stream::iter(0..KEYS).map(work).buffer_unordered(AT_ONCE).collect().await
}

/// The text of the folder's only master key.
fn master_key(folder: &Folder) -> String {
    folder.master_key().lines().find(|line| !line.starts_with('#')).unwrap().to_owned()
}

/// How many connections there are to the port of this URL.
fn connections_to(url: &str) -> usize {
    let port = url.rsplit_once("127.0.0.1:").unwrap().1.split('/').next().unwrap().parse::<u16>().unwrap();
    let remote = format!("0100007F:{port:04X}");
    // Local and remote address, and state: 01 is an open connection.
    let table = std::fs::read_to_string("/proc/net/tcp").unwrap();
    let fields = table.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    fields.filter(|fields| fields[2] == remote && fields[3] == "01").count()
}

fn distinct(hits: &[Hit]) -> usize {
    hits.iter().map(|hit| hit.secret).collect::<HashSet<_>>().len()
}

#[actix_web::test]
async fn keys_are_gone_from_memory_when_their_calls_have_ended() {
    let (folder, upstream) = (Folder::init(), upstream::start());
    let mut command = folder.serve();
    command.envs(upstream::settings(&upstream));
    let server = Process::start(command, &folder.key);
    if !can_read(server.id()) {
        return;
    }
    let keys = connect_and_call(&server.api).await;
    tokio::time::sleep(IDLE).await;
    let scanner = Scanner::new(keys.iter().map(|key| core(key)));
    let hits = memory::search(server.id(), &scanner).unwrap();
    println!("{} copies of {} of {KEYS} keys", hits.len(), distinct(&hits));
    // hyper keeps the last request of an idle connection in its buffer until the connection sends another one or is closed.
    let connections = connections_to(&upstream.base_url(Provider::OPENAI));
    println!("{connections} connections to the providers");
    let context: Vec<String> = hits.iter().map(|hit| memory::before(server.id(), hit.at)).collect();
    assert!(distinct(&hits) <= connections, "more keys than connections:\n{}", context.join("\n"));

    let text = master_key(&folder);
    let (raw, text) = (STANDARD.decode(&text).unwrap(), text.into_bytes());
    let hits = memory::search(server.id(), &Scanner::new([&raw, &text])).unwrap();
    println!("the master key: {hits:?}");
    // The one copy is that of the cipher, at the beginning of the expanded key.
    assert_eq!(hits.iter().map(|hit| (hit.secret, hit.encoding)).collect::<Vec<_>>(), [(0, "raw")]);

    // The idle connections are closed: here by the providers, otherwise by Relay after 55 seconds.
    let providers = upstream.base_url(Provider::OPENAI);
    drop(upstream);
    let mut connections = connections_to(&providers);
    for _ in 0..100 {
        if connections == 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
        connections = connections_to(&providers);
    }
    let hits = memory::search(server.id(), &scanner).unwrap();
    println!("then {} copies of {} keys, {connections} connections", hits.len(), distinct(&hits));
    let context: Vec<String> = hits.iter().map(|hit| memory::before(server.id(), hit.at)).collect();
    assert!(distinct(&hits) <= connections, "keys without a connection:\n{}", context.join("\n"));
}

/// Whether a process that aborts here leaves a core file, as this machine is set up.
fn leaves_a_core(command: &str) -> bool {
    let folder = tempfile::tempdir().unwrap();
    let status = Command::new("sh").args(["-c", command]).current_dir(folder.path()).status().unwrap();
    status.core_dumped()
}

/// A server whose shell allows core dumps, in a folder of its own.
fn with_core_dumps(folder: &Folder, settings: &[(&str, &str)]) -> Process {
    let serve = folder.serve();
    let mut command = Command::new("sh");
    command.args(["-c", "ulimit -c unlimited && exec \"$0\" \"$@\""]).arg(serve.get_program()).args(serve.get_args());
    for (name, value) in serve.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    command.current_dir(folder.path()).envs(settings.iter().copied());
    Process::start(command, &folder.key)
}

#[actix_web::test]
async fn a_crash_leaves_no_core_unless_a_setting_allows_it() {
    // Whether the test could see one.
    let possible = leaves_a_core("ulimit -c unlimited && kill -ABRT $$");
    for (settings, allowed) in [(&[][..], false), (&[("RELAY_SERVER_ALLOW_CORE_DUMPS", "true")], true)] {
        let folder = Folder::init();
        let server = with_core_dumps(&folder, settings);
        server.api.connect("ana", Provider::OPENAI, "good").await;
        let limits = std::fs::read_to_string(format!("/proc/{}/limits", server.id())).unwrap();
        let limit = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap().to_owned();
        let limit: Vec<&str> = limit.split_whitespace().skip(4).take(2).collect();
        server.signal("ABRT");
        let ended = server.wait();
        assert_eq!(ended.status.signal(), Some(6), "{ended:?}");
        assert_eq!(ended.status.core_dumped(), allowed && possible, "{ended:?}");
        assert_eq!(limit, if allowed { ["unlimited", "unlimited"] } else { ["0", "0"] });
        let warned = String::from_utf8_lossy(&ended.stdout).contains("core dumps are allowed");
        assert_eq!(warned, allowed, "{ended:?}");
    }
}

/// A folder whose configuration names no key file.
fn without_key_file() -> (Folder, String) {
    let folder = Folder::init();
    let key = master_key(&folder);
    std::fs::remove_file(folder.path().join("master.key")).unwrap();
    let file = folder.path().join("relay.toml");
    let text = std::fs::read_to_string(&file).unwrap().replace("file = \"master.key\"", "");
    std::fs::write(&file, text).unwrap();
    (folder, key)
}

fn proc(pid: u32, name: &str) -> String {
    String::from_utf8_lossy(&std::fs::read(format!("/proc/{pid}/{name}")).unwrap()).into_owned()
}

#[actix_web::test]
async fn a_master_key_in_the_environment_is_taken_out_of_it() {
    for (program, arguments) in [(program("relay"), &["serve"][..]), (program("relay-server"), &[])] {
        let (folder, key) = without_key_file();
        let mut command = folder.serve_with(&program, arguments);
        command.env("RELAY_MASTER_KEY", &key).env("OTHER", "stays").env("RELAY_LOG_LEVEL", "info");
        let server = Process::start(command, &folder.key);
        let environment = proc(server.id(), "environ");
        assert!(environment.contains("OTHER=stays"), "{environment}");
        assert!(!environment.contains(&key) && !environment.contains("RELAY_MASTER_KEY"), "{environment}");
        assert!(!proc(server.id(), "cmdline").contains(&key));
        server.api.connect("ana", Provider::OPENAI, "good").await;
        server.api.chat("ana", &says("gpt-4o-mini", "hi")).await.expect(200);
        let said = server.said().map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        assert!(said.iter().all(|text| !text.contains(&key) && !text.contains("could not be taken out")), "{said:?}");
        if can_read(server.id()) {
            let hits = memory::search(server.id(), &Scanner::new([&key])).unwrap();
            assert_eq!(hits, [], "the key's text is in memory");
        }
        // The same key in the next start opens what this one sealed.
        server.kill();
        let mut command = folder.serve_with(&program, arguments);
        command.env("OTHER_NAME", &key).env("RELAY_MASTER_KEY_ENV", "OTHER_NAME");
        let server = Process::start(command, &folder.key);
        assert!(!proc(server.id(), "environ").contains(&key));
        server.api.chat("ana", &says("gpt-4o-mini", "hi")).await.expect(200);
    }
}

#[actix_web::test]
async fn a_master_key_in_the_environment_is_taken_out_even_if_another_one_is_used() {
    let folder = Folder::init();
    let other = MasterKey::generate().unwrap().expose_base64();
    let mut command = folder.serve();
    command.env("RELAY_MASTER_KEY", other.as_str());
    let server = Process::start(command, &folder.key);
    assert!(!proc(server.id(), "environ").contains(other.as_str()));
    server.api.connect("ana", Provider::OPENAI, "good").await;
}

#[actix_web::test]
async fn an_invalid_master_key_in_the_environment_is_reported_with_its_variable() {
    let (folder, key) = without_key_file();
    let ended = |text: &str| {
        let mut command = folder.serve();
        command.env("RELAY_MASTER_KEY", text);
        let ended = Process::try_start(command, &folder.key).expect_err("an invalid master key");
        assert_eq!(ended.status.code(), Some(78), "{ended:?}");
        String::from_utf8_lossy(&ended.stderr).into_owned()
    };
    let said = ended(&key[1..]);
    assert!(said.contains("variable RELAY_MASTER_KEY") && !said.contains(&key[1..]), "{said}");
}

#[actix_web::test]
async fn the_master_key_may_come_on_standard_input() {
    let (folder, key) = without_key_file();
    let secret = folder.path().join("secret");
    std::fs::write(&secret, format!("{key}\n")).unwrap();
    let mut command = Command::new("sh");
    command.args(["-c", "exec \"$@\" <\"$0\""]).arg(&secret);
    let serve = folder.serve_with(program("relay-server"), &["--master-key-stdin"]);
    command.arg(serve.get_program()).args(serve.get_args()).env("RELAY_MOCK", "true");
    let server = Process::start(command, &folder.key);
    server.api.connect("ana", Provider::OPENAI, "good").await;
    server.api.chat("ana", &says("gpt-4o-mini", "hi")).await.expect(200);
    let nothing = folder.serve_with(program("relay-server"), &["--master-key-stdin"]);
    let ended = Process::try_start(nothing, &folder.key).expect_err("no master key");
    let said = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert!(ended.status.code() == Some(78) && said.contains("standard input"), "{said}");
}
