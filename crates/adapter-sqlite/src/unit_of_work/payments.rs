//! Payments, refunds and the ledger, inside a unit of work.

use async_trait::async_trait;
use attune_domain::{BookingId, PaymentId, PaymentProblemId, RefundId};
use attune_ports::{
    LedgerEntry, NewPayment, NewPaymentProblem, NewRefund, Payment, PaymentProblem, Payments, Provider, Refund,
    StoreError,
};
use attune_sql::schema::{ledger, payment_events, payment_problems, payments, refunds};
use attune_sql::{
    LedgerRow, NewPaymentRow, NewProblemRow, NewRefundRow, PaymentChanges, PaymentEventRow, ProblemRow, RefundChanges,
    millis,
};
use diesel::dsl::sql_query;
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use jiff::Timestamp;

use super::SqliteUnitOfWork;
use crate::error::{identity, one_row, store_error};
use crate::queries::{find_payment, list_payments, list_refunds};

const FORGET_EVENTS: &str = "DELETE FROM payment_events WHERE (provider, id) IN \
    (SELECT provider, id FROM payment_events WHERE at < ? ORDER BY at, provider, id LIMIT ?)";

#[async_trait]
impl Payments for SqliteUnitOfWork {
    async fn add_payment(&mut self, payment: &NewPayment) -> Result<PaymentId, StoreError> {
        let row = NewPaymentRow::from(payment);
        self.call(move |connection| {
            let id = diesel::insert_into(payments::table)
                .values(row)
                .returning(payments::id)
                .get_result(connection)
                .map_err(store_error)?;
            identity(PaymentId::new(id))
        })
        .await
    }

    async fn payments_of(&mut self, booking: BookingId) -> Result<Vec<Payment>, StoreError> {
        self.call(move |connection| list_payments(connection, booking)).await
    }

    async fn payment_by_checkout_id(
        &mut self,
        provider: Provider,
        reference: &str,
    ) -> Result<Option<Payment>, StoreError> {
        let reference = reference.to_owned();
        self.call(move |connection| find_payment(connection, provider, &reference)).await
    }

    async fn save_payment(&mut self, payment: &Payment) -> Result<(), StoreError> {
        let (id, changes) = (payment.id.get(), PaymentChanges::from(payment));
        self.call(move |connection| {
            let changed =
                diesel::update(payments::table.find(id)).set(changes).execute(connection).map_err(store_error)?;
            one_row(changed)
        })
        .await
    }

    async fn add_refund(&mut self, refund: &NewRefund) -> Result<RefundId, StoreError> {
        let row = NewRefundRow::from(refund);
        self.call(move |connection| {
            let id = diesel::insert_into(refunds::table)
                .values(row)
                .returning(refunds::id)
                .get_result(connection)
                .map_err(store_error)?;
            identity(RefundId::new(id))
        })
        .await
    }

    async fn refunds_of(&mut self, booking: BookingId) -> Result<Vec<Refund>, StoreError> {
        self.call(move |connection| list_refunds(connection, booking)).await
    }

    async fn save_refund(&mut self, refund: &Refund) -> Result<(), StoreError> {
        let (id, changes) = (refund.id.get(), RefundChanges::from(refund));
        self.call(move |connection| {
            let changed =
                diesel::update(refunds::table.find(id)).set(changes).execute(connection).map_err(store_error)?;
            one_row(changed)
        })
        .await
    }

    async fn add_ledger_entry(&mut self, entry: &LedgerEntry) -> Result<(), StoreError> {
        let row = LedgerRow::from(entry);
        self.call(move |connection| {
            diesel::insert_into(ledger::table).values(row).execute(connection).map_err(store_error)?;
            Ok(())
        })
        .await
    }

    async fn add_payment_event(&mut self, provider: Provider, id: &str, at: Timestamp) -> Result<bool, StoreError> {
        let row = PaymentEventRow::new(provider, id, at);
        self.call(move |connection| {
            let added = diesel::insert_into(payment_events::table)
                .values(row)
                .on_conflict((payment_events::provider, payment_events::id))
                .do_nothing()
                .execute(connection)
                .map_err(store_error)?;
            Ok(added == 1)
        })
        .await
    }

    async fn purge_payment_events(&mut self, before: Timestamp, limit: u32) -> Result<u64, StoreError> {
        self.call(move |connection| {
            let forgotten = sql_query(FORGET_EVENTS)
                .bind::<BigInt, _>(millis(before))
                .bind::<BigInt, _>(i64::from(limit))
                .execute(connection)
                .map_err(store_error)?;
            u64::try_from(forgotten).map_err(|e| StoreError::Failed(e.into()))
        })
        .await
    }

    async fn add_payment_problem(&mut self, problem: &NewPaymentProblem) -> Result<bool, StoreError> {
        let row = NewProblemRow::from(problem);
        self.call(move |connection| {
            let added = diesel::insert_into(payment_problems::table)
                .values(row)
                .on_conflict(payment_problems::key)
                .do_nothing()
                .execute(connection)
                .map_err(store_error)?;
            Ok(added == 1)
        })
        .await
    }

    async fn resolve_payment_problem(
        &mut self,
        id: PaymentProblemId,
        at: Timestamp,
    ) -> Result<Option<PaymentProblem>, StoreError> {
        self.call(move |connection| {
            let open = payment_problems::table.find(id.get()).filter(payment_problems::resolved_at.is_null());
            diesel::update(open)
                .set(payment_problems::resolved_at.eq(millis(at)))
                .returning(ProblemRow::as_returning())
                .get_result(connection)
                .optional()
                .map_err(store_error)?
                .map(PaymentProblem::try_from)
                .transpose()
        })
        .await
    }

    async fn resolve_refund_problem(&mut self, refund: RefundId, at: Timestamp) -> Result<(), StoreError> {
        self.call(move |connection| {
            let open = payment_problems::table
                .filter(payment_problems::refund_id.eq(refund.get()))
                .filter(payment_problems::resolved_at.is_null());
            diesel::update(open)
                .set(payment_problems::resolved_at.eq(millis(at)))
                .execute(connection)
                .map_err(store_error)?;
            Ok(())
        })
        .await
    }
}
