//! Second factors and step-up over HTTP.

use attune_domain::SecondFactorPolicy;
use attune_test_doubles::PlainTotp;
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::harness::*;

impl Practice {
    fn code(&self) -> String {
        PlainTotp::code(self.now())
    }

    /// Sets up an authenticator app. Returns the recovery codes.
    async fn set_up_totp(&self, token: &str) -> Vec<Value> {
        let body = json!({"current_password": PASSWORD}).to_string();
        let setup = self.post("/api/auth/totp", token, &body).await.assert_status(200).json();
        assert!(setup["otpauth_uri"].as_str().unwrap().starts_with("otpauth://totp/"), "{setup}");
        assert!(setup["qr_svg"].as_str().unwrap().contains("<svg"), "{setup}");
        let code = json!({"code": self.code()}).to_string();
        let codes = self.post("/api/auth/totp/confirm", token, &code).await.assert_status(200).json();
        self.advance(SignedDuration::from_secs(60));
        codes["recovery_codes"].as_array().unwrap().clone()
    }

    async fn log_in_with(&self, code: &Value) -> Reply {
        let body = json!({"email": "ada@example.org", "password": PASSWORD, "code": code}).to_string();
        self.post("/api/auth/login", "", &body).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_factor_is_set_up_used_and_removed() {
    let (practice, ada, _) = Parts::new().without_limits().with_ada().await;
    let wrong = json!({"current_password": "wrong"}).to_string();
    practice.post("/api/auth/totp", &ada, &wrong).await.assert_problem(401, "invalid_credentials");
    let none = json!({"code": "000000"}).to_string();
    practice.post("/api/auth/totp/confirm", &ada, &none).await.assert_problem(409, "second_factor_not_started");
    let codes = practice.set_up_totp(&ada).await;
    assert_eq!(codes.len(), 10);
    practice.get("/api/auth/me", &ada).await.assert_members(&json!({"second_factor": true}));
    let again = json!({"current_password": PASSWORD}).to_string();
    practice.post("/api/auth/totp", &ada, &again).await.assert_problem(409, "second_factor_exists");
    practice.log_in("ada@example.org", PASSWORD).await.assert_problem(401, "second_factor_required");
    practice.log_in_with(&json!("000000")).await.assert_problem(401, "invalid_code");
    let code = json!(practice.code());
    practice.log_in_with(&code).await.assert_status(200);
    practice.log_in_with(&code).await.assert_problem(401, "invalid_code");
    practice.delete("/api/auth/totp", &ada).await.assert_problem(403, "step_up_required");
    for (body, field, code) in [
        (json!({}), "password", "required"),
        (json!({"password": PASSWORD, "code": "000000"}), "code", "invalid_value"),
    ] {
        practice.post("/api/auth/step-up", &ada, &body.to_string()).await.assert_invalid(field, code);
    }
    practice.advance(SignedDuration::from_secs(60));
    let wrong = json!({"code": "000000"}).to_string();
    practice.post("/api/auth/step-up", &ada, &wrong).await.assert_problem(401, "invalid_code");
    let right = json!({"code": practice.code()}).to_string();
    practice.post("/api/auth/step-up", &ada, &right).await.assert_body(204, "");
    practice.delete("/api/auth/totp", &ada).await.assert_body(204, "");
    practice.log_in("ada@example.org", PASSWORD).await.assert_status(200);
    for kind in ["second_factor_added", "second_factor_removed"] {
        assert_eq!(practice.count_emails(kind).await, 1, "{kind}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_uses_of_a_code_at_once_one_succeeds() {
    let (practice, ada, _) = Parts::new().without_limits().with_ada().await;
    let codes = practice.set_up_totp(&ada).await;
    for code in [codes[0].clone(), json!(practice.code())] {
        let uses = (0..20).map(|_| practice.log_in_with(&code));
        let replies = futures_util::future::join_all(uses).await;
        let mut statuses: Vec<_> = replies.iter().map(|reply| reply.status.as_u16()).collect();
        statuses.sort_unstable();
        assert_eq!(statuses, [&[200][..], &[401; 19]].concat());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_needs_a_second_factor_can_do_nothing_but_set_it_up() {
    let parts = Parts { second_factor: SecondFactorPolicy::Admins, ..Parts::new() };
    let (practice, ada, carl) = parts.without_limits().with_hold().await;
    practice.get("/api/bookings", &ada).await.assert_status(200);
    for path in ["/api/admin/users", "/api/bookings", "/api/bookings/1", "/api/meetings/1/link", "/api/auth/sessions"] {
        practice.get(path, &carl).await.assert_problem(403, "second_factor_setup_required");
    }
    practice.get("/api/auth/me", &carl).await.assert_members(&json!({"second_factor": false}));
    practice.set_up_totp(&carl).await;
    practice.get("/api/admin/users", &carl).await.assert_status(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_up_lasts_ten_minutes_in_its_login_session() {
    let (practice, _, carl) = Parts::new().without_limits().with_ada().await;
    let other = practice.admin().await;
    let set = async |token: &str, is_admin: bool| {
        let body = json!({"is_admin": is_admin}).to_string();
        practice.patch("/api/admin/users/2", token, &body).await.status.as_u16()
    };
    practice.step_up(&carl).await;
    assert_eq!((set(&carl, true).await, set(&other, false).await), (200, 403));
    practice.advance(SignedDuration::from_secs(599));
    assert_eq!(set(&carl, false).await, 200);
    practice.advance(SignedDuration::from_secs(1));
    assert_eq!(set(&carl, true).await, 403);
    assert_eq!(practice.count_emails("role_changed").await, 2);
}
