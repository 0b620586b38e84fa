//! Tests of tickets: that the ones we sealed open, and that nothing else does.

use attune_domain::LoginSessionId;
use attune_ports::{AccessClaims, AccessTokens, TokenError};
use jiff::Timestamp;
use proptest::prelude::*;

use super::*;
use crate::{JwtAccessTokens, TokenConfig};

const SECRET: &str = "kV3n0yQxJ7pWq1Zt8RbLm5Xc2HsGf9Ud";
const OTHER: &str = "Zx8cVb4nMa6sDf2gHj9kLq1wEr3tYu7i";

const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

fn secret(text: &str) -> SigningSecret {
    SigningSecret::new(text).unwrap()
}

fn tickets() -> SignedJoinTokens {
    SignedJoinTokens::new(&secret(SECRET), &[])
}

fn ticket(booking: i64, viewer: ViewerId, link_version: u32) -> JoinToken {
    JoinToken { booking: BookingId::new(booking).unwrap(), viewer, link_version }
}

fn account(id: i64) -> ViewerId {
    ViewerId::Account(UserId::new(id).unwrap())
}

fn participant(id: i64) -> ViewerId {
    ViewerId::Participant(ParticipantId::new(id).unwrap())
}

/// Tickets that have little and much in them.
fn samples() -> [JoinToken; 4] {
    [
        ticket(12, account(7), 1),
        ticket(12, participant(7), 1),
        ticket(1, account(1), 0),
        ticket(i64::MAX, participant(i64::MAX), u32::MAX),
    ]
}

fn hmac_of(key: &[u8], data: &[u8]) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(HMAC_SHA256, key), data).as_ref().to_vec()
}

/// The bytes of an account's ticket, written down once more.
fn payload() -> Vec<u8> {
    let mut payload = vec![1, 0];
    payload.extend(12_i64.to_be_bytes());
    payload.extend(7_i64.to_be_bytes());
    payload.extend(1_u32.to_be_bytes());
    payload
}

/// Any ticket anybody could write, sealed with any key and for any purpose.
fn forge(payload: &[u8], key: &[u8], purpose: &[u8]) -> String {
    let seal = hmac_of(key, &[purpose, payload].concat());
    URL_SAFE_NO_PAD.encode([payload, &seal[..16]].concat())
}

fn right_key() -> Vec<u8> {
    hmac_of(SECRET.as_bytes(), b"attune ticket sealing key")
}

const RIGHT_PURPOSE: &[u8] = b"attune join ticket\0";

/// Worked out with another implementation of HMAC. Mails with such links are on their way and in mailboxes: should this
/// test ever fail, all of them are dead.
#[test]
fn tickets_to_the_letter() {
    for (ticket, text) in [
        (ticket(12, account(7), 1), "AQAAAAAAAAAADAAAAAAAAAAHAAAAAUA02LSqSyM1M-zSVxJOAq4"),
        (ticket(12, participant(7), 1), "AQEAAAAAAAAADAAAAAAAAAAHAAAAAZCUwuY7fOTTNr-01Mu8L8g"),
        (ticket(i64::MAX, participant(i64::MAX), u32::MAX), "AQF__________3_______________9c6vcpMCgAoB6w_FW-h2V0"),
    ] {
        assert_eq!(tickets().seal(&ticket), text);
        assert_eq!(tickets().open(text), Some(ticket));
    }
}

/// The control of the tests below: what they change is the only reason for the refusal.
#[test]
fn the_forger_can_make_a_good_ticket() {
    let forged = forge(&payload(), &right_key(), RIGHT_PURPOSE);
    assert_eq!(tickets().open(&forged), Some(ticket(12, account(7), 1)));
    assert_eq!(forged, tickets().seal(&ticket(12, account(7), 1)));
}

#[test]
fn other_keys_seal_nothing() {
    for (what, key) in [
        ("another secret", hmac_of(OTHER.as_bytes(), b"attune ticket sealing key")),
        ("the key that signs access tokens", SECRET.as_bytes().to_vec()),
        ("a key for something else", hmac_of(SECRET.as_bytes(), b"attune something else")),
        ("the label alone", b"attune ticket sealing key".to_vec()),
        ("no key", Vec::new()),
        ("zeros", vec![0; 32]),
    ] {
        assert_eq!(tickets().open(&forge(&payload(), &key, RIGHT_PURPOSE)), None, "{what}");
    }
}

