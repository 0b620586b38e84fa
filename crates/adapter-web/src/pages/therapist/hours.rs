//! Working hours by week, and the exceptions from them. What is in the way is named before anything is saved.

use actix_web::HttpRequest;
use actix_web::web::{Data, Payload};
use attune_application::practice::{
    AddScheduleExceptionCommand, ChangeScheduleExceptionCommand, ChangedScheduleException, SetScheduleCommand,
};
use attune_domain::calendar::{
    LocalTime, LocalTimeRange, Occurrence, ScheduleException, ScheduleExceptionChange, WeeklySchedule,
};
use attune_domain::{Booking, ScheduleExceptionId, TimeZoneName, User, UserId};
use attune_http_common::{Code, HandlerResult, Problem};
use attune_ports::StoredScheduleException;
use jiff::Timestamp;
use jiff::civil::{Date, Time, Weekday};
use jiff::tz::TimeZone;

use super::rows::booking_row;
use super::{People, TherapistVisit, VERSION, open, paths, receive};
use crate::blocks::{Block, Button, FormBlock, Row};
use crate::choice::{therapist_name, therapists};
use crate::own_booking::Names;
use crate::typed::Typed;
use crate::visit::Section;
use crate::web::Web;

pub(crate) use super::paths::{EXCEPTION, HOURS as PATH};

/// The field that says that what is in the way was read.
const CONFIRMED: &str = "confirmed";

const DAYS: [(&str, Weekday); 7] = [
    ("monday", Weekday::Monday),
    ("tuesday", Weekday::Tuesday),
    ("wednesday", Weekday::Wednesday),
    ("thursday", Weekday::Thursday),
    ("friday", Weekday::Friday),
    ("saturday", Weekday::Saturday),
    ("sunday", Weekday::Sunday),
];

/// What became of a form.
enum Outcome {
    Saved,
    /// Something that was typed is wrong.
    Invalid,
    /// Nothing is saved yet, because these bookings are in the way.
    InTheWay(Vec<Booking>),
}

/// `GET /hours`
pub(crate) async fn show(web: Data<Web>, http: HttpRequest) -> HandlerResult {
    open(&web, &http, async |visit| page(visit, Typed::default(), Vec::new()).await).await
}

/// `POST /hours`
pub(crate) async fn change(web: Data<Web>, http: HttpRequest, payload: Payload) -> HandlerResult {
    receive(&web, &http, payload, PATH, async |visit, mut typed| {
        let therapist: UserId = typed.get("therapist").parse().map_err(|_| Code::UnknownTherapist)?;
        let outcome = match typed.button() {
            "week" => save_week(visit, &mut typed, therapist).await,
            "exception" => add_exception(visit, &mut typed, therapist).await,
            "remove" => remove(visit, &typed).await,
            _ => Ok(Outcome::Saved),
        };
        match outcome {
            Ok(Outcome::Saved) => visit.done(&format!("{PATH}?therapist={therapist}")),
            Ok(Outcome::Invalid) => page(visit, typed, Vec::new()).await,
            Ok(Outcome::InTheWay(bookings)) => page(visit, in_the_way(visit, typed), bookings).await,
            Err(problem) => page(visit, typed.refused(visit.view(), problem)?, Vec::new()).await,
        }
    })
    .await
}

/// `GET /hours/exceptions/{id}`
pub(crate) async fn show_exception(web: Data<Web>, http: HttpRequest) -> HandlerResult {
    open(&web, &http, async |visit| exception_page(visit, Typed::default(), Vec::new()).await).await
}

/// `POST /hours/exceptions/{id}`
pub(crate) async fn change_exception(web: Data<Web>, http: HttpRequest, payload: Payload) -> HandlerResult {
    receive(&web, &http, payload, EXCEPTION, async |visit, mut typed| {
        let exception = exception(visit).await?;
        match save_exception(visit, &mut typed, &exception).await {
            Ok(Outcome::Saved) => visit.done(&format!("{PATH}?therapist={}", exception.therapist)),
            Ok(Outcome::Invalid) => exception_page(visit, typed, Vec::new()).await,
            Ok(Outcome::InTheWay(bookings)) => exception_page(visit, in_the_way(visit, typed), bookings).await,
            Err(problem) => exception_page(visit, typed.refused(visit.view(), problem)?, Vec::new()).await,
        }
    })
    .await
}

