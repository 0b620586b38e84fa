//! The page on which a client pays for an appointment that the practice booked.
//!
//! Everyone who has the link can see the page, so it contains no names. Viewing it changes nothing, because mail
//! scanners fetch links.

use actix_web::http::StatusCode;
use actix_web::http::header::LOCATION;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use attune_application::payments::{PayOutcome, PayPageError, PayState, PayView};
use attune_http_common::{Code, HandlerResult, Problem, wants_json};

use super::message::Message;
use crate::forms::refuse_other_sites;
use crate::response::Head;
use crate::shell::{Fact, Shell};
use crate::web::{View, Web, segment};

pub(crate) const PATH: &str = "/pay/{token}";

#[derive(Template)]
#[template(path = "pay.html")]
struct Pay {
    shell: Shell,
    sentence: String,
    facts: Vec<Fact>,
    button: Option<String>,
}

/// Show a payment page
///
/// The page of an emailed payment link, for people: the time of the appointment, the amount, until when the slot is held,
/// and a button that leads to the checkout. Once nothing can be paid, it says why. Viewing the page changes
/// nothing. Clients that accept `application/json` receive errors as problem details.
#[utoipa::path(
    get, path = PATH, operation_id = "showPaymentPage", tag = "Payments",
    params(("token" = String, Path, description = "Payment token", example = "AQAAAAAAAAAqO0mX1dY2cWzZkY7l4m3u5g")),
    responses(
        (status = 200, description = "The page", content_type = "text/html", body = String),
        (status = 404, description = "Unknown payment link", content_type = "text/html", body = String),
        (status = 410, description = "The hold expired, or the booking was cancelled", content_type = "text/html",
            body = String),
        (status = 500, description = "Internal error", content_type = "text/html", body = String),
        (status = 503, description = "The booking cannot be loaded now", content_type = "text/html", body = String)
    )
)]
pub(crate) async fn show(web: Data<Web>, http: HttpRequest) -> HandlerResult {
    match web.use_cases.pay_page.view(segment(&http, "token")).await {
        Ok(found) => page(&web.view(&http).await, &found),
        Err(error) => refuse(&web, &http, error).await,
    }
}

/// Pay for a booking
///
/// What the button of the payment page does. The request body is ignored. Redirects to the checkout, which is opened unless
/// it is open already.
#[utoipa::path(
    post, path = PATH, operation_id = "payForBooking", tag = "Payments",
    params(("token" = String, Path, description = "Payment token", example = "AQAAAAAAAAAqO0mX1dY2cWzZkY7l4m3u5g")),
    responses(
        (status = 200, description = "It is paid already, or being paid", content_type = "text/html", body = String),
        (status = 303, description = "Redirect to the checkout",
            headers(("Location" = String, description = "Checkout URL"))),
        (status = 403, description = "The form was sent by another site", content_type = "text/html", body = String),
        (status = 404, description = "Unknown payment link", content_type = "text/html", body = String),
        (status = 409, description = "Nothing can be paid, for clients that accept JSON"),
        (status = 410, description = "The hold expired, or the booking was cancelled", content_type = "text/html",
            body = String),
        (status = 500, description = "Internal error", content_type = "text/html", body = String),
        (status = 503, description = "The payment provider is unavailable", content_type = "text/html", body = String)
    )
)]
pub(crate) async fn pay(web: Data<Web>, http: HttpRequest, payload: Payload) -> HandlerResult {
    if let Some(refusal) = refuse_other_sites(&web, &http).await {
        return refusal;
    }
    web.settings.requests.skip(&http, &mut payload.into_inner()).await?;
    match web.use_cases.pay_page.pay(segment(&http, "token")).await {
        Ok(PayOutcome::Checkout(url)) => Ok(HttpResponse::SeeOther().insert_header((LOCATION, url)).finish()),
        Ok(PayOutcome::Closed(found)) if wants_json(&http) => Err(match found.state {
            PayState::Processing => Code::PaymentProcessing.into(),
            PayState::Paid => Code::AlreadyPaid.into(),
            PayState::Cancelled => Code::BookingCancelled.into(),
            PayState::Due { .. } | PayState::Expired => Code::HoldExpired.into(),
        }),
        Ok(PayOutcome::Closed(found)) => page(&web.view(&http).await, &found),
        Err(error) => refuse(&web, &http, error).await,
    }
}

fn page(view: &View<'_>, found: &PayView) -> HandlerResult {
    let time = |instant| view.phrases.local_time(instant, &found.zone);
    let begins = time(found.starts_at);
    let fact = |name, value, detail| Fact { name: view.text(name), value, detail };
    let mut facts = vec![
        fact("appointment-begins", begins.date_and_time, Some(begins.place)),
        fact("appointment-duration", view.phrases.minutes(found.minutes), None),
    ];
    let (heading, sentence, status) = match found.state {
        PayState::Due { .. } => ("pay-due", "pay-due-sentence", StatusCode::OK),
        PayState::Processing => ("pay-processing", "pay-processing-sentence", StatusCode::OK),
        PayState::Paid => ("pay-paid", "pay-paid-sentence", StatusCode::OK),
        PayState::Expired => ("pay-expired", "pay-expired-sentence", StatusCode::GONE),
        PayState::Cancelled => ("join-cancelled", "pay-cancelled-sentence", StatusCode::GONE),
    };
    let mut button = None;
    if let PayState::Due { amount, until } = found.state {
        let amount = view.phrases.money(amount);
        let until = time(until);
        button = Some(view.text_with("pay-button", &[("amount", (&amount).into())]));
        facts.push(fact("pay-amount", amount, None));
        facts.push(fact("pay-until", until.date_and_time, Some(until.place)));
    }
    facts.push(fact("pay-booking", found.booking.to_string(), None));
    // The origin of the checkout is known only once it is open, because a provider may use a host of the practice.
    let form_target = (button.is_some() && found.leaves_host).then(|| "https:".to_owned());
    let page = Pay { shell: view.shell(view.text(heading)), sentence: view.text(sentence), facts, button };
    view.respond(&page, Head { status, form_target, ..Head::default() })
}

async fn refuse(web: &Web, http: &HttpRequest, error: PayPageError) -> HandlerResult {
    let (heading, sentence) = match &error {
        PayPageError::Unknown => ("not-found", "join-unknown-sentence"),
        PayPageError::Checkout(_) | PayPageError::NotOnline | PayPageError::Store(_) => {
            ("failed", "pay-failed-sentence")
        }
    };
    let problem = Problem::from(error);
    if wants_json(http) {
        return Err(problem);
    }
    let view = web.view(http).await;
    Message::new(&view, heading, sentence).respond_to(&view, &problem)
}
