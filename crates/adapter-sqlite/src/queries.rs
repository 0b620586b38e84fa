use std::cmp::Reverse;

use async_trait::async_trait;
use attune_domain::calendar::Interval;
use attune_domain::login_session::DeviceId;
use attune_domain::meeting::AttendanceEvent;
use attune_domain::notification::{Notification, NotificationKind};
use attune_domain::practice::{Logo, LogoName};
use attune_domain::{
    Booking, BookingId, BookingStatus, ConferenceId, EmailAddress, Installation, LoginSessionId, OneTimePurpose,
    OneTimeToken, OneTimeTokenId, Participant, ParticipantId, PaymentStatus, PersonSearch, Practice, PracticePolicy,
    Role, Service, User, UserId, ViewerId,
};
use attune_ports::{
    AuditEntry, AuditObject, Backlog, BookingFilter, BookingPage, BookingPageRequest, BookingView, CalendarFeed,
    CalendarSettings, Caller, Conference, Credentials, LedgerEntry, LedgerSum, LoginHistory, LoginSessionView,
    NotificationFilter, OutboxHealth, Page, PageRequest, PageStart, Payment, PaymentProblem, Provider, Queries, Refund,
    StoreError, StoredScheduleException, TokenHash, UserFilter, Versioned,
};
use attune_sql::lists::{BookingList, PageQuery, PageRow, Phrase, TotalQuery, backwards, contains, page_of, rows_for};
use attune_sql::schema::{
    bookings, calendar_feeds, conferences, installation, login_sessions, logos, one_time_tokens, outbox, participants,
    practice, practice_policy, schedule_exceptions, schedules, services, users,
};
use attune_sql::statements::{
    COUNT_BACKLOG, active_services, attendance_at, booking_in_room, booking_with_client, bookings_within,
    emails_to_participants, emails_to_users, history_of, invitations_of, ledger_of, logins_from, logins_of,
    logins_with, notifications_of, open_problems, open_problems_with, open_tokens, participants_of,
    payment_by_checkout_id, payment_by_provider_id, payments_due_for_polling, payments_of, reasons_of, refunds_due,
    refunds_known_as, refunds_of, session_of_token, token_issued_at, user_by_email, week_of,
};
use attune_sql::{
    AttendanceRow, FromRow, HoursRow, Recipients, attendance_of, count, login_history, millis, number, schedule_of,
};
use diesel::dsl::{auto_type, exists, select, sql, sql_query};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool};
use diesel::sqlite::{Sqlite, SqliteConnection};
use jiff::Timestamp;

use crate::error::store_error;
use crate::load::{Load, row, rows};
use crate::snapshot::snapshot;
use crate::store::SqliteStore;

#[derive(QueryableByName)]
struct OutboxCounts {
    #[diesel(sql_type = BigInt)]
    pending: i64,
    #[diesel(sql_type = BigInt)]
    overdue: i64,
    #[diesel(sql_type = BigInt)]
    dead: i64,
    #[diesel(sql_type = BigInt)]
    held: i64,
}

/// Each count reads only an index on a part of the outbox, so emails that were sent cost nothing.
const COUNT_OUTBOX: &str = "SELECT \
    (SELECT count(*) FROM outbox WHERE state = 'pending') AS pending, \
    (SELECT count(*) FROM outbox WHERE state = 'pending' AND next_at < ?) AS overdue, \
    (SELECT count(*) FROM outbox WHERE state = 'dead') AS dead, \
    (SELECT count(*) FROM outbox WHERE state = 'held') AS held";

/// A quarter of an hour has 900,000 milliseconds. The remainder is not negative before 1970 either.
const SUM_LEDGER: &str = "SELECT at - (at % 900000 + 900000) % 900000 AS quarter, kind, currency, \
    sum(amount_minor) AS minor, count(*) AS lines \
    FROM ledger WHERE at >= ? AND at < ? GROUP BY 1, 2, 3 ORDER BY 1, 2, 3";

