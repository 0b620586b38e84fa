//! Prosody verifies our tokens.

use std::cell::RefCell;
use std::sync::OnceLock;

use attune_adapter_jitsi::{Deployment, JaasAppId, JitsiSigner, Secret, SigningKey};
use attune_domain::booking::{Booking, NewBooking, PaymentPlan};
use attune_domain::meeting::{
    AccessWindow, NewRoom, Participant, ParticipantRole, RecordingPolicy, TokenSettings, Viewer, claims_for,
};
use attune_domain::{
    AccountViewer, BookingId, Currency, EmailAddress, MeetingBaseUrl, MeetingTokenClaims, Money, ParticipantId,
    PersonName, Role, RoomSuffix, ServiceId, UserId,
};
use attune_ports::MeetingTokenSigner;
use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::KeyPair as _;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};

use crate::lua::Script;

/// 2024-01-15T10:00:00Z, 50 minutes.
const START: i64 = 1_705_312_800;
const END: i64 = START + 50 * 60;
const ROOM: &str = "booking-12-1704880800-07070707070707070707070707070707";
const SECRET: &str = "kV3n0yQxJ7pWq1Zt8RbLm5Xc2HsGf9Ud";
const APP_ID: &str = "vpaas-magic-cookie-0a1b2c3d4e5f";

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).expect("an instant")
}

fn user(id: i64) -> UserId {
    UserId::new(id).expect("an id")
}

/// Booked by client 7 with therapist 1.
fn booking() -> Booking {
    let base_url = MeetingBaseUrl::parse("https://meet.example.org").expect("an address");
    let request = NewBooking {
        id: BookingId::new(12).expect("an id"),
        client: user(7),
        therapist: user(1),
        service: ServiceId::new(1).expect("an id"),
        scheduled_at: at(START),
        minutes: 50,
        buffer_minutes: 10,
        price: Money::new(10_000, Currency::parse("EUR").expect("a currency")).expect("a price"),
        note: None,
        terms: attune_domain::ChangeTerms::default(),
        payment: PaymentPlan::NotRequired(NewRoom { base_url: &base_url, suffix: RoomSuffix::from_bytes([7; 16]) }),
    };
    Booking::book(request, at(1_704_880_800)).expect("a booking").0
}

fn claims(attendee: Viewer<'_>, settings: &TokenSettings) -> MeetingTokenClaims {
    let window = AccessWindow { early: SignedDuration::from_mins(15), grace: SignedDuration::from_mins(30) };
    claims_for(&booking(), attendee, &window, settings, at(START)).expect("every viewer here is admitted")
}

fn account(id: i64, name: &str, role: Role) -> MeetingTokenClaims {
    let viewer = AccountViewer { id: user(id), display_name: name.to_owned(), role };
    claims(Viewer::Account(&viewer), &TokenSettings { recording: RecordingPolicy::Therapist, ..Default::default() })
}

fn invited(role: ParticipantRole) -> MeetingTokenClaims {
    let kim = Participant {
        id: ParticipantId::new(5).expect("an id"),
        booking: BookingId::new(12).expect("an id"),
        email: EmailAddress::parse("kim@example.org").expect("an address"),
        display_name: PersonName::parse("Kim").expect("a name").expect("a name"),
        role,
        time_zone: None,
        invited_by: user(1),
        invited_at: at(1_704_880_800),
        revoked_at: None,
    };
    claims(Viewer::Participant(&kim), &TokenSettings::default())
}

/// Every kind of viewer, with the expected name.
fn viewers() -> [(&'static str, MeetingTokenClaims); 4] {
    [
        ("user-1", account(1, "Dr. Ada O'Brien & Co", Role::Admin)),
        ("user-7", account(7, "Zoë “Z” <Doe>", Role::Client)),
        ("guest-5", invited(ParticipantRole::Observer)),
        ("guest-5", invited(ParticipantRole::Presenter)),
    ]
}

fn rsa() -> &'static KeyPair {
    static KEY: OnceLock<KeyPair> = OnceLock::new();
    KEY.get_or_init(|| KeyPair::generate(KeySize::Rsa2048).expect("a key"))
}

