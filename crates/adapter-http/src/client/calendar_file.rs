//! A booking as a file for calendar programs.

use actix_web::web::Data;
use attune_http_common::{HandlerResult, calendar_file};

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
    let formality = state.api.use_cases.practice.load().await?.german_formality;
    let phrases = state.api.wording.phrases_with(caller.user.language.unwrap_or_default(), formality);
    calendar_file(&booking, phrases, &*state.api.queries, &*state.api.clock).await
}
