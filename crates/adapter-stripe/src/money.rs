//! Stripe's amounts: minor units with some exceptions (docs.stripe.com/currencies).

use attune_domain::{Currency, Money};
use thiserror::Error;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(crate) enum AmountError {
    #[error("Stripe does not support this currency")]
    Currency,
    #[error("the amount has more decimals than Stripe supports for this currency")]
    TooPrecise,
    /// Negative, too large, or without a known currency.
    #[error("not an amount of money")]
    InvalidAmount,
}

/// Stripe's number in relation to ours, which is in minor units by ISO 4217.
enum Rule {
    Same,
    /// The same number, but its last digit has to be zero.
    Tens,
    /// No decimals by ISO 4217; two with Stripe, which have to be zero.
    TimesHundred,
    /// Two decimals by ISO 4217, none with Stripe.
    PerHundred,
    /// Three decimals by ISO 4217, but not in Stripe's list of these.
    Unsupported,
}

fn rule(currency: Currency) -> Rule {
    match currency.code() {
        "ISK" | "UGX" => Rule::TimesHundred,
        "MGA" => Rule::PerHundred,
        "BHD" | "JOD" | "KWD" | "OMR" | "TND" => Rule::Tens,
        "IQD" | "LYD" => Rule::Unsupported,
        _ => Rule::Same,
    }
}

pub(crate) fn to_stripe(money: Money) -> Result<i64, AmountError> {
    let minor = money.minor();
    match rule(money.currency()) {
        Rule::Same => Ok(minor),
        Rule::Tens => exact_quotient(minor, 10).map(|_| minor),
        Rule::TimesHundred => minor.checked_mul(100).ok_or(AmountError::InvalidAmount),
        Rule::PerHundred => exact_quotient(minor, 100),
        Rule::Unsupported => Err(AmountError::Currency),
    }
}

pub(crate) fn from_stripe(amount: i64, currency: &str) -> Result<Money, AmountError> {
    let currency = Currency::parse(&currency.to_ascii_uppercase()).map_err(|_| AmountError::InvalidAmount)?;
    let minor = match rule(currency) {
        Rule::Same | Rule::Tens => amount,
        Rule::TimesHundred => exact_quotient(amount, 100)?,
        Rule::PerHundred => amount.checked_mul(100).ok_or(AmountError::InvalidAmount)?,
        Rule::Unsupported => return Err(AmountError::Currency),
    };
    Money::new(minor, currency).map_err(|_| AmountError::InvalidAmount)
}

fn exact_quotient(number: i64, by: i64) -> Result<i64, AmountError> {
    if number % by == 0 { Ok(number / by) } else { Err(AmountError::TooPrecise) }
}

#[cfg(test)]
mod tests;
