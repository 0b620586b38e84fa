use attune_domain::{BookingId, LinkRefusal, Role};
use jiff::SignedDuration;

use super::*;
use crate::testkit::World;

const TEN: &str = "2024-01-15T10:00:00Z";

#[tokio::test]
async fn each_person_gets_their_own_link_or_a_reason() {
    let world = World::free().await;
    let client = world.client().await;
    let stranger = world.add("stranger@example.org", Role::Client).await;
    let admin = world.add("second@example.org", Role::Admin).await;
    let booking = world.book(&client, TEN).await.unwrap().booking;
    let links = world.links();
    let room = booking.room.as_ref().unwrap().url();

    let mine = links.get(&client, booking.id).await.unwrap().link;
    assert_eq!(mine.url, format!("{room}#userInfo.displayName=%22Alex%20client%22"));
    let theirs = links.get(&admin, booking.id).await.unwrap().link;
    assert_eq!(
        theirs.url,
        format!(
            "{room}#userInfo.displayName=%22Alex%20second%22&config.startWithAudioMuted=false&config.startWithVideoMuted=false"
        )
    );
    assert!(matches!(links.get(&stranger, booking.id).await, Err(MeetingLinkError::Forbidden)));
    assert!(matches!(links.get(&client, BookingId::new(99).unwrap()).await, Err(MeetingLinkError::NotFound)));

    world.clock.set(booking.ends_at() + SignedDuration::from_mins(30));
    assert!(matches!(links.get(&client, booking.id).await, Err(MeetingLinkError::Unavailable(LinkRefusal::Over))));
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
            world.links().get(viewer, booking.id).await,
            Err(MeetingLinkError::Unavailable(LinkRefusal::NotConfirmed))
        ));
    }
}
