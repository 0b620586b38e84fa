mod prosody;

use std::sync::OnceLock;

use attune_domain::booking::{Booking, NewBooking, PaymentPlan};
use attune_domain::meeting::{
    AccessWindow, NewRoom, Participant, ParticipantRole, RecordingPolicy, SignedLink, TokenPlacement, TokenSettings,
    Viewer, claims_for,
};
use attune_domain::{
    AccountViewer, BookingId, Currency, EmailAddress, MeetingBaseUrl, MeetingTokenClaims, Money, ParticipantId,
    PersonName, Role, RoomSuffix, ServiceId, UserId,
};
use attune_ports::MeetingTokenSigner;
use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::KeyPair as _;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use serde_json::{Value, json};

use self::prosody::{Key, Parts, Prosody, allows, owns_the_room, parts};
use super::*;

/// 2024-01-15T10:00:00Z, 50 minutes.
const START: i64 = 1_705_312_800;
const NBF: i64 = START - 16 * 60;
const EXP: i64 = START + 80 * 60;

const WINDOW: AccessWindow =
    AccessWindow { early: SignedDuration::from_mins(15), grace: SignedDuration::from_mins(30) };

const ROOM: &str = "booking-12-1704880800-07070707070707070707070707070707";
const SECRET: &str = "kV3n0yQxJ7pWq1Zt8RbLm5Xc2HsGf9Ud";
const APP_ID: &str = "vpaas-magic-cookie-0a1b2c3d4e5f";
const KEY_ID: &str = "vpaas-magic-cookie-0a1b2c3d4e5f/9c8b7a";

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn user(id: i64) -> UserId {
    UserId::new(id).unwrap()
}

/// Booked by client 7 with therapist 1.
fn booking(tail: u8, base_url: &MeetingBaseUrl) -> Booking {
    let request = NewBooking {
        id: BookingId::new(12).unwrap(),
        client: user(7),
        therapist: user(1),
        service: ServiceId::new(1).unwrap(),
        scheduled_at: at(START),
        minutes: 50,
        buffer_minutes: 10,
        price: Money::new(10_000, Currency::parse("EUR").unwrap()).unwrap(),
        note: None,
        terms: attune_domain::ChangeTerms::default(),
        payment: PaymentPlan::NotRequired(NewRoom { base_url, suffix: RoomSuffix::from_bytes([tail; 16]) }),
    };
    Booking::book(request, at(1_704_880_800)).unwrap().0
}

fn own_booking() -> Booking {
    booking(7, &MeetingBaseUrl::parse("https://meet.example.org").unwrap())
}

fn viewer(id: i64, name: &str, role: Role) -> AccountViewer {
    AccountViewer { id: user(id), display_name: name.to_owned(), role }
}

fn claims(attendee: Viewer<'_>, settings: &TokenSettings) -> MeetingTokenClaims {
    claims_for(&own_booking(), attendee, &WINDOW, settings, at(START)).unwrap()
}

fn therapist(settings: &TokenSettings) -> MeetingTokenClaims {
    claims(Viewer::Account(&viewer(1, "Dr. Ada O'Brien & Co", Role::Admin)), settings)
}

fn client(settings: &TokenSettings) -> MeetingTokenClaims {
    claims(Viewer::Account(&viewer(7, "Zoë “Z” <Doe>", Role::Client)), settings)
}

fn invited(role: ParticipantRole, settings: &TokenSettings) -> MeetingTokenClaims {
    let kim = Participant {
        id: ParticipantId::new(5).unwrap(),
        booking: BookingId::new(12).unwrap(),
        email: EmailAddress::parse("kim@example.org").unwrap(),
        display_name: PersonName::parse("Kim").unwrap().unwrap(),
        role,
        time_zone: None,
        invited_by: user(1),
        invited_at: at(1_704_880_800),
        revoked_at: None,
    };
    claims(Viewer::Participant(&kim), settings)
}

/// Two keys, generated when first used.
fn rsa(which: usize) -> &'static KeyPair {
    static KEYS: [OnceLock<KeyPair>; 2] = [const { OnceLock::new() }; 2];
    KEYS[which].get_or_init(|| KeyPair::generate(KeySize::Rsa2048).unwrap())
}

fn pem(kind: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines: Vec<&str> = text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN {kind}-----\n{}\n-----END {kind}-----\n", lines.join("\n"))
}

