//! The payment of a booking, for admins.

use actix_web::HttpResponse;
use actix_web::web::Data;
use attune_domain::Booking;
use attune_http_common::HandlerResult;
use attune_ports::Payment;
use serde::Serialize;
use utoipa::ToSchema;

use crate::client::payments::{self, PaymentBody};
use crate::request::auth::Admin;
use crate::request::input::{Nothing, Request};
use crate::state::State;

/// The payment of a booking, with the link for its client.
#[derive(Serialize, ToSchema)]
#[schema(as = BookingPayment)]
pub(crate) struct BookingPaymentBody {
    #[serde(flatten)]
    payment: PaymentBody,
    /// URL of our page on which the client pays, for emails and messages of your own; null if nothing can be paid online.
    /// Everyone who has it can see the time and the price, and pay.
    #[schema(required = true, example = "https://practice.example.org/pay/AQAAAAAAAAAqO0mX1dY2cWzZkY7l4m3u5g")]
    pay_url: Option<String>,
}

/// The page on which this booking can be paid.
pub(crate) fn pay_url(state: &State, booking: &Booking) -> Option<String> {
    let cases = &state.api.use_cases;
    let is_open = !booking.hold_has_expired(state.api.clock.now());
    cases.pay_pages.url_of(booking, cases.open_checkout.gateway.provider()).filter(|_| is_open)
}

async fn respond(state: &State, booking: &Booking, shown: Option<&Payment>) -> HandlerResult {
    let payment = payments::body(state, booking, shown).await?;
    Ok(HttpResponse::Ok().json(BookingPaymentBody { payment, pay_url: pay_url(state, booking) }))
}

/// Retrieve the payment of any booking
///
/// Does not open a checkout.
#[utoipa::path(
    get, path = "/api/admin/bookings/{id}/payment", operation_id = "getAnyPayment",
    responses((status = 200, description = "The payment", body = BookingPaymentBody))
)]
pub(crate) async fn show(state: Data<State>, Admin(caller): Admin, request: Request) -> HandlerResult {
    let id = request.booking_id()?;
    request.no_query()?;
    let booking = state.api.use_cases.view_booking.run(&caller.user, id).await?.booking;
    let shown = payments::shown(&state, &booking).await?;
    respond(&state, &booking, shown.as_ref()).await
}

/// Open a checkout for a client
///
/// The same checkout as for the client. `pay_url` is better for messages, because it stays valid until the hold ends.
#[utoipa::path(
    post, path = "/api/admin/bookings/{id}/payment", operation_id = "openCheckoutForClient",
    responses((status = 200, description = "The payment with its checkout", body = BookingPaymentBody))
)]
pub(crate) async fn open(state: Data<State>, Admin(caller): Admin, request: Request) -> HandlerResult {
    let id = request.booking_id()?;
    let Nothing = request.body().await?;
    let booking = state.api.use_cases.view_booking.run(&caller.user, id).await?.booking;
    let payment = state.api.use_cases.open_checkout.run(id, booking.client()).await?;
    let booking = state.api.use_cases.view_booking.run(&caller.user, id).await?.booking;
    respond(&state, &booking, Some(&payment)).await
}
