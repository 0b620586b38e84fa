//! The read side: what requests ask that change nothing. No transaction, no lock.

use std::sync::Arc;

use async_trait::async_trait;
use attune_domain::calendar::Interval;
use attune_domain::login_session::LoginSession;
use attune_domain::meeting::AttendanceEvent;
use attune_domain::notification::Notification;
use attune_domain::{
    Booking, BookingId, BookingStatus, ConferenceId, EmailAddress, LoginSessionId, Participant, ParticipantId,
    PaymentStatus, PracticePolicy, Role, Service, User, UserId,
};
use jiff::Timestamp;

use crate::{
    AccountKey, AuditEntry, CalendarSettings, Conference, LedgerEntry, LedgerSum, PasswordHash, Payment,
    PaymentProblem, Provider, Refund, StoreError, StoredScheduleException,
};

/// Who makes a request, as the store knows them at this moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The person.
    pub user: User,
    /// The login that the request came with.
    pub session: LoginSession,
}

/// What a login is checked against.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// The person.
    pub user: User,
    /// The hashed password.
    pub password_hash: PasswordHash,
}

/// A booking with the person it is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BookingView {
    /// The booking.
    pub booking: Booking,
    /// Who comes.
    pub client: User,
}

/// Which part of a list is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageRequest {
    /// At most this many.
    pub limit: u32,
    /// After skipping this many.
    pub offset: u64,
}

/// A part of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// The rows asked for.
    pub items: Vec<T>,
    /// How many rows match in all, exactly.
    pub total: u64,
}

/// A place in a list of bookings: where a booking is, or was. It holds on to nothing: a list goes on behind it whether that
/// booking is still there, has moved, or never was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct BookingCursor {
    /// When the session begins.
    pub scheduled_at: Timestamp,
    /// Which booking, among those that begin at that instant.
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
    /// After skipping this many.
    Offset(u64),
    /// Behind this place, in the order of the list.
    After(BookingCursor),
}

/// Which part of a list of bookings is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BookingPageRequest {
    /// At most this many.
    pub limit: u32,
    /// From here on.
    pub start: PageStart,
}

impl From<PageRequest> for BookingPageRequest {
    fn from(page: PageRequest) -> Self {
        Self { limit: page.limit, start: PageStart::Offset(page.offset) }
    }
}

/// A part of a list of bookings, as it was at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BookingPage {
    /// The bookings asked for. Shared by all who asked for the same page at the same moment.
    pub items: Arc<[Booking]>,
    /// How many bookings match in all, exactly, wherever the page begins.
    pub total: u64,
    /// The place of the last item, where more follow behind it.
    pub next: Option<BookingCursor>,
}

/// The order of a list of bookings; ties are broken by id, in the same direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum BookingOrder {
    /// Earliest session first.
    Earliest,
    /// Latest session first.
    #[default]
    Latest,
}

/// Which bookings are wanted. Everything left out matches everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct BookingFilter {
    /// Of this client.
    pub client: Option<UserId>,
    /// With this therapist.
    pub therapist: Option<UserId>,
    /// In this state.
    pub status: Option<BookingStatus>,
    /// In this state of payment.
    pub payment_status: Option<PaymentStatus>,
    /// Beginning at or after.
    pub from: Option<Timestamp>,
    /// Beginning before.
    pub to: Option<Timestamp>,
    /// In this order.
    pub order: BookingOrder,
}

/// Which accounts are wanted. Everything left out matches everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct UserFilter {
    /// With this role.
    pub role: Option<Role>,
    /// Disabled, or not.
    pub disabled: Option<bool>,
}

/// How the outbox is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct OutboxHealth {
    /// Mails that wait for their time or their next attempt.
    pub pending: u64,
    /// Of these, mails due before the instant that was asked about.
    pub overdue: u64,
    /// Mails that were given up.
    pub dead: u64,
}

/// The read side of a store.
#[async_trait]
pub trait Queries: Send + Sync {
    /// Answers whether the store answers.
    async fn ping(&self) -> Result<(), StoreError>;

    /// The person and the login behind an access token, in one look.
    async fn caller(&self, session: LoginSessionId) -> Result<Option<Caller>, StoreError>;

    /// The account with this address, and its password.
    async fn credentials(&self, email: &EmailAddress) -> Result<Option<Credentials>, StoreError>;

