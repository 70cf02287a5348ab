//! The conformance suite of [`UsageSink`] and [`UsageReport`] over one store.

use super::samples::{NOW, by, connect, connection, grant, hash, project, slot, user};
use crate::domain::ids::{ProjectId, RequestId, Tier, Timestamp};
use crate::domain::{
    Blame, Endpoint, Outcome, Project, Provider, RelayKeyRecord, Scope, TokenUsage, UsageEvent, UsageQuery, UsageRow,
};
use crate::ports::{KeyStore, Projects, Store, UsageReport, UsageSink, Users};

/// One store, as all the ports that usage involves.
#[derive(Clone, Copy)]
struct Views<'a> {
    keys: &'a dyn KeyStore,
    users: &'a dyn Users,
    projects: &'a dyn Projects,
    sink: &'a dyn UsageSink,
    report: &'a dyn UsageReport,
}

/// Checks that recorded usage appears in reports, and updates `last_used_at` of connections and Relay keys.
///
/// Usage is only stored for users that the store knows.
pub async fn usage(store: &dyn Store) {
    let store = Views { keys: store, users: store, projects: store, sink: store, report: store };
    rule!(what_was_recorded_is_in_the_next_report(store));
    rule!(calls_add_up_by_day_user_provider_model_and_tier(store));
    rule!(failed_calls_count_as_errors(store));
    rule!(a_report_has_only_the_requested_rows(store));
    rule!(projects_never_meet(store));
    rule!(counters_saturate(store));
    rule!(a_deleted_users_usage_does_not_come_back(store));
    rule!(a_connection_has_the_time_of_its_last_use(store));
    rule!(a_relay_key_has_the_time_of_its_last_use(store));
    assert_eq!(store.sink.dropped(), 0);
}

const TOKENS: TokenUsage =
    TokenUsage { input: 10, cache_read: 20, cache_write: 30, cache_write_1h: 0, output: 40, reasoning: 5, unpriced: 0 };

fn event(project: &ProjectId, label: &str) -> UsageEvent {
    let request = RequestId::new(NOW.0, [0; 10]);
    let event = UsageEvent::new(request, NOW, slot(project, label, Provider::OPENAI), Endpoint::Chat, "gpt-4o-mini");
    UsageEvent { relay_key: Some(hash(project, 200)), outcome: Outcome::Complete, tokens: TOKENS, ..event }
}

fn row(label: &str, requests: u64) -> UsageRow {
    UsageRow {
        day: NOW.day(),
        user: user(label),
        provider: Provider::OPENAI,
        model: "gpt-4o-mini".into(),
        tier: Tier::Paid,
        requests,
        errors: 0,
        tokens: TokenUsage {
            input: 10 * requests,
            cache_read: 20 * requests,
            cache_write: 30 * requests,
            output: 40 * requests,
            reasoning: 5 * requests,
            ..TokenUsage::default()
        },
    }
}

fn everything(project: &ProjectId) -> UsageQuery {
    UsageQuery::new(project.clone(), 0..=u32::MAX, 1000)
}

impl Views<'_> {
    /// Makes the user known.
    async fn meet(self, project: &ProjectId, n: u8, label: &str) {
        self.keys.put_grant(&hash(project, n), grant(project, label), None).await.unwrap();
    }

    async fn rows(self, query: &UsageQuery) -> Vec<UsageRow> {
        self.report.usage(query).await.unwrap()
    }
}

async fn what_was_recorded_is_in_the_next_report(store: Views<'_>) {
    let p = project("uExact");
    store.meet(&p, 1, "ana").await;
    assert_eq!(store.rows(&everything(&p)).await, []);
    for n in 1..=20 {
        store.sink.record(event(&p, "ana"));
        assert_eq!(store.rows(&everything(&p)).await, [row("ana", n)]);
    }
}

