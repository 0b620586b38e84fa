//! The join page.

use attune_domain::{Participant, ParticipantId, Role, User, UserId};
use attune_ports::{AuditEntry, BookingView, Queries};
use jiff::Timestamp;
use reqwest::Method;

use super::harness::*;

/// The client's link into booking 1.
const ADAS: &str = "/j/plain.1.user-2.1";
/// The therapist's link.
const CARLS: &str = "/j/plain.1.user-1.1";
/// The link of the first invited participant.
const MARYS: &str = "/j/plain.1.guest-1.1";

const OPEN: &str = "2024-01-15T09:45:00Z";

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

impl Practice {
    /// Opens the link.
    async fn look(&self, path: &str) -> Reply {
        let page = self.request(Method::GET, path).header("Accept", "text/html,*/*;q=0.8").send().await;
        assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"), "{path} {page:?}");
        page
    }

    /// Presses the button.
    async fn press(&self, path: &str) -> Reply {
        self.request(Method::POST, path).form("").header("Accept", "text/html,*/*;q=0.8").send().await
    }

    async fn press_as_program(&self, path: &str) -> Reply {
        self.request(Method::POST, path).header("Accept", "application/json").send().await
    }

    /// The URL to which the button redirects.
    async fn room(&self, path: &str) -> String {
        self.press(path).await.assert_body(303, "").header("location").unwrap().to_owned()
    }

    /// Invites a participant to booking 1.
    async fn invite(&self, body: &str) {
        let carl = self.admin().await;
        self.post("/api/admin/bookings/1/participants", &carl, body).await.assert_status(201);
    }
}

const MARY: &str =
    r#"{"email":"mary@example.org","display_name":"Mary Somerville","role":"observer","timezone":"Asia/Kolkata"}"#;

