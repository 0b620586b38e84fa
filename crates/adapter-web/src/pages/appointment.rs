//! One appointment of the visitor: what is known about it, and what can be done.

use actix_web::http::StatusCode;
use actix_web::http::header::LOCATION;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use attune_application::payments::{PayOutcome, PayState};
use attune_domain::{Booking, BookingEvent, BookingStatus, PaymentStatus};
use attune_http_common::{HandlerResult, Problem, calendar_file};
use attune_ports::BookingView;

use super::appointments::{opens_sentence, refunds};
use crate::forms::{Form, refuse_forged};
use crate::own_booking::{OwnBooking, Tag, parameter, pay_state, tag};
use crate::response::Head;
use crate::shell::{Fact, Link, Shell};
use crate::visit::{Section, Visit};
use crate::web::{View, Web};

pub(crate) const PATH: &str = "/appointments/{id}";
pub(crate) const PAY: &str = "/appointments/{id}/pay";
pub(crate) const CALENDAR: &str = "/appointments/{id}/calendar.ics";
const PURPOSE: &str = "pay";

#[derive(Template)]
#[template(path = "appointment.html")]
struct Appointment {
    shell: Shell,
    /// What has just happened.
    note: Option<String>,
    /// What went wrong.
    error: Option<String>,
    tag: Tag,
    todo: Option<Todo>,
    facts: Vec<Fact>,
    terms: Vec<String>,
    links: Vec<Link>,
    all: Link,
}

/// What the client does next.
struct Todo {
    statement: String,
    sentences: Vec<String>,
    /// The practice's own words, in lines.
    instructions: Option<String>,
    link: Option<Link>,
    pay: Option<PayForm>,
}

struct PayForm {
    action: String,
    form_token: String,
    button: String,
}

/// `GET /appointments/{id}`
pub(crate) async fn show(web: Data<Web>, http: HttpRequest) -> HandlerResult {
    let visit = web.visit(&http).await?;
    let own = match OwnBooking::of(&web, &http, &visit, "").await {
        Ok(own) => own,
        Err(response) => return response,
    };
    let note = match note(&web, &http, &visit, &own).await {
        Ok(note) => note,
        Err(problem) => return visit.refuse(&problem),
    };
    respond(&web, &visit, &own, note, None).await
}

/// `GET /appointments/{id}/pay`: the page that the form stands on.
pub(crate) async fn before_pay(web: Data<Web>, http: HttpRequest) -> HandlerResult {
    let visit = web.visit(&http).await?;
    match OwnBooking::of(&web, &http, &visit, "").await {
        Ok(own) => visit.redirect(&own.path()),
        Err(response) => response,
    }
}

/// `POST /appointments/{id}/pay`
pub(crate) async fn pay(web: Data<Web>, http: HttpRequest, payload: Payload) -> HandlerResult {
    if let Some(refusal) = refuse_forged(&web, &http).await {
        return refusal;
    }
    let visit = web.visit(&http).await?;
    let mut form = Form::read(&web, &http, payload).await?;
    let own = match OwnBooking::of(&web, &http, &visit, "").await {
        Ok(own) => own,
        Err(response) => return response,
    };
    if let Err(problem) = visit.check_form(&mut form, PURPOSE) {
        return visit.refuse(&problem);
    }
    let found = BookingView { booking: own.booking.clone(), client: own.client.clone() };
    match web.use_cases.pay_page.pay_for(&found).await {
        Ok(PayOutcome::Checkout(url)) => Ok(HttpResponse::SeeOther().insert_header((LOCATION, url)).finish()),
        // The page says why nothing can be paid.
        Ok(PayOutcome::Closed(_)) => visit.redirect(&own.path()),
        Err(error) => respond(&web, &visit, &own, None, Some(&Problem::from(error))).await,
    }
}

/// `GET /appointments/{id}/calendar.ics`
pub(crate) async fn calendar(web: Data<Web>, http: HttpRequest) -> HandlerResult {
    let visit = web.visit(&http).await?;
    match OwnBooking::of(&web, &http, &visit, "").await {
        Ok(own) => match calendar_file(&own.booking, visit.view.phrases, &*web.queries, &*web.clock).await {
            Ok(file) => Ok(file),
            Err(problem) if problem.code.status().is_server_error() => visit.refuse(&problem),
            Err(_) => visit.redirect(&own.path()),
        },
        Err(response) => response,
    }
}

async fn respond(
    web: &Web,
    visit: &Visit<'_>,
    own: &OwnBooking,
    note: Option<String>,
    problem: Option<&Problem>,
) -> HandlerResult {
    match page(web, visit, own, note, problem).await {
        Ok((page, leaves_host)) => {
            // As on the page of a link to pay, the origin of the checkout is not known yet.
            let form_target = leaves_host.then(|| "https:".to_owned());
            let status = problem.map_or(StatusCode::OK, |problem| problem.code.status());
            let retry_after = problem.and_then(|problem| problem.retry_after);
            visit.respond(&page, Head { status, form_target, retry_after })
        }
        Err(problem) => visit.refuse(&problem),
    }
}

