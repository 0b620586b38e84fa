use std::sync::Arc;

use attune_domain::booking::ChangeError;
use attune_domain::meeting::ReservationError;
use attune_domain::{Booking, BookingStatus, LinkError, MeetingBaseUrl};
use attune_test_doubles::RecordingRoomCloser;

use super::super::*;
use crate::RequestMetadata;
use crate::bookings::{Change, ChangeBookingError};
use crate::fixtures::{TEN, TestPractice, at, cancel};

fn command(booking: &Booking) -> EndAppointmentCommand {
    EndAppointmentCommand {
        admin: booking.therapist(),
        booking: booking.id(),
        version: None,
        metadata: RequestMetadata::default(),
    }
}

/// A practice whose video server closes rooms, with a session at [`TEN`], at the time when its room opens.
async fn open_room() -> (TestPractice, Arc<RecordingRoomCloser>, Booking) {
    let (practice, closer) = TestPractice::free().await.closing_rooms();
    let (_, booking) = practice.booked().await;
    practice.clock.set(at("2024-01-15T09:45:00Z"));
    (practice, closer, booking)
}

fn name(booking: &Booking) -> String {
    booking.room().unwrap().id().to_owned()
}

#[tokio::test]
async fn ending_a_session_completes_it_and_closes_its_room() {
    let (practice, closer, booking) = open_room().await;
    let early = practice.end_appointment.run(command(&booking)).await.unwrap_err();
    assert!(matches!(early, ChangeBookingError::State(ChangeError::WindowClosed)), "{early}");
    practice.clock.set(at(TEN));
    let conference = practice.rooms.open(&name(&booking)).await.unwrap();
    let ended = practice.end_appointment.run(command(&booking)).await.unwrap();
    assert_eq!(ended.booking.status(), BookingStatus::Completed);
    assert_eq!((ended.room_closed, ended.closes_at), (true, at("2024-01-15T11:20:00Z")));
    assert_eq!(closer.take(), [name(&booking)]);
    assert_eq!(practice.actions(&booking).await, ["booking.scheduled", "booking.completed", "appointment.ended"]);

    // No one creates the room again, unless the therapist reopens the booking.
    practice.rooms.close(conference.id).await.unwrap();
    let Err(ReserveConferenceError::Refused(refused)) = practice.rooms.open(&name(&booking)).await else {
        panic!("the room was opened again")
    };
    assert_eq!(refused, ReservationError::NoSession(LinkError::Ended));
    practice.change(&practice.therapist().await, &booking, Change::Reopen).await.unwrap();
    practice.rooms.open(&name(&booking)).await.unwrap();
}

#[tokio::test]
async fn a_failed_attempt_to_close_the_room_can_be_repeated() {
    let (practice, closer, booking) = open_room().await;
    practice.clock.set(at(TEN));
    closer.set_down(true);
    let ended = practice.end_appointment.run(command(&booking)).await.unwrap();
    assert_eq!((ended.booking.status(), ended.room_closed), (BookingStatus::Completed, false));
    closer.set_down(false);
    let again = practice.end_appointment.run(command(&booking)).await.unwrap();
    assert_eq!((again.booking, again.room_closed), (ended.booking, true));
    assert_eq!(closer.take().len(), 2);
    assert_eq!(practice.actions(&booking).await.iter().filter(|action| *action == "appointment.ended").count(), 2);
}

#[tokio::test]
async fn only_rooms_of_the_current_server_are_closed() {
    let (mut practice, closer, booking) = open_room().await;
    practice.clock.set(at(TEN));
    practice.deps.settings.meetings = MeetingBaseUrl::parse("https://new.example.org").unwrap();
    let (practice, closer_of_new_server) = practice.closing_rooms();
    assert!(!practice.end_appointment.run(command(&booking)).await.unwrap().room_closed);
    assert_eq!((closer.take().len(), closer_of_new_server.take().len()), (0, 0));
}

#[tokio::test]
async fn without_a_server_that_closes_rooms_the_booking_is_completed() {
    let practice = TestPractice::free().await;
    let (_, booking) = practice.booked().await;
    practice.clock.set(at(TEN));
    let ended = practice.end_appointment.run(command(&booking)).await.unwrap();
    assert_eq!((ended.booking.status(), ended.room_closed), (BookingStatus::Completed, false));
}

#[tokio::test]
async fn unknown_unpaid_and_changed_bookings_are_not_ended() {
    let practice = TestPractice::paid().await;
    let (_, hold) = practice.booked().await;
    practice.clock.set(at(TEN));
    let error = practice.end_appointment.run(command(&hold)).await.unwrap_err();
    assert!(matches!(error, ChangeBookingError::State(ChangeError::InvalidState)), "{error}");
    let unknown = EndAppointmentCommand { booking: attune_domain::BookingId::new(99).unwrap(), ..command(&hold) };
    assert!(matches!(practice.end_appointment.run(unknown).await, Err(ChangeBookingError::NotFound)));
    let stale = EndAppointmentCommand { version: Some(hold.version() + 1), ..command(&hold) };
    assert!(matches!(practice.end_appointment.run(stale).await, Err(ChangeBookingError::VersionConflict)));
}

#[tokio::test]
async fn a_cancellation_closes_an_open_room() {
    let (practice, closer, booking) = open_room().await;
    let therapist = practice.therapist().await;
    closer.set_down(true);
    practice.change(&therapist, &booking, cancel()).await.expect("it is cancelled even if the room stays open");
    assert_eq!(closer.take(), [name(&booking)]);
    // The room can be closed later.
    closer.set_down(false);
    let ended = practice.end_appointment.run(command(&booking)).await.unwrap();
    assert_eq!((ended.booking.status(), ended.room_closed), (BookingStatus::Cancelled, true));
    assert_eq!(closer.take(), [name(&booking)]);
}

#[tokio::test]
async fn a_cancellation_before_the_room_opens_contacts_no_server() {
    let (practice, closer, booking) = open_room().await;
    practice.clock.set(at("2024-01-15T09:44:59Z"));
    practice.change(&practice.therapist().await, &booking, cancel()).await.unwrap();
    assert!(closer.take().is_empty());
}
