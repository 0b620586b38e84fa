//! The revenue report.

use attune_domain::payment::{LedgerKind, PaymentState, RefundStage};
use attune_domain::{BookingId, Currency, Money, PaymentId};
use attune_ports::{LedgerEntry, NewPayment, NewRefund, Provider, RefundCause, Store};
use jiff::Timestamp;

use super::harness::*;

const REPORT: &str = "/api/admin/reports/revenue";

/// Ada's booking (1), unpaid: these tests write payments straight into the ledger.
async fn practice() -> (Practice, String) {
    let practice = Parts::new().without_limits().open().await;
    let ada = practice.client("Ada").await;
    practice.book(&ada, SLOT).await;
    let carl = practice.admin().await;
    (practice, carl)
}

fn amount(decimal: &str) -> Money {
    let (number, currency) = decimal.split_once(' ').unwrap();
    Money::parse_decimal(number, Currency::parse(currency).unwrap()).unwrap()
}

/// A payment at this instant.
async fn received(practice: &Practice, at: &str, decimal: &str) -> PaymentId {
    let (at, amount, booking) = (at.parse::<Timestamp>().unwrap(), amount(decimal), BookingId::new(1).unwrap());
    let mut work = practice.parts.store.begin().await.unwrap();
    let payment = NewPayment {
        id: (),
        booking,
        provider: Provider::Offline,
        provider_checkout_id: format!("{amount} at {at}"),
        amount,
        state: PaymentState::Settled,
        checkout_url: None,
        checkout_nonce: None,
        expires_at: None,
        provider_payment_id: None,
        check_at: None,
        method: Some("cash".into()),
        memo: None,
        recorded_by: None,
        created_at: at,
        settled_at: Some(at),
    };
    let payment = work.add_payment(&payment).await.unwrap();
    let line = LedgerEntry { at, booking, payment, refund: None, kind: LedgerKind::Captured, amount };
    work.add_ledger_entry(&line).await.unwrap();
    work.commit().await.unwrap();
    payment
}

/// A refund at this instant, perhaps reversed at another one.
async fn refunded(practice: &Practice, payment: PaymentId, at: &str, decimal: &str, reversed: Option<&str>) {
    let (at, amount, booking) = (at.parse::<Timestamp>().unwrap(), amount(decimal), BookingId::new(1).unwrap());
    let mut work = practice.parts.store.begin().await.unwrap();
    let refund = NewRefund {
        id: (),
        booking,
        payment,
        idempotency_key: format!("{payment}-{at}"),
        amount,
        cause: RefundCause::Requested,
        reason: None,
        requested_by: None,
        stage: if reversed.is_some() { RefundStage::Failed } else { RefundStage::Succeeded },
        provider_refund_id: None,
        attempts: 0,
        next_at: None,
        last_error: None,
        created_at: at,
        settled_at: Some(at),
    };
    let refund = Some(work.add_refund(&refund).await.unwrap());
    let line = LedgerEntry { at, booking, payment, refund, kind: LedgerKind::Refunded, amount };
    work.add_ledger_entry(&line).await.unwrap();
    if let Some(later) = reversed {
        let at = later.parse().unwrap();
        let line = LedgerEntry { at, kind: LedgerKind::RefundReversed, ..line };
        work.add_ledger_entry(&line).await.unwrap();
    }
    work.commit().await.unwrap();
}

