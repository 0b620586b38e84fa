//! What waits in the store: each number is about what waits, and not about what is done.

use attune_domain::notification::NotificationState;
use attune_domain::{BookingStatus, PaymentStatus};
use attune_ports::{Backlog, DeliveryResult, LeaseToken, ProblemKind};
use jiff::Timestamp;

use crate::Backend;
use crate::fixtures::{in_state, lease, minutes_after, now, problem, reminder, restored, slot};

fn minute(n: i64) -> Timestamp {
    minutes_after(now(), n)
}

async fn backlog(backend: &Backend) -> Backlog {
    backend.queries.backlog().await.unwrap()
}

pub async fn an_empty_store_has_no_backlog(backend: &Backend) {
    assert_eq!(backlog(backend).await, Backlog::default());
    // A scheduled booking is done.
    backend.booked().await;
    assert_eq!(backlog(backend).await, Backlog::default());
}

pub async fn pending_and_dead_emails_wait(backend: &Backend) {
    let (_, booking) = backend.booked().await;
    let queued: Vec<_> = (0..4_u32).map(|n| reminder(&booking, 10 + n, minute(i64::from(n)))).collect();
    backend.commit(async |work| work.enqueue(&queued).await).await;
    let all = Backlog { pending_emails: 4, first_email_due: Some(minute(0)), ..Backlog::default() };
    assert_eq!(backlog(backend).await, all);

    let leased = backend.commit(async |work| work.lease_notifications(3, minute(3), &lease(1, minute(9))).await).await;
    assert_eq!(backlog(backend).await, all, "a leased email is pending");
    for (email, state) in
        leased.iter().zip([NotificationState::Sent, NotificationState::Dead, NotificationState::Expired])
    {
        let result = DeliveryResult { state, next_at: minute(4), sent_at: None, last_error: None };
        backend.commit(async |work| work.ack_notification(email.id, &LeaseToken([1; 16]), &result).await).await;
    }
    let rest = Backlog { pending_emails: 1, first_email_due: Some(minute(3)), dead_emails: 1, ..Backlog::default() };
    assert_eq!(backlog(backend).await, rest);
}

pub async fn holds_wait_unless_their_payment_is_being_processed(backend: &Backend) {
    let practice = backend.practice().await;
    for (n, minutes) in [(0, 20), (1, -5), (2, 10)] {
        backend.add_booking(|id| practice.held(id, slot(n), minute(minutes))).await;
    }
    let processing = BookingStatus::PendingPayment;
    backend
        .add_booking(|id| {
            let record = practice.record(id, slot(3));
            let mut record = in_state(record, processing, PaymentStatus::Processing);
            record.hold_expires_at = Some(minute(-60));
            restored(record)
        })
        .await;
    let held = Backlog { holds: 3, first_hold_expiry: Some(minute(-5)), ..Backlog::default() };
    assert_eq!(backlog(backend).await, held);
}

pub async fn open_problems_and_conferences_wait(backend: &Backend) {
    let (practice, booking) = backend.booked().await;
    let other = backend.book(practice, 5).await;
    for key in ["one", "two"] {
        let new = problem(key, ProblemKind::UnknownCheckout);
        assert!(backend.commit(async |work| work.add_payment_problem(&new).await).await);
    }
    let opened = backend
        .commit(async |work| {
            work.open_conference(other.id(), now()).await?;
            work.open_conference(booking.id(), now()).await
        })
        .await;
    let open = Backlog { payment_problems: 2, conferences: 2, ..Backlog::default() };
    assert_eq!(backlog(backend).await, open);

    let first = backend.queries.payment_problems(None, 1).await.unwrap().remove(0);
    backend.commit(async |work| work.resolve_payment_problem(first.id, minute(1)).await).await;
    backend.commit(async |work| work.close_conference(opened, minute(1)).await).await;
    let rest = Backlog { payment_problems: 1, conferences: 1, ..Backlog::default() };
    assert_eq!(backlog(backend).await, rest);
}
