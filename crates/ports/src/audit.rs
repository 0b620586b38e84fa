//! Who did what to which row. Rows are added, never changed and never removed.

use async_trait::async_trait;
use attune_domain::{BookingId, LoginSessionId, ServiceId, UserId};
use jiff::Timestamp;

use crate::StoreError;

/// What was done something to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AuditObject {
    /// A booking.
    Booking(BookingId),
    /// An account.
    User(UserId),
    /// A login.
    LoginSession(LoginSessionId),
    /// A service.
    Service(ServiceId),
}

impl AuditObject {
    /// The kind and the number, as stores keep them.
    pub fn as_parts(self) -> (&'static str, i64) {
        match self {
            Self::Booking(id) => ("booking", id.get()),
            Self::User(id) => ("user", id.get()),
            Self::LoginSession(id) => ("login_session", id.get()),
            Self::Service(id) => ("service", id.get()),
        }
    }

    /// Reads what [`Self::as_parts`] gives.
    pub fn from_parts(kind: &str, id: i64) -> Option<Self> {
        match kind {
            "booking" => BookingId::new(id).map(Self::Booking),
            "user" => UserId::new(id).map(Self::User),
            "login_session" => LoginSessionId::new(id).map(Self::LoginSession),
            "service" => ServiceId::new(id).map(Self::Service),
            _ => None,
        }
    }
}

/// One line of the trail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    /// When.
    pub at: Timestamp,
    /// Who; `None` for the system itself.
    pub actor: Option<UserId>,
    /// What, as a stable word such as `booking.scheduled`.
    pub action: String,
    /// To what.
    pub object: AuditObject,
    /// The request it came with, to find it in the log.
    pub request_id: Option<String>,
}

/// The trail, inside a unit of work.
#[async_trait]
pub trait AuditTrail {
    /// Adds a line. The store refuses to change or remove one.
    async fn add_audit_entry(&mut self, entry: &AuditEntry) -> Result<(), StoreError>;
}
