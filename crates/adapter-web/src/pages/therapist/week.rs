//! The week of a therapist: a table of days and hours, and below it the same as a list for narrow windows. The month.

use std::collections::BTreeMap;

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use askama::Template;
use attune_domain::calendar::{LocalTimeRange, ScheduleException};
use attune_domain::{Booking, User};
use attune_http_common::{HandlerResult, Problem};
use attune_ports::{BookingFilter, BookingOrder, BookingPageRequest, PageStart};
use jiff::civil::{Date, Weekday};
use jiff::{Span, Timestamp};

use super::{People, TherapistVisit, open, paths};
use crate::choice::{therapist_name, therapists};
use crate::own_booking::{Tag, tag};
use crate::shell::{Link, Shell};
use crate::visit::Section;
use crate::web::Web;

pub(crate) use super::paths::{MONTH, WEEK as PATH};

/// More than a therapist can have in a month.
const MAX_BOOKINGS: u32 = 1_000;

/// The hours that are shown at least.
const USUAL: std::ops::Range<i8> = 9..17;

#[derive(Template)]
#[template(path = "week.html")]
struct Week {
    shell: Shell,
    add: Link,
    ways: Vec<Link>,
    others_label: String,
    others: Vec<(Link, bool)>,
    place: String,
    caption: String,
    time_label: String,
    closed: String,
    nothing: String,
    days: Vec<Day>,
    hours: Vec<Hour>,
}

/// A day as a heading.
struct Day {
    link: Link,
    entries: Vec<Entry>,
}

struct Hour {
    time: String,
    cells: Vec<Cell>,
}

struct Cell {
    is_closed: bool,
    entries: Vec<Entry>,
}

#[derive(Clone)]
struct Entry {
    href: String,
    day: String,
    time: String,
    client: String,
    tag: Tag,
    hour: i8,
}

#[derive(Template)]
#[template(path = "month.html")]
struct Month {
    shell: Shell,
    ways: Vec<Link>,
    others_label: String,
    others: Vec<(Link, bool)>,
    caption: String,
    /// In full, for screen readers, and in two letters.
    weekdays: Vec<(String, String)>,
    weeks: Vec<Vec<Option<MonthDay>>>,
}

struct MonthDay {
    link: Link,
    number: i8,
    count: u32,
    /// How many appointments there are, in words.
    about: String,
}

/// Whose calendar is shown, around which date.
struct Choice {
    user: User,
    all: Vec<User>,
    date: Date,
}

impl Choice {
    /// Without a date today's, and without a therapist the visitor's own.
    async fn load(visit: &TherapistVisit<'_>) -> Result<Self, Problem> {
        let all = therapists(visit.web).await?;
        let whose = visit.parameter("therapist");
        let found = all.iter().find(|user| user.id.to_string() == whose).cloned();
        let today = visit.zone.to_datetime(visit.now()).date();
        let date = visit.parameter("date").parse().unwrap_or(today);
        Ok(Self { user: found.unwrap_or_else(|| visit.caller.user.clone()), all, date })
    }

    fn link(&self, visit: &TherapistVisit<'_>, path: &str, date: Date, text: String) -> Link {
        Link { href: visit.view().href(&format!("{path}?date={date}&therapist={}", self.user.id)), text }
    }

    /// The same page of every therapist, the current one marked; empty where there is only one.
    fn others(&self, visit: &TherapistVisit<'_>, path: &str) -> Vec<(Link, bool)> {
        let link = |user: &User| {
            let href = visit.view().href(&format!("{path}?date={}&therapist={}", self.date, user.id));
            (Link { href, text: therapist_name(visit.view(), user) }, user.id == self.user.id)
        };
        if self.all.len() > 1 { self.all.iter().map(link).collect() } else { Vec::new() }
    }

