//! The use cases of administration, on a store in memory: what they check, and what they store.

use std::sync::Arc;

use relay_adapters::memory::Memory;
use relay_adapters::ring::{MasterKey, MasterKeys, RingCipher, RingIssuer};
use relay_core::domain::ids::{EndUser, ProjectId, Timestamp};
use relay_core::domain::{Policy, Scope};
use relay_core::ports::{Clock as _, FixedClock};
use relay_core::relay::projects::ProjectChange;
use relay_core::relay::relay_keys::NewRelayKey;
use relay_core::relay::usage::UsageFilter;
use relay_core::{Ports, Relay, RelayError};

const NOW: Timestamp = Timestamp(1_795_423_644_000);

fn relay() -> (Relay, Arc<FixedClock>) {
    let keys = MasterKeys::new(vec![MasterKey::generate().unwrap()]).unwrap();
    let (store, clock) = (Arc::new(Memory::default()), Arc::new(FixedClock::at(NOW)));
    let cipher = Arc::new(RingCipher::new(&keys).unwrap());
    let issuer = Arc::new(RingIssuer::new(&keys).unwrap());
    let ports = Ports::with_store(store, cipher, issuer, clock.clone(), vec![]);
    (Relay::new(ports), clock)
}

fn policy(origins: &[&str], return_urls: &[&str]) -> Policy {
    let texts = |list: &[&str]| list.iter().map(|&text| text.to_owned()).collect();
    let mut policy = Policy::default();
    (policy.allowed_origins, policy.return_urls) = (texts(origins), texts(return_urls));
    policy
}

#[track_caller]
fn refused<T: std::fmt::Debug>(result: Result<T, RelayError>, code: &str, param: Option<&str>) {
    let error = result.unwrap_err();
    assert_eq!((error.code(), error.param()), (code, param), "{error:?}");
}

#[tokio::test]
async fn a_new_project_is_stored_as_it_is_returned() {
    let (relay, _) = relay();
    let made =
        relay.create_project("  My app ", policy(&["https://App.Example:443"], &["myapp://done"])).await.unwrap();
    assert_eq!((made.name.as_str(), made.created_at), ("My app", NOW));
    assert_eq!(made.policy.allowed_origins, ["https://app.example"]);
    assert_eq!(relay.project(&made.id).await.unwrap(), made);
    assert_eq!(relay.projects().await.unwrap(), [made]);
}

#[tokio::test]
async fn what_cannot_be_used_is_refused_by_name_and_nothing_is_stored() {
    let (relay, _) = relay();
    for name in ["", "  ", "a\nb", &"x".repeat(81)] {
        refused(relay.create_project(name, Policy::default()).await, "invalid_value", Some("name"));
    }
    let origins = policy(&["https://a.example", "https://a.example/path"], &[]);
    refused(relay.create_project("app", origins).await, "invalid_value", Some("allowedOrigins[1]"));
    let urls = policy(&[], &["https://a.example/done", "javascript:alert(1)"]);
    refused(relay.create_project("app", urls).await, "invalid_value", Some("returnUrls[1]"));
    assert_eq!(relay.projects().await.unwrap(), []);
}

#[tokio::test]
async fn a_change_leaves_the_rest_as_it_is() {
    let (relay, _) = relay();
    let made = relay.create_project("one", policy(&["https://a.example"], &[])).await.unwrap();
    let renamed = relay.update_project(&made.id, ProjectChange::default().name("two")).await.unwrap();
    assert_eq!((renamed.name.as_str(), &renamed.policy), ("two", &made.policy));
    let changed = relay.update_project(&made.id, ProjectChange::default().policy(Policy::default())).await.unwrap();
    assert_eq!((changed.name.as_str(), &changed.policy), ("two", &Policy::default()));
    assert_eq!(relay.project(&made.id).await.unwrap(), changed);
    let nowhere = ProjectId::from_digits("0123456789012345678901").unwrap();
    refused(relay.update_project(&nowhere, ProjectChange::default()).await, "project_not_found", None);
    refused(relay.create_relay_key(&nowhere, NewRelayKey::new("k")).await, "project_not_found", None);
}

#[tokio::test]
async fn a_project_of_ones_own_is_stored_once() {
    let (relay, clock) = relay();
    let id = ProjectId::from_digits("0123456789012345678901").unwrap();
    let first = relay.ensure_project(id.clone(), "App").await.unwrap();
    clock.advance_seconds(60);
    assert_eq!(relay.ensure_project(id, "renamed").await.unwrap(), first);
}

#[tokio::test]
async fn a_relay_key_works_until_it_expires_or_is_revoked() {
    let (relay, clock) = relay();
    let project = relay.create_project("app", Policy::default()).await.unwrap().id;
    let all = relay.create_relay_key(&project, NewRelayKey::new("all")).await.unwrap();
    let few = NewRelayKey::new("few").scopes([Scope::Tokens, Scope::Inference, Scope::Tokens]).seconds(60);
    let few = relay.create_relay_key(&project, few).await.unwrap();
    let usual: Vec<_> = Scope::ALL.into_iter().filter(|scope| *scope != Scope::Admin).collect();
    assert_eq!(all.record.scopes, usual, "`admin` only by name");
    assert_eq!(few.record.scopes, [Scope::Inference, Scope::Tokens]);
    assert!(few.key.expose().ends_with(&few.record.last4) && few.record.last4.len() == 4);
    assert_eq!(few.record.id, few.record.hash.to_hex()[..12]);

    assert_eq!(relay.authenticate(&few.key, Scope::Tokens).await.unwrap().project.id, project);
    refused(relay.authenticate(&few.key, Scope::Users).await, "scope_missing", None);
    clock.advance_seconds(60);
    refused(relay.authenticate(&few.key, Scope::Tokens).await, "invalid_relay_key", None);
    assert!(relay.revoke_relay_key(&project, &all.record.id).await.unwrap());
    assert!(!relay.revoke_relay_key(&project, &all.record.id).await.unwrap());
    refused(relay.authenticate(&all.key, Scope::Users).await, "invalid_relay_key", None);
    let states: Vec<_> = relay.relay_keys(&project).await.unwrap().iter().map(|key| key.is_live(clock.now())).collect();
    assert_eq!(states, [false, false]);
    refused(relay.create_relay_key(&project, NewRelayKey::new(" ")).await, "invalid_value", Some("name"));
}

#[tokio::test]
async fn a_usage_report_names_its_days() {
    let (relay, _) = relay();
    let project = relay.create_project("app", Policy::default()).await.unwrap().id;
    let days = |from: Option<&str>, to: Option<&str>| {
        UsageFilter::default().days(from.map(str::to_owned), to.map(str::to_owned)).user(EndUser::parse("ana").ok())
    };
    let report = relay.usage(&project, days(None, None)).await.unwrap();
    assert_eq!((report.from.as_str(), report.to.as_str(), report.has_more), ("2026-10-25", "2026-11-23", false));
    refused(relay.usage(&project, days(Some("2026-02-30"), None)).await, "invalid_value", Some("from"));
    refused(relay.usage(&project, days(None, Some("tomorrow"))).await, "invalid_value", Some("to"));
    refused(relay.usage(&project, days(Some("2026-11-24"), None)).await, "invalid_value", Some("from"));
}
