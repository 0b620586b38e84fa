use proptest::prelude::*;

use super::*;

fn eur(minor: i64) -> Money {
    Money::new(minor, Currency::parse("EUR").unwrap()).unwrap()
}

fn paid(minor: i64) -> PaymentLedger {
    PaymentLedger::new(eur(0).currency()).with_payment(PaymentState::Settled, eur(minor))
}

#[test]
fn only_paid_payments_count() {
    for state in PaymentState::ALL {
        let ledger = PaymentLedger::new(eur(0).currency()).with_payment(state, eur(500));
        assert_eq!(ledger.refundable(), eur(if state.is_paid() { 500 } else { 0 }), "{state:?}");
    }
    let dollars = Money::new(500, Currency::parse("USD").unwrap()).unwrap();
    assert_eq!(paid(100).with_payment(PaymentState::Settled, dollars).balance_minor(), 100);
}

#[test]
fn refunds_are_limited_to_the_refundable_amount() {
    let ledger = paid(10_000);
    assert_eq!(ledger.check_refund(None), Ok(eur(10_000)));
    assert_eq!(ledger.check_refund(Some(eur(10_001))), Err(RefundError::ExceedsRefundable { refundable: eur(10_000) }));
    assert_eq!(ledger.check_refund(Some(eur(0))), Err(RefundError::ZeroAmount));
    let dollars = Money::new(1, Currency::parse("USD").unwrap()).unwrap();
    assert_eq!(ledger.check_refund(Some(dollars)), Err(RefundError::ExceedsRefundable { refundable: eur(10_000) }));
    let ledger = ledger.with_refund(RefundStage::Pending, eur(4_000));
    assert_eq!(ledger.check_refund(Some(eur(6_001))), Err(RefundError::ExceedsRefundable { refundable: eur(6_000) }));
    let ledger = ledger.with_refund(RefundStage::Succeeded, eur(6_000));
    assert_eq!(ledger.check_refund(None), Err(RefundError::NothingToRefund));
}

#[test]
fn the_status_follows_the_ledger() {
    let ledger = paid(100);
    assert_eq!(ledger.status(), PaymentStatus::Succeeded);
    assert_eq!(ledger.with_refund(RefundStage::Queued, eur(40)).status(), PaymentStatus::RefundPending);
    assert_eq!(ledger.with_refund(RefundStage::Failed, eur(40)).status(), PaymentStatus::Succeeded);
    assert_eq!(ledger.with_refund(RefundStage::Succeeded, eur(40)).status(), PaymentStatus::PartiallyRefunded);
    assert_eq!(ledger.with_refund(RefundStage::Succeeded, eur(100)).status(), PaymentStatus::Refunded);
}

proptest! {
    #[test]
    fn refunds_never_exceed_the_payment(
        price in 1_i64..1_000_000,
        requests in prop::collection::vec((0_i64..1_200_000, 0_usize..5), 0..12),
    ) {
        let mut ledger = paid(price);
        let mut out = 0;
        for (request, stage) in requests {
            if let Ok(amount) = ledger.check_refund(Some(eur(request))) {
                let stage = RefundStage::ALL[stage];
                ledger = ledger.with_refund(stage, amount);
                if matches!(stage, RefundStage::Succeeded | RefundStage::Queued | RefundStage::Pending) {
                    out += amount.minor();
                }
            }
            prop_assert!(out <= price);
            prop_assert_eq!(ledger.refundable().minor(), price - out);
        }
    }
}
