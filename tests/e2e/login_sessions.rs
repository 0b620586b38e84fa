//! Login sessions, and what a stolen token is worth.

use attune_e2e::{AUTH_SECRET, ApiResponse, Database, Instance, Method, NOW, Practice, User, at, strong_password};
use jiff::SignedDuration;
use serde_json::json;

on_both_databases!(
    a_refresh_token_works_once,
    concurrent_refreshes_both_succeed,
    the_overlap_is_over_after_ten_seconds,
    a_logout_applies_immediately,
    a_new_password_ends_all_other_logins,
    tokens_expire,
    forged_tokens_are_refused,
    the_signing_secret_can_be_changed,
);

async fn refresh(app: &Instance, token: &str) -> ApiResponse {
    app.post("/api/auth/refresh", json!({"refresh_token": token})).await
}

async fn open(database: Database) -> (Practice, Instance, User) {
    let (practice, app, _admin, john) = Practice::on(database).serve_client().await;
    (practice, app, john)
}

async fn a_refresh_token_works_once(database: Database) {
    let (_practice, app, mut john) = open(database).await;
    let elsewhere = john.again().await;
    let first = john.clone();
    john.take(&refresh(&app, &first.refresh).await.expect(200));
    let second = john.clone();
    john.take(&refresh(&app, &second.refresh).await.expect(200));
    assert!(first.refresh != second.refresh && second.refresh != john.refresh);
    john.get("/api/auth/me").await.expect(200);

    // Reuse of an older token means that it was copied: the login session ends for both.
    refresh(&app, &first.refresh).await.refused(401, "invalid_refresh_token");
    refresh(&app, &john.refresh).await.refused(401, "invalid_refresh_token");
    john.get("/api/auth/me").await.refused(401, "invalid_token");
    elsewhere.get("/api/auth/me").await.expect(200);

    for nonsense in ["", "x", &"A".repeat(43), &john.access] {
        let answer = refresh(&app, nonsense).await;
        assert!(matches!(answer.status, 401 | 422), "{}", answer.text);
    }
}

async fn concurrent_refreshes_both_succeed(database: Database) {
    let (_practice, app, john) = open(database).await;
    let (one, other) = tokio::join!(refresh(&app, &john.refresh), refresh(&app, &john.refresh));
    for tokens in [one.expect(200), other.expect(200)] {
        let mut tab = john.clone();
        tab.take(&tokens);
        tab.get("/api/auth/me").await.expect(200);
        tab.take(&refresh(&app, &tab.refresh).await.expect(200));
        tab.get("/api/auth/me").await.expect(200);
    }
}

async fn the_overlap_is_over_after_ten_seconds(database: Database) {
    let (practice, app, mut john) = open(database).await;
    let spent = john.refresh.clone();
    john.take(&refresh(&app, &spent).await.expect(200));
    practice.clock.advance(SignedDuration::from_millis(9_999));
    refresh(&app, &spent).await.expect(200);
    practice.clock.advance(SignedDuration::from_millis(1));
    refresh(&app, &spent).await.refused(401, "invalid_refresh_token");
    refresh(&app, &john.refresh).await.refused(401, "invalid_refresh_token");
    john.get("/api/auth/me").await.refused(401, "invalid_token");
}

async fn a_logout_applies_immediately(database: Database) {
    let (_practice, app, john) = open(database).await;
    let (tablet, phone) = (john.again().await, john.again().await);
    john.send(john.request(Method::POST, "/api/auth/logout")).await.expect(204);
    john.get("/api/auth/me").await.refused(401, "invalid_token");
    refresh(&app, &john.refresh).await.refused(401, "invalid_refresh_token");

    tablet.post("/api/auth/logout", json!({"refresh_token": phone.refresh})).await.expect(204);
    tablet.get("/api/auth/me").await.refused(401, "invalid_token");
    phone.get("/api/auth/me").await.refused(401, "invalid_token");

    let (one, other) = (john.again().await, john.again().await);
    one.post("/api/auth/logout", json!({"all": true})).await.expect(204);
    other.get("/api/auth/me").await.refused(401, "invalid_token");
}

