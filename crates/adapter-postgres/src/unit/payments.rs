//! Payments, refunds and the ledger.

use async_trait::async_trait;
use attune_domain::{BookingId, PaymentId, PaymentProblemId, RefundId};
use attune_ports::{
    LedgerEntry, NewPayment, NewPaymentProblem, NewRefund, Payment, PaymentProblem, Payments, Provider, Refund,
    StoreError,
};
use attune_sql::schema::{ledger, payment_events, payment_problems, payments, refunds};
use attune_sql::{
    LedgerRow, NewPaymentRow, NewProblemRow, NewRefundRow, PaymentChanges, PaymentEventRow, PaymentRow, ProblemRow,
    RefundChanges, RefundRow, millis,
};
use diesel::dsl::sql_query;
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use diesel_async::RunQueryDsl;
use jiff::Timestamp;

use super::PostgresUnit;
use crate::error::{identity, one_row};
use crate::queries::{payments_of, refunds_of};

/// Those that somebody holds are left for the next time, so that two who forget never wait for each other. The list is
/// made once, whatever the planner would prefer: made again it would be longer than was asked for.
const FORGET_EVENTS: &str = "WITH oldest AS MATERIALIZED (\
        SELECT provider, id FROM payment_events WHERE at < $1 ORDER BY at, provider, id LIMIT $2 FOR UPDATE SKIP LOCKED\
    ) DELETE FROM payment_events e USING oldest o WHERE e.provider = o.provider AND e.id = o.id";

#[async_trait]
impl Payments for PostgresUnit {
    async fn add_payment(&mut self, payment: &NewPayment) -> Result<PaymentId, StoreError> {
        let row = NewPaymentRow::from(payment);
        self.call(async |mut c| {
            let insert = diesel::insert_into(payments::table).values(row).returning(payments::id);
            Ok(identity(PaymentId::new(insert.get_result(&mut c).await?))?)
        })
        .await
    }

    async fn payments_of(&mut self, booking: BookingId) -> Result<Vec<Payment>, StoreError> {
        let query = payments_of(booking).select(PaymentRow::as_select());
        self.call(async |mut c| {
            let rows: Vec<PaymentRow> = query.load(&mut c).await?;
            Ok(rows.into_iter().map(Payment::try_from).collect::<Result<_, _>>()?)
        })
        .await
    }

    async fn payment_by_checkout_id(
        &mut self,
        provider: Provider,
        reference: &str,
    ) -> Result<Option<Payment>, StoreError> {
        let query = payments::table
            .filter(payments::provider.eq(provider.as_str()))
            .filter(payments::provider_checkout_id.eq(reference))
            .select(PaymentRow::as_select());
        self.call(async |mut c| {
            let row = query.first(&mut c).await.optional()?;
            Ok(row.map(Payment::try_from).transpose()?)
        })
        .await
    }

    async fn save_payment(&mut self, payment: &Payment) -> Result<(), StoreError> {
        let (target, changes) = (payments::table.find(payment.id.get()), PaymentChanges::from(payment));
        self.call(async |mut c| Ok(one_row(diesel::update(target).set(changes).execute(&mut c).await?)?)).await
    }

    async fn add_refund(&mut self, refund: &NewRefund) -> Result<RefundId, StoreError> {
        let row = NewRefundRow::from(refund);
        self.call(async |mut c| {
            let insert = diesel::insert_into(refunds::table).values(row).returning(refunds::id);
            Ok(identity(RefundId::new(insert.get_result(&mut c).await?))?)
        })
        .await
    }

    async fn refunds_of(&mut self, booking: BookingId) -> Result<Vec<Refund>, StoreError> {
        let query = refunds_of(booking).select(RefundRow::as_select());
        self.call(async |mut c| {
            let rows: Vec<RefundRow> = query.load(&mut c).await?;
            Ok(rows.into_iter().map(Refund::try_from).collect::<Result<_, _>>()?)
        })
        .await
    }

    async fn save_refund(&mut self, refund: &Refund) -> Result<(), StoreError> {
        let (target, changes) = (refunds::table.find(refund.id.get()), RefundChanges::from(refund));
        self.call(async |mut c| Ok(one_row(diesel::update(target).set(changes).execute(&mut c).await?)?)).await
    }

    async fn add_ledger_entry(&mut self, entry: &LedgerEntry) -> Result<(), StoreError> {
        let row = LedgerRow::from(entry);
        self.call(async |mut c| {
            diesel::insert_into(ledger::table).values(row).execute(&mut c).await?;
            Ok(())
        })
        .await
    }

    async fn add_payment_event(&mut self, provider: Provider, id: &str, at: Timestamp) -> Result<bool, StoreError> {
        let insert = diesel::insert_into(payment_events::table)
            .values(PaymentEventRow::new(provider, id, at))
            .on_conflict((payment_events::provider, payment_events::id))
            .do_nothing();
        self.call(async |mut c| Ok(insert.execute(&mut c).await? == 1)).await
    }

    async fn purge_payment_events(&mut self, before: Timestamp, limit: u32) -> Result<u64, StoreError> {
        let forget = sql_query(FORGET_EVENTS).bind::<BigInt, _>(millis(before)).bind::<BigInt, _>(i64::from(limit));
        self.call(async |mut c| Ok(u64::try_from(forget.execute(&mut c).await?).unwrap_or(u64::MAX))).await
    }

    async fn add_payment_problem(&mut self, problem: &NewPaymentProblem) -> Result<bool, StoreError> {
        let insert = diesel::insert_into(payment_problems::table)
            .values(NewProblemRow::from(problem))
            .on_conflict(payment_problems::key)
            .do_nothing();
        self.call(async |mut c| Ok(insert.execute(&mut c).await? == 1)).await
    }

    async fn resolve_payment_problem(
        &mut self,
        id: PaymentProblemId,
        at: Timestamp,
    ) -> Result<Option<PaymentProblem>, StoreError> {
        let open = payment_problems::table.find(id.get()).filter(payment_problems::resolved_at.is_null());
        let resolve = diesel::update(open)
            .set(payment_problems::resolved_at.eq(millis(at)))
            .returning(ProblemRow::as_returning());
        self.call(async |mut c| {
            let row = resolve.get_result(&mut c).await.optional()?;
            Ok(row.map(PaymentProblem::try_from).transpose()?)
        })
        .await
    }

    async fn resolve_refund_problem(&mut self, refund: RefundId, at: Timestamp) -> Result<(), StoreError> {
        let open = payment_problems::table
            .filter(payment_problems::refund_id.eq(refund.get()))
            .filter(payment_problems::resolved_at.is_null());
        let resolve = diesel::update(open).set(payment_problems::resolved_at.eq(millis(at)));
        self.call(async |mut c| {
            resolve.execute(&mut c).await?;
            Ok(())
        })
        .await
    }
}
