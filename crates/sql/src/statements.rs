//! Statements that are the same on both databases. The columns are selected where a statement is run.

use attune_domain::{BookingId, BookingStatus, LoginSessionId, ParticipantId, PaymentProblemId, RefundId, UserId};
use attune_ports::{AccountKey, IdempotencyKey, Provider};
use diesel::dsl::auto_type;
use diesel::prelude::*;
use jiff::Timestamp;

use crate::map::millis;
use crate::schema::{
    attendance, audit_log, bookings, conferences, idempotency_keys, ledger, login_failures, login_sessions, outbox,
    participants, payment_problems, payments, refunds, schedules, services, users, weekly_hours,
};

/// Spelled like the condition of the index `bookings_holds`, and without a parameter: a plan that is made for any status
/// cannot use that index.
pub const IS_HELD: &str = "status = 'pending_payment'";

#[auto_type(no_type_alias)]
pub fn user_by_email(email: String) -> _ {
    users::table.filter(users::email.eq(email))
}

#[auto_type(no_type_alias)]
pub fn failures_of(account: &AccountKey) -> _ {
    let account: Vec<u8> = account.0.to_vec();
    login_failures::table.filter(login_failures::account.eq(account))
}

#[auto_type(no_type_alias)]
pub fn logins_from(user: UserId, network: String) -> _ {
    let user: i64 = user.get();
    login_sessions::table.filter(login_sessions::user_id.eq(user)).filter(login_sessions::network.eq(network))
}

/// All live login sessions of a user but one. No session has the id 0.
#[auto_type(no_type_alias)]
pub fn live_sessions(user: UserId, except: Option<LoginSessionId>) -> _ {
    let user: i64 = user.get();
    let except: i64 = except.map_or(0, LoginSessionId::get);
    login_sessions::table
        .filter(login_sessions::user_id.eq(user))
        .filter(login_sessions::ended_at.is_null())
        .filter(login_sessions::id.ne(except))
}

#[auto_type(no_type_alias)]
pub fn active_services() -> _ {
    services::table.filter(services::active).order(services::id)
}

/// The time zone and the hours in one statement, so that they belong to the same week.
#[auto_type(no_type_alias)]
pub fn week_of(therapist: UserId) -> _ {
    let therapist: i64 = therapist.get();
    schedules::table
        .left_join(weekly_hours::table)
        .filter(schedules::therapist_id.eq(therapist))
        .order((weekly_hours::weekday, weekly_hours::start_minute))
}

#[auto_type(no_type_alias)]
pub fn idempotency_record(key: &IdempotencyKey) -> _ {
    let (user, route, name): (i64, String, String) = (key.user.get(), key.route.clone(), key.key.clone());
    idempotency_keys::table
        .filter(idempotency_keys::user_id.eq(user))
        .filter(idempotency_keys::route.eq(route))
        .filter(idempotency_keys::key.eq(name))
}

#[auto_type(no_type_alias)]
pub fn booking_with_client(booking: BookingId) -> _ {
    let booking: i64 = booking.get();
    bookings::table.inner_join(users::table).filter(bookings::id.eq(booking))
}

#[auto_type(no_type_alias)]
pub fn booking_in_room(room: String) -> _ {
    bookings::table.inner_join(users::table).filter(bookings::room_id.eq(room))
}

#[auto_type(no_type_alias)]
pub fn participants_of(booking: BookingId) -> _ {
    let booking: i64 = booking.get();
    participants::table.filter(participants::booking_id.eq(booking)).order(participants::id)
}

/// A participant whose invitation is not revoked.
#[auto_type(no_type_alias)]
pub fn invited(participant: ParticipantId) -> _ {
    let participant: i64 = participant.get();
    participants::table.find(participant).filter(participants::revoked_at.is_null())
}

