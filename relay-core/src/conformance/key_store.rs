//! The conformance suite of [`KeyStore`] with its [`Users`].

use futures::future::{join, join_all};

use super::samples::{NOW, by, connect, connection, grant, hash, project, slot, user};
use crate::domain::ids::Timestamp;
use crate::domain::{
    AccountIds, Allowed, ConnectionState, EndUserName, IdempotencyRecord, KeySignal, Provider, REGISTRATION_TRIES,
    RedeemRefusal, Spent, StoredGrant, UserState, UserSummary,
};
use crate::ports::{KeyStore, RedeemError, Users};

const CONNECTED: UserState = UserState::Connected;
const PENDING: UserState = UserState::Pending;

/// Checks every obligation of [`KeyStore`] and [`Users`] that can be seen from outside.
///
/// Acknowledged writes must also survive a crash, and deleted bytes must be gone from the disk. The adapter's own tests
/// must check these two.
pub async fn key_store(store: &(impl KeyStore + Users + ?Sized)) {
    rule!(redeem_stores_the_key_and_spends_the_token(store));
    rule!(a_token_works_once(store));
    rule!(a_token_works_once_among_many_at_a_time(store));
    rule!(an_unknown_token_stores_nothing(store));
    rule!(a_token_stores_only_what_it_was_issued_for(store));
    rule!(an_expired_token_stores_nothing(store));
    rule!(a_token_of_the_future_stores_nothing(store));
    rule!(a_token_without_tries_left_stores_nothing(store));
    rule!(a_token_may_not_replace_unless_it_says_so(store));
    rule!(a_replacement_needs_the_next_version(store));
    rule!(a_refused_redemption_leaves_the_token_usable(store));
    rule!(a_grant_comes_back_as_it_was_stored(store));
    rule!(a_grant_is_never_overwritten(store));
    rule!(an_exchanged_grant_belongs_to_the_new_token_alone(store));
    rule!(a_spent_or_expired_grant_is_not_exchanged(store));
    rule!(a_grant_is_not_exchanged_for_a_known_token(store));
    rule!(an_exchange_and_a_redemption_never_both_succeed(store));
    rule!(an_idempotency_key_follows_its_grant(store));
    rule!(an_idempotency_key_finds_the_earlier_grant(store));
    rule!(an_expired_idempotency_key_is_deleted(store));
    rule!(an_idempotency_key_keeps_its_grant(store));
    rule!(idempotency_keys_belong_to_their_project(store));
    rule!(a_signal_changes_the_state(store));
    rule!(a_region_is_stored_for_its_version(store));
    rule!(a_signal_for_another_version_changes_nothing(store));
    rule!(connections_come_in_the_order_of_providers(store));
    rule!(projects_never_meet(store));
    rule!(labels_are_compared_byte_by_byte(store));
    rule!(users_are_listed_page_by_page_in_byte_order(store));
    rule!(a_user_exists_from_the_first_grant(store));
    rule!(a_deleted_connection_is_gone_and_can_come_again(store));
    rule!(a_deleted_user_is_gone_with_their_grants(store));
    rule!(a_deleted_users_idempotency_keys_are_deleted(store));
}

async fn redeem_stores_the_key_and_spends_the_token(store: &(impl KeyStore + Users + ?Sized)) {
    let p = project("redeem");
    let s = slot(&p, "ana", Provider::OPENAI);
    assert_eq!(store.connection(&s).await.unwrap(), None);
    let mut stored = connection(&s, 1, 7);
    stored.state = ConnectionState::Unverified;
    connect(store, &hash(&p, 1), stored.clone()).await;

    assert_eq!(store.connection(&s).await.unwrap(), Some(stored));
    let StoredGrant { spent, .. } = store.grant(&hash(&p, 1)).await.unwrap().unwrap();
    let want = Spent {
        at: NOW,
        provider: Provider::OPENAI,
        fingerprint: [7; 16],
        last4: "a1b2".into(),
        state: ConnectionState::Unverified,
    };
    assert_eq!(spent, Some(want), "enough to repeat a lost response");
}

async fn a_token_works_once(store: &(impl KeyStore + Users + ?Sized)) {
    let p = project("once");
    let s = slot(&p, "ana", Provider::OPENAI);
    connect(store, &hash(&p, 1), connection(&s, 1, 1)).await;
    let again = store.redeem(&hash(&p, 1), connection(&s, 2, 2), NOW, &by()).await;
    assert!(matches!(again, Err(RedeemError::Refused(RedeemRefusal::Used))), "{again:?}");
    let late = store.redeem(&hash(&p, 1), connection(&s, 2, 2), NOW.plus_seconds(9999), &by()).await;
    assert!(
        matches!(late, Err(RedeemError::Refused(RedeemRefusal::Used))),
        "used is reported before expired: {late:?}"
    );
    assert_eq!(store.connection(&s).await.unwrap(), Some(connection(&s, 1, 1)));
}

