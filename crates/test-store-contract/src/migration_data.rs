//! Data that is written before a schema is downgraded and migrated again, and what must be left of it afterwards.
//! What an older release has no place for is gone.

use attune_domain::ChangeTerms;
use attune_domain::calendar::WeeklySchedule;
use attune_domain::notification::{NewNotification, Notification, NotificationKind};
use attune_domain::{
    Booking, BookingId, BookingRecord, BookingStatus, Cancellation, Money, PaymentStatus, PracticePolicy, ViewerId,
};
use attune_ports::{
    CalendarSettings, LedgerEntry, LedgerKind, NewPayment, NewRefund, Payment, PaymentState, ProblemKind, Provider,
    Queries, RefundCause, Store,
};
use jiff::civil::Weekday;

use crate::fixtures::{
    PracticeFixture, captured, day_off, eur, hours, idempotency_key, idempotency_record, legal_states, minutes_after,
    moved, notice, now, paid, participant, payment, policy, problem, refund, reminder, restored, slot, week,
};

/// Bookings, emails and settings for a downgrade to before the calendar. Bookings and emails that the older release knows
/// stay; bookings then have the default terms.
pub struct CalendarData {
    practice: PracticeFixture,
    bookings: Vec<Booking>,
    scheduled: Booking,
    new: [NewNotification; 4],
    monday: WeeklySchedule,
    before: Vec<Notification>,
}

impl CalendarData {
    pub async fn write(store: &dyn Store, queries: &dyn Queries) -> Self {
        let practice = PracticeFixture::create(store).await;
        let mut work = store.begin().await.unwrap();
        let mut bookings = Vec::new();
        for (hour, (status, paid)) in (0..).zip(legal_states()) {
            let booking = practice.booking_in(work.next_booking_id().await.unwrap(), slot(hour), status, paid);
            work.add_booking(&booking).await.unwrap();
            bookings.push(booking);
        }
        let scheduled = bookings.iter().find(|booking| booking.status() == BookingStatus::Scheduled).unwrap().clone();
        let guest = work.add_participant(&participant(&scheduled, "guest")).await.unwrap();
        let to_guest =
            |kind| NewNotification { recipient: ViewerId::Participant(guest), ..notice(&scheduled, kind, now()) };
        let old = [
            notice(&scheduled, NotificationKind::MeetingInfo, now()),
            reminder(&scheduled, 60, now()),
            to_guest(NotificationKind::Invitation),
            notice(&scheduled, NotificationKind::MeetingLink, now()),
        ];
        let new = [
            notice(&scheduled, NotificationKind::Rescheduled, now()),
            to_guest(NotificationKind::Rescheduled),
            notice(&scheduled, NotificationKind::Cancelled, now()),
            to_guest(NotificationKind::Cancelled),
        ];
        assert_eq!(work.enqueue(&old).await.unwrap() + work.enqueue(&new).await.unwrap(), 8);
        let monday = week(&[(Weekday::Monday, hours("09:00", "12:00"))]);
        work.set_schedule(practice.therapist, &monday).await.unwrap();
        work.add_schedule_exception(&day_off(practice.therapist, "2027-05-01")).await.unwrap();
        work.set_policy(&policy()).await.unwrap();
        work.add_idempotency_record(&idempotency_key(practice.client, "k"), &idempotency_record("{}")).await.unwrap();
        work.commit().await.unwrap();
        let before = queries.notices(scheduled.id()).await.unwrap();

        Self { practice, bookings, scheduled, new, monday, before }
    }

    pub async fn check(self, store: &dyn Store, queries: &dyn Queries) {
        let Self { practice, bookings, scheduled, new, monday, before } = self;
        for booking in bookings {
            let usual = BookingRecord { terms: ChangeTerms::default(), ..booking.record().clone() };
            let read = queries.booking(booking.id()).await.unwrap().unwrap().booking;
            assert_eq!(*read.record(), usual);
        }
        assert_eq!(queries.notices(scheduled.id()).await.unwrap(), before[..4]);
        let nothing = CalendarSettings { schedule: None, time_off: Vec::new(), policy: PracticePolicy::default() };
        assert_eq!(queries.calendar_settings(practice.therapist).await.unwrap(), nothing);
        let mut work = store.begin().await.unwrap();
        assert_eq!(work.idempotency_record(&idempotency_key(practice.client, "k")).await.unwrap(), None);
        work.set_schedule(practice.therapist, &monday).await.unwrap();
        assert_eq!(work.enqueue(&new).await.unwrap(), 4);
        work.commit().await.unwrap();
    }
}

