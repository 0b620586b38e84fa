//! Payments, refunds and ledger entries, for admins.

use attune_domain::{RefundId, UserId};
use attune_ports::{LedgerEntry, Payment, Refund};
use serde::Serialize;
use utoipa::ToSchema;

use crate::response::output::{self, Amount, Instant};

/// A payment attempt for a booking.
#[derive(Serialize, ToSchema)]
#[schema(as = AdminPayment)]
pub(crate) struct AdminPaymentBody {
    /// Payment ID.
    #[schema(example = 11)]
    id: i64,
    /// Payment provider: `offline` (the practice itself), `stripe` or `test`.
    #[schema(example = "stripe")]
    provider: &'static str,
    #[schema(schema_with = output::payment_state)]
    state: &'static str,
    /// Amount.
    #[schema(value_type = f64, minimum = 0, example = 100.0)]
    amount: Amount,
    /// ISO 4217 currency code.
    #[schema(example = "EUR")]
    currency: String,
    /// Payment method of an offline payment.
    #[schema(required = true, example = json!(null))]
    method: Option<String>,
    /// The practice's own note about the payment.
    #[schema(required = true, example = json!(null))]
    note: Option<String>,
    /// ID of the admin who recorded it; null if it was not recorded by hand.
    #[schema(required = true, example = json!(null))]
    recorded_by: Option<i64>,
    /// The provider's ID of the payment, to find it in the provider's dashboard. Null until a payment was received.
    #[schema(required = true, example = "pi_3OYkFz2eZvKYlo2C1a2b3c4d")]
    provider_reference: Option<String>,
    /// When it was created.
    #[schema(value_type = String, format = DateTime, example = "2024-01-10T08:00:00Z")]
    created_at: Instant,
    /// When it was paid.
    #[schema(required = true, value_type = Option<String>, format = DateTime, example = "2024-01-10T08:02:00Z")]
    settled_at: Option<Instant>,
}

impl From<&Payment> for AdminPaymentBody {
    fn from(payment: &Payment) -> Self {
        Self {
            id: payment.id.get(),
            provider: payment.provider.as_str(),
            state: payment.state.as_str(),
            amount: Amount(payment.amount),
            currency: payment.amount.currency().code().to_owned(),
            method: payment.method.clone(),
            note: payment.memo.clone(),
            recorded_by: payment.recorded_by.map(UserId::get),
            provider_reference: payment.provider_payment_id.clone(),
            created_at: Instant(payment.created_at),
            settled_at: payment.settled_at.map(Instant),
        }
    }
}

/// A refund.
#[derive(Serialize, ToSchema)]
#[schema(as = AdminRefund)]
pub(crate) struct AdminRefundBody {
    /// Refund ID.
    #[schema(example = 5)]
    id: i64,
    /// Payment ID.
    #[schema(example = 11)]
    payment_id: i64,
    /// Amount, in the currency of the payment.
    #[schema(value_type = f64, minimum = 0, example = 40.0)]
    amount: Amount,
    #[schema(schema_with = output::refund_stage)]
    status: &'static str,
    #[schema(schema_with = output::refund_cause)]
    cause: &'static str,
    /// The admin's reason.
    #[schema(required = true, example = "The session was shorter than agreed")]
    reason: Option<String>,
    /// ID of the user who requested it; null for the service itself, and for the provider.
    #[schema(required = true, example = 1)]
    requested_by: Option<i64>,
    /// Number of failed requests to the provider.
    #[schema(example = 0)]
    attempts: u32,
    /// Last error, as a stable code.
    #[schema(required = true, example = json!(null))]
    last_error: Option<String>,
    /// When it was created.
    #[schema(value_type = String, format = DateTime, example = "2024-01-16T09:00:00Z")]
    created_at: Instant,
    /// When it succeeded or failed.
    #[schema(required = true, value_type = Option<String>, format = DateTime, example = json!(null))]
    settled_at: Option<Instant>,
}

impl From<&Refund> for AdminRefundBody {
    fn from(refund: &Refund) -> Self {
        Self {
            id: refund.id.get(),
            payment_id: refund.payment.get(),
            amount: Amount(refund.amount),
            status: refund.stage.as_str(),
            cause: refund.cause.as_str(),
            reason: refund.reason.clone(),
            requested_by: refund.requested_by.map(UserId::get),
            attempts: refund.attempts,
            last_error: refund.last_error.clone(),
            created_at: Instant(refund.created_at),
            settled_at: refund.settled_at.map(Instant),
        }
    }
}

/// An entry in the payment ledger.
#[derive(Serialize, ToSchema)]
#[schema(as = LedgerEntry)]
pub(crate) struct LedgerBody {
    /// When it happened.
    #[schema(value_type = String, format = DateTime, example = "2024-01-10T08:02:00Z")]
    at: Instant,
    #[schema(schema_with = output::ledger_kind)]
    kind: &'static str,
    /// Amount, never negative.
    #[schema(value_type = f64, minimum = 0, example = 100.0)]
    amount: Amount,
    /// ISO 4217 currency code.
    #[schema(example = "EUR")]
    currency: String,
    /// Payment ID.
    #[schema(example = 11)]
    payment_id: i64,
    /// Refund ID; null for a payment.
    #[schema(required = true, example = json!(null))]
    refund_id: Option<i64>,
}

impl From<&LedgerEntry> for LedgerBody {
    fn from(entry: &LedgerEntry) -> Self {
        Self {
            at: Instant(entry.at),
            kind: entry.kind.as_str(),
            amount: Amount(entry.amount),
            currency: entry.amount.currency().code().to_owned(),
            payment_id: entry.payment.get(),
            refund_id: entry.refund.map(RefundId::get),
        }
    }
}