async fn a_token_works_once_among_many_at_a_time(store: &(impl KeyStore + Users + ?Sized)) {
    let p = project("race");
    store.put_grant(&hash(&p, 1), grant(&p, "ana"), None).await.unwrap();
    let (token, s) = (&hash(&p, 1), &slot(&p, "ana", Provider::OPENAI));
    let by = by();
    let results = join_all((0..64).map(|n| store.redeem(token, connection(s, 1, n), NOW, &by))).await;

    let winners: Vec<usize> = (0..64).filter(|&n| matches!(results.get(n), Some(Ok(())))).collect();
    let [winner] = winners.as_slice() else { panic!("exactly one must win: {winners:?}") };
    assert!(
        results.iter().all(|result| matches!(result, Ok(()) | Err(RedeemError::Refused(RedeemRefusal::Used)))),
        "{results:?}"
    );
    let mark = u8::try_from(*winner).unwrap();
    assert_eq!(store.connection(s).await.unwrap(), Some(connection(s, 1, mark)), "the winner's key must be stored");
}

async fn an_unknown_token_stores_nothing(store: &(impl KeyStore + Users + ?Sized)) {
    let p = project("unknown");
    let s = slot(&p, "ana", Provider::OPENAI);
    let result = store.redeem(&hash(&p, 1), connection(&s, 1, 1), NOW, &by()).await;
    assert!(matches!(result, Err(RedeemError::Refused(RedeemRefusal::Unknown))), "{result:?}");
    assert_eq!(store.connection(&s).await.unwrap(), None);
    assert_eq!(store.grant(&hash(&p, 1)).await.unwrap(), None);
    assert_eq!(store.count_refusal(&hash(&p, 1)).await.unwrap(), 0);
}

async fn a_token_stores_only_what_it_was_issued_for(store: &(impl KeyStore + Users + ?Sized)) {
    let (p, other) = (project("bound"), project("boundOther"));
    let mut only = grant(&p, "ana");
    only.allowed = Allowed::Only(Provider::GOOGLE);
    store.put_grant(&hash(&p, 1), only, None).await.unwrap();
    for wrong in
        [slot(&p, "bo", Provider::GOOGLE), slot(&p, "ana", Provider::OPENAI), slot(&other, "ana", Provider::GOOGLE)]
    {
        let result = store.redeem(&hash(&p, 1), connection(&wrong, 1, 1), NOW, &by()).await;
        assert!(matches!(result, Err(RedeemError::Refused(RedeemRefusal::Unknown))), "{wrong:?}: {result:?}");
        assert_eq!(store.connection(&wrong).await.unwrap(), None);
    }
    let right = slot(&p, "ana", Provider::GOOGLE);
    store.redeem(&hash(&p, 1), connection(&right, 1, 1), NOW, &by()).await.unwrap();
}

async fn an_expired_token_stores_nothing(store: &(impl KeyStore + Users + ?Sized)) {
    let p = project("expired");
    let s = slot(&p, "ana", Provider::OPENAI);
    store.put_grant(&hash(&p, 1), grant(&p, "ana"), None).await.unwrap();
    for late in [NOW.plus_seconds(600), NOW.plus_seconds(601)] {
        let result = store.redeem(&hash(&p, 1), connection(&s, 1, 1), late, &by()).await;
        assert!(matches!(result, Err(RedeemError::Refused(RedeemRefusal::Expired))), "{result:?}");
    }
    assert_eq!(store.connection(&s).await.unwrap(), None);
    assert!(store.grant(&hash(&p, 1)).await.unwrap().is_some(), "expired grants are still known for a day");
    let in_time = Timestamp(NOW.plus_seconds(600).0 - 1);
    store.redeem(&hash(&p, 1), connection(&s, 1, 1), in_time, &by()).await.unwrap();
}

