//! Where a command came from, and its entries in the audit trail.

use attune_domain::{Booking, UserId};
use attune_ports::{AuditEntry, AuditObject, StoreError, UnitOfWork};
use jiff::Timestamp;

/// Where a command came from, for the audit trail and for limits.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RequestMetadata {
    /// As in the log and in the response.
    pub request_id: Option<String>,
    /// The caller's network, shortened so that it identifies no one (IPv4 /24, IPv6 /64).
    pub network: Option<String>,
}

/// Who changed something, and when.
#[derive(Clone, Copy)]
pub(crate) struct AuditContext<'a> {
    pub(crate) actor: Option<UserId>,
    pub(crate) request_id: Option<&'a str>,
    pub(crate) now: Timestamp,
}

impl<'a> AuditContext<'a> {
    pub(crate) fn new(actor: Option<UserId>, metadata: &'a RequestMetadata, now: Timestamp) -> Self {
        Self { actor, request_id: metadata.request_id.as_deref(), now }
    }

    /// The context of a change that no user requested.
    pub(crate) fn system(now: Timestamp) -> Self {
        Self { actor: None, request_id: None, now }
    }

    /// Adds an audit entry.
    pub(crate) async fn record(
        &self,
        work: &mut dyn UnitOfWork,
        action: &str,
        object: AuditObject,
    ) -> Result<(), StoreError> {
        work.add_audit_entry(&self.entry(action, object)).await
    }

    /// Adds an entry about a booking that was changed.
    pub(crate) async fn record_change(
        &self,
        work: &mut dyn UnitOfWork,
        action: &str,
        booking: &Booking,
    ) -> Result<(), StoreError> {
        let entry = self.entry(action, AuditObject::Booking(booking.id()));
        work.add_audit_entry(&AuditEntry { booking: Some(booking.into()), ..entry }).await
    }

    fn entry(&self, action: &str, object: AuditObject) -> AuditEntry {
        let request_id = self.request_id.map(str::to_owned);
        AuditEntry { at: self.now, actor: self.actor, action: action.to_owned(), object, request_id, booking: None }
    }
}
