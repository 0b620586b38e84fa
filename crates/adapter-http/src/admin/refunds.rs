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

/// An attempt to collect the price of a booking.
#[derive(Serialize, ToSchema)]
#[schema(as = AdminPayment)]
pub(crate) struct AdminPaymentBody {
    /// Which attempt.
    #[schema(example = 11)]
    id: i64,
    /// Who collects: `offline` (the practice itself), `stripe` or `test`.
    #[schema(example = "stripe")]
    provider: &'static str,
    /// Where it stands.
    #[schema(schema_with = output::payment_state)]
    state: &'static str,
    /// How much.
    #[schema(value_type = f64, minimum = 0, example = 100.0)]
    amount: Amount,
    /// ISO 4217.
    #[schema(example = "EUR")]
    currency: String,
    /// How money came that came in outside.
    #[schema(required = true, example = json!(null))]
    method: Option<String>,
    /// The practice's own note about it.
    #[schema(required = true, example = json!(null))]
    memo: Option<String>,
    /// Which admin recorded it; null when nobody had to.
    #[schema(required = true, example = json!(null))]
    recorded_by: Option<i64>,
    /// The provider's name for the money, to find it on the provider's own pages. Null until some came.
    #[schema(required = true, example = "pi_3OYkFz2eZvKYlo2C1a2b3c4d")]
    provider_reference: Option<String>,
    /// Since when it is known.
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

/// Money that goes back, or went.
#[derive(Serialize, ToSchema)]
#[schema(as = AdminRefund)]
pub(crate) struct AdminRefundBody {
    /// Which refund.
    #[schema(example = 5)]
    id: i64,
    /// Of which payment.
    #[schema(example = 11)]
    payment_id: i64,
    /// How much, in the payment's currency.
    #[schema(value_type = f64, minimum = 0, example = 40.0)]
    amount: Amount,
    /// Where it stands.
    #[schema(schema_with = output::refund_stage)]
    status: &'static str,
    /// Why.
    #[schema(schema_with = output::refund_cause)]
    cause: &'static str,
    /// What the admin said about it.
    #[schema(required = true, example = "The session was shorter than agreed")]
    reason: Option<String>,
    /// Who decided so; null for the service itself, and for the provider.
    #[schema(required = true, example = 1)]
    requested_by: Option<i64>,
    /// How often the provider was asked in vain.
    #[schema(example = 0)]
    attempts: u32,
    /// What went wrong last, as a stable word.
    #[schema(required = true, example = json!(null))]
    last_error: Option<String>,
    /// Since when it is owed.
    #[schema(value_type = String, format = DateTime, example = "2024-01-16T09:00:00Z")]
    created_at: Instant,
    /// When it ended, one way or the other.
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

/// A line of the ledger: money that moved.
#[derive(Serialize, ToSchema)]
#[schema(as = LedgerLine)]
pub(crate) struct LedgerBody {
    /// When.
    #[schema(value_type = String, format = DateTime, example = "2024-01-10T08:02:00Z")]
    at: Instant,
    /// Which way.
    #[schema(schema_with = output::ledger_kind)]
    kind: &'static str,
    /// How much, without a sign.
    #[schema(value_type = f64, minimum = 0, example = 100.0)]
    amount: Amount,
    /// ISO 4217.
    #[schema(example = "EUR")]
    currency: String,
    /// Of which payment.
    #[schema(example = 11)]
    payment_id: i64,
    /// AuditContext which refund; null for money that came in.
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

/// What goes back.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"amount": 40.00, "reason": "The session was shorter than agreed"}))]
pub(crate) struct RefundRequest {
    /// How much, in the booking's currency; all that is left when left out.
    #[schema(value_type = Option<f64>, exclusive_minimum = 0)]
    amount: Option<String>,
    /// Why, at most 500 characters. Kept for the practice.
    #[schema(max_length = 500)]
    reason: Option<String>,
    /// Of which payment; the one that the booking stands on when left out.
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

/// Give money back
///
/// All that is left, or a part. It goes back the way it came: what was paid online leaves within minutes (202,
/// `payment_status` is `refund_pending` until then), and what came in outside is given back by hand, which is done with
/// this (200). If the practice owes it already, because the session was called off, this says that it was given back. One
/// refund of a payment at a time.
#[utoipa::path(
    post, path = "/api/admin/bookings/{id}/refunds", operation_id = "refundBooking", tag = "Admin",
    security(("bearer" = [])),
    params(("id" = i64, Path, minimum = 1, description = "The booking's id", example = 42)),
    request_body = RefundRequest,
    responses(
        (status = 200, description = "It is done; the booking as it is now", body = AdminBookingDetail),
        (status = 202, description = "It is on its way; the booking as it is now", body = AdminBookingDetail),
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
