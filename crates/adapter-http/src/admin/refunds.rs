//! The money of a booking, for admins: what came in, what went back, and giving it back.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use attune_application::payments::RefundPaymentCommand;
use attune_domain::{Booking, BookingId, PaymentId, PaymentStatus, RefundId, UserId};
use attune_ports::{LedgerEntry, Payment, Provider, Refund};
use serde::Serialize;
use utoipa::ToSchema;

use crate::admin::bookings::{AdminBookingDetail, amount_for, answer_changed_as};
use crate::auth::Admin;
use crate::changes::reason;
use crate::idempotency::unfinished;
use crate::input::{Fields, FromFields, Request};
use crate::output::{self, Amount, Instant};
use crate::problem::Problem;
use crate::state::State;

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
    /// Where it stands.
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
    memo: Option<String>,
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
        let facts = &payment;
        Self {
            id: payment.id.get(),
            provider: facts.provider.as_str(),
            state: facts.state.as_str(),
            amount: Amount(facts.amount),
            currency: facts.amount.currency().code().to_owned(),
            method: facts.method.clone(),
            memo: facts.memo.clone(),
            recorded_by: facts.recorded_by.map(UserId::get),
            provider_reference: facts.charge.clone(),
            created_at: Instant(facts.created_at),
            settled_at: facts.settled_at.map(Instant),
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
    /// Where it stands.
    #[schema(schema_with = output::refund_stage)]
    status: &'static str,
    /// Why.
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
        let facts = &refund;
        Self {
            id: refund.id.get(),
            payment_id: facts.payment.get(),
            amount: Amount(facts.amount),
            status: facts.stage.as_str(),
            cause: facts.cause.as_str(),
            reason: facts.reason.clone(),
            requested_by: facts.requested_by.map(UserId::get),
            attempts: facts.attempts,
            last_error: facts.last_error.clone(),
            created_at: Instant(facts.created_at),
            settled_at: facts.settled_at.map(Instant),
        }
    }
}

/// An entry in the payment ledger.
#[derive(Serialize, ToSchema)]
#[schema(as = LedgerLine)]
pub(crate) struct LedgerBody {
    /// When it happened.
    #[schema(value_type = String, format = DateTime, example = "2024-01-10T08:02:00Z")]
    at: Instant,
    /// Which way.
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

/// A refund to make.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"amount": 40.00, "reason": "The session was shorter than agreed"}))]
pub(crate) struct RefundRequest {
    /// Amount, in the currency of the booking; defaults to everything that is left.
    #[schema(value_type = Option<f64>, exclusive_minimum = 0)]
    amount: Option<String>,
    /// Reason, at most 500 characters. Only the practice can read it.
    #[schema(max_length = 500)]
    reason: Option<String>,
    /// Payment ID; defaults to the payment that settled the booking.
    #[schema(value_type = Option<i64>, minimum = 1)]
    payment_id: Option<PaymentId>,
}

impl FromFields for RefundRequest {
    fn read(fields: &mut Fields) -> Option<Self> {
        let amount = fields.number("amount");
        let reason = reason(fields);
        let payment_id = fields.whole("payment_id", PaymentId::new);
        Some(Self { amount, reason, payment_id })
    }
}

/// Refund a payment
///
/// Refunds what is left of the payment, or a part of it, the way it was paid. The payment provider refunds an online
/// payment within minutes (202, `payment_status` is `refund_pending` until then). An offline payment is refunded by
/// hand, and this request records that it was (200). If its refund is already queued because the booking was cancelled,
/// the request records that it was paid out. Each payment can have one refund in progress.
#[utoipa::path(
    post, path = "/api/admin/bookings/{id}/refunds", operation_id = "refundPayment", tag = "Admin",
    security(("bearer" = [])),
    params(("id" = i64, Path, minimum = 1, description = "Booking ID", example = 42)),
    request_body = RefundRequest,
    responses(
        (status = 200, description = "Refunded; the updated booking", body = AdminBookingDetail),
        (status = 202, description = "Refund in progress; the updated booking", body = AdminBookingDetail),
    )
)]
pub(crate) async fn refund(
    state: Data<State>,
    Admin(caller): Admin,
    request: Request,
) -> Result<HttpResponse, Problem> {
    let id = request.booking_id()?;
    let metadata = request.origin();
    let (wish, key): (RefundRequest, _) = request.optional_wish(caller.user.id).await?;
    let amount = amount_for(&state, id, wish.amount).await?;
    let online = is_online(&state, id, wish.payment_id).await?;
    let status = move |booking: &Booking| {
        let pending = online || booking.payment_status() == PaymentStatus::RefundPending;
        if pending { StatusCode::ACCEPTED } else { StatusCode::OK }
    };
    let idempotency = key.map(|key| key.once_as(move |booking| (status(booking), unfinished(booking))));
    let granted = state
        .api
        .refund
        .run(RefundPaymentCommand {
            admin: caller.user.id,
            booking: id,
            payment: wish.payment_id,
            amount,
            reason: wish.reason,
            metadata,
            idempotency: idempotency.clone(),
        })
        .await?;
    answer_changed_as(&state, &caller.user, idempotency.as_ref(), granted, status).await
}

/// Whether the money that is meant came in online, as far as it is there already. The booking's payment status does not
/// tell: money that came twice has no part in it.
async fn is_online(state: &State, booking: BookingId, payment: Option<PaymentId>) -> Result<bool, Problem> {
    let payments = state.api.queries.payments(booking).await?;
    let meant = |p: &&Payment| p.state.is_paid() && payment.is_none_or(|id| id == p.id);
    let mut meant = payments.iter().filter(meant).peekable();
    Ok(meant.peek().is_some() && meant.all(|p| p.provider != Provider::Offline))
}