    /// The account with this id, and its password.
    async fn credentials_of(&self, user: UserId) -> Result<Option<Credentials>, StoreError>;

    /// How many logins of this account failed since then.
    async fn login_failures(&self, account: &AccountKey, since: Timestamp) -> Result<u64, StoreError>;

    /// Whether this person ever logged in from this network.
    async fn network_is_known(&self, user: UserId, network: &str) -> Result<bool, StoreError>;

    /// An account.
    async fn user(&self, id: UserId) -> Result<Option<User>, StoreError>;

    /// These people, in no particular order and each once; ids that are nobody's are left out.
    async fn people(&self, ids: &[UserId]) -> Result<Vec<User>, StoreError>;

    /// Accounts by id.
    async fn users(&self, filter: &UserFilter, page: PageRequest) -> Result<Page<User>, StoreError>;

    /// Who gives a session when nobody was named: the admin of lowest id who is not disabled.
    async fn default_therapist(&self) -> Result<Option<UserId>, StoreError>;

    /// Active services by id.
    async fn services(&self) -> Result<Vec<Service>, StoreError>;

    /// All services by id, active or not.
    async fn all_services(&self) -> Result<Vec<Service>, StoreError>;

    /// All that decides when a therapist can be booked, besides the bookings.
    async fn calendar_settings(&self, therapist: UserId) -> Result<CalendarSettings, StoreError>;

    /// What the practice decided; the default where it never did.
    async fn policy(&self) -> Result<PracticePolicy, StoreError>;

    /// Time off and extra hours, of one therapist or of all, by id.
    async fn time_off(&self, therapist: Option<UserId>) -> Result<Vec<StoredScheduleException>, StoreError>;

    /// When the therapist's time is taken between `from` and `until` (touching ends do not count), by start: each from the
    /// session's beginning to the end of the pause after it. Unpaid bookings whose hold is over at `now` do not count,
    /// unless the provider is working on their payment.
    async fn taken(
        &self,
        therapist: UserId,
        from: Timestamp,
        until: Timestamp,
        now: Timestamp,
    ) -> Result<Vec<Interval>, StoreError>;

    /// A booking with its client.
    async fn booking(&self, id: BookingId) -> Result<Option<BookingView>, StoreError>;

    /// Bookings. All of the page is from one state of the store.
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

    /// Open payment problems, oldest first, at most `limit`.
    async fn payment_problems(&self, limit: u32) -> Result<Vec<PaymentProblem>, StoreError>;

    /// The mails about a booking, by id.
    async fn notices(&self, booking: BookingId) -> Result<Vec<Notification>, StoreError>;

    /// What was done to a booking, oldest first.
    async fn history(&self, booking: BookingId) -> Result<Vec<AuditEntry>, StoreError>;

    /// The booking whose room has this name, with its client.
    async fn booking_by_room(&self, room_id: &str) -> Result<Option<BookingView>, StoreError>;

    /// An invitation, standing or not.
    async fn participant(&self, id: ParticipantId) -> Result<Option<Participant>, StoreError>;

    /// All invitations into a booking, standing or not, by id.
    async fn participants(&self, booking: BookingId) -> Result<Vec<Participant>, StoreError>;

    /// The invitations of an address that stand, into sessions that are agreed and begin at or after `from`, earliest
    /// session first, at most `limit`.
    async fn invitations_of(
        &self,
        email: &EmailAddress,
        from: Timestamp,
        limit: u32,
    ) -> Result<Vec<Participant>, StoreError>;

    /// A conference, open or ended.
    async fn conference(&self, id: ConferenceId) -> Result<Option<Conference>, StoreError>;

    /// What happened in the rooms of these bookings, by booking, in the order in which it happened.
    async fn attendance(&self, bookings: &[BookingId]) -> Result<Vec<(BookingId, AttendanceEvent)>, StoreError>;

    /// How the outbox is doing; mails due before `overdue_before` count as overdue.
    async fn outbox_health(&self, overdue_before: Timestamp) -> Result<OutboxHealth, StoreError>;

    /// [`Queries::caller`], and a booking if there is such a caller, in one look.
    async fn caller_and_booking(
        &self,
        session: LoginSessionId,
        booking: BookingId,
    ) -> Result<Option<(Caller, Option<Booking>)>, StoreError>;
}