fn pkcs8(key: &KeyPair) -> Vec<u8> {
    AsDer::<Pkcs8V1Der<'_>>::as_der(key).unwrap().as_ref().to_vec()
}

fn private_pem(which: usize) -> Secret {
    Secret::new(pem("PRIVATE KEY", &pkcs8(rsa(which))))
}

fn self_hosted(key: SigningKey) -> Deployment {
    Deployment::SelfHosted {
        issuer: "practice".to_owned(),
        audience: "jitsi".to_owned(),
        subject: "meet.example.org".to_owned(),
        key,
    }
}

fn shared() -> Deployment {
    self_hosted(SigningKey::Hs256(Secret::new(SECRET)))
}

fn public() -> Deployment {
    self_hosted(SigningKey::Rs256 { key_id: "attune-1".to_owned(), pem: private_pem(0) })
}

fn jaas() -> Deployment {
    Deployment::Jaas { app_id: JaasAppId::parse(APP_ID).unwrap(), key_id: KEY_ID.to_owned(), pem: private_pem(0) }
}

fn signed(deployment: Deployment, claims: &MeetingTokenClaims) -> String {
    JitsiSigner::new(deployment).unwrap().sign(claims).unwrap()
}

fn refusal(deployment: Deployment) -> SetupError {
    JitsiSigner::new(deployment).err().expect("the settings are wrong")
}

fn own_server(key: Key) -> Prosody {
    Prosody { key, issuers: vec!["practice"], audiences: vec!["jitsi"], domain: "meet.example.org" }
}

fn shared_server() -> Prosody {
    own_server(Key::Hs256(SECRET.as_bytes().to_vec()))
}

fn public_server() -> Prosody {
    own_server(Key::Rs256(rsa(0).public_key().as_ref().to_vec()))
}

/// As far as is known, JaaS runs the same software.
fn jaas_server() -> Prosody {
    let key = Key::Rs256(rsa(0).public_key().as_ref().to_vec());
    Prosody { key, issuers: vec!["chat"], audiences: vec!["jitsi"], domain: APP_ID }
}

