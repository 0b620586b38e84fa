//! The services of the practice, with their translations.

use std::collections::BTreeMap;

use actix_web::HttpRequest;
use actix_web::web::{Data, Payload};
use attune_application::practice::{ChangeServiceCommand, ServiceChanges};
use attune_domain::service::ServiceTexts;
use attune_domain::text::clean_line;
use attune_domain::{Currency, Language, Money, Service, ServiceId};
use attune_http_common::{Code, HandlerResult, Problem};
use attune_ports::NewService;

use super::{TherapistVisit, VERSION, id, open, receive};
use crate::blocks::{Block, FormBlock, Row};
use crate::choice::service_name;
use crate::fields::Field;
use crate::own_booking::Tag;
use crate::typed::Typed;
use crate::visit::Section;
use crate::web::Web;

pub(crate) use super::paths::{SERVICE, SERVICES as PATH};

/// As in the API.
const MAX_NAME_CHARS: usize = 100;
const MAX_DESCRIPTION_CHARS: usize = 500;

/// `GET /services`
pub(crate) async fn show(web: Data<Web>, http: HttpRequest) -> HandlerResult {
    open(&web, &http, async |visit| page(visit, Typed::default()).await).await
}

/// `POST /services`
pub(crate) async fn add(web: Data<Web>, http: HttpRequest, payload: Payload) -> HandlerResult {
    receive(&web, &http, payload, PATH, async |visit, mut typed| {
        let typed = match create(visit, &mut typed).await {
            Ok(true) => return visit.done(PATH),
            Ok(false) => typed,
            Err(problem) => typed.refused(visit.view(), problem)?,
        };
        page(visit, typed).await
    })
    .await
}

/// `GET /services/{id}`
pub(crate) async fn show_one(web: Data<Web>, http: HttpRequest) -> HandlerResult {
    open(&web, &http, async |visit| one(visit, Typed::default()).await).await
}

/// `POST /services/{id}`
pub(crate) async fn change(web: Data<Web>, http: HttpRequest, payload: Payload) -> HandlerResult {
    receive(&web, &http, payload, SERVICE, async |visit, mut typed| {
        let service = service(visit).await?;
        let typed = match save(visit, &mut typed, &service).await {
            Ok(true) => return visit.done(PATH),
            Ok(false) => typed,
            Err(problem) => typed.refused(visit.view(), problem)?,
        };
        one(visit, typed).await
    })
    .await
}

async fn service(visit: &TherapistVisit<'_>) -> Result<Service, Problem> {
    let id: ServiceId = id(visit.http, Code::ServiceNotFound)?;
    let all = visit.web.queries.all_services().await?;
    all.into_iter().find(|service| service.id == id).ok_or_else(|| Code::ServiceNotFound.into())
}

/// What was typed.
struct Read {
    name: String,
    description: String,
    minutes: u32,
    buffer_minutes: u32,
    price: Money,
    translations: BTreeMap<Language, ServiceTexts>,
}

fn read(visit: &TherapistVisit<'_>, typed: &mut Typed, currency: Currency) -> Option<Read> {
    let view = visit.view();
    let name = |text: &str| Some(clean_line(text)).filter(|name| (1..=MAX_NAME_CHARS).contains(&name.chars().count()));
    let description = |text: &str| {
        let text = text.replace("\r\n", "\n");
        (text.chars().count() <= MAX_DESCRIPTION_CHARS).then_some(text)
    };
    let own_name = typed.read(view, "name", "service-name-invalid", name);
    let own_description = typed.read(view, "description", "field-too-long", description);
    let minutes = typed.read(view, "minutes", "field-number-invalid", |text| text.parse().ok());
    let buffer = typed.read(view, "buffer", "field-number-invalid", |text| text.parse().ok());
    let price = visit.read_amount(typed, "price", currency);
    if price == Some(None) {
        typed.wrong("price", view.text("refused-amount"));
    }
    let mut translations = BTreeMap::new();
    for language in Language::ALL {
        let (name_field, description_field) = (format!("name_{language}"), format!("description_{language}"));
        let name = typed.read_optional(view, &name_field, "service-name-invalid", name);
        let description = typed.read_optional(view, &description_field, "field-too-long", description);
        let texts = ServiceTexts { name: name.flatten(), description: description.flatten() };
        if texts != ServiceTexts::default() {
            translations.insert(language, texts);
        }
    }
    if typed.is_refused() {
        return None;
    }
    Some(Read {
        name: own_name?,
        description: own_description?,
        minutes: minutes?,
        buffer_minutes: buffer?,
        price: price??,
        translations,
    })
}

/// Whether it was saved; not if something that was typed is wrong.
async fn create(visit: &TherapistVisit<'_>, typed: &mut Typed) -> Result<bool, Problem> {
    let all = visit.web.queries.all_services().await?;
    let first = all.first().map(|service| service.price.currency());
    let currency = match first {
        Some(currency) => Some(currency),
        None => typed.read(visit.view(), "currency", "service-currency-invalid", |text| Currency::parse(text).ok()),
    };
    let Some(read) = currency.and_then(|currency| read(visit, typed, currency)) else { return Ok(false) };
    let Read { name, description, minutes, buffer_minutes, price, translations } = read;
    let new = NewService { name, description, minutes, buffer_minutes, price, translations };
    visit.web.use_cases.services.add(visit.caller.user.id, new, &visit.metadata()).await?;
    Ok(true)
}

