//! The ledger: its entries and their sums.

use attune_domain::{Booking, Money};
use attune_ports::{LedgerEntry, LedgerKind, LedgerSum, NewPayment, NewRefund, Payment, Refund, RefundStage};
use jiff::Timestamp;

use super::values::INSTANTS;
use super::{assert_conflict, assert_failed, finer, unknown};
use crate::Backend;
use crate::fixtures::{at, captured, eur, minutes_after, money, moved, now, paid, refund};

/// Adds each entry in a unit of work of its own.
async fn write(backend: &Backend, entries: &[LedgerEntry]) {
    for entry in entries {
        backend.commit(async |work| work.add_ledger_entry(entry).await).await;
    }
}

async fn unbalanced(backend: &Backend, entry: LedgerEntry) {
    assert_conflict!(backend.uncommitted(async |work| work.add_ledger_entry(&entry).await).await, LedgerUnbalanced);
}

async fn entries(backend: &Backend, booking: &Booking) -> Vec<LedgerEntry> {
    backend.queries.ledger(booking.id()).await.unwrap()
}

/// A payment with its entry.
async fn captured_payment(backend: &Backend, booking: &Booking, checkout_id: &str, amount: Money) -> Payment {
    let payment = backend.add_payment(NewPayment { amount, ..paid(booking.id(), checkout_id) }).await;
    write(backend, &[captured(&payment)]).await;
    payment
}

async fn part(backend: &Backend, payment: &Payment, key: &str, minor: i64) -> Refund {
    backend.add_refund(NewRefund { amount: eur(minor), ..refund(payment, key) }).await
}

async fn sums(backend: &Backend, from: Timestamp, until: Timestamp) -> Vec<LedgerSum> {
    backend.queries.ledger_sums(from, until).await.unwrap()
}

fn sum(from: &str, kind: LedgerKind, amount: Money, count: u64) -> LedgerSum {
    LedgerSum { from: at(from), kind, minor: amount.minor(), currency: amount.currency(), count }
}

pub async fn ledger_entries_round_trip(backend: &Backend) {
    let (_, booking) = backend.booked().await;
    let mut lines = Vec::new();
    for amount in [
        money(1, "USD"),
        money(9_999, "JPY"),
        money(1_234_567, "KWD"),
        money(1_000_000_000_000, "XAF"),
        money(9_000, "EUR"),
    ] {
        let code = amount.currency().code().to_owned();
        let payment = backend.add_payment(NewPayment { amount, ..paid(booking.id(), &code) }).await;
        let refund = backend.add_refund(NewRefund { amount, ..refund(&payment, &code) }).await;
        lines.push(captured(&payment));
        lines.extend([LedgerKind::Refunded, LedgerKind::RefundReversed].map(|kind| moved(&refund, kind)));
    }
    for kind in LedgerKind::ALL {
        assert!(lines.iter().any(|line| line.kind == kind), "{kind:?} is tested");
    }
    write(backend, &lines).await;
    assert_eq!(entries(backend, &booking).await, lines);
}

pub async fn ledger_entries_are_dated_to_the_millisecond(backend: &Backend) {
    let (_, booking) = backend.booked().await;
    let mut expected = Vec::new();
    for (n, instant) in INSTANTS.map(at).into_iter().enumerate() {
        let payment = backend.add_payment(paid(booking.id(), &format!("r{n}"))).await;
        write(backend, &[LedgerEntry { at: finer(instant), ..captured(&payment) }]).await;
        expected.push(LedgerEntry { at: instant, ..captured(&payment) });
    }
    assert_eq!(entries(backend, &booking).await, expected);
}

pub async fn ledger_entries_come_in_the_order_of_writing(backend: &Backend) {
    let (practice, booking) = backend.booked().await;
    let other = backend.book(practice, 1).await;
    let mut expected = Vec::new();
    for (n, minute) in [3, 1, 4, 0, 2].into_iter().enumerate() {
        for (booking, listed) in [(&booking, true), (&other, false)] {
            let payment = backend.add_payment(paid(booking.id(), &format!("{listed}-{n}"))).await;
            let line = LedgerEntry { at: minutes_after(now(), minute), ..captured(&payment) };
            write(backend, std::slice::from_ref(&line)).await;
            if listed {
                expected.push(line);
            }
        }
    }
    assert_eq!(entries(backend, &booking).await, expected);
    assert_eq!(entries(backend, &other).await.len(), 5);
    assert_eq!(backend.queries.ledger(unknown()).await.unwrap(), []);
}