fn pem(kind: &str, der: &[u8]) -> String {
    format!("-----BEGIN {kind}-----\n{}\n-----END {kind}-----\n", STANDARD.encode(der))
}

fn private_pem() -> Secret {
    let der: Pkcs8V1Der<'_> = rsa().as_der().expect("a key");
    Secret::new(pem("PRIVATE KEY", der.as_ref()))
}

fn public_pem() -> String {
    let der: PublicKeyX509Der<'_> = rsa().public_key().as_der().expect("a key");
    pem("PUBLIC KEY", der.as_ref())
}

/// A deployment and its server.
struct Side {
    name: &'static str,
    signer: JitsiSigner,
    /// The server's configuration, for the script.
    server: Value,
}

impl Side {
    fn sign(&self, claims: &MeetingTokenClaims) -> String {
        self.signer.sign(claims).expect("a token")
    }
}

fn sides() -> [Side; 3] {
    let self_hosted = |key| Deployment::SelfHosted {
        issuer: "practice".to_owned(),
        audience: "jitsi".to_owned(),
        subject: "meet.example.org".to_owned(),
        key,
    };
    let shared = self_hosted(SigningKey::Hs256(Secret::new(SECRET)));
    let public = self_hosted(SigningKey::Rs256 { key_id: "attune-1".to_owned(), pem: private_pem() });
    let jaas = Deployment::Jaas {
        app_id: JaasAppId::parse(APP_ID).expect("an id"),
        key_id: format!("{APP_ID}/9c8b7a"),
        pem: private_pem(),
    };
    let side =
        |name, deployment, server| Side { name, signer: JitsiSigner::new(deployment).expect("good settings"), server };
    let own = json!({ "issuer": "practice", "audience": "jitsi", "domain": "meet.example.org" });
    let with = |mut server: Value, key: &str, value: String| {
        server[key] = value.into();
        server
    };
    [
        side("HS256", shared, with(own.clone(), "secret", SECRET.to_owned())),
        side("RS256", public, with(own, "public_key", public_pem())),
        side(
            "JaaS",
            jaas,
            with(json!({ "issuer": "chat", "audience": "jitsi", "domain": APP_ID }), "public_key", public_pem()),
        ),
    ]
}

struct Prosody(Script);

impl Prosody {
    fn start() -> Self {
        Self(Script::start("verify.lua"))
    }

    /// The payload of an accepted token, or the reason for the refusal.
    fn judge(&mut self, side: &Side, token: &str, room: &str, now: i64) -> Result<Value, String> {
        let mut question = side.server.clone();
        question["token"] = token.into();
        question["room"] = room.into();
        question["now"] = now.into();
        let answer = self.0.ask(&question);
        match answer.get("refused") {
            Some(reason) => Err(reason.as_str().expect("a reason").to_owned()),
            None => Ok(answer),
        }
    }

    fn refuses(&mut self, side: &Side, token: &str, room: &str, now: i64) -> String {
        self.judge(side, token, room, now).expect_err("a refused token")
    }
}

#[test]
fn every_viewer_is_admitted_and_only_the_therapist_owns_the_room() {
    let mut prosody = Prosody::start();
    for side in sides() {
        for (who, claims) in viewers() {
            let answer = prosody.judge(&side, &side.sign(&claims), ROOM, START).expect("a good token");
            assert_eq!(answer["claims"]["context"]["user"]["id"], who, "{}", side.name);
            assert_eq!(answer["owner"], who == "user-1", "{}: {who}", side.name);
            let yes = if side.name == "JaaS" { json!("true") } else { json!(true) };
            assert_eq!(answer["claims"]["context"]["features"]["recording"] == yes, who == "user-1", "{}", side.name);
        }
    }
}

