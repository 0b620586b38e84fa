use attune_domain::{BookingId, Currency, Money};
use attune_ports::RefundState;
use aws_lc_rs::hmac;
use proptest::prelude::*;
use serde_json::json;

use super::*;

/// 2024-01-15T10:00:00Z.
const T: i64 = 1_705_312_800;
const SECRET: &str = "whsec_4f8b1c7d2e9a6053b8c4d7e1";
const OLDER: &str = "whsec_0123456789abcdef01234567";
const BODY: &[u8] = br#"{"id":"evt_1","object":"event","type":"ping"}"#;

/// The same event, serialized by another program.
const RESERIALISED: &[u8] = b"{ \"id\": \"evt_1\",\n  \"object\": \"event\",\n  \"type\": \"ping\" }";

// printf '%s.%s' "$t" "$body" | openssl dgst -sha256 -hmac "$secret" -hex
const GENUINE: &str = "8ff8399ba64c0124eec76bbf91d17b42e50d44481ffd8527942b5435586db92e";
const BY_OLDER: &str = "0239480bf246aaddb7ab7820d22f1433abb98593b565dd75fad5971a9ac99773";
const OF_NOTHING: &str = "0377082e0fd49c96547c88e80e45dab2820aa03e4ae8968b9ed250fcf52c3e4f";
const OF_BYTES: &str = "2a250bd4a3cb8a43d9f5392091ab0d7035c6a001879ffa5d571c1582b72e864b";
const OF_RESERIALISED: &str = "c25236b3729ab968c54643d99c3f25d18772a1eb7677f4ced345f64df7ee3666";
const AT_ZERO: &str = "046c5630385f64a287022ab63e6fac5229cc3c42871d92da2df129843d208c28";
/// With the secret, and without the `whsec_` before it.
const WITHOUT_PREFIX: &str = "6bf22d51c21c83a17ae3562dace39149b36da4344ccb01d1094f8766b68e80fc";

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn with(secrets: &[&str]) -> StripeEvents {
    StripeEvents::new(secrets.iter().copied().map(Secret::new).collect()).unwrap()
}

fn read(header: &str) -> Result<PaymentEvent, WebhookError> {
    with(&[SECRET]).read(header, BODY, at(T))
}

fn signed(body: &[u8]) -> Result<PaymentEvent, WebhookError> {
    let message = [T.to_string().as_bytes(), b".", body].concat();
    let v1 = hex(hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes()), &message).as_ref());
    with(&[SECRET]).read(&format!("t={T},v1={v1}"), body, at(T))
}

#[test]
fn signatures_by_openssl_are_genuine() {
    let ping = PaymentEvent {
        id: "evt_1".to_owned(),
        at: at(T),
        live: false,
        kind: PaymentEventKind::Other,
        object_id: None,
        amount: None,
        booking: None,
        provider_payment_id: None,
        refund_idempotency_key: None,
    };
    assert_eq!(read(&format!("t={T},v1={GENUINE}")), Ok(ping.clone()));
    for (t, v1, body, answer) in [
        (0, AT_ZERO, BODY, Ok(PaymentEvent { at: at(0), ..ping.clone() })),
        (T, OF_RESERIALISED, RESERIALISED, Ok(ping)),
        (T, OF_NOTHING, b"".as_slice(), Err(WebhookError::Unreadable)),
        (T, OF_BYTES, b"\x00\xff\n\xfe".as_slice(), Err(WebhookError::Unreadable)),
    ] {
        assert_eq!(with(&[SECRET]).read(&format!("t={t},v1={v1}"), body, at(t)), answer, "{v1}");
    }
}

#[test]
fn a_reserialized_body_is_forged() {
    let header = format!("t={T},v1={GENUINE}");
    assert_eq!(with(&[SECRET]).read(&header, RESERIALISED, at(T)), Err(WebhookError::Forged));
    assert_eq!(with(&[SECRET]).read(&header, &[BODY, b"\n"].concat(), at(T)), Err(WebhookError::Forged));
}

