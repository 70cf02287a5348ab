//! Files outside the crates that follow from the providers' rows in relay-core: `make generate` writes them, these tests
//! check them.

use std::path::{Path, PathBuf};

use relay_core::Provider;
use relay_server::config::{Config, SETTINGS};

fn at(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join(path)
}

/// Compares a file with what it must be; with `RELAY_WRITE_DOCS` set, writes it.
fn check(path: &str, made: impl Fn(&str) -> String) {
    let found = std::fs::read_to_string(at(path)).unwrap();
    let want = made(&found);
    if std::env::var_os("RELAY_WRITE_DOCS").is_none() {
        assert_eq!(found, want, "{path} does not follow from the providers' rows: run `make generate`");
    } else if found != want {
        std::fs::write(at(path), want).unwrap();
    }
}

/// `text` with `want` in place of what stands between the first `begin` and the next `end`.
fn between(text: &str, begin: &str, end: &str, want: &str) -> String {
    let (before, rest) = text.split_once(begin).unwrap_or_else(|| panic!("no {begin:?}"));
    let (_, after) = rest.split_once(end).unwrap_or_else(|| panic!("no {end:?}"));
    [before, begin, want, end, after].concat()
}

#[test]
fn generated_docs_configuration_md_has_a_base_url_for_every_provider() {
    let row = |provider: &Provider| {
        let setting = format!("upstream.{provider}");
        let found = SETTINGS.iter().find(|known| known.name == setting).unwrap();
        let (variable, default, label) = (Config::variable_of(&setting), found.default, provider.label());
        format!("| `{setting}` | `{variable}` | `{default}` | base URL of {label} |\n")
    };
    let rows: String = Provider::ALL.iter().map(row).collect();
    check("docs/configuration.md", |page| {
        let others = ["allow_", "proxy", "no_proxy", "ca_file"].map(|name| format!("| `upstream.{name}"));
        let is_other = |line: &str| others.iter().any(|start| line.starts_with(start));
        let is_row = |line: &str| line.starts_with("| `upstream.") && !is_other(line);
        let others: Vec<&str> = page.split_inclusive('\n').filter(|line| !is_row(line)).collect();
        others.concat().replacen("| `upstream.allow", &(rows.clone() + "| `upstream.allow"), 1)
    });
}

#[test]
fn generated_openapi_json_lists_every_provider() {
    let names: Vec<_> = Provider::ALL.iter().map(|provider| format!("     \"{provider}\"")).collect();
    check("relay-server/assets/openapi.json", |text| {
        let (before, schema) = text.split_once("\n   \"Provider\": {\n    \"type\": \"string\",").unwrap();
        let schema = between(schema, "\"enum\": [\n", "\n    ]", &names.join(",\n"));
        format!("{before}\n   \"Provider\": {{\n    \"type\": \"string\",{schema}")
    });
}

#[test]
fn generated_types_name_every_provider() {
    let names: Vec<_> = Provider::ALL.iter().map(|provider| format!("\"{provider}\"")).collect();
    let names = names.join(" | ");
    check("relay-sdk/typescript/src/types.ts", |text| {
        between(text, "\nexport type Provider = ", ";\n", &format!("{names} | (string & {{}})"))
    });
    check("relay-server/widget/src/options.ts", |text| between(text, "\nexport type ProviderName = ", ";\n", &names));
}
