//! The read side, on the readers' threads. The write-ahead log lets them read while the writer writes.
//!
//! What a key finds is asked for by `get_result`, never by `first`: that adds a `LIMIT` with a bound number, and SQLite
//! plans with the number, so it prepares such a statement anew for each run, which costs several times the look-up.

use async_trait::async_trait;
use attune_domain::calendar::Interval;
use attune_domain::meeting::AttendanceEvent;
use attune_domain::notification::Notification;
use attune_domain::{
    Booking, BookingId, BookingStatus, ConferenceId, EmailAddress, LoginSessionId, Participant, ParticipantId,
    PaymentStatus, PracticePolicy, Role, Service, User, UserId,
};
use attune_ports::{
    AccountKey, AuditEntry, AuditObject, BookingFilter, BookingPage, BookingPageRequest, BookingView, CalendarSettings,
    Caller, Conference, Credentials, LedgerEntry, LedgerSum, OutboxHealth, Page, PageRequest, PageStart, Payment,
    PaymentProblem, Provider, Queries, Refund, StoreError, StoredScheduleException, UserFilter,
};
use attune_sql::lists::{BookingList, PageQuery, PageRow, Phrase, TotalQuery, backwards, page_of, rows_for};
use attune_sql::schema::{
    attendance, audit_log, bookings, conferences, ledger, login_failures, login_sessions, outbox, participants,
    payment_problems, payments, practice_policy, refunds, schedule_exceptions, schedules, services, users,
    weekly_hours,
};
use attune_sql::{
    AttendanceRow, AuditRow, BookingRow, ConferenceRow, HoursRow, LedgerRow, LedgerSumRow, NoticeRow, ParticipantRow,
    PaymentRow, PolicyRow, ProblemRow, RefundRow, ServiceRow, SessionRow, TimeOffRow, UserRow, begins_after, interval,
    millis, schedule_of,
};
use diesel::dsl::{exists, select, sql, sql_query};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool};
use diesel::sqlite::{Sqlite, SqliteConnection};
use jiff::Timestamp;

use crate::error::{identity, store_error};
use crate::statements::{begin_reading, end_reading};
use crate::store::SqliteStore;
use crate::unit_of_work::bookings::BLOCKS_CALENDAR;

#[derive(QueryableByName)]
struct OutboxCounts {
    #[diesel(sql_type = BigInt)]
    pending: i64,
    #[diesel(sql_type = BigInt)]
    overdue: i64,
    #[diesel(sql_type = BigInt)]
    dead: i64,
}

/// Each count walks only the part of the outbox that an index holds, so mails sent long ago cost nothing.
const COUNT_OUTBOX: &str = "SELECT \
    (SELECT count(*) FROM outbox WHERE state = 'pending') AS pending, \
    (SELECT count(*) FROM outbox WHERE state = 'pending' AND next_at < ?) AS overdue, \
    (SELECT count(*) FROM outbox WHERE state = 'dead') AS dead";

/// A quarter of an hour has 900,000 milliseconds. Of an instant before 1970, too, the rest is what passed since its
/// quarter began.
const SUM_LEDGER: &str = "SELECT at - (at % 900000 + 900000) % 900000 AS quarter, kind, currency, \
    sum(amount_minor) AS minor, count(*) AS lines \
    FROM ledger WHERE at >= ? AND at < ? GROUP BY 1, 2, 3 ORDER BY 1, 2, 3";

#[async_trait]
impl Queries for SqliteStore {
    /// Reads the file, not only the connection.
    async fn ping(&self) -> Result<(), StoreError> {
        self.readers
            .ask(|connection| {
                sql_query("SELECT count(*) FROM sqlite_schema").execute(connection).map_err(store_error)?;
                Ok(())
            })
            .await
    }

    async fn caller(&self, session: LoginSessionId) -> Result<Option<Caller>, StoreError> {
        self.lookups.look(move |connection| find_caller(connection, session)).await
    }

