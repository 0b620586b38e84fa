use attune_domain::{LoginSessionId, UserId};
use attune_ports::JoinTokens;
use jsonwebtoken::crypto::sign;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::SignedJoinTokens;
use crate::signed_tokens::tests::samples;

const SECRET: &str = "kV3n0yQxJ7pWq1Zt8RbLm5Xc2HsGf9Ud";
const OTHER: &str = "Zx8cVb4nMa6sDf2gHj9kLq1wEr3tYu7i";

fn secret(text: &str) -> SigningSecret {
    SigningSecret::new(text).unwrap()
}

fn config() -> TokenConfig {
    TokenConfig {
        secret: secret(SECRET),
        previous: Vec::new(),
        issuer: "https://practice.example".to_owned(),
        audience: "attune-api".to_owned(),
        lifetime: SignedDuration::from_secs(END - START),
    }
}

fn tokens() -> JwtAccessTokens {
    JwtAccessTokens::new(config())
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

/// 2024-01-15T10:00:00Z, when all tokens here are issued.
const START: i64 = 1_705_312_800;
/// Fifteen minutes later, when they end.
const END: i64 = START + 900;

fn now() -> Timestamp {
    at(START + 60)
}

fn claims() -> AccessClaims {
    AccessClaims {
        user: UserId::new(7).unwrap(),
        session: LoginSessionId::new(31).unwrap(),
        issued_at: at(START),
        expires_at: at(END),
        nonce: [0xab; 16],
    }
}

/// Any header and claims, signed with any secret.
fn forge(header: &Value, claims: &Value, with: &str, algorithm: Algorithm) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let message = format!("{}.{}", part(header), part(claims));
    let signature = sign(message.as_bytes(), &EncodingKey::from_secret(with.as_bytes()), algorithm).unwrap();
    format!("{message}.{signature}")
}

fn good_header() -> Value {
    json!({ "alg": "HS256", "typ": "JWT", "kid": key_id(&secret(SECRET)) })
}

fn good_claims() -> Value {
    json!({
        "iss": "https://practice.example", "aud": "attune-api", "sub": "7", "sid": "31", "typ": "access",
        "jti": URL_SAFE_NO_PAD.encode([0xab; 16]), "iat": START, "nbf": START, "exp": END,
    })
}

fn with(mut object: Value, member: &str, value: Value) -> Value {
    object[member] = value;
    object
}

fn without(mut object: Value, member: &str) -> Value {
    assert!(object.as_object_mut().unwrap().remove(member).is_some());
    object
}

fn signed_header(header: &Value) -> Result<AccessClaims, TokenError> {
    tokens().verify(&forge(header, &good_claims(), SECRET, Algorithm::HS256), now())
}

fn signed_claims(claims: &Value) -> Result<AccessClaims, TokenError> {
    tokens().verify(&forge(&good_header(), claims, SECRET, Algorithm::HS256), now())
}

fn assert_header_refused(header: &Value) {
    assert_eq!(signed_header(header), Err(TokenError::Invalid), "{header}");
}

fn assert_claims_refused(claims: &Value) {
    assert_eq!(signed_claims(claims), Err(TokenError::Invalid), "{claims}");
}

fn assert_refused(token: &str) {
    assert_eq!(tokens().verify(token, now()), Err(TokenError::Invalid), "{token:.200}");
}

/// The control of all tests below: what they change is the only reason for a refusal.
#[test]
fn forge_can_create_a_valid_token() {
    assert_eq!(signed_header(&good_header()), Ok(claims()));
    assert_eq!(signed_claims(&good_claims()), Ok(claims()));
}

#[test]
fn round_trip() {
    let token = tokens().issue(&claims()).unwrap();
    assert_eq!(tokens().verify(&token, now()), Ok(claims()));
}

#[test]
fn the_format_of_a_token() {
    let token = tokens().issue(&claims()).unwrap();
    let parts: Vec<Value> = token
        .split('.')
        .take(2)
        .map(|part| serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap())
        .collect();
    assert_eq!(parts, [good_header(), good_claims()]);
}

