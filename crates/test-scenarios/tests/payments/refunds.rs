//! Refunds that Stripe refuses, that come back, that are made by hand, and that wait for each other.

use attune_domain::payment::RefundStage;
use attune_domain::{BookingStatus, PaymentStatus};
use attune_ports::RefundCause;
use attune_test_scenarios::{Kind, Outcome, Share, Who, Why};
use attune_test_stripe::{Behaviour, Moment};

use crate::{
    Ending, PRICE, cancel, ending, fake, happy, hear, minutes, on_every_store, open, paid, slot, status, tell,
};

on_every_store! {
    a_refund_that_stripe_refuses_is_tried_again_by_a_therapist
    a_refund_that_comes_back_is_tried_again_by_a_therapist
    what_is_given_back_by_hand_shows
    the_same_money_given_back_by_hand_goes_once
    two_refunds_wait_for_each_other
    a_refund_that_nobody_speaks_of_has_not_failed
    money_is_given_back_bit_by_bit_and_never_more_than_came
}

fn called_off() -> Ending {
    Ending {
        status: (BookingStatus::Cancelled, PaymentStatus::Refunded),
        refunds: vec![(RefundStage::Succeeded, PRICE, RefundCause::Cancelled)],
        held: 0,
        returns: 1,
        ..happy()
    }
}

async fn a_refund_that_stripe_refuses_is_tried_again_by_a_therapist(kind: Kind) {
    let world = open(kind).await;
    let (held, _) = paid(&world, slot(0)).await;
    assert_eq!(world.alter(cancel(&world, Who::Owner, held.id)).await.unwrap(), Outcome::Done);
    // Looked for, not found, refused for good: the account may not give money back at the moment.
    fake(&world).script([Behaviour::Succeed, Behaviour::Refuse { status: 400, advice: None }]);
    world.work().await;
    let refused = Ending {
        status: (BookingStatus::Cancelled, PaymentStatus::Succeeded),
        refunds: vec![(RefundStage::Failed, PRICE, RefundCause::Cancelled)],
        problems: vec!["refund_failed"],
        ..happy()
    };
    world.rest().await;
    assert_eq!(ending(&world, held.id).await, refused, "it is not tried again by itself");

    assert_eq!(world.give_back(held.id, Share::Rest).await.unwrap(), Outcome::Done);
    world.rest().await;
    let expected = Ending {
        refunds: vec![
            (RefundStage::Retried, PRICE, RefundCause::Cancelled),
            (RefundStage::Succeeded, PRICE, RefundCause::Requested),
        ],
        ..called_off()
    };
    assert_eq!(ending(&world, held.id).await, expected);
    assert_eq!(fake(&world).refunds().len(), 1);
}

async fn a_refund_that_comes_back_is_tried_again_by_a_therapist(kind: Kind) {
    for slowly in [true, false] {
        let world = open(kind).await;
        let (held, _) = paid(&world, slot(0)).await;
        fake(&world).set_slow_refunds(slowly);
        assert_eq!(world.alter(cancel(&world, Who::Owner, held.id)).await.unwrap(), Outcome::Done);
        world.work().await;
        let refund = fake(&world).refunds()[0]["id"].as_str().unwrap().to_owned();
        fake(&world).fail_refund(&refund);
        tell(&world, &fake(&world).events()).await;
        world.rest().await;
        let failed = Ending {
            status: (BookingStatus::Cancelled, PaymentStatus::Succeeded),
            refunds: vec![(RefundStage::Failed, PRICE, RefundCause::Cancelled)],
            problems: vec!["refund_failed"],
            // The client was told that it went only if it seemed so for a while.
            returns: usize::from(!slowly),
            ..happy()
        };
        assert_eq!(ending(&world, held.id).await, failed);

        fake(&world).set_slow_refunds(false);
        world.pass(minutes(10));
        assert_eq!(world.give_back(held.id, Share::Rest).await.unwrap(), Outcome::Done);
        world.rest().await;
        tell(&world, &fake(&world).events()).await;
        let expected = Ending {
            refunds: vec![
                (RefundStage::Retried, PRICE, RefundCause::Cancelled),
                (RefundStage::Succeeded, PRICE, RefundCause::Requested),
            ],
            returns: 1 + usize::from(!slowly),
            ..called_off()
        };
        assert_eq!(ending(&world, held.id).await, expected);
        assert_eq!(fake(&world).refunds().len(), 2);
        assert_eq!(world.give_back(held.id, Share::Rest).await.unwrap(), Outcome::Refused(Why::NothingLeft));
    }
}

