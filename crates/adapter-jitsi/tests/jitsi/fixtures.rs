//! A booking, its viewers, and a deployment of each kind.

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
use serde_json::{Value, json};

/// 2024-01-15T10:00:00Z, 50 minutes.
pub(crate) const START: i64 = 1_705_312_800;
/// 15 minutes before the start, and one minute for clock differences.
pub(crate) const NBF: i64 = START - 16 * 60;
pub(crate) const EXP: i64 = START + 80 * 60;
/// Five days before the start.
const BOOKED: i64 = 1_704_880_800;

pub(crate) const WINDOW: AccessWindow =
    AccessWindow { early: SignedDuration::from_mins(15), grace: SignedDuration::from_mins(30) };

pub(crate) const ROOM: &str = "booking-12-1704880800-07070707070707070707070707070707";
pub(crate) const SECRET: &str = "kV3n0yQxJ7pWq1Zt8RbLm5Xc2HsGf9Ud";
pub(crate) const APP_ID: &str = "vpaas-magic-cookie-0a1b2c3d4e5f";
pub(crate) const KEY_ID: &str = "vpaas-magic-cookie-0a1b2c3d4e5f/9c8b7a";

pub(crate) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn user(id: i64) -> UserId {
    UserId::new(id).unwrap()
}

/// Booked by client 7 with therapist 1.
pub(crate) fn booking(base_url: &MeetingBaseUrl) -> Booking {
    let request = NewBooking {
        id: BookingId::new(12).unwrap(),
        client: user(7),
        therapist: user(1),
        service: ServiceId::new(1).unwrap(),
        series: None,
        scheduled_at: at(START),
        minutes: 50,
        buffer_minutes: 10,
        price: Money::new(10_000, Currency::parse("EUR").unwrap()).unwrap(),
        note: None,
        terms: attune_domain::ChangeTerms::default(),
        payment: PaymentPlan::NotRequired(NewRoom { base_url, suffix: RoomSuffix::from_bytes([7; 16]) }),
    };
    Booking::book(request, at(BOOKED)).unwrap().0
}

pub(crate) fn account(id: i64, name: &str, role: Role) -> AccountViewer {
    AccountViewer { id: user(id), display_name: name.to_owned(), role }
}

fn claims(viewer: Viewer<'_>, settings: &TokenSettings) -> MeetingTokenClaims {
    let booking = booking(&MeetingBaseUrl::parse("https://meet.example.org").unwrap());
    claims_for(&booking, viewer, &WINDOW, settings, at(START)).unwrap()
}

pub(crate) fn therapist(settings: &TokenSettings) -> MeetingTokenClaims {
    claims(Viewer::Account(&account(1, "Dr. Ada O'Brien & Co", Role::Admin)), settings)
}

pub(crate) fn client(name: &str, settings: &TokenSettings) -> MeetingTokenClaims {
    claims(Viewer::Account(&account(7, name, Role::Client)), settings)
}

fn invited(role: ParticipantRole, settings: &TokenSettings) -> MeetingTokenClaims {
    let kim = Participant {
        id: ParticipantId::new(5).unwrap(),
        booking: BookingId::new(12).unwrap(),
        email: EmailAddress::parse("kim@example.org").unwrap(),
        display_name: PersonName::parse("Kim").unwrap().unwrap(),
        role,
        time_zone: None,
        language: None,
        invited_by: user(1),
        invited_at: at(BOOKED),
        revoked_at: None,
    };
    claims(Viewer::Participant(&kim), settings)
}

/// The claims of a viewer, and what a token has to say about it.
pub(crate) struct Expected {
    pub(crate) who: &'static str,
    pub(crate) claims: MeetingTokenClaims,
    pub(crate) user: Value,
    pub(crate) moderates: bool,
    granted: Vec<&'static str>,
}

pub(crate) fn viewers() -> [Expected; 7] {
    let plain = TokenSettings::default();
    let rich = TokenSettings { recording: RecordingPolicy::Therapist, visitors: true, lock_display_names: true };
    let ada = json!({ "id": "user-1", "name": "Dr. Ada O'Brien & Co" });
    let zoe = json!({ "id": "user-7", "name": "Zoë “Z” <Doe>" });
    let kim = json!({ "id": "guest-5", "name": "Kim" });
    let visitor = json!({ "id": "guest-5", "name": "Kim", "role": "visitor" });
    let talks = ["create-polls", "send-groupchat", "send-private-message"];
    let runs =
        [&talks[..], &["file-upload", "flip", "list-visitors", "lobby", "moderation", "screen-sharing"]].concat();
    [
        ("therapist", therapist(&plain), &ada, &runs[..], &[][..]),
        ("therapist who may record", therapist(&rich), &ada, &runs, &["recording", "name-readonly"]),
        ("client", client("Zoë “Z” <Doe>", &plain), &zoe, &talks, &[]),
        ("client, recording allowed", client("Zoë “Z” <Doe>", &rich), &zoe, &talks, &["name-readonly"]),
        ("presenter", invited(ParticipantRole::Presenter, &plain), &kim, &talks, &["screen-sharing"]),
        ("observer", invited(ParticipantRole::Observer, &plain), &kim, &[], &[]),
        ("observer as a visitor", invited(ParticipantRole::Observer, &rich), &visitor, &[], &["name-readonly"]),
    ]
    .map(|(who, claims, user, usual, more)| Expected {
        who,
        claims,
        user: user.clone(),
        moderates: who.starts_with("therapist"),
        granted: [usual, more].concat(),
    })
}