#[test]
fn the_header_names_the_key() {
    let mut prosody = Prosody::start();
    let kids = [Value::Null, json!("attune-1"), json!(format!("{APP_ID}/9c8b7a"))];
    for (side, kid) in sides().iter().zip(kids) {
        let token = side.sign(&account(7, "Zoë", Role::Client));
        let answer = prosody.judge(side, &token, ROOM, START).expect("a good token");
        assert_eq!(answer["header"]["kid"], kid, "{}", side.name);
    }
}

#[test]
fn validity_is_enforced_to_the_second() {
    let mut prosody = Prosody::start();
    for side in sides() {
        for (who, claims) in viewers() {
            let token = side.sign(&claims);
            for (now, refused) in [
                // 15 minutes before the start, and one minute for clock differences.
                (START - 16 * 60 - 1, Some("nbf")),
                (START - 16 * 60, None),
                (START, None),
                (END + 30 * 60 - 1, None),
                (END + 30 * 60, Some("exp")),
                (END + 31 * 60, Some("exp")),
            ] {
                let answer = prosody.judge(&side, &token, ROOM, now);
                assert_eq!(answer.err().as_deref(), refused, "{}: {who} at {now}", side.name);
            }
        }
    }
}

#[test]
fn a_token_is_valid_for_one_room_of_one_server() {
    let mut prosody = Prosody::start();
    for mut side in sides() {
        let token = side.sign(&account(1, "Ada", Role::Admin));
        for room in [&ROOM.replace("-12-", "-13-"), &ROOM[..ROOM.len() - 1], "*", ""] {
            assert_eq!(prosody.refuses(&side, &token, room, START), "room", "{}: {room}", side.name);
        }
        for (what, reason) in [("domain", "sub"), ("issuer", "iss"), ("audience", "aud")] {
            let own = std::mem::replace(&mut side.server[what], json!("other.example.org"));
            assert_eq!(prosody.refuses(&side, &token, ROOM, START), reason, "{}", side.name);
            side.server[what] = own;
        }
        assert!(prosody.judge(&side, &token, ROOM, START).is_ok(), "{}", side.name);
    }
}

#[test]
fn a_changed_byte_invalidates_the_token() {
    const BASE64: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut prosody = Prosody::start();
    for side in sides() {
        for (who, claims) in viewers() {
            let token = side.sign(&claims);
            assert!(prosody.judge(&side, &token, ROOM, START).is_ok());
            let header = token.find('.').expect("a header");
            // Every byte of the therapist's token, and some of each of the others.
            for index in (0..token.len()).step_by(if who == "user-1" { 1 } else { 41 }) {
                let mut changed = token.clone().into_bytes();
                // The highest of the six bits of a character: the lowest bits of the last character are unused.
                let value = BASE64.iter().position(|letter| *letter == changed[index]);
                changed[index] = value.map_or(b'A', |value| BASE64[value ^ 32]);
                let changed = String::from_utf8(changed).expect("ASCII");
                let reason = prosody.refuses(&side, &changed, ROOM, START);
                // A changed header may be unreadable; all other changes break the signature.
                if index > header && value.is_some() {
                    assert_eq!(reason, "signature-mismatch", "{}: {who}, byte {index}", side.name);
                }
            }
        }
    }
}

#[test]
fn no_server_accepts_the_token_of_another_key() {
    let mut prosody = Prosody::start();
    let [shared, public, jaas] = sides();
    let claims = account(1, "Ada", Role::Admin);
    assert_eq!(prosody.refuses(&shared, &public.sign(&claims), ROOM, START), "unsupported-algorithm");
    assert_eq!(prosody.refuses(&public, &shared.sign(&claims), ROOM, START), "unsupported-algorithm");
    assert_eq!(prosody.refuses(&public, &jaas.sign(&claims), ROOM, START), "iss");
    // Key confusion: the public key used as a shared secret.
    let trick = Deployment::SelfHosted {
        issuer: "practice".to_owned(),
        audience: "jitsi".to_owned(),
        subject: "meet.example.org".to_owned(),
        key: SigningKey::Hs256(Secret::new(public_pem())),
    };
    let trick = JitsiSigner::new(trick).expect("good settings").sign(&claims).expect("a token");
    assert_eq!(prosody.refuses(&public, &trick, ROOM, START), "unsupported-algorithm");
    assert_eq!(prosody.refuses(&shared, &trick, ROOM, START), "signature-mismatch");
}

