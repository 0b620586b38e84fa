use aws_lc_rs::hmac::{self, HMAC_SHA256};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use proptest::prelude::*;

use super::*;
use crate::signed_tokens::tests::{ALPHABET, OTHER, SECRET, account, join_tokens, participant, samples, secret, token};

fn hmac_of(key: &[u8], data: &[u8]) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(HMAC_SHA256, key), data).as_ref().to_vec()
}

/// The bytes of an account's token, independent of the implementation.
fn payload() -> Vec<u8> {
    let mut payload = vec![1, 0];
    payload.extend(12_i64.to_be_bytes());
    payload.extend(7_i64.to_be_bytes());
    payload.extend(1_u32.to_be_bytes());
    payload
}

/// Any payload, signed with any key and for any purpose.
fn forge(payload: &[u8], key: &[u8], purpose: &[u8]) -> String {
    let sign = hmac_of(key, &[purpose, payload].concat());
    URL_SAFE_NO_PAD.encode([payload, &sign[..16]].concat())
}

fn right_key() -> Vec<u8> {
    hmac_of(SECRET.as_bytes(), b"attune ticket sealing key")
}

const RIGHT_PURPOSE: &[u8] = b"attune join ticket\0";

/// Computed with another implementation of HMAC. If this test fails, all links in emails that were sent are invalid.
#[test]
fn tokens_are_stable() {
    for (token, text) in [
        (token(12, account(7), 1), "AQAAAAAAAAAADAAAAAAAAAAHAAAAAUA02LSqSyM1M-zSVxJOAq4"),
        (token(12, participant(7), 1), "AQEAAAAAAAAADAAAAAAAAAAHAAAAAZCUwuY7fOTTNr-01Mu8L8g"),
        (token(i64::MAX, participant(i64::MAX), u32::MAX), "AQF__________3_______________9c6vcpMCgAoB6w_FW-h2V0"),
    ] {
        assert_eq!(join_tokens().sign(&token), text);
        assert_eq!(join_tokens().verify(text), Some(token));
    }
}

/// The control of the tests below: what they change is the only reason for a refusal.
#[test]
fn forge_can_create_a_valid_token() {
    let forged = forge(&payload(), &right_key(), RIGHT_PURPOSE);
    assert_eq!(join_tokens().verify(&forged), Some(token(12, account(7), 1)));
    assert_eq!(forged, join_tokens().sign(&token(12, account(7), 1)));
}

#[test]
fn other_keys_are_refused() {
    for (what, key) in [
        ("another secret", hmac_of(OTHER.as_bytes(), b"attune ticket sealing key")),
        ("the key that signs access tokens", SECRET.as_bytes().to_vec()),
        ("a key for something else", hmac_of(SECRET.as_bytes(), b"attune something else")),
        ("the label alone", b"attune ticket sealing key".to_vec()),
        ("no key", Vec::new()),
        ("zeros", vec![0; 32]),
    ] {
        assert_eq!(join_tokens().verify(&forge(&payload(), &key, RIGHT_PURPOSE)), None, "{what}");
    }
}

#[test]
fn other_purposes_are_refused() {
    for purpose in [&b""[..], b"attune join ticket", b"attune reset ticket\0", b"attune join ticket\0\0", b"\0"] {
        assert_eq!(join_tokens().verify(&forge(&payload(), &right_key(), purpose)), None, "{purpose:?}");
    }
}

/// Signed with our key.
#[test]
fn other_layouts_are_refused() {
    let with = |index: usize, byte: u8| {
        let mut changed = payload();
        changed[index] = byte;
        changed
    };
    let zero_booking = [&payload()[..2], &[0; 8], &payload()[10..]].concat();
    let zero_person = [&payload()[..10], &[0; 8], &payload()[18..]].concat();
    for (what, payload) in [
        ("layout 0", with(0, 0)),
        ("layout 2", with(0, 2)),
        ("a kind of person that does not exist", with(1, 2)),
        ("another such", with(1, 255)),
        ("a negative booking", with(2, 0x80)),
        ("a negative person", with(10, 0xff)),
        ("no booking", zero_booking),
        ("no viewer", zero_person),
        ("a byte too many", [&payload()[..], &[0]].concat()),
        ("a byte too few", payload()[..21].to_vec()),
        ("nothing", Vec::new()),
    ] {
        assert_eq!(join_tokens().verify(&forge(&payload, &right_key(), RIGHT_PURPOSE)), None, "{what}");
    }
}

#[test]
fn every_flipped_bit_is_detected() {
    for token in samples() {
        let bytes = URL_SAFE_NO_PAD.decode(join_tokens().sign(&token)).unwrap();
        assert_eq!(bytes.len(), 38);
        for bit in 0..bytes.len() * 8 {
            let mut changed = bytes.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(join_tokens().verify(&URL_SAFE_NO_PAD.encode(changed)), None, "bit {bit} of {token:?}");
        }
    }
}

