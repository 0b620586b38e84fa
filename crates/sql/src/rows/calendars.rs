//! Rows about when therapists work, what the practice decided, and replies kept for a second try.

use attune_domain::calendar::{Interval, LocalTime, LocalTimeRange, RuleSettings, ScheduleException, WeeklySchedule};
use attune_domain::policy::ChangeTerms;
use attune_domain::{PracticePolicy, ScheduleExceptionId, TimeZoneName, UserId};
use attune_ports::{IdempotencyKey, NewScheduleException, StoreError, StoredResponse, StoredScheduleException};
use diesel::prelude::*;
use jiff::civil::{Date, Weekday};

use crate::map::{corrupt, from_millis, millis, number, sound};
use crate::schema_defs::{idempotency_keys, practice_policy, schedule_exceptions, schedules, weekly_hours};

const DATES: &str = "dates";
const BETWEEN: &str = "between";
const EXTRA_HOURS: &str = "extra_hours";

/// What [`attune_ports::Queries::taken`] answers for one booking: its beginning, and the end of the pause after it.
pub fn interval((start, end): (i64, i64)) -> Result<Interval, StoreError> {
    Interval::new(from_millis(start)?, from_millis(end)?).map_err(|e| StoreError::Corrupt(e.into()))
}

pub(super) fn terms(free: i64, late_refund_percent: i64, reschedule: i64) -> Result<ChangeTerms, StoreError> {
    Ok(ChangeTerms {
        free_minutes: number(free)?,
        late_refund_percent: sound(u8::try_from(late_refund_percent).ok(), "late_refund_percent")?,
        reschedule_minutes: number(reschedule)?,
    })
}

fn hours(start: i64, end: i64) -> Result<LocalTimeRange, StoreError> {
    let time = |minutes: i64| u16::try_from(minutes).ok().and_then(|minutes| LocalTime::from_minutes(minutes).ok());
    let hours = time(start).zip(time(end)).and_then(|(start, end)| LocalTimeRange::new(start, end).ok());
    sound(hours, "end_minute")
}

fn minutes(time: LocalTime) -> i64 {
    i64::from(time.minutes())
}

/// The zone of a therapist's week, to be inserted or replaced.
#[derive(Clone, Insertable, AsChangeset)]
#[diesel(table_name = schedules, treat_none_as_default_value = false)]
pub struct ScheduleRow {
    therapist_id: i64,
    time_zone: String,
}

impl ScheduleRow {
    /// What [`attune_ports::Calendars::set_schedule`] writes besides the hours.
    pub fn new(therapist: UserId, schedule: &WeeklySchedule) -> Self {
        Self { therapist_id: therapist.get(), time_zone: schedule.zone.as_str().to_owned() }
    }
}

/// Working hours on one weekday, to be read or inserted.
#[derive(Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = weekly_hours, treat_none_as_default_value = false)]
pub struct HoursRow {
    therapist_id: i64,
    weekday: i64,
    start_minute: i64,
    end_minute: i64,
}

impl HoursRow {
    /// What [`attune_ports::Calendars::set_schedule`] inserts.
    pub fn all(therapist: UserId, schedule: &WeeklySchedule) -> Vec<Self> {
        let row = |(weekday, hours): &(Weekday, LocalTimeRange)| Self {
            therapist_id: therapist.get(),
            weekday: i64::from(weekday.to_monday_one_offset()),
            start_minute: minutes(hours.start()),
            end_minute: minutes(hours.end()),
        };
        schedule.week.iter().map(row).collect()
    }

    fn into_hours(self) -> Result<(Weekday, LocalTimeRange), StoreError> {
        let weekday = i8::try_from(self.weekday).ok().and_then(|day| Weekday::from_monday_one_offset(day).ok());
        Ok((sound(weekday, "weekly_hours.weekday")?, hours(self.start_minute, self.end_minute)?))
    }
}

