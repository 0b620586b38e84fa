//! Accounts, logins and profiles.

use attune_application::accounts::Registration;
use jiff::SignedDuration;
use reqwest::Method;
use serde_json::{Value, json};

use super::harness::*;

impl Practice {
    pub(crate) async fn log_in(&self, email: &str, password: &str) -> Reply {
        self.post("/api/auth/login", "", &credentials(email, password)).await
    }

    pub(crate) async fn register(&self, email: &str, password: &str) -> Reply {
        self.post("/api/auth/register", "", &credentials(email, password)).await
    }

    pub(crate) async fn refresh(&self, refresh_token: &Value) -> Reply {
        self.post("/api/auth/refresh", "", &json!({"refresh_token": refresh_token}).to_string()).await
    }
}

pub(crate) fn credentials(email: &str, password: &str) -> String {
    json!({"email": email, "password": password}).to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_registers_and_logs_in() {
    let practice = Practice::open().await;
    let body = json!({
        "email": " Ada@Example.ORG ", "password": PASSWORD, "first_name": "Ada", "last_name": "Lovelace",
        "timezone": "Europe/Berlin",
    });
    let reply = practice.post("/api/auth/register", "", &body.to_string()).await;
    let user = r#"{"id":2,"email":"ada@example.org","first_name":"Ada","last_name":"Lovelace","#.to_owned()
        + r#""display_name":"Ada Lovelace","timezone":"Europe/Berlin","language":null,"is_admin":false,"#
        + r#""email_verified":false,"second_factor":false,"created_at":"2024-01-10T08:00:00Z"}"#;
    let device = &reply.json()["device_token"];
    reply.assert_body(201, &format!(r#"{{"user":{user},"device_token":{device}}}"#));
    practice.post("/api/auth/register", "", &body.to_string()).await.assert_problem(409, "email_taken");
    let reply = practice.log_in("ADA@example.org", PASSWORD).await;
    let tokens = reply.json();
    let (access, refresh, device) = (&tokens["access_token"], &tokens["refresh_token"], &tokens["device_token"]);
    let wanted = format!(r#"{{"access_token":{access},"refresh_token":{refresh},"device_token":{device},"#)
        + &format!(r#""token_type":"Bearer","expires_in":900,"user":{user}}}"#);
    reply.assert_body(200, &wanted);
    practice.get("/api/auth/me", access.as_str().unwrap()).await.assert_body(200, &user);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_domain_is_one_however_it_is_written() {
    let practice = Practice::open().await;
    let forms = ["info@b\u{fc}cher.example", "INFO@Bu\u{308}cher.example", "info@xn--bcher-kva.example"];
    let reply = practice.register(forms[0], PASSWORD).await.assert_status(201).json();
    assert_eq!(reply["user"]["email"], forms[2]);
    for form in forms {
        practice.register(form, PASSWORD).await.assert_problem(409, "email_taken");
        practice.log_in(form, PASSWORD).await.assert_status(200);
    }
    for (text, message) in [
        ("j\u{fc}rgen@b\u{fc}cher.example", "Before the @, only ASCII characters are supported."),
        ("x@127.0.0.1", "This is not a valid email address."),
        ("info@b\u{fc}cher", "This is not a valid email address."),
    ] {
        let reply = practice.register(text, PASSWORD).await;
        reply.assert_invalid("email", "invalid_email");
        assert_eq!(reply.json()["errors"][0]["message"], message, "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_is_the_same_on_every_keyboard() {
    let practice = Practice::open().await;
    let (composed, decomposed) = ("acht stille Sto\u{308}rche", "acht stille St\u{f6}rche");
    practice.register("ada@example.org", composed).await.assert_status(201);
    practice.log_in("ada@example.org", decomposed).await.assert_status(200);
    practice.log_in("ada@example.org", "acht\u{a0}stille\u{2009}St\u{f6}rche").await.assert_status(200);
    practice.log_in("ada@example.org", "acht stille Storche").await.assert_problem(401, "invalid_credentials");
}

#[tokio::test(flavor = "multi_thread")]
async fn registration_can_be_closed() {
    let practice = Parts { registration: Registration::Closed, ..Parts::new() }.open().await;
    practice.register("ada@example.org", PASSWORD).await.assert_problem(403, "registration_closed");
}

#[tokio::test(flavor = "multi_thread")]
async fn all_invalid_fields_are_reported_at_once() {
    let practice = Practice::open().await;
    let body =
        r#"{"email":"ada","password":7,"first_name":"A\u0007","last_name":7,"timezone":"Mars Base","is_admin":true}"#;
    let reply = practice.post("/api/auth/register", "", body).await;
    reply.assert_problem(422, "validation_failed");
    let wanted = [
        ("email", "invalid_email"),
        ("password", "wrong_type"),
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
        let reply = practice.register("ada@example.org", password).await;
        reply.assert_invalid("password", code);
        reply.assert_lacks(&[password]);
    }
    let valid = credentials("ada@example.org", PASSWORD);
    let rows: Invalid<'_> = &[("timezone", "invalid_timezone", &[r#""Europe/Nowhere""#])];
    practice.assert_invalid_values(Method::POST, "/api/auth/register", "", &valid, rows).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_may_contain_any_character() {
    let practice = Practice::open().await;
    for (email, password) in [
        ("spaces@example.org", "  spaces around it all  "),
        ("emoji@example.org", "\u{1f98a}\u{1f419} fox and octopus tea"),
        ("control@example.org", "nul\u{0}and\tcontrol\u{7}bytes"),
    ] {
        practice.register(email, password).await.assert_status(201);
        practice.log_in(email, password).await.assert_status(200);
        let trimmed = password.trim_end();
        practice.log_in(email, trimmed).await.assert_status(if trimmed == password { 200 } else { 401 });
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
    let wrong = bare(practice.log_in("ada@example.org", "wrong").await);
    assert_eq!((wrong.0, &wrong.1["code"], wrong.2.as_deref()), (401, &"invalid_credentials".into(), Some("Bearer")));
    for email in ["bob@example.org", "not an address", "", "аda@example.org"] {
        assert_eq!(bare(practice.log_in(email, "wrong").await), wrong, "{email}");
    }
    assert_eq!(practice.parts.hasher.verifications(), before + 5, "the same work each time");
    practice.parts.hasher.set_busy(true);
    let busy = practice.log_in("ada@example.org", PASSWORD).await;
    assert_eq!(busy.assert_problem(503, "overloaded").header("retry-after"), Some("1"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_token_works_once_and_its_reuse_ends_the_login_session() {
    let practice = Practice::open().await;
    practice.client("Ada").await;
    let first = practice.log_in("ada@example.org", PASSWORD).await.json();
    let second = practice.refresh(&first["refresh_token"]).await.json();
    assert_eq!(second["user"]["email"], "ada@example.org");
    assert_ne!(first["refresh_token"], second["refresh_token"]);
    let access = second["access_token"].as_str().unwrap();
    practice.get("/api/auth/me", access).await.assert_status(200);
    practice.advance(SignedDuration::from_secs(11));
    for tokens in [&first, &second] {
        practice.refresh(&tokens["refresh_token"]).await.assert_problem(401, "invalid_refresh_token");
    }
    practice.get("/api/auth/me", access).await.assert_problem(401, "invalid_token");
    // Neither token works in place of the other.
    practice.refresh(&second["access_token"]).await.assert_problem(401, "invalid_refresh_token");
    let refresh = second["refresh_token"].as_str().unwrap();
    practice.get("/api/auth/me", refresh).await.assert_problem(401, "invalid_token");
}

#[tokio::test(flavor = "multi_thread")]
async fn logging_out_ends_the_requested_login_sessions() {
    let (practice, one, _) = Parts::new().with_ada().await;
    let (two, three) = (practice.token("ada@example.org").await, practice.token("ada@example.org").await);
    practice.post_empty("/api/auth/logout", &one).await.assert_body(204, "");
    practice.get("/api/auth/me", &one).await.assert_status(401);
    practice.get("/api/auth/me", &three).await.assert_status(200);
    practice.post("/api/auth/logout", &two, r#"{"all":true}"#).await.assert_status(204);
    practice.get("/api/auth/me", &three).await.assert_status(401);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_sees_where_they_are_logged_in_and_ends_it() {
    let (practice, one, carl) = Parts::new().with_ada().await;
    let login = json!({"email": "ada@example.org", "password": PASSWORD}).to_string();
    let firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0";
    let call = practice.request(Method::POST, "/api/auth/login").header("User-Agent", firefox).json(&login);
    let two = call.send().await.assert_status(200).json()["access_token"].as_str().unwrap().to_owned();
    let path = "/api/auth/sessions";
    let listed = practice.get(path, &one).await.assert_status(200).json();
    assert_eq!(column(&listed["sessions"], "current"), [false, true], "newest first");
    assert_eq!(listed["sessions"][0]["user_agent"], "Firefox, Linux");
    assert_eq!(listed["sessions"][0]["created_at"], listed["sessions"][0]["last_used_at"]);
    assert_eq!(listed["sessions"][0]["network"], "127.0.0.0/24");
    let others = practice.get(path, &carl).await.json();
    assert_eq!(column(&others["sessions"], "current"), [true], "those of the caller only");

    let third = practice.token("ada@example.org").await;
    let id = listed["sessions"][0]["id"].clone();
    let foreign = format!("{path}/{id}");
    practice.delete(&foreign, &carl).await.assert_problem(404, "login_session_not_found");
    practice.get("/api/auth/me", &two).await.assert_status(200);
    practice.delete(&foreign, &one).await.assert_body(204, "");
    practice.get("/api/auth/me", &two).await.assert_problem(401, "invalid_token");
    practice.delete(&foreign, &one).await.assert_problem(404, "login_session_not_found");
    practice.delete(&format!("{path}/x"), &one).await.assert_problem(400, "invalid_id");
    practice.delete(path, &one).await.assert_body(204, "");
    practice.get("/api/auth/me", &third).await.assert_status(401);
    practice.get("/api/auth/me", &carl).await.assert_status(200);
    let listed = practice.get(path, &one).await.json();
    assert_eq!(column(&listed["sessions"], "current"), [true]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_password_ends_the_other_login_sessions() {
    let (practice, here, _) = Parts::new().with_ada().await;
    let elsewhere = practice.token("ada@example.org").await;
    let change = |current: &str, new: &str| json!({"current_password": current, "password": new}).to_string();
    let new = "crooked lighthouse marmalade 9";
    let path = "/api/auth/change-password";
    practice.post(path, &here, &change("wrong", new)).await.assert_problem(401, "invalid_credentials");
    practice.post(path, &here, &change(PASSWORD, "short")).await.assert_problem(422, "password_too_short");
    practice.post(path, &here, &change(PASSWORD, new)).await.assert_status(204);
    practice.get("/api/auth/me", &here).await.assert_status(200);
    practice.get("/api/auth/me", &elsewhere).await.assert_status(401);
    practice.log_in("ada@example.org", PASSWORD).await.assert_status(401);
    practice.log_in("ada@example.org", new).await.assert_status(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_given_fields_of_a_profile_change() {
    let (practice, ada, _) = Parts::new().with_ada().await;
    let profile = |reply: &Reply| {
        let user = reply.json();
        format!("{} {} {} {}", user["first_name"], user["last_name"], user["timezone"], user["display_name"])
    };
    for (body, wanted) in [
        (r#"{}"#, r#""Ada" "Client" null "Ada Client""#),
        (r#"{"timezone":"Europe/Berlin"}"#, r#""Ada" "Client" "Europe/Berlin" "Ada Client""#),
        (r#"{"last_name":"  King   Noel "}"#, r#""Ada" "King Noel" "Europe/Berlin" "Ada King Noel""#),
        (r#"{"timezone":null}"#, r#""Ada" "King Noel" null "Ada King Noel""#),
        (r#"{"timezone":"UTC"}"#, r#""Ada" "King Noel" "UTC" "Ada King Noel""#),
        (r#"{"timezone":"","first_name":""}"#, r#"null "King Noel" null "King Noel""#),
        (r#"{"last_name":null}"#, r#"null null null "ada@example.org""#),
        (r#"{"display_name":" The  Countess "}"#, r#"null null null "The Countess""#),
        (r#"{"first_name":"Ada","last_name":"King"}"#, r#""Ada" "King" null "The Countess""#),
        (r#"{"display_name":null}"#, r#""Ada" "King" null "Ada King""#),
    ] {
        assert_eq!(profile(&practice.patch("/api/auth/me", &ada, body).await), wanted, "{body}");
        assert_eq!(profile(&practice.get("/api/auth/me", &ada).await), wanted, "{body}");
    }
    for (body, wanted) in [
        (r#"{"language":"fr"}"#, json!("fr")),
        (r#"{"first_name":"Ada"}"#, json!("fr")),
        (r#"{"language":""}"#, json!(null)),
        (r#"{"language":"de"}"#, json!("de")),
        (r#"{"language":null}"#, json!(null)),
    ] {
        assert_eq!(practice.patch("/api/auth/me", &ada, body).await.json()["language"], wanted, "{body}");
        assert_eq!(practice.get("/api/auth/me", &ada).await.json()["language"], wanted, "{body}");
    }
    let long = format!("\"{}\"", "x".repeat(101));
    let rows: Invalid<'_> = &[
        ("email", "unknown_field", &[r#""x@example.org""#]),
        ("is_admin", "unknown_field", &["true"]),
        ("id", "unknown_field", &["1"]),
        ("user_id", "unknown_field", &["1"]),
        ("disabled", "unknown_field", &["false"]),
        ("first_name", "too_long", &[&long]),
        ("timezone", "invalid_timezone", &[r#""Europe/Nowhere""#]),
        ("language", "invalid_value", &[r#""nl""#, r#""EN""#]),
    ];
    practice.assert_invalid_values(Method::PATCH, "/api/auth/me", &ada, "{}", rows).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn admins_choose_their_emails_and_clients_have_no_such_setting() {
    let practice = Practice::open().await;
    let (carl, ada) = (practice.admin().await, practice.client("Ada").await);
    let path = "/api/auth/me";
    practice.get(path, &carl).await.assert_members(&json!({"notify": "none", "agenda_at": null}));
    let set = practice.patch(path, &carl, r#"{"notify":"all","agenda_at":"00:00"}"#).await;
    set.assert_status(200).assert_members(&json!({"notify": "all", "agenda_at": "00:00"}));
    practice.patch(path, &carl, r#"{"first_name":"Carl"}"#).await.assert_members(&json!({"agenda_at": "00:00"}));
    practice
        .patch(path, &carl, r#"{"agenda_at":null}"#)
        .await
        .assert_members(&json!({"notify": "all", "agenda_at": null}));
    for (body, field, code) in [
        (r#"{"notify":"some"}"#, "notify", "invalid_value"),
        (r#"{"agenda_at":"24:00"}"#, "agenda_at", "invalid_time"),
        (r#"{"agenda_at":"7:30"}"#, "agenda_at", "invalid_time"),
        (r#"{"agenda_at":730}"#, "agenda_at", "wrong_type"),
    ] {
        practice.patch(path, &carl, body).await.assert_invalid(field, code);
    }
    let shown = practice.get(path, &ada).await.json();
    assert!(shown.get("notify").is_none() && shown.get("agenda_at").is_none(), "{shown}");
    for (body, field) in [(r#"{"notify":"all"}"#, "notify"), (r#"{"agenda_at":null}"#, "agenda_at")] {
        practice.patch(path, &ada, body).await.assert_invalid(field, "invalid_value");
    }
}