fn has_null(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.iter().any(has_null),
        Value::Object(members) => members.values().any(has_null),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

/// The features of a self-hosted token, of which only these are granted.
fn own_features(granted: &[&str]) -> Value {
    let all = [
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
    ];
    assert!(granted.iter().all(|name| all.contains(name)));
    all.iter().map(|name| ((*name).to_owned(), json!(granted.contains(name)))).collect::<serde_json::Map<_, _>>().into()
}

fn own_payload(user: &Value, granted: &[&str]) -> Value {
    json!({
        "iss": "practice",
        "aud": "jitsi",
        "sub": "meet.example.org",
        "room": ROOM,
        "nbf": NBF,
        "exp": EXP,
        "context": { "user": user, "features": own_features(granted) },
    })
}

/// Name, claims, and the expected payload for a self-hosted server.
fn viewers() -> Vec<(&'static str, MeetingTokenClaims, Value)> {
    let plain = TokenSettings::default();
    let rich = TokenSettings { recording: RecordingPolicy::Therapist, visitors: true, fixed_names: true };
    let runs = ["create-polls", "file-upload", "flip", "list-visitors", "lobby", "moderation", "screen-sharing"];
    let talks = ["create-polls", "send-groupchat", "send-private-message"];
    let and = |some: &[&'static str], more: &[&'static str]| [some, more].concat();
    let ada = json!({
        "id": "user-1", "name": "Dr. Ada O'Brien & Co", "affiliation": "owner", "moderator": true, "lobby_bypass": true,
    });
    let zoe = json!({ "id": "user-7", "name": "Zoë “Z” <Doe>", "affiliation": "member", "moderator": false });
    let kim = json!({ "id": "guest-5", "name": "Kim", "affiliation": "member", "moderator": false });
    let seated =
        json!({ "id": "guest-5", "name": "Kim", "affiliation": "member", "moderator": false, "role": "visitor" });
    vec![
        ("therapist", therapist(&plain), own_payload(&ada, &and(&runs, &["send-groupchat", "send-private-message"]))),
        (
            "therapist who may record",
            therapist(&rich),
            own_payload(&ada, &and(&runs, &["send-groupchat", "send-private-message", "recording", "name-readonly"])),
        ),
        ("client", client(&plain), own_payload(&zoe, &talks)),
        ("client, recording allowed", client(&rich), own_payload(&zoe, &and(&talks, &["name-readonly"]))),
        (
            "presenter",
            invited(ParticipantRole::Presenter, &plain),
            own_payload(&kim, &and(&talks, &["screen-sharing"])),
        ),
        ("observer", invited(ParticipantRole::Observer, &plain), own_payload(&kim, &[])),
        ("observer in a seat", invited(ParticipantRole::Observer, &rich), own_payload(&seated, &["name-readonly"])),
    ]
}

#[test]
fn payloads_for_a_self_hosted_server() {
    for (deployment, header) in [
        (shared(), json!({ "alg": "HS256", "typ": "JWT" })),
        (public(), json!({ "alg": "RS256", "typ": "JWT", "kid": "attune-1" })),
    ] {
        let signer = JitsiSigner::new(deployment).unwrap();
        for (who, claims, payload) in viewers() {
            let token = parts(&signer.sign(&claims).unwrap()).unwrap();
            assert_eq!(token.header, header, "{who}");
            assert_eq!(token.payload, payload, "{who}");
        }
    }
}

#[test]
fn payloads_for_jaas() {
    let features = |recording: &str, therapist: &str| {
        json!({
            "file-upload": therapist,
            "inbound-call": "false",
            "list-visitors": therapist,
            "livestreaming": "false",
            "outbound-call": "false",
            "recording": recording,
            "sip-inbound-call": "false",
            "sip-outbound-call": "false",
            "transcription": "false",
        })
    };
    let ungranted = features("false", "false");
    let ada = json!({ "id": "user-1", "name": "Dr. Ada O'Brien & Co", "moderator": "true" });
    let zoe = json!({ "id": "user-7", "name": "Zoë “Z” <Doe>", "moderator": "false" });
    let kim = json!({ "id": "guest-5", "name": "Kim", "moderator": "false" });
    let seated = json!({ "id": "guest-5", "name": "Kim", "moderator": "false", "role": "visitor" });
    let plain = TokenSettings::default();
    let rich = TokenSettings { recording: RecordingPolicy::Therapist, visitors: true, fixed_names: true };
    let signer = JitsiSigner::new(jaas()).unwrap();
    for (claims, user, features) in [
        (therapist(&plain), &ada, &features("false", "true")),
        (therapist(&rich), &ada, &features("true", "true")),
        (client(&plain), &zoe, &ungranted),
        (client(&rich), &zoe, &ungranted),
        (invited(ParticipantRole::Presenter, &plain), &kim, &ungranted),
        (invited(ParticipantRole::Observer, &plain), &kim, &ungranted),
        (invited(ParticipantRole::Observer, &rich), &seated, &ungranted),
    ] {
        let token = parts(&signer.sign(&claims).unwrap()).unwrap();
        assert_eq!(token.header, json!({ "alg": "RS256", "typ": "JWT", "kid": KEY_ID }));
        assert_eq!(
            token.payload,
            json!({
                "iss": "chat",
                "aud": "jitsi",
                "sub": APP_ID,
                "room": ROOM,
                "nbf": NBF,
                "exp": EXP,
                "context": { "user": user, "features": features },
            })
        );
    }
}

#[test]
fn payloads_have_no_nulls_one_audience_and_times_in_seconds() {
    for deployment in [shared(), public(), jaas()] {
        let signer = JitsiSigner::new(deployment).unwrap();
        for (who, claims, _) in viewers() {
            let Parts { header, payload, .. } = parts(&signer.sign(&claims).unwrap()).unwrap();
            assert!(!has_null(&header) && !has_null(&payload), "{who}");
            assert!(payload["aud"].is_string(), "{who}");
            for time in ["nbf", "exp"] {
                let seconds = payload[time].as_i64().expect("a whole number");
                // Between 2020 and 2100; in milliseconds it would be beyond the year 50,000.
                assert!((1_577_836_800..4_102_444_800).contains(&seconds), "{who}: {time} is {seconds}");
            }
        }
    }
}

#[test]
fn each_server_admits_every_viewer_and_recognizes_the_therapist() {
    for (deployment, server) in [(shared(), shared_server()), (public(), public_server()), (jaas(), jaas_server())] {
        let signer = JitsiSigner::new(deployment).unwrap();
        for (who, claims, _) in viewers() {
            let session = server.login(&signer.sign(&claims).unwrap(), START).unwrap();
            assert!(server.admits(&session, ROOM), "{who}");
            assert_eq!(owns_the_room(&session), who.starts_with("therapist"), "{who}");
            assert_eq!(allows(&session, "recording"), who == "therapist who may record", "{who}");
            assert!(!allows(&session, "livestreaming") && !allows(&session, "transcription"), "{who}");
        }
    }
}

#[test]
fn validity_is_enforced_to_the_second() {
    let server = shared_server();
    let token = signed(shared(), &client(&TokenSettings::default()));
    for (now, answer) in [
        (START - 15 * 60 - 61, Err("Not acceptable by nbf")),
        (START - 15 * 60 - 60, Ok(())),
        (START, Ok(())),
        (EXP - 1, Ok(())),
        (EXP, Err("Not acceptable by exp")),
        (EXP + 1, Err("Not acceptable by exp")),
    ] {
        assert_eq!(server.login(&token, now).map(|_| ()), answer, "{now}");
    }
}

#[test]
fn a_token_is_valid_for_one_room_of_one_domain() {
    let server = shared_server();
    let session = server.login(&signed(shared(), &therapist(&TokenSettings::default())), START).unwrap();
    let elsewhere = own_booking().room().unwrap().id().replace("-12-", "-13-");
    for room in [elsewhere.as_str(), "", "*", &ROOM[..ROOM.len() - 1]] {
        assert!(!server.admits(&session, room), "{room}");
    }
    let neighbour = Prosody { domain: "other.example.org", ..shared_server() };
    assert!(!neighbour.admits(&session, ROOM));
}

#[test]
fn a_changed_character_invalidates_the_token() {
    for (deployment, server) in [(shared(), shared_server()), (public(), public_server()), (jaas(), jaas_server())] {
        let token = signed(deployment, &therapist(&TokenSettings::default()));
        assert!(server.login(&token, START).is_ok());
        for index in 0..token.len() {
            let mut changed = token.clone().into_bytes();
            changed[index] = if changed[index] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            assert!(server.login(&changed, START).is_err(), "character {index}");
        }
    }
}

#[test]
fn other_keys_are_refused() {
    let claims = therapist(&TokenSettings::default());
    let other_secret = self_hosted(SigningKey::Hs256(Secret::new(SECRET.to_lowercase())));
    let other_key = self_hosted(SigningKey::Rs256 { key_id: "attune-1".to_owned(), pem: private_pem(1) });
    // Key confusion: the public key used as a shared secret.
    let public_as_secret =
        self_hosted(SigningKey::Hs256(Secret::new(pem("RSA PUBLIC KEY", rsa(0).public_key().as_ref()))));
    for (deployment, server, answer) in [
        (other_secret, shared_server(), "Invalid signature"),
        (other_key, public_server(), "Invalid signature"),
        (public_as_secret, public_server(), "Invalid or incorrect alg"),
        (shared(), public_server(), "Invalid or incorrect alg"),
        (public(), shared_server(), "Invalid or incorrect alg"),
        (jaas(), public_server(), "invalid claim"),
        (public(), jaas_server(), "invalid claim"),
    ] {
        assert_eq!(server.login(&signed(deployment, &claims), START).unwrap_err(), answer);
    }
}

/// It refuses what the real Prosody was seen to refuse.
#[test]
fn the_simulated_server_is_as_strict_as_prosody() {
    use aws_lc_rs::hmac;
    let header = json!({ "alg": "HS256", "typ": "JWT" });
    let good = own_payload(&json!({ "id": "user-7", "name": "Zoë" }), &[]);
    let forge = |header: &Value, payload: &Value| {
        let text = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
        let message = format!("{}.{}", text(header), text(payload));
        let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes());
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(hmac::sign(&key, message.as_bytes())))
    };
    let with = |name: &str, value: Value| {
        let mut payload = good.clone();
        payload[name] = value;
        payload
    };
    let without = |name: &str| {
        let mut payload = good.clone();
        payload.as_object_mut().unwrap().remove(name).unwrap();
        payload
    };
    let server = shared_server();
    assert!(server.login(&forge(&header, &good), START).is_ok());
    assert!(server.login(&forge(&header, &without("exp")), START).is_ok(), "such a token never ends");
    assert!(server.login(&forge(&header, &with("exp", json!(EXP * 1000))), EXP + 1).is_ok(), "nor does this one");
    for payload in [
        with("aud", json!(["jitsi"])),
        with("aud", json!("other")),
        with("iss", json!("other")),
        with("exp", json!(EXP.to_string())),
        with("exp", json!(START)),
        with("nbf", json!(START + 5)),
        without("iss"),
        without("aud"),
        without("sub"),
        without("room"),
    ] {
        assert!(server.login(&forge(&header, &payload), START).is_err(), "{payload}");
    }
    for header in [
        json!({ "alg": "HS256" }),
        json!({ "alg": "HS256", "typ": "jwt" }),
        json!({ "alg": "none", "typ": "JWT" }),
        json!({ "alg": "HS512", "typ": "JWT" }),
    ] {
        assert!(server.login(&forge(&header, &good), START).is_err(), "{header}");
    }
    let loud = json!({ "context": { "user": { "moderator": "true" } } });
    assert!(owns_the_room(&loud));
    for quiet in [json!({ "moderator": true }), json!({ "context": { "user": { "moderator": 1 } } })] {
        assert!(!owns_the_room(&quiet), "{quiet}");
    }
}

