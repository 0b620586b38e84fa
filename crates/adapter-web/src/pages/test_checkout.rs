//! The checkout page of the test provider. Its button counts as a payment; no money is involved.

use actix_web::http::StatusCode;
use actix_web::http::header::LOCATION;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use attune_application::RequestMetadata;
use attune_domain::{Booking, Money};
use attune_http_common::{Code, HandlerResult, Problem, schema, wants_json};
use attune_ports::{PaymentState, Provider};
use serde::Serialize;
use utoipa::ToSchema;

use super::message::Message;
use crate::forms::refuse_other_sites;
use crate::shell::{Fact, Shell};
use crate::web::{View, Web, segment};

pub(crate) const PATH: &str = "/test-checkout/{reference}";

/// Result of the payment.
#[derive(Serialize, ToSchema)]
pub(crate) struct CheckoutResult {
    /// ID of the booking.
    #[schema(example = 42)]
    booking_id: i64,
    #[schema(schema_with = schema::booking_status)]
    status: &'static str,
    #[schema(schema_with = schema::payment_status)]
    payment_status: &'static str,
}

enum CheckoutState {
    Open(Booking, Money),
    Paid(Booking, Money),
}

#[derive(Template)]
#[template(path = "test_checkout.html")]
struct TestCheckout {
    shell: Shell,
    sentence: String,
    facts: Vec<Fact>,
    button: Option<String>,
}

/// Show a test checkout
///
/// A page for people, with the amount, the time of the appointment and a button. Viewing it changes nothing. It exists
/// only while the payment provider is `test`.
#[utoipa::path(
    get, path = PATH, operation_id = "showTestCheckout", tag = "Test checkout",
    params(("reference" = String, Path, description = "Checkout ID", example = "00112233445566778899aabbccddeeff")),
    responses(
        (status = 200, description = "The page", content_type = "text/html", body = String),
        (status = 404, description = "Unknown checkout", content_type = "text/html", body = String),
        (status = 410, description = "The checkout is closed", content_type = "text/html", body = String),
        (status = 500, description = "Internal error", content_type = "text/html", body = String),
        (status = 503, description = "The checkout cannot be loaded now", content_type = "text/html", body = String)
    )
)]
pub(crate) async fn show(web: Data<Web>, http: HttpRequest) -> HandlerResult {
    let found = checkout_state(&web, segment(&http, "reference")).await;
    let view = web.view(&http).await;
    match found {
        Ok(CheckoutState::Open(booking, amount)) => {
            let amount = view.phrases.money(amount);
            let button = view.text_with("test-checkout-button", &[("amount", (&amount).into())]);
            page(&view, ("test-checkout", "test-checkout-sentence"), &booking, amount, Some(button))
        }
        Ok(CheckoutState::Paid(booking, amount)) => {
            let amount = view.phrases.money(amount);
            page(&view, ("test-checkout-paid", "test-checkout-paid-sentence"), &booking, amount, None)
        }
        Err(problem) => refuse(&view, &problem),
    }
}

