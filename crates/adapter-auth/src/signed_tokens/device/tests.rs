use super::*;
use crate::signed_tokens::tests::{OTHER, SECRET, alterations, forge, join_tokens, secret};

const DEVICE: DeviceId = DeviceId([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]);

fn user(id: i64) -> UserId {
    UserId::new(id).unwrap()
}

/// Computed with another implementation of HMAC. If this test fails, every known device becomes unknown.
#[test]
fn device_tokens_are_stable() {
    for (user, device, text) in [
        (user(7), DEVICE, "AQAAAAAAAAAHAAECAwQFBgcICQoLDA0OD04OulTCMb1PMhRPVcxoL8w"),
        (user(i64::MAX), DeviceId([0xff; 16]), "AX_______________________________-xmSzyoU0kvcWfI7Dz8l0A"),
    ] {
        assert_eq!(join_tokens().sign_device(user, &device), text);
        assert_eq!(join_tokens().verify_device(text), Some((user, device)));
    }
}

#[test]
fn altered_texts_are_refused() {
    for altered in alterations(&join_tokens().sign_device(user(7), &DEVICE)) {
        assert_eq!(join_tokens().verify_device(&altered), None, "{altered:?}");
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
        (1, 7, b"attune known device", false),
        (1, 7, b"attune join ticket\0", false),
        (1, 7, b"", false),
    ] {
        let text = forge(&[&[layout][..], &id.to_be_bytes(), &DEVICE.0].concat(), label, &[]);
        assert_eq!(join_tokens().verify_device(&text), genuine.then_some((user(7), DEVICE)), "{layout} {id} {label:?}");
    }
}

#[test]
fn a_previous_secret_verifies_but_never_signs() {
    let renewed = SignedJoinTokens::new(&secret(OTHER), &[secret(SECRET)]);
    let [old, new] = [&join_tokens(), &renewed].map(|tokens| tokens.sign_device(user(7), &DEVICE));
    assert_eq!([&old, &new].map(|text| renewed.verify_device(text)), [Some((user(7), DEVICE)); 2]);
    assert_eq!(join_tokens().verify_device(&new), None);
}
