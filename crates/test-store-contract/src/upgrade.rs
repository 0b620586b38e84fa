//! What has to be true of a database that the release before the migration `words` filled: everything is readable under
//! the new names, and the guards still refuse what they refused.

use std::collections::BTreeMap;

use attune_domain::calendar::ScheduleException;
use attune_domain::{BookingId, LoginSessionId, Money, UserId};
use attune_ports::{
    BookingFilter, BookingPageRequest, Conflict, IdempotencyKey, IdempotencyRecord, LedgerEntry, LedgerKind,
    LoginHistory, NewRefund, PageRequest, PageStart, Queries, Store, UserFilter,
};
use jiff::Timestamp;

use crate::fixtures::{refund, restored, room};

fn counts<'a>(texts: impl IntoIterator<Item = &'a str>) -> BTreeMap<&'a str, usize> {
    let mut counts = BTreeMap::new();
    for text in texts {
        *counts.entry(text).or_default() += 1;
    }
    counts
}

fn booking(id: i64) -> BookingId {
    BookingId::new(id).expect("a positive id")
}

fn user(id: i64) -> UserId {
    UserId::new(id).expect("a positive id")
}

/// Reads everything that the fixture contains.
pub async fn everything_is_readable(queries: &dyn Queries) {
    accounts_are_readable(queries).await;
    calendars_are_readable(queries).await;
    bookings_are_readable(queries).await;
    payments_are_readable(queries).await;
}

async fn accounts_are_readable(queries: &dyn Queries) {
    let page = PageRequest { limit: 50, offset: 0 };
    let users = queries.users(&UserFilter::default(), page).await.expect("users");
    assert_eq!((users.items.len(), users.total), (11, 11));
    let preferred: Vec<_> = users.items.iter().filter_map(|user| user.preferred_name.as_ref()).collect();
    assert_eq!(preferred.iter().map(|name| name.as_str()).collect::<Vec<_>>(), ["Carlita"]);
    let mut live = 0;
    for id in 1..=17 {
        let session = LoginSessionId::new(id).expect("a positive id");
        let caller = queries.caller(session).await.expect("a login session").expect("it is known");
        assert_eq!(caller.session.user, caller.user.id);
        live += usize::from(caller.session.ended_at.is_none());
    }
    assert_eq!(live, 11);
    let history = queries.login_history(user(3), Some("127.0.0.0/24"), None, Timestamp::UNIX_EPOCH).await;
    assert_eq!(history.expect("logins"), LoginHistory::Known);
    for user in users.items {
        assert!(user.email_verified_at.is_some(), "the address counts as verified");
        assert_eq!(user.second_factor_due_at.is_some(), user.is_admin() && !user.disabled);
        assert_eq!((user.second_factor_at, user.version), (None, 1));
    }
}

async fn calendars_are_readable(queries: &dyn Queries) {
    let services = queries.all_services().await.expect("services");
    let buffers: Vec<_> = services.iter().map(|service| (service.minutes, service.buffer_minutes)).collect();
    assert_eq!(buffers, [(50, 10), (80, 15), (20, 0), (120, 30)]);
    assert!(services.iter().all(|service| service.version == 1));
    let policy = queries.policy().await.expect("a policy");
    assert_eq!((policy.rules.daily_limit, policy.auto_complete, policy.version), (Some(12), false, 1));
    let exceptions = queries.schedule_exceptions(None).await.expect("schedule exceptions");
    let kinds = counts(exceptions.iter().map(|exception| match exception.what {
        ScheduleException::ClosedDates { .. } => "dates",
        ScheduleException::ClosedPeriod(_) => "period",
        ScheduleException::ExtraHours { .. } => "extra hours",
    }));
    assert_eq!(kinds, BTreeMap::from([("dates", 2), ("period", 1), ("extra hours", 2)]));
    let calendar = queries.calendar_settings(user(1)).await.expect("a calendar");
    assert_eq!((calendar.schedule.expect("working hours").version, calendar.exceptions.len()), (1, 3));
}

async fn bookings_are_readable(queries: &dyn Queries) {
    let request = BookingPageRequest { limit: 100, start: PageStart::Offset(0) };
    let bookings = queries.bookings(&BookingFilter::default(), request).await.expect("bookings");
    assert_eq!((bookings.items.len(), bookings.total), (67, 67));
    let states: Vec<_> = bookings.items.iter().map(|booking| (booking.status(), booking.payment_status())).collect();
    for (status, payment_status) in &states {
        let filter =
            BookingFilter { status: Some(*status), payment_status: Some(*payment_status), ..BookingFilter::default() };
        let total = queries.bookings(&filter, request).await.expect("bookings in one state").total;
        let counted = states.iter().filter(|state| **state == (*status, *payment_status)).count();
        assert_eq!(total, u64::try_from(counted).expect("a small number"), "{filter:?}");
    }
    let (mut notifications, mut actions) = (0, Vec::new());
    for booking in bookings.items.iter() {
        notifications += queries.notifications(booking.id()).await.expect("notifications").len();
        actions.extend(queries.history(booking.id()).await.expect("a history").into_iter().map(|entry| entry.action));
        assert!(queries.booking(booking.id()).await.expect("a booking").is_some());
    }
    assert_eq!(notifications, 233);
    let actions = counts(actions.iter().map(String::as_str));
    assert_eq!((actions.values().sum::<usize>(), actions["payment.unapplied"]), (196, 7));
    let ids: Vec<_> = bookings.items.iter().map(|booking| booking.id()).collect();
    let attendance = queries.attendance(&ids).await.expect("attendance");
    let viewers = attendance.iter().filter(|(_, event)| event.participant.is_some()).count();
    assert_eq!((attendance.len(), viewers), (15, 10));
}