/// Spelled like the condition of the index `users_enabled_admins`, or SQLite would not use it.
pub(crate) const ENABLED_ADMIN: &str = "is_admin = 1 AND disabled = 0";

pub(crate) const BLOCKS_CALENDAR: &str = "status IN ('pending_payment', 'scheduled', 'completed', 'no_show')";

#[async_trait]
impl Queries for SqliteStore {
    async fn ping(&self) -> Result<(), StoreError> {
        // Reads the file, not only the connection.
        self.readers
            .run(|connection| {
                sql_query("SELECT count(*) FROM sqlite_schema").execute(connection).map_err(store_error)?;
                Ok(())
            })
            .await
    }

    async fn caller(&self, session: LoginSessionId) -> Result<Option<Caller>, StoreError> {
        self.look_up(caller_of(session)).await
    }

    async fn caller_by_token(&self, token: &TokenHash) -> Result<Option<Caller>, StoreError> {
        self.look_up(session_of_token(token)).await
    }

    async fn caller_and_booking(
        &self,
        session: LoginSessionId,
        booking: BookingId,
    ) -> Result<Option<(Caller, Option<Booking>)>, StoreError> {
        self.lookups
            .look_up(move |connection| {
                let Some(caller) = caller_of(session).one(connection)? else { return Ok(None) };
                Ok(Some((caller, bookings::table.find(booking.get()).one(connection)?)))
            })
            .await
    }

    async fn credentials(&self, email: &EmailAddress) -> Result<Option<Credentials>, StoreError> {
        self.look_up(user_by_email(email.as_str().to_owned())).await
    }

    async fn credentials_of(&self, user: UserId) -> Result<Option<Credentials>, StoreError> {
        self.look_up(users::table.find(user.get())).await
    }

    async fn login_history(
        &self,
        user: UserId,
        network: Option<&str>,
        device: Option<&DeviceId>,
        since: Timestamp,
    ) -> Result<LoginHistory, StoreError> {
        let (from, with) = (logins_from(user, network.map(str::to_owned), since), logins_with(user, device, since));
        let query = select((exists(logins_of(user)), exists(from), exists(with)));
        self.readers.run(move |connection| Ok(login_history(query.get_result(connection).map_err(store_error)?))).await
    }

    async fn one_time_token(&self, id: OneTimeTokenId) -> Result<Option<OneTimeToken>, StoreError> {
        self.look_up(one_time_tokens::table.find(id.get())).await
    }

    async fn one_time_token_issued_at(
        &self,
        user: UserId,
        purpose: OneTimePurpose,
        created_at: Timestamp,
    ) -> Result<Option<OneTimeToken>, StoreError> {
        self.look_up(token_issued_at(user, purpose, created_at)).await
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
        self.look_up(calendar_feeds::table.find(user.get())).await
    }

    async fn user(&self, id: UserId) -> Result<Option<User>, StoreError> {
        self.look_up(users::table.find(id.get())).await
    }

    async fn people(&self, ids: &[UserId]) -> Result<Vec<User>, StoreError> {
        let ids: Vec<i64> = ids.iter().map(|id| id.get()).collect();
        self.all(users::table.filter(users::id.eq_any(ids))).await
    }

    async fn users(&self, filter: &UserFilter, page: PageRequest) -> Result<Page<User>, StoreError> {
        let filter = filter.clone();
        self.readers.run(move |connection| snapshot(connection, |c| list_users(c, &filter, page))).await
    }

    async fn default_therapist(&self) -> Result<Option<UserId>, StoreError> {
        let query = users::table.filter(sql::<Bool>(ENABLED_ADMIN)).order(users::id).select(users::id);
        self.lookups.look_up(move |connection| row(query, connection)).await
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
        self.readers
            .run(move |connection| {
                let exceptions: Vec<StoredScheduleException> = matching_exceptions(Some(therapist)).all(connection)?;
                Ok(CalendarSettings {
                    schedule: schedule_of(week.load(connection).map_err(store_error)?)?,
                    exceptions: exceptions.into_iter().map(|exception| exception.what).collect(),
                    policy: practice_policy::table.one(connection)?.unwrap_or_default(),
                })
            })
            .await
    }

