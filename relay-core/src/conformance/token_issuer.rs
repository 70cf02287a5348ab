//! The conformance suite of [`TokenIssuer`].
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test suite")]

use std::collections::HashSet;

use sha2::{Digest as _, Sha256};

use crate::domain::ids::{BASE62, ProjectId, Timestamp};
use crate::domain::secret::{RegistrationToken, RelayKey};
use crate::domain::{IdempotencyRecord, SecretHash};
use crate::ports::TokenIssuer;

/// Checks every obligation of [`TokenIssuer`].
///
/// # Panics
/// If one is not met.
pub fn token_issuer(issuer: &dyn TokenIssuer) {
    sync_rule!(tokens_have_their_form_and_differ(issuer));
    sync_rule!(digits_are_drawn_without_bias(issuer));
    sync_rule!(hashes_are_those_of_the_specification(issuer));
    sync_rule!(every_typo_is_detected(issuer));
    sync_rule!(a_token_is_not_accepted_as_the_other_kind(issuer));
    sync_rule!(derived_tokens_follow_their_record(issuer));
    sync_rule!(ids_differ(issuer));
}

const TOKENS: usize = 10_000;

fn relay_keys(issuer: &dyn TokenIssuer, count: usize) -> impl Iterator<Item = String> {
    (0..count).map(|_| issuer.relay_key().unwrap().expose().to_owned())
}

fn hash_relay_key(issuer: &dyn TokenIssuer, text: &str) -> Option<SecretHash> {
    issuer.hash_relay_key(&RelayKey::new(text.to_owned()))
}

fn hash_registration_token(issuer: &dyn TokenIssuer, text: &str) -> Option<SecretHash> {
    issuer.hash_registration_token(&RegistrationToken::new(text.to_owned()))
}

/// Checks form and checksum, computed bit by bit.
fn assert_form(text: &str, prefix: &str) {
    assert_eq!((text.len(), &text[..4]), (53, prefix), "a token has the wrong form");
    assert!(text[4..].bytes().all(|b| BASE62.contains(&b)), "a token has characters outside base 62");
    let crc = !text[..47].bytes().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| (crc >> 1) ^ (0xEDB8_8320 * (crc & 1)))
    });
    let sum = text[47..]
        .bytes()
        .fold(0, |sum: u64, digit| sum * 62 + BASE62.iter().position(|known| *known == digit).unwrap() as u64);
    assert_eq!(sum, u64::from(crc), "a token has a wrong checksum");
}

fn tokens_have_their_form_and_differ(issuer: &dyn TokenIssuer) {
    let mut seen = HashSet::new();
    for text in relay_keys(issuer, TOKENS) {
        assert_form(&text, "rly-");
        assert!(hash_relay_key(issuer, &text).is_some());
        assert!(seen.insert(text), "the same Relay key was created twice");
    }
    for _ in 0..TOKENS {
        let token = issuer.registration_token().unwrap();
        assert_form(token.expose(), "rrt-");
        assert!(issuer.hash_registration_token(&token).is_some());
        assert!(seen.insert(token.expose().to_owned()), "the same registration token was created twice");
    }
}

/// Chi-squared over the first 43 digits of many tokens. With 61 degrees of freedom the mean is 61 and the standard
/// deviation 11; taking a byte modulo 62 gives several thousand.
fn digits_are_drawn_without_bias(issuer: &dyn TokenIssuer) {
    let mut counts = [0.0_f64; 128];
    relay_keys(issuer, TOKENS).for_each(|text| text[4..47].bytes().for_each(|digit| counts[usize::from(digit)] += 1.0));
    let expected = (TOKENS * 43) as f64 / 62.0;
    let chi: f64 = BASE62.iter().map(|digit| (counts[usize::from(*digit)] - expected).powi(2) / expected).sum();
    assert!(chi < 180.0, "chi-squared is {chi}: digits are not equally likely");
}

fn hashes_are_those_of_the_specification(issuer: &dyn TokenIssuer) {
    let hash =
        |domain: &str, text: &str| SecretHash(Sha256::new().chain_update(domain).chain_update(text).finalize().into());
    let (key, token) = (issuer.relay_key().unwrap(), issuer.registration_token().unwrap());
    assert_eq!(issuer.hash_relay_key(&key), Some(hash("relay.rly.v1", key.expose())));
    assert_eq!(issuer.hash_registration_token(&token), Some(hash("relay.rrt.v1", token.expose())));
}

fn every_typo_is_detected(issuer: &dyn TokenIssuer) {
    let text = relay_keys(issuer, 1).next().unwrap();
    for at in 0..text.len() {
        for wrong in BASE62.iter().chain(b"-_. \n\0").map(|byte| char::from(*byte)) {
            let typo = format!("{}{wrong}{}", &text[..at], &text[at + 1..]);
            assert!(typo == text || hash_relay_key(issuer, &typo).is_none(), "{wrong:?} at {at} is not detected");
        }
        assert!(hash_relay_key(issuer, &text[..at]).is_none(), "a token truncated to {at} characters passes");
    }
    for other in [format!("{text}0"), format!(" {text}"), format!("{text}\n"), text.to_uppercase(), format!("{text}é")]
    {
        assert!(hash_relay_key(issuer, &other).is_none(), "{other:?} passes");
    }
}

fn a_token_is_not_accepted_as_the_other_kind(issuer: &dyn TokenIssuer) {
    let (key, token) = (issuer.relay_key().unwrap(), issuer.registration_token().unwrap());
    assert!(hash_registration_token(issuer, key.expose()).is_none());
    assert!(hash_relay_key(issuer, token.expose()).is_none());
}

fn derived_tokens_follow_their_record(issuer: &dyn TokenIssuer) {
    let project = ProjectId::parse("prj_0000000000000000000001").unwrap();
    let other_project = ProjectId::parse("prj_0000000000000000000002").unwrap();
    let record = IdempotencyRecord { key: "order-1".into(), request: [1; 32], salt: [2; 16], expires_at: Timestamp(3) };
    let derive = |project: &ProjectId, record: &IdempotencyRecord| {
        issuer.derive_registration_token(project, record).expose().to_owned()
    };
    let token = derive(&project, &record);
    assert_form(&token, "rrt-");
    assert_eq!(token, derive(&project, &record), "the same record gives another token");
    assert_ne!(token, derive(&other_project, &record), "two projects share a token");
    for other in [
        IdempotencyRecord { key: "order-2".into(), ..record.clone() },
        IdempotencyRecord { request: [9; 32], ..record.clone() },
        IdempotencyRecord { salt: [9; 16], ..record },
    ] {
        assert_ne!(token, derive(&project, &other), "two records share a token");
    }
}

fn ids_differ(issuer: &dyn TokenIssuer) {
    let projects: HashSet<_> = (0..1000).map(|_| issuer.project_id().unwrap()).collect();
    let records: HashSet<_> = (0..1000).map(|_| issuer.record_id().unwrap()).collect();
    let requests: HashSet<_> = (0..1000).map(|_| issuer.request_id(Timestamp(1))).collect();
    assert_eq!((projects.len(), records.len(), requests.len()), (1000, 1000, 1000));
    assert!(issuer.request_id(Timestamp(1)) < issuer.request_id(Timestamp(2)));
}
