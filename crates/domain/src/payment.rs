//! Money, and the payment of a booking.
//!
//! ```
//! use attune_domain::payment::{PaymentLedger, PaymentState, RefundError, RefundStage};
//! use attune_domain::{Money, PaymentStatus};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let eur = "EUR".parse()?;
//! let (price, refund) = (Money::parse_decimal("100", eur)?, Money::parse_decimal("40.50", eur)?);
//! let ledger = PaymentLedger::new(eur)
//!     .with_payment(PaymentState::Settled, price)
//!     .with_refund(RefundStage::Succeeded, refund);
//! assert_eq!(ledger.status(), PaymentStatus::PartiallyRefunded);
//! assert_eq!(ledger.refundable().to_string(), "59.50 EUR");
//! assert!(matches!(ledger.check_refund(Some(price)), Err(RefundError::ExceedsRefundable { .. })));
//! # Ok(())
//! # }
//! ```

use std::fmt;

use thiserror::Error;

use crate::booking::BookingStatus;

mod ledger;
mod state;

pub use ledger::{LedgerKind, PaymentLedger, RefundError};
pub use state::{PaymentState, RefundStage, RefundState};

/// An ISO 4217 currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency([u8; 3]);

/// The text is not three capital letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("not a three-letter ISO 4217 currency code in capitals, such as EUR")]
pub struct InvalidCurrency;

impl Currency {
    /// Reads a code such as `EUR`; whether ISO 4217 lists it is not checked.
    pub fn parse(code: &str) -> Result<Self, InvalidCurrency> {
        match code.as_bytes() {
            &[a, b, c] if [a, b, c].iter().all(u8::is_ascii_uppercase) => Ok(Self([a, b, c])),
            _ => Err(InvalidCurrency),
        }
    }

    /// The three-letter code.
    pub fn code(&self) -> &str {
        // `parse` accepts ASCII only, so the fallback is never used.
        std::str::from_utf8(&self.0).unwrap_or("XXX")
    }

    /// Number of decimals of the minor unit, from ISO 4217 list one.
    pub fn decimals(&self) -> usize {
        match self.code() {
            "BIF" | "CLP" | "DJF" | "GNF" | "ISK" | "JPY" | "KMF" | "KRW" | "PYG" | "RWF" | "UGX" | "VND" | "VUV"
            | "XAF" | "XOF" | "XPF" => 0,
            "BHD" | "IQD" | "JOD" | "KWD" | "LYD" | "OMR" | "TND" => 3,
            _ => 2,
        }
    }

    /// Formats an amount in minor units with exactly the currency's decimals, such as `-12.50`.
    pub fn decimal(&self, minor: i64) -> String {
        let decimals = self.decimals();
        let mut digits = minor.unsigned_abs().to_string();
        if decimals > 0 {
            if digits.len() <= decimals {
                digits.insert_str(0, &"0".repeat(decimals + 1 - digits.len()));
            }
            digits.insert(digits.len() - decimals, '.');
        }
        if minor < 0 {
            digits.insert(0, '-');
        }
        digits
    }
}

impl_from_str!(Currency: InvalidCurrency);

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// An amount of money in the currency's minor unit (cents); never negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Money {
    minor: i64,
    currency: Currency,
}

/// Why a number is not a valid amount of money.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum MoneyError {
    /// Below zero.
    #[error("an amount cannot be negative")]
    Negative,
    /// Not a decimal number, or with more decimals than the currency has.
    #[error("not a decimal number with at most the currency's decimals")]
    NotDecimal,
    /// Above [`Money::MAX_MINOR`].
    #[error("the amount is too large")]
    TooLarge,
}

impl Money {
    /// Largest amount in minor units: far above any price, and below 2^53, so that it is exact in every JSON parser.
    pub const MAX_MINOR: i64 = 1_000_000_000_000;

    /// Accepts minor units from 0 to [`Self::MAX_MINOR`].
    pub fn new(minor: i64, currency: Currency) -> Result<Self, MoneyError> {
        match minor {
            ..0 => Err(MoneyError::Negative),
            0..=Self::MAX_MINOR => Ok(Self { minor, currency }),
            _ => Err(MoneyError::TooLarge),
        }
    }

    /// Zero in a currency.
    pub fn zero(currency: Currency) -> Self {
        Self { minor: 0, currency }
    }

    /// Reads a plain decimal such as `100`, `100.5` or `100.00`.
    pub fn parse_decimal(text: &str, currency: Currency) -> Result<Self, MoneyError> {
        if let Some(rest) = text.strip_prefix('-') {
            return Self::parse_decimal(rest, currency)
                .and_then(|m| if m.is_zero() { Ok(m) } else { Err(MoneyError::Negative) });
        }
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let fraction = fraction.trim_end_matches('0');
        let digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
        if whole.is_empty()
            || !digits(whole)
            || !digits(fraction)
            || fraction.len() > currency.decimals()
            || text.ends_with('.')
        {
            return Err(MoneyError::NotDecimal);
        }
        let all = format!("{whole}{fraction:0<width$}", width = currency.decimals());
        let minor = all.parse::<i64>().map_err(|_| MoneyError::TooLarge)?;
        Self::new(minor, currency)
    }

    /// The amount in minor units.
    pub fn minor(&self) -> i64 {
        self.minor
    }

    /// The currency.
    pub fn currency(&self) -> Currency {
        self.currency
    }

    /// Whether the amount is zero.
    pub fn is_zero(&self) -> bool {
        self.minor == 0
    }

    /// The amount with exactly the currency's decimals, such as `100.00`.
    pub fn to_decimal(&self) -> String {
        self.currency.decimal(self.minor)
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.to_decimal(), self.currency)
    }
}

text_enum! {
    /// The state of a booking's payment.
    pub enum PaymentStatus {
        /// No payment is due.
        NotRequired => "not_required",
        /// Due, not started.
        Pending => "pending",
        /// The provider is processing it.
        Processing => "processing",
        /// Paid in full.
        Succeeded => "succeeded",
        /// The last attempt failed; another is possible until the hold expires.
        Failed => "failed",
        /// Ended unpaid, together with the booking.
        Cancelled => "cancelled",
        /// A refund is queued or in progress.
        RefundPending => "refund_pending",
        /// Refunded in part.
        PartiallyRefunded => "partially_refunded",
        /// Refunded in full.
        Refunded => "refunded",
    }
}

impl PaymentStatus {
    /// Whether a booking with this status may have this payment status. Stores enforce the same table with a CHECK.
    ///
    /// In particular a booking is never `scheduled` while its payment is `pending`.
    pub fn is_legal_with(self, booking: BookingStatus) -> bool {
        use BookingStatus as B;
        match self {
            Self::Pending | Self::Processing | Self::Failed => booking == B::PendingPayment,
            Self::NotRequired => matches!(booking, B::Scheduled | B::Completed | B::NoShow | B::Cancelled),
            Self::Cancelled => matches!(booking, B::Cancelled | B::Expired),
            Self::Succeeded | Self::RefundPending | Self::PartiallyRefunded | Self::Refunded => {
                booking != B::PendingPayment
            }
        }
    }

    /// Whether a payment was received and at least a part of it was kept.
    pub fn is_paid(self) -> bool {
        matches!(self, Self::Succeeded | Self::PartiallyRefunded)
    }

    /// Whether a payment was received, refunded or not.
    pub fn has_been_paid(self) -> bool {
        matches!(self, Self::Succeeded | Self::RefundPending | Self::PartiallyRefunded | Self::Refunded)
    }
}

#[cfg(test)]
mod tests;
