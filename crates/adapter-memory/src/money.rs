//! The part of the state that is about payments: attempts, refunds, the ledger, webhook ids and payment problems.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use attune_domain::{BookingId, PaymentId, PaymentProblemId, RefundId, UserId};
use attune_ports::{
    Conflict, LedgerEntry, LedgerKind, LedgerSum, NewPayment, NewPaymentProblem, NewRefund, Payment, PaymentProblem,
    Provider, Refund, RefundStage, StoreError,
};
use jiff::Timestamp;

use crate::state::{State, check_row, conflict, failed, first, first_by, next_id, oldest, truncate};

/// A quarter of an hour in milliseconds.
const QUARTER: i64 = 15 * 60 * 1_000;

/// The part of the refundable amount of its payment that a refund uses, in minor units.
fn used_by<Id>(refund: &Refund<Id>) -> i64 {
    match refund.stage {
        RefundStage::Queued | RefundStage::Pending | RefundStage::Succeeded => refund.amount.minor(),
        RefundStage::Failed | RefundStage::Retried => 0,
    }
}

impl State {
    pub(crate) fn add_payment(&mut self, new: &NewPayment) -> Result<PaymentId, StoreError> {
        self.check_booking(new.booking)?;
        if let Some(admin) = new.recorded_by {
            self.check_user(admin)?;
        }
        if self.payment_by_checkout_id(new.provider, &new.provider_checkout_id).is_some() {
            return Err(conflict(Conflict::ProviderIdTaken));
        }
        let id = next_id!(self.payments, PaymentId)?;
        let payment = NewPayment {
            created_at: truncate(new.created_at),
            settled_at: new.settled_at.map(truncate),
            check_at: new.check_at.map(truncate),
            expires_at: new.expires_at.map(truncate),
            ..new.clone()
        };
        self.payments.insert(id, payment.with_id(id));
        Ok(id)
    }

    pub(crate) fn payments_of(&self, booking: BookingId) -> Vec<Payment> {
        self.payments.values().rev().filter(|payment| payment.booking == booking).cloned().collect()
    }

    pub(crate) fn payment_by_checkout_id(&self, provider: Provider, id: &str) -> Option<Payment> {
        self.payments.values().find(|p| p.provider == provider && p.provider_checkout_id == id).cloned()
    }

    pub(crate) fn payment_by_provider_id(&self, provider: Provider, id: &str) -> Option<Payment> {
        let mut payments = self.payments.values();
        payments.find(|p| p.provider == provider && p.provider_payment_id.as_deref() == Some(id)).cloned()
    }

    pub(crate) fn payments_due_for_polling(&self, now: Timestamp, limit: u32) -> Vec<Payment> {
        let due = self.payments.values().filter(|p| p.check_at.is_some_and(|at| at <= now));
        first_by(due, |p| (p.check_at, p.id), limit)
    }

    pub(crate) fn save_payment(&mut self, payment: &Payment) -> Result<(), StoreError> {
        // The provider of a stored payment never changes, so the id must be unique within the stored provider.
        let provider = self.payments.get(&payment.id).ok_or(conflict(Conflict::Stale))?.provider;
        let same = self.payment_by_checkout_id(provider, &payment.provider_checkout_id);
        if same.is_some_and(|other| other.id != payment.id) {
            return Err(conflict(Conflict::ProviderIdTaken));
        }
        let stored = self.payments.get_mut(&payment.id).ok_or(conflict(Conflict::Stale))?;
        stored.provider_checkout_id.clone_from(&payment.provider_checkout_id);
        stored.checkout_url.clone_from(&payment.checkout_url);
        stored.state = payment.state;
        stored.provider_payment_id.clone_from(&payment.provider_payment_id);
        stored.check_at = payment.check_at.map(truncate);
        stored.settled_at = payment.settled_at.map(truncate);
        Ok(())
    }

    fn check_refund(&self, id: Option<RefundId>) -> Result<(), StoreError> {
        id.map_or(Ok(()), |id| check_row(&self.refunds, id, "no such refund"))
    }