fn in_the_way(visit: &TherapistVisit<'_>, typed: Typed) -> Typed {
    typed.refused_with(visit.text("hours-in-the-way"), actix_web::http::StatusCode::CONFLICT)
}

async fn save_week(visit: &TherapistVisit<'_>, typed: &mut Typed, therapist: UserId) -> Result<Outcome, Problem> {
    let view = visit.view();
    let mut week = Vec::new();
    for (name, weekday) in DAYS {
        let ranges = typed.read(view, name, "hours-day-invalid", ranges);
        week.extend(ranges.unwrap_or_default().into_iter().map(|range| (weekday, range)));
    }
    let zone =
        typed.read(view, "zone", "account-zone-invalid", |text| TimeZoneName::parse(&text.replace(' ', "_")).ok());
    let Some(zone) = zone.filter(|_| !typed.is_refused()) else { return Ok(Outcome::Invalid) };
    let schedule = WeeklySchedule { zone, week };
    if !typed.has(CONFIRMED) {
        let outside = visit.web.use_cases.explain_slot.outside(therapist, &schedule).await?;
        if !outside.is_empty() {
            return Ok(Outcome::InTheWay(outside));
        }
    }
    let command = SetScheduleCommand {
        admin: visit.caller.user.id,
        therapist,
        schedule,
        version: typed.get(VERSION).parse().ok(),
        metadata: visit.metadata(),
    };
    visit.web.use_cases.calendar.set_schedule(command).await?;
    Ok(Outcome::Saved)
}

/// Reads hours such as `09:00-12:00, 14-17:30`; none is a day off.
fn ranges(text: &str) -> Option<Vec<LocalTimeRange>> {
    let parts = text.split([',', ';']).map(str::trim).filter(|part| !part.is_empty());
    parts
        .map(|part| {
            let (start, end) = part.split_once(['-', '\u{2013}'])?;
            LocalTimeRange::new(time(start)?, time(end)?).ok()
        })
        .collect()
}

/// Reads a time such as `9`, `9:30` or `24:00`.
fn time(text: &str) -> Option<LocalTime> {
    let text = text.trim().replace('.', ":");
    let (hour, minute) = text.split_once(':').unwrap_or((&text, "00"));
    LocalTime::parse(&format!("{hour:0>2}:{minute}")).ok()
}

/// `09:00–12:00`
pub(super) fn range_text(visit: &TherapistVisit<'_>, range: LocalTimeRange) -> String {
    let (from, to) = (clock(range.start()), clock(range.end()));
    visit.view().text_with("today-range", &[("from", (&from).into()), ("to", (&to).into())])
}

fn clock(time: LocalTime) -> String {
    format!("{:02}:{:02}", time.minutes() / 60, time.minutes() % 60)
}

/// An exception with its note, in words.
pub(super) fn exception_text(visit: &TherapistVisit<'_>, exception: &StoredScheduleException) -> String {
    let view = visit.view();
    let day = |date: Date| view.phrases.local_time(noon(visit, date), &visit.zone).date;
    let text = match exception.what {
        ScheduleException::ClosedDates { first, last } if first == last => {
            visit.text_of("hours-closed-day", "day", &day(first))
        }
        ScheduleException::ClosedDates { first, last } => {
            view.text_with("hours-closed-days", &[("from", (&day(first)).into()), ("to", (&day(last)).into())])
        }
        ScheduleException::ClosedPeriod(period) => {
            let (from, to) = (visit.when(period.start()), visit.when(period.end()));
            view.text_with("hours-closed-period", &[("from", (&from).into()), ("to", (&to).into())])
        }
        ScheduleException::ExtraHours { date, hours } => {
            let hours = range_text(visit, hours);
            view.text_with("hours-extra", &[("day", (&day(date)).into()), ("hours", (&hours).into())])
        }
    };
    match &exception.note {
        Some(note) => format!("{text} ({note})"),
        None => text,
    }
}

