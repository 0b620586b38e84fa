//! The frame of all pages, the front page, the legal pages, and the files that pages load.

use attune_domain::EmailAddress;
use attune_domain::practice::{AccentColor, PhoneNumber, WebUrl};
use reqwest::Method;

use super::harness::*;
use super::profile::png;

/// A practice that says everything about itself.
fn complete() -> Parts {
    Parts::new().profile(|profile| {
        profile.phone = Some(PhoneNumber::parse("+49 (0)30 23125 123").unwrap());
        profile.email = Some(EmailAddress::parse("care@example.org").unwrap());
        profile.website = Some(WebUrl::parse("https://www.example.org/").unwrap());
        profile.accent_color = Some(AccentColor::parse("#5b2a5e").unwrap());
        profile.texts.imprint = Some("Carl <Rogers>\nSome Street 1\n\nVAT: none".into());
        profile.texts.privacy = Some("https://www.example.org/privacy".into());
    })
}

impl Practice {
    async fn browse(&self, path: &str) -> Reply {
        let page = self.request(Method::GET, path).header("Accept", "text/html,*/*;q=0.8").send().await;
        assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"), "{path} {page:?}");
        page
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_says_how_to_reach_the_practice() {
    let (practice, ..) = complete().signed().with_session().await;
    let checkout = practice.checkout_path(1).await;
    for path in [
        "/j/plain.1.user-2.1",
        "/j/nothing",
        &checkout,
        "/test-checkout/x",
        "/checkout/done",
        "/checkout/cancelled",
        "/imprint",
        "/privacy",
        "/nothing",
    ] {
        let page = practice.browse(path).await;
        page.assert_contains(&[
            "Dr. &#60;Rogers&#62; &#38; Co</a>",
            " – Dr. &#60;Rogers&#62; &#38; Co</title>",
            "<a class=\"link\" href=\"tel:+493023125123\">Call +49\u{a0}(0)30\u{a0}23125\u{a0}123</a>",
            "<a class=\"link\" href=\"mailto:care@example.org\">Write to care@example.org</a>",
            "<a class=\"link\" href=\"https://www.example.org/\">www.example.org</a>",
            "<a class=\"link\" href=\"/imprint\">Imprint</a>",
            "<a class=\"link\" href=\"https://www.example.org/privacy\">Privacy</a>",
            "href=\"/assets/accent-5b2a5e.css\"",
        ]);
        assert_eq!(page.text.matches("<h1>").count(), 1, "{path}");
    }
    let front = practice.browse("/").await;
    front.assert_contains(&["<title>Appointments with Dr. &#60;Rogers&#62; &#38; Co</title>"]);
    front.assert_contains(&["tel:+493023125123", "mailto:care@example.org", ">www.example.org</a>", "href=\"/docs/\""]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_practice_does_not_say_is_left_out() {
    let practice = Practice::open().await;
    for path in ["/", "/checkout/done", "/nothing"] {
        practice.browse(path).await.assert_lacks(&[
            "tel:",
            "mailto:",
            "Imprint",
            "Privacy",
            "accent-",
            "logo-",
            "Questions",
        ]);
    }
    for path in ["/imprint", "/privacy"] {
        practice.browse(path).await.assert_status(404).assert_contains(&["<h1>Page not found</h1>"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn browsers_get_pages_and_programs_problems() {
    let practice = complete().open().await;
    practice.browse("/").await.assert_status(200).assert_contains(&["<h1>Appointments with Dr. "]);
    practice.browse("/nothing/at/all").await.assert_status(404).assert_contains(&["<h1>Page not found</h1>"]);
    for path in ["/", "/imprint", "/nothing"] {
        let reply = practice.request(Method::GET, path).header("Accept", "application/json").send().await;
        reply.assert_problem(404, "not_found");
    }
    for path in ["/api/nothing", "/nothing"] {
        practice
            .request(Method::POST, path)
            .header("Accept", "text/html,*/*")
            .send()
            .await
            .assert_problem(404, "not_found");
    }
    practice.request(Method::GET, "/api/nothing").header("Accept", "text/html,*/*").send().await.assert_status(404);
    practice.get("/nothing", "").await.assert_problem(404, "not_found");
}

#[tokio::test(flavor = "multi_thread")]
async fn legal_texts_keep_their_lines() {
    let practice = complete().open().await;
    practice.browse("/imprint").await.assert_status(200).assert_contains(&[
        "<h1>Imprint</h1>",
        "<p class=\"lines\">Carl &#60;Rogers&#62;\nSome Street 1</p>",
        "<p class=\"lines\">VAT: none</p>",
    ]);
    let elsewhere = practice.browse("/privacy").await;
    elsewhere.assert_status(200);
    elsewhere.assert_contains(&["href=\"https://www.example.org/privacy\">www.example.org/privacy</a>"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_load_only_what_is_served_here() {
    let (practice, _, carl) = complete().with_session().await;
    practice.put_logo(&carl, "image/png", png(100)).await.assert_status(200);
    let checkout = practice.checkout_path(1).await;
    let mut files = std::collections::BTreeSet::new();
    for path in ["/", "/j/plain.1.user-2.1", &checkout, "/imprint", "/nothing"] {
        let page = practice.browse(path).await;
        let policy = page.header("content-security-policy").unwrap();
        assert_eq!(
            policy,
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
             form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
        );
        page.assert_lacks(&["<script>", "<style", " style=", " onclick", "<iframe"]);
        let sources = ["rel=\"stylesheet\" href=\"", "rel=\"icon\" href=\"", " src=\""];
        for source in sources.iter().flat_map(|source| page.text.split(source).skip(1)) {
            files.insert(source.split('"').next().unwrap().to_owned());
        }
    }
    assert_eq!(files.len(), 4, "{files:?}");
    for path in &files {
        let file = practice.get(path, "").await;
        let kind = match path.rsplit_once('.').unwrap().1 {
            "png" => "image/png",
            "js" => "text/javascript; charset=utf-8",
            _ => "text/css; charset=utf-8",
        };
        assert_eq!(file.assert_status(200).header("content-type"), Some(kind), "{path}");
        if path.contains("accent-") {
            assert!(file.text.starts_with(":root{--accent:#5b2a5e;--on-accent:#ffffff}"), "{}", file.text);
        }
    }
    for name in ["attune.css", "attune-0000000000000000.css", "accent-xyz.css", "accent-5B2A5E.css", "logo-0", "x"] {
        practice.get(&format!("/assets/{name}"), "").await.assert_problem(404, "not_found");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_below_a_path_link_below_it() {
    let mut parts = complete();
    parts.web.base_path = "/book".into();
    let practice = parts.open().await;
    let page = practice.browse("/checkout/done").await;
    page.assert_contains(&["href=\"/book/\"", "href=\"/book/assets/attune-", "href=\"/book/imprint\""]);
    page.assert_lacks(&["\"/assets/", "\"/imprint"]);
    practice.browse("/").await.assert_contains(&["href=\"/book/docs/\""]);
}

#[tokio::test(flavor = "multi_thread")]
async fn help_is_offered_where_joining_can_fail() {
    let (practice, ..) = complete().signed().with_session().await;
    for (now, offered) in [(NOW, true), ("2024-01-15T09:45:00Z", true), ("2024-01-16T09:00:00Z", false)] {
        practice.set_time(now);
        let page = practice.browse("/j/plain.1.user-2.1").await;
        assert_eq!(page.text.contains("Call the practice on +49\u{a0}(0)30"), offered, "{now}");
        assert_eq!(page.text.contains("Write to the practice: care@example.org"), offered, "{now}");
    }
}