    pub(crate) fn add_refund(&mut self, new: &NewRefund) -> Result<RefundId, StoreError> {
        self.check_booking(new.booking)?;
        if let Some(user) = new.requested_by {
            self.check_user(user)?;
        }
        let payment = self.payments.get(&new.payment).ok_or_else(|| failed("no such payment"))?;
        if new.amount.is_zero() {
            return Err(failed("a refund of zero"));
        }
        let exists = self.refunds.values().any(|refund| {
            refund.idempotency_key == new.idempotency_key
                || (new.provider_refund_id.is_some() && refund.provider_refund_id == new.provider_refund_id)
        });
        if exists {
            return Err(conflict(Conflict::RefundExists));
        }
        let used = self.used_of(new.payment) + used_by(new);
        let same_currency = new.amount.currency() == payment.amount.currency();
        if !payment.state.is_paid() || !same_currency || used > payment.amount.minor() {
            return Err(conflict(Conflict::RefundTooLarge));
        }
        let id = next_id!(self.refunds, RefundId)?;
        let refund = NewRefund {
            created_at: truncate(new.created_at),
            settled_at: new.settled_at.map(truncate),
            next_at: new.next_at.map(truncate),
            ..new.clone()
        };
        self.refunds.insert(id, refund.with_id(id));
        Ok(id)
    }

    pub(crate) fn refunds_of(&self, booking: BookingId) -> Vec<Refund> {
        self.refunds.values().filter(|refund| refund.booking == booking).cloned().collect()
    }

    pub(crate) fn find_refund(&self, provider_id: &str, key: Option<&str>) -> Option<Refund> {
        let matches = |refund: &&Refund| {
            refund.provider_refund_id.as_deref() == Some(provider_id)
                || key.is_some_and(|key| refund.idempotency_key == key)
        };
        self.refunds.values().find(matches).cloned()
    }

    pub(crate) fn refunds_due(&self, now: Timestamp, limit: u32) -> Vec<Refund> {
        let due = self.refunds.values().filter(|refund| refund.next_at.is_some_and(|at| at <= now));
        first_by(due, |refund| (refund.next_at, refund.id), limit)
    }

    pub(crate) fn save_refund(&mut self, refund: &Refund) -> Result<(), StoreError> {
        let mut others = self.refunds.values().filter(|other| other.id != refund.id);
        if refund.provider_refund_id.is_some()
            && others.any(|other| other.provider_refund_id == refund.provider_refund_id)
        {
            return Err(conflict(Conflict::RefundExists));
        }
        let stored = self.refunds.get_mut(&refund.id).ok_or(conflict(Conflict::Stale))?;
        stored.stage = refund.stage;
        stored.provider_refund_id.clone_from(&refund.provider_refund_id);
        stored.attempts = refund.attempts;
        stored.next_at = refund.next_at.map(truncate);
        stored.last_error.clone_from(&refund.last_error);
        stored.settled_at = refund.settled_at.map(truncate);
        // A failed refund that is tried again must not use an amount that other refunds have used in the meantime.
        let (used, of) = (used_by(stored), stored.payment);
        let payment = self.payments.get(&of).ok_or_else(|| failed("no such payment"))?;
        if used > 0 && (!payment.state.is_paid() || self.used_of(of) > payment.amount.minor()) {
            return Err(conflict(Conflict::RefundTooLarge));
        }
        Ok(())
    }

    /// The total that the refunds of a payment use, in minor units.
    fn used_of(&self, payment: PaymentId) -> i64 {
        self.refunds.values().filter(|refund| refund.payment == payment).map(used_by).sum()
    }

    pub(crate) fn add_ledger_entry(&mut self, entry: &LedgerEntry) -> Result<(), StoreError> {
        self.check_booking(entry.booking)?;
        let payment = self.payments.get(&entry.payment).ok_or_else(|| failed("no such payment"))?;
        self.check_refund(entry.refund)?;
        let of_payment = || self.ledger.iter().filter(|line| line.payment == entry.payment);
        let exists = of_payment().any(|line| line.kind == entry.kind && line.refund == entry.refund);
        let sum = of_payment().map(|line| line.kind.signed(line.amount)).sum::<i64>() + entry.kind.signed(entry.amount);
        let fits = (0..=payment.amount.minor()).contains(&sum) && entry.amount.currency() == payment.amount.currency();
        if exists || !fits || (entry.kind == LedgerKind::Captured) == entry.refund.is_some() {
            return Err(conflict(Conflict::LedgerUnbalanced));
        }
        self.ledger.push(LedgerEntry { at: truncate(entry.at), ..entry.clone() });
        Ok(())
    }

