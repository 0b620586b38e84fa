//! Checkouts when Stripe or the network fails.

use attune_test_stripe::{Behaviour, Moment};
use tokio::net::TcpListener;

use super::*;

fn refuse(status: u16) -> Behaviour {
    Behaviour::Refuse { status, advice: None }
}

/// The timeout of an attempt is just long enough for a busy machine.
fn with_short_timeout(fake: &FakeStripe) -> StripeConfig {
    let mut config = config(fake);
    config.timeouts.attempt = Duration::from_secs(2);
    config
}

#[tokio::test]
async fn a_transient_fault_is_retried_and_opens_one_checkout() {
    for fault in [
        Behaviour::Cut(Moment::Before),
        Behaviour::Cut(Moment::After),
        refuse(409),
        refuse(429),
        refuse(500),
        refuse(502),
        refuse(503),
        refuse(504),
        Behaviour::Refuse { status: 400, advice: Some(true) },
    ] {
        for times in [1, 2] {
            let fake = FakeStripe::start();
            fake.script(vec![fault; times]);
            let checkout = gateway(&fake).open_checkout(&request(&fake)).await.unwrap();
            assert_eq!(fake.checkouts().len(), 1, "{fault:?}");
            assert_eq!(fake.checkouts()[0]["id"], checkout.id.as_str(), "{fault:?}");
            let requests = fake.requests();
            assert_eq!(requests.len(), times + 1, "{fault:?}");
            for again in &requests[1..] {
                assert_eq!(again.header("idempotency-key"), requests[0].header("idempotency-key"));
                assert_eq!(again.form, requests[0].form);
            }
        }
    }
}

#[tokio::test]
async fn a_lost_response_and_a_retry_open_one_checkout() {
    let fake = FakeStripe::start();
    fake.script([Behaviour::Stall(Moment::After)]);
    let gateway = StripeGateway::new(with_short_timeout(&fake)).unwrap();
    let checkout = gateway.open_checkout(&request(&fake)).await.unwrap();
    assert!(fake.requests().len() > 1, "it was requested again");
    assert_eq!(fake.checkouts().len(), 1);
    assert_eq!(fake.checkouts()[0]["id"], checkout.id.as_str());
}

#[tokio::test]
async fn a_persistent_fault_is_given_up_after_three_attempts() {
    for fault in [Behaviour::Cut(Moment::Before), Behaviour::Cut(Moment::After), refuse(409), refuse(429), refuse(503)]
    {
        let (fake, gateway) = stripe();
        fake.set_default(fault);
        assert_unavailable(gateway.open_checkout(&request(&fake)).await);
        assert_eq!(fake.requests().len(), 3, "{fault:?}");
        assert!(fake.checkouts().len() <= 1, "{fault:?}");
        assert_unavailable(gateway.checkout_state("cs_test_x").await);
        assert_unavailable(gateway.expire_checkout("cs_test_x").await);
        assert_unavailable(gateway.refund_state("re_x").await);
        assert_eq!(fake.requests().len(), 12, "{fault:?}");
    }
}

#[tokio::test]
async fn a_stored_error_is_not_retried() {
    let (fake, gateway) = stripe();
    fake.script([Behaviour::FailAfterwards(500)]);
    let messages = assert_unavailable(gateway.open_checkout(&request(&fake)).await);
    assert!(messages.contains("500"), "{messages}");
    assert_eq!(fake.requests().len(), 1, "Stripe said that it would not get better");
    assert_unavailable(gateway.open_checkout(&request(&fake)).await);
    assert_eq!(fake.checkouts().len(), 1, "and no client has the URL of this one");
    let anew = CheckoutRequest { nonce: [1; 16], ..request(&fake) };
    gateway.open_checkout(&anew).await.unwrap();
    assert_eq!(fake.checkouts().len(), 2);
}

#[tokio::test]
async fn a_slow_response_is_limited_by_the_deadline() {
    for fault in
        [Behaviour::Stall(Moment::Before), Behaviour::Stall(Moment::After), Behaviour::Drip(Duration::from_millis(20))]
    {
        let fake = FakeStripe::start();
        fake.set_default(fault);
        let mut config = config(&fake);
        config.timeouts.total = Duration::from_millis(300);
        let gateway = StripeGateway::new(config).unwrap();
        // Without the deadline this would take three times half a minute.
        let answer = tokio::time::timeout(Duration::from_secs(20), gateway.open_checkout(&request(&fake))).await;
        let messages = assert_unavailable(answer.expect("the deadline"));
        assert!(messages.contains("within 300ms"), "{messages}");
        assert!(fake.checkouts().len() <= 1, "{fault:?}");
    }
}

