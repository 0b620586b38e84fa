//! The read side of a store: reads outside a unit of work, which change nothing and take no locks.

use std::sync::Arc;

use async_trait::async_trait;
use attune_domain::calendar::Interval;
use attune_domain::login_session::{DeviceId, LoginSession};
use attune_domain::meeting::AttendanceEvent;
use attune_domain::notification::{Notification, NotificationKind, NotificationState};
use attune_domain::practice::{Logo, LogoName};
use attune_domain::{
    Booking, BookingId, BookingStatus, ConferenceId, EmailAddress, Installation, LoginSessionId, OneTimePurpose,
    OneTimeToken, OneTimeTokenId, Participant, ParticipantId, PaymentStatus, PersonSearch, Practice, PracticePolicy,
    Role, SeriesId, Service, User, UserId, ViewerId,
};
use jiff::Timestamp;

use crate::{
    AuditEntry, CalendarFeed, CalendarSettings, Conference, LedgerEntry, LedgerSum, LoginSessionView, PasswordHash,
    Payment, PaymentProblem, Provider, Refund, StoreError, StoredScheduleException, TokenHash, Versioned,
};

/// The user who makes a request and their login session, as stored at this moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The user.
    pub user: User,
    /// The login session of the request.
    pub session: LoginSession,
}

/// What a login is verified against.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// The user.
    pub user: User,
    /// The hashed password; `None` for a user who cannot log in with one yet.
    pub password_hash: Option<PasswordHash>,
}

/// The earlier logins of a user, compared with a new one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoginHistory {
    /// There is none: the user never logged in.
    Empty,
    /// The network or the device was used.
    Known,
    /// Neither was used.
    Unknown,
}

/// A booking with its client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BookingView {
    /// The booking.
    pub booking: Booking,
    /// The client.
    pub client: User,
}

/// The part of a list that is requested.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageRequest {
    /// The maximum number of rows.
    pub limit: u32,
    /// The number of rows to skip.
    pub offset: u64,
}

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// The rows of the page.
    pub items: Vec<T>,
    /// The exact number of all matching rows.
    pub total: u64,
}

/// A position in a list of bookings: the place where a booking is, or was. It refers to no row: the list continues
/// after this position whether that booking still exists there, was moved, or never existed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct BookingCursor {
    /// The start of the session.
    pub scheduled_at: Timestamp,
    /// The booking's id, which orders bookings with the same start.
    pub id: BookingId,
}

impl From<&Booking> for BookingCursor {
    fn from(booking: &Booking) -> Self {
        Self { scheduled_at: booking.scheduled_at(), id: booking.id() }
    }
}

/// Where a page of a list of bookings begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PageStart {
    /// After skipping this many bookings.
    Offset(u64),
    /// After this position, in the order of the list.
    After(BookingCursor),
}

/// The part of a list of bookings that is requested.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BookingPageRequest {
    /// The maximum number of bookings.
    pub limit: u32,
    /// Where the page begins.
    pub start: PageStart,
}

impl From<PageRequest> for BookingPageRequest {
    fn from(page: PageRequest) -> Self {
        Self { limit: page.limit, start: PageStart::Offset(page.offset) }
    }
}

/// One page of a list of bookings, as it was at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BookingPage {
    /// The bookings of the page. Concurrent requests for the same page share them.
    pub items: Arc<[Booking]>,
    /// The exact number of all matching bookings, regardless of where the page begins.
    pub total: u64,
    /// The position of the last item; `None` when no more bookings follow.
    pub next: Option<BookingCursor>,
}

/// The order of a list of bookings. Bookings with the same start are ordered by id, in the same direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum BookingOrder {
    /// Earliest session first.
    Earliest,
    /// Latest session first.
    #[default]
    Latest,
}

