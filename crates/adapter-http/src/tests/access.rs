//! Permissions: every route for every kind of caller, and invalid credentials.

use attune_domain::Role;
use jiff::SignedDuration;
use reqwest::Method;

use super::harness::*;
use crate::routes;

/// The responses of one route to each kind of caller.
struct Row {
    method: &'static str,
    route: &'static str,
    /// The body; empty for none.
    body: &'static str,
    /// Anonymous, the client who owns the booking, another client, an admin, a disabled user.
    wanted: [u16; 5],
}

const fn row(method: &'static str, route: &'static str, body: &'static str, wanted: [u16; 5]) -> Row {
    Row { method, route, body, wanted }
}

const BOOK: &str = r#"{"scheduled_at":"2024-01-16T10:00:00Z"}"#;
const REGISTER: &str = r#"{"email":"new@example.org","password":"violet teapots on seventeen roofs"}"#;
const LOGIN: &str = r#"{"email":"ada@example.org","password":"violet teapots on seventeen roofs"}"#;
const REFRESH: &str = r#"{"refresh_token":"nobody's"}"#;
const CHANGE: &str =
    r#"{"current_password":"violet teapots on seventeen roofs","password":"crooked lighthouse marmalade 9"}"#;

const MOVE: &str = r#"{"scheduled_at":"2024-01-16T10:00:00Z"}"#;
const BOOK_FOR_ADA: &str = r#"{"user_id":2,"scheduled_at":"2024-01-16T10:00:00Z"}"#;
const SERIES: &str = r#"{"user_id":2,"first":"2024-01-16T10:00","timezone":"Europe/Berlin","count":2}"#;
const RECOVER: &str = r#"{"email":"ada@example.org"}"#;
const SERVICE: &str = r#"{"name":"First session","duration":80,"amount":120}"#;
const SCHEDULE: &str = r#"{"timezone":"Europe/Berlin","hours":{"monday":[{"start":"09:00","end":"12:00"}]}}"#;
const TIME_OFF: &str = r#"{"kind":"closed_dates","first_date":"2024-12-24","last_date":"2025-01-01"}"#;
const POLICY: &str = r#"{"notice_minutes":0,"horizon_days":90,"daily_limit":null,"step_minutes":15,"cancellation":
    {"free_minutes":1440,"late_refund_percent":0},"reschedule_minutes":1440,"auto_complete":true}"#;
const INVITE: &str = r#"{"email":"mary@example.org","display_name":"Mary","role":"observer"}"#;

