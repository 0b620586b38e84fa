//! Whether a room may exist: the reservation system of Prosody (`mod_reservations`), with this service as its backend.
//!
//! Prosody shows the message of a refusal to the person at the door. So refusals have its form, and a sentence that says
//! what to do; failures of the request itself are problems, as everywhere.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use attune_application::meetings::{ReserveError, ReservedRoom};
use attune_domain::meeting::{MeetingRoom, ReservationError};
use attune_domain::{ConferenceId, LinkError};
use serde::Serialize;
use url::{Url, form_urlencoded};
use utoipa::ToSchema;

use super::message::{VideoServer, try_again};
use crate::public::join::in_words;
use crate::request::input::Request;
use crate::response::output::Instant;
use crate::response::problem::{Code, Problem};
use crate::state::State;

/// The owner in an answer where the question named none. The server wants one and does nothing with it.
const NO_OWNER: &str = "attune";

/// The room of the conference. Other fields are ignored.
#[derive(ToSchema)]
#[schema(example = json!({
    "name": "booking-42-1705312800-0123456789abcdef0123456789abcdef", "start_time": "2024-01-15T09:58:21.000Z",
    "mail_owner": "5c7a@meet.example.org"
}))]
pub(crate) struct RoomQuestion {
    /// Name of the room, also as `[tenant]room`. Case-insensitive.
    name: String,
    /// The server's ID of the user who wants to join. Returned unchanged.
    mail_owner: Option<String>,
}

impl RoomQuestion {
    fn parse(body: &[u8]) -> Result<Self, Problem> {
        let mut question = Self { name: String::new(), mail_owner: None };
        for (field, value) in form_urlencoded::parse(body) {
            match &*field {
                "name" => question.name = value.into_owned(),
                "mail_owner" => question.mail_owner = Some(value.into_owned()).filter(|owner| !owner.is_empty()),
                _ => {}
            }
        }
        if question.name.is_empty() { Err(Problem::field("name", Code::Required)) } else { Ok(question) }
    }
}

/// A conference that may start.
#[derive(Serialize, ToSchema)]
#[schema(as = RoomReservation)]
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
    fn new(room: &ReservedRoom, name: String, mail_owner: String) -> Self {
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
pub(crate) struct RoomRefusal {
    /// Message for the user who wants to join.
    #[schema(example = "This room opens on Monday, 15 January 2024 at 10:45 (Europe/Berlin, UTC+01:00).")]
    message: String,
}

/// The conference is already open.
#[derive(Serialize, ToSchema)]
pub(crate) struct OpenRoom {
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
    request_body(content = RoomQuestion, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "The conference may start: until when, and its limits", body = ReservationBody),
        (status = 403, description = "Too early, too late, or the booking is not confirmed", body = RoomRefusal),
        (status = 404, description = "Unknown room", body = RoomRefusal),
        (status = 409, description = "The conference is already open", body = OpenRoom)
    )
)]
pub(crate) async fn open(state: Data<State>, _: VideoServer, request: Request) -> Result<HttpResponse, Problem> {
    let body = request.raw_body(state.settings.max_body_bytes).await?;
    let RoomQuestion { name, mail_owner } = RoomQuestion::parse(&body)?;
    match state.api.rooms.open(&name).await {
        Ok(room) => {
            let owner = mail_owner.unwrap_or_else(|| NO_OWNER.to_owned());
            Ok(HttpResponse::Ok().json(ReservationBody::new(&room, name, owner)))
        }
        Err(error) => refuse(&state, error),
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
        (status = 403, description = "The conference is no longer allowed", body = RoomRefusal),
        (status = 404, description = "Unknown conference, or already closed", body = RoomRefusal)
    )
)]
pub(crate) async fn show(state: Data<State>, _: VideoServer, request: Request) -> Result<HttpResponse, Problem> {
    let Some(id) = conference_id(&request) else { return refuse(&state, ReserveError::Unknown) };
    match state.api.rooms.get(id).await {
        Ok(room) => {
            let name = spelled(&room.reservation.room);
            Ok(HttpResponse::Ok().json(ReservationBody::new(&room, name, NO_OWNER.to_owned())))
        }
        Err(error) => refuse(&state, error),
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
        (status = 404, description = "Unknown conference", body = RoomRefusal)
    )
)]
pub(crate) async fn close(state: Data<State>, _: VideoServer, request: Request) -> Result<HttpResponse, Problem> {
    let Some(id) = conference_id(&request) else { return refuse(&state, ReserveError::Unknown) };
    state.api.rooms.close(id).await.map_err(try_again)?;
    Ok(HttpResponse::NoContent().finish())
}

/// The conference of the path. Servers on Lua 5.4 write numbers with a fraction, and an id may have been one in between.
fn conference_id(request: &Request) -> Option<ConferenceId> {
    let text = request.segment("id");
    let digits = text.strip_suffix(".0").unwrap_or(text);
    let number = digits.bytes().all(|b| b.is_ascii_digit()).then(|| digits.parse().ok()).flatten();
    number.and_then(ConferenceId::new)
}

/// The room as its server calls it: with the tenant in brackets before it, if there is one in its address.
fn spelled(room: &MeetingRoom) -> String {
    let url = Url::parse(room.url()).ok();
    let segments = url.as_ref().and_then(Url::path_segments).into_iter().flatten();
    match segments.rev().nth(1).filter(|tenant| !tenant.is_empty()) {
        Some(tenant) => format!("[{tenant}]{}", room.id()),
        None => room.id().to_owned(),
    }
}

fn refuse(state: &State, error: ReserveError) -> Result<HttpResponse, Problem> {
    let (status, message) = match error {
        ReserveError::Unknown => (StatusCode::NOT_FOUND, "There is no such room.".to_owned()),
        ReserveError::Refused(ReservationError::TooEarly { opens_at }) => {
            let opens = in_words(opens_at, &state.api.join.practice_zone);
            (StatusCode::FORBIDDEN, format!("This room opens on {opens}."))
        }
        ReserveError::Refused(ReservationError::NoSession(why)) => {
            let message = match why {
                LinkError::Ended => "This session is over.",
                LinkError::Cancelled => "This session was cancelled.",
                LinkError::NotConfirmed | LinkError::Forbidden | LinkError::Revoked => "This session is not confirmed.",
            };
            (StatusCode::FORBIDDEN, message.to_owned())
        }
        ReserveError::Open(id) => {
            return Ok(HttpResponse::Conflict().json(OpenRoom { conflict_id: id.to_string() }));
        }
        ReserveError::Store(error) => return Err(try_again(error)),
    };
    Ok(HttpResponse::build(status).json(RoomRefusal { message }))
}

#[cfg(test)]
mod tests;
