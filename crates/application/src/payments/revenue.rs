//! Payments and refunds by day or month, in the practice's time zone.

use std::collections::BTreeMap;
use std::sync::Arc;

use attune_domain::Currency;
use attune_ports::{LedgerKind, Queries, StoreError};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use thiserror::Error;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Period {
    Day,
    Month,
}

/// The totals of one period in one currency. Amounts in minor units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RevenueLine {
    /// The first day of the period.
    pub from: Date,
    pub currency: Currency,
    pub received: i64,
    /// Refunds less reversed refunds; negative where more of an earlier period were reversed.
    pub refunded: i64,
    /// Number of payments received.
    pub payments: u64,
    /// Number of refunds.
    pub refunds: u64,
}

impl RevenueLine {
    pub fn net(&self) -> i64 {
        self.received - self.refunded
    }
}

#[derive(Debug, Error)]
pub enum RevenueError {
    #[error("the report ends before it begins")]
    Backwards,
    /// Longer than [`RevenueReport::MAX_DAYS`] or [`RevenueReport::MAX_MONTHS`].
    #[error("the report is too long")]
    TooLong,
    #[error(transparent)]
    Store(#[from] StoreError),
}

#[derive(Clone)]
pub struct RevenueReport {
    pub queries: Arc<dyn Queries>,
}

impl RevenueReport {
    pub const MAX_DAYS: i32 = 366;
    pub const MAX_MONTHS: i32 = 60;

    /// The report from the first day to the last one, both included; by month it covers whole months. Periods without
    /// ledger entries are left out.
    pub async fn run(
        &self,
        zone: &TimeZone,
        first: Date,
        last: Date,
        period: Period,
    ) -> Result<Vec<RevenueLine>, RevenueError> {
        if last < first {
            return Err(RevenueError::Backwards);
        }
        let (first, last) = match period {
            Period::Day => (first, last),
            Period::Month => (first.first_of_month(), last.last_of_month()),
        };
        let months = i32::from(last.year() - first.year()) * 12 + i32::from(last.month()) - i32::from(first.month());
        let days = first.until(last).map_or(i32::MAX, |span| span.get_days());
        let too_long = match period {
            Period::Day => days >= Self::MAX_DAYS,
            Period::Month => months >= Self::MAX_MONTHS,
        };
        if too_long {
            return Err(RevenueError::TooLong);
        }
        let after = last.checked_add(Span::new().days(1)).map_err(|_| RevenueError::TooLong)?;
        let sums = self.queries.ledger_sums(midnight(first, zone)?, midnight(after, zone)?).await?;
        let mut lines: BTreeMap<(Date, String), RevenueLine> = BTreeMap::new();
        for sum in sums {
            let day = zone.to_datetime(sum.from).date();
            let from = match period {
                Period::Day => day,
                Period::Month => day.first_of_month(),
            };
            let currency = sum.currency;
            let line = lines.entry((from, currency.code().to_owned())).or_insert(RevenueLine {
                from,
                currency,
                received: 0,
                refunded: 0,
                payments: 0,
                refunds: 0,
            });
            match sum.kind {
                LedgerKind::Captured => {
                    line.received += sum.minor;
                    line.payments += sum.count;
                }
                LedgerKind::Refunded => {
                    line.refunded += sum.minor;
                    line.refunds += sum.count;
                }
                LedgerKind::RefundReversed => line.refunded -= sum.minor,
            }
        }
        Ok(lines.into_values().collect())
    }
}

/// The first instant of a day; where a clock change skips midnight, the first one that exists.
fn midnight(day: Date, zone: &TimeZone) -> Result<Timestamp, RevenueError> {
    let zoned = day.to_zoned(zone.clone()).map_err(|_| RevenueError::TooLong)?;
    Ok(zoned.timestamp())
}
