//! `relay usage`: metered calls and tokens, over HTTP.

use serde_json::Value;

use crate::cli::UsageArgs;
use crate::client::{Remote, Request, percent_encode};
use crate::failure::Failure;
use crate::json::{self, at, list};
use crate::output::{Out, Table};

/// Runs `relay usage`.
///
/// # Errors
/// If the server refuses the request, or does not respond.
pub async fn run(args: &UsageArgs, out: Out) -> Result<(), Failure> {
    let report = Remote::new(&args.remote)?.json(Request::get(path(args))).await?;
    out.table(&table(&report), &report)?;
    if at(&report, "/hasMore") == &Value::Bool(true) {
        out.note("There are more rows: narrow the report with --user, --from and --to.");
    }
    Ok(())
}

fn path(args: &UsageArgs) -> String {
    let filters = [("from", &args.from), ("to", &args.to), ("user", &args.user)];
    let given = filters.into_iter().filter_map(|(name, value)| value.as_ref().map(|value| (name, value)));
    let query: Vec<_> = given.map(|(name, value)| format!("{name}={}", percent_encode(value))).collect();
    if query.is_empty() { "/v1/usage".to_owned() } else { format!("/v1/usage?{}", query.join("&")) }
}

fn table(report: &Value) -> Table {
    let head = ["DAY", "USER", "PROVIDER", "MODEL", "TIER", "REQUESTS", "ERRORS", "TOKENS IN", "TOKENS OUT"];
    let mut table = Table::new(&head, "no usage");
    for row in list(report, "/usage") {
        let text = |name: &str| json::text(row, &format!("/{name}")).unwrap_or("-").to_owned();
        let number = |name: &str| at(row, &format!("/{name}")).as_u64().unwrap_or(0);
        let input = number("inputTokens") + number("cacheReadTokens") + number("cacheWriteTokens");
        let texts = ["day", "endUserLabel", "provider", "model", "tier"].map(text);
        let numbers = [number("requests"), number("errors"), input, number("outputTokens")].map(|n| n.to_string());
        table.row(texts.into_iter().chain(numbers));
    }
    table
}
