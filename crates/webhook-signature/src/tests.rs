use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE};
use proptest::prelude::*;

use super::*;

/// 2024-01-15T10:00:00Z.
const T: i64 = 1_705_312_800;

/// A service that signs webhooks, and signatures that OpenSSL made with its secrets:
/// `printf '%s.%s' "$t" "$body" | openssl dgst -sha256 -hmac "$secret"`, with `-hex`, or `-binary | base64`.
struct Sender {
    name: &'static str,
    encode: fn(&[u8]) -> String,
    secret: &'static str,
    older: &'static str,
    body: &'static [u8],
    genuine: &'static str,
    by_older: &'static str,
    of_empty: &'static str,
    of_bytes: &'static str,
    at_zero: &'static str,
    /// The genuine signature in other alphabets, and damaged.
    misspelt: fn(&str) -> Vec<String>,
}

const STRIPE: Sender = Sender {
    name: "Stripe",
    encode: hex,
    secret: "whsec_4f8b1c7d2e9a6053b8c4d7e1",
    older: "whsec_0123456789abcdef01234567",
    body: br#"{"id":"evt_1","object":"event","type":"ping"}"#,
    genuine: "8ff8399ba64c0124eec76bbf91d17b42e50d44481ffd8527942b5435586db92e",
    by_older: "0239480bf246aaddb7ab7820d22f1433abb98593b565dd75fad5971a9ac99773",
    of_empty: "0377082e0fd49c96547c88e80e45dab2820aa03e4ae8968b9ed250fcf52c3e4f",
    of_bytes: "2a250bd4a3cb8a43d9f5392091ab0d7035c6a001879ffa5d571c1582b72e864b",
    at_zero: "046c5630385f64a287022ab63e6fac5229cc3c42871d92da2df129843d208c28",
    misspelt: |v1| vec![v1.to_uppercase(), v1[..63].to_owned(), format!("{v1}0")],
};

const JAAS: Sender = Sender {
    name: "JaaS",
    encode: |bytes| STANDARD.encode(bytes),
    secret: "whsec_4f8b1c7d2e9a",
    older: "older-secret",
    body: br#"{"idempotencyKey":"k1","eventType":"PARTICIPANT_JOINED"}"#,
    genuine: "snYLKdwDjyR2KjDHFj8g8F9liFYZzqeEv8GQNgx/JI0=",
    by_older: "6dGm5zMPNe+KnwRW6MSnCvsYo+nuX8/izjIyoV2z/Y4=",
    of_empty: "P+OJpOTvECdg9COGTFvkVqOA9hjuhuad2cKAig3GvOI=",
    of_bytes: "jW68xHVKVe73EPXDltr/AUFWsHvuoM3bEq5EbMHtOd4=",
    at_zero: "pCipc6gIR6Zrb97gpL1X72A1E/i6MBYXKBc3EIkM+EY=",
    misspelt: |v1| {
        vec![v1.trim_end_matches('=').to_owned(), v1.replace('/', "_"), v1.to_lowercase(), v1[..40].to_owned()]
    },
};

const SENDERS: [Sender; 2] = [STRIPE, JAAS];

impl Sender {
    fn check_at(&self, header: &str, body: &[u8], now: Timestamp) -> Result<Timestamp, Refusal> {
        Signatures::new([self.secret], self.encode).check(header, body, now)
    }

    fn check(&self, header: &str) -> Result<Timestamp, Refusal> {
        self.check_at(header, self.body, at(T))
    }

    /// Computed in another way than the code under test: the message signed as a whole.
    fn header(&self, secret: &str, t: &str, body: &[u8]) -> String {
        let message = [t.as_bytes(), b".", body].concat();
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()), &message);
        format!("t={t},v1={}", (self.encode)(tag.as_ref()))
    }
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

#[test]
fn signatures_by_openssl_are_genuine() {
    for sender in SENDERS {
        for (t, v1, body) in [
            (T, sender.genuine, sender.body),
            (T, sender.of_empty, b""),
            (T, sender.of_bytes, b"\x00\xff\n\xfe"),
            (0, sender.at_zero, sender.body),
        ] {
            assert_eq!(sender.check_at(&format!("t={t},v1={v1}"), body, at(t)), Ok(at(t)), "{}: {v1}", sender.name);
        }
    }
}