#[test]
fn the_same_claims_give_the_same_token() {
    for deployment in [shared(), public(), jaas()] {
        let signer = JitsiSigner::new(deployment).unwrap();
        let claims = client(&TokenSettings::default());
        assert_eq!(signer.sign(&claims).unwrap(), signer.sign(&claims).unwrap());
    }
}

#[test]
fn the_format_of_a_jaas_link() {
    let app_id = JaasAppId::parse(APP_ID).unwrap();
    let booking = booking(7, app_id.base_url());
    let viewer = viewer(7, "John Doe", Role::Client);
    let claims = claims_for(&booking, Viewer::Account(&viewer), &WINDOW, &TokenSettings::default(), at(START)).unwrap();
    let token = signed(jaas(), &claims);
    let link = SignedLink::new(&claims, &token, TokenPlacement::Query);
    assert_eq!(link.url, format!("https://8x8.vc/{APP_ID}/{ROOM}?jwt={token}#userInfo.displayName=%22John%20Doe%22"));
    let url = url::Url::parse(&link.url).unwrap();
    assert_eq!(url.query_pairs().next().unwrap(), ("jwt".into(), token.into()));
    // The room in the token does not include the AppID.
    assert_eq!(claims.room(), ROOM);
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
        let deployment = |issuer: &str, audience: &str, subject: &str| Deployment::SelfHosted {
            issuer: issuer.to_owned(),
            audience: audience.to_owned(),
            subject: subject.to_owned(),
            key: SigningKey::Hs256(Secret::new(SECRET)),
        };
        for (deployment, what) in [
            (deployment(bad, "jitsi", "*"), "issuer"),
            (deployment("practice", bad, "*"), "audience"),
            (deployment("practice", "jitsi", bad), "subject"),
            (self_hosted(SigningKey::Rs256 { key_id: bad.to_owned(), pem: private_pem(0) }), "key id"),
        ] {
            let error = refusal(deployment);
            assert!(matches!(error, SetupError::Text(named) if named == what), "{error}");
        }
    }
}

