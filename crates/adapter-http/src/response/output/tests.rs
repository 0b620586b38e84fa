use super::*;

fn balance(minor: i64, currency: &str) -> String {
    json(&Balance { minor, currency: Currency::parse(currency).unwrap() })
}

#[test]
fn balances_have_the_decimals_of_the_currency() {
    for (minor, currency, wanted) in [
        (0, "EUR", "0.00"),
        (5, "EUR", "0.05"),
        (-5, "EUR", "-0.05"),
        (-99, "EUR", "-0.99"),
        (-100, "EUR", "-1.00"),
        (-123_456, "EUR", "-1234.56"),
        (10_000, "EUR", "100.00"),
        (0, "JPY", "0"),
        (-7, "JPY", "-7"),
        (7, "JPY", "7"),
        (0, "KWD", "0.000"),
        (-1, "KWD", "-0.001"),
        (-12_345, "KWD", "-12.345"),
        (i64::MAX, "EUR", "92233720368547758.07"),
        (i64::MIN, "EUR", "-92233720368547758.08"),
    ] {
        assert_eq!(balance(minor, currency), wanted);
    }
}

#[test]
fn positive_balances_are_formatted_like_amounts() {
    for currency in ["EUR", "JPY", "KWD"] {
        let currency = Currency::parse(currency).unwrap();
        for minor in [0, 1, 10, 99, 100, 1_000, Money::MAX_MINOR] {
            let amount = Amount(Money::new(minor, currency).unwrap());
            assert_eq!(json(&Balance { minor, currency }), json(&amount));
        }
    }
}
