//! The page on which a client cancels an appointment. It says what is refunded before the button.

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Payload};
use askama::Template;
use attune_application::bookings::{Change, ChangeBookingCommand, ChangeBookingError};
use attune_domain::booking::ChangeError;
use attune_domain::{Booking, BookingStatus, CancellationQuote, Money, PaymentStatus};
use attune_http_common::{HandlerResult, Problem};
use attune_ports::{PaymentState, Provider};

use super::message::Message;
use crate::forms::{Form, refuse_forged};
use crate::own_booking::{OwnBooking, ROLE};
use crate::shell::{Fact, Link, Shell};
use crate::visit::{Section, Visit};
use crate::web::Web;

pub(crate) const PATH: &str = "/appointments/{id}/cancel";
const PURPOSE: &str = "cancel";

/// As in the API.
const MAX_REASON_CHARS: usize = 500;

#[derive(Template)]
#[template(path = "cancel_appointment.html")]
struct CancelAppointment {
    shell: Shell,
    /// Why the form is shown again.
    error: Option<String>,
    facts: Vec<Fact>,
    statement: String,
    explanations: Vec<String>,
    form_token: String,
    expected_refund: String,
    version: u32,
    reason: Reason,
    button: String,
    keep: Link,
    /// The heading, a sentence and the link of the page that moves the appointment.
    instead: Option<(String, String, Link)>,
}

struct Reason {
    label: String,
    hint: String,
    error: Option<String>,
    value: String,
    max: usize,
}

/// What was sent and is shown again.
#[derive(Default)]
struct Sent {
    reason: String,
    is_too_long: bool,
    /// The name of the sentence that says what has changed.
    change: Option<&'static str>,
}

/// `GET /appointments/{id}/cancel`
pub(crate) async fn show(web: Data<Web>, http: HttpRequest) -> HandlerResult {
    let visit = web.visit(&http).await?;
    match OwnBooking::of(&web, &http, &visit, "/cancel").await {
        Ok(own) => ask(&web, &visit, &own, Sent::default()).await,
        Err(response) => response,
    }
}

/// `POST /appointments/{id}/cancel`
pub(crate) async fn cancel(web: Data<Web>, http: HttpRequest, payload: Payload) -> HandlerResult {
    if let Some(refusal) = refuse_forged(&web, &http).await {
        return refusal;
    }
    let visit = web.visit(&http).await?;
    let mut form = Form::read(&web, &http, payload).await?;
    let own = match OwnBooking::of(&web, &http, &visit, "/cancel").await {
        Ok(own) => own,
        Err(response) => return response,
    };
    if let Err(problem) = visit.check_form(&mut form, PURPOSE) {
        return visit.refuse(&problem);
    }
    let sent = Sent { reason: form.take("reason").trim().replace('\r', ""), ..Sent::default() };
    let is_text = !sent.reason.contains(|c: char| c.is_control() && c != '\n' && c != '\t');
    if !is_text || sent.reason.chars().count() > MAX_REASON_CHARS {
        return ask(&web, &visit, &own, Sent { is_too_long: true, ..sent }).await;
    }
    let currency = own.booking.price().currency();
    let expected = Money::parse_decimal(&form.take("expected_refund"), currency).ok();
    let version = form.take("version").parse().ok();
    // Without both, it is not the form that the page shows.
    let (Some(expected), Some(version)) = (expected, version) else {
        return ask(&web, &visit, &own, Sent { change: Some("appointment-changed"), ..sent }).await;
    };
    let reason = Some(sent.reason.clone()).filter(|reason| !reason.is_empty());
    let command = ChangeBookingCommand {
        actor: own.client.id,
        role: ROLE,
        booking: own.booking.id(),
        change: Change::Cancel { reason, expected_refund: Some(expected) },
        version: Some(version),
        metadata: web.settings.requests.metadata(&http),
        idempotency: None,
    };
    let change = match web.use_cases.change_booking.run_on(&own.booking, command).await {
        Ok(_) => return visit.redirect(&format!("{}?cancelled", own.path())),
        // It was sent twice.
        Err(_) if own.booking.status() == BookingStatus::Cancelled => {
            return visit.redirect(&format!("{}?cancelled", own.path()));
        }
        Err(ChangeBookingError::QuoteChanged) => "cancel-quote-changed",
        Err(ChangeBookingError::VersionConflict) => "appointment-changed",
        Err(ChangeBookingError::State(ChangeError::InvalidState | ChangeError::WindowClosed)) => {
            return closed(&visit, &own);
        }
        Err(error) => return visit.refuse(&Problem::from(error)),
    };
    match OwnBooking::of(&web, &http, &visit, "/cancel").await {
        Ok(own) => ask(&web, &visit, &own, Sent { change: Some(change), ..sent }).await,
        Err(response) => response,
    }
}

