//! What clients learn about the practice, for admins.

#![expect(unused_qualifications, reason = "utoipa qualifies the parameters of a path in the code it generates")]

use std::collections::BTreeMap;

use actix_web::HttpResponse;
use actix_web::web::Data;
use attune_application::practice::{ChangeLogoCommand, ChangePracticeCommand, PracticeChanges};
use attune_domain::practice::{AccentColor, Formality, Logo, PhoneNumber, PracticeError, WebUrl};
use attune_domain::text::clean_line;
use attune_domain::{EmailAddress, Language, Practice, PracticeName, PracticeTexts, TimeZoneName};
use attune_http_common::{Code, HandlerResult};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use crate::client::changes::version;
use crate::request::auth::Admin;
use crate::request::input::{Fields, FromFields, Request};
use crate::response::output;
use crate::state::State;

const MAX_TEXT_CHARS: usize = 20_000;
const MAX_OFFLINE_PAYMENT_CHARS: usize = 1_000;

/// What clients learn about the practice, in emails and on pages.
#[derive(Serialize, ToSchema)]
#[schema(as = Practice)]
pub(crate) struct PracticeBody {
    /// Name of the practice, also the display name of the sender of emails.
    #[schema(example = "Attune Heart Therapy")]
    name: String,
    /// Phone number for clients.
    #[schema(example = "+49 30 23125 123")]
    phone: Option<String>,
    /// Email address for clients; replies to emails go there.
    #[schema(example = "care@example.org")]
    email: Option<String>,
    /// The practice's own web site.
    #[schema(example = "https://www.example.org/")]
    website: Option<String>,
    /// URL of the logo on pages and in emails, which changes with the image.
    #[schema(example = "https://booking.example.org/assets/logo-5e3a0b1c2d4f6e78.png")]
    logo: Option<String>,
    /// Colour of links and buttons. Pages use a darker or lighter one where its contrast would be too low.
    #[schema(example = "#14532d")]
    accent_color: Option<String>,
    /// IANA time zone of everything without a time zone of its own.
    #[schema(example = "Europe/Berlin")]
    timezone: String,
    #[schema(schema_with = output::formality)]
    german_formality: &'static str,
    #[serde(flatten)]
    texts: PracticeTextsBody,
    /// The texts in other languages, by `en`, `de`, `fr` or `es`.
    translations: BTreeMap<&'static str, PracticeTextsBody>,
    /// Version of the practice: 1 at first, then one more with each change, also of the logo.
    #[schema(example = 2)]
    version: u32,
}

/// Texts that the practice writes itself.
#[derive(Serialize, ToSchema)]
#[schema(as = PracticeTexts)]
pub(crate) struct PracticeTextsBody {
    /// Who runs the practice: a text, or the URL of one.
    #[schema(example = "https://www.example.org/imprint")]
    imprint: Option<String>,
    /// How personal data is processed: a text, or the URL of one.
    #[schema(example = "https://www.example.org/privacy")]
    privacy: Option<String>,
    /// How clients pay when the practice collects payments itself.
    #[schema(example = "Please transfer the amount within a week.")]
    offline_payment: Option<String>,
}

impl PracticeBody {
    /// `pages` is the base URL of the pages, with a trailing slash.
    fn new(practice: &Practice, pages: &str) -> Self {
        Self {
            name: practice.name.as_str().to_owned(),
            phone: practice.phone.as_ref().map(|phone| phone.as_str().to_owned()),
            email: practice.email.as_ref().map(|email| email.as_str().to_owned()),
            website: practice.website.as_ref().map(|url| url.as_str().to_owned()),
            logo: practice.logo.as_ref().map(|logo| format!("{pages}assets/{}", logo.as_str())),
            accent_color: practice.accent_color.map(|color| color.to_string()),
            timezone: practice.time_zone.as_str().to_owned(),
            german_formality: practice.german_formality.as_str(),
            texts: (&practice.texts).into(),
            translations: practice
                .translations
                .iter()
                .map(|(language, texts)| (language.as_str(), PracticeTextsBody::from(texts)))
                .collect(),
            version: practice.version,
        }
    }
}

impl From<&PracticeTexts> for PracticeTextsBody {
    fn from(texts: &PracticeTexts) -> Self {
        let PracticeTexts { imprint, privacy, offline_payment } = texts.clone();
        Self { imprint, privacy, offline_payment }
    }
}

