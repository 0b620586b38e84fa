use attune_domain::{BookingId, Currency, PaymentId, PaymentProblemId, RefundId, UserId};
use attune_ports::{
    LedgerEntry, LedgerKind, LedgerSum, NewPayment, NewPaymentProblem, NewRefund, Payment, PaymentProblem,
    PaymentState, ProblemKind, Provider, Refund, RefundCause, RefundStage, StoreError,
};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use jiff::Timestamp;

use super::{FromRow, instant, money, optional_id};
use crate::map::{from_millis, millis, number, sound};
use crate::schema::{ledger, payment_events, payment_problems, payments, refunds};

#[derive(Clone, Queryable, Selectable)]
#[diesel(table_name = payments)]
pub struct StoredPaymentRow {
    id: i64,
    #[diesel(embed)]
    payment: PaymentRow,
}

#[derive(Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = payments, treat_none_as_default_value = false)]
pub struct PaymentRow {
    booking_id: i64,
    provider: String,
    amount_minor: i64,
    currency: String,
    checkout_nonce: Option<Vec<u8>>,
    expires_at: Option<i64>,
    method: Option<String>,
    memo: Option<String>,
    recorded_by: Option<i64>,
    created_at: i64,
    #[diesel(embed)]
    changes: PaymentChanges,
}

/// The columns of a payment that may change.
#[derive(Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = payments, treat_none_as_null = true, treat_none_as_default_value = false)]
pub struct PaymentChanges {
    provider_checkout_id: String,
    state: String,
    checkout_url: Option<String>,
    provider_payment_id: Option<String>,
    check_at: Option<i64>,
    settled_at: Option<i64>,
}

impl FromRow for Payment {
    type Row = StoredPaymentRow;

    fn from_row(StoredPaymentRow { id, payment: row }: Self::Row) -> Result<Self, StoreError> {
        let changes = row.changes;
        Ok(Self {
            id: sound(PaymentId::new(id), "payments.id")?,
            booking: sound(BookingId::new(row.booking_id), "payments.booking_id")?,
            provider: sound(Provider::parse(&row.provider), "payments.provider")?,
            provider_checkout_id: changes.provider_checkout_id,
            amount: money(row.amount_minor, &row.currency)?,
            state: sound(PaymentState::parse(&changes.state), "payments.state")?,
            checkout_url: changes.checkout_url,
            checkout_nonce: row
                .checkout_nonce
                .map(|nonce| sound(nonce.try_into().ok(), "payments.checkout_nonce"))
                .transpose()?,
            expires_at: instant(row.expires_at)?,
            provider_payment_id: changes.provider_payment_id,
            check_at: instant(changes.check_at)?,
            method: row.method,
            memo: row.memo,
            recorded_by: optional_id(row.recorded_by, UserId::new, "payments.recorded_by")?,
            created_at: from_millis(row.created_at)?,
            settled_at: instant(changes.settled_at)?,
        })
    }
}

impl From<&NewPayment> for PaymentRow {
    fn from(payment: &NewPayment) -> Self {
        Self {
            booking_id: payment.booking.get(),
            provider: payment.provider.as_str().to_owned(),
            amount_minor: payment.amount.minor(),
            currency: payment.amount.currency().code().to_owned(),
            checkout_nonce: payment.checkout_nonce.map(|nonce| nonce.to_vec()),
            expires_at: payment.expires_at.map(millis),
            method: payment.method.clone(),
            memo: payment.memo.clone(),
            recorded_by: payment.recorded_by.map(UserId::get),
            created_at: millis(payment.created_at),
            changes: PaymentChanges::from(payment),
        }
    }
}

impl<Id> From<&Payment<Id>> for PaymentChanges {
    fn from(payment: &Payment<Id>) -> Self {
        Self {
            provider_checkout_id: payment.provider_checkout_id.clone(),
            state: payment.state.as_str().to_owned(),
            checkout_url: payment.checkout_url.clone(),
            provider_payment_id: payment.provider_payment_id.clone(),
            check_at: payment.check_at.map(millis),
            settled_at: payment.settled_at.map(millis),
        }
    }
}