async fn ask(web: &Web, visit: &Visit<'_>, own: &OwnBooking, sent: Sent) -> HandlerResult {
    let quote = match web.use_cases.change_booking.quote(own.client.id, ROLE, own.booking.id()).await {
        Ok((_, quote)) => quote,
        Err(ChangeBookingError::State(_)) => return closed(visit, own),
        Err(error) => return visit.refuse(&Problem::from(error)),
    };
    let by_hand = match is_paid_by_hand(web, &own.booking).await {
        Ok(by_hand) => by_hand,
        Err(problem) => return visit.refuse(&problem),
    };
    let view = &visit.view;
    let (statement, explanations) = quoted(visit, own, &quote, by_hand);
    let refund = view.phrases.money(quote.refund);
    let button = match (quote.refund.is_zero(), quote.fee.is_zero()) {
        (false, _) => view.text_with("cancel-button-refund", &[("refund", (&refund).into())]),
        (true, false) => view.text("cancel-button-nothing"),
        (true, true) => view.text("cancel-button"),
    };
    let instead = own.can_move().then(|| {
        let href = view.href(&format!("{}/move", own.path()));
        let link = Link { href, text: view.text("move-heading") };
        (view.text("cancel-instead"), view.text("cancel-instead-sentence"), link)
    });
    let shell = visit.shell(view.text("cancel-heading"), Section::Appointments);
    let status = match (sent.is_too_long, sent.change) {
        (true, _) => StatusCode::UNPROCESSABLE_ENTITY,
        (false, Some(_)) => StatusCode::CONFLICT,
        (false, None) => StatusCode::OK,
    };
    let page = CancelAppointment {
        shell: if status == StatusCode::OK { shell } else { view.with_error(shell) },
        error: sent.change.map(|name| view.text(name)),
        facts: own.facts(view),
        statement,
        explanations,
        form_token: visit.form_token(PURPOSE),
        expected_refund: quote.refund.to_decimal(),
        version: own.booking.version(),
        reason: Reason {
            label: view.text("cancel-reason"),
            hint: view.text("cancel-reason-hint"),
            error: sent.is_too_long.then(|| view.text("cancel-reason-invalid")),
            value: sent.reason,
            max: MAX_REASON_CHARS,
        },
        button,
        keep: Link { href: view.href(&own.path()), text: view.text("cancel-keep") },
        instead,
    };
    visit.respond(&page, status)
}

/// What is refunded, and why.
fn quoted(visit: &Visit<'_>, own: &OwnBooking, quote: &CancellationQuote, by_hand: bool) -> (String, Vec<String>) {
    let view = &visit.view;
    let (refund, kept) = (view.phrases.money(quote.refund), view.phrases.money(quote.fee));
    let free_until = view.phrases.local_time(quote.free_until, &own.zone).date_and_time;
    let values = [("refund", (&refund).into()), ("kept", (&kept).into()), ("free_until", (&free_until).into())];
    let say = |name: &str| view.text_with(name, &values);
    let how = if by_hand { "cancel-refund-by-hand" } else { "cancel-refund-way" };
    match (quote.refund.is_zero(), quote.fee.is_zero()) {
        (true, true) => (say("cancel-no-money"), Vec::new()),
        (true, false) => (say("cancel-nothing"), vec![say("cancel-nothing-because")]),
        (false, false) => (say("cancel-part"), vec![say("cancel-part-because"), say(how)]),
        (false, true) if quote.late => (say("cancel-full"), vec![say(how)]),
        (false, true) => (say("cancel-full"), vec![say("cancel-full-because"), say(how)]),
    }
}

/// Whether the practice collected the price itself, and so returns it itself.
async fn is_paid_by_hand(web: &Web, booking: &Booking) -> Result<bool, Problem> {
    if !booking.payment_status().has_been_paid() {
        return Ok(false);
    }
    let payments = web.queries.payments(booking.id()).await?;
    let mut settled = payments.iter().filter(|payment| payment.state == PaymentState::Settled);
    Ok(settled.any(|payment| payment.provider == Provider::Offline))
}

/// Why it cannot be cancelled.
fn closed(visit: &Visit<'_>, own: &OwnBooking) -> HandlerResult {
    let view = &visit.view;
    let booking = &own.booking;
    let name = match booking.status() {
        BookingStatus::Cancelled => "cancel-closed-cancelled",
        BookingStatus::Expired => "cancel-closed-expired",
        BookingStatus::PendingPayment if booking.payment_status() == PaymentStatus::Processing => {
            "cancel-closed-processing"
        }
        BookingStatus::PendingPayment => "cancel-closed-expired",
        BookingStatus::Scheduled if own.now < booking.ends_at() => "cancel-closed-begun",
        BookingStatus::Scheduled | BookingStatus::Completed | BookingStatus::NoShow => "cancel-closed-over",
    };
    let when = view.phrases.local_time(booking.scheduled_at(), &own.zone).date_and_time;
    let sentence = view.text_with(name, &[("when", (&when).into())]);
    refuse(visit, own, "cancel-closed", sentence)
}

/// A page that says why a change is not possible, and how to reach the practice.
pub(crate) fn refuse(visit: &Visit<'_>, own: &OwnBooking, heading: &str, sentence: String) -> HandlerResult {
    let view = &visit.view;
    let shell = visit.shell(view.text(heading), Section::Appointments);
    let reach = if shell.contact.is_empty() { "appointment-ask" } else { "appointment-ask-below" };
    let page = Message {
        sentences: vec![sentence, view.text(reach)],
        link: Some(Link { href: view.href(&own.path()), text: view.text("appointment-back") }),
        shell,
    };
    visit.respond(&page, StatusCode::CONFLICT)
}