/// Any text, and hostile names.
fn any_name() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => any::<char>().prop_map(String::from),
        2 => "[a-zA-Z ]{1,12}",
        1 => prop::sample::select(vec![
            "\"", "\\", "\\u0022", "\",\"moderator\":true,\"x\":\"", "}", "null", "\0", "\r\n", "\u{7f}", "\u{2028}",
            "\u{fffe}", "\u{202e}", "\u{200d}", "👩‍👩‍👧‍👦", "e\u{301}", "</script>", "&", "'",
        ])
        .prop_map(String::from),
    ];
    prop_oneof![any::<String>(), prop::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())]
}

fn paths(value: &Value) -> Vec<String> {
    fn collect(value: &Value, path: &str, found: &mut Vec<String>) {
        for (name, member) in value.as_object().into_iter().flatten() {
            let path = format!("{path}/{name}");
            collect(member, &path, found);
            found.push(path);
        }
    }
    let mut found = Vec::new();
    collect(value, "", &mut found);
    found.sort();
    found
}

/// The content of a client's token, whatever the client's name is.
fn expected_paths(side: &Side) -> Vec<String> {
    let (user, features): (&[&str], &[&str]) = if side.name == "JaaS" {
        (
            &["id", "name", "moderator"],
            &[
                "file-upload",
                "inbound-call",
                "list-visitors",
                "livestreaming",
                "outbound-call",
                "recording",
                "sip-inbound-call",
                "sip-outbound-call",
                "transcription",
            ],
        )
    } else {
        (
            &["id", "name", "affiliation", "moderator"],
            &[
                "branding",
                "calendar",
                "create-polls",
                "file-upload",
                "flip",
                "inbound-call",
                "list-visitors",
                "live-translation",
                "livestreaming",
                "lobby",
                "moderation",
                "name-readonly",
                "outbound-call",
                "recording",
                "room",
                "screen-sharing",
                "send-groupchat",
                "send-private-message",
                "sip-inbound-call",
                "sip-outbound-call",
                "transcription",
            ],
        )
    };
    let top = ["iss", "aud", "sub", "room", "nbf", "exp", "context", "context/user", "context/features"];
    let mut all: Vec<String> = top.iter().map(|name| format!("/{name}")).collect();
    all.extend(user.iter().map(|name| format!("/context/user/{name}")));
    all.extend(features.iter().map(|name| format!("/context/features/{name}")));
    all.sort();
    all
}

#[test]
fn the_name_changes_nothing_else_in_the_token() {
    let prosody = RefCell::new(Prosody::start());
    let config = ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() };
    for side in sides() {
        let expected = expected_paths(&side);
        let outcome = TestRunner::new(config.clone()).run(&any_name(), |name| {
            let claims = account(7, &name, Role::Client);
            let answer = prosody.borrow_mut().judge(&side, &side.sign(&claims), ROOM, START);
            let answer = answer.map_err(TestCaseError::fail)?;
            prop_assert_eq!(paths(&answer["claims"]), expected.clone());
            prop_assert_eq!(&answer["owner"], &json!(false));
            let shown = answer["claims"]["context"]["user"]["name"].as_str().unwrap_or_default();
            prop_assert_eq!(shown, claims.name());
            prop_assert!(!shown.is_empty() && shown.encode_utf16().count() <= 50);
            Ok(())
        });
        outcome.unwrap_or_else(|e| panic!("{}: {e}", side.name));
    }
}
