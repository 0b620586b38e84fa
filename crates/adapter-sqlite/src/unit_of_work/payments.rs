use async_trait::async_trait;
use attune_domain::{BookingId, PaymentId, PaymentProblemId, RefundId};
use attune_ports::{
    LedgerEntry, NewPayment, NewPaymentProblem, NewRefund, Payment, PaymentProblem, Payments, Provider, Refund,
    StoreError,
};
use attune_sql::schema::{ledger, payment_events, payment_problems, payments, refunds};
use attune_sql::statements::{open_problem, open_problems_of, payment_by_checkout_id, payments_of, refunds_of};
use attune_sql::{
    LedgerRow, PaymentChanges, PaymentEventRow, PaymentRow, ProblemRow, RefundChanges, RefundRow, StoredProblemRow,
    millis,
};
use diesel::dsl::sql_query;
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use jiff::Timestamp;

use super::SqliteUnitOfWork;
use crate::load::row;

const PURGE_EVENTS: &str = "DELETE FROM payment_events WHERE (provider, id) IN \
    (SELECT provider, id FROM payment_events WHERE at < ? ORDER BY at, provider, id LIMIT ?)";

#[async_trait]
impl Payments for SqliteUnitOfWork {
    async fn add_payment(&mut self, payment: &NewPayment) -> Result<PaymentId, StoreError> {
        let insert = diesel::insert_into(payments::table).values(PaymentRow::from(payment));
        self.returning(insert.returning(payments::id)).await
    }

    async fn payments_of(&mut self, booking: BookingId) -> Result<Vec<Payment>, StoreError> {
        self.all(payments_of(booking)).await
    }

    async fn payment_by_checkout_id(
        &mut self,
        provider: Provider,
        reference: &str,
    ) -> Result<Option<Payment>, StoreError> {
        self.one(payment_by_checkout_id(provider, reference.to_owned())).await
    }

    async fn save_payment(&mut self, payment: &Payment) -> Result<(), StoreError> {
        self.change(diesel::update(payments::table.find(payment.id.get())).set(PaymentChanges::from(payment))).await
    }

    async fn add_refund(&mut self, refund: &NewRefund) -> Result<RefundId, StoreError> {
        self.returning(diesel::insert_into(refunds::table).values(RefundRow::from(refund)).returning(refunds::id)).await
    }

    async fn refunds_of(&mut self, booking: BookingId) -> Result<Vec<Refund>, StoreError> {
        self.all(refunds_of(booking)).await
    }

    async fn save_refund(&mut self, refund: &Refund) -> Result<(), StoreError> {
        self.change(diesel::update(refunds::table.find(refund.id.get())).set(RefundChanges::from(refund))).await
    }

    async fn add_ledger_entry(&mut self, entry: &LedgerEntry) -> Result<(), StoreError> {
        self.change(diesel::insert_into(ledger::table).values(LedgerRow::from(entry))).await
    }

    async fn add_payment_event(&mut self, provider: Provider, id: &str, at: Timestamp) -> Result<bool, StoreError> {
        let insert = diesel::insert_into(payment_events::table).values(PaymentEventRow::new(provider, id, at));
        let insert = insert.on_conflict((payment_events::provider, payment_events::id)).do_nothing();
        Ok(self.execute(insert).await? == 1)
    }

    async fn purge_payment_events(&mut self, before: Timestamp, limit: u32) -> Result<u64, StoreError> {
        let purge = sql_query(PURGE_EVENTS).bind::<BigInt, _>(millis(before)).bind::<BigInt, _>(i64::from(limit));
        self.execute(purge).await
    }

    async fn add_payment_problem(&mut self, problem: &NewPaymentProblem) -> Result<bool, StoreError> {
        let insert = diesel::insert_into(payment_problems::table).values(ProblemRow::from(problem));
        Ok(self.execute(insert.on_conflict(payment_problems::key).do_nothing()).await? == 1)
    }

    async fn resolve_payment_problem(
        &mut self,
        id: PaymentProblemId,
        at: Timestamp,
    ) -> Result<Option<PaymentProblem>, StoreError> {
        let resolve = diesel::update(open_problem(id))
            .set(payment_problems::resolved_at.eq(millis(at)))
            .returning(StoredProblemRow::as_returning());
        self.call(move |connection| row(resolve, connection)).await
    }

    async fn resolve_refund_problem(&mut self, refund: RefundId, at: Timestamp) -> Result<(), StoreError> {
        let resolve = diesel::update(open_problems_of(refund)).set(payment_problems::resolved_at.eq(millis(at)));
        self.execute(resolve).await.map(|_| ())
    }
}
