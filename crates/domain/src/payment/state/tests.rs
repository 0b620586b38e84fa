use super::*;

fn all_orders<T: Copy>(items: &[T]) -> Vec<Vec<T>> {
    if items.is_empty() {
        return vec![Vec::new()];
    }
    (0..items.len())
        .flat_map(|first| {
            let mut rest = items.to_vec();
            let head = rest.remove(first);
            all_orders(&rest).into_iter().map(move |mut tail| {
                tail.insert(0, head);
                tail
            })
        })
        .collect()
}

/// One kind of report about an unpaid payment.
type Report = fn(PaymentState) -> Option<PaymentState>;

const PROCESSING: Report = PaymentState::after_processing;
const FAILURE: Report = PaymentState::after_failure;
const EXPIRY: Report = PaymentState::after_expiry;

/// Whatever a provider may report about one unpaid payment, twice and in every order, ends in one state.
#[test]
fn the_order_of_reports_about_an_unpaid_payment_does_not_matter() {
    for reports in [vec![PROCESSING, PROCESSING, FAILURE, FAILURE], vec![EXPIRY, EXPIRY, EXPIRY]] {
        for start in [PaymentState::Opening, PaymentState::Open, PaymentState::Closing] {
            for order in all_orders(&reports) {
                let end = order.iter().fold(start, |state, report| report(state).unwrap_or(state));
                assert_eq!(end, PaymentState::Closed, "{start:?}");
            }
        }
    }
}

#[test]
fn a_paid_payment_stays_paid() {
    for paid in [PaymentState::Settled, PaymentState::Unapplied] {
        assert!(paid.is_paid() && !paid.is_pending());
        for report in [PROCESSING, FAILURE, EXPIRY] {
            assert_eq!(report(paid), None);
        }
    }
}

#[test]
fn a_payment_that_is_being_processed_does_not_expire() {
    assert_eq!(PaymentState::Processing.after_expiry(), None);
    assert_eq!(PaymentState::Processing.after_processing(), None);
    assert_eq!(PaymentState::Processing.after_failure(), Some(PaymentState::Closed));
    assert_eq!(PaymentState::Closing.after_processing(), Some(PaymentState::Processing));
}

/// In every order and repetition the reports lead to the same stage and the same sum of ledger entries.
#[test]
fn the_order_of_refund_reports_does_not_matter() {
    use RefundState::{Failed, Pending, Succeeded};
    let cases = [
        (vec![Pending, Pending, Succeeded, Succeeded], RefundStage::Succeeded, -1),
        (vec![Pending, Pending, Failed, Failed], RefundStage::Failed, 0),
        (vec![Pending, Succeeded, Succeeded, Failed, Failed], RefundStage::Failed, 0),
    ];
    for (reports, stage, sum) in cases {
        for order in all_orders(&reports) {
            let mut current = RefundStage::Queued;
            let mut ledger = 0;
            for report in &order {
                let Some((next, entry)) = current.after(*report) else { continue };
                current = next;
                ledger += match entry {
                    Some(LedgerKind::Refunded) => -1,
                    Some(LedgerKind::RefundReversed | LedgerKind::Captured) => 1,
                    None => 0,
                };
            }
            assert_eq!((current, ledger), (stage, sum), "{order:?}");
        }
    }
}
