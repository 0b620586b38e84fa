//! Statements that are the same on both databases. The columns are selected where a statement is run.

use attune_domain::login_session::DeviceId;
use attune_domain::notification::{IMPLAUSIBLE_DELAY, REMINDER_CUTOFF};
use attune_domain::{
    BookingId, BookingStatus, EmailAddress, LoginSessionId, NotificationId, OneTimePurpose, OneTimeTokenId,
    ParticipantId, PaymentProblemId, RefundId, UserId,
};
use attune_ports::{AttemptKey, IdempotencyKey, Provider, TokenHash};
use diesel::dsl::{auto_type, max};
use diesel::helper_types::{self, Select};
use diesel::prelude::*;
use jiff::{SignedDuration, Timestamp};

use crate::map::{begins_after, millis};
use crate::schema::{
    attempts, attendance, audit_log, bookings, change_reasons, conferences, idempotency_keys, ledger, login_sessions,
    one_time_tokens, outbox, participants, payment_problems, payments, recovery_codes, refresh_tokens, refunds,
    schedules, services, users, weekly_hours,
};

/// Spelled like the condition of the index `bookings_holds`, and without a parameter: a plan that is made for any status
/// cannot use that index.
pub const IS_HELD: &str = "status = 'pending_payment'";

/// Counts what waits, for [`crate::BacklogRow`]. Each number comes from an index that contains only what waits, so what is
/// done costs nothing, however much it is.
pub const COUNT_BACKLOG: &str = "SELECT \
    (SELECT count(*) FROM outbox WHERE state = 'pending') AS pending_emails, \
    (SELECT min(next_at) FROM outbox WHERE state = 'pending') AS first_email_due, \
    (SELECT count(*) FROM outbox WHERE state = 'dead') AS dead_emails, \
    (SELECT count(*) FROM outbox WHERE state = 'held') AS held_emails, \
    (SELECT count(*) FROM bookings WHERE status = 'pending_payment' AND payment_status <> 'processing') AS holds, \
    (SELECT min(hold_expires_at) FROM bookings \
        WHERE status = 'pending_payment' AND payment_status <> 'processing') AS first_hold_expiry, \
    (SELECT count(*) FROM payment_problems WHERE resolved_at IS NULL) AS payment_problems, \
    (SELECT count(*) FROM conferences WHERE closed_at IS NULL) AS conferences";

/// Spelled like the condition of the index `one_time_tokens_undo`, for the same reason.
pub const IS_UNDO: &str = "purpose = 'undo_email'";

/// The statements of [`attune_ports::Outbox::correct_notifications`]. The first two change emails as
/// [`attune_domain::notification::Notification::corrected`] says. They have no parameters, because they run so rarely that
/// no plan needs to be kept.
pub fn correct_notifications(now: Timestamp) -> [String; 3] {
    let after = |delay: SignedDuration| millis(now.saturating_add(delay).unwrap_or(Timestamp::MAX));
    let (implausible, expires, now) = (after(IMPLAUSIBLE_DELAY), after(REMINDER_CUTOFF), millis(now));
    const PENDING: &str = "UPDATE outbox SET state = 'pending', attempts = 0, last_error = NULL, lease_token = NULL, \
         lease_until = NULL, next_at =";
    [
        format!(
            "{PENDING} send_after WHERE kind = 'reminder' \
             AND booking_id IN (SELECT id FROM bookings WHERE scheduled_at > {now}) \
             AND (state = 'expired' AND starts_at > {expires} OR state = 'skipped' AND send_after > {now}) \
             OR (kind = 'reminder' OR booking_id IS NULL) \
             AND state = 'pending' AND next_at > send_after AND next_at > {implausible}"
        ),
        format!(
            "{PENDING} {now} WHERE kind <> 'reminder' AND booking_id IS NOT NULL \
             AND state = 'pending' AND next_at > {implausible}"
        ),
        format!(
            "UPDATE outbox SET lease_token = NULL, lease_until = NULL \
             WHERE state = 'pending' AND lease_until > {implausible}"
        ),
    ]
}

/// The login session of a token, with its user.
#[auto_type(no_type_alias)]
pub fn session_of_token(token: &TokenHash) -> _ {
    let hash: Vec<u8> = token.0.to_vec();
    let session = refresh_tokens::table.filter(refresh_tokens::hash.eq(hash)).select(refresh_tokens::session_id);
    login_sessions::table.inner_join(users::table).filter(login_sessions::id.nullable().eq(session.single_value()))
}

