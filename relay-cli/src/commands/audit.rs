//! `relay audit`: the audit log of the local store.

use relay_core::domain::ids::EndUser;
use relay_core::domain::trail::{AuditChain, AuditQuery, AuditRow};
use serde_json::{Value, json};

use crate::cli::{AuditCommand, ChainArgs};
use crate::commands::keys::find_project;
use crate::failure::Failure;
use crate::local::Local;
use crate::output::{Out, Table};

/// Runs `relay audit …`.
///
/// # Errors
/// If the store cannot be used, the project does not exist, or the chain is broken.
pub async fn run(command: AuditCommand, out: Out) -> Result<(), Failure> {
    match command {
        AuditCommand::List { limit, action, user, before, chain } => {
            let (local, chain) = open(&chain).await?;
            let mut query = AuditQuery::default();
            (query.limit, query.action, query.before) = (limit, action, before);
            let user = user.map(|user| EndUser::parse(&user)).transpose();
            query.user = user.map_err(|error| Failure::usage(format_args!("--user: {error}")))?;
            list(&local, &chain, query, out).await
        }
        AuditCommand::Verify(chain) => {
            let (local, chain) = open(&chain).await?;
            verify(&local, &chain, out).await
        }
        AuditCommand::Export(chain) => {
            let (local, chain) = open(&chain).await?;
            let write = |row: &AuditRow| out.raw(&format!("{}\n", row.to_export()));
            local.relay.export_audit(&chain, write).await.map(drop)
        }
    }
}

async fn open(args: &ChainArgs) -> Result<(Local, AuditChain), Failure> {
    let local = Local::open(&args.local.config)?;
    if args.installation {
        return Ok((local, AuditChain::Installation));
    }
    let project = find_project(&local, args.project.as_deref()).await?;
    Ok((local, AuditChain::Project(project.id)))
}

async fn list(local: &Local, chain: &AuditChain, query: AuditQuery, out: Out) -> Result<(), Failure> {
    let page = local.relay.audit(chain, query).await?;
    let entries: Vec<Value> = page.entries.iter().map(|entry| entry.to_json()).collect();
    let mut table = Table::new(&["NUMBER", "TIME", "ACTION", "BY", "TARGET", "USER", "ADDRESS"], "no entries");
    for entry in &entries {
        let text = |name: &str| match entry.get(name) {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Null) | None => "-".to_owned(),
            Some(other) => other.to_string(),
        };
        let actor = |name: &str| entry.pointer(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let by = format!("{} {}", actor("/actor/type"), actor("/actor/id"));
        let user = if text("erased") == "true" { "(erased)".to_owned() } else { text("endUserLabel") };
        let by = by.trim_end().to_owned();
        table.row([text("seq"), text("at"), text("action"), by, text("target"), user, text("address")]);
    }
    out.table(&table, &json!({ "entries": entries, "nextBefore": page.next_before }))
}

async fn verify(local: &Local, chain: &AuditChain, out: Out) -> Result<(), Failure> {
    let verdict = local.relay.verify_audit(chain).await?;
    if let Some(bad) = &verdict.bad {
        let message = format_args!("the audit log is broken at entry {}: {}", bad.seq, bad.why);
        return Err(Failure::failed(message));
    }
    let head = relay_core::domain::SecretHash(verdict.head.hash).to_hex();
    out.value(&json!({ "entries": verdict.entries, "last": verdict.head.seq, "hash": head, "good": true }))?;
    out.line(&format!("All {} entries are good. The last one has the hash {head}.", verdict.entries))
}
