//! The ledger: what came in and what went back, line by line and added up.

use attune_domain::{Booking, Money};
use attune_ports::{
    LedgerEntry, LedgerKind, LedgerSum, NewPayment, NewRefund, Payment, Refund, RefundStage, StoreError,
};
use jiff::Timestamp;

use super::values::INSTANTS;
use super::{assert_conflict, assert_failed, finer, unknown_booking, unknown_payment, unknown_refund};
use crate::Backend;
use crate::fixtures::{at, captured, eur, minutes_after, money, moved, now, paid, refund, slot};

async fn stage(backend: &Backend) -> Booking {
    let practice = backend.practice().await;
    backend.add_booking(|id| practice.booking(id, slot(0))).await
}

/// Writes lines down, each in a unit of work of its own.
async fn write(backend: &Backend, lines: &[LedgerEntry]) {
    for line in lines {
        backend.commit(async |work| work.add_ledger_entry(line).await).await;
    }
}

async fn refused(backend: &Backend, line: &LedgerEntry) -> Result<(), StoreError> {
    backend.uncommitted(async |work| work.add_ledger_entry(line).await).await
}

/// A payment of an amount that was written down as come in.
async fn held(backend: &Backend, booking: &Booking, reference: &str, amount: Money) -> Payment {
    let payment = backend.add_payment(NewPayment { amount, ..paid(booking.id(), reference) }).await;
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

/// Every line comes back as it went in.
pub async fn a_line_comes_back_as_it_went_in(backend: &Backend) {
    let booking = stage(backend).await;
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
        let back = backend.add_refund(NewRefund { amount, ..refund(&payment, &code) }).await;
        lines.push(captured(&payment));
        lines.extend([LedgerKind::Refunded, LedgerKind::RefundReversed].map(|kind| moved(&back, kind)));
    }
    for kind in LedgerKind::ALL {
        assert!(lines.iter().any(|line| line.kind == kind), "{kind:?} is tried");
    }
    write(backend, &lines).await;
    assert_eq!(backend.queries.ledger(booking.id()).await.unwrap(), lines);
}

/// Instants come back to the millisecond, and what is finer is cut off.
pub async fn lines_are_dated_to_the_millisecond(backend: &Backend) {
    let booking = stage(backend).await;
    let mut expected = Vec::new();
    for (n, instant) in INSTANTS.map(at).into_iter().enumerate() {
        let payment = backend.add_payment(paid(booking.id(), &format!("r{n}"))).await;
        write(backend, &[LedgerEntry { at: finer(instant), ..captured(&payment) }]).await;
        expected.push(LedgerEntry { at: instant, ..captured(&payment) });
    }
    assert_eq!(backend.queries.ledger(booking.id()).await.unwrap(), expected);
}

/// The lines about a booking come in the order in which they were written, whenever it happened.
pub async fn lines_come_in_the_order_in_which_they_were_written(backend: &Backend) {
    let (practice, booking) = backend.booked().await;
    let other = backend.add_booking(|id| practice.booking(id, slot(1))).await;
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
    assert_eq!(backend.queries.ledger(booking.id()).await.unwrap(), expected);
    assert_eq!(backend.queries.ledger(other.id()).await.unwrap().len(), 5);
    assert_eq!(backend.queries.ledger(unknown_booking()).await.unwrap(), []);
}

/// Money that came, went, came back and went again is written down step by step.
pub async fn a_refund_that_came_back_can_go_again(backend: &Backend) {
    let booking = stage(backend).await;
    let payment = held(backend, &booking, "r", eur(9_000)).await;
    let first = backend.add_refund(NewRefund { amount: eur(9_000), ..refund(&payment, "a") }).await;
    write(backend, &[moved(&first, LedgerKind::Refunded), moved(&first, LedgerKind::RefundReversed)]).await;
    let retried = Refund { stage: RefundStage::Retried, ..first.clone() };
    backend.commit(async |work| work.save_refund(&retried).await).await;
    let second = backend.add_refund(NewRefund { amount: eur(9_000), ..refund(&payment, "b") }).await;
    write(backend, &[moved(&second, LedgerKind::Refunded)]).await;
    let lines = backend.queries.ledger(booking.id()).await.unwrap();
    assert_eq!(
        lines.iter().map(|line| line.kind.signed(line.amount)).collect::<Vec<_>>(),
        [9_000, -9_000, 9_000, -9_000]
    );
}

