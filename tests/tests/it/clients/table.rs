//! `docs/compatibility.md` must say exactly what the clients' tests report.
//!
//! Parts of a page between two comments are written by tests. A report is a line with tabs: client, feature, provider,
//! what was seen, and the file of the test. With `RELAY_WRITE_DOCS` set, the page is written again.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// The runtimes run at the same time, and each has its part of a page.
static PAGE: Mutex<()> = Mutex::new(());

/// Compares the table of `runtime` with the reports of its tests.
pub(super) fn check(runtime: &str, reports: &str) {
    compare("compatibility.md", runtime, &table(reports));
}

/// Compares the part of this name, between its markers, with what it must be.
pub(super) fn compare(page: &str, part: &str, want: &str) {
    let _one_at_a_time = PAGE.lock().unwrap_or_else(PoisonError::into_inner);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs").join(page);
    let text = std::fs::read_to_string(&path).unwrap();
    let (begin, end) = (format!("<!-- {part}: written by the tests -->\n"), format!("<!-- end of {part} -->"));
    let (before, rest) = text.split_once(&begin).expect("a part has a beginning");
    let (there, after) = rest.split_once(&end).expect("a part has an end");
    if std::env::var_os("RELAY_WRITE_DOCS").is_some() {
        std::fs::write(path, format!("{before}{begin}{want}{end}{after}")).unwrap();
    } else {
        assert_eq!(there, want, "docs/{page} differs from what was seen: run with RELAY_WRITE_DOCS=1");
    }
}

/// One row a client, file and feature, in the order of their names; models of one provider must agree.
fn table(reports: &str) -> String {
    let mut rows: BTreeMap<[&str; 3], BTreeMap<&str, &str>> = BTreeMap::new();
    for report in reports.lines() {
        let [client, feature, provider, seen, file] = report.split('\t').collect::<Vec<_>>()[..] else {
            panic!("not a report: {report}");
        };
        let known = rows.entry([client, file, feature]).or_default().entry(provider).or_insert(seen);
        assert_eq!(*known, seen, "{client}, {feature}, {provider}: one test saw this, another that");
    }
    let mut out = "| client | feature | Claude | Gemini | test |\n| --- | --- | --- | --- | --- |\n".to_owned();
    for ([client, file, feature], row) in rows {
        let [claude, gemini] = ["claude", "gemini"].map(|provider| row.get(provider).unwrap_or(&"n/a"));
        writeln!(out, "| {client} | {feature} | {claude} | {gemini} | `{file}` |").unwrap();
    }
    out
}

#[test]
fn every_test_of_a_row_must_have_seen_the_same() {
    let reports = "c 1\ttools\tclaude\tworks\ta.py\nc 1\ttools\tgemini\tworks\ta.py\nc 1\ttools\tclaude\tworks\ta.py\n";
    assert!(table(reports).ends_with("| c 1 | tools | works | works | `a.py` |\n"));
    let differs = format!("{reports}c 1\ttools\tclaude\tfails\ta.py\n");
    assert!(std::panic::catch_unwind(|| table(&differs)).is_err());
}
