//! What the payment provider tells by itself: its webhooks.

use actix_web::HttpResponse;
use actix_web::web::Data;
use attune_ports::WebhookError;
use serde::Serialize;
use utoipa::ToSchema;

use crate::input::Request;
use crate::problem::{Code, Problem};
use crate::state::State;

/// Largest message, in bytes. Stripe's have a few thousand.
const MAX_MESSAGE_BYTES: usize = 256 * 1024;

/// An event, as Stripe sends it. What is read of it are the fields here, and of the object the state, the amount and the
/// names that it was given here. Names, e-mail addresses and cards of people are passed over.
#[derive(ToSchema)]
#[schema(example = json!({
    "id": "evt_1PqzExampleAbcdefghijkl", "object": "event", "type": "checkout.session.completed", "created": 1_705_312_860,
    "livemode": true,
    "data": {"object": {
        "id": "cs_live_a1b2c3d4", "object": "checkout.session", "mode": "payment", "payment_status": "paid",
        "amount_total": 10_000, "currency": "eur", "client_reference_id": "42", "payment_intent": "pi_a1b2c3d4"
    }}
}))]
#[expect(dead_code, reason = "the documented form; who reads it is the reader of the provider's messages")]
pub(crate) struct StripeEvent {
    /// The event's own name, the same each time it is sent.
    id: String,
    /// `checkout.session.completed`, `.async_payment_succeeded`, `.async_payment_failed`, `.expired`, `refund.created`,
    /// `.updated` or `.failed`. Others are forgotten.
    r#type: String,
    /// When it happened, in seconds since 1970.
    created: i64,
    /// Whether it is about real money.
    livemode: bool,
    /// What it is about, as it was at that moment, in `object`.
    #[schema(value_type = Object)]
    data: serde_json::Value,
}

/// The message arrived.
#[derive(Serialize, ToSchema)]
pub(crate) struct MessageReceived {
    /// Always true.
    #[schema(example = true)]
    received: bool,
}

/// Tell what happened to a payment
///
/// For webhooks of Stripe. The body is believed only if `Stripe-Signature` is right for its bytes as they came, with a time
/// at most five minutes from now; nothing else says who calls. Telling something twice, late, or in another order changes
/// nothing, and whatever was taken note of is answered with 200: also what is of no concern here, and what differs from
/// what is due, which changes no booking and is shown to the admins instead.
///
/// Everything else is to be sent again, which Stripe does by itself for three days: 503 `not_yet` is about a refund whose
/// payment is not known here yet. A booking does not depend on these messages: Stripe is asked as well where a payment
/// stands. Without the setting of the endpoint's secret there is nothing at this address.
#[utoipa::path(
    post, path = "/api/webhooks/stripe", operation_id = "stripeWebhook", tag = "Payments",
    params((
        "Stripe-Signature" = String, Header, description = "What Stripe signed the body with",
        example = "t=1705312860,v1=f2c1a6b0e4d85973bb1e0c2d3f4a5968778695a4b3c2d1e0f9e8d7c6b5a49382"
    )),
    request_body = StripeEvent,
    responses((status = 200, description = "Taken note of", body = MessageReceived))
)]
pub(crate) async fn receive(state: Data<State>, request: Request) -> Result<HttpResponse, Problem> {
    let messages = state.api.payment_messages.as_ref().ok_or(Code::NotFound)?;
    let signature = request.only_header("stripe-signature").ok_or(Code::BadSignature)?;
    let body = request.raw_body(MAX_MESSAGE_BYTES).await?;
    let event = messages.reader.read(&signature, &body, state.api.clock.now()).map_err(refused)?;
    let heard = messages.hear.run(&event).await?;
    tracing::info!(event = event.id, ?heard, "the payment provider told something");
    Ok(HttpResponse::Ok().json(MessageReceived { received: true }))
}

/// The sender does not learn what was wrong with the signature: whoever tries them out should have nothing to go by.
fn refused(refusal: WebhookError) -> Problem {
    match refusal {
        WebhookError::Forged | WebhookError::Stale => {
            tracing::warn!(reason = %refusal, "a message about payments was refused");
            Code::BadSignature.into()
        }
        WebhookError::Unreadable => {
            tracing::error!(reason = %refusal, "a message of the payment provider was refused");
            Code::BadRequest.into()
        }
    }
}