/// Also the last character, of which only a part stands for something.
#[test]
fn every_changed_character_is_detected() {
    for token in samples() {
        let text = join_tokens().sign(&token);
        for index in 0..text.len() {
            for other in ALPHABET.chars().chain("+/=. %\0\n\u{e9}".chars()) {
                let changed = format!("{}{other}{}", &text[..index], &text[index + 1..]);
                assert_eq!(join_tokens().verify(&changed).is_some(), changed == text, "{changed:?}");
            }
        }
    }
}

#[test]
fn every_missing_and_every_added_character_is_detected() {
    let text = join_tokens().sign(&samples()[0]);
    for index in 0..=text.len() {
        assert_eq!(join_tokens().verify(&text[..index]).is_some(), index == text.len(), "cut at {index}");
        if index < text.len() {
            assert_eq!(join_tokens().verify(&[&text[..index], &text[index + 1..]].concat()), None, "without {index}");
        }
        for added in ["A", "_", "=", "==", "AA", "AAA", "AAAA", " ", "\n", ".", "\0"] {
            let changed = format!("{}{added}{}", &text[..index], &text[index..]);
            assert_eq!(join_tokens().verify(&changed), None, "{changed:?}");
        }
    }
}

/// The last character has two unused bits, which must be zero, and no other encoding of the same bytes is accepted.
#[test]
fn a_token_has_one_text() {
    use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE};

    // Its bytes look different in the two alphabets.
    let text = join_tokens().sign(&samples()[3]);
    let bytes = URL_SAFE_NO_PAD.decode(&text).unwrap();
    let (most, last) = text.split_at(text.len() - 1);
    let last = ALPHABET.find(last).unwrap();
    assert_eq!(last % 4, 0, "the two bits are zero");
    for stray in 1..4 {
        let other = &ALPHABET[last + stray..=last + stray];
        assert_eq!(join_tokens().verify(&format!("{most}{other}")), None);
    }
    for other in [STANDARD.encode(&bytes), STANDARD_NO_PAD.encode(&bytes), URL_SAFE.encode(&bytes)] {
        assert_ne!(other, text);
        assert_eq!(join_tokens().verify(&other), None, "{other}");
    }
    for other in
        [text.to_lowercase(), text.to_uppercase(), format!(" {text}"), format!("{text}\n"), format!("{text}?x")]
    {
        assert_eq!(join_tokens().verify(&other), None, "{other:?}");
    }
}

#[test]
fn a_previous_secret_verifies_but_never_signs() {
    let sample = samples()[0];
    let old = join_tokens().sign(&sample);
    let renewed = SignedJoinTokens::new(&secret(OTHER), &[secret(SECRET)]);
    assert_eq!(renewed.verify(&old), Some(sample));
    let new = renewed.sign(&sample);
    assert_ne!(new, old);
    assert_eq!(renewed.verify(&new), Some(sample));
    assert_eq!(join_tokens().verify(&new), None);
    // Without the previous secret, its tokens are invalid.
    assert_eq!(SignedJoinTokens::new(&secret(OTHER), &[]).verify(&old), None);
    let third = secret("pL0oKm9iJn8uHb7yGv6tFc5rDx4eSz3w");
    let all = SignedJoinTokens::new(&third, &[secret(OTHER), secret(SECRET)]);
    assert_eq!((all.verify(&old), all.verify(&new)), (Some(sample), Some(sample)));
}

fn any_token() -> impl Strategy<Value = JoinToken> {
    let number = || prop_oneof![1_i64..100, 1..=i64::MAX];
    (number(), any::<bool>(), number(), prop_oneof![1_u32..10, any::<u32>()]).prop_map(
        |(booking, is_account, person, link_version)| {
            token(booking, if is_account { account(person) } else { participant(person) }, link_version)
        },
    )
}

proptest! {
    #[test]
    fn signed_tokens_verify_unchanged(sample in any_token()) {
        let text = join_tokens().sign(&sample);
        prop_assert_eq!(join_tokens().verify(&text), Some(sample));
        prop_assert_eq!(&join_tokens().sign(&sample), &text, "the same token always gives the same text");
        prop_assert!(!text.is_empty() && text.len() < 80, "{text}");
        prop_assert!(text.chars().all(|c| ALPHABET.contains(c)), "{text} needs encoding in a URL");
        prop_assert_eq!(SignedJoinTokens::new(&secret(OTHER), &[]).verify(&text), None);
    }

    #[test]
    fn a_signature_belongs_to_one_token(own in any_token(), other in any_token()) {
        prop_assume!(own != other);
        let [own, other] = [own, other].map(|t| URL_SAFE_NO_PAD.decode(join_tokens().sign(&t)).unwrap());
        let combined = [&other[..PAYLOAD_BYTES], &own[PAYLOAD_BYTES..]].concat();
        prop_assert_eq!(join_tokens().verify(&URL_SAFE_NO_PAD.encode(combined)), None);
    }

    #[test]
    fn no_other_text_panics_or_verifies(text in "\\PC{0,60}|[A-Za-z0-9_-]{45,55}|AQ[AEQg]A{20}[A-Za-z0-9_-]{28}") {
        prop_assert_eq!(join_tokens().verify(&text), None);
    }
}
