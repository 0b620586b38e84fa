//! What the core of Attune needs from the outside world: traits, the records that cross them, and their errors.
//!
//! Writes go through a [`Store`]: [`Store::begin`] opens a [`UnitOfWork`], whose faces ([`Users`], [`Bookings`], …) all
//! share one transaction. Reads that decide nothing go through [`Queries`]. Every promise written on a trait method is
//! proved by the contract suite, which each adapter runs.

mod accounts;
mod ambient;
mod audit;
mod bookings;
mod calendars;
mod error;
mod health;
mod meeting_tokens;
mod notifier;
mod outbox;
mod participants;
mod payments;
mod queries;
mod rooms;
mod security;
mod sessions;
mod store;
mod users;

pub use accounts::{AccountKey, LoginFailures};
pub use ambient::{Clock, OutboxBell, Random, TimeZones};
pub use attune_domain::payment::{LedgerKind, PaymentState, RefundStage, RefundState};
pub use audit::{AuditEntry, AuditObject, AuditTrail};
pub use bookings::{Bookings, NewService, Services};
pub use calendars::{CalendarSettings, Calendars, KeptReply, NewTimeOff, Replies, ReplyKey, TimeOffEntry};
pub use error::{BoxError, Conflict, StoreError};
pub use health::{Health, HealthCheck};
pub use meeting_tokens::{JoinTickets, MeetingTokenSigner, WebhookVerifier};
pub use notifier::{MailedMoney, MeetingMail, Notifier, NotifyError, NotifyReason};
pub use outbox::{Lease, LeaseToken, Outbox, Settlement};
pub use participants::{NewParticipant, Participants};
pub use payments::{
    Checkout, CheckoutRequest, CheckoutState, EventRefusal, KeptRefund, LedgerEntry, LedgerSum, NewPayment,
    NewPaymentProblem, NewRefund, OnlinePayments, PaidCheckout, Payment, PaymentError, PaymentEvent, PaymentEventKind,
    PaymentEvents, PaymentGateway, PaymentProblem, PaymentTerms, Payments, ProblemKind, Provider, Refund, RefundCause,
    RefundRequest,
};
pub use queries::{
    BookingCursor, BookingFilter, BookingOrder, BookingPage, BookingPageRequest, BookingView, Caller, Credentials,
    OutboxHealth, Page, PageRequest, PageStart, Queries, UserFilter,
};
pub use rooms::{Conference, Rooms};
pub use security::{
    AccessClaims, AccessTokens, HashError, Password, PasswordHash, PasswordHasher, TokenError, Verified,
};
pub use sessions::{NewSession, Sessions, TokenHash};
pub use store::{Store, UnitOfWork};
pub use users::{NewUser, Users};