/// Pay a test checkout
///
/// What the button of the page does. The request body is ignored. Browsers are redirected back to the page; clients
/// that accept `application/json` receive the status of the booking.
#[utoipa::path(
    post, path = PATH, operation_id = "payTestCheckout", tag = "Test checkout",
    params(("reference" = String, Path, description = "Checkout ID", example = "00112233445566778899aabbccddeeff")),
    responses(
        (status = 200, description = "Paid, for clients that accept JSON", body = CheckoutResult),
        (status = 303, description = "Paid; redirect to the page"),
        (status = 403, description = "The form was sent by another site", content_type = "text/html", body = String),
        (status = 404, description = "Unknown checkout", content_type = "text/html", body = String),
        (status = 410, description = "The checkout is closed", content_type = "text/html", body = String),
        (status = 500, description = "Internal error", content_type = "text/html", body = String),
        (status = 503, description = "The checkout cannot be loaded now", content_type = "text/html", body = String)
    )
)]
pub(crate) async fn pay(web: Data<Web>, http: HttpRequest, payload: Payload) -> HandlerResult {
    if let Some(refusal) = refuse_other_sites(&web, &http).await {
        return refusal;
    }
    let requests = &web.settings.requests;
    requests.skip(&http, &mut payload.into_inner()).await?;
    let reference = segment(&http, "reference");
    match pay_checkout(&web, reference, &requests.metadata(&http)).await {
        Ok(booking) if wants_json(&http) => Ok(HttpResponse::Ok().json(CheckoutResult {
            booking_id: booking.id().get(),
            status: booking.status().as_str(),
            payment_status: booking.payment_status().as_str(),
        })),
        // A relative URL also works under a proxy's path.
        Ok(_) => Ok(HttpResponse::SeeOther().insert_header((LOCATION, reference)).finish()),
        Err(problem) if wants_json(&http) => Err(problem),
        Err(problem) => refuse(&web.view(&http).await, &problem),
    }
}

async fn pay_checkout(web: &Web, reference: &str, metadata: &RequestMetadata) -> Result<Booking, Problem> {
    if let CheckoutState::Paid(booking, _) = checkout_state(web, reference).await? {
        return Ok(booking);
    }
    let outcome = web.use_cases.pay_test_checkout.run(reference, metadata).await?;
    if outcome.state == PaymentState::Settled {
        Ok(outcome.booking)
    } else {
        // Just too late: the payment is refunded, as with real money.
        Err(Code::CheckoutClosed.into())
    }
}

/// The state of the checkout. A closed one stays closed, even if the slot is still free.
async fn checkout_state(web: &Web, reference: &str) -> Result<CheckoutState, Problem> {
    let queries = &web.queries;
    let payment = queries.payment_by_checkout_id(Provider::Test, reference).await?.ok_or(Code::CheckoutNotFound)?;
    let booking = queries.booking(payment.booking).await?.ok_or(Code::CheckoutNotFound)?.booking;
    let now = web.clock.now();

    match payment.state {
        // Even if a part was refunded in the meantime.
        PaymentState::Settled if booking.status().has_room() => Ok(CheckoutState::Paid(booking, payment.amount)),
        PaymentState::Open if !booking.hold_has_expired(now) && booking.check_payable(now).is_ok() => {
            Ok(CheckoutState::Open(booking, payment.amount))
        }
        PaymentState::Settled
        | PaymentState::Open
        | PaymentState::Opening
        | PaymentState::Processing
        | PaymentState::Closing
        | PaymentState::Unapplied
        | PaymentState::Closed => Err(Code::CheckoutClosed.into()),
    }
}

fn page(
    view: &View<'_>,
    (heading, sentence): (&str, &str),
    booking: &Booking,
    amount: String,
    button: Option<String>,
) -> HandlerResult {
    // The reader is unknown.
    let begins = view.practice_time(booking.scheduled_at());
    let amount = Fact { name: view.text("test-checkout-amount"), value: amount, detail: None };
    let appointment =
        Fact { name: view.text("test-checkout-appointment"), value: begins.date_and_time, detail: Some(begins.place) };
    let duration =
        Fact { name: view.text("appointment-duration"), value: view.phrases.minutes(booking.minutes()), detail: None };
    let page = TestCheckout {
        shell: view.shell(view.text(heading)),
        sentence: view.text(sentence),
        facts: vec![amount, appointment, duration],
        button,
    };
    view.respond(&page, StatusCode::OK)
}

fn refuse(view: &View<'_>, problem: &Problem) -> HandlerResult {
    let (heading, sentence) = if problem.code == Code::CheckoutNotFound {
        ("test-checkout-unknown", "test-checkout-unknown-sentence")
    } else if problem.code.status().is_server_error() {
        ("failed", "test-checkout-failed-sentence")
    } else {
        ("test-checkout-closed", "test-checkout-closed-sentence")
    };
    Message::new(view, heading, sentence).respond_to(view, problem)
}
