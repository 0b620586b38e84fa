//! The test provider's page.

use attune_adapter_web::WebSettings;
use jiff::SignedDuration;
use reqwest::Method;
use serde_json::json;

use super::harness::*;

const HTML: Option<&str> = Some("text/html; charset=utf-8");

/// An unpaid booking (1) of Ada's, her token and the path of the checkout page.
async fn held(parts: Parts) -> (Practice, String, String) {
    let (practice, ada, _) = parts.with_hold().await;
    let path = practice.checkout_path(1).await;
    (practice, ada, path)
}

async fn assert_unpaid(practice: &Practice, ada: &str) {
    let wanted = json!({"status": "pending_payment"});
    practice.get("/api/bookings/1", ada).await.assert_members(&wanted);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_shows_the_price_and_viewing_changes_nothing() {
    let (practice, ada, path) = held(Parts::new()).await;
    for _ in 0..2 {
        let page = practice.get(&path, "").await;
        assert_eq!(page.assert_status(200).header("content-type"), HTML);
        page.assert_contains(&[
            "Dr. &#60;Rogers&#62; &#38; Co",
            "€100.00",
            "15\u{a0}January 2024 at 11:00",
            "Europe/Berlin, UTC+01:00",
        ]);
        page.assert_contains(&["<button", "method=\"post\""]);
        page.assert_lacks(&["<script>", "http://", "https://", "Ada", "ada@example.org", " style="]);
        let policy = page.header("content-security-policy").unwrap();
        assert!(policy.contains("form-action 'self'") && policy.contains("style-src 'self'"), "{policy}");
        assert!(policy.contains("script-src 'self';") && !policy.contains("unsafe"), "{policy}");
    }
    practice.request(Method::HEAD, &path).send().await.assert_status(200);
    assert_unpaid(&practice, &ada).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_button_pays_once_and_the_page_shows_it() {
    let (practice, ada, path) = held(Parts::new()).await;
    let form = |body| practice.request(Method::POST, &path).form(body);
    for body in ["", "whatever=1"] {
        let reply = form(body).header("Accept", "text/html,*/*;q=0.8").send().await;
        assert_eq!(reply.assert_status(303).header("location"), path.strip_prefix("/test-checkout/"));
    }
    let page = practice.get(&path, "").await;
    assert!(page.text.contains("<h1>Paid</h1>") && !page.text.contains("<button"));
    practice.get("/api/bookings/1", &ada).await.assert_members(&json!({"status": "scheduled", "version": 2}));
    let reply = form("").header("Accept", "application/json").send().await;
    reply.assert_body(200, r#"{"booking_id":1,"status":"scheduled","payment_status":"succeeded"}"#);
}

#[tokio::test(flavor = "multi_thread")]
async fn closed_and_unknown_checkouts_are_reported_as_html_and_json() {
    let (practice, _, path) = held(Parts::new()).await;
    practice.advance(SignedDuration::from_mins(15));
    for (path, status, code) in
        [(path.as_str(), 410, "checkout_closed"), ("/test-checkout/nope", 404, "checkout_not_found")]
    {
        for method in [Method::GET, Method::POST] {
            let page = practice.request(method, path).send().await;
            assert_eq!(page.assert_status(status).header("content-type"), HTML);
        }
        let reply = practice.request(Method::POST, path).header("Accept", "application/json").send().await;
        reply.assert_problem(status, code);
    }
    let ada = practice.token("ada@example.org").await;
    assert_unpaid(&practice, &ada).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_test_provider_there_is_no_page() {
    let (practice, ada, path) = held(Parts { web: WebSettings::default(), ..Parts::new() }).await;
    for method in [Method::GET, Method::POST] {
        let reply = practice.request(method, &path).send().await;
        assert_eq!(reply.assert_status(404).header("content-type"), Some("application/problem+json"));
    }
    assert_unpaid(&practice, &ada).await;
}
