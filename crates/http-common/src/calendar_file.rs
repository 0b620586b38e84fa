//! Bookings as a file or a feed for calendar programs. Neither contains names.

use actix_web::HttpResponse;
use actix_web::http::header::CONTENT_DISPOSITION;
use attune_application::bookings::FeedEntry;
use attune_domain::{Booking, BookingStatus, Installation};
use attune_ics::{Appointment, FeedEvent, Method};
use attune_ports::{Clock, Queries};
use attune_wording::Phrases;

use crate::{Code, HandlerResult};

/// The media type of iCalendar objects (RFC 5545, section 3.1.4).
pub const CALENDAR_TYPE: &str = "text/calendar; charset=utf-8";

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
    let appointment = appointment(booking, phrases, &queries.installation().await?);
    // A published file says when it was made, a feed when an event last changed (RFC 5545, section 3.8.7.2).
    let appointment = Appointment { written_at: clock.now(), ..appointment };
    Ok(HttpResponse::Ok()
        .content_type(CALENDAR_TYPE)
        .insert_header((CONTENT_DISPOSITION, "attachment; filename=\"appointment.ics\""))
        .body(appointment.to_ics(Method::Publish)))
}

/// The calendar of a feed. It is the same as long as nothing changes, whenever it is read.
pub fn calendar_feed(
    entries: &[FeedEntry],
    phrases: Phrases<'_>,
    installation: &Installation,
    practice_name: &str,
) -> String {
    let event = |FeedEntry { booking, url }: &FeedEntry| FeedEvent {
        appointment: appointment(booking, phrases, installation),
        url: url.clone(),
    };
    attune_ics::feed(practice_name, &entries.iter().map(event).collect::<Vec<_>>())
}

fn appointment(booking: &Booking, phrases: Phrases<'_>, installation: &Installation) -> Appointment {
    let cancelled = booking.status() == BookingStatus::Cancelled;
    Appointment {
        uid: installation.calendar_uid(booking.id()),
        sequence: booking.version(),
        written_at: booking.updated_at(),
        starts_at: booking.scheduled_at(),
        ends_at: booking.ends_at(),
        cancelled,
        summary: phrases.text("calendar-entry.title"),
        description: phrases.text(if cancelled { "calendar-entry.cancelled" } else { "calendar-entry.join" }),
    }
}
