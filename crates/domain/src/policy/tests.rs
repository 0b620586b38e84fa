use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use super::*;
use crate::booking::{Booking, CancellationQuote, NewBooking, PaymentPlan};
use crate::fixtures::{base_url, euros, new_booking, new_room};
use crate::{Money, Role};

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// A booking with this price, paid or not.
fn booking(cents: i64, paid: bool) -> Booking {
    let (now, base_url) = (at("2024-01-10T09:00:00Z"), base_url());
    let payment = PaymentPlan::Due { hold_until: at("2024-01-10T09:15:00Z") };
    let (held, _) = Booking::book(NewBooking { price: euros(cents), ..new_booking(payment) }, now).unwrap();
    if paid { held.payment_succeeded(new_room(&base_url), now).unwrap().0 } else { held }
}

fn quote(booking: &Booking, percent: u8, by: Role, now: &str) -> (bool, i64, i64) {
    let terms = ChangeTerms { late_refund_percent: percent, ..ChangeTerms::default() };
    let refundable = if booking.room().is_some() { booking.price() } else { euros(0) };
    let quote = CancellationQuote::of(booking, refundable, &terms, by, at(now));
    assert_eq!(quote.free_until, at("2024-01-14T10:00:00Z"));
    (quote.late, quote.refund.minor(), quote.fee.minor())
}

#[test]
fn cancellation_is_free_until_a_day_before() {
    let paid = booking(9_999, true);
    assert_eq!(quote(&paid, 50, Role::Client, "2024-01-14T09:59:59Z"), (false, 9_999, 0));
    assert_eq!(quote(&paid, 50, Role::Client, "2024-01-14T10:00:00Z"), (true, 5_000, 4_999), "rounded up");
    assert_eq!(quote(&paid, 0, Role::Client, "2024-01-15T09:00:00Z"), (true, 0, 9_999));
    assert_eq!(quote(&paid, 100, Role::Client, "2024-01-15T09:00:00Z"), (true, 9_999, 0));
}

/// A booking of a session at 10 o'clock that was made this many seconds before.
fn booked_before(seconds: i64, grace_minutes: u32) -> Booking {
    let (starts_at, base_url) = (at("2024-01-15T10:00:00Z"), base_url());
    let booked_at = starts_at - SignedDuration::from_secs(seconds);
    let terms = ChangeTerms { grace_minutes, ..ChangeTerms::default() };
    let payment = PaymentPlan::Due { hold_until: starts_at };
    let (held, _) = Booking::book(NewBooking { terms, ..new_booking(payment) }, booked_at).unwrap();
    held.payment_succeeded(new_room(&base_url), booked_at).unwrap().0
}

#[test]
fn a_slip_costs_nothing_in_the_minutes_after_booking() {
    for (before, grace, free_until, late) in [
        (3_600, 3, "2024-01-15T09:03:00Z", [false, true]),
        (3_600, 0, "2024-01-14T10:00:00Z", [true, true]),
        (60, 3, "2024-01-15T10:00:00Z", [false, true]),
        (2 * 86_400, 3, "2024-01-14T10:00:00Z", [false, true]),
        (86_460, 3, "2024-01-14T10:02:00Z", [false, true]),
    ] {
        let booking = booked_before(before, grace);
        for (now, late) in [at(free_until) - SignedDuration::from_secs(1), at(free_until)].into_iter().zip(late) {
            let quote = booking.cancellation_quote(booking.price(), Role::Client, now.max(booking.created_at()));
            assert_eq!((quote.free_until, quote.late), (at(free_until), late), "{before} s before, {grace} min");
            assert_eq!(quote.refund.is_zero(), late, "all or nothing is refunded");
        }
    }
}

proptest! {
    #[test]
    fn free_cancellation_ends_neither_after_the_start_nor_before_the_grace_period(
        before in 1_i64..5 * 86_400, grace in 0_u32..=ChangeTerms::MAX_GRACE_MINUTES, later in 0_i64..5 * 86_400,
    ) {
        let booking = booked_before(before, grace);
        let (booked_at, starts_at) = (booking.created_at(), booking.scheduled_at());
        let now = (booked_at + SignedDuration::from_secs(later)).min(starts_at - SignedDuration::from_secs(1));
        let quote = booking.cancellation_quote(booking.price(), Role::Client, now);
        let in_grace = now < booked_at + SignedDuration::from_mins(grace.into());
        prop_assert!(quote.free_until <= starts_at);
        prop_assert_eq!(quote.late, !in_grace && now >= starts_at - SignedDuration::from_hours(24));
        prop_assert_eq!(quote.late, now >= quote.free_until);
        prop_assert_eq!(quote.refund.minor() + quote.fee.minor(), booking.price().minor());
        prop_assert!(!booking.cancellation_quote(booking.price(), Role::Admin, now).late);
    }
}

#[test]
fn a_cancellation_by_the_practice_refunds_everything() {
    assert_eq!(quote(&booking(9_999, true), 0, Role::Admin, "2024-01-15T10:30:00Z"), (false, 9_999, 0));
}

#[test]
fn unpaid_bookings_have_no_refund_and_are_never_late() {
    assert_eq!(quote(&booking(9_999, false), 0, Role::Client, "2024-01-15T09:00:00Z"), (false, 0, 0));
}

#[test]
fn what_was_received_of_a_held_booking_is_refunded_in_full() {
    let quote = booking(9_999, false).cancellation_quote(euros(4_000), Role::Client, at("2024-01-15T09:00:00Z"));
    assert_eq!((quote.late, quote.refund, quote.fee), (false, euros(4_000), euros(0)));
}

#[test]
fn largest_prices_do_not_overflow() {
    assert_eq!(quote(&booking(Money::MAX_MINOR, true), 33, Role::Client, "2024-01-15T09:00:00Z").1, 330_000_000_000);
}

#[test]
fn invalid_policies_are_refused() {
    assert!(PracticePolicy::default().checked().is_ok());
    let terms = ChangeTerms::default();
    for (bad, why) in [
        (ChangeTerms { free_minutes: ChangeTerms::MAX_MINUTES + 1, ..terms }, TermsError::Minutes),
        (ChangeTerms { reschedule_minutes: ChangeTerms::MAX_MINUTES + 1, ..terms }, TermsError::Minutes),
        (ChangeTerms { grace_minutes: ChangeTerms::MAX_GRACE_MINUTES + 1, ..terms }, TermsError::Grace),
        (ChangeTerms { late_refund_percent: 101, ..terms }, TermsError::Percent),
    ] {
        let policy = PracticePolicy { terms: bad, ..PracticePolicy::default() };
        assert_eq!(policy.checked(), Err(PolicyError::Terms(why)));
    }
    let rules = RuleSettings { step_minutes: 1, ..RuleSettings::default() };
    assert_eq!(
        PracticePolicy { rules, ..PracticePolicy::default() }.checked(),
        Err(PolicyError::Rules(RuleError::Step))
    );
}
