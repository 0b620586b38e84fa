//! Whatever order Stripe tells in, however often, and whether or not it tells at all: the story ends the same.

use attune_domain::payment::RefundStage;
use attune_domain::{BookingStatus, PaymentStatus};
use attune_ports::RefundCause;
use attune_test_scenarios::{Kind, Who, World};
use attune_test_stripe::Event;

use crate::{
    Dice, Ending, Held, NotYet, PRICE, cancel, ending, fake, happy, hear, held, lapsed, minutes, on, slot, tell,
};

/// So often each event is told.
const TIMES: usize = 3;
/// Bookings of one practice, before another one opens.
const BOOKINGS: usize = 24;
const PART: i64 = PRICE / 3;

/// What happens at Stripe.
#[derive(Debug, Clone, Copy)]
enum Story {
    /// The client pays, and that is it.
    Paid,
    /// The money takes its time, and then a part of it is given back by hand.
    PartlyGivenBackByHand,
    /// The money does not come.
    Failed,
    /// The checkout is called off, and the money goes back.
    CalledOff,
    /// All of the money is given back by hand, and the client's bank sends it back.
    CameBack,
    /// Nobody pays.
    RanOut,
}

impl Story {
    const ALL: [Self; 6] =
        [Self::Paid, Self::PartlyGivenBackByHand, Self::Failed, Self::CalledOff, Self::CameBack, Self::RanOut];

    /// Lets it happen. Nobody is told.
    async fn happen(self, world: &World, held: &Held) -> Vec<Event> {
        let (stripe, checkout) = (fake(world), held.checkout.as_str());
        let before = stripe.events().len();
        match self {
            Self::Paid => {
                stripe.pay(checkout);
            }
            Self::PartlyGivenBackByHand => {
                let money = stripe.pay_slowly(checkout);
                stripe.settle_payment(checkout);
                stripe.set_slow_refunds(true);
                let refund = stripe.refund_in_dashboard(&money, PART).unwrap();
                stripe.settle_refund(&refund);
            }
            Self::Failed => {
                stripe.pay_slowly(checkout);
                stripe.fail_payment(checkout);
            }
            Self::CalledOff => {
                stripe.pay(checkout);
                stripe.set_slow_refunds(true);
                world.pass(minutes(5));
                world.work().await;
                world.alter(cancel(world, Who::Owner, held.id)).await.unwrap();
                world.work().await;
                let refund = stripe.refunds().pop().unwrap();
                stripe.settle_refund(refund["id"].as_str().unwrap());
            }
            Self::CameBack => {
                let money = stripe.pay(checkout);
                stripe.set_slow_refunds(false);
                let refund = stripe.refund_in_dashboard(&money, PRICE).unwrap();
                stripe.fail_refund(&refund);
            }
            Self::RanOut => {
                world.pass(minutes(47));
            }
        }
        stripe.events()[before..].to_vec()
    }

    /// Whether somebody who heard only of these can know how it ended. What was given back by hand shows nowhere else.
    fn is_told_by(self, events: &[usize]) -> bool {
        match self {
            // Stripe tells of the refund, or of its end.
            Self::PartlyGivenBackByHand | Self::CameBack => events.iter().any(|event| *event >= 2),
            Self::Paid | Self::Failed | Self::CalledOff | Self::RanOut => true,
        }
    }

    fn ends(self) -> Ending {
        match self {
            Self::Paid => happy(),
            Self::PartlyGivenBackByHand => Ending {
                status: (BookingStatus::Scheduled, PaymentStatus::PartiallyRefunded),
                refunds: vec![(RefundStage::Succeeded, PART, RefundCause::External)],
                held: PRICE - PART,
                returns: 1,
                ..happy()
            },
            Self::Failed => Ending { worries: 1, ..lapsed() },
            Self::CalledOff => Ending {
                status: (BookingStatus::Cancelled, PaymentStatus::Refunded),
                refunds: vec![(RefundStage::Succeeded, PRICE, RefundCause::Cancelled)],
                held: 0,
                returns: 1,
                ..happy()
            },
            Self::CameBack => Ending {
                refunds: vec![(RefundStage::Failed, PRICE, RefundCause::External)],
                problems: vec!["refund_failed"],
                ..happy()
            },
            Self::RanOut => lapsed(),
        }
    }

    /// How many events it makes.
    fn length(self) -> usize {
        match self {
            Self::Paid | Self::RanOut => 1,
            Self::Failed => 2,
            Self::CalledOff => 3,
            Self::PartlyGivenBackByHand | Self::CameBack => 4,
        }
    }
}

/// How a story is told: the numbers of its events, in order, and when the worker looks in between.
#[derive(Debug, Clone)]
struct Telling {
    order: Vec<usize>,
    /// Draws the moments; nobody looks without it.
    worker: Option<Dice>,
}

/// All orders of the numbers below `count`.
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

/// An order in which each is told several times, and for the first time in the order given.
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

