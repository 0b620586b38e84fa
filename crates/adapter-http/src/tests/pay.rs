//! The page on which a client pays.

use attune_ports::Provider;
use reqwest::Method;
use serde_json::json;

use super::harness::*;

const PAGE: &str = "/pay/pay.1";
const LATER_SLOT: &str = "2024-01-20T10:00:00Z";

impl Practice {
    async fn view(&self, path: &str) -> Reply {
        self.request(Method::GET, path).header("Accept", "text/html,*/*;q=0.8").send().await
    }

    async fn click(&self, path: &str, accept: &str) -> Reply {
        self.request(Method::POST, path).form("").header("Accept", accept).send().await
    }

    /// Carl asks Ada to pay for booking 1.
    async fn asked(&self, carl: &str) -> Reply {
        let body = format!(r#"{{"user_id":2,"scheduled_at":"{LATER_SLOT}","payment":"online"}}"#);
        self.post("/api/admin/bookings", carl, &body).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_says_what_when_how_much_and_until_when() {
    let (practice, _, carl) = Parts::new().without_limits().with_ada().await;
    let created = practice.asked(&carl).await;
    created.assert_members(&json!({"pay_url": "https://practice.example.org/pay/pay.1", "status": "pending_payment"}));
    let page = practice.view(PAGE).await;
    page.assert_status(200).assert_contains(&[
        "Saturday, 20\u{a0}January 2024 at 11:00",
        "50\u{a0}minutes",
        ">Pay €100.00</button>",
        "Saturday, 13\u{a0}January 2024 at 09:00",
    ]);
    page.assert_lacks(&["Ada", "Carl", "@", "https:"]);
    let head = practice.request(Method::HEAD, PAGE).send().await;
    head.assert_status(200);
    let payment = practice.get("/api/admin/bookings/1/payment", &carl).await;
    payment.assert_members(&json!({"pay_url": "https://practice.example.org/pay/pay.1", "payment_status": "pending"}));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_button_leads_to_the_checkout_until_nothing_is_left_to_pay() {
    let (practice, _, carl) = Parts::new().without_limits().with_ada().await;
    practice.asked(&carl).await.assert_status(201);
    let first = practice.click(PAGE, "text/html").await;
    let location = first.assert_status(303).header("location").unwrap().to_owned();
    assert_eq!(practice.click(PAGE, "text/html").await.header("location"), Some(location.as_str()));
    let opened = practice.post("/api/admin/bookings/1/payment", &carl, "{}").await;
    opened.assert_members(&json!({"checkout_url": location}));
    practice.pay(1).await;
    practice.view(PAGE).await.assert_status(200).assert_contains(&["Nothing is left to pay"]);
    practice.click(PAGE, "text/html").await.assert_status(200).assert_contains(&["Nothing is left to pay"]);
    practice.click(PAGE, "application/json").await.assert_problem(409, "already_paid");
    practice.get("/api/admin/bookings/1/payment", &carl).await.assert_members(&json!({"pay_url": null}));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ended_hold_and_a_forged_link_say_so() {
    let (practice, _, carl) = Parts::new().without_limits().with_ada().await;
    practice.asked(&carl).await.assert_status(201);
    practice.set_time("2024-01-13T09:00:00Z");
    practice.view(PAGE).await.assert_status(410).assert_contains(&["no longer reserved"]);
    practice.click(PAGE, "application/json").await.assert_problem(409, "hold_expired");
    practice.cancel_at("2024-01-12T09:00:00Z").await;
    practice.view(PAGE).await.assert_status(410).assert_contains(&["This appointment was cancelled"]);
    practice.click(PAGE, "application/json").await.assert_problem(409, "booking_cancelled");
    for bad in ["/pay/pay.2", "/pay/pay.01", "/pay/plain.1.user-2.1", "/pay/x"] {
        practice.view(bad).await.assert_status(404).assert_contains(&["copy the whole link"]);
        practice.click(bad, "application/json").await.assert_problem(404, "link_not_found");
    }
    practice.view("/j/pay.1").await.assert_status(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_providers_with_a_page_can_be_asked_for() {
    let (practice, _, carl) = Parts::new().provider(Provider::Offline).with_ada().await;
    practice.asked(&carl).await.assert_invalid("payment", "invalid_value");
    let (practice, _, carl) = Parts::new().provider(Provider::None).with_ada().await;
    practice.asked(&carl).await.assert_members(&json!({"status": "scheduled", "pay_url": null}));
    let (practice, _, carl) = Parts::new().provider(Provider::Stripe).with_ada().await;
    practice.asked(&carl).await.assert_status(201);
    let page = practice.view(PAGE).await;
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.contains("form-action 'self' https:;"), "{policy}");
}
