//! The revenue report, for admins.

#![expect(unused_qualifications, reason = "utoipa qualifies the parameters of a path in the code it generates")]

use std::collections::BTreeMap;

use actix_web::HttpResponse;
use actix_web::web::Data;
use attune_application::payments::{Period, RevenueLine};
use attune_http_common::{HandlerResult, period_name, revenue_csv};
use jiff::civil::Date;
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use crate::request::auth::Admin;
use crate::request::input::{Fields, FromFields, Request, date};
use crate::response::output::{self, Balance, REPORT_FORMATS, ReportFormat, as_csv};
use crate::state::State;

/// Payments and refunds in one currency.
#[derive(Serialize, ToSchema)]
#[schema(as = RevenueTotals)]
pub(crate) struct Sums {
    /// ISO 4217 currency code.
    #[schema(example = "EUR")]
    currency: String,
    /// Payments received.
    #[schema(value_type = f64, example = 300.0)]
    received: Balance,
    /// Refunds, minus those that the clients' banks returned. Negative if more was returned than refunded.
    #[schema(value_type = f64, example = 40.0)]
    refunded: Balance,
    /// Payments minus refunds; negative if more was refunded.
    #[schema(value_type = f64, example = 260.0)]
    net: Balance,
    /// Number of payments.
    #[schema(example = 3)]
    payments: u64,
    /// Number of refunds.
    #[schema(example = 1)]
    refunds: u64,
}

impl From<&RevenueLine> for Sums {
    fn from(line: &RevenueLine) -> Self {
        let currency = line.currency;
        let balance = |minor| Balance { minor, currency };
        Self {
            currency: currency.code().to_owned(),
            received: balance(line.received),
            refunded: balance(line.refunded),
            net: balance(line.net()),
            payments: line.payments,
            refunds: line.refunds,
        }
    }
}

/// Payments and refunds of one period in one currency.
#[derive(Serialize, ToSchema)]
pub(crate) struct RevenueRow {
    /// A day, such as `2024-01-15`, or a month, such as `2024-01`.
    #[schema(example = "2024-01-15")]
    period: String,
    #[serde(flatten)]
    sums: Sums,
}

/// Payments and refunds in a range of days.
#[derive(Serialize, ToSchema)]
#[schema(as = Revenue)]
pub(crate) struct RevenueBody {
    /// Time zone of the days and months: the practice's.
    #[schema(example = "Europe/Berlin")]
    timezone: String,
    /// Period of a row: `day` or `month`.
    #[schema(example = "day")]
    by: &'static str,
    /// First day of the range.
    #[schema(format = Date, example = "2024-01-01")]
    from: String,
    /// Last day of the range (inclusive).
    #[schema(format = Date, example = "2024-01-31")]
    to: String,
    /// Rows by period and currency. Periods without payments and refunds are omitted.
    lines: Vec<RevenueRow>,
    /// Totals of the whole range, by currency.
    totals: Vec<Sums>,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct RevenueQuery {
    /// First day; defaults to the first day of the month of `to`.
    #[param(value_type = Option<String>, format = Date, example = "2024-01-01")]
    from: Option<Date>,
    /// Last day (inclusive); defaults to the last day of the current month.
    #[param(value_type = Option<String>, format = Date, example = "2024-01-31")]
    to: Option<Date>,
    /// `day` for a row for each day, 366 days at most, or `month` for a row for each month, 60 months at most. A report
    /// by month covers whole months.
    #[param(schema_with = output::revenue_period, example = "day")]
    by: Option<Period>,
    /// `json`, or `csv` for a table.
    #[param(schema_with = output::report_format, example = "json")]
    format: Option<ReportFormat>,
}

impl FromFields for RevenueQuery {
    fn read(fields: &mut Fields) -> Option<Self> {
        Some(Self {
            by: fields.choice("by", &[("day", Period::Day), ("month", Period::Month)]),
            format: fields.choice("format", REPORT_FORMATS),
            from: fields.optional("from", |text| date(text).map(Some)),
            to: fields.optional("to", |text| date(text).map(Some)),
        })
    }
}

/// Retrieve the revenue report
///
/// Computed from the payment ledger: a payment or refund counts on the day it was made, whenever the appointment is.
/// Days and months are in the practice's time zone. `?format=csv` returns the same as a table (RFC 4180): one row for
/// each period and currency, without the totals.
#[utoipa::path(
    get, path = "/api/admin/reports/revenue", operation_id = "getRevenueReport",
    params(RevenueQuery),
    responses((
        status = 200, description = "The revenue report",
        content((RevenueBody = "application/json"), (String = "text/csv"))
    ))
)]
pub(crate) async fn report(state: Data<State>, Admin(_): Admin, request: Request) -> HandlerResult {
    let query: RevenueQuery = request.query()?;
    let zone = state.api.use_cases.practice.zone().await?;
    let today = || zone.to_datetime(state.api.clock.now()).date();
    let to = query.to.unwrap_or_else(|| today().last_of_month());
    let from = query.from.unwrap_or(to.first_of_month());
    let period = query.by.unwrap_or(Period::Day);
    let found = state.api.use_cases.revenue.run(&zone, from, to, period).await?;
    let (by, from, to) = match period {
        Period::Day => ("day", from, to),
        Period::Month => ("month", from.first_of_month(), to.last_of_month()),
    };
    let totals = totals(&found);
    let lines: Vec<RevenueRow> = found.iter().map(|line| row(line, period)).collect();
    if query.format == Some(ReportFormat::Csv) {
        return Ok(as_csv(HttpResponse::Ok(), &format!("revenue-{from}-{to}"), revenue_csv(&found, period)));
    }
    Ok(HttpResponse::Ok().json(RevenueBody {
        // The zone was loaded by its name.
        timezone: zone.iana_name().unwrap_or("UTC").to_owned(),
        by,
        from: from.to_string(),
        to: to.to_string(),
        lines,
        totals: totals.iter().map(Sums::from).collect(),
    }))
}

fn row(line: &RevenueLine, period: Period) -> RevenueRow {
    RevenueRow { period: period_name(line, period), sums: Sums::from(line) }
}

fn totals(lines: &[RevenueLine]) -> Vec<RevenueLine> {
    let mut totals: BTreeMap<&str, RevenueLine> = BTreeMap::new();
    for line in lines {
        let add = |total: &mut RevenueLine| {
            total.received += line.received;
            total.refunded += line.refunded;
            total.payments += line.payments;
            total.refunds += line.refunds;
        };
        totals.entry(line.currency.code()).and_modify(add).or_insert(*line);
    }
    totals.into_values().collect()
}