async fn payments_are_readable(queries: &dyn Queries) {
    let (mut payments, mut refunds, mut lines) = (Vec::new(), Vec::new(), 0);
    for id in 1..=67 {
        payments.extend(queries.payments(booking(id)).await.expect("payments"));
        refunds.extend(queries.refunds(booking(id)).await.expect("refunds"));
        lines += queries.ledger(booking(id)).await.expect("the ledger").len();
    }
    assert_eq!(lines, 47);
    let states = [
        ("closed", 15),
        ("closing", 2),
        ("open", 2),
        ("opening", 1),
        ("processing", 1),
        ("settled", 26),
        ("unapplied", 7),
    ];
    assert_eq!(counts(payments.iter().map(|payment| payment.state.as_str())), BTreeMap::from(states));
    for payment in &payments {
        let found = queries.payment_by_checkout_id(payment.provider, &payment.provider_checkout_id).await;
        assert_eq!(found.expect("a payment").as_ref(), Some(payment));
    }
    let causes = [("cancelled", 8), ("external", 4), ("requested", 13), ("unapplied", 7)];
    assert_eq!(counts(refunds.iter().map(|refund| refund.cause.as_str())), BTreeMap::from(causes));
    let stages = [("failed", 4), ("pending", 5), ("queued", 7), ("retried", 4), ("succeeded", 12)];
    assert_eq!(counts(refunds.iter().map(|refund| refund.stage.as_str())), BTreeMap::from(stages));
    assert!(refunds.iter().any(|refund| refund.last_error.as_deref() == Some("earlier_refund_pending")));
    for refund in &refunds {
        let found = queries.find_refund("", Some(&refund.idempotency_key)).await.expect("a refund");
        assert_eq!(found.as_ref(), Some(refund));
    }
    let problems = queries.payment_problems(None, 50).await.expect("problems");
    assert_eq!(problems.len(), 8);
    assert!(problems.iter().any(|problem| problem.provider_reference.is_some()));
}

/// Stored responses of the fixture are replayed; the unfinished one is rendered again from its booking.
pub async fn responses_are_replayed(store: &dyn Store) {
    let mut work = store.begin().await.expect("a unit of work");
    let mut record = async |id, route: &str, key: &str| -> IdempotencyRecord {
        let key = IdempotencyKey { user: user(id), route: route.to_owned(), key: key.to_owned() };
        work.idempotency_record(&key).await.expect("a record").expect("it is stored")
    };
    let finished = record(4, "POST /api/bookings/23/cancel", "fx-cancel-t10").await;
    let response = finished.response.expect("a response");
    assert_eq!((response.status, response.body.starts_with(r#"{"id":23,"#)), (200, true));
    let unfinished = record(5, "POST /api/bookings", "fx-unfinished").await;
    assert_eq!((unfinished.response, unfinished.booking), (None, Some(booking(65))));
    assert_eq!(unfinished.request_hash, [0x5e; 32]);
}

/// The guards of the database are those of a new one.
pub async fn guards_still_refuse(store: &dyn Store, queries: &dyn Queries) {
    let existing = queries.booking(booking(4)).await.expect("a booking").expect("it is known").booking;
    let mut work = store.begin().await.expect("a unit of work");
    let id = work.next_booking_id().await.expect("an id");
    assert_eq!(id, booking(68));
    let mut record = existing.record().clone();
    (record.id, record.room) = (id, Some(room(id)));
    let overlapping = restored(record);
    assert!(work.add_booking(&overlapping).await.expect_err("it overlaps").is_conflict(Conflict::SlotTaken));

    let paid = queries.payments(booking(11)).await.expect("payments");
    let paid = paid.iter().find(|payment| payment.state.is_paid()).expect("one is paid").clone();
    let refund = NewRefund {
        amount: Money::new(paid.amount.minor() + 1, paid.amount.currency()).expect("an amount"),
        ..refund(&paid, "too large")
    };
    let mut work = store.begin().await.expect("a unit of work");
    assert!(work.add_refund(&refund).await.expect_err("it is too large").is_conflict(Conflict::RefundTooLarge));
    let mut work = store.begin().await.expect("a unit of work");
    let again = LedgerEntry {
        at: Timestamp::UNIX_EPOCH,
        booking: paid.booking,
        payment: paid.id,
        refund: None,
        kind: LedgerKind::Captured,
        amount: paid.amount,
    };
    assert!(work.add_ledger_entry(&again).await.expect_err("it is there").is_conflict(Conflict::LedgerUnbalanced));
}

/// Statements that the database has to refuse no matter who runs them.
pub const REFUSED: [&str; 4] = [
    "UPDATE ledger SET amount_minor = 1",
    "DELETE FROM ledger",
    "UPDATE audit_log SET action = 'booking.cancelled'",
    "DELETE FROM audit_log",
];
