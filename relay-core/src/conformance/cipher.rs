//! The conformance suite of [`Cipher`].
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test suite")]

use crate::Provider;
use crate::domain::ids::{EndUser, ProjectId, RecordId};
use crate::domain::secret::ProviderKey;
use crate::domain::{SealedKey, SealedSlot, Slot};
use crate::ports::Cipher;

/// Checks every obligation of [`Cipher`].
///
/// # Panics
/// If one is not met.
pub fn cipher(cipher: &dyn Cipher) {
    sync_rule!(a_sealed_key_opens_in_its_slot(cipher));
    sync_rule!(a_sealed_key_opens_in_no_other_slot(cipher));
    sync_rule!(a_changed_byte_is_detected(cipher));
    sync_rule!(a_truncated_or_longer_record_is_detected(cipher));
    sync_rule!(sealing_twice_gives_different_bytes(cipher));
    sync_rule!(the_length_hides_the_keys_length(cipher));
    sync_rule!(a_fingerprint_recognises_its_key(cipher));
    sync_rule!(a_cipher_that_opens_seals_passes_its_check(cipher));
}

fn key(text: &str) -> ProviderKey {
    ProviderKey::parse(text.to_owned()).unwrap()
}

fn slot() -> SealedSlot {
    SealedSlot {
        slot: Slot {
            project: ProjectId::parse("prj_0000000000000000000001").unwrap(),
            user: EndUser::parse("ana").unwrap(),
            provider: Provider::OPENAI,
        },
        record: RecordId([7; 16]),
        version: 1,
    }
}

/// The slot with each field changed that a seal is bound to, and with changes that would collide if fields were
/// concatenated.
fn other_slots() -> Vec<(&'static str, SealedSlot)> {
    type Change = fn(&mut SealedSlot);
    let changes: [(&str, Change); 8] = [
        ("project", |at| at.slot.project = ProjectId::parse("prj_0000000000000000000002").unwrap()),
        ("user", |at| at.slot.user = EndUser::parse("bo").unwrap()),
        ("a shorter user", |at| at.slot.user = EndUser::parse("an").unwrap()),
        ("a user that ends with the provider's first letter", |at| at.slot.user = EndUser::parse("anao").unwrap()),
        ("provider", |at| at.slot.provider = Provider::GOOGLE),
        ("record", |at| at.record.0[15] ^= 1),
        ("the next version", |at| at.version = 2),
        ("version 0", |at| at.version = 0),
    ];
    let changed = changes.map(|(what, change)| {
        let mut other = slot();
        change(&mut other);
        (what, other)
    });
    changed.into()
}

fn a_sealed_key_opens_in_its_slot(cipher: &dyn Cipher) {
    for length in [8, 51, 61, 62, 63, 64, 126, 127, 164, 512] {
        let text: String = (0..length).map(|at| char::from(b'!' + (at % 94) as u8)).collect();
        let sealed = cipher.seal(&slot(), &key(&text)).unwrap();
        assert_eq!(cipher.open(&slot(), &sealed).unwrap().expose(), text, "{length} characters");
    }
}

fn a_sealed_key_opens_in_no_other_slot(cipher: &dyn Cipher) {
    let sealed = cipher.seal(&slot(), &key("sk-test-0000")).unwrap();
    for (what, other) in other_slots() {
        assert!(cipher.open(&other, &sealed).is_err(), "opens with another {what}");
        let theirs = cipher.seal(&other, &key("sk-test-1111")).unwrap();
        assert!(cipher.open(&slot(), &theirs).is_err(), "opens what was sealed with another {what}");
    }
}

fn a_changed_byte_is_detected(cipher: &dyn Cipher) {
    let sealed = cipher.seal(&slot(), &key("sk-test-0000")).unwrap();
    for at in 0..sealed.bytes.len() {
        for change in [0x01, 0x80, 0xFF] {
            let mut changed = sealed.clone();
            changed.bytes[at] ^= change;
            assert!(cipher.open(&slot(), &changed).is_err(), "byte {at} changed by {change:#04x} is not detected");
        }
    }
}

fn a_truncated_or_longer_record_is_detected(cipher: &dyn Cipher) {
    let sealed = cipher.seal(&slot(), &key("sk-test-0000")).unwrap();
    for length in 0..sealed.bytes.len() {
        let cut = SealedKey::new(sealed.master_key, sealed.bytes[..length].to_vec());
        assert!(cipher.open(&slot(), &cut).is_err(), "a record truncated to {length} bytes opens");
    }
    for more in [1, 16, 64] {
        let longer = SealedKey::new(sealed.master_key, [&sealed.bytes[..], &vec![0; more]].concat());
        assert!(cipher.open(&slot(), &longer).is_err(), "a record with {more} bytes more opens");
    }
}

fn sealing_twice_gives_different_bytes(cipher: &dyn Cipher) {
    let sealed: std::collections::HashSet<_> =
        (0..100).map(|_| cipher.seal(&slot(), &key("sk-test-0000")).unwrap().bytes).collect();
    assert_eq!(sealed.len(), 100);
}

fn the_length_hides_the_keys_length(cipher: &dyn Cipher) {
    let length = |characters| cipher.seal(&slot(), &key(&"k".repeat(characters))).unwrap().bytes.len();
    let mut lengths: Vec<usize> = (ProviderKey::MIN_LEN..=ProviderKey::MAX_LEN).map(length).collect();
    assert!(lengths.is_sorted());
    lengths.dedup();
    assert!(
        lengths.windows(2).all(|pair| pair[1] - pair[0] >= 64),
        "lengths must come in steps of 64 bytes: {lengths:?}"
    );
}

fn a_fingerprint_recognises_its_key(cipher: &dyn Cipher) {
    let here = slot().slot;
    let print = cipher.fingerprint(&here, &key("sk-test-0000"));
    assert_eq!(print, cipher.fingerprint(&here, &key("sk-test-0000")));
    assert_ne!(print, cipher.fingerprint(&here, &key("sk-test-0001")));
    let elsewhere = Slot { provider: Provider::GOOGLE, ..here };
    assert_ne!(print, cipher.fingerprint(&elsewhere, &key("sk-test-0000")));
}

fn a_cipher_that_opens_seals_passes_its_check(cipher: &dyn Cipher) {
    assert_eq!(cipher.check(), Ok(()));
}
