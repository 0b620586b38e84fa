use std::cmp::Reverse;

use async_trait::async_trait;
use attune_domain::calendar::Interval;
use attune_domain::login_session::DeviceId;
use attune_domain::meeting::AttendanceEvent;
use attune_domain::notification::{Notification, NotificationKind, NotificationState};
use attune_domain::practice::{Logo, LogoName};
use attune_domain::{
    Booking, BookingId, BookingStatus, ConferenceId, EmailAddress, Installation, LoginSessionId, OneTimePurpose,
    OneTimeToken, OneTimeTokenId, Participant, ParticipantId, PaymentStatus, PersonSearch, Practice, PracticePolicy,
    Role, Service, User, UserId, ViewerId,
};
use attune_ports::{
    AuditEntry, AuditObject, Backlog, BookingFilter, BookingPage, BookingPageRequest, BookingView, CalendarFeed,
    CalendarSettings, Caller, Conference, Credentials, LedgerEntry, LedgerSum, LoginHistory, LoginSessionView,
    NotificationFilter, OutboxHealth, Page, PageRequest, Payment, PaymentProblem, Provider, Queries, Refund,
    StoreError, StoredScheduleException, TokenHash, UserFilter, Versioned,
};
use attune_sql::lists::{contains, page_of};
use attune_sql::schema::{
    bookings, calendar_feeds, conferences, installation, login_sessions, logos, one_time_tokens, outbox, participants,
    practice, practice_policy, refunds, schedule_exceptions, schedules, services, users,
};
use attune_sql::statements::{
    COUNT_BACKLOG, active_services, attendance_at, booking_in_room, booking_with_client, bookings_within,
    emails_to_participants, emails_to_users, history_of, invitations_of, ledger_of, logins_from, logins_of,
    logins_with, notifications_of, open_problems, open_problems_with, open_tokens, participants_of,
    payment_by_checkout_id, payment_by_provider_id, payments_due_for_polling, payments_of, reasons_of, refunds_due,
    refunds_known_as, refunds_of, session_of_token, token_issued_at, user_by_email, week_of,
};
use attune_sql::{
    AttendanceRow, FromRow, HoursRow, LedgerSumRow, Recipients, WeekRow, attendance_of, count, login_history, millis,
    number, schedule_of,
};
use diesel::dsl::{count_star, exists, sql, sql_query};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use diesel_async::RunQueryDsl;
use jiff::Timestamp;
use tokio::try_join;

use crate::load::{Load, restore};
use crate::reads::pages::{PageStatement, page_statement};
use crate::reads::prepared::{CallerKey, PageKey};
use crate::store::PostgresStore;

/// A quarter of an hour has 900,000 milliseconds. The remainder is not negative before 1970 either. Texts are sorted by
/// code points, not by the rules of a language.
const SUM_LEDGER: &str = "SELECT at - (at % 900000 + 900000) % 900000 AS quarter, kind, currency, \
    sum(amount_minor)::BIGINT AS minor, count(*) AS lines \
    FROM ledger WHERE at >= $1 AND at < $2 GROUP BY 1, 2, 3 ORDER BY 1, kind COLLATE \"C\", currency COLLATE \"C\"";

#[async_trait]
impl Queries for PostgresStore {
    async fn database_time(&self) -> Result<Option<Timestamp>, StoreError> {
        self.read(async |mut c| {
            let now = sql::<BigInt>("(extract(epoch FROM clock_timestamp()) * 1000)::bigint");
            let now: i64 = diesel::select(now).get_result(&mut c).await?;
            let now = Timestamp::from_millisecond(now).map_err(|e| StoreError::Corrupt(e.into()))?;
            Ok(Some(now))
        })
        .await
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.read(async |mut c| {
            diesel::select(true.into_sql::<diesel::sql_types::Bool>()).execute(&mut c).await?;
            Ok(())
        })
        .await
    }

    async fn caller(&self, session: LoginSessionId) -> Result<Option<Caller>, StoreError> {
        Ok(self.callers.fetch(CallerKey { session, booking: None }).await?.map(|(caller, _)| caller))
    }

