//! `relay webhooks`: webhooks of the local store. A running server delivers within a second.

use relay_core::domain::Webhook;
use relay_core::domain::ids::ProjectId;
use relay_core::relay::webhooks::{IssuedWebhook, WebhookChange};
use serde_json::{Value, json};

use crate::cli::{ProjectArgs, WebhooksCommand};
use crate::commands::keys::find_project;
use crate::failure::Failure;
use crate::local::Local;
use crate::output::{Out, Table};

/// Deliveries that are shown.
const DELIVERIES: u32 = 50;

/// Runs `relay webhooks …`.
///
/// # Errors
/// If the store cannot be used, or the project or webhook does not exist.
pub async fn run(command: WebhooksCommand, out: Out) -> Result<(), Failure> {
    match command {
        WebhooksCommand::Create { url, events, description, project } => {
            let (local, project) = open(&project).await?;
            let mut new = WebhookChange::default();
            (new.url, new.events, new.description) = (Some(url), Some(events), Some(description));
            show_new(&local.relay.create_webhook(&project, new).await?, out)
        }
        WebhooksCommand::List(project) => {
            let (local, project) = open(&project).await?;
            list(&local.relay.webhooks(&project).await?, out)
        }
        WebhooksCommand::Test { id, project } => {
            let (local, project) = open(&project).await?;
            let delivery = local.relay.test_webhook(&project, &id).await?;
            out.value(&json!({ "delivery": delivery.to_string() }))?;
            out.line(&format!("Stored the delivery {delivery}; a running server sends it within a second."))
        }
        WebhooksCommand::Deliveries { id, project } => {
            let (local, project) = open(&project).await?;
            deliveries(&local, &project, &id, out).await
        }
        WebhooksCommand::Enable { id, project } => enable(&id, &project, true, out).await,
        WebhooksCommand::Disable { id, project } => enable(&id, &project, false, out).await,
        WebhooksCommand::Roll { id, project } => {
            let (local, project) = open(&project).await?;
            show_new(&local.relay.roll_webhook_secret(&project, &id, None).await?, out)
        }
        WebhooksCommand::Delete { id, project } => {
            let (local, project) = open(&project).await?;
            local.relay.delete_webhook(&project, &id).await?;
            out.value(&json!({ "id": id, "deleted": true }))?;
            out.line(&format!("Deleted {id}."))
        }
    }
}

async fn open(args: &ProjectArgs) -> Result<(Local, ProjectId), Failure> {
    let local = Local::open(&args.local.config)?;
    let project = find_project(&local, args.project.as_deref()).await?;
    Ok((local, project.id))
}

fn show_new(issued: &IssuedWebhook, out: Out) -> Result<(), Failure> {
    let mut value = describe(&issued.webhook);
    if let Some(value) = value.as_object_mut() {
        value.insert("secret".to_owned(), json!(issued.secret.expose()));
    }
    out.value(&value)?;
    out.line(issued.secret.expose())?;
    out.note(&format!("\nThe secret of the webhook {}, shown once: keep it on your server.", issued.webhook.id));
    Ok(())
}

fn list(webhooks: &[Webhook], out: Out) -> Result<(), Failure> {
    let empty = "no webhooks; create one with `relay webhooks create`";
    let mut table = Table::new(&["ID", "URL", "EVENTS", "STATE", "CREATED"], empty);
    for webhook in webhooks {
        let events: Vec<&str> = webhook.events.iter().map(|kind| kind.as_str()).collect();
        let events = if events.is_empty() { "all".to_owned() } else { events.join(",") };
        let state = match (&webhook.disabled_reason, webhook.enabled, webhook.failing_since) {
            (Some(reason), ..) => format!("disabled: {reason}"),
            (None, false, _) => "disabled".to_owned(),
            (None, true, Some(since)) => format!("failing since {since}"),
            (None, true, None) => "enabled".to_owned(),
        };
        table.row([webhook.id.clone(), webhook.url.clone(), events, state, webhook.created_at.to_string()]);
    }
    out.table(&table, &json!({ "webhooks": webhooks.iter().map(describe).collect::<Vec<_>>() }))
}

async fn deliveries(local: &Local, project: &ProjectId, id: &str, out: Out) -> Result<(), Failure> {
    let page = local.relay.deliveries(project, id, None, DELIVERIES).await?;
    let mut table = Table::new(&["ID", "EVENT", "STATE", "ATTEMPTS", "LAST ANSWER", "CREATED"], "no deliveries");
    let mut all = Vec::new();
    for delivery in &page {
        let last = delivery.last.as_ref();
        let answer = last.and_then(|last| last.status.map(|status| status.to_string()).or(last.error.clone()));
        all.push(json!({
            "id": delivery.seq.to_string(),
            "eventId": delivery.event,
            "event": delivery.kind,
            "state": delivery.state.as_str(),
            "attempts": delivery.attempts,
            "lastAnswer": answer,
            "createdAt": delivery.created_at.to_string(),
        }));
        table.row([
            delivery.seq.to_string(),
            delivery.kind.clone(),
            delivery.state.as_str().to_owned(),
            delivery.attempts.to_string(),
            answer.unwrap_or_else(|| "-".to_owned()),
            delivery.created_at.to_string(),
        ]);
    }
    out.table(&table, &json!({ "deliveries": all }))
}

async fn enable(id: &str, project: &ProjectArgs, enabled: bool, out: Out) -> Result<(), Failure> {
    let (local, project) = open(project).await?;
    let mut change = WebhookChange::default();
    change.enabled = Some(enabled);
    let webhook = local.relay.update_webhook(&project, id, change).await?;
    out.value(&describe(&webhook))?;
    out.line(&format!("{} {id}.", if enabled { "Enabled" } else { "Disabled" }))
}

fn describe(webhook: &Webhook) -> Value {
    json!({
        "id": webhook.id,
        "url": webhook.url,
        "events": webhook.events.iter().map(|kind| kind.as_str()).collect::<Vec<_>>(),
        "description": webhook.description,
        "enabled": webhook.enabled,
        "disabledReason": webhook.disabled_reason,
        "createdAt": webhook.created_at.to_string(),
    })
}