/// Changes of the practice. Omitted fields stay as they are; null or an empty string clears a field.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "phone": "+49 30 23125 123", "accent_color": "#14532d", "imprint": null,
    "translations": {"de": {"offline_payment": "Bitte überweisen Sie den Betrag innerhalb einer Woche."}},
    "version": 2,
}))]
pub(crate) struct PracticeUpdate {
    /// Name of the practice, one line of at most 100 characters; it cannot be cleared.
    #[schema(value_type = String, required = false, min_length = 1, max_length = 100)]
    name: Option<PracticeName>,
    /// Phone number for clients.
    #[schema(value_type = Option<String>, max_length = 40)]
    phone: Option<Option<PhoneNumber>>,
    /// Email address for clients; replies to emails go there.
    #[schema(value_type = Option<String>)]
    email: Option<Option<EmailAddress>>,
    /// The practice's own web site, an absolute URL.
    #[schema(value_type = Option<String>, max_length = 500)]
    website: Option<Option<WebUrl>>,
    /// Colour of links and buttons, such as `#14532d`.
    #[schema(value_type = Option<String>)]
    accent_color: Option<Option<AccentColor>>,
    /// IANA time zone; it cannot be cleared.
    #[schema(value_type = String, required = false)]
    timezone: Option<TimeZoneName>,
    #[schema(schema_with = output::new_formality)]
    german_formality: Option<Formality>,
    /// Who runs the practice: a text, or the URL of one.
    #[schema(value_type = Option<String>, max_length = 20000)]
    imprint: Option<Option<String>>,
    /// How personal data is processed: a text, or the URL of one.
    #[schema(value_type = Option<String>, max_length = 20000)]
    privacy: Option<Option<String>>,
    /// How clients pay when the practice collects payments itself.
    #[schema(value_type = Option<String>, max_length = 1000)]
    offline_payment: Option<Option<String>>,
    /// Replaces all translations: texts by `en`, `de`, `fr` or `es`.
    #[schema(value_type = Option<BTreeMap<String, PracticeTextsBody>>)]
    translations: Option<BTreeMap<Language, PracticeTexts>>,
    /// The `version` that the change is based on. If the practice has another version by now, nothing changes (409
    /// `version_conflict`).
    #[schema(minimum = 1)]
    version: Option<u32>,
}

impl FromFields for PracticeUpdate {
    fn read(fields: &mut Fields) -> Option<Self> {
        Some(Self {
            name: fields.has("name").then(|| fields.required("name", name)).flatten(),
            phone: fields.change("phone", |text| unless_empty(text, PhoneNumber::parse, Code::InvalidPhone)),
            email: fields.change("email", |text| unless_empty(text, EmailAddress::parse, Code::InvalidEmail)),
            website: fields.change("website", |text| unless_empty(text, WebUrl::parse, Code::InvalidUrl)),
            accent_color: fields
                .change("accent_color", |text| unless_empty(text, AccentColor::parse, Code::InvalidColor)),
            timezone: fields.has("timezone").then(|| fields.required("timezone", time_zone)).flatten(),
            german_formality: fields
                .choice("german_formality", &Formality::ALL.map(|formality| (formality.as_str(), formality))),
            imprint: fields.change_lines("imprint", |text| lines(text, MAX_TEXT_CHARS)),
            privacy: fields.change_lines("privacy", |text| lines(text, MAX_TEXT_CHARS)),
            offline_payment: fields.change_lines("offline_payment", |text| lines(text, MAX_OFFLINE_PAYMENT_CHARS)),
            translations: fields.has("translations").then(|| translations(fields)),
            version: version(fields),
        })
    }
}

impl From<PracticeUpdate> for PracticeChanges {
    fn from(update: PracticeUpdate) -> Self {
        Self {
            name: update.name,
            phone: update.phone,
            email: update.email,
            website: update.website,
            accent_color: update.accent_color,
            time_zone: update.timezone,
            german_formality: update.german_formality,
            imprint: update.imprint,
            privacy: update.privacy,
            offline_payment: update.offline_payment,
            translations: update.translations,
            is_set_up: None,
        }
    }
}

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct LogoQuery {
    /// The `version` that the change is based on. If the practice has another version by now, nothing changes (409
    /// `version_conflict`).
    #[param(minimum = 1)]
    version: Option<u32>,
}

impl FromFields for LogoQuery {
    fn read(fields: &mut Fields) -> Option<Self> {
        Some(Self { version: version(fields) })
    }
}

