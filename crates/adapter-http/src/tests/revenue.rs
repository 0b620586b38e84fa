//! The revenue report.

use attune_domain::payment::{LedgerKind, PaymentState, RefundStage};
use attune_domain::{Currency, Money, PaymentId};
use attune_ports::{LedgerEntry, NewPayment, Provider, UnitOfWork};
use jiff::Timestamp;
use serde_json::json;

use super::harness::*;

const REPORT: &str = "/api/admin/reports/revenue";

/// Ada's booking (1), unpaid: these tests write payments straight into the ledger.
async fn practice() -> (Practice, String) {
    let (practice, _, carl) = Parts::new().without_limits().with_hold().await;
    (practice, carl)
}

fn amount(decimal: &str) -> Money {
    let (number, currency) = decimal.split_once(' ').unwrap();
    Money::parse_decimal(number, Currency::parse(currency).unwrap()).unwrap()
}

/// A payment at this instant.
async fn received(practice: &Practice, at: &str, decimal: &str) -> PaymentId {
    let (at, amount) = (at.parse::<Timestamp>().unwrap(), amount(decimal));
    let write = async |work: &mut dyn UnitOfWork| {
        let booking = work.booking(FIRST).await.unwrap().unwrap();
        let reference = format!("{amount} at {at}");
        let payment = NewPayment {
            amount,
            method: Some("cash".into()),
            settled_at: Some(at),
            ..NewPayment::attempt(&booking, booking.price(), Provider::Offline, reference, PaymentState::Settled, at)
        };
        let payment = work.add_payment(&payment).await.unwrap();
        let entry = LedgerEntry { at, booking: FIRST, payment, refund: None, kind: LedgerKind::Captured, amount };
        work.add_ledger_entry(&entry).await.unwrap();
        payment
    };
    practice.write(write).await
}