async fn calls_add_up_by_day_user_provider_model_and_tier(store: Views<'_>) {
    let p = project("uGroups");
    store.meet(&p, 1, "ana").await;
    store.meet(&p, 2, "Bo").await;
    let next_day = Timestamp((u64::from(NOW.day()) + 1) * 86_400_000);
    let last_of_day = Timestamp(next_day.0 - 1);
    let base = || event(&p, "ana");
    let events = [
        UsageEvent { at: next_day, ..base() },
        UsageEvent { tier: Tier::Free, ..base() },
        base(),
        UsageEvent { model_answered: Some("gpt-4o".into()), ..base() },
        UsageEvent { provider: Some(Provider::ANTHROPIC), model_asked: Some("claude-haiku-4-5".into()), ..base() },
        UsageEvent { endpoint: Endpoint::Embeddings, at: last_of_day, ..base() },
        event(&p, "Bo"),
    ];
    for event in events {
        store.sink.record(event);
    }
    let rows = store.rows(&everything(&p)).await;
    let want = [
        row("Bo", 1),
        UsageRow { provider: Provider::ANTHROPIC, model: "claude-haiku-4-5".into(), ..row("ana", 1) },
        UsageRow { model: "gpt-4o".into(), ..row("ana", 1) },
        row("ana", 2),
        UsageRow { tier: Tier::Free, ..row("ana", 1) },
        UsageRow { day: NOW.day() + 1, ..row("ana", 1) },
    ];
    assert_eq!(rows, want, "in the order day, user, provider, model, tier");
}

async fn failed_calls_count_as_errors(store: Views<'_>) {
    let p = project("uErrors");
    store.meet(&p, 1, "ana").await;
    let (user, provider) = (Outcome::Failed(Blame::User), Outcome::Failed(Blame::Provider));
    for outcome in [Outcome::Complete, user, Outcome::Cancelled, provider] {
        store.sink.record(UsageEvent { outcome, ..event(&p, "ana") });
    }
    assert_eq!(store.rows(&everything(&p)).await, [UsageRow { errors: 2, ..row("ana", 4) }]);
}

async fn a_report_has_only_the_requested_rows(store: Views<'_>) {
    let p = project("uQuery");
    for (n, label) in [(1, "ana"), (2, "bo")] {
        store.meet(&p, n, label).await;
        for day in 0..4 {
            store.sink.record(UsageEvent { at: NOW.plus_seconds(86_400 * day), ..event(&p, label) });
        }
    }
    let today = NOW.day();
    let middle = UsageQuery { from_day: today + 1, to_day: today + 2, ..everything(&p) };
    let days_of = |rows: Vec<UsageRow>| -> Vec<(u32, String)> {
        rows.into_iter().map(|row| (row.day - today, row.user.as_str().to_owned())).collect()
    };
    let want = |rows: &[(u32, &str)]| -> Vec<(u32, String)> {
        rows.iter().map(|(day, label)| (*day, (*label).to_owned())).collect()
    };
    assert_eq!(days_of(store.rows(&middle).await), want(&[(1, "ana"), (1, "bo"), (2, "ana"), (2, "bo")]));
    let of_bo = UsageQuery { user: Some(user("bo")), ..middle.clone() };
    assert_eq!(days_of(store.rows(&of_bo).await), want(&[(1, "bo"), (2, "bo")]));
    let three = UsageQuery { limit: 3, ..middle };
    assert_eq!(days_of(store.rows(&three).await), want(&[(1, "ana"), (1, "bo"), (2, "ana")]));
    let empty = UsageQuery { from_day: today + 3, to_day: today, ..everything(&p) };
    assert_eq!(store.rows(&empty).await, []);
}

async fn projects_never_meet(store: Views<'_>) {
    let (a, b) = (project("uTenantA"), project("uTenantB"));
    store.meet(&a, 1, "ana").await;
    store.meet(&b, 1, "ana").await;
    store.sink.record(event(&a, "ana"));
    assert_eq!(store.rows(&everything(&b)).await, []);
    store.users.delete_user(&b, &user("ana"), &by()).await.unwrap();
    assert_eq!(store.rows(&everything(&a)).await, [row("ana", 1)]);
}

async fn counters_saturate(store: Views<'_>) {
    let p = project("uHuge");
    store.meet(&p, 1, "ana").await;
    let mut last = 0;
    for _ in 0..3 {
        let tokens = TokenUsage { input: u64::MAX, ..TOKENS };
        store.sink.record(UsageEvent { tokens, ..event(&p, "ana") });
        let rows = store.rows(&everything(&p)).await;
        let [row] = rows.as_slice() else { panic!("one row: {rows:?}") };
        assert!(row.tokens.input >= i64::MAX as u64 && row.tokens.input >= last, "{row:?}");
        last = row.tokens.input;
    }
    let rows = store.rows(&everything(&p)).await;
    assert_eq!(rows.iter().map(|row| (row.requests, row.tokens.output)).collect::<Vec<_>>(), [(3, 120)]);
}

