//! Invariants that hold after every command.

use attune_domain::notification::{Notification, NotificationKind, NotificationState};
use attune_domain::{Booking, BookingStatus, PaymentStatus};
use attune_ports::{PaymentState, Provider, RefundStage};
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;

use crate::emails::ExpectedEmail;
use crate::model::ModelRefund;
use crate::snapshot::{BookingSnapshot, Snapshot};
use crate::{Model, Setup, ledger_checks};

const STEPS: [(BookingStatus, BookingStatus); 12] = {
    use BookingStatus::{Cancelled, Completed, Expired, NoShow, PendingPayment, Scheduled};
    [
        (PendingPayment, Scheduled),
        (PendingPayment, Expired),
        (PendingPayment, Cancelled),
        (Expired, Scheduled),
        (Scheduled, Scheduled),
        (Scheduled, Cancelled),
        (Scheduled, Completed),
        (Scheduled, NoShow),
        (Completed, NoShow),
        (NoShow, Completed),
        (Completed, Scheduled),
        (NoShow, Scheduled),
    ]
};

fn is_legal_pair(status: BookingStatus, payment: PaymentStatus) -> bool {
    use PaymentStatus::{
        Cancelled, Failed, NotRequired, PartiallyRefunded, Pending, Processing, RefundPending, Refunded, Succeeded,
    };
    match status {
        BookingStatus::PendingPayment => matches!(payment, Pending | Processing | Failed),
        BookingStatus::Scheduled | BookingStatus::Completed | BookingStatus::NoShow => {
            matches!(payment, NotRequired | Succeeded | RefundPending | PartiallyRefunded | Refunded)
        }
        BookingStatus::Cancelled => !matches!(payment, Pending | Processing | Failed),
        BookingStatus::Expired => {
            matches!(payment, Cancelled | Succeeded | RefundPending | PartiallyRefunded | Refunded)
        }
    }
}

pub(crate) fn check(before: &Snapshot, after: &Snapshot) -> Result<(), TestCaseError> {
    for (id, snapshot) in after {
        let booking = &snapshot.booking;
        check_row(snapshot)?;
        if let Some(earlier) = before.get(id) {
            check_step(earlier, snapshot)?;
        }
        for other in after.values().map(|snapshot| &snapshot.booking).filter(|other| other.id() != *id) {
            let overlap = other.therapist() == booking.therapist()
                && other.status().blocks_calendar()
                && booking.status().blocks_calendar()
                && other.scheduled_at() < booking.blocked_until()
                && booking.scheduled_at() < other.blocked_until();
            prop_assert!(!overlap, "two appointments at once: {booking:?} and {other:?}");
        }
    }
    let missing = before.keys().find(|id| !after.contains_key(id));
    prop_assert!(missing.is_none(), "a booking vanished: {missing:?}");
    Ok(())
}

fn check_row(snapshot: &BookingSnapshot) -> Result<(), TestCaseError> {
    let booking = &snapshot.booking;
    let (status, payment) = (booking.status(), booking.payment_status());
    let held = status == BookingStatus::PendingPayment;
    prop_assert!(is_legal_pair(status, payment), "{booking:?}");
    prop_assert_eq!(booking.hold_expires_at().is_some(), held, "a hold: {:?}", booking);
    let hold_fits = booking.hold_expires_at().is_none_or(|until| until <= booking.scheduled_at());
    prop_assert!(hold_fits, "a long hold: {booking:?}");
    prop_assert_eq!(booking.cancellation().is_some(), status == BookingStatus::Cancelled, "{:?}", booking);
    let states = || snapshot.payments.iter().map(|payment| payment.state);
    prop_assert!(held || states().all(|state| state != PaymentState::Open), "nothing is left to pay: {snapshot:?}");
    prop_assert!(snapshot.payments.iter().all(|payment| payment.amount == booking.price()), "{snapshot:?}");
    let is_pending_reminder = |email: &&Notification| {
        matches!(email.content.kind, NotificationKind::Reminder { .. }) && email.state == NotificationState::Pending
    };
    let pending = snapshot.notifications.iter().find(is_pending_reminder);
    prop_assert!(status != BookingStatus::Cancelled || pending.is_none(), "of a cancelled booking: {pending:?}");
    ledger_checks::check(snapshot)
}

