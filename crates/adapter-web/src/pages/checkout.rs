//! The pages to which the payment provider redirects, for practices without pages of their own.
//!
//! They are the same for everyone and read nothing but the practice: visiting them proves nothing. A booking is
//! confirmed when the provider reports the payment.

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use attune_http_common::HandlerResult;

use super::message::Message;
use crate::web::Web;

pub(crate) const DONE: &str = "/checkout/done";
pub(crate) const CANCELLED: &str = "/checkout/cancelled";

/// Show the checkout success page
///
/// A page for people, the same for every payment. It takes no parameters.
#[utoipa::path(
    get, path = DONE, operation_id = "showCheckoutSuccessPage", tag = "Payments",
    responses((status = 200, description = "The page", content_type = "text/html", body = String))
)]
pub(crate) async fn done(web: Data<Web>, http: HttpRequest) -> HandlerResult {
    let view = web.view(&http).await;
    Message::new(&view, "checkout-done", "checkout-done-sentence").respond(&view, StatusCode::OK)
}

/// Show the checkout cancellation page
///
/// A page for people, the same for every payment. It takes no parameters.
#[utoipa::path(
    get, path = CANCELLED, operation_id = "showCheckoutCancellationPage", tag = "Payments",
    responses((status = 200, description = "The page", content_type = "text/html", body = String))
)]
pub(crate) async fn cancelled(web: Data<Web>, http: HttpRequest) -> HandlerResult {
    let view = web.view(&http).await;
    Message::new(&view, "checkout-cancelled", "checkout-cancelled-sentence").respond(&view, StatusCode::OK)
}
