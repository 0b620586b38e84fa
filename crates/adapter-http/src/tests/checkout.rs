//! The test provider's page.

use jiff::SignedDuration;
use reqwest::Method;

use super::harness::*;

#[tokio::test(flavor = "multi_thread")]
async fn the_page_shows_the_price_and_viewing_changes_nothing() {
    let practice = Parts::new().settings(|s| s.practice_name = "Dr. <Rogers> & Co".into()).open().await;
    let ada = practice.client("Ada").await;
    let path = checkout_path(&practice.book(&ada, SLOT).await);
    for _ in 0..2 {
        let page = practice.get(&path, "").await;
        assert_eq!((page.status.as_u16(), page.header("content-type")), (200, Some("text/html; charset=utf-8")));
        for wanted in
            ["Dr. &lt;Rogers&gt; &amp; Co", "100.00 EUR", "15 January 2024, 10:00 UTC", "<button", "method=\"post\""]
        {
            assert!(page.text.contains(wanted), "{wanted}");
        }
        for unwanted in ["<script", "http://", "https://", "Ada", "ada@example.org", " style="] {
            assert!(!page.text.contains(unwanted), "{unwanted}");
        }
        let policy = page.header("content-security-policy").unwrap();
        assert!(policy.contains("form-action 'self'") && policy.contains("style-src 'sha256-"), "{policy}");
        assert!(!policy.contains("script-src") && !policy.contains("unsafe"), "{policy}");
    }
    assert_eq!(practice.request(Method::HEAD, &path).send().await.status, 200);
    assert_eq!(practice.get("/api/bookings/1", &ada).await.json()["status"], "pending_payment");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_button_pays_once_and_the_page_shows_it() {
    let practice = Practice::open().await;
    let ada = practice.client("Ada").await;
    let path = checkout_path(&practice.book(&ada, SLOT).await);
    let form = |body: &'static str| {
        practice.request(Method::POST, &path).header("Content-Type", "application/x-www-form-urlencoded").body(body)
    };
    for body in ["", "whatever=1"] {
        let reply = form(body).header("Accept", "text/html,*/*;q=0.8").send().await;
        assert_eq!(reply.status, 303);
        assert_eq!(reply.header("location"), path.strip_prefix("/test-checkout/"));
    }
    let page = practice.get(&path, "").await;
    assert!(page.text.contains("<h1>Paid</h1>") && !page.text.contains("<button"));
    let booking = practice.get("/api/bookings/1", &ada).await.json();
    assert_eq!((&booking["status"], &booking["version"]), (&"scheduled".into(), &2.into()));
    let reply = form("").header("Accept", "application/json").send().await;
    assert_eq!(reply.text, r#"{"booking_id":1,"status":"scheduled","payment_status":"succeeded"}"#);
}

#[tokio::test(flavor = "multi_thread")]
async fn closed_and_unknown_checkouts_are_reported_as_html_and_json() {
    let practice = Practice::open().await;
    let ada = practice.client("Ada").await;
    let path = checkout_path(&practice.book(&ada, SLOT).await);
    practice.advance(SignedDuration::from_mins(15));
    for (path, status, code) in
        [(path.as_str(), 410, "checkout_closed"), ("/test-checkout/nope", 404, "checkout_not_found")]
    {
        for method in [Method::GET, Method::POST] {
            let page = practice.request(method, path).send().await;
            assert_eq!((page.status.as_u16(), page.header("content-type")), (status, Some("text/html; charset=utf-8")));
        }
        let reply = practice.request(Method::POST, path).header("Accept", "application/json").send().await;
        assert_eq!(reply.problem(), (status, code.into()));
    }
    let ada = practice.token("ada@example.org").await;
    assert_eq!(practice.get("/api/bookings/1", &ada).await.json()["status"], "pending_payment");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_test_provider_there_is_no_page() {
    let practice = Parts::new().settings(|s| s.test_checkout = false).open().await;
    let ada = practice.client("Ada").await;
    let path = checkout_path(&practice.book(&ada, SLOT).await);
    for method in [Method::GET, Method::POST] {
        let reply = practice.request(method, &path).send().await;
        assert_eq!(reply.status, 404);
        assert_eq!(reply.header("content-type"), Some("application/problem+json"));
    }
    assert_eq!(practice.get("/api/bookings/1", &ada).await.json()["status"], "pending_payment");
}