#[test]
fn milliseconds_are_lost() {
    let sent = AccessClaims {
        issued_at: Timestamp::from_millisecond(START * 1000 + 999).unwrap(),
        expires_at: Timestamp::from_millisecond(END * 1000 + 999).unwrap(),
        ..claims()
    };
    assert_eq!(tokens().verify(&tokens().issue(&sent).unwrap(), now()), Ok(claims()));
}

#[test]
fn times_are_compared_with_the_given_instant_to_the_second() {
    let token = tokens().issue(&claims()).unwrap();
    for (seconds, verdict) in [
        (START - 61, Err(TokenError::Invalid)),
        (START - 60, Ok(claims())),
        (START - 6, Ok(claims())),
        (START, Ok(claims())),
        (END - 1, Ok(claims())),
        (END, Ok(claims())),
        (END + 4, Ok(claims())),
        (END + 5, Err(TokenError::Expired)),
        (END + 30, Err(TokenError::Expired)),
        (END + 1_000_000_000, Err(TokenError::Expired)),
    ] {
        assert_eq!(tokens().verify(&token, at(seconds)), verdict, "{}", seconds - START);
    }
    assert_eq!(tokens().verify(&token, Timestamp::MAX), Err(TokenError::Expired));
    assert_eq!(tokens().verify(&token, Timestamp::MIN), Err(TokenError::Invalid));
}

#[test]
fn other_algorithms_are_refused() {
    for alg in ["none", "None", "NONE", "nOnE", "", "HS384", "HS512", "RS256", "ES256", "PS256", "EdDSA", "hs256"] {
        assert_header_refused(&with(good_header(), "alg", json!(alg)));
    }
    for alg in [json!(null), json!(256), json!(["HS256"]), json!({ "HS256": true })] {
        assert_header_refused(&with(good_header(), "alg", alg));
    }
    for (alg, algorithm) in [("HS384", Algorithm::HS384), ("HS512", Algorithm::HS512), ("HS256", Algorithm::HS512)] {
        assert_refused(&forge(&with(good_header(), "alg", json!(alg)), &good_claims(), SECRET, algorithm));
    }
}

#[test]
fn a_token_without_a_signature_is_refused() {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    for alg in ["none", "None", "NONE", "nOnE", "HS256"] {
        let message = format!("{}.{}", part(&with(good_header(), "alg", json!(alg))), part(&good_claims()));
        for ending in ["", ".", "..", ".AA"] {
            assert_refused(&format!("{message}{ending}"));
        }
    }
}

#[test]
fn a_header_has_alg_typ_and_kid_only() {
    let jwk = json!({ "kty": "oct", "k": URL_SAFE_NO_PAD.encode(SECRET), "alg": "HS256" });
    for (member, value) in [
        ("jwk", jwk),
        ("jku", json!("https://evil.example/keys.json")),
        ("x5u", json!("https://evil.example/cert.pem")),
        ("x5c", json!(["MIIB"])),
        ("x5t", json!("abc")),
        ("x5t#S256", json!("abc")),
        ("crit", json!(["exp"])),
        ("crit", json!([])),
        ("cty", json!("JWT")),
        ("zip", json!("DEF")),
        ("enc", json!("A128GCM")),
        ("b64", json!(false)),
        ("url", json!("https://evil.example")),
        ("nonce", json!("x")),
        ("anything", json!(null)),
    ] {
        assert_header_refused(&with(good_header(), member, value));
    }
    for member in ["alg", "typ", "kid"] {
        assert_header_refused(&without(good_header(), member));
        assert_header_refused(&with(good_header(), member, json!(1)));
    }
    for typ in ["at+jwt", "jwt", "JWS", "refresh", ""] {
        assert_header_refused(&with(good_header(), "typ", json!(typ)));
    }
    for kid in ["", "../../dev/null", "' OR 1=1 --", "0", &key_id(&secret(OTHER))] {
        assert_header_refused(&with(good_header(), "kid", json!(kid)));
    }
}