    async fn caller_by_token(&self, token: &TokenHash) -> Result<Option<Caller>, StoreError> {
        self.one(session_of_token(token)).await
    }

    async fn caller_and_booking(
        &self,
        session: LoginSessionId,
        booking: BookingId,
    ) -> Result<Option<(Caller, Option<Booking>)>, StoreError> {
        self.callers.fetch(CallerKey { session, booking: Some(booking) }).await
    }

    async fn credentials(&self, email: &EmailAddress) -> Result<Option<Credentials>, StoreError> {
        self.one(user_by_email(email.as_str().to_owned())).await
    }

    async fn credentials_of(&self, user: UserId) -> Result<Option<Credentials>, StoreError> {
        self.one(users::table.find(user.get())).await
    }

    async fn login_history(
        &self,
        user: UserId,
        network: Option<&str>,
        device: Option<&DeviceId>,
        since: Timestamp,
    ) -> Result<LoginHistory, StoreError> {
        let (from, with) = (logins_from(user, network.map(str::to_owned), since), logins_with(user, device, since));
        let query = diesel::select((exists(logins_of(user)), exists(from), exists(with)));
        self.read(async |mut c| Ok(login_history(query.get_result(&mut c).await?))).await
    }

    async fn one_time_token(&self, id: OneTimeTokenId) -> Result<Option<OneTimeToken>, StoreError> {
        self.one(one_time_tokens::table.find(id.get())).await
    }

    async fn one_time_token_issued_at(
        &self,
        user: UserId,
        purpose: OneTimePurpose,
        created_at: Timestamp,
    ) -> Result<Option<OneTimeToken>, StoreError> {
        self.one(token_issued_at(user, purpose, created_at)).await
    }

    async fn open_one_time_tokens(&self, user: UserId) -> Result<Vec<OneTimeToken>, StoreError> {
        let mut found: Vec<OneTimeToken> = self.all(open_tokens(user)).await?;
        found.sort_unstable_by_key(|token| Reverse((token.created_at, token.id)));
        Ok(found)
    }

    async fn login_sessions(&self, users: &[UserId]) -> Result<Vec<LoginSessionView>, StoreError> {
        let users: Vec<i64> = users.iter().map(|id| id.get()).collect();
        let of_users = login_sessions::table.filter(login_sessions::user_id.eq_any(users));
        let mut found: Vec<LoginSessionView> = self.all(of_users.filter(login_sessions::ended_at.is_null())).await?;
        found.sort_unstable_by_key(|view| Reverse(view.session.id));
        Ok(found)
    }

    async fn calendar_feed(&self, user: UserId) -> Result<Option<CalendarFeed>, StoreError> {
        self.one(calendar_feeds::table.find(user.get())).await
    }

    async fn user(&self, id: UserId) -> Result<Option<User>, StoreError> {
        self.one(users::table.find(id.get())).await
    }

    async fn people(&self, ids: &[UserId]) -> Result<Vec<User>, StoreError> {
        let ids: Vec<i64> = ids.iter().map(|id| id.get()).collect();
        self.all(users::table.filter(users::id.eq_any(ids))).await
    }

    async fn users(&self, filter: &UserFilter, page: PageRequest) -> Result<Page<User>, StoreError> {
        // An offset beyond the numbers of the database is beyond every list.
        let offset = i64::try_from(page.offset).unwrap_or(i64::MAX);
        let rows = matching_users(filter).order(users::id).limit(i64::from(page.limit)).offset(offset);
        let total = matching_users(filter).select(count_star());
        self.read(async |c| {
            let mut second = c;
            let (items, total) = try_join!(rows.all(c), async { Ok(total.get_result::<i64>(&mut second).await?) })?;
            Ok(Page { items, total: count(total)? })
        })
        .await
    }

    async fn default_therapist(&self) -> Result<Option<UserId>, StoreError> {
        let query = enabled_admins().select(users::id);
        self.read(async |mut c| {
            let id: Option<i64> = query.first(&mut c).await.optional()?;
            Ok(id.map(UserId::from_row).transpose()?)
        })
        .await
    }

