//! The current user.

use actix_web::HttpResponse;
use actix_web::web::Data;
use attune_application::accounts::UpdateProfileCommand;
use attune_domain::calendar::LocalTime;
use attune_domain::user::NameError;
use attune_domain::{Language, NotifyLevel, PersonName, TimeZoneName, User};
use attune_http_common::{Code, HandlerResult, Problem};
use serde::Serialize;
use utoipa::ToSchema;

use crate::request::auth::{Signed, SignedForSetup};
use crate::request::input::{Fields, FromFields, Request};
use crate::response::output::{self, Instant};
use crate::state::State;

/// A user account.
#[derive(Serialize, ToSchema)]
#[schema(as = User)]
pub(crate) struct UserBody {
    /// User ID.
    #[schema(example = 7)]
    id: i64,
    /// Email address, also used to log in.
    #[schema(format = Email, example = "ada@example.org")]
    email: String,
    /// Given name.
    #[schema(required = true, example = "Ada")]
    first_name: Option<String>,
    /// Family name.
    #[schema(required = true, example = "Lovelace")]
    last_name: Option<String>,
    /// Name in meetings and emails: the preferred name, otherwise given and family name, otherwise the email address.
    #[schema(example = "Ada Lovelace")]
    display_name: String,
    /// Time zone of the times in emails; the practice's time zone if null.
    #[schema(required = true, example = "Europe/Berlin")]
    timezone: Option<String>,
    #[schema(required = true, schema_with = output::user_language)]
    language: Option<&'static str>,
    /// Whether the user is an admin (therapist).
    #[schema(example = false)]
    is_admin: bool,
    /// Whether the email address has been verified.
    #[schema(example = false)]
    email_verified: bool,
    /// Whether the user has set up a second factor.
    #[schema(example = false)]
    second_factor: bool,
    /// Until when a second factor has to be set up, if the user needs one and has none.
    #[schema(value_type = Option<String>, format = DateTime)]
    #[serde(skip_serializing_if = "Option::is_none")]
    second_factor_due_at: Option<Instant>,
    /// When the account was created.
    #[schema(value_type = String, format = DateTime, example = "2024-01-15T10:00:00Z")]
    created_at: Instant,
    /// Admins only.
    #[schema(schema_with = output::notify_level)]
    #[serde(skip_serializing_if = "Option::is_none")]
    notify: Option<&'static str>,
    /// Admins only: the local time at which the agenda of the day is sent; null for none.
    #[schema(value_type = Option<String>, example = "07:30")]
    #[serde(skip_serializing_if = "Option::is_none")]
    agenda_at: Option<Option<String>>,
}

impl From<&User> for UserBody {
    fn from(user: &User) -> Self {
        Self {
            id: user.id.get(),
            email: user.email.as_str().to_owned(),
            first_name: user.first_name.as_ref().map(|n| n.as_str().to_owned()),
            last_name: user.last_name.as_ref().map(|n| n.as_str().to_owned()),
            display_name: user.display_name(),
            timezone: user.time_zone.as_ref().map(|z| z.as_str().to_owned()),
            language: user.language.map(Language::as_str),
            is_admin: user.is_admin(),
            email_verified: user.email_verified_at.is_some(),
            second_factor: user.second_factor_at.is_some(),
            second_factor_due_at: None,
            created_at: Instant(user.created_at),
            notify: user.is_admin().then(|| user.notify.as_str()),
            agenda_at: user.is_admin().then(|| user.agenda_at.map(|time| time.to_string())),
        }
    }
}

impl UserBody {
    /// The account as its owner sees it.
    pub(crate) fn own(state: &State, user: &User) -> Self {
        let due_at = state.api.use_cases.authenticate.second_factor.setup_due_at(user);
        Self { second_factor_due_at: due_at.map(Instant), ..user.into() }
    }
}