pub async fn a_reversed_refund_can_be_retried(backend: &Backend) {
    let (_, booking) = backend.booked().await;
    let payment = captured_payment(backend, &booking, "r", eur(9_000)).await;
    let first = part(backend, &payment, "a", 9_000).await;
    write(backend, &[moved(&first, LedgerKind::Refunded), moved(&first, LedgerKind::RefundReversed)]).await;
    let retried = Refund { stage: RefundStage::Retried, ..first.clone() };
    backend.commit(async |work| work.save_refund(&retried).await).await;
    let second = part(backend, &payment, "b", 9_000).await;
    write(backend, &[moved(&second, LedgerKind::Refunded)]).await;
    let amounts: Vec<_> = entries(backend, &booking).await.iter().map(|line| line.kind.signed(line.amount)).collect();
    assert_eq!(amounts, [9_000, -9_000, 9_000, -9_000]);
}

pub async fn a_ledger_entry_is_written_once(backend: &Backend) {
    let (_, booking, payment) = backend.paid().await;
    let half = LedgerEntry { amount: eur(4_000), ..captured(&payment) };
    write(backend, std::slice::from_ref(&half)).await;
    unbalanced(backend, half.clone()).await;
    unbalanced(backend, LedgerEntry { at: minutes_after(now(), 1), amount: eur(1), ..half }).await;
    let (a, b) = (part(backend, &payment, "a", 1_000).await, part(backend, &payment, "b", 1_000).await);
    for kind in [LedgerKind::Refunded, LedgerKind::RefundReversed] {
        for refund in [&a, &b] {
            write(backend, &[moved(refund, kind)]).await;
            unbalanced(backend, LedgerEntry { amount: eur(1), ..moved(refund, kind) }).await;
        }
    }
    let other = backend.add_payment(paid(booking.id(), "s")).await;
    let within = backend.uncommitted(async |work| {
        let small = LedgerEntry { amount: eur(1), ..captured(&other) };
        work.add_ledger_entry(&small).await?;
        work.add_ledger_entry(&small).await
    });
    assert_conflict!(within.await, LedgerUnbalanced);
    assert_eq!(entries(backend, &booking).await.len(), 5);
}

pub async fn the_ledger_balances(backend: &Backend) {
    let (_, booking, payment) = backend.paid().await;
    let other = captured_payment(backend, &booking, "s", eur(9_000)).await;
    let first = part(backend, &payment, "a", 5_000).await;
    let second = part(backend, &payment, "b", 4_000).await;
    part(backend, &other, "c", 1).await;
    let refunded = |refund, minor| LedgerEntry { amount: eur(minor), ..moved(refund, LedgerKind::Refunded) };
    let reversed = |refund, minor| LedgerEntry { amount: eur(minor), ..moved(refund, LedgerKind::RefundReversed) };

    unbalanced(backend, refunded(&first, 1)).await;
    unbalanced(backend, LedgerEntry { amount: eur(9_001), ..captured(&payment) }).await;
    unbalanced(backend, LedgerEntry { amount: money(9_000, "USD"), ..captured(&payment) }).await;
    write(backend, &[captured(&payment)]).await;
    unbalanced(backend, reversed(&first, 1)).await;
    unbalanced(backend, refunded(&first, 9_001)).await;
    unbalanced(backend, LedgerEntry { amount: money(1, "JPY"), ..refunded(&first, 1) }).await;
    write(backend, &[refunded(&first, 5_000)]).await;
    unbalanced(backend, refunded(&second, 4_001)).await;
    unbalanced(backend, reversed(&first, 5_001)).await;
    write(backend, &[refunded(&second, 4_000)]).await;
    unbalanced(backend, reversed(&second, 9_001)).await;
    write(backend, &[reversed(&first, 5_000), reversed(&second, 4_000)]).await;
    assert_eq!(entries(backend, &booking).await.len(), 6);
}

