use attune_domain::{EmailAddress, UserId};
use jiff::Timestamp;

use super::*;
use crate::signed_tokens::tests::{OTHER, SECRET, alterations, forge, join_tokens, secret};

const NONCE: [u8; 16] = [7; 16];

fn id(number: i64) -> OneTimeTokenId {
    OneTimeTokenId::new(number).unwrap()
}

fn stored(purpose: OneTimePurpose, number: i64, nonce: [u8; 16]) -> OneTimeToken {
    OneTimeToken {
        id: id(number),
        user: UserId::new(1).unwrap(),
        purpose,
        nonce,
        email: EmailAddress::parse("ada@example.org").unwrap(),
        slot: None,
        created_at: Timestamp::UNIX_EPOCH,
        expires_at: Timestamp::UNIX_EPOCH,
        ended_at: None,
    }
}

/// Computed with another implementation of HMAC. If this test fails, all links in emails that were sent are invalid.
#[test]
fn one_time_tokens_are_stable() {
    let texts = [
        "AQEAAAAAAAAADN5FoU_E5tYCTmjUKItCfdY",
        "AQIAAAAAAAAADEwfXL8D1245bA2ae5_9xRM",
        "AQMAAAAAAAAADLRnQkusrg46l9-fkIm-woY",
        "AQQAAAAAAAAADHyeZWad8sXsVGH_X39jwiQ",
        "AQUAAAAAAAAADAq3x7Ni98GEYYAnCauSDes",
        "AQYAAAAAAAAADOxrusKChE66hVofjk-kV5M",
    ];
    let tokens = join_tokens();
    for (purpose, text) in OneTimePurpose::ALL.into_iter().zip(texts) {
        assert_eq!(tokens.sign_one_time(purpose, id(12), &NONCE), text);
        assert_eq!(tokens.read_one_time(text), Some((purpose, id(12))));
        assert!(tokens.is_genuine_one_time(text, &stored(purpose, 12, NONCE)));
    }
    let nonce = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];
    let largest = tokens.sign_one_time(OneTimePurpose::ResetPassword, id(i64::MAX), &nonce);
    assert_eq!(largest, "AQF__________9SNgUZ-2CcR70q3fZem1Fk");
}

#[test]
fn a_text_is_genuine_for_one_token() {
    let tokens = join_tokens();
    for own in OneTimePurpose::ALL {
        let text = tokens.sign_one_time(own, id(12), &NONCE);
        for purpose in OneTimePurpose::ALL {
            for (number, nonce) in [(12, NONCE), (13, NONCE), (12, [8; 16]), (12, [0; 16])] {
                let genuine = (purpose, number, nonce) == (own, 12, NONCE);
                assert_eq!(tokens.is_genuine_one_time(&text, &stored(purpose, number, nonce)), genuine, "{purpose}");
            }
        }
    }
}

#[test]
fn altered_texts_are_refused() {
    let tokens = join_tokens();
    for purpose in [OneTimePurpose::ResetPassword, OneTimePurpose::Invitation] {
        let stored = stored(purpose, i64::MAX, NONCE);
        let text = tokens.sign_one_time(purpose, stored.id, &NONCE);
        for altered in alterations(&text) {
            assert!(!tokens.is_genuine_one_time(&altered, &stored), "{altered:?}");
        }
    }
}

/// Signed with our key.
#[test]
fn other_layouts_and_labels_are_refused() {
    let payload = |layout: u8, purpose: u8, id: i64| [&[layout, purpose][..], &id.to_be_bytes()].concat();
    let read = |payload: &[u8]| join_tokens().read_one_time(&forge(payload, LABEL, &NONCE));
    assert_eq!(read(&payload(1, 1, 12)), Some((OneTimePurpose::ResetPassword, id(12))));
    for (layout, purpose, id) in [(0, 1, 12), (2, 1, 12), (1, 0, 12), (1, 7, 12), (1, 255, 12), (1, 1, 0), (1, 1, -12)]
    {
        assert_eq!(read(&payload(layout, purpose, id)), None, "{layout} {purpose} {id}");
    }
    let stored = stored(OneTimePurpose::ResetPassword, 12, NONCE);
    for (label, genuine) in
        [(LABEL, true), (b"attune join ticket\0", false), (b"attune one-time token", false), (b"", false)]
    {
        let text = forge(&payload(1, 1, 12), label, &NONCE);
        assert_eq!(join_tokens().is_genuine_one_time(&text, &stored), genuine, "{label:?}");
    }
}

#[test]
fn a_previous_secret_verifies_but_never_signs() {
    let stored = stored(OneTimePurpose::LogIn, 12, NONCE);
    let sign = |tokens: &SignedJoinTokens| tokens.sign_one_time(stored.purpose, stored.id, &stored.nonce);
    let renewed = SignedJoinTokens::new(&secret(OTHER), &[secret(SECRET)]);
    let (old, new) = (sign(&join_tokens()), sign(&renewed));
    assert!(renewed.is_genuine_one_time(&old, &stored) && renewed.is_genuine_one_time(&new, &stored));
    assert!(!join_tokens().is_genuine_one_time(&new, &stored));
}
