//! The time for a signed meeting link, and the signature's share of it.
#![allow(clippy::unwrap_used, reason = "a benchmark may stop at the first surprise")]

#[path = "../tests/jitsi/fixtures.rs"]
#[allow(dead_code, reason = "the tests need more of it")]
mod fixtures;

use std::hint::black_box;

use attune_adapter_jitsi::JitsiSigner;
use attune_domain::meeting::{SignedLink, TokenPlacement, TokenSettings, Viewer, claims_for};
use attune_domain::{MeetingBaseUrl, Role};
use attune_ports::MeetingTokenSigner;
use criterion::Criterion;
use jsonwebtoken::{Algorithm, EncodingKey};

use self::fixtures::{SECRET, START, WINDOW, account, at, booking, private_pem, public, shared};

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    let booking = booking(&MeetingBaseUrl::parse("https://meet.example.org").unwrap());
    let viewer = account(7, "John Doe", Role::Client);
    let settings = TokenSettings::default();
    let claims = || claims_for(&booking, Viewer::Account(&viewer), &WINDOW, &settings, at(START)).unwrap();
    let pem = private_pem(0);
    for (name, algorithm, bare, deployment) in [
        ("HS256", Algorithm::HS256, EncodingKey::from_secret(SECRET.as_bytes()), shared(SECRET)),
        (
            "RS256, 2048 bits",
            Algorithm::RS256,
            EncodingKey::from_rsa_pem(pem.as_bytes()).unwrap(),
            public("attune", &pem),
        ),
    ] {
        let signer = JitsiSigner::new(deployment).unwrap();
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