async fn a_new_password_ends_all_other_logins(database: Database) {
    let (_practice, app, john) = open(database).await;
    let elsewhere = john.again().await;
    let change = async |current: &str, new: &str| {
        john.post("/api/auth/change-password", json!({"current_password": current, "password": new})).await
    };
    let new = strong_password(99);
    let wrong = change("not-the-password-at-all", &new).await;
    assert_eq!(wrong.status, 401, "{}", wrong.text);
    change(&john.password, "short").await.rejected_field("password", "password_too_short");
    elsewhere.get("/api/auth/me").await.expect(200);

    change(&john.password, &new).await.expect(204);
    john.get("/api/auth/me").await.expect(200);
    elsewhere.get("/api/auth/me").await.refused(401, "invalid_token");
    refresh(&app, &elsewhere.refresh).await.refused(401, "invalid_refresh_token");
    let log_in =
        async |password: &str| app.post("/api/auth/login", json!({"email": john.email, "password": password})).await;
    log_in(&john.password).await.refused(401, "invalid_credentials");
    log_in(&new).await.expect(200);
}

async fn tokens_expire(database: Database) {
    let (practice, app, mut john) = open(database).await;
    practice.clock.set(at(NOW) + SignedDuration::from_mins(14));
    john.get("/api/auth/me").await.expect(200);
    practice.clock.set(at(NOW) + SignedDuration::from_mins(16));
    john.get("/api/auth/me").await.refused(401, "token_expired");
    john.take(&refresh(&app, &john.refresh).await.expect(200));
    john.get("/api/auth/me").await.expect(200);
    // Not used for fourteen days.
    practice.clock.advance(SignedDuration::from_hours(14 * 24));
    refresh(&app, &john.refresh).await.refused(401, "invalid_refresh_token");
}

async fn forged_tokens_are_refused(database: Database) {
    let (_practice, app, john) = open(database).await;
    let parts: Vec<&str> = john.access.split('.').collect();
    let [header, claims, signature] = parts.as_slice() else { panic!("a token has three parts") };
    let turned: String = signature.chars().rev().collect();
    // {"alg":"none"}
    let none = "eyJhbGciOiJub25lIn0";
    // {"sub":"1"}, another user
    let admin = "eyJzdWIiOiIxIn0";
    for forged in [
        format!("{header}.{claims}."),
        format!("{header}.{claims}"),
        format!("{header}.{claims}.{turned}"),
        format!("{header}.{claims}.{signature}="),
        format!("{header}.{claims}.{signature}.{signature}"),
        format!("{none}.{claims}."),
        format!("{none}.{claims}.{signature}"),
        format!("{header}.{admin}.{signature}"),
    ] {
        app.with_token(Some(&forged)).get("/api/auth/me").await.refused(401, "invalid_token");
    }
    for (name, scheme, status) in
        [("authorization", "bearer ", 200), ("authorization", "Basic ", 401), ("cookie", "access_token=", 401)]
    {
        let request = app.request(Method::GET, "/api/auth/me").header(name, format!("{scheme}{}", john.access));
        assert_eq!(app.send(request).await.status, status, "{name}: {scheme}");
    }
    let in_the_query = app.get(&format!("/api/auth/me?access_token={}", john.access)).await;
    assert_eq!(in_the_query.status, 401, "a token in a URL would be in every log");
}

async fn the_signing_secret_can_be_changed(database: Database) {
    let (practice, app, john) = open(database).await;
    app.terminate().await;
    let with_new_secret = async |previous: Option<&str>| {
        let mut command = practice.command(["serve"]);
        command.env("ATTUNE__AUTH__SECRET", "a1d93f4407c24a6b9a58c5e2b7f60d18");
        command.envs(previous.map(|secret| ("ATTUNE__AUTH__PREVIOUS_SECRET", secret)));
        Instance::bare(command).await
    };
    let app = with_new_secret(Some(AUTH_SECRET)).await;
    john.at(&app).get("/api/auth/me").await.expect(200);
    let fresh = john.at(&app).again().await;
    app.terminate().await;

    let app = practice.serve().await;
    fresh.at(&app).get("/api/auth/me").await.refused(401, "invalid_token");
    let app = with_new_secret(None).await;
    fresh.at(&app).get("/api/auth/me").await.expect(200);
    john.at(&app).get("/api/auth/me").await.refused(401, "invalid_token");
}
