//! What came in and what went back, by day or month of the practice's own calendar.

use std::collections::BTreeMap;
use std::sync::Arc;

use attune_domain::Currency;
use attune_ports::{LedgerKind, Queries, StoreError};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use thiserror::Error;

/// How the report is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Period {
    /// AuditContext day.
    Day,
    /// AuditContext month.
    Month,
}

/// One line: what happened in one period in one currency. Amounts in minor units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RevenueLine {
    /// Its first day.
    pub from: Date,
    /// In which currency.
    pub currency: Currency,
    /// What came in.
    pub received: i64,
    /// What went back, without what came back again; below zero where more of an earlier period came back than went.
    pub refunded: i64,
    /// How many payments came in.
    pub payments: u64,
    /// How many refunds went out.
    pub refunds: u64,
}

impl RevenueLine {
    /// What is left of it.
    pub fn net(&self) -> i64 {
        self.received - self.refunded
    }
}

/// Why there is no report.
#[derive(Debug, Error)]
pub enum RevenueError {
    /// It ends before it begins.
    #[error("the report ends before it begins")]
    Backwards,
    /// Longer than [`RevenueReport::MAX_DAYS`] or [`RevenueReport::MAX_MONTHS`].
    #[error("the report is too long")]
    TooLong,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Reports revenue.
#[derive(Clone)]
pub struct RevenueReport {
    /// Where the ledger is read.
    pub queries: Arc<dyn Queries>,
    /// Whose days and months count.
    pub zone: TimeZone,
}

impl RevenueReport {
    /// Most days of a report by day.
    pub const MAX_DAYS: i32 = 366;
    /// Most months of a report by month.
    pub const MAX_MONTHS: i32 = 60;

    /// What the ledger says from the first day to the last one, both included; a report by month begins and ends with whole
    /// months. Periods in which nothing happened are left out.
    pub async fn run(&self, first: Date, last: Date, period: Period) -> Result<Vec<RevenueLine>, RevenueError> {
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
        let sums = self.queries.ledger_sums(self.midnight(first)?, self.midnight(after)?).await?;
        let mut lines: BTreeMap<(Date, String), RevenueLine> = BTreeMap::new();
        for sum in sums {
            let day = self.zone.to_datetime(sum.from).date();
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

    /// The first moment of a day; where the clocks jump over midnight, the first one that exists.
    fn midnight(&self, day: Date) -> Result<Timestamp, RevenueError> {
        let zoned = day.to_zoned(self.zone.clone()).map_err(|_| RevenueError::TooLong)?;
        Ok(zoned.timestamp())
    }
}