    async fn caller_and_booking(
        &self,
        session: LoginSessionId,
        booking: BookingId,
    ) -> Result<Option<(Caller, Option<Booking>)>, StoreError> {
        self.lookups
            .look(move |connection| {
                let Some(caller) = find_caller(connection, session)? else { return Ok(None) };
                let row: Option<BookingRow> = bookings::table
                    .find(booking.get())
                    .select(BookingRow::as_select())
                    .get_result(connection)
                    .optional()
                    .map_err(store_error)?;
                Ok(Some((caller, row.map(Booking::try_from).transpose()?)))
            })
            .await
    }

    async fn credentials(&self, email: &EmailAddress) -> Result<Option<Credentials>, StoreError> {
        let email = email.as_str().to_owned();
        self.lookups
            .look(move |connection| {
                users::table
                    .filter(users::email.eq(email))
                    .select(UserRow::as_select())
                    .get_result(connection)
                    .optional()
                    .map_err(store_error)?
                    .map(Credentials::try_from)
                    .transpose()
            })
            .await
    }

    async fn credentials_of(&self, user: UserId) -> Result<Option<Credentials>, StoreError> {
        self.lookups.look(move |connection| find_user(connection, user)?.map(Credentials::try_from).transpose()).await
    }

    async fn login_failures(&self, account: &AccountKey, since: Timestamp) -> Result<u64, StoreError> {
        let account = account.0.to_vec();
        self.readers
            .ask(move |connection| {
                let failures = login_failures::table
                    .filter(login_failures::account.eq(account))
                    .filter(login_failures::at.ge(millis(since)))
                    .count()
                    .get_result(connection)
                    .map_err(store_error)?;
                count(failures)
            })
            .await
    }

    async fn network_is_known(&self, user: UserId, network: &str) -> Result<bool, StoreError> {
        let network = network.to_owned();
        self.readers
            .ask(move |connection| {
                let logins = login_sessions::table
                    .filter(login_sessions::user_id.eq(user.get()))
                    .filter(login_sessions::network.eq(network));
                select(exists(logins)).get_result(connection).map_err(store_error)
            })
            .await
    }

    async fn user(&self, id: UserId) -> Result<Option<User>, StoreError> {
        self.lookups.look(move |connection| find_user(connection, id)?.map(User::try_from).transpose()).await
    }

    async fn people(&self, ids: &[UserId]) -> Result<Vec<User>, StoreError> {
        let ids: Vec<i64> = ids.iter().map(|id| id.get()).collect();
        self.readers
            .ask(move |connection| {
                let rows: Vec<UserRow> = users::table
                    .filter(users::id.eq_any(&ids))
                    .select(UserRow::as_select())
                    .load(connection)
                    .map_err(store_error)?;
                rows.into_iter().map(User::try_from).collect()
            })
            .await
    }

    async fn users(&self, filter: &UserFilter, page: PageRequest) -> Result<Page<User>, StoreError> {
        let filter = *filter;
        self.readers.ask(move |connection| snapshot(connection, |c| list_users(c, &filter, page))).await
    }

    async fn default_therapist(&self) -> Result<Option<UserId>, StoreError> {
        self.lookups
            .look(|connection| {
                users::table
                    .filter(sql::<Bool>(ENABLED_ADMIN))
                    .order(users::id)
                    .select(users::id)
                    .get_result(connection)
                    .optional()
                    .map_err(store_error)?
                    .map(|id| identity(UserId::new(id)))
                    .transpose()
            })
            .await
    }

    async fn services(&self) -> Result<Vec<Service>, StoreError> {
        self.readers
            .ask(|connection| {
                services::table
                    .filter(services::active)
                    .order(services::id)
                    .select(ServiceRow::as_select())
                    .load(connection)
                    .map_err(store_error)?
                    .into_iter()
                    .map(Service::try_from)
                    .collect()
            })
            .await
    }

    async fn all_services(&self) -> Result<Vec<Service>, StoreError> {
        self.readers
            .ask(|connection| {
                services::table
                    .order(services::id)
                    .select(ServiceRow::as_select())
                    .load(connection)
                    .map_err(store_error)?
                    .into_iter()
                    .map(Service::try_from)
                    .collect()
            })
            .await
    }

