//! The read side.

use async_trait::async_trait;
use attune_domain::calendar::Interval;
use attune_domain::meeting::AttendanceEvent;
use attune_domain::notification::{Notification, NotificationState};
use attune_domain::{
    Booking, BookingId, BookingStatus, ConferenceId, EmailAddress, LoginSessionId, Participant, ParticipantId,
    PaymentStatus, PracticePolicy, Role, Service, User, UserId,
};
use attune_ports::{
    AccountKey, AuditEntry, AuditObject, BookingFilter, BookingPage, BookingPageRequest, BookingView, CalendarSettings,
    Caller, Conference, Credentials, LedgerEntry, LedgerSum, OutboxHealth, Page, PageRequest, Payment, PaymentProblem,
    Provider, Queries, Refund, StoreError, StoredScheduleException, UserFilter,
};
use attune_sql::lists::page_of;
use attune_sql::schema::{
    attendance, audit_log, bookings, conferences, ledger, login_failures, login_sessions, outbox, participants,
    payment_problems, payments, practice_policy, refunds, schedule_exceptions, schedules, services, users,
    weekly_hours,
};
use attune_sql::{
    AttendanceRow, AuditRow, BookingRow, ConferenceRow, HoursRow, LedgerRow, LedgerSumRow, NoticeRow, ParticipantRow,
    PaymentRow, PolicyRow, ProblemRow, RefundRow, ServiceRow, TimeOffRow, UserRow, begins_after, interval, millis,
    schedule_of,
};
use diesel::dsl::{count_star, exists, sql_query};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use diesel_async::RunQueryDsl;
use jiff::Timestamp;
use tokio::try_join;

use crate::error::identity;
use crate::hot::{Lookup, PageWish};
use crate::lists::{self, PageStatement};
use crate::store::PostgresStore;

/// A quarter of an hour has 900,000 milliseconds. Of an instant before 1970, too, the rest is what passed since its
/// quarter began. Names are ordered as they are spelled, not as some language would.
const SUM_LEDGER: &str = "SELECT at - (at % 900000 + 900000) % 900000 AS quarter, kind, currency, \
    sum(amount_minor)::BIGINT AS minor, count(*) AS lines \
    FROM ledger WHERE at >= $1 AND at < $2 GROUP BY 1, 2, 3 ORDER BY 1, kind COLLATE \"C\", currency COLLATE \"C\"";

#[async_trait]
impl Queries for PostgresStore {
    async fn ping(&self) -> Result<(), StoreError> {
        self.readers
            .ask(async |mut c| {
                diesel::select(true.into_sql::<diesel::sql_types::Bool>()).execute(&mut c).await?;
                Ok(())
            })
            .await
    }

    async fn caller(&self, session: LoginSessionId) -> Result<Option<Caller>, StoreError> {
        Ok(self.lookups.ask(Lookup { session, booking: None }).await?.map(|(caller, _)| caller))
    }

    async fn caller_and_booking(
        &self,
        session: LoginSessionId,
        booking: BookingId,
    ) -> Result<Option<(Caller, Option<Booking>)>, StoreError> {
        self.lookups.ask(Lookup { session, booking: Some(booking) }).await
    }

    async fn credentials(&self, email: &EmailAddress) -> Result<Option<Credentials>, StoreError> {
        let query = users::table.filter(users::email.eq(email.as_str())).select(UserRow::as_select());
        self.readers
            .ask(async |mut c| {
                let row = query.first(&mut c).await.optional()?;
                Ok(row.map(Credentials::try_from).transpose()?)
            })
            .await
    }

    async fn credentials_of(&self, user: UserId) -> Result<Option<Credentials>, StoreError> {
        let query = users::table.find(user.get()).select(UserRow::as_select());
        self.readers
            .ask(async |mut c| {
                let row = query.first(&mut c).await.optional()?;
                Ok(row.map(Credentials::try_from).transpose()?)
            })
            .await
    }