/// As after a clock that ran ahead was set right.
async fn a_token_of_the_future_stores_nothing(store: &(impl KeyStore + Users + ?Sized)) {
    let p = project("future");
    let s = slot(&p, "ana", Provider::OPENAI);
    let record = |salt| IdempotencyRecord {
        key: "k".into(),
        request: [3; 32],
        salt: [salt; 16],
        expires_at: NOW.plus_seconds(86_400),
    };
    assert_eq!(store.put_grant(&hash(&p, 1), grant(&p, "ana"), Some(record(1))).await.unwrap(), None);
    let right = Timestamp(NOW.0 - 365 * 86_400_000);
    let result = store.redeem(&hash(&p, 1), connection(&s, 1, 1), right, &by()).await;
    assert!(matches!(result, Err(RedeemError::Refused(RedeemRefusal::Expired))), "{result:?}");
    assert!(!store.exchange_grant(&hash(&p, 1), &hash(&p, 2), right).await.unwrap());
    let mut new = grant(&p, "ana");
    (new.created_at, new.expires_at) = (right, right.plus_seconds(600));
    let earlier = store.put_grant(&hash(&p, 3), new, Some(record(2))).await.unwrap();
    assert_eq!(earlier, None, "the idempotency key must not return a token that is not valid yet");
    store.redeem(&hash(&p, 3), connection(&s, 1, 3), right, &by()).await.unwrap();
}

async fn a_token_without_tries_left_stores_nothing(store: &(impl KeyStore + Users + ?Sized)) {
    let p = project("tries");
    let (s, token) = (slot(&p, "ana", Provider::OPENAI), hash(&p, 1));
    store.put_grant(&token, grant(&p, "ana"), None).await.unwrap();
    for left in (0..REGISTRATION_TRIES).rev() {
        assert_eq!(store.count_refusal(&token).await.unwrap(), left);
        assert_eq!(store.grant(&token).await.unwrap().unwrap().tries_left, left);
    }
    assert_eq!(store.count_refusal(&token).await.unwrap(), 0, "0 stays 0");
    let result = store.redeem(&token, connection(&s, 1, 1), NOW, &by()).await;
    assert!(matches!(result, Err(RedeemError::Refused(RedeemRefusal::Expired))), "{result:?}");
    assert_eq!(store.connection(&s).await.unwrap(), None);
}

async fn a_token_may_not_replace_unless_it_says_so(store: &(impl KeyStore + Users + ?Sized)) {
    let p = project("occupied");
    let s = slot(&p, "ana", Provider::OPENAI);
    let mut first_only = grant(&p, "ana");
    first_only.replace = false;
    store.put_grant(&hash(&p, 1), first_only.clone(), None).await.unwrap();
    store.put_grant(&hash(&p, 2), first_only, None).await.unwrap();
    store.redeem(&hash(&p, 1), connection(&s, 1, 1), NOW, &by()).await.unwrap();
    for version in [1, 2] {
        let result = store.redeem(&hash(&p, 2), connection(&s, version, 2), NOW, &by()).await;
        assert!(matches!(result, Err(RedeemError::Refused(RedeemRefusal::Occupied))), "{result:?}");
    }
    assert_eq!(store.connection(&s).await.unwrap(), Some(connection(&s, 1, 1)));
    let elsewhere = slot(&p, "ana", Provider::GOOGLE);
    store.redeem(&hash(&p, 2), connection(&elsewhere, 1, 2), NOW, &by()).await.unwrap();
}

async fn a_replacement_needs_the_next_version(store: &(impl KeyStore + Users + ?Sized)) {
    let p = project("version");
    let s = slot(&p, "ana", Provider::OPENAI);
    store.put_grant(&hash(&p, 1), grant(&p, "ana"), None).await.unwrap();
    for wrong in [0, 2] {
        let result = store.redeem(&hash(&p, 1), connection(&s, wrong, 1), NOW, &by()).await;
        assert!(
            matches!(result, Err(RedeemError::Refused(RedeemRefusal::Conflict))),
            "an empty slot accepts version 1, not {wrong}: {result:?}"
        );
    }
    store.redeem(&hash(&p, 1), connection(&s, 1, 1), NOW, &by()).await.unwrap();
    store.put_grant(&hash(&p, 2), grant(&p, "ana"), None).await.unwrap();
    for wrong in [0, 1, 3] {
        let result = store.redeem(&hash(&p, 2), connection(&s, wrong, 2), NOW, &by()).await;
        assert!(
            matches!(result, Err(RedeemError::Refused(RedeemRefusal::Conflict))),
            "version 2 must follow version 1, not {wrong}: {result:?}"
        );
    }
    let mut longer = connection(&s, 2, 2);
    longer.sealed.bytes.extend([2; 64]);
    longer.ids = AccountIds::default();
    longer.region = None;
    store.redeem(&hash(&p, 2), longer.clone(), NOW, &by()).await.unwrap();
    assert_eq!(store.connection(&s).await.unwrap(), Some(longer), "nothing of the replaced connection may be left");
}