/// A paid booking that was cancelled, with this amount to refund.
fn cancelled_booking(practice: PracticeFixture, id: BookingId, hour: i64, refund: Money) -> Booking {
    let booking = practice.booking_in(id, slot(hour), BookingStatus::Cancelled, PaymentStatus::RefundPending);
    let cancellation = Cancellation { refund, at: minutes_after(now(), 5), ..booking.cancellation().cloned().unwrap() };
    restored(BookingRecord { cancellation: Some(cancellation), ..booking.record().clone() })
}

/// Payments in every state for a downgrade to before the ledger. Payments that were captured get their ledger entries,
/// and cancellations their queued refunds.
pub struct PaymentData {
    practice: PracticeFixture,
    online: Booking,
    offline: Booking,
    too_much: Booking,
    nothing: Booking,
    unpaid: Booking,
    scheduled: Booking,
    expired: Booking,
    held: Booking,
    captures: Vec<Payment>,
    pending: Vec<Payment>,
    new: [NewNotification; 3],
    notifications: Vec<Notification>,
}

impl PaymentData {
    pub async fn write(store: &dyn Store, queries: &dyn Queries) -> Self {
        let practice = PracticeFixture::create(store).await;
        let mut work = store.begin().await.unwrap();
        let mut add = Vec::new();
        for (hour, refund) in (0..).zip([9_000, 4_000, 20_000, 0, 9_000]) {
            let booking = cancelled_booking(practice, work.next_booking_id().await.unwrap(), hour, eur(refund));
            work.add_booking(&booking).await.unwrap();
            add.push(booking);
        }
        let [online, offline, too_much, nothing, unpaid] = <[Booking; 5]>::try_from(add).unwrap();
        let scheduled = practice.booking(work.next_booking_id().await.unwrap(), slot(10));
        let id = work.next_booking_id().await.unwrap();
        let expired = practice.booking_in(id, slot(11), BookingStatus::Expired, PaymentStatus::RefundPending);
        let held = practice.held(work.next_booking_id().await.unwrap(), slot(12), minutes_after(now(), 15));
        for booking in [&scheduled, &expired, &held] {
            work.add_booking(booking).await.unwrap();
        }
        let mut captures = Vec::new();
        for new_payment in [
            paid(online.id(), "first"),
            NewPayment { settled_at: Some(minutes_after(now(), 2)), ..paid(online.id(), "second") },
            NewPayment { provider: Provider::Offline, ..paid(offline.id(), "offline") },
            paid(too_much.id(), "too much"),
            paid(nothing.id(), "nothing"),
            NewPayment { settled_at: None, ..paid(scheduled.id(), "scheduled") },
            paid(expired.id(), "expired"),
            NewPayment { state: PaymentState::Unapplied, ..paid(held.id(), "unapplied") },
        ] {
            let payment = {
                let id = work.add_payment(&new_payment).await.unwrap();
                new_payment.with_id(id)
            };
            work.add_ledger_entry(&captured(&payment)).await.unwrap();
            captures.push(payment);
        }
        let mut pending = Vec::new();
        for state in PaymentState::ALL.into_iter().filter(|state| !state.is_paid()) {
            let new_payment = NewPayment {
                state,
                checkout_nonce: Some([7; 16]),
                expires_at: Some(slot(0)),
                provider_payment_id: Some("charge".to_owned()),
                check_at: Some(slot(0)),
                ..payment(unpaid.id(), state.as_str())
            };
            let id = work.add_payment(&new_payment).await.unwrap();
            pending.push(new_payment.with_id(id));
        }
        let new_payment = refund(&captures[0], "requested");
        let requested = {
            let id = work.add_refund(&new_payment).await.unwrap();
            new_payment.with_id(id)
        };
        work.add_ledger_entry(&moved(&requested, LedgerKind::Refunded)).await.unwrap();
        work.add_payment_event(Provider::Stripe, "evt", now()).await.unwrap();
        work.add_payment_problem(&problem("p", ProblemKind::RefundFailed)).await.unwrap();
        let old = [
            notice(&scheduled, NotificationKind::MeetingInfo, now()),
            notice(&scheduled, NotificationKind::Cancelled, now()),
        ];
        let new = [NotificationKind::Receipt, NotificationKind::PaymentProblem, NotificationKind::Refund]
            .map(|k| notice(&scheduled, k, now()));
        assert_eq!(work.enqueue(&old).await.unwrap() + work.enqueue(&new).await.unwrap(), 5);
        work.commit().await.unwrap();
        let notifications = queries.notices(scheduled.id()).await.unwrap();

        Self {
            practice,
            online,
            offline,
            too_much,
            nothing,
            unpaid,
            scheduled,
            expired,
            held,
            captures,
            pending,
            new,
            notifications,
        }
    }

