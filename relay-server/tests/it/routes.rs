//! The table of routes, read from its source, for tests that must cover every route.

/// A row of the table.
#[derive(Debug)]
pub(crate) struct Listed {
    /// The path, with a value for each of its parameters.
    pub(crate) path: String,
    pub(crate) methods: Vec<&'static str>,
    /// `Refused`, `WithToken`, `Public` or `None`.
    pub(crate) cors: &'static str,
}

/// All routes.
pub(crate) fn all() -> Vec<Listed> {
    let source = include_str!("../../src/routes/mod.rs");
    let table = source.split_once("static TABLE").unwrap().1.split_once("\n];").unwrap().0;
    let routes: Vec<Listed> = table.split("Route {").skip(1).map(listed).collect();
    assert!(routes.len() >= 22, "{routes:?}");
    routes
}

fn listed(row: &'static str) -> Listed {
    let pattern = row.split('"').nth(1).unwrap();
    let values = [
        ("{provider}", "openai"),
        ("{label}", "ana"),
        ("{version}", "1"),
        ("{file}", "x.js"),
        ("{id:.+}", "gpt-4o"),
        ("{id}", "gpt-4o"),
    ];
    let path = values.iter().fold(pattern.to_owned(), |path, (name, value)| path.replace(name, value));
    assert!(!path.contains('{'), "{path}: give the parameter a value");
    let word = |text: &'static str| text.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap();
    Listed {
        path,
        methods: row.split("Method::").skip(1).map(word).collect(),
        cors: word(row.split_once("Cors::").unwrap().1),
    }
}