fn noon(visit: &TherapistVisit<'_>, date: Date) -> Timestamp {
    date.at(12, 0, 0, 0).to_zoned(visit.zone.clone()).map_or(visit.now(), |zoned| zoned.timestamp())
}

/// The dates and times that were typed for a kind of exception.
fn read_exception(visit: &TherapistVisit<'_>, typed: &mut Typed, kind: &str) -> Option<ScheduleException> {
    let view = visit.view();
    let first: Option<Date> = typed.read(view, "from_date", "field-date-invalid", |text| text.parse().ok());
    let first = first?;
    let last = typed.read_optional(view, "to_date", "field-date-invalid", |text| text.parse::<Date>().ok())?;
    let last = last.unwrap_or(first);
    if kind == "dates" {
        let what = ScheduleException::closed_dates(first, last).ok();
        return what.or_else(|| wrong(visit, typed, "to_date", "refused-range"));
    }
    let from = typed.read(view, "from_time", "field-time-invalid", time)?;
    let to = typed.read(view, "to_time", "field-time-invalid", time)?;
    let what = if kind == "extra" {
        LocalTimeRange::new(from, to).ok().map(|hours| ScheduleException::ExtraHours { date: first, hours })
    } else {
        let instant = |date: Date, time: LocalTime| instant(date, time, &visit.zone);
        let (from, to) = (instant(first, from), instant(last, to));
        from.zip(to).and_then(|(from, to)| ScheduleException::closed_period(from, to).ok())
    };
    what.or_else(|| wrong(visit, typed, "to_time", "refused-range"))
}

fn wrong<T>(visit: &TherapistVisit<'_>, typed: &mut Typed, field: &str, name: &str) -> Option<T> {
    typed.wrong(field, visit.text(name));
    None
}

/// Midnight at the end of a day is that of the next one. A time that the clocks skip ends when they have been put forward.
fn instant(date: Date, time: LocalTime, zone: &TimeZone) -> Option<Timestamp> {
    let local = if time == LocalTime::END_OF_DAY {
        date.tomorrow().ok()?.to_datetime(Time::midnight())
    } else {
        date.to_datetime(Time::midnight()).checked_add(jiff::Span::new().minutes(i64::from(time.minutes()))).ok()?
    };
    match Occurrence::of(local, zone).ok()? {
        Occurrence::At(at) => Some(at),
        Occurrence::Nonexistent(_) => local.to_zoned(zone.clone()).ok().map(|zoned| zoned.timestamp()),
    }
}

fn note(visit: &TherapistVisit<'_>, typed: &mut Typed) -> Option<Option<String>> {
    typed.read_optional(visit.view(), "note", "field-too-long", |text| {
        (text.chars().count() <= Booking::MAX_NOTE_CHARS).then(|| text.to_owned())
    })
}

async fn add_exception(visit: &TherapistVisit<'_>, typed: &mut Typed, therapist: UserId) -> Result<Outcome, Problem> {
    let kind = typed.get("kind").to_owned();
    let (what, note) = (read_exception(visit, typed, &kind), note(visit, typed));
    let (Some(what), Some(note)) = (what, note) else { return Ok(Outcome::Invalid) };
    let command = |dry_run| AddScheduleExceptionCommand {
        admin: visit.caller.user.id,
        therapist,
        what,
        note: note.clone(),
        dry_run,
        metadata: visit.metadata(),
    };
    let calendar = &visit.web.use_cases.calendar;
    confirmed(typed, async |dry_run| Ok(calendar.add_schedule_exception(command(dry_run)).await?)).await
}

/// Saves a change at once if nothing is in its way, or if the therapist knows what is.
async fn confirmed(
    typed: &Typed,
    change: impl AsyncFn(bool) -> Result<ChangedScheduleException, Problem>,
) -> Result<Outcome, Problem> {
    if !typed.has(CONFIRMED) {
        let ChangedScheduleException { conflicts, .. } = change(true).await?;
        if !conflicts.is_empty() {
            return Ok(Outcome::InTheWay(conflicts));
        }
    }
    change(false).await?;
    Ok(Outcome::Saved)
}

