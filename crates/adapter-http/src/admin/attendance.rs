//! The attendance report, for admins.

#![expect(unused_qualifications, reason = "utoipa qualifies the parameters of a path in the code it generates")]

use std::fmt::Display;

use actix_web::HttpResponse;
use actix_web::web::Data;
use attune_application::meetings::BookingAttendance;
use attune_domain::meeting::AttendanceSummary;
use attune_domain::{UserId, ViewerId};
use attune_http_common::{HandlerResult, schema};
use attune_ports::{BookingFilter, PageRequest};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use crate::admin::filters::therapist;
use crate::request::auth::Admin;
use crate::request::input::{Fields, FromFields, Request};
use crate::request::paging::{PageQuery, page};
use crate::response::output::{self, Instant, REPORT_FORMATS, ReportFormat, as_csv};
use crate::state::State;

/// How far back a report goes by default.
const DEFAULT_SPAN: SignedDuration = SignedDuration::from_hours(30 * 24);

/// The time that one person spent in the room of an appointment, as reported by the video server.
#[derive(Serialize, ToSchema)]
#[schema(as = Attendance)]
pub(crate) struct AttendanceBody {
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
    /// Whether the video server reported neither that the person left nor that the conference ended, for example after a
    /// crash. `minutes` then count until the last event in the room.
    #[schema(example = false)]
    estimated: bool,
}

impl AttendanceBody {
    pub(crate) fn new(client: UserId, attended: &AttendanceSummary) -> Self {
        let (role, user_id, participant_id) = match attended.participant {
            Some(ViewerId::Account(id)) if id == client => ("client", Some(id.get()), None),
            Some(ViewerId::Account(id)) => ("therapist", Some(id.get()), None),
            Some(ViewerId::Participant(id)) => ("participant", None, Some(id.get())),
            None => ("unknown", None, None),
        };
        Self {
            role,
            user_id,
            participant_id,
            joined_at: attended.joined_at.map(Instant),
            left_at: attended.left_at.map(Instant),
            minutes: attended.minutes,
            visits: attended.visits,
            estimated: attended.estimated,
        }
    }
}

/// An appointment and its attendance.
#[derive(Serialize, ToSchema)]
#[schema(as = BookingAttendance)]
pub(crate) struct AppointmentAttendance {
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
    #[schema(schema_with = schema::booking_status)]
    status: &'static str,
    /// Everyone who was in the room, in the order of joining.
    attendance: Vec<AttendanceBody>,
}

impl From<&BookingAttendance> for AppointmentAttendance {
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
    sessions: Vec<AppointmentAttendance>,
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

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct AttendanceQuery {
    /// Only appointments that start at or after this time; defaults to thirty days before `to`.
    #[param(value_type = Option<String>, format = DateTime)]
    from: Option<Timestamp>,
    /// Only appointments that start before this time; defaults to now.
    #[param(value_type = Option<String>, format = DateTime)]
    to: Option<Timestamp>,
    /// Only bookings of this client.
    #[param(value_type = Option<i64>, minimum = 1)]
    user_id: Option<UserId>,
    /// Only bookings with this therapist.
    #[param(value_type = Option<i64>, minimum = 1)]
    therapist_id: Option<UserId>,
    /// `json`, or `csv` for a table with a row for each person in each appointment.
    #[param(schema_with = output::report_format, example = "json")]
    format: Option<ReportFormat>,
    #[param(ignore)]
    page: PageRequest,
}

impl FromFields for AttendanceQuery {
    fn read(fields: &mut Fields) -> Option<Self> {
        Some(Self {
            format: fields.choice("format", REPORT_FORMATS),
            from: fields.optional_instant("from"),
            to: fields.optional_instant("to"),
            user_id: fields.whole("user_id", UserId::new),
            therapist_id: therapist(fields),
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
    get, path = "/api/admin/reports/attendance", operation_id = "getAttendanceReport",
    params(AttendanceQuery, PageQuery),
    responses((
        status = 200, description = "The attendance report",
        content((AttendanceList = "application/json"), (String = "text/csv")),
        headers(("X-Total-Count" = u64, description = "Total number of matching appointments"))
    ))
)]
pub(crate) async fn report(state: Data<State>, Admin(_): Admin, request: Request) -> HandlerResult {
    let query: AttendanceQuery = request.query()?;
    let to = query.to.unwrap_or_else(|| state.api.clock.now());
    let from = query.from.unwrap_or_else(|| to.saturating_sub(DEFAULT_SPAN).unwrap_or(Timestamp::MIN));
    let (client, therapist) = (query.user_id, query.therapist_id);
    let filter = BookingFilter { client, therapist, from: Some(from), to: Some(to), ..BookingFilter::default() };
    let found = state.api.use_cases.attendance.list(&filter, query.page).await?;
    let sessions: Vec<AppointmentAttendance> = found.items.iter().map(AppointmentAttendance::from).collect();
    let mut response = HttpResponse::Ok();
    response.insert_header(("X-Total-Count", found.total));
    if query.format == Some(ReportFormat::Csv) {
        return Ok(as_csv(response, "attendance", table(&sessions)));
    }
    let PageRequest { limit, offset } = query.page;
    Ok(response.json(AttendanceList { sessions, total: found.total, limit, offset }))
}

/// Numbers, times and our own words need no quotes, and no spreadsheet interprets them as formulas.
fn table(sessions: &[AppointmentAttendance]) -> String {
    let mut csv =
        "booking_id,scheduled_at,duration,status,role,user_id,participant_id,joined_at,left_at,minutes,visits,estimated\r\n"
            .to_owned();
    for session in sessions {
        let AppointmentAttendance { booking_id, scheduled_at, duration, status, .. } = session;
        let mut line = |rest: &str| {
            csv.push_str(&format!("{booking_id},{},{duration},{status},{rest}\r\n", utc(*scheduled_at)));
        };
        for person in &session.attendance {
            let AttendanceBody { role, minutes, visits, estimated, .. } = person;
            let (user, participant) = (field(person.user_id), field(person.participant_id));
            let (joined, left) = (field(person.joined_at.map(utc)), field(person.left_at.map(utc)));
            line(&format!("{role},{user},{participant},{joined},{left},{minutes},{visits},{estimated}"));
        }
        if session.attendance.is_empty() {
            line(",,,,,,,");
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