    async fn calendar_settings(&self, therapist: UserId) -> Result<CalendarSettings, StoreError> {
        self.readers
            .ask(move |connection| {
                // The zone and the hours in one statement, so that they belong to one week.
                let week = schedules::table
                    .left_join(weekly_hours::table)
                    .filter(schedules::therapist_id.eq(therapist.get()))
                    .order((weekly_hours::weekday, weekly_hours::start_minute))
                    .select((schedules::time_zone, Option::<HoursRow>::as_select()))
                    .load(connection)
                    .map_err(store_error)?;
                Ok(CalendarSettings {
                    schedule: schedule_of(week)?,
                    time_off: list_time_off(connection, Some(therapist))?.into_iter().map(|entry| entry.what).collect(),
                    policy: find_policy(connection)?,
                })
            })
            .await
    }

    async fn policy(&self) -> Result<PracticePolicy, StoreError> {
        self.lookups.look(find_policy).await
    }

    async fn time_off(&self, therapist: Option<UserId>) -> Result<Vec<StoredScheduleException>, StoreError> {
        self.readers.ask(move |connection| list_time_off(connection, therapist)).await
    }

    async fn taken(
        &self,
        therapist: UserId,
        from: Timestamp,
        until: Timestamp,
        now: Timestamp,
    ) -> Result<Vec<Interval>, StoreError> {
        self.readers
            .ask(move |connection| {
                let still_wanted = bookings::status
                    .ne(BookingStatus::PendingPayment.as_str())
                    .or(bookings::payment_status.eq(PaymentStatus::Processing.as_str()))
                    .or(bookings::hold_expires_at.gt(millis(now)).assume_not_null());
                bookings::table
                    .filter(bookings::therapist_id.eq(therapist.get()))
                    .filter(sql::<Bool>(BLOCKS_CALENDAR))
                    // Nothing takes up more than a day, so what began earlier is over.
                    .filter(bookings::scheduled_at.gt(begins_after(from)))
                    .filter(bookings::scheduled_at.lt(millis(until)))
                    .filter(bookings::blocked_until.gt(millis(from)))
                    .filter(still_wanted)
                    .order(bookings::scheduled_at)
                    .select((bookings::scheduled_at, bookings::blocked_until))
                    .load(connection)
                    .map_err(store_error)?
                    .into_iter()
                    .map(interval)
                    .collect()
            })
            .await
    }

    async fn booking(&self, id: BookingId) -> Result<Option<BookingView>, StoreError> {
        self.lookups
            .look(move |connection| {
                bookings::table
                    .inner_join(users::table)
                    .filter(bookings::id.eq(id.get()))
                    .select((BookingRow::as_select(), UserRow::as_select()))
                    .get_result::<(BookingRow, UserRow)>(connection)
                    .optional()
                    .map_err(store_error)?
                    .map(|(booking, client)| booking.into_view(client))
                    .transpose()
            })
            .await
    }

    async fn bookings(&self, filter: &BookingFilter, page: BookingPageRequest) -> Result<BookingPage, StoreError> {
        let filter = *filter;
        self.readers.ask(move |connection| list_bookings(connection, &filter, page)).await
    }

    async fn payments(&self, booking: BookingId) -> Result<Vec<Payment>, StoreError> {
        self.readers.ask(move |connection| list_payments(connection, booking)).await
    }

    async fn payment_by_checkout_id(&self, provider: Provider, reference: &str) -> Result<Option<Payment>, StoreError> {
        let reference = reference.to_owned();
        self.lookups.look(move |connection| find_payment(connection, provider, &reference)).await
    }

    async fn refunds(&self, booking: BookingId) -> Result<Vec<Refund>, StoreError> {
        self.readers.ask(move |connection| list_refunds(connection, booking)).await
    }