async fn save(visit: &TherapistVisit<'_>, typed: &mut Typed, service: &Service) -> Result<bool, Problem> {
    let Some(read) = read(visit, typed, service.price.currency()) else { return Ok(false) };
    let Read { name, description, minutes, buffer_minutes, price, translations } = read;
    let changes = ServiceChanges {
        name: Some(name),
        description: Some(description),
        minutes: Some(minutes),
        buffer_minutes: Some(buffer_minutes),
        price: (price != service.price).then_some(price),
        active: Some(typed.has("active")),
        translations: Some(translations),
    };
    let command = ChangeServiceCommand {
        admin: visit.caller.user.id,
        service: service.id,
        changes,
        version: typed.get(VERSION).parse().ok(),
        metadata: visit.metadata(),
    };
    visit.web.use_cases.services.change(command).await?;
    Ok(true)
}

async fn page(visit: &TherapistVisit<'_>, typed: Typed) -> HandlerResult {
    let view = visit.view();
    let all = visit.web.queries.all_services().await?;
    let row = |service: &Service| {
        let price = visit.money(service.price);
        Row {
            title: service_name(view, service).to_owned(),
            href: Some(view.href(&format!("{PATH}/{}", service.id))),
            tag: (!service.active).then(|| Tag { state: "stop", text: visit.text("service-inactive") }),
            details: vec![view.phrases.minutes(service.minutes), price],
            ..Row::default()
        }
    };
    let mut blocks = vec![match all.is_empty() {
        true => Block::Text(visit.text("services-none")),
        false => Block::Rows(all.iter().map(row).collect()),
    }];
    let form = add_form(visit, &typed, all.is_empty());
    blocks.push(visit.fold("service-add", &typed, form, Vec::new()));
    let back = visit.link(super::paths::PRACTICE, "tab-practice");
    visit.respond(visit.text("services-title"), Section::Practice, Some(back), &typed, blocks)
}

async fn one(visit: &TherapistVisit<'_>, typed: Typed) -> HandlerResult {
    let service = service(visit).await?;
    let form = edit_form(visit, &typed, &service);
    let blocks = vec![Block::Text(visit.text("service-sentence")), Block::Form(form)];
    let back = visit.link(PATH, "services-title");
    let name = service_name(visit.view(), &service).to_owned();
    visit.respond(name, Section::Practice, Some(back), &typed, blocks)
}

fn add_form(visit: &TherapistVisit<'_>, typed: &Typed, is_first: bool) -> FormBlock {
    let mut fields = fields(visit, typed, None);
    if is_first {
        fields.push(typed.input(visit.view(), "currency", "text", "service-currency", "EUR"));
    }
    visit.form(PATH, fields, "add", "service-add-button").action(visit.view().href(PATH))
}

fn edit_form(visit: &TherapistVisit<'_>, typed: &Typed, service: &Service) -> FormBlock {
    let mut fields = fields(visit, typed, Some(service));
    fields.push(typed.check(visit.view(), "active", "service-active", service.active));
    let form = visit.form(SERVICE, fields, "change", "save").versioned(service.version);
    form.action(visit.view().href(&format!("{PATH}/{}", service.id)))
}

/// The form of the first service, or the one that adds it.
pub(super) async fn first_form(visit: &TherapistVisit<'_>, typed: &Typed) -> Result<FormBlock, Problem> {
    let all = visit.web.queries.all_services().await?;
    Ok(all.first().map_or_else(|| add_form(visit, typed, true), |service| edit_form(visit, typed, service)))
}

fn fields(visit: &TherapistVisit<'_>, typed: &Typed, service: Option<&Service>) -> Vec<Field> {
    let view = visit.view();
    let or = |value: Option<String>, usual: &str| value.unwrap_or_else(|| usual.to_owned());
    let minutes = or(service.map(|service| service.minutes.to_string()), "50");
    let buffer = or(service.map(|service| service.buffer_minutes.to_string()), "0");
    let price = or(service.map(|service| service.price.to_decimal()), "");
    let mut fields = vec![
        typed
            .input(view, "name", "text", "service-name", service.map_or("", |service| &service.name))
            .hint(view.text("service-name-hint")),
        typed.area(view, "description", "service-description", service.map_or("", |service| &service.description)),
        typed.input(view, "minutes", "number", "service-minutes", &minutes),
        typed.input(view, "buffer", "number", "service-buffer", &buffer).hint(view.text("service-buffer-hint")),
        typed.input(view, "price", "text", "field-price", &price),
    ];
    for language in Language::ALL {
        let texts = service.and_then(|service| service.translations.get(&language)).cloned().unwrap_or_default();
        let label = |name: &str| visit.text_of(name, "language", crate::language::name(language));
        let (name, description) = (texts.name.unwrap_or_default(), texts.description.unwrap_or_default());
        let label_of_name = label("service-name-in");
        fields.push(typed.input_labelled(view, &format!("name_{language}"), "text", label_of_name, &name).optional());
        let label_of_description = label("service-description-in");
        fields.push(typed.area_labelled(view, &format!("description_{language}"), label_of_description, &description));
    }
    fields
}