#[derive(Clone, Queryable, Selectable)]
#[diesel(table_name = refunds)]
pub struct StoredRefundRow {
    id: i64,
    #[diesel(embed)]
    refund: RefundRow,
}

#[derive(Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = refunds, treat_none_as_default_value = false)]
pub struct RefundRow {
    booking_id: i64,
    payment_id: i64,
    idempotency_key: String,
    amount_minor: i64,
    currency: String,
    cause: String,
    reason: Option<String>,
    requested_by: Option<i64>,
    created_at: i64,
    #[diesel(embed)]
    changes: RefundChanges,
}

/// The columns of a refund that may change.
#[derive(Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = refunds, treat_none_as_null = true, treat_none_as_default_value = false)]
pub struct RefundChanges {
    stage: String,
    provider_refund_id: Option<String>,
    attempts: i64,
    next_at: Option<i64>,
    last_error: Option<String>,
    settled_at: Option<i64>,
}

impl FromRow for Refund {
    type Row = StoredRefundRow;

    fn from_row(StoredRefundRow { id, refund: row }: Self::Row) -> Result<Self, StoreError> {
        let changes = row.changes;
        Ok(Self {
            id: sound(RefundId::new(id), "refunds.id")?,
            booking: sound(BookingId::new(row.booking_id), "refunds.booking_id")?,
            payment: sound(PaymentId::new(row.payment_id), "refunds.payment_id")?,
            idempotency_key: row.idempotency_key,
            amount: money(row.amount_minor, &row.currency)?,
            cause: sound(RefundCause::parse(&row.cause), "refunds.cause")?,
            reason: row.reason,
            requested_by: optional_id(row.requested_by, UserId::new, "refunds.requested_by")?,
            stage: sound(RefundStage::parse(&changes.stage), "refunds.stage")?,
            provider_refund_id: changes.provider_refund_id,
            attempts: number(changes.attempts)?,
            next_at: instant(changes.next_at)?,
            last_error: changes.last_error,
            created_at: from_millis(row.created_at)?,
            settled_at: instant(changes.settled_at)?,
        })
    }
}

impl From<&NewRefund> for RefundRow {
    fn from(refund: &NewRefund) -> Self {
        Self {
            booking_id: refund.booking.get(),
            payment_id: refund.payment.get(),
            idempotency_key: refund.idempotency_key.clone(),
            amount_minor: refund.amount.minor(),
            currency: refund.amount.currency().code().to_owned(),
            cause: refund.cause.as_str().to_owned(),
            reason: refund.reason.clone(),
            requested_by: refund.requested_by.map(UserId::get),
            created_at: millis(refund.created_at),
            changes: RefundChanges::from(refund),
        }
    }
}

impl<Id> From<&Refund<Id>> for RefundChanges {
    fn from(refund: &Refund<Id>) -> Self {
        Self {
            stage: refund.stage.as_str().to_owned(),
            provider_refund_id: refund.provider_refund_id.clone(),
            attempts: i64::from(refund.attempts),
            next_at: refund.next_at.map(millis),
            last_error: refund.last_error.clone(),
            settled_at: refund.settled_at.map(millis),
        }
    }
}

#[derive(Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = ledger, treat_none_as_default_value = false)]
pub struct LedgerRow {
    at: i64,
    booking_id: i64,
    payment_id: i64,
    refund_id: Option<i64>,
    kind: String,
    amount_minor: i64,
    currency: String,
}

impl From<&LedgerEntry> for LedgerRow {
    fn from(entry: &LedgerEntry) -> Self {
        Self {
            at: millis(entry.at),
            booking_id: entry.booking.get(),
            payment_id: entry.payment.get(),
            refund_id: entry.refund.map(RefundId::get),
            kind: entry.kind.as_str().to_owned(),
            amount_minor: entry.amount.minor(),
            currency: entry.amount.currency().code().to_owned(),
        }
    }
}