async fn what_is_given_back_by_hand_shows(kind: Kind) {
    let world = open(kind).await;
    let (held, money) = paid(&world, slot(0)).await;
    fake(&world).refund_in_dashboard(&money, 1_000).unwrap();
    fake(&world).set_slow_refunds(true);
    let slow = fake(&world).refund_in_dashboard(&money, 2_000).unwrap();
    tell(&world, &fake(&world).events()).await;
    assert_eq!(status(&world, held.id).await, (BookingStatus::Scheduled, PaymentStatus::RefundPending));
    // Of the slow one nobody tells any more; the worker asks.
    fake(&world).settle_refund(&slow);
    world.rest().await;
    let part = |minor| (RefundStage::Succeeded, minor, RefundCause::External);
    let expected = Ending {
        status: (BookingStatus::Scheduled, PaymentStatus::PartiallyRefunded),
        refunds: vec![part(1_000), part(2_000)],
        held: PRICE - 3_000,
        returns: 2,
        ..happy()
    };
    assert_eq!(ending(&world, held.id).await, expected);

    // Calling off gives back the rest, and no more.
    fake(&world).set_slow_refunds(false);
    assert_eq!(world.alter(cancel(&world, Who::Owner, held.id)).await.unwrap(), Outcome::Done);
    world.rest().await;
    let ended = ending(&world, held.id).await;
    assert_eq!((ended.status, ended.held), ((BookingStatus::Cancelled, PaymentStatus::Refunded), 0));
    assert_eq!(ended.refunds[2], (RefundStage::Succeeded, PRICE - 3_000, RefundCause::Cancelled));
}

/// The checkout is called off, and before the worker gets to it, somebody gives the money back on Stripe's own pages.
async fn the_same_money_given_back_by_hand_goes_once(kind: Kind) {
    let world = open(kind).await;
    let (held, money) = paid(&world, slot(0)).await;
    assert_eq!(world.alter(cancel(&world, Who::Owner, held.id)).await.unwrap(), Outcome::Done);
    fake(&world).refund_in_dashboard(&money, PRICE).unwrap();
    let event = fake(&world).events().pop().unwrap();
    // What we promised and what was given is the same money, and it is not known yet which one Stripe refuses.
    assert!(hear(&world, &event).await.is_err());
    world.work().await;
    tell(&world, &[event]).await;
    world.rest().await;
    let expected = Ending {
        refunds: vec![
            (RefundStage::Failed, PRICE, RefundCause::Cancelled),
            (RefundStage::Succeeded, PRICE, RefundCause::External),
        ],
        problems: vec!["refund_failed"],
        ..called_off()
    };
    assert_eq!(ending(&world, held.id).await, expected);
    assert_eq!(fake(&world).refunds().len(), 1);
}

/// A therapist gives a part back, and then the checkout is called off: one after the other, and both arrive.
async fn two_refunds_wait_for_each_other(kind: Kind) {
    let world = open(kind).await;
    let (held, _) = paid(&world, slot(0)).await;
    fake(&world).set_slow_refunds(true);
    assert_eq!(world.give_back(held.id, Share::Cents(1_000)).await.unwrap(), Outcome::Done);
    assert_eq!(world.give_back(held.id, Share::Rest).await.unwrap(), Outcome::Refused(Why::RefundInProgress));
    assert_eq!(world.alter(cancel(&world, Who::Owner, held.id)).await.unwrap(), Outcome::Done);
    world.work().await;
    world.pass(minutes(2));
    world.work().await;
    let there = fake(&world).refunds();
    assert_eq!(there.len(), 1, "the second waits: {there:?}");
    fake(&world).set_slow_refunds(false);
    fake(&world).settle_refund(there[0]["id"].as_str().unwrap());
    tell(&world, &fake(&world).events()).await;
    world.rest().await;
    let expected = Ending {
        refunds: vec![
            (RefundStage::Succeeded, 1_000, RefundCause::Requested),
            (RefundStage::Succeeded, PRICE - 1_000, RefundCause::Cancelled),
        ],
        returns: 2,
        ..called_off()
    };
    assert_eq!(ending(&world, held.id).await, expected);
}