async fn remove(visit: &TherapistVisit<'_>, typed: &Typed) -> Result<Outcome, Problem> {
    let id: ScheduleExceptionId = typed.get("exception").parse().map_err(|_| Code::TimeOffNotFound)?;
    let calendar = &visit.web.use_cases.calendar;
    calendar.remove_schedule_exception(visit.caller.user.id, id, &visit.metadata()).await?;
    Ok(Outcome::Saved)
}

async fn exception(visit: &TherapistVisit<'_>) -> Result<StoredScheduleException, Problem> {
    let id: ScheduleExceptionId = super::id(visit.http, Code::TimeOffNotFound)?;
    let all = visit.web.queries.schedule_exceptions(None).await?;
    all.into_iter().find(|exception| exception.id == id).ok_or_else(|| Code::TimeOffNotFound.into())
}

async fn save_exception(
    visit: &TherapistVisit<'_>,
    typed: &mut Typed,
    exception: &StoredScheduleException,
) -> Result<Outcome, Problem> {
    let (what, note) = (read_exception(visit, typed, kind(exception.what)), note(visit, typed));
    let (Some(what), Some(note)) = (what, note) else { return Ok(Outcome::Invalid) };
    let nothing = ScheduleExceptionChange::default();
    let change = match what {
        ScheduleException::ClosedDates { first, last } => {
            ScheduleExceptionChange { first: Some(first), last: Some(last), ..nothing }
        }
        ScheduleException::ClosedPeriod(period) => {
            ScheduleExceptionChange { from: Some(period.start()), until: Some(period.end()), ..nothing }
        }
        ScheduleException::ExtraHours { date, hours } => {
            ScheduleExceptionChange { date: Some(date), start: Some(hours.start()), end: Some(hours.end()), ..nothing }
        }
    };
    let command = |dry_run| ChangeScheduleExceptionCommand {
        admin: visit.caller.user.id,
        id: exception.id,
        change,
        note: Some(note.clone()),
        dry_run,
        metadata: visit.metadata(),
    };
    let calendar = &visit.web.use_cases.calendar;
    confirmed(typed, async |dry_run| Ok(calendar.change_schedule_exception(command(dry_run)).await?)).await
}

fn kind(what: ScheduleException) -> &'static str {
    match what {
        ScheduleException::ClosedDates { .. } => "dates",
        ScheduleException::ClosedPeriod(_) => "period",
        ScheduleException::ExtraHours { .. } => "extra",
    }
}

async fn page(visit: &TherapistVisit<'_>, typed: Typed, conflicts: Vec<Booking>) -> HandlerResult {
    let all = therapists(visit.web).await?;
    let whose = if typed.has("therapist") { typed.get("therapist").to_owned() } else { visit.parameter("therapist") };
    let therapist = all.iter().find(|user| user.id.to_string() == whose).unwrap_or(&visit.caller.user);
    let mut blocks = conflict_blocks(visit, &conflicts).await?;
    if all.len() > 1 {
        let items = all.iter().map(|user| (user.id.to_string(), therapist_name(visit.view(), user))).collect();
        let field =
            Typed::default().select(visit.view(), "therapist", "field-therapist", &therapist.id.to_string(), items);
        blocks.push(Block::Form(FormBlock::query(vec![field], visit.text("show"))));
    }
    blocks.push(Block::Links(vec![visit.link(paths::WHY, "why-title")]));
    blocks.push(Block::Heading(visit.text("hours-week")));
    blocks.push(Block::Form(week_form(visit, &typed, therapist, !conflicts.is_empty()).await?));
    blocks.push(Block::Heading(visit.text("hours-exceptions")));
    blocks.push(exceptions(visit, therapist).await?);
    let items = ["dates", "period", "extra"].map(|kind| (kind.to_owned(), visit.text(&format!("hours-kind.{kind}"))));
    let mut fields = vec![typed.radios(visit.view(), "kind", "hours-kind-label", "dates", items.to_vec())];
    fields.extend(exception_fields(visit, &typed, None));
    let is_confirmed = !conflicts.is_empty() && typed.button() == "exception";
    let form = confirm(visit, visit.form(PATH, fields, "exception", "hours-add-button"), is_confirmed);
    blocks.push(visit.fold("hours-add", &typed, form.hidden("therapist", therapist.id), Vec::new()));
    let back = visit.link(paths::PRACTICE, "tab-practice");
    visit.respond(visit.text("hours-title"), Section::Practice, Some(back), &typed, blocks)
}

