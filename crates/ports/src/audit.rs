//! The audit trail: who did what to which object, and when. Entries are only added, never changed or deleted.

use async_trait::async_trait;
use attune_domain::{Booking, BookingId, BookingStatus, LoginSessionId, ServiceId, UserId};
use jiff::Timestamp;

use crate::StoreError;

/// The object of an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AuditObject {
    /// A booking.
    Booking(BookingId),
    /// An account.
    User(UserId),
    /// A login session.
    LoginSession(LoginSessionId),
    /// A service.
    Service(ServiceId),
    /// The practice's own data, of which there is one.
    Practice,
}

impl AuditObject {
    /// The kind of the object and its id, as they are stored.
    pub fn as_parts(self) -> (&'static str, i64) {
        match self {
            Self::Booking(id) => ("booking", id.get()),
            Self::User(id) => ("user", id.get()),
            Self::LoginSession(id) => ("login_session", id.get()),
            Self::Service(id) => ("service", id.get()),
            Self::Practice => ("practice", 1),
        }
    }

    /// The inverse of [`Self::as_parts`]; `None` for an unknown kind or an invalid id.
    pub fn from_parts(kind: &str, id: i64) -> Option<Self> {
        match kind {
            "booking" => BookingId::new(id).map(Self::Booking),
            "user" => UserId::new(id).map(Self::User),
            "login_session" => LoginSessionId::new(id).map(Self::LoginSession),
            "service" => ServiceId::new(id).map(Self::Service),
            "practice" => (id == 1).then_some(Self::Practice),
            _ => None,
        }
    }
}

/// A booking after a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BookingState {
    /// Its version, which the change led to.
    pub version: u32,
    /// Its status.
    pub status: BookingStatus,
    /// The start of the session.
    pub scheduled_at: Timestamp,
    /// Its therapist.
    pub therapist: UserId,
}

impl From<&Booking> for BookingState {
    fn from(booking: &Booking) -> Self {
        Self {
            version: booking.version(),
            status: booking.status(),
            scheduled_at: booking.scheduled_at(),
            therapist: booking.therapist(),
        }
    }
}

/// One entry of the audit trail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    /// When it was done.
    pub at: Timestamp,
    /// The user who did it; `None` for the system itself.
    pub actor: Option<UserId>,
    /// The action, as a stable identifier such as `booking.scheduled`.
    pub action: String,
    /// The object of the action.
    pub object: AuditObject,
    /// The id of the request that caused it, for finding it in the log.
    pub request_id: Option<String>,
    /// The booking after the action, if that changed one.
    pub booking: Option<BookingState>,
}

/// The audit trail, inside a unit of work.
#[async_trait]
pub trait AuditTrail {
    /// Adds an entry. The store refuses to change or delete entries.
    async fn add_audit_entry(&mut self, entry: &AuditEntry) -> Result<(), StoreError>;
}
