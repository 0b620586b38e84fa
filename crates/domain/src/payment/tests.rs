use super::*;

fn money(minor: i64, code: &str) -> Money {
    Money::new(minor, Currency::parse(code).unwrap()).unwrap()
}

#[test]
fn decimals_follow_the_currency() {
    for (minor, code, text) in [
        (10_000, "EUR", "100.00"),
        (5, "USD", "0.05"),
        (0, "EUR", "0.00"),
        (1_500, "JPY", "1500"),
        (1_234, "KWD", "1.234"),
    ] {
        assert_eq!(money(minor, code).to_decimal(), text);
        assert_eq!(Money::parse_decimal(text, Currency::parse(code).unwrap()), Ok(money(minor, code)));
    }
}

#[test]
fn decimal_input() {
    let eur = Currency::parse("EUR").unwrap();
    for (text, minor) in [("100", 10_000), ("100.5", 10_050), ("0.10", 10), ("-0", 0), ("1.500", 150)] {
        assert_eq!(Money::parse_decimal(text, eur), Ok(money(minor, "EUR")), "{text}");
    }
    for (text, error) in [
        ("-1", MoneyError::Negative),
        ("0.001", MoneyError::NotDecimal),
        ("1e308", MoneyError::NotDecimal),
        ("NaN", MoneyError::NotDecimal),
        ("", MoneyError::NotDecimal),
        (".5", MoneyError::NotDecimal),
        ("5.", MoneyError::NotDecimal),
        ("1,5", MoneyError::NotDecimal),
        ("99999999999999999999", MoneyError::TooLarge),
        ("10000000001", MoneyError::TooLarge),
    ] {
        assert_eq!(Money::parse_decimal(text, eur), Err(error), "{text}");
    }
    assert_eq!(Money::new(-1, eur), Err(MoneyError::Negative));
}

#[test]
fn currency_codes() {
    for bad in ["", "eur", "EU", "EURO", "E1R", "€€€"] {
        assert_eq!(Currency::parse(bad), Err(InvalidCurrency), "{bad}");
    }
}

#[test]
fn legal_pairs() {
    use BookingStatus as B;
    use PaymentStatus as P;
    let legal = |b: B| P::ALL.into_iter().filter(|p| p.is_legal_with(b)).collect::<Vec<_>>();
    let settled = [P::NotRequired, P::Succeeded, P::RefundPending, P::PartiallyRefunded, P::Refunded];
    assert_eq!(legal(B::PendingPayment), [P::Pending, P::Processing, P::Failed]);
    assert_eq!(legal(B::Scheduled), settled);
    assert_eq!(legal(B::Completed), settled);
    assert_eq!(legal(B::NoShow), settled);
    assert_eq!(
        legal(B::Cancelled),
        [P::NotRequired, P::Succeeded, P::Cancelled, P::RefundPending, P::PartiallyRefunded, P::Refunded]
    );
    assert_eq!(legal(B::Expired), [P::Succeeded, P::Cancelled, P::RefundPending, P::PartiallyRefunded, P::Refunded]);
}
