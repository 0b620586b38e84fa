//! How Stripe counts money: in minor units, with a few exceptions of its own (docs.stripe.com/currencies).

use attune_domain::{Currency, Money};
use thiserror::Error;

/// Why an amount cannot be said in Stripe's way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(crate) enum AmountError {
    /// Stripe has no rule for the currency that would fit ours.
    #[error("Stripe does not take this currency")]
    Currency,
    /// A fraction that Stripe does not charge.
    #[error("the amount is finer than Stripe counts in this currency")]
    TooFine,
    /// Not an amount of ours: negative, absurdly large, no currency.
    #[error("not an amount of money")]
    NotMoney,
}

/// How Stripe's number relates to ours, which counts the currency's minor unit by ISO 4217.
enum Rule {
    /// The same number.
    Same,
    /// The same number, and its last digit is zero.
    Tens,
    /// No decimals by ISO 4217; Stripe has stayed with two, which are zero.
    Hundredfold,
    /// Two decimals by ISO 4217, none with Stripe.
    Hundredth,
    /// Three decimals by ISO 4217, and not in Stripe's list of those.
    NotTaken,
}

fn rule(currency: Currency) -> Rule {
    match currency.code() {
        "ISK" | "UGX" => Rule::Hundredfold,
        "MGA" => Rule::Hundredth,
        "BHD" | "JOD" | "KWD" | "OMR" | "TND" => Rule::Tens,
        "IQD" | "LYD" => Rule::NotTaken,
        _ => Rule::Same,
    }
}

/// The amount as Stripe counts it. Its currency is the code in small letters.
pub(crate) fn to_stripe(money: Money) -> Result<i64, AmountError> {
    let minor = money.minor();
    match rule(money.currency()) {
        Rule::Same => Ok(minor),
        Rule::Tens => whole(minor, 10).map(|_| minor),
        Rule::Hundredfold => minor.checked_mul(100).ok_or(AmountError::NotMoney),
        Rule::Hundredth => whole(minor, 100),
        Rule::NotTaken => Err(AmountError::Currency),
    }
}

/// Reads what Stripe counts.
pub(crate) fn from_stripe(amount: i64, currency: &str) -> Result<Money, AmountError> {
    let currency = Currency::parse(&currency.to_ascii_uppercase()).map_err(|_| AmountError::NotMoney)?;
    let minor = match rule(currency) {
        Rule::Same | Rule::Tens => amount,
        Rule::Hundredfold => whole(amount, 100)?,
        Rule::Hundredth => amount.checked_mul(100).ok_or(AmountError::NotMoney)?,
        Rule::NotTaken => return Err(AmountError::Currency),
    };
    Money::new(minor, currency).map_err(|_| AmountError::NotMoney)
}

fn whole(number: i64, by: i64) -> Result<i64, AmountError> {
    if number % by == 0 { Ok(number / by) } else { Err(AmountError::TooFine) }
}

#[cfg(test)]
mod tests;
