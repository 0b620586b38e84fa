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

/// What a provider may tell of one attempt that was not paid, each twice and in every order, ends in one place.
#[test]
fn the_order_of_unpaid_news_does_not_matter() {
    use UnpaidUpdate::{Failed, Over, Processing};
    for told in [vec![Processing, Processing, Failed, Failed], vec![Over, Over, Over]] {
        for start in [PaymentState::Opening, PaymentState::Open, PaymentState::Closing] {
            for order in all_orders(&told) {
                let end = order.iter().fold(start, |state, news| state.after(*news).unwrap_or(state));
                assert_eq!(end, PaymentState::Closed, "{start:?} {order:?}");
            }
        }
    }
}

#[test]
fn nothing_leads_away_from_money() {
    for paid in [PaymentState::Settled, PaymentState::Unapplied] {
        assert!(paid.is_paid() && !paid.is_pending());
        for news in [UnpaidUpdate::Processing, UnpaidUpdate::Failed, UnpaidUpdate::Over] {
            assert_eq!(paid.after(news), None);
        }
    }
}

#[test]
fn money_on_its_way_is_not_ended_by_old_news() {
    assert_eq!(PaymentState::Processing.after(UnpaidUpdate::Over), None);
    assert_eq!(PaymentState::Processing.after(UnpaidUpdate::Failed), Some(PaymentState::Closed));
    assert_eq!(PaymentState::Closing.after(UnpaidUpdate::Processing), Some(PaymentState::Processing));
}

/// Whatever is told of a refund, each twice and in every order: the same stage, and a ledger of the same sum.
#[test]
fn the_order_of_news_about_a_refund_does_not_matter() {
    use RefundState::{Failed, Pending, Succeeded};
    let cases = [
        (vec![Pending, Pending, Succeeded, Succeeded], RefundStage::Succeeded, -1),
        (vec![Pending, Pending, Failed, Failed], RefundStage::Failed, 0),
        (vec![Pending, Succeeded, Succeeded, Failed, Failed], RefundStage::Failed, 0),
    ];
    for (told, stage, sum) in cases {
        for order in all_orders(&told) {
            let mut now = RefundStage::Queued;
            let mut ledger = 0;
            for news in &order {
                let Some((next, line)) = now.after(*news) else { continue };
                now = next;
                ledger += match line {
                    Some(LedgerKind::Refunded) => -1,
                    Some(LedgerKind::RefundReversed | LedgerKind::Captured) => 1,
                    None => 0,
                };
            }
            assert_eq!((now, ledger), (stage, sum), "{order:?}");
        }
    }
}
