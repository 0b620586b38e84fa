//! The join page.

use attune_domain::{BookingId, Cancellation, Money, Participant, ParticipantId, Role, User, UserId};
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
        let form =
            self.request(Method::POST, path).header("Content-Type", "application/x-www-form-urlencoded").body("");
        form.header("Accept", "text/html,*/*;q=0.8").send().await
    }

    async fn press_as_program(&self, path: &str) -> Reply {
        self.request(Method::POST, path).header("Accept", "application/json").send().await
    }

    /// The URL to which the button redirects.
    async fn room(&self, path: &str) -> String {
        let reply = self.press(path).await;
        assert_eq!((reply.status.as_u16(), reply.text.as_str()), (303, ""));
        reply.header("location").unwrap().to_owned()
    }

    async fn invite(&self, booking: i64, body: &str) {
        let carl = self.admin().await;
        let reply = self.post(&format!("/api/admin/bookings/{booking}/participants"), &carl, body).await;
        assert_eq!(reply.status, 201, "{}", reply.text);
    }
}

const MARY: &str =
    r#"{"email":"mary@example.org","display_name":"Mary Somerville","role":"observer","timezone":"Asia/Kolkata"}"#;

#[tokio::test(flavor = "multi_thread")]
async fn the_page_and_its_button_depend_on_the_time() {
    let practice = Parts::new().signed().open().await;
    practice.agreed().await;
    let begins = "<dd>Monday, 15 January 2024 at 11:00 (Europe/Berlin, UTC+01:00)</dd>";
    let opens = "<dt>The room opens</dt><dd>Monday, 15 January 2024 at 10:45 (Europe/Berlin, UTC+01:00)</dd>";
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
        assert_eq!(page.status, 200);
        assert!(page.text.contains(begins) && page.text.contains("<dd>50 minutes</dd>"), "{}", page.text);
        assert_eq!(page.text.contains(opens), state == "early", "{}", page.text);
        assert_eq!(page.text.contains(r#"<a href="">Check again</a>"#), state == "early");
        assert_eq!(
            page.text.contains(r#"<form method="post"><button type="submit">Join meeting</button>"#),
            state == "open"
        );
        assert_eq!(page.text.contains("This appointment is over."), state == "over");
        let policy = page.header("content-security-policy").unwrap();
        assert_eq!(policy.contains("form-action 'self' https://meet.example.org;"), state == "open", "{policy}");
        let pressed = practice.press(ADAS).await;
        let program = practice.press_as_program(ADAS).await;
        match state {
            "open" => {
                for reply in [&pressed, &program] {
                    assert_eq!((reply.status.as_u16(), reply.text.as_str()), (303, ""));
                    assert!(reply.header("location").unwrap().starts_with("https://meet.example.org/booking-1-"));
                }
            }
            _ => {
                assert_eq!((pressed.status.as_u16(), pressed.header("location")), (409, None));
                assert_eq!(pressed.text, page.text, "the same page, with another status");
                let code = if state == "early" { "meeting_too_early" } else { "meeting_over" };
                assert_eq!(program.problem(), (409, code.into()));
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn everyone_gets_their_own_link_and_local_time() {
    let practice = Parts::new().signed().open().await;
    let ada = practice.agreed().await;
    practice.invite(1, MARY).await;
    practice.invite(1, r#"{"email":"x@example.org","display_name":"X","role":"presenter"}"#).await;
    practice.patch("/api/auth/me", &ada, r#"{"timezone":"America/New_York"}"#).await;
    for (path, begins) in [
        (ADAS, "Monday, 15 January 2024 at 05:00 (America/New_York, UTC-05:00)"),
        (CARLS, "Monday, 15 January 2024 at 11:00 (Europe/Berlin, UTC+01:00)"),
        (MARYS, "Monday, 15 January 2024 at 15:30 (Asia/Kolkata, UTC+05:30)"),
        ("/j/plain.1.guest-2.1", "Monday, 15 January 2024 at 11:00 (Europe/Berlin, UTC+01:00)"),
    ] {
        let page = practice.look(path).await.text;
        assert!(page.contains(begins), "{page}");
        for secret in
            ["Ada", "Mary", "Carl", "@example", "meet.example.org", "plain.", "user-", "guest-", "booking-1", "//"]
        {
            assert!(!page.contains(secret), "{secret} is in {page}");
        }
    }
    practice.set_time(OPEN);
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
    practice.patch("/api/auth/me", &practice.token("ada@example.org").await, r#"{"display_name":"Lady L."}"#).await;
    assert!(practice.room(ADAS).await.contains("displayName=%22Lady%20L.%22"), "the name of this moment");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_signatures_the_page_leads_to_the_plain_room() {
    let practice = Practice::open().await;
    practice.agreed().await;
    practice.set_time(OPEN);
    let room = practice.room(ADAS).await;
    let (address, rest) = room.split_once('#').unwrap();
    assert!(!address.contains('?') && rest == "userInfo.displayName=%22Ada%20Client%22", "{room}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_old_link_still_works_after_a_reschedule() {
    let practice = Parts::new().signed().open().await;
    practice.agreed().await;
    practice.change(|b| b.reschedule(at("2024-07-15T08:00:00Z"), Role::Admin, at(NOW)).unwrap().0).await;
    practice.set_time(OPEN);
    assert!(practice.look(ADAS).await.text.contains("Monday, 15 July 2024 at 10:00 (Europe/Berlin, UTC+02:00)"));
    assert_eq!(practice.press_as_program(ADAS).await.code(), "meeting_too_early");
    practice.set_time("2024-07-15T08:00:00Z");
    assert!(practice.room(ADAS).await.contains("plain.user-2.member.1721029440."));
}

/// The error page and the problem, which say nothing about the appointment.
async fn refuses(practice: &Practice, path: &str, status: u16, code: &str, title: &str) {
    for reply in [practice.look(path).await, practice.press(path).await] {
        assert_eq!(reply.status, status, "{path}: {}", reply.text);
        assert!(reply.text.contains(&format!("<h1>{title}</h1>")) && reply.header("location").is_none(), "{path}");
        assert!(!reply.text.contains("<button") && !reply.text.contains("<dl>"), "{path}");
    }
    let head = practice.request(Method::HEAD, path).send().await;
    assert_eq!((head.status.as_u16(), head.text.as_str()), (status, ""), "{path}");
    for method in [Method::GET, Method::POST] {
        let reply = practice.request(method, path).header("Accept", "application/json").send().await;
        assert_eq!(reply.problem(), (status, code.into()), "{path}");
        for secret in ["plain", "user-", "guest-", "Ada", "Mary", "@", "meet.example.org", "2024-01-15"] {
            assert!(!reply.text.contains(secret), "{path} tells {secret}");
        }
    }
}

const REVOKED: (u16, &str, &str) = (410, "link_revoked", "This link is no longer valid");

async fn is_revoked(practice: &Practice, path: &str) {
    refuses(practice, path, REVOKED.0, REVOKED.1, REVOKED.2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn invalid_links_open_nothing() {
    let practice = Parts::new().signed().open().await;
    practice.agreed().await;
    practice.set_time(OPEN);
    let long = "A".repeat(8_000);
    for token in [
        "x",
        "plain",
        "plain.1.user-2",
        "plain.1.user-2.1.1",
        "plain.1.user-2.-1",
        "plain.1.user-2.99999999999",
        "plain.1.user-02.1",
        "plain.1.admin-1.1",
        "plain.0.user-2.1",
        "plain.9.user-2.1",
        "plain.9223372036854775808.user-2.1",
        "plain.1.user-2.1%00",
        "%00",
        "%ff%fe",
        "plain.1.user-2.%31%0d%0aLocation:%20https:%2f%2fevil.example.org",
        "%2e%2e%2f%2e%2e%2fetc%2fpasswd",
        "plain%2F1",
        "plain.%D9%A1.user-2.1",
        "%F0%9F%8E%89",
        "%D8%B1%D8%A7%D8%A8%D8%B7",
        "%3Cscript%3Ealert(1)%3C%2Fscript%3E",
        "'%20OR%20'1'='1",
        "{{7*7}}",
        "%252e%252e",
        &long,
    ] {
        refuses(&practice, &format!("/j/{token}"), 404, "link_not_found", "Page not found").await;
        let page = practice.look(&format!("/j/{token}")).await;
        assert!(!page.text.contains("evil") && !page.text.contains("<script") && !page.text.contains("AAAA"));
    }
    // Percent-encoded, it is the same token.
    assert_eq!(practice.look("/j/plain%2E1.user-2%2e1").await.status, 200);
    for path in ["/j", "/j/", "/j/plain.1.user-2.1/", "/j//plain.1.user-2.1", "/J/plain.1.user-2.1"] {
        assert_eq!(practice.request(Method::GET, path).send().await.problem(), (404, "not_found".into()), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn links_of_revoked_participants_and_versions_are_rejected() {
    let practice = Parts::new().signed().without_limits().open().await;
    let ada = practice.agreed().await;
    practice.client("Bob").await;
    practice.invite(1, MARY).await;
    let other = practice.book(&ada, "2024-01-16T10:00:00Z").await;
    practice.pay(&other).await;
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
        is_revoked(&practice, path).await;
    }
    for path in [ADAS, CARLS, MARYS] {
        assert_eq!(practice.look(path).await.status, 200, "{path}");
    }
    practice.change(|b| b.revoke_links(at(OPEN)).unwrap().0).await;
    for person in ["user-2", "user-1", "guest-1"] {
        is_revoked(&practice, &format!("/j/plain.1.{person}.1")).await;
        assert_eq!(practice.look(&format!("/j/plain.1.{person}.2")).await.status, 200, "{person}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_current_name_and_role_count() {
    let practice = Parts::new().signed().without_limits().open().await;
    practice.agreed().await;
    practice.invite(1, MARY).await;
    practice.add("erik@example.org", "Erik", "Erikson", Role::Admin).await;
    practice.set_time(OPEN);
    let carl = practice.admin().await;
    let eriks = "/j/plain.1.user-3.1";
    assert!(practice.room(eriks).await.contains(".owner."));
    assert_eq!(practice.patch("/api/admin/users/3", &carl, r#"{"is_admin":false}"#).await.status, 200);
    is_revoked(&practice, eriks).await;
    assert_eq!(practice.patch("/api/admin/users/2", &carl, r#"{"is_admin":true}"#).await.status, 200);
    assert!(practice.room(ADAS).await.contains(".owner."), "the role of this moment");
    assert_eq!(practice.patch("/api/admin/users/2", &carl, r#"{"is_admin":false,"disabled":true}"#).await.status, 200);
    is_revoked(&practice, ADAS).await;
    assert_eq!(practice.look(MARYS).await.status, 200);
    assert_eq!(practice.delete("/api/admin/bookings/1/participants/1", &carl).await.status, 204);
    is_revoked(&practice, MARYS).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn unconfirmed_and_cancelled_bookings_have_no_room() {
    let practice = Parts::new().signed().open().await;
    let ada = practice.client("Ada").await;
    let held = practice.book(&ada, SLOT).await;
    let title = "This appointment is not confirmed";
    refuses(&practice, ADAS, 409, "meeting_not_confirmed", title).await;
    is_revoked(&practice, "/j/plain.1.user-2.3").await;
    practice.pay(&held).await;
    assert_eq!(practice.look(ADAS).await.status, 200);
    let by = UserId::new(1).unwrap();
    practice
        .change(|b| {
            let refund = Money::new(0, b.price().currency()).unwrap();
            let cancellation = Cancellation { at: at(NOW), by, late: false, reason: None, refund };
            b.cancel(cancellation, Role::Admin).unwrap().0
        })
        .await;
    for now in [NOW, OPEN] {
        practice.set_time(now);
        refuses(&practice, ADAS, 410, "meeting_cancelled", "This appointment was cancelled").await;
        refuses(&practice, CARLS, 410, "meeting_cancelled", "This appointment was cancelled").await;
        is_revoked(&practice, "/j/plain.1.user-3.1").await;
    }
}

/// Everything about the first booking that viewing could change.
type Everything =
    (BookingView, Vec<attune_domain::notification::Notification>, Vec<AuditEntry>, Vec<Participant>, Vec<User>, usize);

async fn everything(practice: &Practice) -> Everything {
    let (store, booking) = (&practice.parts.store, BookingId::new(1).unwrap());
    let mut people = Vec::new();
    for id in 1..=2 {
        people.push(store.user(UserId::new(id).unwrap()).await.unwrap().unwrap());
    }
    let facts = store.attendance(&[booking]).await.unwrap().len();
    assert!(store.participant(ParticipantId::new(2).unwrap()).await.unwrap().is_none());
    (
        store.booking(booking).await.unwrap().unwrap(),
        store.notices(booking).await.unwrap(),
        store.history(booking).await.unwrap(),
        store.participants(booking).await.unwrap(),
        people,
        facts,
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn mail_scanners_change_nothing() {
    let practice = Parts::new().signed().open().await;
    practice.agreed().await;
    practice.invite(1, MARY).await;
    let before = everything(&practice).await;
    for now in [NOW, OPEN] {
        practice.set_time(now);
        for _ in 0..50 {
            for path in [ADAS, MARYS, "/j/plain.1.user-2.9"] {
                let get = practice.request(Method::GET, path).send().await;
                let head = practice.request(Method::HEAD, path).send().await;
                assert_eq!((head.status, head.text.as_str()), (get.status, ""));
                assert_eq!(head.header("content-security-policy"), get.header("content-security-policy"));
                practice.press(path).await;
            }
        }
    }
    assert_eq!(everything(&practice).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_is_plain_and_isolated() {
    let practice = Parts::new().signed().settings(|s| s.practice_name = "Dr. <Rogers> & Co".into());
    let practice = practice.settings(|s| s.cors_origins = vec!["https://app.example.org".into()]).open().await;
    practice.agreed().await;
    for now in [NOW, OPEN, "2024-01-16T10:00:00Z"] {
        practice.set_time(now);
        for path in [ADAS, "/j/nothing", "/j/plain.1.user-2.9"] {
            let call = practice.request(Method::GET, path).header("Origin", "https://app.example.org");
            let page = call.header("Accept", "text/html").send().await;
            for wanted in
                ["<html lang=\"en\">", "name=\"viewport\"", "content=\"noindex\"", "Dr. &lt;Rogers&gt; &amp; Co"]
            {
                assert!(page.text.contains(wanted), "{wanted}");
            }
            assert_eq!((page.text.matches("<h1>").count(), page.text.matches("<main>").count()), (1, 1));
            for unwanted in
                ["<script", "http", " style=", " src=", "@import", "url(", "<img", "<iframe", " onload", " onclick"]
            {
                assert!(!page.text.contains(unwanted), "{unwanted} is in {}", page.text);
            }
            // No page of another origin can read it, or send requests on behalf of the user.
            assert_eq!(page.header("access-control-allow-origin"), None);
            let asked = practice.request(Method::OPTIONS, path).header("Origin", "https://app.example.org");
            let asked = asked.header("Access-Control-Request-Method", "POST").send().await;
            assert_eq!((asked.status.as_u16(), asked.header("access-control-allow-origin")), (405, None));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_request_body_is_ignored() {
    let practice = Parts::new().signed().open().await;
    practice.agreed().await;
    practice.set_time(OPEN);
    let path = format!("{ADAS}?utm_source=mail&jwt=x&room=other");
    assert_eq!(practice.look(&path).await.status, 200);
    let room = practice.room(ADAS).await;
    assert_eq!(practice.room(&path).await, room);
    for (kind, body) in [("text/xml", "<"), ("application/json", r#"{"room":"other"}"#), ("multipart/form-data", "--")]
    {
        let reply = practice.request(Method::POST, &path).header("Content-Type", kind).body(body).send().await;
        assert_eq!((reply.status.as_u16(), reply.header("location")), (303, Some(room.as_str())));
    }
    for forged in ["X-Forwarded-Host", "Forwarded", "X-Original-URL"] {
        let reply = practice.request(Method::POST, ADAS).header(forged, "host=evil.example.org").send().await;
        assert_eq!(reply.header("location"), Some(room.as_str()));
    }
    let huge = practice.request(Method::POST, ADAS).body(vec![b'x'; 10_000_000]).send().await;
    assert_eq!(huge.problem(), (413, "payload_too_large".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unavailable_store_is_reported_on_a_readable_page() {
    let practice = Parts { away: true, ..Parts::new().signed() }.open().await;
    for reply in [practice.look(ADAS).await, practice.press(ADAS).await] {
        assert_eq!((reply.status.as_u16(), reply.header("retry-after")), (503, Some("2")));
        assert!(
            reply.text.contains("<h1>Something went wrong</h1>") && reply.text.contains(r#"<a href="">Try again</a>"#)
        );
        assert!(!reply.text.contains("secret cause"));
    }
    assert_eq!(practice.press_as_program(ADAS).await.problem(), (503, "unavailable".into()));
    // Invalid links are recognised without the store.
    refuses(&practice, "/j/x", 404, "link_not_found", "Page not found").await;
}
