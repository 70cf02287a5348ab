//! `docs/openai-clients.md` must name the tests that there are, and list what the clients make of each error.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use relay_core::Code;
use serde::Deserialize;

use super::{folder, table};

const FILES: [&str; 2] = ["tests/clients/node/checklist.test.mjs", "tests/clients/python/test_checklist.py"];
/// Errors inside a stream have no status for the clients.
const IN_STREAM: &str = "upstream_stream_interrupted";

/// A row of `tests/clients/errors.json`, with the columns of the page.
#[derive(Deserialize)]
struct Row {
    status: u16,
    code: String,
    sent: Option<u8>,
    elsewhere: Option<String>,
}

#[derive(Deserialize)]
struct Errors {
    rows: Vec<Row>,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn rows() -> Vec<Row> {
    let text = std::fs::read_to_string(folder("errors.json")).unwrap();
    serde_json::from_str::<Errors>(&text).unwrap().rows
}

/// A sentence, or a test's name in any language, as the words that both have.
fn words(text: &str) -> String {
    let text = text.to_lowercase().replace('\'', "");
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// The sentences of the page's table, each with the files of its tests.
fn listed() -> Vec<(String, Vec<String>)> {
    let page = read("docs/openai-clients.md");
    let table = page.split("| | test | in |").nth(1).unwrap().split("\n\n").next().unwrap();
    let row = |line: &str| {
        let cells: Vec<&str> = line.split(" | ").collect();
        let files = cells[2].split('`').skip(1).step_by(2).map(str::to_owned).collect();
        (words(cells[1]), files)
    };
    table.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| ---")).map(row).collect()
}

#[test]
fn every_sentence_of_the_page_is_a_test() {
    let listed = listed();
    assert!(listed.len() > 40);
    for (sentence, files) in listed {
        assert!(!files.is_empty(), "{sentence}: no test");
        for file in files {
            assert!(words(&read(&file)).contains(&sentence), "{file} has no test with the name {sentence:?}");
        }
    }
}

#[test]
fn every_test_of_the_checklist_is_a_sentence_of_the_page() {
    let listed = listed();
    for file in FILES {
        let names: Vec<String> = read(file).lines().filter_map(test_name).collect();
        assert!(names.len() > 20);
        for name in names {
            let there =
                listed.iter().any(|(sentence, files)| *sentence == name && files.iter().any(|known| known == file));
            assert!(there, "docs/openai-clients.md has no row for {name:?} in {file}");
        }
    }
}

fn test_name(line: &str) -> Option<String> {
    let name = line.strip_prefix("test(\"").and_then(|rest| rest.split("\", ").next());
    name.or_else(|| line.strip_prefix("def test_")?.split('(').next()).map(words)
}

#[test]
fn every_code_is_met_by_the_clients_or_tested_elsewhere() {
    let rows_of =
        |code: &Code| code.classes().iter().map(|class| (class.status(), code.to_string())).collect::<Vec<_>>();
    let known: BTreeSet<_> = Code::ALL.iter().flat_map(rows_of).collect();
    assert_eq!(rows().into_iter().map(|row| (row.status, row.code)).collect::<BTreeSet<_>>(), known);
    for row in rows() {
        assert!(row.sent.is_some() != row.elsewhere.is_some(), "{}", row.code);
        let file = row.elsewhere.as_deref();
        assert!(file.is_none_or(|file| read(file).contains(&format!("\"{}\"", row.code))), "{file:?}: {}", row.code);
    }
}

#[test]
fn the_page_says_what_each_error_becomes() {
    let mut out = "| status | code | Node | Python | sent |\n| --- | --- | --- | --- | --- |\n".to_owned();
    for Row { status, code, sent, elsewhere } in rows() {
        let [node, python] = classes(status, &code);
        let sent = sent.map_or_else(|| format!("`{}`", elsewhere.unwrap_or_default()), |sent| sent.to_string());
        out.push_str(&format!("| {status} | `{code}` | `{node}` | `{python}` | {sent} |\n"));
    }
    table::compare("openai-clients.md", "errors", &out);
}

/// As `errors.test.mjs` and `test_errors.py` demand it.
fn classes(status: u16, code: &str) -> [&'static str; 2] {
    let own = match status {
        _ if code == IN_STREAM => "APIError",
        400 => "BadRequestError",
        401 => "AuthenticationError",
        403 => "PermissionDeniedError",
        404 => "NotFoundError",
        422 => "UnprocessableEntityError",
        429 => "RateLimitError",
        500.. => "InternalServerError",
        _ => return ["APIError", "APIStatusError"],
    };
    [own, own]
}