fn translations(fields: &mut Fields) -> BTreeMap<Language, PracticeTexts> {
    fields.translations(|fields| {
        let mut text = |name, most| fields.change_lines(name, |text| lines(text, most)).flatten();
        PracticeTexts {
            imprint: text("imprint", MAX_TEXT_CHARS),
            privacy: text("privacy", MAX_TEXT_CHARS),
            offline_payment: text("offline_payment", MAX_OFFLINE_PAYMENT_CHARS),
        }
    })
}

fn name(text: &str) -> Result<PracticeName, Code> {
    PracticeName::parse(text).map_err(|error| match error {
        PracticeError::LongName => Code::TooLong,
        PracticeError::BlankName
        | PracticeError::Phone
        | PracticeError::Url
        | PracticeError::Color
        | PracticeError::Logo => Code::Required,
    })
}

fn time_zone(text: &str) -> Result<TimeZoneName, Code> {
    TimeZoneName::parse(text).map_err(|_| Code::InvalidTimezone)
}

fn unless_empty<T, E>(text: &str, parse: impl FnOnce(&str) -> Result<T, E>, invalid: Code) -> Result<Option<T>, Code> {
    if text.trim().is_empty() { Ok(None) } else { parse(text).map(Some).map_err(|_| invalid) }
}

/// Cleans every line.
fn lines(text: &str, most: usize) -> Result<Option<String>, Code> {
    let lines: Vec<String> = text.lines().map(clean_line).collect();
    let clean = lines.join("\n").trim().to_owned();
    match clean.chars().count() {
        0 => Ok(None),
        count if count > most => Err(Code::TooLong),
        _ => Ok(Some(clean)),
    }
}

/// Retrieve the practice
#[utoipa::path(
    get, path = "/api/admin/practice", operation_id = "getPractice",
    responses((status = 200, description = "The practice", body = PracticeBody))
)]
pub(crate) async fn show(state: Data<State>, Admin(_): Admin, request: Request) -> HandlerResult {
    request.no_query()?;
    let practice = state.api.use_cases.practice.load().await?;
    Ok(respond(&state, &practice))
}

/// Update the practice
///
/// Emails and pages show the change from now on.
#[utoipa::path(
    patch, path = "/api/admin/practice", operation_id = "updatePractice",
    request_body = PracticeUpdate,
    responses((status = 200, description = "The updated practice", body = PracticeBody))
)]
pub(crate) async fn change(state: Data<State>, Admin(caller): Admin, request: Request) -> HandlerResult {
    let metadata = request.metadata();
    let update: PracticeUpdate = request.body().await?;
    let version = update.version;
    let command = ChangePracticeCommand { admin: caller.user.id, changes: update.into(), version, metadata };
    let practice = state.api.use_cases.profile.change(command).await?;
    Ok(respond(&state, &practice))
}

/// Replace the logo
///
/// The body is the image: PNG, JPEG or WebP of at most 200,000 bytes. Its first bytes count, not the type that the header
/// names. Pages show it from now on, and so do emails, except a WebP, which several mail programs do not show.
#[utoipa::path(
    put, path = "/api/admin/practice/logo", operation_id = "replaceLogo",
    params(LogoQuery),
    request_body(content(
        ("image/png"), ("image/jpeg"), ("image/webp")
    )),
    responses((status = 200, description = "The updated practice", body = PracticeBody))
)]
pub(crate) async fn replace_logo(state: Data<State>, Admin(caller): Admin, request: Request) -> HandlerResult {
    let metadata = request.metadata();
    let (LogoQuery { version }, image) = request.query_and_image(Logo::MAX_BYTES).await?;
    let logo = Logo::new(image).map_err(|_| Code::InvalidImage)?;
    let command = ChangeLogoCommand { admin: caller.user.id, logo: Some(logo), version, metadata };
    let practice = state.api.use_cases.profile.change_logo(command).await?;
    Ok(respond(&state, &practice))
}

/// Remove the logo
///
/// Repeated requests have no further effect.
#[utoipa::path(
    delete, path = "/api/admin/practice/logo", operation_id = "removeLogo",
    params(LogoQuery),
    responses((status = 204, description = "The practice has no logo"))
)]
pub(crate) async fn remove_logo(state: Data<State>, Admin(caller): Admin, request: Request) -> HandlerResult {
    let LogoQuery { version } = request.query()?;
    let command = ChangeLogoCommand { admin: caller.user.id, logo: None, version, metadata: request.metadata() };
    state.api.use_cases.profile.change_logo(command).await?;
    Ok(HttpResponse::NoContent().finish())
}

fn respond(state: &State, practice: &Practice) -> HttpResponse {
    HttpResponse::Ok().json(PracticeBody::new(practice, &state.api.use_cases.pay_pages.base))
}