async fn a_refused_redemption_leaves_the_token_usable(store: &(impl KeyStore + Users + ?Sized)) {
    let p = project("neither");
    let s = slot(&p, "ana", Provider::OPENAI);
    store.put_grant(&hash(&p, 1), grant(&p, "ana"), None).await.unwrap();
    store.redeem(&hash(&p, 1), connection(&s, 5, 1), NOW, &by()).await.unwrap_err();
    let after = store.grant(&hash(&p, 1)).await.unwrap().unwrap();
    assert_eq!((after.spent, after.tries_left), (None, REGISTRATION_TRIES));
    assert_eq!(store.connection(&s).await.unwrap(), None);
    store.redeem(&hash(&p, 1), connection(&s, 1, 1), NOW, &by()).await.unwrap();
}

async fn a_grant_comes_back_as_it_was_stored(store: &(impl KeyStore + Users + ?Sized)) {
    let p = project("grant");
    let mut narrow = grant(&p, "ana");
    narrow.allowed = Allowed::Only(Provider::ANTHROPIC);
    narrow.allowed_origins = vec!["https://a.example".into(), "https://b.example:8443".into()];
    narrow.replace = false;
    narrow.user_name = EndUserName::parse("Ana \"김\" O'Neil").unwrap();
    let mut open = grant(&p, "ana");
    open.allowed_origins.clear();
    for (n, grant) in [(1, narrow), (2, open)] {
        store.put_grant(&hash(&p, n), grant.clone(), None).await.unwrap();
        let want = StoredGrant::new(grant);
        assert_eq!(store.grant(&hash(&p, n)).await.unwrap(), Some(want));
    }
}

async fn a_grant_is_never_overwritten(store: &(impl KeyStore + Users + ?Sized)) {
    let p = project("overwrite");
    connect(store, &hash(&p, 1), connection(&slot(&p, "ana", Provider::OPENAI), 1, 1)).await;
    store.put_grant(&hash(&p, 1), grant(&p, "bo"), None).await.unwrap_err();
    let stored = store.grant(&hash(&p, 1)).await.unwrap().unwrap();
    assert_eq!(stored.grant, grant(&p, "ana"));
    assert!(stored.spent.is_some(), "a spent token must stay spent");
    assert_eq!(store.user(&p, &user("bo")).await.unwrap(), None, "nothing of the second grant may be stored");
}

async fn an_exchanged_grant_belongs_to_the_new_token_alone(store: &(impl KeyStore + Users + ?Sized)) {
    let p = project("exchange");
    let (old, new) = (hash(&p, 1), hash(&p, 2));
    let mut full = grant(&p, "ana");
    (full.allowed, full.replace) = (Allowed::Only(Provider::OPENAI), false);
    full.allowed_origins = vec!["https://app.example".into()];
    store.put_grant(&old, full.clone(), None).await.unwrap();
    assert_eq!(store.count_refusal(&old).await.unwrap(), REGISTRATION_TRIES - 1);
    assert!(store.exchange_grant(&old, &new, NOW).await.unwrap());

    assert_eq!(store.grant(&old).await.unwrap(), None);
    let moved = store.grant(&new).await.unwrap().unwrap();
    assert_eq!((moved.grant, moved.tries_left, moved.spent), (full, REGISTRATION_TRIES - 1, None));
    let s = slot(&p, "ana", Provider::OPENAI);
    let refused = store.redeem(&old, connection(&s, 1, 1), NOW, &by()).await;
    assert!(matches!(refused, Err(RedeemError::Refused(RedeemRefusal::Unknown))), "{refused:?}");
    assert_eq!(store.connection(&s).await.unwrap(), None);
    store.redeem(&new, connection(&s, 1, 1), NOW, &by()).await.unwrap();
    assert!(store.connection(&s).await.unwrap().is_some());
    // Nothing brings the old one back.
    assert!(!store.exchange_grant(&old, &hash(&p, 3), NOW).await.unwrap());
    assert_eq!(store.grant(&hash(&p, 3)).await.unwrap(), None);
}

async fn a_spent_or_expired_grant_is_not_exchanged(store: &(impl KeyStore + Users + ?Sized)) {
    let p = project("exchangeover");
    let s = slot(&p, "ana", Provider::OPENAI);
    connect(store, &hash(&p, 1), connection(&s, 1, 1)).await;
    let late = grant(&p, "ana");
    store.put_grant(&hash(&p, 2), late.clone(), None).await.unwrap();
    for (from, now) in [(1, NOW), (2, late.expires_at), (3, NOW)] {
        let before = store.grant(&hash(&p, from)).await.unwrap();
        assert!(!store.exchange_grant(&hash(&p, from), &hash(&p, 9), now).await.unwrap(), "{from}");
        assert_eq!(store.grant(&hash(&p, from)).await.unwrap(), before);
        assert_eq!(store.grant(&hash(&p, 9)).await.unwrap(), None);
    }
}

