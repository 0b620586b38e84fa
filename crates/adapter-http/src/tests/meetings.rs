//! Meeting links and requests to resend join links.

use std::time::Duration;

use attune_domain::notification::{Notification, NotificationKind};
use attune_domain::{Role, ViewerId};
use attune_ports::{Queries, Store};
use jiff::SignedDuration;
use reqwest::Method;
use serde_json::{Value, json};

use super::harness::*;

const LINK: &str = "/api/meetings/1/link";

impl Practice {
    /// The emails about the first booking that resend a link.
    async fn link_emails(&self) -> Vec<Notification> {
        let mut emails = self.parts.store.notifications(FIRST).await.unwrap();
        emails.retain(|email| email.content.kind == NotificationKind::MeetingLink);
        emails
    }

    /// Waits for this number of emails that resend a link of the first booking.
    async fn wait_for_links(&self, count: usize) -> Vec<Notification> {
        let waiting = async {
            loop {
                let found = self.link_emails().await;
                if found.len() >= count {
                    return found;
                }
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), waiting).await.expect("the links were not sent again")
    }

    pub(crate) async fn recover(&self, email: &str) -> Reply {
        self.post("/api/meetings/recover", "", &json!({ "email": email }).to_string()).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signed_link_has_a_validity() {
    let (practice, ada, carl) = Parts::new().signed().without_limits().with_session().await;
    let room = practice.get("/api/bookings/1", &ada).await.json()["jitsi_room_url"].as_str().unwrap().to_owned();
    let rest = r#""scheduled_at":"2024-01-15T10:00:00Z","duration":50,"status":"scheduled","#.to_owned()
        + r#""joinable_from":"2024-01-15T09:45:00Z","expires_at":"2024-01-15T11:20:00Z"}"#;
    let unmuted = "&config.startWithAudioMuted=false&config.startWithVideoMuted=false";
    for (token, viewer, name, is_admin, config) in
        [(&ada, "user-2.member", "Ada Client", false, ""), (&carl, "user-1.owner", "Carl Rogers", true, unmuted)]
    {
        // From a minute before the room opens, for a video server with a slow clock.
        let signed = format!("{room}?jwt=plain.{viewer}.1705311840.1705317600");
        let url = format!("{signed}#userInfo.displayName=%22{}%22{config}", name.replace(' ', "%20"));
        let wanted = format!(r#"{{"booking_id":1,"meeting_url":"{url}","display_name":"{name}","#)
            + &format!(r#""is_admin":{is_admin},{rest}"#);
        practice.get(LINK, token).await.assert_body(200, &wanted);
    }
    let ada = practice.ada_at("2024-01-15T11:19:59Z").await;
    practice.get(LINK, &ada).await.assert_status(200);
    practice.set_time("2024-01-15T11:20:00Z");
    practice.get(LINK, &ada).await.assert_problem(404, "meeting_link_unavailable");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unsigned_link_has_no_times_and_its_fields_in_the_old_order() {
    let (practice, ada, _) = Parts::new().with_session().await;
    let link = practice.get(LINK, &ada).await;
    link.assert_lacks(&["joinable_from", "expires_at", "jwt"]);
    let fields = ["booking_id", "meeting_url", "display_name", "is_admin", "scheduled_at", "duration", "status"];
    let places: Vec<_> = fields.iter().map(|name| link.text.find(&format!("\"{name}\":")).unwrap()).collect();
    assert!(places.is_sorted(), "{}", link.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_link_to_the_join_page_if_links_are_signed() {
    let (practice, ada, carl) = Parts::new().signed().without_limits().with_hold().await;
    let assert_url = async |path: &str, token: &str, wanted: Value| {
        let reply = practice.get(path, token).await.json();
        let booking = reply["bookings"].get(0).unwrap_or(&reply);
        let field = if path.contains("admin") { "admin_meeting_url" } else { "personalized_meeting_url" };
        assert_eq!(booking[field], wanted, "{path}");
    };
    assert_url("/api/bookings/1", &ada, Value::Null).await;
    practice.pay(1).await;
    for (path, token, viewer) in [
        ("/api/bookings", &ada, "user-2"),
        ("/api/bookings/1", &ada, "user-2"),
        ("/api/bookings/1", &carl, "user-1"),
        ("/api/admin/bookings", &carl, "user-1"),
        ("/api/admin/bookings/1", &carl, "user-1"),
    ] {
        assert_url(path, token, format!("https://practice.example.org/j/plain.1.{viewer}.1").into()).await;
    }
    // The appointment is over.
    let ada = practice.ada_at("2024-01-15T11:20:00Z").await;
    assert_url("/api/bookings/1", &ada, Value::Null).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn links_are_resent_without_revealing_to_whom() {
    let (practice, _, carl) = Parts::new().signed().without_limits().with_session().await;
    practice.add("dan@example.org", "Dan", "Client", Role::Client).await;
    let body = r#"{"email":"mary@example.org","display_name":"Mary","role":"participant"}"#;
    practice.post("/api/admin/bookings/1/participants", &carl, body).await.assert_status(201);
    // Ada's is the last: once her email exists, those of the others would exist as well.
    for email in ["nobody@example.org", "dan@example.org", "MARY@example.org", "carl@example.org", "ada@example.org"] {
        practice.recover(email).await.assert_body(202, r#"{"status":"accepted"}"#);
    }
    let mut readers: Vec<_> = practice.wait_for_links(3).await.iter().map(|n| n.content.recipient).collect();
    readers.sort();
    assert_eq!(readers[..2], [account(1).unwrap(), account(2).unwrap()]);
    assert!(matches!(readers[2..], [ViewerId::Participant(_)]));
    let booking = practice.get("/api/admin/bookings/1", &carl).await.json();
    let mut emails = lines(&booking["notifications"], &["kind", "participant_id", "minutes_before"]);
    emails.retain(|email| email.starts_with("meeting_link "));
    assert!(emails.contains(&"meeting_link 1 0".to_owned()) && emails.len() == 3, "{emails:?}");
    // At most once an hour.
    practice.recover("ada@example.org").await;
    practice.advance(SignedDuration::from_hours(1));
    practice.recover("ada@example.org").await;
    assert_eq!(practice.wait_for_links(4).await.len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_response_does_not_wait_for_the_lookup() {
    let (practice, ..) = Parts::new().signed().with_session().await;
    // Nothing can be written while this is open, so the work cannot be done before the response.
    let held = practice.parts.store.begin().await.unwrap();
    practice.recover("ada@example.org").await.assert_status(202);
    assert!(practice.link_emails().await.is_empty());
    drop(held);
    practice.wait_for_links(1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn invalid_addresses_and_too_many_requests_are_rejected() {
    let practice = Parts::new().settings(|s| s.limits.link_recoveries_per_hour = 2).open().await;
    let rows: Invalid<'_> = &[
        ("email", "required", &["{}"]),
        ("email", "invalid_email", &[r#"{"email":""}"#, r#"{"email":"ada"}"#]),
        ("email", "invalid_characters", &[r#"{"email":"ada@example.org\r\nBcc: x@example.org"}"#]),
        ("email", "wrong_type", &[r#"{"email":["ada@example.org"]}"#]),
        ("name", "unknown_field", &[r#"{"email":"ada@example.org","name":"x"}"#]),
    ];
    practice.assert_invalid_bodies(Method::POST, "/api/meetings/recover", "", rows).await;
    let form = practice.request(Method::POST, "/api/meetings/recover").header("Content-Type", "text/plain").body("x");
    form.send().await.assert_problem(415, "unsupported_media_type");
    // Invalid requests do not count; addresses do, known or not.
    for email in ["nobody@example.org", "ada@example.org"] {
        practice.recover(email).await.assert_status(202);
    }
    let reply = practice.recover("ada@example.org").await;
    assert_eq!(reply.assert_problem(429, "too_many_requests").header("retry-after"), Some("3600"));
}
