//! Payments after the hold expired, the slot was taken, the session started, or the booking was paid otherwise.

use attune_domain::payment::{PaymentState, RefundStage};
use attune_domain::{BookingStatus, PaymentStatus};
use attune_ports::RefundCause;
use attune_test_scenarios::{Kind, Outcome, Rejection, World, on_every_store};
use jiff::SignedDuration;

use crate::{
    FinalState, Held, PRICE, book_as_other_client, booking_command, client_cancels, deliver_all, deliver_webhooks,
    expired_unpaid, fake, final_state, held, late_payment_refunded, minutes, open, open_with_hold, paid_in_full,
    send_webhook, slot, status,
};

on_every_store! {
    a_processing_payment_keeps_the_slot
    a_late_payment_confirms_a_free_slot
    the_provider_is_asked_before_a_slot_is_released
    a_payment_for_a_lost_slot_is_refunded
    a_payment_after_the_start_is_refunded
    a_payment_for_a_cancelled_booking_is_refunded
    a_second_payment_is_refunded_once
    an_own_expired_hold_does_not_block_a_new_booking
}

/// A payment that takes days keeps the slot until it succeeds or fails.
async fn a_processing_payment_keeps_the_slot(kind: Kind) {
    for arrives in [true, false] {
        let (world, held) = open_with_hold(kind).await;
        world.pass(minutes(14));
        fake(&world).pay_slowly(&held.checkout);
        world.pass(minutes(2));
        // No webhook arrived; Stripe is asked before the slot is released.
        assert_eq!(book_as_other_client(&world, slot(0)).await, Err(Rejection::BusyTimes));
        assert_eq!(status(&world, held.id).await, (BookingStatus::PendingPayment, PaymentStatus::Processing));
        world.pass(SignedDuration::from_hours(72));
        assert_eq!(book_as_other_client(&world, slot(0)).await, Err(Rejection::BusyTimes));
        if arrives {
            fake(&world).settle_payment(&held.checkout);
        } else {
            fake(&world).fail_payment(&held.checkout);
        }
        world.run_until_idle().await;
        let expected = if arrives { paid_in_full() } else { FinalState { problem_emails: 1, ..expired_unpaid() } };
        assert_eq!(final_state(&world, held.id).await, expected);
    }
}

async fn a_late_payment_confirms_a_free_slot(kind: Kind) {
    let (world, first) = open_with_hold(kind).await;
    world.pass(minutes(20));
    fake(&world).pay(&first.checkout);
    deliver_webhooks(&world, &fake(&world).events()).await;
    assert_eq!(final_state(&world, first.id).await, paid_in_full());

    // The same after the worker has released the slot.
    let second = expired_and_paid(&world, 1).await;
    world.run_until_idle().await;
    assert_eq!(final_state(&world, second.id).await, paid_in_full());
}

/// An expired booking that is paid because its checkout was not ended at Stripe, as if paid in the same second.
async fn expired_and_paid(world: &World, number: usize) -> Held {
    let held = held(world, slot(number)).await;
    world.pass(minutes(15));
    world.run_until_idle().await;
    assert_eq!(final_state(world, held.id).await, expired_unpaid());
    reopen(world, &held);
    let before = fake(world).events().len();
    fake(world).pay(&held.checkout);
    for event in &fake(world).events()[before..] {
        send_webhook(world, event).await.unwrap();
    }
    held
}

fn reopen(world: &World, held: &Held) {
    fake(world).change_checkout(&held.checkout, |checkout| checkout["status"] = "open".into());
}

async fn the_provider_is_asked_before_a_slot_is_released(kind: Kind) {
    let (world, held) = open_with_hold(kind).await;
    world.pass(minutes(14));
    fake(&world).pay(&held.checkout);
    world.pass(minutes(1));
    // No webhook arrived and the hold expired; the other client's request makes us ask Stripe.
    assert_eq!(book_as_other_client(&world, slot(0)).await, Err(Rejection::BusyTimes));
    assert_eq!(final_state(&world, held.id).await, paid_in_full());
    deliver_all(&world).await;
    assert_eq!(final_state(&world, held.id).await, paid_in_full());
}