    async fn practice(&self) -> Result<Option<Practice>, StoreError> {
        self.look_up(practice::table).await
    }

    async fn logo(&self, name: &LogoName) -> Result<Option<Logo>, StoreError> {
        self.look_up(logos::table.find(name.as_str().to_owned())).await
    }

    async fn installation(&self) -> Result<Installation, StoreError> {
        self.look_up(installation::table).await?.ok_or_else(|| StoreError::Corrupt("the installation has no id".into()))
    }

    async fn policy(&self) -> Result<Versioned<PracticePolicy>, StoreError> {
        Ok(self.look_up(practice_policy::table).await?.unwrap_or_default())
    }

    async fn schedule_exceptions(&self, therapist: Option<UserId>) -> Result<Vec<StoredScheduleException>, StoreError> {
        self.readers.run(move |connection| matching_exceptions(therapist).all(connection)).await
    }

    async fn busy_times(
        &self,
        therapist: UserId,
        from: Timestamp,
        until: Timestamp,
        now: Timestamp,
    ) -> Result<Vec<Interval>, StoreError> {
        let is_current = bookings::status
            .ne(BookingStatus::PendingPayment.as_str())
            .or(bookings::payment_status.eq(PaymentStatus::Processing.as_str()))
            .or(bookings::hold_expires_at.gt(millis(now)).assume_not_null());
        let query = bookings_within(therapist, from, until)
            .filter(sql::<Bool>(BLOCKS_CALENDAR))
            .filter(is_current)
            .select((bookings::scheduled_at, bookings::blocked_until));
        self.readers.run(move |connection| rows(query, connection)).await
    }

    async fn booking(&self, id: BookingId) -> Result<Option<BookingView>, StoreError> {
        self.look_up(booking_with_client(id)).await
    }

    async fn bookings(&self, filter: &BookingFilter, page: BookingPageRequest) -> Result<BookingPage, StoreError> {
        let filter = filter.clone();
        self.readers.run(move |connection| list_bookings(connection, &filter, page)).await
    }

    async fn payments(&self, booking: BookingId) -> Result<Vec<Payment>, StoreError> {
        self.all(payments_of(booking)).await
    }

    async fn payment_by_checkout_id(&self, provider: Provider, reference: &str) -> Result<Option<Payment>, StoreError> {
        self.look_up(payment_by_checkout_id(provider, reference.to_owned())).await
    }

    async fn refunds(&self, booking: BookingId) -> Result<Vec<Refund>, StoreError> {
        self.all(refunds_of(booking)).await
    }

    async fn find_refund(&self, reference: &str, key: Option<&str>) -> Result<Option<Refund>, StoreError> {
        let query = refunds_known_as(reference.to_owned(), key.map(str::to_owned));
        let known: Vec<Refund> = self.all(query).await?;
        Ok(known.into_iter().min_by_key(|refund| refund.id))
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
        self.readers.run(move |connection| rows(query, connection)).await
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
        let found: Vec<(i64, String)> =
            self.readers.run(move |connection| query.load(connection).map_err(store_error)).await?;
        found.into_iter().map(|(version, reason)| Ok((number(version)?, reason))).collect()
    }

    async fn booking_by_room(&self, room_id: &str) -> Result<Option<BookingView>, StoreError> {
        self.look_up(booking_in_room(room_id.to_owned())).await
    }

    async fn participant(&self, id: ParticipantId) -> Result<Option<Participant>, StoreError> {
        self.look_up(participants::table.find(id.get())).await
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
        self.look_up(conferences::table.find(id.get())).await
    }

    async fn attendance(&self, bookings: &[BookingId]) -> Result<Vec<(BookingId, AttendanceEvent)>, StoreError> {
        let query = attendance_at(bookings).select(AttendanceRow::as_select());
        self.readers.run(move |connection| attendance_of(query.load(connection).map_err(store_error)?)).await
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
        let filter = *filter;
        self.readers.run(move |connection| snapshot(connection, |c| list_emails(c, &filter, page))).await
    }

