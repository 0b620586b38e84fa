//! All that readers see of a practice's bookings at one moment, row by row.

use std::collections::BTreeMap;

use attune_domain::notification::Notification;
use attune_domain::{Booking, BookingId, Participant};
use attune_ports::{AuditEntry, BookingFilter, LedgerEntry, PageRequest, Payment, Queries, Refund};

/// Everything about one booking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BookingFacts {
    /// Itself.
    pub booking: Booking,
    /// Its mails, by id.
    pub notices: Vec<Notification>,
    /// Its payments, newest first.
    pub payments: Vec<Payment>,
    /// Its refunds, oldest first.
    pub refunds: Vec<Refund>,
    /// Its lines of the ledger, oldest first.
    pub ledger: Vec<LedgerEntry>,
    /// Who is or was invited, by id.
    pub participants: Vec<Participant>,
    /// What was done to it, oldest first.
    pub history: Vec<AuditEntry>,
}

/// Everything about all bookings.
pub type Facts = BTreeMap<BookingId, BookingFacts>;

/// Reads it all.
pub(crate) async fn read(queries: &dyn Queries) -> Facts {
    let all =
        queries.bookings(&BookingFilter::default(), PageRequest { limit: 1_000, offset: 0 }.into()).await.unwrap();
    let mut facts = Facts::new();
    for booking in all.items.iter().cloned() {
        let id = booking.id();
        let (notices, payments, refunds, ledger, participants, history) = tokio::try_join!(
            queries.notices(id),
            queries.payments(id),
            queries.refunds(id),
            queries.ledger(id),
            queries.participants(id),
            queries.history(id)
        )
        .unwrap();
        facts.insert(id, BookingFacts { booking, notices, payments, refunds, ledger, participants, history });
    }
    facts
}