/// What is in the way, each with the way to it.
async fn conflict_blocks(visit: &TherapistVisit<'_>, conflicts: &[Booking]) -> Result<Vec<Block>, Problem> {
    if conflicts.is_empty() {
        return Ok(Vec::new());
    }
    let names = Names::of(visit.web, visit.view(), conflicts).await?;
    let people = People::clients(visit.web, conflicts).await?;
    let row = |booking: &Booking| booking_row(visit, booking, &names, Some(&people.name(booking.client())));
    Ok(vec![Block::Rows(conflicts.iter().map(row).collect())])
}

/// The form a second time, after what is in the way was named.
fn confirm(visit: &TherapistVisit<'_>, form: FormBlock, is_confirmed: bool) -> FormBlock {
    if !is_confirmed {
        return form;
    }
    let value = form.buttons.first().map_or("", |button| button.value);
    let buttons = vec![Button::new(value, visit.text("hours-confirm"))];
    FormBlock { buttons, ..form }.hidden(CONFIRMED, 1)
}

pub(super) async fn week_form(
    visit: &TherapistVisit<'_>,
    typed: &Typed,
    therapist: &User,
    has_conflicts: bool,
) -> Result<FormBlock, Problem> {
    let view = visit.view();
    let settings = visit.web.queries.calendar_settings(therapist.id).await?;
    let version = settings.schedule.as_ref().map_or(0, |schedule| schedule.version);
    let schedule = match settings.schedule {
        Some(schedule) => schedule.value,
        None => visit.web.use_cases.availability.calendars.usual_hours().await?,
    };
    let day = |weekday: Weekday| {
        let mut hours: Vec<_> =
            schedule.week.iter().filter(|(on, _)| *on == weekday).map(|(_, hours)| *hours).collect();
        hours.sort_unstable();
        let text = |hours: &LocalTimeRange| format!("{}-{}", clock(hours.start()), clock(hours.end()));
        hours.iter().map(text).collect::<Vec<_>>().join(", ")
    };
    let mut fields: Vec<_> = DAYS
        .iter()
        .map(|(name, weekday)| typed.input(view, name, "text", &format!("weekdays.{name}"), &day(*weekday)).optional())
        .collect();
    if let Some(first) = fields.first_mut() {
        *first = first.clone().hint(view.text("hours-day-hint"));
    }
    let zone = typed.input(view, "zone", "text", "field-zone", schedule.zone.as_str());
    fields.push(zone.suggestions(crate::pages::account::ZONES));
    let form = visit.form(PATH, fields, "week", "save").versioned(version).hidden("therapist", therapist.id);
    let form = form.action(view.href(PATH));
    Ok(confirm(visit, form, has_conflicts && typed.button() == "week"))
}

/// Those that are not over.
async fn exceptions(visit: &TherapistVisit<'_>, therapist: &User) -> Result<Block, Problem> {
    let all = visit.web.queries.schedule_exceptions(Some(therapist.id)).await?;
    let now = visit.now();
    let today = visit.zone.to_datetime(now).date();
    let is_over = |exception: &&StoredScheduleException| match exception.what {
        ScheduleException::ClosedDates { last, .. } => last >= today,
        ScheduleException::ClosedPeriod(period) => period.end() > now,
        ScheduleException::ExtraHours { date, .. } => date >= today,
    };
    let row = |exception: &StoredScheduleException| {
        let text = exception_text(visit, exception);
        let remove = visit
            .button(PATH, "remove", "remove", &text)
            .hidden("exception", exception.id)
            .hidden("therapist", therapist.id);
        let href = visit.view().href(&format!("{PATH}/exceptions/{}", exception.id));
        Row { title: text, href: Some(href), forms: vec![remove], ..Row::default() }
    };
    let rows: Vec<Row> = all.iter().filter(is_over).map(row).collect();
    Ok(if rows.is_empty() { Block::Text(visit.text("hours-no-exceptions")) } else { Block::Rows(rows) })
}

