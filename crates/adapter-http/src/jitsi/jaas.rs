//! What JaaS tells and asks: its webhooks.
//!
//! They come more than once and in any order, so each is kept as facts, and the facts are sorted out by whoever asks.

use actix_web::HttpResponse;
use actix_web::web::Data;
use attune_application::meetings::{ReserveError, RoomReport};
use attune_domain::ViewerId;
use attune_domain::meeting::{AttendanceEvent, AttendanceEventKind, Reservation};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Loose, MAX_MESSAGE_BYTES, breakout_room, ended, keep, occupant, try_again};
use crate::input::{Request, parse_message};
use crate::problem::{Code, Problem};
use crate::state::State;

/// What happened in a room. Of a message nothing else is read, names and e-mail addresses least of all.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({
    "eventType": "PARTICIPANT_JOINED", "sessionId": "e1b9c7de-6a0f-4a53-9a4e-6a6f1b2c3d4e", "timestamp": 1_705_312_860_000_i64,
    "fqn": "vpaas-magic-cookie-0123456789abcdef/booking-42-1705312800-0123456789abcdef0123456789abcdef",
    "data": {"id": "user-7", "participantId": "a1b2c3d4"}
}))]
pub(crate) struct JaasEvent {
    /// `PARTICIPANT_JOINED`, `PARTICIPANT_LEFT`, `ROOM_DESTROYED` or `SETTINGS_PROVISIONING`. Others are forgotten.
    #[schema(value_type = String)]
    event_type: Loose,
    /// Which opening of the room.
    #[schema(value_type = Option<String>)]
    session_id: Loose,
    /// When, in milliseconds since 1970.
    #[schema(value_type = i64)]
    timestamp: Loose,
    /// The room, behind the AppID and a slash.
    #[schema(value_type = String)]
    fqn: Loose,
    /// What else there is to say.
    #[schema(value_type = Option<JaasEventData>)]
    data: Loose,
}

/// What else there is to say.
#[derive(Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct JaasEventData {
    /// Who it is: `context.user.id` of the token. Missing without one.
    #[schema(value_type = Option<String>)]
    id: Loose,
    /// The server's name for the connection.
    #[schema(value_type = Option<String>)]
    participant_id: Loose,
    /// Another name for it, where the first is missing.
    #[schema(value_type = Option<String>)]
    participant_jid: Loose,
    /// Whether it happened in a breakout room, as a boolean or as a text.
    #[schema(value_type = Option<bool>)]
    is_breakout: Loose,
    /// Which breakout room.
    #[schema(value_type = Option<String>)]
    breakout_room_id: Loose,
}

impl JaasEvent {
    fn report(&self, kind: &str) -> Option<RoomReport> {
        let data: JaasEventData = self.data.read().unwrap_or_default();
        let at = self.timestamp.milliseconds()?;
        let breakout = breakout_room(&data.is_breakout, &data.breakout_room_id);
        let came_or_went = |happening| {
            let connection = data.participant_id.text().or_else(|| data.participant_jid.text())?;
            // JaaS may give the same name to another connection once the room was opened anew.
            let session = self.session_id.text().unwrap_or_default();
            let person = data.id.text().and_then(|id| ViewerId::parse(&id));
            let occupant = occupant(&format!("{session}/{connection}"), breakout.as_deref());
            Some(AttendanceEvent { at, happening, occupant, person })
        };
        let fact = match kind {
            "PARTICIPANT_JOINED" => came_or_went(AttendanceEventKind::Joined)?,
            "PARTICIPANT_LEFT" => came_or_went(AttendanceEventKind::Left)?,
            // The end of a breakout room is not the end of the session.
            "ROOM_DESTROYED" if breakout.is_none() => ended(at),
            _ => return None,
        };
        Some(RoomReport { room: self.fqn.text()?, facts: vec![fact] })
    }
}

/// How JaaS is to set up a room, if it asked. Empty otherwise.
#[derive(Default, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct JaasSettings {
    /// Whether people wait outside until a therapist lets them in.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = true)]
    lobby_enabled: Option<bool>,
    /// How they get in.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "WAIT_FOR_APPROVAL")]
    lobby_type: Option<&'static str>,
    /// How many people the room takes at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 4)]
    max_occupants: Option<u32>,
}

impl From<Reservation> for JaasSettings {
    fn from(reservation: Reservation) -> Self {
        Self {
            lobby_enabled: Some(reservation.lobby),
            lobby_type: reservation.lobby.then_some("WAIT_FOR_APPROVAL"),
            max_occupants: reservation.max_occupants,
        }
    }
}

/// Tell what happened in a room
///
/// For webhooks of JaaS: `PARTICIPANT_JOINED`, `PARTICIPANT_LEFT` and `ROOM_DESTROYED`. Telling something twice, late, or in
/// another order changes nothing. To `SETTINGS_PROVISIONING` the answer says how the room is to be set up; to everything
/// else it is empty. Messages about unknown rooms and of other kinds are answered with 200 and forgotten, and fields that
/// are not listed here are not read.
#[utoipa::path(
    post, path = "/api/webhooks/jaas", operation_id = "jaasWebhook", tag = "Video server",
    params((
        "X-Jaas-Signature" = String, Header, description = "What JaaS signed the body with",
        example = "t=1705312860,v1=5YpTFkcKsHnSbpXcJY7hYyVbVhkc0P4xJ7k0QmK2l9s="
    )),
    request_body = JaasEvent,
    responses((status = 200, description = "Taken note of", body = JaasSettings))
)]
pub(crate) async fn receive(state: Data<State>, request: Request) -> Result<HttpResponse, Problem> {
    let verifier = state.api.jaas_webhooks.as_ref().ok_or(Code::NotFound)?;
    let signature = request.only_header("x-jaas-signature").ok_or(Code::BadSignature)?;
    let body = request.raw_body(MAX_MESSAGE_BYTES).await?;
    if !verifier.is_genuine(&signature, &body, state.api.clock.now()) {
        return Err(Code::BadSignature.into());
    }
    let event: JaasEvent = parse_message(&body)?;
    let kind = event.event_type.text().unwrap_or_default();
    let answer = if kind == "SETTINGS_PROVISIONING" {
        settings(&state, &event).await?
    } else {
        if let Some(report) = event.report(&kind) {
            keep(&state, &report).await?;
        }
        JaasSettings::default()
    };
    Ok(HttpResponse::Ok().json(answer))
}

/// Nothing about rooms that are not ours, or may not exist now: what JaaS does with them is not for us to say.
async fn settings(state: &State, event: &JaasEvent) -> Result<JaasSettings, Problem> {
    let Some(room) = event.fqn.text() else { return Ok(JaasSettings::default()) };
    match state.api.rooms.limits_of(&room).await {
        Ok(reservation) => Ok(reservation.into()),
        Err(ReserveError::Store(error)) => Err(try_again(error)),
        Err(ReserveError::Unknown | ReserveError::Refused(_) | ReserveError::Open(_)) => Ok(JaasSettings::default()),
    }
}
