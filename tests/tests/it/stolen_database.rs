//! A stolen database is useless: no secret is in it in any encoding, and a sealed key opens in its own place only.

use std::path::Path;

use base64::Engine as _;
use futures::StreamExt as _;
use relay_core::Provider;
use relay_tests::harness::Builder;
use relay_tests::scan::{Scanner, encodings, files_in};
use relay_tests::{Answer, TestRelay, says};
use reqwest::Method;
use rusqlite::{Connection, params};
use serde_json::{Value, json};

/// Of these one in seven is refused by its provider, and so not stored.
const KEYS: usize = 1200;

/// The part of a secret that is in no other, without the last four characters, which are kept on purpose.
fn core(secret: &str) -> &str {
    &secret[secret.len() - 28..secret.len() - 4]
}

/// A key with an end that no other key has.
fn unique_key(relay: &TestRelay, provider: Provider) -> String {
    let random = relay.relay.ports().tokens.relay_key().unwrap();
    relay_mock::sample_key(provider, "good", &random.expose()[4..44])
}

/// Registers a key; returns it and its token.
async fn plant(relay: &TestRelay, n: usize) -> [String; 2] {
    let provider = Provider::ALL[n % 3];
    let user = format!("user{}", n / 3);
    let (token, key) = (relay.token(&user).await, unique_key(relay, provider));
    let key = if n.is_multiple_of(7) { key.replace("good", "refused") } else { key };
    let body = json!({"provider": provider.name(), "apiKey": key});
    let status = relay.call_as(&token, Method::POST, "/v1/registration", &body).await.status;
    assert_eq!(status, if n.is_multiple_of(7) { 422 } else { 201 });
    [key, token]
}

#[actix_web::test]
async fn no_secret_is_in_the_files_in_any_encoding() {
    let folder = tempfile::tempdir().unwrap();
    let relay = TestRelay::with().sqlite(folder.path()).start().await;
    let planted = futures::stream::iter(0..KEYS).map(|n| plant(&relay, n)).buffer_unordered(32);
    let mut secrets: Vec<String> = planted.collect::<Vec<_>>().await.into_iter().flatten().collect();
    for user in 0..20 {
        relay.chat(&format!("user{}", user + 1), &says("gpt-4o-mini", "hi")).await;
    }
    secrets.extend(relay.secrets());
    // The first secret that a harness notes.
    let master_key = base64::engine::general_purpose::STANDARD.decode(&relay.secrets()[0]).unwrap();
    assert_eq!(master_key.len(), 32);
    let cores = secrets.iter().map(|secret| core(secret).as_bytes());
    let scanner = Scanner::new(cores.chain([&master_key[..]]));
    let (mut bytes, mut names) = (0, Vec::new());
    for (name, contents) in files_in(folder.path()) {
        assert_eq!(scanner.first_in(&contents), None, "in {name}");
        bytes += contents.len();
        names.push(name);
    }
    assert!(names.iter().any(|name| name.ends_with("-wal")), "{names:?}");
    let stored: i64 = open(folder.path()).query_row("SELECT count(*) FROM connections", [], |row| row.get(0)).unwrap();
    assert!(stored > 1000, "only {stored} keys are stored");
    println!("{} secrets as {} byte strings: 0 hits in {bytes} bytes of {names:?}", secrets.len(), scanner.needles());
}

#[actix_web::test]
async fn the_scan_finds_a_secret_that_is_there_in_each_encoding() {
    let folder = tempfile::tempdir().unwrap();
    let relay = TestRelay::with().sqlite(folder.path()).start().await;
    let key = unique_key(&relay, Provider::OPENAI);
    let scanner = Scanner::new([core(&key)]);
    let database = open(folder.path());
    for (encoding, bytes) in encodings(key.as_bytes()) {
        database.execute("INSERT OR REPLACE INTO meta VALUES ('planted', ?1)", params![bytes]).unwrap();
        let found = files_in(folder.path()).iter().any(|(_, contents)| scanner.first_in(contents).is_some());
        assert!(found, "{encoding}");
        database.execute("UPDATE meta SET value = zeroblob(length(value)) WHERE key = 'planted'", []).unwrap();
        database.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    }
}

