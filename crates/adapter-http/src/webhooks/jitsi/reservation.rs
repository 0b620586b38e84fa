//! Conference reservations: this service is the backend of Prosody's `mod_reservations`.
//!
//! Prosody shows the message of a rejection to the user who wants to join. So rejections have its format and a sentence
//! for people; failures of the request itself are problems, as everywhere.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use attune_application::meetings::{ReserveConferenceError, ReservedConference};
use attune_domain::meeting::ReservationError;
use attune_domain::{ConferenceId, Language, LinkError};
use attune_http_common::{Code, HandlerResult, Problem};
use serde::Serialize;
use url::form_urlencoded;
use utoipa::ToSchema;

use super::message::{VideoServer, try_again};
use crate::request::input::Request;
use crate::response::output::Instant;
use crate::state::State;

/// The owner in the response if the request has none. The server requires one and ignores it.
const DEFAULT_OWNER: &str = "attune";

/// The room of the conference. Other fields are ignored.
#[derive(ToSchema)]
#[schema(example = json!({
    "name": "booking-42-1705312800-0123456789abcdef0123456789abcdef", "mail_owner": "5c7a@meet.example.org"
}))]
pub(crate) struct ConferenceRequest {
    /// Name of the room, also as `[tenant]room`. Case-insensitive.
    name: String,
    /// The server's ID of the user who wants to join. Returned unchanged.
    mail_owner: Option<String>,
}

impl ConferenceRequest {
    fn parse(body: &[u8]) -> Result<Self, Problem> {
        let mut request = Self { name: String::new(), mail_owner: None };
        for (field, value) in form_urlencoded::parse(body) {
            match &*field {
                "name" => request.name = value.into_owned(),
                "mail_owner" => request.mail_owner = Some(value.into_owned()).filter(|owner| !owner.is_empty()),
                _ => {}
            }
        }
        if request.name.is_empty() { Err(Problem::field("name", Code::Required)) } else { Ok(request) }
    }
}

/// A conference that may start.
#[derive(Serialize, ToSchema)]
#[schema(as = Conference)]
pub(crate) struct ReservationBody {
    /// ID for later requests about the conference.
    #[schema(example = "42")]
    id: String,
    /// Name of the room, as in the request.
    #[schema(example = "booking-42-1705312800-0123456789abcdef0123456789abcdef")]
    name: String,
    /// As in the request.
    #[schema(example = "5c7a@meet.example.org")]
    mail_owner: String,
    /// When the appointment starts.
    #[schema(value_type = String, format = DateTime, example = "2024-01-15T10:00:00Z")]
    start_time: Instant,
    /// Seconds from the start of the appointment until the conference ends.
    #[schema(example = 4800)]
    duration: i64,
    /// Maximum number of people in the room; the server's own limit if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 4)]
    max_occupants: Option<u32>,
    /// Whether participants wait in the lobby until a therapist admits them.
    #[schema(example = false)]
    lobby: bool,
}

impl ReservationBody {
    fn new(room: &ReservedConference, name: String, mail_owner: String) -> Self {
        let reservation = &room.reservation;
        Self {
            id: room.id.to_string(),
            name,
            mail_owner,
            start_time: Instant(reservation.starts_at),
            duration: reservation.seconds(),
            max_occupants: reservation.max_occupants,
            lobby: reservation.lobby,
        }
    }
}

/// Why the conference may not start now.
#[derive(Serialize, ToSchema)]
pub(crate) struct ConferenceError {
    /// Message for the user who wants to join.
    #[schema(example = "This room opens on Monday, 15 January 2024 at 10:45 (Europe/Berlin, UTC+01:00).")]
    message: String,
}

/// The conference is already open.
#[derive(Serialize, ToSchema)]
pub(crate) struct ConferenceConflict {
    /// ID of the open conference.
    #[schema(example = "42")]
    conflict_id: String,
}

/// Open a conference
///
/// For `mod_reservations` of Prosody with `reservations_api_prefix = "https://<this service>/jitsi"`. A conference can
/// be opened from some time before a confirmed appointment until some time after it, and once at a time.
#[utoipa::path(
    post, path = "/jitsi/conference", operation_id = "openConference", tag = "Video server", security(("serverSecret" = [])),
    request_body(content = ConferenceRequest, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "The conference may start: until when, and its limits", body = ReservationBody),
        (status = 403, description = "Too early, too late, or the booking is not confirmed", body = ConferenceError),
        (status = 404, description = "Unknown room", body = ConferenceError),
        (status = 409, description = "The conference is already open", body = ConferenceConflict)
    )
)]
pub(crate) async fn open(state: Data<State>, _: VideoServer, request: Request) -> HandlerResult {
    let body = request.raw_body(state.settings.requests.max_body_bytes).await?;
    let ConferenceRequest { name, mail_owner } = ConferenceRequest::parse(&body)?;
    match state.api.use_cases.rooms.open(&name).await {
        Ok(room) => {
            let owner = mail_owner.unwrap_or_else(|| DEFAULT_OWNER.to_owned());
            Ok(HttpResponse::Ok().json(ReservationBody::new(&room, name, owner)))
        }
        Err(error) => reject(&state, error).await,
    }
}