    /// The bookings that begin on these days, and take up their time or did.
    async fn bookings(&self, visit: &TherapistVisit<'_>, first: Date, last: Date) -> Result<Vec<Booking>, Problem> {
        let midnight = |date: Date| date.to_zoned(visit.zone.clone()).map(|zoned| zoned.timestamp());
        let next = last.tomorrow().unwrap_or(last);
        let (Ok(from), Ok(to)) = (midnight(first), midnight(next)) else { return Ok(Vec::new()) };
        let filter = BookingFilter {
            therapist: Some(self.user.id),
            from: Some(from),
            to: Some(to),
            order: BookingOrder::Earliest,
            ..BookingFilter::default()
        };
        let request = BookingPageRequest { limit: MAX_BOOKINGS, start: PageStart::Offset(0) };
        let found = visit.web.queries.bookings(&filter, request).await?;
        let now = visit.now();
        Ok(found.items.iter().filter(|booking| booking.takes_up_time(now)).cloned().collect())
    }
}

/// `GET /week`
pub(crate) async fn show(web: Data<Web>, http: HttpRequest) -> HandlerResult {
    open(&web, &http, async |visit| {
        let page = week(visit).await?;
        visit.visit.respond(&page, StatusCode::OK)
    })
    .await
}

/// `GET /month`
pub(crate) async fn show_month(web: Data<Web>, http: HttpRequest) -> HandlerResult {
    open(&web, &http, async |visit| {
        let page = month(visit).await?;
        visit.visit.respond(&page, StatusCode::OK)
    })
    .await
}

/// The days from this one on.
fn days_from(first: Date, count: usize) -> Vec<Date> {
    std::iter::successors(Some(first), |day| day.tomorrow().ok()).take(count).collect()
}

/// This many days later, or earlier.
fn shifted(date: Date, days: i32) -> Date {
    date.checked_add(Span::new().days(days)).unwrap_or(date)
}

fn monday(date: Date) -> Date {
    shifted(date, -i32::from(date.weekday().to_monday_zero_offset()))
}

async fn week(visit: &TherapistVisit<'_>) -> Result<Week, Problem> {
    let view = visit.view();
    let choice = Choice::load(visit).await?;
    let first = monday(choice.date);
    let days = days_from(first, 7);
    let last = days.last().copied().unwrap_or(first);
    let bookings = choice.bookings(visit, first, last).await?;
    let people = People::clients(visit.web, &bookings).await?;
    let entries: Vec<(Date, Entry)> =
        bookings.iter().map(|booking| entry(visit, booking, people.name(booking.client()))).collect();
    let open_hours = OpenHours::load(visit, &choice).await?;
    let span = span(visit, &entries, &open_hours, &days);
    let of = |date: Date| entries.iter().filter(move |(on, _)| *on == date).map(|(_, entry)| entry);
    let day = |date: &Date| Day {
        link: choice.link(visit, paths::TODAY, *date, day_text(visit, *date)),
        entries: of(*date).cloned().collect(),
    };
    let cell = |date: Date, hour: i8| Cell {
        is_closed: !open_hours.is_open(at(visit, date, hour)),
        entries: of(date).filter(|entry| entry.hour == hour).cloned().collect(),
    };
    let hour =
        |hour: i8| Hour { time: format!("{hour:02}:00"), cells: days.iter().map(|date| cell(*date, hour)).collect() };
    let title = view.text_with(
        "week-title",
        &[("from", (&day_text(visit, first)).into()), ("to", (&day_text(visit, last)).into())],
    );
    let noon = at(visit, first, 12);
    let who = therapist_name(view, &choice.user);
    let today = visit.zone.to_datetime(visit.now()).date();
    Ok(Week {
        add: choice.link(visit, paths::BOOK_FOR, choice.date, visit.text("book-for-title")),
        ways: vec![
            choice.link(visit, PATH, shifted(first, -7), visit.text("week-before")),
            choice.link(visit, PATH, shifted(first, 7), visit.text("week-after")),
            choice.link(visit, PATH, today, visit.text("week-this")),
            choice.link(visit, MONTH, choice.date, visit.text("month")),
        ],
        others_label: visit.text("today-therapists"),
        others: choice.others(visit, PATH),
        place: view.text_with("week-place", &[("place", (&view.phrases.local_time(noon, &visit.zone).place).into())]),
        caption: view.text_with("week-caption", &[("therapist", (&who).into()), ("week", (&title).into())]),
        time_label: visit.text("week-time"),
        closed: visit.text("week-closed"),
        nothing: visit.text("week-nothing"),
        hours: span.map(hour).collect(),
        days: days.iter().map(day).collect(),
        shell: visit.visit.shell(title, Section::Week),
    })
}

