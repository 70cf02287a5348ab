//! Commands on the local store.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use serde_json::{Value, json};

use super::run::{run_in, run_with};

fn init(folder: &Path) -> Value {
    run_in(folder, ["init", "--json", "--name", "Shop"]).code(0).json()
}

#[track_caller]
fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn init_makes_all_that_a_server_needs() {
    let folder = tempfile::tempdir().unwrap();
    let made = init(folder.path());
    for file in ["relay.toml", "master.key", "relay.db"] {
        assert_eq!(mode(&folder.path().join(file)), 0o600, "{file}");
    }
    assert_eq!(made["project"]["name"], "Shop");
    assert!(made["relayKey"].as_str().unwrap().starts_with("rly-"));
    run_in(folder.path(), ["config", "check"]).code(0);
}

#[test]
fn a_second_init_overwrites_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let first = init(folder.path());
    let files = ["relay.toml", "master.key"].map(|file| fs::read(folder.path().join(file)).unwrap());
    let second = init(folder.path());
    assert_eq!(files, ["relay.toml", "master.key"].map(|file| fs::read(folder.path().join(file)).unwrap()));
    assert_eq!(second["project"]["id"], first["project"]["id"]);
    assert_eq!((&second["relayKey"], &second["created"]), (&Value::Null, &serde_json::json!([])));
    let ended = run_in(folder.path(), ["init"]).code(0);
    assert!(ended.stdout.contains("Nothing was overwritten"), "{ended:?}");
}

#[test]
fn init_goes_on_where_it_was_cut_off() {
    let folder = tempfile::tempdir().unwrap();
    init(folder.path());
    fs::remove_file(folder.path().join("relay.toml")).unwrap();
    assert_eq!(init(folder.path())["created"], serde_json::json!(["configuration"]));
}

#[test]
fn init_makes_no_new_master_key_beside_an_old_store() {
    let folder = tempfile::tempdir().unwrap();
    init(folder.path());
    for gone in ["master.key", "relay.toml"] {
        fs::remove_file(folder.path().join(gone)).unwrap();
        run_in(folder.path(), ["init"]).code(78);
        assert!(!folder.path().join("master.key").exists(), "{gone}");
    }
}

#[test]
fn a_relay_key_is_shown_once_and_revoked_for_good() {
    let folder = tempfile::tempdir().unwrap();
    init(folder.path());
    let made = run_in(
        folder.path(),
        ["keys", "create", "--name", "worker", "--scope", "inference", "--expires-in-days", "90", "--json"],
    );
    let made = made.code(0).json();
    let (id, key) = (made["id"].as_str().unwrap(), made["relayKey"].as_str().unwrap());
    assert_eq!(made["scopes"], serde_json::json!(["inference"]));
    assert!(made["expiresAt"].is_string());

    let listed = run_in(folder.path(), ["keys", "list"]).code(0).stdout;
    assert!(listed.contains(id) && listed.contains("worker") && !listed.contains(key), "{listed}");
    run_in(folder.path(), ["keys", "revoke", id]).code(0);
    run_in(folder.path(), ["keys", "revoke", id]).code(1);
    let listed = run_in(folder.path(), ["keys", "list", "--json"]).code(0).json();
    let states: Vec<_> = listed["keys"].as_array().unwrap().iter().map(|key| key["state"].as_str().unwrap()).collect();
    assert_eq!(states, ["live", "revoked"]);
}

#[test]
fn a_new_relay_key_is_alone_on_stdout() {
    let folder = tempfile::tempdir().unwrap();
    init(folder.path());
    let ended = run_in(folder.path(), ["keys", "create"]).code(0);
    let key = ended.stdout.trim();
    assert!(key.len() == 53 && key.starts_with("rly-") && !ended.stderr.contains(key), "{ended:?}");
}

#[test]
fn with_two_projects_one_must_be_named() {
    let folder = tempfile::tempdir().unwrap();
    init(folder.path());
    let made = run_in(folder.path(), ["projects", "create", "가게", "--origin", "https://Shop.example/", "--json"])
        .code(0)
        .json();
    assert_eq!(made["allowedOrigins"], serde_json::json!(["https://shop.example"]));
    run_in(folder.path(), ["keys", "create"]).code(2);
    run_in(folder.path(), ["keys", "create", "--project", "가게"]).code(0);
    run_in(folder.path(), ["keys", "create", "--project", made["id"].as_str().unwrap()]).code(0);
    run_in(folder.path(), ["keys", "create", "--project", "nobody"]).code(1);
    let listed = run_in(folder.path(), ["projects", "list", "--json"]).code(0).json();
    assert_eq!(listed["projects"].as_array().unwrap().len(), 2);
}