/// The periods of a report, each with its net amount.
fn periods(reply: &Reply) -> Vec<(String, String)> {
    assert_eq!(reply.status, 200, "{}", reply.text);
    let lines = reply.json()["lines"].as_array().unwrap().clone();
    lines.iter().map(|line| (line["period"].as_str().unwrap().to_owned(), line["net"].to_string())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn without_payments_the_report_is_empty() {
    let (practice, carl) = practice().await;
    let reply = practice.get(REPORT, &carl).await;
    assert_eq!(
        reply.text,
        r#"{"timezone":"Europe/Berlin","by":"day","from":"2024-01-01","to":"2024-01-31","lines":[],"totals":[]}"#
    );
    let table = practice.get(&format!("{REPORT}?format=csv"), &carl).await;
    assert_eq!(table.text, "period,currency,received,refunded,net,payments,refunds\r\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn payments_and_refunds_are_in_the_report() {
    let practice = Parts::new().without_limits().provider(Provider::Offline).open().await;
    let ada = practice.client("Ada").await;
    practice.book(&ada, SLOT).await;
    let carl = practice.admin().await;
    practice.post("/api/admin/bookings/1/payments/offline", &carl, r#"{"method":"cash"}"#).await;
    assert_eq!(practice.post("/api/admin/bookings/1/refunds", &carl, r#"{"amount":12.5}"#).await.status, 200);
    let sums = r#""currency":"EUR","received":100.00,"refunded":12.50,"net":87.50,"payments":1,"refunds":1"#;
    assert_eq!(
        practice.get(REPORT, &carl).await.text,
        r#"{"timezone":"Europe/Berlin","by":"day","from":"2024-01-01","to":"2024-01-31","lines":["#.to_owned()
            + &format!(r#"{{"period":"2024-01-10",{sums}}}],"totals":[{{{sums}}}]}}"#)
    );
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
        ("from=2024-03-30&to=2024-04-01", vec![("2024-03-30", "1.0"), ("2024-03-31", "6.0"), ("2024-04-01", "8.0")]),
        ("from=2024-03-31&to=2024-03-31", vec![("2024-03-31", "6.0")]),
        (
            "from=2024-10-26&to=2024-10-28",
            vec![("2024-10-26", "16.0"), ("2024-10-27", "96.0"), ("2024-10-28", "128.0")],
        ),
        ("from=2024-10-27&to=2024-10-27", vec![("2024-10-27", "96.0")]),
        // Whole months, whatever their days in the query.
        ("from=2024-03-31&to=2024-04-02&by=month", vec![("2024-03", "7.0"), ("2024-04", "8.0")]),
        ("from=2024-01-15&to=2024-12-15&by=month", vec![("2024-03", "7.0"), ("2024-04", "8.0"), ("2024-10", "240.0")]),
    ] {
        let wanted: Vec<_> = wanted.iter().map(|(period, net)| ((*period).to_owned(), (*net).to_owned())).collect();
        assert_eq!(periods(&practice.get(&format!("{REPORT}?{query}"), &carl).await), wanted, "{query}");
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
    assert_eq!(
        reply.text,
        format!(
            r#"{{"timezone":"Europe/Berlin",{range},"lines":[{}],"totals":[{}]}}"#,
            lines.join(","),
            totals.join(",")
        )
    );
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
        practice.set_time(now);
        let carl = practice.admin().await;
        let report = practice.get(&format!("{REPORT}{query}"), &carl).await.json();
        assert_eq!((&report["from"], &report["to"]), (&wanted.0.into(), &wanted.1.into()), "{now} {query}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn invalid_parameters_are_reported() {
    let (practice, carl) = practice().await;
    for (query, field, code) in [
        ("format=xml", "format", "invalid_value"),
        ("by=week", "by", "invalid_value"),
        ("by=", "by", "invalid_value"),
        ("from=yesterday", "from", "invalid_date"),
        ("to=2024-02-30", "to", "invalid_date"),
        ("to=2024-1-5", "to", "invalid_date"),
        ("from=2024-01-15T10:00:00Z", "from", "invalid_date"),
        ("from=2024-01&by=month", "from", "invalid_date"),
        ("from=2024-01-16&to=2024-01-15", "to", "invalid_range"),
        ("from=2024-02-01", "to", "invalid_range"),
        ("from=2023-01-01&to=2024-01-02", "to", "range_too_long"),
        ("from=0000-01-01&to=9999-12-31", "to", "range_too_long"),
        ("from=9999-12-31&to=9999-12-31", "to", "range_too_long"),
        ("from=2019-12-31&to=2024-12-01&by=month", "to", "range_too_long"),
        ("currency=EUR", "currency", "unknown_field"),
        ("by=day&by=month", "by", "duplicate_field"),
    ] {
        let reply = practice.get(&format!("{REPORT}?{query}"), &carl).await;
        assert_eq!((reply.status.as_u16(), reply.errors()), (422, vec![(field.into(), code.into())]), "{query}");
    }
    for query in
        ["from=2024-01-01&to=2024-12-31", "from=2020-01-31&to=2024-12-01&by=month", "from=0000-01-01&to=0000-01-02"]
    {
        assert_eq!(practice.get(&format!("{REPORT}?{query}"), &carl).await.status, 200, "{query}");
    }
    let ada = practice.token("ada@example.org").await;
    for path in [REPORT.to_owned(), format!("{REPORT}?format=csv"), format!("{REPORT}?by=x")] {
        assert_eq!(practice.get(&path, &ada).await.problem(), (403, "forbidden".into()), "{path}");
    }
}
