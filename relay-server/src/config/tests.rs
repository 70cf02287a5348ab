//! Tests of the settings: values, errors and the places that errors name.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use relay_core::Provider;

use super::*;

fn variables(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn read(text: &str, pairs: &[(&str, &str)]) -> Result<Config, ConfigErrors> {
    Config::read(Some((Path::new("etc/relay.toml"), text)), &variables(pairs))
}

#[track_caller]
fn check(text: &str, pairs: &[(&str, &str)], want: &[&str]) {
    let error = read(text, pairs).expect_err("an error");
    let got: Vec<String> = error.0.iter().map(ToString::to_string).collect();
    let all = got.len() == want.len() && got.iter().zip(want).all(|(got, want)| got.contains(want));
    assert!(all, "{text:?} {pairs:?}:\n{got:#?}\n{want:#?}");
}

#[test]
fn a_configuration_may_be_empty() {
    let config = Config::read(None, &BTreeMap::new()).unwrap();
    assert_eq!(config.server.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(config.server.drain, Duration::from_secs(120));
    assert_eq!(config.storage.path, StoragePath::File(PathBuf::from("relay.db")));
    assert!(!config.mock && config.master_key.text.is_none() && config.metrics.listen.is_none());
}

#[test]
fn every_setting_is_read_from_the_file() {
    let config = read(
        r#"
        mock = true
        [server]
        listen = "0.0.0.0:80"
        public_url = "https://vault.example/"
        trusted_proxies = "10.0.0.0/8"
        client_address_header = "Forwarded"
        workers = 3
        max_connections = 1_000
        keep_alive_seconds = 5
        ping_seconds = 1
        max_body_mib = 1
        body_budget_mib = 64
        body_share_percent = 50
        drain_seconds = 0
        drain_delay_seconds = 4
        allow_core_dumps = true
        [storage]
        path = "data/relay.db"
        [quota]
        tokens_per_minute = 7
        key_checks_per_minute = 8
        pending_users = 9
        [master_key]
        allow_readable_file = true
        env = "OTHER_KEY"
        [upstream]
        openai = "http://127.0.0.1:9001"
        anthropic = "http://[::1]:9002"
        google = "https://gateway.example/google"
        allow_http_loopback = true
        [metrics]
        listen = "127.0.0.1:9464"
        [log]
        level = "warn,relay::access=info"
        format = "text"
        "#,
        &[("OTHER_KEY", "from the environment")],
    )
    .unwrap();
    let options = config.server.options(&config.metrics);
    assert!(config.server.allow_core_dumps && config.master_key.allow_readable_file);
    assert!(config.mock && config.upstream.allow_http_loopback && config.log.format == LogFormat::Text);
    assert_eq!((options.workers, options.max_connections, options.limits.inference_body), (3, 1000, 1 << 20));
    assert!(options.trusted_proxies.contains([10, 1, 2, 3].into()));
    assert_eq!(options.trusted_proxies.header(), AddressHeader::Forwarded);
    assert_eq!((options.limits.bodies_at_once, options.limits.body_share_percent), (64 << 20, 50));
    let QuotaLimits { tokens_a_minute, key_checks_a_minute, pending_users } = config.quota;
    assert_eq!((tokens_a_minute, key_checks_a_minute, pending_users), (7, 8, 9));
    assert_eq!((options.public_url.as_deref(), options.drain), (Some("https://vault.example"), Duration::ZERO));
    assert_eq!((options.limits.ping, options.drain_delay), (Duration::from_secs(1), Duration::from_secs(4)));
    assert_eq!(config.storage.path, StoragePath::File(PathBuf::from("etc/data/relay.db")));
    assert_eq!(config.upstream.base_url(Provider::ANTHROPIC), Some("http://[::1]:9002"));
    assert_eq!(config.metrics.listen.unwrap().port(), 9464);
    assert_eq!(config.master_key.text.as_ref().unwrap().expose(), "from the environment");
    assert_eq!(config.master_key.origin.as_deref(), Some("variable OTHER_KEY"));
}

#[test]
fn a_variable_takes_precedence_over_the_file() {
    let pairs = [
        ("RELAY_SERVER_LISTEN", "127.0.0.1:1"),
        ("RELAY_MOCK", "1"),
        ("RELAY_SERVER_WORKERS", "7"),
        ("RELAY_STORAGE_PATH", "here.db"),
    ];
    let config =
        read("mock = false\n[server]\nlisten = \"127.0.0.1:2\"\n[storage]\npath = \":memory:\"", &pairs).unwrap();
    assert_eq!((config.server.listen.port(), config.server.workers, config.mock), (1, 7, true));
    assert_eq!(config.storage.path, StoragePath::File(PathBuf::from("here.db")), "relative to where the server runs");
}

#[test]
fn all_errors_are_reported_at_once_with_their_places() {
    check(
        "mock = \"yes\"\n[server]\nlisten = \"localhost\"\nlisen = \"x\"\nworkers = -1\n\n[log]\nformat = \"xml\"\nlevel = \"loud\"\n",
        &[("RELAY_SERVER_DRAIN_SECONDS", "soon"), ("RELAY_LOG_COLOUR", "red")],
        &[
            "etc/relay.toml:4: there is no setting `server.lisen`",
            "RELAY_LOG_COLOUR: there is no setting for this variable",
            "etc/relay.toml:1: `mock` must be true or false",
            "etc/relay.toml:3: `server.listen` must be an IP address and a port",
            "etc/relay.toml:5: `server.workers` must be a whole number from 0 to 1024",
            "RELAY_SERVER_DRAIN_SECONDS: `server.drain_seconds` must be a whole number from 0 to 3600",
            "etc/relay.toml:9: `log.level`",
            "etc/relay.toml:8: `log.format` must be \"json\" or \"text\"",
        ],
    );
}

#[test]
fn invalid_toml_is_reported_with_its_line() {
    check("[server]\nlisten = \n", &[], &["etc/relay.toml:2: "]);
    check("[server]\nlisten = \"127.0.0.1:1\"\nlisten = \"127.0.0.1:2\"\n", &[], &["etc/relay.toml:3: duplicate key"]);
}

#[test]
fn a_setting_in_the_wrong_section_gets_a_hint() {
    check("listen = \"127.0.0.1:1\"", &[], &["did you mean `server.listen`?"]);
    check("[server.tls]\ncert = 1", &[], &["there is no setting `server.tls`"]);
}

#[test]
fn weak_settings_are_refused() {
    for (text, want) in [
        ("[server]\npublic_url = \"http://vault.example\"", "must begin with https:// unless"),
        ("[server]\npublic_url = \"https://vault.example/relay?x=1\"", "may have a path"),
        ("[server]\npublic_url = \"https://vault.example/a//b\"", "may have a path"),
        ("[server]\npublic_url = \"https://vault.example/..\"", "may have a path"),
        ("[server]\npublic_url = \"https://vault.example/a\\\"b\"", "may have a path"),
        ("[server]\npublic_url = \"vault.example\"", "write it with its scheme"),
        ("[server]\nmax_body_mib = 0", "must be a whole number from 1 to 256"),
        ("[server]\nmax_body_mib = 64\nbody_budget_mib = 63", "must be a whole number from 64 to 65536"),
        ("[server]\ntrusted_proxies = \"proxy.internal\"", "write an address (`10.0.0.1`) or a network"),
        ("[quota]\ntokens_per_minute = 0", "must be a whole number from 1 to"),
        ("[metrics]\nlisten = \"0.0.0.0:9464\"", "must be a loopback address"),
        ("[upstream]\nopenai = \"http://api.openai.com\"", "must begin with https://"),
        ("[upstream]\nopenai = \"http://127.0.0.1:1\"", "allow_http_loopback"),
        (
            "[upstream]\nallow_http_loopback = true\nopenai = \"http://127.0.0.1.evil.example\"",
            "must begin with https://",
        ),
        (
            "[upstream]\nallow_http_loopback = true\nopenai = \"http://127.0.0.1@evil.example\"",
            "must begin with https://",
        ),
        ("[master_key]\nenv = \"c2VjcmV0IQ==\"", "the key itself does not belong here"),
        ("[storage]\npath = \"\"", "must not be empty"),
    ] {
        check(text, &[], &[want]);
    }
    // In the form that browsers send in `Origin`.
    let config = read("[server]\npublic_url = \"https://Vault.example:443/\"", &[]).unwrap();
    assert_eq!(config.server.public_url.as_deref(), Some("https://vault.example"));
    for (text, want) in [
        ("https://vault.example/relay", "https://vault.example/relay"),
        ("https://Vault.example/relay/v2/", "https://vault.example/relay/v2"),
        ("http://127.0.0.1:8080//", "http://127.0.0.1:8080"),
    ] {
        let config = read(&format!("[server]\npublic_url = \"{text}\""), &[]).unwrap();
        assert_eq!(config.server.public_url.as_deref(), Some(want));
    }
    for good in ["http://localhost:8080", "http://127.0.0.1:8080", "http://[::1]:1"] {
        assert!(read(&format!("[server]\npublic_url = \"{good}\""), &[]).is_ok(), "{good}");
    }
}

#[test]
fn variables_that_kubernetes_sets_for_a_service_are_ignored() {
    let pairs = [
        ("RELAY_SERVER_SERVICE_HOST", "10.0.0.1"),
        ("RELAY_SERVER_PORT", "tcp://10.0.0.1:8080"),
        ("RELAY_SERVER_PORT_8080_TCP", "tcp://10.0.0.1:8080"),
        ("RELAY_KEY", "rly-of-an-app"),
        ("RELAY_CONFIG", "x"),
    ];
    assert!(read("", &pairs).is_ok());
}

#[test]
fn the_master_key_comes_from_the_file_then_the_credential_then_the_variable() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("master.key");
    write_private(&path, "in the file");
    write_private(&folder.path().join("relay-master-key"), "in the credential");
    let file = format!("[master_key]\nfile = {path:?}");
    let credential = ("CREDENTIALS_DIRECTORY", folder.path().to_str().unwrap());
    let variable = ("RELAY_MASTER_KEY", "in the variable");
    for (text, pairs, want) in [
        (file.as_str(), &[credential, variable][..], Some("in the file")),
        ("", &[credential, variable], Some("in the credential")),
        ("", &[("CREDENTIALS_DIRECTORY", "/nowhere"), variable], Some("in the variable")),
        ("", &[], None),
    ] {
        let config = read(text, pairs).unwrap();
        assert_eq!(config.master_key.text.as_ref().map(MasterKeyText::expose), want);
        assert!(!format!("{config:?}").contains("in the "), "Debug shows the key");
    }
}

#[cfg(unix)]
#[test]
fn a_key_file_that_others_can_read_is_refused() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("master.key");
    write_private(&path, "secret");
    for mode in [0o604, 0o660, 0o620, 0o601] {
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        check(&format!("[master_key]\nfile = {path:?}"), &[], &["run: chmod 600"]);
    }
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o400)).unwrap();
    assert!(read(&format!("[master_key]\nfile = {path:?}"), &[]).is_ok());
    check("[master_key]\nfile = \"/nowhere/master.key\"", &[], &["`master_key.file` names /nowhere/master.key"]);
    check(&format!("[master_key]\nfile = {:?}", folder.path()), &[], &["is not a file"]);
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o444)).unwrap();
    assert!(read(&format!("[master_key]\nfile = {path:?}\nallow_readable_file = true"), &[]).is_ok());
}

