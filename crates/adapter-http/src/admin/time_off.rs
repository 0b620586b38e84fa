//! Schedule exceptions: closed dates, closed periods and extra hours.

#![expect(unused_qualifications, reason = "utoipa qualifies the parameters of a path in the code it generates")]

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use attune_application::practice::{
    AddScheduleExceptionCommand, ChangeScheduleExceptionCommand, ChangedScheduleException as Outcome,
};
use attune_domain::calendar::{LocalTime, ScheduleException, ScheduleExceptionChange};
use attune_domain::{Booking, ScheduleExceptionId, UserId};
use attune_http_common::{Code, HandlerResult, schema};
use attune_ports::StoredScheduleException;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use crate::admin::filters::TherapistQuery;
use crate::admin::schedule::interval;
use crate::request::auth::Admin;
use crate::request::input::{Fields, FromFields, Request, date, instant, word};
use crate::response::output::Instant;
use crate::state::State;

/// An exception from a therapist's working hours. Dates and local times are in the time zone of these hours.
#[derive(Serialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[schema(as = ScheduleException)]
pub(crate) enum ScheduleExceptionBody {
    /// Closed on these dates.
    ClosedDates {
        /// Schedule exception ID.
        #[schema(example = 5)]
        id: i64,
        /// Therapist ID.
        #[schema(example = 1)]
        therapist_id: i64,
        /// First date.
        #[schema(format = Date, example = "2024-12-24")]
        first_date: String,
        /// Last date (inclusive).
        #[schema(format = Date, example = "2025-01-01")]
        last_date: String,
        /// The practice's own note.
        #[schema(required = true, example = "Conference")]
        note: Option<String>,
        /// When it was created.
        #[schema(value_type = String, format = DateTime, example = "2024-01-10T08:00:00Z")]
        created_at: Instant,
        /// After a change: the bookings that have not ended and overlap the closed time. They stay as they are.
        #[serde(skip_serializing_if = "Option::is_none")]
        conflicts: Option<Vec<ConflictingBooking>>,
    },
    /// Closed between two timestamps.
    Closed {
        /// Schedule exception ID.
        #[schema(example = 6)]
        id: i64,
        /// Therapist ID.
        #[schema(example = 1)]
        therapist_id: i64,
        /// Start.
        #[schema(value_type = String, format = DateTime, example = "2024-01-15T09:00:00Z")]
        from: Instant,
        /// End.
        #[schema(value_type = String, format = DateTime, example = "2024-01-15T11:30:00Z")]
        to: Instant,
        /// The practice's own note.
        #[schema(required = true, example = "Conference")]
        note: Option<String>,
        /// When it was created.
        #[schema(value_type = String, format = DateTime, example = "2024-01-10T08:00:00Z")]
        created_at: Instant,
        /// After a change: the bookings that have not ended and overlap the closed time. They stay as they are.
        #[serde(skip_serializing_if = "Option::is_none")]
        conflicts: Option<Vec<ConflictingBooking>>,
    },
    /// Extra working hours on one date.
    ExtraHours {
        /// Schedule exception ID.
        #[schema(example = 7)]
        id: i64,
        /// Therapist ID.
        #[schema(example = 1)]
        therapist_id: i64,
        /// Date.
        #[schema(format = Date, example = "2024-01-20")]
        date: String,
        /// Start.
        #[schema(example = "10:00")]
        start: String,
        /// End.
        #[schema(example = "14:00")]
        end: String,
        /// The practice's own note.
        #[schema(required = true, example = "Conference")]
        note: Option<String>,
        /// When it was created.
        #[schema(value_type = String, format = DateTime, example = "2024-01-10T08:00:00Z")]
        created_at: Instant,
        /// After a change: the bookings that have not ended and overlap the closed time. They stay as they are.
        #[serde(skip_serializing_if = "Option::is_none")]
        conflicts: Option<Vec<ConflictingBooking>>,
    },
}

impl From<&StoredScheduleException> for ScheduleExceptionBody {
    fn from(entry: &StoredScheduleException) -> Self {
        Self::new(entry, None)
    }
}