/// The signatures themselves are tested in `attune-webhook-signature`.
#[test]
fn foreign_and_old_signatures_are_refused() {
    for (v1, now, refusal) in [
        (BY_OLDER, T, WebhookError::Forged),
        (WITHOUT_PREFIX, T, WebhookError::Forged),
        (GENUINE, T - 301, WebhookError::Stale),
        (GENUINE, T + 301, WebhookError::Stale),
        // Only what Stripe signed is called stale.
        (BY_OLDER, T + 301, WebhookError::Forged),
    ] {
        assert_eq!(with(&[SECRET]).read(&format!("t={T},v1={v1}"), BODY, at(now)), Err(refusal), "{v1} {now}");
    }
}

#[test]
fn while_a_secret_is_changed_both_are_accepted() {
    for (secrets, older, newer) in [
        (&[OLDER][..], true, false),
        (&[SECRET, OLDER], true, true),
        (&[OLDER, SECRET], true, true),
        (&[SECRET], false, true),
    ] {
        let is_genuine = |v1| with(secrets).read(&format!("t={T},v1={v1}"), BODY, at(T)).is_ok();
        assert_eq!((is_genuine(BY_OLDER), is_genuine(GENUINE)), (older, newer), "{secrets:?}");
    }
}

#[test]
fn invalid_secrets_stop_the_start() {
    assert!(matches!(StripeEvents::new(Vec::new()).err(), Some(SetupError::NoWebhookSecret)));
    for bad in ["", " ", "whsec_", "whsec_short", "sk_live_4f8b1c7d2e9a6053b8c4d7e1", "whsec_4f8b1c7d2e9a6053b8c4\n"] {
        for secrets in [vec![bad], vec![SECRET, bad], vec![bad, SECRET]] {
            let error = StripeEvents::new(secrets.into_iter().map(Secret::new).collect()).err();
            assert!(matches!(error, Some(SetupError::WebhookSecret)), "{bad:?}");
        }
    }
}

/// A paid checkout session, including personal data that must be dropped.
fn session() -> Value {
    json!({
        "id": "cs_test_reference",
        "object": "checkout.session",
        "amount_subtotal": 10_000,
        "amount_total": 10_000,
        "client_reference_id": "42",
        "currency": "eur",
        "customer_details": { "email": "canary@example.test", "name": "Canary", "phone": "+4930123456" },
        "livemode": true,
        "metadata": { "booking_id": "42" },
        "mode": "payment",
        "payment_intent": "pi_payment",
        "payment_status": "paid",
        "status": "complete",
        "url": null,
    })
}

fn refund() -> Value {
    json!({
        "id": "re_refund",
        "object": "refund",
        "amount": 2_500,
        "currency": "eur",
        "metadata": { "booking_id": "42", "refund_key": "refund-key-7" },
        "payment_intent": "pi_payment",
        "status": "succeeded",
    })
}

fn message(kind: &str, object: Value) -> Value {
    json!({
        "id": "evt_1",
        "object": "event",
        "created": T - 3_600,
        "data": { "object": object },
        "livemode": true,
        "type": kind,
    })
}

fn with_field(mut object: Value, field: &str, value: Value) -> Value {
    object[field] = value;
    object
}

fn read_signed(message: &Value) -> Result<PaymentEvent, WebhookError> {
    signed(message.to_string().as_bytes())
}

fn euros(minor: i64) -> Money {
    Money::new(minor, Currency::parse("EUR").unwrap()).unwrap()
}

