//! Checks of payments, refunds and ledger: on our side at any moment, and against Stripe's once nothing is pending.

use std::collections::BTreeSet;

use attune_domain::payment::{LedgerKind, PaymentState, RefundStage};
use attune_domain::{BookingStatus, PaymentStatus};
use attune_ports::{LedgerEntry, Payment, PaymentProblem, ProblemKind, Provider, Refund};
use attune_test_stripe::FakeStripe;
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;
use serde_json::Value;

use crate::snapshot::{BookingSnapshot, Snapshot};

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct PaymentTotals {
    captured: i64,
    refunded: i64,
    pending: i64,
}

impl PaymentTotals {
    fn of(payment: &Payment, refunds: &[Refund]) -> Self {
        let mut totals =
            Self { captured: if is_paid(payment) { payment.amount.minor() } else { 0 }, ..Self::default() };
        for refund in refunds.iter().filter(|refund| refund.payment == payment.id) {
            match refund.stage {
                RefundStage::Queued | RefundStage::Pending => totals.pending += refund.amount.minor(),
                RefundStage::Succeeded => totals.refunded += refund.amount.minor(),
                RefundStage::Failed | RefundStage::Retried => {}
            }
        }
        totals
    }

    fn and(self, other: Self) -> Self {
        Self {
            captured: self.captured + other.captured,
            refunded: self.refunded + other.refunded,
            pending: self.pending + other.pending,
        }
    }

    fn status(&self) -> PaymentStatus {
        match (self.pending, self.refunded, self.captured - self.refunded) {
            (1.., _, _) => PaymentStatus::RefundPending,
            (_, _, ..=0) => PaymentStatus::Refunded,
            (_, 1.., _) => PaymentStatus::PartiallyRefunded,
            (_, _, _) => PaymentStatus::Succeeded,
        }
    }
}

fn is_paid(payment: &Payment) -> bool {
    matches!(payment.state, PaymentState::Settled | PaymentState::Unapplied)
}

pub(crate) fn check_all(snapshot: &Snapshot) -> Result<(), TestCaseError> {
    snapshot.values().try_for_each(check)
}

pub(crate) fn check(snapshot: &BookingSnapshot) -> Result<(), TestCaseError> {
    let BookingSnapshot { booking, payments, refunds, ledger, .. } = snapshot;
    prop_assert!(
        booking.status() != BookingStatus::Scheduled || booking.payment_status() != PaymentStatus::Pending,
        "scheduled beside pending: {snapshot:?}"
    );
    for payment in payments {
        let totals = PaymentTotals::of(payment, refunds);
        let lines = || ledger.iter().filter(|line| line.payment == payment.id);
        let sum: i64 = lines().map(|line| line.kind.signed(line.amount)).sum();
        prop_assert_eq!(sum, totals.captured - totals.refunded, "ledger and rows of {:?}: {:?}", payment, snapshot);
        prop_assert!((0..=totals.captured).contains(&sum), "{snapshot:?}");
        prop_assert!(totals.refunded + totals.pending <= totals.captured, "refunds exceed the payment: {snapshot:?}");
        let captures = lines().filter(|line| line.kind == LedgerKind::Captured).count();
        prop_assert_eq!(captures, usize::from(is_paid(payment)), "{:?}", snapshot);
        prop_assert_eq!(payment.settled_at.is_some(), is_paid(payment), "{:?}", snapshot);
    }
    for refund in refunds {
        let kinds: Vec<LedgerKind> = lines_of(ledger, refund).map(|line| line.kind).collect();
        let right = match refund.stage {
            RefundStage::Queued | RefundStage::Pending => kinds.is_empty(),
            RefundStage::Succeeded => kinds == [LedgerKind::Refunded],
            RefundStage::Failed | RefundStage::Retried => {
                kinds.is_empty() || kinds == [LedgerKind::Refunded, LedgerKind::RefundReversed]
            }
        };
        prop_assert!(right, "the ledger entries of {refund:?}: {kinds:?}");
        prop_assert!(lines_of(ledger, refund).all(|line| line.amount == refund.amount), "{snapshot:?}");
    }
    // The settled payment decides the payment status; without one, all unapplied payments together do.
    let standing = |state| payments.iter().filter(move |payment| payment.state == state);
    let settled = standing(PaymentState::Settled).count();
    prop_assert!(settled <= 1, "paid twice: {snapshot:?}");
    let counted = if settled == 1 { PaymentState::Settled } else { PaymentState::Unapplied };
    let decisive: Option<PaymentTotals> =
        standing(counted).map(|payment| PaymentTotals::of(payment, refunds)).reduce(PaymentTotals::and);
    let has_been_paid = booking.payment_status().has_been_paid().then_some(booking.payment_status());
    let by_ledger = match decisive {
        // A free booking that was paid nevertheless.
        Some(_) if settled == 0 && booking.payment_status() == PaymentStatus::NotRequired => None,
        other => other.map(|totals| totals.status()),
    };
    prop_assert_eq!(has_been_paid, by_ledger, "status and ledger: {:?}", snapshot);
    let open = payments.iter().filter(|payment| payment.state == PaymentState::Open).count();
    prop_assert!(open <= 1, "two open checkouts: {snapshot:?}");
    Ok(())
}

