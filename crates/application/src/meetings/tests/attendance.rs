use attune_domain::meeting::{AttendanceEvent, AttendanceEventKind, AttendanceSummary, RoomLimits};
use attune_domain::{Booking, ViewerId};
use attune_ports::{BookingFilter, PageRequest};

use super::super::*;
use crate::fixtures::{World, at};

const TEN: &str = "2024-01-15T10:00:00Z";

async fn booked(world: &World) -> Booking {
    let client = world.client().await;
    world.book(&client, TEN).await.unwrap().booking
}

fn event(kind: AttendanceEventKind, instant: &str, occupant: &str, participant: Option<ViewerId>) -> AttendanceEvent {
    AttendanceEvent { at: at(instant), kind, occupant: occupant.into(), participant }
}

fn report(booking: &Booking, events: Vec<AttendanceEvent>) -> RoomReport {
    RoomReport { room: booking.room().unwrap().id().to_owned(), events }
}

#[tokio::test]
async fn what_is_told_twice_and_late_counts_once() {
    let world = World::free().await;
    let booking = booked(&world).await;
    let client = Some(ViewerId::Account(booking.client()));
    world.clock.set(at("2024-01-15T12:00:00Z"));
    let left = report(&booking, vec![event(AttendanceEventKind::Left, "2024-01-15T10:50:00Z", "a", client)]);
    let joined = report(&booking, vec![event(AttendanceEventKind::Joined, "2024-01-15T10:01:00Z", "a", client)]);
    let record = &world.record_attendance;
    assert_eq!(record.run(&left).await.unwrap(), RecordAttendanceOutcome::Recorded(1));
    assert_eq!(record.run(&joined).await.unwrap(), RecordAttendanceOutcome::Recorded(1));
    assert_eq!(record.run(&left).await.unwrap(), RecordAttendanceOutcome::Recorded(0));
    assert_eq!(
        world.attendance.of(&booking).await.unwrap(),
        [AttendanceSummary {
            participant: client,
            joined_at: Some(at("2024-01-15T10:01:00Z")),
            left_at: Some(at("2024-01-15T10:50:00Z")),
            minutes: 49,
            visits: 1
        }]
    );
    let page = PageRequest { limit: 10, offset: 0 };
    let listed = world.attendance.list(&BookingFilter::default(), page).await.unwrap();
    assert_eq!((listed.total, listed.items[0].attendance[0].minutes), (1, 49));
}

#[tokio::test]
async fn unknown_rooms_and_nonsense_are_forgotten() {
    let world = World::free().await;
    let booking = booked(&world).await;
    world.clock.set(at(TEN));
    let record = &world.record_attendance;
    let unknown = RoomReport { room: "lobby".into(), events: vec![event(AttendanceEventKind::Joined, TEN, "a", None)] };
    assert_eq!(record.run(&unknown).await.unwrap(), RecordAttendanceOutcome::UnknownRoom);
    let long = "x".repeat(AttendanceEvent::MAX_OCCUPANT_BYTES + 1);
    let nonsense = vec![
        event(AttendanceEventKind::Joined, "1970-01-20T17:41:52Z", "milliseconds short", None),
        event(AttendanceEventKind::Joined, "2024-01-17T10:00:00Z", "tomorrow", None),
        event(AttendanceEventKind::Joined, TEN, "", None),
        event(AttendanceEventKind::Joined, TEN, "a\0b", None),
        event(AttendanceEventKind::Joined, TEN, &long, None),
    ];
    assert_eq!(record.run(&report(&booking, nonsense)).await.unwrap(), RecordAttendanceOutcome::Recorded(0));
    assert!(world.attendance.of(&booking).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_room_that_ended_can_be_opened_again() {
    let world = World::free().await;
    let booking = booked(&world).await;
    let rooms = world.rooms_with(RoomLimits::default());
    let name = booking.room().unwrap().id().to_owned();
    world.clock.set(at(TEN));
    let first = rooms.open(&name).await.unwrap();
    world.clock.set(at("2024-01-15T10:10:00Z"));
    let ended = report(&booking, vec![event(AttendanceEventKind::Ended, "2024-01-15T10:10:00Z", "", None)]);
    world.record_attendance.run(&ended).await.unwrap();
    world.clock.set(at("2024-01-15T10:11:00Z"));
    let second = rooms.open(&name).await.unwrap();
    assert_ne!(first.id, second.id);
    world.record_attendance.run(&ended).await.unwrap();
    assert!(rooms.get(second.id).await.is_ok(), "an end told again is not the end of the next room");
}
