//! Responses while the store is unavailable, and a store whose reads are recorded.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use attune_adapter_memory::MemoryStore;
use attune_domain::ViewerId;
use attune_domain::calendar::Interval;
use attune_domain::login_session::DeviceId;
use attune_domain::meeting::AttendanceEvent;
use attune_domain::notification::Notification;
use attune_domain::notification::NotificationKind;
use attune_domain::practice::{Logo, LogoName};
use attune_domain::{
    Booking, BookingId, ConferenceId, EmailAddress, Installation, LoginSessionId, OneTimePurpose, OneTimeToken,
    OneTimeTokenId, Participant, ParticipantId, Practice as StoredPractice, PracticePolicy, Service, User, UserId,
};
use attune_ports::{
    AuditEntry, Backlog, BookingFilter, BookingPage, BookingPageRequest, BookingView, CalendarFeed, CalendarSettings,
    Caller, Conference, Credentials, LedgerEntry, LedgerSum, LoginHistory, LoginSessionView, NotificationFilter,
    OutboxHealth, Page, PageRequest, Payment, PaymentProblem, Provider, Queries, Refund, Store, StoreError,
    StoredScheduleException, TokenHash, UnitOfWork, UserFilter, Versioned,
};
use jiff::Timestamp;
use reqwest::Method;
use serde_json::json;

use super::harness::*;
use super::recorded::*;

/// A store that is unavailable.
pub(crate) struct UnavailableStore;

/// All reads of a store, for a macro that implements them.
macro_rules! all_queries {
    ($implement:ident) => {
        $implement! {
                ping() -> ();
                caller(session: LoginSessionId) -> Option<Caller>;
                caller_by_token(token: &TokenHash) -> Option<Caller>;
                practice() -> Option<StoredPractice>;
                logo(name: &LogoName) -> Option<Logo>;
                installation() -> Installation;
                credentials(email: &EmailAddress) -> Option<Credentials>;
                credentials_of(user: UserId) -> Option<Credentials>;
                login_history(user: UserId, network: Option<&str>, device: Option<&DeviceId>, since: Timestamp) -> LoginHistory;
                one_time_token(id: OneTimeTokenId) -> Option<OneTimeToken>;
                one_time_token_issued_at(user: UserId, purpose: OneTimePurpose, created_at: Timestamp) -> Option<OneTimeToken>;
                open_one_time_tokens(user: UserId) -> Vec<OneTimeToken>;
                login_sessions(users: &[UserId]) -> Vec<LoginSessionView>;
                calendar_feed(user: UserId) -> Option<CalendarFeed>;
                user(id: UserId) -> Option<User>;
                users(filter: &UserFilter, page: PageRequest) -> Page<User>;
                services() -> Vec<Service>;
                all_services() -> Vec<Service>;
                calendar_settings(therapist: UserId) -> CalendarSettings;
                policy() -> Versioned<PracticePolicy>;
                default_therapist() -> Option<UserId>;
                schedule_exceptions(therapist: Option<UserId>) -> Vec<StoredScheduleException>;
                busy_times(therapist: UserId, from: Timestamp, until: Timestamp, now: Timestamp) -> Vec<Interval>;
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
                payment_problems(therapist: Option<UserId>, limit: u32) -> Vec<PaymentProblem>;
                notifications(booking: BookingId) -> Vec<Notification>;
                change_reasons(booking: BookingId) -> Vec<(u32, String)>;
                history(booking: BookingId) -> Vec<AuditEntry>;
                booking_by_room(room_id: &str) -> Option<BookingView>;
                participant(id: ParticipantId) -> Option<Participant>;
                participants(booking: BookingId) -> Vec<Participant>;
                invitations_of(email: &EmailAddress, from: Timestamp, limit: u32) -> Vec<Participant>;
                conference(id: ConferenceId) -> Option<Conference>;
                attendance(bookings: &[BookingId]) -> Vec<(BookingId, AttendanceEvent)>;
                sent_emails(recipients: &[ViewerId], kinds: &[NotificationKind], since: Timestamp) -> Vec<Notification>;
                outbox(filter: &NotificationFilter, page: PageRequest) -> Page<Notification>;
                outbox_health(overdue_before: Timestamp) -> OutboxHealth;
                backlog() -> Backlog;
                people(ids: &[UserId]) -> Vec<User>;
                caller_and_booking(session: LoginSessionId, booking: BookingId) -> Option<(Caller, Option<Booking>)>;
        }
    };
}

macro_rules! unavailable_queries {
    ($($name:ident($($argument:ident: $kind:ty),*) -> $result:ty;)+) => {
        #[async_trait]
        impl Queries for UnavailableStore {
            $(async fn $name(&self, $($argument: $kind),*) -> Result<$result, StoreError> {
                $(let _ = $argument;)*
                Err(StoreError::Unavailable("secret cause".into()))
            })+
        }
    };
}

/// The reads of a store, with the name of each that happened.
pub(crate) struct RecordedReads {
    pub(crate) store: Arc<MemoryStore>,
    pub(crate) names: Mutex<Vec<&'static str>>,
}

macro_rules! recorded_queries {
    ($($name:ident($($argument:ident: $kind:ty),*) -> $result:ty;)+) => {
        #[async_trait]
        impl Queries for RecordedReads {
            $(async fn $name(&self, $($argument: $kind),*) -> Result<$result, StoreError> {
                self.names.lock().unwrap().push(stringify!($name));
                self.store.$name($($argument),*).await
            })+
        }
    };
}

all_queries!(unavailable_queries);
all_queries!(recorded_queries);

#[async_trait]
impl Store for UnavailableStore {
    async fn begin(&self) -> Result<Box<dyn UnitOfWork>, StoreError> {
        Err(StoreError::Unavailable("secret cause".into()))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_and_webhooks_can_retry_while_the_store_is_unavailable() {
    let practice = Parts { unavailable: true, ..Parts::new() }.open().await;
    let paid = json!({
        "id": "evt_1", "kind": "checkout_paid", "created": 1_704_873_600, "live": false, "reference": "cs_1",
        "booking": 1,
    });
    let left = about("booking-1-1705312800-00000000000000000000000000000000", ADA_LEFT);
    for reply in [
        practice.get("/api/availability", "").await,
        practice.recover("nobody@example.org").await,
        practice.recover("carl@example.org").await,
        practice.server(Method::POST, "/jitsi/events/room/destroyed").json(&left).send().await,
        practice.request_conference("name=booking-1").await,
        practice.server(Method::GET, "/jitsi/conference/1").send().await,
        practice.send_from_jaas("genuine", &about("booking-1", JAAS_ADA_LEFT)).await,
        practice.send_from_jaas("genuine", &about("booking-1", JAAS_SETTINGS)).await,
        practice.notify_from_provider(&paid).await,
    ] {
        reply.assert_problem(503, "unavailable");
        assert!(!reply.text.contains("secret cause"), "{reply:?}");
    }
    // A forged message is rejected before the store is accessed.
    practice.post("/api/webhooks/jaas", "", JAAS_ADA_LEFT).await.assert_status(400);
    practice.send_from_provider("x", paid.to_string()).await.assert_problem(400, "invalid_signature");
}