    async fn services(&self) -> Result<Vec<Service>, StoreError> {
        self.all(active_services()).await
    }

    async fn all_services(&self) -> Result<Vec<Service>, StoreError> {
        self.all(services::table.order(services::id)).await
    }

    async fn calendar_settings(&self, therapist: UserId) -> Result<CalendarSettings, StoreError> {
        let week =
            week_of(therapist).select((schedules::time_zone, schedules::version, Option::<HoursRow>::as_select()));
        let exceptions = matching_exceptions(Some(therapist));
        // All three statements are sent together.
        self.read(async |c| {
            let mut first = c;
            let (week, exceptions, policy): (_, Vec<StoredScheduleException>, Option<Versioned<PracticePolicy>>) = try_join!(
                async { Ok(week.load::<WeekRow>(&mut first).await?) },
                exceptions.all(c),
                practice_policy::table.one(c),
            )?;
            Ok(CalendarSettings {
                schedule: schedule_of(week)?,
                exceptions: exceptions.into_iter().map(|exception| exception.what).collect(),
                policy: policy.unwrap_or_default(),
            })
        })
        .await
    }

    async fn practice(&self) -> Result<Option<Practice>, StoreError> {
        self.one(practice::table).await
    }

    async fn logo(&self, name: &LogoName) -> Result<Option<Logo>, StoreError> {
        self.one(logos::table.find(name.as_str().to_owned())).await
    }

    async fn installation(&self) -> Result<Installation, StoreError> {
        self.one(installation::table).await?.ok_or_else(|| StoreError::Corrupt("the installation has no id".into()))
    }

    async fn policy(&self) -> Result<Versioned<PracticePolicy>, StoreError> {
        Ok(self.one(practice_policy::table).await?.unwrap_or_default())
    }

    async fn schedule_exceptions(&self, therapist: Option<UserId>) -> Result<Vec<StoredScheduleException>, StoreError> {
        self.all(matching_exceptions(therapist)).await
    }

    async fn busy_times(
        &self,
        therapist: UserId,
        from: Timestamp,
        until: Timestamp,
        now: Timestamp,
    ) -> Result<Vec<Interval>, StoreError> {
        let blocking = BookingStatus::ALL.into_iter().filter(|status| status.blocks_calendar());
        let is_current = bookings::status
            .ne(BookingStatus::PendingPayment.as_str())
            .or(bookings::payment_status.eq(PaymentStatus::Processing.as_str()))
            .or(bookings::hold_expires_at.gt(millis(now)).assume_not_null());
        let query = bookings_within(therapist, from, until)
            .filter(bookings::status.eq_any(blocking.map(BookingStatus::as_str)))
            .filter(is_current)
            .select((bookings::scheduled_at, bookings::blocked_until));
        self.read(async |mut c| restore(query.load(&mut c).await?)).await
    }

    async fn booking(&self, id: BookingId) -> Result<Option<BookingView>, StoreError> {
        self.one(booking_with_client(id)).await
    }

    async fn bookings(&self, filter: &BookingFilter, page: BookingPageRequest) -> Result<BookingPage, StoreError> {
        match page_statement(filter, page) {
            PageStatement::Short(phrase) => self.pages.fetch(PageKey { phrase, order: filter.order, page }).await,
            PageStatement::Long(query) => {
                let rows = self.read(async |mut c| Ok(query.load(&mut c).await?)).await?;
                page_of(rows, filter.order, page)
            }
        }
    }

    async fn payments(&self, booking: BookingId) -> Result<Vec<Payment>, StoreError> {
        self.all(payments_of(booking)).await
    }

    async fn payment_by_checkout_id(&self, provider: Provider, reference: &str) -> Result<Option<Payment>, StoreError> {
        self.one(payment_by_checkout_id(provider, reference.to_owned())).await
    }

    async fn refunds(&self, booking: BookingId) -> Result<Vec<Refund>, StoreError> {
        self.all(refunds_of(booking)).await
    }

