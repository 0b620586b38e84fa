//! Schedule exceptions: closed dates, closed periods and extra hours.

#![expect(unused_qualifications, reason = "utoipa qualifies the parameters of a path in the code it generates")]

use actix_web::HttpResponse;
use actix_web::web::Data;
use attune_application::practice::AddScheduleExceptionCommand;
use attune_domain::UserId;
use attune_domain::calendar::ScheduleException;
use attune_ports::StoredScheduleException;
use jiff::Timestamp;
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use crate::admin::schedule::interval;
use crate::request::auth::Admin;
use crate::request::input::{Fields, FromFields, Request, date, instant};
use crate::response::output::Instant;
use crate::response::problem::{Code, Problem, problems};
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
        /// When it was created.
        #[schema(value_type = String, format = DateTime, example = "2024-01-10T08:00:00Z")]
        created_at: Instant,
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
        /// When it was created.
        #[schema(value_type = String, format = DateTime, example = "2024-01-10T08:00:00Z")]
        created_at: Instant,
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
        /// When it was created.
        #[schema(value_type = String, format = DateTime, example = "2024-01-10T08:00:00Z")]
        created_at: Instant,
    },
}

impl From<&StoredScheduleException> for ScheduleExceptionBody {
    fn from(entry: &StoredScheduleException) -> Self {
        let (id, therapist_id, created_at) = (entry.id.get(), entry.therapist.get(), Instant(entry.created_at));
        match entry.what {
            ScheduleException::ClosedDates { first, last } => Self::ClosedDates {
                id,
                therapist_id,
                first_date: first.to_string(),
                last_date: last.to_string(),
                created_at,
            },
            ScheduleException::ClosedPeriod(interval) => Self::Closed {
                id,
                therapist_id,
                from: Instant(interval.start()),
                to: Instant(interval.end()),
                created_at,
            },
            ScheduleException::ExtraHours { date, hours } => Self::ExtraHours {
                id,
                therapist_id,
                date: date.to_string(),
                start: hours.start().to_string(),
                end: hours.end().to_string(),
                created_at,
            },
        }
    }
}

/// Schedule exceptions.
#[derive(Serialize, ToSchema)]
pub(crate) struct ScheduleExceptionList {
    schedule_exceptions: Vec<ScheduleExceptionBody>,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ScheduleExceptionsQuery {
    /// Only exceptions of this therapist.
    #[param(value_type = Option<i64>, minimum = 1)]
    therapist_id: Option<UserId>,
}

impl FromFields for ScheduleExceptionsQuery {
    fn read(fields: &mut Fields) -> Option<Self> {
        Some(Self { therapist_id: fields.whole("therapist_id", UserId::new) })
    }
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
    },
}

/// [`NewScheduleException`] as read from a body.
struct ParsedException {
    therapist: Option<UserId>,
    what: ScheduleException,
}

#[derive(Clone, Copy)]
enum Kind {
    ClosedDates,
    Closed,
    ExtraHours,
}

impl FromFields for ParsedException {
    fn read(fields: &mut Fields) -> Option<Self> {
        let therapist = fields.whole("therapist_id", UserId::new);
        let kind = fields.required("kind", |text| match text {
            "closed_dates" => Ok(Kind::ClosedDates),
            "closed" => Ok(Kind::Closed),
            "extra_hours" => Ok(Kind::ExtraHours),
            _ => Err(Code::InvalidValue),
        });
        let what = match kind {
            Some(Kind::ClosedDates) => closed_dates(fields),
            Some(Kind::Closed) => closed(fields),
            Some(Kind::ExtraHours) => extra_hours(fields),
            None => {
                // Which of these are allowed depends on the kind.
                fields.skip(&["first_date", "last_date", "from", "to", "date", "start", "end"]);
                None
            }
        };
        Some(Self { therapist, what: what? })
    }
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
    let second = |text: &str| Timestamp::from_second(instant(text)?.as_second()).map_err(|_| Code::InvalidTimestamp);
    let from = fields.required("from", second);
    let to = fields.required("to", second);
    let (from, to) = (from?, to?);
    let between = ScheduleException::closed_period(from, to);
    if between.is_err() {
        fields.wrong("to", Code::InvalidRange);
    }
    between.ok()
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
    get, path = "/api/admin/time-off", operation_id = "listScheduleExceptions", tag = "Admin", security(("bearer" = [])),
    params(ScheduleExceptionsQuery),
    responses((status = 200, description = "The schedule exceptions", body = ScheduleExceptionList))
)]
pub(crate) async fn list(state: Data<State>, Admin(_): Admin, request: Request) -> Result<HttpResponse, Problem> {
    let ScheduleExceptionsQuery { therapist_id } = request.query()?;
    let entries = state.api.queries.time_off(therapist_id).await?;
    Ok(HttpResponse::Ok()
        .json(ScheduleExceptionList { schedule_exceptions: entries.iter().map(ScheduleExceptionBody::from).collect() }))
}

problems! {
    CreateScheduleExceptionProblems: InvalidValue, OutOfRange, InvalidTimestamp, InvalidDate, InvalidTime,
        UnknownTherapist, InvalidRange
}

/// Create a schedule exception
///
/// Existing bookings are not affected.
#[utoipa::path(
    post, path = "/api/admin/time-off", operation_id = "createScheduleException", tag = "Admin", security(("bearer" = [])),
    request_body = NewScheduleException,
    responses(
        (status = 201, description = "The new schedule exception", body = ScheduleExceptionBody),
        CreateScheduleExceptionProblems
    )
)]
pub(crate) async fn add(state: Data<State>, Admin(caller): Admin, request: Request) -> Result<HttpResponse, Problem> {
    let metadata = request.metadata();
    let body: ParsedException = request.body().await?;
    let therapist = body.therapist.unwrap_or(caller.user.id);
    let command = AddScheduleExceptionCommand { admin: caller.user.id, therapist, what: body.what, metadata };
    let entry = state.api.use_cases.calendar.add_schedule_exception(command).await?;
    Ok(HttpResponse::Created().json(ScheduleExceptionBody::from(&entry)))
}

problems! { DeleteScheduleExceptionProblems: TimeOffNotFound }

/// Delete a schedule exception
#[utoipa::path(
    delete, path = "/api/admin/time-off/{id}", operation_id = "deleteScheduleException", tag = "Admin",
    security(("bearer" = [])),
    params(("id" = i64, Path, minimum = 1, description = "Schedule exception ID", example = 5)),
    responses((status = 204, description = "Schedule exception deleted"), DeleteScheduleExceptionProblems)
)]
pub(crate) async fn remove(
    state: Data<State>,
    Admin(caller): Admin,
    request: Request,
) -> Result<HttpResponse, Problem> {
    let id = request.schedule_exception_id()?;
    request.no_query()?;
    state.api.use_cases.calendar.remove_schedule_exception(caller.user.id, id, &request.metadata()).await?;
    Ok(HttpResponse::NoContent().finish())
}