/// Every order of the events, with their duplicates at several places, with and without the worker.
fn tellings(story: Story) -> Vec<Telling> {
    let mut dice = Dice(7);
    let mut all = Vec::new();
    for order in permutations(story.length()) {
        let backwards: Vec<usize> = order.iter().rev().copied().collect();
        let mut orders = vec![
            order.iter().flat_map(|&event| [event; TIMES]).collect(),
            [order.clone(), order.clone(), order.clone()].concat(),
            [order.clone(), backwards.clone(), backwards].concat(),
        ];
        orders.extend((0..3).map(|_| mixed(&order, &mut dice)));
        for order in orders {
            all.push(Telling { order: order.clone(), worker: None });
            all.push(Telling { order, worker: Some(Dice(u64::try_from(all.len()).unwrap())) });
        }
    }
    all
}

/// Every selection of the events, in every order, told once; nobody ever hears of the others.
fn gaps(story: Story) -> Vec<Telling> {
    let selections = permutations(story.length()).into_iter().flat_map(|order| {
        (0..order.len()).map(move |length| Telling { order: order[..length].to_vec(), worker: Some(Dice(1)) })
    });
    let mut orders = std::collections::BTreeSet::new();
    selections.filter(|telling| story.is_told_by(&telling.order) && orders.insert(telling.order.clone())).collect()
}

async fn listen(world: &World, number: usize, story: Story, telling: Telling) {
    let held = held(world, slot(number)).await;
    let events = story.happen(world, &held).await;
    assert_eq!(events.len(), story.length(), "{story:?}");
    let told: Vec<Event> = telling.order.iter().map(|&event| events[event].clone()).collect();
    let what = || format!("{story:?} told as {telling:?}: {:?}", told.iter().map(|e| &e.kind).collect::<Vec<_>>());
    let mut dice = telling.worker.clone();
    let mut again = Vec::new();
    for event in &told {
        if let Some(dice) = &mut dice
            && dice.roll(3) == 0
        {
            world.pass(minutes(i64::try_from(dice.roll(4)).unwrap()));
            world.work().await;
        }
        if let Err(NotYet) = hear(world, event).await {
            again.push(event.clone());
        }
        world.check_books().await;
    }
    tell(world, &again).await;
    // What nobody paid lapses, and what is on its way arrives.
    world.pass(minutes(16));
    world.rest().await;
    let mut ended = ending(world, held.id).await;
    if matches!(story, Story::CameBack) {
        // Whoever hears first that it came back has not been told that it went.
        ended.returns = 0;
    }
    assert_eq!(ended, story.ends(), "{}", what());
}

async fn listen_to_all(kind: Kind, story: Story, tellings: Vec<Telling>) {
    for practice in tellings.chunks(BOOKINGS) {
        let world = on(kind.fresh().await).await;
        for (number, telling) in practice.iter().enumerate() {
            listen(&world, number, story, telling.clone()).await;
        }
    }
}

macro_rules! in_every_order {
    ($($name:ident: $story:expr;)+) => {$(
        #[tokio::test(flavor = "multi_thread")]
        async fn $name() {
            listen_to_all(Kind::Memory, $story, tellings($story)).await;
            listen_to_all(Kind::Memory, $story, gaps($story)).await;
        }
    )+};
}

in_every_order! {
    paid_is_told_in_every_order: Story::Paid;
    partly_given_back_by_hand_is_told_in_every_order: Story::PartlyGivenBackByHand;
    failed_is_told_in_every_order: Story::Failed;
    called_off_is_told_in_every_order: Story::CalledOff;
    came_back_is_told_in_every_order: Story::CameBack;
    ran_out_is_told_in_every_order: Story::RanOut;
}

/// On the databases a sample: the same one in every run.
async fn some_orders(kind: Kind) {
    let mut dice = Dice(11);
    for story in Story::ALL {
        let mut all = [tellings(story), gaps(story)].concat();
        dice.shuffle(&mut all);
        all.truncate(10);
        listen_to_all(kind, story, all).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn some_orders_on_sqlite() {
    some_orders(Kind::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn some_orders_on_postgres() {
    some_orders(Kind::Postgres).await;
}

/// The practice was away for hours, and the first that it hears is that money went back.
#[tokio::test(flavor = "multi_thread")]
async fn news_of_a_refund_comes_first_after_hours() {
    for hours in [0, 2, 30] {
        let world = on(Kind::Memory.fresh().await).await;
        let held = held(&world, slot(0)).await;
        let money = fake(&world).pay(&held.checkout);
        fake(&world).refund_in_dashboard(&money, PART).unwrap();
        world.pass(minutes(60 * hours));
        let mut events = fake(&world).events();
        events.reverse();
        tell(&world, &events).await;
        world.rest().await;
        let ended = ending(&world, held.id).await;
        assert_eq!(ended, Story::PartlyGivenBackByHand.ends(), "after {hours} hours");
    }
}