#[test]
fn a_duplicate_member_is_refused() {
    let doubled = format!(r#"{{"alg":"none","alg":"HS256","typ":"JWT","kid":"{}"}}"#, key_id(&secret(SECRET)));
    let message = format!("{}.{}", URL_SAFE_NO_PAD.encode(doubled), URL_SAFE_NO_PAD.encode(good_claims().to_string()));
    let key = EncodingKey::from_secret(SECRET.as_bytes());
    assert_refused(&format!("{message}.{}", sign(message.as_bytes(), &key, Algorithm::HS256).unwrap()));
}

#[test]
fn every_claim_is_required_and_has_its_type() {
    let any = [json!(null), json!([]), json!({}), json!(true)];
    let times =
        [json!(1_705_312_800.5), json!(1e300), json!(i64::MAX), json!(i64::MIN), json!(u64::MAX), json!("never")];
    let ids = ["", "0", "-7", "7.0", "07", "+7", " 7", "7 ", "9223372036854775808"].map(|id| json!(id));
    let ids = [&ids[..], &[json!(7)]].concat();
    let nonces = [json!(""), json!("AAAA"), json!("not base64!"), json!(URL_SAFE_NO_PAD.encode([0; 17]))];
    for (members, values) in [
        (&["iss", "aud", "sub", "sid", "typ", "jti", "iat", "nbf", "exp"][..], &any[..]),
        (&["iat", "nbf", "exp"], &times),
        (&["sub", "sid"], &ids),
        (&["jti"], &nonces),
    ] {
        for member in members {
            assert_claims_refused(&without(good_claims(), member));
            for value in values {
                assert_claims_refused(&with(good_claims(), member, value.clone()));
            }
        }
    }
    for time in ["iat", "nbf", "exp"] {
        let number = good_claims()[time].to_string();
        assert_claims_refused(&with(good_claims(), time, json!(number)));
    }
}

#[test]
fn issuer_audience_and_purpose_are_exact() {
    for (member, value) in [
        ("iss", json!("https://practice.example/")),
        ("iss", json!("https://evil.example")),
        ("iss", json!(["https://practice.example"])),
        ("aud", json!("jitsi")),
        ("aud", json!("attune-api ")),
        ("aud", json!("Attune-API")),
        ("aud", json!(["attune-api"])),
        ("aud", json!(["attune-api", "jitsi"])),
        ("typ", json!("refresh")),
        ("typ", json!("")),
    ] {
        assert_claims_refused(&with(good_claims(), member, value));
    }
}

#[test]
fn times_inside_the_token_are_checked() {
    for (member, value, verdict) in [
        ("exp", START + 30, TokenError::Expired),
        ("exp", 0, TokenError::Expired),
        ("exp", -1, TokenError::Expired),
        ("nbf", START + 660, TokenError::Invalid),
        ("nbf", START + 121, TokenError::Invalid),
        ("iat", START + 660, TokenError::Invalid),
        ("iat", START + 121, TokenError::Invalid),
    ] {
        assert_eq!(signed_claims(&with(good_claims(), member, json!(value))), Err(verdict), "{member} is {value}");
    }
    assert_eq!(signed_claims(&with(good_claims(), "nbf", json!(START + 120))), Ok(claims()), "within the leeway");
    let ahead = AccessClaims { issued_at: at(START + 120), ..claims() };
    assert_eq!(signed_claims(&with(good_claims(), "iat", json!(START + 120))), Ok(ahead), "within the leeway");
}

#[test]
fn a_token_lives_no_longer_than_those_that_are_issued() {
    for (life, verdict) in
        [(899, Ok(())), (900, Ok(())), (901, Err(TokenError::Invalid)), (86_400, Err(TokenError::Invalid))]
    {
        let claims = with(good_claims(), "exp", json!(START + life));
        assert_eq!(signed_claims(&claims).map(|_| ()), verdict, "{life} seconds");
    }
    let long_ago = with(with(good_claims(), "iat", json!(START - 1)), "nbf", json!(START - 1));
    assert_claims_refused(&long_ago);
    assert_claims_refused(&with(good_claims(), "exp", json!(253_402_207_200_i64)));
    let short = JwtAccessTokens::new(TokenConfig { lifetime: SignedDuration::from_mins(5), ..config() });
    assert_eq!(short.verify(&tokens().issue(&claims()).unwrap(), now()), Err(TokenError::Invalid));
}

#[test]
fn expired_is_reported_for_our_own_tokens_only() {
    let expired = with(good_claims(), "exp", json!(START + 30));
    assert_refused(&forge(&good_header(), &expired, OTHER, Algorithm::HS256));
    assert_claims_refused(&with(expired, "aud", json!("jitsi")));
}

#[test]
fn claims_cannot_be_edited() {
    let token = tokens().issue(&claims()).unwrap();
    let [header, _, signature] = token.split('.').collect::<Vec<_>>()[..] else { panic!("{token}") };
    for edited in [
        with(good_claims(), "sub", json!("1")),
        with(good_claims(), "sid", json!("1")),
        with(good_claims(), "exp", json!(END + 900)),
        with(good_claims(), "is_admin", json!(true)),
    ] {
        assert_refused(&format!("{header}.{}.{signature}", URL_SAFE_NO_PAD.encode(edited.to_string())));
    }
}

/// Both are signed with the same secret.
#[test]
fn join_tokens_and_access_tokens_are_not_interchangeable() {
    let join_tokens = SignedJoinTokens::new(&secret(SECRET), &[]);
    let token = tokens().issue(&claims()).unwrap();
    assert_eq!(join_tokens.verify(&token), None);
    assert!(token.split('.').all(|part| join_tokens.verify(part).is_none()));
    for sample in samples() {
        assert_refused(&join_tokens.sign(&sample));
    }
}

#[test]
fn a_role_in_a_signed_token_means_nothing() {
    assert_eq!(signed_claims(&with(good_claims(), "is_admin", json!(true))), Ok(claims()));
}

#[test]
fn other_secrets_are_refused() {
    for other in
        [OTHER, "", "secret", "password", "changeme", "your-256-bit-secret", &SECRET[..31], &SECRET.to_lowercase()]
    {
        assert_refused(&forge(&good_header(), &good_claims(), other, Algorithm::HS256));
    }
}

#[test]
fn a_token_has_exactly_three_parts() {
    let token = tokens().issue(&claims()).unwrap();
    let [header, body, signature] = token.split('.').collect::<Vec<_>>()[..] else { panic!("{token}") };
    for hostile in [
        String::new(),
        ".".to_owned(),
        "..".to_owned(),
        "...".to_owned(),
        header.to_owned(),
        format!("{header}.{body}"),
        format!("{body}.{signature}"),
        format!("{header}..{signature}"),
        format!(".{body}.{signature}"),
        format!("{token}."),
        format!(".{token}"),
        format!("{token}.{signature}"),
        format!("{header}.{token}"),
        format!("{token}="),
        format!("{header}=.{body}.{signature}"),
        format!("{header}.{body}=.{signature}"),
        format!("{header}.{body}==.{signature}"),
        format!(" {token}"),
        format!("{token} "),
        format!("{token}\n"),
        format!("{token}\0"),
        format!("{header}. {body}.{signature}"),
        format!("\"{token}\""),
        format!("Bearer {token}"),
        format!("{token},{token}"),
        token.to_lowercase(),
        token.replace(['-', '_'], "/"),
        "ä.ö.ü".to_owned(),
        "e30.e30.".to_owned(),
        format!("{}.{}.{}", "A".repeat(100_000), "A".repeat(100_000), "A".repeat(100_000)),
        format!("{}.e30.AA", URL_SAFE_NO_PAD.encode("[".repeat(100_000))),
    ] {
        assert_refused(&hostile);
    }
    for length in 0..token.len() {
        assert_refused(&token[..length]);
    }
}

#[test]
fn a_previous_secret_verifies_but_never_signs() {
    let old = tokens();
    let rotated =
        JwtAccessTokens::new(TokenConfig { secret: secret(OTHER), previous: vec![secret(SECRET)], ..config() });
    let replaced = JwtAccessTokens::new(TokenConfig { secret: secret(OTHER), ..config() });

    let from_old = old.issue(&claims()).unwrap();
    assert_eq!(rotated.verify(&from_old, now()), Ok(claims()), "old tokens are valid until they expire");
    assert_eq!(rotated.verify(&from_old, at(END + 5)), Err(TokenError::Expired));
    assert_eq!(replaced.verify(&from_old, now()), Err(TokenError::Invalid), "a removed secret verifies nothing");

    let from_new = rotated.issue(&claims()).unwrap();
    assert_eq!(jsonwebtoken::decode_header(&from_new).unwrap().kid, Some(key_id(&secret(OTHER))));
    assert_eq!(replaced.verify(&from_new, now()), Ok(claims()));
    assert_eq!(old.verify(&from_new, now()), Err(TokenError::Invalid));

    // A key is only ever tried on tokens that name it.
    for (named, used) in [(OTHER, SECRET), (SECRET, OTHER)] {
        let header = with(good_header(), "kid", json!(key_id(&secret(named))));
        let crossed = forge(&header, &good_claims(), used, Algorithm::HS256);
        assert_eq!(rotated.verify(&crossed, now()), Err(TokenError::Invalid));
    }
}

#[test]
fn a_key_id_distinguishes_keys_and_reveals_nothing() {
    let id = key_id(&secret(SECRET));
    assert_eq!(id.len(), 16);
    assert!(id.bytes().all(|b| b.is_ascii_hexdigit()));
    assert_eq!(id, key_id(&secret(SECRET)));
    assert_ne!(id, key_id(&secret(OTHER)));
    assert!(!format!("{:?}", config()).contains(SECRET));
}

proptest! {
    #[test]
    fn all_claims_survive(user in 1_i64.., session in 1_i64.., start in 0_i64..100_000_000_000, life in 1_i64..=900, nonce: [u8; 16]) {
        let claims = AccessClaims {
            user: UserId::new(user).unwrap(),
            session: LoginSessionId::new(session).unwrap(),
            issued_at: at(start),
            expires_at: at(start + life),
            nonce,
        };
        let token = tokens().issue(&claims).unwrap();
        prop_assert_eq!(tokens().verify(&token, at(start)), Ok(claims));
        prop_assert_eq!(tokens().verify(&token, at(start + life + 5)), Err(TokenError::Expired));
    }

    #[test]
    fn noise_is_refused(noise: String) {
        prop_assert_eq!(tokens().verify(&noise, now()), Err(TokenError::Invalid));
    }

    #[test]
    fn noise_in_the_form_of_a_token_is_refused(header: Vec<u8>, body: Vec<u8>, signature: Vec<u8>, good_start: bool) {
        let [header, body, signature] = [header, body, signature].map(|part| URL_SAFE_NO_PAD.encode(part));
        let header = if good_start { URL_SAFE_NO_PAD.encode(good_header().to_string()) } else { header };
        prop_assert_eq!(tokens().verify(&format!("{header}.{body}.{signature}"), now()), Err(TokenError::Invalid));
    }

    #[test]
    fn any_changed_character_is_refused(place: prop::sample::Index, other in "[A-Za-z0-9_.=+/ -]") {
        let token = tokens().issue(&claims()).unwrap();
        let place = place.index(token.len());
        let mut changed = token.clone();
        changed.replace_range(place..=place, &other);
        prop_assume!(changed != token);
        prop_assert_eq!(tokens().verify(&changed, now()), Err(TokenError::Invalid));
    }
}

/// Two bits of the last character are unused, and must still be as written.
#[test]
fn unused_bits_at_the_end_are_checked() {
    let token = tokens().issue(&claims()).unwrap();
    let accepted = ('!'..='~')
        .filter(|last| tokens().verify(&format!("{}{last}", &token[..token.len() - 1]), now()).is_ok())
        .collect::<String>();
    assert_eq!(accepted, token[token.len() - 1..]);
}
