//! An unavailable store.

use async_trait::async_trait;
use attune_domain::calendar::Interval;
use attune_domain::meeting::AttendanceEvent;
use attune_domain::notification::Notification;
use attune_domain::{
    Booking, BookingId, ConferenceId, EmailAddress, LoginSessionId, Participant, ParticipantId, PracticePolicy,
    Service, User, UserId,
};
use attune_ports::{
    AccountKey, AuditEntry, BookingFilter, BookingPage, BookingPageRequest, BookingView, CalendarSettings, Caller,
    Conference, Credentials, LedgerEntry, LedgerSum, OutboxHealth, Page, PageRequest, Payment, PaymentProblem,
    Provider, Queries, Refund, StoreError, StoredScheduleException, UserFilter,
};
use jiff::Timestamp;

/// The read side of an unavailable store.
pub(crate) struct Away;

macro_rules! nothing_answers {
    ($($name:ident($($argument:ident: $kind:ty),*) -> $answer:ty;)+) => {
        #[async_trait]
        impl Queries for Away {
            $(async fn $name(&self, $($argument: $kind),*) -> Result<$answer, StoreError> {
                $(let _ = $argument;)*
                Err(StoreError::Unavailable("secret cause".into()))
            })+
        }
    };
}

nothing_answers! {
    ping() -> ();
    caller(session: LoginSessionId) -> Option<Caller>;
    credentials(email: &EmailAddress) -> Option<Credentials>;
    credentials_of(user: UserId) -> Option<Credentials>;
    login_failures(account: &AccountKey, since: Timestamp) -> u64;
    network_is_known(user: UserId, network: &str) -> bool;
    user(id: UserId) -> Option<User>;
    users(filter: &UserFilter, page: PageRequest) -> Page<User>;
    services() -> Vec<Service>;
    all_services() -> Vec<Service>;
    calendar_settings(therapist: UserId) -> CalendarSettings;
    policy() -> PracticePolicy;
    default_therapist() -> Option<UserId>;
    time_off(therapist: Option<UserId>) -> Vec<StoredScheduleException>;
    taken(therapist: UserId, from: Timestamp, until: Timestamp, now: Timestamp) -> Vec<Interval>;
    booking(id: BookingId) -> Option<BookingView>;
    bookings(filter: &BookingFilter, page: BookingPageRequest) -> BookingPage;
    payments(booking: BookingId) -> Vec<Payment>;
    payment_by_checkout_id(provider: Provider, reference: &str) -> Option<Payment>;
    refunds(booking: BookingId) -> Vec<Refund>;
    find_refund(reference: &str, key: Option<&str>) -> Option<Refund>;
    payment_by_provider_id(provider: Provider, charge: &str) -> Option<Payment>;
    payments_due_for_polling(now: Timestamp, limit: u32) -> Vec<Payment>;
    refunds_due(now: Timestamp, limit: u32) -> Vec<Refund>;
    ledger(booking: BookingId) -> Vec<LedgerEntry>;
    ledger_sums(from: Timestamp, until: Timestamp) -> Vec<LedgerSum>;
    payment_problems(limit: u32) -> Vec<PaymentProblem>;
    notices(booking: BookingId) -> Vec<Notification>;
    history(booking: BookingId) -> Vec<AuditEntry>;
    booking_by_room(room_id: &str) -> Option<BookingView>;
    participant(id: ParticipantId) -> Option<Participant>;
    participants(booking: BookingId) -> Vec<Participant>;
    invitations_of(email: &EmailAddress, from: Timestamp, limit: u32) -> Vec<Participant>;
    conference(id: ConferenceId) -> Option<Conference>;
    attendance(bookings: &[BookingId]) -> Vec<(BookingId, AttendanceEvent)>;
    outbox_health(overdue_before: Timestamp) -> OutboxHealth;
    people(ids: &[UserId]) -> Vec<User>;
    caller_and_booking(session: LoginSessionId, booking: BookingId) -> Option<(Caller, Option<Booking>)>;
}
