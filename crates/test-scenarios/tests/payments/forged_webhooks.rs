//! Webhooks that Stripe did not send, and genuine ones that report a mismatch.

use attune_adapter_stripe::{Secret, StripeEvents};
use attune_application::payments::WebhookOutcome;
use attune_domain::{BookingStatus, PaymentStatus};
use attune_ports::{PaymentEvents, WebhookError};
use attune_test_scenarios::{Kind, on_every_store};
use attune_test_stripe::{Behaviour, Event, Moment, signature};
use jiff::SignedDuration;
use serde_json::Value;

use crate::{
    FinalState, PRICE, book, deliver_webhooks, expired_unpaid, fake, final_state, held, minutes, open, open_with_hold,
    paid_in_full, send_webhook, slot, status,
};

on_every_store! {
    forged_webhooks_change_nothing
    a_mismatched_payment_confirms_nothing
    a_mismatched_webhook_confirms_nothing
    a_payment_of_an_unknown_booking_needs_review
    a_payment_at_a_checkout_with_a_lost_response_is_applied
}

async fn forged_webhooks_change_nothing(kind: Kind) {
    let (world, held) = open_with_hold(kind).await;
    fake(&world).pay(&held.checkout);
    let event = fake(&world).events().pop().unwrap();
    let (body, now) = (event.body.as_bytes(), world.now());
    let genuine = fake(&world).sign(body);
    let seconds = now.as_second();
    let by_another = format!("t={seconds},v1={}", signature("whsec_secretOfAnotherEndpoint", now, body));
    let without_type: Value = serde_json::from_str(&event.body).unwrap();
    let reserialized = without_type.to_string();
    let more = event.body.replace(&PRICE.to_string(), &(PRICE + 1).to_string());
    let other_time = genuine.replace(&seconds.to_string(), &(seconds + 1).to_string());
    let cases: Vec<(String, &[u8], i64, WebhookError)> = vec![
        (String::new(), body, 0, WebhookError::Forged),
        ("t=1,v1=".into(), body, 0, WebhookError::Forged),
        (by_another, body, 0, WebhookError::Forged),
        (genuine.replace("v1=", "v0="), body, 0, WebhookError::Forged),
        (other_time, body, 0, WebhookError::Forged),
        (genuine.clone(), reserialized.as_bytes(), 0, WebhookError::Forged),
        (genuine.clone(), more.as_bytes(), 0, WebhookError::Forged),
        (genuine.clone(), body, 301, WebhookError::Stale),
        (genuine.clone(), body, -301, WebhookError::Stale),
    ];
    let before = world.snapshot().await;
    for (header, body, later, why) in cases {
        let found = world.stripe().events.read(&header, body, now + SignedDuration::from_secs(later));
        assert_eq!(found, Err(why), "{header} after {later} s");
    }
    let other = StripeEvents::new(vec![Secret::new("whsec_secretOfAnotherEndpoint")]).unwrap();
    assert_eq!(other.read(&genuine, body, now), Err(WebhookError::Forged));
    assert_eq!(world.snapshot().await, before);
    for later in [299, -299] {
        assert!(world.stripe().events.read(&genuine, body, now + SignedDuration::from_secs(later)).is_ok());
    }
    assert_eq!(send_webhook(&world, &event).await.unwrap(), WebhookOutcome::Applied);
    assert_eq!(final_state(&world, held.id).await, paid_in_full());
}

/// The payment does not match what is due: it is recorded once, however often it is reported, and confirms nothing.
async fn a_mismatched_payment_confirms_nothing(kind: Kind) {
    type Change = fn(&mut Value);
    let cases: [(&str, Change); 6] = [
        ("wrong_amount", |checkout| checkout["amount_total"] = (PRICE - 1).into()),
        ("wrong_amount", |checkout| checkout["amount_total"] = (PRICE + 1).into()),
        ("wrong_currency", |checkout| checkout["currency"] = "usd".into()),
        ("wrong_booking", |checkout| checkout["client_reference_id"] = "999".into()),
        ("wrong_booking", |checkout| checkout["metadata"]["booking_id"] = "999".into()),
        ("wrong_booking", |checkout| checkout["metadata"] = Value::Object(serde_json::Map::new())),
    ];
    for (problem, change) in cases {
        for with_webhook in [true, false] {
            if kind != Kind::Memory && with_webhook != (problem == "wrong_amount") {
                // The kind of problem makes no difference to a database; one of each has to do.
                continue;
            }
            let world = open(kind).await;
            let held = held(&world, slot(0)).await;
            fake(&world).change_checkout(&held.checkout, change);
            let payment = fake(&world).pay(&held.checkout);
            let events = fake(&world).events();
            if with_webhook {
                for (event, outcome) in [
                    (events[0].clone(), WebhookOutcome::NeedsReview),
                    (events[0].clone(), WebhookOutcome::Duplicate),
                    (with_new_id(&events[0]), WebhookOutcome::NeedsReview),
                ] {
                    assert_eq!(send_webhook(&world, &event).await.unwrap(), outcome, "{problem}");
                }
                assert_eq!(status(&world, held.id).await, (BookingStatus::PendingPayment, PaymentStatus::Pending));
            }
            world.pass(minutes(6));
            world.work().await;
            world.pass(minutes(10));
            world.run_until_idle().await;
            let needs_review = FinalState { problems: vec![problem], ..expired_unpaid() };
            assert_eq!(final_state(&world, held.id).await, needs_review, "with_webhook: {with_webhook}");
            // An admin refunds it at the provider. It is not in our ledger, and there is nothing to wait for.
            fake(&world).refund_in_dashboard(&payment, 1_000).unwrap();
            let event = fake(&world).events().pop().unwrap();
            let accepted = send_webhook(&world, &event).await.is_ok();
            assert!(accepted, "{problem}: the webhook is accepted, so that Stripe stops sending it");
            world.run_until_idle().await;
            let ended = final_state(&world, held.id).await;
            assert_eq!((ended.status, ended.held, ended.refunds), (needs_review.status, 0, Vec::new()));
        }
    }
}

