//! The control: checks that never fail prove nothing.

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
    let command = world.booking_command(world.clients[0], world.therapists[0], start);
    let created = world.use_cases().create_booking.run(command).await.unwrap();
    let Idempotent::Executed(created) = created else { panic!("no idempotency key was used") };
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
        ("a lost ledger entry", |snapshot| snapshot.ledger.truncate(1)),
        ("a duplicate ledger entry", |snapshot| snapshot.ledger.push(snapshot.ledger[0].clone())),
        ("a ledger entry without its refund", |snapshot| snapshot.refunds.clear()),
        ("a failed refund with a ledger entry", |snapshot| snapshot.refunds[0].stage = RefundStage::Failed),
        ("a ledger entry without its payment", |snapshot| snapshot.payments.clear()),
        ("a closed payment with a ledger entry", |snapshot| snapshot.payments[0].state = PaymentState::Closed),
        ("two payments for one booking", |snapshot| snapshot.payments.push(snapshot.payments[0].clone())),
        ("a wrong payment status", |snapshot| {
            let mut record = snapshot.booking.record().clone();
            record.payment_status = PaymentStatus::Succeeded;
            snapshot.booking = Booking::restore(record).unwrap();
        }),
        ("refunds that exceed the payment", |snapshot| {
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
        ("an unknown payment", |snapshot| snapshot.payments[0].provider_checkout_id = "cs_test_another".into()),
        ("other money", |snapshot| snapshot.payments[0].provider_payment_id = None),
        ("an unknown refund", |snapshot| snapshot.refunds[0].provider_refund_id = None),
    ];
    for (what, change) in changes {
        let mut wrong = right.clone();
        change(wrong.get_mut(&id).unwrap());
        check_all(&wrong).unwrap();
        assert!(look(&wrong).is_err(), "{what}");
    }
    let payment = right[&id].payments[0].provider_payment_id.clone().unwrap();
    world.stripe().fake.refund_in_dashboard(&payment, 1).unwrap();
    assert!(look(&right).is_err(), "a dashboard refund without a webhook");
}
