use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use super::*;

#[test]
fn the_policy_allows_exactly_the_style_sheet() {
    let hash = STANDARD.encode(Sha256::digest(STYLE.as_bytes()));
    assert_eq!(STYLE_HASH, format!("sha256-{hash}"));
}

#[actix_web::test]
async fn user_input_is_escaped() {
    let page =
        Page::new("Dr. <b> & \"Sons'", "Title", "<script>").details(&[("<i>", "a&b")]).button("Pay >").reload("<u>");
    let response = page.respond(StatusCode::OK);
    let html = actix_web::body::to_bytes(response.into_body()).await.unwrap();
    let html = std::str::from_utf8(&html).unwrap();
    for wanted in ["Dr. &lt;b&gt; &amp; &quot;Sons&#39;", "<p>&lt;script&gt;</p>", "<dt>&lt;i&gt;</dt><dd>a&amp;b</dd>"]
    {
        assert!(html.contains(wanted), "{wanted} is not in {html}");
    }
    assert!(html.contains(">&lt;u&gt;</a>"), "{html}");
    assert!(!html.contains("<script") && !html.contains("<b>") && !html.contains("http"));
}

#[test]
fn the_policy_allows_the_form_target_only() {
    let policy = |page: Page| {
        let response = page.respond(StatusCode::OK);
        response.headers().get(CONTENT_SECURITY_POLICY).unwrap().to_str().unwrap().to_owned()
    };
    let page = || Page::new("Practice", "Title", "Sentence.").button("Go");
    assert!(policy(page()).contains("; form-action 'self'; "));
    let leading = policy(page().redirecting_to("https://meet.example.org"));
    assert!(leading.contains("; form-action 'self' https://meet.example.org; "), "{leading}");
    for policy in [policy(page()), leading] {
        assert!(policy.starts_with("default-src 'none'; ") && policy.ends_with("frame-ancestors 'none'"), "{policy}");
        assert!(!policy.contains("script-src") && !policy.contains("unsafe") && !policy.contains('*'), "{policy}");
    }
}

/// Relative luminance of `#rrggbb` (WCAG 2.2).
fn luminance(colour: &str) -> f64 {
    let part = |at: usize| {
        let value = f64::from(u8::from_str_radix(&colour[at..at + 2], 16).unwrap()) / 255.0;
        if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    };
    0.2126 * part(1) + 0.7152 * part(3) + 0.0722 * part(5)
}

#[test]
fn all_colours_have_enough_contrast() {
    let (light, dark, button) = ("#ffffff", "#171a21", "#14532d");
    for (colour, behind, least) in [
        // Text: 4.5 (success criterion 1.4.3).
        ("#1f2430", light, 4.5),
        ("#e6e8ee", dark, 4.5),
        ("#14532d", light, 4.5),
        ("#86efac", dark, 4.5),
        ("#ffffff", button, 4.5),
        // Borders of buttons and focus indicators: 3 (1.4.11).
        ("#14532d", light, 3.0),
        ("#86efac", dark, 3.0),
        ("#b45309", light, 3.0),
        ("#fbbf24", dark, 3.0),
    ] {
        let (one, other) = (luminance(colour), luminance(behind));
        let contrast = (one.max(other) + 0.05) / (one.min(other) + 0.05);
        assert!(contrast >= least, "{colour} on {behind} has {contrast}");
        for used in [colour, behind] {
            assert!(STYLE.contains(if used == light { "#fff" } else { used }), "{used}");
        }
    }
}