fn lines_of<'a>(ledger: &'a [LedgerEntry], refund: &Refund) -> impl Iterator<Item = &'a LedgerEntry> {
    let id = refund.id;
    ledger.iter().filter(move |line| line.refund == Some(id))
}

pub(crate) fn compare_with_stripe(
    snapshot: &Snapshot,
    problems: &[PaymentProblem],
    stripe: &FakeStripe,
) -> Result<(), TestCaseError> {
    check_all(snapshot)?;
    let all =
        || snapshot.values().flat_map(|snapshot| snapshot.payments.iter().map(move |payment| (snapshot, payment)));
    let ours = |checkout: &Value| {
        all().find(|(_, payment)| {
            payment.provider == Provider::Stripe && checkout["id"] == *payment.provider_checkout_id
        })
    };
    // Resolved problems leave the list but stay in the audit trail.
    let is_noted = |checkout: &Value| {
        let trail = ours(checkout).is_some_and(|(snapshot, _)| {
            let kinds = ProblemKind::ALL.iter().filter(|kind| **kind != ProblemKind::RefundFailed);
            let actions: BTreeSet<String> = kinds.map(|kind| format!("payment.{}", kind.as_str())).collect();
            snapshot.history.iter().any(|entry| actions.contains(&entry.action))
        });
        trail || problems.iter().any(|problem| problem.provider_reference.as_deref() == checkout["id"].as_str())
    };
    let mut needs_review = BTreeSet::new();
    for checkout in stripe.checkouts() {
        let row = ours(&checkout);
        let state = row.map(|(_, payment)| payment.state);
        if checkout["payment_status"] == "paid" {
            let taken = row.is_some_and(|(_, payment)| {
                is_paid(payment) && payment.provider_payment_id.as_deref() == checkout["payment_intent"].as_str()
            });
            prop_assert!(taken || is_noted(&checkout), "an unknown payment: {checkout} {row:?}");
            if !taken {
                needs_review.insert(checkout["payment_intent"].as_str().map(str::to_owned));
            }
        } else if checkout["status"] == "open" {
            let waits = row.is_some_and(|(snapshot, payment)| {
                payment.state == PaymentState::Open && snapshot.booking.status() == BookingStatus::PendingPayment
            });
            // A checkout without a row was shown to no client; it expires.
            prop_assert!(waits || row.is_none(), "a client could still pay: {checkout} {row:?}");
        } else {
            let over = !matches!(state, Some(PaymentState::Opening | PaymentState::Open | PaymentState::Closing));
            prop_assert!(over, "the checkout is closed: {checkout} {row:?}");
        }
    }
    for (snapshot, payment) in all().filter(|(_, payment)| payment.provider == Provider::Stripe) {
        let there = stripe.checkouts().into_iter().find(|checkout| checkout["id"] == *payment.provider_checkout_id);
        let paid = there.as_ref().is_some_and(|checkout| checkout["payment_status"] == "paid");
        prop_assert!(paid || !is_paid(payment), "paid here but not at Stripe: {payment:?} {there:?} {snapshot:?}");
        if paid && is_paid(payment) {
            let amount = there.and_then(|checkout| checkout["amount_total"].as_i64());
            prop_assert_eq!(amount, Some(payment.amount.minor()), "{:?}", payment);
        }
    }
    let refunds = || snapshot.values().flat_map(|snapshot| snapshot.refunds.iter());
    for there in stripe.refunds() {
        if needs_review.contains(&there["payment_intent"].as_str().map(str::to_owned)) {
            continue;
        }
        let id = there["id"].as_str();
        let ours: Vec<_> = refunds().filter(|refund| refund.provider_refund_id.as_deref() == id).collect();
        prop_assert_eq!(ours.len(), 1, "recorded once: {} {:?}", there, ours);
        for refund in ours {
            prop_assert_eq!(there["amount"].as_i64(), Some(refund.amount.minor()), "{}", there);
            let right = match there["status"].as_str() {
                Some("succeeded") => refund.stage == RefundStage::Succeeded,
                Some("pending") => refund.stage == RefundStage::Pending,
                _ => matches!(refund.stage, RefundStage::Failed | RefundStage::Retried),
            };
            prop_assert!(right, "{there} is {refund:?}");
        }
    }
    for (snapshot, payment) in all().filter(|(_, payment)| payment.provider == Provider::Stripe) {
        for refund in snapshot.refunds.iter().filter(|refund| refund.payment == payment.id) {
            let there =
                stripe.refunds().into_iter().find(|there| refund.provider_refund_id.as_deref() == there["id"].as_str());
            let succeeded = refund.stage == RefundStage::Succeeded;
            let at_stripe_succeeded = there.as_ref().is_some_and(|there| there["status"] == "succeeded");
            prop_assert_eq!(succeeded, at_stripe_succeeded, "{:?} {:?}", refund, there);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
