//! The pages to which the payment provider redirects, for practices without pages of their own.
//!
//! They are the same for everyone and read nothing: visiting them proves nothing. A booking is confirmed when the
//! provider reports the payment.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Data;

use crate::request::input::Request;
use crate::response::pages::Page;
use crate::response::problem::Problem;
use crate::state::State;

/// Show the checkout success page
///
/// A page for people, the same for every payment. It takes no parameters.
#[utoipa::path(
    get, path = "/checkout/done", operation_id = "showCheckoutSuccessPage", tag = "Payments",
    responses((status = 200, description = "The page", content_type = "text/html", body = String))
)]
pub(crate) async fn done(state: Data<State>, _: Request) -> Result<HttpResponse, Problem> {
    let sentence = "As soon as your payment is confirmed, your appointment is booked, and you receive an email with \
                    everything you need. This usually takes less than a minute. You can close this page.";
    Ok(Page::new(&state.settings.practice_name, "Thank you", sentence).respond(StatusCode::OK))
}

/// Show the checkout cancellation page
///
/// A page for people, the same for every payment. It takes no parameters.
#[utoipa::path(
    get, path = "/checkout/cancelled", operation_id = "showCheckoutCancellationPage", tag = "Payments",
    responses((status = 200, description = "The page", content_type = "text/html", body = String))
)]
pub(crate) async fn cancelled(state: Data<State>, _: Request) -> Result<HttpResponse, Problem> {
    let sentence = "You have not paid, and nothing was charged. Your time is held for a short while: until then, you can \
                    pay from your bookings.";
    Ok(Page::new(&state.settings.practice_name, "Not paid", sentence).respond(StatusCode::OK))
}
