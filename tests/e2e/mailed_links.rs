//! Links that are mailed to the owners of accounts: viewed by mail scanners, used once, by many at once, and too late.

use attune_e2e::{
    ApiResponse, Database, Instance, Method, Plan, Practice, User, eventually, later, strong_password, totp,
};
use attune_test_smtp::DecodedMail;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::source::root;

on_both_databases!(
    viewing_mailed_links_changes_nothing_and_each_works_once,
    links_die_with_what_they_were_made_for,
    of_twenty_uses_at_once_one_wins,
    strangers_guess_a_hundred_times_and_stop_no_known_device,
    who_is_locked_out_gets_back_in,
    a_taken_account_is_given_back,
);

/// A practice in which new clients verify their address.
fn plan(database: Database) -> Plan {
    Practice::on(database).with("auth.registration", "verified")
}

/// The link of the newest email to this address with these words in its subject.
async fn link(practice: &Practice, address: &str, subject: &str) -> String {
    let is_it = |email: &DecodedMail| email.recipients == [address] && email.subject.contains(subject);
    let email = practice.emails_where(1, is_it).await.pop().unwrap();
    let url = email.text.lines().find(|line| line.starts_with("http")).expect("a link").to_owned();
    practice.keep_secret(url.rsplit('/').next().unwrap());
    url
}

fn token(url: &str) -> &str {
    url.rsplit('/').next().unwrap()
}

async fn register(practice: &Practice, app: &Instance, email: &str) {
    practice.keep_secret(&strong_password(70));
    let body = json!({"email": email, "password": strong_password(70)});
    app.post("/api/auth/register", body).await.expect(202);
}

/// A client whose address is verified.
async fn client(practice: &Practice, app: &Instance, email: &str) -> User {
    register(practice, app, email).await;
    let url = link(practice, email, VERIFY).await;
    app.post("/api/auth/verify-email", json!({"token": token(&url)})).await.expect(200);
    User::log_in(app, email, &strong_password(70)).await
}

async fn ask(app: &Instance, path: &str, email: &str) {
    app.post(path, json!({"email": email})).await.expect(202);
}

async fn submit(app: &Instance, url: &str, form: &str) -> ApiResponse {
    let request = app.request(Method::POST, url).header("sec-fetch-site", "same-origin");
    app.send(request.header("content-type", "application/x-www-form-urlencoded").body(form.to_owned())).await
}

async fn all_sent(admin: &User) {
    eventually("all emails are recorded as sent", async || {
        let pending = admin.get("/api/admin/notifications?state=pending").await.expect(200);
        (pending["total"] == 0).then_some(())
    })
    .await;
}

const VERIFY: &str = "Please confirm your email address";
const CONFIRM: &str = "Please confirm your new email address";
const CHANGED: &str = "The email address of your account was changed";
const RESET: &str = "Set a new password";
const LOGIN: &str = "Your link to log in";
const INVITATION: &str = "Your account: please set a password";

async fn viewing_mailed_links_changes_nothing_and_each_works_once(database: Database) {
    let (practice, app) = plan(database).serve().await;
    let admin = practice.admin(&app).await;
    let john = client(&practice, &app, "john@clients.example.org").await;
    register(&practice, &app, "new@clients.example.org").await;
    ask(&app, "/api/auth/forgot-password", "john@clients.example.org").await;
    ask(&app, "/api/auth/login-link", "john@clients.example.org").await;
    let invited = json!({"email": "invited@clients.example.org"});
    admin.post("/api/admin/users", invited).await.expect(201);
    let mary = client(&practice, &app, "mary@clients.example.org").await;
    mary.step_up().await;
    ask_as(&mary, "mary.new@clients.example.org").await;
    let confirm = link(&practice, "mary.new@clients.example.org", CONFIRM).await;
    app.post("/api/auth/confirm-email", json!({"token": token(&confirm)})).await.expect(200);
    john.step_up().await;
    ask_as(&john, "john.new@clients.example.org").await;
    let password = format!("password={}", strong_password(71).replace('-', "%2D"));
    practice.keep_secret(&strong_password(71));
    // In this order: a new password ends the login link.
    let links = [
        (link(&practice, "new@clients.example.org", VERIFY).await, ""),
        (link(&practice, "invited@clients.example.org", INVITATION).await, password.as_str()),
        (link(&practice, "mary@clients.example.org", CHANGED).await, ""),
        (link(&practice, "john@clients.example.org", LOGIN).await, ""),
        (link(&practice, "john@clients.example.org", RESET).await, &password),
    ];
    let change = link(&practice, "john.new@clients.example.org", CONFIRM).await;
    all_sent(&admin).await;
    let before = practice.stored().await;
    for url in links.iter().map(|(url, _)| url).chain([&change]) {
        for _ in 0..50 {
            assert_eq!(app.get(url).await.status, 200, "{}", url.rsplit('/').nth(1).unwrap());
        }
        let head = app.send(app.request(Method::HEAD, url)).await;
        assert_eq!((head.status, head.text.as_str()), (200, ""));
    }
    assert!(practice.stored().await == before, "viewing a link wrote something");
    for (url, form) in &links {
        assert_eq!(submit(&app, url, form).await.status, 200, "{}", url.rsplit('/').nth(1).unwrap());
        assert_eq!(submit(&app, url, form).await.status, 410, "{}", url.rsplit('/').nth(1).unwrap());
        assert_eq!(app.get(url).await.status, 410);
    }
    // The new password ended it.
    assert_eq!(submit(&app, &change, "").await.status, 410);
    User::log_in(&app, "invited@clients.example.org", &strong_password(71)).await;
    User::log_in(&app, "john@clients.example.org", &strong_password(71)).await;
    let flipped = change.replace(token(&change), &token(&change).chars().rev().collect::<String>());
    assert_eq!(app.get(&flipped).await.status, 404);
    assert_eq!(submit(&app, &flipped, "").await.status, 404);
}

