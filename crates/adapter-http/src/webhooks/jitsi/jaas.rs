//! Webhooks of JaaS.
//!
//! They arrive repeatedly and in any order, so they are stored as attendance events, from which reports compute the
//! rest.

use actix_web::HttpResponse;
use actix_web::web::Data;
use attune_application::meetings::{ReserveConferenceError, RoomReport};
use attune_domain::ViewerId;
use attune_domain::meeting::{AttendanceEvent, AttendanceEventKind, Reservation};
use attune_http_common::{Code, HandlerResult, Problem};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::message::{Loose, MAX_MESSAGE_BYTES, breakout_room, ended, occupant, record, try_again};
use crate::request::input::{Request, parse_message};
use crate::state::State;

/// An event in a room. Nothing else is read, in particular no names and email addresses.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({
    "eventType": "PARTICIPANT_JOINED", "sessionId": "e1b9c7de-6a0f-4a53-9a4e-6a6f1b2c3d4e", "timestamp": 1_705_312_860_000_i64,
    "fqn": "vpaas-magic-cookie-0123456789abcdef/booking-42-1705312800-0123456789abcdef0123456789abcdef",
    "data": {"id": "user-7", "participantId": "a1b2c3d4"}
}))]
pub(crate) struct JaasEvent {
    /// `PARTICIPANT_JOINED`, `PARTICIPANT_LEFT`, `ROOM_DESTROYED` or `SETTINGS_PROVISIONING`. Other types are ignored.
    #[schema(value_type = String)]
    event_type: Loose,
    /// ID of this conference in the room.
    #[schema(value_type = Option<String>)]
    session_id: Loose,
    /// Unix timestamp in milliseconds.
    #[schema(value_type = i64)]
    timestamp: Loose,
    /// Name of the room, after the AppID and a slash.
    #[schema(value_type = String)]
    fqn: Loose,
    /// Details of the event.
    #[schema(value_type = Option<JaasEventData>)]
    data: Loose,
}

/// Details of the event.
#[derive(Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct JaasEventData {
    /// User ID in the token (`context.user.id`). Absent without a token.
    #[schema(value_type = Option<String>)]
    id: Loose,
    /// The server's ID of the connection.
    #[schema(value_type = Option<String>)]
    participant_id: Loose,
    /// Another ID of the connection, used if the first is absent.
    #[schema(value_type = Option<String>)]
    participant_jid: Loose,
    /// Whether it is about a breakout room, as a boolean or a string.
    #[schema(value_type = Option<bool>)]
    is_breakout: Loose,
    /// ID of the breakout room.
    #[schema(value_type = Option<String>)]
    breakout_room_id: Loose,
}

impl JaasEvent {
    fn report(&self, kind: &str) -> Option<RoomReport> {
        let data: JaasEventData = self.data.read().unwrap_or_default();
        let at = self.timestamp.milliseconds()?;
        let breakout = breakout_room(&data.is_breakout, &data.breakout_room_id);
        let joined_or_left = |kind| {
            let connection = data.participant_id.text().or_else(|| data.participant_jid.text())?;
            // JaaS may reuse the ID of a connection when the room is opened again.
            let session = self.session_id.text().unwrap_or_default();
            let participant = data.id.text().and_then(|id| ViewerId::parse(&id));
            let occupant = occupant(&format!("{session}/{connection}"), breakout.as_deref());
            Some(AttendanceEvent { at, kind, occupant, participant })
        };
        let event = match kind {
            "PARTICIPANT_JOINED" => joined_or_left(AttendanceEventKind::Joined)?,
            "PARTICIPANT_LEFT" => joined_or_left(AttendanceEventKind::Left)?,
            // The end of a breakout room is not the end of the conference.
            "ROOM_DESTROYED" if breakout.is_none() => ended(at),
            _ => return None,
        };
        Some(RoomReport { room: self.fqn.text()?, events: vec![event] })
    }
}

/// Settings of a room for JaaS, if it requested them. Otherwise empty.
#[derive(Default, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct JaasSettings {
    /// Whether participants wait in the lobby until a therapist admits them.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = true)]
    lobby_enabled: Option<bool>,
    /// How participants are admitted from the lobby.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "WAIT_FOR_APPROVAL")]
    lobby_type: Option<&'static str>,
    /// Maximum number of people in the room.
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

/// Receive a JaaS webhook
///
/// For webhooks of JaaS: `PARTICIPANT_JOINED`, `PARTICIPANT_LEFT` and `ROOM_DESTROYED`. Duplicate, late and
/// out-of-order events change nothing. The response to `SETTINGS_PROVISIONING` has the settings of the room; every
/// other response is empty. Events of unknown rooms and of other types are answered with 200 and ignored. Fields that
/// are not listed here are ignored.
#[utoipa::path(
    post, path = "/api/webhooks/jaas", operation_id = "receiveJaasWebhook", tag = "Video server",
    params((
        "X-Jaas-Signature" = String, Header, description = "JaaS's signature of the body",
        example = "t=1705312860,v1=5YpTFkcKsHnSbpXcJY7hYyVbVhkc0P4xJ7k0QmK2l9s="
    )),
    request_body = JaasEvent,
    responses((status = 200, description = "The event was accepted", body = JaasSettings))
)]
pub(crate) async fn receive(state: Data<State>, request: Request) -> HandlerResult {
    let verifier = state.api.jaas_webhooks.as_ref().ok_or(Code::NotFound)?;
    let signature = request.only_header("x-jaas-signature").ok_or(Code::InvalidSignature)?;
    let body = request.raw_body(MAX_MESSAGE_BYTES).await?;
    if !verifier.is_genuine(&signature, &body, state.api.clock.now()) {
        return Err(Code::InvalidSignature.into());
    }
    let event: JaasEvent = parse_message(&body)?;
    let kind = event.event_type.text().unwrap_or_default();
    let response = if kind == "SETTINGS_PROVISIONING" {
        settings(&state, &event).await?
    } else {
        if let Some(report) = event.report(&kind) {
            record(&state, &report).await?;
        }
        JaasSettings::default()
    };
    Ok(HttpResponse::Ok().json(response))
}

/// Empty for unknown rooms and for conferences that may not start now.
async fn settings(state: &State, event: &JaasEvent) -> Result<JaasSettings, Problem> {
    let Some(room) = event.fqn.text() else { return Ok(JaasSettings::default()) };
    match state.api.use_cases.rooms.limits_of(&room).await {
        Ok(reservation) => Ok(reservation.into()),
        Err(ReserveConferenceError::Store(error)) => Err(try_again(error)),
        Err(ReserveConferenceError::Unknown | ReserveConferenceError::Refused(_) | ReserveConferenceError::Open(_)) => {
            Ok(JaasSettings::default())
        }
    }
}
