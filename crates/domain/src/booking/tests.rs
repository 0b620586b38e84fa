use proptest::prelude::*;

use super::*;
use crate::fixtures::{BOOKED, END, START, at, base_url, euros, new_booking, new_room, user};
use crate::{Currency, RoomSuffix};

const BLOCKED: i64 = START + 60 * 60;
const DAY: i64 = 86_400;
/// When the holds expire.
const HOLD_END: i64 = BOOKED + 900;

/// Clients can reschedule until two hours before the start.
const TERMS: ChangeTerms =
    ChangeTerms { free_minutes: 1_440, grace_minutes: 3, late_refund_percent: 50, reschedule_minutes: 120 };

fn request(payment: PaymentPlan<'_>) -> NewBooking<'_> {
    NewBooking { note: Some("first visit".to_owned()), terms: TERMS, ..new_booking(payment) }
}

fn due() -> PaymentPlan<'static> {
    PaymentPlan::Due { hold_until: at(HOLD_END) }
}

fn held() -> Booking {
    Booking::book(request(due()), at(BOOKED)).unwrap().0
}

fn cancellation(now: Timestamp, refund: Money) -> Cancellation {
    Cancellation { at: now, by: user(7), late: false, reason: Some("ill".to_owned()), refund }
}

/// A consistent booking in any legal state, as a store returns it.
fn in_state(status: BookingStatus, payment_status: PaymentStatus) -> Booking {
    let room = MeetingRoom::new(BookingId::new(12).unwrap(), at(BOOKED), new_room(&base_url()));
    let pending = status == BookingStatus::PendingPayment;
    let record = BookingRecord {
        status,
        payment_status,
        room: status.has_room().then_some(room),
        hold_expires_at: pending.then_some(at(HOLD_END)),
        cancellation: (status == BookingStatus::Cancelled).then(|| cancellation(at(BOOKED), euros(0))),
        link_version: 2,
        version: 4,
        ..held().record().clone()
    };
    Booking::restore(record).unwrap()
}

fn every_legal_state() -> impl Iterator<Item = (BookingStatus, PaymentStatus)> {
    BookingStatus::ALL
        .into_iter()
        .flat_map(|status| PaymentStatus::ALL.into_iter().map(move |payment| (status, payment)))
        .filter(|(status, payment)| payment.is_legal_with(*status))
}

/// Every operation on a booking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Op {
    PaymentStarted,
    PaymentFailed,
    PaymentSucceeded,
    Waive,
    Expire,
    Reschedule(Role, i64),
    Cancel(Role, i64),
    Complete,
    NoShow,
    Reopen,
    RevokeLinks,
    SyncPayment(PaymentStatus),
    LatePayment,
}

