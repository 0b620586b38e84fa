use attune_domain::login_session::DeviceId;
use attune_domain::{BookingId, JoinToken, OneTimePurpose, OneTimeTokenId, ParticipantId, UserId, ViewerId};
use attune_ports::{CalendarFeedTokens, DeviceTokens, JoinTokens, OneTimeTokenSigner, PayTokens};
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE};

use super::*;

pub(crate) const SECRET: &str = "kV3n0yQxJ7pWq1Zt8RbLm5Xc2HsGf9Ud";
pub(crate) const OTHER: &str = "Zx8cVb4nMa6sDf2gHj9kLq1wEr3tYu7i";

pub(super) const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

pub(crate) fn secret(text: &str) -> SigningSecret {
    SigningSecret::new(text).unwrap()
}

pub(super) fn join_tokens() -> SignedJoinTokens {
    SignedJoinTokens::new(&secret(SECRET), &[])
}

pub(super) fn token(booking: i64, viewer: ViewerId, link_version: u32) -> JoinToken {
    JoinToken { booking: BookingId::new(booking).unwrap(), viewer, link_version }
}

pub(super) fn account(id: i64) -> ViewerId {
    ViewerId::Account(UserId::new(id).unwrap())
}

pub(super) fn participant(id: i64) -> ViewerId {
    ViewerId::Participant(ParticipantId::new(id).unwrap())
}

pub(crate) fn samples() -> [JoinToken; 4] {
    [
        token(12, account(7), 1),
        token(12, participant(7), 1),
        token(1, account(1), 0),
        token(i64::MAX, participant(i64::MAX), u32::MAX),
    ]
}

/// Signed with our key.
pub(super) fn forge(payload: &[u8], label: &[u8], nonce: &[u8]) -> String {
    join_tokens().text(label, payload, nonce)
}

/// Everything that differs a little from this text.
pub(super) fn alterations(text: &str) -> Vec<String> {
    let bytes = URL_SAFE_NO_PAD.decode(text).unwrap();
    let flipped = (0..bytes.len() * 8).map(|bit| {
        let mut changed = bytes.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        URL_SAFE_NO_PAD.encode(changed)
    });
    let replaced = (0..text.len()).flat_map(|index| {
        let others = ALPHABET.chars().chain("+/=. %\0\n\u{e9}".chars());
        others.map(move |other| format!("{}{other}{}", &text[..index], &text[index + 1..]))
    });
    let cut = (0..text.len()).flat_map(|index| [text[..index].to_owned(), text[index + 1..].to_owned()]);
    let longer = ["A", "_", "=", "==", "AA", "AAAA", " ", "\n", "\0"].map(|added| [text, added].concat());
    let encoded = [STANDARD.encode(&bytes), STANDARD_NO_PAD.encode(&bytes), URL_SAFE.encode(&bytes)];
    let all = flipped.chain(replaced).chain(cut).chain(longer).chain(encoded);
    all.chain([text.to_lowercase(), format!(" {text}")]).filter(|other| other != text).collect()
}

#[test]
fn a_token_of_one_kind_is_none_of_another() {
    let tokens = join_tokens();
    let id = 12;
    let (user, nonce) = (UserId::new(id).unwrap(), [0; 16]);
    let texts = [
        tokens.sign(&token(id, account(id), 1)),
        tokens.sign_payment(BookingId::new(id).unwrap()),
        tokens.sign_one_time(OneTimePurpose::ResetPassword, OneTimeTokenId::new(id).unwrap(), &nonce),
        tokens.sign_device(user, &DeviceId([0; 16])),
        tokens.sign_feed(user, &nonce),
    ];
    for (kind, text) in texts.iter().enumerate() {
        let accepted = [
            tokens.verify(text).is_some(),
            tokens.verify_payment(text).is_some(),
            tokens.read_one_time(text).is_some(),
            tokens.verify_device(text).is_some(),
            tokens.is_genuine_feed(text, user, &nonce),
        ];
        assert_eq!(accepted, [0, 1, 2, 3, 4].map(|other| other == kind), "{text}");
    }
}

#[test]
fn debug_shows_nothing() {
    let tokens = SignedJoinTokens::new(&secret(SECRET), &[secret(OTHER)]);
    assert_eq!(format!("{tokens:?}"), "SignedJoinTokens(***)");
}
