use attune_domain::{BookingId, Currency, Money};

use super::*;

const HOLD: SignedDuration = SignedDuration::from_mins(15);

fn request(nonce: [u8; 16]) -> CheckoutRequest {
    CheckoutRequest {
        booking: BookingId::new(42).unwrap(),
        amount: Money::new(10_000, Currency::parse("EUR").unwrap()).unwrap(),
        expires_at: "2024-01-15T10:15:00Z".parse().unwrap(),
        nonce,
    }
}

fn test_gateway(base: &str) -> LocalGateway {
    LocalGateway::test(HOLD, Url::parse(base).unwrap())
}

/// With leading zeros and letters.
const NONCE: [u8; 16] =
    [0x00, 0x01, 0x0a, 0xf0, 0xff, 0x7f, 0x80, 0xab, 0xcd, 0xef, 0x10, 0x20, 0x30, 0x40, 0x50, 0x0f];
const NONCE_HEX: &str = "00010af0ff7f80abcdef10203040500f";

#[test]
fn each_provider_has_its_terms() {
    for (gateway, provider, terms) in [
        (LocalGateway::none(), Provider::None, PaymentTerms::NothingDue),
        (LocalGateway::offline(HOLD), Provider::Offline, PaymentTerms::Due { hold: HOLD }),
        (test_gateway("https://example.org"), Provider::Test, PaymentTerms::Due { hold: HOLD }),
    ] {
        assert_eq!(gateway.provider(), provider);
        assert_eq!(gateway.terms(), terms);
    }
}

#[tokio::test]
async fn without_a_payment_there_is_no_checkout() {
    let refused = LocalGateway::none().open_checkout(&request(NONCE)).await;
    assert!(matches!(refused, Err(PaymentError::Refused(_))), "{refused:?}");
}

#[tokio::test]
async fn an_offline_payment_has_a_reference_and_no_url() {
    let checkout = LocalGateway::offline(HOLD).open_checkout(&request(NONCE)).await.unwrap();
    assert_eq!(checkout, Checkout { id: format!("offline-42-{NONCE_HEX}"), url: None });
}

#[tokio::test]
async fn the_test_checkout_is_below_the_base_url() {
    for (base, page) in [
        ("https://example.org", "https://example.org/test-checkout/"),
        ("https://example.org/", "https://example.org/test-checkout/"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080/test-checkout/"),
        ("https://example.org/booking", "https://example.org/booking/test-checkout/"),
        ("https://example.org/booking/", "https://example.org/booking/test-checkout/"),
        ("https://example.org/a/b%20c/?x=1#y", "https://example.org/a/b%20c/test-checkout/"),
    ] {
        let checkout = test_gateway(base).open_checkout(&request(NONCE)).await.unwrap();
        assert_eq!(checkout.id, NONCE_HEX);
        assert_eq!(checkout.url, Some(format!("{page}{NONCE_HEX}")), "{base}");
    }
}

#[tokio::test]
async fn a_base_url_without_a_path_is_refused() {
    let refused = test_gateway("mailto:someone").open_checkout(&request(NONCE)).await;
    assert!(matches!(refused, Err(PaymentError::Refused(_))), "{refused:?}");
}

#[tokio::test]
async fn the_nonce_identifies_the_checkout() {
    for gateway in [test_gateway("https://example.org"), LocalGateway::offline(HOLD)] {
        let first = gateway.open_checkout(&request(NONCE)).await.unwrap();
        assert_eq!(gateway.open_checkout(&request(NONCE)).await.unwrap(), first);
        assert_ne!(gateway.open_checkout(&request([7; 16])).await.unwrap().id, first.id);
    }
}
