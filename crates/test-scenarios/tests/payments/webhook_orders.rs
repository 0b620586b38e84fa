//! In whatever order and however often webhooks arrive, or not at all: the result is the same.

use attune_domain::payment::RefundStage;
use attune_domain::{BookingStatus, PaymentStatus};
use attune_ports::RefundCause;
use attune_test_scenarios::{Kind, World, on_both_databases};
use attune_test_stripe::Event;

use crate::{
    Dice, FinalState, Held, OutOfOrder, PRICE, cancelled_and_refunded, client_cancels, deliver_webhooks,
    expired_unpaid, fake, final_state, held, minutes, on, open_with_hold, paid_in_full, send_webhook, slot,
};

/// How often each event is delivered.
const TIMES: usize = 3;
const BOOKINGS: usize = 24;
const PART: i64 = PRICE / 3;

#[derive(Debug, Clone, Copy)]
enum Scenario {
    Paid,
    /// A slow payment, part of which is refunded in the dashboard.
    PartlyRefundedInDashboard,
    Failed,
    Cancelled,
    /// A dashboard refund of everything, which fails afterwards.
    RefundFailed,
    Expired,
}

impl Scenario {
    const ALL: [Self; 6] =
        [Self::Paid, Self::PartlyRefundedInDashboard, Self::Failed, Self::Cancelled, Self::RefundFailed, Self::Expired];

    /// Makes it happen at Stripe, without webhooks.
    async fn happen(self, world: &World, held: &Held) -> Vec<Event> {
        let (stripe, checkout) = (fake(world), held.checkout.as_str());
        let before = stripe.events().len();
        match self {
            Self::Paid => {
                stripe.pay(checkout);
            }
            Self::PartlyRefundedInDashboard => {
                let payment = stripe.pay_slowly(checkout);
                stripe.settle_payment(checkout);
                stripe.set_slow_refunds(true);
                let refund = stripe.refund_in_dashboard(&payment, PART).unwrap();
                stripe.settle_refund(&refund);
            }
            Self::Failed => {
                stripe.pay_slowly(checkout);
                stripe.fail_payment(checkout);
            }
            Self::Cancelled => {
                stripe.pay(checkout);
                stripe.set_slow_refunds(true);
                world.pass(minutes(5));
                world.work().await;
                client_cancels(world, held).await;
                world.work().await;
                let refund = stripe.refunds().pop().unwrap();
                stripe.settle_refund(refund["id"].as_str().unwrap());
            }
            Self::RefundFailed => {
                let payment = stripe.pay(checkout);
                stripe.set_slow_refunds(false);
                let refund = stripe.refund_in_dashboard(&payment, PRICE).unwrap();
                stripe.fail_refund(&refund);
            }
            Self::Expired => {
                world.pass(minutes(47));
            }
        }
        stripe.events()[before..].to_vec()
    }

    /// Whether these events suffice to know the result. A dashboard refund shows nowhere else.
    fn is_decided_by(self, events: &[usize]) -> bool {
        match self {
            // The creation of the refund, or its end.
            Self::PartlyRefundedInDashboard | Self::RefundFailed => events.iter().any(|event| *event >= 2),
            Self::Paid | Self::Failed | Self::Cancelled | Self::Expired => true,
        }
    }

    fn ends(self) -> FinalState {
        match self {
            Self::Paid => paid_in_full(),
            Self::PartlyRefundedInDashboard => FinalState {
                status: (BookingStatus::Scheduled, PaymentStatus::PartiallyRefunded),
                refunds: vec![(RefundStage::Succeeded, PART, RefundCause::External)],
                held: PRICE - PART,
                refund_emails: 1,
                ..paid_in_full()
            },
            Self::Failed => FinalState { problem_emails: 1, ..expired_unpaid() },
            Self::Cancelled => cancelled_and_refunded(),
            Self::RefundFailed => FinalState {
                refunds: vec![(RefundStage::Failed, PRICE, RefundCause::External)],
                problems: vec!["refund_failed"],
                ..paid_in_full()
            },
            Self::Expired => expired_unpaid(),
        }
    }

    fn length(self) -> usize {
        match self {
            Self::Paid | Self::Expired => 1,
            Self::Failed => 2,
            Self::Cancelled => 3,
            Self::PartlyRefundedInDashboard | Self::RefundFailed => 4,
        }
    }
}

/// The numbers of the delivered events in order, and when the worker runs in between.
#[derive(Debug, Clone)]
struct DeliveryOrder {
    order: Vec<usize>,
    /// Draws the moments; without it the worker does not run.
    worker: Option<Dice>,
}

fn permutations(count: usize) -> Vec<Vec<usize>> {
    if count == 0 {
        return vec![Vec::new()];
    }
    let shorter = permutations(count - 1);
    let longer = |order: Vec<usize>| {
        (0..count).map(move |at| {
            let mut order = order.clone();
            order.insert(at, count - 1);
            order
        })
    };
    shorter.into_iter().flat_map(longer).collect()
}