async fn a_payment_for_a_lost_slot_is_refunded(kind: Kind) {
    let (world, first) = open_with_hold(kind).await;
    world.pass(minutes(15));
    let other = book_as_other_client(&world, slot(0)).await.unwrap();
    assert_eq!(final_state(&world, first.id).await, expired_unpaid());
    // The first checkout was ended before its slot was released.
    assert!(fake(&world).try_pay(&first.checkout).is_none());
    reopen(&world, &first);
    fake(&world).pay(&first.checkout);
    deliver_webhooks(&world, &fake(&world).events()).await;
    assert_eq!(status(&world, first.id).await, (BookingStatus::Expired, PaymentStatus::RefundPending));
    world.use_cases().process_refunds.run().await.unwrap();
    deliver_all(&world).await;
    assert_eq!(final_state(&world, first.id).await, late_payment_refunded(BookingStatus::Expired));
    assert_eq!(fake(&world).refunds().len(), 1);
    assert!(status(&world, other).await.0.blocks_calendar() || status(&world, other).await.0 == BookingStatus::Expired);
}

async fn a_payment_after_the_start_is_refunded(kind: Kind) {
    for with_webhook in [true, false] {
        let world = open(kind).await;
        let held = held(&world, world.now() + minutes(20)).await;
        world.pass(minutes(10));
        fake(&world).pay_slowly(&held.checkout);
        if with_webhook {
            deliver_webhooks(&world, &fake(&world).events()).await;
        }
        world.pass(minutes(11));
        world.work().await;
        assert_eq!(status(&world, held.id).await, (BookingStatus::PendingPayment, PaymentStatus::Processing));
        fake(&world).settle_payment(&held.checkout);
        if with_webhook {
            deliver_webhooks(&world, &fake(&world).events()).await;
            assert_eq!(status(&world, held.id).await, (BookingStatus::Expired, PaymentStatus::RefundPending));
        }
        world.run_until_idle().await;
        assert_eq!(final_state(&world, held.id).await, late_payment_refunded(BookingStatus::Expired));
        assert_eq!(fake(&world).refunds().len(), 1);
    }
}

async fn a_payment_for_a_cancelled_booking_is_refunded(kind: Kind) {
    for with_webhook in [true, false] {
        let (world, held) = open_with_hold(kind).await;
        client_cancels(&world, &held).await;
        // The page is still open on the client's screen.
        fake(&world).pay(&held.checkout);
        if with_webhook {
            deliver_webhooks(&world, &fake(&world).events()).await;
        }
        world.run_until_idle().await;
        assert_eq!(final_state(&world, held.id).await, late_payment_refunded(BookingStatus::Cancelled));
        assert_eq!(fake(&world).refunds().len(), 1);
    }
}

/// A therapist records an offline payment, and the client pays at the open checkout as well.
async fn a_second_payment_is_refunded_once(kind: Kind) {
    for (slowly, with_webhook) in [(false, true), (false, false), (true, true), (true, false)] {
        let (world, held) = open_with_hold(kind).await;
        if slowly {
            fake(&world).pay_slowly(&held.checkout);
            deliver_webhooks(&world, &fake(&world).events()).await;
        }
        assert_eq!(world.pay_offline(held.id).await.unwrap(), Outcome::Done);
        if slowly {
            fake(&world).settle_payment(&held.checkout);
        } else {
            fake(&world).pay(&held.checkout);
        }
        if with_webhook {
            deliver_webhooks(&world, &fake(&world).events()).await;
        }
        assert_eq!(status(&world, held.id).await, (BookingStatus::Scheduled, PaymentStatus::Succeeded));
        world.run_until_idle().await;
        let expected = FinalState {
            payments: vec![(PaymentState::Settled, PRICE), (PaymentState::Unapplied, PRICE)],
            refunds: vec![(RefundStage::Succeeded, PRICE, RefundCause::Unapplied)],
            problem_emails: 1,
            ..paid_in_full()
        };
        assert_eq!(final_state(&world, held.id).await, expected, "slowly: {slowly}, webhook: {with_webhook}");
        assert_eq!(fake(&world).refunds().len(), 1);
    }
}

/// A client whose own hold expired can book the slot again.
async fn an_own_expired_hold_does_not_block_a_new_booking(kind: Kind) {
    let (world, first) = open_with_hold(kind).await;
    let again = world.book(booking_command(&world, 0, slot(0))).await.unwrap();
    assert_eq!(again, Outcome::Refused(Rejection::HoldExists), "an active hold can be paid");
    world.pass(minutes(15));
    let again = world.book(booking_command(&world, 0, slot(0))).await.unwrap();
    assert!(matches!(again, Outcome::Booked(_)), "{again:?}");
    world.run_until_idle().await;
    assert_eq!(final_state(&world, first.id).await, expired_unpaid());
}
