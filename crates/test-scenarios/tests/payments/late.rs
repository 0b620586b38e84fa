//! Money that comes when the hold is over, the slot is gone, the checkout has begun, or somebody paid otherwise.

use attune_domain::payment::{PaymentState, RefundStage};
use attune_domain::{BookingStatus, PaymentStatus};
use attune_ports::RefundCause;
use attune_test_scenarios::{Kind, Outcome, Who, Why, World};
use jiff::SignedDuration;

use crate::{
    Ending, Held, PRICE, cancel, ending, fake, happy, hear, held, lapsed, minutes, on_every_store, open, other_books,
    slot, status, tell, too_late,
};

on_every_store! {
    money_on_its_way_keeps_the_slot
    a_client_who_pays_after_the_hold_gets_a_free_slot
    a_client_who_paid_is_asked_about_before_the_slot_goes
    money_for_a_slot_that_is_gone_goes_back
    money_after_the_session_began_goes_back
    money_for_what_was_called_off_goes_back
    money_that_comes_twice_goes_back_once
    an_own_hold_that_is_over_is_in_nobodys_way
}

/// The client pays at the last moment in a way that takes days; nobody else gets the slot meanwhile.
async fn money_on_its_way_keeps_the_slot(kind: Kind) {
    for arrives in [true, false] {
        let world = open(kind).await;
        let held = held(&world, slot(0)).await;
        world.pass(minutes(14));
        fake(&world).pay_slowly(&held.checkout);
        world.pass(minutes(2));
        // Nobody told us; Stripe is asked before the slot goes.
        assert_eq!(other_books(&world, slot(0)).await, Err(Why::BusyTimes));
        assert_eq!(status(&world, held.id).await, (BookingStatus::PendingPayment, PaymentStatus::Processing));
        world.pass(SignedDuration::from_hours(72));
        assert_eq!(other_books(&world, slot(0)).await, Err(Why::BusyTimes));
        if arrives {
            fake(&world).settle_payment(&held.checkout);
        } else {
            fake(&world).fail_payment(&held.checkout);
        }
        world.rest().await;
        let expected = if arrives { happy() } else { Ending { worries: 1, ..lapsed() } };
        assert_eq!(ending(&world, held.id).await, expected);
    }
}

async fn a_client_who_pays_after_the_hold_gets_a_free_slot(kind: Kind) {
    let world = open(kind).await;
    let first = held(&world, slot(0)).await;
    world.pass(minutes(20));
    fake(&world).pay(&first.checkout);
    tell(&world, &fake(&world).events()).await;
    assert_eq!(ending(&world, first.id).await, happy());

    // And when the worker has let the slot go before anybody said so.
    let second = expired_and_paid(&world, 1).await;
    world.rest().await;
    assert_eq!(ending(&world, second.id).await, happy());
}

/// A booking that expired; then its money comes all the same. The checkout was not ended at Stripe, as if it had been paid
/// on another device in the same second.
async fn expired_and_paid(world: &World, number: usize) -> Held {
    let held = held(world, slot(number)).await;
    world.pass(minutes(15));
    world.rest().await;
    assert_eq!(ending(world, held.id).await, lapsed());
    reopen(world, &held);
    let before = fake(world).events().len();
    fake(world).pay(&held.checkout);
    for event in &fake(world).events()[before..] {
        hear(world, event).await.unwrap();
    }
    held
}

/// Makes Stripe forget that a checkout was ended.
fn reopen(world: &World, held: &Held) {
    fake(world).change_checkout(&held.checkout, |checkout| checkout["status"] = "open".into());
}

async fn a_client_who_paid_is_asked_about_before_the_slot_goes(kind: Kind) {
    let world = open(kind).await;
    let held = held(&world, slot(0)).await;
    world.pass(minutes(14));
    fake(&world).pay(&held.checkout);
    world.pass(minutes(1));
    // Stripe has not told us, and the hold is over; the wish of somebody else has Stripe asked.
    assert_eq!(other_books(&world, slot(0)).await, Err(Why::BusyTimes));
    assert_eq!(ending(&world, held.id).await, happy());
    tell(&world, &fake(&world).events()).await;
    world.rest().await;
    assert_eq!(ending(&world, held.id).await, happy());
}

