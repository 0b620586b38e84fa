//! The trail of what was done.

use attune_domain::{BookingId, LoginSessionId, UserId};
use attune_ports::{AuditEntry, AuditObject};

use crate::Backend;
use crate::fixtures::{audit_entry, minutes_after, now, slot};

/// Lines come back oldest first and whole, with or without an actor and a request.
pub async fn lines_come_back_oldest_first(backend: &Backend) {
    let (practice, booking) = backend.booked().await;
    let object = AuditObject::Booking(booking.id());
    let lines = [
        audit_entry(object, "booking.held"),
        AuditEntry {
            at: minutes_after(now(), 1),
            actor: Some(practice.client),
            request_id: Some("0190-req".to_owned()),
            ..audit_entry(object, "booking.scheduled")
        },
        AuditEntry { at: minutes_after(now(), 2), ..audit_entry(object, "booking.rescheduled") },
        // Two things done in one moment stay in the order in which they were done.
        AuditEntry { at: minutes_after(now(), 2), ..audit_entry(object, "booking.cancelled") },
    ];
    for line in &lines {
        backend.commit(async |work| work.add_audit_entry(line).await).await;
    }
    assert_eq!(backend.queries.history(booking.id()).await.unwrap(), lines);
}

/// A booking's trail has no line about anything else, though it have the same number.
pub async fn a_trail_is_about_one_booking(backend: &Backend) {
    let practice = backend.practice().await;
    let first = backend.add_booking(|id| practice.booking(id, slot(0))).await;
    let second = backend.add_booking(|id| practice.booking(id, slot(1))).await;
    let number = first.id().get();
    let line = audit_entry(AuditObject::Booking(first.id()), "booking.scheduled");
    let others = [
        AuditObject::Booking(second.id()),
        AuditObject::User(UserId::new(number).unwrap()),
        AuditObject::LoginSession(LoginSessionId::new(number).unwrap()),
    ];
    backend
        .commit(async |work| {
            work.add_audit_entry(&line).await?;
            for object in others {
                work.add_audit_entry(&audit_entry(object, "something.else")).await?;
            }
            Ok(())
        })
        .await;
    assert_eq!(backend.queries.history(first.id()).await.unwrap(), [line]);
    assert_eq!(backend.queries.history(second.id()).await.unwrap().len(), 1);
    assert!(backend.queries.history(BookingId::new(number + 1_000).unwrap()).await.unwrap().is_empty());
}