#[actix_web::test]
async fn the_sealed_bytes_of_erased_users_are_gone() {
    let folder = tempfile::tempdir().unwrap();
    let relay = TestRelay::with().sqlite(folder.path()).start().await;
    for n in 0..60 {
        relay.connect(&format!("user{n}"), Provider::ALL[n % 3], "good").await;
    }
    let sealed: Vec<Vec<u8>> = {
        let database = open(folder.path());
        let mut query = database.prepare("SELECT bytes FROM sealed_keys WHERE used = 1").unwrap();
        query.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    };
    assert_eq!(sealed.len(), 60);
    assert_eq!(count_in_files(folder.path(), &sealed), 60, "the search finds what is there");
    for n in 0..60 {
        let path = match n % 3 {
            0 => format!("/v1/users/user{n}/connections/{}", Provider::ALL[n % 3].name()),
            _ => format!("/v1/users/user{n}"),
        };
        relay.call(Method::DELETE, &path, &Value::Null).await.expect(204);
    }
    assert_eq!(count_in_files(folder.path(), &sealed), 0);
}

/// How many of these are somewhere in the files, whole or in part (any 24 bytes in a row).
fn count_in_files(folder: &Path, sealed: &[Vec<u8>]) -> usize {
    let all: Vec<u8> = files_in(folder).into_iter().flat_map(|(_, contents)| contents).collect();
    let is_there = |bytes: &&Vec<u8>| bytes.chunks_exact(24).skip(1).any(|part| holds(&all, part));
    sealed.iter().filter(is_there).count()
}

fn holds(haystack: &[u8], needle: &[u8]) -> bool {
    memchr::memmem::find(haystack, needle).is_some()
}

fn open(folder: &Path) -> Connection {
    let database = Connection::open(folder.join("relay.db")).unwrap();
    database.execute_batch("PRAGMA foreign_keys = OFF; PRAGMA busy_timeout = 5000").unwrap();
    database
}

/// What a thief with write access to the file does, and whose call must fail then.
struct Theft {
    name: &'static str,
    sql: &'static str,
    /// (project, user, model)
    victims: &'static [(usize, &'static str, &'static str)],
}

const GPT: &str = "gpt-4o-mini";
const CLAUDE: &str = "claude-haiku-4-5";

/// Exchanges columns between two rows of `connections`.
macro_rules! exchange {
    ($columns:literal, $one:literal, $other:literal) => {
        concat!(
            "CREATE TEMP TABLE one AS SELECT * FROM connections WHERE ",
            $one,
            ";",
            "CREATE TEMP TABLE other AS SELECT * FROM connections WHERE ",
            $other,
            ";",
            "UPDATE connections SET sealed = -sealed WHERE ",
            $one,
            " OR ",
            $other,
            ";",
            "UPDATE connections SET (",
            $columns,
            ") = (SELECT ",
            $columns,
            " FROM other) WHERE ",
            $one,
            ";",
            "UPDATE connections SET (",
            $columns,
            ") = (SELECT ",
            $columns,
            " FROM one) WHERE ",
            $other,
            ";",
            "UPDATE connections SET sealed = -sealed WHERE sealed < 0;"
        )
    };
}

const ANA: &str = "ana";
const BO: &str = "bo";