/// The week of one therapist: the zone, beside each interval or beside none. No row: they never said.
pub fn schedule_of(rows: Vec<(String, Option<HoursRow>)>) -> Result<Option<WeeklySchedule>, StoreError> {
    let Some((zone, _)) = rows.first() else { return Ok(None) };
    let zone = sound(TimeZoneName::parse(zone).ok(), "schedules.time_zone")?;
    let week = rows.into_iter().filter_map(|(_, row)| row).map(HoursRow::into_hours).collect::<Result<_, _>>()?;
    Ok(Some(WeeklySchedule { zone, week }))
}

/// Time off, or extra hours.
#[derive(Clone, Queryable, Selectable)]
#[diesel(table_name = schedule_exceptions)]
pub struct TimeOffRow {
    id: i64,
    therapist_id: i64,
    kind: String,
    first_date: Option<String>,
    last_date: Option<String>,
    from_at: Option<i64>,
    until_at: Option<i64>,
    start_minute: Option<i64>,
    end_minute: Option<i64>,
    created_at: i64,
}

impl TimeOffRow {
    fn what(&self) -> Result<ScheduleException, StoreError> {
        let date =
            |text: &Option<String>, column| sound(text.as_deref().and_then(|text| text.parse::<Date>().ok()), column);
        match self.kind.as_str() {
            DATES => {
                let (first, last) = (
                    date(&self.first_date, "schedule_exceptions.first_date")?,
                    date(&self.last_date, "schedule_exceptions.last_date")?,
                );
                ScheduleException::closed_dates(first, last).map_err(|e| StoreError::Corrupt(e.into()))
            }
            BETWEEN => {
                let (from, until) = (
                    sound(self.from_at, "schedule_exceptions.from_at")?,
                    sound(self.until_at, "schedule_exceptions.until_at")?,
                );
                Ok(ScheduleException::ClosedPeriod(interval((from, until))?))
            }
            EXTRA_HOURS => {
                let (start, end) = (
                    sound(self.start_minute, "schedule_exceptions.start_minute")?,
                    sound(self.end_minute, "schedule_exceptions.end_minute")?,
                );
                let date = date(&self.first_date, "schedule_exceptions.first_date")?;
                Ok(ScheduleException::ExtraHours { date, hours: hours(start, end)? })
            }
            _ => Err(corrupt("schedule_exceptions.kind")),
        }
    }
}

impl TryFrom<TimeOffRow> for StoredScheduleException {
    type Error = StoreError;

    fn try_from(row: TimeOffRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: sound(ScheduleExceptionId::new(row.id), "schedule_exceptions.id")?,
            therapist: sound(UserId::new(row.therapist_id), "schedule_exceptions.therapist_id")?,
            what: row.what()?,
            created_at: from_millis(row.created_at)?,
        })
    }
}

/// Time off, or extra hours, to be inserted.
#[derive(Clone, Insertable)]
#[diesel(table_name = schedule_exceptions, treat_none_as_default_value = false)]
pub struct NewTimeOffRow {
    therapist_id: i64,
    kind: &'static str,
    first_date: Option<String>,
    last_date: Option<String>,
    from_at: Option<i64>,
    until_at: Option<i64>,
    start_minute: Option<i64>,
    end_minute: Option<i64>,
    created_at: i64,
}

impl From<&NewScheduleException> for NewTimeOffRow {
    fn from(new: &NewScheduleException) -> Self {
        let mut row = Self {
            therapist_id: new.therapist.get(),
            kind: DATES,
            first_date: None,
            last_date: None,
            from_at: None,
            until_at: None,
            start_minute: None,
            end_minute: None,
            created_at: millis(new.created_at),
        };
        match new.what {
            ScheduleException::ClosedDates { first, last } => {
                row.first_date = Some(first.to_string());
                row.last_date = Some(last.to_string());
            }
            ScheduleException::ClosedPeriod(interval) => {
                row.kind = BETWEEN;
                row.from_at = Some(millis(interval.start()));
                row.until_at = Some(millis(interval.end()));
            }
            ScheduleException::ExtraHours { date, hours } => {
                row.kind = EXTRA_HOURS;
                row.first_date = Some(date.to_string());
                row.start_minute = Some(minutes(hours.start()));
                row.end_minute = Some(minutes(hours.end()));
            }
        }
        row
    }
}

