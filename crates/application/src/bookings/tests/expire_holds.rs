//! Expired holds that block a requested slot.

use attune_domain::{BookingStatus, Role};
use attune_ports::{CheckoutState, PaymentState};

use crate::fixtures::{TEN, TestPractice, offline_payment, reschedule};

const SLOTS: [&str; 3] = [TEN, "2024-01-15T12:00:00Z", "2024-01-15T14:00:00Z"];

#[tokio::test]
async fn a_request_reconciles_only_the_expired_hold_that_blocks_its_slot() {
    for is_reschedule in [false, true] {
        let practice = TestPractice::online().await;
        let (client, other) = (practice.client().await, practice.add("other", Role::Client).await);
        let existing = practice.book(&other, "2024-01-16T10:00:00Z").await.unwrap().booking;
        practice.record_offline.run(offline_payment(&existing)).await.unwrap();
        let mut holds = Vec::new();
        for slot in SLOTS {
            let held = practice.book(&client, slot).await.unwrap();
            holds.push((held.booking.id(), held.checkout.unwrap()));
        }
        practice.advance_minutes(16);

        if is_reschedule {
            practice.change(&other, &existing, reschedule(SLOTS[1])).await.unwrap();
        } else {
            practice.book(&other, SLOTS[1]).await.unwrap();
        }

        for (n, (booking, checkout)) in holds.into_iter().enumerate() {
            let payment = practice.queries.payments(booking).await.unwrap().remove(0);
            let status = practice.booking(booking).await.status();
            let found = (status, payment.state, practice.gateway.checkout(&checkout));
            let untouched = (BookingStatus::PendingPayment, PaymentState::Open, CheckoutState::Open);
            let released = (BookingStatus::Expired, PaymentState::Closed, CheckoutState::Expired);
            assert_eq!(found, if n == 1 { released } else { untouched }, "hold {n}, reschedule: {is_reschedule}");
        }
    }
}