/// Changes of the current user. Omitted fields stay as they are; null or an empty string clears a field.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"first_name": "Ada", "timezone": null}))]
pub(crate) struct CurrentUserUpdate {
    /// Given name, at most 100 characters.
    #[schema(value_type = Option<String>, max_length = 100, example = "Ada")]
    first_name: Option<Option<PersonName>>,
    /// Family name, at most 100 characters.
    #[schema(value_type = Option<String>, max_length = 100, example = "Lovelace")]
    last_name: Option<Option<PersonName>>,
    /// Preferred name in meetings and emails, instead of given and family name. At most 100 characters; empty for none.
    #[schema(value_type = Option<String>, max_length = 100, example = "Ada L.")]
    display_name: Option<Option<PersonName>>,
    /// IANA time zone.
    #[schema(value_type = Option<String>, example = "Europe/Berlin")]
    timezone: Option<Option<TimeZoneName>>,
    #[schema(schema_with = output::user_language)]
    language: Option<Option<Language>>,
    /// Admins only: which emails to send about the bookings in the own calendar. `none`; `changes` (the default) for what
    /// others book, move and cancel, and payments that need review; `all` also for what the admin did, and payments received.
    #[schema(schema_with = output::new_notify_level)]
    notify: Option<NotifyLevel>,
    /// Admins only: the local time, `HH:MM` before 24:00, at which the agenda of the day is sent on days with sessions. A
    /// time that has passed today counts for today, unless today's agenda was sent.
    #[schema(value_type = Option<String>, example = "07:30")]
    agenda_at: Option<Option<LocalTime>>,
}

impl FromFields for CurrentUserUpdate {
    fn read(fields: &mut Fields) -> Option<Self> {
        Some(Self {
            first_name: fields.change("first_name", name),
            last_name: fields.change("last_name", name),
            display_name: fields.change("display_name", name),
            timezone: fields.change("timezone", timezone),
            language: fields.change("language", language),
            notify: fields.choice("notify", &NotifyLevel::ALL.map(|level| (level.as_str(), level))),
            agenda_at: fields.change("agenda_at", agenda_time),
        })
    }
}

/// An empty name is none.
pub(crate) fn name(text: &str) -> Result<Option<PersonName>, Code> {
    PersonName::parse(text).map_err(|error| match error {
        NameError::ControlCharacter => Code::InvalidCharacters,
        NameError::TooLong => Code::TooLong,
        NameError::Blank => Code::Required,
    })
}

/// An empty name is none.
pub(crate) fn timezone(text: &str) -> Result<Option<TimeZoneName>, Code> {
    if text.is_empty() {
        return Ok(None);
    }
    TimeZoneName::parse(text).map(Some).map_err(|_| Code::InvalidTimezone)
}

/// An empty language is none.
pub(crate) fn language(text: &str) -> Result<Option<Language>, Code> {
    if text.is_empty() {
        return Ok(None);
    }
    Language::parse(text).map(Some).ok_or(Code::InvalidValue)
}

/// An empty time is none. The end of the day belongs to the next one.
fn agenda_time(text: &str) -> Result<Option<LocalTime>, Code> {
    if text.is_empty() {
        return Ok(None);
    }
    let time = LocalTime::parse(text).ok().filter(|time| *time < LocalTime::END_OF_DAY);
    time.map(Some).ok_or(Code::InvalidTime)
}

/// Retrieve the current user
///
/// Returns the current names, role and settings.
#[utoipa::path(
    get, path = "/api/auth/me", operation_id = "getCurrentUser", tag = "Accounts", security(("bearer" = [])),
    responses((status = 200, description = "The current user", body = UserBody))
)]
pub(crate) async fn show(
    state: Data<State>,
    SignedForSetup(caller): SignedForSetup,
    request: Request,
) -> HandlerResult {
    request.no_query()?;
    Ok(HttpResponse::Ok().json(UserBody::own(&state, &caller.user)))
}

/// Update the current user
///
/// New meeting links and emails use the new name. The email address and the role cannot be changed here.
#[utoipa::path(
    patch, path = "/api/auth/me", operation_id = "updateCurrentUser", tag = "Accounts", security(("bearer" = [])),
    request_body = CurrentUserUpdate,
    responses((status = 200, description = "The updated user", body = UserBody))
)]
pub(crate) async fn update(state: Data<State>, Signed(caller): Signed, request: Request) -> HandlerResult {
    let metadata = request.metadata();
    let change: CurrentUserUpdate = request.body().await?;
    let for_admins = [("notify", change.notify.is_some()), ("agenda_at", change.agenda_at.is_some())];
    if let Some((field, _)) = for_admins.into_iter().find(|(_, is_given)| *is_given && !caller.user.is_admin()) {
        return Err(Problem::field_because(field, Code::InvalidValue, "Only admins have this setting."));
    }
    let command = UpdateProfileCommand {
        user: caller.user.id,
        first_name: change.first_name,
        last_name: change.last_name,
        preferred_name: change.display_name,
        time_zone: change.timezone,
        language: change.language,
        notify: change.notify,
        agenda_at: change.agenda_at,
        metadata,
    };
    let user = state.api.use_cases.update_profile.run(command).await?;
    Ok(HttpResponse::Ok().json(UserBody::from(&user)))
}
