//! Prosody verifies our tokens.

use std::cell::RefCell;

use attune_domain::meeting::TokenSettings;
use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};

use crate::fixtures::{
    EXP, KEY_ID, NBF, ROOM, SECRET, START, client, jaas, private_pem, public, public_pem, servers, shared, signed,
    therapist, viewers,
};
use crate::lua::Script;

struct Prosody(Script);

impl Prosody {
    fn start() -> Self {
        Self(Script::start("verify.lua"))
    }

    /// The payload of an accepted token, or the reason for the refusal.
    fn verify(&mut self, server: &Value, token: &str, room: &str, now: i64) -> Result<Value, String> {
        let mut request = server.clone();
        request["token"] = token.into();
        request["room"] = room.into();
        request["now"] = now.into();
        let response = self.0.send(&request);
        match response.get("refused") {
            Some(reason) => Err(reason.as_str().unwrap().to_owned()),
            None => Ok(response),
        }
    }

    fn refusal(&mut self, server: &Value, token: &str, room: &str) -> String {
        self.verify(server, token, room, START).expect_err("a refused token")
    }
}

#[test]
fn every_viewer_is_admitted_and_only_the_therapist_owns_the_room() {
    let mut prosody = Prosody::start();
    for server in servers() {
        for viewer in viewers() {
            let case = format!("{}: {}", server.name, viewer.who);
            let token = server.sign(&viewer.claims);
            let response = prosody.verify(&server.configuration, &token, ROOM, START).expect(&case);
            assert_eq!(response["header"], server.header, "{case}");
            assert_eq!(response["claims"], server.payload(&viewer), "{case}");
            assert_eq!(response["owner"], viewer.moderates, "{case}");
        }
    }
}

#[test]
fn validity_is_enforced_to_the_second() {
    let mut prosody = Prosody::start();
    for server in servers() {
        for viewer in viewers() {
            let token = server.sign(&viewer.claims);
            for (now, refused) in [
                (NBF - 1, Some("nbf")),
                (NBF, None),
                (START, None),
                (EXP - 1, None),
                (EXP, Some("exp")),
                (EXP + 1, Some("exp")),
                (EXP + 60, Some("exp")),
            ] {
                let result = prosody.verify(&server.configuration, &token, ROOM, now);
                assert_eq!(result.err().as_deref(), refused, "{}: {} at {now}", server.name, viewer.who);
            }
        }
    }
}

#[test]
fn a_token_is_valid_for_one_room_of_one_server() {
    let mut prosody = Prosody::start();
    for server in servers() {
        let token = server.sign(&therapist(&TokenSettings::default()));
        for room in [&ROOM.replace("-12-", "-13-"), &ROOM[..ROOM.len() - 1], "*", ""] {
            let reason = prosody.refusal(&server.configuration, &token, room);
            assert_eq!(reason, "room", "{}: {room}", server.name);
        }
        for (what, reason) in [("domain", "sub"), ("issuer", "iss"), ("audience", "aud")] {
            let mut other = server.configuration.clone();
            other[what] = json!("other.example.org");
            assert_eq!(prosody.refusal(&other, &token, ROOM), reason, "{}: {what}", server.name);
        }
    }
}

#[test]
fn a_changed_byte_invalidates_the_token() {
    const BASE64: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut prosody = Prosody::start();
    for server in servers() {
        for viewer in viewers() {
            let token = server.sign(&viewer.claims);
            let header = token.find('.').unwrap();
            // Every byte of one token, and some of each of the others.
            for index in (0..token.len()).step_by(if viewer.who == "therapist" { 1 } else { 41 }) {
                let mut changed = token.clone().into_bytes();
                // The highest of the six bits of a character: the lowest bits of the last character are unused.
                let value = BASE64.iter().position(|letter| *letter == changed[index]);
                changed[index] = value.map_or(b'A', |value| BASE64[value ^ 32]);
                let reason = prosody.refusal(&server.configuration, &String::from_utf8(changed).unwrap(), ROOM);
                // A changed header may be unreadable; all other changes break the signature.
                if index > header && value.is_some() {
                    assert_eq!(reason, "signature-mismatch", "{}: {}, byte {index}", server.name, viewer.who);
                }
            }
        }
    }
}