    pub(crate) fn ledger_of(&self, booking: BookingId) -> Vec<LedgerEntry> {
        self.ledger.iter().filter(|line| line.booking == booking).cloned().collect()
    }

    pub(crate) fn ledger_sums(&self, from: Timestamp, until: Timestamp) -> Result<Vec<LedgerSum>, StoreError> {
        let mut sums: BTreeMap<_, LedgerSum> = BTreeMap::new();
        for line in self.ledger.iter().filter(|line| (from..until).contains(&line.at)) {
            let quarter = line.at.as_millisecond().div_euclid(QUARTER) * QUARTER;
            let from = Timestamp::from_millisecond(quarter).map_err(|error| StoreError::Failed(error.into()))?;
            let currency = line.amount.currency();
            let empty = LedgerSum { from, kind: line.kind, minor: 0, currency, count: 0 };
            let key = (quarter, line.kind.as_str(), currency.code().to_owned());
            let sum = sums.entry(key).or_insert(empty);
            sum.minor += line.amount.minor();
            sum.count += 1;
        }
        Ok(sums.into_values().collect())
    }

    pub(crate) fn add_payment_event(&mut self, provider: Provider, id: &str, at: Timestamp) -> bool {
        let entry = self.payment_events.entry((provider.as_str(), id.to_owned()));
        let new = matches!(entry, Entry::Vacant(_));
        entry.or_insert(truncate(at));
        new
    }

    pub(crate) fn purge_payment_events(&mut self, before: Timestamp, limit: u32) -> u64 {
        let old = oldest(self.payment_events.iter().map(|(key, at)| (key, *at)), before, limit);
        old.iter().map(|key| u64::from(self.payment_events.remove(key).is_some())).sum()
    }

    pub(crate) fn add_payment_problem(&mut self, new: &NewPaymentProblem) -> Result<bool, StoreError> {
        if self.problems.values().any(|problem| problem.dedupe_key == new.dedupe_key) {
            return Ok(false);
        }
        if let Some(booking) = new.booking {
            self.check_booking(booking)?;
        }
        if let Some(payment) = new.payment {
            check_row(&self.payments, payment, "no such payment")?;
        }
        self.check_refund(new.refund)?;
        let id = next_id!(self.problems, PaymentProblemId)?;
        let problem = NewPaymentProblem { at: truncate(new.at), ..new.clone() };
        self.problems.insert(id, problem.with_id(id));
        Ok(true)
    }

    pub(crate) fn resolve_payment_problem(&mut self, id: PaymentProblemId, at: Timestamp) -> Option<PaymentProblem> {
        let problem = self.problems.get_mut(&id).filter(|problem| problem.resolved_at.is_none())?;
        problem.resolved_at = Some(truncate(at));
        Some(problem.clone())
    }

    pub(crate) fn resolve_refund_problem(&mut self, refund: RefundId, at: Timestamp) {
        for problem in self.problems.values_mut().filter(|problem| problem.refund == Some(refund)) {
            problem.resolved_at.get_or_insert(truncate(at));
        }
    }

    pub(crate) fn open_payment_problems(&self, therapist: Option<UserId>, limit: u32) -> Vec<PaymentProblem> {
        let is_with = |problem: &PaymentProblem, therapist| {
            let booking = problem.booking.and_then(|id| self.bookings.get(&id));
            booking.is_some_and(|booking| booking.therapist() == therapist)
        };
        let open = self.problems.values().filter(|p| p.resolved_at.is_none());
        let open = open.filter(|p| therapist.is_none_or(|therapist| is_with(p, therapist)));
        first(open.cloned().collect(), limit).collect()
    }
}
