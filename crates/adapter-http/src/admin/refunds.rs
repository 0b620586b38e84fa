//! Refunds, for admins.

use actix_web::http::StatusCode;
use actix_web::web::Data;
use attune_application::payments::RefundPaymentCommand;
use attune_domain::{Booking, BookingId, PaymentId, PaymentStatus};
use attune_http_common::{HandlerResult, Problem};
use attune_ports::{Payment, Provider};
use utoipa::ToSchema;

use crate::admin::booking_detail::{AdminBookingDetail, respond_changed_as};
use crate::admin::bookings::amount_for;
use crate::client::changes::reason;
use crate::request::auth::Admin;
use crate::request::input::{Fields, FromFields, Request};
use crate::state::State;

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
    const OPTIONAL: bool = true;

    fn read(fields: &mut Fields) -> Option<Self> {
        Some(Self {
            amount: fields.number("amount"),
            reason: reason(fields),
            payment_id: fields.whole("payment_id", PaymentId::new),
        })
    }
}

/// Refund a payment
///
/// Refunds what is left of the payment, or a part of it, the way it was paid. The payment provider refunds an online
/// payment within minutes (202, `payment_status` is `refund_pending` until then). An offline payment is refunded by
/// hand, and this request records that it was (200). If its refund is already queued because the booking was cancelled,
/// the request records that it was paid out. Each payment can have one refund in progress.
#[utoipa::path(
    post, path = "/api/admin/bookings/{id}/refunds", operation_id = "refundPayment",
    request_body = RefundRequest,
    responses(
        (status = 200, description = "Refunded; the updated booking", body = AdminBookingDetail),
        (status = 202, description = "Refund in progress; the updated booking", body = AdminBookingDetail)
    )
)]
pub(crate) async fn refund(state: Data<State>, Admin(caller): Admin, request: Request) -> HandlerResult {
    let id = request.booking_id()?;
    let metadata = request.metadata();
    let (body, idempotency): (RefundRequest, _) = request.idempotent_body(caller.user.id).await?;
    let amount = amount_for(&state, id, body.amount).await?;
    let online = is_online(&state, id, body.payment_id).await?;
    let status = |booking: &Booking| {
        let pending = online || booking.payment_status() == PaymentStatus::RefundPending;
        if pending { StatusCode::ACCEPTED } else { StatusCode::OK }
    };
    let command = RefundPaymentCommand {
        admin: caller.user.id,
        booking: id,
        payment: body.payment_id,
        amount,
        reason: body.reason,
        metadata,
        idempotency: idempotency.clone(),
    };
    let outcome = state.api.use_cases.refund.run(command).await?;
    respond_changed_as(&state, &caller.user, idempotency.as_ref(), outcome, status).await
}

/// Whether the payment to refund was received online. The payment status of the booking does not say so: it does not
/// cover unapplied payments.
async fn is_online(state: &State, booking: BookingId, payment: Option<PaymentId>) -> Result<bool, Problem> {
    let payments = state.api.queries.payments(booking).await?;
    let matches = |p: &&Payment| p.state.is_paid() && payment.is_none_or(|id| id == p.id);
    let mut matching = payments.iter().filter(matches).peekable();
    Ok(matching.peek().is_some() && matching.all(|p| p.provider != Provider::Offline))
}
