//! The practice's own data.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use reqwest::Method;
use serde_json::json;

use super::harness::*;

const PRACTICE: &str = "/api/admin/practice";

/// A PNG image of this many bytes.
fn png(bytes: usize) -> String {
    let mut image = b"\x89PNG\r\n\x1a\n".to_vec();
    image.resize(bytes, b'x');
    format!("data:image/png;base64,{}", STANDARD.encode(image))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_configured_practice_is_shown_until_it_is_changed() {
    let practice = Practice::open().await;
    let carl = practice.admin().await;
    let configured = r#"{"name":"Dr. <Rogers> & Co","phone":null,"email":null,"website":null,"logo":null,"#.to_owned()
        + r#""accent_color":null,"timezone":"Europe/Berlin","imprint":null,"privacy":null,"offline_payment":null,"#
        + r#""translations":{}}"#;
    practice.get(PRACTICE, &carl).await.assert_body(200, &configured);
    practice.patch(PRACTICE, &carl, "{}").await.assert_body(200, &configured);
    let logo = png(32 * 1024);
    let everything = json!({
        "name": " Practice\u{202e}  Rogers ", "phone": "+49 30 23125 123", "email": "care@example.org",
        "website": "https://www.example.org", "logo": logo, "accent_color": "#5B2A5E", "timezone": "Asia/Tokyo",
        "imprint": "Carl Rogers\r\nSome Street 1\n\nVAT: none\n", "privacy": "https://www.example.org/privacy",
        "offline_payment": "By bank transfer.",
        "translations": {"de": {"offline_payment": "Per Überweisung.", "imprint": ""}, "fr": {}, "es": null},
    });
    let changed = practice.patch(PRACTICE, &carl, &everything.to_string()).await;
    let changes = json!({
        "name": "Practice Rogers", "website": "https://www.example.org/", "accent_color": "#5b2a5e",
        "imprint": "Carl Rogers\nSome Street 1\n\nVAT: none",
        "translations": {"de": {"imprint": null, "privacy": null, "offline_payment": "Per Überweisung."}},
    });
    changed.assert_status(200).assert_members(&but(&everything, &changes));
    practice.get(PRACTICE, &carl).await.assert_body(200, &changed.text);

    let phone = practice.patch(PRACTICE, &carl, r#"{"phone":"030 1234"}"#).await;
    phone.assert_members(&but(&changed.json(), &json!({"phone": "030 1234"})));
    let nothing = r#"{"phone":null,"email":"","website":null,"logo":null,"accent_color":" ","imprint":null,"#
        .to_owned()
        + r#""privacy":" \n ","offline_payment":null,"translations":null,"name":"Dr. <Rogers> & Co","#
        + r#""timezone":"Europe/Berlin"}"#;
    practice.patch(PRACTICE, &carl, &nothing).await.assert_body(200, &configured);
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_show_a_change_at_once() {
    let practice = Practice::open().await;
    let carl = practice.admin().await;
    let front = async || practice.request(Method::GET, "/").header("Accept", "text/html").send().await;
    front().await.assert_lacks(&["tel:", "logo-", "accent-", "Imprint"]);
    let body = json!({
        "name": "Practice Rogers", "phone": "030 1234", "logo": png(100), "accent_color": "#5b2a5e", "imprint": "Carl",
    });
    practice.patch(PRACTICE, &carl, &body.to_string()).await.assert_status(200);
    let page = front().await;
    page.assert_contains(&["Appointments with Practice Rogers", "tel:0301234", "accent-5b2a5e", ">Imprint</a>"]);
    let logo = page.text.split("/assets/logo-").nth(1).unwrap().split('"').next().unwrap();
    let logo = practice.get(&format!("/assets/logo-{logo}"), "").await;
    assert_eq!(logo.assert_status(200).header("content-type"), Some("image/png"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invalid_practice_says_why() {
    let practice = Parts::new().without_limits().open().await;
    let carl = practice.admin().await;
    let text = |length: usize| format!("\"{}\"", "x".repeat(length));
    let [long_name, long_text, long_payment] = [text(101), text(20_001), text(1_001)];
    let logo = |url: &str| format!("\"{url}\"");
    let (large, other) = (logo(&png(32 * 1024 + 1)), logo(&png(100).replace("png", "jpeg")));
    let svg = logo(&format!("data:image/svg+xml;base64,{}", STANDARD.encode("<svg/>")));
    let broken = logo("data:image/png;base64,%%%");
    let rows: Invalid<'_> = &[
        ("name", "required", &["null", r#"" \u200b ""#]),
        ("name", "too_long", &[&long_name]),
        ("name", "wrong_type", &["1"]),
        ("phone", "invalid_phone", &[r#""call me""#, r#""12""#, r#""1234567890123456""#]),
        ("email", "invalid_email", &[r#""carl""#]),
        (
            "website",
            "invalid_url",
            &[r#""www.example.org""#, r#""javascript:alert(1)""#, r#""https://a:b@example.org""#],
        ),
        ("accent_color", "invalid_color", &[r#""green""#, r##""#14532""##, r##""#14532g""##]),
        ("logo", "invalid_image", &[&large, &other, &svg, &broken, r#""https://www.example.org/logo.png""#]),
        ("timezone", "invalid_timezone", &[r#""Mars/Olympus""#, r#""?""#]),
        ("timezone", "required", &["null"]),
        ("imprint", "too_long", &[&long_text]),
        ("privacy", "invalid_characters", &[r#""a\u0000""#]),
        ("offline_payment", "too_long", &[&long_payment]),
        ("translations", "wrong_type", &["1", "[]"]),
        ("translations.it", "unknown_field", &[r#"{"it":{}}"#]),
        ("translations.de", "wrong_type", &[r#"{"de":1}"#]),
        ("translations.de.name", "unknown_field", &[r#"{"de":{"name":"x"}}"#]),
    ];
    practice.assert_invalid_values(Method::PATCH, PRACTICE, &carl, "{}", rows).await;
    practice
        .get(PRACTICE, &carl)
        .await
        .assert_members(&json!({"name": "Dr. <Rogers> & Co", "timezone": "Europe/Berlin"}));
}
