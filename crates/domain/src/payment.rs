//! Money, and what is known about the payment of a booking.

use std::fmt;

use thiserror::Error;

use crate::booking::BookingStatus;

mod ledger;
mod state;

pub use ledger::{LedgerKind, PaymentLedger, RefundError};
pub use state::{PaymentState, RefundStage, RefundState, UnpaidUpdate};

/// An ISO 4217 currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Currency([u8; 3]);

/// The text is not an ISO 4217 code in capitals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("not a three-letter ISO 4217 currency code in capitals, such as EUR")]
pub struct InvalidCurrency;

impl Currency {
    /// Reads a code such as `EUR`.
    pub fn parse(code: &str) -> Result<Self, InvalidCurrency> {
        match code.as_bytes() {
            &[a, b, c] if [a, b, c].iter().all(u8::is_ascii_uppercase) => Ok(Self([a, b, c])),
            _ => Err(InvalidCurrency),
        }
    }

    /// The three letters.
    pub fn code(&self) -> &str {
        // Only capitals get past `parse`, so the fallback is never seen.
        std::str::from_utf8(&self.0).unwrap_or("XXX")
    }

    /// How many decimals the currency's minor unit has (ISO 4217 list one: 2 unless listed otherwise).
    pub fn decimals(&self) -> usize {
        match self.code() {
            "BIF" | "CLP" | "DJF" | "GNF" | "ISK" | "JPY" | "KMF" | "KRW" | "PYG" | "RWF" | "UGX" | "VND" | "VUV"
            | "XAF" | "XOF" | "XPF" => 0,
            "BHD" | "IQD" | "JOD" | "KWD" | "LYD" | "OMR" | "TND" => 3,
            _ => 2,
        }
    }

    /// A sum in minor units, with exactly the currency's decimals, such as `-12.50`.
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

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// An amount of money, never negative, counted in the currency's minor unit (cents).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Money {
    minor: i64,
    currency: Currency,
}

/// Why a number is no amount of money.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum MoneyError {
    /// Amounts owed and paid are never below zero.
    #[error("an amount cannot be negative")]
    Negative,
    /// Not a decimal number, or with more decimals than the currency has.
    #[error("not a decimal number with at most the currency's decimals")]
    NotDecimal,
    /// Above [`Money::MAX_MINOR`].
    #[error("an amount that large is a mistake")]
    TooLarge,
}

impl Money {
    /// Largest amount in minor units. Far above any price, and exact as a JSON number everywhere.
    pub const MAX_MINOR: i64 = 1_000_000_000_000;

    /// An amount in minor units.
    pub fn new(minor: i64, currency: Currency) -> Result<Self, MoneyError> {
        match minor {
            ..0 => Err(MoneyError::Negative),
            0..=Self::MAX_MINOR => Ok(Self { minor, currency }),
            _ => Err(MoneyError::TooLarge),
        }
    }

    /// Nothing, in a currency.
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

    /// Whether nothing is owed.
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

/// What is known about the payment of a booking.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PaymentStatus {
    /// Nothing is due.
    NotRequired,
    /// Due, not begun.
    Pending,
    /// The provider is working on it.
    Processing,
    /// Paid in full.
    Succeeded,
    /// The last attempt failed; another may follow while the hold lives.
    Failed,
    /// Ended unpaid, together with the booking.
    Cancelled,
    /// A refund was asked for and is not settled.
    RefundPending,
    /// A part went back.
    PartiallyRefunded,
    /// Everything went back.
    Refunded,
}

impl PaymentStatus {
    /// Every status, in the order of a payment's life.
    pub const ALL: [Self; 9] = [
        Self::NotRequired,
        Self::Pending,
        Self::Processing,
        Self::Succeeded,
        Self::Failed,
        Self::Cancelled,
        Self::RefundPending,
        Self::PartiallyRefunded,
        Self::Refunded,
    ];

    /// The name in the API and in stores.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotRequired => "not_required",
            Self::Pending => "pending",
            Self::Processing => "processing",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::RefundPending => "refund_pending",
            Self::PartiallyRefunded => "partially_refunded",
            Self::Refunded => "refunded",
        }
    }

    /// Reads the name that [`Self::as_str`] gives.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == name)
    }

    /// Whether a booking of this status may have this payment status. Stores enforce the same table with a CHECK.
    ///
    /// The pair that matters most is the one that is missing: a session is never `scheduled` while money is `pending`.
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

    /// Whether money came in and stayed, at least in part.
    pub fn is_paid(self) -> bool {
        matches!(self, Self::Succeeded | Self::PartiallyRefunded)
    }

    /// Whether money came in, whatever became of it.
    pub fn has_been_paid(self) -> bool {
        matches!(self, Self::Succeeded | Self::RefundPending | Self::PartiallyRefunded | Self::Refunded)
    }
}

#[cfg(test)]
mod tests;