    async fn find_refund(&self, reference: &str, key: Option<&str>) -> Result<Option<Refund>, StoreError> {
        let (reference, key) = (reference.to_owned(), key.map(str::to_owned));
        self.readers
            .ask(move |connection| {
                let known = refunds::table
                    .filter(refunds::provider_refund_id.eq(reference).or(refunds::idempotency_key.nullable().eq(key)))
                    .select(RefundRow::as_select())
                    .load(connection)
                    .map_err(store_error)?;
                let known: Vec<_> = known.into_iter().map(Refund::try_from).collect::<Result<_, _>>()?;
                Ok(known.into_iter().min_by_key(|refund| refund.id))
            })
            .await
    }

    async fn payment_by_provider_id(&self, provider: Provider, charge: &str) -> Result<Option<Payment>, StoreError> {
        let charge = charge.to_owned();
        self.readers
            .ask(move |connection| {
                payments::table
                    .filter(payments::provider.eq(provider.as_str()))
                    .filter(payments::provider_payment_id.eq(charge))
                    .order(payments::id)
                    .select(PaymentRow::as_select())
                    .get_result(connection)
                    .optional()
                    .map_err(store_error)?
                    .map(Payment::try_from)
                    .transpose()
            })
            .await
    }

    async fn payments_due_for_polling(&self, now: Timestamp, limit: u32) -> Result<Vec<Payment>, StoreError> {
        self.readers
            .ask(move |connection| {
                payments::table
                    .filter(payments::check_at.le(millis(now)))
                    .order((payments::check_at, payments::id))
                    .limit(i64::from(limit))
                    .select(PaymentRow::as_select())
                    .load(connection)
                    .map_err(store_error)?
                    .into_iter()
                    .map(Payment::try_from)
                    .collect()
            })
            .await
    }

    async fn refunds_due(&self, now: Timestamp, limit: u32) -> Result<Vec<Refund>, StoreError> {
        self.readers
            .ask(move |connection| {
                refunds::table
                    .filter(refunds::next_at.le(millis(now)))
                    .order((refunds::next_at, refunds::id))
                    .limit(i64::from(limit))
                    .select(RefundRow::as_select())
                    .load(connection)
                    .map_err(store_error)?
                    .into_iter()
                    .map(Refund::try_from)
                    .collect()
            })
            .await
    }

    async fn ledger(&self, booking: BookingId) -> Result<Vec<LedgerEntry>, StoreError> {
        self.readers
            .ask(move |connection| {
                ledger::table
                    .filter(ledger::booking_id.eq(booking.get()))
                    .order(ledger::id)
                    .select(LedgerRow::as_select())
                    .load(connection)
                    .map_err(store_error)?
                    .into_iter()
                    .map(LedgerEntry::try_from)
                    .collect()
            })
            .await
    }

    async fn ledger_sums(&self, from: Timestamp, until: Timestamp) -> Result<Vec<LedgerSum>, StoreError> {
        self.readers
            .ask(move |connection| {
                let sums: Vec<LedgerSumRow> = sql_query(SUM_LEDGER)
                    .bind::<BigInt, _>(millis(from))
                    .bind::<BigInt, _>(millis(until))
                    .load(connection)
                    .map_err(store_error)?;
                sums.into_iter().map(LedgerSum::try_from).collect()
            })
            .await
    }

    async fn payment_problems(&self, limit: u32) -> Result<Vec<PaymentProblem>, StoreError> {
        self.readers
            .ask(move |connection| {
                payment_problems::table
                    .filter(payment_problems::resolved_at.is_null())
                    .order(payment_problems::id)
                    .limit(i64::from(limit))
                    .select(ProblemRow::as_select())
                    .load(connection)
                    .map_err(store_error)?
                    .into_iter()
                    .map(PaymentProblem::try_from)
                    .collect()
            })
            .await
    }

    async fn notices(&self, booking: BookingId) -> Result<Vec<Notification>, StoreError> {
        self.readers
            .ask(move |connection| {
                outbox::table
                    .filter(outbox::booking_id.eq(booking.get()))
                    .order(outbox::id)
                    .select(NoticeRow::as_select())
                    .load(connection)
                    .map_err(store_error)?
                    .into_iter()
                    .map(Notification::try_from)
                    .collect()
            })
            .await
    }