const THEFTS: &[Theft] = &[
    Theft {
        name: "the keys of two users are exchanged",
        sql: exchange!(
            "sealed",
            "user='ana' AND provider='openai' AND project=first()",
            "user='bo' AND provider='openai'"
        ),
        victims: &[(0, ANA, GPT), (0, BO, GPT)],
    },
    Theft {
        name: "the keys of two users are exchanged with their record ids and versions",
        sql: exchange!(
            "sealed, record, version, fingerprint, last4",
            "user='ana' AND provider='openai' AND project=first()",
            "user='bo' AND provider='openai'"
        ),
        victims: &[(0, ANA, GPT), (0, BO, GPT)],
    },
    Theft {
        name: "the keys of one label in two projects are exchanged with their record ids and versions",
        sql: exchange!(
            "sealed, record, version, fingerprint, last4",
            "user='ana' AND provider='openai' AND project=first()",
            "user='ana' AND provider='openai' AND project=second()"
        ),
        victims: &[(0, ANA, GPT), (1, ANA, GPT)],
    },
    Theft {
        name: "the keys of two providers are exchanged with their record ids and versions",
        sql: exchange!(
            "sealed, record, version, fingerprint, last4",
            "user='ana' AND provider='openai' AND project=first()",
            "user='ana' AND provider='anthropic' AND project=first()"
        ),
        victims: &[(0, ANA, GPT), (0, ANA, CLAUDE)],
    },
    Theft {
        name: "a row is given to another user",
        sql: "UPDATE connections SET user='eve' WHERE user='ana' AND provider='openai' AND project=first()",
        victims: &[(0, "eve", GPT)],
    },
    Theft {
        name: "a row is given to another project",
        sql: "UPDATE connections SET project=second() WHERE user='bo'",
        victims: &[(1, BO, GPT)],
    },
    Theft {
        name: "a row is given to another provider",
        sql: "UPDATE connections SET provider='google' WHERE user='bo'",
        victims: &[(0, BO, "gemini-2.5-flash")],
    },
    Theft {
        name: "a row has another version",
        sql: "UPDATE connections SET version=version+1 WHERE user='bo'",
        victims: &[(0, BO, GPT)],
    },
    Theft {
        name: "a row has another record id",
        sql: "UPDATE connections SET record=randomblob(16) WHERE user='bo'",
        victims: &[(0, BO, GPT)],
    },
    Theft {
        name: "the bytes of two sealed keys are exchanged",
        sql: "CREATE TEMP TABLE one AS SELECT id, bytes FROM sealed_keys ORDER BY id LIMIT 2;
            UPDATE sealed_keys SET bytes = (SELECT bytes FROM one WHERE one.id <> sealed_keys.id)
            WHERE id IN (SELECT id FROM one)",
        victims: &[(0, ANA, GPT), (0, ANA, CLAUDE)],
    },
];

/// Two projects: `ana` with two keys in the first and one in the second, `bo` with one in the first.
async fn two_projects(builder: Builder) -> (TestRelay, [String; 2]) {
    let relay = builder.start().await;
    let projects = [relay.key.clone(), relay.new_project().await];
    relay.connect_as(&projects[0], ANA, Provider::OPENAI, "good").await;
    relay.connect_as(&projects[0], ANA, Provider::ANTHROPIC, "good").await;
    relay.connect_as(&projects[0], BO, Provider::OPENAI, "good").await;
    relay.connect_as(&projects[1], ANA, Provider::OPENAI, "good").await;
    (relay, projects)
}

/// Runs a thief's SQL, in which `first()` and `second()` are the projects.
fn steal(folder: &Path, sql: &str) {
    let database = open(folder);
    let mut query = database.prepare("SELECT id FROM projects ORDER BY seq").unwrap();
    let ids: Vec<String> = query.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    let sql = sql.replace("first()", &format!("'{}'", ids[0])).replace("second()", &format!("'{}'", ids[1]));
    database.execute_batch(&sql).unwrap();
}

/// A chat call that must fail, without a call to the provider.
async fn must_not_open(relay: &TestRelay, key: &str, user: &str, model: &str, what: &str) {
    let before = relay.mock.total_calls();
    let answer = relay.infer(key, user, "/v1/chat/completions", &says(model, "hi")).await;
    unreadable(&answer, what);
    let provider = Provider::for_model(model).unwrap().0.name();
    let path = format!("/v1/users/{user}/connections/{provider}/verify");
    unreadable(&relay.call_as(key, Method::POST, &path, &json!({})).await, what);
    assert_eq!(relay.mock.total_calls(), before, "{what}: the provider was called");
}

#[track_caller]
fn unreadable(answer: &Answer, what: &str) {
    assert_eq!(answer.status, 500, "{what}: {}", answer.text);
    answer.assert_error(500, "provider_key_unreadable");
    assert_eq!((answer.header("x-relay-key"), answer.header("x-should-retry")), (String::new(), "false".to_owned()));
}