#[tokio::test]
async fn an_unreachable_server_is_unavailable() {
    let fake = FakeStripe::start();
    let mut config = config(&fake);
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap();
    config.api = Url::parse(&format!("http://{}/", free.local_addr().unwrap())).unwrap();
    drop(free);
    let gateway = StripeGateway::new(config).unwrap();
    assert_unavailable(gateway.open_checkout(&request(&fake)).await);
}

#[tokio::test]
async fn a_wrong_key_is_refused_at_once() {
    let fake = FakeStripe::start();
    let config = StripeConfig { key: Secret::new("sk_test_51Wrong"), ..config(&fake) };
    let gateway = StripeGateway::new(config).unwrap();
    let messages = assert_refused(gateway.open_checkout(&request(&fake)).await);
    assert!(messages.contains("401"), "{messages}");
    assert!(!messages.contains("sk_test"), "not even the stars that Stripe puts into it: {messages}");
    assert_refused(gateway.checkout_state("cs_test_x").await);
    assert_eq!(fake.requests().len(), 2, "and not tried again");
    assert!(fake.checkouts().is_empty());
}

#[tokio::test]
async fn should_retry_is_respected() {
    for (status, advice, attempts) in [(503, false, 1), (400, true, 3)] {
        let (fake, gateway) = stripe();
        fake.set_default(Behaviour::Refuse { status, advice: Some(advice) });
        assert_unavailable(gateway.open_checkout(&request(&fake)).await);
        assert_eq!(fake.requests().len(), attempts, "{status}");
    }
}

#[tokio::test]
async fn an_error_contains_stripes_codes() {
    let fake = FakeStripe::start();
    let late = CheckoutRequest { expires_at: fake.now() - SignedDuration::from_hours(1), ..request(&fake) };
    let messages = assert_refused(gateway(&fake).open_checkout(&late).await);
    for word in ["400", "invalid_request_error", "parameter_invalid", "expires_at", "req_"] {
        assert!(messages.contains(word), "{word}: {messages}");
    }
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let fake = FakeStripe::start();
    fake.set_default(refuse(307));
    assert_refused(gateway(&fake).open_checkout(&request(&fake)).await);
    assert_eq!(fake.requests().len(), 1);
}

#[tokio::test]
async fn expiring_a_checkout_survives_a_lost_response() {
    let fake = FakeStripe::start();
    let reference = opened(&fake).await.id;
    // The first attempt expires it, the second is refused because it has ended, and then its state is requested.
    fake.script([Behaviour::Cut(Moment::After)]);
    assert_eq!(gateway(&fake).expire_checkout(&reference).await.unwrap(), CheckoutState::Expired);
}

#[tokio::test]
async fn unexpected_responses_are_errors() {
    let (fake, gateway) = stripe();
    let reference = opened(&fake).await.id;
    fake.pay(&reference);
    for (field, value) in [
        ("payment_status", "no_payment_required"),
        ("payment_status", "a_status_of_next_year"),
        ("amount_total", "ten thousand"),
        ("currency", "mark"),
        ("livemode", "perhaps"),
    ] {
        let before = fake.checkouts()[0][field].clone();
        fake.change_checkout(&reference, |session| session[field] = value.into());
        let messages = assert_unavailable(gateway.checkout_state(&reference).await);
        assert!(
            !messages.contains("ten thousand") && !messages.contains("perhaps"),
            "what was sent is not repeated: {messages}"
        );
        fake.change_checkout(&reference, |session| session[field] = before);
    }
    assert!(matches!(gateway.checkout_state(&reference).await, Ok(CheckoutState::Paid(_))));
}

#[tokio::test]
async fn an_endless_response_is_not_read_to_its_end() {
    let fake = FakeStripe::start();
    let reference = opened(&fake).await.id;
    for (length, fits) in [(1_000_000, true), (1_100_000, false)] {
        fake.change_checkout(&reference, |session| session["invoice"] = "x".repeat(length).into());
        let answer = gateway(&fake).checkout_state(&reference).await;
        if fits {
            assert_eq!(answer.unwrap(), CheckoutState::Open);
        } else {
            assert_unavailable(answer);
        }
    }
}