/// One movement of one payment or refund is written once, even where its amount would still fit.
pub async fn a_movement_is_written_once(backend: &Backend) {
    let booking = stage(backend).await;
    let payment = backend.add_payment(paid(booking.id(), "r")).await;
    let half = LedgerEntry { amount: eur(4_000), ..captured(&payment) };
    write(backend, std::slice::from_ref(&half)).await;
    assert_conflict!(refused(backend, &half).await, LedgerUnbalanced);
    let later = LedgerEntry { at: minutes_after(now(), 1), amount: eur(1), ..half.clone() };
    assert_conflict!(refused(backend, &later).await, LedgerUnbalanced);
    let (a, b) = (part(backend, &payment, "a", 1_000).await, part(backend, &payment, "b", 1_000).await);
    for kind in [LedgerKind::Refunded, LedgerKind::RefundReversed] {
        for back in [&a, &b] {
            write(backend, &[moved(back, kind)]).await;
            let again = LedgerEntry { amount: eur(1), ..moved(back, kind) };
            assert_conflict!(refused(backend, &again).await, LedgerUnbalanced);
        }
    }
    let within = backend
        .uncommitted(async |work| {
            let new = paid(booking.id(), "s");
            let id = work.add_payment(&new).await?;
            let payment = new.with_id(id);
            work.add_ledger_entry(&LedgerEntry { amount: eur(1), ..captured(&payment) }).await?;
            work.add_ledger_entry(&LedgerEntry { amount: eur(1), ..captured(&payment) }).await
        })
        .await;
    assert_conflict!(within, LedgerUnbalanced);
    assert_eq!(backend.queries.ledger(booking.id()).await.unwrap().len(), 5);
}

/// Of a payment there is never less than nothing and never more than its amount, and all of it is in one currency.
pub async fn the_ledger_balances(backend: &Backend) {
    let booking = stage(backend).await;
    let payment = backend.add_payment(paid(booking.id(), "r")).await;
    let other = held(backend, &booking, "s", eur(9_000)).await;
    let back = part(backend, &payment, "a", 5_000).await;
    let more = part(backend, &payment, "b", 4_000).await;
    part(backend, &other, "c", 1).await;
    let unbalanced = async |line: LedgerEntry| assert_conflict!(refused(backend, &line).await, LedgerUnbalanced);
    let refunded = |back, minor| LedgerEntry { amount: eur(minor), ..moved(back, LedgerKind::Refunded) };
    let reversed = |back, minor| LedgerEntry { amount: eur(minor), ..moved(back, LedgerKind::RefundReversed) };

    unbalanced(refunded(&back, 1)).await;
    unbalanced(LedgerEntry { amount: eur(9_001), ..captured(&payment) }).await;
    unbalanced(LedgerEntry { amount: money(9_000, "USD"), ..captured(&payment) }).await;
    write(backend, &[captured(&payment)]).await;
    unbalanced(reversed(&back, 1)).await;
    unbalanced(refunded(&back, 9_001)).await;
    unbalanced(LedgerEntry { amount: money(1, "JPY"), ..refunded(&back, 1) }).await;
    write(backend, &[refunded(&back, 5_000)]).await;
    unbalanced(refunded(&more, 4_001)).await;
    unbalanced(reversed(&back, 5_001)).await;
    write(backend, &[refunded(&more, 4_000)]).await;
    unbalanced(reversed(&more, 9_001)).await;
    write(backend, &[reversed(&back, 5_000), reversed(&more, 4_000)]).await;
    assert_eq!(backend.queries.ledger(booking.id()).await.unwrap().len(), 6);
}

/// Money comes in without a refund, and goes back or returns by one.
pub async fn money_goes_back_by_a_refund_only(backend: &Backend) {
    let booking = stage(backend).await;
    let payment = backend.add_payment(paid(booking.id(), "r")).await;
    let back = part(backend, &payment, "a", 1_000).await;
    let by_refund = LedgerEntry { refund: Some(back.id), ..captured(&payment) };
    assert_conflict!(refused(backend, &by_refund).await, LedgerUnbalanced);
    write(backend, &[captured(&payment)]).await;
    for kind in [LedgerKind::Refunded, LedgerKind::RefundReversed] {
        let by_itself = LedgerEntry { refund: None, ..moved(&back, kind) };
        assert_conflict!(refused(backend, &by_itself).await, LedgerUnbalanced);
        write(backend, &[moved(&back, kind)]).await;
    }
}

/// A line needs a booking, a payment and a refund that are there.
pub async fn a_line_needs_what_it_is_about(backend: &Backend) {
    let booking = stage(backend).await;
    let payment = held(backend, &booking, "r", eur(9_000)).await;
    let fresh = backend.add_payment(paid(booking.id(), "s")).await;
    let back = part(backend, &payment, "a", 1_000).await;
    let good = moved(&back, LedgerKind::Refunded);
    for (line, what) in [
        (LedgerEntry { booking: unknown_booking(), ..captured(&fresh) }, "of no booking"),
        (LedgerEntry { payment: unknown_payment(), ..captured(&fresh) }, "of no payment"),
        (LedgerEntry { refund: Some(unknown_refund()), ..good.clone() }, "by no refund"),
    ] {
        assert_failed(refused(backend, &line).await, what);
    }
    write(backend, &[captured(&fresh), good]).await;
}