pub async fn only_captures_have_no_refund(backend: &Backend) {
    let (_, _, payment) = backend.paid().await;
    let refund = part(backend, &payment, "a", 1_000).await;
    unbalanced(backend, LedgerEntry { refund: Some(refund.id), ..captured(&payment) }).await;
    write(backend, &[captured(&payment)]).await;
    for kind in [LedgerKind::Refunded, LedgerKind::RefundReversed] {
        unbalanced(backend, LedgerEntry { refund: None, ..moved(&refund, kind) }).await;
        write(backend, &[moved(&refund, kind)]).await;
    }
}

pub async fn a_ledger_entry_needs_its_references(backend: &Backend) {
    let (_, booking, new) = backend.paid().await;
    let payment = captured_payment(backend, &booking, "s", eur(9_000)).await;
    let good = moved(&part(backend, &payment, "a", 1_000).await, LedgerKind::Refunded);
    for (entry, what) in [
        (LedgerEntry { booking: unknown(), ..captured(&new) }, "of no booking"),
        (LedgerEntry { payment: unknown(), ..captured(&new) }, "of no payment"),
        (LedgerEntry { refund: Some(unknown()), ..good.clone() }, "of no refund"),
    ] {
        assert_failed(backend.uncommitted(async |work| work.add_ledger_entry(&entry).await).await, what);
    }
    write(backend, &[captured(&new), good]).await;
}

pub async fn a_dropped_unit_of_work_writes_no_ledger_entry(backend: &Backend) {
    let (_, booking, payment) = backend.paid().await;
    let refunded = moved(&part(backend, &payment, "a", 9_000).await, LedgerKind::Refunded);
    let mut work = backend.begin().await;
    work.add_ledger_entry(&captured(&payment)).await.unwrap();
    work.add_ledger_entry(&refunded).await.unwrap();
    assert_eq!(entries(backend, &booking).await, [], "readers see nothing yet");
    drop(work);
    assert_eq!(entries(backend, &booking).await, []);
    assert_eq!(sums(backend, now(), minutes_after(now(), 1)).await, []);
    write(backend, &[captured(&payment), refunded]).await;
}

/// Entries of two hours, in no order.
async fn morning(backend: &Backend) {
    let (_, booking) = backend.booked().await;
    let mut lines = Vec::new();
    for (reference, amount, when) in [
        ("a", money(500, "JPY"), "2027-01-11T08:15:00Z"),
        ("b", eur(9_000), "2027-01-11T08:29:59.999Z"),
        ("c", eur(8_000), "2027-01-11T08:14:59.999Z"),
        ("d", eur(7_000), "2027-01-11T08:30:00Z"),
        ("e", eur(6_000), "2027-01-11T08:15:00Z"),
        ("f", money(40, "JPY"), "2027-01-11T09:59:59.999Z"),
        ("g", money(3, "JPY"), "2027-01-11T08:22:30.5Z"),
    ] {
        let payment = backend.add_payment(NewPayment { amount, ..paid(booking.id(), reference) }).await;
        lines.push(LedgerEntry { at: at(when), ..captured(&payment) });
        if reference == "b" {
            // Earlier than the entry before: sums go by time, not by the order of writing.
            for (key, minor) in [("x", 1_000), ("y", 200), ("z", 30)] {
                let refund = part(backend, &payment, key, minor).await;
                lines.push(LedgerEntry { at: at("2027-01-11T08:20:00Z"), ..moved(&refund, LedgerKind::Refunded) });
                if key == "z" {
                    let reversed = moved(&refund, LedgerKind::RefundReversed);
                    lines.push(LedgerEntry { at: at("2027-01-11T08:29:00Z"), ..reversed });
                }
            }
        }
    }
    write(backend, &lines).await;
}

