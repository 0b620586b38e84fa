use proptest::prelude::*;

use super::*;
use crate::fixtures::{CLOSE, END, OPEN, START, WINDOW, at, confirmed};
use crate::meeting::MeetingLinkPolicy;

#[test]
fn a_room_opens_and_closes_to_the_second() {
    let booking = confirmed(50);
    let opens_at = at(OPEN);
    assert_eq!(WINDOW.opens_at(&booking), opens_at);
    assert_eq!(WINDOW.closes_at(&booking), at(CLOSE));
    for (second, state) in [
        (START - 86_400, AccessState::TooEarly { opens_at }),
        (OPEN - 1, AccessState::TooEarly { opens_at }),
        (OPEN, AccessState::Open),
        (START, AccessState::Open),
        (END, AccessState::Open),
        (CLOSE - 1, AccessState::Open),
        (CLOSE, AccessState::Ended),
        (END + 86_400, AccessState::Ended),
    ] {
        assert_eq!(WINDOW.state(&booking, at(second)), state, "{second}");
    }
}

#[test]
fn a_token_is_valid_from_a_minute_before_the_room_opens_until_it_closes() {
    let validity = WINDOW.token_validity(&confirmed(50));
    assert_eq!(validity, TokenValidity { not_before: at(OPEN - 60), expires_at: at(CLOSE) });
}

#[test]
fn without_a_grace_period_the_room_closes_at_the_end() {
    let window = AccessWindow { early: SignedDuration::ZERO, grace: SignedDuration::ZERO };
    let booking = confirmed(50);
    assert_eq!(window.state(&booking, at(START - 1)), AccessState::TooEarly { opens_at: at(START) });
    assert_eq!(window.state(&booking, at(START)), AccessState::Open);
    assert_eq!(window.state(&booking, at(END)), AccessState::Ended);
}

#[test]
fn extreme_windows_do_not_panic() {
    let window = AccessWindow { early: SignedDuration::MAX, grace: SignedDuration::MAX };
    let booking = confirmed(50);
    for now in [Timestamp::UNIX_EPOCH, at(START)] {
        assert_eq!(window.state(&booking, now), AccessState::Open);
    }
    assert!(window.token_validity(&booking).not_before < window.token_validity(&booking).expires_at);
}

proptest! {
    #[test]
    fn a_token_created_while_the_room_is_open_is_valid(
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
        let TokenValidity { not_before, expires_at } = window.token_validity(&booking);
        prop_assert_eq!(not_before.subsec_nanosecond(), 0);
        prop_assert_eq!(expires_at.subsec_nanosecond(), 0);
        prop_assert!(expires_at >= booking.ends_at());
        match window.state(&booking, now) {
            AccessState::Open => {
                // On a server that is a minute behind, and on one that is exact.
                prop_assert!(now.as_second() - 60 >= not_before.as_second());
                prop_assert!(now.as_second() < expires_at.as_second());
            }
            AccessState::TooEarly { opens_at } => {
                prop_assert!(now < opens_at && opens_at <= booking.scheduled_at());
                prop_assert_eq!(window.state(&booking, opens_at), AccessState::Open);
            }
            AccessState::Ended => prop_assert!(now >= expires_at),
        }
    }

    /// Signed and unsigned links expire together, for settings in whole seconds.
    #[test]
    fn signed_and_unsigned_links_expire_together(minutes in 1_u32..=720, grace in 0_i64..7_200) {
        let grace = SignedDuration::from_secs(grace);
        let booking = confirmed(minutes);
        let unsigned = MeetingLinkPolicy { grace }.closes_at(&booking);
        prop_assert_eq!(AccessWindow { early: SignedDuration::ZERO, grace }.closes_at(&booking), unsigned);
    }
}