/// Selects bookings. A field that is `None` matches all of them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BookingFilter {
    /// The client.
    pub client: Option<UserId>,
    /// Words in the client's names or email address.
    pub search: Option<PersonSearch>,
    /// The therapist.
    pub therapist: Option<UserId>,
    /// The series.
    pub series: Option<SeriesId>,
    /// The status of the booking.
    pub status: Option<BookingStatus>,
    /// The status of its payment.
    pub payment_status: Option<PaymentStatus>,
    /// Sessions that start at or after this instant.
    pub from: Option<Timestamp>,
    /// Sessions that start before this instant.
    pub to: Option<Timestamp>,
    /// The order of the result.
    pub order: BookingOrder,
}

/// Selects accounts. A field that is `None` matches all of them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct UserFilter {
    /// Words in the names or the email address.
    pub search: Option<PersonSearch>,
    /// The role.
    pub role: Option<Role>,
    /// Whether the account is disabled.
    pub disabled: Option<bool>,
}

/// Selects emails. A field that is `None` matches all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct NotificationFilter {
    /// The state.
    pub state: Option<NotificationState>,
    /// The kind, whatever its offset.
    pub kind: Option<NotificationKind>,
    /// The booking that it is about.
    pub booking: Option<BookingId>,
}

/// The state of the outbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct OutboxHealth {
    /// Pending emails: not yet due, or waiting for the next attempt.
    pub pending: u64,
    /// Pending emails that were due before the given instant.
    pub overdue: u64,
    /// Dead letters: emails that were given up.
    pub dead: u64,
    /// Emails that were due before a backup was restored, and have not been released since.
    pub held: u64,
}

/// What waits in the store to be worked off, or to be looked at by an admin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Backlog {
    /// Pending emails: not yet due, or waiting for the next attempt.
    pub pending_emails: u64,
    /// When the first of them was due or will be.
    pub first_email_due: Option<Timestamp>,
    /// Dead letters: emails that were given up.
    pub dead_emails: u64,
    /// Emails that were due before a backup was restored, and have not been released since.
    pub held_emails: u64,
    /// Unpaid bookings that keep their slot. Those whose payment the provider is processing are not counted: they end when
    /// it reports the result.
    pub holds: u64,
    /// When the first of them expired or will.
    pub first_hold_expiry: Option<Timestamp>,
    /// Payments that need review.
    pub payment_problems: u64,
    /// Conferences on the video server that are open.
    pub conferences: u64,
}

/// The read side of a store.
#[async_trait]
pub trait Queries: Send + Sync {
    /// Checks that the store responds.
    async fn ping(&self) -> Result<(), StoreError>;

    /// The time by the clock of the database server; `None` if the store has no clock but that of this machine.
    async fn database_time(&self) -> Result<Option<Timestamp>, StoreError> {
        Ok(None)
    }

    /// The user and the login session behind an access token, in one read.
    async fn caller(&self, session: LoginSessionId) -> Result<Option<Caller>, StoreError>;

    /// The same, by a token of the login session that a browser keeps ([`crate::LoginSessions::add_refresh_token`]).
    async fn caller_by_token(&self, token: &TokenHash) -> Result<Option<Caller>, StoreError>;

    /// The account with this email address, and its password hash.
    async fn credentials(&self, email: &EmailAddress) -> Result<Option<Credentials>, StoreError>;

    /// The account with this id, and its password hash.
    async fn credentials_of(&self, user: UserId) -> Result<Option<Credentials>, StoreError>;

    /// How a login from this network and device compares with those of this user at or after `since`.
    async fn login_history(
        &self,
        user: UserId,
        network: Option<&str>,
        device: Option<&DeviceId>,
        since: Timestamp,
    ) -> Result<LoginHistory, StoreError>;

    /// The one-time token with this id.
    async fn one_time_token(&self, id: OneTimeTokenId) -> Result<Option<OneTimeToken>, StoreError>;

    /// The one-time token of this account and purpose that was issued at `created_at`.
    async fn one_time_token_issued_at(
        &self,
        user: UserId,
        purpose: OneTimePurpose,
        created_at: Timestamp,
    ) -> Result<Option<OneTimeToken>, StoreError>;

