//! The payment webhook of Stripe.

use actix_web::HttpResponse;
use actix_web::web::Data;
use attune_http_common::{Code, HandlerResult, Problem};
use attune_ports::WebhookError;
use serde::Serialize;
use utoipa::ToSchema;

use crate::request::input::Request;
use crate::state::State;

/// Maximum size of an event, in bytes. Stripe's have a few thousand.
const MAX_MESSAGE_BYTES: usize = 256 * 1024;

/// An event, as Stripe sends it. Only these fields are read, and of the object only its status, its amount and its IDs;
/// names, email addresses and cards are ignored.
#[derive(ToSchema)]
#[schema(example = json!({
    "id": "evt_1PqzExampleAbcdefghijkl", "type": "checkout.session.completed", "created": 1_705_312_860,
    "livemode": true,
    "data": {"object": {
        "id": "cs_live_a1b2c3d4", "object": "checkout.session", "mode": "payment", "payment_status": "paid",
        "amount_total": 10_000, "currency": "eur", "client_reference_id": "42", "payment_intent": "pi_a1b2c3d4"
    }}
}))]
#[expect(dead_code, reason = "the documented form; the provider's adapter reads it")]
pub(crate) struct StripeEvent {
    /// ID of the event, the same for each delivery.
    id: String,
    /// `checkout.session.completed`, `.async_payment_succeeded`, `.async_payment_failed`, `.expired`, `refund.created`,
    /// `.updated` or `.failed`. Other types are ignored.
    r#type: String,
    /// Unix timestamp in seconds.
    created: i64,
    /// Whether it is about a live payment.
    livemode: bool,
    /// The object that the event is about, at that time, in `object`.
    #[schema(value_type = Object)]
    data: serde_json::Value,
}

/// Confirmation that the event was accepted.
#[derive(Serialize, ToSchema)]
pub(crate) struct WebhookReceipt {
    /// Always true.
    #[schema(example = true)]
    received: bool,
}

/// Receive a Stripe webhook
///
/// For webhooks of Stripe. A request is accepted only if `Stripe-Signature` is valid for the raw body and its timestamp
/// is within five minutes of now; there is no other authentication. Duplicate, late and out-of-order events change
/// nothing, and every accepted event is answered with 200, including those of types that are ignored. A payment that
/// does not match the booking changes no booking, but needs review and is listed as a payment problem.
///
/// After any other response, Stripe automatically sends the event again for three days: 503 `event_out_of_order` means
/// that the event is about a refund of a payment that is not known yet. Bookings do not depend on webhooks: payments
/// are also reconciled by polling Stripe. The endpoint exists only if its secret is configured.
#[utoipa::path(
    post, path = "/api/webhooks/stripe", operation_id = "receiveStripeWebhook", tag = "Payments",
    params((
        "Stripe-Signature" = String, Header, description = "Stripe's signature of the body",
        example = "t=1705312860,v1=f2c1a6b0e4d85973bb1e0c2d3f4a5968778695a4b3c2d1e0f9e8d7c6b5a49382"
    )),
    request_body = StripeEvent,
    responses((status = 200, description = "The event was accepted", body = WebhookReceipt))
)]
pub(crate) async fn receive(state: Data<State>, request: Request) -> HandlerResult {
    let reader = state.api.payment_events.as_ref().ok_or(Code::NotFound)?;
    let handle = state.api.use_cases.handle_webhook.as_ref().ok_or(Code::NotFound)?;
    let signature = request.only_header("stripe-signature").ok_or(Code::InvalidSignature)?;
    let metadata = request.metadata();
    let body = request.raw_body(MAX_MESSAGE_BYTES).await?;
    let event = reader.read(&signature, &body, state.api.clock.now()).map_err(rejected)?;
    let outcome = handle.run(&event, &metadata).await?;
    tracing::info!(event = event.id, ?outcome, "payment webhook processed");
    Ok(HttpResponse::Ok().json(WebhookReceipt { received: true }))
}

/// The response does not say what is wrong with a signature, because that would help to forge one.
fn rejected(error: WebhookError) -> Problem {
    match error {
        WebhookError::Forged | WebhookError::Stale => {
            tracing::warn!(%error, "payment webhook rejected");
            Code::InvalidSignature.into()
        }
        WebhookError::Unreadable => {
            tracing::error!(%error, "payment webhook unreadable");
            Code::BadRequest.into()
        }
    }
}
