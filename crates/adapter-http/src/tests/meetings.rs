//! Meeting links and requests to resend join links.

use std::time::Duration;

use attune_domain::notification::{Notification, NotificationKind};
use attune_domain::{BookingId, UserId, ViewerId};
use attune_ports::{Queries, Store};
use jiff::SignedDuration;
use reqwest::Method;

use super::harness::*;

impl Practice {
    /// The emails about a booking that resend a link.
    async fn links_mailed(&self, booking: i64) -> Vec<Notification> {
        let mut notices = self.parts.store.notices(BookingId::new(booking).unwrap()).await.unwrap();
        notices.retain(|notice| notice.content.kind == NotificationKind::MeetingLink);
        notices
    }

    /// Waits for this number of emails that resend a link of the first booking.
    async fn wait_for_links(&self, count: usize) -> Vec<Notification> {
        let waiting = async {
            loop {
                let found = self.links_mailed(1).await;
                if found.len() >= count {
                    return found;
                }
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), waiting).await.expect("the links were not mailed again")
    }

    async fn recover(&self, email: &str) -> Reply {
        self.post("/api/meetings/recover", "", &serde_json::json!({ "email": email }).to_string()).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signed_link_has_a_validity() {
    let practice = Parts::new().signed().without_limits().open().await;
    let ada = practice.agreed().await;
    let carl = practice.admin().await;
    let room = practice.get("/api/bookings/1", &ada).await.json()["jitsi_room_url"].as_str().unwrap().to_owned();
    let rest = r#""scheduled_at":"2024-01-15T10:00:00Z","duration":50,"status":"scheduled","#.to_owned()
        + r#""joinable_from":"2024-01-15T09:45:00Z","expires_at":"2024-01-15T11:20:00Z"}"#;
    // From a minute before the room opens, for a video server with a slow clock.
    let times = "1705311840.1705317600";
    assert_eq!(
        practice.get("/api/meetings/1/link", &ada).await.text,
        format!(r#"{{"booking_id":1,"meeting_url":"{room}?jwt=plain.user-2.member.{times}"#)
            + r##"#userInfo.displayName=%22Ada%20Client%22","display_name":"Ada Client","is_admin":false,"##
            + &rest
    );
    assert_eq!(
        practice.get("/api/meetings/1/link", &carl).await.text,
        format!(r#"{{"booking_id":1,"meeting_url":"{room}?jwt=plain.user-1.owner.{times}"#)
            + r##"#userInfo.displayName=%22Carl%20Rogers%22"##
            + r#"&config.startWithAudioMuted=false&config.startWithVideoMuted=false","#
            + r#""display_name":"Carl Rogers","is_admin":true,"#
            + &rest
    );
    practice.set_time("2024-01-15T11:19:59Z");
    let ada = practice.token("ada@example.org").await;
    assert_eq!(practice.get("/api/meetings/1/link", &ada).await.status, 200);
    practice.set_time("2024-01-15T11:20:00Z");
    assert_eq!(practice.get("/api/meetings/1/link", &ada).await.problem(), (404, "meeting_link_unavailable".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unsigned_link_has_no_times_and_its_fields_in_the_old_order() {
    let practice = Practice::open().await;
    let ada = practice.agreed().await;
    let text = practice.get("/api/meetings/1/link", &ada).await.text;
    assert!(!text.contains("joinable_from") && !text.contains("expires_at") && !text.contains("jwt"), "{text}");
    let fields = ["booking_id", "meeting_url", "display_name", "is_admin", "scheduled_at", "duration", "status"];
    let places: Vec<_> = fields.iter().map(|name| text.find(&format!("\"{name}\":")).unwrap()).collect();
    assert!(places.is_sorted(), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_link_to_the_join_page_if_links_are_signed() {
    let practice = Parts::new().signed().without_limits().open().await;
    let ada = practice.client("Ada").await;
    let held = practice.book(&ada, SLOT).await;
    let carl = practice.admin().await;
    assert!(held["personalized_meeting_url"].is_null());
    practice.pay(&held).await;
    let of = |path: &'static str, token: String| {
        let practice = &practice;
        async move {
            let json = practice.get(path, &token).await.json();
            let booking = if json["bookings"].is_array() { json["bookings"][0].clone() } else { json };
            let field = if path.contains("admin") { "admin_meeting_url" } else { "personalized_meeting_url" };
            booking[field].clone()
        }
    };
    for (path, token, wanted) in [
        ("/api/bookings", &ada, "https://practice.example.org/j/plain.1.user-2.1"),
        ("/api/bookings/1", &ada, "https://practice.example.org/j/plain.1.user-2.1"),
        ("/api/bookings/1", &carl, "https://practice.example.org/j/plain.1.user-1.1"),
        ("/api/admin/bookings", &carl, "https://practice.example.org/j/plain.1.user-1.1"),
        ("/api/admin/bookings/1", &carl, "https://practice.example.org/j/plain.1.user-1.1"),
    ] {
        assert_eq!(of(path, token.clone()).await, wanted, "{path}");
    }
    practice.set_time("2024-01-15T11:20:00Z");
    let ada = practice.token("ada@example.org").await;
    assert!(of("/api/bookings/1", ada).await.is_null(), "the appointment is over");
}

#[tokio::test(flavor = "multi_thread")]
async fn links_are_resent_without_revealing_to_whom() {
    let practice = Parts::new().signed().without_limits().open().await;
    practice.agreed().await;
    let carl = practice.admin().await;
    practice.add("dan@example.org", "Dan", "Client", attune_domain::Role::Client).await;
    let body = r#"{"email":"mary@example.org","display_name":"Mary","role":"participant"}"#;
    assert_eq!(practice.post("/api/admin/bookings/1/participants", &carl, body).await.status, 201);
    // Ada's is the last: once her email exists, those of the others would exist as well.
    for email in ["nobody@example.org", "dan@example.org", "MARY@example.org", "carl@example.org", "ada@example.org"] {
        let reply = practice.recover(email).await;
        assert_eq!((reply.status.as_u16(), reply.text.as_str()), (202, r#"{"status":"accepted"}"#), "{email}");
    }
    let mut readers: Vec<_> = practice.wait_for_links(3).await.iter().map(|n| n.content.recipient).collect();
    readers.sort();
    let account = |id| ViewerId::Account(UserId::new(id).unwrap());
    assert_eq!(readers[..2], [account(1), account(2)]);
    assert!(matches!(readers[2..], [ViewerId::Participant(_)]));
    let carl = practice.get("/api/admin/bookings/1", &carl).await.json();
    let emails = carl["notifications"].as_array().unwrap();
    let told = emails.iter().filter(|n| n["kind"] == "meeting_link");
    let told: Vec<_> = told.map(|n| (n["participant_id"].clone(), n["minutes_before"].clone())).collect();
    assert!(told.contains(&(1.into(), 0.into())) && told.len() == 3, "{told:?}");
    // At most once an hour.
    practice.recover("ada@example.org").await;
    practice.advance(SignedDuration::from_hours(1));
    practice.recover("ada@example.org").await;
    assert_eq!(practice.wait_for_links(4).await.len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_response_does_not_wait_for_the_lookup() {
    let practice = Parts::new().signed().open().await;
    practice.agreed().await;
    // Nothing can be written while this is open, so the work cannot be done before the response.
    let held = practice.parts.store.begin().await.unwrap();
    assert_eq!(practice.recover("ada@example.org").await.status, 202);
    assert!(practice.links_mailed(1).await.is_empty());
    drop(held);
    practice.wait_for_links(1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn invalid_addresses_and_too_many_requests_are_rejected() {
    let practice = Parts::new().settings(|s| s.limits.recoveries_per_hour = 2).open().await;
    for (body, field, code) in [
        ("{}", "email", "required"),
        (r#"{"email":""}"#, "email", "invalid_email"),
        (r#"{"email":"ada"}"#, "email", "invalid_email"),
        (r#"{"email":"ada@example.org\r\nBcc: x@example.org"}"#, "email", "invalid_characters"),
        (r#"{"email":["ada@example.org"]}"#, "email", "wrong_type"),
        (r#"{"email":"ada@example.org","name":"x"}"#, "name", "unknown_field"),
    ] {
        let reply = practice.post("/api/meetings/recover", "", body).await;
        assert_eq!((reply.status.as_u16(), reply.errors()), (422, vec![(field.into(), code.into())]), "{body}");
    }
    let form = practice.request(Method::POST, "/api/meetings/recover").header("Content-Type", "text/plain").body("x");
    assert_eq!(form.send().await.problem(), (415, "unsupported_media_type".into()));
    // Invalid requests do not count; addresses do, known or not.
    for email in ["nobody@example.org", "ada@example.org"] {
        assert_eq!(practice.recover(email).await.status, 202);
    }
    let reply = practice.recover("ada@example.org").await;
    assert_eq!((reply.problem(), reply.header("retry-after")), ((429, "too_many_requests".into()), Some("3600")));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unavailable_store_accepts_nothing() {
    let practice = Parts { away: true, ..Parts::new() }.open().await;
    for email in ["nobody@example.org", "carl@example.org"] {
        let reply = practice.recover(email).await;
        assert_eq!(reply.problem(), (503, "unavailable".into()));
        assert!(!reply.text.contains("secret cause"));
    }
}
