//! Services, for admins.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use actix_web::HttpResponse;
use actix_web::web::Data;
use attune_application::practice::{ChangeServiceCommand, ServiceChanges, ServiceError};
use attune_domain::service::ServiceTexts;
use attune_domain::text::clean_line;
use attune_domain::{Booking, Currency, Language, Money, Service, ServiceId};
use attune_http_common::{Code, HandlerResult, Problem};
use attune_ports::NewService;
use serde::Serialize;
use utoipa::ToSchema;

use crate::client::changes::version;
use crate::public::services::ServiceBody;
use crate::request::auth::Admin;
use crate::request::input::{Fields, FromFields, Request};
use crate::state::State;

const MAX_NAME_CHARS: usize = 100;
const MAX_DESCRIPTION_CHARS: usize = 500;
const LENGTHS: RangeInclusive<i64> = 1..=Booking::MAX_MINUTES as i64;
const BUFFERS: RangeInclusive<i64> = 0..=Booking::MAX_MINUTES as i64;

/// A service, as admins see it.
#[derive(Serialize, ToSchema)]
#[schema(as = AdminService)]
pub(crate) struct AdminServiceBody {
    #[serde(flatten)]
    service: ServiceBody,
    /// Buffer: minutes after the appointment that stay free.
    #[schema(example = 10)]
    buffer: u32,
    /// Whether the service can be booked.
    #[schema(example = true)]
    active: bool,
    /// Name and description in other languages, by `en`, `de`, `fr` or `es`.
    translations: BTreeMap<&'static str, ServiceTextsBody>,
    /// Version of the service: 1 at first, then one more with each change.
    #[schema(example = 2)]
    version: u32,
}

/// The texts of a service in one language; null is the untranslated text.
#[derive(Serialize, ToSchema)]
#[schema(as = ServiceTexts)]
pub(crate) struct ServiceTextsBody {
    /// Name of the service.
    #[schema(example = "Sitzung")]
    name: Option<String>,
    /// Short description.
    #[schema(example = "Fünfzig Minuten per Video.")]
    description: Option<String>,
}

impl From<&Service> for AdminServiceBody {
    fn from(service: &Service) -> Self {
        let texts = |texts: &ServiceTexts| {
            let ServiceTexts { name, description } = texts.clone();
            ServiceTextsBody { name, description }
        };
        let translations = &service.translations;
        Self {
            service: service.into(),
            buffer: service.buffer_minutes,
            active: service.active,
            translations: translations.iter().map(|(language, own)| (language.as_str(), texts(own))).collect(),
            version: service.version,
        }
    }
}

/// All services, including those that can no longer be booked.
#[derive(Serialize, ToSchema)]
pub(crate) struct AdminServiceList {
    services: Vec<AdminServiceBody>,
}

/// The service to create.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "name": "First session", "description": "To get to know each other.", "duration": 80, "buffer": 10, "amount": 120.00,
}))]
#[schema(as = NewService)]
pub(crate) struct NewServiceRequest {
    /// Name of the service, one line of at most 100 characters. It appears in emails, so keep it neutral.
    #[schema(min_length = 1, max_length = 100)]
    name: String,
    /// Short description, at most 500 characters.
    #[schema(value_type = Option<String>, max_length = 500)]
    description: String,
    /// Duration in minutes.
    #[schema(minimum = 1, maximum = 720)]
    duration: u32,
    /// Buffer: minutes after the appointment that stay free; defaults to 0.
    #[schema(value_type = Option<u32>, minimum = 0, maximum = 720)]
    buffer: u32,
    /// Price; 0 if the service is free of charge.
    #[schema(value_type = f64, minimum = 0)]
    amount: String,
    /// ISO 4217 currency code; defaults to the practice's currency, which all services have in common.
    #[schema(value_type = Option<String>, example = "EUR")]
    currency: Option<Currency>,
    /// Name and description in other languages, by `en`, `de`, `fr` or `es`.
    #[schema(value_type = Option<BTreeMap<String, ServiceTextsBody>>)]
    translations: BTreeMap<Language, ServiceTexts>,
}

impl FromFields for NewServiceRequest {
    fn read(fields: &mut Fields) -> Option<Self> {
        let name = fields.required("name", name);
        let description = description(fields);
        let duration = fields.need("duration", |fields, name| fields.whole_within(name, LENGTHS));
        let buffer = fields.whole_within("buffer", BUFFERS).unwrap_or(0);
        let amount = fields.need("amount", Fields::number);
        let currency =
            fields.optional("currency", |text| Currency::parse(text).map(Some).map_err(|_| Code::InvalidCurrency));
        let translations = translations(fields);
        Some(Self { name: name?, description, duration: duration?, buffer, amount: amount?, currency, translations })
    }
}

/// Changes of a service. Omitted fields stay as they are.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"amount": 110.00, "version": 2}))]
pub(crate) struct ServiceUpdate {
    /// Name of the service, one line of at most 100 characters.
    #[schema(value_type = String, required = false, min_length = 1, max_length = 100)]
    name: Option<String>,
    /// Short description, at most 500 characters; null or an empty string clears it.
    #[schema(max_length = 500)]
    description: Option<String>,
    /// Duration in minutes.
    #[schema(minimum = 1, maximum = 720)]
    duration: Option<u32>,
    /// Buffer: minutes after the appointment that stay free.
    #[schema(minimum = 0, maximum = 720)]
    buffer: Option<u32>,
    /// New price, in the currency of the service.
    #[schema(value_type = Option<f64>, minimum = 0)]
    amount: Option<String>,
    /// Whether the service can be booked.
    active: Option<bool>,
    /// Replaces all translations: name and description by `en`, `de`, `fr` or `es`.
    #[schema(value_type = Option<BTreeMap<String, ServiceTextsBody>>)]
    translations: Option<BTreeMap<Language, ServiceTexts>>,
    /// The `version` that the change is based on. If the service has another version by now, nothing changes (409
    /// `version_conflict`).
    #[schema(minimum = 1)]
    version: Option<u32>,
}

