//! Registration, login and profile.

use attune_e2e::{Database, NOW, Practice, assert_fields, strong_password};
use serde_json::{Value, json};

on_both_databases!(
    a_person_registers_logs_in_and_changes_their_profile,
    invalid_registrations_are_refused,
    an_account_does_not_depend_on_how_its_address_and_password_are_typed,
);

async fn an_account_does_not_depend_on_how_its_address_and_password_are_typed(database: Database) {
    let (_practice, app) = Practice::on(database).serve().await;
    for (addresses, passwords) in [
        (
            ["info@b\u{fc}cher.example", "Info@BU\u{308}CHER.example", "info@xn--bcher-kva.example"],
            ["acht stille St\u{f6}rche", "acht stille Sto\u{308}rche", "acht\u{a0}stille\u{2003}St\u{f6}rche"],
        ),
        (
            ["a@xn--fa-hia.example", "a@fa\u{df}.example", "A@FA\u{df}\u{3002}example"],
            ["sto\u{308}rche im nebel", "st\u{f6}rche im nebel", "st\u{f6}rche\u{3000}im nebel"],
        ),
        (
            ["x@\u{4f8b}\u{3048}.example", "x@xn--r8jz45g.example", "X@\u{4f8b}\u{3048}\u{ff0e}example"],
            ["\u{1e69}even quiet herons", "s\u{323}\u{307}even quiet herons", "s\u{307}\u{323}even quiet herons"],
        ),
    ] {
        let credentials = |email: &str, password: &str| json!({"email": email, "password": password});
        let created = app.post("/api/auth/register", credentials(addresses[0], passwords[0])).await.expect(201);
        for address in addresses {
            app.post("/api/auth/register", credentials(address, passwords[0])).await.refused(409, "email_taken");
            for password in passwords {
                let tokens = app.post("/api/auth/login", credentials(address, password)).await.expect(200);
                assert_eq!(tokens["user"], created["user"], "{address} {password}");
            }
        }
        let shouted = passwords[0].to_uppercase();
        app.post("/api/auth/login", credentials(addresses[0], &shouted)).await.refused(401, "invalid_credentials");
    }
    for refused in ["j\u{fc}rgen@example.org", "x@127.0.0.1", "x@[127.0.0.1]", "x@b\u{fc}cher"] {
        let body = json!({"email": refused, "password": "acht stille Kraniche"});
        app.post("/api/auth/register", body).await.rejected_field("email", "invalid_email");
    }
}

async fn a_person_registers_logs_in_and_changes_their_profile(database: Database) {
    let (_practice, app) = Practice::on(database).serve().await;
    let password = strong_password(7);
    let wanted = json!({
        "email": "Rosalind.Byrne@Clients.Example.org", "password": password,
        "first_name": "Rosalind", "last_name": "Byrne", "timezone": "America/New_York",
    });
    let user = app.post("/api/auth/register", wanted.clone()).await.expect(201)["user"].clone();
    let expected = json!({
        "email": "rosalind.byrne@clients.example.org", "display_name": "Rosalind Byrne", "created_at": NOW,
        "timezone": "America/New_York", "is_admin": false, "email_verified": false,
    });
    assert_fields(&user, expected);
    assert!(!user.to_string().contains("password"), "{user}");

    for taken in ["rosalind.byrne@clients.example.org", " ROSALIND.BYRNE@clients.example.org "] {
        let mut again = wanted.clone();
        again["email"] = taken.into();
        app.post("/api/auth/register", again).await.refused(409, "email_taken");
    }

    let wrong = json!({"email": user["email"], "password": strong_password(8)});
    let unknown = json!({"email": "stranger@clients.example.org", "password": strong_password(8)});
    let wrong = app.post("/api/auth/login", wrong).await.refused(401, "invalid_credentials");
    let unknown = app.post("/api/auth/login", unknown).await.refused(401, "invalid_credentials");
    let without_id = |mut problem: Value| {
        problem["request_id"].take();
        problem
    };
    assert_eq!(without_id(wrong), without_id(unknown), "no one learns who has an account");

    let typed = json!({"email": "ROSALIND.Byrne@clients.example.org", "password": password});
    let tokens = app.post("/api/auth/login", typed).await.expect(200);
    assert_fields(&tokens, json!({"token_type": "Bearer", "expires_in": 900, "user": user}));
    let me = app.with_token(tokens["access_token"].as_str());
    assert_eq!(me.get("/api/auth/me").await.expect(200), user);

    let changed = me.patch("/api/auth/me", json!({"first_name": "  Rosa  Lind ", "timezone": null})).await.expect(200);
    assert_fields(&changed, json!({"first_name": "Rosa Lind", "timezone": null, "last_name": "Byrne"}));
    assert_eq!(me.get("/api/auth/me").await.expect(200), changed);

    let emptied = me.patch("/api/auth/me", json!({"last_name": ""})).await.expect(200);
    assert_fields(&emptied, json!({"last_name": null, "display_name": "Rosa Lind"}));

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

async fn invalid_registrations_are_refused(database: Database) {
    let (practice, app) = Practice::on(database).serve().await;
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
        ("password", json!(7), "wrong_type"),
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
    assert_eq!(several.expect(422)["errors"].as_array().unwrap().len(), 3, "all errors are reported together");

    app.post("/api/auth/register", good).await.expect(201);
    let page = practice.admin(&app).await.get("/api/admin/users").await.expect(200);
    assert_eq!(page["total"], 2, "the admin and the one good registration: {page}");

    let (_closed, app) = Practice::on(database).with("auth.registration", "closed").serve().await;
    let body = json!({"email": "late.arrival@clients.example.org", "password": strong_password(2)});
    app.post("/api/auth/register", body).await.refused(403, "registration_closed");
}
