//! What docs/widget.md says, against the widget's sources and the scripts that are served.

use std::path::Path;

use crate::harness::TestServer;

const PINNED: &str = "<script src=\"https://vault.example/widget/";

fn read(path: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    std::fs::read_to_string(root.join(path)).unwrap()
}

/// `RELAY_WRITE_DOCS=1` writes the line again.
#[tokio::test]
async fn docs_widget_md_pins_the_script_that_is_served() {
    let relay = TestServer::start().await;
    let about = relay.request("GET", "/api/widget").send().await.json();
    let (script, integrity) = (about["script"].as_str().unwrap(), about["integrity"].as_str().unwrap());
    let want = format!(
        r#"<script src="https://vault.example{script}" integrity="{integrity}" crossorigin="anonymous"></script>"#
    );
    let page = read("docs/widget.md");
    let found: Vec<_> = page.lines().filter(|line| line.starts_with(PINNED)).collect();
    assert_eq!(found.len(), 1, "one line of the page pins the script");
    if std::env::var_os("RELAY_WRITE_DOCS").is_some() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        return std::fs::write(root.join("docs/widget.md"), page.replace(found[0], &want)).unwrap();
    }
    assert_eq!(found[0], want, "RELAY_WRITE_DOCS=1 cargo test -p relay-server docs_widget_md");
}

#[test]
fn the_page_names_every_option_method_event_and_variable() {
    let (page, options) = (read("docs/widget.md"), read("relay-server/widget/src/options.ts"));
    let mut names = Vec::new();
    for line in options.lines().filter(|line| !line.trim_start().starts_with(['*', '/'])) {
        // Members stand at the margin of their interface; unions of names have a bar.
        let member = line.strip_prefix("  ").filter(|rest| rest.starts_with(|c: char| c.is_ascii_lowercase()));
        let member = member.map(|rest| rest.strip_prefix("readonly ").unwrap_or(rest));
        let member = member.and_then(|rest| rest.split(['?', ':', '(']).next());
        names.extend(member.into_iter().filter(|name| *name != "mount").map(str::to_owned));
        if line.starts_with("  | ") {
            names.extend(line.split('"').skip(1).step_by(2).take(1).map(str::to_owned));
        }
    }
    assert!(names.len() > 40, "{names:?}");
    let named = |name: &str| page.contains(&format!("`{name}`")) || page.contains(&format!("`{name}("));
    names.retain(|name| !named(name) && !["variables", "version"].contains(&name.as_str()));
    assert!(names.is_empty(), "docs/widget.md does not name {names:?}");
}

#[test]
fn the_page_s_codes_are_those_of_the_widget() {
    let page = read("docs/widget.md");
    let table = page.split("## Error codes").nth(1).unwrap().split("\n## ").next().unwrap();
    let cells = table.lines().filter_map(|line| line.strip_prefix("| `")?.split(" | ").next());
    let listed: Vec<&str> = cells.flat_map(|cell| cell.split("`, `")).map(|code| code.trim_matches('`')).collect();

    let mut sources = String::new();
    for file in [
        "bridge/link.ts",
        "client.ts",
        "guard.ts",
        "mount.ts",
        "shell/shell.ts",
        "shell/tokens.ts",
        "shell/settings.ts",
    ] {
        sources += &read(&format!("relay-server/widget/src/{file}"));
    }
    sources += &read("relay-server/widget/npm/src/react.ts");
    let problems = read("relay-server/widget/src/text/problems.ts") + &read("relay-server/widget/src/text/answers.ts");
    let relays_own = read("docs/errors.md");
    for code in &listed {
        let quoted = format!("\"{code}\"");
        let known = sources.contains(&quoted) || sources.contains(&format!(" {code}: ")) || problems.contains(code);
        assert!(known || relays_own.contains(&format!("`{code}`")), "nobody says `{code}`");
    }
    // What users read words of their own about, and what the sources make up.
    let kinds = problems.split("const KINDS").skip(1).map(|rest| rest.split("};").next().unwrap());
    let with_words = kinds.flat_map(str::lines).filter_map(|line| line.trim().split_once(": \"")).map(|(code, _)| code);
    let made = sources.split("code: \"").skip(1).filter_map(|rest| rest.split('"').next());
    let missing: Vec<_> = with_words.chain(made).filter(|code| !listed.contains(code)).collect();
    assert!(missing.is_empty(), "docs/widget.md does not list {missing:?}");
}
