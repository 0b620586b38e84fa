//! The revenue report as a table (RFC 4180).

use attune_application::payments::{Period, RevenueLine};

/// The name of a period: a day, such as `2024-01-15`, or a month, such as `2024-01`.
pub fn period_name(line: &RevenueLine, period: Period) -> String {
    match period {
        Period::Day => line.from.to_string(),
        Period::Month => line.from.strftime("%Y-%m").to_string(),
    }
}

/// One row for each line. Dates, currencies and numbers need no quotes, and no field starts like a formula: the only sign
/// is the minus of a number.
pub fn revenue_csv(lines: &[RevenueLine], period: Period) -> String {
    let mut csv = "period,currency,received,refunded,net,payments,refunds\r\n".to_owned();
    for line in lines {
        let RevenueLine { currency, payments, refunds, .. } = line;
        let [received, refunded, net] = [line.received, line.refunded, line.net()].map(|minor| currency.decimal(minor));
        let (period, code) = (period_name(line, period), currency.code());
        csv.push_str(&format!("{period},{code},{received},{refunded},{net},{payments},{refunds}\r\n"));
    }
    csv
}
