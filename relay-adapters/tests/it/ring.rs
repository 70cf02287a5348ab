//! The ring adapter from outside: conformance, rotation, moved records, canaries, key files.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use proptest::prelude::*;

use relay_adapters::ring::{
    InvalidMasterKey, InvalidMasterKeys, MasterKey, MasterKeys, RECORD_OVERHEAD, RingCipher, RingIssuer, WRAP_LIMIT,
    WRAP_WARNING,
};
use relay_core::Provider;
use relay_core::conformance;
use relay_core::domain::ids::{EndUser, ProjectId, RecordId, Timestamp};
use relay_core::domain::secret::ProviderKey;
use relay_core::domain::{IdempotencyRecord, MasterKeyId, SealedKey, SealedSlot, Slot};
use relay_core::ports::{Cipher, CipherError, TokenIssuer};

fn new_key() -> MasterKey {
    MasterKey::generate().unwrap()
}

fn ring_of(keys: &[&MasterKey]) -> MasterKeys {
    MasterKeys::new(keys.iter().map(|key| (*key).clone()).collect()).unwrap()
}

fn cipher_of(keys: &[&MasterKey]) -> RingCipher {
    RingCipher::new(&ring_of(keys)).unwrap()
}

fn provider_key(text: &str) -> ProviderKey {
    ProviderKey::parse(text.to_owned()).unwrap()
}

/// One of many slots that differ in a single field each.
fn slot(number: u8) -> SealedSlot {
    let mut slot = SealedSlot {
        slot: Slot {
            project: ProjectId::parse("prj_0000000000000000000000").unwrap(),
            user: EndUser::parse("user").unwrap(),
            provider: Provider::OPENAI,
        },
        record: RecordId([0; 16]),
        version: 1,
    };
    match number % 5 {
        0 => slot.slot.project = ProjectId::parse(&format!("prj_{number:022}")).unwrap(),
        1 => slot.slot.user = EndUser::parse(&format!("user{number}")).unwrap(),
        2 => slot.record.0[usize::from(number % 16)] = number,
        3 => slot.version = u64::from(number) + 1,
        _ => {
            slot.slot.provider = Provider::ALL[usize::from(number) % 3];
            slot.slot.user = EndUser::parse(&format!("u{}", number / 15)).unwrap();
        }
    }
    slot
}

/// Bytes from elsewhere. The id beside them decides nothing: a cipher reads its own format.
fn sealed_bytes(bytes: Vec<u8>) -> SealedKey {
    SealedKey::new(MasterKeyId([0; 8]), bytes)
}

#[test]
fn the_cipher_passes_the_suite() {
    conformance::cipher(&cipher_of(&[&new_key()]));
}

#[test]
fn the_cipher_passes_the_suite_with_retired_keys_in_the_ring() {
    conformance::cipher(&cipher_of(&[&new_key(), &new_key(), &new_key()]));
}

#[test]
fn the_issuer_passes_the_suite() {
    conformance::token_issuer(&RingIssuer::new(&ring_of(&[&new_key()])).unwrap());
}

#[test]
fn a_record_moved_to_any_other_slot_does_not_open() {
    let cipher = cipher_of(&[&new_key()]);
    let sealed: Vec<(SealedSlot, SealedKey)> =
        (0..60).map(|n| (slot(n), cipher.seal(&slot(n), &provider_key(&format!("sk-test-{n:04}"))).unwrap())).collect();
    for (from, (_, key)) in sealed.iter().enumerate() {
        for (to, (slot, _)) in sealed.iter().enumerate() {
            let opened = cipher.open(slot, key);
            assert_eq!(opened.is_ok(), from == to, "record {from} in slot {to}");
            assert!(from == to || matches!(opened, Err(CipherError::Tampered)));
        }
    }
}

#[test]
fn parts_of_two_records_of_one_slot_do_not_mix() {
    let cipher = cipher_of(&[&new_key()]);
    let (one, two) = (
        cipher.seal(&slot(0), &provider_key("sk-test-0001")).unwrap().bytes,
        cipher.seal(&slot(0), &provider_key("sk-test-0002")).unwrap().bytes,
    );
    for cut in [10, 22, 70, 82] {
        let mixed = sealed_bytes([&one[..cut], &two[cut..]].concat());
        // Version, algorithm and the master key's id are the same in both, so a cut behind them takes nothing over.
        assert_eq!(cipher.open(&slot(0), &mixed).is_ok(), cut == 10, "cut at {cut}");
    }
}

#[test]
fn a_record_has_the_documented_layout() {
    let master = new_key();
    let sealed = cipher_of(&[&master]).seal(&slot(0), &provider_key("sk-test-0001")).unwrap();
    assert_eq!(sealed.bytes.len(), RECORD_OVERHEAD + 64);
    assert_eq!(sealed.bytes[..2], [1, 1]);
    assert_eq!(sealed.bytes[2..10], master.kid().0);
    assert_eq!(sealed.master_key, master.kid());
}