/// Two keys, generated when first used.
pub(crate) fn rsa(which: usize) -> &'static KeyPair {
    static KEYS: [OnceLock<KeyPair>; 2] = [const { OnceLock::new() }; 2];
    KEYS[which].get_or_init(|| KeyPair::generate(KeySize::Rsa2048).unwrap())
}

pub(crate) fn pkcs8(key: &KeyPair) -> Vec<u8> {
    AsDer::<Pkcs8V1Der<'_>>::as_der(key).unwrap().as_ref().to_vec()
}

pub(crate) fn pem(kind: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines: Vec<&str> = text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN {kind}-----\n{}\n-----END {kind}-----\n", lines.join("\n"))
}

pub(crate) fn private_pem(which: usize) -> String {
    pem("PRIVATE KEY", &pkcs8(rsa(which)))
}

pub(crate) fn public_pem() -> String {
    let der: PublicKeyX509Der<'_> = rsa(0).public_key().as_der().unwrap();
    pem("PUBLIC KEY", der.as_ref())
}

pub(crate) fn self_hosted([issuer, audience, subject]: [&str; 3], key: SigningKey) -> Deployment {
    Deployment::SelfHosted {
        issuer: issuer.to_owned(),
        audience: audience.to_owned(),
        subject: subject.to_owned(),
        key,
    }
}

const CLAIMS: [&str; 3] = ["practice", "jitsi", "meet.example.org"];

pub(crate) fn shared(secret: &str) -> Deployment {
    self_hosted(CLAIMS, SigningKey::Hs256(Secret::new(secret)))
}

pub(crate) fn public(key_id: &str, pem: &str) -> Deployment {
    self_hosted(CLAIMS, SigningKey::Rs256 { key_id: key_id.to_owned(), pem: Secret::new(pem) })
}

pub(crate) fn jaas(key_id: &str, pem: &str) -> Deployment {
    let app_id = JaasAppId::parse(APP_ID).unwrap();
    Deployment::Jaas { app_id, key_id: key_id.to_owned(), pem: Secret::new(pem) }
}

pub(crate) fn signed(deployment: Deployment, claims: &MeetingTokenClaims) -> String {
    JitsiSigner::new(deployment).unwrap().sign(claims).unwrap()
}

/// A video server and the signer for it.
pub(crate) struct Server {
    pub(crate) name: &'static str,
    pub(crate) deployment: Deployment,
    signer: JitsiSigner,
    /// The expected header of its tokens.
    pub(crate) header: Value,
    /// What it is configured to accept: a key, an issuer, an audience and a domain.
    pub(crate) configuration: Value,
}

pub(crate) fn servers() -> [Server; 3] {
    let server = |name, deployment: Deployment, header: Value, (issuer, domain): (&str, &str), key: (&str, &str)| {
        let mut configuration = json!({ "issuer": issuer, "audience": "jitsi", "domain": domain });
        configuration[key.0] = key.1.into();
        Server { name, signer: JitsiSigner::new(deployment.clone()).unwrap(), deployment, header, configuration }
    };
    let (own, private, public_key) = (("practice", "meet.example.org"), private_pem(0), public_pem());
    let rs256 = |key_id| json!({ "alg": "RS256", "typ": "JWT", "kid": key_id });
    [
        server("HS256", shared(SECRET), json!({ "alg": "HS256", "typ": "JWT" }), own, ("secret", SECRET)),
        server("RS256", public("attune-1", &private), rs256("attune-1"), own, ("public_key", &public_key)),
        server("JaaS", jaas(KEY_ID, &private), rs256(KEY_ID), ("chat", APP_ID), ("public_key", &public_key)),
    ]
}

/// The features in tokens, and whether JaaS documents them.
const FEATURES: [(&str, bool); 21] = [
    ("branding", false),
    ("calendar", false),
    ("create-polls", false),
    ("file-upload", true),
    ("flip", false),
    ("inbound-call", true),
    ("list-visitors", true),
    ("live-translation", false),
    ("livestreaming", true),
    ("lobby", false),
    ("moderation", false),
    ("name-readonly", false),
    ("outbound-call", true),
    ("recording", true),
    ("room", false),
    ("screen-sharing", false),
    ("send-groupchat", false),
    ("send-private-message", false),
    ("sip-inbound-call", true),
    ("sip-outbound-call", true),
    ("transcription", true),
];

impl Server {
    pub(crate) fn sign(&self, claims: &MeetingTokenClaims) -> String {
        self.signer.sign(claims).unwrap()
    }

    /// The expected payload of a viewer's token.
    pub(crate) fn payload(&self, viewer: &Expected) -> Value {
        let is_jaas = self.name == "JaaS";
        let flag = |yes: bool| if is_jaas { json!(yes.to_string()) } else { json!(yes) };
        let mut user = viewer.user.clone();
        user["moderator"] = flag(viewer.moderates);
        if !is_jaas {
            user["affiliation"] = json!(if viewer.moderates { "owner" } else { "member" });
            if viewer.moderates {
                user["lobby_bypass"] = json!(true);
            }
        }
        assert!(viewer.granted.iter().all(|granted| FEATURES.iter().any(|(name, _)| name == granted)));
        let features = FEATURES.iter().filter(|(_, documented)| *documented || !is_jaas);
        let features = features.map(|(name, _)| ((*name).to_owned(), flag(viewer.granted.contains(name))));
        json!({
            "iss": self.configuration["issuer"],
            "aud": "jitsi",
            "sub": self.configuration["domain"],
            "room": ROOM,
            "nbf": NBF,
            "exp": EXP,
            "context": { "user": user, "features": features.collect::<serde_json::Map<_, _>>() },
        })
    }
}
