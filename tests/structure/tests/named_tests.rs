//! `docs/security-tests.md` names tests: each must exist in the file that its row names.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::path::Path;

/// The texts in backticks of a cell of a table.
fn quoted(cell: &str) -> impl Iterator<Item = &str> {
    cell.split('`').skip(1).step_by(2)
}

#[test]
fn each_test_that_the_docs_name_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let page = std::fs::read_to_string(root.join("docs/security-tests.md")).unwrap();
    let mut missing = Vec::new();
    let mut found = 0;
    for row in page.lines().filter(|line| line.starts_with("| ") && line.contains(" | `")) {
        let cells: Vec<_> = row.split(" | ").collect();
        let file = quoted(cells[2]).next().unwrap();
        let source = std::fs::read_to_string(root.join(file)).unwrap_or_default();
        for name in quoted(cells[3]) {
            // A function of Rust, or a title or key of another language.
            let exists =
                if file.ends_with(".rs") { source.contains(&format!("fn {name}(")) } else { source.contains(name) };
            found += 1;
            if !exists {
                missing.push(format!("{file}: {name}"));
            }
        }
    }
    assert!(found > 80, "{found}");
    assert!(missing.is_empty(), "docs/security-tests.md names tests that do not exist:\n{}", missing.join("\n"));
}