/// Made by `foreign_record.py` beside this file, so that the format can't change unnoticed.
#[test]
fn a_record_of_another_implementation_opens() {
    let master = MasterKey::parse("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=").unwrap();
    assert_eq!(master.kid().to_string(), FOREIGN_KID);
    let slot = SealedSlot {
        slot: Slot {
            project: ProjectId::parse("prj_0123456789ABCDEFGHIJkl").unwrap(),
            user: EndUser::parse("user@example.com").unwrap(),
            provider: Provider::ANTHROPIC,
        },
        record: RecordId(*b"0123456789abcdef"),
        version: 3,
    };
    let cipher = cipher_of(&[&master]);
    let sealed = sealed_bytes(unhex(FOREIGN_RECORD));
    assert_eq!(cipher.open(&slot, &sealed).unwrap().expose(), "sk-ant-api03-example-key");
    let print = cipher.fingerprint(&slot.slot, &provider_key("sk-ant-api03-example-key"));
    assert_eq!(print[..], unhex(FOREIGN_FINGERPRINT));
}

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

const FOREIGN_KID: &str = "5789a59d284125a6";
const FOREIGN_RECORD: &str = "\
    01015789a59d284125a6000102030405060708090a0b2367b07cad8ca870e12cf9e4c1980a1ef7a3f14388022507441a9bfa\
    9de88231c86e112d25ea1d7e90ef328ee7f4532532333435363738393a3b3c3df88b4d2dc11592d5f6ccd6b4615dd9b3de76\
    3664d34b5dbc3efd0071c20129050af182f8b1b92ce29c287deb803795c78d344f2cd0203aa80fd467eff9c24a5d5e0360b4\
    81d3a23d3e130e84cc0a3e6d";
const FOREIGN_FINGERPRINT: &str = "433fb034f93567c6a50a295f1f1ff59c";

proptest! {
    /// Whatever is in the database, opening it is an error and no panic.
    #[test]
    fn foreign_bytes_do_not_open(
        mut bytes in prop::collection::vec(any::<u8>(), 0..400),
        header in any::<bool>(),
        padded in 0_usize..4,
    ) {
        let master = MasterKey::parse("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=").unwrap();
        let cipher = cipher_of(&[&master]);
        if header {
            bytes.resize(RECORD_OVERHEAD + padded * 64, 7);
            bytes[..2].copy_from_slice(&[1, 1]);
            bytes[2..10].copy_from_slice(&master.kid().0);
        }
        prop_assert!(cipher.check_canary(master.kid(), &bytes).is_err());
        let sealed = sealed_bytes(bytes);
        prop_assert!(cipher.open(&slot(0), &sealed).is_err());
        prop_assert!(!matches!(cipher.rewrap(&slot(0), &sealed), Ok(Some(_))));
    }
}

#[test]
fn after_a_rotation_old_records_open_and_new_ones_use_the_new_key() {
    let (old, new) = (new_key(), new_key());
    let before = cipher_of(&[&old]).seal(&slot(0), &provider_key("sk-test-0001")).unwrap();
    let cipher = cipher_of(&[&new, &old]);
    assert_eq!(cipher.open(&slot(0), &before).unwrap().expose(), "sk-test-0001");
    let after = cipher.seal(&slot(0), &provider_key("sk-test-0002")).unwrap();
    assert_eq!(after.master_key, new.kid());
    assert_eq!(cipher_of(&[&new]).open(&slot(0), &after).unwrap().expose(), "sk-test-0002");
    assert_eq!(cipher_of(&[&new]).open(&slot(0), &before).unwrap_err(), CipherError::UnknownMasterKey);
}

#[test]
fn rewrapping_moves_a_record_to_the_new_key_and_leaves_its_body() {
    let (old, new) = (new_key(), new_key());
    let before = cipher_of(&[&old]).seal(&slot(0), &provider_key("sk-test-0001")).unwrap();
    let cipher = cipher_of(&[&new, &old]);
    let after = cipher.rewrap(&slot(0), &before).unwrap().unwrap();
    assert_eq!(before.bytes[70..], after.bytes[70..]);
    assert_eq!(cipher_of(&[&new]).open(&slot(0), &after).unwrap().expose(), "sk-test-0001");
    assert_eq!(cipher.rewrap(&slot(0), &after).unwrap(), None, "rewrapped twice");
    assert_eq!(cipher.rewrap(&slot(1), &before).unwrap_err(), CipherError::Tampered);
}

#[test]
fn the_wrap_budget_ends() {
    let master = new_key();
    let cipher = cipher_of(&[&master]);
    let sealed = cipher.seal(&slot(0), &provider_key("sk-test-0001")).unwrap();
    assert_eq!((cipher.wraps(), cipher.near_limit()), (1, false));
    assert!(cipher_of(&[&master]).with_wraps(WRAP_WARNING).near_limit());
    let last = cipher_of(&[&master]).with_wraps(WRAP_LIMIT - 1);
    assert!(last.seal(&slot(0), &provider_key("sk-test-0001")).is_ok());
    assert_eq!(last.seal(&slot(0), &provider_key("sk-test-0001")).unwrap_err(), CipherError::Unavailable);
    assert_eq!(last.wraps(), WRAP_LIMIT);
    assert!(last.open(&slot(0), &sealed).is_ok(), "opening costs no budget");
}

