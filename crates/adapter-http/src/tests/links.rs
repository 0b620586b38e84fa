//! Mailed links: what each one does over HTTP, and what viewing and repeating it does.

use attune_application::accounts::Registration;
use attune_domain::OneTimePurpose;
use attune_ports::Provider;
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::harness::*;

const NEW: &str = "crooked lighthouse marmalade 9";

fn address(email: &str) -> String {
    json!({"email": email}).to_string()
}

fn with_password(token: &str, password: &str) -> String {
    json!({"token": token, "password": password}).to_string()
}

impl Practice {
    async fn use_link(&self, path: &str, token: &str) -> Reply {
        self.post(path, "", &json!({"token": token}).to_string()).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn known_and_unknown_addresses_get_the_same_response() {
    let parts = Parts { registration: Registration::Verified, ..Parts::new() }.without_limits();
    let (practice, ..) = parts.with_ada().await;
    let registration = |email: &str| json!({"email": email, "password": PASSWORD}).to_string();
    let without_password = |email: &str| {
        json!({"email": email.replace("unknown", "another"), "service_id": 1, "scheduled_at": SLOT}).to_string()
    };
    for (path, body) in [
        ("/api/auth/forgot-password", &address as &dyn Fn(&str) -> String),
        ("/api/auth/login-link", &address),
        ("/api/auth/resend-verification", &address),
        ("/api/auth/register", &registration),
        ("/api/auth/register", &without_password),
        ("/api/meetings/recover", &address),
    ] {
        for email in ["ada@example.org", "unknown@example.org"] {
            let reply = practice.post(path, "", &body(email)).await;
            reply.assert_body(202, r#"{"status":"accepted"}"#);
        }
        practice.advance(SignedDuration::from_secs(1));
        practice.post(path, "", r#"{"email":"no address"}"#).await.assert_status(422);
    }
    for (kind, emails) in
        [("password_reset", 1), ("login_link", 2), ("registration_attempt", 1), ("email_verification", 2)]
    {
        assert_eq!(practice.count_emails(kind).await, emails, "{kind}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forgotten_password_is_replaced_once() {
    let (practice, ada, _) = Parts::new().without_limits().with_ada().await;
    practice.post("/api/auth/forgot-password", "", &address("ada@example.org")).await.assert_status(202);
    let token = practice.mailed_token(2, OneTimePurpose::ResetPassword).await;
    let path = "/api/auth/reset-password";
    let weak = practice.post(path, "", &with_password(&token, "tiny one")).await;
    weak.assert_invalid("password", "password_too_short");
    practice.post(path, "", &with_password("unknown", NEW)).await.assert_problem(404, "link_not_found");
    practice.post(path, "", &with_password(&token, NEW)).await.assert_body(204, "");
    practice.post(path, "", &with_password(&token, NEW)).await.assert_problem(410, "link_expired");
    practice.get("/api/auth/me", &ada).await.assert_problem(401, "invalid_token");
    practice.log_in("ada@example.org", NEW).await.assert_status(200);
    assert_eq!(practice.count_emails("password_changed").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_link_logs_in_once() {
    let (practice, ..) = Parts::new().without_limits().with_ada().await;
    practice.post("/api/auth/login-link", "", &address("ada@example.org")).await.assert_status(202);
    let token = practice.mailed_token(2, OneTimePurpose::LogIn).await;
    practice.use_link("/api/auth/verify-email", &token).await.assert_problem(404, "link_not_found");
    let tokens = practice.use_link("/api/auth/login-link/redeem", &token).await.assert_status(200).json();
    practice.get("/api/auth/me", tokens["access_token"].as_str().unwrap()).await.assert_status(200);
    practice.use_link("/api/auth/login-link/redeem", &token).await.assert_problem(410, "link_expired");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_client_verifies_the_address_and_goes_on_with_the_chosen_time() {
    let parts = Parts { registration: Registration::Verified, ..Parts::new() }.provider(Provider::None);
    let practice = parts.without_limits().open().await;
    let body = json!({
        "email": "ada@example.org", "password": PASSWORD, "service_id": 1, "scheduled_at": "2024-01-15T10:00:00Z",
    });
    let typo = but(&body, &json!({"email": "adda@example.org"}));
    practice.post("/api/auth/register", "", &typo.to_string()).await.assert_status(202);
    practice.log_in("adda@example.org", PASSWORD).await.assert_problem(403, "email_not_verified");
    practice.log_in("adda@example.org", NEW).await.assert_problem(401, "invalid_credentials");
    practice.advance(SignedDuration::from_secs(1));
    let correction = json!({"email": "adda@example.org", "password": PASSWORD, "new_email": "ada@example.org"});
    practice.post("/api/auth/resend-verification", "", &correction.to_string()).await.assert_status(202);
    let token = practice.mailed_token(2, OneTimePurpose::VerifyEmail).await;
    let verified = practice.use_link("/api/auth/verify-email", &token).await.assert_status(200).json();
    assert_eq!(
        (&verified["user"]["email"], &verified["user"]["email_verified"]),
        (&json!("ada@example.org"), &json!(true))
    );
    let slot =
        json!({"service_id": 1, "scheduled_at": "2024-01-15T10:00:00Z", "therapist_id": null, "available": true});
    assert_eq!((&verified["slot"], &verified["tokens"]), (&slot, &Value::Null));
    practice.use_link("/api/auth/verify-email", &token).await.assert_problem(410, "link_expired");
    let login = json!({"email": "ada@example.org", "password": PASSWORD, "device_token": verified["device_token"]});
    let tokens = practice.post("/api/auth/login", "", &login.to_string()).await.assert_status(200).json();
    practice.book(tokens["access_token"].as_str().unwrap(), "2024-01-15T10:00:00Z").await;
    // The time is taken by now.
    let late = but(&body, &json!({"email": "bob@example.org"}));
    practice.post("/api/auth/register", "", &late.to_string()).await.assert_status(202);
    let token = practice.mailed_token(3, OneTimePurpose::VerifyEmail).await;
    let verified = practice.use_link("/api/auth/verify-email", &token).await.json();
    assert_eq!(verified["slot"]["available"], false);
    for (changes, field) in
        [(json!({"service_id": null}), "service_id"), (json!({"scheduled_at": null}), "scheduled_at")]
    {
        let mut partial = but(&body, &changes);
        partial.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        practice.post("/api/auth/register", "", &partial.to_string()).await.assert_invalid(field, "required");
    }
    for (field, code) in [("service_id", "unknown_service"), ("therapist_id", "unknown_therapist")] {
        let nowhere = but(&body, &json!({field: 99})).to_string();
        practice.post("/api/auth/register", "", &nowhere).await.assert_invalid(field, code);
    }
    let half = json!({"email": "ada@example.org", "password": PASSWORD}).to_string();
    practice.post("/api/auth/resend-verification", "", &half).await.assert_invalid("new_email", "required");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_without_a_password_is_logged_in_by_the_link_and_can_set_one() {
    let practice = Parts::new().provider(Provider::None).without_limits().open().await;
    let slot = json!({"service_id": 1, "scheduled_at": "2024-01-15T10:00:00Z", "therapist_id": 1});
    let body = but(&slot, &json!({"email": "ada@example.org"}));
    practice.post("/api/auth/register", "", &body.to_string()).await.assert_body(202, r#"{"status":"accepted"}"#);
    practice.log_in("ada@example.org", PASSWORD).await.assert_problem(401, "invalid_credentials");
    let token = practice.mailed_token(2, OneTimePurpose::VerifyEmail).await;
    let verified = practice.use_link("/api/auth/verify-email", &token).await.assert_status(200).json();
    assert_eq!(verified["slot"], but(&slot, &json!({"available": true})));
    let ada = verified["tokens"]["access_token"].as_str().unwrap();
    practice.book(ada, "2024-01-15T10:00:00Z").await;
    // The address is known now.
    practice.post("/api/auth/register", "", &body.to_string()).await.assert_body(202, r#"{"status":"accepted"}"#);
    assert_eq!(practice.count_emails("login_link").await, 1);
    let link = practice.mailed_token(2, OneTimePurpose::LogIn).await;
    practice.post("/api/auth/totp", ada, "{}").await.assert_status(200);
    let first = json!({"password": PASSWORD}).to_string();
    practice.post("/api/auth/change-password", ada, &first).await.assert_status(204);
    practice.log_in("ada@example.org", PASSWORD).await.assert_status(200);
    let again = practice.post("/api/auth/change-password", ada, &first).await;
    again.assert_invalid("current_password", "required");
    practice.post("/api/auth/totp", ada, "{}").await.assert_invalid("current_password", "required");
    practice.use_link("/api/auth/login-link/redeem", &link).await.assert_problem(410, "link_expired");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_is_changed_confirmed_and_restored() {
    let (practice, ada, _) = Parts::new().without_limits().with_ada().await;
    let change = address("new@example.org");
    practice.post("/api/auth/change-email", &ada, &change).await.assert_problem(403, "step_up_required");
    practice.step_up(&ada).await;
    practice.post("/api/auth/change-email", &ada, &change).await.assert_body(202, r#"{"status":"accepted"}"#);
    let token = practice.mailed_token(2, OneTimePurpose::ConfirmEmail).await;
    let confirmed = practice.use_link("/api/auth/confirm-email", &token).await.assert_status(200).json();
    assert_eq!(confirmed["user"]["email"], "new@example.org");
    practice.use_link("/api/auth/confirm-email", &token).await.assert_problem(410, "link_expired");
    practice.log_in("ada@example.org", PASSWORD).await.assert_problem(401, "invalid_credentials");
    practice.register("ada@example.org", PASSWORD).await.assert_problem(409, "email_taken");
    let undo = practice.mailed_token(2, OneTimePurpose::UndoEmail).await;
    practice.use_link("/api/auth/undo-email", &undo).await.assert_body(204, "");
    practice.use_link("/api/auth/undo-email", &undo).await.assert_problem(410, "link_expired");
    practice.get("/api/auth/me", &ada).await.assert_problem(401, "invalid_token");
    practice.log_in("ada@example.org", PASSWORD).await.assert_problem(401, "invalid_credentials");
    let reset = practice.mailed_token(2, OneTimePurpose::ResetPassword).await;
    let body = with_password(&reset, PASSWORD);
    practice.post("/api/auth/reset-password", "", &body).await.assert_status(204);
    practice.log_in("ada@example.org", PASSWORD).await.assert_status(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_admin_invites_a_client_who_sets_a_password() {
    let parts = Parts { registration: Registration::Closed, ..Parts::new() };
    let practice = parts.without_limits().open().await;
    let carl = practice.admin().await;
    let add = async |email: &str, invite: Value| {
        let body = json!({"email": email, "invite": invite}).to_string();
        practice.post("/api/admin/users", &carl, &body).await.assert_status(201).json()["id"].as_i64().unwrap()
    };
    let eve = add("eve@example.org", json!(true)).await;
    assert_eq!(practice.count_emails("account_invitation").await, 1);
    let path = format!("/api/admin/users/{eve}/invitation");
    let first = practice.mailed_token(eve, OneTimePurpose::Invitation).await;
    practice.advance(SignedDuration::from_secs(1));
    practice.post_empty(&path, &carl).await.assert_status(202);
    let second = practice.mailed_token(eve, OneTimePurpose::Invitation).await;
    let accept = "/api/auth/accept-invitation";
    practice.post(accept, "", &with_password(&first, NEW)).await.assert_problem(410, "link_expired");
    practice.post(accept, "", &with_password(&second, NEW)).await.assert_status(204);
    practice.post(accept, "", &with_password(&second, NEW)).await.assert_problem(410, "link_expired");
    let tokens = practice.log_in("eve@example.org", NEW).await.assert_status(200).json();
    assert_eq!(tokens["user"]["email_verified"], true);
    practice.post_empty(&path, &carl).await.assert_problem(409, "invitation_accepted");
    let fay = add("fay@example.org", json!(false)).await;
    assert_eq!(practice.count_emails("account_invitation").await, 2);
    let path = format!("/api/admin/users/{fay}/invitation");
    practice.post_empty(&path, &carl).await.assert_status(202);
    let token = practice.mailed_token(fay, OneTimePurpose::Invitation).await;
    practice.delete(&path, &carl).await.assert_status(204);
    practice.post(accept, "", &with_password(&token, NEW)).await.assert_problem(410, "link_expired");
    practice.post_empty("/api/admin/users/99/invitation", &carl).await.assert_problem(404, "user_not_found");
    // The address was mistyped and never verified, so it changes at once.
    let path = format!("/api/admin/users/{fay}/change-email");
    practice.post(&path, &carl, &address("faye@example.org")).await.assert_problem(403, "step_up_required");
    practice.step_up(&carl).await;
    let changed = practice.post(&path, &carl, &address("faye@example.org")).await;
    changed.assert_status(202).assert_members(&json!({"email": "faye@example.org"}));
    practice.post(&path, &carl, &address("eve@example.org")).await.assert_problem(409, "email_taken");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_uses_of_a_link_at_once_one_succeeds() {
    let (practice, _, carl) = Parts::new().without_limits().with_ada().await;
    practice.post("/api/auth/forgot-password", "", &address("ada@example.org")).await.assert_status(202);
    practice.post("/api/admin/users", &carl, &address("eve@example.org")).await.assert_status(201);
    for (path, user, purpose) in [
        ("/api/auth/reset-password", 2, OneTimePurpose::ResetPassword),
        ("/api/auth/accept-invitation", 3, OneTimePurpose::Invitation),
    ] {
        let token = practice.mailed_token(user, purpose).await;
        let body = with_password(&token, NEW);
        let uses = (0..20).map(|_| practice.post(path, "", &body));
        let replies = futures_util::future::join_all(uses).await;
        let mut statuses: Vec<_> = replies.iter().map(|reply| reply.status.as_u16()).collect();
        statuses.sort_unstable();
        assert_eq!(statuses, [&[204][..], &[410; 19]].concat(), "{path}");
    }
}
