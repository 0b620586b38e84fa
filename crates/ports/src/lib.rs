#![doc = include_str!("../README.md")]
// The ports are contracts that adapters implement, so every public item states its meaning, units and errors.
#![warn(missing_docs)]

mod activity;
mod ambient;
mod attempts;
mod audit;
mod bookings;
mod calendar_feeds;
mod calendars;
mod dump;
mod error;
mod health;
mod idempotency;
mod installation_checks;
mod login_sessions;
mod meeting_tokens;
mod notifier;
mod one_time_tokens;
mod outbox;
mod participants;
mod payment_gateway;
mod payments;
mod practice;
mod queries;
mod room_closer;
mod rooms;
mod second_factors;
mod security;
mod services;
mod store;
mod users;
mod webhooks;

pub use activity::{BatchActivity, PoolActivity, StoreActivity};
pub use ambient::{Clock, OutboxWaker, Random, TimeZones};
pub use attempts::{AttemptKey, Attempts};
pub use attune_domain::payment::{LedgerKind, PaymentState, RefundStage, RefundState};
pub use audit::{AuditEntry, AuditObject, AuditTrail, BookingState};
pub use bookings::Bookings;
pub use calendar_feeds::{CalendarFeed, CalendarFeedTokens, CalendarFeeds};
pub use calendars::{CalendarSettings, Calendars, NewScheduleException, StoredScheduleException, Versioned};
pub use dump::{DumpEnd, DumpSink, DumpSource, Sequences, TableRows};
pub use error::{BoxError, Conflict, StoreError};
pub use health::{Health, HealthCheck};
pub use idempotency::{IdempotencyKey, IdempotencyRecord, IdempotencyStore, StoredResponse};
pub use installation_checks::{CheckOutcome, CheckedPart, InstallationCheck, InstallationChecks};
pub use login_sessions::{LoginSessionView, LoginSessions, NewLoginSession, TokenHash};
pub use meeting_tokens::{JoinTokens, MeetingTokenSigner, PayTokens};
pub use notifier::{
    AccountDetails, AgendaEntry, CancelledBy, CancelledPaymentDetails, ChangeDetails, Email, Notifier, NotifyError,
    NotifyFailure, PaymentDetails, Remainder,
};
pub use one_time_tokens::{NewOneTimeToken, OneTimeTokenSigner, OneTimeTokens};
pub use outbox::{DeliveryResult, Lease, LeaseToken, Outbox};
pub use participants::{NewParticipant, Participants};
pub use payment_gateway::{
    Checkout, CheckoutRequest, CheckoutState, OnlinePayments, PaidCheckout, PaymentError, PaymentGateway, PaymentTerms,
    PriceError, ProviderRefund, RefundRequest,
};
pub use payments::{
    LedgerEntry, LedgerSum, NewPayment, NewPaymentProblem, NewRefund, Payment, PaymentProblem, Payments, ProblemKind,
    Provider, Refund, RefundCause,
};
pub use practice::PracticeData;
pub use queries::{
    Backlog, BookingCursor, BookingFilter, BookingOrder, BookingPage, BookingPageRequest, BookingView, Caller,
    Credentials, LoginHistory, NotificationFilter, OutboxHealth, Page, PageRequest, PageStart, Queries, UserFilter,
};
pub use room_closer::RoomCloser;
pub use rooms::{Conference, Rooms};
pub use second_factors::{SecondFactors, Totp, TotpFactor, TotpSetup};
pub use security::{
    AccessClaims, AccessTokens, DeviceTokens, FormTokens, HashError, Password, PasswordCheck, PasswordHash,
    PasswordHasher, TokenError,
};
pub use services::{NewService, Services};
pub use store::{Store, UnitOfWork};
pub use users::{NewUser, Users};
pub use webhooks::{PaymentEvent, PaymentEventKind, PaymentEvents, WebhookError, WebhookVerifier};