async fn ask_as(user: &User, email: &str) {
    user.post("/api/auth/change-email", json!({"email": email})).await.expect(202);
}

async fn links_die_with_what_they_were_made_for(database: Database) {
    let (practice, app) = plan(database).serve().await;
    let admin = practice.admin(&app).await;
    for (number, death) in ["password", "address", "account", "time"].into_iter().enumerate() {
        let email = format!("person{number}@clients.example.org");
        let user = client(&practice, &app, &email).await;
        ask(&app, "/api/auth/forgot-password", &email).await;
        ask(&app, "/api/auth/login-link", &email).await;
        let (reset, login) = (link(&practice, &email, RESET).await, link(&practice, &email, LOGIN).await);
        user.step_up().await;
        ask_as(&user, &format!("later{number}@clients.example.org")).await;
        let confirm = link(&practice, &format!("later{number}@clients.example.org"), CONFIRM).await;
        match death {
            "password" => {
                let body = json!({"current_password": user.password, "password": strong_password(72)});
                user.post("/api/auth/change-password", body).await.expect(204);
            }
            "address" => {
                // A second link of the same instant would be the first one.
                practice.clock.advance(SignedDuration::from_secs(1));
                ask_as(&user, &format!("moved{number}@clients.example.org")).await;
                let to = link(&practice, &format!("moved{number}@clients.example.org"), CONFIRM).await;
                app.post("/api/auth/confirm-email", json!({"token": token(&to)})).await.expect(200);
            }
            "account" => {
                let path = format!("/api/admin/users/{}", user.id);
                admin.patch(&path, json!({"disabled": true})).await.expect(200);
            }
            _ => practice.clock.advance(SignedDuration::from_hours(1)),
        }
        let new = json!({"token": token(&reset), "password": strong_password(73)});
        app.post("/api/auth/reset-password", new).await.refused(410, "link_expired");
        app.post("/api/auth/login-link/redeem", json!({"token": token(&login)})).await.refused(410, "link_expired");
        if death == "time" {
            practice.clock.advance(SignedDuration::from_hours(23));
        }
        app.post("/api/auth/confirm-email", json!({"token": token(&confirm)})).await.refused(410, "link_expired");
    }
    // Accounts that were never opened.
    let admin = admin.again().await;
    register(&practice, &app, "new@clients.example.org").await;
    admin.post("/api/admin/users", json!({"email": "invited@clients.example.org"})).await.expect(201);
    let verify = link(&practice, "new@clients.example.org", VERIFY).await;
    let invitation = link(&practice, "invited@clients.example.org", INVITATION).await;
    for user in admin.get("/api/admin/users?q=clients.example.org").await.expect(200)["users"].as_array().unwrap() {
        let path = format!("/api/admin/users/{}", user["id"]);
        admin.patch(&path, json!({"disabled": true})).await.expect(200);
    }
    app.post("/api/auth/verify-email", json!({"token": token(&verify)})).await.refused(410, "link_expired");
    let accept = json!({"token": token(&invitation), "password": strong_password(73)});
    app.post("/api/auth/accept-invitation", accept).await.refused(410, "link_expired");
}