/// A refund at this instant, perhaps reversed at another one.
async fn refunded(practice: &Practice, payment: PaymentId, at: &str, decimal: &str, reversed: Option<&str>) {
    let (at, amount) = (at.parse::<Timestamp>().unwrap(), amount(decimal));
    let stage = if reversed.is_some() { RefundStage::Failed } else { RefundStage::Succeeded };
    let write = async |work: &mut dyn UnitOfWork| {
        let refund = Some(work.add_refund(&refund(payment, amount, stage, at)).await.unwrap());
        let entry = LedgerEntry { at, booking: FIRST, payment, refund, kind: LedgerKind::Refunded, amount };
        work.add_ledger_entry(&entry).await.unwrap();
        if let Some(later) = reversed {
            let entry = LedgerEntry { at: later.parse().unwrap(), kind: LedgerKind::RefundReversed, ..entry };
            work.add_ledger_entry(&entry).await.unwrap();
        }
    };
    practice.write(write).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_payments_the_report_is_empty() {
    let (practice, carl) = practice().await;
    let empty =
        r#"{"timezone":"Europe/Berlin","by":"day","from":"2024-01-01","to":"2024-01-31","lines":[],"totals":[]}"#;
    practice.get(REPORT, &carl).await.assert_body(200, empty);
    let csv = practice.get(&format!("{REPORT}?format=csv"), &carl).await;
    csv.assert_body(200, "period,currency,received,refunded,net,payments,refunds\r\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn payments_and_refunds_are_in_the_report() {
    let (practice, _, carl) = Parts::new().without_limits().provider(Provider::Offline).with_hold().await;
    practice.post("/api/admin/bookings/1/payments/offline", &carl, r#"{"method":"cash"}"#).await;
    practice.post("/api/admin/bookings/1/refunds", &carl, r#"{"amount":12.5}"#).await.assert_status(200);
    let sums = r#""currency":"EUR","received":100.00,"refunded":12.50,"net":87.50,"payments":1,"refunds":1"#;
    let report = r#"{"timezone":"Europe/Berlin","by":"day","from":"2024-01-01","to":"2024-01-31","lines":["#.to_owned()
        + &format!(r#"{{"period":"2024-01-10",{sums}}}],"totals":[{{{sums}}}]}}"#);
    practice.get(REPORT, &carl).await.assert_body(200, &report);
}

#[tokio::test(flavor = "multi_thread")]
async fn days_are_in_the_practices_time_zone_across_daylight_saving_changes() {
    let (practice, carl) = practice().await;
    // Berlin's 31 March 2024 has 23 hours, its 27 October 25.
    for (at, decimal) in [
        ("2024-03-30T22:59:59Z", "1.00 EUR"),
        ("2024-03-30T23:00:00Z", "2.00 EUR"),
        ("2024-03-31T21:59:59Z", "4.00 EUR"),
        ("2024-03-31T22:00:00Z", "8.00 EUR"),
        ("2024-10-26T21:59:59Z", "16.00 EUR"),
        ("2024-10-26T22:00:00Z", "32.00 EUR"),
        ("2024-10-27T22:59:59Z", "64.00 EUR"),
        ("2024-10-27T23:00:00Z", "128.00 EUR"),
    ] {
        received(&practice, at, decimal).await;
    }
    for (query, wanted) in [
        ("from=2024-03-30&to=2024-04-01", &["2024-03-30 1.0", "2024-03-31 6.0", "2024-04-01 8.0"][..]),
        ("from=2024-03-31&to=2024-03-31", &["2024-03-31 6.0"]),
        ("from=2024-10-26&to=2024-10-28", &["2024-10-26 16.0", "2024-10-27 96.0", "2024-10-28 128.0"]),
        ("from=2024-10-27&to=2024-10-27", &["2024-10-27 96.0"]),
        // Whole months, whatever their days in the query.
        ("from=2024-03-31&to=2024-04-02&by=month", &["2024-03 7.0", "2024-04 8.0"]),
        ("from=2024-01-15&to=2024-12-15&by=month", &["2024-03 7.0", "2024-04 8.0", "2024-10 240.0"]),
    ] {
        let report = practice.get(&format!("{REPORT}?{query}"), &carl).await.assert_status(200).json();
        assert_eq!(lines(&report["lines"], &["period", "net"]), wanted, "{query}");
    }
}

/// Three currencies over three months; in March, more euros were returned than refunded.
async fn books() -> (Practice, String) {
    let (practice, carl) = practice().await;
    let first = received(&practice, "2024-01-15T10:00:00Z", "100.00 EUR").await;
    let second = received(&practice, "2024-01-15T11:00:00Z", "80.05 EUR").await;
    let yen = received(&practice, "2024-01-15T12:00:00Z", "9000 JPY").await;
    received(&practice, "2024-01-20T12:00:00Z", "10.125 KWD").await;
    refunded(&practice, first, "2024-02-01T10:00:00Z", "100.00 EUR", Some("2024-03-05T10:00:00Z")).await;
    refunded(&practice, second, "2024-02-01T11:00:00Z", "0.05 EUR", None).await;
    refunded(&practice, yen, "2024-02-01T12:00:00Z", "9000 JPY", None).await;
    refunded(&practice, second, "2024-03-31T21:00:00Z", "20.00 EUR", None).await;
    (practice, carl)
}

#[tokio::test(flavor = "multi_thread")]
async fn payments_count_on_their_day_in_their_currency() {
    let (practice, carl) = books().await;
    let reply = practice.get(&format!("{REPORT}?from=2024-01-10&to=2024-03-10&by=month"), &carl).await;
    let lines = [
        r#"{"period":"2024-01","currency":"EUR","received":180.05,"refunded":0.00,"net":180.05,"payments":2,"refunds":0}"#,
        r#"{"period":"2024-01","currency":"JPY","received":9000,"refunded":0,"net":9000,"payments":1,"refunds":0}"#,
        r#"{"period":"2024-01","currency":"KWD","received":10.125,"refunded":0.000,"net":10.125,"payments":1,"refunds":0}"#,
        r#"{"period":"2024-02","currency":"EUR","received":0.00,"refunded":100.05,"net":-100.05,"payments":0,"refunds":2}"#,
        r#"{"period":"2024-02","currency":"JPY","received":0,"refunded":9000,"net":-9000,"payments":0,"refunds":1}"#,
        r#"{"period":"2024-03","currency":"EUR","received":0.00,"refunded":-80.00,"net":80.00,"payments":0,"refunds":1}"#,
    ];
    let totals = [
        r#"{"currency":"EUR","received":180.05,"refunded":20.05,"net":160.00,"payments":2,"refunds":3}"#,
        r#"{"currency":"JPY","received":9000,"refunded":9000,"net":0,"payments":1,"refunds":1}"#,
        r#"{"currency":"KWD","received":10.125,"refunded":0.000,"net":10.125,"payments":1,"refunds":0}"#,
    ];
    let range = r#""by":"month","from":"2024-01-01","to":"2024-03-31""#;
    let (lines, totals) = (lines.join(","), totals.join(","));
    let report = format!(r#"{{"timezone":"Europe/Berlin",{range},"lines":[{lines}],"totals":[{totals}]}}"#);
    reply.assert_body(200, &report);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_csv_report_is_exact() {
    let (practice, carl) = books().await;
    let reply = practice.get(&format!("{REPORT}?from=2024-01-15&to=2024-03-31&format=csv"), &carl).await;
    assert_eq!(reply.header("content-type"), Some("text/csv; charset=utf-8; header=present"));
    let name = "attachment; filename=\"revenue-2024-01-15-2024-03-31.csv\"";
    assert_eq!(reply.header("content-disposition"), Some(name));
    assert_eq!(
        reply.text,
        "period,currency,received,refunded,net,payments,refunds\r\n\
         2024-01-15,EUR,180.05,0.00,180.05,2,0\r\n\
         2024-01-15,JPY,9000,0,9000,1,0\r\n\
         2024-01-20,KWD,10.125,0.000,10.125,1,0\r\n\
         2024-02-01,EUR,0.00,100.05,-100.05,0,2\r\n\
         2024-02-01,JPY,0,9000,-9000,0,1\r\n\
         2024-03-05,EUR,0.00,-100.00,100.00,0,0\r\n\
         2024-03-31,EUR,0.00,20.00,-20.00,0,1\r\n"
    );
    let months = practice.get(&format!("{REPORT}?from=2024-03-15&to=2024-03-15&by=month&format=csv"), &carl).await;
    let name = "attachment; filename=\"revenue-2024-03-01-2024-03-31.csv\"";
    assert_eq!(months.header("content-disposition"), Some(name));
    assert_eq!(months.text.lines().last(), Some("2024-03,EUR,0.00,-80.00,80.00,0,1"));
    for line in reply.text.lines().chain(months.text.lines()) {
        for field in line.split(',') {
            let number = field.strip_prefix('-').unwrap_or(field);
            assert!(number.starts_with(|c: char| c.is_ascii_alphanumeric()), "{field} could be a formula");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_range_defaults_to_the_current_month_in_the_practices_time_zone() {
    let (practice, _) = practice().await;
    for (now, query, wanted) in [
        ("2024-01-31T22:59:59Z", "", ("2024-01-01", "2024-01-31")),
        ("2024-01-31T23:00:00Z", "", ("2024-02-01", "2024-02-29")),
        ("2024-02-10T08:00:00Z", "?by=month", ("2024-02-01", "2024-02-29")),
        ("2024-02-10T08:00:00Z", "?from=2023-12-24", ("2023-12-24", "2024-02-29")),
        ("2024-02-10T08:00:00Z", "?to=2024-01-20", ("2024-01-01", "2024-01-20")),
        ("2024-02-10T08:00:00Z", "?to=2025-06-20", ("2025-06-01", "2025-06-20")),
    ] {
        let carl = practice.admin_at(now).await;
        let report = practice.get(&format!("{REPORT}{query}"), &carl).await;
        report.assert_members(&json!({"from": wanted.0, "to": wanted.1}));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn invalid_parameters_are_reported() {
    let (practice, carl) = practice().await;
    let rows: Invalid<'_> = &[
        ("format", "invalid_value", &["format=xml"]),
        ("by", "invalid_value", &["by=week", "by="]),
        ("from", "invalid_date", &["from=yesterday", "from=2024-01-15T10:00:00Z", "from=2024-01&by=month"]),
        ("to", "invalid_date", &["to=2024-02-30", "to=2024-1-5"]),
        ("to", "invalid_range", &["from=2024-01-16&to=2024-01-15", "from=2024-02-01"]),
        ("to", "range_too_long", &["from=2023-01-01&to=2024-01-02", "from=0000-01-01&to=9999-12-31"]),
        ("to", "range_too_long", &["from=9999-12-31&to=9999-12-31", "from=2019-12-31&to=2024-12-01&by=month"]),
        ("currency", "unknown_field", &["currency=EUR"]),
        ("by", "duplicate_field", &["by=day&by=month"]),
    ];
    practice.assert_invalid_queries(REPORT, &carl, rows).await;
    for query in
        ["from=2024-01-01&to=2024-12-31", "from=2020-01-31&to=2024-12-01&by=month", "from=0000-01-01&to=0000-01-02"]
    {
        practice.get(&format!("{REPORT}?{query}"), &carl).await.assert_status(200);
    }
    let ada = practice.token("ada@example.org").await;
    for path in [REPORT.to_owned(), format!("{REPORT}?format=csv"), format!("{REPORT}?by=x")] {
        practice.get(&path, &ada).await.assert_problem(403, "forbidden");
    }
}