#[auto_type(no_type_alias)]
pub fn invitations_of(email: String, from: Timestamp, limit: u32) -> _ {
    let (scheduled, from, limit): (&'static str, i64, i64) =
        (BookingStatus::Scheduled.as_str(), millis(from), i64::from(limit));
    participants::table
        .inner_join(bookings::table)
        .filter(participants::email.eq(email))
        .filter(participants::revoked_at.is_null())
        .filter(bookings::status.eq(scheduled))
        .filter(bookings::scheduled_at.ge(from))
        .order((bookings::scheduled_at, participants::id))
        .limit(limit)
}

#[auto_type(no_type_alias)]
pub fn open_conferences_of(booking: BookingId) -> _ {
    let booking: i64 = booking.get();
    conferences::table.filter(conferences::booking_id.eq(booking)).filter(conferences::closed_at.is_null())
}

#[auto_type(no_type_alias)]
pub fn attendance_at(bookings: &[BookingId]) -> _ {
    let bookings: Vec<i64> = bookings.iter().map(|booking| booking.get()).collect();
    attendance::table.filter(attendance::booking_id.eq_any(bookings))
}

/// All payments of a booking, newest first.
#[auto_type(no_type_alias)]
pub fn payments_of(booking: BookingId) -> _ {
    let booking: i64 = booking.get();
    payments::table.filter(payments::booking_id.eq(booking)).order(payments::id.desc())
}

#[auto_type(no_type_alias)]
pub fn payment_by_checkout_id(provider: Provider, checkout: String) -> _ {
    let provider: &'static str = provider.as_str();
    payments::table.filter(payments::provider.eq(provider)).filter(payments::provider_checkout_id.eq(checkout))
}

#[auto_type(no_type_alias)]
pub fn payment_by_provider_id(provider: Provider, payment: String) -> _ {
    let provider: &'static str = provider.as_str();
    payments::table
        .filter(payments::provider.eq(provider))
        .filter(payments::provider_payment_id.eq(payment))
        .order(payments::id)
}

#[auto_type(no_type_alias)]
pub fn payments_due_for_polling(now: Timestamp, limit: u32) -> _ {
    let (now, limit): (i64, i64) = (millis(now), i64::from(limit));
    payments::table.filter(payments::check_at.le(now)).order((payments::check_at, payments::id)).limit(limit)
}

/// All refunds of a booking, oldest first.
#[auto_type(no_type_alias)]
pub fn refunds_of(booking: BookingId) -> _ {
    let booking: i64 = booking.get();
    refunds::table.filter(refunds::booking_id.eq(booking)).order(refunds::id)
}

#[auto_type(no_type_alias)]
pub fn refunds_known_as(provider_refund: String, key: Option<String>) -> _ {
    refunds::table
        .filter(refunds::provider_refund_id.eq(provider_refund).or(refunds::idempotency_key.nullable().eq(key)))
}

#[auto_type(no_type_alias)]
pub fn refunds_due(now: Timestamp, limit: u32) -> _ {
    let (now, limit): (i64, i64) = (millis(now), i64::from(limit));
    refunds::table.filter(refunds::next_at.le(now)).order((refunds::next_at, refunds::id)).limit(limit)
}

#[auto_type(no_type_alias)]
pub fn ledger_of(booking: BookingId) -> _ {
    let booking: i64 = booking.get();
    ledger::table.filter(ledger::booking_id.eq(booking)).order(ledger::id)
}

#[auto_type(no_type_alias)]
pub fn open_problems(limit: u32) -> _ {
    let limit: i64 = i64::from(limit);
    payment_problems::table.filter(payment_problems::resolved_at.is_null()).order(payment_problems::id).limit(limit)
}

#[auto_type(no_type_alias)]
pub fn open_problem(problem: PaymentProblemId) -> _ {
    let problem: i64 = problem.get();
    payment_problems::table.find(problem).filter(payment_problems::resolved_at.is_null())
}

#[auto_type(no_type_alias)]
pub fn open_problems_of(refund: RefundId) -> _ {
    let refund: i64 = refund.get();
    payment_problems::table
        .filter(payment_problems::refund_id.eq(refund))
        .filter(payment_problems::resolved_at.is_null())
}

#[auto_type(no_type_alias)]
pub fn notifications_of(booking: BookingId) -> _ {
    let booking: i64 = booking.get();
    outbox::table.filter(outbox::booking_id.eq(booking)).order(outbox::id)
}

#[auto_type(no_type_alias)]
pub fn history_of(object_kind: &'static str, object: i64) -> _ {
    audit_log::table
        .filter(audit_log::object_kind.eq(object_kind))
        .filter(audit_log::object_id.eq(object))
        .order(audit_log::id)
}