    pub async fn check(self, store: &dyn Store, queries: &dyn Queries) {
        let Self {
            practice,
            online,
            offline,
            too_much,
            nothing,
            unpaid,
            scheduled,
            expired,
            held,
            captures,
            pending,
            new,
            notifications,
        } = self;
        for payment in captures.iter().chain(&pending) {
            let state = match payment.state {
                paid if paid.is_paid() => PaymentState::Settled,
                pending if pending.is_pending() => PaymentState::Open,
                closed => closed,
            };
            let expected = Payment {
                state,
                checkout_nonce: None,
                expires_at: None,
                provider_payment_id: None,
                check_at: None,
                ..payment.clone()
            };
            let read = queries.payment_by_checkout_id(payment.provider, &payment.provider_checkout_id).await.unwrap();
            assert_eq!(read, Some(expected));
        }
        for payment in &captures {
            let at = payment.settled_at.unwrap_or(payment.created_at);
            let lines = queries.ledger(payment.booking).await.unwrap();
            let lines: Vec<_> = lines.into_iter().filter(|line| line.payment == payment.id).collect();
            assert_eq!(lines, [LedgerEntry { at, ..captured(payment) }]);
        }
        let queued_refund = |booking: &Booking, payment: &Payment, amount| NewRefund {
            amount,
            cause: RefundCause::Cancelled,
            requested_by: Some(practice.client),
            created_at: minutes_after(now(), 5),
            next_at: (payment.provider != Provider::Offline).then(|| minutes_after(now(), 5)),
            ..refund(payment, &format!("cancel-{}", booking.id()))
        };
        let mut queued = Vec::new();
        for (booking, expected) in [
            (&online, Some(queued_refund(&online, &captures[1], eur(9_000)))),
            (&offline, Some(queued_refund(&offline, &captures[2], eur(4_000)))),
            (&too_much, Some(queued_refund(&too_much, &captures[3], eur(9_000)))),
            (&nothing, None),
            (&unpaid, None),
            (&scheduled, None),
            (&expired, None),
            (&held, None),
        ] {
            let found = queries.refunds(booking.id()).await.unwrap();
            let ids: Vec<_> = found.iter().map(|refund| refund.id).collect();
            assert_eq!(ids.len(), expected.iter().len());
            assert_eq!(found, expected.into_iter().zip(ids).map(|(new, id)| new.with_id(id)).collect::<Vec<_>>());
            queued.extend(found);
        }
        queued.retain(|refund| refund.next_at.is_some());
        assert_eq!(queries.refunds_due(slot(0), 9).await.unwrap(), queued);
        assert_eq!(queries.payment_problems(9).await.unwrap(), []);
        assert_eq!(queries.notices(scheduled.id()).await.unwrap(), notifications[..2]);
        let mut work = store.begin().await.unwrap();
        assert!(
            work.add_payment_event(Provider::Stripe, "evt", now()).await.unwrap(),
            "the older release has no webhook ids"
        );
        assert_eq!(work.enqueue(&new).await.unwrap(), 3);
        work.add_ledger_entry(&moved(&queued[0], LedgerKind::Refunded)).await.unwrap();
        work.commit().await.unwrap();
        assert_eq!(queries.refunds(online.id()).await.unwrap().len(), 1);
    }
}
