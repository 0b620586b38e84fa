//! Ending an appointment for everyone.

use actix_web::HttpResponse;
use actix_web::web::Data;
use attune_application::meetings::EndAppointmentCommand;
use serde::Serialize;
use utoipa::ToSchema;

use crate::admin::booking_detail::{AdminBookingDetail, detail};
use crate::admin::changes::ExpectedVersion;
use crate::request::auth::Admin;
use crate::request::input::Request;
use crate::response::output::Instant;
use crate::state::State;
use attune_http_common::HandlerResult;

/// A booking whose appointment was ended, and its room.
#[derive(Serialize, ToSchema)]
pub(crate) struct EndedBooking {
    #[serde(flatten)]
    booking: AdminBookingDetail,
    /// Whether no one is in the room any longer. If not, the service cannot close rooms of the video server, or the
    /// attempt failed; a repeated request tries again.
    #[schema(example = true)]
    room_closed: bool,
    /// Until when people who are in the room can stay, if the video server ends rooms.
    #[schema(value_type = String, format = DateTime, example = "2024-01-15T11:20:00Z")]
    closes_at: Instant,
}

/// End an appointment for everyone
///
/// Completes a scheduled booking, from the start of its appointment on, and removes everyone from its room. A booking
/// that is completed, a no-show or cancelled stays as it is; its room is closed. Where the video server asks for
/// reservations, the room cannot be entered again unless the booking is reopened.
#[utoipa::path(
    post, path = "/api/admin/bookings/{id}/end", operation_id = "endAppointment",
    request_body = ExpectedVersion,
    responses((status = 200, description = "The updated booking, and whether its room is closed", body = EndedBooking))
)]
pub(crate) async fn end(state: Data<State>, Admin(caller): Admin, request: Request) -> HandlerResult {
    let booking = request.booking_id()?;
    let metadata = request.metadata();
    let ExpectedVersion { version } = request.body().await?;
    let command = EndAppointmentCommand { admin: caller.user.id, booking, version, metadata };
    let ended = state.api.use_cases.end_appointment.run(command).await?;
    Ok(HttpResponse::Ok().json(EndedBooking {
        booking: detail(&state, &caller.user, booking).await?,
        room_closed: ended.room_closed,
        closes_at: Instant(ended.closes_at),
    }))
}
