use attune_domain::{BookingId, LinkError, MeetingBaseUrl, Role, User};
use jiff::SignedDuration;

use super::super::*;
use crate::fixtures::{TestPractice, at, booked};

/// Why a viewer gets no link.
async fn refused(practice: &TestPractice, viewer: &User, booking: BookingId) -> MeetingLinkError {
    practice.links.get(viewer, booking).await.unwrap_err()
}

#[tokio::test]
async fn each_viewer_gets_their_own_link_or_a_reason() {
    let (practice, client, booking) = booked().await;
    let stranger = practice.add("stranger", Role::Client).await;
    let admin = practice.add("second", Role::Admin).await;
    let room = booking.room().unwrap().url();
    let unmuted = "&config.startWithAudioMuted=false&config.startWithVideoMuted=false";
    for (viewer, end) in [(&client, "client%22".to_owned()), (&admin, format!("second%22{unmuted}"))] {
        let url = practice.links.get(viewer, booking.id()).await.unwrap().link.url;
        assert_eq!(url, format!("{room}#userInfo.displayName=%22Alex%20{end}"));
    }
    assert!(matches!(refused(&practice, &stranger, booking.id()).await, MeetingLinkError::Forbidden));
    let unknown = BookingId::new(99).unwrap();
    assert!(matches!(refused(&practice, &client, unknown).await, MeetingLinkError::NotFound));

    practice.clock.set(booking.ends_at() + SignedDuration::from_mins(30));
    let ended = refused(&practice, &client, booking.id()).await;
    assert!(matches!(ended, MeetingLinkError::Unavailable(LinkError::Ended)));
    assert!(practice.links.link(&practice.links.viewer(&client), &booking).is_none());
}

#[tokio::test]
async fn an_unpaid_booking_has_no_link_for_anyone() {
    let practice = TestPractice::paid().await;
    let (client, booking) = practice.booked().await;
    let admin = practice.add("second", Role::Admin).await;
    for viewer in [&client, &admin] {
        let error = refused(&practice, viewer, booking.id()).await;
        assert!(matches!(error, MeetingLinkError::Unavailable(LinkError::NotConfirmed)), "{}", viewer.id);
    }
}

#[tokio::test]
async fn a_server_that_checks_tokens_gets_signed_links() {
    let practice = TestPractice::free().await.signed();
    let (client, booking) = practice.booked().await;
    let admin = practice.add("second", Role::Admin).await;
    let room = booking.room().unwrap().url();
    // 09:44 until 11:20: a minute before the room opens, for a server whose clock is behind.
    let own = practice.links.get(&client, booking.id()).await.unwrap();
    let jwt = "plain.user-2.member.1705311840.1705317600";
    assert_eq!(own.link.url, format!("{room}?jwt={jwt}#userInfo.displayName=%22Alex%20client%22"));
    let ends_at = at("2024-01-15T11:20:00Z");
    assert_eq!(own.validity, Some(Validity { joinable_from: at("2024-01-15T09:45:00Z"), expires_at: ends_at }));
    let of_admin = practice.links.get(&admin, booking.id()).await.unwrap().link;
    let beginning = format!("{room}?jwt=plain.user-3.owner.1705311840.1705317600#userInfo");
    assert!(of_admin.url.starts_with(&beginning), "{}", of_admin.url);
    assert!(of_admin.is_admin && !own.link.is_admin);

    let listed = practice.links.link(&practice.links.viewer(&client), &booking).unwrap();
    assert_eq!(listed.url, format!("https://practice.example.org/j/plain.{}.user-2.1", booking.id()));

    practice.clock.set(ends_at);
    let ended = refused(&practice, &client, booking.id()).await;
    assert!(matches!(ended, MeetingLinkError::Unavailable(LinkError::Ended)));
    assert!(practice.links.link(&practice.links.viewer(&client), &booking).is_none());
}

#[tokio::test]
async fn a_room_on_another_server_gets_a_link_without_a_token() {
    let practice = TestPractice::free().await.signed();
    let (client, booking) = practice.booked().await;
    let mut links = practice.links.clone();
    links.signing.as_mut().unwrap().rooms = MeetingBaseUrl::parse("https://new.example.org").unwrap();
    let view = links.get(&client, booking.id()).await.unwrap();
    assert_eq!(view.link.url, format!("{}#userInfo.displayName=%22Alex%20client%22", booking.room().unwrap().url()));
    assert_eq!(view.validity, None);
}