/// Every error of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error(transparent)]
enum Refused {
    Change(#[from] ChangeError),
    Pay(#[from] PayError),
    Time(#[from] BookError),
}

impl From<RescheduleError> for Refused {
    fn from(error: RescheduleError) -> Self {
        match error {
            RescheduleError::State(state) => Self::Change(state),
            RescheduleError::Time(time) => Self::Time(time),
        }
    }
}

const INVALID: Refused = Refused::Change(ChangeError::InvalidState);
const CLOSED: Refused = Refused::Change(ChangeError::WindowClosed);

fn apply(op: Op, booking: Booking, now: Timestamp) -> Result<(Booking, BookingEvent), Refused> {
    let base_url = base_url();
    Ok(match op {
        Op::PaymentStarted => booking.payment_started(now)?,
        Op::PaymentFailed => booking.payment_failed(now)?,
        Op::PaymentSucceeded => booking.payment_succeeded(new_room(&base_url), now)?,
        Op::Waive => booking.waive_payment(new_room(&base_url), now)?,
        Op::Expire => booking.expire(now)?,
        Op::Reschedule(by, to) => booking.reschedule(at(to), by, now)?,
        Op::Cancel(by, refund) => booking.cancel(cancellation(now, euros(refund)), by)?,
        Op::Complete => booking.complete(now)?,
        Op::NoShow => booking.mark_no_show(now)?,
        Op::Reopen => booking.reopen(now)?,
        Op::RevokeLinks => booking.revoke_links(now)?,
        Op::SyncPayment(ledger_status) => booking.sync_payment_status(ledger_status, now)?,
        Op::LatePayment => booking.record_late_payment(now)?,
    })
}

mod book {
    use super::*;

    #[test]
    fn due_payment_holds_the_slot() {
        let (booking, event) = Booking::book(request(due()), at(BOOKED)).unwrap();
        assert_eq!(event, BookingEvent::Held);
        assert_eq!(
            *booking.record(),
            BookingRecord {
                id: BookingId::new(12).unwrap(),
                client: user(7),
                therapist: user(1),
                service: ServiceId::new(3).unwrap(),
                series: None,
                scheduled_at: at(START),
                minutes: 50,
                blocked_until: at(BLOCKED),
                status: BookingStatus::PendingPayment,
                payment_status: PaymentStatus::Pending,
                price: euros(10_000),
                room: None,
                hold_expires_at: Some(at(HOLD_END)),
                note: Some("first visit".to_owned()),
                cancellation: None,
                terms: TERMS,
                link_version: 1,
                version: 1,
                created_at: at(BOOKED),
                updated_at: at(BOOKED),
            }
        );
        assert_eq!(booking.ends_at(), at(END));
    }

    #[test]
    fn without_due_payment_it_is_scheduled_immediately() {
        let base_url = base_url();
        let plan = PaymentPlan::NotRequired(new_room(&base_url));
        let (booking, event) = Booking::book(request(plan), at(BOOKED)).unwrap();
        assert_eq!((booking.status(), event), (BookingStatus::Scheduled, BookingEvent::Scheduled));
        assert_eq!(booking.payment_status(), PaymentStatus::NotRequired);
        assert_eq!((booking.hold_expires_at(), booking.version(), booking.price()), (None, 1, euros(10_000)));
        let room = booking.room().unwrap();
        assert_eq!(room.id(), format!("booking-12-{BOOKED}-{}", "07".repeat(16)));
    }

    #[test]
    fn a_hold_expires_at_the_start_at_the_latest() {
        for (hold_until, expected) in
            [(START - 1, START - 1), (START, START), (START + 1, START), (START + DAY, START), (BOOKED, BOOKED)]
        {
            let plan = PaymentPlan::Due { hold_until: at(hold_until) };
            let (booking, _) = Booking::book(request(plan), at(BOOKED)).unwrap();
            assert_eq!(booking.hold_expires_at(), Some(at(expected)), "{}", hold_until - START);
        }
    }

    #[test]
    fn a_hold_expires_at_its_end() {
        for (now, expired) in [(HOLD_END - 1, false), (HOLD_END, true), (HOLD_END + 1, true)] {
            assert_eq!(held().hold_has_expired(at(now)), expired);
        }
        for (status, payment) in every_legal_state().filter(|(status, _)| *status != BookingStatus::PendingPayment) {
            assert!(!in_state(status, payment).hold_has_expired(at(START + DAY)), "{status:?} has no hold");
        }
    }

    fn book_at(start: Timestamp, now: Timestamp) -> Result<Timestamp, BookError> {
        let request = NewBooking { scheduled_at: start, ..request(due()) };
        Booking::book(request, now).map(|(booking, _)| booking.scheduled_at())
    }

    #[test]
    fn starts_are_truncated_to_seconds() {
        for nanosecond in [1, 1_000_000, 500_000_000, 999_999_999] {
            let start = Timestamp::new(START, nanosecond).unwrap();
            assert_eq!(book_at(start, at(BOOKED)), Ok(at(START)));
            let (moved, _) = scheduled().reschedule(start, Role::Client, at(BOOKED)).unwrap();
            assert_eq!(moved.scheduled_at(), at(START));
        }
    }

    #[test]
    fn starts_in_the_past_or_beyond_the_horizon_are_refused() {
        let horizon = Booking::HORIZON_DAYS * DAY;
        for (start, expected) in [
            (at(BOOKED + 1), Ok(at(BOOKED + 1))),
            (at(BOOKED), Err(BookError::InThePast)),
            (at(BOOKED - 1), Err(BookError::InThePast)),
            (Timestamp::MIN, Err(BookError::InThePast)),
            // Truncated to a second, this start is now.
            (Timestamp::new(BOOKED, 999_999_999).unwrap(), Err(BookError::InThePast)),
            (at(BOOKED + horizon), Ok(at(BOOKED + horizon))),
            (at(BOOKED + horizon + 1), Err(BookError::BeyondBookingHorizon)),
            (Timestamp::MAX, Err(BookError::BeyondBookingHorizon)),
        ] {
            assert_eq!(book_at(start, at(BOOKED)), expected, "{start}");
            let moved = scheduled().reschedule(start, Role::Admin, at(BOOKED)).map(|(b, _)| b.scheduled_at());
            assert_eq!(moved, expected.map_err(RescheduleError::Time), "{start}");
        }
    }

    #[test]
    fn lengths_are_bounded() {
        for (minutes, buffer_minutes, fits) in [
            (1, 0, true),
            (720, 720, true),
            (0, 0, false),
            (721, 0, false),
            (50, 721, false),
            (u32::MAX, u32::MAX, false),
        ] {
            let result = Booking::book(NewBooking { minutes, buffer_minutes, ..request(due()) }, at(BOOKED));
            let ends = result.map(|(booking, _)| (booking.ends_at(), booking.blocked_until()));
            let after = |minutes: u32| at(START + i64::from(minutes) * 60);
            let expected =
                if fits { Ok((after(minutes), after(minutes + buffer_minutes))) } else { Err(BookError::Length) };
            assert_eq!(ends, expected, "{minutes} and {buffer_minutes}");
        }
    }

    #[test]
    fn notes_are_bounded_in_characters() {
        for (note, fits) in [
            (String::new(), true),
            ("two\nlines\tand more".to_owned(), true),
            ("é".repeat(2_000), true),
            ("🦀".repeat(2_000), true),
            ("a".repeat(2_001), false),
            ("with a \0 inside".to_owned(), false),
        ] {
            let result = Booking::book(NewBooking { note: Some(note.clone()), ..request(due()) }, at(BOOKED));
            let expected = if fits { Ok(Some(note)) } else { Err(BookError::Note) };
            assert_eq!(result.map(|(booking, _)| booking.note().map(str::to_owned)), expected);
        }
    }
}

fn scheduled() -> Booking {
    in_state(BookingStatus::Scheduled, PaymentStatus::Succeeded)
}

mod transitions {
    use super::*;
    use BookingEvent as E;
    use BookingStatus as B;
    use PaymentStatus as P;

    const NOT_STARTED: &[P] = &[P::Pending, P::Failed];
    const UNPAID: &[P] = &[P::Pending, P::Processing, P::Failed];
    const SETTLED: &[P] = &[P::NotRequired, P::Succeeded, P::RefundPending, P::PartiallyRefunded, P::Refunded];
    const PAID: &[P] = &[P::Succeeded, P::RefundPending, P::PartiallyRefunded, P::Refunded];

    /// A transition: from a status and one of some payment statuses to a status, a payment status (`None`: the same), and
    /// its event.
    type Line = (B, &'static [P], B, Option<P>, E);

    /// The transitions of the API contract by operation, each at a time when it is allowed.
    fn table() -> Vec<(Op, i64, Vec<Line>)> {
        let synced_to = |ledger_status| -> Vec<Line> {
            let others = PAID.iter().filter(|from| **from != ledger_status).map(std::slice::from_ref);
            let of = |b| others.clone().map(move |from| (b, from, b, Some(ledger_status), E::PaymentChanged));
            [B::Scheduled, B::Completed, B::NoShow, B::Cancelled, B::Expired].into_iter().flat_map(of).collect()
        };
        let confirmed = |payment| {
            vec![
                (B::PendingPayment, UNPAID, B::Scheduled, Some(payment), E::Scheduled),
                (B::Expired, &[P::Cancelled], B::Scheduled, Some(payment), E::Scheduled),
            ]
        };
        let changed = |from, to| vec![(B::PendingPayment, from, B::PendingPayment, Some(to), E::PaymentChanged)];
        let moved = vec![(B::Scheduled, SETTLED, B::Scheduled, None, E::Rescheduled)];
        let revoked = vec![(B::Scheduled, SETTLED, B::Scheduled, None, E::LinksRevoked)];
        let closed = |from, to, event| vec![(B::Scheduled, SETTLED, to, None, event), (from, SETTLED, to, None, event)];
        let reopened = [B::Completed, B::NoShow].map(|from| (from, SETTLED, B::Scheduled, None, E::Reopened)).to_vec();
        let with_refund = vec![
            (B::PendingPayment, NOT_STARTED, B::Cancelled, Some(P::RefundPending), E::Cancelled),
            (B::Scheduled, PAID, B::Cancelled, Some(P::RefundPending), E::Cancelled),
        ];
        let without_refund = vec![
            (B::PendingPayment, NOT_STARTED, B::Cancelled, Some(P::Cancelled), E::Cancelled),
            (B::Scheduled, SETTLED, B::Cancelled, None, E::Cancelled),
        ];
        let late = vec![
            (B::PendingPayment, UNPAID, B::Expired, Some(P::RefundPending), E::Expired),
            (B::Expired, &[P::Cancelled], B::Expired, Some(P::RefundPending), E::PaymentChanged),
            (B::Cancelled, &[P::Cancelled], B::Cancelled, Some(P::RefundPending), E::PaymentChanged),
        ];
        let mut table = vec![
            (Op::PaymentStarted, BOOKED + 60, changed(NOT_STARTED, P::Processing)),
            (Op::PaymentFailed, BOOKED + 60, changed(&[P::Pending, P::Processing], P::Failed)),
            (Op::PaymentSucceeded, BOOKED + 60, confirmed(P::Succeeded)),
            (Op::Waive, BOOKED + 60, confirmed(P::NotRequired)),
            (Op::Expire, HOLD_END, vec![(B::PendingPayment, NOT_STARTED, B::Expired, Some(P::Cancelled), E::Expired)]),
            (Op::Reschedule(Role::Client, START + DAY), BOOKED + 60, moved.clone()),
            (Op::Reschedule(Role::Admin, START + DAY), START + 60, moved),
            (Op::Cancel(Role::Client, 10_000), BOOKED + 60, with_refund.clone()),
            (Op::Cancel(Role::Admin, 10_000), START + 60, with_refund),
            (Op::Cancel(Role::Client, 0), BOOKED + 60, without_refund.clone()),
            (Op::Cancel(Role::Admin, 0), START + 60, without_refund),
            (Op::Complete, END, closed(B::NoShow, B::Completed, E::Completed)),
            (Op::NoShow, END, closed(B::Completed, B::NoShow, E::MarkedNoShow)),
            (Op::Reopen, END - 1, reopened),
            (Op::RevokeLinks, BOOKED + 60, revoked.clone()),
            (Op::RevokeLinks, END, revoked),
            (Op::LatePayment, END, late),
        ];
        table.extend(P::ALL.map(|status| {
            let lines = if PAID.contains(&status) { synced_to(status) } else { vec![] };
            (Op::SyncPayment(status), END, lines)
        }));
        table
    }

    /// The expected error if the table has no transition.
    fn refusal(op: Op, status: B, payment: P) -> Refused {
        match (op, status, payment) {
            (Op::Cancel(_, 1..), ..) if !payment.has_been_paid() && status != B::PendingPayment => {
                Refused::Change(ChangeError::RefundTooLarge)
            }
            (Op::PaymentSucceeded | Op::Waive, B::Cancelled, _) => Refused::Pay(PayError::Cancelled),
            (Op::PaymentSucceeded | Op::Waive, B::Expired, _) => Refused::Pay(PayError::HoldExpired),
            (Op::PaymentSucceeded | Op::Waive, _, P::NotRequired) => Refused::Pay(PayError::NotRequired),
            (Op::PaymentSucceeded | Op::Waive, ..) => Refused::Pay(PayError::AlreadyPaid),
            _ => INVALID,
        }
    }

    #[test]
    fn every_operation_in_every_state() {
        let mut allowed = 0;
        for (op, now, lines) in table() {
            for (status, payment) in every_legal_state() {
                let before = in_state(status, payment);
                let line = lines.iter().find(|(from, payments, ..)| *from == status && payments.contains(&payment));
                let expected = match line {
                    Some((_, _, to, paid, event)) => Ok((*to, paid.unwrap_or(payment), *event)),
                    None => Err(refusal(op, status, payment)),
                };
                let result = apply(op, before.clone(), at(now));
                let found = result.as_ref().map(|(b, event)| (b.status(), b.payment_status(), *event)).map_err(|e| *e);
                assert_eq!(found, expected, "{op:?} of {status:?} and {payment:?}");
                if let Ok((after, _)) = result {
                    allowed += 1;
                    assert_eq!((after.version(), after.updated_at()), (before.version() + 1, at(now)), "{op:?}");
                    assert_untouched(op, &before, &after);
                    assert_eq!(Booking::restore(after.record().clone()), Ok(after), "{op:?}");
                }
            }
        }
        let lines: usize = table().iter().flat_map(|(_, _, lines)| lines).map(|(_, payments, ..)| payments.len()).sum();
        assert_eq!(allowed, lines, "each transition was tested");
    }

    /// Asserts that only the fields changed that the operation may change.
    pub(super) fn assert_untouched(op: Op, before: &Booking, after: &Booking) {
        let cancelled = if matches!(op, Op::Cancel(..)) { after } else { before };
        let moved = if matches!(op, Op::Reschedule(..)) { after } else { before };
        let expected = BookingRecord {
            status: after.status(),
            payment_status: after.payment_status(),
            version: after.version(),
            updated_at: after.updated_at(),
            hold_expires_at: before.hold_expires_at().filter(|_| after.status() == before.status()),
            room: before.room().or(after.room()).cloned(),
            cancellation: cancelled.cancellation().cloned(),
            scheduled_at: moved.scheduled_at(),
            blocked_until: moved.blocked_until(),
            link_version: before.link_version() + u32::from(op == Op::RevokeLinks),
            ..before.record().clone()
        };
        assert_eq!(*after.record(), expected, "{op:?} changed another field");
    }

    #[test]
    fn only_a_confirmation_creates_the_room() {
        for (op, now, _) in table() {
            for (status, payment) in every_legal_state() {
                let before = in_state(status, payment);
                let Ok((after, event)) = apply(op, before.clone(), at(now)) else { continue };
                if event == E::Scheduled {
                    assert_eq!(before.room(), None);
                    let room = after.room().unwrap();
                    assert_eq!(room.id(), format!("booking-12-{now}-{}", "07".repeat(16)));
                } else {
                    assert_eq!(after.room(), before.room(), "{op:?} of {status:?}");
                }
            }
        }
    }

    #[test]
    fn check_payable_agrees_with_the_payment_operations() {
        for now in [BOOKED, HOLD_END, START - 1, START, END] {
            for (status, payment) in every_legal_state() {
                let booking = in_state(status, payment);
                let expected = booking.check_payable(at(now)).map_err(Refused::Pay);
                for op in [Op::PaymentSucceeded, Op::Waive] {
                    assert_eq!(apply(op, booking.clone(), at(now)).map(|_| ()), expected, "{status:?} and {payment:?}");
                }
            }
        }
    }
}

/// When each operation is possible: the results a second before, at, and a second after an instant.
#[test]
fn windows_open_and_close_to_the_second() {
    const OPENS: [Result<(), Refused>; 3] = [Err(CLOSED), Ok(()), Ok(())];
    const CLOSES: [Result<(), Refused>; 3] = [Ok(()), Err(CLOSED), Err(CLOSED)];
    const EXPIRED: Refused = Refused::Pay(PayError::HoldExpired);
    const ALWAYS: [Result<(), Refused>; 3] = [Ok(()); 3];
    const NEVER: [Result<(), Refused>; 3] = [Err(INVALID); 3];
    let in_state = |status, payment| move || in_state(status, payment);
    let failed = in_state(BookingStatus::PendingPayment, PaymentStatus::Failed);
    let processing = in_state(BookingStatus::PendingPayment, PaymentStatus::Processing);
    let expired = in_state(BookingStatus::Expired, PaymentStatus::Cancelled);
    let completed = in_state(BookingStatus::Completed, PaymentStatus::Succeeded);
    let missed = in_state(BookingStatus::NoShow, PaymentStatus::Succeeded);
    let cancelled = in_state(BookingStatus::Cancelled, PaymentStatus::Refunded);
    let (client_moves, admin_moves) =
        (Op::Reschedule(Role::Client, START + DAY), Op::Reschedule(Role::Admin, START + DAY));
    let (client_cancels, admin_cancels) = (Op::Cancel(Role::Client, 0), Op::Cancel(Role::Admin, 0));
    let mut table = vec![
        ("a client cancels until the start", client_cancels, scheduled(), START, CLOSES),
        ("an admin cancels until the end", admin_cancels, scheduled(), END, CLOSES),
        ("a client reschedules until two hours before", client_moves, scheduled(), START - 2 * 3_600, CLOSES),
        ("an admin reschedules until the end", admin_moves, scheduled(), END, CLOSES),
        ("a hold expires at its end", Op::Expire, held(), HOLD_END, OPENS),
        ("also after a failed payment", Op::Expire, failed(), HOLD_END, OPENS),
        ("a payment may be in progress", Op::Expire, processing(), HOLD_END, NEVER),
        ("a session can be completed from its start", Op::Complete, scheduled(), START, OPENS),
        ("without a deadline", Op::Complete, scheduled(), END + 400 * DAY, ALWAYS),
        ("a no-show is possible after fifteen minutes", Op::NoShow, scheduled(), START + 900, OPENS),
        ("without a deadline", Op::NoShow, scheduled(), END + 400 * DAY, ALWAYS),
        ("a completion can be corrected for seven days", Op::NoShow, completed(), END + 7 * DAY, CLOSES),
        ("a no-show can be corrected for seven days", Op::Complete, missed(), END + 7 * DAY, CLOSES),
        ("a correction to a no-show also waits fifteen minutes", Op::NoShow, completed(), START + 900, OPENS),
        ("a completed session can be reopened before its end", Op::Reopen, completed(), END, CLOSES),
        ("a missed session can be reopened before its end", Op::Reopen, missed(), END, CLOSES),
        ("the state is reported before the window", client_cancels, cancelled(), END, NEVER),
        ("the state is reported before the window", Op::Reschedule(Role::Client, 0), cancelled(), END, NEVER),
    ];
    for op in [client_cancels, admin_cancels] {
        for instant in [BOOKED, HOLD_END, START, END] {
            table.push(("a hold can be cancelled at any time", op, held(), instant, ALWAYS));
        }
    }
    for op in [Op::PaymentSucceeded, Op::Waive] {
        for booking in [held(), expired()] {
            let closes = [Ok(()), Err(EXPIRED), Err(EXPIRED)];
            table.push(("payments are accepted until the start", op, booking.clone(), START, closes));
            table.push(("an expired hold is revived before the session", op, booking, HOLD_END, ALWAYS));
        }
    }
    for (what, op, booking, instant, expected) in table {
        let found = [instant - 1, instant, instant + 1].map(|now| apply(op, booking.clone(), at(now)).map(|_| ()));
        assert_eq!(found, expected, "{what}: {op:?}");
    }
}

mod reschedule {
    use super::*;

    #[test]
    fn only_the_times_change() {
        let before = scheduled();
        let (after, event) = before.clone().reschedule(at(START + DAY), Role::Client, at(BOOKED)).unwrap();
        assert_eq!(event, BookingEvent::Rescheduled);
        assert_eq!(
            *after.record(),
            BookingRecord {
                scheduled_at: at(START + DAY),
                blocked_until: at(BLOCKED + DAY),
                version: 5,
                updated_at: at(BOOKED),
                ..before.record().clone()
            }
        );
    }

    #[test]
    fn an_admin_can_move_a_running_session_but_not_into_the_past() {
        let now = at(START + 600);
        let past = scheduled().reschedule(at(START + 600), Role::Admin, now);
        assert_eq!(past, Err(RescheduleError::Time(BookError::InThePast)));
        let (moved, _) = scheduled().reschedule(at(START + 601), Role::Admin, now).unwrap();
        assert_eq!(moved.scheduled_at(), at(START + 601));
    }
}

mod revoke_links {
    use super::*;

    #[test]
    fn only_the_link_version_changes() {
        let before = scheduled();
        let (after, event) = before.clone().revoke_links(at(START - 60)).unwrap();
        assert_eq!((event, event.as_str()), (BookingEvent::LinksRevoked, "booking.links_revoked"));
        assert_eq!(
            *after.record(),
            BookingRecord { link_version: 3, version: 5, updated_at: at(START - 60), ..before.record().clone() }
        );
        let (again, _) = after.revoke_links(at(START - 59)).unwrap();
        assert_eq!((again.link_version(), again.version()), (4, 6));
    }

    #[test]
    fn other_changes_do_not_restore_a_revoked_link() {
        let (revoked, _) = scheduled().revoke_links(at(START - 60)).unwrap();
        let (moved, _) = revoked.reschedule(at(START + DAY), Role::Admin, at(START - 50)).unwrap();
        let (missed, _) = moved.mark_no_show(at(START + DAY + 900)).unwrap();
        assert_eq!(missed.clone().revoke_links(at(START + DAY + 901)), Err(ChangeError::InvalidState));
        let (reopened, _) = missed.reopen(at(START + DAY + 901)).unwrap();
        assert_eq!(reopened.link_version(), 3);
    }

    #[test]
    fn the_link_version_saturates() {
        let record = BookingRecord { link_version: u32::MAX, ..scheduled().record().clone() };
        let (after, _) = Booking::restore(record).unwrap().revoke_links(at(START - 60)).unwrap();
        assert_eq!(after.link_version(), u32::MAX);
    }
}

mod cancel {
    use super::*;

    #[test]
    fn the_cancellation_is_stored() {
        let cancellation = Cancellation { late: true, by: user(1), ..cancellation(at(START - 60), euros(5_000)) };
        let (after, _) = scheduled().cancel(cancellation.clone(), Role::Admin).unwrap();
        assert_eq!(after.cancellation(), Some(&cancellation));
        assert_eq!(after.updated_at(), at(START - 60), "the time of the change is that of the cancellation");
        assert_eq!(after.price(), euros(10_000));
        assert_eq!(after.room(), scheduled().room(), "the room remains; links are refused by the status");
    }

    #[test]
    fn a_cancelled_hold_releases_the_slot() {
        let (after, _) = held().cancel(cancellation(at(BOOKED + 1), euros(0)), Role::Client).unwrap();
        assert_eq!((after.hold_expires_at(), after.room().cloned()), (None, None));
        assert!(!after.status().blocks_calendar());
    }
}

mod restore {
    use super::*;

    #[test]
    fn consistent_records_are_restored_unchanged() {
        for (status, payment) in every_legal_state() {
            let booking = in_state(status, payment);
            assert_eq!(Booking::restore(booking.record().clone()), Ok(booking));
        }
    }

    #[test]
    fn every_illegal_pair_of_statuses_is_refused() {
        let mut illegal = 0;
        for status in BookingStatus::ALL {
            for payment in PaymentStatus::ALL.into_iter().filter(|p| !p.is_legal_with(status)) {
                let template = every_legal_state().find(|(legal, _)| *legal == status).unwrap();
                let record = BookingRecord { payment_status: payment, ..in_state(status, template.1).record().clone() };
                let error = Booking::restore(record).unwrap_err();
                assert_eq!(error.what, "status and payment status", "{status:?} and {payment:?}");
                illegal += 1;
            }
        }
        assert_eq!(illegal + every_legal_state().count(), 54);
    }

    #[test]
    fn fields_that_contradict_each_other_are_refused() {
        type Change = fn(&mut BookingRecord);
        let no_room = Some("confirmed without a room");
        let (hold, numbers) = (Some("unpaid with a room or without a hold"), Some("length or version"));
        let (ends_early, cancellation) = (Some("blocked until before the end"), Some("cancellation"));
        let table: [(&str, Change, Option<&str>); 16] = [
            ("scheduled without a room", |b| b.room = None, no_room),
            ("completed without a room", |b| (b.status, b.room) = (BookingStatus::Completed, None), no_room),
            ("a no-show without a room", |b| (b.status, b.room) = (BookingStatus::NoShow, None), no_room),
            ("a hold", |b| *b = held().0, None),
            ("unpaid without a hold", |b| *b = BookingRecord { hold_expires_at: None, ..held().0 }, hold),
            ("unpaid with a room", |b| *b = BookingRecord { room: b.room.clone(), ..held().0 }, hold),
            ("no length", |b| b.minutes = 0, numbers),
            ("too long", |b| b.minutes = 721, numbers),
            ("no version", |b| b.version = 0, numbers),
            ("no link version", |b| b.link_version = 0, numbers),
            ("the largest link version", |b| b.link_version = u32::MAX, None),
            ("no buffer", |b| b.blocked_until = at(END), None),
            ("blocked until a second before the end", |b| b.blocked_until = at(END - 1), ends_early),
            ("blocked until the start", |b| b.blocked_until = at(START), ends_early),
            ("cancelled without a cancellation", |b| b.status = BookingStatus::Cancelled, cancellation),
            ("with a cancellation", |b| b.cancellation = Some(super::cancellation(at(BOOKED), euros(0))), cancellation),
        ];
        for (what, change, expected) in table {
            let mut record = scheduled().0;
            change(&mut record);
            let error = Booking::restore(record).err();
            assert_eq!(error.as_ref().map(|error| error.what), expected, "{what}");
            assert!(error.is_none_or(|error| error.id == BookingId::new(12).unwrap()), "{what}");
        }
    }

    #[test]
    fn the_error_names_the_booking_only() {
        let record = BookingRecord { version: 0, ..held().record().clone() };
        let error = Booking::restore(record).unwrap_err().to_string();
        assert_eq!(error, "booking BookingId(12) is inconsistent: length or version");
    }
}

#[test]
fn statuses_that_block_the_calendar_and_have_a_room() {
    let blocking: Vec<_> = BookingStatus::ALL.into_iter().filter(|s| s.blocks_calendar()).map(|s| s.as_str()).collect();
    assert_eq!(blocking, ["pending_payment", "scheduled", "completed", "no_show"]);
    let with_room: Vec<_> = BookingStatus::ALL.into_iter().filter(|s| s.has_room()).map(|s| s.as_str()).collect();
    assert_eq!(with_room, ["scheduled", "completed", "no_show"]);
}

fn any_role() -> impl Strategy<Value = Role> {
    prop_oneof![Just(Role::Client), Just(Role::Admin)]
}

fn any_op() -> impl Strategy<Value = Op> {
    prop_oneof![
        1 => Just(Op::PaymentStarted),
        1 => Just(Op::PaymentFailed),
        3 => Just(Op::PaymentSucceeded),
        1 => Just(Op::Waive),
        2 => Just(Op::Expire),
        3 => (any_role(), START - 6 * DAY..START + 20 * DAY).prop_map(|(by, to)| Op::Reschedule(by, to)),
        1 => (any_role(), prop_oneof![Just(0), Just(5_000), Just(10_000)]).prop_map(|(by, refund)| Op::Cancel(by, refund)),
        2 => Just(Op::Complete),
        2 => Just(Op::NoShow),
        2 => Just(Op::Reopen),
        1 => Just(Op::RevokeLinks),
        3 => prop::sample::select(PaymentStatus::ALL.to_vec()).prop_map(Op::SyncPayment),
        1 => Just(Op::LatePayment),
    ]
}

/// Seconds between two operations.
fn any_step() -> impl Strategy<Value = i64> {
    prop_oneof![3 => Just(0), 3 => 1_i64..60, 3 => 60_i64..7_200, 1 => 7_200_i64..3 * DAY]
}

/// The transitions of the API contract's state diagram.
fn is_in_diagram(from: BookingStatus, to: BookingStatus) -> bool {
    use BookingStatus as B;
    matches!(
        (from, to),
        (B::PendingPayment, B::PendingPayment | B::Scheduled | B::Expired | B::Cancelled)
            | (B::Expired, B::Expired | B::Scheduled)
            | (B::Scheduled, B::Scheduled | B::Cancelled | B::Completed | B::NoShow)
            | (B::Completed, B::Completed | B::NoShow | B::Scheduled)
            | (B::NoShow, B::NoShow | B::Completed | B::Scheduled)
            | (B::Cancelled, B::Cancelled)
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn every_sequence_of_operations_keeps_a_booking_consistent(
        is_payment_due: bool,
        ahead in prop_oneof![Just(5 * DAY), 60_i64..7_200],
        steps in proptest::collection::vec((any_op(), any_step()), 1..40),
    ) {
        let base_url = base_url();
        let mut now = START - ahead;
        let plan = if is_payment_due {
            PaymentPlan::Due { hold_until: at(now + 900) }
        } else {
            PaymentPlan::NotRequired(new_room(&base_url))
        };
        let (mut booking, _) = Booking::book(request(plan), at(now)).unwrap();
        for (op, step) in steps {
            now += step;
            let before = booking.clone();
            let Ok((after, event)) = apply(op, booking.clone(), at(now)) else { continue };

            prop_assert!(is_in_diagram(before.status(), after.status()), "{op:?}: {:?} to {:?}", before.status(), after.status());
            prop_assert!(after.payment_status().is_legal_with(after.status()), "{op:?}");
            prop_assert!(!(after.status() == BookingStatus::Scheduled && after.payment_status() == PaymentStatus::Pending));
            prop_assert_eq!(Booking::restore(after.record().clone()), Ok(after.clone()));
            prop_assert_eq!(after.version(), before.version() + 1);
            prop_assert_eq!(after.updated_at(), at(now));
            prop_assert!(before.room().is_none() || before.room() == after.room(), "{op:?} changed the room");
            prop_assert_eq!(event == BookingEvent::Scheduled, before.room().is_none() && after.room().is_some());
            prop_assert_eq!(after.hold_expires_at().is_some(), after.status() == BookingStatus::PendingPayment);
            prop_assert!(after.hold_expires_at().is_none_or(|until| until <= after.scheduled_at()));
            prop_assert!(after.scheduled_at() > at(now) || after.scheduled_at() == before.scheduled_at());
            prop_assert_eq!(after.blocked_until(), at(after.ends_at().as_second() + 600), "the buffer stays");
            transitions::assert_untouched(op, &before, &after);
            booking = after;
        }
    }
}

#[test]
fn debug_hides_notes_reasons_and_rooms() {
    let base_url = base_url();
    let new = NewBooking {
        note: Some("canary".to_owned()),
        ..request(PaymentPlan::NotRequired(NewRoom { base_url: &base_url, suffix: RoomSuffix::from_bytes([0xca; 16]) }))
    };
    let (booking, _) = Booking::book(new, at(BOOKED)).unwrap();
    let reason = Cancellation { reason: Some("canary".to_owned()), ..cancellation(at(BOOKED + 1), euros(0)) };
    let (cancelled, _) = booking.clone().cancel(reason, Role::Admin).unwrap();
    for printed in [format!("{booking:?}"), format!("{cancelled:?}")] {
        assert!(printed.contains("scheduled_at"), "{printed}");
        assert!(!printed.contains("canary") && !printed.contains("caca"), "{printed}");
    }
}

#[test]
fn refunds_are_limited_to_the_payment() {
    let cancel = |booking: Booking, refund| {
        booking.cancel(cancellation(at(BOOKED + 1), refund), Role::Admin).map(|(b, _)| b.payment_status())
    };
    let paid = in_state(BookingStatus::Scheduled, PaymentStatus::Succeeded);
    let price = paid.price();
    assert_eq!(cancel(paid.clone(), price), Ok(PaymentStatus::RefundPending));
    let dollars = Money::new(1, Currency::parse("USD").unwrap()).unwrap();
    let free = in_state(BookingStatus::Scheduled, PaymentStatus::NotRequired);
    for (what, booking, refund) in [
        ("more than the price", paid.clone(), euros(price.minor() + 1)),
        ("another currency", paid, dollars),
        ("no payment was due", free, euros(1)),
        ("more than the price of a held booking", held(), euros(price.minor() + 1)),
    ] {
        assert_eq!(cancel(booking, refund), Err(ChangeError::RefundTooLarge), "{what}");
    }
}

mod enter_past {
    use super::*;

    const NOW: i64 = START + 1_000;

    fn entered(start: i64, paid: bool, price: Money) -> Result<(Booking, BookingEvent), BookError> {
        let base_url = base_url();
        let half = SignedDuration::from_millis(500);
        let request = NewBooking { scheduled_at: at(start) + half, price, ..request(due()) };
        Booking::enter_past(request, new_room(&base_url), paid, at(NOW))
    }

    #[test]
    fn a_session_that_was_held_is_completed() {
        for (paid, price, payment) in [
            (true, euros(10_000), PaymentStatus::Succeeded),
            (false, euros(10_000), PaymentStatus::NotRequired),
            (true, euros(0), PaymentStatus::NotRequired),
        ] {
            let (booking, event) = entered(NOW - 86_400, paid, price).unwrap();
            assert_eq!(event, BookingEvent::Entered);
            assert_eq!((booking.status(), booking.payment_status()), (BookingStatus::Completed, payment));
            assert_eq!((booking.scheduled_at(), booking.created_at()), (at(NOW - 86_400), at(NOW)));
            assert_eq!((booking.version(), booking.hold_expires_at()), (1, None));
            assert_eq!(Booking::restore(booking.record().clone()), Ok(booking));
        }
    }

    #[test]
    fn it_has_ended_and_is_not_older_than_ninety_days() {
        for (start, expected) in [
            (NOW - 50 * 60, None),
            (NOW - 50 * 60 + 1, Some(BookError::NotEnded)),
            (NOW + 86_400, Some(BookError::NotEnded)),
            (NOW - 90 * 86_400, None),
            (NOW - 90 * 86_400 - 1, Some(BookError::TooLongAgo)),
        ] {
            assert_eq!(entered(start, true, euros(10_000)).err(), expected, "{start}");
        }
    }
}

mod edit {
    use super::*;

    const NOTHING: BookingEdit = BookingEdit { service: None, price: None, note: None };
    fn longer() -> EditedService {
        EditedService { id: ServiceId::new(4).unwrap(), minutes: 80, buffer_minutes: 20 }
    }

    fn held() -> Booking {
        Booking::book(request(due()), at(BOOKED)).unwrap().0
    }

    fn confirmed() -> Booking {
        held().payment_succeeded(new_room(&base_url()), at(BOOKED)).unwrap().0
    }

    fn edited(booking: Booking, edit: BookingEdit) -> Result<Booking, EditError> {
        let version = booking.version();
        let (edited, event) = booking.edit(edit, at(BOOKED))?;
        assert_eq!((event, edited.version()), (BookingEvent::Edited, version + 1));
        assert_eq!(Booking::restore(edited.record().clone()), Ok(edited.clone()));
        Ok(edited)
    }

    #[test]
    fn another_service_keeps_the_start_and_the_price() {
        for booking in [held(), confirmed()] {
            let changed = edited(booking.clone(), BookingEdit { service: Some(longer()), ..NOTHING }).unwrap();
            assert_eq!((changed.service(), changed.minutes(), changed.price()), (longer().id, 80, booking.price()));
            assert_eq!(changed.scheduled_at(), booking.scheduled_at());
            assert_eq!(changed.blocked_until().duration_since(changed.scheduled_at()).as_mins(), 100);
        }
    }

    #[test]
    fn a_note_can_be_written_changed_and_removed_at_any_time() {
        let expired = held().expire(at(START)).unwrap().0;
        for booking in [held(), confirmed(), expired] {
            let note = |note: Option<&str>| BookingEdit { note: Some(note.map(str::to_owned)), ..NOTHING };
            assert_eq!(edited(booking.clone(), note(Some("by phone"))).unwrap().note(), Some("by phone"));
            assert_eq!(edited(booking.clone(), note(None)).unwrap().note(), None);
            assert_eq!(edited(booking.clone(), NOTHING).unwrap().note(), booking.note());
            for bad in ["x".repeat(Booking::MAX_NOTE_CHARS + 1), "a\0b".to_owned()] {
                assert_eq!(edited(booking.clone(), note(Some(&bad))), Err(BookError::Note.into()));
            }
        }
    }

    #[test]
    fn the_price_can_be_changed_until_something_is_paid() {
        let price = |cents| BookingEdit { price: Some(euros(cents)), ..NOTHING };
        assert_eq!(edited(held(), price(8_000)).unwrap().price(), euros(8_000));
        assert_eq!(edited(held(), price(0)).unwrap().price(), euros(0));
        let invalid = EditError::State(ChangeError::InvalidState);
        let processing = held().payment_started(at(BOOKED)).unwrap().0;
        for booking in [processing, confirmed()] {
            assert_eq!(edited(booking.clone(), price(8_000)), Err(invalid));
            let same = BookingEdit { price: Some(booking.price()), ..NOTHING };
            edited(booking, same).unwrap();
        }
        let dollars = Money::new(8_000, "USD".parse().unwrap()).unwrap();
        assert_eq!(edited(held(), BookingEdit { price: Some(dollars), ..NOTHING }), Err(EditError::Currency));
    }

    #[test]
    fn the_service_can_be_changed_until_the_session_ends() {
        let edit = || BookingEdit { service: Some(longer()), ..NOTHING };
        let end = confirmed().ends_at();
        assert!(confirmed().edit(edit(), end - SignedDuration::from_secs(1)).is_ok());
        assert_eq!(confirmed().edit(edit(), end).err(), Some(ChangeError::WindowClosed.into()));
        let completed = confirmed().complete(at(START)).unwrap().0;
        assert_eq!(edited(completed, edit()), Err(ChangeError::InvalidState.into()));
        for (minutes, buffer_minutes) in [(0, 0), (Booking::MAX_MINUTES + 1, 0), (50, Booking::MAX_MINUTES + 1)] {
            let service = EditedService { minutes, buffer_minutes, ..longer() };
            assert_eq!(
                edited(held(), BookingEdit { service: Some(service), ..NOTHING }),
                Err(BookError::Length.into())
            );
        }
    }
}

#[test]
fn a_part_of_the_price_extends_the_hold_and_never_shortens_it() {
    let (failed, _) = held().payment_failed(at(BOOKED)).unwrap();
    for (booking, until, expected) in [
        (held(), HOLD_END + DAY, HOLD_END + DAY),
        (held(), HOLD_END - 1, HOLD_END),
        (held(), START + 1, START),
        (failed, HOLD_END + 1, HOLD_END + 1),
    ] {
        let version = booking.version();
        let (changed, event) = booking.part_received(at(until), at(BOOKED + 1)).unwrap();
        assert_eq!((changed.hold_expires_at(), event), (Some(at(expected)), BookingEvent::PaymentChanged));
        assert_eq!((changed.payment_status(), changed.version()), (PaymentStatus::Pending, version + 1));
    }
    for (status, payment) in every_legal_state() {
        let is_open = status == BookingStatus::PendingPayment && payment != PaymentStatus::Processing;
        let result = in_state(status, payment).part_received(at(START), at(BOOKED));
        assert_eq!(result.is_ok(), is_open, "{status:?} {payment:?}");
    }
}
