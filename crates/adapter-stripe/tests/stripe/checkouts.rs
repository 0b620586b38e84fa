//! Checkouts without faults.

use attune_adapter_stripe::{GRACE, STRIPE_VERSION};
use attune_ports::{PaymentTerms, Provider};
use serde_json::json;

use super::*;

#[tokio::test]
async fn it_has_a_provider_and_terms() {
    let (fake, gateway) = stripe();
    assert_eq!(gateway.provider(), Provider::Stripe);
    assert_eq!(gateway.terms(), PaymentTerms::Due { hold: SignedDuration::from_mins(15) });
    assert!(!gateway.is_live());
    assert!(fake.requests().is_empty());
}

#[tokio::test]
async fn stripe_gets_the_price_and_the_booking_but_no_identity() {
    let fake = FakeStripe::start();
    let checkout = opened(&fake).await;
    let session = &fake.checkouts()[0];
    assert_eq!(checkout.id, session["id"]);
    assert_eq!(checkout.url.as_deref(), session["url"].as_str());

    let request = &fake.requests()[0];
    assert_eq!((request.method.as_str(), request.path.as_str()), ("POST", "/v1/checkout/sessions"));
    let mut form = request.form.clone();
    form.sort();
    let expires_at = (fake.now() + SignedDuration::from_mins(41)).as_second().to_string();
    let expected = [
        ("adaptive_pricing[enabled]", "false"),
        ("cancel_url", "https://practice.example.org/back"),
        ("client_reference_id", "42"),
        ("expires_at", &expires_at),
        ("line_items[0][price_data][currency]", "eur"),
        ("line_items[0][price_data][product_data][name]", "Session"),
        ("line_items[0][price_data][unit_amount]", "10000"),
        ("line_items[0][quantity]", "1"),
        ("metadata[booking_id]", "42"),
        ("mode", "payment"),
        ("payment_intent_data[metadata][booking_id]", "42"),
        ("success_url", "https://practice.example.org/paid?a=1&b=2"),
    ];
    assert_eq!(form, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    assert_eq!(request.header("stripe-version"), Some(STRIPE_VERSION));
    assert_eq!(request.header("idempotency-key"), Some(format!("checkout-42-{}", "ab".repeat(16)).as_str()));
}

#[tokio::test]
async fn a_repeated_request_opens_one_checkout_at_any_time_of_the_hold() {
    let (fake, gateway) = stripe();
    let request = request(&fake);
    let first = gateway.open_checkout(&request).await.unwrap();
    fake.set_now(request.expires_at);
    assert_eq!(gateway.open_checkout(&request).await.unwrap(), first);
    let other = CheckoutRequest { nonce: [1; 16], ..request };
    assert_ne!(gateway.open_checkout(&other).await.unwrap().id, first.id);
    assert_eq!(fake.checkouts().len(), 2);
}

#[tokio::test]
async fn a_checkout_can_be_opened_from_the_first_to_the_last_moment_of_any_hold() {
    for hold in [SignedDuration::from_mins(1), SignedDuration::from_hours(24) - GRACE] {
        let fake = FakeStripe::start();
        let gateway = StripeGateway::new(StripeConfig { hold, ..config(&fake) }).unwrap();
        let request = CheckoutRequest { expires_at: fake.now() + hold, ..request(&fake) };
        gateway.open_checkout(&request).await.unwrap();
        fake.set_now(request.expires_at);
        gateway.open_checkout(&CheckoutRequest { nonce: [1; 16], ..request }).await.unwrap();
        assert_eq!(statuses(&fake), ["open", "open"], "{hold}");
    }
}

#[tokio::test]
async fn amounts_are_converted_for_every_kind_of_currency() {
    let (fake, gateway) = stripe();
    for (number, (amount, stripe)) in [
        (money(500, "JPY"), "500"),
        (money(5_000, "ISK"), "500000"),
        (money(50_000, "MGA"), "500"),
        (money(5_120, "KWD"), "5120"),
    ]
    .into_iter()
    .enumerate()
    {
        let nonce = [u8::try_from(number).unwrap(); 16];
        let checkout = gateway.open_checkout(&CheckoutRequest { amount, nonce, ..request(&fake) }).await.unwrap();
        let sent = fake.requests().pop().unwrap();
        assert_eq!(sent.field("line_items[0][price_data][unit_amount]"), Some(stripe), "{amount}");
        fake.pay(&checkout.id);
        assert_eq!(paid_checkout(&gateway, &checkout.id).await.amount, amount);
    }
    let before = fake.requests().len();
    for amount in [money(5_124, "KWD"), money(1_000, "IQD")] {
        assert_refused(gateway.open_checkout(&CheckoutRequest { amount, ..request(&fake) }).await);
    }
    assert_eq!(fake.requests().len(), before, "no request is sent for an amount that cannot be charged");
}

#[tokio::test]
async fn a_checkout_through_its_life() {
    let (fake, gateway) = stripe();
    let reference = opened(&fake).await.id;
    assert_eq!(gateway.checkout_state(&reference).await.unwrap(), CheckoutState::Open);
    let payment = fake.pay(&reference);
    let paid = CheckoutState::Paid(PaidCheckout {
        amount: money(10_000, "EUR"),
        booking: Some(booking()),
        live: false,
        provider_payment_id: payment,
    });
    assert_eq!(gateway.checkout_state(&reference).await.unwrap(), paid);
    assert_discreet(&format!("{paid:?} {paid:#?}"));
}

#[tokio::test]
async fn a_delayed_payment() {
    for (arrives, number) in [(true, 1), (false, 2)] {
        let (fake, gateway) = stripe();
        let request = CheckoutRequest { nonce: [number; 16], ..request(&fake) };
        let reference = gateway.open_checkout(&request).await.unwrap().id;
        let payment = fake.pay_slowly(&reference);
        assert_eq!(gateway.checkout_state(&reference).await.unwrap(), CheckoutState::Processing);
        fake.advance(SignedDuration::from_hours(72));
        assert_eq!(gateway.expire_checkout(&reference).await.unwrap(), CheckoutState::Processing, "too late to end it");
        if arrives {
            fake.settle_payment(&reference);
            assert_eq!(paid_checkout(&gateway, &reference).await.provider_payment_id, payment);
        } else {
            fake.fail_payment(&reference);
            assert_eq!(gateway.checkout_state(&reference).await.unwrap(), CheckoutState::Failed);
            assert_eq!(gateway.expire_checkout(&reference).await.unwrap(), CheckoutState::Failed);
        }
    }
}

#[tokio::test]
async fn a_checkout_outlives_its_hold_by_half_an_hour_and_no_more() {
    let (fake, gateway) = stripe();
    let reference = opened(&fake).await.id;
    fake.advance(SignedDuration::from_mins(40));
    assert_eq!(gateway.checkout_state(&reference).await.unwrap(), CheckoutState::Open);
    fake.advance(SignedDuration::from_mins(1));
    assert_eq!(gateway.checkout_state(&reference).await.unwrap(), CheckoutState::Expired);
    assert_eq!(gateway.expire_checkout(&reference).await.unwrap(), CheckoutState::Expired, "over is over");
}

#[tokio::test]
async fn an_expired_checkout_cannot_be_paid_and_a_paid_one_cannot_expire() {
    let (fake, gateway) = stripe();
    let reference = opened(&fake).await.id;
    assert_eq!(gateway.expire_checkout(&reference).await.unwrap(), CheckoutState::Expired);
    assert_eq!(gateway.expire_checkout(&reference).await.unwrap(), CheckoutState::Expired);
    assert_eq!(statuses(&fake), ["expired"]);

    let other = CheckoutRequest { nonce: [1; 16], ..request(&fake) };
    let reference = gateway.open_checkout(&other).await.unwrap().id;
    let payment = fake.pay(&reference);
    let CheckoutState::Paid(paid) = gateway.expire_checkout(&reference).await.unwrap() else { panic!("it was paid") };
    assert_eq!(paid.provider_payment_id, payment);
    assert_eq!(statuses(&fake), ["expired", "complete"]);
}

#[tokio::test]
async fn unknown_ids_are_unknown_and_never_part_of_a_path() {
    let (fake, gateway) = stripe();
    assert_eq!(gateway.checkout_state("cs_test_unknown").await.unwrap(), CheckoutState::Unknown);
    assert_eq!(gateway.expire_checkout("cs_test_unknown").await.unwrap(), CheckoutState::Unknown);
    let before = fake.requests().len();
    let long = "a".repeat(256);
    for reference in
        ["", ".", "..", "cs/../../refunds", "cs?x=1", "cs#x", "cs%2f", "offline-42-00", "cs\r\nX: y", "cś", &long]
    {
        assert_eq!(gateway.checkout_state(reference).await.unwrap(), CheckoutState::Unknown, "{reference:?}");
        assert_eq!(gateway.expire_checkout(reference).await.unwrap(), CheckoutState::Unknown, "{reference:?}");
        assert_eq!(gateway.refund_state(reference).await.unwrap(), None, "{reference:?}");
    }
    assert_eq!(fake.requests().len(), before);
}

#[tokio::test]
async fn a_checkout_reports_the_amount_received_not_the_amount_due() {
    let (fake, gateway) = stripe();
    let reference = opened(&fake).await.id;
    fake.change_checkout(&reference, |session| {
        session["amount_total"] = json!(100);
        session["currency"] = json!("usd");
        session["metadata"]["booking_id"] = json!("43");
    });
    fake.pay(&reference);
    let paid = paid_checkout(&gateway, &reference).await;
    assert_eq!(paid.amount, money(100, "USD"));
    assert_eq!(paid.booking, None, "two bookings that differ are none");
}

#[tokio::test]
async fn responses_of_the_wrong_mode_are_refused() {
    let fake = FakeStripe::start();
    fake.set_live(true);
    assert_refused(gateway(&fake).open_checkout(&request(&fake)).await);
    let reference = fake.checkouts()[0]["id"].as_str().unwrap().to_owned();
    let gateway = gateway(&fake);
    assert_refused(gateway.checkout_state(&reference).await);
    fake.pay(&reference);
    assert_refused(gateway.checkout_state(&reference).await);
    assert_refused(gateway.expire_checkout(&reference).await);

    let key = "sk_live_51Another";
    fake.set_secret_key(key);
    let live = StripeGateway::new(StripeConfig { key: Secret::new(key), ..config(&fake) }).unwrap();
    assert!(live.is_live());
    assert!(paid_checkout(&live, &reference).await.live);
}

#[tokio::test]
async fn a_checkout_with_another_amount_is_refused() {
    let fake = FakeStripe::start();
    fake.set_tax(1_900);
    let messages = assert_refused(gateway(&fake).open_checkout(&request(&fake)).await);
    assert!(messages.contains("another amount"), "{messages}");
}

#[tokio::test]
async fn the_same_nonce_with_another_price_is_refused() {
    let (fake, gateway) = stripe();
    gateway.open_checkout(&request(&fake)).await.unwrap();
    let twice = CheckoutRequest { amount: money(20_000, "EUR"), ..request(&fake) };
    let messages = assert_refused(gateway.open_checkout(&twice).await);
    assert!(messages.contains("idempotency_error"), "{messages}");
    assert_eq!(fake.checkouts().len(), 1);
}