fn entry(visit: &TherapistVisit<'_>, booking: &Booking, client: String) -> (Date, Entry) {
    let local = visit.zone.to_datetime(booking.scheduled_at());
    let text = visit.view().phrases.local_time(booking.scheduled_at(), &visit.zone);
    let entry = Entry {
        href: visit.view().href(&paths::booking(booking.id())),
        day: text.day,
        time: text.time,
        client,
        tag: tag(visit.view(), booking, visit.now()),
        hour: local.hour(),
    };
    (local.date(), entry)
}

/// A whole hour of a day; where the clocks skip it, the time to which they are put forward.
fn at(visit: &TherapistVisit<'_>, date: Date, hour: i8) -> Timestamp {
    date.at(hour, 0, 0, 0).to_zoned(visit.zone.clone()).map_or(visit.now(), |zoned| zoned.timestamp())
}

fn day_text(visit: &TherapistVisit<'_>, date: Date) -> String {
    visit.view().phrases.local_time(at(visit, date, 12), &visit.zone).day
}

/// When the therapist works, by hour.
struct OpenHours {
    week: Vec<(Weekday, LocalTimeRange)>,
    exceptions: Vec<ScheduleException>,
    zone: jiff::tz::TimeZone,
}

impl OpenHours {
    async fn load(visit: &TherapistVisit<'_>, choice: &Choice) -> Result<Self, Problem> {
        let calendars = &visit.web.use_cases.availability.calendars;
        let settings = visit.web.queries.calendar_settings(choice.user.id).await?;
        let schedule = match settings.schedule {
            Some(schedule) => schedule.value,
            None => calendars.usual_hours().await?,
        };
        let zone = calendars.zones.find(&schedule.zone).unwrap_or_else(|| visit.zone.clone());
        Ok(Self { week: schedule.week, exceptions: settings.exceptions, zone })
    }

    /// Whether a part of the hour that begins at this instant is open.
    fn is_open(&self, start: Timestamp) -> bool {
        let local = self.zone.to_datetime(start);
        let from = i64::from(local.hour()) * 60 + i64::from(local.minute());
        let touches = |range: &LocalTimeRange| {
            i64::from(range.start().minutes()) < from + 60 && i64::from(range.end().minutes()) > from
        };
        let is_extra = |exception: &ScheduleException| match exception {
            ScheduleException::ExtraHours { date, hours } => *date == local.date() && touches(hours),
            ScheduleException::ClosedDates { .. } | ScheduleException::ClosedPeriod(_) => false,
        };
        let closes = |exception: &ScheduleException| {
            let closed = exception.closed_interval(&self.zone);
            closed.is_some_and(|closed| closed.start() <= start && closed.end() > start)
        };
        let on_day = |(weekday, range): &(Weekday, LocalTimeRange)| *weekday == local.weekday() && touches(range);
        (self.week.iter().any(on_day) || self.exceptions.iter().any(is_extra)) && !self.exceptions.iter().any(closes)
    }
}

/// The hours from the first to the last one in which something is, or could be.
fn span(
    visit: &TherapistVisit<'_>,
    entries: &[(Date, Entry)],
    open_hours: &OpenHours,
    days: &[Date],
) -> std::ops::Range<i8> {
    let open = (0..24).filter(|hour| days.iter().any(|date| open_hours.is_open(at(visit, *date, *hour))));
    let used = entries.iter().map(|(_, entry)| entry.hour);
    let all: Vec<i8> = open.chain(used).collect();
    match (all.iter().min(), all.iter().max()) {
        (Some(first), Some(last)) => *first..*last + 1,
        _ => USUAL,
    }
}

