use attune_ports::WebhookVerifier;
use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use super::JaasSignature;
use crate::{Secret, SetupError};

/// 2024-01-15T10:00:00Z.
const T: i64 = 1_705_312_800;
const SECRET: &str = "whsec_4f8b1c7d2e9a";
const OLDER: &str = "older-secret";
const BODY: &[u8] = br#"{"idempotencyKey":"k1","eventType":"PARTICIPANT_JOINED"}"#;

// printf '%s.%s' "$t" "$body" | openssl dgst -sha256 -hmac "$secret" -binary | base64
const GENUINE: &str = "snYLKdwDjyR2KjDHFj8g8F9liFYZzqeEv8GQNgx/JI0=";
const BY_OLDER: &str = "6dGm5zMPNe+KnwRW6MSnCvsYo+nuX8/izjIyoV2z/Y4=";
const OF_NOTHING: &str = "P+OJpOTvECdg9COGTFvkVqOA9hjuhuad2cKAig3GvOI=";
const OF_BYTES: &str = "jW68xHVKVe73EPXDltr/AUFWsHvuoM3bEq5EbMHtOd4=";
const AT_ZERO: &str = "pCipc6gIR6Zrb97gpL1X72A1E/i6MBYXKBc3EIkM+EY=";

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn with(secrets: &[&str]) -> JaasSignature {
    JaasSignature::new(secrets.iter().copied().map(Secret::new).collect()).unwrap()
}

fn is_genuine(header: &str) -> bool {
    with(&[SECRET]).is_genuine(header, BODY, at(T))
}

/// Computed in another way than the code under test: the message signed as a whole.
fn signature(secret: &str, t: &str, body: &[u8]) -> String {
    let message = [t.as_bytes(), b".", body].concat();
    STANDARD.encode(hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()), &message))
}

#[test]
fn signatures_by_openssl_are_genuine() {
    for (t, v1, body) in [
        (T, GENUINE, BODY),
        (T, OF_NOTHING, b"".as_slice()),
        (T, OF_BYTES, b"\x00\xff\n\xfe".as_slice()),
        (0, AT_ZERO, BODY),
    ] {
        assert!(with(&[SECRET]).is_genuine(&format!("t={t},v1={v1}"), body, at(t)), "{v1}");
    }
}

#[test]
fn equivalent_headers_are_accepted() {
    for header in [
        format!("v1={GENUINE},t={T}"),
        format!("t={T}, v1={GENUINE}"),
        format!("t={T},v1={BY_OLDER},v1={GENUINE}"),
        format!("t={T},v1=%%%,v1=,v1={GENUINE}"),
        format!("t={T},v0={BY_OLDER},v1={GENUINE},v2=x,later=a=b"),
    ] {
        assert!(is_genuine(&header), "{header}");
    }
}

#[test]
fn invalid_headers_are_refused() {
    let padded = format!("t={T},v1={GENUINE}{}", ",v2=x".repeat(300));
    for header in [
        "".to_owned(),
        ",".to_owned(),
        "=".to_owned(),
        "t".to_owned(),
        GENUINE.to_owned(),
        format!("v1={GENUINE}"),
        format!("t={T}"),
        format!("t={T},v1="),
        format!("t=,v1={GENUINE}"),
        format!("t={T},t={T},v1={GENUINE}"),
        format!("t={T},v1={GENUINE},t={}", T + 1),
        format!("t={T},v1={GENUINE},"),
        format!("t={T},v1={GENUINE},nonsense"),
        format!("t={T};v1={GENUINE}"),
        format!("T={T},V1={GENUINE}"),
        format!("t =({T}),v1={GENUINE}"),
        format!("t={T},v0={GENUINE}"),
        format!("t={T},v1={BY_OLDER}"),
        format!("t={T},v1={OF_NOTHING}"),
        format!("t={T},v1={GENUINE}="),
        format!("t={T},v1= {GENUINE}"),
        format!("t={T},v1={}", GENUINE.trim_end_matches('=')),
        format!("t={T},v1={}", GENUINE.replace('/', "_")),
        format!("t={T},v1={}", GENUINE.to_lowercase()),
        format!("t={T},v1={}", &GENUINE[..40]),
        format!("t={T},v1={GENUINE}é"),
        format!("t={T},v1={GENUINE},é=1"),
        format!("t=١٧٠٥٣١٢٨٠٠,v1={GENUINE}"),
        format!("t=+{T},v1={GENUINE}"),
        format!("t=-{T},v1={GENUINE}"),
        format!("t=0{T},v1={GENUINE}"),
        format!("t={T}.0,v1={GENUINE}"),
        format!("t={T}000,v1={GENUINE}"),
        format!("t={},v1={GENUINE}", i64::MAX),
        format!("t={},v1={GENUINE}", i64::MIN),
        format!("t={}0,v1={GENUINE}", i64::MAX),
        format!("t={},v1={GENUINE}", "9".repeat(500)),
        padded,
        "v1=,".repeat(1 << 20),
    ] {
        assert!(!is_genuine(&header), "{}", &header[..header.len().min(80)]);
    }
}