async fn a_grant_is_not_exchanged_for_a_known_token(store: &(impl KeyStore + Users + ?Sized)) {
    let p = project("exchangeknown");
    store.put_grant(&hash(&p, 1), grant(&p, "ana"), None).await.unwrap();
    store.put_grant(&hash(&p, 2), grant(&p, "bo"), None).await.unwrap();
    store.exchange_grant(&hash(&p, 1), &hash(&p, 2), NOW).await.unwrap_err();
    for (n, user) in [(1, "ana"), (2, "bo")] {
        assert_eq!(store.grant(&hash(&p, n)).await.unwrap().unwrap().grant, grant(&p, user));
    }
}

async fn an_exchange_and_a_redemption_never_both_succeed(store: &(impl KeyStore + Users + ?Sized)) {
    for round in 0..20 {
        let p = project(&format!("exchangerace{round}x"));
        let s = slot(&p, "ana", Provider::OPENAI);
        let (old, new) = (hash(&p, 1), hash(&p, 2));
        store.put_grant(&old, grant(&p, "ana"), None).await.unwrap();
        let by = by();
        let redeem = store.redeem(&old, connection(&s, 1, 1), NOW, &by);
        let (moved, redeemed) = join(store.exchange_grant(&old, &new, NOW), redeem).await;
        assert!(moved.unwrap() != redeemed.is_ok());
        assert_eq!(store.connection(&s).await.unwrap().is_some(), redeemed.is_ok());
        assert_eq!(store.grant(&new).await.unwrap().is_some(), redeemed.is_err());
    }
}

async fn an_idempotency_key_follows_its_grant(store: &(impl KeyStore + Users + ?Sized)) {
    let p = project("exchangerecord");
    store.put_grant(&hash(&p, 1), grant(&p, "ana"), Some(record("k", 1))).await.unwrap();
    assert!(store.exchange_grant(&hash(&p, 1), &hash(&p, 2), NOW).await.unwrap());
    let found = store.put_grant(&hash(&p, 3), grant(&p, "ana"), Some(record("k", 2))).await.unwrap();
    assert_eq!(found, Some((record("k", 1), grant(&p, "ana"))));
    assert_eq!(store.grant(&hash(&p, 3)).await.unwrap(), None);
}

fn record(key: &str, salt: u8) -> IdempotencyRecord {
    IdempotencyRecord { key: key.into(), request: [3; 32], salt: [salt; 16], expires_at: NOW.plus_seconds(86_400) }
}

async fn an_idempotency_key_finds_the_earlier_grant(store: &(impl KeyStore + Users + ?Sized)) {
    let p = project("idempotent");
    assert_eq!(store.put_grant(&hash(&p, 1), grant(&p, "ana"), Some(record("k", 1))).await.unwrap(), None);
    let mut later = grant(&p, "bo");
    later.created_at = NOW.plus_seconds(60);
    let found = store.put_grant(&hash(&p, 2), later, Some(record("k", 2))).await.unwrap();
    assert_eq!(found, Some((record("k", 1), grant(&p, "ana"))));
    assert_eq!(store.grant(&hash(&p, 2)).await.unwrap(), None, "nothing is stored");
    assert_eq!(store.user(&p, &user("bo")).await.unwrap(), None);
    assert_eq!(
        store.put_grant(&hash(&p, 3), grant(&p, "bo"), Some(record("K", 3))).await.unwrap(),
        None,
        "another key"
    );
}

async fn an_expired_idempotency_key_is_deleted(store: &(impl KeyStore + Users + ?Sized)) {
    let p = project("forgotten");
    for n in 0..40 {
        store.put_grant(&hash(&p, n), grant(&p, "ana"), Some(record(&format!("k{n}"), n))).await.unwrap();
    }
    let mut later = grant(&p, "ana");
    later.created_at = NOW.plus_seconds(86_401);
    later.expires_at = later.created_at.plus_seconds(600);
    for n in (0..40).rev() {
        let mut renewed = record(&format!("k{n}"), n + 100);
        renewed.expires_at = later.created_at.plus_seconds(86_400);
        let found = store.put_grant(&hash(&p, n + 100), later.clone(), Some(renewed.clone())).await.unwrap();
        assert_eq!(found, None, "key {n}");
        let found = store.put_grant(&hash(&p, 200), later.clone(), Some(record(&renewed.key, 0))).await.unwrap();
        assert_eq!(found, Some((renewed, later.clone())), "key {n}");
    }
}