    async fn login_failures(&self, account: &AccountKey, since: Timestamp) -> Result<u64, StoreError> {
        let query = login_failures::table
            .filter(login_failures::account.eq(account.0.as_slice()))
            .filter(login_failures::at.ge(millis(since)))
            .select(count_star());
        self.readers.ask(async |mut c| Ok(total(query.get_result(&mut c).await?))).await
    }

    async fn network_is_known(&self, user: UserId, network: &str) -> Result<bool, StoreError> {
        let logins = login_sessions::table
            .filter(login_sessions::user_id.eq(user.get()))
            .filter(login_sessions::network.eq(network));
        self.readers.ask(async |mut c| Ok(diesel::select(exists(logins)).get_result(&mut c).await?)).await
    }

    async fn user(&self, id: UserId) -> Result<Option<User>, StoreError> {
        let query = users::table.find(id.get()).select(UserRow::as_select());
        self.readers
            .ask(async |mut c| {
                let row = query.first(&mut c).await.optional()?;
                Ok(row.map(User::try_from).transpose()?)
            })
            .await
    }

    async fn people(&self, ids: &[UserId]) -> Result<Vec<User>, StoreError> {
        let ids: Vec<i64> = ids.iter().map(|id| id.get()).collect();
        let query = users::table.filter(users::id.eq_any(ids)).select(UserRow::as_select());
        self.readers
            .ask(async |mut c| {
                let rows: Vec<UserRow> = query.load(&mut c).await?;
                Ok(rows.into_iter().map(User::try_from).collect::<Result<_, _>>()?)
            })
            .await
    }

    async fn users(&self, filter: &UserFilter, page: PageRequest) -> Result<Page<User>, StoreError> {
        let rows = matching_users(filter)
            .order(users::id)
            .limit(i64::from(page.limit))
            .offset(offset(page))
            .select(UserRow::as_select());
        let count = matching_users(filter).select(count_star());
        self.readers
            .ask(async |c| {
                let (mut first, mut second) = (c, c);
                let (rows, count) = try_join!(rows.load::<UserRow>(&mut first), count.get_result::<i64>(&mut second))?;
                let items = rows.into_iter().map(User::try_from).collect::<Result<_, _>>()?;
                Ok(Page { items, total: total(count) })
            })
            .await
    }

    async fn default_therapist(&self) -> Result<Option<UserId>, StoreError> {
        let query = enabled_admins().select(users::id);
        self.readers
            .ask(async |mut c| {
                let id: Option<i64> = query.first(&mut c).await.optional()?;
                Ok(id.map(|id| identity(UserId::new(id))).transpose()?)
            })
            .await
    }

    async fn services(&self) -> Result<Vec<Service>, StoreError> {
        let query = services::table.filter(services::active).order(services::id).select(ServiceRow::as_select());
        self.readers
            .ask(async |mut c| {
                let rows: Vec<ServiceRow> = query.load(&mut c).await?;
                Ok(rows.into_iter().map(Service::try_from).collect::<Result<_, _>>()?)
            })
            .await
    }

    async fn all_services(&self) -> Result<Vec<Service>, StoreError> {
        let query = services::table.order(services::id).select(ServiceRow::as_select());
        self.readers
            .ask(async |mut c| {
                let rows: Vec<ServiceRow> = query.load(&mut c).await?;
                Ok(rows.into_iter().map(Service::try_from).collect::<Result<_, _>>()?)
            })
            .await
    }

    async fn calendar_settings(&self, therapist: UserId) -> Result<CalendarSettings, StoreError> {
        // The zone and the hours in one statement, so that they belong to one week. All three are sent together.
        let week = schedules::table
            .left_join(weekly_hours::table)
            .filter(schedules::therapist_id.eq(therapist.get()))
            .order((weekly_hours::weekday, weekly_hours::start_minute))
            .select((schedules::time_zone, Option::<HoursRow>::as_select()));
        let time_off = matching_time_off(Some(therapist)).select(TimeOffRow::as_select());
        let policy = practice_policy::table.select(PolicyRow::as_select());
        self.readers
            .ask(async |c| {
                let (mut first, mut second, mut third) = (c, c, c);
                let (week, time_off, policy) = try_join!(
                    week.load::<(String, Option<HoursRow>)>(&mut first),
                    time_off.load::<TimeOffRow>(&mut second),
                    async { policy.first::<PolicyRow>(&mut third).await.optional() },
                )?;
                let what = |row| StoredScheduleException::try_from(row).map(|entry| entry.what);
                Ok(CalendarSettings {
                    schedule: schedule_of(week)?,
                    time_off: time_off.into_iter().map(what).collect::<Result<_, _>>()?,
                    policy: policy.map(PracticePolicy::try_from).transpose()?.unwrap_or_default(),
                })
            })
            .await
    }