#[test]
fn a_canary_tells_the_right_master_key() {
    let (one, two) = (new_key(), new_key());
    let cipher = cipher_of(&[&one, &two]);
    let canaries = cipher.seal_canaries().unwrap();
    assert_eq!(canaries.iter().map(|(kid, _)| *kid).collect::<Vec<_>>(), [one.kid(), two.kid()]);
    for (kid, canary) in &canaries {
        assert_eq!(cipher.check_canary(*kid, canary), Ok(()));
        for at in 0..canary.len() {
            let mut changed = canary.clone();
            changed[at] ^= 1;
            assert_eq!(cipher.check_canary(*kid, &changed), Err(CipherError::Tampered));
            assert_eq!(cipher.check_canary(*kid, &canary[..at]), Err(CipherError::Tampered));
        }
    }
    assert_eq!(cipher.check_canary(two.kid(), &canaries[0].1), Err(CipherError::Tampered));
    assert_eq!(cipher.check_canary(new_key().kid(), &canaries[0].1), Err(CipherError::UnknownMasterKey));
}

#[test]
fn fingerprints_link_no_projects() {
    let cipher = cipher_of(&[&new_key()]);
    let here = slot(0).slot;
    let other_user = Slot { user: EndUser::parse("someone").unwrap(), ..here.clone() };
    let other_project = Slot { project: ProjectId::parse("prj_9999999999999999999999").unwrap(), ..here.clone() };
    let key = provider_key("sk-test-0001");
    assert_eq!(cipher.fingerprint(&here, &key), cipher.fingerprint(&other_user, &key));
    assert_ne!(cipher.fingerprint(&here, &key), cipher.fingerprint(&other_project, &key));
    assert_ne!(cipher.fingerprint(&here, &key), cipher_of(&[&new_key()]).fingerprint(&here, &key));
}

#[test]
fn derived_tokens_need_the_master_key() {
    let project = slot(0).slot.project;
    let record = IdempotencyRecord { key: "k".into(), request: [0; 32], salt: [0; 16], expires_at: Timestamp(0) };
    let derive = |master: &MasterKey| {
        let issuer = RingIssuer::new(&ring_of(&[master])).unwrap();
        issuer.derive_registration_token(&project, &record).expose().to_owned()
    };
    let master = new_key();
    assert_eq!(derive(&master), derive(&master));
    assert_ne!(derive(&master), derive(&new_key()));
}

#[test]
fn a_key_file_has_one_key_a_line_the_active_one_first() {
    let (one, two) = (new_key(), new_key());
    let file =
        format!("# active since May\n{}\n\n  # before\r\n  {}  \r\n", *one.expose_base64(), *two.expose_base64());
    let keys = MasterKeys::parse(&file).unwrap();
    assert_eq!(keys.iter().map(MasterKey::kid).collect::<Vec<_>>(), [one.kid(), two.kid()]);
}

#[test]
fn a_bad_key_file_is_refused_with_a_reason_that_shows_no_key() {
    let good = new_key().expose_base64().to_string();
    let zeros = "A".repeat(43) + "=";
    let doubled = format!("{good}\n# again\n{good}");
    let line = |line, reason| InvalidMasterKeys::Line { line, reason };
    for (file, want) in [
        (String::new(), InvalidMasterKeys::Empty),
        ("# nothing\n\n".to_owned(), InvalidMasterKeys::Empty),
        (format!("{good}\nsecret words"), line(2, InvalidMasterKey::NotBase64)),
        (format!("\n\n{}", &good[..40]), line(3, InvalidMasterKey::Length)),
        (format!("{good}{good}"), line(1, InvalidMasterKey::Length)),
        (format!("AAAA{good}"), line(1, InvalidMasterKey::Length)),
        (zeros, line(1, InvalidMasterKey::NotRandom)),
        (doubled, InvalidMasterKeys::Duplicate { kid: MasterKey::parse(&good).unwrap().kid() }),
    ] {
        let error = MasterKeys::parse(&file).unwrap_err();
        assert_eq!(error, want);
        let shown = format!("{error} {error:?}");
        assert!(!shown.contains(&good[..8]) && !shown.contains("secret words"), "{shown}");
    }
}

#[test]
fn debug_output_shows_ids_and_no_keys() {
    let master = new_key();
    let keys = ring_of(&[&master]);
    let (cipher, issuer) = (RingCipher::new(&keys).unwrap(), RingIssuer::new(&keys).unwrap());
    let shown = format!("{master:?} {keys:?} {cipher:?} {issuer:?}");
    let kid = master.kid();
    assert_eq!(shown, format!("MasterKey({kid}, ..) [MasterKey({kid}, ..)] [{kid}] RingIssuer"));
}

#[test]
fn a_master_keys_id_reads_back() {
    let kid = new_key().kid();
    assert_eq!(kid.to_string().parse::<MasterKeyId>().unwrap(), kid);
    for bad in ["", "00", "+123456789abcdef", "0123456789abcdeg", "0123456789abcdef0"] {
        assert!(bad.parse::<MasterKeyId>().is_err(), "{bad}");
    }
}