#[auto_type(no_type_alias)]
pub fn user_by_email(email: String) -> _ {
    users::table.filter(users::email.eq(email))
}

/// Accounts from before there was a search, or whose address or names another program wrote; see [`crate::search_texts`].
#[auto_type(no_type_alias)]
pub fn users_without_search_text() -> _ {
    users::table.filter(users::search_text.is_null()).select((
        users::id,
        users::email,
        users::preferred_name,
        users::first_name,
        users::last_name,
    ))
}

/// The highest id of a booking.
pub fn last_booking() -> Select<bookings::table, helper_types::max<bookings::id>> {
    bookings::table.select(max(bookings::id))
}

#[auto_type(no_type_alias)]
pub fn attempts_of(key: &AttemptKey) -> _ {
    let key: Vec<u8> = key.0.to_vec();
    attempts::table.filter(attempts::key.eq(key))
}

#[auto_type(no_type_alias)]
pub fn logins_of(user: UserId) -> _ {
    let user: i64 = user.get();
    login_sessions::table.filter(login_sessions::user_id.eq(user))
}

/// None without a network.
#[auto_type(no_type_alias)]
pub fn logins_from(user: UserId, network: Option<String>, since: Timestamp) -> _ {
    let (user, since): (i64, i64) = (user.get(), millis(since));
    login_sessions::table
        .filter(login_sessions::user_id.eq(user))
        .filter(login_sessions::network.eq(network))
        .filter(login_sessions::created_at.ge(since))
}

/// None without a device.
#[auto_type(no_type_alias)]
pub fn logins_with(user: UserId, device: Option<&DeviceId>, since: Timestamp) -> _ {
    let (user, since): (i64, i64) = (user.get(), millis(since));
    let device: Option<Vec<u8>> = device.map(|device| device.0.to_vec());
    login_sessions::table
        .filter(login_sessions::user_id.eq(user))
        .filter(login_sessions::device.eq(device))
        .filter(login_sessions::created_at.ge(since))
}

#[auto_type(no_type_alias)]
pub fn open_tokens(user: UserId) -> _ {
    let user: i64 = user.get();
    one_time_tokens::table.filter(one_time_tokens::user_id.eq(user)).filter(one_time_tokens::ended_at.is_null())
}

#[auto_type(no_type_alias)]
pub fn open_tokens_for(user: UserId, purposes: &[OneTimePurpose], created_from: Timestamp) -> _ {
    let (user, from): (i64, i64) = (user.get(), millis(created_from));
    let purposes: Vec<&'static str> = purposes.iter().map(|purpose| purpose.as_str()).collect();
    one_time_tokens::table
        .filter(one_time_tokens::user_id.eq(user))
        .filter(one_time_tokens::purpose.eq_any(purposes))
        .filter(one_time_tokens::created_at.ge(from))
        .filter(one_time_tokens::ended_at.is_null())
}

