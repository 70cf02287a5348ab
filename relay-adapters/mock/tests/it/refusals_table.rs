//! Each rule of the mock has a request that breaks it and one just inside it, and a row in `docs/mock.md`.

use std::collections::BTreeSet;
use std::path::Path;

use relay_core::Provider;
use relay_core::ports::{Expect, WireRequest};
use relay_mock::{Evidence, Rule, rules};
use serde_json::Value;

use super::send;

/// A rule, a request that breaks it, and one just inside it.
pub(super) struct Case {
    rule: &'static str,
    path: String,
    /// Where the accepted one goes, if not there.
    good_path: String,
    refused: String,
    accepted: String,
}

impl Case {
    pub(super) fn new(rule: &'static str, path: &str, refused: &Value, accepted: &Value) -> Self {
        Self::raw(rule, path, refused.to_string(), accepted.to_string())
    }

    pub(super) fn raw(rule: &'static str, path: &str, refused: String, accepted: String) -> Self {
        Self { rule, path: path.to_owned(), good_path: path.to_owned(), refused, accepted }
    }

    /// One body to two places.
    pub(super) fn paths(rule: &'static str, refused: &str, accepted: &str, body: &str) -> Self {
        let good_path = accepted.to_owned();
        Self { good_path, ..Self::raw(rule, refused, body.to_owned(), body.to_owned()) }
    }
}

fn request(provider: Provider, path: &str, body: &str) -> WireRequest {
    let request = WireRequest::post(path, body.to_owned(), Expect::Whole);
    // Sampling exists in the first version only.
    let version = if body.contains("\"temperature\"") { "2023-06-01" } else { "2026-10-21" };
    if provider == Provider::ANTHROPIC { request.with_header("anthropic-version", version) } else { request }
}

/// Sends every case, and compares the rules that were tested with those that there are.
pub(super) async fn check(provider: Provider, cases: &[Case]) {
    let all: Vec<&Rule> = rules(provider).to_vec();
    for Case { rule, path, good_path, refused, accepted } in cases {
        let found = all.iter().find(|one| one.name() == *rule).unwrap_or_else(|| panic!("no rule {rule}"));
        let got = send(provider, request(provider, path, refused)).await;
        assert!(
            (400..500).contains(&got.status) && found.matches(&got.message()),
            "{rule} does not refuse {refused}\nsaid {}\nwant {}",
            got.text(),
            found.words
        );
        let got = send(provider, request(provider, good_path, accepted)).await;
        assert_eq!(got.status, 200, "{rule} refuses {accepted}\nsaid {}", got.text());
    }
    let tested: BTreeSet<&str> = cases.iter().map(|case| case.rule).collect();
    let names: Vec<String> = all.iter().map(|rule| rule.name()).collect();
    let known: BTreeSet<&str> = names.iter().map(String::as_str).collect();
    assert_eq!(known.len(), names.len(), "two rules of {provider} share a name");
    assert_eq!(tested, known, "rules of {provider} without a case");
}

/// A row of the table in the documentation.
fn row(rule: &Rule) -> String {
    let words = rule.words.trim_end().replace('|', "\\|");
    let words = words.replace("{}", "…");
    let fence = if words.contains('`') { "``" } else { "`" };
    let pad = if words.starts_with('`') || words.ends_with('`') { " " } else { "" };
    let assumed = if rule.evidence == Evidence::Assumed { "*(assumed)* " } else { "" };
    let source = match rule.source.split_once('#') {
        Some((repository, number))
            if !rule.source.contains(' ') && !rule.source.contains(".com/") && !rule.source.contains(".dev/") =>
        {
            format!("[{}](https://github.com/{repository}/issues/{number})", rule.source)
        }
        _ => match rule.source.split_once(',') {
            Some(_) => rule.source.to_owned(),
            None => format!("<https://{}>", rule.source),
        },
    };
    format!("| `{}` | {assumed}{fence}{pad}{words}{pad}{fence} | {source} | {} |", rule.name(), rule.date)
}

/// The tables of all rules, as the page has them.
fn tables() -> String {
    let mut out = String::new();
    for provider in [Provider::ANTHROPIC, Provider::GOOGLE, Provider::OPENAI] {
        out += &format!("\n### {}\n\n| rule | words | source | date |\n| --- | --- | --- | --- |\n", provider.label());
        for rule in rules(provider) {
            out += &row(rule);
            out.push('\n');
        }
    }
    out
}

#[test]
fn docs_mock_md_lists_the_rules() {
    const BEGIN: &str = "<!-- begin rules: written by the tests -->\n";
    const END: &str = "\n<!-- end rules -->";
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/mock.md");
    let page = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = page.split_once(BEGIN).unwrap();
    let (found, after) = rest.split_once(END).unwrap();
    let wanted = tables();
    if std::env::var_os("RELAY_WRITE_DOCS").is_some() {
        std::fs::write(&path, [before, BEGIN, &wanted, END, after].concat()).unwrap();
    } else {
        assert_eq!(found, wanted, "write it again: RELAY_WRITE_DOCS=1 cargo test -p relay-mock docs_mock_md");
    }
}
