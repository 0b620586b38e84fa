//! A practice with online payments: the real client and webhook reader, against a simulated Stripe.

use std::sync::Arc;
use std::time::Duration;

use attune_adapter_stripe::{Secret, StripeConfig, StripeEvents, StripeGateway, Timeouts};
use attune_application::RequestMetadata;
use attune_application::payments::{HandlePaymentWebhookError, WebhookOutcome};
use attune_domain::payment::PaymentState;
use attune_domain::{BookingId, BookingStatus};
use attune_ports::{PaymentEvent, PaymentEvents, Provider};
use attune_test_stripe::{Event, FakeStripe};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use url::Url;

use crate::snapshot::{BookingSnapshot, Snapshot};
use crate::{World, ledger_checks};

const TIMEOUT: Duration = Duration::from_secs(30);

const ROUNDS: usize = 200;
const FAST_ROUNDS: usize = 50;

pub struct Stripe {
    pub fake: FakeStripe,
    pub gateway: Arc<StripeGateway>,
    pub events: StripeEvents,
}

impl Stripe {
    pub(crate) fn start(now: Timestamp, hold: SignedDuration) -> Self {
        let fake = FakeStripe::start();
        fake.set_now(now);
        let gateway = Arc::new(gateway(&fake, hold, TIMEOUT));
        let events = StripeEvents::new(vec![Secret::new(FakeStripe::WEBHOOK_SECRET)]).unwrap();
        Self { fake, gateway, events }
    }

    pub(crate) fn set_provider_timeout(&mut self, hold: SignedDuration, attempt: Duration) {
        self.gateway = Arc::new(gateway(&self.fake, hold, attempt));
    }

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
    config.timeouts = Timeouts { connect: TIMEOUT, attempt, total: TIMEOUT, retry_delay: Duration::ZERO };
    StripeGateway::new(config).unwrap()
}

impl World {
    pub async fn send_webhook(&self, event: &Event) -> Result<WebhookOutcome, HandlePaymentWebhookError> {
        self.use_cases()
            .handle_webhook
            .expect("an online provider")
            .run(&self.stripe().read(event), &RequestMetadata::default())
            .await
    }

    pub async fn snapshot_of(&self, booking: BookingId) -> BookingSnapshot {
        self.snapshot().await.remove(&booking).expect("the booking is at_stripe")
    }

    pub async fn work(&self) {
        self.use_cases().expire_holds.run().await.unwrap();
        self.use_cases().reconcile.run().await.unwrap();
        self.use_cases().expire_holds.run().await.unwrap();
        self.use_cases().process_refunds.run().await.unwrap();
    }

    pub async fn run_until_idle(&self) {
        for round in 0..ROUNDS {
            self.work().await;
            let snapshot = self.snapshot().await;
            ledger_checks::check_all(&snapshot).unwrap();
            // Where Stripe stores an error response for a day, requests need not be made as early as possible.
            let soonest =
                self.now() + if round < FAST_ROUNDS { SignedDuration::ZERO } else { SignedDuration::from_hours(1) };
            match self.next_due(&snapshot) {
                Some(next) => self.set_clock(next.max(soonest)),
                None => return self.compare_with_stripe().await,
            }
        }
        panic!("work is still pending: {:#?}", self.snapshot().await);
    }

    pub async fn check_ledger(&self) {
        ledger_checks::check_all(&self.snapshot().await).unwrap();
    }

    pub async fn compare_with_stripe(&self) {
        let problems = self.stores.queries.payment_problems(None, 1_000).await.unwrap();
        ledger_checks::compare_with_stripe(&self.snapshot().await, &problems, &self.stripe().fake).unwrap();
    }

    fn next_due(&self, snapshot: &Snapshot) -> Option<Timestamp> {
        let (checkouts, refunds) = (self.stripe().fake.checkouts(), self.stripe().fake.refunds());
        let mut next = Vec::new();
        for BookingSnapshot { booking, payments, refunds: known_refunds, .. } in snapshot.values() {
            let is_held = booking.status() == BookingStatus::PendingPayment
                && booking.hold_expires_at().is_some_and(|until| until > self.now());
            for payment in payments.iter().filter(|payment| payment.provider == Provider::Stripe) {
                let checkout = checkouts.iter().find(|checkout| checkout["id"] == *payment.provider_checkout_id);
                let is_due = match payment.state {
                    PaymentState::Opening | PaymentState::Closing => true,
                    PaymentState::Open => !is_held || checkout.is_some_and(|checkout| checkout["status"] != "open"),
                    PaymentState::Processing => checkout.is_some_and(|checkout| !self.is_processing(checkout)),
                    PaymentState::Settled | PaymentState::Unapplied | PaymentState::Closed => false,
                };
                next.extend(payment.check_at.filter(|_| is_due));
            }
            for refund in known_refunds.iter().filter(|refund| refund.stage.is_outstanding()) {
                let at_stripe =
                    refunds.iter().find(|at_stripe| refund.provider_refund_id.as_deref() == at_stripe["id"].as_str());
                let is_due = at_stripe.is_none_or(|at_stripe| at_stripe["status"] != "pending");
                next.extend(refund.next_at.filter(|_| is_due));
            }
        }
        next.into_iter().min()
    }

    fn is_processing(&self, checkout: &Value) -> bool {
        let has_failed = || {
            self.stripe().fake.events().iter().any(|event| {
                let payload: Value = serde_json::from_str(&event.body).unwrap();
                event.kind == "checkout.session.async_payment_failed"
                    && payload["data"]["object"]["id"] == checkout["id"]
            })
        };
        checkout["status"] == "complete" && checkout["payment_status"] == "unpaid" && !has_failed()
    }
}