#[test]
fn no_server_accepts_the_token_of_another_key() {
    let mut prosody = Prosody::start();
    let [own_secret, own_key, own_jaas] = servers().map(|server| server.configuration);
    // Key confusion: the public key used as a shared secret.
    let confused = shared(&public_pem());
    for (case, deployment, server, reason) in [
        ("another secret", shared(&SECRET.to_lowercase()), &own_secret, "signature-mismatch"),
        ("another key", public("attune-1", &private_pem(1)), &own_key, "signature-mismatch"),
        ("a secret instead of a key", shared(SECRET), &own_key, "unsupported-algorithm"),
        ("a key instead of a secret", public("attune-1", &private_pem(0)), &own_secret, "unsupported-algorithm"),
        ("the public key as a secret", confused.clone(), &own_key, "unsupported-algorithm"),
        ("the public key as another secret", confused, &own_secret, "signature-mismatch"),
        ("JaaS", jaas(KEY_ID, &private_pem(0)), &own_key, "iss"),
        ("not JaaS", public("attune-1", &private_pem(0)), &own_jaas, "iss"),
    ] {
        let token = signed(deployment, &therapist(&TokenSettings::default()));
        assert_eq!(prosody.refusal(server, &token, ROOM), reason, "{case}");
    }
}

/// The control of the tests above.
#[test]
fn malformed_tokens_are_refused() {
    let mut prosody = Prosody::start();
    let [server, ..] = servers();
    let [viewer, ..] = viewers();
    let payload = server.payload(&viewer);
    let forge = |header: &Value, payload: &Value| {
        let [header, payload] = [header, payload].map(|part| URL_SAFE_NO_PAD.encode(part.to_string()));
        let message = format!("{header}.{payload}");
        let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes());
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(hmac::sign(&key, message.as_bytes())))
    };
    let changed = |claim: &str, value: Value| {
        let mut payload = payload.clone();
        payload[claim] = value;
        payload
    };
    let mut verify = |token: &str| prosody.verify(&server.configuration, token, ROOM, START);
    for (user, owner) in
        [(json!({ "moderator": "true" }), true), (json!({ "moderator": 1 }), false), (json!({}), false)]
    {
        let mut payload = changed("context", json!({ "user": user }));
        // Without effect outside of the user.
        payload["moderator"] = json!(true);
        assert_eq!(verify(&forge(&server.header, &payload)).expect("a good token")["owner"], owner, "{user}");
    }
    for (claim, value) in [
        ("aud", json!(["jitsi"])),
        ("aud", json!("other")),
        ("iss", json!("other")),
        ("exp", json!(EXP.to_string())),
        ("exp", json!(START)),
        ("nbf", json!(START + 5)),
        ("iss", Value::Null),
        ("aud", Value::Null),
        ("sub", Value::Null),
        ("room", Value::Null),
        ("exp", Value::Null),
    ] {
        let mut payload = changed(claim, value.clone());
        if value.is_null() {
            payload.as_object_mut().unwrap().remove(claim);
        }
        assert_eq!(verify(&forge(&server.header, &payload)).unwrap_err(), claim, "{claim}: {value}");
    }
    for header in [
        json!({ "alg": "HS256" }),
        json!({ "alg": "HS256", "typ": "jwt" }),
        json!({ "alg": "none", "typ": "JWT" }),
        json!({ "alg": "HS512", "typ": "JWT" }),
    ] {
        assert!(verify(&forge(&header, &payload)).is_err(), "{header}");
    }
}

/// Any text, and hostile names.
fn any_name() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => any::<char>().prop_map(String::from),
        2 => "[a-zA-Z ]{1,12}",
        1 => prop::sample::select(vec![
            "\"", "\\", "\\u0022", "\",\"moderator\":true,\"x\":\"", "}", "{", "null", "\0", "\r\n", "\u{1b}", "\u{7f}",
            "\u{2028}", "\u{fffe}", "\u{202e}", "\u{200d}", "🎉", "👩‍👩‍👧‍👦", "e\u{301}", "</script>", "<", "&", "'",
        ])
        .prop_map(String::from),
    ];
    prop_oneof![any::<String>(), prop::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())]
}

#[test]
fn the_name_changes_nothing_else_in_the_token() {
    let prosody = RefCell::new(Prosody::start());
    let [_, _, usual, ..] = viewers();
    for server in servers() {
        // An RSA signature takes many times as long.
        let cases = if server.name == "HS256" { 1_000 } else { 300 };
        let config = ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() };
        let outcome = TestRunner::new(config).run(&any_name(), |name| {
            let claims = client(&name, &TokenSettings::default());
            let token = server.sign(&claims);
            prop_assert!(token.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b)), "{}", token);
            let response = prosody.borrow_mut().verify(&server.configuration, &token, ROOM, START);
            let response = response.map_err(TestCaseError::fail)?;
            let mut expected = server.payload(&usual);
            expected["context"]["user"]["name"] = claims.name().into();
            prop_assert_eq!(&response["claims"], &expected);
            prop_assert_eq!(&response["owner"], &json!(false));
            let shown = claims.name();
            prop_assert!(!shown.trim().is_empty() && shown.encode_utf16().count() <= 50);
            // Characters that are not allowed in XML end a Prosody session.
            let forbidden = |c: char| c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}');
            prop_assert!(!shown.contains(forbidden), "{:?}", shown);
            Ok(())
        });
        outcome.unwrap_or_else(|e| panic!("{}: {e}", server.name));
    }
}