/// Stripe has the refund, and for a while it says nothing about it: somebody took a right away from our key.
async fn a_refund_that_nobody_speaks_of_has_not_failed(kind: Kind) {
    let world = open(kind).await;
    let (held, _) = paid(&world, slot(0)).await;
    fake(&world).set_slow_refunds(true);
    assert_eq!(world.alter(cancel(&world, Who::Owner, held.id)).await.unwrap(), Outcome::Done);
    world.work().await;
    fake(&world).settle_refund(fake(&world).refunds()[0]["id"].as_str().unwrap());
    fake(&world).set_default(Behaviour::Refuse { status: 403, advice: None });
    for _ in 0..3 {
        world.pass(minutes(60));
        world.work().await;
        assert_eq!(status(&world, held.id).await, (BookingStatus::Cancelled, PaymentStatus::RefundPending));
    }
    fake(&world).set_default(Behaviour::Succeed);
    world.rest().await;
    assert_eq!(ending(&world, held.id).await, called_off());
}

/// Stripe gives the money back, and its answer is lost. Then it refuses to be asked whether it did.
#[tokio::test(flavor = "multi_thread")]
async fn a_refund_that_cannot_be_looked_for_has_not_failed() {
    let world = open(Kind::Memory).await;
    let (held, _) = paid(&world, slot(0)).await;
    assert_eq!(world.alter(cancel(&world, Who::Owner, held.id)).await.unwrap(), Outcome::Done);
    let cut = Behaviour::Cut(Moment::After);
    fake(&world).script([Behaviour::Succeed, cut, cut, cut]);
    world.work().await;
    assert_eq!(fake(&world).refunds().len(), 1);
    world.pass(minutes(1));
    fake(&world).script([Behaviour::Refuse { status: 403, advice: None }]);
    world.work().await;
    world.rest().await;
    assert_eq!(ending(&world, held.id).await, called_off());
}

async fn money_is_given_back_bit_by_bit_and_never_more_than_came(kind: Kind) {
    let world = open(kind).await;
    let (held, money) = paid(&world, slot(0)).await;
    let mut left = PRICE;
    for share in [1, 4_000, 3_000] {
        assert_eq!(world.give_back(held.id, Share::Cents(share)).await.unwrap(), Outcome::Done);
        world.rest().await;
        world.pass(minutes(1));
        left -= share;
        assert_eq!(ending(&world, held.id).await.held, left);
        assert_eq!(world.give_back(held.id, Share::Cents(left + 1)).await.unwrap(), Outcome::Refused(Why::TooMuch));
    }
    assert_eq!(status(&world, held.id).await, (BookingStatus::Scheduled, PaymentStatus::PartiallyRefunded));
    assert_eq!(world.give_back(held.id, Share::Rest).await.unwrap(), Outcome::Done);
    world.rest().await;
    assert_eq!(status(&world, held.id).await, (BookingStatus::Scheduled, PaymentStatus::Refunded));
    assert_eq!(world.give_back(held.id, Share::Cents(1)).await.unwrap(), Outcome::Refused(Why::NothingLeft));
    assert_eq!(fake(&world).refund_in_dashboard(&money, 1), None, "nor at Stripe");
    tell(&world, &fake(&world).events()).await;
    let ended = ending(&world, held.id).await;
    assert_eq!((ended.held, ended.refunds.len(), ended.returns), (0, 4, 4));
}
