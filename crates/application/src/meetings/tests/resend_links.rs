use attune_domain::notification::NotificationKind;
use attune_domain::{ParticipantRole, Role, User};

use crate::fixtures::{TEN, TestPractice, at, booked, email};

/// The emails with links that were sent so far, as recipient and start of the session.
async fn links(practice: &TestPractice) -> Vec<(String, String)> {
    let mut emails = practice.delivered().await;
    emails.retain(|email| email.kind == NotificationKind::MeetingLink);
    let mut links: Vec<_> =
        emails.iter().map(|email| (email.to.as_str().to_owned(), email.starts_at.to_string())).collect();
    links.sort();
    links
}

/// Requests the links of an address, and returns how many emails that enqueues.
async fn resend(practice: &TestPractice, local: &str) -> u64 {
    practice.resend_links.run(&email(local)).await.unwrap()
}

#[tokio::test]
async fn the_links_of_the_next_three_sessions_are_sent_once_an_hour() {
    let practice = TestPractice::free().await;
    let client = practice.client().await;
    let start = |day: &str| format!("2024-01-{day}T10:00:00Z");
    for day in ["18", "15", "17", "16"] {
        practice.book(&client, &start(day)).await.unwrap();
    }
    assert_eq!(resend(&practice, "client").await, 3);
    let expected = ["15", "16", "17"].map(|day| (client.email.as_str().to_owned(), start(day)));
    assert_eq!(links(&practice).await, expected);

    assert_eq!(resend(&practice, "client").await, 0, "once an hour");
    practice.advance_minutes(60);
    assert_eq!(resend(&practice, "client").await, 3);
}

#[tokio::test]
async fn the_link_of_a_running_session_is_sent_and_that_of_an_ended_one_is_not() {
    let (practice, ..) = booked().await;
    practice.clock.set(at("2024-01-15T10:49:00Z"));
    assert_eq!(resend(&practice, "client").await, 1);
    assert_eq!(links(&practice).await.len(), 1);
    practice.clock.set(at("2024-01-15T11:50:00Z"));
    assert_eq!(resend(&practice, "client").await, 0);
}

#[tokio::test]
async fn therapists_and_participants_get_their_links() {
    let (practice, _, booking) = booked().await;
    practice.invite(&booking, "kim", ParticipantRole::Observer).await.unwrap();
    practice.add("second", Role::Admin).await;
    for (local, enqueued) in [("therapist", 1), ("kim", 1), ("second", 0)] {
        assert_eq!(resend(&practice, local).await, enqueued, "{local}");
    }
    let expected = ["kim", "therapist"].map(|local| (format!("{local}@example.org"), TEN.to_owned()));
    assert_eq!(links(&practice).await, expected);
}

#[tokio::test]
async fn others_get_nothing() {
    let practice = TestPractice::paid().await;
    practice.booked().await;
    assert_eq!(resend(&practice, "client").await, 0, "not paid");
    assert_eq!(resend(&practice, "unknown").await, 0);

    let (practice, client, _) = booked().await;
    practice.save_user(User { disabled: true, ..client }).await;
    assert_eq!(resend(&practice, "client").await, 0, "disabled");
    assert!(links(&practice).await.is_empty());
}
