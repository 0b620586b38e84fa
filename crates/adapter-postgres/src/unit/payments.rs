//! Attempts to collect a price.

use async_trait::async_trait;
use attune_domain::{BookingId, PaymentId};
use attune_ports::{NewPayment, Payment, PaymentState, Payments, Provider, StoreError};
use attune_sql::schema::payments;
use attune_sql::{NewPaymentRow, PaymentRow, millis};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::PostgresUnit;
use crate::error::{identity, one_row};

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

    async fn open_payments(&mut self, booking: BookingId) -> Result<Vec<Payment>, StoreError> {
        let query = payments::table
            .filter(payments::booking_id.eq(booking.get()))
            .filter(payments::state.eq(PaymentState::Open.as_str()))
            .order(payments::id.desc())
            .select(PaymentRow::as_select());
        self.call(async |mut c| {
            let rows: Vec<PaymentRow> = query.load(&mut c).await?;
            Ok(rows.into_iter().map(Payment::try_from).collect::<Result<_, _>>()?)
        })
        .await
    }

    async fn payment_by_reference(
        &mut self,
        provider: Provider,
        reference: &str,
    ) -> Result<Option<Payment>, StoreError> {
        let query = payments::table
            .filter(payments::provider.eq(provider.as_str()))
            .filter(payments::reference.eq(reference))
            .select(PaymentRow::as_select());
        self.call(async |mut c| {
            let row = query.first(&mut c).await.optional()?;
            Ok(row.map(Payment::try_from).transpose()?)
        })
        .await
    }

    async fn save_payment(&mut self, payment: &Payment) -> Result<(), StoreError> {
        let target = payments::table.find(payment.id.get());
        let facts = &payment.facts;
        let changes = (payments::state.eq(facts.state.as_str()), payments::settled_at.eq(facts.settled_at.map(millis)));
        self.call(async |mut c| Ok(one_row(diesel::update(target).set(changes).execute(&mut c).await?)?)).await
    }
}