#[test]
fn equivalent_headers_are_accepted() {
    for sender in SENDERS {
        let Sender { genuine, by_older, .. } = sender;
        for header in [
            format!("v1={genuine},t={T}"),
            format!("t={T}, v1={genuine}"),
            format!("t={T},v1={by_older},v1={genuine}"),
            format!("t={T},v1=%%%,v1=,v1={genuine}"),
            format!("t={T},v0={by_older},v1={genuine},v2=x,later=a=b"),
        ] {
            assert_eq!(sender.check(&header), Ok(at(T)), "{}: {header}", sender.name);
        }
    }
}

#[test]
fn invalid_headers_are_forged() {
    for sender in SENDERS {
        let Sender { name, genuine, by_older, of_empty, .. } = sender;
        let misspelt = (sender.misspelt)(genuine).into_iter().map(|v1| format!("t={T},v1={v1}"));
        for header in misspelt.chain([
            String::new(),
            ",".to_owned(),
            "=".to_owned(),
            "t".to_owned(),
            genuine.to_owned(),
            format!("v1={genuine}"),
            format!("t={T}"),
            format!("t={T},v1="),
            format!("t=,v1={genuine}"),
            format!("t={T},t={T},v1={genuine}"),
            format!("t={T},v1={genuine},t={}", T + 1),
            format!("t={T},v1={genuine},"),
            format!("t={T},v1={genuine},nonsense"),
            format!("t={T};v1={genuine}"),
            format!("T={T},V1={genuine}"),
            format!("t =({T}),v1={genuine}"),
            format!("t={T},v0={genuine}"),
            format!("t={T},v2={genuine}"),
            format!("t={T},v1={by_older}"),
            format!("t={T},v1={of_empty}"),
            format!("t={T},v1={genuine}="),
            format!("t={T},v1= {genuine}"),
            format!("t={T},v1={genuine}é"),
            format!("t={T},v1={genuine},é=1"),
            format!("t=١٧٠٥٣١٢٨٠٠,v1={genuine}"),
            format!("t=+{T},v1={genuine}"),
            format!("t=-{T},v1={genuine}"),
            format!("t=0{T},v1={genuine}"),
            format!("t={T}.0,v1={genuine}"),
            format!("t={T}000,v1={genuine}"),
            // The time is signed.
            format!("t={},v1={genuine}", T + 1),
            format!("t={},v1={genuine}", i64::MAX),
            format!("t={},v1={genuine}", i64::MIN),
            format!("t={}0,v1={genuine}", i64::MAX),
            format!("t={},v1={genuine}", "9".repeat(500)),
            format!("t={T},v1={genuine}{}", ",v2=x".repeat(300)),
            "v1=,".repeat(1 << 20),
        ]) {
            assert_eq!(sender.check(&header), Err(Refusal::Forged), "{name}: {}", &header[..header.len().min(80)]);
        }
    }
}

/// Correctly signed: a time has one spelling and is not before 1970.
#[test]
fn invalid_times_are_forged_even_if_signed() {
    for sender in SENDERS {
        for t in ["-1", "+5", "1e3", " 5", "5 ", "0x5", "", "99999999999999999999"] {
            let header = sender.header(sender.secret, t, sender.body);
            let now = at(t.trim().parse().unwrap_or(5));
            assert_eq!(sender.check_at(&header, sender.body, now), Err(Refusal::Forged), "{}: {t:?}", sender.name);
        }
    }
}

#[test]
fn the_tolerance_is_five_minutes_to_the_nanosecond() {
    let tick = SignedDuration::from_nanos(1);
    for sender in SENDERS {
        let header = format!("t={T},v1={}", sender.genuine);
        for now in [at(T - 300), at(T - 299), at(T), at(T + 299), at(T + 300)] {
            assert_eq!(sender.check_at(&header, sender.body, now), Ok(at(T)), "{}: {now}", sender.name);
        }
        for now in [
            at(T - 301),
            at(T - 300) - tick,
            at(T + 300) + tick,
            at(T + 301),
            at(T + 86_400),
            Timestamp::MIN,
            Timestamp::MAX,
        ] {
            assert_eq!(sender.check_at(&header, sender.body, now), Err(Refusal::Stale), "{}: {now}", sender.name);
        }
        // Only what was signed with our secret is called stale.
        let forged = format!("t={T},v1={}", sender.by_older);
        assert_eq!(sender.check_at(&forged, sender.body, at(T + 301)), Err(Refusal::Forged), "{}", sender.name);
    }
}