    async fn policy(&self) -> Result<PracticePolicy, StoreError> {
        let query = practice_policy::table.select(PolicyRow::as_select());
        self.readers
            .ask(async |mut c| {
                let row: Option<PolicyRow> = query.first(&mut c).await.optional()?;
                Ok(row.map(PracticePolicy::try_from).transpose()?.unwrap_or_default())
            })
            .await
    }

    async fn time_off(&self, therapist: Option<UserId>) -> Result<Vec<StoredScheduleException>, StoreError> {
        let query = matching_time_off(therapist).select(TimeOffRow::as_select());
        self.readers
            .ask(async |mut c| {
                let rows: Vec<TimeOffRow> = query.load(&mut c).await?;
                Ok(rows.into_iter().map(StoredScheduleException::try_from).collect::<Result<_, _>>()?)
            })
            .await
    }

    async fn taken(
        &self,
        therapist: UserId,
        from: Timestamp,
        until: Timestamp,
        now: Timestamp,
    ) -> Result<Vec<Interval>, StoreError> {
        let blocking = BookingStatus::ALL.into_iter().filter(|status| status.blocks_calendar());
        let still_wanted = bookings::status
            .ne(BookingStatus::PendingPayment.as_str())
            .or(bookings::payment_status.eq(PaymentStatus::Processing.as_str()))
            .or(bookings::hold_expires_at.gt(millis(now)).assume_not_null());
        let query = bookings::table
            .filter(bookings::therapist_id.eq(therapist.get()))
            .filter(bookings::status.eq_any(blocking.map(BookingStatus::as_str)))
            // Nothing takes up more than a day, so what began earlier is over.
            .filter(bookings::scheduled_at.gt(begins_after(from)))
            .filter(bookings::scheduled_at.lt(millis(until)))
            .filter(bookings::blocked_until.gt(millis(from)))
            .filter(still_wanted)
            .order(bookings::scheduled_at)
            .select((bookings::scheduled_at, bookings::blocked_until));
        self.readers
            .ask(async |mut c| {
                let rows: Vec<(i64, i64)> = query.load(&mut c).await?;
                Ok(rows.into_iter().map(interval).collect::<Result<_, _>>()?)
            })
            .await
    }

    async fn booking(&self, id: BookingId) -> Result<Option<BookingView>, StoreError> {
        let query = bookings::table
            .inner_join(users::table)
            .filter(bookings::id.eq(id.get()))
            .select((BookingRow::as_select(), UserRow::as_select()));
        self.readers
            .ask(async |mut c| {
                let found: Option<(BookingRow, UserRow)> = query.first(&mut c).await.optional()?;
                Ok(found.map(|(booking, client)| booking.into_view(client)).transpose()?)
            })
            .await
    }

    async fn bookings(&self, filter: &BookingFilter, page: BookingPageRequest) -> Result<BookingPage, StoreError> {
        match lists::page_statement(filter, page) {
            PageStatement::Short(phrase) => self.pages.ask(PageWish { phrase, order: filter.order, page }).await,
            PageStatement::Long(query) => {
                let rows = self.readers.ask(async |mut c| Ok(query.load(&mut c).await?)).await?;
                page_of(rows, filter.order, page)
            }
        }
    }

