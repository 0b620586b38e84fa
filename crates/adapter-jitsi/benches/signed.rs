//! The time for a signed meeting link, and the signature's share of it.
#![allow(clippy::unwrap_used, reason = "a benchmark may stop at the first surprise")]

use std::hint::black_box;

use attune_adapter_jitsi::{Deployment, JitsiSigner, Secret, SigningKey};
use attune_domain::booking::{Booking, NewBooking, PaymentPlan};
use attune_domain::meeting::{AccessWindow, NewRoom, SignedLink, TokenPlacement, TokenSettings, Viewer, claims_for};
use attune_domain::{AccountViewer, BookingId, Currency, MeetingBaseUrl, Money, Role, RoomSuffix, ServiceId, UserId};
use attune_ports::MeetingTokenSigner;
use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use criterion::Criterion;
use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::{Algorithm, EncodingKey};

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    let now: Timestamp = "2024-01-10T09:00:00Z".parse().unwrap();
    let base_url = MeetingBaseUrl::parse("https://meet.example.org").unwrap();
    let client = UserId::new(7).unwrap();
    let request = NewBooking {
        id: BookingId::new(12).unwrap(),
        client,
        therapist: UserId::new(1).unwrap(),
        service: ServiceId::new(1).unwrap(),
        scheduled_at: "2024-01-15T10:00:00Z".parse().unwrap(),
        minutes: 50,
        buffer_minutes: 10,
        price: Money::new(10_000, Currency::parse("EUR").unwrap()).unwrap(),
        note: None,
        terms: attune_domain::ChangeTerms::default(),
        payment: PaymentPlan::NotRequired(NewRoom { base_url: &base_url, suffix: RoomSuffix::from_bytes([7; 16]) }),
    };
    let (booking, _) = Booking::book(request, now).unwrap();
    let window = AccessWindow { early: SignedDuration::from_mins(15), grace: SignedDuration::from_mins(30) };
    let viewer = AccountViewer { id: client, display_name: "John Doe".to_owned(), role: Role::Client };
    let settings = TokenSettings::default();

    let pair = KeyPair::generate(KeySize::Rsa2048).unwrap();
    let der: Pkcs8V1Der<'_> = pair.as_der().unwrap();
    let pem = format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", STANDARD.encode(der.as_ref()));
    let secret = "0123456789abcdef0123456789abcdef";
    let kinds = [
        (
            "HS256",
            Algorithm::HS256,
            EncodingKey::from_secret(secret.as_bytes()),
            SigningKey::Hs256(Secret::new(secret)),
        ),
        (
            "RS256, 2048 bits",
            Algorithm::RS256,
            EncodingKey::from_rsa_pem(pem.as_bytes()).unwrap(),
            SigningKey::Rs256 { key_id: "attune".to_owned(), pem: Secret::new(&*pem) },
        ),
    ];
    for (name, algorithm, bare, key) in kinds {
        let signer = JitsiSigner::new(Deployment::SelfHosted {
            issuer: "attune".to_owned(),
            audience: "jitsi".to_owned(),
            subject: "meet.example.org".to_owned(),
            key,
        })
        .unwrap();
        let claims = || claims_for(&booking, Viewer::Account(&viewer), &window, &settings, now).unwrap();
        let token = signer.sign(&claims()).unwrap();
        let (message, _) = token.rsplit_once('.').unwrap();
        let mut group = criterion.benchmark_group(format!("signed link, {name}"));
        group.bench_function("whole link", |bench| {
            bench.iter(|| {
                let claims = black_box(claims());
                let token = signer.sign(&claims).unwrap();
                SignedLink::new(&claims, &token, TokenPlacement::Query)
            });
        });
        group.bench_function("signature alone", |bench| {
            bench.iter(|| jsonwebtoken::crypto::sign(black_box(message.as_bytes()), &bare, algorithm).unwrap());
        });
        group.finish();
    }
    criterion.final_summary();
}
