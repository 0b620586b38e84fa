use attune_domain::ChangeTerms;
use attune_domain::calendar::{Interval, LocalTime, LocalTimeRange, RuleSettings, ScheduleException, WeeklySchedule};
use attune_domain::{PracticePolicy, ScheduleExceptionId, TimeZoneName, UserId};
use attune_ports::{NewScheduleException, StoreError, StoredScheduleException, Versioned};
use diesel::prelude::*;
use jiff::civil::{Date, Weekday};

use super::FromRow;
use crate::map::{corrupt, from_millis, millis, number, sound};
use crate::schema::{practice_policy, schedule_exceptions, schedules, weekly_hours};

const DATES: &str = "dates";
const BETWEEN: &str = "between";
const EXTRA_HOURS: &str = "extra_hours";

pub(super) fn terms(
    free: i64,
    grace: i64,
    late_refund_percent: i64,
    reschedule: i64,
) -> Result<ChangeTerms, StoreError> {
    Ok(ChangeTerms {
        free_minutes: number(free)?,
        grace_minutes: number(grace)?,
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

#[derive(Clone, Insertable, AsChangeset)]
#[diesel(table_name = schedules, treat_none_as_default_value = false)]
pub struct ScheduleRow {
    therapist_id: i64,
    time_zone: String,
}

impl ScheduleRow {
    pub fn new(therapist: UserId, schedule: &WeeklySchedule) -> Self {
        Self { therapist_id: therapist.get(), time_zone: schedule.zone.as_str().to_owned() }
    }
}

#[derive(Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = weekly_hours, treat_none_as_default_value = false)]
pub struct HoursRow {
    therapist_id: i64,
    weekday: i64,
    start_minute: i64,
    end_minute: i64,
}

impl HoursRow {
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

/// A time zone and a version, joined with one of the week's hours, if any.
pub type WeekRow = (String, i64, Option<HoursRow>);

/// Restores a week. No rows: there is no schedule.
pub fn schedule_of(rows: Vec<WeekRow>) -> Result<Option<Versioned<WeeklySchedule>>, StoreError> {
    let Some((zone, version, _)) = rows.first() else { return Ok(None) };
    let zone = sound(TimeZoneName::parse(zone).ok(), "schedules.time_zone")?;
    let version = number(*version)?;
    let week = rows.into_iter().filter_map(|(.., row)| row).map(HoursRow::into_hours).collect::<Result<_, _>>()?;
    Ok(Some(Versioned { value: WeeklySchedule { zone, week }, version }))
}

#[derive(Clone, Queryable, Selectable)]
#[diesel(table_name = schedule_exceptions)]
pub struct StoredScheduleExceptionRow {
    id: i64,
    #[diesel(embed)]
    exception: ScheduleExceptionRow,
}

#[derive(Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = schedule_exceptions, treat_none_as_null = true, treat_none_as_default_value = false)]
pub struct ScheduleExceptionRow {
    therapist_id: i64,
    kind: String,
    first_date: Option<String>,
    last_date: Option<String>,
    from_at: Option<i64>,
    until_at: Option<i64>,
    start_minute: Option<i64>,
    end_minute: Option<i64>,
    created_at: i64,
    note: Option<String>,
}

impl ScheduleExceptionRow {
    fn exception(&self) -> Result<ScheduleException, StoreError> {
        match self.kind.as_str() {
            DATES => {
                let (first, last) = (
                    date(&self.first_date, "schedule_exceptions.first_date")?,
                    date(&self.last_date, "schedule_exceptions.last_date")?,
                );
                ScheduleException::closed_dates(first, last).map_err(|e| StoreError::Corrupt(e.into()))
            }
            BETWEEN => {
                let period = self.from_at.zip(self.until_at);
                Ok(ScheduleException::ClosedPeriod(Interval::from_row(sound(period, "schedule_exceptions.from_at")?)?))
            }
            EXTRA_HOURS => {
                let (start, end) = sound(self.start_minute.zip(self.end_minute), "schedule_exceptions.start_minute")?;
                let date = date(&self.first_date, "schedule_exceptions.first_date")?;
                Ok(ScheduleException::ExtraHours { date, hours: hours(start, end)? })
            }
            _ => Err(corrupt("schedule_exceptions.kind")),
        }
    }
}

fn date(text: &Option<String>, column: &'static str) -> Result<Date, StoreError> {
    sound(text.as_deref().and_then(|text| text.parse().ok()), column)
}

impl FromRow for StoredScheduleException {
    type Row = StoredScheduleExceptionRow;

    fn from_row(StoredScheduleExceptionRow { id, exception: row }: Self::Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: sound(ScheduleExceptionId::new(id), "schedule_exceptions.id")?,
            therapist: sound(UserId::new(row.therapist_id), "schedule_exceptions.therapist_id")?,
            what: row.exception()?,
            created_at: from_millis(row.created_at)?,
            note: row.note,
        })
    }
}

impl From<&NewScheduleException> for ScheduleExceptionRow {
    fn from(new: &NewScheduleException) -> Self {
        let mut row = Self {
            therapist_id: new.therapist.get(),
            kind: DATES.to_owned(),
            first_date: None,
            last_date: None,
            from_at: None,
            until_at: None,
            start_minute: None,
            end_minute: None,
            created_at: millis(new.created_at),
            note: new.note.clone(),
        };
        match new.what {
            ScheduleException::ClosedDates { first, last } => {
                row.first_date = Some(first.to_string());
                row.last_date = Some(last.to_string());
            }
            ScheduleException::ClosedPeriod(interval) => {
                BETWEEN.clone_into(&mut row.kind);
                row.from_at = Some(millis(interval.start()));
                row.until_at = Some(millis(interval.end()));
            }
            ScheduleException::ExtraHours { date, hours } => {
                EXTRA_HOURS.clone_into(&mut row.kind);
                row.first_date = Some(date.to_string());
                row.start_minute = Some(minutes(hours.start()));
                row.end_minute = Some(minutes(hours.end()));
            }
        }
        row
    }
}

impl From<&StoredScheduleException> for ScheduleExceptionRow {
    fn from(stored: &StoredScheduleException) -> Self {
        let StoredScheduleException { id: _, therapist, what, note, created_at } = stored.clone();
        Self::from(&NewScheduleException { therapist, what, note, created_at })
    }
}

#[derive(Clone, Queryable, Selectable)]
#[diesel(table_name = practice_policy)]
pub struct StoredPolicyRow {
    #[diesel(embed)]
    policy: PolicyRow,
    version: i64,
}

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
    grace_minutes: i64,
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
            grace_minutes: i64::from(terms.grace_minutes),
        }
    }
}

impl FromRow for Versioned<PracticePolicy> {
    type Row = StoredPolicyRow;

    fn from_row(StoredPolicyRow { policy: row, version }: StoredPolicyRow) -> Result<Self, StoreError> {
        let policy = PracticePolicy {
            rules: RuleSettings {
                notice_minutes: number(row.notice_minutes)?,
                horizon_days: number(row.horizon_days)?,
                daily_limit: row.daily_limit.map(number).transpose()?,
                step_minutes: number(row.step_minutes)?,
            },
            terms: terms(row.free_minutes, row.grace_minutes, row.late_refund_percent, row.reschedule_minutes)?,
            auto_complete: row.auto_complete,
        };
        policy.checked().map_err(|e| StoreError::Corrupt(e.into()))?;
        Ok(Self { value: policy, version: number(version)? })
    }
}
