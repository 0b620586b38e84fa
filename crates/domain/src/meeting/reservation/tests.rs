use jiff::SignedDuration;
use proptest::prelude::*;

use super::*;
use crate::fixtures::*;
use crate::{BookingStatus, Role};

const NO_LIMITS: RoomLimits = RoomLimits { max_occupants: None, lobby: false };

fn reserve(status: BookingStatus, now: i64) -> Result<Reservation, ReservationError> {
    Reservation::of(&booking(status), &WINDOW, &NO_LIMITS, 0, at(now))
}

#[test]
fn the_reservation_of_an_open_room() {
    let scheduled = booking(BookingStatus::Scheduled);
    let found = reserve(BookingStatus::Scheduled, START).unwrap();
    let expected = Reservation {
        room: scheduled.room().cloned().unwrap(),
        starts_at: at(START),
        ends_at: at(CLOSE),
        max_occupants: None,
        lobby: false,
    };
    assert_eq!(found, expected);
    assert_eq!(found.seconds(), 80 * 60, "50 minutes, and a grace period of 30");
}

#[test]
fn every_status_at_every_time() {
    for (status, now) in BookingStatus::ALL.into_iter().flat_map(|status| INSTANTS.map(|now| (status, now))) {
        let expected = match expected_link(status, now) {
            Ok(()) if now < OPEN => Err(ReservationError::TooEarly { opens_at: at(OPEN) }),
            link => link.map_err(ReservationError::NoSession),
        };
        assert_eq!(reserve(status, now).map(|_| ()), expected, "{status}, {} s after the start", now - START);
    }
}

#[test]
fn the_reservation_does_not_change_while_the_room_is_open() {
    let first = reserve(BookingStatus::Scheduled, OPEN);
    for now in [START, END, CLOSE - 1] {
        assert_eq!(reserve(BookingStatus::Scheduled, now), first);
    }
}

#[test]
fn limits_admit_every_invited_participant() {
    for (max_occupants, invited, expected) in [
        (None, 0, None),
        (None, 10, None),
        (Some(0), 0, Some(2)),
        (Some(2), 0, Some(2)),
        (Some(2), 1, Some(3)),
        (Some(5), 3, Some(5)),
        (Some(5), 4, Some(6)),
        (Some(75), 10, Some(75)),
        (Some(u32::MAX), 10, Some(u32::MAX)),
        (Some(2), usize::MAX, Some(u32::MAX)),
    ] {
        for lobby in [false, true] {
            let limits = RoomLimits { max_occupants, lobby };
            let found = Reservation::of(&confirmed(50), &WINDOW, &limits, invited, at(START)).unwrap();
            assert_eq!((found.max_occupants, found.lobby), (expected, lobby), "{max_occupants:?} {invited}");
        }
    }
    assert_eq!(RoomLimits::default(), NO_LIMITS);
}

#[test]
fn a_rescheduled_booking_has_a_rescheduled_reservation() {
    let (moved, _) = confirmed(50).reschedule(at(START + 86_400), Role::Admin, at(OPEN)).unwrap();
    let reserve = |now| Reservation::of(&moved, &WINDOW, &NO_LIMITS, 0, at(now));
    assert_eq!(reserve(START), Err(ReservationError::TooEarly { opens_at: at(OPEN + 86_400) }));
    let found = reserve(START + 86_400).unwrap();
    assert_eq!((found.starts_at, found.ends_at), (at(START + 86_400), at(CLOSE + 86_400)));
    assert_eq!(Some(&found.room), confirmed(50).room(), "the room is the same");
}

#[test]
fn errors_and_debug_contain_no_personal_data() {
    let early = reserve(BookingStatus::Scheduled, 0).unwrap_err();
    let cancelled = reserve(BookingStatus::Cancelled, START).unwrap_err();
    assert_eq!(early.to_string(), "the room opens later");
    assert_eq!(cancelled.to_string(), LinkError::Cancelled.to_string());
    let printed = format!("{:?}", reserve(BookingStatus::Scheduled, START));
    assert!(printed.contains("starts_at") && !printed.contains("booking-12"), "{printed}");
}

proptest! {
    /// The video server closes the room this many seconds after the start, which is when its tokens expire.
    #[test]
    fn a_room_lasts_as_long_as_its_tokens(
        minutes in 1_u32..=720,
        early in 0_i64..7_200_000,
        grace in 0_i64..7_200_000,
        now in -10_000_000_i64..60_000_000,
    ) {
        let window = AccessWindow {
            early: SignedDuration::from_millis(early),
            grace: SignedDuration::from_millis(grace),
        };
        let booking = confirmed(minutes);
        let now = at(START).saturating_add(SignedDuration::from_millis(now)).unwrap();
        if let Ok(found) = Reservation::of(&booking, &window, &NO_LIMITS, 0, now) {
            prop_assert_eq!(found.ends_at, window.token_validity(&booking).expires_at);
            prop_assert!(found.ends_at > now);
            prop_assert_eq!(at(found.starts_at.as_second() + found.seconds()), found.ends_at);
            prop_assert!(found.seconds() >= i64::from(minutes) * 60);
        } else {
            prop_assert!(window.state(&booking, now) != AccessState::Open);
        }
    }
}