    async fn outbox_health(&self, overdue_before: Timestamp) -> Result<OutboxHealth, StoreError> {
        let query = sql_query(COUNT_OUTBOX).bind::<BigInt, _>(millis(overdue_before));
        self.readers
            .run(move |connection| {
                let OutboxCounts { pending, overdue, dead, held } =
                    query.get_result(connection).map_err(store_error)?;
                let (pending, overdue) = (count(pending)?, count(overdue)?);
                Ok(OutboxHealth { pending, overdue, dead: count(dead)?, held: count(held)? })
            })
            .await
    }

    async fn backlog(&self) -> Result<Backlog, StoreError> {
        self.readers
            .run(|connection| {
                let counted = sql_query(COUNT_BACKLOG).get_result(connection).map_err(store_error)?;
                Backlog::from_row(counted)
            })
            .await
    }
}

#[auto_type(no_type_alias)]
fn caller_of(session: LoginSessionId) -> _ {
    let session: i64 = session.get();
    login_sessions::table.inner_join(users::table).filter(login_sessions::id.eq(session))
}

fn list_emails(
    connection: &mut SqliteConnection,
    filter: &NotificationFilter,
    page: PageRequest,
) -> Result<Page<Notification>, StoreError> {
    let matching = || {
        let mut query = outbox::table.into_boxed::<Sqlite>();
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
    };
    let total = matching().count().get_result::<i64>(connection).map_err(store_error)?;
    let offset = i64::try_from(page.offset).unwrap_or(i64::MAX);
    let rows = matching().order(outbox::id.desc()).limit(i64::from(page.limit)).offset(offset);
    Ok(Page { items: rows.all(connection)?, total: count(total)? })
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
        for word in filter.search.iter().flat_map(PersonSearch::words) {
            query = query.filter(users::search_text.like(contains(word)).escape('!'));
        }
        query
    };
    // An offset beyond the numbers of the database is beyond every list.
    let offset = i64::try_from(page.offset).unwrap_or(i64::MAX);
    let total = matching().count().get_result(connection).map_err(store_error)?;
    let items = matching().order(users::id).limit(i64::from(page.limit)).offset(offset).all(connection)?;
    Ok(Page { items, total: count(total)? })
}

fn matching_exceptions(therapist: Option<UserId>) -> schedule_exceptions::BoxedQuery<'static, Sqlite> {
    let mut query = schedule_exceptions::table.order(schedule_exceptions::id).into_boxed();
    if let Some(therapist) = therapist {
        query = query.filter(schedule_exceptions::therapist_id.eq(therapist.get()));
    }
    query
}

fn list_bookings(
    connection: &mut SqliteConnection,
    filter: &BookingFilter,
    page: BookingPageRequest,
) -> Result<BookingPage, StoreError> {
    let list = BookingList::by_index(filter);
    match page.start {
        // A single statement sees one state of the database.
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

fn cut_bookings(
    connection: &mut SqliteConnection,
    filter: &BookingFilter,
    page: BookingPageRequest,
    total: Phrase,
    rows: Phrase,
    skipped: i64,
) -> Result<BookingPage, StoreError> {
    // The page is cut from an index alone, so that the rows before it are not read.
    let from = Phrase::default()
        .words("FROM (")
        .and(total)
        .words(") AS whole LEFT JOIN (")
        .and(rows)
        // Not a parameter: SQLite plans a statement again for each value of its limit.
        .words(format!(" LIMIT {} OFFSET ", rows_for(page.limit)))
        .number(skipped)
        .words(") AS page ON TRUE LEFT JOIN bookings ON bookings.id = page.id");
    let found: Vec<PageRow> =
        PageQuery::<Sqlite>::new(Phrase::default(), from).load(connection).map_err(store_error)?;
    page_of(found, filter.order, page)
}
