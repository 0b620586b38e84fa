use jiff::Timestamp;

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
    let quote = CancellationQuote::of(booking, booking.price(), &terms, by, at(now));
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

#[test]
fn a_cancellation_by_the_practice_refunds_everything() {
    assert_eq!(quote(&booking(9_999, true), 0, Role::Admin, "2024-01-15T10:30:00Z"), (false, 9_999, 0));
}

#[test]
fn unpaid_bookings_have_no_refund_and_are_never_late() {
    assert_eq!(quote(&booking(9_999, false), 0, Role::Client, "2024-01-15T09:00:00Z"), (false, 0, 0));
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