#[test]
fn other_purposes_open_no_door() {
    for purpose in [&b""[..], b"attune join ticket", b"attune reset ticket\0", b"attune join ticket\0\0", b"\0"] {
        assert_eq!(tickets().open(&forge(&payload(), &right_key(), purpose)), None, "{purpose:?}");
    }
}

/// Sealed with our key and still no ticket that we ever make.
#[test]
fn other_layouts_are_not_read() {
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
        ("nobody", zero_person),
        ("a byte too many", [&payload()[..], &[0]].concat()),
        ("a byte too few", payload()[..21].to_vec()),
        ("nothing", Vec::new()),
    ] {
        assert_eq!(tickets().open(&forge(&payload, &right_key(), RIGHT_PURPOSE)), None, "{what}");
    }
}

#[test]
fn every_flipped_bit_is_noticed() {
    for ticket in samples() {
        let bytes = URL_SAFE_NO_PAD.decode(tickets().seal(&ticket)).unwrap();
        assert_eq!(bytes.len(), 38);
        for bit in 0..bytes.len() * 8 {
            let mut changed = bytes.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(tickets().open(&URL_SAFE_NO_PAD.encode(changed)), None, "bit {bit} of {ticket:?}");
        }
    }
}

/// Also the last character, of which only a part stands for something.
#[test]
fn every_changed_character_is_noticed() {
    for ticket in samples() {
        let text = tickets().seal(&ticket);
        for index in 0..text.len() {
            for other in ALPHABET.chars().chain("+/=. %\0\n\u{e9}".chars()) {
                let changed = format!("{}{other}{}", &text[..index], &text[index + 1..]);
                assert_eq!(tickets().open(&changed).is_some(), changed == text, "{changed:?}");
            }
        }
    }
}

#[test]
fn every_missing_and_every_added_character_is_noticed() {
    let text = tickets().seal(&samples()[0]);
    for index in 0..=text.len() {
        assert_eq!(tickets().open(&text[..index]).is_some(), index == text.len(), "cut at {index}");
        if index < text.len() {
            assert_eq!(tickets().open(&[&text[..index], &text[index + 1..]].concat()), None, "without {index}");
        }
        for added in ["A", "_", "=", "==", "AA", "AAA", "AAAA", " ", "\n", ".", "\0"] {
            let changed = format!("{}{added}{}", &text[..index], &text[index..]);
            assert_eq!(tickets().open(&changed), None, "{changed:?}");
        }
    }
}

/// 38 bytes leave two bits of the last character without a meaning; three of four ways to fill them are refused, and so is
/// every other way to write the same bytes.
#[test]
fn a_ticket_has_one_text() {
    use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE};

    // Its bytes look different in the two alphabets.
    let text = tickets().seal(&samples()[3]);
    let bytes = URL_SAFE_NO_PAD.decode(&text).unwrap();
    let (most, last) = text.split_at(text.len() - 1);
    let last = ALPHABET.find(last).unwrap();
    assert_eq!(last % 4, 0, "the two bits are zero");
    for stray in 1..4 {
        let other = &ALPHABET[last + stray..=last + stray];
        assert_eq!(tickets().open(&format!("{most}{other}")), None);
    }
    for other in [STANDARD.encode(&bytes), STANDARD_NO_PAD.encode(&bytes), URL_SAFE.encode(&bytes)] {
        assert_ne!(other, text);
        assert_eq!(tickets().open(&other), None, "{other}");
    }
    for other in
        [text.to_lowercase(), text.to_uppercase(), format!(" {text}"), format!("{text}\n"), format!("{text}?x")]
    {
        assert_eq!(tickets().open(&other), None, "{other:?}");
    }
}