impl ScheduleExceptionBody {
    fn new(entry: &StoredScheduleException, conflicts: Option<Vec<ConflictingBooking>>) -> Self {
        let (id, therapist_id, created_at) = (entry.id.get(), entry.therapist.get(), Instant(entry.created_at));
        let note = entry.note.clone();
        match entry.what {
            ScheduleException::ClosedDates { first, last } => Self::ClosedDates {
                id,
                therapist_id,
                first_date: first.to_string(),
                last_date: last.to_string(),
                note,
                created_at,
                conflicts,
            },
            ScheduleException::ClosedPeriod(interval) => Self::Closed {
                id,
                therapist_id,
                from: Instant(interval.start()),
                to: Instant(interval.end()),
                note,
                created_at,
                conflicts,
            },
            ScheduleException::ExtraHours { date, hours } => Self::ExtraHours {
                id,
                therapist_id,
                date: date.to_string(),
                start: hours.start().to_string(),
                end: hours.end().to_string(),
                note,
                created_at,
                conflicts,
            },
        }
    }
}

/// Schedule exceptions.
#[derive(Serialize, ToSchema)]
pub(crate) struct ScheduleExceptionList {
    schedule_exceptions: Vec<ScheduleExceptionBody>,
}

/// A schedule exception. Where a closure and extra hours overlap, the closure wins.
#[derive(ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
#[schema(example = json!({"kind": "closed_dates", "first_date": "2024-12-24", "last_date": "2025-01-01"}))]
#[expect(dead_code, reason = "the documented form of `ParsedException`")]
pub(crate) enum NewScheduleException {
    /// Closed on these dates, for example for a holiday.
    ClosedDates {
        /// Therapist ID; defaults to the caller.
        #[schema(minimum = 1)]
        therapist_id: Option<i64>,
        /// First date.
        #[schema(format = Date)]
        first_date: String,
        /// Last date (inclusive).
        #[schema(format = Date)]
        last_date: String,
        /// The practice's own note, at most 2000 characters. Clients cannot read it.
        #[schema(max_length = 2000)]
        note: Option<String>,
    },
    /// Closed between two timestamps, for example for a doctor's appointment.
    Closed {
        /// Therapist ID; defaults to the caller.
        #[schema(minimum = 1)]
        therapist_id: Option<i64>,
        /// Start: RFC 3339 with `Z` or an offset. Truncated to whole seconds.
        #[schema(format = DateTime)]
        from: String,
        /// End.
        #[schema(format = DateTime)]
        to: String,
        /// The practice's own note, at most 2000 characters. Clients cannot read it.
        #[schema(max_length = 2000)]
        note: Option<String>,
    },
    /// Extra working hours on one date.
    ExtraHours {
        /// Therapist ID; defaults to the caller.
        #[schema(minimum = 1)]
        therapist_id: Option<i64>,
        /// Date.
        #[schema(format = Date)]
        date: String,
        /// Start time, such as `10:00`.
        start: String,
        /// End time, at most `24:00`.
        end: String,
        /// The practice's own note, at most 2000 characters. Clients cannot read it.
        #[schema(max_length = 2000)]
        note: Option<String>,
    },
}

/// [`NewScheduleException`] as read from a body.
struct ParsedException {
    therapist: Option<UserId>,
    what: ScheduleException,
    note: Option<String>,
}

type Read = fn(&mut Fields) -> Option<ScheduleException>;

/// The kinds, and how to read the rest of each.
const KINDS: &[(&str, Read)] = &[("closed_dates", closed_dates), ("closed", closed), ("extra_hours", extra_hours)];

impl FromFields for ParsedException {
    fn read(fields: &mut Fields) -> Option<Self> {
        let therapist = fields.whole("therapist_id", UserId::new);
        let Some(read) = fields.required("kind", |text| word(text, KINDS)) else {
            // Which of these are allowed depends on the kind.
            fields.skip(&["note", "first_date", "last_date", "from", "to", "date", "start", "end"]);
            return None;
        };
        let what = read(fields);
        Some(Self { therapist, note: fields.change_lines("note", note).flatten(), what: what? })
    }
}

/// A blank note is none.
fn note(text: &str) -> Result<Option<String>, Code> {
    if text.chars().count() > Booking::MAX_NOTE_CHARS {
        return Err(Code::TooLong);
    }
    Ok((!text.trim().is_empty()).then(|| text.to_owned()))
}

fn closed_dates(fields: &mut Fields) -> Option<ScheduleException> {
    let first = fields.required("first_date", date);
    let last = fields.required("last_date", date);
    let dates = ScheduleException::closed_dates(first?, last?);
    if dates.is_err() {
        fields.wrong("last_date", Code::InvalidRange);
    }
    dates.ok()
}