/// What the practice decided, to be read, inserted or replaced.
#[derive(Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = practice_policy, treat_none_as_null = true, treat_none_as_default_value = false)]
pub struct PolicyRow {
    id: i64,
    notice_minutes: i64,
    horizon_days: i64,
    daily_limit: Option<i64>,
    step_minutes: i64,
    free_minutes: i64,
    late_refund_percent: i64,
    reschedule_minutes: i64,
    auto_complete: bool,
}

impl From<&PracticePolicy> for PolicyRow {
    fn from(policy: &PracticePolicy) -> Self {
        let PracticePolicy { rules, terms, auto_complete } = *policy;
        Self {
            id: 1,
            notice_minutes: i64::from(rules.notice_minutes),
            horizon_days: i64::from(rules.horizon_days),
            daily_limit: rules.daily_limit.map(i64::from),
            step_minutes: i64::from(rules.step_minutes),
            free_minutes: i64::from(terms.free_minutes),
            late_refund_percent: i64::from(terms.late_refund_percent),
            reschedule_minutes: i64::from(terms.reschedule_minutes),
            auto_complete,
        }
    }
}

impl TryFrom<PolicyRow> for PracticePolicy {
    type Error = StoreError;

    fn try_from(row: PolicyRow) -> Result<Self, StoreError> {
        let policy = Self {
            rules: RuleSettings {
                notice_minutes: number(row.notice_minutes)?,
                horizon_days: number(row.horizon_days)?,
                daily_limit: row.daily_limit.map(number).transpose()?,
                step_minutes: number(row.step_minutes)?,
            },
            terms: terms(row.free_minutes, row.late_refund_percent, row.reschedule_minutes)?,
            auto_complete: row.auto_complete,
        };
        policy.checked().map_err(|e| StoreError::Corrupt(e.into()))?;
        Ok(policy)
    }
}

/// A stored response, without its key.
#[derive(Clone, Queryable, Selectable)]
#[diesel(table_name = idempotency_keys)]
pub struct StoredResponseRow {
    request_hash: Vec<u8>,
    response_status: Option<i64>,
    response_body: Option<String>,
    created_at: i64,
    booking_id: Option<i64>,
}

impl TryFrom<StoredResponseRow> for StoredResponse {
    type Error = StoreError;

    fn try_from(row: StoredResponseRow) -> Result<Self, StoreError> {
        let status = row.response_status.and_then(|status| u16::try_from(status).ok());
        let body = row.response_body.or_else(|| row.booking_id.map(|id| id.to_string()));
        Ok(Self {
            request_hash: sound(row.request_hash.try_into().ok(), "idempotency_keys.request_hash")?,
            status: sound(status, "idempotency_keys.response_status")?,
            body: sound(body, "idempotency_keys.response_body")?,
            at: from_millis(row.created_at)?,
        })
    }
}

/// A response to be stored, with its key.
#[derive(Clone, Insertable)]
#[diesel(table_name = idempotency_keys, treat_none_as_default_value = false)]
pub struct NewIdempotencyKeyRow {
    user_id: i64,
    route: String,
    key: String,
    request_hash: Vec<u8>,
    response_status: Option<i64>,
    response_body: Option<String>,
    created_at: i64,
    booking_id: Option<i64>,
}

impl NewIdempotencyKeyRow {
    /// The row that [`attune_ports::IdempotencyStore::save_response`] inserts.
    pub fn new(key: &IdempotencyKey, response: &StoredResponse) -> Self {
        // The body of a response that is not finished is the id of its booking.
        let booking_id = response.body.parse().ok();
        Self {
            user_id: key.user.get(),
            route: key.route.clone(),
            key: key.key.clone(),
            request_hash: response.request_hash.to_vec(),
            response_status: Some(i64::from(response.status)),
            response_body: booking_id.is_none().then(|| response.body.clone()),
            created_at: millis(response.at),
            booking_id,
        }
    }
}
