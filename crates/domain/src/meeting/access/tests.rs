use proptest::prelude::*;

use super::*;
use crate::booking::{BookingRequest, PaymentPlan};
use crate::meeting::{MeetingLinkPolicy, NewRoom};
use crate::{BookingId, Currency, MeetingBaseUrl, Money, RoomTail, ServiceId, UserId};

/// 2024-01-15T10:00:00Z, 50 minutes.
const START: i64 = 1_705_312_800;
const END: i64 = START + 50 * 60;

const WINDOW: AccessWindow =
    AccessWindow { early: SignedDuration::from_mins(15), grace: SignedDuration::from_mins(30) };

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn booking(start: i64, minutes: u32) -> Booking {
    let base_url = MeetingBaseUrl::parse("https://meet.example.org").unwrap();
    let request = BookingRequest {
        id: BookingId::new(12).unwrap(),
        client: UserId::new(7).unwrap(),
        therapist: UserId::new(1).unwrap(),
        service: ServiceId::new(1).unwrap(),
        scheduled_at: at(start),
        minutes,
        pause_minutes: 10,
        price: Money::new(10_000, Currency::parse("EUR").unwrap()).unwrap(),
        note: None,
        payment: PaymentPlan::NotRequired(NewRoom { base_url: &base_url, tail: RoomTail::from_bytes([7; 16]) }),
    };
    Booking::book(request, at(start - 86_400)).unwrap().0
}

#[test]
fn the_door_to_the_second() {
    let booking = booking(START, 50);
    let opens_at = at(START - 15 * 60);
    assert_eq!(WINDOW.opens_at(&booking), opens_at);
    assert_eq!(WINDOW.closes_at(&booking), at(END + 30 * 60));
    for (second, state) in [
        (START - 86_400, AccessState::TooEarly { opens_at }),
        (START - 15 * 60 - 1, AccessState::TooEarly { opens_at }),
        (START - 15 * 60, AccessState::Open),
        (START, AccessState::Open),
        (END, AccessState::Open),
        (END + 30 * 60 - 1, AccessState::Open),
        (END + 30 * 60, AccessState::Over),
        (END + 86_400, AccessState::Over),
    ] {
        assert_eq!(WINDOW.state(&booking, at(second)), state, "{second}");
    }
}

#[test]
fn a_token_is_good_from_a_minute_before_the_door_opens_until_it_closes() {
    let validity = WINDOW.token_validity(&booking(START, 50));
    assert_eq!(validity, TokenValidity { not_before: at(START - 16 * 60), expires_at: at(END + 30 * 60) });
}

#[test]
fn a_session_without_grace_ends_when_it_ends() {
    let window = AccessWindow { early: SignedDuration::ZERO, grace: SignedDuration::ZERO };
    let booking = booking(START, 50);
    assert_eq!(window.state(&booking, at(START - 1)), AccessState::TooEarly { opens_at: at(START) });
    assert_eq!(window.state(&booking, at(START)), AccessState::Open);
    assert_eq!(window.state(&booking, at(END)), AccessState::Over);
}

#[test]
fn absurd_windows_are_open_instead_of_a_panic() {
    let window = AccessWindow { early: SignedDuration::MAX, grace: SignedDuration::MAX };
    let booking = booking(START, 50);
    for now in [Timestamp::UNIX_EPOCH, at(START)] {
        assert_eq!(window.state(&booking, now), AccessState::Open);
    }
    assert!(window.token_validity(&booking).not_before < window.token_validity(&booking).expires_at);
}

proptest! {
    #[test]
    fn a_token_made_while_the_door_is_open_is_good_at_that_moment(
        minutes in 1_u32..=720,
        early in 0_i64..7_200_000,
        grace in 0_i64..7_200_000,
        now in -10_000_000_i64..60_000_000,
    ) {
        let window = AccessWindow {
            early: SignedDuration::from_millis(early),
            grace: SignedDuration::from_millis(grace),
        };
        let booking = booking(START, minutes);
        let now = at(START).saturating_add(SignedDuration::from_millis(now)).unwrap();
        let TokenValidity { not_before, expires_at } = window.token_validity(&booking);
        prop_assert_eq!(not_before.subsec_nanosecond(), 0);
        prop_assert_eq!(expires_at.subsec_nanosecond(), 0);
        prop_assert!(expires_at >= booking.ends_at());
        match window.state(&booking, now) {
            AccessState::Open => {
                // What a server a minute behind, and one that is exact, compare.
                prop_assert!(now.as_second() - 60 >= not_before.as_second());
                prop_assert!(now.as_second() < expires_at.as_second());
            }
            AccessState::TooEarly { opens_at } => {
                prop_assert!(now < opens_at && opens_at <= booking.scheduled_at);
                prop_assert_eq!(window.state(&booking, opens_at), AccessState::Open);
            }
            AccessState::Over => prop_assert!(now >= expires_at),
        }
    }

    /// In whole seconds, which settings are, a signed link ends when an unsigned one does.
    #[test]
    fn both_kinds_of_links_end_together(minutes in 1_u32..=720, grace in 0_i64..7_200) {
        let grace = SignedDuration::from_secs(grace);
        let booking = booking(START, minutes);
        let unsigned = MeetingLinkPolicy { grace }.closes_at(&booking);
        prop_assert_eq!(AccessWindow { early: SignedDuration::ZERO, grace }.closes_at(&booking), unsigned);
    }
}