    async fn find_refund(&self, reference: &str, key: Option<&str>) -> Result<Option<Refund>, StoreError> {
        self.one(refunds_known_as(reference.to_owned(), key.map(str::to_owned)).order(refunds::id)).await
    }

    async fn payment_by_provider_id(&self, provider: Provider, charge: &str) -> Result<Option<Payment>, StoreError> {
        self.one(payment_by_provider_id(provider, charge.to_owned())).await
    }

    async fn payments_due_for_polling(&self, now: Timestamp, limit: u32) -> Result<Vec<Payment>, StoreError> {
        self.all(payments_due_for_polling(now, limit)).await
    }

    async fn refunds_due(&self, now: Timestamp, limit: u32) -> Result<Vec<Refund>, StoreError> {
        self.all(refunds_due(now, limit)).await
    }

    async fn ledger(&self, booking: BookingId) -> Result<Vec<LedgerEntry>, StoreError> {
        self.all(ledger_of(booking)).await
    }

    async fn ledger_sums(&self, from: Timestamp, until: Timestamp) -> Result<Vec<LedgerSum>, StoreError> {
        let query = sql_query(SUM_LEDGER).bind::<BigInt, _>(millis(from)).bind::<BigInt, _>(millis(until));
        self.read(async |mut c| restore(query.load::<LedgerSumRow>(&mut c).await?)).await
    }

    async fn payment_problems(&self, therapist: Option<UserId>, limit: u32) -> Result<Vec<PaymentProblem>, StoreError> {
        match therapist {
            Some(therapist) => self.all(open_problems_with(therapist, limit)).await,
            None => self.all(open_problems(limit)).await,
        }
    }

    async fn notifications(&self, booking: BookingId) -> Result<Vec<Notification>, StoreError> {
        self.all(notifications_of(booking)).await
    }

    async fn history(&self, booking: BookingId) -> Result<Vec<AuditEntry>, StoreError> {
        let (kind, id) = AuditObject::Booking(booking).as_parts();
        self.all(history_of(kind, id)).await
    }

    async fn change_reasons(&self, booking: BookingId) -> Result<Vec<(u32, String)>, StoreError> {
        let query = reasons_of(booking);
        let found: Vec<(i64, String)> = self.read(async |mut c| Ok(query.load(&mut c).await?)).await?;
        found.into_iter().map(|(version, reason)| Ok((number(version)?, reason))).collect()
    }

    async fn booking_by_room(&self, room_id: &str) -> Result<Option<BookingView>, StoreError> {
        // No text in PostgreSQL contains NUL, and one as a parameter is an error.
        if room_id.contains('\0') {
            return Ok(None);
        }
        self.one(booking_in_room(room_id.to_owned())).await
    }

    async fn participant(&self, id: ParticipantId) -> Result<Option<Participant>, StoreError> {
        self.one(participants::table.find(id.get())).await
    }

    async fn participants(&self, booking: BookingId) -> Result<Vec<Participant>, StoreError> {
        self.all(participants_of(booking)).await
    }

    async fn invitations_of(
        &self,
        email: &EmailAddress,
        from: Timestamp,
        limit: u32,
    ) -> Result<Vec<Participant>, StoreError> {
        self.all(invitations_of(email.as_str().to_owned(), from, limit)).await
    }

    async fn conference(&self, id: ConferenceId) -> Result<Option<Conference>, StoreError> {
        self.one(conferences::table.find(id.get())).await
    }

    async fn attendance(&self, bookings: &[BookingId]) -> Result<Vec<(BookingId, AttendanceEvent)>, StoreError> {
        let query = attendance_at(bookings).select(AttendanceRow::as_select());
        self.read(async |mut c| Ok(attendance_of(query.load(&mut c).await?)?)).await
    }

