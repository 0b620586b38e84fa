//! The control: laws that nothing breaks say nothing.

use attune_application::Idempotent;
use attune_domain::{Booking, BookingId, PracticePolicy};
use attune_ports::PaymentProblem;
use jiff::SignedDuration;

use super::*;
use crate::{Kind, Setup, Share, World};

/// A practice with one booking, a part of whose price went back.
async fn practice() -> (World, BookingId) {
    let setup = Setup { provider: Provider::Stripe, policy: PracticePolicy::default() };
    let world = World::open(Kind::Memory.fresh().await, setup).await;
    let start = world.now() + SignedDuration::from_hours(73);
    let wish = world.wish(world.clients[0], world.therapists[0], start);
    let Idempotent::Executed(placed) = world.use_cases().create_booking.run(wish).await.unwrap() else {
        panic!("asked once")
    };
    world.stripe().fake.pay(&placed.checkout.unwrap().provider_checkout_id);
    world.pass(SignedDuration::from_mins(5));
    world.rest().await;
    world.give_back(placed.booking.id(), Share::Cents(1)).await.unwrap();
    world.rest().await;
    (world, placed.booking.id())
}

#[tokio::test]
async fn books_that_do_not_agree_are_noticed() {
    let (world, id) = practice().await;
    let right = world.facts_of(id).await;
    check(&right).unwrap();
    type Change = fn(&mut BookingFacts);
    let changes: [(&str, Change); 9] = [
        ("a lost line", |facts| facts.ledger.truncate(1)),
        ("a line that is there twice", |facts| facts.ledger.push(facts.ledger[0].clone())),
        ("a refund that is not in the books", |facts| facts.refunds.clear()),
        ("a refund that did not go", |facts| facts.refunds[0].stage = RefundStage::Failed),
        ("a payment that is not in the books", |facts| facts.payments.clear()),
        ("a payment that was not needed", |facts| facts.payments[0].state = PaymentState::Closed),
        ("two payments for one booking", |facts| facts.payments.push(facts.payments[0].clone())),
        ("a status of its own", |facts| {
            let mut record = facts.booking.record().clone();
            record.payment_status = PaymentStatus::Succeeded;
            facts.booking = Booking::restore(record).unwrap();
        }),
        ("more promised than there is", |facts| {
            let mut more = facts.refunds[0].clone();
            more.stage = RefundStage::Queued;
            more.amount = facts.booking.price();
            facts.refunds.push(more);
        }),
    ];
    for (what, change) in changes {
        let mut wrong = right.clone();
        change(&mut wrong);
        assert!(check(&wrong).is_err(), "{what}");
    }
}

#[tokio::test]
async fn books_that_are_not_stripes_are_noticed() {
    let (world, id) = practice().await;
    let right = world.facts().await;
    let look = |facts: &Facts| check_with_stripe(facts, &Vec::<PaymentProblem>::new(), &world.stripe().fake);
    look(&right).unwrap();
    type Change = fn(&mut BookingFacts);
    let changes: [(&str, Change); 3] = [
        ("money that nobody knows of", |facts| facts.payments[0].provider_checkout_id = "cs_test_another".into()),
        ("other money", |facts| facts.payments[0].provider_payment_id = None),
        ("a refund that nobody knows of", |facts| facts.refunds[0].provider_refund_id = None),
    ];
    for (what, change) in changes {
        let mut wrong = right.clone();
        change(wrong.get_mut(&id).unwrap());
        check_all(&wrong).unwrap();
        assert!(look(&wrong).is_err(), "{what}");
    }
    let money = right[&id].payments[0].provider_payment_id.clone().unwrap();
    world.stripe().fake.refund_in_dashboard(&money, 1).unwrap();
    assert!(look(&right).is_err(), "given back by hand, and nobody was told");
}