    async fn payments(&self, booking: BookingId) -> Result<Vec<Payment>, StoreError> {
        let query = payments_of(booking).select(PaymentRow::as_select());
        self.readers
            .ask(async |mut c| {
                let rows: Vec<PaymentRow> = query.load(&mut c).await?;
                Ok(rows.into_iter().map(Payment::try_from).collect::<Result<_, _>>()?)
            })
            .await
    }

    async fn payment_by_checkout_id(&self, provider: Provider, reference: &str) -> Result<Option<Payment>, StoreError> {
        let query = payments::table
            .filter(payments::provider.eq(provider.as_str()))
            .filter(payments::provider_checkout_id.eq(reference))
            .select(PaymentRow::as_select());
        self.readers
            .ask(async |mut c| {
                let row = query.first(&mut c).await.optional()?;
                Ok(row.map(Payment::try_from).transpose()?)
            })
            .await
    }

    async fn refunds(&self, booking: BookingId) -> Result<Vec<Refund>, StoreError> {
        let query = refunds_of(booking).select(RefundRow::as_select());
        self.readers
            .ask(async |mut c| {
                let rows: Vec<RefundRow> = query.load(&mut c).await?;
                Ok(rows.into_iter().map(Refund::try_from).collect::<Result<_, _>>()?)
            })
            .await
    }

    async fn find_refund(&self, reference: &str, key: Option<&str>) -> Result<Option<Refund>, StoreError> {
        let query = refunds::table
            .filter(refunds::provider_refund_id.eq(reference).or(refunds::idempotency_key.nullable().eq(key)))
            .order(refunds::id)
            .select(RefundRow::as_select());
        self.readers
            .ask(async |mut c| {
                let row = query.first(&mut c).await.optional()?;
                Ok(row.map(Refund::try_from).transpose()?)
            })
            .await
    }

    async fn payment_by_provider_id(&self, provider: Provider, charge: &str) -> Result<Option<Payment>, StoreError> {
        let query = payments::table
            .filter(payments::provider.eq(provider.as_str()))
            .filter(payments::provider_payment_id.eq(charge))
            .order(payments::id)
            .select(PaymentRow::as_select());
        self.readers
            .ask(async |mut c| {
                let row = query.first(&mut c).await.optional()?;
                Ok(row.map(Payment::try_from).transpose()?)
            })
            .await
    }

    async fn payments_due_for_polling(&self, now: Timestamp, limit: u32) -> Result<Vec<Payment>, StoreError> {
        let query = payments::table
            .filter(payments::check_at.le(millis(now)))
            .order((payments::check_at, payments::id))
            .limit(i64::from(limit))
            .select(PaymentRow::as_select());
        self.readers
            .ask(async |mut c| {
                let rows: Vec<PaymentRow> = query.load(&mut c).await?;
                Ok(rows.into_iter().map(Payment::try_from).collect::<Result<_, _>>()?)
            })
            .await
    }

    async fn refunds_due(&self, now: Timestamp, limit: u32) -> Result<Vec<Refund>, StoreError> {
        let query = refunds::table
            .filter(refunds::next_at.le(millis(now)))
            .order((refunds::next_at, refunds::id))
            .limit(i64::from(limit))
            .select(RefundRow::as_select());
        self.readers
            .ask(async |mut c| {
                let rows: Vec<RefundRow> = query.load(&mut c).await?;
                Ok(rows.into_iter().map(Refund::try_from).collect::<Result<_, _>>()?)
            })
            .await
    }

    async fn ledger(&self, booking: BookingId) -> Result<Vec<LedgerEntry>, StoreError> {
        let query =
            ledger::table.filter(ledger::booking_id.eq(booking.get())).order(ledger::id).select(LedgerRow::as_select());
        self.readers
            .ask(async |mut c| {
                let rows: Vec<LedgerRow> = query.load(&mut c).await?;
                Ok(rows.into_iter().map(LedgerEntry::try_from).collect::<Result<_, _>>()?)
            })
            .await
    }

