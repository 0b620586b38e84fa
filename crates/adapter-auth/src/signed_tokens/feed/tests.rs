use super::*;
use crate::signed_tokens::tests::{OTHER, SECRET, alterations, forge, join_tokens, secret};

const NONCE: [u8; 16] = [7; 16];

fn user(id: i64) -> UserId {
    UserId::new(id).unwrap()
}

/// Computed with another implementation of HMAC. If this test fails, all calendar programs lose their feeds.
#[test]
fn feed_tokens_are_stable() {
    let counting = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];
    for (user, nonce, text) in [
        (user(7), NONCE, "AQAAAAAAAAAHTkls6dk3FAmxkyY3HbqAow"),
        (user(i64::MAX), counting, "AX__________KLzUEtJOHJA-BQfD4MwFkw"),
    ] {
        assert_eq!(join_tokens().sign_feed(user, &nonce), text);
        assert_eq!(join_tokens().read_feed(text), Some(user));
        assert!(join_tokens().is_genuine_feed(text, user, &nonce));
    }
}

#[test]
fn a_text_is_genuine_for_one_feed() {
    let text = join_tokens().sign_feed(user(7), &NONCE);
    for (id, nonce, genuine) in [(7, NONCE, true), (8, NONCE, false), (7, [8; 16], false), (7, [0; 16], false)] {
        assert_eq!(join_tokens().is_genuine_feed(&text, user(id), &nonce), genuine, "{id} {nonce:?}");
    }
}

#[test]
fn altered_texts_are_refused() {
    for altered in alterations(&join_tokens().sign_feed(user(7), &NONCE)) {
        assert!(!join_tokens().is_genuine_feed(&altered, user(7), &NONCE), "{altered:?}");
    }
}

/// Signed with our key.
#[test]
fn other_layouts_and_labels_are_refused() {
    for (layout, id, label, genuine) in [
        (1, 7_i64, LABEL, true),
        (0, 7, LABEL, false),
        (2, 7, LABEL, false),
        (1, 0, LABEL, false),
        (1, -7, LABEL, false),
        (1, 7, b"attune calendar feed", false),
        (1, 7, b"attune pay page\0", false),
        (1, 7, b"", false),
    ] {
        let text = forge(&[&[layout][..], &id.to_be_bytes()].concat(), label, &NONCE);
        assert_eq!(join_tokens().is_genuine_feed(&text, user(7), &NONCE), genuine, "{layout} {id} {label:?}");
    }
}

#[test]
fn a_previous_secret_verifies_but_never_signs() {
    let renewed = SignedJoinTokens::new(&secret(OTHER), &[secret(SECRET)]);
    let [old, new] = [&join_tokens(), &renewed].map(|tokens| tokens.sign_feed(user(7), &NONCE));
    assert_ne!(old, new);
    assert!(renewed.is_genuine_feed(&old, user(7), &NONCE) && renewed.is_genuine_feed(&new, user(7), &NONCE));
    assert!(!join_tokens().is_genuine_feed(&new, user(7), &NONCE));
}