fn check_step(earlier: &BookingSnapshot, now: &BookingSnapshot) -> Result<(), TestCaseError> {
    let (before, after) = (&earlier.booking, &now.booking);
    if before == after {
        return Ok(());
    }
    let step = (before.status(), after.status());
    let only_money = before.status() == after.status() && earlier.refunds != now.refunds;
    // A refund can be queued and completed by one command.
    let most = if only_money { 2 } else { 1 };
    let steps = after.version().saturating_sub(before.version());
    prop_assert!((1..=most).contains(&steps), "one change at a time: {before:?} to {after:?}");
    prop_assert!(STEPS.contains(&step) || only_money, "no such step: {before:?} to {after:?}");
    let people = |b: &Booking| (b.id(), b.client(), b.therapist(), b.created_at());
    prop_assert_eq!(people(before), people(after));
    let terms = |b: &Booking| (b.service(), b.minutes(), b.price(), b.note().map(str::to_owned), b.terms());
    prop_assert_eq!(terms(before), terms(after));
    prop_assert!(before.room().is_none() || before.room() == after.room(), "the room stays: {before:?} to {after:?}");
    let blocked = |b: &Booking| b.blocked_until().duration_since(b.scheduled_at());
    prop_assert_eq!(blocked(before), blocked(after), "the length stays the same");
    Ok(())
}

pub(crate) fn compare(model: &Model, snapshot: &Snapshot) -> Result<(), TestCaseError> {
    prop_assert_eq!(snapshot.len(), model.appointments.len(), "as many bookings as were made");
    for appointment in &model.appointments {
        let Some(found) = snapshot.get(&appointment.id) else {
            return Err(TestCaseError::fail("a booking is missing"));
        };
        let row = &found.booking;
        let named = |label: &str| format!("{label} of {row:?}, which has to be {appointment:?}");
        prop_assert_eq!(row.client(), appointment.client, "{}", named("client"));
        prop_assert_eq!(row.therapist(), appointment.therapist, "{}", named("therapist"));
        prop_assert_eq!(row.scheduled_at(), appointment.start, "{}", named("beginning"));
        prop_assert_eq!(row.status(), appointment.status, "{}", named("status"));
        prop_assert_eq!(row.payment_status(), appointment.payment, "{}", named("payment"));
        prop_assert_eq!(row.hold_expires_at(), appointment.hold_expires_at, "{}", named("hold"));
        prop_assert_eq!(row.version(), appointment.version, "{}", named("version"));
        prop_assert_eq!(row.link_version(), appointment.links, "{}", named("links"));
        prop_assert_eq!(row.price().minor(), Setup::PRICE, "{}", named("price"));
        let cancelled = row.cancellation().map(|cancellation| (cancellation.late, cancellation.refund.minor()));
        prop_assert_eq!(cancelled, appointment.cancelled, "{}", named("cancellation"));
        let checkout = found.payments.iter().find(|payment| payment.recorded_by.is_none());
        prop_assert_eq!(checkout.map(|payment| payment.state), appointment.checkout, "{}", named("checkout"));
        let went = found.refunds.iter().map(|refund| {
            let of = found.payments.iter().find(|payment| payment.id == refund.payment);
            let manual = of.is_some_and(|payment| payment.provider == Provider::Offline);
            ModelRefund { minor: refund.amount.minor(), manual, succeeded: refund.stage == RefundStage::Succeeded }
        });
        prop_assert_eq!(&went.collect::<Vec<_>>(), &appointment.refunds, "{}", named("refunds"));
        let guests = found.participants.iter().map(|guest| (guest.id, guest.is_invited()));
        let wanted = appointment.guests.iter().map(|&(id, _, stands)| (id, stands));
        prop_assert_eq!(guests.collect::<Vec<_>>(), wanted.collect::<Vec<_>>(), "{}", named("guests"));
        prop_assert_eq!(found.history.len(), appointment.lines, "{}: {:?}", named("trail"), found.history);
        let mut queued: Vec<ExpectedEmail> =
            found.notifications.iter().map(|email| ExpectedEmail::of(&email.content)).collect();
        queued.sort_unstable();
        prop_assert_eq!(queued, appointment.queued.iter().cloned().collect::<Vec<_>>(), "{}", named("emails"));
    }
    Ok(())
}