    async fn sent_emails(
        &self,
        recipients: &[ViewerId],
        kinds: &[NotificationKind],
        since: Timestamp,
    ) -> Result<Vec<Notification>, StoreError> {
        let Recipients { users, participants } = Recipients::of(recipients);
        let kinds: Vec<_> = kinds.iter().map(|kind| kind.as_str()).collect();
        let mut found = Vec::new();
        // Two statements, each with an index of its own.
        if !users.is_empty() {
            found.extend(self.all(emails_to_users(users, kinds.clone(), since)).await?);
        }
        if !participants.is_empty() {
            found.extend(self.all(emails_to_participants(participants, kinds, since)).await?);
        }
        Ok(found)
    }

    async fn outbox(&self, filter: &NotificationFilter, page: PageRequest) -> Result<Page<Notification>, StoreError> {
        let offset = i64::try_from(page.offset).unwrap_or(i64::MAX);
        let rows = matching_emails(filter).order(outbox::id.desc()).limit(i64::from(page.limit)).offset(offset);
        let total = matching_emails(filter).select(count_star());
        self.read(async |c| {
            let mut second = c;
            let (items, total) = try_join!(rows.all(c), async { Ok(total.get_result::<i64>(&mut second).await?) })?;
            Ok(Page { items, total: count(total)? })
        })
        .await
    }

    async fn outbox_health(&self, overdue_before: Timestamp) -> Result<OutboxHealth, StoreError> {
        // Four counts over small indexes, sent together, instead of a scan of every email ever sent.
        let in_state =
            |state: NotificationState| outbox::table.filter(outbox::state.eq(state.as_str())).select(count_star());
        let pending = in_state(NotificationState::Pending);
        let overdue = in_state(NotificationState::Pending).filter(outbox::next_at.lt(millis(overdue_before)));
        let dead = in_state(NotificationState::Dead);
        let held = in_state(NotificationState::Held);
        self.read(async |c| {
            let (mut first, mut second, mut third, mut fourth) = (c, c, c, c);
            let (pending, overdue, dead, held) = try_join!(
                pending.get_result(&mut first),
                overdue.get_result(&mut second),
                dead.get_result(&mut third),
                held.get_result(&mut fourth),
            )?;
            let (pending, overdue) = (count(pending)?, count(overdue)?);
            Ok(OutboxHealth { pending, overdue, dead: count(dead)?, held: count(held)? })
        })
        .await
    }

    async fn backlog(&self) -> Result<Backlog, StoreError> {
        self.read(async |mut c| Ok(Backlog::from_row(sql_query(COUNT_BACKLOG).get_result(&mut c).await?)?)).await
    }
}

#[diesel::dsl::auto_type(no_type_alias)]
pub(crate) fn enabled_admins() -> _ {
    users::table.filter(users::is_admin).filter(diesel::dsl::not(users::disabled)).order(users::id)
}

fn matching_emails(filter: &NotificationFilter) -> outbox::BoxedQuery<'static, Pg> {
    let mut query = outbox::table.into_boxed::<Pg>();
    if let Some(state) = filter.state {
        query = query.filter(outbox::state.eq(state.as_str()));
    }
    if let Some(kind) = filter.kind {
        query = query.filter(outbox::kind.eq(kind.as_str()));
    }
    if let Some(booking) = filter.booking {
        query = query.filter(outbox::booking_id.eq(booking.get()));
    }
    query
}

fn matching_users(filter: &UserFilter) -> users::BoxedQuery<'static, Pg> {
    let mut query = users::table.into_boxed();
    if let Some(role) = filter.role {
        query = query.filter(users::is_admin.eq(role == Role::Admin));
    }
    if let Some(disabled) = filter.disabled {
        query = query.filter(users::disabled.eq(disabled));
    }
    for word in filter.search.iter().flat_map(PersonSearch::words) {
        query = query.filter(users::search_text.like(contains(word)).escape('!'));
    }
    query
}

fn matching_exceptions(therapist: Option<UserId>) -> schedule_exceptions::BoxedQuery<'static, Pg> {
    let mut query = schedule_exceptions::table.order(schedule_exceptions::id).into_boxed();
    if let Some(therapist) = therapist {
        query = query.filter(schedule_exceptions::therapist_id.eq(therapist.get()));
    }
    query
}