impl FromFields for ServiceUpdate {
    fn read(fields: &mut Fields) -> Option<Self> {
        Some(Self {
            name: fields.has("name").then(|| fields.required("name", name)).flatten(),
            description: fields.has("description").then(|| description(fields)),
            duration: fields.whole_within("duration", LENGTHS),
            buffer: fields.whole_within("buffer", BUFFERS),
            amount: fields.number("amount"),
            active: fields.flag("active"),
            translations: fields.has("translations").then(|| translations(fields)),
            version: version(fields),
        })
    }
}

fn translations(fields: &mut Fields) -> BTreeMap<Language, ServiceTexts> {
    fields.translations(|fields| ServiceTexts {
        name: fields.has("name").then(|| fields.required("name", name)).flatten(),
        description: Some(description(fields)).filter(|text| !text.is_empty()),
    })
}

fn name(text: &str) -> Result<String, Code> {
    let name = clean_line(text);
    match name.chars().count() {
        0 => Err(Code::Required),
        1..=MAX_NAME_CHARS => Ok(name),
        _ => Err(Code::TooLong),
    }
}

/// Cleans every line. An omitted description is empty.
fn description(fields: &mut Fields) -> String {
    let text = fields.optional_lines("description").unwrap_or_default();
    let lines: Vec<String> = text.lines().map(clean_line).collect();
    let clean = lines.join("\n").trim().to_owned();
    if clean.chars().count() > MAX_DESCRIPTION_CHARS {
        fields.wrong("description", Code::TooLong);
    }
    clean
}

/// The practice's currency, which its first service determines.
fn currency(own: Option<Currency>, requested: Option<Currency>) -> Result<Currency, Problem> {
    match (own, requested) {
        (Some(own), Some(requested)) if own != requested => {
            let message = format!("The practice's currency is {own}.");
            Err(Problem::field_because("currency", Code::CurrencyMismatch, message))
        }
        (Some(currency), _) | (None, Some(currency)) => Ok(currency),
        (None, None) => Err(Problem::field("currency", Code::Required)),
    }
}

fn price(digits: &str, currency: Currency) -> Result<Money, Problem> {
    Money::parse_decimal(digits, currency).map_err(|_| Problem::field("amount", Code::InvalidAmount))
}

/// List all services
///
/// Includes services that can no longer be booked.
#[utoipa::path(
    get, path = "/api/admin/services", operation_id = "listAllServices",
    responses((status = 200, description = "The services", body = AdminServiceList))
)]
pub(crate) async fn list(state: Data<State>, Admin(_): Admin, request: Request) -> HandlerResult {
    request.no_query()?;
    let services = state.api.queries.all_services().await?;
    Ok(HttpResponse::Ok().json(AdminServiceList { services: services.iter().map(AdminServiceBody::from).collect() }))
}

/// Create a service
///
/// It can be booked immediately.
#[utoipa::path(
    post, path = "/api/admin/services", operation_id = "createService",
    request_body = NewServiceRequest,
    responses((status = 201, description = "The new service", body = AdminServiceBody))
)]
pub(crate) async fn add(state: Data<State>, Admin(caller): Admin, request: Request) -> HandlerResult {
    let metadata = request.metadata();
    let body: NewServiceRequest = request.body().await?;
    let services = state.api.queries.all_services().await?;
    let currency = currency(services.first().map(|service| service.price.currency()), body.currency)?;
    let new = NewService {
        name: body.name,
        description: body.description,
        minutes: body.duration,
        buffer_minutes: body.buffer,
        price: price(&body.amount, currency)?,
        translations: body.translations,
    };
    let service = state.api.use_cases.services.add(caller.user.id, new, &metadata).await?;
    Ok(HttpResponse::Created().json(AdminServiceBody::from(&service)))
}

/// Update a service
///
/// Existing bookings keep their duration and their price.
#[utoipa::path(
    patch, path = "/api/admin/services/{id}", operation_id = "updateService",
    request_body = ServiceUpdate,
    responses((status = 200, description = "The updated service", body = AdminServiceBody))
)]
pub(crate) async fn change(state: Data<State>, Admin(caller): Admin, request: Request) -> HandlerResult {
    let id = request.id("id", ServiceId::new)?;
    let metadata = request.metadata();
    let body: ServiceUpdate = request.body().await?;
    let price = match body.amount {
        Some(digits) => {
            // In the currency of the service, which never changes.
            let services = state.api.queries.all_services().await?;
            let service = services.iter().find(|service| service.id == id).ok_or(ServiceError::NotFound)?;
            Some(price(&digits, service.price.currency())?)
        }
        None => None,
    };
    let changes = ServiceChanges {
        name: body.name,
        description: body.description,
        minutes: body.duration,
        buffer_minutes: body.buffer,
        price,
        active: body.active,
        translations: body.translations,
    };
    let (admin, version) = (caller.user.id, body.version);
    let command = ChangeServiceCommand { admin, service: id, changes, version, metadata };
    let service = state.api.use_cases.services.change(command).await?;
    Ok(HttpResponse::Ok().json(AdminServiceBody::from(&service)))
}

#[cfg(test)]
mod tests;
