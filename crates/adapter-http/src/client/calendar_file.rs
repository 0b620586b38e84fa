//! A booking as a file for calendar programs (RFC 5545).
//!
//! Like the entry in the mails it has one UID for the booking's whole life, so that a program that has both shows one
//! appointment, the newest. It tells nobody's name, no link and nothing of what kind of appointment it is: calendars are
//! shared, and lie around on more servers than their owner knows.

use actix_web::HttpResponse;
use actix_web::http::header::CONTENT_DISPOSITION;
use actix_web::web::Data;
use attune_domain::{Booking, BookingStatus};
use jiff::Timestamp;

use crate::request::auth::Signed;
use crate::request::input::Request;
use crate::response::problem::{Code, Problem};
use crate::state::State;

/// Download a calendar file
///
/// An iCalendar file with one event. Its UID never changes, and `SEQUENCE` grows with the booking's `version`: when a
/// calendar application reads the file again, it moves the event, or cancels it once the booking is cancelled. The file
/// contains no names and no links.
#[utoipa::path(
    get, path = "/api/bookings/{id}/calendar.ics", operation_id = "downloadCalendarFile", tag = "Bookings",
    security(("bearer" = [])),
    params(("id" = i64, Path, minimum = 1, description = "Booking ID", example = 42)),
    responses((status = 200, description = "The iCalendar file", content_type = "text/calendar", body = String))
)]
pub(crate) async fn show(
    state: Data<State>,
    Signed(caller): Signed,
    request: Request,
) -> Result<HttpResponse, Problem> {
    let id = request.booking_id()?;
    request.no_query()?;
    let booking = state.api.links.visible(&caller.user, id).await?.booking;
    // Only what was agreed got a room, and it stays on record when the session is called off.
    if booking.room().is_none() {
        return Err(Code::CalendarEntryUnavailable.into());
    }
    let file = entry(&booking, &state.settings.calendar_domain, state.api.clock.now());
    Ok(HttpResponse::Ok()
        .content_type("text/calendar; charset=utf-8")
        .insert_header((CONTENT_DISPOSITION, "attachment; filename=\"appointment.ics\""))
        .body(file))
}

/// The whole file. Nothing in it comes from people, so nothing needs escaping, and no line is as long as 75 octets unless
/// the domain is, which is then folded.
fn entry(booking: &Booking, domain: &str, now: Timestamp) -> String {
    let (status, description) = if booking.status() == BookingStatus::Cancelled {
        ("CANCELLED", "This appointment was cancelled.")
    } else {
        ("CONFIRMED", "To join\\, open the link in your mail.")
    };
    let lines = [
        "BEGIN:VCALENDAR".to_owned(),
        "VERSION:2.0".to_owned(),
        "PRODID:-//Attune//Attune//EN".to_owned(),
        "METHOD:PUBLISH".to_owned(),
        "BEGIN:VEVENT".to_owned(),
        format!("UID:booking-{}@{domain}", booking.id()),
        format!("SEQUENCE:{}", booking.version()),
        format!("DTSTAMP:{}", utc(now)),
        format!("DTSTART:{}", utc(booking.scheduled_at())),
        format!("DTEND:{}", utc(booking.ends_at())),
        "SUMMARY:Your appointment".to_owned(),
        format!("DESCRIPTION:{description}"),
        format!("STATUS:{status}"),
        "END:VEVENT".to_owned(),
        "END:VCALENDAR".to_owned(),
    ];
    lines.iter().map(|line| fold(line) + "\r\n").collect()
}

fn utc(instant: Timestamp) -> String {
    instant.strftime("%Y%m%dT%H%M%SZ").to_string()
}

/// Section 3.1: no line is longer than 75 octets; the rest continues after a blank. Our lines are ASCII.
fn fold(line: &str) -> String {
    let mut folded = String::with_capacity(line.len());
    for (at, c) in line.chars().enumerate() {
        // 75 on the first line; on the others the blank counts, too.
        if at >= 75 && (at - 75) % 74 == 0 {
            folded.push_str("\r\n ");
        }
        folded.push(c);
    }
    folded
}
