//! Payments, inside a unit of work.

use async_trait::async_trait;
use attune_domain::{BookingId, PaymentId};
use attune_ports::{NewPayment, Payment, PaymentState, Payments, Provider, StoreError};
use attune_sql::schema::payments;
use attune_sql::{NewPaymentRow, PaymentRow, millis};
use diesel::prelude::*;

use super::SqliteUnitOfWork;
use crate::error::{identity, one_row, store_error};
use crate::queries::find_payment;

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

    async fn open_payments(&mut self, booking: BookingId) -> Result<Vec<Payment>, StoreError> {
        self.call(move |connection| {
            payments::table
                .filter(payments::booking_id.eq(booking.get()))
                .filter(payments::state.eq(PaymentState::Open.as_str()))
                .order(payments::id.desc())
                .select(PaymentRow::as_select())
                .load(connection)
                .map_err(store_error)?
                .into_iter()
                .map(Payment::try_from)
                .collect()
        })
        .await
    }

    async fn payment_by_reference(
        &mut self,
        provider: Provider,
        reference: &str,
    ) -> Result<Option<Payment>, StoreError> {
        let reference = reference.to_owned();
        self.call(move |connection| find_payment(connection, provider, &reference)).await
    }

    async fn save_payment(&mut self, payment: &Payment) -> Result<(), StoreError> {
        let (id, state, settled_at) = (payment.id, payment.facts.state, payment.facts.settled_at);
        self.call(move |connection| {
            let changed = diesel::update(payments::table.find(id.get()))
                .set((payments::state.eq(state.as_str()), payments::settled_at.eq(settled_at.map(millis))))
                .execute(connection)
                .map_err(store_error)?;
            one_row(changed)
        })
        .await
    }
}
