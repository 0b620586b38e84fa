//! The adapter against a simulated Stripe with faults, over real sockets.

#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise, in its helpers too")]

mod checkouts;
mod faults;
mod messages;
mod refunds;

use std::error::Error;
use std::fmt::Debug;
use std::time::Duration;

use attune_adapter_stripe::{Secret, StripeConfig, StripeGateway, Timeouts};
use attune_domain::{BookingId, Currency, Money};
use attune_ports::{
    Checkout, CheckoutRequest, CheckoutState, OnlinePayments, PaidCheckout, PaymentError, PaymentGateway, RefundRequest,
};
use attune_test_stripe::{FakeStripe, PAYER_EMAIL, PAYER_NAME};
use jiff::SignedDuration;
use serde_json::Value;
use url::Url;

/// Long enough for a machine that is busy with other tests.
const LONG: Duration = Duration::from_secs(30);

/// A hold of 15 minutes, and no delays between retries.
fn config(fake: &FakeStripe) -> StripeConfig {
    let url = |text: &str| Url::parse(text).unwrap();
    let mut config = StripeConfig::new(
        Secret::new(FakeStripe::SECRET_KEY),
        SignedDuration::from_mins(15),
        "Session".to_owned(),
        url("https://practice.example.org/paid?a=1&b=2"),
        url("https://practice.example.org/back"),
    )
    .unwrap();
    config.api = url(&fake.url());
    config.timeouts = Timeouts { connect: LONG, attempt: LONG, total: LONG, retry_delay: Duration::ZERO };
    config
}

fn gateway(fake: &FakeStripe) -> StripeGateway {
    StripeGateway::new(config(fake)).unwrap()
}

fn money(minor: i64, currency: &str) -> Money {
    Money::new(minor, Currency::parse(currency).unwrap()).unwrap()
}

fn booking() -> BookingId {
    BookingId::new(42).unwrap()
}

/// 100 EUR, and a hold that ends in ten minutes.
fn request(fake: &FakeStripe) -> CheckoutRequest {
    CheckoutRequest {
        booking: booking(),
        amount: money(10_000, "EUR"),
        expires_at: fake.now() + SignedDuration::from_mins(10),
        nonce: [0xab; 16],
    }
}

fn stripe() -> (FakeStripe, StripeGateway) {
    let fake = FakeStripe::start();
    let gateway = gateway(&fake);
    (fake, gateway)
}

async fn opened(fake: &FakeStripe) -> Checkout {
    gateway(fake).open_checkout(&request(fake)).await.unwrap()
}

fn statuses(fake: &FakeStripe) -> Vec<Value> {
    fake.checkouts().into_iter().map(|session| session["status"].clone()).collect()
}

fn assert_discreet(text: &str) {
    for secret in [FakeStripe::SECRET_KEY, FakeStripe::WEBHOOK_SECRET, PAYER_EMAIL, PAYER_NAME, "cs_test_", "pi_0"] {
        assert!(!text.contains(secret), "{secret}: {text}");
    }
}

/// The messages of an error and of all its sources.
fn messages_of(error: &PaymentError) -> String {
    let mut messages = format!("{error} {error:?}");
    let mut source = error.source();
    while let Some(error) = source {
        messages.push_str(&format!(" {error} {error:?}"));
        source = error.source();
    }
    assert_discreet(&messages);
    messages
}

fn assert_unavailable<T: Debug>(result: Result<T, PaymentError>) -> String {
    let error = result.unwrap_err();
    assert!(matches!(error, PaymentError::Unavailable(_)), "{error:?}");
    messages_of(&error)
}

fn assert_refused<T: Debug>(result: Result<T, PaymentError>) -> String {
    let error = result.unwrap_err();
    assert!(matches!(error, PaymentError::Refused(_)), "{error:?}");
    messages_of(&error)
}

async fn paid_checkout(gateway: &StripeGateway, checkout: &str) -> PaidCheckout {
    let state = gateway.checkout_state(checkout).await.unwrap();
    let CheckoutState::Paid(paid) = state else { panic!("{state:?}") };
    paid
}

fn refund_of(payment: &str, minor: i64, key: &str) -> RefundRequest {
    RefundRequest {
        provider_payment_id: payment.to_owned(),
        booking: booking(),
        amount: money(minor, "EUR"),
        idempotency_key: key.to_owned(),
    }
}
