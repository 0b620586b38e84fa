//! Stripe's amounts: minor units with some exceptions (docs.stripe.com/currencies).

use attune_domain::{Currency, Money};
use attune_ports::PriceError;
use thiserror::Error;

/// Twelve digits, the maximum for cards; other payment methods have lower ones.
const MAX_AMOUNT: i64 = 999_999_999_999;

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

/// Stripe's minimum in our minor units. It depends on the currency of the account, which is usually that of the price; for other
/// currencies no minimum is known.
fn minimum(currency: Currency) -> i64 {
    match currency.code() {
        "GBP" => 30,
        "ARS" | "AUD" | "BRL" | "CAD" | "CHF" | "COP" | "EUR" | "IDR" | "ILS" | "INR" | "JPY" | "KRW" | "NZD"
        | "PHP" | "RUB" | "SGD" | "USD" | "ZAR" => 50,
        "AED" | "MYR" | "PLN" | "RON" => 200,
        "DKK" => 250,
        "NOK" | "SEK" => 300,
        "HKD" => 400,
        "MXN" | "THB" => 1_000,
        "CZK" => 1_500,
        "HUF" => 17_500,
        _ => 1,
    }
}

/// Whether Stripe can charge a price. Zero is never charged.
pub(crate) fn check_price(price: Money) -> Result<(), PriceError> {
    let currency = price.currency();
    let money = |minor| Money::new(minor, currency).unwrap_or(price);
    if price.is_zero() {
        return Ok(());
    }
    let (multiple, most) = match rule(currency) {
        Rule::Same => (1, MAX_AMOUNT),
        Rule::Tens => (10, MAX_AMOUNT / 10 * 10),
        Rule::TimesHundred => (1, MAX_AMOUNT / 100),
        Rule::PerHundred => (100, Money::MAX_MINOR),
        Rule::Unsupported => return Err(PriceError::Currency(currency)),
    };
    if price.minor() % multiple != 0 {
        return Err(PriceError::Multiple(money(multiple)));
    }
    let least = minimum(currency);
    match price.minor() {
        minor if minor < least => Err(PriceError::TooSmall(money(least))),
        minor if minor > most => Err(PriceError::TooLarge(money(most))),
        _ => Ok(()),
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