#[test]
fn while_a_secret_is_changed_both_are_accepted() {
    for Sender { name, encode, secret, older, body, genuine, by_older, .. } in SENDERS {
        for (secrets, accepts_older, accepts_newer) in [
            (&[older][..], true, false),
            (&[secret, older], true, true),
            (&[older, secret], true, true),
            (&[secret], false, true),
        ] {
            let signatures = Signatures::new(secrets.iter().copied(), encode);
            let is_genuine = |v1: &str| signatures.check(&format!("t={T},v1={v1}"), body, at(T)).is_ok();
            assert_eq!(is_genuine(by_older), accepts_older, "{name}: {secrets:?}");
            assert_eq!(is_genuine(genuine), accepts_newer, "{name}: {secrets:?}");
            assert!(is_genuine(&format!("{genuine},v1={by_older}")), "{name}: {secrets:?}");
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
        for sender in SENDERS {
            let header = sender.header(&secret, &t.to_string(), &body);
            let signatures = Signatures::new([secret.as_str()], sender.encode);
            prop_assert_eq!(signatures.check(&header, &body, at(t + off)), Ok(at(t)));
        }
    }

    #[test]
    fn a_changed_bit_of_the_body_is_forged(bit in any::<prop::sample::Index>()) {
        for sender in SENDERS {
            let mut body = sender.body.to_vec();
            let bit = bit.index(body.len() * 8);
            body[bit / 8] ^= 1 << (bit % 8);
            let header = format!("t={T},v1={}", sender.genuine);
            prop_assert_eq!(sender.check_at(&header, &body, at(T)), Err(Refusal::Forged));
        }
    }

    #[test]
    fn a_changed_bit_of_the_signature_is_forged(bit in 0_usize..256) {
        let mut bytes = STANDARD.decode(JAAS.genuine).unwrap();
        bytes[bit / 8] ^= 1 << (bit % 8);
        for text in [STANDARD.encode(&bytes), STANDARD_NO_PAD.encode(&bytes), URL_SAFE.encode(&bytes)] {
            prop_assert_eq!(JAAS.check(&format!("t={T},v1={text}")), Err(Refusal::Forged));
        }
    }

    #[test]
    fn a_changed_digit_of_the_signature_is_forged(place in 0..STRIPE.genuine.len(), digit in "[0-9a-f]") {
        let mut text = STRIPE.genuine.to_owned();
        text.replace_range(place..=place, &digit);
        prop_assume!(text != STRIPE.genuine);
        prop_assert_eq!(STRIPE.check(&format!("t={T},v1={text}")), Err(Refusal::Forged));
    }

    #[test]
    fn the_order_of_elements_does_not_matter(
        others in prop::collection::vec("v[02-9]=[0-9a-f]{0,8}", 0..8),
        first in any::<prop::sample::Index>(),
        second in any::<prop::sample::Index>(),
    ) {
        for sender in SENDERS {
            let mut elements = others.clone();
            elements.insert(first.index(elements.len() + 1), format!("t={T}"));
            elements.insert(second.index(elements.len() + 1), format!("v1={}", sender.genuine));
            prop_assert_eq!(sender.check(&elements.join(",")), Ok(at(T)));
        }
    }

    #[test]
    fn no_guess_is_genuine_or_panics(header in guess(), second in any::<i32>()) {
        for Sender { encode, secret, older, body, .. } in SENDERS {
            let signatures = Signatures::new([secret, older], encode);
            prop_assert_eq!(signatures.check(&header, body, at(second.into())), Err(Refusal::Forged));
        }
    }
}

/// Well-formed and malformed headers, none of them with a signature of a sender's body.
fn guess() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        prop::sample::select(vec!["t=", "v1=", ",", "=", STRIPE.of_empty, JAAS.of_empty]).prop_map(str::to_owned),
        Just(T.to_string()),
        any::<i64>().prop_map(|n| n.to_string()),
        any::<char>().prop_map(String::from),
        "[A-Za-z0-9+/]{43}=",
        "[0-9a-f]{64}",
    ];
    prop_oneof![any::<String>(), prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())]
}