#[test]
fn a_project_is_changed_where_it_is_asked_and_nowhere_else() {
    let folder = tempfile::tempdir().unwrap();
    init(folder.path());
    let run = |arguments: &[&str]| run_in(folder.path(), [&["projects"], arguments, &["--json"]].concat());
    let made =
        run(&["create", "Store", "--origin", "https://shop.example", "--return-url", "shop://done", "--frame-only"])
            .code(0)
            .json();
    assert_eq!((&made["returnUrls"], &made["frameOnly"]), (&json!(["shop://done"]), &json!(true)));
    let id = made["id"].as_str().unwrap();
    let mut want = made.clone();
    for (arguments, changes) in [
        (vec!["--name", "Shop 2"], json!({"name": "Shop 2"})),
        (
            vec!["--origin", "https://A.example/", "--origin", "https://b.example"],
            json!({"allowedOrigins": ["https://a.example", "https://b.example"]}),
        ),
        (
            vec!["--origin", "https://*.Preview.shop.example:443", "--origin", "http://localhost:3000"],
            json!({"allowedOrigins": ["https://*.preview.shop.example", "http://localhost:3000"]}),
        ),
        (
            vec!["--return-url", "https://shop.example/done?a=1"],
            json!({"returnUrls": ["https://shop.example/done?a=1"]}),
        ),
        (vec!["--no-frame-only", "--any-origin"], json!({"frameOnly": false, "allowedOrigins": []})),
        (vec!["--no-return-urls", "--frame-only"], json!({"frameOnly": true, "returnUrls": []})),
    ] {
        for (name, value) in changes.as_object().unwrap() {
            want[name] = value.clone();
        }
        let ended = run(&[&["update", id], &*arguments].concat()).code(0).json();
        assert_eq!(ended, want, "{arguments:?}");
        let listed = run(&["list"]).code(0).json();
        assert!(listed["projects"].as_array().unwrap().contains(&want), "{listed}");
    }
    assert_eq!(run(&["update", "Shop 2", "--name", "Store"]).code(0).json()["name"], "Store");
    run(&["update", "nobody", "--frame-only"]).code(1);
    for wrong in [
        vec![],
        vec!["--frame-only", "--no-frame-only"],
        vec!["--origin", "https://a.example", "--any-origin"],
        vec!["--return-url", "https://a.example", "--no-return-urls"],
        vec!["--return-url", "javascript:alert(1)"],
        vec!["--origin", "https://a.example/path"],
        vec!["--origin", "https://*.vercel.app"],
        vec!["--origin", "https://*"],
        vec!["--allow-public-suffix"],
        vec!["--any-origin", "--allow-public-suffix"],
        vec!["--name", " "],
    ] {
        run(&[&["update", id], &*wrong].concat()).code(2);
    }
    assert_eq!(run(&["update", id, "--name", "Shop 2"]).code(0).json(), want, "a wrong command changed nothing");
}

#[test]
fn a_project_is_deleted_by_its_only_name_and_after_a_confirmation() {
    let folder = tempfile::tempdir().unwrap();
    let kept = init(folder.path())["project"]["id"].clone();
    let run = |arguments: &[&str]| run_in(folder.path(), [&["projects"], arguments].concat());
    let made = run(&["create", "Old app", "--strict-params", "--return-url", "old://done", "--json"]).code(0).json();
    let id = made["id"].as_str().unwrap();
    for taken in [&["create", "Shop"][..], &["create", " Shop "], &["update", id, "--name", "Shop"]] {
        let refused = run(taken).code(2);
        assert!(refused.stderr.contains(kept.as_str().unwrap()), "it names the other one: {refused:?}");
    }
    run(&["update", id, "--name", "Old app"]).code(0);
    let listed = run(&["list"]).code(0).stdout;
    assert!(listed.contains("return-url old://done") && listed.contains("strict-params"), "the whole policy: {listed}");
    run_in(folder.path(), ["keys", "create", "--name", "old", "--project", "Old app"]).code(0);
    let asked = run(&["delete", "Old app"]).code(2);
    assert!(asked.stderr.contains("--yes"), "{asked:?}");
    let gone = run(&["delete", "Old app", "--yes", "--json"]).code(0).json();
    assert_eq!((&gone["id"], &gone["deleted"]), (&made["id"], &json!(true)));
    run(&["delete", id, "--yes"]).code(1);
    let left = run(&["list", "--json"]).code(0).json();
    assert_eq!((left["projects"].as_array().unwrap().len(), &left["projects"][0]["id"]), (1, &kept));
}

#[test]
fn an_empty_variable_counts_as_not_set() {
    let folder = tempfile::tempdir().unwrap();
    init(folder.path());
    for arguments in [&["projects", "list"][..], &["config", "check"], &["doctor", "--offline"]] {
        run_with(folder.path(), arguments, &[("RELAY_CONFIG", ""), ("RELAY_METRICS_LISTEN", "")]).code(0);
    }
}