/// How many of twenty requests at once get each status.
async fn twenty_at_once(app: &Instance, path: &str, body: &Value) -> Vec<u16> {
    let mut all = JoinSet::new();
    for _ in 0..20 {
        let (api, path, body) = (app.with_token(None), path.to_owned(), body.clone());
        // A busy server asks to try again.
        all.spawn(async move {
            loop {
                let status = api.post(&path, body.clone()).await.status;
                if status != 503 {
                    return status;
                }
            }
        });
    }
    let mut statuses = all.join_all().await;
    statuses.sort_unstable();
    statuses
}

async fn of_twenty_uses_at_once_one_wins(database: Database) {
    let (practice, app) = plan(database).with("auth.password_hasher_queue", "64").serve().await;
    let admin = practice.admin(&app).await;
    let email = "john@clients.example.org";
    let john = client(&practice, &app, email).await;
    let setup = john.post("/api/auth/totp", json!({"current_password": john.password})).await.expect(200);
    let uri = setup["otpauth_uri"].as_str().unwrap();
    let code = totp(uri, practice.clock.now());
    let codes = john.post("/api/auth/totp/confirm", json!({"code": code})).await.expect(200)["recovery_codes"].clone();
    practice.clock.advance(SignedDuration::from_mins(1));
    for code in [codes[0].clone(), totp(uri, practice.clock.now()).into()] {
        let body = json!({"email": email, "password": john.password, "code": code});
        let statuses = twenty_at_once(&app, "/api/auth/login", &body).await;
        assert_eq!(statuses, [&[200][..], &[401; 19]].concat());
    }
    ask(&app, "/api/auth/forgot-password", email).await;
    admin.post("/api/admin/users", json!({"email": "eve@clients.example.org"})).await.expect(201);
    for (path, url) in [
        ("/api/auth/reset-password", link(&practice, email, RESET).await),
        ("/api/auth/accept-invitation", link(&practice, "eve@clients.example.org", INVITATION).await),
    ] {
        let body = json!({"token": token(&url), "password": strong_password(74)});
        let statuses = twenty_at_once(&app, path, &body).await;
        assert_eq!(statuses, [&[204][..], &[410; 19]].concat(), "{path}");
    }
}

/// A practice with the limits of production, behind a proxy that names the network of each request.
async fn guarded(database: Database) -> (Practice, Instance) {
    plan(database)
        .with("limits.enabled", "true")
        .with("limits.logins_per_minute", "100000")
        .with("http.trusted_proxies", "127.0.0.0/8")
        .with("auth.password_hasher_queue", "500")
        .serve()
        .await
}

async fn log_in_from(app: &Instance, network: usize, body: Value) -> ApiResponse {
    let address = format!("10.{}.{}.1", network / 256, network % 256);
    let request = app.request(Method::POST, "/api/auth/login").header("x-forwarded-for", address);
    app.send(request.json(&body)).await
}

/// Guesses from so many networks, twenty at once. Returns how many were evaluated.
async fn guess(app: &Instance, email: &str, networks: usize) -> usize {
    let mut statuses = Vec::new();
    for first in (0..networks).step_by(20) {
        let mut all = JoinSet::new();
        for network in first..networks.min(first + 20) {
            let (app, email) = (app.with_token(None), email.to_owned());
            all.spawn(async move {
                let address = format!("10.{}.{}.1", network / 256, network % 256);
                let request = app.request(Method::POST, "/api/auth/login").header("x-forwarded-for", address);
                app.send(request.json(&json!({"email": email, "password": strong_password(99)}))).await.status
            });
        }
        statuses.extend(all.join_all().await);
    }
    // A busy server asks to try again.
    assert!(statuses.iter().all(|status| matches!(status, 401 | 429 | 503)), "{statuses:?}");
    statuses.into_iter().filter(|status| *status == 401).count()
}

async fn strangers_guess_a_hundred_times_and_stop_no_known_device(database: Database) {
    let (practice, app) = guarded(database).await;
    let email = "john@clients.example.org";
    let john = client(&practice, &app, email).await;
    let credentials = json!({"email": email, "password": john.password});
    let device = log_in_from(&app, 700, credentials.clone()).await.expect(200)["device_token"].clone();
    let evaluated = guess(&app, email, 400).await;
    assert!((90..=100).contains(&evaluated), "{evaluated} of 400 guesses from 400 networks");
    // Those that met a busy server.
    assert!(guess(&app, email, 20).await <= 100 - evaluated);
    log_in_from(&app, 700, credentials.clone()).await.refused(429, "too_many_failures");
    let known = json!({"email": email, "password": john.password, "device_token": device});
    log_in_from(&app, 701, known).await.expect(200);
}

