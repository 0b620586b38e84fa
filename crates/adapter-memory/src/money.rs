//! The part of the state that is about payments: attempts, refunds, the ledger, webhook ids and payment problems.

use std::collections::BTreeMap;

use attune_domain::{BookingId, PaymentId, PaymentProblemId, RefundId};
use attune_ports::{
    Conflict, LedgerEntry, LedgerKind, LedgerSum, NewPayment, NewPaymentProblem, NewRefund, Payment, PaymentProblem,
    Provider, Refund, RefundStage, StoreError,
};
use jiff::Timestamp;

use crate::state::{State, conflict, cut, cut_some, failed, first, next_id};

/// A quarter of an hour in milliseconds.
const QUARTER: i64 = 15 * 60 * 1_000;

/// Whether a refund in this stage counts against the refundable amount of its payment.
fn takes_money(stage: RefundStage) -> bool {
    match stage {
        RefundStage::Queued | RefundStage::Pending | RefundStage::Succeeded => true,
        RefundStage::Failed | RefundStage::Retried => false,
    }
}

/// The part of the refundable amount of its payment that a refund uses, in minor units.
fn takes<Id>(refund: &Refund<Id>) -> i64 {
    if takes_money(refund.stage) { refund.amount.minor() } else { 0 }
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
        let facts = NewPayment {
            created_at: cut(new.created_at)?,
            settled_at: cut_some(new.settled_at)?,
            check_at: cut_some(new.check_at)?,
            expires_at: cut_some(new.expires_at)?,
            ..new.clone()
        };
        self.payments.insert(id, facts.with_id(id));
        Ok(id)
    }

    pub(crate) fn payments_of(&self, booking: BookingId) -> Vec<Payment> {
        self.payments.values().rev().filter(|payment| payment.booking == booking).cloned().collect()
    }

    pub(crate) fn payment_by_checkout_id(&self, provider: Provider, reference: &str) -> Option<Payment> {
        self.payments.values().find(|p| p.provider == provider && p.provider_checkout_id == reference).cloned()
    }

    pub(crate) fn payment_by_provider_id(&self, provider: Provider, charge: &str) -> Option<Payment> {
        let is_it = |p: &&Payment| p.provider == provider && p.provider_payment_id.as_deref() == Some(charge);
        self.payments.values().find(is_it).cloned()
    }

    pub(crate) fn payments_due_for_polling(&self, now: Timestamp, limit: u32) -> Vec<Payment> {
        let mut due: Vec<_> =
            self.payments.values().filter(|p| p.check_at.is_some_and(|at| at <= now)).cloned().collect();
        due.sort_by_key(|p| (p.check_at, p.id));
        first(due, limit).collect()
    }

    pub(crate) fn save_payment(&mut self, payment: &Payment) -> Result<(), StoreError> {
        let facts = &payment;
        // The provider of a stored payment never changes, so the id must be unique within the stored provider.
        let provider = self.payments.get(&payment.id).ok_or(conflict(Conflict::Stale))?.provider;
        if self
            .payment_by_checkout_id(provider, &facts.provider_checkout_id)
            .is_some_and(|other| other.id != payment.id)
        {
            return Err(conflict(Conflict::ProviderIdTaken));
        }
        let stored = self.payments.get_mut(&payment.id).ok_or(conflict(Conflict::Stale))?;
        stored.provider_checkout_id.clone_from(&facts.provider_checkout_id);
        stored.checkout_url.clone_from(&facts.checkout_url);
        stored.state = facts.state;
        stored.provider_payment_id.clone_from(&facts.provider_payment_id);
        stored.check_at = cut_some(facts.check_at)?;
        stored.settled_at = cut_some(facts.settled_at)?;
        Ok(())
    }

    /// Checks that a referenced refund exists.
    fn check_refund(&self, id: Option<RefundId>) -> Result<(), StoreError> {
        if id.is_none_or(|id| self.refunds.contains_key(&id)) { Ok(()) } else { Err(failed("no such refund")) }
    }

    pub(crate) fn add_refund(&mut self, new: &NewRefund) -> Result<RefundId, StoreError> {
        self.check_booking(new.booking)?;
        if let Some(person) = new.requested_by {
            self.check_user(person)?;
        }
        let payment = self.payments.get(&new.payment).ok_or_else(|| failed("no such payment"))?;
        if new.amount.is_zero() {
            return Err(failed("a refund of nothing"));
        }
        let known = self.refunds.values().any(|refund| {
            refund.idempotency_key == new.idempotency_key
                || (new.provider_refund_id.is_some() && refund.provider_refund_id == new.provider_refund_id)
        });
        if known {
            return Err(conflict(Conflict::RefundExists));
        }
        let taken = self.taken_of(new.payment) + takes(new);
        let paid = &payment;
        if !paid.state.is_paid() || new.amount.currency() != paid.amount.currency() || taken > paid.amount.minor() {
            return Err(conflict(Conflict::RefundTooLarge));
        }
        let id = next_id!(self.refunds, RefundId)?;
        let facts = NewRefund {
            created_at: cut(new.created_at)?,
            settled_at: cut_some(new.settled_at)?,
            next_at: cut_some(new.next_at)?,
            ..new.clone()
        };
        self.refunds.insert(id, facts.with_id(id));
        Ok(id)
    }

    pub(crate) fn refunds_of(&self, booking: BookingId) -> Vec<Refund> {
        self.refunds.values().filter(|refund| refund.booking == booking).cloned().collect()
    }

    pub(crate) fn find_refund(&self, reference: &str, key: Option<&str>) -> Option<Refund> {
        let is_it = |refund: &&Refund| {
            refund.provider_refund_id.as_deref() == Some(reference)
                || key.is_some_and(|key| refund.idempotency_key == key)
        };
        self.refunds.values().find(is_it).cloned()
    }

    pub(crate) fn refunds_due(&self, now: Timestamp, limit: u32) -> Vec<Refund> {
        let mut due: Vec<_> =
            self.refunds.values().filter(|r| r.next_at.is_some_and(|at| at <= now)).cloned().collect();
        due.sort_by_key(|refund| (refund.next_at, refund.id));
        first(due, limit).collect()
    }

    pub(crate) fn save_refund(&mut self, refund: &Refund) -> Result<(), StoreError> {
        let facts = &refund;
        let taken = facts.provider_refund_id.is_some()
            && self
                .refunds
                .values()
                .any(|other| other.id != refund.id && other.provider_refund_id == facts.provider_refund_id);
        if taken {
            return Err(conflict(Conflict::RefundExists));
        }
        let stored = self.refunds.get_mut(&refund.id).ok_or(conflict(Conflict::Stale))?;
        stored.stage = facts.stage;
        stored.provider_refund_id.clone_from(&facts.provider_refund_id);
        stored.attempts = facts.attempts;
        stored.next_at = cut_some(facts.next_at)?;
        stored.last_error.clone_from(&facts.last_error);
        stored.settled_at = cut_some(facts.settled_at)?;
        let of = stored.payment;
        // A failed refund that is tried again must not use an amount that other refunds have used in the meantime.
        let paid = self.payments.get(&of).ok_or_else(|| failed("no such payment"))?;
        if takes_money(facts.stage) && (!paid.state.is_paid() || self.taken_of(of) > paid.amount.minor()) {
            return Err(conflict(Conflict::RefundTooLarge));
        }
        Ok(())
    }

    /// The total that the refunds of a payment use, in minor units.
    fn taken_of(&self, payment: PaymentId) -> i64 {
        self.refunds.values().filter(|refund| refund.payment == payment).map(takes).sum()
    }

    pub(crate) fn add_ledger_entry(&mut self, entry: &LedgerEntry) -> Result<(), StoreError> {
        self.check_booking(entry.booking)?;
        let payment = self.payments.get(&entry.payment).ok_or_else(|| failed("no such payment"))?;
        self.check_refund(entry.refund)?;
        let of_payment = || self.ledger.iter().filter(|line| line.payment == entry.payment);
        let twice = of_payment().any(|line| line.kind == entry.kind && line.refund == entry.refund);
        let sum = of_payment().map(|line| line.kind.signed(line.amount)).sum::<i64>() + entry.kind.signed(entry.amount);
        let fits = (0..=payment.amount.minor()).contains(&sum) && entry.amount.currency() == payment.amount.currency();
        if twice || !fits || (entry.kind == LedgerKind::Captured) == entry.refund.is_some() {
            return Err(conflict(Conflict::LedgerUnbalanced));
        }
        self.ledger.push(LedgerEntry { at: cut(entry.at)?, ..entry.clone() });
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

    pub(crate) fn add_payment_event(
        &mut self,
        provider: Provider,
        id: &str,
        at: Timestamp,
    ) -> Result<bool, StoreError> {
        let key = (provider.as_str(), id.to_owned());
        if self.payment_events.contains_key(&key) {
            return Ok(false);
        }
        self.payment_events.insert(key, cut(at)?);
        Ok(true)
    }

    pub(crate) fn purge_payment_events(&mut self, before: Timestamp, limit: u32) -> u64 {
        let mut old: Vec<_> = self.payment_events.iter().filter(|(_, at)| **at < before).collect();
        old.sort_by_key(|(_, at)| **at);
        let old: Vec<_> = first(old, limit).map(|(key, _)| key.clone()).collect();
        old.iter().filter_map(|key| self.payment_events.remove(key)).fold(0, |sum, _| sum + 1)
    }

    pub(crate) fn add_payment_problem(&mut self, new: &NewPaymentProblem) -> Result<bool, StoreError> {
        if self.problems.values().any(|problem| problem.key == new.key) {
            return Ok(false);
        }
        if let Some(booking) = new.booking {
            self.check_booking(booking)?;
        }
        if new.payment.is_some_and(|payment| !self.payments.contains_key(&payment)) {
            return Err(failed("no such payment"));
        }
        self.check_refund(new.refund)?;
        let id = next_id!(self.problems, PaymentProblemId)?;
        let facts = NewPaymentProblem { at: cut(new.at)?, ..new.clone() };
        self.problems.insert(id, facts.with_id(id));
        Ok(true)
    }

    pub(crate) fn resolve_payment_problem(
        &mut self,
        id: PaymentProblemId,
        at: Timestamp,
    ) -> Result<Option<PaymentProblem>, StoreError> {
        let Some(problem) = self.problems.get_mut(&id).filter(|p| p.resolved_at.is_none()) else { return Ok(None) };
        problem.resolved_at = Some(cut(at)?);
        Ok(Some(problem.clone()))
    }

    pub(crate) fn resolve_refund_problem(&mut self, refund: RefundId, at: Timestamp) -> Result<(), StoreError> {
        let open = |p: &&mut PaymentProblem| p.refund == Some(refund) && p.resolved_at.is_none();
        for problem in self.problems.values_mut().filter(open) {
            problem.resolved_at = Some(cut(at)?);
        }
        Ok(())
    }

    pub(crate) fn open_payment_problems(&self, limit: u32) -> Vec<PaymentProblem> {
        first(self.problems.values().filter(|p| p.resolved_at.is_none()).cloned().collect(), limit).collect()
    }
}