#[test]
fn a_previous_secret_still_opens_and_seals_no_more() {
    let sample = samples()[0];
    let old = tickets().seal(&sample);
    let renewed = SignedJoinTokens::new(&secret(OTHER), &[secret(SECRET)]);
    assert_eq!(renewed.open(&old), Some(sample));
    let new = renewed.seal(&sample);
    assert_ne!(new, old);
    assert_eq!(renewed.open(&new), Some(sample));
    assert_eq!(tickets().open(&new), None);
    // IdempotentRequest it is forgotten, what it sealed is worth nothing.
    assert_eq!(SignedJoinTokens::new(&secret(OTHER), &[]).open(&old), None);
    let third = secret("pL0oKm9iJn8uHb7yGv6tFc5rDx4eSz3w");
    let all = SignedJoinTokens::new(&third, &[secret(OTHER), secret(SECRET)]);
    assert_eq!((all.open(&old), all.open(&new)), (Some(sample), Some(sample)));
}

/// Both are made with the same secret, and neither is the other.
#[test]
fn tickets_and_access_tokens_are_two_things() {
    let tokens = JwtAccessTokens::new(TokenConfig {
        secret: secret(SECRET),
        previous: Vec::new(),
        issuer: "https://practice.example".to_owned(),
        audience: "attune-api".to_owned(),
    });
    let now = Timestamp::from_second(1_705_312_800).unwrap();
    let claims = AccessClaims {
        user: UserId::new(7).unwrap(),
        session: LoginSessionId::new(31).unwrap(),
        issued_at: now,
        expires_at: Timestamp::from_second(1_705_313_700).unwrap(),
        nonce: [0xab; 16],
    };
    let token = tokens.issue(&claims).unwrap();
    assert_eq!(tokens.verify(&token, now), Ok(claims));
    assert_eq!(tickets().open(&token), None);
    assert!(token.split('.').all(|part| tickets().open(part).is_none()));
    for sample in samples() {
        assert_eq!(tokens.verify(&tickets().seal(&sample), now), Err(TokenError::Invalid));
    }
}

#[test]
fn debug_shows_nothing() {
    let tickets = SignedJoinTokens::new(&secret(SECRET), &[secret(OTHER)]);
    assert_eq!(format!("{tickets:?}"), "SealedTickets(***)");
}

fn any_ticket() -> impl Strategy<Value = JoinToken> {
    let number = || prop_oneof![1_i64..100, 1..=i64::MAX];
    (number(), any::<bool>(), number(), prop_oneof![1_u32..10, any::<u32>()]).prop_map(
        |(booking, is_account, person, link_version)| {
            ticket(booking, if is_account { account(person) } else { participant(person) }, link_version)
        },
    )
}

proptest! {
    #[test]
    fn what_is_sealed_opens_as_what_it_was(sample in any_ticket()) {
        let text = tickets().seal(&sample);
        prop_assert_eq!(tickets().open(&text), Some(sample));
        prop_assert_eq!(&tickets().seal(&sample), &text, "the same ticket always gives the same text");
        prop_assert!(!text.is_empty() && text.len() < 80, "{text}");
        prop_assert!(text.chars().all(|c| ALPHABET.contains(c)), "{text} has to be written otherwise in a URL");
        prop_assert_eq!(SignedJoinTokens::new(&secret(OTHER), &[]).open(&text), None);
    }

    /// Nobody gets somebody else's ticket by putting the seal of their own behind it.
    #[test]
    fn a_seal_belongs_to_one_ticket(own in any_ticket(), wanted in any_ticket()) {
        prop_assume!(own != wanted);
        let [own, wanted] = [own, wanted].map(|t| URL_SAFE_NO_PAD.decode(tickets().seal(&t)).unwrap());
        let stolen = [&wanted[..PAYLOAD_BYTES], &own[PAYLOAD_BYTES..]].concat();
        prop_assert_eq!(tickets().open(&URL_SAFE_NO_PAD.encode(stolen)), None);
    }

    #[test]
    fn no_text_panics_or_opens(text in "\\PC{0,60}|[A-Za-z0-9_-]{45,55}|AQ[AEQg]A{20}[A-Za-z0-9_-]{28}") {
        prop_assert_eq!(tickets().open(&text), None);
    }
}
