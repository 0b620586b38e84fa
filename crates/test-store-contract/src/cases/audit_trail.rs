//! The audit trail.

use attune_domain::{BookingId, LoginSessionId, UserId};
use attune_ports::{AuditEntry, AuditObject, BookingState};

use crate::Backend;
use crate::fixtures::{audit_entry, minutes_after, now};

pub async fn audit_entries_come_oldest_first(backend: &Backend) {
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
        // Entries of the same time stay in the order in which they were added.
        AuditEntry { at: minutes_after(now(), 2), ..audit_entry(object, "booking.cancelled") },
    ];
    for line in &lines {
        backend.commit(async |work| work.add_audit_entry(line).await).await;
    }
    assert_eq!(backend.queries.history(booking.id()).await.unwrap(), lines);
}

pub async fn a_history_is_about_one_booking(backend: &Backend) {
    let practice = backend.practice().await;
    let first = backend.book(practice, 0).await;
    let second = backend.book(practice, 1).await;
    let number = first.id().get();
    let line = audit_entry(AuditObject::Booking(first.id()), "booking.scheduled");
    let others = [
        AuditObject::Booking(second.id()),
        AuditObject::User(UserId::new(number).unwrap()),
        AuditObject::LoginSession(LoginSessionId::new(number).unwrap()),
    ];
    backend.commit(async |work| work.add_audit_entry(&line).await).await;
    for object in others {
        backend.commit(async |work| work.add_audit_entry(&audit_entry(object, "something.else")).await).await;
    }
    assert_eq!(backend.queries.history(first.id()).await.unwrap(), [line]);
    assert_eq!(backend.queries.history(second.id()).await.unwrap().len(), 1);
    assert!(backend.queries.history(BookingId::new(number + 1_000).unwrap()).await.unwrap().is_empty());
}

pub async fn an_entry_has_the_booking_after_a_change(backend: &Backend) {
    let (_, booking) = backend.booked().await;
    let entry = audit_entry(AuditObject::Booking(booking.id()), "booking.scheduled");
    let line = AuditEntry { booking: Some(BookingState::from(&booking)), ..entry };
    backend.commit(async |work| work.add_audit_entry(&line).await).await;
    assert_eq!(backend.queries.history(booking.id()).await.unwrap(), [line]);
}