/// Each event several times; the first deliveries have the given order.
fn mixed(first: &[usize], dice: &mut Dice) -> Vec<usize> {
    let mut labels: Vec<usize> = (0..first.len()).flat_map(|label| [label; TIMES]).collect();
    dice.shuffle(&mut labels);
    let mut seen = Vec::new();
    for label in &labels {
        if !seen.contains(label) {
            seen.push(*label);
        }
    }
    labels.iter().map(|label| first[seen.iter().position(|known| known == label).unwrap()]).collect()
}

fn delivery_orders(log: Scenario) -> Vec<DeliveryOrder> {
    let mut dice = Dice(7);
    let mut all = Vec::new();
    for order in permutations(log.length()) {
        let backwards: Vec<usize> = order.iter().rev().copied().collect();
        let mut orders = vec![
            order.iter().flat_map(|&event| [event; TIMES]).collect(),
            [order.clone(), order.clone(), order.clone()].concat(),
            [order.clone(), backwards.clone(), backwards].concat(),
        ];
        orders.extend((0..3).map(|_| mixed(&order, &mut dice)));
        for order in orders {
            all.push(DeliveryOrder { order: order.clone(), worker: None });
            all.push(DeliveryOrder { order, worker: Some(Dice(u64::try_from(all.len()).unwrap())) });
        }
    }
    all
}

/// Every selection of the events in every order; the others never arrive.
fn gaps(log: Scenario) -> Vec<DeliveryOrder> {
    let selections = permutations(log.length()).into_iter().flat_map(|order| {
        (0..order.len()).map(move |length| DeliveryOrder { order: order[..length].to_vec(), worker: Some(Dice(1)) })
    });
    let mut orders = std::collections::BTreeSet::new();
    selections.filter(|delivery| log.is_decided_by(&delivery.order) && orders.insert(delivery.order.clone())).collect()
}

async fn replay(world: &World, number: usize, log: Scenario, delivery: DeliveryOrder) {
    let held = held(world, slot(number)).await;
    let events = log.happen(world, &held).await;
    assert_eq!(events.len(), log.length(), "{log:?}");
    let delivered: Vec<Event> = delivery.order.iter().map(|&event| events[event].clone()).collect();
    let mut dice = delivery.worker.clone();
    let mut refused = Vec::new();
    for event in &delivered {
        if let Some(dice) = &mut dice
            && dice.roll(3) == 0
        {
            world.pass(minutes(i64::try_from(dice.roll(4)).unwrap()));
            world.work().await;
        }
        if let Err(OutOfOrder) = send_webhook(world, event).await {
            refused.push(event.clone());
        }
        world.check_ledger().await;
    }
    deliver_webhooks(world, &refused).await;
    // Unpaid holds expire and processing payments settle.
    world.pass(minutes(16));
    world.run_until_idle().await;
    let mut ended = final_state(world, held.id).await;
    if matches!(log, Scenario::RefundFailed) {
        // If the failure arrives first, no email reports the refund.
        ended.refund_emails = 0;
    }
    let kinds: Vec<_> = delivered.iter().map(|event| &event.kind).collect();
    assert_eq!(ended, log.ends(), "{log:?} delivered as {delivery:?}: {kinds:?}");
}

async fn replay_all(kind: Kind, log: Scenario, delivery_orders: Vec<DeliveryOrder>) {
    for practice in delivery_orders.chunks(BOOKINGS) {
        let world = on(kind.fresh().await).await;
        for (number, delivery) in practice.iter().enumerate() {
            replay(&world, number, log, delivery.clone()).await;
        }
    }
}

macro_rules! in_every_order {
    ($($name:ident: $log:expr;)+) => {$(
        #[tokio::test(flavor = "multi_thread")]
        async fn $name() {
            replay_all(Kind::Memory, $log, delivery_orders($log)).await;
            replay_all(Kind::Memory, $log, gaps($log)).await;
        }
    )+};
}

in_every_order! {
    paid_in_every_order: Scenario::Paid;
    partly_refunded_in_dashboard_in_every_order: Scenario::PartlyRefundedInDashboard;
    failed_in_every_order: Scenario::Failed;
    cancelled_in_every_order: Scenario::Cancelled;
    refund_failed_in_every_order: Scenario::RefundFailed;
    expired_in_every_order: Scenario::Expired;
}

/// A sample on the databases, the same in every run.
async fn some_orders(kind: Kind) {
    let mut dice = Dice(11);
    for log in Scenario::ALL {
        let mut all = [delivery_orders(log), gaps(log)].concat();
        dice.shuffle(&mut all);
        all.truncate(10);
        replay_all(kind, log, all).await;
    }
}

on_both_databases! { some_orders }

/// After an outage of hours the first webhook reports a refund.
#[tokio::test(flavor = "multi_thread")]
async fn a_refund_webhook_arrives_first_after_hours() {
    for hours in [0, 2, 30] {
        let (world, held) = open_with_hold(Kind::Memory).await;
        let payment = fake(&world).pay(&held.checkout);
        fake(&world).refund_in_dashboard(&payment, PART).unwrap();
        world.pass(minutes(60 * hours));
        let mut events = fake(&world).events();
        events.reverse();
        deliver_webhooks(&world, &events).await;
        world.run_until_idle().await;
        let ended = final_state(&world, held.id).await;
        assert_eq!(ended, Scenario::PartlyRefundedInDashboard.ends(), "after {hours} hours");
    }
}