fn write_private(path: &Path, text: &str) {
    std::fs::write(path, text).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
    }
}

#[test]
fn the_documented_settings_are_those_that_are_read() {
    let mut reader = Reader::new(None, &BTreeMap::new());
    let _ = reader.flag("mock");
    let _ = (
        ServerConfig::read(&mut reader, &BTreeMap::new()),
        StorageConfig::read(&mut reader),
        UpstreamConfig::read(&mut reader, &BTreeMap::new()),
    );
    let _ = (MetricsConfig::read(&mut reader), TelemetryConfig::read(&mut reader), LogConfig::read(&mut reader));
    let _ = webhooks::read(&mut reader);
    let _ = (MasterKeyConfig::read(&mut reader, &BTreeMap::new(), None), quota::read(&mut reader));
    let known: BTreeSet<String> = SETTINGS.iter().map(|key| key.name.to_string()).collect();
    assert_eq!(reader.asked, known);

    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/configuration.md");
    let page = std::fs::read_to_string(page).unwrap();
    let rows = page.lines().filter_map(|line| {
        let cells: Vec<&str> = line.strip_prefix("| `")?.split('|').map(|cell| cell.trim().trim_matches('`')).collect();
        Some((cells[0].to_owned(), cells[1].to_owned(), cells[2].to_owned()))
    });
    let documented: BTreeSet<_> = rows.collect();
    let settings: BTreeSet<_> = SETTINGS
        .iter()
        .map(|key| (key.name.to_string(), Config::variable_of(&key.name), key.default.to_owned()))
        .collect();
    assert_eq!(documented, settings);
}