    /// The one-time tokens of an account that have not ended, newest first. Some may have expired.
    async fn open_one_time_tokens(&self, user: UserId) -> Result<Vec<OneTimeToken>, StoreError>;

    /// The login sessions of these users that were not ended, newest first. Some may have expired.
    async fn login_sessions(&self, users: &[UserId]) -> Result<Vec<LoginSessionView>, StoreError>;

    /// The calendar feed of a user; `None` if it is turned off.
    async fn calendar_feed(&self, user: UserId) -> Result<Option<CalendarFeed>, StoreError>;

    /// The account with this id.
    async fn user(&self, id: UserId) -> Result<Option<User>, StoreError>;

    /// The accounts with these ids, each once and in no particular order; ids without an account are left out.
    async fn people(&self, ids: &[UserId]) -> Result<Vec<User>, StoreError>;

    /// Accounts, by id.
    async fn users(&self, filter: &UserFilter, page: PageRequest) -> Result<Page<User>, StoreError>;

    /// The therapist of a booking that names none: the admin with the lowest id who is not disabled.
    async fn default_therapist(&self) -> Result<Option<UserId>, StoreError>;

    /// Active services, by id.
    async fn services(&self) -> Result<Vec<Service>, StoreError>;

    /// All services, active or not, by id.
    async fn all_services(&self) -> Result<Vec<Service>, StoreError>;

    /// Everything that determines when a therapist can be booked, except the bookings themselves.
    async fn calendar_settings(&self, therapist: UserId) -> Result<CalendarSettings, StoreError>;

    /// The practice; `None` before the first start.
    async fn practice(&self) -> Result<Option<Practice>, StoreError>;

    /// The image with this name; `None` if another one replaced it.
    async fn logo(&self, name: &LogoName) -> Result<Option<Logo>, StoreError>;

    /// This installation.
    async fn installation(&self) -> Result<Installation, StoreError>;

    /// The policy of the practice; the default if it was never set.
    async fn policy(&self) -> Result<Versioned<PracticePolicy>, StoreError>;

    /// The schedule exceptions of one therapist, or of all if `None`, by id.
    async fn schedule_exceptions(&self, therapist: Option<UserId>) -> Result<Vec<StoredScheduleException>, StoreError>;

    /// The periods between `from` and `until` in which the therapist's calendar is blocked, by start. Each lasts from
    /// the start of a session to the end of the buffer after it; one that only touches an end of the range is not
    /// included. Unpaid bookings whose hold has expired at `now` are left out, unless the provider is processing their
    /// payment.
    async fn busy_times(
        &self,
        therapist: UserId,
        from: Timestamp,
        until: Timestamp,
        now: Timestamp,
    ) -> Result<Vec<Interval>, StoreError>;

    /// The booking with this id, and its client.
    async fn booking(&self, id: BookingId) -> Result<Option<BookingView>, StoreError>;

    /// Bookings that match a filter. The whole page is read from one state of the store.
    async fn bookings(&self, filter: &BookingFilter, page: BookingPageRequest) -> Result<BookingPage, StoreError>;

    /// The attempts to collect the price of a booking, newest first.
    async fn payments(&self, booking: BookingId) -> Result<Vec<Payment>, StoreError>;

    /// The payment with this [`Payment::provider_checkout_id`].
    async fn payment_by_checkout_id(
        &self,
        provider: Provider,
        checkout_id: &str,
    ) -> Result<Option<Payment>, StoreError>;

    /// The refunds of a booking, oldest first.
    async fn refunds(&self, booking: BookingId) -> Result<Vec<Refund>, StoreError>;

    /// The refund with this [`Refund::provider_refund_id`] or [`Refund::idempotency_key`]; the older one if these are two.
    async fn find_refund(&self, provider_refund_id: &str, key: Option<&str>) -> Result<Option<Refund>, StoreError>;

