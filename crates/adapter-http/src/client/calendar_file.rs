//! A booking as a file for calendar programs.

use actix_web::HttpResponse;
use actix_web::http::header::CONTENT_DISPOSITION;
use actix_web::web::Data;
use attune_domain::BookingStatus;
use attune_http_common::{Code, HandlerResult};
use attune_ics::{Appointment, Method};

use crate::request::auth::Signed;
use crate::request::input::Request;
use crate::state::State;

/// Download a calendar file
///
/// An iCalendar file with one event. Its UID never changes, and `SEQUENCE` grows with the booking's `version`: when a
/// calendar application reads the file again, it moves the event, or cancels it once the booking is cancelled. The file
/// contains no names and no links.
#[utoipa::path(
    get, path = "/api/bookings/{id}/calendar.ics", operation_id = "downloadCalendarFile", tag = "Bookings",
    security(("bearer" = [])),
    responses((status = 200, description = "The iCalendar file", content_type = "text/calendar", body = String))
)]
pub(crate) async fn show(state: Data<State>, Signed(caller): Signed, request: Request) -> HandlerResult {
    let id = request.booking_id()?;
    request.no_query()?;
    let booking = state.api.use_cases.view_booking.run(&caller.user, id).await?.booking;
    // Only a confirmed booking gets a room, and it keeps the room when it is cancelled.
    if booking.room().is_none() {
        return Err(Code::CalendarEntryUnavailable.into());
    }
    let phrases = state.api.wording.phrases(caller.user.language.unwrap_or_default());
    let cancelled = booking.status() == BookingStatus::Cancelled;
    let installation = state.api.queries.installation().await?;
    let appointment = Appointment {
        uid: installation.calendar_uid(booking.id()),
        sequence: booking.version(),
        written_at: state.api.clock.now(),
        starts_at: booking.scheduled_at(),
        ends_at: booking.ends_at(),
        cancelled,
        summary: phrases.text("calendar-entry.title"),
        description: phrases.text(if cancelled { "calendar-entry.cancelled" } else { "calendar-entry.join" }),
    };
    Ok(HttpResponse::Ok()
        .content_type("text/calendar; charset=utf-8")
        .insert_header((CONTENT_DISPOSITION, "attachment; filename=\"appointment.ics\""))
        .body(appointment.to_ics(Method::Publish)))
}
