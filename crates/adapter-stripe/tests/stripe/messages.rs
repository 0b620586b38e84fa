//! Webhooks as the simulated Stripe signs them agree with its API.

use attune_adapter_stripe::StripeEvents;
use attune_ports::{PaymentEvent, PaymentEventKind, PaymentEvents, RefundState, WebhookError};

use super::*;

fn reader(secrets: &[&str]) -> StripeEvents {
    StripeEvents::new(secrets.iter().copied().map(Secret::new).collect()).unwrap()
}

/// All events so far, read as if they were just received.
fn events(fake: &FakeStripe) -> Vec<PaymentEvent> {
    let reader = reader(&[FakeStripe::WEBHOOK_SECRET]);
    let read = |body: &str| reader.read(&fake.sign(body.as_bytes()), body.as_bytes(), fake.now()).unwrap();
    fake.events().iter().map(|event| read(&event.body)).collect()
}

#[tokio::test]
async fn webhooks_and_the_api_agree() {
    let (fake, gateway) = stripe();
    let reference = opened(&fake).await.id;
    fake.pay(&reference);
    let paid = paid_checkout(&gateway, &reference).await;
    let event = events(&fake).remove(0);
    assert_eq!(event.kind, PaymentEventKind::CheckoutPaid);
    assert_eq!(event.at, fake.now());
    assert_eq!(event.object_id, Some(reference));
    assert_eq!(event.refund_idempotency_key, None);
    assert_eq!(
        (event.amount, event.booking, event.live, event.provider_payment_id.clone()),
        (Some(paid.amount), paid.booking, paid.live, Some(paid.provider_payment_id.clone()))
    );

    let refund = gateway.refund(&refund_of(&paid.provider_payment_id, 1_000, "r")).await.unwrap();
    let event = events(&fake).pop().unwrap();
    assert_eq!(event.kind, PaymentEventKind::RefundChanged(RefundState::Succeeded));
    assert_eq!(event.object_id, Some(refund.id));
    assert_eq!(event.refund_idempotency_key.as_deref(), Some("r"));
    assert_eq!(
        (event.amount, event.booking, event.provider_payment_id),
        (Some(refund.amount), Some(booking()), Some(paid.provider_payment_id))
    );
}

#[tokio::test]
async fn every_change_of_a_payment_has_an_event() {
    let (fake, gateway) = stripe();
    fake.set_slow_refunds(true);
    let reference = opened(&fake).await.id;
    let payment = fake.pay_slowly(&reference);
    fake.settle_payment(&reference);
    let refund = gateway.refund(&refund_of(&payment, 1, "r")).await.unwrap().id;
    fake.settle_refund(&refund);
    fake.fail_refund(&refund);
    let kinds: Vec<_> = events(&fake).into_iter().map(|event| event.kind).collect();
    assert_eq!(
        kinds,
        [
            PaymentEventKind::CheckoutProcessing,
            PaymentEventKind::ProcessingSucceeded,
            PaymentEventKind::RefundChanged(RefundState::Pending),
            PaymentEventKind::RefundChanged(RefundState::Succeeded),
            PaymentEventKind::RefundChanged(RefundState::Failed),
            PaymentEventKind::RefundChanged(RefundState::Failed),
        ]
    );

    let fake = FakeStripe::start();
    let reference = opened(&fake).await.id;
    fake.expire(&reference);
    assert_eq!(events(&fake)[0].kind, PaymentEventKind::CheckoutExpired);
    let fake = FakeStripe::start();
    let reference = opened(&fake).await.id;
    fake.pay_slowly(&reference);
    fake.fail_payment(&reference);
    assert_eq!(events(&fake)[1].kind, PaymentEventKind::ProcessingFailed);
}

#[tokio::test]
async fn the_payer_is_never_read() {
    let fake = FakeStripe::start();
    let reference = opened(&fake).await.id;
    fake.pay(&reference);
    assert!(fake.events()[0].body.contains(PAYER_NAME), "Stripe reports the payer");
    let state = gateway(&fake).checkout_state(&reference).await.unwrap();
    assert_discreet(&format!("{:?} {state:?}", events(&fake)));
}

#[tokio::test]
async fn secret_body_and_time_must_be_right() {
    let fake = FakeStripe::start();
    let reference = opened(&fake).await.id;
    fake.pay(&reference);
    let body = fake.events()[0].body.clone();
    let header = fake.sign(body.as_bytes());
    let second = |n| fake.now() + SignedDuration::from_secs(n);
    let genuine = reader(&[FakeStripe::WEBHOOK_SECRET]);
    for (off, answer) in
        [(-301, Err(WebhookError::Stale)), (-299, Ok(())), (299, Ok(())), (301, Err(WebhookError::Stale))]
    {
        assert_eq!(genuine.read(&header, body.as_bytes(), second(off)).map(|_| ()), answer, "{off}");
    }
    let compact = serde_json::from_str::<Value>(&body).unwrap().to_string();
    assert_ne!(compact, body);
    assert_eq!(genuine.read(&header, compact.as_bytes(), fake.now()), Err(WebhookError::Forged));

    let (older, newer) = ("whsec_older0000000000000000", "whsec_newer0000000000000000");
    assert_eq!(reader(&[newer]).read(&header, body.as_bytes(), fake.now()), Err(WebhookError::Forged));
    fake.set_webhook_secrets(&[newer, older]);
    let header = fake.sign(body.as_bytes());
    for secrets in [&[older][..], &[newer], &[older, newer]] {
        assert!(reader(secrets).read(&header, body.as_bytes(), fake.now()).is_ok(), "{secrets:?}");
    }
    assert_eq!(genuine.read(&header, body.as_bytes(), fake.now()), Err(WebhookError::Forged));
}