    async fn history(&self, booking: BookingId) -> Result<Vec<AuditEntry>, StoreError> {
        let (kind, id) = AuditObject::Booking(booking).as_parts();
        self.readers
            .ask(move |connection| {
                audit_log::table
                    .filter(audit_log::object_kind.eq(kind))
                    .filter(audit_log::object_id.eq(id))
                    .order(audit_log::id)
                    .select(AuditRow::as_select())
                    .load(connection)
                    .map_err(store_error)?
                    .into_iter()
                    .map(AuditEntry::try_from)
                    .collect()
            })
            .await
    }

    async fn booking_by_room(&self, room_id: &str) -> Result<Option<BookingView>, StoreError> {
        let room_id = room_id.to_owned();
        self.lookups
            .look(move |connection| {
                bookings::table
                    .inner_join(users::table)
                    .filter(bookings::room_id.eq(room_id))
                    .select((BookingRow::as_select(), UserRow::as_select()))
                    .get_result::<(BookingRow, UserRow)>(connection)
                    .optional()
                    .map_err(store_error)?
                    .map(|(booking, client)| booking.into_view(client))
                    .transpose()
            })
            .await
    }

    async fn participant(&self, id: ParticipantId) -> Result<Option<Participant>, StoreError> {
        self.lookups.look(move |connection| find_participant(connection, id)).await
    }

    async fn participants(&self, booking: BookingId) -> Result<Vec<Participant>, StoreError> {
        self.readers
            .ask(move |connection| {
                participants::table
                    .filter(participants::booking_id.eq(booking.get()))
                    .order(participants::id)
                    .select(ParticipantRow::as_select())
                    .load(connection)
                    .map_err(store_error)?
                    .into_iter()
                    .map(Participant::try_from)
                    .collect()
            })
            .await
    }

    async fn invitations_of(
        &self,
        email: &EmailAddress,
        from: Timestamp,
        limit: u32,
    ) -> Result<Vec<Participant>, StoreError> {
        let email = email.as_str().to_owned();
        self.readers
            .ask(move |connection| {
                participants::table
                    .inner_join(bookings::table)
                    .filter(participants::email.eq(email))
                    .filter(participants::revoked_at.is_null())
                    .filter(bookings::status.eq(BookingStatus::Scheduled.as_str()))
                    .filter(bookings::scheduled_at.ge(millis(from)))
                    .order((bookings::scheduled_at, participants::id))
                    .limit(i64::from(limit))
                    .select(ParticipantRow::as_select())
                    .load(connection)
                    .map_err(store_error)?
                    .into_iter()
                    .map(Participant::try_from)
                    .collect()
            })
            .await
    }

    async fn conference(&self, id: ConferenceId) -> Result<Option<Conference>, StoreError> {
        self.lookups
            .look(move |connection| {
                conferences::table
                    .find(id.get())
                    .select(ConferenceRow::as_select())
                    .get_result(connection)
                    .optional()
                    .map_err(store_error)?
                    .map(Conference::try_from)
                    .transpose()
            })
            .await
    }

    async fn attendance(&self, bookings: &[BookingId]) -> Result<Vec<(BookingId, AttendanceEvent)>, StoreError> {
        let ids: Vec<_> = bookings.iter().map(|booking| booking.get()).collect();
        self.readers
            .ask(move |connection| {
                let rows = attendance::table
                    .filter(attendance::booking_id.eq_any(ids))
                    .select(AttendanceRow::as_select())
                    .load(connection)
                    .map_err(store_error)?;
                AttendanceRow::into_facts(rows)
            })
            .await
    }