/// Correctly signed: a time has one spelling and is not before 1970.
#[test]
fn invalid_times_are_refused_even_if_signed() {
    for t in ["-1", "+5", "1e3", " 5", "5 ", "0x5", "", "99999999999999999999"] {
        let header = format!("t={t},v1={}", signature(SECRET, t, BODY));
        let now = at(t.trim().parse().unwrap_or(5));
        assert!(!with(&[SECRET]).is_genuine(&header, BODY, now), "{t:?}");
    }
}

#[test]
fn the_tolerance_is_five_minutes_to_the_nanosecond() {
    let header = format!("t={T},v1={GENUINE}");
    let verifier = with(&[SECRET]);
    let tick = SignedDuration::from_nanos(1);
    for (now, answer) in [
        (at(T - 300) - tick, false),
        (at(T - 300), true),
        (at(T), true),
        (at(T + 300), true),
        (at(T + 300) + tick, false),
        (at(T + 86_400), false),
        (Timestamp::MIN, false),
        (Timestamp::MAX, false),
    ] {
        assert_eq!(verifier.is_genuine(&header, BODY, now), answer, "{now}");
    }
}

#[test]
fn the_time_is_signed() {
    assert!(!is_genuine(&format!("t={},v1={GENUINE}", T + 1)));
}

#[test]
fn while_a_secret_is_changed_both_are_accepted() {
    let by_older = format!("t={T},v1={BY_OLDER}");
    let by_newer = format!("t={T},v1={GENUINE}");
    for (secrets, older, newer) in [
        (&[OLDER][..], true, false),
        (&[SECRET, OLDER], true, true),
        (&[OLDER, SECRET], true, true),
        (&[SECRET], false, true),
    ] {
        let verifier = with(secrets);
        assert_eq!(verifier.is_genuine(&by_older, BODY, at(T)), older, "{secrets:?}");
        assert_eq!(verifier.is_genuine(&by_newer, BODY, at(T)), newer, "{secrets:?}");
    }
}

#[test]
fn invalid_secrets_stop_the_start() {
    assert!(matches!(JaasSignature::new(Vec::new()).err(), Some(SetupError::NoWebhookSecret)));
    for bad in ["", " ", "whsec_a\n", "a b", "\u{0}"] {
        for secrets in [vec![bad], vec![SECRET, bad], vec![bad, SECRET]] {
            let error = JaasSignature::new(secrets.into_iter().map(Secret::new).collect()).err();
            assert!(matches!(error, Some(SetupError::Text("webhook secret"))), "{bad:?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn anything_signed_with_the_secret_is_genuine(
        secret in "[!-~]{1,100}",
        body in prop::collection::vec(any::<u8>(), 0..300),
        t in 0_i64..=253_402_200_000,
        off in -300_i64..=300,
    ) {
        let header = format!("t={t},v1={}", signature(&secret, &t.to_string(), &body));
        prop_assert!(with(&[&secret]).is_genuine(&header, &body, at(t + off)));
    }

    #[test]
    fn a_changed_bit_of_the_body_is_forged(bit in 0..BODY.len() * 8) {
        let mut body = BODY.to_vec();
        body[bit / 8] ^= 1 << (bit % 8);
        let header = format!("t={T},v1={GENUINE}");
        prop_assert!(!with(&[SECRET]).is_genuine(&header, &body, at(T)));
    }

    #[test]
    fn a_changed_bit_of_the_signature_is_forged(bit in 0_usize..256) {
        let mut bytes = STANDARD.decode(GENUINE).unwrap();
        bytes[bit / 8] ^= 1 << (bit % 8);
        for text in [STANDARD.encode(&bytes), STANDARD_NO_PAD.encode(&bytes), URL_SAFE.encode(&bytes)] {
            let header = format!("t={T},v1={text}");
            prop_assert!(!is_genuine(&header));
        }
    }

    #[test]
    fn no_guess_is_genuine_or_panics(header in guess(), second in any::<i32>()) {
        prop_assert!(!with(&[SECRET, OLDER]).is_genuine(&header, BODY, at(second.into())));
    }
}

/// Well-formed and malformed headers, none of them a signature of [`BODY`].
fn guess() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("t=".to_owned()),
        Just("v1=".to_owned()),
        Just(",".to_owned()),
        Just("=".to_owned()),
        Just(T.to_string()),
        Just(OF_NOTHING.to_owned()),
        any::<i64>().prop_map(|n| n.to_string()),
        any::<char>().prop_map(String::from),
        "[A-Za-z0-9+/]{43}=",
    ];
    prop_oneof![any::<String>(), prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())]
}