/// Retrieve a conference
///
/// Returns the current version of the response to `POST /jitsi/conference`: if the booking was rescheduled, the
/// conference ends at the new time.
#[utoipa::path(
    get, path = "/jitsi/conference/{id}", operation_id = "getConference", tag = "Video server",
    security(("serverSecret" = [])),
    params(("id" = String, Path, description = "`id` or `conflict_id` of a response, also as `42.0`", example = "42")),
    responses(
        (status = 200, description = "The conference", body = ReservationBody),
        (status = 403, description = "The conference is no longer allowed", body = ConferenceError),
        (status = 404, description = "Unknown conference, or already closed", body = ConferenceError)
    )
)]
pub(crate) async fn show(state: Data<State>, _: VideoServer, request: Request) -> HandlerResult {
    let Some(id) = conference_id(&request) else { return reject(&state, ReserveConferenceError::Unknown).await };
    match state.api.use_cases.rooms.get(id).await {
        Ok(room) => {
            let name = room.reservation.room.xmpp_name();
            Ok(HttpResponse::Ok().json(ReservationBody::new(&room, name, DEFAULT_OWNER.to_owned())))
        }
        Err(error) => reject(&state, error).await,
    }
}

/// Close a conference
///
/// Repeated requests have no further effect.
#[utoipa::path(
    delete, path = "/jitsi/conference/{id}", operation_id = "closeConference", tag = "Video server",
    security(("serverSecret" = [])),
    params(("id" = String, Path, description = "`id` or `conflict_id` of a response, also as `42.0`", example = "42")),
    responses(
        (status = 204, description = "The conference is closed"),
        (status = 404, description = "Unknown conference", body = ConferenceError)
    )
)]
pub(crate) async fn close(state: Data<State>, _: VideoServer, request: Request) -> HandlerResult {
    let Some(id) = conference_id(&request) else { return reject(&state, ReserveConferenceError::Unknown).await };
    state.api.use_cases.rooms.close(id).await.map_err(try_again)?;
    Ok(HttpResponse::NoContent().finish())
}

/// The conference of the path. Servers on Lua 5.4 may convert the ID to a number with a fraction.
fn conference_id(request: &Request) -> Option<ConferenceId> {
    let text = request.segment("id");
    let digits = text.strip_suffix(".0").unwrap_or(text);
    let number = digits.bytes().all(|b| b.is_ascii_digit()).then(|| digits.parse().ok()).flatten();
    number.and_then(ConferenceId::new)
}

/// The video server shows the message to those who wanted to enter.
async fn reject(state: &State, error: ReserveConferenceError) -> HandlerResult {
    let practice = &state.api.use_cases.practice;
    let phrases = state.api.wording.phrases(Language::default());
    let (status, message) = match error {
        ReserveConferenceError::Unknown => (StatusCode::NOT_FOUND, phrases.text("room-unknown")),
        ReserveConferenceError::Refused(ReservationError::TooEarly { opens_at }) => {
            let opens = phrases.local_time(opens_at, &practice.zone().await?).full;
            (StatusCode::FORBIDDEN, phrases.text_with("room-opens", &[("opens", (&opens).into())]))
        }
        ReserveConferenceError::Refused(ReservationError::NoSession(why)) => {
            let message = match why {
                LinkError::Ended => "room-over",
                LinkError::Cancelled => "room-cancelled",
                LinkError::NotConfirmed | LinkError::Forbidden | LinkError::Revoked => "room-unconfirmed",
            };
            (StatusCode::FORBIDDEN, phrases.text(message))
        }
        ReserveConferenceError::Open(id) => {
            return Ok(HttpResponse::Conflict().json(ConferenceConflict { conflict_id: id.to_string() }));
        }
        ReserveConferenceError::Store(error) => return Err(try_again(error)),
    };
    Ok(HttpResponse::build(status).json(ConferenceError { message }))
}
