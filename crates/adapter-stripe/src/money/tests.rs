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
fn prices_that_can_never_be_charged_are_refused() {
    for (price, refused) in [
        // Three decimals, the last of them zero.
        (money(12_345, "KWD"), PriceError::Multiple(money(10, "KWD"))),
        (money(5_124, "TND"), PriceError::Multiple(money(10, "TND"))),
        (money(1, "BHD"), PriceError::Multiple(money(10, "BHD"))),
        (money(550, "MGA"), PriceError::Multiple(money(100, "MGA"))),
        (money(1_000, "IQD"), PriceError::Currency(Currency::parse("IQD").unwrap())),
        (money(1_000, "LYD"), PriceError::Currency(Currency::parse("LYD").unwrap())),
        (money(49, "EUR"), PriceError::TooSmall(money(50, "EUR"))),
        (money(1, "USD"), PriceError::TooSmall(money(50, "USD"))),
        (money(29, "GBP"), PriceError::TooSmall(money(30, "GBP"))),
        (money(49, "JPY"), PriceError::TooSmall(money(50, "JPY"))),
        (money(199, "PLN"), PriceError::TooSmall(money(200, "PLN"))),
        (money(249, "DKK"), PriceError::TooSmall(money(250, "DKK"))),
        (money(299, "SEK"), PriceError::TooSmall(money(300, "SEK"))),
        (money(399, "HKD"), PriceError::TooSmall(money(400, "HKD"))),
        (money(999, "MXN"), PriceError::TooSmall(money(1_000, "MXN"))),
        (money(1_499, "CZK"), PriceError::TooSmall(money(1_500, "CZK"))),
        (money(17_499, "HUF"), PriceError::TooSmall(money(17_500, "HUF"))),
        (money(1_000_000_000_000, "EUR"), PriceError::TooLarge(money(999_999_999_999, "EUR"))),
        (money(1_000_000_000_000, "KWD"), PriceError::TooLarge(money(999_999_999_990, "KWD"))),
        // Twelve digits at Stripe are ten here.
        (money(10_000_000_000, "ISK"), PriceError::TooLarge(money(9_999_999_999, "ISK"))),
        (money(10_000_000_000, "UGX"), PriceError::TooLarge(money(9_999_999_999, "UGX"))),
    ] {
        assert_eq!(check_price(price), Err(refused), "{price}");
    }
    let text = check_price(money(12_345, "KWD")).unwrap_err().to_string();
    assert_eq!(text, "the payment provider charges multiples of 0.010 KWD only");
}

#[test]
fn prices_at_the_limits_can_be_charged() {
    for price in [
        money(12_340, "KWD"),
        money(10, "OMR"),
        money(50, "EUR"),
        money(30, "GBP"),
        money(50, "JPY"),
        money(17_500, "HUF"),
        money(17_545, "HUF"),
        money(1, "ISK"),
        money(5, "UGX"),
        money(500, "MGA"),
        money(1, "XOF"),
        money(1, "TRY"),
        money(999_999_999_999, "EUR"),
        money(999_999_999_990, "KWD"),
        money(9_999_999_999, "ISK"),
        money(1_000_000_000_000, "MGA"),
        money(0, "EUR"),
        money(0, "IQD"),
    ] {
        assert_eq!(check_price(price), Ok(()), "{price}");
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
    fn what_is_accepted_can_be_sent(minor in 0..=Money::MAX_MINOR, code in "[A-Z]{3}|KWD|MGA|ISK|IQD|EUR") {
        let price = money(minor, &code);
        if check_price(price).is_ok() && !price.is_zero() {
            prop_assert!(to_stripe(price).is_ok_and(|amount| (1..=MAX_AMOUNT).contains(&amount)));
        }
    }

    #[test]
    fn no_amount_panics(amount in any::<i64>(), currency in ".{0,4}") {
        let _ = from_stripe(amount, &currency);
    }
}
