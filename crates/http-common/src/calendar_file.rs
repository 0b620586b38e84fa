//! A booking as a file for calendar programs.

use actix_web::HttpResponse;
use actix_web::http::header::CONTENT_DISPOSITION;
use attune_domain::{Booking, BookingStatus};
use attune_ics::{Appointment, Method};
use attune_ports::{Clock, Queries};
use attune_wording::Phrases;

use crate::{Code, HandlerResult};

/// One event, without names and links. Its UID never changes, and `SEQUENCE` grows with the booking's version. Errors:
/// [`Code::CalendarEntryUnavailable`] for a booking that was never confirmed.
pub async fn calendar_file(
    booking: &Booking,
    phrases: Phrases<'_>,
    queries: &dyn Queries,
    clock: &dyn Clock,
) -> HandlerResult {
    // Only a confirmed booking gets a room, and it keeps the room when it is cancelled.
    if booking.room().is_none() {
        return Err(Code::CalendarEntryUnavailable.into());
    }
    let cancelled = booking.status() == BookingStatus::Cancelled;
    let appointment = Appointment {
        uid: queries.installation().await?.calendar_uid(booking.id()),
        sequence: booking.version(),
        written_at: clock.now(),
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