#[test]
fn events_of_a_checkout() {
    let unpaid = with_field(session(), "payment_status", json!("unpaid"));
    for (kind, object, meaning) in [
        ("checkout.session.completed", session(), PaymentEventKind::CheckoutPaid),
        ("checkout.session.completed", unpaid.clone(), PaymentEventKind::CheckoutProcessing),
        ("checkout.session.async_payment_succeeded", session(), PaymentEventKind::ProcessingSucceeded),
        ("checkout.session.async_payment_failed", unpaid.clone(), PaymentEventKind::ProcessingFailed),
        ("checkout.session.expired", unpaid, PaymentEventKind::CheckoutExpired),
    ] {
        let event = read_signed(&message(kind, object)).unwrap();
        assert_eq!(
            event,
            PaymentEvent {
                id: "evt_1".to_owned(),
                at: at(T - 3_600),
                live: true,
                kind: meaning,
                object_id: Some("cs_test_reference".to_owned()),
                amount: Some(euros(10_000)),
                booking: BookingId::new(42),
                provider_payment_id: Some("pi_payment".to_owned()),
                refund_idempotency_key: None,
            },
            "{kind}"
        );
    }
}

#[test]
fn events_of_a_refund() {
    for (status, state) in [
        (json!("succeeded"), RefundState::Succeeded),
        (json!("failed"), RefundState::Failed),
        (json!("canceled"), RefundState::Failed),
        (json!("pending"), RefundState::Pending),
        (json!("requires_action"), RefundState::Pending),
        (json!("something_new"), RefundState::Pending),
        (Value::Null, RefundState::Pending),
    ] {
        for kind in ["refund.created", "refund.updated", "refund.failed"] {
            let event = read_signed(&message(kind, with_field(refund(), "status", status.clone()))).unwrap();
            assert_eq!(event.kind, PaymentEventKind::RefundChanged(state), "{kind} {status}");
            assert_eq!(event.object_id.as_deref(), Some("re_refund"));
            assert_eq!(event.provider_payment_id.as_deref(), Some("pi_payment"));
            assert_eq!((event.amount, event.booking), (Some(euros(2_500)), BookingId::new(42)));
            assert_eq!(event.refund_idempotency_key.as_deref(), Some("refund-key-7"));
        }
    }
}

#[test]
fn only_a_refund_that_was_created_by_us_has_our_key() {
    for (metadata, booking, key) in [
        (json!({ "booking_id": "42", "refund_key": "refund-key-7" }), BookingId::new(42), Some("refund-key-7")),
        (json!({ "refund_key": "refund-key-7" }), None, Some("refund-key-7")),
        (json!({ "booking_id": "42" }), BookingId::new(42), None),
        (json!({ "booking_id": "42", "refund_key": null }), BookingId::new(42), None),
        (json!({ "refund-key": "refund-key-7" }), None, None),
        (json!({}), None, None),
        (Value::Null, None, None),
    ] {
        let event =
            read_signed(&message("refund.created", with_field(refund(), "metadata", metadata.clone()))).unwrap();
        assert_eq!((event.booking, event.refund_idempotency_key.as_deref()), (booking, key), "{metadata}");
    }
    let noted = with_field(session(), "metadata", json!({ "booking_id": "42", "refund_key": "refund-key-7" }));
    assert_eq!(
        read_signed(&message("checkout.session.completed", noted)).unwrap().refund_idempotency_key,
        None,
        "a checkout is no refund"
    );
}

#[test]
fn missing_or_contradictory_data_is_none() {
    let completed = |object| read_signed(&message("checkout.session.completed", object)).unwrap();
    for (field, value) in [
        ("metadata", json!({})),
        ("metadata", Value::Null),
        ("metadata", json!({ "booking_id": "043" })),
        ("metadata", json!({ "booking_id": "+42" })),
        ("metadata", json!({ "booking_id": "-42" })),
        ("metadata", json!({ "booking_id": "42 " })),
        ("metadata", json!({ "booking_id": "99999999999999999999" })),
        ("client_reference_id", json!("43")),
        ("client_reference_id", json!("")),
    ] {
        assert_eq!(completed(with_field(session(), field, value.clone())).booking, None, "{field} {value}");
    }
    assert_eq!(completed(with_field(session(), "client_reference_id", Value::Null)).booking, BookingId::new(42));
    for (field, value) in [
        ("amount_total", Value::Null),
        ("amount_total", json!(-1)),
        ("amount_total", json!(i64::MAX)),
        ("currency", Value::Null),
        ("currency", json!("")),
    ] {
        assert_eq!(completed(with_field(session(), field, value.clone())).amount, None, "{field} {value}");
    }
    assert_eq!(completed(with_field(session(), "payment_intent", Value::Null)).provider_payment_id, None);
    let yen = with_field(with_field(session(), "amount_total", json!(500)), "currency", json!("jpy"));
    assert_eq!(completed(yen).amount.unwrap().to_string(), "500 JPY");
}

