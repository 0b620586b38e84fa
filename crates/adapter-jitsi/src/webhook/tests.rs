use super::*;

/// 2024-01-15T10:00:00Z.
const T: i64 = 1_705_312_800;
const SECRET: &str = "whsec_4f8b1c7d2e9a";
const OLDER: &str = "older-secret";
const BODY: &[u8] = br#"{"idempotencyKey":"k1","eventType":"PARTICIPANT_JOINED"}"#;

// printf '%s.%s' "$t" "$body" | openssl dgst -sha256 -hmac "$secret" -binary | base64
const GENUINE: &str = "snYLKdwDjyR2KjDHFj8g8F9liFYZzqeEv8GQNgx/JI0=";
const BY_OLDER: &str = "6dGm5zMPNe+KnwRW6MSnCvsYo+nuX8/izjIyoV2z/Y4=";

fn verifier(secrets: &[&str]) -> Result<JaasSignature, SetupError> {
    JaasSignature::new(secrets.iter().copied().map(Secret::new).collect())
}

/// The signatures themselves are tested in `attune-webhook-signature`.
#[test]
fn a_webhook_is_genuine_with_the_signature_of_a_secret_and_a_recent_time() {
    let at = |second| Timestamp::from_second(second).unwrap();
    for (secrets, v1, now, expected) in [
        (&[SECRET][..], GENUINE, T, true),
        (&[SECRET, OLDER], GENUINE, T, true),
        (&[SECRET, OLDER], BY_OLDER, T, true),
        (&[SECRET], BY_OLDER, T, false),
        (&[SECRET], GENUINE, T + 300, true),
        (&[SECRET], GENUINE, T + 301, false),
        (&[SECRET], GENUINE, T - 301, false),
    ] {
        let is_genuine = verifier(secrets).unwrap().is_genuine(&format!("t={T},v1={v1}"), BODY, at(now));
        assert_eq!(is_genuine, expected, "{secrets:?} {v1} {now}");
    }
}

#[test]
fn invalid_secrets_stop_the_start() {
    assert!(matches!(verifier(&[]).err(), Some(SetupError::NoWebhookSecret)));
    for bad in ["", " ", "whsec_a\n", "a b", "\u{0}"] {
        for secrets in [&[bad][..], &[SECRET, bad], &[bad, SECRET]] {
            assert!(matches!(verifier(secrets).err(), Some(SetupError::Text("webhook secret"))), "{bad:?}");
        }
    }
}