    async fn ledger_sums(&self, from: Timestamp, until: Timestamp) -> Result<Vec<LedgerSum>, StoreError> {
        let query = sql_query(SUM_LEDGER).bind::<BigInt, _>(millis(from)).bind::<BigInt, _>(millis(until));
        self.readers
            .ask(async |mut c| {
                let rows: Vec<LedgerSumRow> = query.load(&mut c).await?;
                Ok(rows.into_iter().map(LedgerSum::try_from).collect::<Result<_, _>>()?)
            })
            .await
    }

    async fn payment_problems(&self, limit: u32) -> Result<Vec<PaymentProblem>, StoreError> {
        let query = payment_problems::table
            .filter(payment_problems::resolved_at.is_null())
            .order(payment_problems::id)
            .limit(i64::from(limit))
            .select(ProblemRow::as_select());
        self.readers
            .ask(async |mut c| {
                let rows: Vec<ProblemRow> = query.load(&mut c).await?;
                Ok(rows.into_iter().map(PaymentProblem::try_from).collect::<Result<_, _>>()?)
            })
            .await
    }

    async fn notices(&self, booking: BookingId) -> Result<Vec<Notification>, StoreError> {
        let query =
            outbox::table.filter(outbox::booking_id.eq(booking.get())).order(outbox::id).select(NoticeRow::as_select());
        self.readers
            .ask(async |mut c| {
                let rows: Vec<NoticeRow> = query.load(&mut c).await?;
                Ok(rows.into_iter().map(Notification::try_from).collect::<Result<_, _>>()?)
            })
            .await
    }

    async fn history(&self, booking: BookingId) -> Result<Vec<AuditEntry>, StoreError> {
        let (kind, id) = AuditObject::Booking(booking).as_parts();
        let query = audit_log::table
            .filter(audit_log::object_kind.eq(kind))
            .filter(audit_log::object_id.eq(id))
            .order(audit_log::id)
            .select(AuditRow::as_select());
        self.readers
            .ask(async |mut c| {
                let rows: Vec<AuditRow> = query.load(&mut c).await?;
                Ok(rows.into_iter().map(AuditEntry::try_from).collect::<Result<_, _>>()?)
            })
            .await
    }

    async fn booking_by_room(&self, room_id: &str) -> Result<Option<BookingView>, StoreError> {
        // No text in PostgreSQL has a NUL, and asking for one is an error.
        if room_id.contains('\0') {
            return Ok(None);
        }
        let query = bookings::table
            .inner_join(users::table)
            .filter(bookings::room_id.eq(room_id))
            .select((BookingRow::as_select(), UserRow::as_select()));
        self.readers
            .ask(async |mut c| {
                let found: Option<(BookingRow, UserRow)> = query.first(&mut c).await.optional()?;
                Ok(found.map(|(booking, client)| booking.into_view(client)).transpose()?)
            })
            .await
    }

    async fn participant(&self, id: ParticipantId) -> Result<Option<Participant>, StoreError> {
        let query = participants::table.find(id.get()).select(ParticipantRow::as_select());
        self.readers
            .ask(async |mut c| {
                let row = query.first(&mut c).await.optional()?;
                Ok(row.map(Participant::try_from).transpose()?)
            })
            .await
    }

    async fn participants(&self, booking: BookingId) -> Result<Vec<Participant>, StoreError> {
        let query = participants::table
            .filter(participants::booking_id.eq(booking.get()))
            .order(participants::id)
            .select(ParticipantRow::as_select());
        self.readers
            .ask(async |mut c| {
                let rows: Vec<ParticipantRow> = query.load(&mut c).await?;
                Ok(rows.into_iter().map(Participant::try_from).collect::<Result<_, _>>()?)
            })
            .await
    }

    async fn invitations_of(
        &self,
        email: &EmailAddress,
        from: Timestamp,
        limit: u32,
    ) -> Result<Vec<Participant>, StoreError> {
        let query = participants::table
            .inner_join(bookings::table)
            .filter(participants::email.eq(email.as_str()))
            .filter(participants::revoked_at.is_null())
            .filter(bookings::status.eq(BookingStatus::Scheduled.as_str()))
            .filter(bookings::scheduled_at.ge(millis(from)))
            .order((bookings::scheduled_at, participants::id))
            .limit(i64::from(limit))
            .select(ParticipantRow::as_select());
        self.readers
            .ask(async |mut c| {
                let rows: Vec<ParticipantRow> = query.load(&mut c).await?;
                Ok(rows.into_iter().map(Participant::try_from).collect::<Result<_, _>>()?)
            })
            .await
    }

