//! The checkout page of the test provider. Its button counts as a payment; no money is involved.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::LOCATION;
use actix_web::web::Data;
use attune_domain::Booking;
use attune_ports::{PaymentState, Provider};
use serde::Serialize;
use utoipa::ToSchema;

use crate::request::input::Request;
use crate::response::output;
use crate::response::pages::Page;
use crate::response::problem::{Code, Problem, problems};
use crate::state::State;

/// Result of the payment.
#[derive(Serialize, ToSchema)]
pub(crate) struct CheckoutResult {
    /// ID of the booking.
    #[schema(example = 42)]
    booking_id: i64,
    #[schema(schema_with = output::booking_status)]
    status: &'static str,
    #[schema(schema_with = output::payment_status)]
    payment_status: &'static str,
}

enum CheckoutState {
    Open(Booking),
    Paid(Booking),
}

/// Show a test checkout
///
/// A page for people, with the amount, the time of the appointment and a button. Viewing it changes nothing. It exists
/// only while the payment provider is `test`.
#[utoipa::path(
    get, path = "/test-checkout/{reference}", operation_id = "showTestCheckout", tag = "Test checkout",
    params(("reference" = String, Path, description = "Checkout ID", example = "00112233445566778899aabbccddeeff")),
    responses(
        (status = 200, description = "The page", content_type = "text/html", body = String),
        (status = 404, description = "Unknown checkout", content_type = "text/html", body = String),
        (status = 410, description = "The checkout is closed", content_type = "text/html", body = String)
    )
)]
pub(crate) async fn show(state: Data<State>, request: Request) -> Result<HttpResponse, Problem> {
    let page = |title, sentence| Page::new(&state.settings.practice_name, title, sentence);
    match checkout_state(&state, request.segment("reference")).await {
        Ok(CheckoutState::Open(booking)) => {
            Ok(page("Test payment", "No money is involved: the button counts as a payment.")
                .details(&[("Amount", &booking.price().to_string()), ("Appointment", &time_of(&booking))])
                .button("Pay")
                .respond(StatusCode::OK))
        }
        Ok(CheckoutState::Paid(booking)) => Ok(page("Paid", "Thank you. Your appointment is confirmed.")
            .details(&[("Amount", &booking.price().to_string()), ("Appointment", &time_of(&booking))])
            .respond(StatusCode::OK)),
        Err(problem) => Ok(error_page(&state, &problem)),
    }
}

problems! { PayTestCheckoutProblems: CheckoutNotFound, CheckoutClosed, RequestTimeout, PayloadTooLarge, BadRequest }

/// Pay a test checkout
///
/// What the button of the page does. The request body is ignored. Browsers are redirected back to the page; clients
/// that accept `application/json` receive the status of the booking.
#[utoipa::path(
    post, path = "/test-checkout/{reference}", operation_id = "payTestCheckout", tag = "Test checkout",
    params(("reference" = String, Path, description = "Checkout ID", example = "00112233445566778899aabbccddeeff")),
    responses(
        (status = 200, description = "Paid, for clients that accept JSON", body = CheckoutResult),
        (status = 303, description = "Paid; redirect to the page"),
        (status = 404, description = "Unknown checkout", content_type = "text/html", body = String),
        (status = 410, description = "The checkout is closed", content_type = "text/html", body = String),
        PayTestCheckoutProblems
    )
)]
pub(crate) async fn pay(state: Data<State>, mut request: Request) -> Result<HttpResponse, Problem> {
    request.skip_body().await?;
    let reference = request.segment("reference");
    match pay_checkout(&state, reference, &request).await {
        Ok(booking) if request.wants_json() => Ok(HttpResponse::Ok().json(CheckoutResult {
            booking_id: booking.id().get(),
            status: booking.status().as_str(),
            payment_status: booking.payment_status().as_str(),
        })),
        // A relative URL also works under a proxy's path.
        Ok(_) => Ok(HttpResponse::SeeOther().insert_header((LOCATION, reference)).finish()),
        Err(problem) if request.wants_json() => Err(problem),
        Err(problem) => Ok(error_page(&state, &problem)),
    }
}

async fn pay_checkout(state: &State, reference: &str, request: &Request) -> Result<Booking, Problem> {
    if let CheckoutState::Paid(booking) = checkout_state(state, reference).await? {
        return Ok(booking);
    }
    let outcome = state.api.use_cases.pay_test_checkout.run(reference, &request.metadata()).await?;
    match outcome.state {
        PaymentState::Settled => Ok(outcome.booking),
        // Just too late: the payment is refunded, as with real money.
        PaymentState::Opening
        | PaymentState::Open
        | PaymentState::Processing
        | PaymentState::Closing
        | PaymentState::Unapplied
        | PaymentState::Closed => Err(Code::CheckoutClosed.into()),
    }
}

/// The state of the checkout. A closed one stays closed, even if the slot is still free.
async fn checkout_state(state: &State, reference: &str) -> Result<CheckoutState, Problem> {
    let queries = &state.api.queries;
    let payment = queries.payment_by_checkout_id(Provider::Test, reference).await?.ok_or(Code::CheckoutNotFound)?;
    let booking = queries.booking(payment.booking).await?.ok_or(Code::CheckoutNotFound)?.booking;
    let now = state.api.clock.now();

    match payment.state {
        // Even if a part was refunded in the meantime.
        PaymentState::Settled if booking.status().has_room() => Ok(CheckoutState::Paid(booking)),
        PaymentState::Open if !booking.hold_has_expired(now) && booking.check_payable(now).is_ok() => {
            Ok(CheckoutState::Open(booking))
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

fn error_page(state: &State, problem: &Problem) -> HttpResponse {
    let (title, sentence, status) = if problem.code == Code::CheckoutNotFound {
        ("Not found", "This payment page does not exist. Please check the URL.", StatusCode::NOT_FOUND)
    } else if problem.code.status().is_server_error() {
        return actix_web::ResponseError::error_response(problem);
    } else {
        (
            "Closed",
            "This payment page is closed. If your appointment has not been paid, please book again.",
            StatusCode::GONE,
        )
    };
    Page::new(&state.settings.practice_name, title, sentence).respond(status)
}

/// In UTC, because the viewer is unknown.
fn time_of(booking: &Booking) -> String {
    format!("{} UTC, {} minutes", booking.scheduled_at().strftime("%-d %B %Y, %H:%M"), booking.minutes())
}
