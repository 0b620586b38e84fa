//! Tests of rooms that a video server asks about.

use jiff::SignedDuration;
use proptest::prelude::*;

use super::*;
use crate::meeting::fixtures::{CLOSE, END, OPEN, START, WINDOW, at, booking, lasting};
use crate::{BookingStatus, Role};

const NO_LIMITS: RoomLimits = RoomLimits { max_occupants: None, lobby: false };

fn asked(status: BookingStatus, now: i64) -> Result<Reservation, ReservationError> {
    Reservation::of(&booking(status), &WINDOW, &NO_LIMITS, 0, at(now))
}

#[test]
fn an_open_room_to_the_letter() {
    let agreed = booking(BookingStatus::Scheduled);
    let found = asked(BookingStatus::Scheduled, START).unwrap();
    let expected = Reservation {
        room: agreed.room().cloned().unwrap(),
        starts_at: at(START),
        ends_at: at(CLOSE),
        max_occupants: None,
        lobby: false,
    };
    assert_eq!(found, expected);
    assert_eq!(found.seconds(), 80 * 60, "50 minutes, and 30 to say good-bye");
}

/// Every status, every time. The expectation is written from the contract and not from the code.
#[test]
fn which_room_may_exist_when() {
    let early = Err(ReservationError::TooEarly { opens_at: at(OPEN) });
    let over = Err(ReservationError::NoSession(LinkError::Ended));
    for (now, by_time) in [
        (0, early),
        (START - 86_400, early),
        (OPEN - 1, early),
        (OPEN, Ok(())),
        (START, Ok(())),
        (END, Ok(())),
        (CLOSE - 1, Ok(())),
        (CLOSE, over),
        (CLOSE + 86_400, over),
    ] {
        for status in BookingStatus::ALL {
            let expected = match status {
                BookingStatus::Scheduled | BookingStatus::Completed | BookingStatus::NoShow => by_time,
                BookingStatus::PendingPayment => Err(LinkError::NotConfirmed.into()),
                BookingStatus::Cancelled | BookingStatus::Expired => Err(LinkError::Cancelled.into()),
            };
            assert_eq!(asked(status, now).map(|_| ()), expected, "{status:?}, {} s after the start", now - START);
        }
    }
}

/// However late somebody comes, the room ends when it was to end.
#[test]
fn the_answer_is_the_same_as_long_as_the_room_is_open() {
    let first = asked(BookingStatus::Scheduled, OPEN);
    for now in [START, END, CLOSE - 1] {
        assert_eq!(asked(BookingStatus::Scheduled, now), first);
    }
}

#[test]
fn limits_never_keep_out_who_is_invited() {
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
            let found = Reservation::of(&lasting(50), &WINDOW, &limits, invited, at(START)).unwrap();
            assert_eq!((found.max_occupants, found.lobby), (expected, lobby), "{max_occupants:?} {invited}");
        }
    }
    assert_eq!(RoomLimits::default(), NO_LIMITS);
}

#[test]
fn a_moved_session_has_a_moved_room() {
    let (moved, _) = lasting(50).reschedule(at(START + 86_400), Role::Admin, at(OPEN)).unwrap();
    let answer = |now| Reservation::of(&moved, &WINDOW, &NO_LIMITS, 0, at(now));
    assert_eq!(answer(START), Err(ReservationError::TooEarly { opens_at: at(OPEN + 86_400) }));
    let found = answer(START + 86_400).unwrap();
    assert_eq!((found.starts_at, found.ends_at), (at(START + 86_400), at(CLOSE + 86_400)));
    assert_eq!(Some(&found.room), lasting(50).room(), "the name stays");
}

#[test]
fn refusals_and_rooms_name_nobody() {
    let early = asked(BookingStatus::Scheduled, 0).unwrap_err();
    let cancelled = asked(BookingStatus::Cancelled, START).unwrap_err();
    assert_eq!(early.to_string(), "the room opens later");
    assert_eq!(cancelled.to_string(), LinkError::Cancelled.to_string());
    let shown = format!("{:?}", asked(BookingStatus::Scheduled, START));
    assert!(shown.contains("starts_at") && !shown.contains("booking-12"), "{shown}");
}

proptest! {
    /// What the video server does with the answer: it ends the room after that many seconds from the beginning. A room
    /// that has just been opened never ends at once, and lasts as long as the tokens into it.
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
        let booking = lasting(minutes);
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