async fn an_idempotency_key_keeps_its_grant(store: &(impl KeyStore + Users + ?Sized)) {
    let p = project("keeps");
    let mut long = record("k", 1);
    long.expires_at = NOW.plus_seconds(10 * 86_400);
    store.put_grant(&hash(&p, 1), grant(&p, "ana"), Some(long.clone())).await.unwrap();
    for day in 1..10 {
        let mut later = grant(&p, "ana");
        later.created_at = NOW.plus_seconds(day * 86_400);
        let found = store.put_grant(&hash(&p, 2), later, Some(record("k", 2))).await.unwrap();
        assert_eq!(found, Some((long.clone(), grant(&p, "ana"))), "day {day}");
    }
}

async fn idempotency_keys_belong_to_their_project(store: &(impl KeyStore + Users + ?Sized)) {
    let (a, b) = (project("keysA"), project("keysB"));
    assert_eq!(store.put_grant(&hash(&a, 1), grant(&a, "ana"), Some(record("k", 1))).await.unwrap(), None);
    assert_eq!(store.put_grant(&hash(&b, 1), grant(&b, "ana"), Some(record("k", 2))).await.unwrap(), None);
}

async fn a_signal_changes_the_state(store: &(impl KeyStore + Users + ?Sized)) {
    use ConnectionState::{Active, Invalid, NoCredit, Restricted, Revoked};
    let p = project("signal");
    let s = slot(&p, "ana", Provider::OPENAI);
    connect(store, &hash(&p, 1), connection(&s, 1, 1)).await;
    let steps = [
        (KeySignal::Invalid, false, Active, 1),
        (KeySignal::Works, false, Active, 0),
        (KeySignal::Invalid, false, Active, 1),
        (KeySignal::Invalid, false, Invalid, 2),
        (KeySignal::Works, false, Active, 0),
        (KeySignal::Revoked, true, Revoked, 1),
        (KeySignal::Works, true, Active, 0),
        (KeySignal::NoCredit, false, NoCredit, 0),
        (KeySignal::Restricted, false, Restricted, 0),
    ];
    let mut refused = None;
    for (step, (signal, checked, state, refusals)) in (1..).zip(steps) {
        let now = NOW.plus_seconds(step);
        if matches!(signal, KeySignal::Invalid | KeySignal::Revoked) {
            refused = Some(now);
        }
        assert_eq!(store.observe(&s, 1, signal, checked, now, &by()).await.unwrap(), Some(state), "step {step}");
        let mut want = connection(&s, 1, 1);
        (want.state, want.refusals, want.last_refused_at) = (state, refusals, refused);
        assert_eq!(store.connection(&s).await.unwrap(), Some(want), "step {step}");
    }
}

async fn a_region_is_stored_for_its_version(store: &(impl KeyStore + Users + ?Sized)) {
    let p = project("region");
    let s = slot(&p, "ana", Provider::OPENAI);
    let regions: Vec<_> = Provider::OPENAI.regions().map(Some).chain([None]).collect();
    assert!(!store.set_region(&s, 1, None, &by()).await.unwrap(), "no connection");
    connect(store, &hash(&p, 1), connection(&s, 1, 1)).await;
    for region in regions {
        assert!(!store.set_region(&s, 2, region, &by()).await.unwrap(), "another version");
        assert!(store.set_region(&s, 1, region, &by()).await.unwrap());
        let mut want = connection(&s, 1, 1);
        want.region = region;
        assert_eq!(store.connection(&s).await.unwrap(), Some(want));
    }
}

async fn a_signal_for_another_version_changes_nothing(store: &(impl KeyStore + Users + ?Sized)) {
    let p = project("stale");
    let s = slot(&p, "ana", Provider::OPENAI);
    assert_eq!(store.observe(&s, 1, KeySignal::Invalid, true, NOW, &by()).await.unwrap(), None);
    connect(store, &hash(&p, 1), connection(&s, 1, 1)).await;
    connect(store, &hash(&p, 2), connection(&s, 2, 2)).await;
    for version in [0, 1, 3] {
        for signal in [KeySignal::Invalid, KeySignal::Works] {
            assert_eq!(store.observe(&s, version, signal, true, NOW, &by()).await.unwrap(), None);
        }
    }
    assert_eq!(store.connection(&s).await.unwrap(), Some(connection(&s, 2, 2)));
}

