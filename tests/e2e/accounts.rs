//! Registration, login and profile.

use attune_e2e::{Database, NOW, Practice, strong_password};
use serde_json::{Value, json};

on_both_databases!(a_person_registers_logs_in_and_changes_their_profile, registrations_that_will_not_do_are_refused);

async fn a_person_registers_logs_in_and_changes_their_profile(database: Database) {
    let practice = Practice::on(database).open().await;
    let app = practice.serve().await;
    let password = strong_password(7);
    let wanted = json!({
        "email": "Rosalind.Byrne@Clients.Example.org", "password": password,
        "first_name": "Rosalind", "last_name": "Byrne", "timezone": "America/New_York",
    });
    let user = app.post("/api/auth/register", wanted.clone()).await.expect(201)["user"].clone();
    assert_eq!(user["email"], "rosalind.byrne@clients.example.org", "case does not matter");
    assert_eq!(user["display_name"], "Rosalind Byrne");
    assert_eq!(user["timezone"], "America/New_York");
    assert_eq!((&user["is_admin"], &user["email_verified"]), (&json!(false), &json!(false)));
    assert_eq!(user["created_at"], NOW);
    assert!(!user.to_string().contains("password"), "{user}");

    for taken in ["rosalind.byrne@clients.example.org", " ROSALIND.BYRNE@clients.example.org "] {
        let mut again = wanted.clone();
        again["email"] = taken.into();
        app.post("/api/auth/register", again).await.refused(409, "email_taken");
    }

    let wrong = json!({"email": user["email"], "password": strong_password(8)});
    let unknown = json!({"email": "nobody@clients.example.org", "password": strong_password(8)});
    let wrong = app.post("/api/auth/login", wrong).await.refused(401, "invalid_credentials");
    let unknown = app.post("/api/auth/login", unknown).await.refused(401, "invalid_credentials");
    let without_id = |mut problem: Value| {
        problem["request_id"].take();
        problem
    };
    assert_eq!(without_id(wrong), without_id(unknown), "no one learns who has an account");

    let typed = json!({"email": "ROSALIND.Byrne@clients.example.org", "password": password});
    let tokens = app.post("/api/auth/login", typed).await.expect(200);
    assert_eq!((&tokens["token_type"], &tokens["expires_in"]), (&json!("Bearer"), &json!(900)));
    assert_eq!(tokens["user"], user);
    let me = app.with_token(tokens["access_token"].as_str());
    assert_eq!(me.get("/api/auth/me").await.expect(200), user);

    let changed = me.patch("/api/auth/me", json!({"first_name": "  Rosa  Lind ", "timezone": null})).await.expect(200);
    assert_eq!((&changed["first_name"], &changed["timezone"]), (&json!("Rosa Lind"), &Value::Null));
    assert_eq!(changed["last_name"], "Byrne", "what was left out stays");
    assert_eq!(me.get("/api/auth/me").await.expect(200), changed);

    let emptied = me.patch("/api/auth/me", json!({"last_name": ""})).await.expect(200);
    assert_eq!(emptied["last_name"], Value::Null);
    assert_eq!(emptied["display_name"], "rosalind.byrne@clients.example.org", "half a name is none");

    for (field, value) in [("is_admin", json!(true)), ("email", json!("other@clients.example.org")), ("id", json!(1))] {
        me.patch("/api/auth/me", json!({field: value})).await.rejected_field(field, "unknown_field");
    }
    me.patch("/api/auth/me", json!({"timezone": "Mars/Olympus"})).await.rejected_field("timezone", "invalid_timezone");
    assert_eq!(me.get("/api/auth/me").await.expect(200), emptied, "a refused change changes nothing");

    me.with_token(None).get("/api/auth/me").await.refused(401, "unauthenticated");
    me.with_token(Some("not.a.token")).get("/api/auth/me").await.refused(401, "invalid_token");
    let refresh = tokens["refresh_token"].as_str();
    me.with_token(refresh).get("/api/auth/me").await.refused(401, "invalid_token");
}

async fn registrations_that_will_not_do_are_refused(database: Database) {
    let practice = Practice::on(database).open().await;
    let app = practice.serve().await;
    let good = json!({"email": "ottilie.krantz@clients.example.org", "password": strong_password(1)});
    let cases = [
        ("email", json!("no address"), "invalid_email"),
        ("email", json!("two@at@signs"), "invalid_email"),
        ("email", json!("Bcc: x@y.example\r\n@clients.example.org"), "invalid_characters"),
        ("email", json!(7), "wrong_type"),
        ("email", Value::Null, "required"),
        ("password", json!("short"), "password_too_short"),
        ("password", json!("password1234"), "password_too_common"),
        ("password", json!("ottilie.krantz@clients.example.org"), "password_too_common"),
        ("password", json!("x".repeat(129)), "password_too_long"),
        ("password", Value::Null, "required"),
        ("first_name", json!("Ottilie\r\nBcc: victim@elsewhere.example"), "invalid_characters"),
        ("last_name", json!("K".repeat(101)), "too_long"),
        ("last_name", json!(["Krantz"]), "wrong_type"),
        ("timezone", json!("Berlin Time"), "invalid_timezone"),
        ("timezone", json!("Europe/Atlantis"), "invalid_timezone"),
        ("is_admin", json!(true), "unknown_field"),
    ];
    for (field, value, code) in cases {
        let mut body = good.clone();
        body[field] = value;
        app.post("/api/auth/register", body).await.rejected_field(field, code);
    }
    let several = app.post("/api/auth/register", json!({"email": "x", "first_name": 1, "nickname": "z"})).await;
    assert_eq!(several.expect(422)["errors"].as_array().unwrap().len(), 4, "all mistakes are told at once");

    app.post("/api/auth/register", good).await.expect(201);
    let page = practice.admin(&app).await.get("/api/admin/users").await.expect(200);
    assert_eq!(page["total"], 2, "the admin and the one good registration: {page}");

    let closed = Practice::on(database).with("auth.registration", "closed").open().await;
    let app = closed.serve().await;
    let body = json!({"email": "late.arrival@clients.example.org", "password": strong_password(2)});
    app.post("/api/auth/register", body).await.refused(403, "registration_closed");
}