/// What docs/OPERATIONS.md says under "Locked out".
async fn who_is_locked_out_gets_back_in(database: Database) {
    let (practice, app) = guarded(database).await;
    let email = "john@clients.example.org";
    client(&practice, &app, email).await;
    let admin = "therapist.ashdown@practice.example.org";
    for (address, password) in [(email, strong_password(70)), (admin, strong_password(0))] {
        guess(&app, address, 120).await;
        let credentials = json!({"email": address, "password": password});
        log_in_from(&app, 800, credentials.clone()).await.refused(429, "too_many_failures");
        ask(&app, "/api/auth/login-link", address).await;
        let url = link(&practice, address, LOGIN).await;
        let body = json!({"token": token(&url)});
        let tokens = app.post("/api/auth/login-link/redeem", body).await.expect(200);
        app.with_token(tokens["access_token"].as_str()).get("/api/auth/me").await.expect(200);
        log_in_from(&app, 800, credentials).await.expect(200);
    }
    guess(&app, admin, 120).await;
    practice.keep_secret(&strong_password(75));
    let set = ["user", "set-password", "--email", admin, "--password-stdin"];
    practice.run(set, &strong_password(75)).await.good();
    let credentials = json!({"email": admin, "password": strong_password(75)});
    log_in_from(&app, 801, credentials).await.expect(200);
}

async fn a_taken_account_is_given_back(database: Database) {
    let (practice, app) = plan(database).serve().await;
    let email = "john@clients.example.org";
    let thief = client(&practice, &app, email).await;
    let booking = thief.booked(later(7 * 24 * 60)).await;
    thief.step_up().await;
    ask_as(&thief, "thief@elsewhere.example.org").await;
    let url = link(&practice, "thief@elsewhere.example.org", CONFIRM).await;
    assert_eq!(submit(&app, &url, "").await.status, 200);
    let undo = link(&practice, email, CHANGED).await;
    practice.clock.advance(SignedDuration::from_hours(71));
    let thief = User::log_in(&app, "thief@elsewhere.example.org", &thief.password).await;
    assert_eq!(submit(&app, &undo, "").await.status, 200);
    thief.get("/api/auth/me").await.refused(401, "invalid_token");
    let reset = link(&practice, email, RESET).await;
    assert_eq!(submit(&app, &reset, &format!("password={}", strong_password(76))).await.status, 200);
    let john = User::log_in(&app, email, &strong_password(76)).await;
    assert_eq!(john.bookings().await[0]["id"], booking);
}

/// The down migration makes a database as the release before left it. SQLite's is restored by the tests of its store.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_of_the_release_before_keeps_its_users() {
    let (mut practice, app, admin, john) = Practice::on(Database::Postgres).serve_client().await;
    // The migration sets a period by the clock of the database.
    practice.clock.set(Timestamp::now());
    let (admin, john) = (admin.again().await, john.again().await);
    let starts_at = Timestamp::from_second(Timestamp::now().as_second()).unwrap() + SignedDuration::from_hours(24 * 30);
    let booking = john.booked(starts_at).await;
    let before = john.meeting_url(booking).await;
    assert_eq!(app.terminate().await, Some(0));
    let migrations = root().join("migrations/postgres");
    let down = ["2026-11-30-000870_chosen_slots", "2026-11-30-000850_accounts"]
        .map(|migration| std::fs::read_to_string(migrations.join(migration).join("down.sql")).unwrap())
        .join(";");
    let forget = "DELETE FROM __diesel_schema_migrations WHERE version IN ('20261130000850', '20261130000870')";
    practice.run_sql(&format!("{down};UPDATE users SET email_verified_at = NULL;{forget}")).await;
    practice.set("auth.registration", "verified");
    practice.set("auth.second_factor", "admins");
    let app = practice.serve().await;
    let john = User::log_in(&app, &john.email, &john.password).await;
    assert_eq!(john.meeting_url(booking).await, before);
    let credentials = json!({"email": admin.email, "password": admin.password});
    let tokens = app.post("/api/auth/login", credentials.clone()).await.expect(200);
    assert!(tokens["user"]["second_factor_due_at"].is_string(), "{tokens}");
    User::log_in(&app, &admin.email, &admin.password).await.get("/api/admin/users").await.expect(200);
    practice.clock.advance(SignedDuration::from_hours(15 * 24));
    let late = User::log_in(&app, &admin.email, &admin.password).await;
    late.get("/api/admin/users").await.refused(403, "second_factor_setup_required");
    let setup = late.post("/api/auth/totp", json!({"current_password": admin.password})).await.expect(200);
    let code = totp(setup["otpauth_uri"].as_str().unwrap(), practice.clock.now());
    late.post("/api/auth/totp/confirm", json!({"code": code})).await.expect(200);
    late.get("/api/admin/users").await.expect(200);
}
