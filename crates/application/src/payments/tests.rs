use attune_domain::booking::PayError;
use attune_domain::{Booking, BookingStatus, Money, PaymentStatus, Role, User};
use attune_ports::{Payment, PaymentState, Provider};
use jiff::SignedDuration;

use super::*;
use crate::Origin;
use crate::testkit::{World, now};

const TEN: &str = "2024-01-15T10:00:00Z";

async fn held(world: &World) -> (User, Booking, Payment) {
    let client = world.client().await;
    let placed = world.book(&client, TEN).await.unwrap();
    (client, placed.booking, placed.checkout.unwrap())
}

async fn confirm(world: &World, payment: &Payment) -> Result<Confirmed, ConfirmPaymentError> {
    world.confirm_payment().run(Provider::Test, &payment.facts.reference, &Origin::default()).await
}

#[tokio::test]
async fn a_payment_makes_the_booking_agreed_once() {
    let world = World::paid().await;
    let (_, booking, payment) = held(&world).await;
    let confirmed = confirm(&world, &payment).await.unwrap();
    assert!(!confirmed.repeated);
    let agreed = world.booking(booking.id).await;
    assert_eq!((agreed.status, agreed.payment_status), (BookingStatus::Scheduled, PaymentStatus::Succeeded));
    assert_eq!(world.queries.notices(booking.id).await.unwrap().len(), 3);
    assert!(confirm(&world, &payment).await.unwrap().repeated);
    let again = world.booking(booking.id).await;
    assert_eq!(again, agreed, "the same news twice changes nothing");
    assert_eq!(world.queries.notices(booking.id).await.unwrap().len(), 3);
}

#[tokio::test]
async fn an_unknown_reference_is_nothing() {
    let world = World::paid().await;
    let unknown = world.confirm_payment().run(Provider::Test, "ref-unknown", &Origin::default()).await;
    assert!(matches!(unknown, Err(ConfirmPaymentError::NotFound)));
}

#[tokio::test]
async fn a_late_payment_revives_a_free_slot_and_loses_a_taken_one() {
    let world = World::paid().await;
    let (_, booking, payment) = held(&world).await;
    world.clock.advance(SignedDuration::from_mins(16));
    world.sweep().run().await.unwrap();
    assert_eq!(world.booking(booking.id).await.status, BookingStatus::Expired);
    confirm(&world, &payment).await.unwrap();
    assert_eq!(world.booking(booking.id).await.status, BookingStatus::Scheduled);

    let world = World::paid().await;
    let (client, booking, payment) = held(&world).await;
    world.clock.advance(SignedDuration::from_mins(16));
    let other = world.book(&client, TEN).await.unwrap().booking;
    assert!(matches!(confirm(&world, &payment).await, Err(ConfirmPaymentError::SlotLost)));
    assert_eq!(world.booking(booking.id).await.status, BookingStatus::Expired);

    // Nobody paid for the other one either, and its hold is over too.
    world.clock.advance(SignedDuration::from_mins(16));
    confirm(&world, &payment).await.unwrap();
    assert_eq!(world.booking(booking.id).await.status, BookingStatus::Scheduled);
    assert_eq!(world.booking(other.id).await.status, BookingStatus::Expired);
}

#[tokio::test]
async fn a_payment_after_the_session_began_comes_too_late() {
    let world = World::paid().await;
    let (_, _, payment) = held(&world).await;
    world.clock.set(TEN.parse().unwrap());
    let refused = confirm(&world, &payment).await;
    assert!(matches!(refused, Err(ConfirmPaymentError::NotPayable(PayError::HoldExpired))));
}

#[tokio::test]
async fn an_admin_records_a_payment() {
    let world = World::paid().await;
    let (_, booking, payment) = held(&world).await;
    let admin = world.add("second@example.org", Role::Admin).await;
    let command = |amount| RecordOfflineCommand {
        admin: admin.id,
        booking: booking.id,
        amount,
        method: "cash".into(),
        memo: Some("receipt 7".into()),
        origin: Origin::default(),
        once: None,
    };
    let less = Money::new(9_999, booking.price.currency()).unwrap();
    let refused = world.record_offline().run(command(Some(less))).await;
    assert!(matches!(refused, Err(RecordOfflineError::AmountMismatch { price }) if price == booking.price));
    let agreed = now(world.record_offline().run(command(Some(booking.price))).await.unwrap());
    assert_eq!((agreed.status, agreed.payment_status), (BookingStatus::Scheduled, PaymentStatus::Succeeded));
    let payments = world.queries.payments(booking.id).await.unwrap();
    assert_eq!(payments.len(), 2);
    assert_eq!((payments[0].facts.provider, payments[0].facts.state), (Provider::Offline, PaymentState::Settled));
    assert_eq!((payments[0].facts.recorded_by, payments[0].facts.memo.as_deref()), (Some(admin.id), Some("receipt 7")));
    assert_eq!((payments[1].id, payments[1].facts.state), (payment.id, PaymentState::Closed));
    let twice = world.record_offline().run(command(None)).await;
    assert!(matches!(twice, Err(RecordOfflineError::NotPayable(PayError::AlreadyPaid))));
}

#[tokio::test]
async fn who_may_ask_for_a_checkout_and_when() {
    let world = World::paid().await;
    let (client, booking, _) = held(&world).await;
    let other = world.add("other@example.org", Role::Client).await;
    let ask = world.open_checkout();
    assert!(matches!(ask.run(booking.id, other.id).await, Err(OpenCheckoutError::Forbidden)));
    assert!(matches!(
        ask.run(attune_domain::BookingId::new(99).unwrap(), client.id).await,
        Err(OpenCheckoutError::NotFound)
    ));
    world.clock.advance(SignedDuration::from_mins(15));
    let late = ask.run(booking.id, client.id).await;
    assert!(matches!(late, Err(OpenCheckoutError::NotPayable(PayError::HoldExpired))));

    let world = World::free().await;
    let client = world.client().await;
    let placed = world.book(&client, TEN).await.unwrap();
    let nothing_due = world.open_checkout().run(placed.booking.id, client.id).await;
    assert!(matches!(nothing_due, Err(OpenCheckoutError::NotPayable(PayError::NotRequired))));
}