#[actix_web::test]
async fn a_sealed_key_that_was_moved_does_not_open() {
    for theft in THEFTS {
        let folder = tempfile::tempdir().unwrap();
        let (relay, projects) = two_projects(TestRelay::with().sqlite(folder.path()).uncached()).await;
        for (project, user, model) in [(0, ANA, GPT), (0, ANA, CLAUDE), (0, BO, GPT), (1, ANA, GPT)] {
            relay.infer(&projects[project], user, "/v1/chat/completions", &says(model, "hi")).await.expect(200);
        }
        steal(folder.path(), theft.sql);
        for (project, user, model) in theft.victims {
            must_not_open(&relay, &projects[*project], user, model, theft.name).await;
        }
    }
}

#[actix_web::test]
async fn a_sealed_key_that_was_moved_does_not_open_after_a_restart_or_once_the_cache_has_expired() {
    let folder = tempfile::tempdir().unwrap();
    let text = relay_adapters::ring::MasterKey::generate().unwrap().expose_base64();
    let master_key = || relay_adapters::ring::MasterKey::parse(&text).unwrap();
    let builder = || TestRelay::with().sqlite(folder.path()).master_key(master_key());
    let (relay, projects) = two_projects(builder()).await;
    relay.infer(&projects[0], ANA, "/v1/chat/completions", &says(GPT, "hi")).await.expect(200);
    steal(folder.path(), THEFTS[1].sql);

    let restarted = builder().start().await;
    must_not_open(&restarted, &projects[0], ANA, GPT, "after a restart").await;
    must_not_open(&restarted, &projects[0], BO, GPT, "after a restart").await;
    restarted.infer(&projects[0], ANA, "/v1/chat/completions", &says(CLAUDE, "hi")).await.expect(200);

    // The first server may know the old record for a second more.
    while relay.infer(&projects[0], ANA, "/v1/chat/completions", &says(GPT, "hi")).await.status == 200 {}
    must_not_open(&relay, &projects[0], ANA, GPT, "once the cache has expired").await;
}

#[actix_web::test]
async fn a_sealed_key_with_any_changed_byte_does_not_open() {
    let folder = tempfile::tempdir().unwrap();
    let relay = TestRelay::with().sqlite(folder.path()).uncached().start().await;
    relay.connect(ANA, Provider::OPENAI, "good").await;
    let database = open(folder.path());
    let sealed: Vec<u8> = database.query_row("SELECT bytes FROM sealed_keys", [], |row| row.get(0)).unwrap();
    let put = |bytes: &[u8]| database.execute("UPDATE sealed_keys SET bytes = ?1", [bytes]).unwrap();
    for at in 0..sealed.len() {
        let mut changed = sealed.clone();
        changed[at] ^= 1 << (at % 8);
        put(&changed);
        must_not_open(&relay, &relay.key, ANA, GPT, &format!("byte {at} was changed")).await;
    }
    for cut in [&sealed[..0], &sealed[..sealed.len() - 1], &[&sealed[..], b"\0"].concat()] {
        put(cut);
        must_not_open(&relay, &relay.key, ANA, GPT, &format!("{} bytes are left", cut.len())).await;
    }
    put(&sealed);
    relay.chat(ANA, &says(GPT, "hi")).await.expect(200);
}

#[actix_web::test]
async fn a_key_that_was_replaced_can_not_be_put_back() {
    let folder = tempfile::tempdir().unwrap();
    let relay = TestRelay::with().sqlite(folder.path()).uncached().start().await;
    relay.connect(ANA, Provider::OPENAI, "good").await;
    let database = open(folder.path());
    let old: Vec<u8> =
        database.query_row("SELECT bytes FROM sealed_keys WHERE used = 1", [], |row| row.get(0)).unwrap();
    relay.connect(ANA, Provider::OPENAI, "good").await;
    relay.chat(ANA, &says(GPT, "hi")).await.expect(200);
    database.execute("UPDATE sealed_keys SET bytes = ?1 WHERE used = 1", [&old]).unwrap();
    must_not_open(&relay, &relay.key, ANA, GPT, "the old key is back").await;
}