fn with_new_id(event: &Event) -> Event {
    altered(event, |_| {}, &format!("{}again", event.id))
}

fn altered(event: &Event, change: impl FnOnce(&mut Value), id: &str) -> Event {
    let mut body: Value = serde_json::from_str(&event.body).unwrap();
    body["id"] = id.into();
    change(&mut body);
    Event { id: id.to_owned(), kind: event.kind.clone(), body: body.to_string() }
}

/// The webhook differs from what Stripe returns to a request: the webhook confirms nothing, reconciliation does.
async fn a_mismatched_webhook_confirms_nothing(kind: Kind) {
    type Change = fn(&mut Value);
    let cases: [(&str, Change); 5] = [
        ("wrong_amount", |event| event["data"]["object"]["amount_total"] = 1.into()),
        ("wrong_amount", |event| event["data"]["object"]["amount_total"] = Value::Null),
        ("wrong_currency", |event| event["data"]["object"]["currency"] = "jpy".into()),
        ("wrong_mode", |event| event["livemode"] = true.into()),
        ("wrong_booking", |event| event["data"]["object"]["metadata"]["booking_id"] = "2".into()),
    ];
    let world = open(kind).await;
    for (number, (problem, change)) in cases.into_iter().enumerate() {
        let held = held(&world, slot(number)).await;
        fake(&world).pay(&held.checkout);
        let event = altered(&fake(&world).events().pop().unwrap(), change, &format!("evt_altered{number}"));
        assert_eq!(send_webhook(&world, &event).await.unwrap(), WebhookOutcome::NeedsReview, "{problem}");
        assert_eq!(status(&world, held.id).await, (BookingStatus::PendingPayment, PaymentStatus::Pending));
        assert_eq!(final_state(&world, held.id).await.problems, [problem]);
        world.pass(minutes(5));
        world.run_until_idle().await;
        assert_eq!(final_state(&world, held.id).await, FinalState { problems: vec![problem], ..paid_in_full() });
        // Once the booking is paid, no webhook can undo it or raise a problem.
        assert_eq!(send_webhook(&world, &with_new_id(&event)).await.unwrap(), WebhookOutcome::Applied);
        assert_eq!(final_state(&world, held.id).await, FinalState { problems: vec![problem], ..paid_in_full() });
    }
}

async fn a_payment_of_an_unknown_booking_needs_review(kind: Kind) {
    let (world, held) = open_with_hold(kind).await;
    fake(&world).pay(&held.checkout);
    let event = fake(&world).events().pop().unwrap();
    let unknown = |id: &str, booking: Value| {
        let change = |event: &mut Value| {
            let checkout = &mut event["data"]["object"];
            checkout["id"] = "cs_test_unknown".into();
            checkout["client_reference_id"] = booking.clone();
            checkout["metadata"]["booking_id"] = booking;
        };
        altered(&event, change, id)
    };
    let before = world.snapshot().await;
    assert_eq!(send_webhook(&world, &unknown("evt_a", "999".into())).await.unwrap(), WebhookOutcome::NeedsReview);
    assert_eq!(send_webhook(&world, &unknown("evt_a", "999".into())).await.unwrap(), WebhookOutcome::Duplicate);
    assert_eq!(send_webhook(&world, &unknown("evt_b", "999".into())).await.unwrap(), WebhookOutcome::NeedsReview);
    // Without a booking it is not ours: the account may sell other things.
    assert_eq!(send_webhook(&world, &unknown("evt_c", Value::Null)).await.unwrap(), WebhookOutcome::Ignored);
    assert_eq!(world.snapshot().await, before);
    let problems = world.stores.queries.payment_problems(None, 10).await.unwrap();
    assert_eq!(problems.len(), 1);
    assert_eq!(problems[0].kind.as_str(), "unknown_booking");
}

/// The response that opened a checkout was lost, and then the client pays there.
async fn a_payment_at_a_checkout_with_a_lost_response_is_applied(kind: Kind) {
    for with_webhook in [true, false] {
        let world = open(kind).await;
        fake(&world).script([Behaviour::Cut(Moment::After); 3]);
        let (id, checkout) = book(&world, slot(0)).await;
        assert_eq!(checkout, None);
        fake(&world).pay(fake(&world).checkouts()[0]["id"].as_str().unwrap());
        if with_webhook {
            deliver_webhooks(&world, &fake(&world).events()).await;
        }
        world.run_until_idle().await;
        assert_eq!(final_state(&world, id).await, paid_in_full());
    }
}
