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

#[test]
fn the_order_of_unpaid_reports_does_not_matter() {
    use UnpaidUpdate::{Failed, Over, Processing};
    for reports in [vec![Processing, Processing, Failed, Failed], vec![Over, Over, Over]] {
        for start in [PaymentState::Opening, PaymentState::Open, PaymentState::Closing] {
            for order in all_orders(&reports) {
                let end = order.iter().fold(start, |state, report| state.after(*report).unwrap_or(state));
                assert_eq!(end, PaymentState::Closed, "{start:?} {order:?}");
            }
        }
    }
}

#[test]
fn paid_states_are_final() {
    for paid in [PaymentState::Settled, PaymentState::Unapplied] {
        assert!(paid.is_paid() && !paid.is_pending());
        for report in [UnpaidUpdate::Processing, UnpaidUpdate::Failed, UnpaidUpdate::Over] {
            assert_eq!(paid.after(report), None);
        }
    }
}

#[test]
fn a_payment_in_progress_ignores_an_expired_checkout() {
    assert_eq!(PaymentState::Processing.after(UnpaidUpdate::Over), None);
    assert_eq!(PaymentState::Processing.after(UnpaidUpdate::Failed), Some(PaymentState::Closed));
    assert_eq!(PaymentState::Closing.after(UnpaidUpdate::Processing), Some(PaymentState::Processing));
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
