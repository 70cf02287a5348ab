//! Errors by their names, as data: `{{error=spend_limit}}`. Each provider has a table in its own words.

use crate::reply::Reply;

/// An error that a provider gives.
pub(super) struct NamedError {
    pub(super) name: &'static str,
    pub(super) status: u16,
    /// The `error` member as JSON, or a whole page.
    pub(super) body: &'static str,
    pub(super) headers: &'static [(&'static str, &'static str)],
}

/// A row of a table.
pub(super) const fn row(name: &'static str, status: u16, body: &'static str) -> NamedError {
    NamedError { name, status, body, headers: &[] }
}

/// A row with `retry-after`.
pub(super) const fn retry(
    name: &'static str,
    status: u16,
    body: &'static str,
    headers: &'static [(&'static str, &'static str)],
) -> NamedError {
    NamedError { name, status, body, headers }
}

/// The page of a proxy in front of a provider.
pub(super) const PAGE: &str = "<html>\r\n<head><title>Error</title></head>\r\n<body>\r\n<center><h1>Error</h1></center>\r\n</body>\r\n</html>\r\n";

/// The error of this name as a reply; `wrap` makes a body of its `error` member. `None` for an unknown name.
pub(super) fn reply(table: &[NamedError], name: &str, wrap: impl Fn(&str) -> String) -> Option<Reply> {
    let found = find(table, name)?;
    let reply = if found.body.starts_with('<') {
        Reply::body(found.status, "text/html", found.body)
    } else {
        Reply::body(found.status, "application/json", wrap(found.body))
    };
    Some(found.headers.iter().fold(reply, |reply, (name, value)| reply.header(name, *value)))
}

/// The message about a name that this provider has no error for.
pub(super) fn unknown(provider: &str, name: &str) -> String {
    let name: String = name.chars().take(60).collect();
    format!("mock: {provider} has no error named `{name}`; docs/mock.md lists the errors of each provider")
}

/// The row of this name.
pub(super) fn find<'a>(table: &'a [NamedError], name: &str) -> Option<&'a NamedError> {
    table.iter().find(|row| row.name == name)
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use crate::{anthropic, google, openai};

    #[test]
    fn every_named_error_is_documented_and_well_formed() {
        let docs = include_str!("../../../docs/mock.md");
        for (provider, table) in
            [("OpenAI", openai::NAMED_ERRORS), ("Anthropic", anthropic::NAMED_ERRORS), ("Google", google::NAMED_ERRORS)]
        {
            let start = format!("- {provider} knows ");
            let line = docs.lines().find_map(|line| line.strip_prefix(&start)).unwrap_or_default();
            let listed: Vec<_> = line.split('`').skip(1).step_by(2).collect();
            assert_eq!(listed, table.iter().map(|row| row.name).collect::<Vec<_>>(), "{provider}");
            for row in table {
                let json = serde_json::from_str::<Value>(row.body).is_ok_and(|body| body.is_object());
                assert!(json || row.body.starts_with('<'), "{provider} {}", row.name);
                assert!((400..600).contains(&row.status));
            }
        }
    }
}