#[test]
fn the_mode_is_that_of_the_event() {
    let test = with_field(message("checkout.session.completed", session()), "livemode", json!(false));
    assert!(!read_signed(&test).unwrap().live);
}

#[test]
fn events_that_are_not_ours_are_ignored() {
    let completed = "checkout.session.completed";
    for other in [
        message("invoice.paid", json!({ "id": "in_1", "object": "invoice" })),
        message("a.type.of.next.year", Value::Null),
        // Free of charge, which ours never is.
        message(completed, with_field(session(), "payment_status", json!("no_payment_required"))),
        // Sold by another business with the same account.
        message(completed, with_field(session(), "mode", json!("subscription"))),
        message(completed, with_field(session(), "mode", json!("a_mode_of_next_year"))),
        // Money of a connected account.
        with_field(message(completed, session()), "account", json!("acct_1")),
        // The next form of messages.
        json!({ "id": "evt_2", "object": "v2.core.event", "type": "v1.billing.meter.no_meter_found",
                "created": "2024-01-15T10:00:00.000Z", "livemode": true, "related_object": {} }),
        json!({ "id": "evt_3" }),
        json!({ "id": "evt_4", "object": 1, "type": [], "created": {}, "livemode": "yes", "data": 3 }),
    ] {
        let event = read_signed(&other).unwrap();
        assert_eq!(event.kind, PaymentEventKind::Other, "{other}");
        assert_eq!(
            (event.object_id, event.amount, event.booking, event.provider_payment_id),
            (None, None, None, None),
            "{other}"
        );
        assert_eq!(event.refund_idempotency_key, None, "{other}");
    }
}

#[test]
fn a_malformed_known_event_is_unreadable() {
    let completed = message("checkout.session.completed", session());
    for bad in [
        json!(null),
        json!([]),
        json!("evt_1"),
        json!({}),
        json!({ "id": 1 }),
        with_field(completed.clone(), "id", json!("")),
        with_field(completed.clone(), "id", json!("evt 1")),
        with_field(completed.clone(), "id", json!("e".repeat(256))),
        with_field(completed.clone(), "created", json!("2024-01-15T10:00:00Z")),
        with_field(completed.clone(), "created", json!(i64::MAX)),
        with_field(completed.clone(), "livemode", Value::Null),
        with_field(completed.clone(), "data", Value::Null),
        with_field(completed, "data", json!({})),
        message("checkout.session.completed", json!({})),
        message("checkout.session.completed", json!("cs_test_reference")),
        message("checkout.session.completed", with_field(session(), "amount_total", json!("100"))),
        message("checkout.session.completed", with_field(session(), "amount_total", json!(100.5))),
        message("refund.updated", with_field(refund(), "amount", json!("all"))),
    ] {
        assert_eq!(read_signed(&bad), Err(WebhookError::Unreadable), "{bad}");
    }
    let deep = format!("{{\"id\":\"evt_1\",\"data\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
    assert_eq!(signed(deep.as_bytes()), Err(WebhookError::Unreadable));
}

#[test]
fn neither_the_payer_nor_an_id_is_shown() {
    for event in [
        read_signed(&message("checkout.session.completed", session())),
        read_signed(&message("refund.updated", refund())),
    ] {
        let shown = format!("{:?} {:#?}", event.clone().unwrap(), event.unwrap());
        for secret in ["anary", "4930123456", "cs_test_reference", "re_refund", "pi_payment", "refund-key-7"] {
            assert!(!shown.contains(secret), "{secret}: {shown}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_signed_body_panics(body in any::<String>()) {
        let _ = signed(body.as_bytes());
    }
}
