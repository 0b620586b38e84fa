//! Paying for a booking.

use actix_web::HttpResponse;
use actix_web::web::Data;
use attune_domain::Booking;
use attune_ports::{Payment, PaymentState, Provider};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use crate::auth::Signed;
use crate::input::{Nothing, Request};
use crate::output::{self, Amount, Instant};
use crate::problem::{Code, Problem};
use crate::state::State;

/// Where a booking's payment stands.
#[derive(Serialize, ToSchema)]
#[schema(as = Payment)]
pub(crate) struct PaymentBody {
    /// Who collects: `none`, `offline` (the practice itself) or `test`.
    #[schema(example = "test")]
    provider: &'static str,
    /// Where to pay; null when there is nothing to pay here or now.
    #[schema(required = true, example = "https://practice.example.org/test-checkout/00112233445566778899aabbccddeeff")]
    checkout_url: Option<String>,
    /// Until when the slot waits for the payment.
    #[schema(required = true, value_type = Option<String>, format = DateTime, example = "2024-01-15T10:00:00Z")]
    expires_at: Option<Instant>,
    /// As in the booking.
    #[schema(schema_with = output::payment_status)]
    payment_status: &'static str,
    /// The price.
    #[schema(value_type = f64, minimum = 0, example = 100.0)]
    amount: Amount,
    /// ISO 4217.
    #[schema(example = "EUR")]
    currency: String,
    /// What went back.
    refunds: Vec<RefundBody>,
}

/// Money that went back.
#[derive(Serialize, ToSchema)]
#[schema(as = Refund)]
pub(crate) struct RefundBody {
    /// How much.
    #[schema(value_type = f64, minimum = 0, example = 100.0)]
    amount: Amount,
    /// When.
    #[schema(value_type = String, format = DateTime, example = "2024-01-15T10:00:00Z")]
    created_at: Instant,
}

impl PaymentBody {
    fn new(booking: &Booking, payment: Option<&Payment>, provider: Provider, now: Timestamp) -> Self {
        let open = payment.filter(|p| p.facts.state == PaymentState::Open && !booking.hold_is_over(now));
        Self {
            provider: payment.map_or(provider, |p| p.facts.provider).as_str(),
            checkout_url: open.and_then(|p| p.facts.checkout_url.clone()),
            expires_at: booking.hold_expires_at.map(Instant),
            payment_status: booking.payment_status.as_str(),
            amount: Amount(booking.price),
            currency: booking.price.currency().code().to_owned(),
            refunds: Vec::new(),
        }
    }
}

/// Where the payment stands
///
/// For the client whose booking it is.
#[utoipa::path(
    get, path = "/api/bookings/{id}/payment", operation_id = "showPayment", tag = "Payments", security(("bearer" = [])),
    params(("id" = i64, Path, minimum = 1, description = "The booking's id", example = 42)),
    responses((status = 200, description = "The payment", body = PaymentBody))
)]
pub(crate) async fn show(
    state: Data<State>,
    Signed(caller): Signed,
    request: Request,
) -> Result<HttpResponse, Problem> {
    let id = request.booking_id()?;
    request.no_query()?;
    let booking = state.api.links.visible(&caller.user, id).await?.booking;
    if booking.client != caller.user.id {
        return Err(Code::Forbidden.into());
    }
    let payments = state.api.queries.payments(id).await?;
    let telling = [PaymentState::Open, PaymentState::Settled, PaymentState::Closed]
        .into_iter()
        .find_map(|state| payments.iter().find(|p| p.facts.state == state));
    let provider = state.api.open_checkout.gateway.provider();
    Ok(HttpResponse::Ok().json(PaymentBody::new(&booking, telling, provider, state.api.clock.now())))
}

/// Open the checkout
///
/// Answers with the place to pay. Asking again leads to the same place.
#[utoipa::path(
    post, path = "/api/bookings/{id}/payment", operation_id = "openPayment", tag = "Payments",
    security(("bearer" = [])),
    params(("id" = i64, Path, minimum = 1, description = "The booking's id", example = 42)),
    responses((status = 200, description = "The open payment", body = PaymentBody))
)]
pub(crate) async fn open(
    state: Data<State>,
    Signed(caller): Signed,
    request: Request,
) -> Result<HttpResponse, Problem> {
    let id = request.booking_id()?;
    let Nothing = request.optional_body().await?;
    let payment = state.api.open_checkout.run(id, caller.user.id).await?;
    let booking = state.api.links.visible(&caller.user, id).await?.booking;
    let body = PaymentBody::new(&booking, Some(&payment), payment.facts.provider, state.api.clock.now());
    Ok(HttpResponse::Ok().json(body))
}
