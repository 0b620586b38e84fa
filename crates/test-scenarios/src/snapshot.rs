//! All rows about the bookings of a practice at one moment.

use std::collections::BTreeMap;

use attune_domain::notification::Notification;
use attune_domain::{Booking, BookingId, Participant};
use attune_ports::{AuditEntry, BookingFilter, LedgerEntry, PageRequest, Payment, Queries, Refund};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BookingSnapshot {
    pub booking: Booking,
    pub notifications: Vec<Notification>,
    pub payments: Vec<Payment>,
    pub refunds: Vec<Refund>,
    pub ledger: Vec<LedgerEntry>,
    pub participants: Vec<Participant>,
    pub history: Vec<AuditEntry>,
}

pub type Snapshot = BTreeMap<BookingId, BookingSnapshot>;

pub(crate) async fn read(queries: &dyn Queries) -> Snapshot {
    let all =
        queries.bookings(&BookingFilter::default(), PageRequest { limit: 1_000, offset: 0 }.into()).await.unwrap();
    let mut snapshot = Snapshot::new();
    for booking in all.items.iter().cloned() {
        let id = booking.id();
        let (notifications, payments, refunds, ledger, participants, history) = tokio::try_join!(
            queries.notifications(id),
            queries.payments(id),
            queries.refunds(id),
            queries.ledger(id),
            queries.participants(id),
            queries.history(id)
        )
        .unwrap();
        snapshot
            .insert(id, BookingSnapshot { booking, notifications, payments, refunds, ledger, participants, history });
    }
    snapshot
}