/// What has just happened, as far as the booking confirms it.
async fn note(web: &Web, http: &HttpRequest, visit: &Visit<'_>, own: &OwnBooking) -> Result<Option<String>, Problem> {
    let view = &visit.view;
    let booking = &own.booking;
    let has = |name: &str| parameter(http, name).is_some();
    let name = if has("booked") {
        match booking.status() {
            BookingStatus::Scheduled => Some("appointment-note-booked"),
            BookingStatus::PendingPayment if !booking.hold_has_expired(own.now) => Some("appointment-note-held"),
            BookingStatus::PendingPayment
            | BookingStatus::Completed
            | BookingStatus::NoShow
            | BookingStatus::Cancelled
            | BookingStatus::Expired => None,
        }
    } else if has("paid") {
        let is_paid = booking.payment_status() == PaymentStatus::Succeeded;
        (is_paid && booking.status() == BookingStatus::Scheduled).then_some("appointment-note-paid")
    } else if has("cancelled") {
        (booking.status() == BookingStatus::Cancelled).then_some("appointment-note-cancelled")
    } else if has("moved") && booking.status() == BookingStatus::Scheduled {
        let history = web.queries.history(booking.id()).await?;
        let was_moved = history.iter().any(|entry| entry.action == BookingEvent::Rescheduled.as_str());
        was_moved.then_some("appointment-note-moved")
    } else {
        None
    };
    let when = view.phrases.local_time(booking.scheduled_at(), &own.zone).date_and_time;
    Ok(name.map(|name| view.text_with(name, &[("when", (&when).into())])))
}

async fn page(
    web: &Web,
    visit: &Visit<'_>,
    own: &OwnBooking,
    note: Option<String>,
    problem: Option<&Problem>,
) -> Result<(Appointment, bool), Problem> {
    let view = &visit.view;
    let booking = &own.booking;
    let (todo, leaves_host) = todo(web, visit, own).await?;
    let mut facts = own.facts(view);
    let fact = |name, value, detail| Fact { name: view.text(name), value, detail };
    let paid = payment_word(booking.payment_status()).map(|name| view.text(name));
    facts.push(fact("appointment-price", view.phrases.money(booking.price()), paid));
    if let Some(cancellation) = booking.cancellation() {
        let at = view.phrases.local_time(cancellation.at, &own.zone);
        let by = if cancellation.by == own.client.id { "appointment-by-you" } else { "appointment-by-practice" };
        facts.push(fact("appointment-cancelled-at", at.date_and_time, Some(view.text(by))));
        // The client's own reason, or the practice's, which the email about it contains as well.
        facts.extend(cancellation.reason.clone().map(|reason| fact("appointment-reason", reason, None)));
    }
    let refunds = refunds(web, visit, booking, &own.zone).await?;
    facts.extend(refunds.into_iter().map(|refund| fact("appointment-refund", refund, None)));
    facts.extend(booking.note().map(|note| fact("appointment-your-note", note.to_owned(), None)));
    facts.push(fact("appointment-number", booking.id().to_string(), None));
    let begins = view.phrases.local_time(booking.scheduled_at(), &own.zone);
    let heading = view.text_with(
        "appointment-heading",
        &[("short_date", (&begins.short_date).into()), ("time", (&begins.time).into())],
    );
    let shell = visit.shell(heading, Section::Appointments);
    let page = Appointment {
        shell: if problem.is_some() { view.with_error(shell) } else { shell },
        note,
        error: problem.map(|_| view.text("pay-failed-sentence")),
        tag: tag(view, booking, own.now),
        todo,
        facts,
        terms: terms(view, own),
        links: links(view, own),
        all: Link { href: view.href("/appointments"), text: view.text("appointments-all") },
    };
    Ok((page, leaves_host))
}

