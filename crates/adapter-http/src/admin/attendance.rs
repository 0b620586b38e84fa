//! Who was in a room, for admins.

#![expect(unused_qualifications, reason = "utoipa qualifies the parameters of a path in the code it generates")]

use std::fmt::Display;

use actix_web::HttpResponse;
use actix_web::http::header::CONTENT_DISPOSITION;
use actix_web::web::Data;
use attune_application::meetings::BookingAttendance;
use attune_domain::meeting::AttendanceSummary;
use attune_domain::{ParticipantId, UserId, ViewerId};
use attune_ports::{BookingFilter, PageRequest};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use crate::request::auth::Admin;
use crate::request::input::{Fields, FromFields, Request};
use crate::request::paging::page;
use crate::response::output::{self, Instant};
use crate::response::problem::{Code, Problem};
use crate::state::State;

/// How far back a report goes by itself.
const USUAL_SPAN: SignedDuration = SignedDuration::from_hours(30 * 24);

/// The time that one person spent in the room of an appointment, as reported by the video server.
#[derive(Serialize, ToSchema)]
#[schema(as = Attendance)]
pub(crate) struct AttendanceBody {
    /// As what.
    #[schema(schema_with = output::attendance_role)]
    role: &'static str,
    /// User ID; null for people without an account.
    #[schema(required = true, example = 7)]
    user_id: Option<i64>,
    /// Invitation ID; null for people who were not invited.
    #[schema(required = true, example = json!(null))]
    participant_id: Option<i64>,
    /// When the person first joined; null if only the leaving was reported.
    #[schema(required = true, value_type = Option<String>, format = DateTime, example = "2024-01-15T10:01:00Z")]
    joined_at: Option<Instant>,
    /// When the person last left; null while in the room.
    #[schema(required = true, value_type = Option<String>, format = DateTime, example = "2024-01-15T10:50:00Z")]
    left_at: Option<Instant>,
    /// Minutes in the room, rounded. Several devices at once count once.
    #[schema(example = 49)]
    minutes: u32,
    /// Number of times that the person joined.
    #[schema(example = 1)]
    visits: u32,
}

impl AttendanceBody {
    /// Somebody's time in the room of a booking of this client.
    pub(crate) fn new(client: UserId, attended: &AttendanceSummary) -> Self {
        let (user_id, participant_id) = match attended.participant {
            Some(ViewerId::Account(id)) => (Some(id), None),
            Some(ViewerId::Participant(id)) => (None, Some(id)),
            None => (None, None),
        };
        let role = match attended.participant {
            Some(ViewerId::Account(id)) if id == client => "client",
            Some(ViewerId::Account(_)) => "therapist",
            Some(ViewerId::Participant(_)) => "participant",
            None => "unknown",
        };
        Self {
            role,
            user_id: user_id.map(UserId::get),
            participant_id: participant_id.map(ParticipantId::get),
            joined_at: attended.joined_at.map(Instant),
            left_at: attended.left_at.map(Instant),
            minutes: attended.minutes,
            visits: attended.visits,
        }
    }
}

/// An appointment and its attendance.
#[derive(Serialize, ToSchema)]
pub(crate) struct SessionAttendance {
    /// Booking ID.
    #[schema(example = 42)]
    booking_id: i64,
    /// ID of the client.
    #[schema(example = 7)]
    user_id: i64,
    /// Therapist ID.
    #[schema(example = 1)]
    therapist_id: i64,
    /// When the appointment starts.
    #[schema(value_type = String, format = DateTime, example = "2024-01-15T10:00:00Z")]
    scheduled_at: Instant,
    /// Duration in minutes.
    #[schema(example = 50)]
    duration: u32,
    /// As in the booking.
    #[schema(schema_with = output::booking_status)]
    status: &'static str,
    /// Everyone who was in the room, in the order of joining.
    attendance: Vec<AttendanceBody>,
}

impl From<&BookingAttendance> for SessionAttendance {
    fn from(session: &BookingAttendance) -> Self {
        let booking = &session.booking;
        Self {
            booking_id: booking.id().get(),
            user_id: booking.client().get(),
            therapist_id: booking.therapist().get(),
            scheduled_at: Instant(booking.scheduled_at()),
            duration: booking.minutes(),
            status: booking.status().as_str(),
            attendance: session.attendance.iter().map(|a| AttendanceBody::new(booking.client(), a)).collect(),
        }
    }
}

/// A page of appointments, each with its attendance.
#[derive(Serialize, ToSchema)]
pub(crate) struct AttendanceList {
    sessions: Vec<SessionAttendance>,
    /// Total number of matching appointments.
    #[schema(example = 1)]
    total: u64,
    /// Maximum number of results on this page.
    #[schema(example = 50)]
    limit: u32,
    /// Number of results skipped.
    #[schema(example = 0)]
    offset: u64,
}

