//! Permissions: every route for every kind of caller, and invalid credentials.

use attune_domain::Role;
use jiff::SignedDuration;
use reqwest::Method;
use serde_json::json;

use super::harness::*;

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

const TOKEN: &str = r#"{"token":"unknown"}"#;
const TOKEN_AND_PASSWORD: &str = r#"{"token":"unknown","password":"crooked lighthouse marmalade 9"}"#;
const CURRENT: &str = r#"{"current_password":"violet teapots on seventeen roofs"}"#;
const STEP_UP: &str = r#"{"password":"violet teapots on seventeen roofs"}"#;

const MOVE: &str = r#"{"scheduled_at":"2024-01-16T10:00:00Z"}"#;
const BOOK_FOR_ADA: &str = r#"{"user_id":2,"scheduled_at":"2024-01-16T10:00:00Z"}"#;
const SERIES: &str = r#"{"user_id":2,"first":"2024-01-16T10:00","timezone":"Europe/Berlin","count":2}"#;
const MOVE_SERIES: &str = r#"{"first":"2024-01-17T10:00","timezone":"Europe/Berlin"}"#;
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
    row("POST", "/api/auth/forgot-password", RECOVER, [202; 5]),
    row("POST", "/api/auth/reset-password", TOKEN_AND_PASSWORD, [404; 5]),
    row("POST", "/api/auth/accept-invitation", TOKEN_AND_PASSWORD, [404; 5]),
    row("POST", "/api/auth/login-link", RECOVER, [202; 5]),
    row("POST", "/api/auth/login-link/redeem", TOKEN, [404; 5]),
    row("POST", "/api/auth/verify-email", TOKEN, [404; 5]),
    row("POST", "/api/auth/resend-verification", RECOVER, [202; 5]),
    row("POST", "/api/auth/change-email", RECOVER, [401, 403, 403, 403, 401]),
    row("POST", "/api/auth/confirm-email", TOKEN, [404; 5]),
    row("POST", "/api/auth/undo-email", TOKEN, [404; 5]),
    row("POST", "/api/auth/totp", CURRENT, [401, 200, 200, 200, 401]),
    row("POST", "/api/auth/totp/confirm", r#"{"code":"123456"}"#, [401, 409, 409, 409, 401]),
    row("DELETE", "/api/auth/totp", "", [401, 403, 403, 403, 401]),
    row("POST", "/api/auth/step-up", STEP_UP, [401, 204, 204, 204, 401]),
    row("GET", "/api/auth/me", "", [401, 200, 200, 200, 401]),
    row("PATCH", "/api/auth/me", "{}", [401, 200, 200, 200, 401]),
    row("GET", "/api/services", "", [200; 5]),
    row("GET", "/api/therapists", "", [200; 5]),
    row("GET", "/api/availability", "", [200; 5]),
    row("GET", "/api/auth/sessions", "", [401, 200, 200, 200, 401]),
    row("DELETE", "/api/auth/sessions", "", [401, 204, 204, 204, 401]),
    row("DELETE", "/api/auth/sessions/{id}", "", [401, 204, 404, 404, 401]),
    row("GET", "/api/me/calendar-feed", "", [401, 200, 200, 200, 401]),
    row("PUT", "/api/me/calendar-feed", "", [401, 200, 200, 200, 401]),
    row("DELETE", "/api/me/calendar-feed", "", [401, 204, 204, 204, 401]),
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
    // A join token pays nothing.
    row("GET", "/pay/{token}", "", [404; 5]),
    row("POST", "/pay/{token}", "", [404; 5]),
    // Nor does it open an account.
    row("GET", "/reset/{token}", "", [404; 5]),
    row("POST", "/reset/{token}", "", [404; 5]),
    row("GET", "/invitation/{token}", "", [404; 5]),
    row("POST", "/invitation/{token}", "", [404; 5]),
    row("GET", "/verify/{token}", "", [404; 5]),
    row("POST", "/verify/{token}", "", [404; 5]),
    row("GET", "/confirm-email/{token}", "", [404; 5]),
    row("POST", "/confirm-email/{token}", "", [404; 5]),
    row("GET", "/undo-email/{token}", "", [404; 5]),
    row("POST", "/undo-email/{token}", "", [404; 5]),
    row("GET", "/login/{token}", "", [404; 5]),
    row("POST", "/login/{token}", "", [404; 5]),
    // Nor does it read a calendar.
    row("GET", "/calendar/{token}/appointments.ics", "", [404; 5]),
    row("GET", "/test-checkout/{reference}", "", [200; 5]),
    row("POST", "/test-checkout/{reference}", "", [303; 5]),
    row("GET", "/", "", [200; 5]),
    // Pages of a client who is logged in lead to the login page first.
    row("GET", "/account", "", [303; 5]),
    row("GET", "/today", "", [303; 5]),
    row("POST", "/today", "", [303; 5]),
    row("GET", "/set-up", "", [303; 5]),
    row("POST", "/set-up", "", [303; 5]),
    row("GET", "/week", "", [303; 5]),
    row("GET", "/month", "", [303; 5]),
    row("GET", "/bookings/new", "", [303; 5]),
    row("POST", "/bookings/new", "", [303; 5]),
    row("GET", "/bookings/{id}", "", [303; 5]),
    row("POST", "/bookings/{id}", "", [303; 5]),
    row("GET", "/series/{id}", "", [303; 5]),
    row("POST", "/series/{id}", "", [303; 5]),
    row("GET", "/clients", "", [303; 5]),
    row("POST", "/clients", "", [303; 5]),
    row("GET", "/users/{id}", "", [303; 5]),
    row("POST", "/users/{id}", "", [303; 5]),
    row("GET", "/hours", "", [303; 5]),
    row("POST", "/hours", "", [303; 5]),
    row("GET", "/hours/exceptions/{id}", "", [303; 5]),
    row("POST", "/hours/exceptions/{id}", "", [303; 5]),
    row("GET", "/hours/why", "", [303; 5]),
    row("GET", "/practice", "", [303; 5]),
    row("GET", "/practice/profile", "", [303; 5]),
    row("POST", "/practice/profile", "", [303; 5]),
    row("GET", "/practice/logo", "", [303; 5]),
    row("POST", "/practice/logo", "", [303; 5]),
    row("GET", "/practice/policy", "", [303; 5]),
    row("POST", "/practice/policy", "", [303; 5]),
    row("GET", "/services", "", [303; 5]),
    row("POST", "/services", "", [303; 5]),
    row("GET", "/services/{id}", "", [303; 5]),
    row("POST", "/services/{id}", "", [303; 5]),
    row("GET", "/money", "", [303; 5]),
    row("POST", "/money", "", [303; 5]),
    row("GET", "/money/revenue.csv", "", [303; 5]),
    row("GET", "/emails", "", [303; 5]),
    row("POST", "/emails", "", [303; 5]),
    row("GET", "/team", "", [303; 5]),
    row("GET", "/today/events", "", [303; 5]),
    row("GET", "/account/profile", "", [303; 5]),
    row("POST", "/account/profile", "", [303; 5]),
    row("GET", "/account/email", "", [303; 5]),
    row("POST", "/account/email", "", [303; 5]),
    row("GET", "/account/password", "", [303; 5]),
    row("POST", "/account/password", "", [303; 5]),
    row("GET", "/account/password-link", "", [303; 5]),
    row("POST", "/account/password-link", "", [303; 5]),
    row("GET", "/account/sessions", "", [303; 5]),
    row("POST", "/account/sessions", "", [303; 5]),
    row("GET", "/account/calendar", "", [303; 5]),
    row("POST", "/account/calendar", "", [303; 5]),
    row("GET", "/account/second-factor", "", [303; 5]),
    row("POST", "/account/second-factor", "", [303; 5]),
    row("GET", "/account/second-factor/confirm", "", [303; 5]),
    row("POST", "/account/second-factor/confirm", "", [303; 5]),
    row("GET", "/account/second-factor/remove", "", [303; 5]),
    row("POST", "/account/second-factor/remove", "", [303; 5]),
    row("GET", "/appointments", "", [303; 5]),
    row("GET", "/appointments/{id}", "", [303; 5]),
    row("GET", "/appointments/{id}/pay", "", [303; 5]),
    row("POST", "/appointments/{id}/pay", "", [303; 5]),
    row("GET", "/appointments/{id}/calendar.ics", "", [303; 5]),
    row("GET", "/appointments/{id}/receipt", "", [303; 5]),
    row("GET", "/appointments/{id}/cancel", "", [303; 5]),
    row("POST", "/appointments/{id}/cancel", "", [303; 5]),
    row("GET", "/appointments/{id}/move", "", [303; 5]),
    row("POST", "/appointments/{id}/move", "", [303; 5]),
    row("GET", "/book", "", [200; 5]),
    row("GET", "/book/summary", "", [303; 5]),
    row("POST", "/book/summary", "", [303; 5]),
    row("GET", "/book/new-client", "", [303; 5]),
    row("POST", "/book/new-client", "", [303; 5]),
    // A form without its token is refused.
    row("GET", "/login", "", [200; 5]),
    row("POST", "/login", "", [403; 5]),
    row("GET", "/register", "", [200; 5]),
    row("POST", "/register", "", [403; 5]),
    row("GET", "/forgot-password", "", [200; 5]),
    row("POST", "/forgot-password", "", [403; 5]),
    row("GET", "/login-link", "", [200; 5]),
    row("POST", "/login-link", "", [403; 5]),
    row("POST", "/logout", "", [403; 5]),
    row("GET", "/imprint", "", [404; 5]),
    row("GET", "/privacy", "", [404; 5]),
    row("GET", "/assets/{file}", "", [200; 5]),
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
    row("PATCH", "/api/admin/bookings/{id}", r#"{"note":"Room 2"}"#, [401, 403, 403, 200, 401]),
    row("POST", "/api/admin/bookings/{id}/reschedule", MOVE, [401, 403, 403, 409, 401]),
    row("POST", "/api/admin/bookings/{id}/reassign", r#"{"therapist_id":1}"#, [401, 403, 403, 200, 401]),
    row("POST", "/api/admin/bookings/{id}/cancel", "", [401, 403, 403, 200, 401]),
    row("POST", "/api/admin/bookings/{id}/complete", "", [401, 403, 403, 409, 401]),
    row("POST", "/api/admin/bookings/{id}/no-show", "", [401, 403, 403, 409, 401]),
    row("POST", "/api/admin/bookings/{id}/reopen", "", [401, 403, 403, 409, 401]),
    row("POST", "/api/admin/bookings/{id}/end", "", [401, 403, 403, 409, 401]),
    row("GET", "/api/admin/bookings/{id}/payment", "", [401, 403, 403, 200, 401]),
    row("POST", "/api/admin/bookings/{id}/payment", "{}", [401, 403, 403, 200, 401]),
    row("POST", "/api/admin/bookings/{id}/payments/offline", r#"{"method":"cash"}"#, [401, 403, 403, 200, 401]),
    row("POST", "/api/admin/bookings/{id}/refunds", "", [401, 403, 403, 409, 401]),
    row("POST", "/api/admin/bookings/{id}/links/revoke", "", [401, 403, 403, 409, 401]),
    row("POST", "/api/admin/bookings/{id}/participants", INVITE, [401, 403, 403, 409, 401]),
    row("DELETE", "/api/admin/bookings/{id}/participants/{participant_id}", "", [401, 403, 403, 404, 401]),
    row("GET", "/api/admin/series/{id}", "", [401, 403, 403, 404, 401]),
    row("GET", "/api/admin/series/{id}/cancellation-quote", "", [401, 403, 403, 404, 401]),
    row("POST", "/api/admin/series/{id}/cancel", "", [401, 403, 403, 404, 401]),
    row("POST", "/api/admin/series/{id}/reschedule", MOVE_SERIES, [401, 403, 403, 404, 401]),
    row("GET", "/api/admin/notifications", "", [401, 403, 403, 200, 401]),
    row("POST", "/api/admin/notifications/{id}/retry", "", [401, 403, 403, 404, 401]),
    row("POST", "/api/admin/notifications/{id}/cancel", "", [401, 403, 403, 404, 401]),
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
    row("PATCH", "/api/admin/time-off/{id}", r#"{"note":"x"}"#, [401, 403, 403, 404, 401]),
    row("DELETE", "/api/admin/time-off/{id}", "", [401, 403, 403, 404, 401]),
    row("GET", "/api/admin/practice", "", [401, 403, 403, 200, 401]),
    row("PATCH", "/api/admin/practice", r#"{"phone":"030 1234"}"#, [401, 403, 403, 200, 401]),
    row("PUT", "/api/admin/practice/logo", "", [401, 403, 403, 415, 401]),
    row("DELETE", "/api/admin/practice/logo", "", [401, 403, 403, 204, 401]),
    row("GET", "/api/admin/policy", "", [401, 403, 403, 200, 401]),
    row("PUT", "/api/admin/policy", POLICY, [401, 403, 403, 200, 401]),
    row("GET", "/api/admin/users", "", [401, 403, 403, 200, 401]),
    row("POST", "/api/admin/users", r#"{"email":"eve@example.org"}"#, [401, 403, 403, 201, 401]),
    row("GET", "/api/admin/users/{id}", "", [401, 403, 403, 200, 401]),
    row("PATCH", "/api/admin/users/{id}", r#"{"first_name":"Eve"}"#, [401, 403, 403, 200, 401]),
    row("POST", "/api/admin/users/{id}/invitation", "", [401, 403, 403, 409, 401]),
    row("DELETE", "/api/admin/users/{id}/invitation", "", [401, 403, 403, 409, 401]),
    // Without a step-up.
    row("POST", "/api/admin/users/{id}/change-email", RECOVER, [401, 403, 403, 403, 401]),
];

#[tokio::test(flavor = "multi_thread")]
async fn every_route_responds_to_every_kind_of_caller_as_specified() {
    let mut routes: Vec<_> = Parts::new().routes().into_iter().map(|(m, p)| format!("{m} {p}")).collect();
    let mut rows: Vec<_> = ROWS.iter().map(|row| format!("{} {}", row.method, row.route)).collect();
    routes.sort();
    rows.sort();
    assert_eq!(routes, rows, "every route needs exactly one row");
    for row in ROWS {
        for (kind, wanted) in row.wanted.into_iter().enumerate() {
            let (practice, ada, carl) = Parts::new().with_hold().await;
            let token = match kind {
                0 => String::new(),
                1 => ada,
                2 => practice.client("Bob").await,
                3 => carl,
                _ => {
                    let dan = practice.client("Dan").await;
                    practice.patch("/api/admin/users/3", &carl, r#"{"disabled":true}"#).await.assert_status(200);
                    dan
                }
            };
            let path =
                row.route.replace("/users/{id}", "/users/2").replace("{id}", "1").replace("{file:.*}", "index.html");
            let path = path.replace("{file}", "accent-14532d.css");
            let path = path.replace("/test-checkout/{reference}", &practice.checkout_path(1).await);
            let path = path.replace("{about}/{happened}", "room/created");
            let path = path.replace("{token}", "plain.1.user-2.1").replace("{participant_id}", "1");
            // As a page of ours sends its form.
            let call = practice.request(row.method.parse().unwrap(), &path).header("Sec-Fetch-Site", "same-origin");
            let call = call.token(&token);
            let reply = if row.body.is_empty() { call } else { call.json(row.body) }.send().await;
            assert_eq!(reply.status.as_u16(), wanted, "{} {} as {kind}: {}", row.method, row.route, reply.text);
            if matches!(reply.status.as_u16(), 401 | 403) {
                reply.assert_lacks(&["ada@", "Ada", "meet.example.org", "2024-01-15"]);
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn other_users_learn_nothing_about_admin_routes() {
    let (practice, ada, carl) = Parts::new().without_limits().with_ada().await;
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
            call(&ada).send().await.assert_problem(403, "forbidden");
            call("").send().await.assert_problem(401, "unauthenticated");
        }
        for (token, wanted) in [(ada.as_str(), 403), ("", 401)] {
            practice.request(Method::HEAD, path).token(token).send().await.assert_body(wanted, "");
        }
    }
    for (path, status, code) in [
        ("/api/admin/nothing/here", 404, "not_found"),
        ("/api/admin", 404, "not_found"),
        ("/api/admin/bookings/1", 404, "booking_not_found"),
        ("/api/admin/bookings/x", 400, "invalid_booking_id"),
        ("/api/admin/users/x", 400, "invalid_id"),
        ("/api/admin/users/02", 400, "invalid_id"),
        ("/api/admin/users/+2", 400, "invalid_id"),
        ("/api/admin/users/9", 404, "user_not_found"),
    ] {
        practice.get(path, &carl).await.assert_problem(status, code);
    }
    practice.delete("/api/admin/bookings/1", &carl).await.assert_problem(405, "method_not_allowed");
}

#[tokio::test(flavor = "multi_thread")]
async fn bookings_of_others_are_forbidden_and_missing_ones_not_found() {
    let (practice, ..) = Parts::new().without_limits().with_hold().await;
    let bob = practice.client("Bob").await;
    for _ in 0..2 {
        for path in ["/api/bookings/1", "/api/meetings/1/link"] {
            practice.get(path, &bob).await.assert_problem(403, "forbidden");
        }
        practice.pay(1).await;
    }
    let missing = ["2", "9223372036854775807"].map(|id| (id, 404, "booking_not_found"));
    let invalid = ["9223372036854775808", "0", "-1", "+1", "1.0", "1%00", "%20", "abc", "1%27--", "%D9%A1"];
    let spellings = ["01", "001", "00", "%2B1", "%201", "1%20", "1e0"];
    for (id, status, code) in
        missing.into_iter().chain(invalid.into_iter().chain(spellings).map(|id| (id, 400, "invalid_booking_id")))
    {
        for path in [format!("/api/bookings/{id}"), format!("/api/meetings/{id}/link")] {
            practice.get(&path, &bob).await.assert_problem(status, code);
        }
    }
    practice.get("/api/bookings", &bob).await.assert_body(200, r#"{"bookings":[]}"#);
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_are_accepted_in_one_header_only() {
    let (practice, ada, _) = Parts::new().without_limits().with_ada().await;
    let call = || practice.request(Method::GET, "/api/auth/me");
    let with = |value: &str| call().header("Authorization", value).send();
    for value in [format!("Bearer {ada}"), format!("bearer {ada}"), format!("BEARER  {ada}")] {
        with(&value).await.assert_status(200);
    }
    let mut missing = vec![call().send().await, practice.get(&format!("/api/auth/me?access_token={ada}"), "").await];
    for value in ["", "Basic YWRhOnNlY3JldA==", "Digest x", &ada, "Token x", "null"] {
        missing.push(with(value).await);
    }
    for reply in missing {
        let challenge = reply.assert_problem(401, "unauthenticated").header("www-authenticate");
        assert_eq!(challenge, Some("Bearer"), "{reply:?}");
    }
    let mut invalid = vec![
        call().token(&ada).header("Authorization", &format!("Bearer {ada}")).send().await,
        call().header("Authorization", "Basic eDp5").token(&ada).send().await,
    ];
    let double = format!("Bearer {ada},Bearer {ada}");
    for value in ["Bearer", "Bearer ", "Bearer x", "Bearer null", "Bearer \u{e9}", &double] {
        invalid.push(with(value).await);
    }
    let unsigned = "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.";
    for value in [unsigned, &format!("Bearer {ada}x"), &format!("Bearer {ada} x")] {
        invalid.push(with(value).await);
    }
    for reply in invalid {
        let challenge = reply.assert_problem(401, "invalid_token").header("www-authenticate");
        assert_eq!(challenge, Some(r#"Bearer error="invalid_token""#), "{reply:?}");
    }
    practice.get(&format!("/api/auth/me?access_token={ada}"), &ada).await.assert_problem(422, "unknown_field");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_valid_as_long_as_its_login_session_and_its_lifetime() {
    let (practice, ada, carl) = Parts::new().without_limits().with_ada().await;
    let other = practice.token("ada@example.org").await;
    practice.advance(SignedDuration::from_secs(15 * 60 - 1));
    practice.get("/api/auth/me", &ada).await.assert_status(200);
    practice.post("/api/auth/logout", &ada, "{}").await.assert_status(204);
    practice.get("/api/auth/me", &ada).await.assert_problem(401, "invalid_token");
    assert_eq!(practice.get("/api/auth/me", &other).await.status, 200, "the other session goes on");
    practice.advance(SignedDuration::from_secs(1));
    let expired = practice.get("/api/auth/me", &other).await;
    let challenge = expired.assert_problem(401, "token_expired").header("www-authenticate");
    assert_eq!(challenge, Some(r#"Bearer error="invalid_token""#));
    practice.get("/api/admin/users", &carl).await.assert_problem(401, "token_expired");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_applies_from_the_next_request() {
    let (practice, ada, carl) = Parts::new().without_limits().with_ada().await;
    let set = |body: &'static str| practice.patch("/api/admin/users/2", &carl, body);
    set(r#"{"is_admin":true}"#).await.assert_problem(403, "step_up_required");
    practice.step_up(&carl).await;
    practice.get("/api/admin/users", &ada).await.assert_status(403);
    set(r#"{"is_admin":true}"#).await.assert_members(&json!({"is_admin": true}));
    practice.get("/api/admin/users", &ada).await.assert_status(200);
    set(r#"{"is_admin":false}"#).await.assert_members(&json!({"is_admin": false}));
    practice.get("/api/admin/users", &ada).await.assert_status(403);
    set(r#"{"disabled":true}"#).await.assert_members(&json!({"disabled": true}));
    practice.get("/api/auth/me", &ada).await.assert_problem(401, "invalid_token");
    practice.log_in("ada@example.org", PASSWORD).await.assert_problem(403, "account_disabled");
    for body in [r#"{"is_admin":false}"#, r#"{"disabled":true}"#] {
        practice.patch("/api/admin/users/1", &carl, body).await.assert_problem(409, "last_admin");
    }
    practice.add("erik@example.org", "Erik", "Erikson", Role::Admin).await;
    practice.patch("/api/admin/users/1", &carl, r#"{"is_admin":false}"#).await.assert_status(200);
    practice.patch("/api/admin/users/1", &carl, r#"{"is_admin":true}"#).await.assert_status(403);
}

#[tokio::test(flavor = "multi_thread")]
async fn admins_list_and_update_users() {
    let (practice, _, carl) = Parts::new().without_limits().with_ada().await;
    let changes = r#"{"first_name":" Eve ","last_name":"","disabled":true}"#;
    let user = r#"{"id":2,"email":"ada@example.org","first_name":"Eve","last_name":null,"#.to_owned()
        + r#""display_name":"Eve","timezone":null,"language":null,"is_admin":false,"email_verified":true,"#
        + r#""second_factor":false,"created_at":"2024-01-10T08:00:00Z","disabled":true,"version":3,"upcoming_bookings":[]}"#;
    practice.patch("/api/admin/users/2", &carl, changes).await.assert_body(200, &user);
    for (query, wanted) in [
        ("", vec![1, 2]),
        ("?is_admin=true", vec![1]),
        ("?is_admin=false", vec![2]),
        ("?disabled=false", vec![1]),
        ("?disabled=true&is_admin=true", vec![]),
        ("?limit=1&offset=1", vec![2]),
    ] {
        let list = practice.get(&format!("/api/admin/users{query}"), &carl).await.json();
        assert_eq!(column(&list["users"], "id"), wanted, "{query}");
    }
    practice.get("/api/admin/users?limit=1", &carl).await.assert_members(&json!({"total": 2, "limit": 1, "offset": 0}));
    for (query, code) in [("is_admin=yes", "wrong_type"), ("limit=0", "out_of_range"), ("email=a", "unknown_field")] {
        practice.get(&format!("/api/admin/users?{query}"), &carl).await.assert_problem(422, code);
    }
    for (body, code) in [
        (r#"{"email":"x@example.org"}"#, "unknown_field"),
        (r#"{"is_admin":"yes"}"#, "wrong_type"),
        (r#"{"first_name":"a\u0007"}"#, "invalid_characters"),
    ] {
        practice.patch("/api/admin/users/2", &carl, body).await.assert_problem(422, code);
    }
}