async fn a_deleted_users_usage_does_not_come_back(store: Views<'_>) {
    let p = project("uErase");
    store.meet(&p, 1, "ana").await;
    store.meet(&p, 2, "bo").await;
    for label in ["ana", "bo", "ana"] {
        store.sink.record(event(&p, label));
    }
    store.users.delete_user(&p, &user("ana"), &by()).await.unwrap();
    store.sink.record(event(&p, "ana")); // a call that was still running
    assert_eq!(store.rows(&everything(&p)).await, [row("bo", 1)]);
    store.meet(&p, 3, "ana").await;
    assert_eq!(store.rows(&everything(&p)).await, [row("bo", 1)], "a user who returns starts with no usage");
    store.sink.record(event(&p, "ana"));
    assert_eq!(store.rows(&everything(&p)).await, [row("ana", 1), row("bo", 1)]);
    store.users.delete_user(&p, &user("ana"), &by()).await.unwrap();
    store.meet(&p, 4, "ana").await;
    store.sink.record(event(&p, "ana"));
    store.users.delete_user(&p, &user("ana"), &by()).await.unwrap();
    store.meet(&p, 5, "ana").await;
    assert_eq!(store.rows(&everything(&p)).await, [row("bo", 1)], "usage recorded last must not come back either");
}

async fn a_connection_has_the_time_of_its_last_use(store: Views<'_>) {
    let p = project("uLastUsed");
    let (s, other) = (slot(&p, "ana", Provider::OPENAI), slot(&p, "ana", Provider::GOOGLE));
    connect(store.keys, &hash(&p, 1), connection(&s, 1, 1)).await;
    connect(store.keys, &hash(&p, 2), connection(&other, 1, 2)).await;
    let last_used = async |slot| {
        store.rows(&everything(&p)).await;
        store.keys.connection(slot).await.unwrap().unwrap().last_used_at
    };
    assert_eq!(last_used(&s).await, None);
    for (at, want) in [(5, 5), (9, 9), (7, 9)] {
        store.sink.record(UsageEvent { at: NOW.plus_seconds(at), ..event(&p, "ana") });
        assert_eq!(last_used(&s).await, Some(NOW.plus_seconds(want)), "the time must only advance");
    }
    assert_eq!(last_used(&other).await, None);

    let mut replacement = connection(&s, 2, 3);
    replacement.connected_at = NOW.plus_seconds(20);
    connect(store.keys, &hash(&p, 3), replacement).await;
    store.sink.record(UsageEvent { at: NOW.plus_seconds(19), ..event(&p, "ana") });
    assert_eq!(last_used(&s).await, None, "the call used the previous key");
}

async fn a_relay_key_has_the_time_of_its_last_use(store: Views<'_>) {
    let p = project("uRelayKey");
    let owner = Project::new(p.clone(), "app", NOW);
    store.projects.create_project(owner, &by()).await.unwrap();
    store.meet(&p, 1, "ana").await;
    for (n, id) in [(200, "used"), (201, "unused")] {
        let key = RelayKeyRecord {
            hash: hash(&p, n),
            id: id.into(),
            project: p.clone(),
            name: "backend".into(),
            last4: "Zx09".into(),
            scopes: vec![Scope::Inference],
            created_at: NOW,
            expires_at: None,
            revoked_at: None,
            last_used_at: None,
        };
        store.projects.create_relay_key(key, &by()).await.unwrap();
    }
    for (at, want) in [(5, 5), (3, 5)] {
        store.sink.record(UsageEvent { at: NOW.plus_seconds(at), ..event(&p, "ana") });
        store.rows(&everything(&p)).await;
        let used = store.projects.relay_key(&hash(&p, 200)).await.unwrap().unwrap().key;
        assert_eq!(used.last_used_at, Some(NOW.plus_seconds(want)), "the time must only advance");
    }
    let unused = store.projects.relay_key(&hash(&p, 201)).await.unwrap().unwrap().key;
    assert_eq!(unused.last_used_at, None);
}