pub async fn sums_are_by_quarter_hour_kind_and_currency(backend: &Backend) {
    morning(backend).await;
    let expected = [
        sum("2027-01-11T08:00:00Z", LedgerKind::Captured, eur(8_000), 1),
        sum("2027-01-11T08:15:00Z", LedgerKind::Captured, eur(15_000), 2),
        sum("2027-01-11T08:15:00Z", LedgerKind::Captured, money(503, "JPY"), 2),
        sum("2027-01-11T08:15:00Z", LedgerKind::RefundReversed, eur(30), 1),
        sum("2027-01-11T08:15:00Z", LedgerKind::Refunded, eur(1_230), 3),
        sum("2027-01-11T08:30:00Z", LedgerKind::Captured, eur(7_000), 1),
        sum("2027-01-11T09:45:00Z", LedgerKind::Captured, money(40, "JPY"), 1),
    ];
    assert_eq!(sums(backend, at("2027-01-11T00:00:00Z"), at("2027-01-12T00:00:00Z")).await, expected);
}

pub async fn sums_exclude_their_end(backend: &Backend) {
    morning(backend).await;
    let at_half_past = sum("2027-01-11T08:30:00Z", LedgerKind::Captured, eur(7_000), 1);
    let last_of_quarter = sum("2027-01-11T08:15:00Z", LedgerKind::Captured, eur(9_000), 1);
    for (from, until, expected) in [
        ("08:30:00", "08:30:00.001", vec![at_half_past]),
        ("08:29:59.999", "08:30:00", vec![last_of_quarter]),
        ("08:29:59.999", "08:30:00.001", vec![last_of_quarter, at_half_past]),
        (
            "08:00:00",
            "08:15:00.001",
            vec![
                sum("2027-01-11T08:00:00Z", LedgerKind::Captured, eur(8_000), 1),
                sum("2027-01-11T08:15:00Z", LedgerKind::Captured, eur(6_000), 1),
                sum("2027-01-11T08:15:00Z", LedgerKind::Captured, money(500, "JPY"), 1),
            ],
        ),
        ("08:00:00", "08:14:59.999", vec![]),
        ("08:30:00.001", "09:59:59.999", vec![]),
        ("08:30:00", "08:30:00", vec![]),
        ("08:30:00", "08:00:00", vec![]),
    ] {
        let on = |time: &str| at(&format!("2027-01-11T{time}Z"));
        assert_eq!(sums(backend, on(from), on(until)).await, expected, "{from} to {until}");
    }
}

pub async fn quarter_hours_follow_the_clock_everywhere(backend: &Backend) {
    let (_, booking) = backend.booked().await;
    let mut lines = Vec::new();
    let mut expected = Vec::new();
    for (n, (instant, quarter)) in [
        ("1900-01-01T00:00:00.001Z", "1900-01-01T00:00:00Z"),
        ("1969-12-31T23:45:00Z", "1969-12-31T23:45:00Z"),
        ("1969-12-31T23:59:59.999Z", "1969-12-31T23:45:00Z"),
        ("1970-01-01T00:00:00Z", "1970-01-01T00:00:00Z"),
        ("2027-10-31T00:59:59.999Z", "2027-10-31T00:45:00Z"),
        ("2027-10-31T01:00:00Z", "2027-10-31T01:00:00Z"),
        ("9999-12-30T20:00:00.999Z", "9999-12-30T20:00:00Z"),
    ]
    .into_iter()
    .enumerate()
    {
        let payment = backend.add_payment(paid(booking.id(), &format!("r{n}"))).await;
        lines.push(LedgerEntry { at: at(instant), ..captured(&payment) });
        expected.push(sum(quarter, LedgerKind::Captured, eur(9_000), 1));
    }
    // The second and the third are in the same quarter of an hour.
    expected.remove(1);
    (expected[1].minor, expected[1].count) = (18_000, 2);
    write(backend, &lines).await;
    assert_eq!(sums(backend, at("1800-01-01T00:00:00Z"), at("9999-12-30T21:00:00Z")).await, expected);
}

pub async fn sums_exceed_single_amounts(backend: &Backend) {
    let (_, booking) = backend.booked().await;
    let most = money(Money::MAX_MINOR, "XAF");
    for n in 0..5 {
        captured_payment(backend, &booking, &format!("r{n}"), most).await;
    }
    let one = sum("2027-01-11T08:00:00Z", LedgerKind::Captured, most, 5);
    let expected = LedgerSum { minor: 5 * Money::MAX_MINOR, ..one };
    assert_eq!(sums(backend, now(), minutes_after(now(), 1)).await, [expected]);
}
