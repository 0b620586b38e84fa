//! The page on which a chosen slot is booked: clients see what they book and on which terms. Visitors who are not logged in
//! are asked who they are.

use actix_web::http::StatusCode;
use actix_web::http::header::LOCATION;
use actix_web::web::{Data, Payload, Query};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use attune_application::bookings::{CreateBookingCommand, CreateBookingError, CreatedBooking, PaymentChoice};
use attune_application::payments::OpenCheckoutError;
use attune_application::{Idempotent, IdempotentRequest, Replay};
use attune_domain::booking::BookError;
use attune_domain::{Booking, BookingId, BookingStatus, ChangeTerms, Role, User};
use attune_http_common::{HandlerResult, Problem};
use attune_ports::{IdempotencyKey, PaymentTerms};
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest, Sha256};

use crate::choice::{
    Choice, ChoiceQuery, finished, is_free, keep_choice, own_booking, parse_slot, service_name, slot_path, slot_text,
    therapist_name, zone_name,
};
use crate::forms::{Form, refuse_forged};
use crate::pages::book::{self, KeptNote, Steps};
use crate::pages::book_who;
use crate::person::Person;
use crate::response::Head;
use crate::shell::{Fact, Link, Shell};
use crate::visit::{Section, Visit};
use crate::web::Web;

pub(crate) const PATH: &str = crate::choice::SUMMARY;
const PURPOSE: &str = "book";

/// The chosen slot.
pub(crate) struct SlotCard {
    pub(crate) heading: String,
    pub(crate) when: String,
    pub(crate) place: String,
    pub(crate) facts: Vec<Fact>,
    pub(crate) other: Link,
}