    async fn outbox_health(&self, overdue_before: Timestamp) -> Result<OutboxHealth, StoreError> {
        self.readers
            .ask(move |connection| {
                let counts: OutboxCounts = sql_query(COUNT_OUTBOX)
                    .bind::<BigInt, _>(millis(overdue_before))
                    .get_result(connection)
                    .map_err(store_error)?;
                Ok(OutboxHealth {
                    pending: count(counts.pending)?,
                    overdue: count(counts.overdue)?,
                    dead: count(counts.dead)?,
                })
            })
            .await
    }
}

/// Spelled like the condition of the index `users_enabled_admins`, or SQLite would not use it.
pub(crate) const ENABLED_ADMIN: &str = "is_admin = 1 AND disabled = 0";

/// The attempt with the provider's reference, for both sides of the store.
pub(crate) fn find_payment(
    connection: &mut SqliteConnection,
    provider: Provider,
    reference: &str,
) -> Result<Option<Payment>, StoreError> {
    payments::table
        .filter(payments::provider.eq(provider.as_str()))
        .filter(payments::provider_checkout_id.eq(reference))
        .select(PaymentRow::as_select())
        .get_result(connection)
        .optional()
        .map_err(store_error)?
        .map(Payment::try_from)
        .transpose()
}

/// All attempts to collect a booking's price, newest first, for both sides of the store.
pub(crate) fn list_payments(connection: &mut SqliteConnection, booking: BookingId) -> Result<Vec<Payment>, StoreError> {
    payments::table
        .filter(payments::booking_id.eq(booking.get()))
        .order(payments::id.desc())
        .select(PaymentRow::as_select())
        .load(connection)
        .map_err(store_error)?
        .into_iter()
        .map(Payment::try_from)
        .collect()
}

/// All refunds of a booking, oldest first, for both sides of the store.
pub(crate) fn list_refunds(connection: &mut SqliteConnection, booking: BookingId) -> Result<Vec<Refund>, StoreError> {
    refunds::table
        .filter(refunds::booking_id.eq(booking.get()))
        .order(refunds::id)
        .select(RefundRow::as_select())
        .load(connection)
        .map_err(store_error)?
        .into_iter()
        .map(Refund::try_from)
        .collect()
}

/// An invitation, for both sides of the store.
pub(crate) fn find_participant(
    connection: &mut SqliteConnection,
    id: ParticipantId,
) -> Result<Option<Participant>, StoreError> {
    participants::table
        .find(id.get())
        .select(ParticipantRow::as_select())
        .get_result(connection)
        .optional()
        .map_err(store_error)?
        .map(Participant::try_from)
        .transpose()
}

fn find_caller(connection: &mut SqliteConnection, session: LoginSessionId) -> Result<Option<Caller>, StoreError> {
    login_sessions::table
        .inner_join(users::table)
        .filter(login_sessions::id.eq(session.get()))
        .select((SessionRow::as_select(), UserRow::as_select()))
        .get_result::<(SessionRow, UserRow)>(connection)
        .optional()
        .map_err(store_error)?
        .map(|(session, user)| session.into_caller(user))
        .transpose()
}

fn find_user(connection: &mut SqliteConnection, id: UserId) -> Result<Option<UserRow>, StoreError> {
    users::table.find(id.get()).select(UserRow::as_select()).get_result(connection).optional().map_err(store_error)
}

fn find_policy(connection: &mut SqliteConnection) -> Result<PracticePolicy, StoreError> {
    let row = practice_policy::table.select(PolicyRow::as_select()).get_result(connection).optional();
    Ok(row.map_err(store_error)?.map(PracticePolicy::try_from).transpose()?.unwrap_or_default())
}

fn list_time_off(
    connection: &mut SqliteConnection,
    therapist: Option<UserId>,
) -> Result<Vec<StoredScheduleException>, StoreError> {
    let mut query = schedule_exceptions::table.into_boxed::<Sqlite>();
    if let Some(therapist) = therapist {
        query = query.filter(schedule_exceptions::therapist_id.eq(therapist.get()));
    }
    let rows =
        query.order(schedule_exceptions::id).select(TimeOffRow::as_select()).load(connection).map_err(store_error)?;
    rows.into_iter().map(StoredScheduleException::try_from).collect()
}

