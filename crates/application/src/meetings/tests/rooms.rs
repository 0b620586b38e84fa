use attune_domain::meeting::{ReservationError, RoomLimits};
use attune_domain::{Booking, ConferenceId, LinkError, ParticipantRole, Role};

use super::super::*;
use crate::fixtures::{World, at};

const TEN: &str = "2024-01-15T10:00:00Z";

async fn booked(world: &World) -> Booking {
    let client = world.client().await;
    world.book(&client, TEN).await.unwrap().booking
}

fn name(booking: &Booking) -> String {
    booking.room().unwrap().id().to_owned()
}

#[tokio::test]
async fn a_room_exists_from_the_opening_to_the_end_of_the_grace() {
    let world = World::free().await;
    let booking = booked(&world).await;
    let rooms = world.rooms_with(RoomLimits::default());
    let refused = rooms.open(&name(&booking)).await;
    let opens_at = at("2024-01-15T09:45:00Z");
    assert!(
        matches!(refused, Err(ReserveConferenceError::Refused(ReservationError::TooEarly { opens_at: o })) if o == opens_at)
    );

    world.clock.set(opens_at);
    let open = rooms.open(&name(&booking)).await.unwrap();
    assert_eq!(open.reservation.starts_at, at(TEN));
    assert_eq!(open.reservation.seconds(), 80 * 60);
    assert_eq!((open.reservation.max_occupants, open.reservation.lobby), (None, false));

    world.clock.set(at("2024-01-15T11:20:00Z"));
    assert!(matches!(
        rooms.get(open.id).await,
        Err(ReserveConferenceError::Refused(ReservationError::NoSession(LinkError::Ended)))
    ));
}

#[tokio::test]
async fn a_second_opening_leads_to_the_first() {
    let world = World::free().await;
    let booking = booked(&world).await;
    let rooms = world.rooms_with(RoomLimits { max_occupants: Some(2), lobby: true });
    world.clock.set(at(TEN));
    let first = rooms.open(&name(&booking)).await.unwrap();
    assert!(matches!(rooms.open(&name(&booking)).await, Err(ReserveConferenceError::Open(id)) if id == first.id));
    assert_eq!(rooms.get(first.id).await.unwrap().reservation, first.reservation);
    rooms.close(first.id).await.unwrap();
    rooms.close(first.id).await.unwrap();
    assert!(matches!(rooms.get(first.id).await, Err(ReserveConferenceError::Unknown)));
    let second = rooms.open(&name(&booking)).await.unwrap();
    assert_ne!(second.id, first.id);
    assert!(second.reservation.lobby);
}

#[tokio::test]
async fn a_limit_never_keeps_out_whom_the_practice_invited() {
    let world = World::free().await;
    let booking = booked(&world).await;
    let rooms = world.rooms_with(RoomLimits { max_occupants: Some(3), lobby: false });
    for (number, most) in [(1, 3), (2, 4), (3, 5)] {
        world.invite(&booking, &format!("guest-{number}@example.org"), ParticipantRole::Observer).await.unwrap();
        world.clock.set(at("2024-01-15T09:50:00Z"));
        assert_eq!(rooms.limits_of(&name(&booking)).await.unwrap().max_occupants, Some(most));
    }
}

#[tokio::test]
async fn names_come_with_tenants_and_in_any_case() {
    let world = World::free().await;
    let booking = booked(&world).await;
    let rooms = world.rooms_with(RoomLimits::default());
    world.clock.set(at(TEN));
    let room = name(&booking);
    for spelled in
        [room.clone(), format!("[practice]{room}"), room.to_uppercase(), format!("vpaas-magic-cookie-1/{room}")]
    {
        assert!(rooms.limits_of(&spelled).await.is_ok(), "{spelled}");
    }
    for unknown in ["", "lobby", &room[..room.len() - 1], &format!("{room}0")] {
        assert!(matches!(rooms.limits_of(unknown).await, Err(ReserveConferenceError::Unknown)), "{unknown}");
    }
    assert!(matches!(rooms.get(ConferenceId::new(99).unwrap()).await, Err(ReserveConferenceError::Unknown)));
}

#[tokio::test]
async fn a_session_that_was_moved_ends_its_room_at_the_new_time() {
    let world = World::free().await;
    let booking = booked(&world).await;
    let rooms = world.rooms_with(RoomLimits::default());
    world.clock.set(at("2024-01-15T09:50:00Z"));
    let open = rooms.open(&name(&booking)).await.unwrap();
    let mut work = world.store.begin().await.unwrap();
    let stored = work.booking(booking.id()).await.unwrap().unwrap();
    let (moved, _) = stored.reschedule(at("2024-01-15T10:05:00Z"), Role::Admin, world.now()).unwrap();
    work.save_booking(&moved).await.unwrap();
    work.commit().await.unwrap();
    assert_eq!(rooms.get(open.id).await.unwrap().reservation.ends_at, at("2024-01-15T11:25:00Z"));
}