/// A unit of work that is dropped writes nothing down.
pub async fn a_dropped_unit_of_work_writes_no_line(backend: &Backend) {
    let booking = stage(backend).await;
    let payment = backend.add_payment(paid(booking.id(), "r")).await;
    let back = part(backend, &payment, "a", 9_000).await;
    let mut work = backend.begin().await;
    work.add_ledger_entry(&captured(&payment)).await.unwrap();
    work.add_ledger_entry(&moved(&back, LedgerKind::Refunded)).await.unwrap();
    assert_eq!(backend.queries.ledger(booking.id()).await.unwrap(), [], "readers see nothing yet");
    drop(work);
    assert_eq!(backend.queries.ledger(booking.id()).await.unwrap(), []);
    assert_eq!(sums(backend, now(), minutes_after(now(), 1)).await, []);
    write(backend, &[captured(&payment), moved(&back, LedgerKind::Refunded)]).await;
}

/// Two hours of a busy morning, written down in no order.
async fn morning(backend: &Backend) {
    let booking = stage(backend).await;
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
            // These are written after what happened later: sums go by the instants, not by the order of the lines.
            for (key, minor) in [("x", 1_000), ("y", 200)] {
                let back = part(backend, &payment, key, minor).await;
                lines.push(LedgerEntry { at: at("2027-01-11T08:20:00Z"), ..moved(&back, LedgerKind::Refunded) });
            }
            let back = part(backend, &payment, "z", 30).await;
            lines.push(LedgerEntry { at: at("2027-01-11T08:20:00Z"), ..moved(&back, LedgerKind::Refunded) });
            lines.push(LedgerEntry { at: at("2027-01-11T08:29:00Z"), ..moved(&back, LedgerKind::RefundReversed) });
        }
    }
    write(backend, &lines).await;
}

/// The ledger is added up by quarter of an hour, way and currency; each instant is in the quarter that it begins.
pub async fn sums_are_by_quarter_way_and_currency(backend: &Backend) {
    morning(backend).await;
    let found = sums(backend, at("2027-01-11T00:00:00Z"), at("2027-01-12T00:00:00Z")).await;
    assert_eq!(
        found,
        [
            sum("2027-01-11T08:00:00Z", LedgerKind::Captured, eur(8_000), 1),
            sum("2027-01-11T08:15:00Z", LedgerKind::Captured, eur(15_000), 2),
            sum("2027-01-11T08:15:00Z", LedgerKind::Captured, money(503, "JPY"), 2),
            sum("2027-01-11T08:15:00Z", LedgerKind::RefundReversed, eur(30), 1),
            sum("2027-01-11T08:15:00Z", LedgerKind::Refunded, eur(1_230), 3),
            sum("2027-01-11T08:30:00Z", LedgerKind::Captured, eur(7_000), 1),
            sum("2027-01-11T09:45:00Z", LedgerKind::Captured, money(40, "JPY"), 1),
        ]
    );
}

/// Sums begin at one instant and end before another, also in the middle of a quarter.
pub async fn sums_end_before_their_end(backend: &Backend) {
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

/// Quarters begin on the clock also where instants are counted backwards, and at the end of the calendar.
pub async fn quarters_begin_on_the_clock_everywhere(backend: &Backend) {
    let booking = stage(backend).await;
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
        if n == 2 {
            expected.pop();
            expected.push(sum(quarter, LedgerKind::Captured, eur(18_000), 2));
        } else {
            expected.push(sum(quarter, LedgerKind::Captured, eur(9_000), 1));
        }
    }
    write(backend, &lines).await;
    assert_eq!(sums(backend, at("1800-01-01T00:00:00Z"), at("9999-12-30T21:00:00Z")).await, expected);
}

/// Sums grow beyond what a single amount may be.
pub async fn sums_grow_beyond_single_amounts(backend: &Backend) {
    let booking = stage(backend).await;
    let most = money(Money::MAX_MINOR, "XAF");
    for n in 0..5 {
        held(backend, &booking, &format!("r{n}"), most).await;
    }
    let found = sums(backend, now(), minutes_after(now(), 1)).await;
    let currency = most.currency();
    let expected = LedgerSum {
        from: at("2027-01-11T08:00:00Z"),
        kind: LedgerKind::Captured,
        minor: 5 * Money::MAX_MINOR,
        currency,
        count: 5,
    };
    assert_eq!(found, [expected]);
}