    async fn conference(&self, id: ConferenceId) -> Result<Option<Conference>, StoreError> {
        let query = conferences::table.find(id.get()).select(ConferenceRow::as_select());
        self.readers
            .ask(async |mut c| {
                let row = query.first(&mut c).await.optional()?;
                Ok(row.map(Conference::try_from).transpose()?)
            })
            .await
    }

    async fn attendance(&self, bookings: &[BookingId]) -> Result<Vec<(BookingId, AttendanceEvent)>, StoreError> {
        let ids: Vec<_> = bookings.iter().map(|booking| booking.get()).collect();
        let query = attendance::table.filter(attendance::booking_id.eq_any(ids)).select(AttendanceRow::as_select());
        self.readers.ask(async |mut c| Ok(AttendanceRow::into_facts(query.load(&mut c).await?)?)).await
    }

    async fn outbox_health(&self, overdue_before: Timestamp) -> Result<OutboxHealth, StoreError> {
        // Three counts over small indexes, sent together, instead of one look at every mail ever sent.
        let in_state =
            |state: NotificationState| outbox::table.filter(outbox::state.eq(state.as_str())).select(count_star());
        let pending = in_state(NotificationState::Pending);
        let overdue = in_state(NotificationState::Pending).filter(outbox::next_at.lt(millis(overdue_before)));
        let dead = in_state(NotificationState::Dead);
        self.readers
            .ask(async |c| {
                let (mut first, mut second, mut third) = (c, c, c);
                let (pending, overdue, dead) = try_join!(
                    pending.get_result(&mut first),
                    overdue.get_result(&mut second),
                    dead.get_result(&mut third),
                )?;
                Ok(OutboxHealth { pending: total(pending), overdue: total(overdue), dead: total(dead) })
            })
            .await
    }
}

#[diesel::dsl::auto_type(no_type_alias)]
pub(crate) fn enabled_admins() -> _ {
    users::table.filter(users::is_admin).filter(diesel::dsl::not(users::disabled)).order(users::id)
}

/// All attempts to collect a booking's price, newest first.
#[diesel::dsl::auto_type(no_type_alias)]
pub(crate) fn payments_of(booking: BookingId) -> _ {
    let booking: i64 = booking.get();
    payments::table.filter(payments::booking_id.eq(booking)).order(payments::id.desc())
}

/// All refunds of a booking, oldest first.
#[diesel::dsl::auto_type(no_type_alias)]
pub(crate) fn refunds_of(booking: BookingId) -> _ {
    let booking: i64 = booking.get();
    refunds::table.filter(refunds::booking_id.eq(booking)).order(refunds::id)
}

/// The accounts that a filter lets through.
fn matching_users(filter: &UserFilter) -> users::BoxedQuery<'static, Pg> {
    let mut query = users::table.into_boxed();
    if let Some(role) = filter.role {
        query = query.filter(users::is_admin.eq(role == Role::Admin));
    }
    if let Some(disabled) = filter.disabled {
        query = query.filter(users::disabled.eq(disabled));
    }
    query
}

/// Time off and extra hours, of one therapist or of all, by id.
fn matching_time_off(therapist: Option<UserId>) -> schedule_exceptions::BoxedQuery<'static, Pg> {
    let mut query = schedule_exceptions::table.order(schedule_exceptions::id).into_boxed();
    if let Some(therapist) = therapist {
        query = query.filter(schedule_exceptions::therapist_id.eq(therapist.get()));
    }
    query
}

fn total(count: i64) -> u64 {
    u64::try_from(count).unwrap_or_default()
}

/// An offset beyond what the database can count to is beyond every list.
fn offset(page: PageRequest) -> i64 {
    i64::try_from(page.offset).unwrap_or(i64::MAX)
}