fn exception_fields(
    visit: &TherapistVisit<'_>,
    typed: &Typed,
    stored: Option<&StoredScheduleException>,
) -> Vec<crate::fields::Field> {
    let view = visit.view();
    let local = |at: Timestamp| visit.zone.to_datetime(at);
    let time = |at: Timestamp| local(at).time().strftime("%H:%M").to_string();
    let date = |at: Timestamp| local(at).date().to_string();
    let (from_date, to_date, from_time, to_time) = match stored.map(|exception| exception.what) {
        None => Default::default(),
        Some(ScheduleException::ClosedDates { first, last }) => {
            (first.to_string(), last.to_string(), String::new(), String::new())
        }
        Some(ScheduleException::ClosedPeriod(period)) => {
            (date(period.start()), date(period.end()), time(period.start()), time(period.end()))
        }
        Some(ScheduleException::ExtraHours { date, hours }) => {
            (date.to_string(), String::new(), clock(hours.start()), clock(hours.end()))
        }
    };
    let kind = stored.map(|exception| kind(exception.what));
    let has_to_date = kind != Some("extra");
    let has_times = kind != Some("dates");
    let mut fields = vec![typed.input(view, "from_date", "date", "field-first-date", &from_date)];
    if has_to_date {
        let field = typed.input(view, "to_date", "date", "field-last-date", &to_date).optional();
        fields.push(field.hint(view.text("field-last-date-hint")));
    }
    if has_times {
        let is_new = stored.is_none();
        for (name, label, value) in [("from_time", "field-from", from_time), ("to_time", "field-to", to_time)] {
            let field = typed.input(view, name, "text", label, &value);
            let field = if is_new { field.hint(view.text("hours-time-hint")).optional() } else { field };
            fields.push(field);
        }
    }
    let note = stored.and_then(|exception| exception.note.clone()).unwrap_or_default();
    fields.push(typed.input(view, "note", "text", "hours-note", &note).hint(view.text("hours-note-hint")).optional());
    fields
}

async fn exception_page(visit: &TherapistVisit<'_>, typed: Typed, conflicts: Vec<Booking>) -> HandlerResult {
    let exception = exception(visit).await?;
    let mut blocks = conflict_blocks(visit, &conflicts).await?;
    let fields = exception_fields(visit, &typed, Some(&exception));
    let form = visit.form(EXCEPTION, fields, "change", "save");
    blocks.push(Block::Form(confirm(visit, form, !conflicts.is_empty())));
    let back = visit.link(&format!("{PATH}?therapist={}", exception.therapist), "hours-title");
    visit.respond(exception_text(visit, &exception), Section::Practice, Some(back), &typed, blocks)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_are_read_as_people_write_them() {
        let range = |start: &str, end: &str| {
            LocalTimeRange::new(LocalTime::parse(start).unwrap(), LocalTime::parse(end).unwrap()).unwrap()
        };
        for (text, expected) in [
            ("", Some(vec![])),
            ("09:00-12:00", Some(vec![range("09:00", "12:00")])),
            ("9-12, 14:30 \u{2013} 24:00", Some(vec![range("09:00", "12:00"), range("14:30", "24:00")])),
            ("9.15-10.45;", Some(vec![range("09:15", "10:45")])),
            ("12-9", None),
            ("9-9", None),
            ("9", None),
            ("9-25", None),
            ("nine to five", None),
        ] {
            assert_eq!(ranges(text), expected, "{text}");
        }
    }
}