/// Also returns whether its form leads to another host.
async fn todo(web: &Web, visit: &Visit<'_>, own: &OwnBooking) -> Result<(Option<Todo>, bool), Problem> {
    let view = &visit.view;
    let booking = &own.booking;
    if booking.status() == BookingStatus::Scheduled {
        return Ok((joining(web, visit, own), false));
    }
    let plain = |statement: &str, sentence: &str| Todo {
        statement: view.text(statement),
        sentences: vec![view.text(sentence)],
        instructions: None,
        link: None,
        pay: None,
    };
    if booking.status() != BookingStatus::PendingPayment {
        let again = (booking.status() == BookingStatus::Expired).then(|| Todo {
            link: Some(Link { href: view.href("/book"), text: view.text("appointments-book") }),
            ..plain("pay-expired", "pay-expired-sentence")
        });
        return Ok((again, false));
    }
    let (state, provider) = pay_state(web, own).await?;
    let (amount, until) = match state {
        PayState::Due { amount, until } => (view.phrases.money(amount), view.phrases.local_time(until, &own.zone)),
        PayState::Processing => return Ok((Some(plain("pay-processing", "pay-processing-sentence")), false)),
        PayState::Expired => {
            let link = Some(Link { href: view.href("/book"), text: view.text("appointments-book") });
            return Ok((Some(Todo { link, ..plain("pay-expired", "pay-expired-sentence") }), false));
        }
        PayState::Paid | PayState::Cancelled => return Ok((None, false)),
    };
    let values = [("amount", (&amount).into()), ("until", (&until.full).into())];
    let statement = view.text_with("appointment-due", &values);
    let held = view.text_with("appointment-due-sentence", &values);
    let todo = if provider.has_checkout_page() {
        let pay = PayForm {
            action: view.href(&format!("{}/pay", own.path())),
            form_token: visit.form_token(PURPOSE),
            button: view.text_with("pay-button", &values),
        };
        Todo { statement, sentences: vec![held], instructions: None, link: None, pay: Some(pay) }
    } else {
        let own_words = view.practice.text(view.phrases.language(), |texts| texts.offline_payment.as_ref());
        let instructions = own_words.map_or_else(|| view.text("appointment-due-ask"), str::to_owned);
        Todo { statement, sentences: vec![held], instructions: Some(instructions), link: None, pay: None }
    };
    Ok((Some(todo), provider.is_online()))
}

/// The way into the room of a confirmed booking, until it is closed.
fn joining(web: &Web, visit: &Visit<'_>, own: &OwnBooking) -> Option<Todo> {
    let view = &visit.view;
    let links = &web.use_cases.links;
    let page = links.page_link(&own.booking, &links.viewer(&own.client))?;
    if own.now >= links.window.closes_at(&own.booking) {
        return None;
    }
    let opens = links.window.opens_at(&own.booking);
    let statement = if own.now < opens {
        opens_sentence(visit, &view.phrases.local_time(opens, &own.zone))
    } else {
        view.text("join-open")
    };
    Some(Todo {
        statement,
        sentences: Vec::new(),
        instructions: None,
        link: Some(Link { href: page, text: view.text("appointment-join") }),
        pay: None,
    })
}

/// Until when what is possible.
fn terms(view: &View<'_>, own: &OwnBooking) -> Vec<String> {
    let booking = &own.booking;
    let sentence = |name: &str, until| {
        let until = view.phrases.local_time(until, &own.zone).date_and_time;
        view.text_with(name, &[("until", (&until).into())])
    };
    let mut sentences = Vec::new();
    if let Some(until) = own.move_until().filter(|until| own.now < *until) {
        sentences.push(sentence("appointment-move-until", until));
    }
    if booking.status() == BookingStatus::Scheduled && own.can_cancel() && !booking.price().is_zero() {
        let until = booking.terms().free_until(booking.scheduled_at(), booking.created_at());
        let name = if own.now < until { "appointment-free-until" } else { "appointment-free-over" };
        sentences.push(sentence(name, until));
    }
    sentences
}

fn links(view: &View<'_>, own: &OwnBooking) -> Vec<Link> {
    let link =
        |path: &str, name: &str| Link { href: view.href(&format!("{}{path}", own.path())), text: view.text(name) };
    let mut links = Vec::new();
    if own.can_move() {
        links.push(link("/move", "appointment-move"));
    }
    if own.can_cancel() {
        links.push(link("/cancel", "appointment-cancel"));
    }
    if has_calendar_file(&own.booking) {
        links.push(link("/calendar.ics", "appointment-calendar"));
    }
    if own.booking.payment_status().has_been_paid() {
        links.push(link("/receipt", "payment-receipt"));
    }
    links
}

/// A calendar program removes a cancelled appointment when it reads the file again.
fn has_calendar_file(booking: &Booking) -> bool {
    booking.room().is_some()
}

pub(crate) fn payment_word(status: PaymentStatus) -> Option<&'static str> {
    Some(match status {
        PaymentStatus::NotRequired => return None,
        PaymentStatus::Pending => "payment-status.pending",
        PaymentStatus::Processing => "payment-status.processing",
        PaymentStatus::Succeeded => "payment-status.succeeded",
        PaymentStatus::Failed => "payment-status.failed",
        PaymentStatus::Cancelled => "payment-status.cancelled",
        PaymentStatus::RefundPending => "payment-status.refund_pending",
        PaymentStatus::PartiallyRefunded => "payment-status.partially_refunded",
        PaymentStatus::Refunded => "payment-status.refunded",
    })
}
