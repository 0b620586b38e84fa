//! Room events of the practice's own video server, sent by `mod_event_sync_component` for Prosody.
//!
//! They arrive repeatedly and in any order, so they are stored as attendance events, from which reports compute the
//! rest.

use actix_web::HttpResponse;
use actix_web::web::Data;
use attune_application::meetings::RoomReport;
use attune_domain::ViewerId;
use attune_domain::meeting::{AttendanceEvent, AttendanceEventKind};
use attune_http_common::HandlerResult;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::message::{Loose, MAX_MESSAGE_BYTES, VideoServer, breakout_room, ended, occupant, record};
use crate::request::input::Request;
use crate::state::State;

/// An event in a room. Nothing else is read, in particular no names and email addresses.
#[derive(Deserialize, ToSchema)]
#[schema(example = json!({
    "event_name": "muc-occupant-left", "room_name": "booking-42-1705312800-0123456789abcdef0123456789abcdef",
    "is_breakout": false,
    "occupant": {
        "occupant_jid": "5c7a@meet.example.org/Xw0", "id": "user-7", "joined_at": 1_705_312_860, "left_at": 1_705_315_800
    }
}))]
pub(crate) struct RoomEvent {
    /// `muc-room-created`, `muc-room-destroyed`, `muc-occupant-joined` or `muc-occupant-left`.
    #[schema(value_type = String)]
    event_name: Loose,
    /// Name of the room; for a breakout room, that of its main room.
    #[schema(value_type = String)]
    room_name: Loose,
    /// Whether it is about a breakout room.
    #[schema(value_type = Option<bool>)]
    is_breakout: Loose,
    /// ID of the breakout room.
    #[schema(value_type = Option<String>)]
    breakout_room_id: Loose,
    /// When the room was destroyed, as a Unix timestamp in seconds.
    #[schema(value_type = Option<f64>)]
    destroyed_at: Loose,
    /// Who joined or left.
    #[schema(value_type = Option<RoomOccupant>)]
    occupant: Loose,
    /// Everyone who was in the room, when it was destroyed.
    #[schema(value_type = Option<Vec<RoomOccupant>>)]
    all_occupants: Loose,
}

/// A connection to a room.
#[derive(Deserialize, ToSchema)]
pub(crate) struct RoomOccupant {
    /// The server's ID of the connection.
    #[schema(value_type = String)]
    occupant_jid: Loose,
    /// User ID in the token (`context.user.id`). Absent without a token.
    #[schema(value_type = Option<String>)]
    id: Loose,
    /// When the occupant joined, as a Unix timestamp in seconds.
    #[schema(value_type = Option<f64>)]
    joined_at: Loose,
    /// When the occupant left, as a Unix timestamp in seconds.
    #[schema(value_type = Option<f64>)]
    left_at: Loose,
}

impl RoomEvent {
    fn report(&self) -> Option<RoomReport> {
        let breakout = breakout_room(&self.is_breakout, &self.breakout_room_id);
        let breakout = breakout.as_deref();
        let events = match self.event_name.text()?.as_str() {
            // The message about leaving has both times, so the one about joining may get lost.
            "muc-occupant-joined" | "muc-occupant-left" => {
                self.occupant.read().map(|who: RoomOccupant| who.events(breakout)).unwrap_or_default()
            }
            "muc-room-destroyed" => {
                let occupants: Vec<Box<RawValue>> = self.all_occupants.read().unwrap_or_default();
                let occupants = occupants.iter().filter_map(|who| serde_json::from_str::<RoomOccupant>(who.get()).ok());
                let mut events: Vec<AttendanceEvent> = occupants.flat_map(|who| who.events(breakout)).collect();
                // The end of a breakout room is not the end of the conference.
                events.extend(self.destroyed_at.seconds().filter(|_| breakout.is_none()).map(ended));
                events
            }
            _ => Vec::new(),
        };
        Some(RoomReport { room: self.room_name.text()?, events })
    }
}

impl RoomOccupant {
    fn events(&self, breakout: Option<&str>) -> Vec<AttendanceEvent> {
        let Some(connection) = self.occupant_jid.text() else { return Vec::new() };
        let occupant = occupant(&connection, breakout);
        let participant = self.id.text().and_then(|id| ViewerId::parse(&id));
        let times = [
            (AttendanceEventKind::Joined, self.joined_at.seconds()),
            (AttendanceEventKind::Left, self.left_at.seconds()),
        ];
        times
            .into_iter()
            .filter_map(|(kind, at)| Some(AttendanceEvent { at: at?, kind, occupant: occupant.clone(), participant }))
            .collect()
    }
}

/// Result of an event.
#[derive(Serialize, ToSchema)]
pub(crate) struct RoomEventResult {
    /// Number of attendance events in it that were new.
    #[schema(example = 1)]
    recorded: u64,
}

/// Receive a room event
///
/// For `mod_event_sync_component` of Prosody with `api_prefix = "https://<this service>/jitsi"`. The event is taken
/// from `event_name`, `room_name` and the timestamps; the last two segments of the path are ignored. Duplicate, late
/// and out-of-order events change nothing. Events of unknown rooms and of unknown types are answered with 200 and
/// ignored, so that the server does not send them again. Fields that are not listed here are ignored.
#[utoipa::path(
    post, path = "/jitsi/events/{about}/{happened}", operation_id = "receiveRoomEvent", tag = "Video server",
    security(("serverSecret" = [])),
    params(
        ("about" = String, Path, description = "`room` or `occupant`", example = "occupant"),
        ("happened" = String, Path, description = "`created`, `destroyed`, `joined` or `left`", example = "left")
    ),
    request_body = RoomEvent,
    responses((status = 200, description = "The event was accepted", body = RoomEventResult))
)]
pub(crate) async fn receive(state: Data<State>, _: VideoServer, request: Request) -> HandlerResult {
    let event: RoomEvent = request.message(MAX_MESSAGE_BYTES).await?;
    let recorded = match event.report() {
        Some(report) => record(&state, &report).await?,
        None => 0,
    };
    Ok(HttpResponse::Ok().json(RoomEventResult { recorded }))
}