async fn money_for_a_slot_that_is_gone_goes_back(kind: Kind) {
    let world = open(kind).await;
    let first = held(&world, slot(0)).await;
    world.pass(minutes(15));
    let other = other_books(&world, slot(0)).await.unwrap();
    assert_eq!(ending(&world, first.id).await, lapsed());
    // The checkout of the first one was ended before the slot went.
    assert!(fake(&world).try_pay(&first.checkout).is_none());
    reopen(&world, &first);
    fake(&world).pay(&first.checkout);
    tell(&world, &fake(&world).events()).await;
    assert_eq!(status(&world, first.id).await, (BookingStatus::Expired, PaymentStatus::RefundPending));
    world.use_cases().process_refunds.run().await.unwrap();
    tell(&world, &fake(&world).events()).await;
    world.rest().await;
    assert_eq!(ending(&world, first.id).await, too_late(BookingStatus::Expired));
    assert_eq!(fake(&world).refunds().len(), 1);
    assert!(status(&world, other).await.0.blocks_calendar() || status(&world, other).await.0 == BookingStatus::Expired);
}

async fn money_after_the_session_began_goes_back(kind: Kind) {
    for told in [true, false] {
        let world = open(kind).await;
        let held = held(&world, world.now() + minutes(20)).await;
        world.pass(minutes(10));
        fake(&world).pay_slowly(&held.checkout);
        if told {
            tell(&world, &fake(&world).events()).await;
        }
        world.pass(minutes(11));
        world.work().await;
        assert_eq!(status(&world, held.id).await, (BookingStatus::PendingPayment, PaymentStatus::Processing));
        fake(&world).settle_payment(&held.checkout);
        if told {
            tell(&world, &fake(&world).events()).await;
            assert_eq!(status(&world, held.id).await, (BookingStatus::Expired, PaymentStatus::RefundPending));
        }
        world.rest().await;
        assert_eq!(ending(&world, held.id).await, too_late(BookingStatus::Expired));
        assert_eq!(fake(&world).refunds().len(), 1);
    }
}

async fn money_for_what_was_called_off_goes_back(kind: Kind) {
    for told in [true, false] {
        let world = open(kind).await;
        let held = held(&world, slot(0)).await;
        assert_eq!(world.alter(cancel(&world, Who::Owner, held.id)).await.unwrap(), Outcome::Done);
        // The page is still open on the client's screen.
        fake(&world).pay(&held.checkout);
        if told {
            tell(&world, &fake(&world).events()).await;
        }
        world.rest().await;
        assert_eq!(ending(&world, held.id).await, too_late(BookingStatus::Cancelled));
        assert_eq!(fake(&world).refunds().len(), 1);
    }
}

/// A therapist writes down that the price came in outside, and the client pays at the open checkout too.
async fn money_that_comes_twice_goes_back_once(kind: Kind) {
    for (slowly, told) in [(false, true), (false, false), (true, true), (true, false)] {
        let world = open(kind).await;
        let held = held(&world, slot(0)).await;
        if slowly {
            fake(&world).pay_slowly(&held.checkout);
            tell(&world, &fake(&world).events()).await;
        }
        assert_eq!(world.pay_outside(held.id).await.unwrap(), Outcome::Done);
        if slowly {
            fake(&world).settle_payment(&held.checkout);
        } else {
            fake(&world).pay(&held.checkout);
        }
        if told {
            tell(&world, &fake(&world).events()).await;
        }
        assert_eq!(status(&world, held.id).await, (BookingStatus::Scheduled, PaymentStatus::Succeeded));
        world.rest().await;
        let expected = Ending {
            payments: vec![(PaymentState::Settled, PRICE), (PaymentState::Unapplied, PRICE)],
            refunds: vec![(RefundStage::Succeeded, PRICE, RefundCause::Unapplied)],
            worries: 1,
            ..happy()
        };
        assert_eq!(ending(&world, held.id).await, expected, "slowly: {slowly}, told: {told}");
        assert_eq!(fake(&world).refunds().len(), 1);
    }
}

/// Somebody whose own hold is over wants the slot again: they are not sent to a booking that cannot be paid any more.
async fn an_own_hold_that_is_over_is_in_nobodys_way(kind: Kind) {
    let world = open(kind).await;
    let first = held(&world, slot(0)).await;
    assert_eq!(
        world.book(crate::wish(&world, 0, slot(0))).await.unwrap(),
        Outcome::Refused(Why::HoldExists),
        "while it lasts, it can be paid"
    );
    world.pass(minutes(15));
    let again = world.book(crate::wish(&world, 0, slot(0))).await.unwrap();
    assert!(matches!(again, Outcome::Booked(_)), "{again:?}");
    world.rest().await;
    assert_eq!(ending(&world, first.id).await, lapsed());
}
