//! The payment of a booking, for its client.

use actix_web::HttpResponse;
use actix_web::web::Data;
use attune_domain::payment::RefundStage;
use attune_domain::{Booking, BookingStatus, PaymentStatus};
use attune_http_common::{Code, HandlerResult, Problem, schema};
use attune_ports::{Payment, PaymentState, Refund};
use serde::Serialize;
use utoipa::ToSchema;

use crate::request::auth::Signed;
use crate::request::input::{Nothing, Request};
use crate::response::output::{self, Amount, Instant};
use crate::state::State;

/// The payment of a booking.
#[derive(Serialize, ToSchema)]
#[schema(as = Payment)]
pub(crate) struct PaymentBody {
    #[schema(schema_with = output::provider)]
    provider: &'static str,
    /// URL at which to pay; null if nothing can be paid online now, and until a checkout was opened.
    #[schema(required = true, example = "https://practice.example.org/test-checkout/00112233445566778899aabbccddeeff")]
    checkout_url: Option<String>,
    /// Until when the slot is held for the payment.
    #[schema(required = true, value_type = Option<String>, format = DateTime, example = "2024-01-15T10:00:00Z")]
    expires_at: Option<Instant>,
    #[schema(schema_with = schema::payment_status)]
    payment_status: &'static str,
    /// Price of the appointment.
    #[schema(value_type = f64, minimum = 0, example = 100.0)]
    amount: Amount,
    /// What is left to pay: the price, less what was received of it.
    #[schema(value_type = f64, minimum = 0, example = 0.0)]
    amount_due: Amount,
    /// ISO 4217 currency code.
    #[schema(example = "EUR")]
    currency: String,
    /// Refunds, oldest first.
    refunds: Vec<RefundBody>,
}

/// A refund.
#[derive(Serialize, ToSchema)]
#[schema(as = Refund)]
pub(crate) struct RefundBody {
    /// Amount.
    #[schema(value_type = f64, minimum = 0, example = 100.0)]
    amount: Amount,
    #[schema(schema_with = output::refund_status)]
    status: &'static str,
    /// When it was created.
    #[schema(value_type = String, format = DateTime, example = "2024-01-15T10:00:00Z")]
    created_at: Instant,
    /// When it succeeded or failed.
    #[schema(required = true, value_type = Option<String>, format = DateTime, example = "2024-01-15T10:00:00Z")]
    settled_at: Option<Instant>,
}

impl RefundBody {
    /// `None` if another refund replaced it.
    fn new(refund: &Refund) -> Option<Self> {
        (refund.stage != RefundStage::Retried).then(|| Self {
            amount: Amount(refund.amount),
            status: refund.stage.as_str(),
            created_at: Instant(refund.created_at),
            settled_at: refund.settled_at.map(Instant),
        })
    }
}

/// The attempt with the lowest rank is shown; of equals the newest.
fn rank(payment: &Payment) -> u8 {
    match payment.state {
        PaymentState::Settled => 0,
        PaymentState::Open => 1,
        PaymentState::Processing => 2,
        PaymentState::Opening | PaymentState::Closing => 3,
        PaymentState::Unapplied => 4,
        PaymentState::Closed => 5,
    }
}

pub(crate) async fn body(state: &State, booking: &Booking, shown: Option<&Payment>) -> Result<PaymentBody, Problem> {
    let refunds = state.api.queries.refunds(booking.id()).await?;
    // No second payment is offered while one is being processed.
    let can_pay = booking.status() == BookingStatus::PendingPayment
        && booking.payment_status() != PaymentStatus::Processing
        && !booking.hold_has_expired(state.api.clock.now());
    let open = shown.filter(|payment| can_pay && payment.state == PaymentState::Open);
    let provider =
        shown.map_or_else(|| state.api.use_cases.open_checkout.gateway.provider(), |payment| payment.provider);
    Ok(PaymentBody {
        provider: provider.as_str(),
        checkout_url: open.and_then(|payment| payment.checkout_url.clone()),
        expires_at: booking.hold_expires_at().map(Instant),
        payment_status: booking.payment_status().as_str(),
        amount: Amount(booking.price()),
        amount_due: Amount(state.api.use_cases.open_checkout.amount_due(booking).await?),
        currency: booking.price().currency().code().to_owned(),
        refunds: refunds.iter().filter_map(RefundBody::new).collect(),
    })
}

/// The payment of the booking that is shown, if there is one.
pub(crate) async fn shown(state: &State, booking: &Booking) -> Result<Option<Payment>, Problem> {
    Ok(state.api.queries.payments(booking.id()).await?.into_iter().min_by_key(rank))
}

/// Retrieve a payment
///
/// For the client who owns the booking. Does not open a checkout.
#[utoipa::path(
    get, path = "/api/bookings/{id}/payment", operation_id = "getPayment", tag = "Payments", security(("bearer" = [])),
    responses((status = 200, description = "The payment", body = PaymentBody))
)]
pub(crate) async fn show(state: Data<State>, Signed(caller): Signed, request: Request) -> HandlerResult {
    let id = request.booking_id()?;
    request.no_query()?;
    let booking = state.api.use_cases.view_booking.run(&caller.user, id).await?.booking;
    if booking.client() != caller.user.id {
        return Err(Code::Forbidden.into());
    }
    let shown = shown(&state, &booking).await?;
    Ok(HttpResponse::Ok().json(body(&state, &booking, shown.as_ref()).await?))
}

/// Open a checkout
///
/// Returns the URL at which the client pays. Repeated requests, with or without an `Idempotency-Key`, return the same
/// checkout; a new one is opened only after an attempt failed. If the payment provider is unavailable, the booking
/// keeps its slot, and the request can be retried.
#[utoipa::path(
    post, path = "/api/bookings/{id}/payment", operation_id = "openCheckout", tag = "Payments",
    security(("bearer" = [])),
    responses((status = 200, description = "The payment with its checkout", body = PaymentBody))
)]
pub(crate) async fn open(state: Data<State>, Signed(caller): Signed, request: Request) -> HandlerResult {
    let id = request.booking_id()?;
    let Nothing = request.body().await?;
    let payment = state.api.use_cases.open_checkout.run(id, caller.user.id).await?;
    let booking = state.api.use_cases.view_booking.run(&caller.user, id).await?.booking;
    Ok(HttpResponse::Ok().json(body(&state, &booking, Some(&payment)).await?))
}