    /// The payment with this [`Payment::provider_payment_id`].
    async fn payment_by_provider_id(&self, provider: Provider, id: &str) -> Result<Option<Payment>, StoreError>;

    /// Payments to be polled at `now` ([`Payment::check_at`]), longest due first, at most `limit`.
    async fn payments_due_for_polling(&self, now: Timestamp, limit: u32) -> Result<Vec<Payment>, StoreError>;

    /// Refunds to be requested or polled at `now` ([`Refund::next_at`]), longest due first, at most `limit`.
    async fn refunds_due(&self, now: Timestamp, limit: u32) -> Result<Vec<Refund>, StoreError>;

    /// The ledger entries of a booking, in the order in which they were added.
    async fn ledger(&self, booking: BookingId) -> Result<Vec<LedgerEntry>, StoreError>;

    /// The sums of the ledger from `from` to before `until` by quarter of an hour, kind and currency, in this order; kinds and
    /// currencies by their names, byte by byte.
    async fn ledger_sums(&self, from: Timestamp, until: Timestamp) -> Result<Vec<LedgerSum>, StoreError>;

    /// Open payment problems, oldest first, at most `limit`; only those of this therapist's bookings, unless `None`.
    async fn payment_problems(&self, therapist: Option<UserId>, limit: u32) -> Result<Vec<PaymentProblem>, StoreError>;

    /// The emails about a booking, by id.
    async fn notifications(&self, booking: BookingId) -> Result<Vec<Notification>, StoreError>;

    /// The audit entries of a booking, oldest first.
    async fn history(&self, booking: BookingId) -> Result<Vec<AuditEntry>, StoreError>;

    /// Why a booking was changed, by the versions that the changes led to, in their order. The reason of a cancellation is
    /// that of the booking.
    async fn change_reasons(&self, booking: BookingId) -> Result<Vec<(u32, String)>, StoreError>;

    /// The booking whose room has this name, and its client.
    async fn booking_by_room(&self, room_id: &str) -> Result<Option<BookingView>, StoreError>;

    /// The invitation with this id, active or revoked.
    async fn participant(&self, id: ParticipantId) -> Result<Option<Participant>, StoreError>;

    /// All invitations to a booking, active or revoked, by id.
    async fn participants(&self, booking: BookingId) -> Result<Vec<Participant>, StoreError>;

    /// The active invitations of an email address to scheduled bookings that start at or after `from`, earliest session
    /// first, at most `limit`.
    async fn invitations_of(
        &self,
        email: &EmailAddress,
        from: Timestamp,
        limit: u32,
    ) -> Result<Vec<Participant>, StoreError>;

    /// The conference with this id, open or ended.
    async fn conference(&self, id: ConferenceId) -> Result<Option<Conference>, StoreError>;

    /// The attendance events of these bookings, by booking and then in chronological order.
    async fn attendance(&self, bookings: &[BookingId]) -> Result<Vec<(BookingId, AttendanceEvent)>, StoreError>;

    /// The emails of these kinds that were sent to these recipients after `since`, in no particular order.
    async fn sent_emails(
        &self,
        recipients: &[ViewerId],
        kinds: &[NotificationKind],
        since: Timestamp,
    ) -> Result<Vec<Notification>, StoreError>;

    /// One page of all emails, newest first.
    async fn outbox(&self, filter: &NotificationFilter, page: PageRequest) -> Result<Page<Notification>, StoreError>;

    /// The state of the outbox; pending emails due before `overdue_before` count as overdue.
    async fn outbox_health(&self, overdue_before: Timestamp) -> Result<OutboxHealth, StoreError>;

    /// What waits in the store, from indexes that only contain what waits.
    async fn backlog(&self) -> Result<Backlog, StoreError>;

    /// [`Queries::caller`], and the booking with this id if there is such a caller, in one read.
    async fn caller_and_booking(
        &self,
        session: LoginSessionId,
        booking: BookingId,
    ) -> Result<Option<(Caller, Option<Booking>)>, StoreError>;
}
