use proptest::prelude::*;

use super::*;

fn money(minor: i64, code: &str) -> Money {
    Money::new(minor, Currency::parse(code).unwrap()).unwrap()
}

#[test]
fn every_kind_of_currency_in_both_directions() {
    for (price, stripe) in [
        (money(10_000, "EUR"), 10_000),
        (money(1, "USD"), 1),
        // No decimals: 500 yen are 500, not 50,000.
        (money(500, "JPY"), 500),
        (money(500, "KRW"), 500),
        (money(500, "CLP"), 500),
        (money(500, "XOF"), 500),
        // Two decimals for charges, unlike payouts.
        (money(1_045, "HUF"), 1_045),
        (money(80_045, "TWD"), 80_045),
        // No decimals by ISO, two with Stripe: five krónur are 500.
        (money(5, "ISK"), 500),
        (money(5, "UGX"), 500),
        // The opposite.
        (money(500, "MGA"), 5),
        // Three decimals, the last of them zero.
        (money(5_120, "KWD"), 5_120),
        (money(5_120, "TND"), 5_120),
        (money(0, "EUR"), 0),
    ] {
        assert_eq!(to_stripe(price), Ok(stripe), "{price}");
        assert_eq!(from_stripe(stripe, &price.currency().code().to_lowercase()), Ok(price), "{price}");
    }
}

#[test]
fn amounts_that_stripe_does_not_charge_are_not_rounded() {
    for (price, why) in [
        (money(5_124, "KWD"), AmountError::TooPrecise),
        (money(550, "MGA"), AmountError::TooPrecise),
        (money(1_000, "IQD"), AmountError::Currency),
        (money(1_000, "LYD"), AmountError::Currency),
    ] {
        assert_eq!(to_stripe(price), Err(why), "{price}");
    }
}

#[test]
fn invalid_amounts_are_refused() {
    for (amount, currency, why) in [
        (-1, "eur", AmountError::InvalidAmount),
        (i64::MAX, "eur", AmountError::InvalidAmount),
        (i64::MAX, "mga", AmountError::InvalidAmount),
        (100, "", AmountError::InvalidAmount),
        (100, "euro", AmountError::InvalidAmount),
        (100, "€", AmountError::InvalidAmount),
        (550, "isk", AmountError::TooPrecise),
        (100, "iqd", AmountError::Currency),
    ] {
        assert_eq!(from_stripe(amount, currency), Err(why), "{amount} {currency}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn supported_amounts_round_trip(minor in 0..=Money::MAX_MINOR, code in "[A-Z]{3}") {
        let price = money(minor, &code);
        if let Ok(stripe) = to_stripe(price) {
            prop_assert_eq!(from_stripe(stripe, &code.to_lowercase()), Ok(price));
        }
    }

    #[test]
    fn no_amount_panics(amount in any::<i64>(), currency in ".{0,4}") {
        let _ = from_stripe(amount, &currency);
    }
}
