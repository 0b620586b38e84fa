use attune_domain::{BookingId, LinkError, MeetingBaseUrl, Role};
use jiff::SignedDuration;

use super::super::*;
use crate::fixtures::{World, at};

const TEN: &str = "2024-01-15T10:00:00Z";

#[tokio::test]
async fn each_person_gets_their_own_link_or_a_reason() {
    let world = World::free().await;
    let client = world.client().await;
    let stranger = world.add("stranger@example.org", Role::Client).await;
    let admin = world.add("second@example.org", Role::Admin).await;
    let booking = world.book(&client, TEN).await.unwrap().booking;
    let links = &world.links;
    let room = booking.room().unwrap().url();

    let mine = links.get(&client, booking.id()).await.unwrap().link;
    assert_eq!(mine.url, format!("{room}#userInfo.displayName=%22Alex%20client%22"));
    let theirs = links.get(&admin, booking.id()).await.unwrap().link;
    assert_eq!(
        theirs.url,
        format!(
            "{room}#userInfo.displayName=%22Alex%20second%22&config.startWithAudioMuted=false&config.startWithVideoMuted=false"
        )
    );
    assert!(matches!(links.get(&stranger, booking.id()).await, Err(MeetingLinkError::Forbidden)));
    assert!(matches!(links.get(&client, BookingId::new(99).unwrap()).await, Err(MeetingLinkError::NotFound)));

    world.clock.set(booking.ends_at() + SignedDuration::from_mins(30));
    assert!(matches!(links.get(&client, booking.id()).await, Err(MeetingLinkError::Unavailable(LinkError::Ended))));
    assert!(links.link(&(&client).into(), &booking).is_none());
}

#[tokio::test]
async fn an_unpaid_booking_has_no_link_for_anybody() {
    let world = World::paid().await;
    let client = world.client().await;
    let admin = world.add("second@example.org", Role::Admin).await;
    let booking = world.book(&client, TEN).await.unwrap().booking;
    for viewer in [&client, &admin] {
        assert!(matches!(
            world.links.get(viewer, booking.id()).await,
            Err(MeetingLinkError::Unavailable(LinkError::NotConfirmed))
        ));
    }
}

#[tokio::test]
async fn a_server_that_checks_tokens_gets_signed_links() {
    let world = World::free().await.signed();
    let client = world.client().await;
    let admin = world.add("second@example.org", Role::Admin).await;
    let booking = world.book(&client, TEN).await.unwrap().booking;
    let room = booking.room().unwrap().url();
    // 09:44 until 11:20: a minute before the door opens, for a server whose clock is behind.
    let mine = world.links.get(&client, booking.id()).await.unwrap();
    assert_eq!(
        mine.link.url,
        format!("{room}?jwt=plain.user-2.member.1705311840.1705317600#userInfo.displayName=%22Alex%20client%22")
    );
    let validity = mine.validity.unwrap();
    assert_eq!(validity.joinable_from, at("2024-01-15T09:45:00Z"));
    assert_eq!(validity.expires_at, at("2024-01-15T11:20:00Z"));
    let theirs = world.links.get(&admin, booking.id()).await.unwrap().link;
    assert!(
        theirs.url.starts_with(&format!("{room}?jwt=plain.user-3.owner.1705311840.1705317600#userInfo")),
        "{}",
        theirs.url
    );
    assert!(theirs.is_admin && !mine.link.is_admin);

    let listed = world.links.link(&(&client).into(), &booking).unwrap();
    assert_eq!(listed.url, format!("https://practice.example.org/j/plain.{}.user-2.1", booking.id()));

    world.clock.set(at("2024-01-15T11:20:00Z"));
    assert!(matches!(
        world.links.get(&client, booking.id()).await,
        Err(MeetingLinkError::Unavailable(LinkError::Ended))
    ));
    assert!(world.links.link(&(&client).into(), &booking).is_none());
}

#[tokio::test]
async fn a_room_made_elsewhere_never_sees_a_token() {
    let world = World::free().await.signed();
    let client = world.client().await;
    let booking = world.book(&client, TEN).await.unwrap().booking;
    let mut links = world.links.clone();
    links.signing.as_mut().unwrap().rooms = MeetingBaseUrl::parse("https://new.example.org").unwrap();
    let view = links.get(&client, booking.id()).await.unwrap();
    assert_eq!(view.link.url, format!("{}#userInfo.displayName=%22Alex%20client%22", booking.room().unwrap().url()));
    assert_eq!(view.validity, None);
}