fn list_users(
    connection: &mut SqliteConnection,
    filter: &UserFilter,
    page: PageRequest,
) -> Result<Page<User>, StoreError> {
    let matching = || {
        let mut query = users::table.into_boxed::<Sqlite>();
        if let Some(role) = filter.role {
            query = query.filter(users::is_admin.eq(role == Role::Admin));
        }
        if let Some(disabled) = filter.disabled {
            query = query.filter(users::disabled.eq(disabled));
        }
        query
    };
    let total = matching().count().get_result(connection).map_err(store_error)?;
    let rows = matching()
        .order(users::id)
        .limit(i64::from(page.limit))
        .offset(offset(page))
        .select(UserRow::as_select())
        .load(connection)
        .map_err(store_error)?;
    Ok(Page { items: rows.into_iter().map(User::try_from).collect::<Result<_, _>>()?, total: count(total)? })
}

fn list_bookings(
    connection: &mut SqliteConnection,
    filter: &BookingFilter,
    page: BookingPageRequest,
) -> Result<BookingPage, StoreError> {
    let list = BookingList::by_index(filter);
    match page.start {
        // One statement sees one state of the database.
        PageStart::Offset(0) => {
            let rows = list.rows("id", None, filter.order);
            cut_bookings(connection, filter, page, list.total(), rows, 0)
        }
        PageStart::After(place) => {
            let rows = list.rows("id", Some(place), filter.order);
            cut_bookings(connection, filter, page, list.total(), rows, 0)
        }
        PageStart::Offset(skipped) => snapshot(connection, |connection| {
            let total: i64 = TotalQuery(list.total()).get_result(connection).map_err(store_error)?;
            let known = Phrase::default().words("SELECT CAST(").number(total).words(" AS BIGINT) AS total");
            let skipped = i64::try_from(skipped).unwrap_or(i64::MAX);
            let (order, skipped) = match total.saturating_sub(skipped) {
                behind if behind < skipped => {
                    (backwards(filter.order), behind.saturating_sub(rows_for(page.limit).into()).max(0))
                }
                _ => (filter.order, skipped),
            };
            let rows = list.rows("id", None, order);
            cut_bookings(connection, filter, page, known, rows, skipped)
        }),
    }
}

/// The page that begins after skipping so many of the rows.
fn cut_bookings(
    connection: &mut SqliteConnection,
    filter: &BookingFilter,
    page: BookingPageRequest,
    total: Phrase,
    rows: Phrase,
    skipped: i64,
) -> Result<BookingPage, StoreError> {
    // The page is cut from an index alone, so that a deep one does not look up the rows before it.
    let from = Phrase::default()
        .words("FROM (")
        .and(total)
        .words(") AS whole LEFT JOIN (")
        .and(rows)
        // In words: SQLite plans a statement anew each time it is given another limit as a parameter.
        .words(format!(" LIMIT {} OFFSET ", rows_for(page.limit)))
        .number(skipped)
        .words(") AS page ON TRUE LEFT JOIN bookings ON bookings.id = page.id");
    let found: Vec<PageRow> =
        PageQuery::<Sqlite>::new(Phrase::default(), from).load(connection).map_err(store_error)?;
    page_of(found, filter.order, page)
}

/// Reads page and total from one state of the database.
fn snapshot<T>(
    connection: &mut SqliteConnection,
    read: impl FnOnce(&mut SqliteConnection) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    begin_reading(connection)?;
    let result = read(connection);
    // A connection that cannot end its transaction must not be used again, which is what `Unavailable` leads to.
    end_reading(connection).map_err(|e| StoreError::Unavailable(e.into()))?;
    result
}

/// SQLite counts in 64 bits with a sign; an offset beyond that skips everything anyway.
fn offset(page: PageRequest) -> i64 {
    i64::try_from(page.offset).unwrap_or(i64::MAX)
}

fn count(rows: i64) -> Result<u64, StoreError> {
    u64::try_from(rows).map_err(|e| StoreError::Corrupt(e.into()))
}
