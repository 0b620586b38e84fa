//! The practice's own data.

use attune_domain::practice::Logo;
use reqwest::Method;
use serde_json::json;

use super::harness::*;
use super::practice::with_version;

const PRACTICE: &str = "/api/admin/practice";

const LOGO: &str = "/api/admin/practice/logo";

/// A PNG image of this many bytes.
pub(super) fn png(bytes: usize) -> Vec<u8> {
    let mut image = b"\x89PNG\r\n\x1a\n".to_vec();
    image.resize(bytes, b'x');
    image
}

impl Practice {
    /// Uploads an image of this type.
    pub(super) async fn put_logo(&self, admin: &str, media_type: &str, image: impl Into<reqwest::Body>) -> Reply {
        self.put_image(LOGO, admin, media_type, image).await
    }

    async fn put_image(&self, path: &str, admin: &str, media_type: &str, image: impl Into<reqwest::Body>) -> Reply {
        self.request(Method::PUT, path).token(admin).header("Content-Type", media_type).body(image).send().await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_configured_practice_is_shown_until_it_is_changed() {
    let practice = Practice::open().await;
    let carl = practice.admin().await;
    let configured = r#"{"name":"Dr. <Rogers> & Co","phone":null,"email":null,"website":null,"logo":null,"#.to_owned()
        + r#""accent_color":null,"timezone":"Europe/Berlin","german_formality":"formal","imprint":null,"privacy":null,"#
        + r#""offline_payment":null,"translations":{}}"#;
    practice.get(PRACTICE, &carl).await.assert_body(200, &with_version(&configured, 1));
    practice.patch(PRACTICE, &carl, "{}").await.assert_body(200, &with_version(&configured, 2));
    let everything = json!({
        "name": " Practice\u{202e}  Rogers ", "phone": "+49 30 23125 123", "email": "care@example.org",
        "website": "https://www.example.org", "accent_color": "#5B2A5E", "timezone": "Asia/Tokyo",
        "german_formality": "informal",
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
    phone.assert_members(&but(&changed.json(), &json!({"phone": "030 1234", "version": 4})));
    let nothing = r#"{"phone":null,"email":"","website":null,"accent_color":" ","imprint":null,"#.to_owned()
        + r#""privacy":" \n ","offline_payment":null,"translations":null,"name":"Dr. <Rogers> & Co","#
        + r#""timezone":"Europe/Berlin","german_formality":"formal"}"#;
    practice.patch(PRACTICE, &carl, &nothing).await.assert_body(200, &with_version(&configured, 5));
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_show_a_change_at_once() {
    let practice = Practice::open().await;
    let carl = practice.admin().await;
    let front = async || practice.request(Method::GET, "/").header("Accept", "text/html").send().await;
    front().await.assert_lacks(&["tel:", "logo-", "accent-", "Imprint"]);
    let body = json!({
        "name": "Practice Rogers", "phone": "030 1234", "accent_color": "#5b2a5e", "imprint": "Carl",
    });
    practice.patch(PRACTICE, &carl, &body.to_string()).await.assert_status(200);
    let page = front().await;
    page.assert_contains(&["Appointments with Practice Rogers", "tel:0301234", "accent-5b2a5e", ">Imprint</a>"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_logo_is_uploaded_as_it_is_and_kept_by_browsers() {
    let practice = Practice::open().await;
    let carl = practice.admin().await;
    let front = async || practice.request(Method::GET, "/").header("Accept", "text/html").send().await;
    let jpeg = || [&[0xff, 0xd8, 0xff][..], &[b'j'; 100]].concat();
    let webp = || b"RIFF\0\0\0\0WEBPVP8 ".to_vec();
    let mut before = String::new();
    // The first bytes decide, not the header.
    for (media_type, image, kind) in [
        ("image/png", png(Logo::MAX_BYTES), "image/png"),
        ("image/png", jpeg(), "image/jpeg"),
        ("IMAGE/WebP; q=1", webp(), "image/webp"),
    ] {
        let changed = practice.put_logo(&carl, media_type, image.clone()).await;
        let url = changed.assert_status(200).json()["logo"].as_str().unwrap().to_owned();
        practice.get(PRACTICE, &carl).await.assert_body(200, &changed.text);
        let path = url.strip_prefix("https://practice.example.org").unwrap();
        front().await.assert_contains(&[&format!(r#"<img class="logo" src="{path}" alt="">"#)]);
        let logo = practice.get(path, "").await;
        assert_eq!(logo.assert_status(200).header("content-type"), Some(kind));
        assert_eq!(logo.header("cache-control"), Some("public, max-age=31536000, immutable"));
        assert_eq!(logo.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(logo.header("content-length"), Some(image.len().to_string().as_str()));
        if !before.is_empty() {
            practice.get(&before, "").await.assert_problem(404, "not_found");
        }
        before = path.to_owned();
    }
    let shown = practice.get(PRACTICE, &carl).await.text;
    for media_type in ["image/svg+xml", "image/gif", "application/octet-stream", "application/json", ""] {
        practice.put_logo(&carl, media_type, png(100)).await.assert_problem(415, "unsupported_media_type");
    }
    practice.put_logo(&carl, "image/png", png(Logo::MAX_BYTES + 1)).await.assert_problem(413, "payload_too_large");
    for invalid in [&b""[..], b"GIF89a", b"<svg xmlns='http://www.w3.org/2000/svg'/>"] {
        practice.put_logo(&carl, "image/png", invalid).await.assert_problem(422, "invalid_image");
    }
    practice.get(PRACTICE, &carl).await.assert_body(200, &shown);
    for _ in 0..2 {
        practice.delete(LOGO, &carl).await.assert_body(204, "");
        practice.get(&before, "").await.assert_problem(404, "not_found");
    }
    practice.get(PRACTICE, &carl).await.assert_members(&json!({"logo": null}));
    front().await.assert_lacks(&["logo-"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_logo_is_changed_in_the_version_that_the_query_names() {
    let practice = Practice::open().await;
    let carl = practice.admin().await;
    let put = async |version: &str| {
        practice.put_image(&format!("{LOGO}?version={version}"), &carl, "image/png", png(100)).await
    };
    put("1").await.assert_status(200).assert_members(&json!({"version": 2}));
    let stored = practice.get(PRACTICE, &carl).await.text;
    put("1").await.assert_problem(409, "version_conflict");
    practice.delete(&format!("{LOGO}?version=1"), &carl).await.assert_problem(409, "version_conflict");
    put("0").await.assert_invalid("version", "out_of_range");
    practice.get(PRACTICE, &carl).await.assert_body(200, &stored);
    practice.delete(&format!("{LOGO}?version=2"), &carl).await.assert_status(204);
    practice.get(PRACTICE, &carl).await.assert_members(&json!({"logo": null, "version": 3}));
}

#[tokio::test(flavor = "multi_thread")]
async fn german_pages_address_their_reader_as_the_practice_does() {
    let practice = Practice::open().await;
    let carl = practice.admin().await;
    for (formality, sentence) in [("formal", "Die Zeit Ihres Termins"), ("informal", "Die Zeit deines Termins")] {
        let body = json!({"german_formality": formality}).to_string();
        practice.patch(PRACTICE, &carl, &body).await.assert_status(200);
        let page = practice.request(Method::GET, "/?lang=de").header("Accept", "text/html").send().await;
        page.assert_contains(&[sentence]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invalid_practice_says_why() {
    let practice = Parts::new().without_limits().open().await;
    let carl = practice.admin().await;
    let text = |length: usize| format!("\"{}\"", "x".repeat(length));
    let [long_name, long_text, long_payment] = [text(101), text(20_001), text(1_001)];
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
        ("logo", "unknown_field", &[r#""https://www.example.org/logo.png""#]),
        ("german_formality", "invalid_value", &[r#""du""#]),
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
