//! Therapists' working hours.

#![expect(unused_qualifications, reason = "utoipa qualifies the parameters of a path in the code it generates")]

use actix_web::HttpResponse;
use actix_web::web::Data;
use attune_application::practice::{CalendarError, SetScheduleCommand};
use attune_domain::calendar::{LocalTime, LocalTimeRange, WeeklySchedule};
use attune_domain::{TimeZoneName, User, UserId};
use attune_http_common::{Code, HandlerResult};
use attune_ports::Versioned;
use jiff::civil::Weekday;
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use crate::client::changes::version_or_zero;
use crate::client::me::timezone;
use crate::request::auth::Admin;
use crate::request::input::{Fields, FromFields, Request};
use crate::state::State;

const WEEKDAYS: [(&str, Weekday); 7] = [
    ("monday", Weekday::Monday),
    ("tuesday", Weekday::Tuesday),
    ("wednesday", Weekday::Wednesday),
    ("thursday", Weekday::Thursday),
    ("friday", Weekday::Friday),
    ("saturday", Weekday::Saturday),
    ("sunday", Weekday::Sunday),
];

/// A range of local times, in the time zone of the working hours.
#[derive(Serialize, ToSchema)]
#[schema(as = LocalTimeRange)]
pub(crate) struct HoursBody {
    /// Start time.
    #[schema(pattern = "^([01][0-9]|2[0-3]):[0-5][0-9]$", example = "09:00")]
    start: String,
    /// End time (exclusive); 24:00 is the end of the day.
    #[schema(pattern = "^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$", example = "12:00")]
    end: String,
}

impl From<LocalTimeRange> for HoursBody {
    fn from(hours: LocalTimeRange) -> Self {
        Self { start: hours.start().to_string(), end: hours.end().to_string() }
    }
}

/// Working hours of each weekday, in order. A weekday without any is a day off.
#[derive(Serialize, ToSchema)]
#[schema(as = Week)]
pub(crate) struct WeekBody {
    monday: Vec<HoursBody>,
    tuesday: Vec<HoursBody>,
    wednesday: Vec<HoursBody>,
    thursday: Vec<HoursBody>,
    friday: Vec<HoursBody>,
    saturday: Vec<HoursBody>,
    sunday: Vec<HoursBody>,
}

impl WeekBody {
    fn new(week: &[(Weekday, LocalTimeRange)]) -> Self {
        let on = |day: Weekday| {
            let mut hours: Vec<_> = week.iter().filter(|(other, _)| *other == day).map(|(_, hours)| *hours).collect();
            hours.sort_unstable();
            hours.into_iter().map(HoursBody::from).collect()
        };
        Self {
            monday: on(Weekday::Monday),
            tuesday: on(Weekday::Tuesday),
            wednesday: on(Weekday::Wednesday),
            thursday: on(Weekday::Thursday),
            friday: on(Weekday::Friday),
            saturday: on(Weekday::Saturday),
            sunday: on(Weekday::Sunday),
        }
    }
}

/// A therapist's working hours.
#[derive(Serialize, ToSchema)]
#[schema(as = Schedule)]
pub(crate) struct ScheduleBody {
    /// Therapist ID.
    #[schema(example = 1)]
    therapist_id: i64,
    /// Time zone of the working hours.
    #[schema(example = "Europe/Berlin")]
    timezone: String,
    /// Working hours by weekday.
    hours: WeekBody,
    /// Whether these are the practice's default hours, because none were set for this therapist.
    #[schema(example = false)]
    is_default: bool,
    /// Version of the working hours: 0 until they are set, then one more with each change.
    #[schema(example = 2)]
    version: u32,
}

impl ScheduleBody {
    /// Hours of version 0 are the practice's default.
    fn new(therapist: UserId, schedule: &WeeklySchedule, version: u32) -> Self {
        Self {
            therapist_id: therapist.get(),
            timezone: schedule.zone.as_str().to_owned(),
            hours: WeekBody::new(&schedule.week),
            is_default: version == 0,
            version,
        }
    }
}

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ScheduleQuery {
    /// Therapist ID; defaults to the caller.
    #[param(value_type = Option<i64>, minimum = 1)]
    therapist_id: Option<UserId>,
}

impl FromFields for ScheduleQuery {
    fn read(fields: &mut Fields) -> Option<Self> {
        Some(Self { therapist_id: fields.whole("therapist_id", UserId::new) })
    }
}

