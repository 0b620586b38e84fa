//! Settings that stop the start.

use attune_adapter_jitsi::{Deployment, InvalidAppId, JaasAppId, JitsiSigner, Secret, SetupError, SigningKey};
use attune_domain::meeting::TokenSettings;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::fixtures::{
    APP_ID, KEY_ID, SECRET, client, jaas, pem, pkcs8, private_pem, public, rsa, self_hosted, servers, shared, signed,
};

fn refusal(deployment: Deployment) -> SetupError {
    JitsiSigner::new(deployment).err().expect("the settings are wrong")
}

#[test]
fn app_ids() {
    assert_eq!(JaasAppId::parse(APP_ID).unwrap().as_str(), APP_ID);
    for bad in ["", "vpaas-magic-cookie-", "0a1b2c", KEY_ID, "vpaas-magic-cookie-a b", "vpaas-magic-cookie-a?b#c"] {
        assert_eq!(JaasAppId::parse(bad), Err(InvalidAppId), "{bad}");
    }
}

#[test]
fn invalid_texts_are_named() {
    for bad in ["", " practice", "practice\n", "a b", "\u{0}"] {
        let with = |claims| self_hosted(claims, SigningKey::Hs256(Secret::new(SECRET)));
        for (deployment, what) in [
            (with([bad, "jitsi", "*"]), "issuer"),
            (with(["practice", bad, "*"]), "audience"),
            (with(["practice", "jitsi", bad]), "subject"),
            (public(bad, &private_pem(0)), "key id"),
        ] {
            let error = refusal(deployment);
            assert!(matches!(error, SetupError::Text(named) if named == what), "{bad:?}: {error}");
        }
    }
}

#[test]
fn short_secrets_are_refused() {
    for short in ["", "secret", &SECRET[..31]] {
        let error = refusal(shared(short));
        assert!(matches!(error, SetupError::SecretTooShort), "{error}");
    }
}

#[test]
fn the_key_of_another_app_is_refused() {
    for bad in ["9c8b7a", "vpaas-magic-cookie-other/9c8b7a", APP_ID, &format!("{APP_ID}/"), ""] {
        let error = refusal(jaas(bad, &private_pem(0)));
        assert!(matches!(error, SetupError::JaasKeyId | SetupError::Text("key id")), "{bad}: {error}");
    }
}

/// The key inside a PKCS#8 envelope of an RSA key of 2,048 bits, which is always 26 bytes thick (RFC 5958).
fn pkcs1(pkcs8: &[u8]) -> &[u8] {
    &pkcs8[26..]
}

#[test]
fn both_formats_of_private_keys_sign_equally() {
    let old = pem("RSA PRIVATE KEY", pkcs1(&pkcs8(rsa(0))));
    let claims = client("Zoë", &TokenSettings::default());
    assert_eq!(signed(public("k", &old), &claims), signed(public("k", &private_pem(0)), &claims));
}

#[test]
fn keys_that_cannot_sign_stop_the_start() {
    let whole = private_pem(0);
    let der = pkcs8(rsa(0));
    let elliptic = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
    let elliptic = elliptic.to_pkcs8v1().unwrap();
    let mut bent = der.clone();
    // Somewhere in the modulus.
    bent[100] ^= 1;
    type Expected = fn(&SetupError) -> bool;
    let not_pem: Expected = |e| matches!(e, SetupError::NotPem);
    let encrypted: Expected = |e| matches!(e, SetupError::EncryptedKey);
    let public_key: Expected = |e| matches!(e, SetupError::PublicKey);
    let not_rsa: Expected = |e| matches!(e, SetupError::NotRsa);
    let unreadable: Expected = |e| matches!(e, SetupError::UnreadableKey(_));
    let unusable: Expected = |e| matches!(e, SetupError::UnusableKey(_));
    for (key, expected) in [
        (String::new(), not_pem),
        (SECRET.to_owned(), not_pem),
        (STANDARD.encode(&der), not_pem),
        (pem("ENCRYPTED PRIVATE KEY", &der), encrypted),
        (whole.replace("BEGIN PRIVATE KEY-----", "BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED"), encrypted),
        (pem("RSA PUBLIC KEY", rsa(0).public_key().as_ref()), public_key),
        (pem("CERTIFICATE", &der), public_key),
        (pem("EC PRIVATE KEY", &der), not_rsa),
        (pem("OPENSSH PRIVATE KEY", &der), not_rsa),
        (pem("PRIVATE KEY", elliptic.as_ref()), unreadable),
        (whole[..whole.len() / 2].to_owned(), unreadable),
        (pem("PRIVATE KEY", &der[..der.len() / 2]), unreadable),
        (pem("PRIVATE KEY", b"no key at all"), unreadable),
        (pem("PRIVATE KEY", &bent), unusable),
    ] {
        let error = refusal(public("k", &key));
        assert!(expected(&error), "{error:?}");
        // Neither an error nor its sources show a part of the key.
        let shown = format!("{error} {error:?}");
        assert!(!key.lines().any(|line| line.len() > 16 && !line.starts_with('-') && shown.contains(line)), "{shown}");
    }
}

#[test]
fn debug_shows_no_key() {
    let shown = format!("{:?}", servers().map(|server| server.deployment));
    let key = private_pem(0);
    let line = key.lines().nth(1).unwrap();
    assert!(!shown.contains(SECRET) && !shown.contains(line) && !shown.contains("BEGIN"), "{shown}");
    assert!(shown.contains("practice") && shown.contains(KEY_ID), "what is no secret can be read: {shown}");
}
