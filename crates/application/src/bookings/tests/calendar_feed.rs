use attune_domain::Role;
use jiff::SignedDuration;

use crate::RequestMetadata;
use crate::fixtures::{TEN, TestPractice, at};

/// One more than are read at once.
const MANY: i64 = 201;

#[tokio::test]
async fn a_feed_has_all_appointments_however_many_there_are() {
    let practice = TestPractice::free().await;
    let (client, therapist) = (practice.client().await, practice.therapist().await);
    for hour in (0..MANY).rev() {
        let start = at(TEN) + SignedDuration::from_hours(hour);
        practice.book(&client, &start.to_string()).await.unwrap();
    }
    for (user, page) in [(&client, "appointments"), (&therapist, "bookings")] {
        let entries = practice.read_calendar_feed.entries(user).await.unwrap();
        let starts: Vec<_> = entries.iter().map(|entry| entry.booking.scheduled_at()).collect();
        let expected: Vec<_> = (0..MANY).map(|hour| at(TEN) + SignedDuration::from_hours(hour)).collect();
        assert_eq!(starts, expected);
        let last = entries.last().unwrap();
        assert_eq!(last.url, format!("https://practice.example.org/{page}/{}", last.booking.id()));
    }
}

#[tokio::test]
async fn who_was_a_therapist_reads_the_appointments_of_a_client() {
    let practice = TestPractice::free().await;
    let (client, booking) = practice.booked().await;
    let mut former = practice.therapist().await;
    let feed = practice.calendar_feed.turn_on(former.id, &RequestMetadata::default()).await.unwrap();
    let token = feed.url.split('/').nth(4).unwrap();
    let entries = async || {
        let user = practice.read_calendar_feed.user(token).await.unwrap().unwrap();
        practice.read_calendar_feed.entries(&user).await.unwrap()
    };
    assert_eq!(entries().await.iter().map(|entry| entry.booking.id()).collect::<Vec<_>>(), [booking.id()]);
    former.role = Role::Client;
    practice.save_user(former.clone()).await;
    assert_eq!(entries().await, []);
    assert!(
        practice
            .read_calendar_feed
            .user(&token.replace(&former.id.to_string(), &client.id.to_string()))
            .await
            .unwrap()
            .is_none()
    );
}

#[tokio::test]
async fn the_url_of_a_feed_is_not_in_its_debug_text() {
    let practice = TestPractice::free().await;
    let client = practice.client().await;
    let feed = practice.calendar_feed.turn_on(client.id, &RequestMetadata::default()).await.unwrap();
    let token = feed.url.split('/').nth(4).unwrap();
    assert!(token.len() > 10 && !format!("{feed:?}").contains(token), "{feed:?}");
    let stored = practice.queries.calendar_feed(client.id).await.unwrap().unwrap();
    let nonce = format!("{:?}", stored.nonce);
    assert!(!format!("{stored:?}").contains(&nonce), "{stored:?}");
}
