//! Expired holds that block a requested slot.

use attune_domain::{BookingStatus, Role};
use attune_ports::{CheckoutState, PaymentState};
use jiff::SignedDuration;

use crate::fixtures::World;

const SLOTS: [&str; 3] = ["2024-01-15T10:00:00Z", "2024-01-15T12:00:00Z", "2024-01-15T14:00:00Z"];

#[tokio::test]
async fn a_request_asks_the_provider_only_about_the_hold_that_blocks_its_slot() {
    let (world, provider) = World::online().await;
    let (client, other) = (world.client().await, world.add("other@example.org", Role::Client).await);
    let mut holds = Vec::new();
    for slot in SLOTS {
        let held = world.book(&client, slot).await.unwrap();
        holds.push((held.booking.id(), held.checkout.unwrap().provider_checkout_id));
    }
    world.clock.advance(SignedDuration::from_mins(16));

    world.book(&other, SLOTS[1]).await.unwrap();

    let checkouts = provider.checkouts.lock().unwrap().clone();
    for (n, (booking, checkout)) in holds.into_iter().enumerate() {
        let payment = world.queries.payments(booking).await.unwrap().remove(0);
        let found = (world.booking(booking).await.status(), payment.state, &checkouts[&checkout]);
        let untouched = (BookingStatus::PendingPayment, PaymentState::Open, &CheckoutState::Open);
        let released = (BookingStatus::Expired, PaymentState::Closed, &CheckoutState::Expired);
        assert_eq!(found, if n == 1 { released } else { untouched }, "hold {n}");
    }
}