#[test]
fn short_secrets_are_refused() {
    for short in ["", "secret", &SECRET[..31]] {
        let error = refusal(self_hosted(SigningKey::Hs256(Secret::new(short))));
        assert!(matches!(error, SetupError::SecretTooShort), "{error}");
    }
}

#[test]
fn the_key_of_another_app_is_refused() {
    for bad in ["9c8b7a", "vpaas-magic-cookie-other/9c8b7a", APP_ID, &format!("{APP_ID}/"), ""] {
        let app_id = JaasAppId::parse(APP_ID).unwrap();
        let error = refusal(Deployment::Jaas { app_id, key_id: bad.to_owned(), pem: private_pem(0) });
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
    let claims = client(&TokenSettings::default());
    let deployment = self_hosted(SigningKey::Rs256 { key_id: "attune-1".to_owned(), pem: Secret::new(old) });
    assert_eq!(signed(deployment, &claims), signed(public(), &claims));
}

#[test]
fn keys_that_cannot_sign_stop_the_start() {
    let whole = private_pem(0).expose().to_owned();
    let der = pkcs8(rsa(0));
    let elliptic =
        aws_lc_rs::signature::EcdsaKeyPair::generate(&aws_lc_rs::signature::ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
    let elliptic = elliptic.to_pkcs8v1().unwrap();
    let mut bent = der.clone();
    // Somewhere in the modulus.
    bent[100] ^= 1;
    type Expected = fn(&SetupError) -> bool;
    let not_pem: Expected = |e| matches!(e, SetupError::NotPem);
    let encrypted: Expected = |e| matches!(e, SetupError::EncryptedKey);
    let public: Expected = |e| matches!(e, SetupError::PublicKey);
    let not_rsa: Expected = |e| matches!(e, SetupError::NotRsa);
    let unreadable: Expected = |e| matches!(e, SetupError::UnreadableKey(_));
    let unusable: Expected = |e| matches!(e, SetupError::UnusableKey(_));
    for (key, expected) in [
        (String::new(), not_pem),
        (SECRET.to_owned(), not_pem),
        (STANDARD.encode(&der), not_pem),
        (pem("ENCRYPTED PRIVATE KEY", &der), encrypted),
        (whole.replace("BEGIN PRIVATE KEY-----", "BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED"), encrypted),
        (pem("RSA PUBLIC KEY", rsa(0).public_key().as_ref()), public),
        (pem("CERTIFICATE", &der), public),
        (pem("EC PRIVATE KEY", &der), not_rsa),
        (pem("OPENSSH PRIVATE KEY", &der), not_rsa),
        (pem("PRIVATE KEY", elliptic.as_ref()), unreadable),
        (whole[..whole.len() / 2].to_owned(), unreadable),
        (pem("PRIVATE KEY", &der[..der.len() / 2]), unreadable),
        (pem("PRIVATE KEY", b"no key at all"), unreadable),
        (pem("PRIVATE KEY", &bent), unusable),
    ] {
        let error = refusal(self_hosted(SigningKey::Rs256 { key_id: "k".to_owned(), pem: Secret::new(key.clone()) }));
        assert!(expected(&error), "{error:?}");
        // Neither an error nor its sources show a part of the key.
        let shown = format!("{error} {error:?}");
        assert!(!key.lines().any(|line| line.len() > 16 && !line.starts_with('-') && shown.contains(line)), "{shown}");
    }
}

#[test]
fn debug_shows_no_key() {
    let shown = format!("{:?} {:?} {:?}", shared(), public(), jaas());
    let key = private_pem(0);
    let line = key.expose().lines().nth(1).unwrap();
    assert!(!shown.contains(SECRET) && !shown.contains(line) && !shown.contains("BEGIN"), "{shown}");
    assert!(shown.contains("practice") && shown.contains(KEY_ID), "what is no secret can be read: {shown}");
}

fn hostile_name() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        any::<char>().prop_map(String::from),
        "[a-zA-Z ]{1,12}",
        prop::sample::select(vec![
            "\"",
            "\\",
            "\",\"moderator\":true,\"x\":\"",
            "}",
            "{",
            "null",
            "\0",
            "\u{1b}",
            "\r\n",
            "\u{fffe}",
            "\u{202e}",
            "\u{200d}",
            "🎉",
            "👩‍👩‍👧‍👦",
            "e\u{301}",
            "<",
            "&",
            "'",
            "\u{2028}",
        ])
        .prop_map(String::from),
    ];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

fn keys(value: &Value) -> Vec<String> {
    match value {
        Value::Object(members) => members
            .iter()
            .flat_map(|(name, member)| {
                let mut found: Vec<String> = keys(member).into_iter().map(|key| format!("{name}.{key}")).collect();
                found.push(name.clone());
                found
            })
            .collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => Vec::new(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_name_adds_a_claim_or_breaks_the_xmpp_session(name in hostile_name()) {
        let settings = TokenSettings::default();
        let claims = claims(Viewer::Account(&viewer(7, &name, Role::Client)), &settings);
        let token = signed(shared(), &claims);
        prop_assert!(token.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b)), "{}", token);
        let session = shared_server().login(&token, START).unwrap();
        prop_assert_eq!(keys(&session), keys(&own_payload(&json!({
            "id": "", "name": "", "affiliation": "", "moderator": false,
        }), &[])));
        prop_assert!(!owns_the_room(&session));
        let shown = session["context"]["user"]["name"].as_str().unwrap();
        prop_assert!(shown.encode_utf16().count() <= 50 && !shown.trim().is_empty());
        // Characters that are not allowed in XML end a Prosody session.
        prop_assert!(!shown.contains(|c: char| c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}')), "{:?}", shown);
        prop_assert_eq!(shown, claims.name());
    }
}