#[tokio::test(flavor = "multi_thread")]
async fn the_page_and_its_button_depend_on_the_time() {
    let (practice, ..) = Parts::new().signed().with_session().await;
    let begins = [
        "<dd><b>Monday, 15\u{a0}January 2024 at 11:00</b>",
        ">Europe/Berlin, UTC+01:00</span></dd>",
        "<dd><b>50\u{a0}minutes</b></dd>",
    ];
    for (now, state) in [
        (NOW, "early"),
        ("2024-01-15T09:44:59.999Z", "early"),
        (OPEN, "open"),
        ("2024-01-15T11:19:59.999Z", "open"),
        ("2024-01-15T11:20:00Z", "over"),
        ("2025-01-15T10:00:00Z", "over"),
    ] {
        practice.set_time(now);
        let page = practice.look(ADAS).await;
        page.assert_status(200).assert_contains(&begins);
        for (text, shown) in [
            ("<h1>Your appointment is on 15\u{a0}January at 11:00</h1>", "early"),
            ("The room opens on 15\u{a0}January at 10:45.", "early"),
            (r#"<a class="btn quiet" href="">Check again</a>"#, "early"),
            ("<h1>The room is open</h1>", "open"),
            (r#"<form method="post"><button class="btn" type="submit">Join the appointment</button>"#, "open"),
            ("<h1>This appointment is over</h1>", "over"),
            ("It ended on Monday, 15\u{a0}January 2024 at 11:50 (Europe/Berlin, UTC+01:00).", "over"),
        ] {
            assert_eq!(page.text.contains(text), state == shown, "{now} {text} {}", page.text);
        }
        let policy = page.header("content-security-policy").unwrap();
        assert_eq!(policy.contains("form-action 'self' https://meet.example.org;"), state == "open", "{policy}");
        let pressed = practice.press(ADAS).await;
        let program = practice.press_as_program(ADAS).await;
        if state == "open" {
            for reply in [&pressed, &program] {
                let room = reply.assert_body(303, "").header("location").unwrap();
                assert!(room.starts_with("https://meet.example.org/booking-1-"), "{room}");
            }
        } else {
            // The same page, with another status.
            assert_eq!(pressed.assert_body(409, &page.text).header("location"), None);
            program.assert_problem(409, if state == "early" { "meeting_too_early" } else { "meeting_over" });
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn everyone_gets_their_own_link_and_local_time() {
    let (practice, ada, _) = Parts::new().signed().with_session().await;
    practice.invite(MARY).await;
    practice.invite(r#"{"email":"x@example.org","display_name":"X","role":"presenter"}"#).await;
    practice.patch("/api/auth/me", &ada, r#"{"timezone":"America/New_York"}"#).await;
    for (path, time, place) in [
        (ADAS, "2024 at 05:00", "America/New_York, UTC-05:00"),
        (CARLS, "2024 at 11:00", "Europe/Berlin, UTC+01:00"),
        (MARYS, "2024 at 15:30", "Asia/Kolkata, UTC+05:30"),
        ("/j/plain.1.guest-2.1", "2024 at 11:00", "Europe/Berlin, UTC+01:00"),
    ] {
        let page = practice.look(path).await;
        page.assert_contains(&[time, place]);
        page.assert_lacks(&["Ada", "Mary", "Carl", "@example", "meet.example.org", "plain.", "user-", "guest-"]);
        page.assert_lacks(&["booking-1", "//"]);
    }
    let ada = practice.ada_at(OPEN).await;
    for (path, person, role, name) in [
        (ADAS, "user-2", "member", "Ada%20Client"),
        (CARLS, "user-1", "owner", "Carl%20Rogers"),
        (MARYS, "guest-1", "member", "Mary%20Somerville"),
    ] {
        let room = practice.room(path).await;
        let token = format!("?jwt=plain.{person}.{role}.1705311840.1705317600#userInfo.displayName=%22{name}%22");
        assert!(room.starts_with("https://meet.example.org/booking-1-1704873600-") && room.contains(&token), "{room}");
        assert_eq!(practice.room(path).await, room, "as often as they like");
    }
    practice.patch("/api/auth/me", &ada, r#"{"display_name":"Lady L."}"#).await;
    assert!(practice.room(ADAS).await.contains("displayName=%22Lady%20L.%22"), "the name of this moment");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_signatures_the_page_leads_to_the_plain_room() {
    let (practice, ..) = Parts::new().with_session().await;
    practice.set_time(OPEN);
    let room = practice.room(ADAS).await;
    let (address, rest) = room.split_once('#').unwrap();
    assert!(!address.contains('?') && rest == "userInfo.displayName=%22Ada%20Client%22", "{room}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_old_link_still_works_after_a_reschedule() {
    let (practice, ..) = Parts::new().signed().with_session().await;
    practice.change(|b| b.reschedule(at("2024-07-15T08:00:00Z"), Role::Admin, at(NOW)).unwrap().0).await;
    practice.set_time(OPEN);
    practice.look(ADAS).await.assert_contains(&["Monday, 15\u{a0}July 2024 at 10:00", "UTC+02:00"]);
    practice.press_as_program(ADAS).await.assert_problem(409, "meeting_too_early");
    practice.set_time("2024-07-15T08:00:00Z");
    assert!(practice.room(ADAS).await.contains("plain.user-2.member.1721029440."));
}

/// Checks the error page and the problem, which say nothing about the appointment.
async fn assert_refused(practice: &Practice, path: &str, status: u16, code: &str, title: &str) {
    for reply in [practice.look(path).await, practice.press(path).await] {
        reply.assert_status(status).assert_contains(&[&format!("<h1>{title}</h1>")]);
        reply.assert_lacks(&["<button", "<dl>"]);
        assert_eq!(reply.header("location"), None, "{path}");
    }
    practice.request(Method::HEAD, path).send().await.assert_body(status, "");
    for method in [Method::GET, Method::POST] {
        let reply = practice.request(method, path).header("Accept", "application/json").send().await;
        reply.assert_problem(status, code);
        reply.assert_lacks(&["plain", "user-", "guest-", "Ada", "Mary", "@", "meet.example.org", "2024-01-15"]);
    }
}

async fn assert_revoked(practice: &Practice, path: &str) {
    assert_refused(practice, path, 410, "link_revoked", "This link is no longer valid").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn invalid_links_open_nothing() {
    let (practice, ..) = Parts::new().signed().with_session().await;
    practice.set_time(OPEN);
    let long = "A".repeat(8_000);
    let tokens: [&[&str]; 5] = [
        // Parts are missing or superfluous.
        &["x", "plain", "plain.1.user-2", "plain.1.user-2.1.1", "plain%2F1", &long],
        // Numbers that no booking, viewer or version has.
        &["plain.1.user-2.-1", "plain.1.user-2.99999999999", "plain.1.user-02.1", "plain.1.admin-1.1"],
        &["plain.0.user-2.1", "plain.9.user-2.1", "plain.9223372036854775808.user-2.1", "plain.%D9%A1.user-2.1"],
        // Control characters, other scripts and bytes that are no text.
        &["plain.1.user-2.1%00", "%00", "%ff%fe", "%F0%9F%8E%89", "%D8%B1%D8%A7%D8%A8%D8%B7"],
        // Injections.
        &[
            "plain.1.user-2.%31%0d%0aLocation:%20https:%2f%2fevil.example.org",
            "%2e%2e%2f%2e%2e%2fetc%2fpasswd",
            "%3Cscript%3Ealert(1)%3C%2Fscript%3E",
            "'%20OR%20'1'='1",
            "{{7*7}}",
            "%252e%252e",
        ],
    ];
    for token in tokens.concat() {
        let path = format!("/j/{token}");
        assert_refused(&practice, &path, 404, "link_not_found", "Page not found").await;
        practice.look(&path).await.assert_lacks(&["evil", "<script>", "AAAA"]);
    }
    // Percent-encoded, it is the same token.
    practice.look("/j/plain%2E1.user-2%2e1").await.assert_status(200);
    for path in ["/j", "/j/", "/j/plain.1.user-2.1/", "/j//plain.1.user-2.1", "/J/plain.1.user-2.1"] {
        practice.request(Method::GET, path).send().await.assert_problem(404, "not_found");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn links_of_revoked_participants_and_versions_are_rejected() {
    let (practice, ada, _) = Parts::new().signed().without_limits().with_session().await;
    practice.client("Bob").await;
    practice.invite(MARY).await;
    practice.book(&ada, "2024-01-16T10:00:00Z").await;
    practice.pay(2).await;
    practice.set_time(OPEN);
    for path in [
        "/j/plain.1.user-3.1",
        "/j/plain.1.user-99.1",
        "/j/plain.1.user-2.0",
        "/j/plain.1.user-2.2",
        "/j/plain.1.guest-2.1",
        // Mary is invited to the first appointment and not to the second.
        "/j/plain.2.guest-1.1",
    ] {
        assert_revoked(&practice, path).await;
    }
    for path in [ADAS, CARLS, MARYS] {
        practice.look(path).await.assert_status(200);
    }
    practice.change(|b| b.revoke_links(at(OPEN)).unwrap().0).await;
    for person in ["user-2", "user-1", "guest-1"] {
        assert_revoked(&practice, &format!("/j/plain.1.{person}.1")).await;
        practice.look(&format!("/j/plain.1.{person}.2")).await.assert_status(200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_current_name_and_role_count() {
    let (practice, ..) = Parts::new().signed().without_limits().with_session().await;
    practice.invite(MARY).await;
    practice.add("erik@example.org", "Erik", "Erikson", Role::Admin).await;
    let carl = practice.admin_at(OPEN).await;
    practice.step_up(&carl).await;
    let eriks = "/j/plain.1.user-3.1";
    assert!(practice.room(eriks).await.contains(".owner."));
    practice.patch("/api/admin/users/3", &carl, r#"{"is_admin":false}"#).await.assert_status(200);
    assert_revoked(&practice, eriks).await;
    practice.patch("/api/admin/users/2", &carl, r#"{"is_admin":true}"#).await.assert_status(200);
    assert!(practice.room(ADAS).await.contains(".owner."), "the role of this moment");
    practice.patch("/api/admin/users/2", &carl, r#"{"is_admin":false,"disabled":true}"#).await.assert_status(200);
    assert_revoked(&practice, ADAS).await;
    practice.look(MARYS).await.assert_status(200);
    practice.delete("/api/admin/bookings/1/participants/1", &carl).await.assert_status(204);
    assert_revoked(&practice, MARYS).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn unconfirmed_and_cancelled_bookings_have_no_room() {
    let (practice, ..) = Parts::new().signed().with_hold().await;
    assert_refused(&practice, ADAS, 409, "meeting_not_confirmed", "This appointment is not confirmed").await;
    assert_revoked(&practice, "/j/plain.1.user-2.3").await;
    practice.pay(1).await;
    practice.look(ADAS).await.assert_status(200);
    practice.cancel_at(NOW).await;
    for now in [NOW, OPEN] {
        practice.set_time(now);
        for link in [ADAS, CARLS] {
            assert_refused(&practice, link, 410, "meeting_cancelled", "This appointment was cancelled").await;
        }
        assert_revoked(&practice, "/j/plain.1.user-3.1").await;
    }
}

/// Everything about the first booking that viewing could change.
type Everything =
    (BookingView, Vec<attune_domain::notification::Notification>, Vec<AuditEntry>, Vec<Participant>, Vec<User>, usize);

async fn everything(practice: &Practice) -> Everything {
    let store = &practice.parts.store;
    assert!(store.participant(ParticipantId::new(2).unwrap()).await.unwrap().is_none());
    (
        store.booking(FIRST).await.unwrap().unwrap(),
        store.notifications(FIRST).await.unwrap(),
        store.history(FIRST).await.unwrap(),
        store.participants(FIRST).await.unwrap(),
        store.people(&[1, 2].map(|id| UserId::new(id).unwrap())).await.unwrap(),
        store.attendance(&[FIRST]).await.unwrap().len(),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn email_scanners_change_nothing() {
    let (practice, ..) = Parts::new().signed().with_session().await;
    practice.invite(MARY).await;
    let before = everything(&practice).await;
    for now in [NOW, OPEN] {
        practice.set_time(now);
        for _ in 0..50 {
            for path in [ADAS, MARYS, "/j/plain.1.user-2.9"] {
                let get = practice.request(Method::GET, path).send().await;
                let head = practice.request(Method::HEAD, path).send().await;
                head.assert_body(get.status.as_u16(), "");
                assert_eq!(head.header("content-security-policy"), get.header("content-security-policy"));
                practice.press(path).await;
            }
        }
    }
    assert_eq!(everything(&practice).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_is_plain_and_isolated() {
    let parts = Parts::new().signed().settings(|s| s.cors_origins = vec!["https://app.example.org".into()]);
    let (practice, ..) = parts.with_session().await;
    for now in [NOW, OPEN, "2024-01-16T10:00:00Z"] {
        practice.set_time(now);
        for path in [ADAS, "/j/nothing", "/j/plain.1.user-2.9"] {
            let call = |method| practice.request(method, path).header("Origin", "https://app.example.org");
            let page = call(Method::GET).header("Accept", "text/html").send().await;
            page.assert_contains(&["<html lang=\"en\">", "name=\"viewport\"", "content=\"noindex\""]);
            page.assert_contains(&["Dr. &#60;Rogers&#62; &#38; Co"]);
            assert_eq!((page.text.matches("<h1>").count(), page.text.matches("<main ").count()), (1, 1));
            page.assert_lacks(&["<script>", "http", " style=", "@import", "url(", "<img", "<iframe"]);
            page.assert_lacks(&[" onload", " onclick"]);
            page.assert_contains(&["<script src=\"/assets/attune-"]);
            assert_eq!(page.text.matches(" src=").count(), 1, "nothing but our own script");
            // No page of another origin can read it, or send requests on behalf of the user.
            assert_eq!(page.header("access-control-allow-origin"), None);
            let preflight = call(Method::OPTIONS).header("Access-Control-Request-Method", "POST").send().await;
            assert_eq!(preflight.assert_status(405).header("access-control-allow-origin"), None);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_request_body_is_ignored() {
    let (practice, ..) = Parts::new().signed().with_session().await;
    practice.set_time(OPEN);
    let path = format!("{ADAS}?utm_source=mail&jwt=x&room=other");
    practice.look(&path).await.assert_status(200);
    let room = practice.room(ADAS).await;
    assert_eq!(practice.room(&path).await, room);
    for (kind, body) in [("text/xml", "<"), ("application/json", r#"{"room":"other"}"#), ("multipart/form-data", "--")]
    {
        let reply = practice.request(Method::POST, &path).header("Content-Type", kind).body(body).send().await;
        assert_eq!(reply.assert_status(303).header("location"), Some(room.as_str()), "{kind}");
    }
    for forged in ["X-Forwarded-Host", "Forwarded", "X-Original-URL"] {
        let reply = practice.request(Method::POST, ADAS).header(forged, "host=evil.example.org").send().await;
        assert_eq!(reply.header("location"), Some(room.as_str()));
    }
    let huge = practice.request(Method::POST, ADAS).body(vec![b'x'; 10_000_000]).send().await;
    huge.assert_problem(413, "payload_too_large");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unavailable_store_is_reported_on_a_readable_page() {
    let practice = Parts { unavailable: true, ..Parts::new().signed() }.open().await;
    for reply in [practice.look(ADAS).await, practice.press(ADAS).await] {
        assert_eq!(reply.assert_status(503).header("retry-after"), Some("2"));
        reply.assert_contains(&["<h1>Something went wrong</h1>", r#"<a class="btn quiet" href="">Try again</a>"#]);
        reply.assert_lacks(&["secret cause"]);
    }
    practice.press_as_program(ADAS).await.assert_problem(503, "unavailable");
    // Invalid links are recognised without the store.
    assert_refused(&practice, "/j/x", 404, "link_not_found", "Page not found").await;
}
