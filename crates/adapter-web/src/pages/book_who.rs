//! The page on which a visitor who is not logged in says who they are, on the way to a booking. A new client needs no
//! password: a mailed link logs in and leads back to the slot, which is not held before.

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Payload};
use askama::Template;
use attune_application::accounts::{RegisterCommand, RegisterError, Registered, Registration};
use attune_domain::TimeZoneName;
use attune_http_common::HandlerResult;
use jiff::Timestamp;
use url::form_urlencoded;

use super::book::{self, Steps};
use super::book_summary::{self, SlotCard, card, frame, to_picker};
use super::message::Message;
use super::register;
use crate::blocks::{Button, FormBlock};
use crate::choice::{Choice, ChoiceQuery, finished, is_free, parse_slot, slot_path, zone_name};
use crate::forms::{Form, refuse_forged};
use crate::person::Person;
use crate::shell::{Link, Shell};
use crate::visit::{Visit, back_to};
use crate::web::Web;

pub(crate) const PATH: &str = "/book/new-client";
const PURPOSE: &str = "new-client";

#[derive(Template)]
#[template(path = "book_who.html")]
struct Who {
    shell: Shell,
    steps: Steps,
    /// What is wrong, with links to the fields.
    errors: Vec<Link>,
    errors_sentence: String,
    card: SlotCard,
    not_reserved: String,
    new_heading: String,
    new_sentence: String,
    /// `None` if only the practice adds accounts.
    form: Option<NewClientForm>,
    known_heading: String,
    log_in: Link,
}

struct NewClientForm {
    form: FormBlock,
    no_password: String,
    /// To choose a password now.
    register: Link,
}

/// `GET /book/new-client`: the page was loaded again, or in another language.
pub(crate) async fn back(web: Data<Web>, http: HttpRequest) -> HandlerResult {
    back_to(book_summary::PATH, &web, &http).await
}

/// `POST /book/new-client`: the response is the same for every address.
pub(crate) async fn register(web: Data<Web>, http: HttpRequest, payload: Payload) -> HandlerResult {
    if let Some(refusal) = refuse_forged(&web, &http).await {
        return refusal;
    }
    let visit = web.visit(&http).await?;
    let mut form = Form::read(&web, &http, payload).await?;
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
    let slot = choice.slot(at);
    // In another tab, the visitor has logged in.
    if visit.caller.is_some() {
        return visit.redirect(&slot_path(book_summary::PATH, &slot));
    }
    visit.check_form(form, PURPOSE)?;
    let (limiter, address) = (web.limiter(http)?, web.settings.requests.address(http));
    limiter.availability(address)?;
    if choice.is_outdated || !is_free(web, choice.service.id, Some(choice.therapist.id), at).await? {
        return to_picker(visit, &choice, at);
    }
    let mut typed = Person::read(form);
    let Some(person) = typed.check(&visit.view) else { return page(web, visit, &choice, at, &typed) };
    limiter.registration(address)?;
    let command = RegisterCommand {
        email: person.email,
        password: None,
        first_name: person.first_name,
        last_name: person.last_name,
        time_zone: if choice.is_abroad() { TimeZoneName::parse(zone_name(&choice.zone)).ok() } else { None },
        language: Some(visit.view.phrases.language()),
        slot: Some(slot),
        metadata: web.settings.requests.metadata(http),
    };
    match web.use_cases.register.run(command).await {
        Ok(Registered::Mailed | Registered::Account { .. }) => mailed(visit, &choice, at),
        Err(RegisterError::Closed) => register::closed(visit),
        Err(error) => Err(error.into()),
    }
}

fn mailed(visit: &Visit<'_>, choice: &Choice, at: Timestamp) -> HandlerResult {
    let view = &visit.view;
    let (shell, _) = frame(visit, choice, at, "register-mailed");
    let when = view.phrases.local_time(at, &choice.zone).full;
    let page = Message {
        shell,
        sentences: vec![
            view.text_with("book-mailed", &[("when", (&when).into())]),
            view.text("book-mailed-not-reserved"),
        ],
        link: Some(Link {
            href: view.href(&slot_path(book_summary::PATH, &choice.slot(at))),
            text: view.text("book-mailed-again"),
        }),
    };
    visit.respond(&page, StatusCode::ACCEPTED)
}

pub(crate) fn page(web: &Web, visit: &Visit<'_>, choice: &Choice, at: Timestamp, typed: &Person) -> HandlerResult {
    let view = &visit.view;
    let (shell, back) = frame(visit, choice, at, "book-who");
    let slot = choice.slot(at);
    let next = slot_path(book_summary::PATH, &slot);
    let log_in = form_urlencoded::Serializer::new(String::new()).append_pair("next", &next).finish();
    let is_open = !matches!(web.use_cases.register.registration, Registration::Closed);
    let is_wrong = !typed.errors.is_empty();
    let button = Button::new("", view.text("book-new-button"));
    let form = FormBlock::new(visit.form_token(PURPOSE), typed.fields(view).into(), button).action(view.href(PATH));
    let hidden = ChoiceQuery::of(&slot).hidden().into_iter();
    let form = NewClientForm {
        form: hidden.fold(form, |form, (name, value)| form.hidden(name, value)),
        no_password: view.text("book-new-no-password"),
        register: Link { href: view.href(&slot_path(register::PATH, &slot)), text: view.text("book-register") },
    };
    let page = Who {
        shell: if is_wrong { view.with_error(shell) } else { shell },
        steps: Steps::new(visit, 1, &back),
        errors: typed
            .errors
            .iter()
            .map(|(field, text)| Link { href: format!("#{field}"), text: text.clone() })
            .collect(),
        errors_sentence: view.text("book-new-wrong"),
        card: card(visit, choice, at),
        not_reserved: view.text("book-not-reserved"),
        new_heading: view.text("book-new"),
        new_sentence: view.text(if is_open { "book-new-sentence" } else { "book-new-closed" }),
        form: is_open.then_some(form),
        known_heading: view.text("book-known"),
        log_in: Link { href: view.href(&format!("/login?{log_in}")), text: view.text("book-log-in") },
    };
    visit.respond(&page, if is_wrong { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK })
}
