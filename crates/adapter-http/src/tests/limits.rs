//! Rate limits.

use attune_application::accounts::Registration;
use jiff::SignedDuration;
use reqwest::Method;
use serde_json::json;

use super::harness::*;

const ADA: &str = "ada@example.org";

#[track_caller]
fn assert_limited(reply: &Reply, code: &str, seconds: &str) {
    assert_eq!(reply.assert_problem(429, code).header("retry-after"), Some(seconds));
}

#[tokio::test(flavor = "multi_thread")]
async fn guessed_passwords_are_delayed_without_being_verified() {
    let practice = Practice::open().await;
    practice.client("Ada").await;
    for _ in 0..5 {
        practice.log_in(ADA, "wrong").await.assert_status(401);
    }
    let before = practice.parts.hasher.verifications();
    assert_limited(&practice.log_in(ADA, PASSWORD).await, "too_many_failures", "1");
    assert_eq!(practice.parts.hasher.verifications(), before);
    practice.advance(SignedDuration::from_secs(1));
    practice.log_in(ADA, "wrong").await.assert_status(401);
    assert_limited(&practice.log_in(ADA, "wrong").await, "too_many_failures", "2");
    practice.advance(SignedDuration::from_secs(2));
    practice.log_in(ADA, PASSWORD).await.assert_status(200);
    practice.log_in(ADA, "wrong").await.assert_status(401);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_current_password_cannot_be_guessed_faster() {
    let (practice, ada, _) = Parts::new().with_ada().await;
    let body = |current: &str| serde_json::json!({"current_password": current, "password": PASSWORD}).to_string();
    for _ in 0..5 {
        practice.post("/api/auth/change-password", &ada, &body("wrong")).await.assert_status(401);
    }
    assert_limited(&practice.post("/api/auth/change-password", &ada, &body(PASSWORD)).await, "too_many_failures", "1");
}

#[tokio::test(flavor = "multi_thread")]
async fn logins_registrations_and_refreshes_are_limited_by_network() {
    let parts = Parts { registration: Registration::Closed, ..Parts::new() };
    let practice = parts.settings(|s| s.limits.refreshes_per_minute = 3).open().await;
    for _ in 0..30 {
        practice.post("/api/auth/login", "", "{}").await.assert_status(422);
    }
    assert_limited(&practice.log_in(ADA, PASSWORD).await, "too_many_requests", "60");
    for _ in 0..10 {
        practice.register(ADA, PASSWORD).await.assert_status(403);
    }
    assert_limited(&practice.register(ADA, PASSWORD).await, "too_many_requests", "3600");
    for _ in 0..3 {
        practice.refresh(&"x".into()).await.assert_status(401);
    }
    assert_limited(&practice.refresh(&"x".into()).await, "too_many_requests", "60");
    practice.advance(SignedDuration::from_secs(60));
    practice.refresh(&"x".into()).await.assert_status(401);
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_are_limited_by_user() {
    let (practice, ada, carl) = Parts::new().with_ada().await;
    for (token, path) in [(&ada, "/api/auth/me"), (&carl, "/api/admin/users")] {
        for _ in 0..40 {
            practice.get(path, token).await.assert_status(200);
        }
        assert_limited(&practice.get(path, token).await, "too_many_requests", "1");
    }
    practice.get("/api/services", "").await.assert_status(200);
    practice.advance(SignedDuration::from_millis(50));
    practice.get("/api/auth/me", &ada).await.assert_status(200);
    practice.get("/api/auth/me", &ada).await.assert_status(429);
}

#[tokio::test(flavor = "multi_thread")]
async fn forwarded_addresses_count_only_from_trusted_proxies() {
    let logins = |practice: Practice| async move {
        let mut statuses = Vec::new();
        for n in 0..3 {
            let call = practice.request(Method::POST, "/api/auth/login").json("{}");
            let call = call.header("X-Forwarded-For", &format!("198.51.100.{n}")).header("X-Real-IP", "198.51.100.7");
            statuses.push(call.header("Forwarded", "for=198.51.100.8").send().await.status.as_u16());
        }
        statuses
    };
    let one = || Parts::new().settings(|s| s.limits.logins_per_minute = 1);
    assert_eq!(logins(one().open().await).await, [422, 429, 429]);
    let trusting = one().settings(|s| s.requests.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()]);
    assert_eq!(logins(trusting.open().await).await, [422, 422, 422]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_store_counts_failures_of_strangers_across_networks() {
    let parts = Parts { max_failures: Some(3), ..Parts::new() }.without_limits();
    let practice = parts.settings(|s| s.requests.trusted_proxies = vec!["127.0.0.1".parse().unwrap()]).open().await;
    practice.client("Ada").await;
    let from = |network: String, password: &str, device: &serde_json::Value| {
        let body = json!({"email": ADA, "password": password, "device_token": device});
        practice.request(Method::POST, "/api/auth/login").json(&body.to_string()).header("X-Forwarded-For", &network)
    };
    let home = "203.0.113.9".to_owned();
    let device = from(home.clone(), PASSWORD, &json!("")).send().await.json()["device_token"].clone();
    let guesses = (0..40).map(|n| from(format!("198.51.{n}.1"), "wrong", &json!("")).send());
    let statuses = futures_util::future::join_all(guesses).await;
    let evaluated = statuses.iter().filter(|reply| reply.status == 401).count();
    assert_eq!(evaluated, 3, "of forty guesses from forty networks at once");
    assert_limited(&from(home, PASSWORD, &json!("")).send().await, "too_many_failures", "3600");
    let elsewhere = "192.0.2.7".to_owned();
    assert_eq!(from(elsewhere, PASSWORD, &device).send().await.status, 200, "the device that was used");
}