async fn connections_come_in_the_order_of_providers(store: &(impl KeyStore + Users + ?Sized)) {
    let p = project("order");
    for (n, provider) in (1..).zip(Provider::ALL.iter().rev()) {
        connect(store, &hash(&p, n), connection(&slot(&p, "ana", *provider), 1, n)).await;
    }
    let all = store.connections(&p, &user("ana")).await.unwrap();
    let providers: Vec<Provider> = all.iter().map(|connection| connection.slot.slot.provider).collect();
    assert_eq!(providers, Provider::ALL);
    let [.., last] = all.as_slice() else { panic!("no connections") };
    assert_eq!(Some(last.clone()), store.connection(&last.slot.slot).await.unwrap(), "complete connections");
    assert_eq!(store.user(&p, &user("ana")).await.unwrap().unwrap().providers, Provider::ALL);
    assert_eq!(store.connections(&p, &user("bo")).await.unwrap(), []);
}

async fn projects_never_meet(store: &(impl KeyStore + Users + ?Sized)) {
    let (a, b) = (project("tenantA"), project("tenantB"));
    let (in_a, in_b) = (slot(&a, "ana", Provider::OPENAI), slot(&b, "ana", Provider::OPENAI));
    connect(store, &hash(&a, 1), connection(&in_a, 1, 1)).await;
    assert_eq!(store.connection(&in_b).await.unwrap(), None);
    assert_eq!(store.user(&b, &user("ana")).await.unwrap(), None);
    connect(store, &hash(&b, 1), connection(&in_b, 1, 2)).await;

    store.observe(&in_b, 1, KeySignal::Revoked, true, NOW, &by()).await.unwrap();
    assert_eq!(store.connection(&in_a).await.unwrap(), Some(connection(&in_a, 1, 1)));
    assert!(store.delete_connection(&in_b, &by()).await.unwrap());
    assert!(store.delete_user(&b, &user("ana"), &by()).await.unwrap());
    assert_eq!(store.connection(&in_a).await.unwrap(), Some(connection(&in_a, 1, 1)));
    assert_eq!(store.users(&a, CONNECTED, None, 10).await.unwrap().len(), 1);
    assert_eq!(store.users(&b, CONNECTED, None, 10).await.unwrap().len(), 0);
}

async fn labels_are_compared_byte_by_byte(store: &(impl KeyStore + Users + ?Sized)) {
    let p = project("labels");
    connect(store, &hash(&p, 1), connection(&slot(&p, "ana", Provider::OPENAI), 1, 1)).await;
    for other in ["Ana", "ANA", "ana_", "an%", "an_", "an"] {
        assert_eq!(store.connection(&slot(&p, other, Provider::OPENAI)).await.unwrap(), None, "{other}");
        assert!(!store.delete_user(&p, &user(other), &by()).await.unwrap(), "{other}");
    }
    assert_eq!(store.connections(&p, &user("ana")).await.unwrap().len(), 1);
}

async fn users_are_listed_page_by_page_in_byte_order(store: &(impl KeyStore + Users + ?Sized)) {
    let p = project("pages");
    let sorted = ["!", "10", "9", "B", "a", "a-b", "aB", "ab", "~"];
    for (n, label) in (1..).zip(sorted.iter().rev()) {
        store.put_grant(&hash(&p, n), grant(&p, label), None).await.unwrap();
    }
    let all = store.users(&p, PENDING, None, 100).await.unwrap();
    assert_eq!(all.iter().map(|summary| summary.user.as_str()).collect::<Vec<_>>(), sorted);

    let mut paged = Vec::new();
    loop {
        let page = store.users(&p, PENDING, paged.last().map(|last: &UserSummary| last.user.clone()), 2).await.unwrap();
        assert!(page.len() <= 2);
        if page.is_empty() {
            break;
        }
        paged.extend(page);
    }
    assert_eq!(paged, all);
    assert_eq!(
        store.users(&p, PENDING, Some(user("a0")), 1).await.unwrap().pop().unwrap().user,
        user("aB"),
        "after a gap"
    );
    assert_eq!(store.users(&p, PENDING, None, 0).await.unwrap(), []);
}