/// Which sessions.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "the documented form of `Wanted`, which is what is read")]
pub(crate) struct AttendanceQuery {
    /// Only appointments that start at or after this time; defaults to thirty days before `to`.
    #[param(format = DateTime)]
    from: Option<String>,
    /// Only appointments that start before this time; defaults to now.
    #[param(format = DateTime)]
    to: Option<String>,
    /// Only bookings of this client.
    #[param(minimum = 1)]
    user_id: Option<i64>,
    /// `json`, or `csv` for a table with a row for each person in each appointment.
    #[param(default = "json", example = "json")]
    format: Option<String>,
    /// Maximum number of appointments.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
    /// Number of results to skip.
    #[param(minimum = 0, default = 0)]
    offset: Option<u64>,
}

/// Which sessions, as read from a query.
struct Wanted {
    from: Option<Timestamp>,
    to: Option<Timestamp>,
    client: Option<UserId>,
    as_table: bool,
    page: PageRequest,
}

impl FromFields for Wanted {
    fn read(fields: &mut Fields) -> Option<Self> {
        let as_table = fields.optional("format", |text| match text {
            "json" => Ok(Some(false)),
            "csv" => Ok(Some(true)),
            _ => Err(Code::InvalidValue),
        });
        Some(Self {
            from: fields.optional_instant("from"),
            to: fields.optional_instant("to"),
            client: fields.whole("user_id", UserId::new),
            as_table: as_table.unwrap_or(false),
            page: page(fields),
        })
    }
}

/// Retrieve the attendance report
///
/// Returns the appointments that start in a range, by default in the last thirty days, latest first, each with everyone
/// who was in the room as far as the video server reported it. `?format=csv` returns the same as a table (RFC 4180):
/// one row for each person, and one for an appointment that no one attended. Neither contains names. `X-Total-Count` is
/// the total number of matching appointments.
#[utoipa::path(
    get, path = "/api/admin/reports/attendance", operation_id = "getAttendanceReport", tag = "Admin",
    security(("bearer" = [])),
    params(AttendanceQuery),
    responses((
        status = 200, description = "The attendance report",
        content((AttendanceList = "application/json"), (String = "text/csv")),
        headers(("X-Total-Count" = u64, description = "The attendance report"))
    ))
)]
pub(crate) async fn report(state: Data<State>, Admin(_): Admin, request: Request) -> Result<HttpResponse, Problem> {
    let wanted: Wanted = request.query()?;
    let to = wanted.to.unwrap_or_else(|| state.api.clock.now());
    let from = wanted.from.unwrap_or_else(|| to.saturating_sub(USUAL_SPAN).unwrap_or(Timestamp::MIN));
    let filter = BookingFilter { client: wanted.client, from: Some(from), to: Some(to), ..BookingFilter::default() };
    let found = state.api.attendance.list(&filter, wanted.page).await?;
    let sessions: Vec<SessionAttendance> = found.items.iter().map(SessionAttendance::from).collect();
    let mut response = HttpResponse::Ok();
    response.insert_header(("X-Total-Count", found.total));
    if wanted.as_table {
        return Ok(response
            .content_type("text/csv; charset=utf-8; header=present")
            .insert_header((CONTENT_DISPOSITION, "attachment; filename=\"attendance.csv\""))
            .body(table(&sessions)));
    }
    let PageRequest { limit, offset } = wanted.page;
    Ok(response.json(AttendanceList { sessions, total: found.total, limit, offset }))
}

/// Numbers, times and words of ours need no quotes, and no spreadsheet takes any of them for a formula.
fn table(sessions: &[SessionAttendance]) -> String {
    let mut csv =
        "booking_id,scheduled_at,duration,status,role,user_id,participant_id,joined_at,left_at,minutes,visits\r\n"
            .to_owned();
    for session in sessions {
        let SessionAttendance { booking_id, scheduled_at, duration, status, .. } = session;
        let mut line = |rest: &str| {
            csv.push_str(&format!("{booking_id},{},{duration},{status},{rest}\r\n", utc(*scheduled_at)));
        };
        for person in &session.attendance {
            let AttendanceBody { role, minutes, visits, .. } = person;
            let (user, participant) = (field(person.user_id), field(person.participant_id));
            let (joined, left) = (field(person.joined_at.map(utc)), field(person.left_at.map(utc)));
            line(&format!("{role},{user},{participant},{joined},{left},{minutes},{visits}"));
        }
        if session.attendance.is_empty() {
            line(",,,,,,");
        }
    }
    csv
}

fn field(value: Option<impl Display>) -> String {
    value.map_or_else(String::new, |value| value.to_string())
}

fn utc(instant: Instant) -> String {
    instant.0.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
