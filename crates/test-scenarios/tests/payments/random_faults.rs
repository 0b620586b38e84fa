//! Random actions of clients, therapists, the worker and Stripe, with webhooks in any order and faults in between. The
//! ledger is checked after each step, and compared with Stripe's at the end.
//!
//! The runs are the same each time. `ATTUNE_SCENARIOS=20` runs twenty times as many.

use std::fmt::Write;

use attune_application::payments::OpenCheckoutError;
use attune_test_scenarios::{Kind, Share, Who, World, on_every_store};
use attune_test_stripe::{Behaviour, Event, Moment};
use jiff::SignedDuration;

use crate::{Dice, PRICE, booking_command, cancel, deliver_webhooks, fake, on, send_webhook, slot};

const STEPS: usize = 60;
const SLOTS: usize = 3;

struct RandomRun<'a> {
    world: &'a World,
    dice: Dice,
    /// Events that are not delivered for good.
    undelivered: Vec<Event>,
    seen: usize,
    log: String,
}

impl RandomRun<'_> {
    fn pick<T: Clone>(&mut self, items: &[T]) -> Option<T> {
        if items.is_empty() { None } else { Some(items[self.dice.roll(items.len())].clone()) }
    }

    fn checkouts(&self, status: &str, payment: &str) -> Vec<String> {
        let checkouts = fake(self.world).checkouts().into_iter();
        let fits = checkouts.filter(|checkout| checkout["status"] == status && checkout["payment_status"] == payment);
        fits.map(|checkout| checkout["id"].as_str().unwrap().to_owned()).collect()
    }

    /// A client can pay only at a checkout whose URL was returned.
    async fn known(&self, checkouts: Vec<String>) -> Vec<String> {
        let snapshot = self.world.snapshot().await;
        let was_returned = |checkout: &String| {
            let mut payments = snapshot.values().flat_map(|snapshot| &snapshot.payments);
            payments.any(|payment| payment.provider_checkout_id == *checkout && payment.checkout_url.is_some())
        };
        checkouts.into_iter().filter(was_returned).collect()
    }

    async fn step(&mut self) {
        let world = self.world;
        let bookings: Vec<_> = world.snapshot().await.into_keys().collect();
        let booking = self.pick(&bookings);
        let action = self.dice.roll(100);
        let mut step = String::new();
        match (action, booking) {
            (0..12, _) | (_, None) => {
                let (client, start) = (self.dice.roll(2), slot(self.dice.roll(SLOTS)));
                let booked = world.book(booking_command(world, client, start)).await.unwrap();
                write!(step, "client {client} books {start}: {booked:?}").unwrap();
            }
            (12..20, Some(booking)) => {
                let client = world.snapshot_of(booking).await.booking.client();
                let opened = world.use_cases().open_checkout.run(booking, client).await;
                assert!(!matches!(opened, Err(OpenCheckoutError::Store(_))), "{opened:?}");
                write!(step, "requests a checkout for {booking}: {:?}", opened.map(|p| p.provider_checkout_id))
                    .unwrap();
            }
            (20..34, _) => {
                let open = self.known(self.checkouts("open", "unpaid")).await;
                if let Some(checkout) = self.pick(&open) {
                    let slowly = self.dice.roll(3) == 0;
                    if slowly {
                        fake(world).pay_slowly(&checkout)
                    } else {
                        fake(world).pay(&checkout)
                    };
                    write!(step, "pays {checkout}, slowly: {slowly}").unwrap();
                }
            }
            (34..40, _) => {
                let under_way: Vec<String> = self
                    .checkouts("complete", "unpaid")
                    .into_iter()
                    .filter(|id| {
                        let failed = |event: &Event| event.kind.ends_with("payment_failed") && event.body.contains(id);
                        !fake(world).events().iter().any(failed)
                    })
                    .collect();
                if let Some(checkout) = self.pick(&under_way) {
                    let arrives = self.dice.roll(3) > 0;
                    if arrives {
                        fake(world).settle_payment(&checkout)
                    } else {
                        fake(world).fail_payment(&checkout)
                    }
                    write!(step, "payment of {checkout} settles: {arrives}").unwrap();
                }
            }
            (40..60, _) => {
                self.collect();
                let undelivered = self.undelivered.clone();
                if let Some(event) = self.pick(&undelivered) {
                    let outcome = send_webhook(world, &event).await;
                    write!(step, "webhook {} {}: {outcome:?}", event.id, event.kind).unwrap();
                    if outcome.is_ok() && self.dice.roll(3) > 0 {
                        self.undelivered.retain(|other| other.id != event.id);
                    }
                }
            }
            (60..72, _) => {
                match self.dice.roll(4) {
                    0 => drop(world.use_cases().expire_holds.run().await.unwrap()),
                    1 => drop(world.use_cases().reconcile.run().await.unwrap()),
                    2 => drop(world.use_cases().process_refunds.run().await.unwrap()),
                    _ => world.work().await,
                }
                write!(step, "the worker runs").unwrap();
            }
            (72..80, _) => {
                let by = SignedDuration::from_secs([1, 31, 61, 310, 900, 2_000][self.dice.roll(6)]);
                world.pass(by);
                write!(step, "{by:?} pass").unwrap();
            }
            (80..85, Some(booking)) => {
                let who = if self.dice.roll(2) == 0 { Who::Owner } else { Who::Therapist };
                let client = world.snapshot_of(booking).await.booking.client();
                let mut command = cancel(world, who, booking);
                command.actor = if who == Who::Owner { client } else { command.actor };
                let cancelled = world.alter(command).await.unwrap();
                write!(step, "{who:?} cancels {booking}: {cancelled:?}").unwrap();
            }
            (85..88, Some(booking)) => {
                let paid = world.pay_offline(booking).await.unwrap();
                write!(step, "{booking} is paid offline: {paid:?}").unwrap();
            }
            (88..92, Some(booking)) => {
                let share = [Share::Rest, Share::Cents(1_000), Share::Cents(PRICE / 2), Share::Cents(PRICE)];
                let share = share[self.dice.roll(4)];
                let given = world.refund_payment(booking, share).await.unwrap();
                write!(step, "{share:?} of {booking} is refunded: {given:?}").unwrap();
            }
            (92..95, _) => match self.dice.roll(3) {
                0 => {
                    let payment =
                        fake(world).checkouts().into_iter().filter(|checkout| checkout["payment_status"] == "paid");
                    let payment: Vec<_> =
                        payment.map(|checkout| checkout["payment_intent"].as_str().unwrap().to_owned()).collect();
                    if let Some(payment) = self.pick(&payment) {
                        let minor = [1, 3_000, PRICE][self.dice.roll(3)];
                        let refund = fake(world).refund_in_dashboard(&payment, minor);
                        write!(step, "{minor} of {payment} is refunded in the dashboard: {refund:?}").unwrap();
                    }
                }
                1 => {
                    let refunds = fake(world).refunds().into_iter().filter(|refund| refund["status"] != "failed");
                    let refunds: Vec<_> = refunds.map(|refund| refund["id"].as_str().unwrap().to_owned()).collect();
                    if let Some(refund) = self.pick(&refunds) {
                        fake(world).fail_refund(&refund);
                        write!(step, "{refund} fails").unwrap();
                    }
                }
                _ => {
                    let slow = self.dice.roll(2) == 0;
                    fake(world).set_slow_refunds(slow);
                    write!(step, "refunds are slow: {slow}").unwrap();
                }
            },
            (_, Some(_)) => {
                let behaviours = [
                    Behaviour::Refuse { status: 500, advice: None },
                    Behaviour::Refuse { status: 400, advice: None },
                    Behaviour::FailAfterwards(500),
                    Behaviour::Cut(Moment::Before),
                    Behaviour::Cut(Moment::After),
                ];
                let behaviour = behaviours[self.dice.roll(behaviours.len())];
                let times = 1 + self.dice.roll(5);
                fake(world).script(std::iter::repeat_n(behaviour, times));
                write!(step, "fault: {behaviour:?} {times} times").unwrap();
            }
        }
        if !step.is_empty() {
            writeln!(self.log, "    {step}").unwrap();
        }
    }

    fn collect(&mut self) {
        let events = fake(self.world).events();
        self.undelivered.extend_from_slice(&events[self.seen..]);
        self.seen = events.len();
    }

    /// Stripe works again, delivers all webhooks, and everything pending ends.
    async fn recover(&mut self) {
        let world = self.world;
        fake(world).script([]);
        for checkout in self.checkouts("complete", "unpaid") {
            let ended = |event: &Event| event.kind.contains("async_payment") && event.body.contains(&checkout);
            if !fake(world).events().iter().any(ended) {
                fake(world).settle_payment(&checkout);
            }
        }
        for _ in 0..2 {
            fake(world).set_slow_refunds(false);
            for refund in fake(world).refunds() {
                if refund["status"] == "pending" {
                    fake(world).settle_refund(refund["id"].as_str().unwrap());
                }
            }
            self.collect();
            let mut undelivered = std::mem::take(&mut self.undelivered);
            self.dice.shuffle(&mut undelivered);
            deliver_webhooks(world, &undelivered).await;
            world.run_until_idle().await;
            world.pass(SignedDuration::from_hours(26));
        }
        self.collect();
        deliver_webhooks(world, &std::mem::take(&mut self.undelivered)).await;
        world.run_until_idle().await;
        // No checkout is open any longer, not even one that no one knows.
        assert_eq!(self.checkouts("open", "unpaid"), Vec::<String>::new());
    }
}

on_every_store! { random_faults }

async fn random_faults(kind: Kind) {
    let (first, count) = match kind {
        Kind::Memory => (0, 150),
        Kind::Sqlite => (1_000, 10),
        Kind::Postgres => (2_000, 10),
    };
    let times = std::env::var("ATTUNE_SCENARIOS").map_or(1, |times| times.parse().unwrap());
    for seed in first..first + count * times {
        let world = std::sync::Arc::new(on(kind.fresh().await).await);
        let log = std::sync::Arc::new(std::sync::Mutex::new(String::new()));
        let (inside, delivery) = (std::sync::Arc::clone(&world), std::sync::Arc::clone(&log));
        let outcome = tokio::spawn(async move {
            let mut run =
                RandomRun { world: &inside, dice: Dice(seed), undelivered: Vec::new(), seen: 0, log: String::new() };
            for _ in 0..STEPS {
                run.step().await;
                delivery.lock().unwrap().clone_from(&run.log);
                run.world.check_ledger().await;
            }
            run.recover().await;
        })
        .await;
        assert!(outcome.is_ok(), "the run with seed {seed} failed:\n{}", log.lock().unwrap());
    }
}
