//! A practice that collects through Stripe: the real client and the real reader of messages, against a Stripe that does as
//! it is told.

use std::sync::Arc;
use std::time::Duration;

use attune_adapter_stripe::{Secret, StripeConfig, StripeEvents, StripeGateway, Timeouts};
use attune_application::payments::{HandlePaymentWebhookError, WebhookOutcome};
use attune_domain::payment::PaymentState;
use attune_domain::{BookingId, BookingStatus};
use attune_ports::{PaymentEvent, PaymentEvents, Provider};
use attune_test_stripe::{Event, FakeStripe};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use url::Url;

use crate::facts::{BookingFacts, Facts};
use crate::{World, money};

/// Long enough for a machine that is busy with other tests; nobody waits for it unless something is wrong.
const LONG: Duration = Duration::from_secs(30);

/// How often the worker looks before a practice that does not come to rest is wrong.
const ROUNDS: usize = 200;
/// Rounds in which it looks as soon as it may.
const PATIENT: usize = 50;

/// Stripe, and our two ways to it.
pub struct Stripe {
    /// The other side.
    pub fake: FakeStripe,
    /// Asks it.
    pub gateway: Arc<StripeGateway>,
    /// Reads what it sends.
    pub events: StripeEvents,
}

impl Stripe {
    pub(crate) fn start(now: Timestamp, hold: SignedDuration) -> Self {
        let fake = FakeStripe::start();
        fake.set_now(now);
        let gateway = Arc::new(gateway(&fake, hold, LONG));
        let events = StripeEvents::new(vec![Secret::new(FakeStripe::WEBHOOK_SECRET)]).unwrap();
        Self { fake, gateway, events }
    }

    pub(crate) fn hurry(&mut self, hold: SignedDuration, attempt: Duration) {
        self.gateway = Arc::new(gateway(&self.fake, hold, attempt));
    }

    /// The message about an event, as it is read when it is sent now.
    pub fn read(&self, event: &Event) -> PaymentEvent {
        let body = event.body.as_bytes();
        self.events.read(&self.fake.sign(body), body, self.fake.now()).unwrap()
    }
}

fn gateway(fake: &FakeStripe, hold: SignedDuration, attempt: Duration) -> StripeGateway {
    let url = |text: &str| Url::parse(text).unwrap();
    let mut config = StripeConfig::new(
        Secret::new(FakeStripe::SECRET_KEY),
        hold,
        "Appointment".to_owned(),
        url("https://practice.example.org/paid"),
        url("https://practice.example.org/back"),
    )
    .unwrap();
    config.api = url(&fake.url());
    config.timeouts = Timeouts { connect: LONG, attempt, total: LONG, retry_delay: Duration::ZERO };
    StripeGateway::new(config).unwrap()
}

impl World {
    /// Stripe tells of an event, in a message that is signed now.
    pub async fn hear(&self, event: &Event) -> Result<WebhookOutcome, HandlePaymentWebhookError> {
        self.use_cases().handle_webhook.expect("an online provider").run(&self.stripe().read(event)).await
    }

    /// Everything about one booking.
    pub async fn facts_of(&self, booking: BookingId) -> BookingFacts {
        self.facts().await.remove(&booking).expect("the booking is there")
    }

    /// What the worker does about money in one go.
    pub async fn work(&self) {
        self.use_cases().expire_holds.run().await.unwrap();
        self.use_cases().reconcile.run().await.unwrap();
        self.use_cases().expire_holds.run().await.unwrap();
        self.use_cases().process_refunds.run().await.unwrap();
    }

    /// Lets the worker do its work, and time pass as it needs, until there is nothing left to be asked: no checkout that
    /// nobody needs, no news of money, no refund on its way. Checkouts at which a client can still pay stay as they are.
    /// Looks at all the books on the way, and at both sides in the end.
    pub async fn rest(&self) {
        for round in 0..ROUNDS {
            self.work().await;
            let facts = self.facts().await;
            money::check_all(&facts).unwrap();
            // Where Stripe keeps an error as its answer for a day, not every question has to be asked.
            let soonest =
                self.now() + if round < PATIENT { SignedDuration::ZERO } else { SignedDuration::from_hours(1) };
            match self.next_question(&facts) {
                Some(next) => self.set_clock(next.max(soonest)),
                None => return self.check_with_stripe().await,
            }
        }
        panic!("the practice does not come to rest: {:#?}", self.facts().await);
    }

    /// Looks at the books of all bookings.
    pub async fn check_books(&self) {
        money::check_all(&self.facts().await).unwrap();
    }

    /// Looks at the books of both sides, once nothing is under way.
    pub async fn check_with_stripe(&self) {
        let problems = self.stores.queries.payment_problems(1_000).await.unwrap();
        money::check_with_stripe(&self.facts().await, &problems, &self.stripe().fake).unwrap();
    }

    /// When the worker has to ask next about something that would be another by then.
    fn next_question(&self, facts: &Facts) -> Option<Timestamp> {
        let (checkouts, refunds) = (self.stripe().fake.checkouts(), self.stripe().fake.refunds());
        let mut next = Vec::new();
        for BookingFacts { booking, payments, refunds: kept, .. } in facts.values() {
            let is_held = booking.status() == BookingStatus::PendingPayment
                && booking.hold_expires_at().is_some_and(|until| until > self.now());
            for payment in payments.iter().filter(|payment| payment.provider == Provider::Stripe) {
                let checkout = checkouts.iter().find(|checkout| checkout["id"] == *payment.provider_checkout_id);
                let asked = match payment.state {
                    PaymentState::Opening | PaymentState::Closing => true,
                    PaymentState::Open => !is_held || checkout.is_some_and(|checkout| checkout["status"] != "open"),
                    PaymentState::Processing => checkout.is_some_and(|checkout| !self.is_on_its_way(checkout)),
                    PaymentState::Settled | PaymentState::Unapplied | PaymentState::Closed => false,
                };
                next.extend(payment.check_at.filter(|_| asked));
            }
            for refund in kept.iter().filter(|refund| refund.stage.is_outstanding()) {
                let there = refunds.iter().find(|there| refund.provider_refund_id.as_deref() == there["id"].as_str());
                let asked = there.is_none_or(|there| there["status"] != "pending");
                next.extend(refund.next_at.filter(|_| asked));
            }
        }
        next.into_iter().min()
    }

    /// Whether a client is through and the money is under way. That it failed shows in the messages alone.
    fn is_on_its_way(&self, checkout: &Value) -> bool {
        let has_failed = || {
            self.stripe().fake.events().iter().any(|event| {
                let told: Value = serde_json::from_str(&event.body).unwrap();
                event.kind == "checkout.session.async_payment_failed" && told["data"]["object"]["id"] == checkout["id"]
            })
        };
        checkout["status"] == "complete" && checkout["payment_status"] == "unpaid" && !has_failed()
    }
}