async fn a_user_exists_from_the_first_grant(store: &(impl KeyStore + Users + ?Sized)) {
    let p = project("first");
    assert_eq!(store.user(&p, &user("ana")).await.unwrap(), None);
    store.put_grant(&hash(&p, 1), grant(&p, "ana"), None).await.unwrap();
    let mut later = grant(&p, "ana");
    later.created_at = NOW.plus_seconds(5);
    store.put_grant(&hash(&p, 2), later, None).await.unwrap();
    let mut want = UserSummary { user: user("ana"), created_at: NOW, state: PENDING, providers: vec![] };
    assert_eq!(store.user(&p, &user("ana")).await.unwrap(), Some(want.clone()));
    assert_eq!(store.users(&p, CONNECTED, None, 10).await.unwrap(), [], "who never connected a key is listed apart");
    assert_eq!(store.users(&p, PENDING, None, 10).await.unwrap(), [want.clone()]);

    let s = slot(&p, "ana", Provider::GOOGLE);
    store.redeem(&hash(&p, 1), connection(&s, 1, 1), NOW, &by()).await.unwrap();
    (want.state, want.providers) = (CONNECTED, vec![Provider::GOOGLE]);
    assert_eq!(store.users(&p, CONNECTED, None, 10).await.unwrap(), [want.clone()]);
    assert_eq!(store.users(&p, PENDING, None, 10).await.unwrap(), []);
    store.delete_connection(&s, &by()).await.unwrap();
    want.providers.clear();
    assert_eq!(store.user(&p, &user("ana")).await.unwrap(), Some(want), "until the user is deleted");
}

async fn a_deleted_connection_is_gone_and_can_come_again(store: &(impl KeyStore + Users + ?Sized)) {
    let p = project("delete");
    let (s, other) = (slot(&p, "ana", Provider::OPENAI), slot(&p, "ana", Provider::GOOGLE));
    assert!(!store.delete_connection(&s, &by()).await.unwrap());
    connect(store, &hash(&p, 1), connection(&s, 1, 1)).await;
    connect(store, &hash(&p, 2), connection(&other, 1, 2)).await;
    assert!(store.delete_connection(&s, &by()).await.unwrap());
    assert!(!store.delete_connection(&s, &by()).await.unwrap());
    assert_eq!(store.connection(&s).await.unwrap(), None);
    assert_eq!(store.connections(&p, &user("ana")).await.unwrap(), [connection(&other, 1, 2)]);
    assert_eq!(store.observe(&s, 1, KeySignal::Works, true, NOW, &by()).await.unwrap(), None);
    connect(store, &hash(&p, 3), connection(&s, 1, 3)).await;
    assert_eq!(store.connection(&s).await.unwrap(), Some(connection(&s, 1, 3)));
}

async fn a_deleted_user_is_gone_with_their_grants(store: &(impl KeyStore + Users + ?Sized)) {
    let p = project("erase");
    let s = slot(&p, "ana", Provider::OPENAI);
    connect(store, &hash(&p, 1), connection(&s, 1, 1)).await;
    connect(store, &hash(&p, 2), connection(&slot(&p, "bo", Provider::OPENAI), 1, 2)).await;
    store.put_grant(&hash(&p, 3), grant(&p, "ana"), None).await.unwrap();

    assert!(store.delete_user(&p, &user("ana"), &by()).await.unwrap());
    assert!(!store.delete_user(&p, &user("ana"), &by()).await.unwrap());
    assert_eq!(store.connection(&s).await.unwrap(), None);
    assert_eq!(store.user(&p, &user("ana")).await.unwrap(), None);
    for n in [1, 3] {
        assert_eq!(store.grant(&hash(&p, n)).await.unwrap(), None);
        let result = store.redeem(&hash(&p, n), connection(&s, 1, 1), NOW, &by()).await;
        assert!(matches!(result, Err(RedeemError::Refused(RedeemRefusal::Unknown))), "{result:?}");
    }
    assert_eq!(store.connections(&p, &user("bo")).await.unwrap().len(), 1);
    assert!(store.grant(&hash(&p, 2)).await.unwrap().is_some());
}

async fn a_deleted_users_idempotency_keys_are_deleted(store: &(impl KeyStore + Users + ?Sized)) {
    let p = project("eraseKeys");
    store.put_grant(&hash(&p, 1), grant(&p, "ana"), Some(record("of-ana", 1))).await.unwrap();
    store.put_grant(&hash(&p, 2), grant(&p, "bo"), Some(record("of-bo", 2))).await.unwrap();
    store.delete_user(&p, &user("ana"), &by()).await.unwrap();
    let found = store.put_grant(&hash(&p, 3), grant(&p, "ana"), Some(record("of-ana", 3))).await.unwrap();
    assert_eq!(found, None);
    let found = store.put_grant(&hash(&p, 4), grant(&p, "bo"), Some(record("of-bo", 4))).await.unwrap();
    assert_eq!(found, Some((record("of-bo", 2), grant(&p, "bo"))));
}
