use super::*;
use crate::StripeGateway;
use attune_ports::OnlinePayments;

const KEY: &str = "sk_test_51Secret";

fn config() -> StripeConfig {
    let url = |text: &str| Url::parse(text).unwrap();
    StripeConfig::new(
        Secret::new(KEY),
        SignedDuration::from_mins(15),
        "Session".to_owned(),
        url("https://practice.example.org/paid"),
        url("https://practice.example.org/back"),
    )
    .unwrap()
}

fn refused(change: impl FnOnce(&mut StripeConfig)) -> SetupError {
    let mut config = config();
    change(&mut config);
    StripeGateway::new(config).unwrap_err()
}

#[test]
fn the_key_selects_the_mode() {
    for (key, live) in [("sk_test_a", false), ("rk_test_a", false), ("sk_live_a", true), ("rk_live_51aB_", true)] {
        let gateway = StripeGateway::new(StripeConfig { key: Secret::new(key), ..config() }).unwrap();
        assert_eq!(gateway.is_live(), live, "{key}");
    }
}

#[test]
fn an_invalid_key_stops_the_start_and_is_not_shown() {
    for key in
        ["", "sk_test_", "sk_test", "sk_prod_a", "whsec_a", "sk_live_a\n", " sk_live_a", "sk_live_a b", "sk_live_ä"]
    {
        let error = refused(|config| config.key = Secret::new(key));
        assert!(matches!(error, SetupError::Key), "{key:?}");
    }
    let error = refused(|config| config.key = Secret::new("pk_live_public"));
    assert!(matches!(error, SetupError::PublishableKey));
    assert!(!format!("{error} {error:?}").contains("pk_live_public"));
}

#[test]
fn the_key_is_never_sent_without_tls() {
    for api in ["http://api.stripe.com/", "http://localhost:1/", "http://10.0.0.1/", "ftp://127.0.0.1/", "mailto:a@b.c"]
    {
        let error = refused(|config| config.api = Url::parse(api).unwrap());
        assert!(matches!(error, SetupError::Api), "{api}");
    }
    for api in ["https://api.stripe.com/", "http://127.0.0.1:1/", "http://[::1]:1/base"] {
        let config = StripeConfig { api: Url::parse(api).unwrap(), ..config() };
        assert!(StripeGateway::new(config).is_ok(), "{api}");
    }
}

#[test]
fn a_hold_fits_into_the_lifetime_of_a_checkout() {
    for hold in [SignedDuration::ZERO, SignedDuration::from_mins(-1), MAX_HOLD + SignedDuration::from_nanos(1)] {
        assert!(matches!(refused(|config| config.hold = hold), SetupError::Hold), "{hold}");
    }
    assert!(StripeGateway::new(StripeConfig { hold: MAX_HOLD, ..config() }).is_ok());
    assert_eq!(MAX_HOLD + GRACE, SignedDuration::from_hours(24));
}

#[test]
fn other_settings_are_validated() {
    for product_name in ["", " ", "a\nb", &"x".repeat(201)] {
        assert!(
            matches!(refused(|config| config.product_name = product_name.to_owned()), SetupError::Item),
            "{product_name:?}"
        );
    }
    let script_url = Url::parse("javascript:alert(1)").unwrap();
    assert!(matches!(refused(|config| config.success_url = script_url.clone()), SetupError::ReturnUrl));
    assert!(matches!(refused(|config| config.cancel_url = script_url), SetupError::ReturnUrl));
}

#[test]
fn the_key_is_never_shown() {
    let config = config();
    let gateway = StripeGateway::new(config.clone()).unwrap();
    for shown in [format!("{config:?}"), format!("{gateway:?}"), format!("{gateway:#?}")] {
        assert!(shown.contains("Secret(***)"), "{shown}");
        assert!(!shown.contains("51Secret"), "{shown}");
    }
}