impl FromRow for LedgerEntry {
    type Row = LedgerRow;

    fn from_row(row: LedgerRow) -> Result<Self, StoreError> {
        Ok(Self {
            at: from_millis(row.at)?,
            booking: sound(BookingId::new(row.booking_id), "ledger.booking_id")?,
            payment: sound(PaymentId::new(row.payment_id), "ledger.payment_id")?,
            refund: optional_id(row.refund_id, RefundId::new, "ledger.refund_id")?,
            kind: sound(LedgerKind::parse(&row.kind), "ledger.kind")?,
            amount: money(row.amount_minor, &row.currency)?,
        })
    }
}

#[derive(Clone, QueryableByName)]
pub struct LedgerSumRow {
    #[diesel(sql_type = BigInt)]
    quarter: i64,
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = Text)]
    currency: String,
    #[diesel(sql_type = BigInt)]
    minor: i64,
    #[diesel(sql_type = BigInt)]
    lines: i64,
}

impl FromRow for LedgerSum {
    type Row = LedgerSumRow;

    fn from_row(row: LedgerSumRow) -> Result<Self, StoreError> {
        Ok(Self {
            from: from_millis(row.quarter)?,
            kind: sound(LedgerKind::parse(&row.kind), "ledger.kind")?,
            minor: row.minor,
            currency: sound(Currency::parse(&row.currency).ok(), "ledger.currency")?,
            count: u64::try_from(row.lines).map_err(|e| StoreError::Corrupt(e.into()))?,
        })
    }
}

#[derive(Clone, Insertable)]
#[diesel(table_name = payment_events, treat_none_as_default_value = false)]
pub struct PaymentEventRow {
    provider: &'static str,
    id: String,
    at: i64,
}

impl PaymentEventRow {
    pub fn new(provider: Provider, id: &str, at: Timestamp) -> Self {
        Self { provider: provider.as_str(), id: id.to_owned(), at: millis(at) }
    }
}

#[derive(Clone, Queryable, Selectable)]
#[diesel(table_name = payment_problems)]
pub struct StoredProblemRow {
    id: i64,
    #[diesel(embed)]
    problem: ProblemRow,
}

#[derive(Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = payment_problems, treat_none_as_default_value = false)]
pub struct ProblemRow {
    key: String,
    kind: String,
    booking_id: Option<i64>,
    payment_id: Option<i64>,
    refund_id: Option<i64>,
    provider_reference: Option<String>,
    at: i64,
    resolved_at: Option<i64>,
}

impl FromRow for PaymentProblem {
    type Row = StoredProblemRow;

    fn from_row(StoredProblemRow { id, problem: row }: Self::Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: sound(PaymentProblemId::new(id), "payment_problems.id")?,
            dedupe_key: row.key,
            kind: sound(ProblemKind::parse(&row.kind), "payment_problems.kind")?,
            booking: optional_id(row.booking_id, BookingId::new, "payment_problems.booking_id")?,
            payment: optional_id(row.payment_id, PaymentId::new, "payment_problems.payment_id")?,
            refund: optional_id(row.refund_id, RefundId::new, "payment_problems.refund_id")?,
            provider_reference: row.provider_reference,
            at: from_millis(row.at)?,
            resolved_at: instant(row.resolved_at)?,
        })
    }
}

impl From<&NewPaymentProblem> for ProblemRow {
    fn from(problem: &NewPaymentProblem) -> Self {
        Self {
            key: problem.dedupe_key.clone(),
            kind: problem.kind.as_str().to_owned(),
            booking_id: problem.booking.map(BookingId::get),
            payment_id: problem.payment.map(PaymentId::get),
            refund_id: problem.refund.map(RefundId::get),
            provider_reference: problem.provider_reference.clone(),
            at: millis(problem.at),
            resolved_at: problem.resolved_at.map(millis),
        }
    }
}