/// A therapist's working hours for the whole week.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "timezone": "Europe/Berlin",
    "hours": {
        "monday": [{"start": "09:00", "end": "12:00"}, {"start": "13:00", "end": "17:00"}],
        "thursday": [{"start": "14:00", "end": "20:00"}],
    },
    "version": 2,
}))]
pub(crate) struct NewSchedule {
    /// Therapist ID; defaults to the caller.
    #[schema(value_type = Option<i64>, minimum = 1)]
    therapist_id: Option<UserId>,
    /// IANA time zone of the working hours.
    #[schema(value_type = String)]
    timezone: TimeZoneName,
    /// Working hours by weekday, `monday` to `sunday`. An omitted weekday is a day off. There are at most 42 ranges in
    /// total; those of one day may touch, but not overlap. Hours across midnight are two ranges: until 24:00, and from
    /// 00:00 of the next day.
    #[schema(value_type = HashMap<String, Vec<HoursBody>>)]
    hours: Vec<(Weekday, LocalTimeRange)>,
    /// The `version` that the change is based on. If the working hours have another version by now, nothing
    /// changes (409 `version_conflict`).
    #[schema(minimum = 0)]
    version: Option<u32>,
}

impl FromFields for NewSchedule {
    fn read(fields: &mut Fields) -> Option<Self> {
        let therapist_id = fields.whole("therapist_id", UserId::new);
        let timezone = fields.required("timezone", |text| timezone(text)?.ok_or(Code::Required));
        let hours = fields.need("hours", |fields, name| fields.object(name, |days| Some(week(days))));
        let version = version_or_zero(fields);
        Some(Self { therapist_id, timezone: timezone?, hours: hours?, version })
    }
}

fn week(days: &mut Fields) -> Vec<(Weekday, LocalTimeRange)> {
    let mut week = Vec::new();
    for (name, weekday) in WEEKDAYS {
        let hours = days.objects(name, interval).unwrap_or_default();
        week.extend(hours.into_iter().map(|hours| (weekday, hours)));
    }
    week
}

/// Reads `start` and `end`, two local times of one day.
pub(super) fn interval(fields: &mut Fields) -> Option<LocalTimeRange> {
    let time = |text: &str| LocalTime::parse(text).map_err(|_| Code::InvalidTime);
    let start = fields.required("start", time);
    let end = fields.required("end", time);
    let (start, end) = (start?, end?);
    let hours = LocalTimeRange::new(start, end).ok();
    if hours.is_none() && start == end {
        fields.wrong("end", Code::InvalidRange);
    } else if hours.is_none() {
        let message = "The end must be after the start. Hours across midnight are two ranges: until 24:00, and from \
                       00:00 of the next day.";
        fields.wrong_because("end", Code::InvalidRange, message);
    }
    hours
}

/// Retrieve working hours
///
/// The hours in which clients can book a therapist, unless a schedule exception says otherwise.
#[utoipa::path(
    get, path = "/api/admin/schedule", operation_id = "getWorkingHours",
    params(ScheduleQuery),
    responses((status = 200, description = "The working hours", body = ScheduleBody))
)]
pub(crate) async fn show(state: Data<State>, Admin(caller): Admin, request: Request) -> HandlerResult {
    let ScheduleQuery { therapist_id } = request.query()?;
    let therapist = match therapist_id {
        Some(id) => {
            let user = state.api.queries.user(id).await?.filter(User::is_admin);
            user.ok_or(CalendarError::UnknownTherapist)?.id
        }
        None => caller.user.id,
    };
    let schedule = state.api.queries.calendar_settings(therapist).await?.schedule;
    let Versioned { value: schedule, version } = match schedule {
        Some(schedule) => schedule,
        None => Versioned { value: state.api.use_cases.availability.calendars.usual_hours().await?, version: 0 },
    };
    Ok(HttpResponse::Ok().json(ScheduleBody::new(therapist, &schedule, version)))
}

/// Replace working hours
///
/// Replaces the whole week. Existing bookings are not affected.
#[utoipa::path(
    put, path = "/api/admin/schedule", operation_id = "replaceWorkingHours",
    request_body = NewSchedule,
    responses((status = 200, description = "The updated working hours", body = ScheduleBody))
)]
pub(crate) async fn set(state: Data<State>, Admin(caller): Admin, request: Request) -> HandlerResult {
    let metadata = request.metadata();
    let NewSchedule { therapist_id, timezone: zone, hours: week, version } = request.body().await?;
    let therapist = therapist_id.unwrap_or(caller.user.id);
    let schedule = WeeklySchedule { zone, week };
    let command =
        SetScheduleCommand { admin: caller.user.id, therapist, schedule: schedule.clone(), version, metadata };
    let version = state.api.use_cases.calendar.set_schedule(command).await?;
    Ok(HttpResponse::Ok().json(ScheduleBody::new(therapist, &schedule, version)))
}