#[auto_type(no_type_alias)]
pub fn token_issued_at(user: UserId, purpose: OneTimePurpose, created_at: Timestamp) -> _ {
    let (user, purpose, at): (i64, &'static str, i64) = (user.get(), purpose.as_str(), millis(created_at));
    one_time_tokens::table
        .filter(one_time_tokens::user_id.eq(user))
        .filter(one_time_tokens::purpose.eq(purpose))
        .filter(one_time_tokens::created_at.eq(at))
}

#[auto_type(no_type_alias)]
pub fn unused_token(id: OneTimeTokenId) -> _ {
    let id: i64 = id.get();
    one_time_tokens::table.find(id).filter(one_time_tokens::ended_at.is_null())
}

/// Live tokens that were mailed to an address, to be filtered by [`IS_UNDO`].
#[auto_type(no_type_alias)]
pub fn live_tokens_to(email: &EmailAddress, now: Timestamp) -> _ {
    let (email, now): (String, i64) = (email.as_str().to_owned(), millis(now));
    one_time_tokens::table
        .filter(one_time_tokens::email.eq(email))
        .filter(one_time_tokens::expires_at.gt(now))
        .filter(one_time_tokens::ended_at.is_null())
}

#[auto_type(no_type_alias)]
pub fn recovery_codes_of(user: UserId) -> _ {
    let user: i64 = user.get();
    recovery_codes::table.filter(recovery_codes::user_id.eq(user))
}

#[auto_type(no_type_alias)]
pub fn recovery_code(user: UserId, code: &TokenHash) -> _ {
    let (user, hash): (i64, Vec<u8>) = (user.get(), code.0.to_vec());
    recovery_codes::table.find((user, hash))
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

/// Bookings that reach into a period, by their start. Whether their status blocks the calendar is left to the caller.
#[auto_type(no_type_alias)]
pub fn bookings_within(therapist: UserId, from: Timestamp, until: Timestamp) -> _ {
    let (therapist, start, end): (i64, i64, i64) = (therapist.get(), millis(from), millis(until));
    let earliest: i64 = begins_after(from);
    bookings::table
        .filter(bookings::therapist_id.eq(therapist))
        .filter(bookings::scheduled_at.gt(earliest))
        .filter(bookings::scheduled_at.lt(end))
        .filter(bookings::blocked_until.gt(start))
        .order(bookings::scheduled_at)
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

/// An email and those that were sent, or should have been, together with it.
#[auto_type(no_type_alias)]
pub fn emails_to_retry(id: NotificationId) -> _ {
    let id: i64 = id.get();
    let retried: [&'static str; 4] = ["held", "sent", "expired", "dead"];
    let others = outbox::lead_id.eq(id).assume_not_null().and(outbox::state.eq_any(retried));
    outbox::table.filter(outbox::id.eq(id).or(others))
}

/// These emails, which are due, and the pending ones that are sent together with them.
#[auto_type(no_type_alias)]
pub fn leased_with(due: Vec<i64>) -> _ {
    let leads: Vec<i64> = due.clone();
    outbox::table.filter(
        outbox::id.eq_any(due).or(outbox::lead_id.eq_any(leads).assume_not_null().and(outbox::state.eq("pending"))),
    )
}

/// An email and those that are sent together with it, if they wait and no worker is sending them at this instant.
#[auto_type(no_type_alias)]
pub fn email_to_cancel(id: NotificationId, now: Timestamp) -> _ {
    let (id, now): (i64, i64) = (id.get(), millis(now));
    let waiting: [&'static str; 2] = ["pending", "held"];
    outbox::table
        .filter(outbox::id.eq(id).or(outbox::lead_id.eq(id).assume_not_null()))
        .filter(outbox::state.eq_any(waiting))
        .filter(outbox::lease_until.is_null().or(outbox::lease_until.le(now).assume_not_null()))
}

/// The pending reminders of a booking that no worker is sending at this instant.
#[auto_type(no_type_alias)]
pub fn reminders_to_cancel(booking: BookingId, now: Timestamp) -> _ {
    let (booking, now): (i64, i64) = (booking.get(), millis(now));
    outbox::table
        .filter(outbox::booking_id.eq(booking))
        .filter(outbox::kind.eq("reminder"))
        .filter(outbox::state.eq("pending"))
        .filter(outbox::lease_until.is_null().or(outbox::lease_until.le(now).assume_not_null()))
}

/// Emails of these kinds that were sent to these users after an instant.
#[auto_type(no_type_alias)]
pub fn emails_to_users(users: Vec<i64>, kinds: Vec<&'static str>, since: Timestamp) -> _ {
    let since: i64 = millis(since);
    outbox::table
        .filter(outbox::recipient_id.eq_any(users))
        .filter(outbox::kind.eq_any(kinds))
        .filter(outbox::sent_at.gt(since))
}

/// Emails of these kinds that were sent to these participants after an instant.
#[auto_type(no_type_alias)]
pub fn emails_to_participants(participants: Vec<i64>, kinds: Vec<&'static str>, since: Timestamp) -> _ {
    let since: i64 = millis(since);
    outbox::table
        .filter(outbox::participant_id.eq_any(participants))
        .filter(outbox::kind.eq_any(kinds))
        .filter(outbox::sent_at.gt(since))
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

/// Those of a therapist's bookings.
#[auto_type(no_type_alias)]
pub fn open_problems_with(therapist: UserId, limit: u32) -> _ {
    let (therapist, limit): (i64, i64) = (therapist.get(), i64::from(limit));
    payment_problems::table
        .inner_join(bookings::table)
        .filter(payment_problems::resolved_at.is_null())
        .filter(bookings::therapist_id.eq(therapist))
        .order(payment_problems::id)
        .limit(limit)
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
pub fn reasons_of(booking: BookingId) -> _ {
    let booking: i64 = booking.get();
    change_reasons::table
        .filter(change_reasons::booking_id.eq(booking))
        .order(change_reasons::version)
        .select((change_reasons::version, change_reasons::reason))
}

#[auto_type(no_type_alias)]
pub fn history_of(object_kind: &'static str, object: i64) -> _ {
    audit_log::table
        .filter(audit_log::object_kind.eq(object_kind))
        .filter(audit_log::object_id.eq(object))
        .order(audit_log::id)
}