#[derive(Template)]
#[template(path = "book_summary.html")]
struct Summary {
    shell: Shell,
    steps: Steps,
    card: SlotCard,
    form_token: String,
    action: String,
    /// The path of this page with the chosen slot.
    path: String,
    taken: String,
    hidden: Vec<(&'static str, String)>,
    you_heading: String,
    you: Vec<Fact>,
    terms_heading: String,
    terms: Vec<Fact>,
    note: NoteField,
    button: String,
    payment: Option<String>,
}

struct NoteField {
    label: String,
    hint: String,
    error: Option<String>,
    value: String,
}

/// What was typed and is shown again, and the key under which the form books.
struct Typed {
    note: String,
    key: String,
    is_too_long: bool,
}

/// How the price is collected.
#[derive(Clone, Copy)]
enum Collection {
    /// Nothing is due here: there is no price, or the practice collects it in its own way.
    None,
    /// At the checkout, while the slot is held.
    Online(SignedDuration),
    /// By the practice, while the slot is held.
    Offline(SignedDuration),
}

/// The choice as hidden fields.
pub(crate) fn hidden(choice: &Choice) -> Vec<(&'static str, String)> {
    vec![
        ("service", choice.service.id.to_string()),
        ("therapist", choice.therapist.id.to_string()),
        ("zone", zone_name(&choice.zone).to_owned()),
    ]
}

/// `GET /book/summary`
pub(crate) async fn show(web: Data<Web>, http: HttpRequest, Query(query): Query<ChoiceQuery>) -> HandlerResult {
    let visit = web.visit(&http).await?;
    if let Err(limited) = web.limiter(&http)?.availability(web.settings.requests.address(&http)) {
        return visit.refuse(&Problem::from(limited));
    }
    match view(&web, &visit, &query).await {
        Ok(response) => Ok(response),
        Err(problem) => visit.refuse(&problem),
    }
}

async fn view(web: &Web, visit: &Visit<'_>, query: &ChoiceQuery) -> HandlerResult {
    let Some(choice) = Choice::load(web, visit, query).await? else { return book::closed(visit) };
    let Some(at) = parse_slot(&query.at) else {
        return visit.redirect(finished(&choice.path(book::PATH)));
    };
    if let Some(caller) = &visit.caller {
        if web.use_cases.authenticate.requires_setup(caller) {
            return visit.redirect("/account/second-factor");
        }
        if let Some(own) = own_booking(web, caller.user.id, choice.therapist.id, at).await? {
            return visit.redirect(&appointment(own.id()));
        }
    }
    if choice.is_outdated || !is_free(web, choice.service.id, Some(choice.therapist.id), at).await? {
        return to_picker(visit, &choice, at);
    }
    match &visit.caller {
        None => book_who::page(web, visit, &choice, at, &Person::default()),
        Some(caller) => {
            let typed = Typed { note: String::new(), key: web.random.hex_id(), is_too_long: false };
            summary(web, visit, &choice, at, &caller.user, typed).await
        }
    }
}

/// To the choice of another time, because this one cannot be booked.
pub(crate) fn to_picker(visit: &Visit<'_>, choice: &Choice, at: Timestamp) -> HandlerResult {
    let date = choice.zone.to_datetime(at).date();
    let path = choice.path(book::PATH);
    visit.redirect(&format!("{path}from={date}&taken={}", slot_text(at)))
}

/// `POST /book/summary`
pub(crate) async fn book(web: Data<Web>, http: HttpRequest, payload: Payload) -> HandlerResult {
    if let Some(refusal) = refuse_forged(&web, &http).await {
        return refusal;
    }
    let visit = web.visit(&http).await?;
    let mut form = Form::read_with_note(&web, &http, payload).await?;
    match submit(&web, &http, &visit, &mut form).await {
        Ok(response) => Ok(response),
        Err(problem) => visit.refuse(&problem),
    }
}

async fn submit(web: &Web, http: &HttpRequest, visit: &Visit<'_>, form: &mut Form) -> HandlerResult {
    let query = ChoiceQuery::read(form);
    let Some(choice) = Choice::load(web, visit, &query).await? else { return book::closed(visit) };
    let Some(at) = parse_slot(&query.at) else {
        return visit.redirect(finished(&choice.path(book::PATH)));
    };
    let Some(caller) = &visit.caller else {
        return visit.log_in_first(&slot_path(PATH, &choice.slot(at)));
    };
    visit.check_form(form, PURPOSE)?;
    if web.use_cases.authenticate.requires_setup(caller) {
        return visit.redirect("/account/second-factor");
    }
    let user = &caller.user;
    let note = form.take("note");
    let (is_chosen_again, key) = (form.take("again") == "1", form.take("key"));
    let is_key = (1..=64).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if is_chosen_again || !is_key {
        if !is_free(web, choice.service.id, Some(choice.therapist.id), at).await? {
            return lost(web, visit, &choice, at, note).await;
        }
        let typed = Typed { note, key: web.random.hex_id(), is_too_long: false };
        return summary(web, visit, &choice, at, user, typed).await;
    }
    if choice.is_outdated {
        return lost(web, visit, &choice, at, note).await;
    }
    let command = CreateBookingCommand {
        client: user.id,
        booked_by: user.id,
        role: Role::Client,
        scheduled_at: at,
        service: Some(choice.service.id),
        therapist: Some(choice.therapist.id),
        note: Some(note.replace("\r\n", "\n")).filter(|note| !note.trim().is_empty()),
        payment: PaymentChoice::ByProvider,
        amount: None,
        has_taken_place: false,
        override_hours: false,
        metadata: web.settings.requests.metadata(http),
        idempotency: Some(idempotency(&choice, at, user, &key)),
    };
    let error = match web.use_cases.create_booking.run(command).await {
        Ok(Idempotent::Executed(CreatedBooking { booking, checkout })) => {
            let url = checkout.and_then(|payment| payment.checkout_url);
            return match url {
                Some(url) => Ok(see_checkout(&url)),
                None => go_on(web, visit, user, &booking, true).await,
            };
        }
        Ok(Idempotent::Replayed(Replay::Unanswered(id))) => return go_on_with(web, visit, user, id).await,
        // No response is saved for this route.
        Ok(Idempotent::Replayed(Replay::Response(_))) => return visit.redirect("/appointments"),
        Err(error) => error,
    };
    match error {
        CreateBookingError::HoldExists { booking } => go_on_with(web, visit, user, booking).await,
        CreateBookingError::Rule(BookError::Note) => {
            summary(web, visit, &choice, at, user, Typed { note, key, is_too_long: true }).await
        }
        CreateBookingError::SlotTaken
        | CreateBookingError::Slot(_)
        | CreateBookingError::Rule(_)
        | CreateBookingError::UnknownService
        | CreateBookingError::UnknownTherapist => match own_booking(web, user.id, choice.therapist.id, at).await? {
            Some(own) => go_on(web, visit, user, &own, false).await,
            None => lost(web, visit, &choice, at, note).await,
        },
        CreateBookingError::NotOnline
        | CreateBookingError::NoTimeToPay
        | CreateBookingError::Amount
        | CreateBookingError::Price(_)
        | CreateBookingError::NotSettled
        | CreateBookingError::PracticeNotConfigured
        | CreateBookingError::UnknownClient
        | CreateBookingError::KeyReused
        | CreateBookingError::Store(_) => Err(error.into()),
    }
}

/// The path of a booking's page.
fn appointment(id: BookingId) -> String {
    format!("/appointments/{id}")
}

/// The same form books once, whatever the note is: the page that a browser goes back to has the same key.
fn idempotency(choice: &Choice, at: Timestamp, user: &User, key: &str) -> IdempotentRequest {
    let request = format!("{} {} {at}", choice.service.id, choice.therapist.id);
    IdempotentRequest {
        key: IdempotencyKey { user: user.id, route: format!("POST {PATH}"), key: key.to_owned() },
        request_hash: Sha256::digest(request).into(),
    }
}

fn see_checkout(url: &str) -> HttpResponse {
    HttpResponse::SeeOther().insert_header((LOCATION, url)).finish()
}

async fn go_on_with(web: &Web, visit: &Visit<'_>, user: &User, id: BookingId) -> HandlerResult {
    let booking = web.use_cases.view_booking.run(user, id).await?.booking;
    go_on(web, visit, user, &booking, true).await
}

/// To the payment of a booking, if one is due online; else to its page.
async fn go_on(web: &Web, visit: &Visit<'_>, user: &User, booking: &Booking, is_new: bool) -> HandlerResult {
    let path = appointment(booking.id());
    if booking.status() != BookingStatus::PendingPayment {
        return visit.redirect(&if is_new { format!("{path}?booked") } else { path });
    }
    match web.use_cases.open_checkout.run(booking.id(), user.id).await {
        Ok(payment) => match payment.checkout_url {
            Some(url) => Ok(see_checkout(&url)),
            None => visit.redirect(&path),
        },
        // The booking exists, and its page offers to pay.
        Err(OpenCheckoutError::Store(error)) => Err(error.into()),
        Err(error) => {
            tracing::warn!(booking = %booking.id(), %error, "checkout of a booking not opened");
            visit.redirect(&path)
        }
    }
}

/// The choice of another time, after a slot was lost.
async fn lost(web: &Web, visit: &Visit<'_>, choice: &Choice, at: Timestamp, note: String) -> HandlerResult {
    let query = ChoiceQuery {
        from: choice.zone.to_datetime(at).date().to_string(),
        taken: slot_text(at),
        ..ChoiceQuery::default()
    };
    let kept = KeptNote { form_token: visit.form_token(PURPOSE), note };
    book::page(web, visit, choice, &query, Some(kept)).await
}

pub(crate) fn card(visit: &Visit<'_>, choice: &Choice, at: Timestamp) -> SlotCard {
    let view = &visit.view;
    let time = view.phrases.local_time(at, &choice.zone);
    let fact = |name, value, detail| Fact { name: view.text(name), value, detail };
    let service = &choice.service;
    let duration = view.phrases.minutes(service.minutes);
    let price =
        if service.price.is_zero() { view.text("book-fact-price-free") } else { view.phrases.money(service.price) };
    let mut facts = vec![
        fact("book-fact-service", service_name(view, service).to_owned(), Some(duration)),
        fact("book-fact-therapist", therapist_name(view, &choice.therapist), None),
        fact("book-fact-price", price, None),
    ];
    if choice.is_abroad() {
        let there = view.phrases.local_time(at, &choice.practice_zone);
        facts.push(fact("book-fact-practice", there.date_and_time, Some(there.place)));
    }
    let date = choice.zone.to_datetime(at).date();
    SlotCard {
        heading: view.text("book-slot-heading"),
        when: time.date_and_time,
        place: time.place,
        facts,
        other: Link {
            href: view.href(&format!("{}from={date}", choice.path(book::PATH))),
            text: view.text("book-other-time"),
        },
    }
}

/// The frame of a step, with links to other languages that keep the slot, and the path of the choice of the time.
pub(crate) fn frame(visit: &Visit<'_>, choice: &Choice, at: Timestamp, heading: &str) -> (Shell, String) {
    let mut shell = visit.shell(visit.view.text(heading), Section::Book);
    keep_choice(&mut shell.languages, &format!("{}at={}", choice.path(PATH), slot_text(at)));
    let date = choice.zone.to_datetime(at).date();
    (shell, format!("{}from={date}", choice.path(book::PATH)))
}

async fn summary(
    web: &Web,
    visit: &Visit<'_>,
    choice: &Choice,
    at: Timestamp,
    user: &User,
    typed: Typed,
) -> HandlerResult {
    let view = &visit.view;
    let (shell, back) = frame(visit, choice, at, "book-check");
    let policy = web.queries.policy().await?;
    let collection = collection(web, choice);
    let price = view.phrases.money(choice.service.price);
    let button = if choice.service.price.is_zero() {
        view.text("book-button")
    } else {
        let name = if matches!(collection, Collection::Online(_)) { "book-button-pay" } else { "book-button-price" };
        view.text_with(name, &[("amount", (&price).into())])
    };
    let payment = match collection {
        Collection::None => None,
        Collection::Online(hold) => {
            let minutes = view.phrases.minutes(u32::try_from(hold.as_mins()).unwrap_or(0));
            Some(view.text_with("book-pay-online", &[("minutes", (&minutes).into())]))
        }
        Collection::Offline(hold) => {
            let until = web.clock.now().saturating_add(hold).unwrap_or(at).min(at);
            let until = view.phrases.local_time(until, &choice.zone).date_and_time;
            Some(view.text_with("book-pay-offline", &[("until", (&until).into())]))
        }
    };
    let mut hidden = hidden(choice);
    hidden.push(("at", slot_text(at)));
    hidden.push(("key", typed.key));
    let max = Booking::MAX_NOTE_CHARS.to_string();
    let fact = |name, value| Fact { name: view.text(name), value, detail: None };
    let page = Summary {
        shell: if typed.is_too_long { view.with_error(shell) } else { shell },
        steps: Steps::new(visit, 2, &back),
        card: card(visit, choice, at),
        form_token: visit.form_token(PURPOSE),
        action: view.href(PATH),
        path: view.href(&format!("{}at={}", choice.path(PATH), slot_text(at))),
        taken: view.text("book-taken"),
        hidden,
        you_heading: view.text("book-you"),
        you: vec![fact("book-you-name", user.display_name()), fact("book-you-email", user.email.as_str().to_owned())],
        terms_heading: view.text("book-terms"),
        terms: terms(visit, choice, at, &policy.terms, web.clock.now(), collection),
        note: NoteField {
            label: view.text("book-note"),
            hint: view.text_with("book-note-hint", &[("max", (&max).into())]),
            error: typed.is_too_long.then(|| view.text_with("book-note-too-long", &[("max", (&max).into())])),
            value: typed.note,
        },
        button,
        payment,
    };
    // The origin of the checkout is known only once it is open, because a provider may use a host of the practice.
    let leaves_host =
        matches!(collection, Collection::Online(_)) && web.use_cases.open_checkout.gateway.provider().is_online();
    let form_target = leaves_host.then(|| "https:".to_owned());
    let status = if typed.is_too_long { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    visit.respond(&page, Head { status, form_target, ..Head::default() })
}

fn collection(web: &Web, choice: &Choice) -> Collection {
    let gateway = &web.use_cases.open_checkout.gateway;
    match gateway.terms() {
        _ if choice.service.price.is_zero() => Collection::None,
        PaymentTerms::NothingDue => Collection::None,
        PaymentTerms::Due { hold } if gateway.provider().has_checkout_page() => Collection::Online(hold),
        PaymentTerms::Due { hold } => Collection::Offline(hold),
    }
}

/// What moving and cancelling the booking would cost, if it was booked now.
fn terms(
    visit: &Visit<'_>,
    choice: &Choice,
    at: Timestamp,
    terms: &ChangeTerms,
    now: Timestamp,
    collection: Collection,
) -> Vec<Fact> {
    let view = &visit.view;
    let time = |at: Timestamp| view.phrases.local_time(at, &choice.zone).date_and_time;
    let fact = |name, value| Fact { name: view.text(name), value, detail: None };
    let move_until = terms.reschedule_until(at);
    let moving = if move_until > now {
        view.text_with("book-move-until", &[("when", (&time(move_until)).into())])
    } else {
        view.text("book-move-late")
    };
    let mut facts = vec![fact("book-move", moving)];

    // Without the grace period, which has a sentence of its own.
    let free_until = ChangeTerms { grace_minutes: 0, ..*terms }.free_until(at, now);
    let price = choice.service.price;
    let (amount, late) = (view.phrases.money(price), view.phrases.money(terms.late_refund(price)));
    let (is_early, when) = (free_until > now, time(free_until));
    let values = [("when", (&when).into()), ("amount", (&amount).into()), ("late", (&late).into())];
    let name = match (collection, terms.late_refund_percent) {
        (Collection::None, _) if price.is_zero() || !is_early => "book-cancel-free",
        (Collection::None, _) => "book-cancel-free-until",
        (Collection::Online(_) | Collection::Offline(_), 100..) => "book-cancel-full",
        (Collection::Online(_) | Collection::Offline(_), 0) if is_early => "book-cancel-nothing",
        (Collection::Online(_) | Collection::Offline(_), _) if is_early => "book-cancel-part",
        (Collection::Online(_) | Collection::Offline(_), 0) => "book-cancel-late-nothing",
        (Collection::Online(_) | Collection::Offline(_), _) => "book-cancel-late-part",
    };
    facts.push(fact("book-cancel", view.text_with(name, &values)));
    let has_fee = !matches!(collection, Collection::None) && terms.late_refund_percent < 100;
    if has_fee && terms.grace_minutes > 0 {
        let minutes = view.phrases.minutes(terms.grace_minutes);
        facts.push(fact("book-grace", view.text_with("book-grace-sentence", &[("minutes", (&minutes).into())])));
    }
    facts
}