#[test]
fn an_empty_variable_counts_as_not_set() {
    let mut pairs: Vec<(String, &str)> =
        SETTINGS.iter().map(|setting| (Config::variable_of(&setting.name), "")).collect();
    pairs.extend(
        ["RELAY_MASTER_KEY", "CREDENTIALS_DIRECTORY", "PORT", "RELAY_LOG_COLOUR"].map(|name| (name.into(), "")),
    );
    let pairs: Vec<(&str, &str)> = pairs.iter().map(|(name, value)| (name.as_str(), *value)).collect();
    let config = read("[metrics]\nlisten = \"127.0.0.1:9464\"", &pairs).unwrap();
    assert_eq!(config.server.listen.to_string(), "127.0.0.1:8080");
    assert!(config.metrics.listen.is_some(), "the file's value stands");
    assert!(config.master_key.text.is_none());
}

#[test]
fn port_counts_only_where_nothing_else_says_where() {
    for (text, pairs, want) in [
        ("", &[("PORT", "3000")][..], "0.0.0.0:3000"),
        ("[server]\nlisten = \"127.0.0.1:1\"", &[("PORT", "3000")], "127.0.0.1:1"),
        ("", &[("PORT", "3000"), ("RELAY_SERVER_LISTEN", "127.0.0.1:2")], "127.0.0.1:2"),
        ("", &[("PORT", "")], "127.0.0.1:8080"),
    ] {
        assert_eq!(read(text, pairs).unwrap().server.listen.to_string(), want, "{text} {pairs:?}");
    }
    check("", &[("PORT", "http")], &["PORT: must be a port"]);
}

#[test]
fn metrics_are_public_only_with_a_token() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("metrics.token");
    let text = format!("[metrics]\nlisten = \"0.0.0.0:9464\"\ntoken_file = {path:?}");
    check(&text, &[], &["`metrics.token_file` names"]);
    write_private(&path, "too short");
    check(&text, &[], &["less than 16 characters"]);
    write_private(&path, "a-random-token-of-32-characters-\n");
    let config = read(&text, &[]).unwrap();
    let token = config.metrics.token.as_ref().unwrap();
    assert!(token.is("a-random-token-of-32-characters-") && !token.is("a-random-token"));
    assert!(!format!("{config:?}").contains("a-random"));
}
