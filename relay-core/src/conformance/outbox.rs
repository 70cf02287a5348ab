//! The conformance suite of webhooks: events, deliveries, leases.

use super::samples::{NOW, by, connect, connection, hash, project, slot, user};
use crate::domain::ids::{ProjectId, Timestamp};
use crate::domain::trail::{AuditChain, AuditPart, Event, EventKind};
use crate::domain::{
    Attempt, DISABLE_AFTER_MS, Delivery, DeliveryState, KEEP_EVENTS_MS, KeySignal, MasterKeyId, Provider, SealedKey,
    Webhook,
};
use crate::ports::{DueDelivery, Replay, Store};

/// Checks that each event is delivered at least once, and in order.
pub async fn outbox(store: &(impl Store + ?Sized)) {
    rule!(a_webhook_comes_back_as_it_was_stored(store));
    rule!(a_change_stores_its_event_for_who_wants_it(store));
    rule!(events_about_one_user_are_due_one_after_another(store));
    rule!(an_unsettled_delivery_is_due_again_when_its_lease_ends(store));
    rule!(a_settled_lease_of_somebody_else_changes_nothing(store));
    rule!(a_webhook_that_fails_for_days_is_disabled(store));
    rule!(deliveries_are_replayed(store));
    rule!(an_erased_user_is_told_of_and_then_named_nowhere(store));
    rule!(one_webhook_does_not_take_all_room(store));
    rule!(old_events_are_deleted(store));
    rule!(the_master_keys_of_secrets_are_in_use(store));
}

fn webhook(p: &ProjectId, name: &str) -> Webhook {
    let secret = SealedKey::new(MasterKeyId([5; 8]), vec![7; 80]);
    let id = format!("whk_{name}_{}", p.as_str());
    Webhook::new(id, p.clone(), "https://app.example/hooks".into(), secret, NOW)
}

/// All that is due, leased until `lease`.
async fn due(store: &(impl Store + ?Sized), p: &ProjectId, now: Timestamp) -> Vec<DueDelivery> {
    let lease = Timestamp(now.0 + 30_000);
    let all = store.due(now, lease, 1000, 1000).await.unwrap();
    all.into_iter().filter(|due| due.webhook.project == *p).collect()
}

fn answered(status: u16, at: Timestamp) -> Attempt {
    Attempt { status: Some(status), answer: "ok".into(), millis: 12, ..Attempt::new(at) }
}

/// Delivers all that is due, and what is due then, until nothing is. Returns the events' names.
async fn deliver(store: &(impl Store + ?Sized), p: &ProjectId, now: Timestamp) -> Vec<String> {
    let mut kinds = Vec::new();
    loop {
        let ready = due(store, p, now).await;
        if ready.is_empty() {
            return kinds;
        }
        for one in ready {
            kinds.push(one.delivery.kind.clone());
            store.settle(&one, answered(204, now), None, &by().at(now)).await.unwrap();
        }
    }
}

async fn log(store: &(impl Store + ?Sized), webhook: &Webhook) -> Vec<Delivery> {
    store.deliveries(&webhook.project, &webhook.id, None, 100).await.unwrap()
}

async fn a_webhook_comes_back_as_it_was_stored(store: &(impl Store + ?Sized)) {
    let p = project("hookStored");
    let mut made = webhook(&p, "a");
    store.create_webhook(made.clone(), &by()).await.unwrap();
    made.events = vec![EventKind::ConnectionInvalid, EventKind::UserDeleted];
    made.description = "한국어 \"quoted\"".into();
    made.previous = Some((made.secret.clone(), NOW.plus_seconds(60)));
    made.secret = SealedKey::new(MasterKeyId([6; 8]), vec![8; 80]);
    (made.enabled, made.disabled_reason, made.failing_since) = (false, Some("a reason".into()), Some(NOW));
    assert!(store.update_webhook(made.clone(), &by()).await.unwrap());
    assert_eq!(store.webhooks(&p).await.unwrap(), [made.clone()]);
    assert_eq!(store.webhooks(&project("hookOther")).await.unwrap(), []);
    assert!(!store.delete_webhook(&project("hookOther"), &made.id, &by()).await.unwrap());
    assert!(store.delete_webhook(&p, &made.id, &by()).await.unwrap());
    assert!(!store.update_webhook(made, &by()).await.unwrap());
    let chain = AuditChain::Project(p);
    let rows = store.audit_part(&chain, AuditPart { after: 0, limit: 100 }).await.unwrap();
    let actions: Vec<&str> = rows.iter().map(|row| row.action.as_str()).collect();
    assert_eq!(actions, ["webhook.created", "webhook.updated", "webhook.secret_rolled", "webhook.deleted"]);
}

