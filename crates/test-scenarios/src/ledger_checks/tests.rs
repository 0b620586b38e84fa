//! The control: laws that nothing breaks say nothing.

use attune_application::Idempotent;
use attune_domain::{Booking, BookingId, PracticePolicy};
use attune_ports::PaymentProblem;
use jiff::SignedDuration;

use super::*;
use crate::{Kind, Setup, Share, World};

async fn practice() -> (World, BookingId) {
    let setup = Setup { provider: Provider::Stripe, policy: PracticePolicy::default() };
    let world = World::open(Kind::Memory.fresh().await, setup).await;
    let start = world.now() + SignedDuration::from_hours(73);
    let booking_command = world.booking_command(world.clients[0], world.therapists[0], start);
    let Idempotent::Executed(created) = world.use_cases().create_booking.run(booking_command).await.unwrap() else {
        panic!("asked once")
    };
    world.stripe().fake.pay(&created.checkout.unwrap().provider_checkout_id);
    world.pass(SignedDuration::from_mins(5));
    world.run_until_idle().await;
    world.refund_payment(created.booking.id(), Share::Cents(1)).await.unwrap();
    world.run_until_idle().await;
    (world, created.booking.id())
}

#[tokio::test]
async fn an_inconsistent_ledger_is_detected() {
    let (world, id) = practice().await;
    let right = world.snapshot_of(id).await;
    check(&right).unwrap();
    type Change = fn(&mut BookingSnapshot);
    let changes: [(&str, Change); 9] = [
        ("a lost line", |snapshot| snapshot.ledger.truncate(1)),
        ("a line that is there twice", |snapshot| snapshot.ledger.push(snapshot.ledger[0].clone())),
        ("a refund that is not in the books", |snapshot| snapshot.refunds.clear()),
        ("a refund that did not go", |snapshot| snapshot.refunds[0].stage = RefundStage::Failed),
        ("a payment that is not in the books", |snapshot| snapshot.payments.clear()),
        ("a payment that was not needed", |snapshot| snapshot.payments[0].state = PaymentState::Closed),
        ("two payments for one booking", |snapshot| snapshot.payments.push(snapshot.payments[0].clone())),
        ("a status of its own", |snapshot| {
            let mut record = snapshot.booking.record().clone();
            record.payment_status = PaymentStatus::Succeeded;
            snapshot.booking = Booking::restore(record).unwrap();
        }),
        ("more promised than there is", |snapshot| {
            let mut more = snapshot.refunds[0].clone();
            more.stage = RefundStage::Queued;
            more.amount = snapshot.booking.price();
            snapshot.refunds.push(more);
        }),
    ];
    for (what, change) in changes {
        let mut wrong = right.clone();
        change(&mut wrong);
        assert!(check(&wrong).is_err(), "{what}");
    }
}

#[tokio::test]
async fn a_ledger_that_differs_from_stripes_is_detected() {
    let (world, id) = practice().await;
    let right = world.snapshot().await;
    let look = |snapshot: &Snapshot| compare_with_stripe(snapshot, &Vec::<PaymentProblem>::new(), &world.stripe().fake);
    look(&right).unwrap();
    type Change = fn(&mut BookingSnapshot);
    let changes: [(&str, Change); 3] = [
        ("money that nobody knows of", |snapshot| snapshot.payments[0].provider_checkout_id = "cs_test_another".into()),
        ("other money", |snapshot| snapshot.payments[0].provider_payment_id = None),
        ("a refund that nobody knows of", |snapshot| snapshot.refunds[0].provider_refund_id = None),
    ];
    for (what, change) in changes {
        let mut wrong = right.clone();
        change(wrong.get_mut(&id).unwrap());
        check_all(&wrong).unwrap();
        assert!(look(&wrong).is_err(), "{what}");
    }
    let payment = right[&id].payments[0].provider_payment_id.clone().unwrap();
    world.stripe().fake.refund_in_dashboard(&payment, 1).unwrap();
    assert!(look(&right).is_err(), "given back by hand, and nobody was told");
}
