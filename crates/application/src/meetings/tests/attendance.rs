use attune_domain::meeting::{AttendanceEvent, AttendanceEventKind, AttendanceSummary, RoomLimits};
use attune_domain::{Booking, ViewerId};
use attune_ports::{BookingFilter, PageRequest};

use super::super::*;
use crate::fixtures::{TEN, TestPractice, at, booked};

fn event(kind: AttendanceEventKind, instant: &str, occupant: &str, participant: Option<ViewerId>) -> AttendanceEvent {
    AttendanceEvent { at: at(instant), kind, occupant: occupant.into(), participant }
}

async fn report(practice: &TestPractice, booking: &Booking, events: Vec<AttendanceEvent>) -> RecordAttendanceOutcome {
    let report = RoomReport { room: booking.room().unwrap().id().to_owned(), events };
    practice.record_attendance.run(&report).await.unwrap()
}

#[tokio::test]
async fn repeated_and_late_events_count_once() {
    let (practice, client, booking) = booked().await;
    let client = Some(ViewerId::Account(client.id));
    practice.clock.set(at("2024-01-15T12:00:00Z"));
    let left = event(AttendanceEventKind::Left, "2024-01-15T10:50:00Z", "a", client);
    let joined = event(AttendanceEventKind::Joined, "2024-01-15T10:01:00Z", "a", client);
    for (event, new) in [(&left, 1), (&joined, 1), (&left, 0)] {
        let outcome = report(&practice, &booking, vec![event.clone()]).await;
        assert_eq!(outcome, RecordAttendanceOutcome::Recorded(new), "{event:?}");
    }
    let (joined_at, left_at) = (Some(joined.at), Some(left.at));
    assert_eq!(
        practice.attendance.of(&booking).await.unwrap(),
        [AttendanceSummary { participant: client, joined_at, left_at, minutes: 49, visits: 1, estimated: false }]
    );
    let page = PageRequest { limit: 10, offset: 0 };
    let listed = practice.attendance.list(&BookingFilter::default(), page).await.unwrap();
    assert_eq!((listed.total, listed.items[0].attendance[0].minutes), (1, 49));
}

#[tokio::test]
async fn unknown_rooms_and_implausible_events_are_ignored() {
    let (practice, _, booking) = booked().await;
    practice.clock.set(at(TEN));
    let unknown = RoomReport { room: "lobby".into(), events: vec![event(AttendanceEventKind::Joined, TEN, "a", None)] };
    let outcome = practice.record_attendance.run(&unknown).await.unwrap();
    assert_eq!(outcome, RecordAttendanceOutcome::UnknownRoom);
    let long = "x".repeat(AttendanceEvent::MAX_OCCUPANT_BYTES + 1);
    let implausible = [
        ("1970-01-20T17:41:52Z", "milliseconds short"),
        ("2024-01-17T10:00:00Z", "tomorrow"),
        (TEN, ""),
        (TEN, "a\0b"),
        (TEN, &long),
    ];
    let events = implausible.map(|(time, name)| event(AttendanceEventKind::Joined, time, name, None)).to_vec();
    assert_eq!(report(&practice, &booking, events).await, RecordAttendanceOutcome::Recorded(0));
    assert!(practice.attendance.of(&booking).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_room_that_ended_can_be_opened_again() {
    let (practice, _, booking) = booked().await;
    let rooms = practice.rooms_with(RoomLimits::default());
    let name = booking.room().unwrap().id().to_owned();
    practice.clock.set(at(TEN));
    let first = rooms.open(&name).await.unwrap();
    practice.clock.set(at("2024-01-15T10:10:00Z"));
    let ended = vec![event(AttendanceEventKind::Ended, "2024-01-15T10:10:00Z", "", None)];
    report(&practice, &booking, ended.clone()).await;
    practice.clock.set(at("2024-01-15T10:11:00Z"));
    let second = rooms.open(&name).await.unwrap();
    assert_ne!(first.id, second.id);
    report(&practice, &booking, ended).await;
    assert!(rooms.get(second.id).await.is_ok(), "a repeated report does not end the next conference");
}
