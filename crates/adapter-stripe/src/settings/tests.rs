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
fn the_key_tells_whether_money_moves() {
    for (key, live) in [("sk_test_a", false), ("rk_test_a", false), ("sk_live_a", true), ("rk_live_51aB_", true)] {
        let gateway = StripeGateway::new(StripeConfig { key: Secret::new(key), ..config() }).unwrap();
        assert_eq!(gateway.is_live(), live, "{key}");
    }
}

#[test]
fn what_is_no_secret_key_stops_the_start_and_is_not_shown() {
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
fn the_key_crosses_no_network_in_the_open() {
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
fn a_hold_fits_into_the_day_that_a_session_can_last() {
    for hold in [SignedDuration::ZERO, SignedDuration::from_mins(-1), LONGEST_HOLD + SignedDuration::from_nanos(1)] {
        assert!(matches!(refused(|config| config.hold = hold), SetupError::Hold), "{hold}");
    }
    assert!(StripeGateway::new(StripeConfig { hold: LONGEST_HOLD, ..config() }).is_ok());
    assert_eq!(LONGEST_HOLD + crate::GRACE, SignedDuration::from_hours(24));
}

#[test]
fn the_rest_has_to_make_sense() {
    for item in ["", " ", "a\nb", &"x".repeat(201)] {
        assert!(matches!(refused(|config| config.item = item.to_owned()), SetupError::Item), "{item:?}");
    }
    let elsewhere = Url::parse("javascript:alert(1)").unwrap();
    assert!(matches!(refused(|config| config.success_url = elsewhere.clone()), SetupError::ReturnUrl));
    assert!(matches!(refused(|config| config.cancel_url = elsewhere), SetupError::ReturnUrl));
}

#[test]
fn nothing_shows_the_key() {
    let config = config();
    let gateway = StripeGateway::new(config.clone()).unwrap();
    for shown in [format!("{config:?}"), format!("{gateway:?}"), format!("{gateway:#?}")] {
        assert!(shown.contains("Secret(***)"), "{shown}");
        assert!(!shown.contains("51Secret"), "{shown}");
    }
}