fn closed(fields: &mut Fields) -> Option<ScheduleException> {
    let from = fields.required("from", second);
    let to = fields.required("to", second);
    let (from, to) = (from?, to?);
    let between = ScheduleException::closed_period(from, to);
    if between.is_err() {
        fields.wrong("to", Code::InvalidRange);
    }
    between.ok()
}

fn second(text: &str) -> Result<Timestamp, Code> {
    Timestamp::from_second(instant(text)?.as_second()).map_err(|_| Code::InvalidTimestamp)
}

fn extra_hours(fields: &mut Fields) -> Option<ScheduleException> {
    let date = fields.required("date", date);
    let hours = interval(fields);
    Some(ScheduleException::ExtraHours { date: date?, hours: hours? })
}

/// List schedule exceptions
///
/// Returns the exceptions of all therapists, or of one, in the order in which they were created.
#[utoipa::path(
    get, path = "/api/admin/time-off", operation_id = "listScheduleExceptions",
    params(TherapistQuery),
    responses((status = 200, description = "The schedule exceptions", body = ScheduleExceptionList))
)]
pub(crate) async fn list(state: Data<State>, Admin(_): Admin, request: Request) -> HandlerResult {
    let TherapistQuery { therapist_id } = request.query()?;
    let entries = state.api.queries.schedule_exceptions(therapist_id).await?;
    Ok(HttpResponse::Ok()
        .json(ScheduleExceptionList { schedule_exceptions: entries.iter().map(ScheduleExceptionBody::from).collect() }))
}

/// Other times or another note. Omitted fields stay as they are, and the kind cannot be changed.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"last_date": "2025-01-03", "note": "Longer than planned"}))]
pub(crate) struct ScheduleExceptionUpdate {
    /// First date of `closed_dates`.
    #[schema(value_type = Option<String>, format = Date)]
    first_date: Option<Date>,
    /// Last date (inclusive) of `closed_dates`.
    #[schema(value_type = Option<String>, format = Date)]
    last_date: Option<Date>,
    /// Start of `closed`: RFC 3339 with `Z` or an offset. Truncated to whole seconds.
    #[schema(value_type = Option<String>, format = DateTime)]
    from: Option<Timestamp>,
    /// End of `closed`.
    #[schema(value_type = Option<String>, format = DateTime)]
    to: Option<Timestamp>,
    /// Date of `extra_hours`.
    #[schema(value_type = Option<String>, format = Date)]
    date: Option<Date>,
    /// Start time of `extra_hours`, such as `10:00`.
    #[schema(value_type = Option<String>, pattern = "^([01][0-9]|2[0-3]):[0-5][0-9]$")]
    start: Option<LocalTime>,
    /// End time of `extra_hours`, at most `24:00`.
    #[schema(value_type = Option<String>, pattern = "^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$")]
    end: Option<LocalTime>,
    /// The practice's own note, at most 2000 characters; null or an empty string clears it. Clients cannot read it.
    #[schema(value_type = Option<String>, max_length = 2000)]
    note: Option<Option<String>>,
}

impl FromFields for ScheduleExceptionUpdate {
    fn read(fields: &mut Fields) -> Option<Self> {
        let date = |text: &str| date(text).map(Some);
        let time = |text: &str| LocalTime::parse(text).map(Some).map_err(|_| Code::InvalidTime);
        let second = |text: &str| second(text).map(Some);
        Some(Self {
            first_date: fields.optional("first_date", date),
            last_date: fields.optional("last_date", date),
            from: fields.optional("from", second),
            to: fields.optional("to", second),
            date: fields.optional("date", date),
            start: fields.optional("start", time),
            end: fields.optional("end", time),
            note: fields.change_lines("note", note),
        })
    }
}

/// A booking in the way of a schedule exception.
#[derive(Serialize, ToSchema)]
pub(crate) struct ConflictingBooking {
    /// Booking ID.
    #[schema(example = 42)]
    id: i64,
    /// ID of the client.
    #[schema(example = 7)]
    user_id: i64,
    /// When the appointment starts.
    #[schema(value_type = String, format = DateTime, example = "2024-01-15T10:00:00Z")]
    scheduled_at: Instant,
    /// Duration in minutes.
    #[schema(example = 50)]
    duration: u32,
    #[schema(schema_with = schema::booking_status)]
    status: &'static str,
}

