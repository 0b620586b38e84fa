use attune_domain::meeting::{ReservationError, RoomLimits};
use attune_domain::{ConferenceId, LinkError, ParticipantRole, Role};

use super::super::*;
use crate::fixtures::{TEN, TestPractice, at, booked};

/// A practice, its use case for rooms, and the name of a room that opens at 09:45 and closes at 11:20.
async fn booked_room(limits: RoomLimits) -> (TestPractice, attune_domain::Booking, ReserveConference, String) {
    let (practice, _, booking) = booked().await;
    let (rooms, name) = (practice.rooms_with(limits), booking.room().unwrap().id().to_owned());
    (practice, booking, rooms, name)
}

#[tokio::test]
async fn a_room_exists_from_its_opening_to_the_end_of_the_grace_period() {
    let (practice, _, rooms, name) = booked_room(RoomLimits::default()).await;
    let opens_at = at("2024-01-15T09:45:00Z");
    let Err(ReserveConferenceError::Refused(refused)) = rooms.open(&name).await else { panic!("opened too early") };
    assert_eq!(refused, ReservationError::TooEarly { opens_at });

    practice.clock.set(opens_at);
    let open = rooms.open(&name).await.unwrap();
    assert_eq!(open.reservation.starts_at, at(TEN));
    assert_eq!(open.reservation.seconds(), 80 * 60);
    assert_eq!((open.reservation.max_occupants, open.reservation.lobby), (None, false));

    practice.clock.set(at("2024-01-15T11:20:00Z"));
    let Err(ReserveConferenceError::Refused(refused)) = rooms.get(open.id).await else { panic!("still open") };
    assert_eq!(refused, ReservationError::NoSession(LinkError::Ended));
}

#[tokio::test]
async fn opening_an_open_room_returns_its_conference() {
    let (practice, _, rooms, name) = booked_room(RoomLimits { max_occupants: Some(2), lobby: true }).await;
    practice.clock.set(at(TEN));
    let first = rooms.open(&name).await.unwrap();
    assert!(matches!(rooms.open(&name).await, Err(ReserveConferenceError::Open(id)) if id == first.id));
    assert_eq!(rooms.get(first.id).await.unwrap().reservation, first.reservation);
    rooms.close(first.id).await.unwrap();
    rooms.close(first.id).await.unwrap();
    assert!(matches!(rooms.get(first.id).await, Err(ReserveConferenceError::Unknown)));
    let second = rooms.open(&name).await.unwrap();
    assert_ne!(second.id, first.id);
    assert!(second.reservation.lobby);
}

#[tokio::test]
async fn a_limit_always_admits_everyone_who_was_invited() {
    let (practice, booking, rooms, name) = booked_room(RoomLimits { max_occupants: Some(3), lobby: false }).await;
    for (number, most) in [(1, 3), (2, 4), (3, 5)] {
        practice.invite(&booking, &format!("guest-{number}"), ParticipantRole::Observer).await.unwrap();
        practice.clock.set(at("2024-01-15T09:50:00Z"));
        assert_eq!(rooms.limits_of(&name).await.unwrap().max_occupants, Some(most));
    }
}

#[tokio::test]
async fn a_room_is_found_with_a_tenant_and_in_any_case() {
    let (practice, _, rooms, name) = booked_room(RoomLimits::default()).await;
    practice.clock.set(at(TEN));
    for spelled in
        [name.clone(), format!("[practice]{name}"), name.to_uppercase(), format!("vpaas-magic-cookie-1/{name}")]
    {
        assert!(rooms.limits_of(&spelled).await.is_ok(), "{spelled}");
    }
    for unknown in ["", "lobby", &name[..name.len() - 1], &format!("{name}0")] {
        assert!(matches!(rooms.limits_of(unknown).await, Err(ReserveConferenceError::Unknown)), "{unknown}");
    }
    assert!(matches!(rooms.get(ConferenceId::new(99).unwrap()).await, Err(ReserveConferenceError::Unknown)));
}

#[tokio::test]
async fn the_room_of_a_rescheduled_session_ends_at_the_new_time() {
    let (practice, booking, rooms, name) = booked_room(RoomLimits::default()).await;
    practice.clock.set(at("2024-01-15T09:50:00Z"));
    let open = rooms.open(&name).await.unwrap();
    let (to, now) = (at("2024-01-15T10:05:00Z"), practice.now());
    practice.edit_booking(&booking, |stored| stored.reschedule(to, Role::Admin, now).unwrap().0).await;
    assert_eq!(rooms.get(open.id).await.unwrap().reservation.ends_at, at("2024-01-15T11:25:00Z"));
}
