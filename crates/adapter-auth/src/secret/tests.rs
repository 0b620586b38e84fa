use proptest::prelude::*;

use super::*;

const GOOD: &str = "kV3n0yQxJ7pWq1Zt8RbLm5Xc2HsGf9Ud";

fn refusal(secret: &str) -> Option<WeakSecret> {
    SigningSecret::new(secret).err()
}

#[test]
fn a_secret_needs_32_bytes() {
    assert_eq!(GOOD.len(), 32);
    assert_eq!(refusal(GOOD), None);
    for short in ["", "x", &GOOD[..31]] {
        assert_eq!(refusal(short), Some(WeakSecret::TooShort));
    }
}

#[test]
fn any_bytes_are_accepted() {
    let bytes: Vec<u8> = (0..=255).rev().step_by(7).collect();
    assert_eq!(SigningSecret::new(bytes.clone()).unwrap().bytes(), bytes);
}

#[test]
fn secrets_from_documents_are_refused() {
    for known in [
        "your-256-bit-secret-your-256-bit-secret",
        "a-string-secret-at-least-256-bits-long",
        "your-super-secret-jwt-key-change-in-production",
        "CHANGE_ME_CHANGE_ME_CHANGE_ME_CHANGE_ME",
        "change this to something long and random, please",
        "MySuperSecretKeyForJwtTokens1234",
        "s-e-c-r-e-t kV3n0yQxJ7pWq1Zt8RbLm5Xc2HsGf9Ud",
        "Password1!Password2!Password3!Pa",
        "abcdefghijklmnopqrstuvwxyz012345",
        "insecure-key-for-local-runs-only-x",
        "default-signing-key-of-the-product",
        "replace-with-openssl-rand-output-x",
        "only-for-development-0f1e2d3c4b5a69",
    ] {
        assert_eq!(refusal(known), Some(WeakSecret::WellKnown), "{known}");
    }
}

#[test]
fn repetition_is_refused() {
    for repetitive in [
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".to_owned(),
        "aB3aB3aB3aB3aB3aB3aB3aB3aB3aB3aB3aB3".to_owned(),
        "0123401234012340123401234012340123401234".to_owned(),
        "1e5f9a0c7b3d2846".repeat(2),
        "aabbabaaabbbababbaabbbaababaabbb".to_owned(),
        "fjdkfjdksjfkdjsfkdsjfkdlsjfkdsjfklds".to_owned(),
        "\0".repeat(64),
    ] {
        assert_eq!(refusal(&repetitive), Some(WeakSecret::Repetitive), "{repetitive}");
    }
}

#[test]
fn neither_debug_nor_errors_show_it() {
    assert_eq!(format!("{:?}", SigningSecret::new(GOOD).unwrap()), "SigningSecret(***)");
    let error = SigningSecret::new("hunter2 hunter2 hunter2 password!").unwrap_err();
    assert!(!format!("{error} {error:?}").contains("hunter2"));
}

proptest! {
    /// The output of `openssl rand -hex 32` and `-base64 32` is never refused.
    #[test]
    fn random_secrets_are_accepted(bytes in any::<[u8; 32]>()) {
        use base64::Engine;
        let hex: String = bytes.iter().map(|b| format!("{b:02x}")).collect();
        // proptest also generates bytes such as 32 zeros, which are rightly refused.
        let mut different = bytes.to_vec();
        different.sort_unstable();
        different.dedup();
        prop_assume!(different.len() > 24);
        prop_assert!(SigningSecret::new(bytes).is_ok());
        prop_assert!(SigningSecret::new(hex).is_ok());
        prop_assert!(SigningSecret::new(base64::engine::general_purpose::STANDARD.encode(bytes)).is_ok());
    }

    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
        let length = bytes.len();
        prop_assert!(SigningSecret::new(bytes).is_err() || length >= SigningSecret::MIN_BYTES);
    }
}