impl From<&Booking> for ConflictingBooking {
    fn from(booking: &Booking) -> Self {
        Self {
            id: booking.id().get(),
            user_id: booking.client().get(),
            scheduled_at: Instant(booking.scheduled_at()),
            duration: booking.minutes(),
            status: booking.status().as_str(),
        }
    }
}

/// The bookings in the way of a schedule exception that was not created or changed.
#[derive(Serialize, ToSchema)]
pub(crate) struct ScheduleExceptionConflicts {
    /// Bookings that have not ended and overlap the closed time.
    conflicts: Vec<ConflictingBooking>,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct DryRunQuery {
    /// `true` returns the bookings in the way and changes nothing.
    dry_run: Option<bool>,
}

impl FromFields for DryRunQuery {
    fn read(fields: &mut Fields) -> Option<Self> {
        Some(Self { dry_run: fields.flag("dry_run") })
    }
}

fn respond(outcome: &Outcome, dry_run: bool, status: StatusCode) -> HttpResponse {
    let conflicts = outcome.conflicts.iter().map(ConflictingBooking::from).collect();
    if dry_run {
        return HttpResponse::Ok().json(ScheduleExceptionConflicts { conflicts });
    }
    HttpResponse::build(status).json(ScheduleExceptionBody::new(&outcome.exception, Some(conflicts)))
}

/// Create a schedule exception
///
/// Existing bookings are not affected; `conflicts` lists those in its way. With `?dry_run=true` it only lists them.
#[utoipa::path(
    post, path = "/api/admin/time-off", operation_id = "createScheduleException",
    params(DryRunQuery),
    request_body = NewScheduleException,
    responses(
        (status = 201, description = "The new schedule exception", body = ScheduleExceptionBody),
        (status = 200, description = "With `dry_run`: the conflicts", body = ScheduleExceptionConflicts)
    )
)]
pub(crate) async fn add(state: Data<State>, Admin(caller): Admin, request: Request) -> HandlerResult {
    let (admin, metadata) = (caller.user.id, request.metadata());
    let (query, body): (DryRunQuery, ParsedException) = request.query_and_body().await?;
    let dry_run = query.dry_run.unwrap_or(false);
    let ParsedException { therapist, what, note } = body;
    let therapist = therapist.unwrap_or(admin);
    let command = AddScheduleExceptionCommand { admin, therapist, what, note, dry_run, metadata };
    let outcome = state.api.use_cases.calendar.add_schedule_exception(command).await?;
    Ok(respond(&outcome, dry_run, StatusCode::CREATED))
}

/// Update a schedule exception
///
/// Existing bookings are not affected; `conflicts` lists those in its way. With `?dry_run=true` it only lists them.
#[utoipa::path(
    patch, path = "/api/admin/time-off/{id}", operation_id = "updateScheduleException",
    params(DryRunQuery),
    request_body = ScheduleExceptionUpdate,
    responses((
        status = 200, description = "The schedule exception, as it is or, with `dry_run`, as it would be",
        body = ScheduleExceptionBody
    ))
)]
pub(crate) async fn update(state: Data<State>, Admin(caller): Admin, request: Request) -> HandlerResult {
    let id = request.id("id", ScheduleExceptionId::new)?;
    let (admin, metadata) = (caller.user.id, request.metadata());
    let (query, body): (DryRunQuery, ScheduleExceptionUpdate) = request.query_and_body().await?;
    let dry_run = query.dry_run.unwrap_or(false);
    let change = ScheduleExceptionChange {
        first: body.first_date,
        last: body.last_date,
        from: body.from,
        until: body.to,
        date: body.date,
        start: body.start,
        end: body.end,
    };
    let command = ChangeScheduleExceptionCommand { admin, id, change, note: body.note, dry_run, metadata };
    let outcome = state.api.use_cases.calendar.change_schedule_exception(command).await?;
    Ok(respond(&outcome, false, StatusCode::OK))
}

/// Delete a schedule exception
#[utoipa::path(
    delete, path = "/api/admin/time-off/{id}", operation_id = "deleteScheduleException",
    responses((status = 204, description = "Schedule exception deleted"))
)]
pub(crate) async fn remove(state: Data<State>, Admin(caller): Admin, request: Request) -> HandlerResult {
    let id = request.id("id", ScheduleExceptionId::new)?;
    request.no_query()?;
    state.api.use_cases.calendar.remove_schedule_exception(caller.user.id, id, &request.metadata()).await?;
    Ok(HttpResponse::NoContent().finish())
}