/// In each row's practice, booking 1 is Ada's and awaits its payment, and Ada is user 2.
const ROWS: &[Row] = &[
    row("GET", "/health", "", [200; 5]),
    row("GET", "/health/live", "", [200; 5]),
    row("GET", "/health/ready", "", [200; 5]),
    row("GET", "/api/openapi.json", "", [200; 5]),
    row("GET", "/docs", "", [303; 5]),
    row("GET", "/docs/{file:.*}", "", [200; 5]),
    row("POST", "/api/auth/register", REGISTER, [201; 5]),
    row("POST", "/api/auth/login", LOGIN, [200; 5]),
    row("POST", "/api/auth/refresh", REFRESH, [401; 5]),
    row("POST", "/api/auth/logout", "", [401, 204, 204, 204, 401]),
    row("POST", "/api/auth/change-password", CHANGE, [401, 204, 204, 204, 401]),
    row("GET", "/api/auth/me", "", [401, 200, 200, 200, 401]),
    row("PATCH", "/api/auth/me", "{}", [401, 200, 200, 200, 401]),
    row("GET", "/api/services", "", [200; 5]),
    row("GET", "/api/availability", "", [200; 5]),
    row("GET", "/api/bookings", "", [401, 200, 200, 200, 401]),
    row("POST", "/api/bookings", BOOK, [401, 201, 201, 201, 401]),
    row("GET", "/api/bookings/{id}", "", [401, 200, 403, 200, 401]),
    row("POST", "/api/bookings/{id}/reschedule", MOVE, [401, 409, 403, 409, 401]),
    row("GET", "/api/bookings/{id}/cancellation-quote", "", [401, 200, 403, 200, 401]),
    row("POST", "/api/bookings/{id}/cancel", "", [401, 200, 403, 200, 401]),
    row("GET", "/api/bookings/{id}/calendar.ics", "", [401, 404, 403, 404, 401]),
    row("GET", "/api/bookings/{id}/payment", "", [401, 200, 403, 403, 401]),
    row("POST", "/api/bookings/{id}/payment", "{}", [401, 200, 403, 403, 401]),
    row("GET", "/api/meetings/{id}/link", "", [401, 404, 403, 404, 401]),
    row("POST", "/api/meetings/recover", RECOVER, [202; 5]),
    row("GET", "/j/{token}", "", [409; 5]),
    row("POST", "/j/{token}", "", [409; 5]),
    row("GET", "/test-checkout/{reference}", "", [200; 5]),
    row("POST", "/test-checkout/{reference}", "", [303; 5]),
    row("GET", "/checkout/done", "", [200; 5]),
    row("GET", "/checkout/cancelled", "", [200; 5]),
    row("GET", "/jitsi/branding", "", [200; 5]),
    row("POST", "/jitsi/conference", "", [401; 5]),
    row("GET", "/jitsi/conference/{id}", "", [401; 5]),
    row("DELETE", "/jitsi/conference/{id}", "", [401; 5]),
    row("POST", "/jitsi/events/{about}/{happened}", "{}", [401; 5]),
    row("POST", "/api/webhooks/jaas", "{}", [400; 5]),
    row("POST", "/api/webhooks/stripe", "{}", [400; 5]),
    row("GET", "/api/admin/bookings", "", [401, 403, 403, 200, 401]),
    row("POST", "/api/admin/bookings", BOOK_FOR_ADA, [401, 403, 403, 201, 401]),
    row("POST", "/api/admin/bookings/series", SERIES, [401, 403, 403, 201, 401]),
    row("GET", "/api/admin/bookings/{id}", "", [401, 403, 403, 200, 401]),
    row("POST", "/api/admin/bookings/{id}/reschedule", MOVE, [401, 403, 403, 409, 401]),
    row("POST", "/api/admin/bookings/{id}/cancel", "", [401, 403, 403, 200, 401]),
    row("POST", "/api/admin/bookings/{id}/complete", "", [401, 403, 403, 409, 401]),
    row("POST", "/api/admin/bookings/{id}/no-show", "", [401, 403, 403, 409, 401]),
    row("POST", "/api/admin/bookings/{id}/reopen", "", [401, 403, 403, 409, 401]),
    row("POST", "/api/admin/bookings/{id}/payments/offline", r#"{"method":"cash"}"#, [401, 403, 403, 200, 401]),
    row("POST", "/api/admin/bookings/{id}/refunds", "", [401, 403, 403, 409, 401]),
    row("POST", "/api/admin/bookings/{id}/links/revoke", "", [401, 403, 403, 409, 401]),
    row("POST", "/api/admin/bookings/{id}/participants", INVITE, [401, 403, 403, 409, 401]),
    row("DELETE", "/api/admin/bookings/{id}/participants/{participant_id}", "", [401, 403, 403, 404, 401]),
    row("GET", "/api/admin/payments/problems", "", [401, 403, 403, 200, 401]),
    row("POST", "/api/admin/payments/problems/{id}/resolve", "", [401, 403, 403, 404, 401]),
    row("GET", "/api/admin/reports/attendance", "", [401, 403, 403, 200, 401]),
    row("GET", "/api/admin/reports/revenue", "", [401, 403, 403, 200, 401]),
    row("GET", "/api/admin/services", "", [401, 403, 403, 200, 401]),
    row("POST", "/api/admin/services", SERVICE, [401, 403, 403, 201, 401]),
    row("PATCH", "/api/admin/services/{id}", r#"{"amount":90}"#, [401, 403, 403, 200, 401]),
    row("GET", "/api/admin/schedule", "", [401, 403, 403, 200, 401]),
    row("PUT", "/api/admin/schedule", SCHEDULE, [401, 403, 403, 200, 401]),
    row("GET", "/api/admin/time-off", "", [401, 403, 403, 200, 401]),
    row("POST", "/api/admin/time-off", TIME_OFF, [401, 403, 403, 201, 401]),
    row("DELETE", "/api/admin/time-off/{id}", "", [401, 403, 403, 404, 401]),
    row("GET", "/api/admin/policy", "", [401, 403, 403, 200, 401]),
    row("PUT", "/api/admin/policy", POLICY, [401, 403, 403, 200, 401]),
    row("GET", "/api/admin/users", "", [401, 403, 403, 200, 401]),
    row("GET", "/api/admin/users/{id}", "", [401, 403, 403, 200, 401]),
    row("PATCH", "/api/admin/users/{id}", r#"{"first_name":"Eve"}"#, [401, 403, 403, 200, 401]),
];

#[tokio::test(flavor = "multi_thread")]
async fn every_route_responds_to_every_kind_of_caller_as_specified() {
    let settings = Parts::new().settings;
    let mut routes: Vec<_> = routes::table(&settings).into_iter().map(|(m, p)| format!("{m} {p}")).collect();
    let mut rows: Vec<_> = ROWS.iter().map(|row| format!("{} {}", row.method, row.route)).collect();
    routes.sort();
    rows.sort();
    assert_eq!(routes, rows, "every route needs exactly one row");
    for row in ROWS {
        for (kind, wanted) in row.wanted.into_iter().enumerate() {
            let practice = Practice::open().await;
            let ada = practice.client("Ada").await;
            let held = practice.book(&ada, SLOT).await;
            let token = match kind {
                0 => String::new(),
                1 => ada,
                2 => practice.client("Bob").await,
                3 => practice.admin().await,
                _ => {
                    let (dan, carl) = (practice.client("Dan").await, practice.admin().await);
                    let off = practice.patch("/api/admin/users/3", &carl, r#"{"disabled":true}"#).await;
                    assert_eq!(off.status, 200);
                    dan
                }
            };
            let path =
                row.route.replace("/users/{id}", "/users/2").replace("{id}", "1").replace("{file:.*}", "index.html");
            let path = path.replace("/test-checkout/{reference}", &checkout_path(&held));
            let path = path.replace("{about}/{happened}", "room/created");
            let path = path.replace("{token}", "plain.1.user-2.1").replace("{participant_id}", "1");
            let call = practice.request(row.method.parse().unwrap(), &path).token(&token);
            let reply = if row.body.is_empty() { call } else { call.json(row.body) }.send().await;
            assert_eq!(reply.status.as_u16(), wanted, "{} {} as {kind}: {}", row.method, row.route, reply.text);
            if matches!(reply.status.as_u16(), 401 | 403) {
                for personal in ["ada@", "Ada", "meet.example.org", "2024-01-15"] {
                    assert!(!reply.text.contains(personal), "{} tells {personal}", row.route);
                }
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn other_users_learn_nothing_about_admin_routes() {
    let practice = Parts::new().without_limits().open().await;
    let (ada, carl) = (practice.client("Ada").await, practice.admin().await);
    for path in [
        "/api/admin",
        "/api/admin/",
        "/api/admin/bookings",
        "/api/admin/bookings/9",
        "/api/admin/bookings/x",
        "/api/admin/bookings?limit=x",
        "/api/admin/users/x",
        "/api/admin/nothing/here",
        "/api/%61dmin/bookings",
    ] {
        for method in [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::OPTIONS] {
            let call = |token| {
                practice.request(method.clone(), path).token(token).header("Content-Type", "text/xml").body("<")
            };
            assert_eq!(call(&ada).send().await.problem(), (403, "forbidden".into()), "{method} {path}");
            assert_eq!(call("").send().await.problem(), (401, "unauthenticated".into()), "{method} {path}");
        }
        for (token, wanted) in [(ada.as_str(), 403), ("", 401)] {
            let head = practice.request(Method::HEAD, path).token(token).send().await;
            assert_eq!((head.status.as_u16(), head.text.as_str()), (wanted, ""));
        }
    }
    for (method, path, wanted) in [
        (Method::GET, "/api/admin/nothing/here", (404, "not_found")),
        (Method::GET, "/api/admin", (404, "not_found")),
        (Method::DELETE, "/api/admin/bookings/1", (405, "method_not_allowed")),
        (Method::GET, "/api/admin/bookings/1", (404, "booking_not_found")),
        (Method::GET, "/api/admin/bookings/x", (400, "invalid_booking_id")),
        (Method::GET, "/api/admin/users/x", (400, "invalid_id")),
        (Method::GET, "/api/admin/users/9", (404, "user_not_found")),
    ] {
        let reply = practice.request(method, path).token(&carl).send().await;
        assert_eq!(reply.problem(), (wanted.0, wanted.1.to_owned()), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn bookings_of_others_are_forbidden_and_missing_ones_not_found() {
    let practice = Parts::new().without_limits().open().await;
    let (ada, bob) = (practice.client("Ada").await, practice.client("Bob").await);
    let held = practice.book(&ada, SLOT).await;
    for _ in 0..2 {
        for path in ["/api/bookings/1", "/api/meetings/1/link"] {
            assert_eq!(practice.get(path, &bob).await.problem(), (403, "forbidden".into()), "{path}");
        }
        practice.pay(&held).await;
    }
    for (id, wanted) in [
        ("2", (404, "booking_not_found")),
        ("9223372036854775807", (404, "booking_not_found")),
        ("9223372036854775808", (400, "invalid_booking_id")),
        ("0", (400, "invalid_booking_id")),
        ("-1", (400, "invalid_booking_id")),
        ("+1", (400, "invalid_booking_id")),
        ("1.0", (400, "invalid_booking_id")),
        ("1%00", (400, "invalid_booking_id")),
        ("%20", (400, "invalid_booking_id")),
        ("abc", (400, "invalid_booking_id")),
        ("1%27--", (400, "invalid_booking_id")),
        ("%D9%A1", (400, "invalid_booking_id")),
    ] {
        for path in [format!("/api/bookings/{id}"), format!("/api/meetings/{id}/link")] {
            assert_eq!(practice.get(&path, &bob).await.problem(), (wanted.0, wanted.1.to_owned()), "{path}");
        }
    }
    let rest = practice.get("/api/bookings", &bob).await;
    assert_eq!(rest.text, r#"{"bookings":[]}"#);
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_are_accepted_in_one_header_only() {
    let practice = Parts::new().without_limits().open().await;
    let ada = practice.client("Ada").await;
    let call = || practice.request(Method::GET, "/api/auth/me");
    for value in [format!("Bearer {ada}"), format!("bearer {ada}"), format!("BEARER  {ada}")] {
        assert_eq!(call().header("Authorization", &value).send().await.status, 200, "{value}");
    }
    let missing = (401, "unauthenticated".to_owned(), "Bearer".to_owned());
    let invalid = (401, "invalid_token".to_owned(), r#"Bearer error="invalid_token""#.to_owned());
    let told =
        |reply: Reply| (reply.status.as_u16(), reply.code(), reply.header("www-authenticate").unwrap().to_owned());
    assert_eq!(told(call().send().await), missing);
    for value in ["", "Basic YWRhOnNlY3JldA==", "Digest x", &ada, "Token x", "null"] {
        assert_eq!(told(call().header("Authorization", value).send().await), missing, "{value}");
    }
    for value in [
        "Bearer",
        "Bearer ",
        "Bearer x",
        "Bearer null",
        &format!("Bearer {ada}x"),
        &format!("Bearer {ada} x"),
        &format!("Bearer {ada},Bearer {ada}"),
        "Bearer \u{e9}",
        "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.",
    ] {
        assert_eq!(told(call().header("Authorization", value).send().await), invalid, "{value}");
    }
    let twice = call().token(&ada).header("Authorization", &format!("Bearer {ada}"));
    assert_eq!(told(twice.send().await), invalid);
    let mixed = call().header("Authorization", "Basic eDp5").token(&ada);
    assert_eq!(told(mixed.send().await), invalid);
    assert_eq!(told(practice.get(&format!("/api/auth/me?access_token={ada}"), "").await), missing);
    let both = practice.get(&format!("/api/auth/me?access_token={ada}"), &ada).await;
    assert_eq!(both.problem(), (422, "unknown_field".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_valid_as_long_as_its_login_session_and_its_lifetime() {
    let practice = Parts::new().without_limits().open().await;
    let (ada, other, carl) =
        (practice.client("Ada").await, practice.token("ada@example.org").await, practice.admin().await);
    practice.advance(SignedDuration::from_secs(15 * 60 - 1));
    assert_eq!(practice.get("/api/auth/me", &ada).await.status, 200);
    assert_eq!(practice.post("/api/auth/logout", &ada, "{}").await.status, 204);
    assert_eq!(practice.get("/api/auth/me", &ada).await.problem(), (401, "invalid_token".into()));
    assert_eq!(practice.get("/api/auth/me", &other).await.status, 200, "the other session goes on");
    practice.advance(SignedDuration::from_secs(1));
    let expired = practice.get("/api/auth/me", &other).await;
    assert_eq!(expired.problem(), (401, "token_expired".into()));
    assert_eq!(expired.header("www-authenticate"), Some(r#"Bearer error="invalid_token""#));
    assert_eq!(practice.get("/api/admin/users", &carl).await.code(), "token_expired");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_applies_from_the_next_request() {
    let practice = Parts::new().without_limits().open().await;
    let (ada, carl) = (practice.client("Ada").await, practice.admin().await);
    let set = |body: &'static str| practice.patch("/api/admin/users/2", &carl, body);
    assert_eq!(practice.get("/api/admin/users", &ada).await.status, 403);
    assert_eq!(set(r#"{"is_admin":true}"#).await.json()["is_admin"], true);
    assert_eq!(practice.get("/api/admin/users", &ada).await.status, 200);
    assert_eq!(set(r#"{"is_admin":false}"#).await.json()["is_admin"], false);
    assert_eq!(practice.get("/api/admin/users", &ada).await.status, 403);
    assert_eq!(set(r#"{"disabled":true}"#).await.json()["disabled"], true);
    assert_eq!(practice.get("/api/auth/me", &ada).await.problem(), (401, "invalid_token".into()));
    let login = format!(r#"{{"email":"ada@example.org","password":"{PASSWORD}"}}"#);
    assert_eq!(practice.post("/api/auth/login", "", &login).await.problem(), (403, "account_disabled".into()));
    for body in [r#"{"is_admin":false}"#, r#"{"disabled":true}"#] {
        assert_eq!(practice.patch("/api/admin/users/1", &carl, body).await.problem(), (409, "last_admin".into()));
    }
    practice.add("erik@example.org", "Erik", "Erikson", Role::Admin).await;
    assert_eq!(practice.patch("/api/admin/users/1", &carl, r#"{"is_admin":false}"#).await.status, 200);
    assert_eq!(practice.patch("/api/admin/users/1", &carl, r#"{"is_admin":true}"#).await.status, 403);
}

#[tokio::test(flavor = "multi_thread")]
async fn admins_list_and_update_users() {
    let practice = Parts::new().without_limits().open().await;
    practice.client("Ada").await;
    let carl = practice.admin().await;
    let ids = |reply: &Reply| -> Vec<i64> {
        reply.json()["users"].as_array().unwrap().iter().map(|u| u["id"].as_i64().unwrap()).collect()
    };
    let changed =
        practice.patch("/api/admin/users/2", &carl, r#"{"first_name":" Eve ","last_name":"","disabled":true}"#);
    assert_eq!(
        changed.await.text,
        r#"{"id":2,"email":"ada@example.org","first_name":"Eve","last_name":null,"display_name":"ada@example.org","#
            .to_owned()
            + r#""timezone":null,"is_admin":false,"email_verified":false,"created_at":"2024-01-10T08:00:00Z","#
            + r#""disabled":true}"#
    );
    for (query, wanted) in [
        ("", vec![1, 2]),
        ("?is_admin=true", vec![1]),
        ("?is_admin=false", vec![2]),
        ("?disabled=false", vec![1]),
        ("?disabled=true&is_admin=true", vec![]),
        ("?limit=1&offset=1", vec![2]),
    ] {
        assert_eq!(ids(&practice.get(&format!("/api/admin/users{query}"), &carl).await), wanted, "{query}");
    }
    let list = practice.get("/api/admin/users?limit=1", &carl).await.json();
    assert_eq!((&list["total"], &list["limit"], &list["offset"]), (&2.into(), &1.into(), &0.into()));
    for (query, code) in [("is_admin=yes", "wrong_type"), ("limit=0", "out_of_range"), ("email=a", "unknown_field")] {
        assert_eq!(practice.get(&format!("/api/admin/users?{query}"), &carl).await.problem(), (422, code.into()));
    }
    for (body, code) in [
        (r#"{"email":"x@example.org"}"#, "unknown_field"),
        (r#"{"is_admin":"yes"}"#, "wrong_type"),
        (r#"{"first_name":"a\u0007"}"#, "invalid_characters"),
    ] {
        assert_eq!(practice.patch("/api/admin/users/2", &carl, body).await.problem(), (422, code.into()), "{body}");
    }
}