async fn month(visit: &TherapistVisit<'_>) -> Result<Month, Problem> {
    let view = visit.view();
    let choice = Choice::load(visit).await?;
    let (first, last) = (choice.date.first_of_month(), choice.date.last_of_month());
    let mut counts: BTreeMap<Date, u32> = BTreeMap::new();
    for booking in choice.bookings(visit, first, last).await? {
        *counts.entry(visit.zone.to_datetime(booking.scheduled_at()).date()).or_default() += 1;
    }
    let day = |date: Date| {
        let count = counts.get(&date).copied().unwrap_or(0);
        (first..=last).contains(&date).then(|| MonthDay {
            link: choice.link(visit, paths::TODAY, date, day_text(visit, date)),
            number: date.day(),
            count,
            about: view.text_with("month-count", &[("count", count.into())]),
        })
    };
    let mut weeks = Vec::new();
    let mut start = monday(first);
    while start <= last {
        weeks.push(days_from(start, 7).into_iter().map(day).collect());
        start = shifted(start, 7);
    }
    let title = view.phrases.month(first);
    let weekday = |weekday| {
        let name = view.phrases.weekday(weekday);
        let short = name.chars().take(2).collect();
        (name, short)
    };
    let weekdays = Weekday::Monday.cycle_forward().take(7).map(weekday).collect();
    let who = therapist_name(view, &choice.user);
    Ok(Month {
        ways: vec![
            choice.link(visit, MONTH, shifted(first, -1), visit.text("month-before")),
            choice.link(visit, MONTH, shifted(last, 1), visit.text("month-after")),
            choice.link(visit, PATH, choice.date, visit.text("tab-week")),
        ],
        others_label: visit.text("today-therapists"),
        others: choice.others(visit, MONTH),
        caption: view.text_with("month-caption", &[("therapist", (&who).into()), ("month", (&title).into())]),
        weekdays,
        weeks,
        shell: visit.visit.shell(title, Section::Week),
    })
}

#[cfg(test)]
mod tests {
    use attune_domain::calendar::LocalTime;
    use jiff::tz::TimeZone;

    use super::*;

    #[test]
    fn hours_are_open_where_the_therapist_works() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let range = |start: &str, end: &str| {
            LocalTimeRange::new(LocalTime::parse(start).unwrap(), LocalTime::parse(end).unwrap()).unwrap()
        };
        let closed = ScheduleException::closed_period(at("2024-01-15T10:00:00Z"), at("2024-01-15T11:00:00Z")).unwrap();
        let extra =
            ScheduleException::ExtraHours { date: "2024-01-16".parse().unwrap(), hours: range("14:30", "15:00") };
        let open_hours = OpenHours {
            week: vec![(Weekday::Monday, range("09:00", "12:30"))],
            exceptions: vec![closed, extra],
            zone: TimeZone::get("Europe/Berlin").unwrap(),
        };
        for (start, expected) in [
            ("2024-01-15T07:00:00Z", false),
            // Nine in Berlin, whatever the clock of the reader says.
            ("2024-01-15T08:00:00Z", true),
            // A part of the hour is enough.
            ("2024-01-15T07:30:00Z", true),
            ("2024-01-15T11:00:00Z", true),
            ("2024-01-15T12:00:00Z", false),
            // Time off.
            ("2024-01-15T10:00:00Z", false),
            // Another weekday, and extra hours on it.
            ("2024-01-16T08:00:00Z", false),
            ("2024-01-16T13:00:00Z", true),
            ("2024-01-16T14:00:00Z", false),
            // An hour earlier in summer.
            ("2024-07-15T07:00:00Z", true),
            ("2024-07-15T10:30:00Z", false),
        ] {
            assert_eq!(open_hours.is_open(at(start)), expected, "{start}");
        }
    }
}
