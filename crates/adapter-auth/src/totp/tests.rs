use std::sync::atomic::{AtomicU8, Ordering};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use url::{Url, form_urlencoded};

use super::*;
use crate::signed_tokens::tests::{OTHER, SECRET, secret};

/// The secret of RFC 6238, appendix B.
struct Rfc;

impl Random for Rfc {
    fn fill(&self, buffer: &mut [u8]) {
        for (byte, digit) in buffer.iter_mut().zip(b"1234567890".iter().cycle()) {
            *byte = *digit;
        }
    }
}

/// Different bytes for each call, the same in each run.
#[derive(Default)]
struct Counting(AtomicU8);

impl Random for Counting {
    fn fill(&self, buffer: &mut [u8]) {
        buffer.fill(self.0.fetch_add(1, Ordering::SeqCst));
    }
}

fn codes() -> TotpCodes {
    TotpCodes::new(&secret(SECRET), &[], Arc::new(Rfc))
}

fn user(id: i64) -> UserId {
    UserId::new(id).unwrap()
}

fn setup(codes: &TotpCodes) -> TotpSetup {
    codes.new_secret(user(7), "ada@example.org", "Practice").unwrap()
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn step_of(code: &str, second: i64) -> Option<u64> {
    codes().step_of(user(7), &setup(&codes()).sealed_secret, code, at(second)).unwrap()
}

#[test]
fn rfc_6238_appendix_b() {
    for (second, code, step) in [
        (59, "287082", 1),
        (1_111_111_109, "081804", 37_037_036),
        (1_111_111_111, "050471", 37_037_037),
        (1_234_567_890, "005924", 41_152_263),
        (2_000_000_000, "279037", 66_666_666),
        (20_000_000_000, "353130", 666_666_666),
    ] {
        assert_eq!(step_of(code, second), Some(step), "{second}");
    }
}

/// The code of step 1, which lasts from second 30 to 59.
#[test]
fn clocks_may_differ_by_one_step() {
    for (second, step) in
        [(-45, None), (-1, None), (0, Some(1)), (30, Some(1)), (59, Some(1)), (89, Some(1)), (90, None)]
    {
        assert_eq!(step_of("287082", second), step, "{second}");
    }
    assert_eq!(step_of("287082", Timestamp::MAX.as_second()), None);
    assert_eq!(step_of("287082", Timestamp::MIN.as_second()), None);
    // The code of step 3.
    for (second, step) in [(29, None), (59, None), (60, Some(3)), (149, Some(3)), (150, None)] {
        assert_eq!(step_of("969429", second), step, "{second}");
    }
}

/// Found by search: the code of these steps is the same.
#[test]
fn of_several_steps_the_newest_counts() {
    for (code, steps, now, newest) in [
        ("070562", [50_424_280, 50_424_281], 50_424_280, 50_424_281),
        ("407517", [50_897_033, 50_897_035], 50_897_034, 50_897_035),
    ] {
        assert_eq!(steps.map(|step| step_of(code, (step - 1) * 30).is_some()), [true; 2], "{code}");
        assert_eq!(step_of(code, now * 30), Some(newest), "{code}");
    }
}

#[test]
fn a_code_is_six_digits_and_spaces_do_not_count() {
    for code in ["287082", "287 082", " 2 8 7 0 8 2 ", "287\u{a0}082"] {
        assert_eq!(step_of(code, 59), Some(1), "{code:?}");
    }
    for code in
        ["", " ", "287083", "28708", "2870820", "0287082", "287-082", "+287082", "94287082", "２８７０８２", "28708two"]
    {
        assert_eq!(step_of(code, 59), None, "{code:?}");
    }
}

/// Computed with another implementation of AES-GCM. If this test fails, no stored secret can be decrypted.
#[test]
fn sealed_secrets_are_stable() {
    let sealed = "ATEyMzQ1Njc4OTAxMv7ha6XOTgxOfV6wKnh2DzyuQ0Z0Gu3u7ru/9y9cdpO0XCVk9w==";
    assert_eq!(STANDARD.encode(setup(&codes()).sealed_secret), sealed);
}

#[test]
fn a_sealed_secret_belongs_to_its_user_and_is_refused_when_it_was_altered() {
    let sealed = setup(&codes()).sealed_secret;
    let refuses = |codes: &TotpCodes, user: UserId, sealed: &[u8]| {
        codes
            .step_of(user, sealed, "287082", at(59))
            .is_err_and(|e| matches!(e.downcast_ref(), Some(Failure::Decryption)))
    };
    assert!(!refuses(&codes(), user(7), &sealed));
    assert!(refuses(&codes(), user(8), &sealed));
    for bit in 0..sealed.len() * 8 {
        let mut altered = sealed.clone();
        altered[bit / 8] ^= 1 << (bit % 8);
        assert!(refuses(&codes(), user(7), &altered), "bit {bit}");
    }
    for length in 0..sealed.len() {
        assert!(refuses(&codes(), user(7), &sealed[..length]), "{length} bytes");
    }
    assert!(refuses(&codes(), user(7), &[&sealed[..], &[0]].concat()));
    let with = |current: &str, previous: &[SigningSecret]| TotpCodes::new(&secret(current), previous, Arc::new(Rfc));
    assert!(refuses(&with(OTHER, &[]), user(7), &sealed));
    let renewed = with(OTHER, &[secret(SECRET)]);
    assert!(!refuses(&renewed, user(7), &sealed), "with the previous secret");
    assert!(refuses(&codes(), user(7), &setup(&renewed).sealed_secret), "only the current one encrypts");
}

#[test]
fn every_secret_and_every_nonce_is_new() {
    let codes = TotpCodes::new(&secret(SECRET), &[], Arc::new(Counting::default()));
    let [first, second] = [setup(&codes), setup(&codes)];
    assert_ne!(first.uri, second.uri);
    assert_eq!([&first, &second].map(|setup| setup.sealed_secret[1..13].to_vec()), [vec![1; 12], vec![3; 12]]);
}

#[test]
fn the_uri_survives_awkward_names() {
    for (account, issuer, label) in [
        ("ada@example.org", "Practice", "Practice:ada@example.org"),
        ("ada+therapy@example.org", "Müller & Söhne, 50 % #1?", "Müller & Söhne, 50 % #1?:ada+therapy@example.org"),
        ("jörg:a/b=c@example.org", "Praxis: Köln", "Praxis Köln:jörga/b=c@example.org"),
    ] {
        let uri = Url::parse(&codes().new_secret(user(7), account, issuer).unwrap().uri).unwrap();
        assert_eq!((uri.scheme(), uri.host_str(), uri.fragment()), ("otpauth", Some("totp"), None));
        let path: Vec<(String, String)> = form_urlencoded::parse(&uri.path().as_bytes()[1..]).into_owned().collect();
        assert_eq!(path, [(label.to_owned(), String::new())]);
        let issuer = issuer.replace(':', "");
        let parameters: Vec<(String, String)> = uri.query_pairs().into_owned().collect();
        assert_eq!(
            parameters,
            [("secret", "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"), ("issuer", &issuer)].map(|(k, v)| (k.into(), v.into()))
        );
    }
}

#[test]
fn the_qr_code_is_plain_svg_of_the_uri() {
    let setup = setup(&codes());
    let svg = setup.qr_svg.strip_prefix(r#"<?xml version="1.0" standalone="yes"?>"#).unwrap();
    let namespace = r#" xmlns="http://www.w3.org/2000/svg""#;
    assert_eq!(svg.matches(namespace).count(), 1);
    let rest = svg.replace(namespace, "");
    assert!(!rest.contains("http") && !rest.contains("script") && !rest.contains("href"), "{rest}");
    let tags: Vec<&str> = rest.split('<').skip(1).map(|tag| tag.split([' ', '>']).next().unwrap()).collect();
    assert_eq!(tags, ["svg", "rect", "path", "/svg"]);
    assert_eq!((rest.matches("/>").count(), rest.matches('"').count() % 2, rest.contains('&')), (2, 0, false));
    assert!(rest.contains(r##"fill="#fff"/><path fill="#000""##), "dark on light");

    // Four light modules on each side.
    let code = QrCode::with_error_correction_level(&setup.uri, EcLevel::L).unwrap();
    let modules = u32::try_from(code.width()).unwrap() + 8;
    let pixels = QR_PIXELS.div_ceil(modules) * modules;
    assert!(rest.contains(&format!(r#"width="{pixels}" height="{pixels}" viewBox="0 0 {pixels} {pixels}""#)), "{rest}");
    let margin = 4 * pixels / modules;
    assert!(rest.contains(&format!(r#"d="M{margin} {margin}h"#)), "{rest}");
}

/// As long as addresses and names of practices can be, in letters that take the most bytes.
#[test]
fn the_longest_names_fit_into_a_qr_code() {
    let account = format!("{}@example.org", "+".repeat(242));
    assert!(codes().new_secret(user(7), &account, &"診".repeat(100)).is_ok());
    let error = codes().new_secret(user(7), &"x".repeat(3000), "Practice").unwrap_err();
    assert_eq!(error.to_string(), "the URI for the authenticator app does not fit into a QR code");
}

#[test]
fn debug_shows_nothing() {
    assert_eq!(format!("{:?} {:?}", codes(), setup(&codes())), "TotpCodes(***) TotpSetup(***)");
}