#[test]
fn a_public_suffix_needs_a_flag_and_gets_a_warning() {
    let folder = tempfile::tempdir().unwrap();
    init(folder.path());
    let run = |arguments: &[&str]| run_in(folder.path(), [&["projects"], arguments].concat());
    let wide = "https://*.vercel.app";
    let refused = run(&["create", "Store", "--origin", wide]).code(2);
    assert!(refused.stderr.contains("anyone can get a host below the public suffix vercel.app"), "{refused:?}");
    assert!(refused.stderr.contains("--allow-public-suffix"), "{refused:?}");
    let ended = run(&["create", "Store", "--origin", wide, "--allow-public-suffix"]).code(0);
    assert!(ended.stderr.contains("Warning: https://*.vercel.app allows everybody's pages"), "{ended:?}");
    // Another change neither asks again nor forgets it.
    let made = run(&["update", "Store", "--name", "Boutique", "--json"]).code(0).json();
    assert_eq!((&made["allowedOrigins"], &made["allowPublicSuffix"]), (&json!([wide]), &json!(true)));
    assert_eq!(made["warnings"].as_array().unwrap().len(), 1);
    // Each new list is decided for itself.
    let made = run(&["update", "Boutique", "--origin", "https://*.shop.example", "--json"]).code(0).json();
    assert_eq!((&made["allowPublicSuffix"], made.get("warnings")), (&json!(false), None));
    let refused = run(&["update", "Boutique", "--origin", wide]).code(2);
    assert!(refused.stderr.contains("--allow-public-suffix"), "{refused:?}");
    let invalid = run(&["update", "Boutique", "--origin", "app.example"]).code(2);
    assert!(!invalid.stderr.contains("--allow-public-suffix"), "{invalid:?}");
}

#[test]
fn a_master_key_goes_to_a_new_private_file_or_alone_to_stdout() {
    let folder = tempfile::tempdir().unwrap();
    run_in(folder.path(), ["master-key", "generate", "--out", "a.key"]).code(0);
    assert_eq!(mode(&folder.path().join("a.key")), 0o600);
    let before = fs::read(folder.path().join("a.key")).unwrap();
    run_in(folder.path(), ["master-key", "generate", "--out", "a.key"]).code(1);
    assert_eq!(fs::read(folder.path().join("a.key")).unwrap(), before);
    let ended = run_in(folder.path(), ["master-key", "generate"]).code(0);
    assert_eq!(ended.stdout.trim().len(), 44, "{ended:?}");
    let ended = run_in(folder.path(), ["master-key", "generate", "--json"]).code(0).json();
    assert_eq!(ended["kid"].as_str().unwrap().len(), 16);
}

#[test]
fn the_doctor_finds_a_new_installation_well() {
    let folder = tempfile::tempdir().unwrap();
    run_in(folder.path(), ["init", "--listen", "127.0.0.1:0"]).code(0);
    let ended = run_in(folder.path(), ["doctor", "--offline", "--json"]).code(0).json();
    let verdict = |name: &str| {
        let checks = ended["checks"].as_array().unwrap();
        checks.iter().find(|check| check["check"] == name).map(|check| check["verdict"].clone()).unwrap_or_default()
    };
    for name in ["config", "master key", "store", "sealed keys", "canary", "clock", "port"] {
        assert_eq!(verdict(name), "pass", "{name}: {ended:#}");
    }
    assert_eq!(ended["config"]["server.listen"], "127.0.0.1:0");
    let text = run_in(folder.path(), ["doctor", "--offline"]).code(0).stdout;
    let key = fs::read_to_string(folder.path().join("master.key")).unwrap();
    assert!(text.contains("PASS  config") && !text.contains(key.lines().last().unwrap()), "{text}");
}

#[test]
fn the_doctor_names_every_fault_of_a_broken_configuration() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("relay.toml"), "[server]\nlisten = \"nowhere\"\n[storage]\npaht = \"x\"\n").unwrap();
    let ended = run_in(folder.path(), ["doctor", "--offline"]).code(78);
    assert!(ended.stdout.contains("relay.toml:2") && ended.stdout.contains("relay.toml:4"), "{ended:?}");
    run_in(folder.path(), ["config", "check"]).code(78);
    run_in(folder.path(), ["keys", "list"]).code(78);
    run_in(folder.path(), ["serve"]).code(78);
    run_in(folder.path(), ["doctor", "--config", "none.toml"]).code(78);
    assert!(!folder.path().join("relay.db").exists());
}

#[test]
fn the_doctor_notices_a_master_key_that_others_may_read() {
    let folder = tempfile::tempdir().unwrap();
    init(folder.path());
    fs::set_permissions(folder.path().join("master.key"), fs::Permissions::from_mode(0o644)).unwrap();
    let ended = run_in(folder.path(), ["doctor", "--offline"]).code(78);
    assert!(ended.stdout.contains("chmod 600"), "{ended:?}");
}

#[test]
fn the_doctor_notices_a_store_that_is_none() {
    let folder = tempfile::tempdir().unwrap();
    init(folder.path());
    fs::write(folder.path().join("relay.db"), "x".repeat(8192)).unwrap();
    let ended = run_in(folder.path(), ["doctor", "--offline"]).code(78);
    assert!(ended.stdout.contains("FAIL  store"), "{ended:?}");
}
