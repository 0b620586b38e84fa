//! Accounts, logins and profiles.

use attune_application::accounts::Registration;
use jiff::SignedDuration;
use serde_json::Value;

use super::harness::*;

fn login(email: &str, password: &str) -> String {
    serde_json::json!({"email": email, "password": password}).to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_registers_and_logs_in() {
    let practice = Practice::open().await;
    let body = serde_json::json!({
        "email": " Ada@Example.ORG ", "password": PASSWORD, "first_name": "Ada", "last_name": "Lovelace",
        "timezone": "Europe/Berlin",
    });
    let reply = practice.post("/api/auth/register", "", &body.to_string()).await;
    let user = r#"{"id":2,"email":"ada@example.org","first_name":"Ada","last_name":"Lovelace","#.to_owned()
        + r#""display_name":"Ada Lovelace","timezone":"Europe/Berlin","is_admin":false,"email_verified":false,"#
        + r#""created_at":"2024-01-10T08:00:00Z"}"#;
    assert_eq!((reply.status.as_u16(), reply.text), (201, format!(r#"{{"user":{user}}}"#)));
    let again = practice.post("/api/auth/register", "", &body.to_string()).await;
    assert_eq!(again.problem(), (409, "email_taken".into()));
    let reply = practice.post("/api/auth/login", "", &login("ADA@example.org", PASSWORD)).await;
    let tokens = reply.json();
    assert_eq!(
        reply.text,
        format!(
            r#"{{"access_token":{},"refresh_token":{},"token_type":"Bearer","expires_in":900,"user":{user}}}"#,
            tokens["access_token"], tokens["refresh_token"]
        )
    );
    let me = practice.get("/api/auth/me", tokens["access_token"].as_str().unwrap()).await;
    assert_eq!(me.text, user);
}

#[tokio::test(flavor = "multi_thread")]
async fn registration_can_be_closed() {
    let parts = Parts { registration: Registration::Closed, ..Parts::new() };
    let reply = parts.open().await.post("/api/auth/register", "", &login("ada@example.org", PASSWORD)).await;
    assert_eq!(reply.problem(), (403, "registration_closed".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn all_invalid_fields_are_reported_at_once() {
    let practice = Practice::open().await;
    let body = r#"{"email":"ada","first_name":"A\u0007","last_name":7,"timezone":"Mars Base","is_admin":true}"#;
    let reply = practice.post("/api/auth/register", "", body).await;
    assert_eq!(reply.problem(), (422, "validation_failed".into()));
    let wanted = [
        ("email", "invalid_email"),
        ("password", "required"),
        ("first_name", "invalid_characters"),
        ("last_name", "wrong_type"),
        ("timezone", "invalid_timezone"),
        ("is_admin", "unknown_field"),
    ];
    assert_eq!(reply.errors(), wanted.map(|(field, code)| (field.to_owned(), code.to_owned())));
    for (password, code) in [
        ("tiny one", "password_too_short"),
        (&*"x7 Kq!".repeat(30), "password_too_long"),
        ("passwordpassword", "password_too_common"),
        ("ada@example.org", "password_too_common"),
    ] {
        let reply = practice.post("/api/auth/register", "", &login("ada@example.org", password)).await;
        assert_eq!((reply.problem(), reply.errors()), ((422, code.into()), vec![("password".into(), code.into())]));
        assert!(!reply.text.contains(password));
    }
    let body = serde_json::json!({"email": "ada@example.org", "password": PASSWORD, "timezone": "Europe/Nowhere"});
    let reply = practice.post("/api/auth/register", "", &body.to_string()).await;
    assert_eq!(reply.errors(), [("timezone".to_owned(), "invalid_timezone".to_owned())]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_may_contain_any_character() {
    let practice = Practice::open().await;
    for (n, password) in
        ["  spaces around it all  ", "\u{1f98a}\u{1f419} fox and octopus tea", "nul\u{0}and\tcontrol\u{7}bytes"]
            .into_iter()
            .enumerate()
    {
        let email = format!("p{n}@example.org");
        assert_eq!(practice.post("/api/auth/register", "", &login(&email, password)).await.status, 201, "{password:?}");
        assert_eq!(practice.post("/api/auth/login", "", &login(&email, password)).await.status, 200, "{password:?}");
        let trimmed = practice.post("/api/auth/login", "", &login(&email, password.trim_end())).await;
        assert_eq!(trimmed.status == 200, password.trim_end() == password);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_and_an_unknown_address_get_the_same_response() {
    let practice = Practice::open().await;
    practice.client("Ada").await;
    let before = practice.parts.hasher.verifications();
    let bare = |reply: Reply| {
        let mut body: Value = reply.json();
        assert!(body.as_object_mut().unwrap().remove("request_id").is_some());
        (reply.status.as_u16(), body, reply.header("www-authenticate").map(str::to_owned))
    };
    let wrong = bare(practice.post("/api/auth/login", "", &login("ada@example.org", "wrong")).await);
    assert_eq!((wrong.0, &wrong.1["code"], wrong.2.as_deref()), (401, &"invalid_credentials".into(), Some("Bearer")));
    for email in ["bob@example.org", "not an address", "", "аda@example.org"] {
        assert_eq!(bare(practice.post("/api/auth/login", "", &login(email, "wrong")).await), wrong, "{email}");
    }
    assert_eq!(practice.parts.hasher.verifications(), before + 5, "the same work each time");
    practice.parts.hasher.set_busy(true);
    let busy = practice.post("/api/auth/login", "", &login("ada@example.org", PASSWORD)).await;
    assert_eq!((busy.problem(), busy.header("retry-after")), ((503, "overloaded".into()), Some("1")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_token_works_once_and_its_reuse_ends_the_login_session() {
    let practice = Practice::open().await;
    practice.client("Ada").await;
    let first = practice.post("/api/auth/login", "", &login("ada@example.org", PASSWORD)).await.json();
    let body = |tokens: &Value| format!(r#"{{"refresh_token":{}}}"#, tokens["refresh_token"]);
    let second = practice.post("/api/auth/refresh", "", &body(&first)).await.json();
    assert_eq!(second["user"]["email"], "ada@example.org");
    assert_ne!(first["refresh_token"], second["refresh_token"]);
    let access = second["access_token"].as_str().unwrap();
    assert_eq!(practice.get("/api/auth/me", access).await.status, 200);
    practice.advance(SignedDuration::from_secs(11));
    for tokens in [&first, &second] {
        let reply = practice.post("/api/auth/refresh", "", &body(tokens)).await;
        assert_eq!(reply.problem(), (401, "invalid_refresh_token".into()));
    }
    assert_eq!(practice.get("/api/auth/me", access).await.problem(), (401, "invalid_token".into()));
    let swapped = practice.post("/api/auth/refresh", "", &format!(r#"{{"refresh_token":"{access}"}}"#)).await;
    assert_eq!(swapped.code(), "invalid_refresh_token");
    let bearer = practice.get("/api/auth/me", second["refresh_token"].as_str().unwrap()).await;
    assert_eq!(bearer.code(), "invalid_token");
}

#[tokio::test(flavor = "multi_thread")]
async fn logging_out_ends_the_requested_login_sessions() {
    let practice = Practice::open().await;
    let one = practice.client("Ada").await;
    let (two, three) = (practice.token("ada@example.org").await, practice.token("ada@example.org").await);
    let bare = practice.request(reqwest::Method::POST, "/api/auth/logout").token(&one).send().await;
    assert_eq!((bare.status.as_u16(), bare.text.as_str()), (204, ""));
    assert_eq!(practice.get("/api/auth/me", &one).await.status, 401);
    assert_eq!(practice.get("/api/auth/me", &three).await.status, 200);
    assert_eq!(practice.post("/api/auth/logout", &two, r#"{"all":true}"#).await.status, 204);
    assert_eq!(practice.get("/api/auth/me", &three).await.status, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_password_ends_the_other_login_sessions() {
    let practice = Practice::open().await;
    let here = practice.client("Ada").await;
    let elsewhere = practice.token("ada@example.org").await;
    let change =
        |current: &str, new: &str| serde_json::json!({"current_password": current, "password": new}).to_string();
    let new = "crooked lighthouse marmalade 9";
    let path = "/api/auth/change-password";
    assert_eq!(practice.post(path, &here, &change("wrong", new)).await.problem(), (401, "invalid_credentials".into()));
    assert_eq!(
        practice.post(path, &here, &change(PASSWORD, "short")).await.problem(),
        (422, "password_too_short".into())
    );
    assert_eq!(practice.post(path, &here, &change(PASSWORD, new)).await.status, 204);
    assert_eq!(practice.get("/api/auth/me", &here).await.status, 200);
    assert_eq!(practice.get("/api/auth/me", &elsewhere).await.status, 401);
    assert_eq!(practice.post("/api/auth/login", "", &login("ada@example.org", PASSWORD)).await.status, 401);
    assert_eq!(practice.post("/api/auth/login", "", &login("ada@example.org", new)).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_given_fields_of_a_profile_change() {
    let practice = Practice::open().await;
    let ada = practice.client("Ada").await;
    let shown = |reply: &Reply| {
        let user = reply.json();
        format!("{} {} {} {}", user["first_name"], user["last_name"], user["timezone"], user["display_name"])
    };
    for (body, wanted) in [
        (r#"{}"#, r#""Ada" "Client" null "Ada Client""#),
        (r#"{"timezone":"Europe/Berlin"}"#, r#""Ada" "Client" "Europe/Berlin" "Ada Client""#),
        (r#"{"last_name":"  King   Noel "}"#, r#""Ada" "King Noel" "Europe/Berlin" "Ada King Noel""#),
        (r#"{"timezone":null}"#, r#""Ada" "King Noel" null "Ada King Noel""#),
        (r#"{"timezone":"UTC"}"#, r#""Ada" "King Noel" "UTC" "Ada King Noel""#),
        (r#"{"timezone":"","first_name":""}"#, r#"null "King Noel" null "ada@example.org""#),
        (r#"{"last_name":null}"#, r#"null null null "ada@example.org""#),
        (r#"{"display_name":" The  Countess "}"#, r#"null null null "The Countess""#),
        (r#"{"first_name":"Ada","last_name":"King"}"#, r#""Ada" "King" null "The Countess""#),
        (r#"{"display_name":null}"#, r#""Ada" "King" null "Ada King""#),
    ] {
        assert_eq!(shown(&practice.patch("/api/auth/me", &ada, body).await), wanted, "{body}");
        assert_eq!(shown(&practice.get("/api/auth/me", &ada).await), wanted, "{body}");
    }
    for (field, value) in
        [("email", r#""x@example.org""#), ("is_admin", "true"), ("id", "1"), ("user_id", "1"), ("disabled", "false")]
    {
        let reply = practice.patch("/api/auth/me", &ada, &format!(r#"{{"{field}":{value}}}"#)).await;
        assert_eq!(
            (reply.problem(), reply.errors()),
            ((422, "unknown_field".into()), vec![(field.into(), "unknown_field".into())])
        );
    }
    let long = format!(r#"{{"first_name":"{}"}}"#, "x".repeat(101));
    assert_eq!(practice.patch("/api/auth/me", &ada, &long).await.problem(), (422, "too_long".into()));
    let zone = practice.patch("/api/auth/me", &ada, r#"{"timezone":"Europe/Nowhere"}"#).await;
    assert_eq!(zone.problem(), (422, "invalid_timezone".into()));
}