async fn a_change_stores_its_event_for_who_wants_it(store: &(impl Store + ?Sized)) {
    let p = project("hookWants");
    let (all, mut some, mut off) = (webhook(&p, "all"), webhook(&p, "some"), webhook(&p, "off"));
    some.events = vec![EventKind::ConnectionInvalid];
    off.enabled = false;
    for made in [&all, &some, &off] {
        store.create_webhook(made.clone(), &by()).await.unwrap();
    }
    let s = slot(&p, "ana", Provider::OPENAI);
    connect(store, &hash(&p, 1), connection(&s, 1, 1)).await;
    store.observe(&s, 1, KeySignal::Invalid, true, NOW, &by()).await.unwrap();
    store.event_stored().await;
    assert_eq!(log(store, &off).await, []);
    let [invalid] = log(store, &some).await.try_into().unwrap();
    let kinds: Vec<String> = log(store, &all).await.into_iter().map(|delivery| delivery.kind).collect();
    assert_eq!(kinds, ["connection.invalid", "connection.created"], "newest first");
    assert_eq!((invalid.state, invalid.attempts, invalid.next_at), (DeliveryState::Pending, 0, NOW));
    assert!(invalid.event.starts_with("evt_") && invalid.body.contains(r#""state":"invalid""#), "{invalid:?}");
    assert_eq!(log(store, &all).await.first().map(|delivery| delivery.event.clone()), Some(invalid.event));
    deliver(store, &p, NOW).await;
}

async fn events_about_one_user_are_due_one_after_another(store: &(impl Store + ?Sized)) {
    let p = project("hookOrder");
    let made = webhook(&p, "a");
    store.create_webhook(made.clone(), &by()).await.unwrap();
    for (n, label) in [(1, "ana"), (2, "bo")] {
        let s = slot(&p, label, Provider::OPENAI);
        connect(store, &hash(&p, n), connection(&s, 1, n)).await;
        store.delete_connection(&s, &by()).await.unwrap();
    }
    let first = due(store, &p, NOW).await;
    assert_eq!(first.len(), 2, "one of each user");
    assert!(first.iter().all(|due| due.delivery.kind == "connection.created"));
    assert!(due(store, &p, NOW).await.is_empty(), "the others wait");
    let [ana, bo] = first.try_into().unwrap();
    store.settle(&ana, answered(204, NOW), None, &by()).await.unwrap();
    let later = NOW.plus_seconds(5);
    store.settle(&bo, answered(500, NOW), Some(later), &by()).await.unwrap();
    let [next] = due(store, &p, NOW).await.try_into().unwrap();
    assert_eq!(next.delivery.kind, "connection.deleted");
    assert!(next.delivery.body.contains("ana"), "bo's waits for the one that failed");
    store.settle(&next, answered(204, NOW), None, &by()).await.unwrap();
    assert_eq!(deliver(store, &p, later).await, ["connection.created", "connection.deleted"]);
}

async fn an_unsettled_delivery_is_due_again_when_its_lease_ends(store: &(impl Store + ?Sized)) {
    let p = project("hookLease");
    let made = webhook(&p, "a");
    store.create_webhook(made.clone(), &by()).await.unwrap();
    let event = Event::new(EventKind::WebhookTest);
    let seq = store.send_to(&p, &made.id, event.clone(), &by()).await.unwrap();
    assert_eq!(store.send_to(&p, "whk_unknown", event, &by()).await.unwrap(), None);
    assert_eq!(due(store, &p, NOW).await.first().map(|due| due.delivery.seq), seq);
    assert!(due(store, &p, Timestamp(NOW.0 + 29_999)).await.is_empty());
    assert_eq!(due(store, &p, Timestamp(NOW.0 + 30_000)).await.len(), 1);
}

async fn a_settled_lease_of_somebody_else_changes_nothing(store: &(impl Store + ?Sized)) {
    let p = project("hookStale");
    let made = webhook(&p, "a");
    store.create_webhook(made.clone(), &by()).await.unwrap();
    store.send_to(&p, &made.id, Event::new(EventKind::WebhookTest), &by()).await.unwrap();
    let [old] = due(store, &p, NOW).await.try_into().unwrap();
    let [new] = due(store, &p, NOW.plus_seconds(60)).await.try_into().unwrap();
    store.settle(&old, answered(500, NOW), None, &by()).await.unwrap();
    let [delivery] = log(store, &made).await.try_into().unwrap();
    assert_eq!((delivery.state, delivery.attempts), (DeliveryState::Pending, 0));
    store.settle(&new, answered(200, NOW), None, &by()).await.unwrap();
    let [delivery] = log(store, &made).await.try_into().unwrap();
    assert_eq!((delivery.state, delivery.attempts), (DeliveryState::Delivered, 1));
    assert_eq!(delivery.last, Some(answered(200, NOW)));
}

async fn a_webhook_that_fails_for_days_is_disabled(store: &(impl Store + ?Sized)) {
    let p = project("hookDays");
    let made = webhook(&p, "a");
    store.create_webhook(made.clone(), &by()).await.unwrap();
    let fail = async |now: Timestamp| {
        store.send_to(&p, &made.id, Event::new(EventKind::WebhookTest), &by().at(now)).await.unwrap();
        for one in due(store, &p, now).await {
            store.settle(&one, answered(500, now), None, &by().at(now)).await.unwrap();
        }
        store.webhooks(&p).await.unwrap().pop().unwrap()
    };
    let after = |millis: u64| Timestamp(NOW.0 + millis);
    assert_eq!(fail(NOW).await.failing_since, Some(NOW));
    assert!(fail(after(DISABLE_AFTER_MS - 1)).await.enabled);
    let disabled = fail(after(DISABLE_AFTER_MS)).await;
    assert!(!disabled.enabled && disabled.disabled_reason.is_some());
    assert!(due(store, &p, after(DISABLE_AFTER_MS * 2)).await.is_empty());
    let chain = AuditChain::Project(p.clone());
    let rows = store.audit_part(&chain, AuditPart { after: 0, limit: 100 }).await.unwrap();
    assert_eq!(rows.last().map(|row| row.action.as_str()), Some("webhook.disabled"));
}

async fn deliveries_are_replayed(store: &(impl Store + ?Sized)) {
    let p = project("hookReplay");
    let made = webhook(&p, "a");
    store.create_webhook(made.clone(), &by()).await.unwrap();
    let mut sent = Vec::new();
    for n in 0..3 {
        let at = by().at(NOW.plus_seconds(n));
        sent.extend(store.send_to(&p, &made.id, Event::new(EventKind::WebhookTest), &at).await.unwrap());
    }
    let now = NOW.plus_seconds(10);
    assert_eq!(deliver(store, &p, now).await.len(), 3);
    let again = by().at(now);
    let since = Replay::Since(NOW.plus_seconds(1));
    assert_eq!(store.replay(&p, &made.id, since.clone(), &again).await.unwrap(), 2);
    assert_eq!(deliver(store, &p, now).await.len(), 2);
    let one = Replay::One(*sent.first().unwrap());
    assert_eq!(store.replay(&p, &made.id, one.clone(), &again).await.unwrap(), 1);
    assert_eq!(deliver(store, &p, now).await.len(), 1);
    assert_eq!(
        store.replay(&project("hookReplayOther"), &made.id, one, &again).await.unwrap(),
        0,
        "of another project"
    );
    assert_eq!(log(store, &made).await.len(), 3, "the same deliveries");
}

async fn an_erased_user_is_told_of_and_then_named_nowhere(store: &(impl Store + ?Sized)) {
    let p = project("hookErased");
    let made = webhook(&p, "a");
    store.create_webhook(made.clone(), &by()).await.unwrap();
    connect(store, &hash(&p, 1), connection(&slot(&p, "ana-label", Provider::OPENAI), 1, 1)).await;
    store.delete_user(&p, &user("ana-label"), &by()).await.unwrap();
    let [told] = due(store, &p, NOW).await.try_into().unwrap();
    assert_eq!(told.delivery.kind, "user.deleted", "earlier events about them are gone");
    assert!(told.delivery.body.contains("ana-label"));
    store.settle(&told, answered(204, NOW), None, &by()).await.unwrap();
    let everything = format!("{:?}", log(store, &made).await);
    assert!(!everything.contains("ana-label"), "{everything}");
    assert_eq!(store.replay(&p, &made.id, Replay::Since(NOW), &by()).await.unwrap(), 0, "there is nothing to send");
}

async fn one_webhook_does_not_take_all_room(store: &(impl Store + ?Sized)) {
    let p = project("hookRoom");
    let (busy, other) = (webhook(&p, "busy"), webhook(&p, "other"));
    for made in [&busy, &other] {
        store.create_webhook(made.clone(), &by()).await.unwrap();
    }
    for _ in 0..5 {
        store.send_to(&p, &busy.id, Event::new(EventKind::WebhookTest), &by()).await.unwrap();
    }
    store.send_to(&p, &other.id, Event::new(EventKind::WebhookTest), &by()).await.unwrap();
    let lease = NOW.plus_seconds(30);
    let of = async || {
        let all = store.due(NOW, lease, 100, 2).await.unwrap();
        let mut ids: Vec<String> =
            all.into_iter().filter(|due| due.webhook.project == p).map(|due| due.webhook.id).collect();
        ids.sort();
        ids
    };
    assert_eq!(of().await, [busy.id.clone(), busy.id.clone(), other.id.clone()]);
    assert_eq!(of().await, [""; 0], "two are under way");
}

async fn old_events_are_deleted(store: &(impl Store + ?Sized)) {
    let p = project("hookOld");
    let made = webhook(&p, "a");
    store.create_webhook(made.clone(), &by()).await.unwrap();
    store.send_to(&p, &made.id, Event::new(EventKind::WebhookTest), &by()).await.unwrap();
    store.clean_up(NOW.plus_seconds(KEEP_EVENTS_MS / 1000 - 1)).await.unwrap();
    assert_eq!(log(store, &made).await.len(), 1);
    while store.clean_up(NOW.plus_seconds(KEEP_EVENTS_MS / 1000 + 1)).await.unwrap() {}
    assert_eq!(log(store, &made).await, []);
}

async fn the_master_keys_of_secrets_are_in_use(store: &(impl Store + ?Sized)) {
    let p = project("hookMaster");
    let (new, old) = (MasterKeyId([0xee; 8]), MasterKeyId([0xef; 8]));
    let mut made = webhook(&p, "a");
    made.secret.master_key = new;
    made.previous = Some((SealedKey::new(old, vec![1]), NOW));
    store.create_webhook(made.clone(), &by()).await.unwrap();
    let in_use = store.master_keys_in_use().await.unwrap();
    assert!(in_use.contains(&new) && in_use.contains(&old), "{in_use:?}");
    let counts = store.count_by_master_key().await.unwrap();
    assert!(counts.contains(&(new, 1)) && counts.contains(&(old, 1)), "{counts:?}");
    store.delete_project(&p, &by()).await.unwrap();
    assert!(store.webhooks(&p).await.unwrap().is_empty() || store.delete_webhook(&p, &made.id, &by()).await.unwrap());
}
