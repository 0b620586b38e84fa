//! The day of a therapist: who comes when, what can be done about it now, and where there is room.

use actix_web::http::{Method, StatusCode};
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use attune_application::bookings::{AvailabilityError, Change, ChangeBookingCommand, ChangeBookingError};
use attune_application::meetings::BookingAttendance;
use attune_domain::calendar::SlotQuery;
use attune_domain::notification::{Notification, NotificationState};
use attune_domain::{Booking, BookingId, BookingStatus, Role, Slot, User, UserId};
use attune_http_common::{HandlerResult, Problem};
use attune_ports::{NotificationFilter, PageRequest, PaymentProblem};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::day::{Presence, bookings, changes, is_open, presence, version};
use super::{People, paths, therapist};
use crate::choice::{therapist_name, therapists};
use crate::forms::{Form, refuse_forged};
use crate::live::{Day, Version};
use crate::own_booking::{LinkAbout, Names, Tag, parameter, tag};
use crate::shell::{Link, Shell};
use crate::visit::{Section, Visit};
use crate::web::Web;

pub(crate) use super::paths::TODAY as PATH;
pub(crate) const EVENTS: &str = "/today/events";
const PURPOSE: &str = "today";

/// Problems of a kind that are named; the page behind them has all.
const MAX_NEEDS: u32 = 5;

#[derive(Template)]
#[template(path = "today.html")]
struct Today {
    shell: Shell,
    error: Option<String>,
    others_label: String,
    /// The days of the colleagues, the current one marked.
    others: Vec<(Link, bool)>,
    heading: String,
    /// For a new practice: a sentence, and the first steps.
    set_up: Option<(String, Link)>,
    place: String,
    add: Link,
    needs_heading: String,
    /// What waits for a therapist.
    needs: Vec<Need>,
    /// This day, whatever the date is when the script loads it again.
    path: String,
    events: String,
    /// Which clients wait; empty if none do.
    waiting: String,
    entries: Vec<Entry>,
    nothing: String,
    ways: Vec<Link>,
    form_token: String,
    date: String,
    whose: String,
}

struct Need {
    tag: Tag,
    detail: String,
    link: LinkAbout,
}

/// What is in the day, in the order of time.
enum Entry {
    Booking(Box<Row>),
    Free(Free),
}

struct Row {
    id: BookingId,
    begins: Timestamp,
    time: String,
    client: String,
    href: String,
    /// For screen readers, what a link or a button is about.
    about: String,
    tag: Tag,
    details: Vec<String>,
    presence: Option<Presence>,
    is_now: bool,
    join: Option<Link>,
    buttons: Vec<Button>,
}

/// A button that changes the booking.
struct Button {
    action: String,
    version: u32,
    text: String,
}

struct Free {
    begins: Timestamp,
    time: String,
    text: String,
    book: LinkAbout,
}

/// Which day is shown, and whose.
struct Choice {
    user: User,
    all: Vec<User>,
    date: Date,
    today: Date,
    zone: TimeZone,
}

/// `GET /today`
pub(crate) async fn show(web: Data<Web>, http: HttpRequest) -> HandlerResult {
    let visit = web.visit(&http).await?;
    let user = match therapist(&web, &visit, PATH) {
        Ok(caller) => &caller.user,
        Err(response) => return response,
    };
    let (date, whose) = (parameter(&http, "date"), parameter(&http, "therapist"));
    let outcome = async {
        let choice = Choice::load(&web, &visit, user, date.as_deref(), whose.as_deref()).await?;
        page(&web, &visit, user, &choice, None).await
    };
    match outcome.await {
        Ok(page) => visit.respond(&page, StatusCode::OK),
        Err(problem) => visit.refuse(&problem),
    }
}

/// `GET /today/events`: says when the page of a day has changed since `version`, or since the last event that the browser
/// received.
pub(crate) async fn events(web: Data<Web>, http: HttpRequest) -> HandlerResult {
    let visit = web.visit(&http).await?;
    let caller = match therapist(&web, &visit, PATH) {
        Ok(caller) => caller,
        Err(response) => return response,
    };
    let (date, whose) = (parameter(&http, "date"), parameter(&http, "therapist"));
    let choice = Choice::load(&web, &visit, &caller.user, date.as_deref(), whose.as_deref()).await?;
    let last = http.headers().get("last-event-id").and_then(|id| id.to_str().ok().map(str::to_owned));
    let version = last.or_else(|| parameter(&http, "version")).and_then(|text| Version::parse(&text));
    let mut response = HttpResponse::Ok();
    // Otherwise nginx would collect the events.
    response.content_type("text/event-stream").insert_header(("X-Accel-Buffering", "no"));
    if http.method() == Method::HEAD {
        return Ok(response.finish());
    }
    Ok(response.streaming(web.live.open(caller.session.id, choice.day()?, version)?))
}

/// `POST /today`
pub(crate) async fn change(web: Data<Web>, http: HttpRequest, payload: Payload) -> HandlerResult {
    if let Some(refusal) = refuse_forged(&web, &http).await {
        return refusal;
    }
    let visit = web.visit(&http).await?;
    let user = match therapist(&web, &visit, PATH) {
        Ok(caller) => &caller.user,
        Err(response) => return response,
    };
    let mut form = Form::read(&web, &http, payload).await?;
    match submit(&web, &http, &visit, user, &mut form).await {
        Ok(response) => Ok(response),
        Err(problem) => visit.refuse(&problem),
    }
}

async fn submit(web: &Web, http: &HttpRequest, visit: &Visit<'_>, user: &User, form: &mut Form) -> HandlerResult {
    visit.check_form(form, PURPOSE)?;
    let choice = Choice::load(web, visit, user, Some(&form.take("date")), Some(&form.take("therapist"))).await?;
    let change = match form.take("change").as_str() {
        "complete" => Change::Complete,
        "no-show" => Change::NoShow,
        "reopen" => Change::Reopen,
        _ => return visit.redirect(&choice.path()),
    };
    let id: Option<BookingId> = form.take("booking").parse().ok().and_then(BookingId::new);
    let Some(booking) = id else { return visit.redirect(&choice.path()) };
    let command = ChangeBookingCommand {
        actor: user.id,
        role: Role::Admin,
        booking,
        change,
        version: form.take("version").parse().ok(),
        metadata: web.settings.requests.metadata(http),
        idempotency: None,
    };
    let error = match web.use_cases.change_booking.run(command).await {
        Ok(_) => return visit.redirect(&choice.path()),
        Err(error) => error,
    };
    // Someone else changed the booking, or the time for the change has passed: the day is shown as it is now.
    match error {
        ChangeBookingError::VersionConflict | ChangeBookingError::State(_) => {
            let page = page(web, visit, user, &choice, Some(visit.view.text("today-changed"))).await?;
            visit.respond(&page, StatusCode::CONFLICT)
        }
        ChangeBookingError::NotFound
        | ChangeBookingError::Forbidden
        | ChangeBookingError::Time(_)
        | ChangeBookingError::Slot(_)
        | ChangeBookingError::SlotTaken
        | ChangeBookingError::UnknownTherapist
        | ChangeBookingError::QuoteChanged
        | ChangeBookingError::KeyReused
        | ChangeBookingError::Store(_) => Err(error.into()),
    }
}

impl Choice {
    /// Without a date today's, and without a therapist the visitor's own.
    async fn load(
        web: &Web,
        visit: &Visit<'_>,
        user: &User,
        date: Option<&str>,
        whose: Option<&str>,
    ) -> Result<Self, Problem> {
        let all = therapists(web).await?;
        let id: Option<UserId> = whose.and_then(|text| text.parse().ok());
        let found = all.iter().find(|other| Some(other.id) == id).cloned();
        let zone = web.use_cases.practice.zone_in(&visit.view.practice, user.time_zone.as_ref());
        let today = zone.to_datetime(web.clock.now()).date();
        let date = date.and_then(|text| text.parse().ok()).unwrap_or(today);
        Ok(Self { user: found.unwrap_or_else(|| user.clone()), all, date, today, zone })
    }

    fn path(&self) -> String {
        self.path_of(self.date, &self.user)
    }

    fn path_of(&self, date: Date, user: &User) -> String {
        format!("{PATH}?{}", Self::query_of(date, user))
    }

    fn query(&self) -> String {
        Self::query_of(self.date, &self.user)
    }

    fn query_of(date: Date, user: &User) -> String {
        format!("date={date}&therapist={}", user.id)
    }

    /// From the beginning of the day to that of the next.
    fn day(&self) -> Result<Day, Problem> {
        let midnight = |date: Date| date.to_zoned(self.zone.clone()).map(|at| at.timestamp());
        let next = self.date.tomorrow().unwrap_or(self.date);
        match (midnight(self.date), midnight(next)) {
            (Ok(from), Ok(until)) => Ok(Day { therapist: self.user.id, from, until }),
            (Err(error), _) | (_, Err(error)) => Err(Problem::internal(&error)),
        }
    }
}

async fn page(
    web: &Web,
    visit: &Visit<'_>,
    user: &User,
    choice: &Choice,
    error: Option<String>,
) -> Result<Today, Problem> {
    let view = &visit.view;
    let now = web.clock.now();
    let day = choice.day()?;
    let found = bookings(&web.use_cases.attendance, &day).await?;
    let version = version(&found, &web.use_cases.links.window, now);
    let found: Vec<BookingAttendance> = found.into_iter().filter(|found| found.booking.takes_up_time(now)).collect();
    let bookings: Vec<Booking> = found.iter().map(|found| found.booking.clone()).collect();
    let names = Names::of(web, view, &bookings).await?;
    let clients = People::clients(web, &bookings).await?;
    let rows: Vec<Row> = found.iter().map(|found| row(web, visit, user, choice, found, &names, &clients)).collect();
    let waiting: Vec<&str> =
        rows.iter().filter(|row| row.presence == Some(Presence::Waiting)).map(|row| row.client.as_str()).collect();
    let waiting = if waiting.is_empty() {
        String::new()
    } else {
        view.text_with("today-who-waits", &[("clients", (&waiting.join(", ")).into())])
    };
    let mut entries: Vec<Entry> = rows.into_iter().map(|row| Entry::Booking(Box::new(row))).collect();
    entries.extend(free(web, visit, choice).await?.into_iter().map(Entry::Free));
    entries.sort_by_key(Entry::begins);

    let noon = choice.date.at(12, 0, 0, 0).to_zoned(choice.zone.clone()).map_or(day.from, |noon| noon.timestamp());
    let day = view.phrases.local_time(noon, &choice.zone);
    let title = if choice.date == choice.today {
        view.text_with("today-title", &[("day", (&day.day).into())])
    } else {
        day.day.clone()
    };
    let way =
        |date: Date, name: &str| Link { href: view.href(&choice.path_of(date, &choice.user)), text: view.text(name) };
    let mut ways = vec![
        way(choice.date.yesterday().unwrap_or(choice.date), "today-before"),
        way(choice.date.tomorrow().unwrap_or(choice.date), "today-after"),
    ];
    if choice.date != choice.today {
        ways.push(way(choice.today, "today-today"));
    }
    let other = |other: &User| {
        let link = Link { href: view.href(&choice.path_of(choice.date, other)), text: therapist_name(view, other) };
        (link, other.id == choice.user.id)
    };
    let shell = visit.shell(title, Section::Today);
    Ok(Today {
        shell: if error.is_some() { view.with_error(shell) } else { shell },
        error,
        others_label: view.text("today-therapists"),
        others: if choice.all.len() > 1 { choice.all.iter().map(other).collect() } else { Vec::new() },
        heading: view.text("today-day"),
        set_up: (!view.practice.is_set_up).then(|| {
            let link = Link { href: view.href(paths::SET_UP), text: view.text("set-up-begin") };
            (view.text("set-up-note"), link)
        }),
        add: Link {
            href: view.href(&format!("{}?therapist={}&date={}", paths::BOOK_FOR, choice.user.id, choice.date)),
            text: view.text("book-for-title"),
        },
        needs_heading: view.text("today-needs"),
        needs: if choice.date == choice.today { needs(web, visit, choice).await? } else { Vec::new() },
        place: day.place,
        path: view.href(&choice.path()),
        events: view.href(&format!("{EVENTS}?{}&version={version}", choice.query())),
        waiting,
        nothing: view.text("today-nothing"),
        entries,
        ways,
        form_token: visit.form_token(PURPOSE),
        date: choice.date.to_string(),
        whose: choice.user.id.to_string(),
    })
}

/// Payments and emails that went wrong. The emails are those of the whole practice.
async fn needs(web: &Web, visit: &Visit<'_>, choice: &Choice) -> Result<Vec<Need>, Problem> {
    let view = &visit.view;
    let dead = NotificationFilter { state: Some(NotificationState::Dead), ..NotificationFilter::default() };
    let (problems, emails) = tokio::try_join!(
        web.queries.payment_problems(Some(choice.user.id), MAX_NEEDS),
        web.queries.outbox(&dead, PageRequest { limit: MAX_NEEDS, offset: 0 }),
    )?;
    let need = |tag: &str, detail: String, path: &str, text: &str| Need {
        tag: Tag { state: "stop", text: view.text(tag) },
        link: LinkAbout {
            href: view.href(path),
            text: view.text(text),
            about: view.text_with("appointment-about", &[("when", (&detail).into())]),
        },
        detail,
    };
    let of_problem = |problem: &PaymentProblem| {
        let detail = view.text(&format!("payment-problem.{}", problem.kind.as_str()));
        need("today-payment", detail, paths::MONEY, "money-title")
    };
    let of_email = |email: &Notification| {
        let detail = view.text(&format!("email-kind.{}", email.content.kind.as_str()));
        need("today-email", detail, &format!("{}?state=dead", paths::EMAILS), "emails-title")
    };
    Ok(problems.iter().map(of_problem).chain(emails.items.iter().map(of_email)).collect())
}

impl Entry {
    fn begins(&self) -> Timestamp {
        match self {
            Self::Booking(row) => row.begins,
            Self::Free(free) => free.begins,
        }
    }
}

fn row(
    web: &Web,
    visit: &Visit<'_>,
    user: &User,
    choice: &Choice,
    found: &BookingAttendance,
    names: &Names,
    clients: &People,
) -> Row {
    let BookingAttendance { booking, attendance } = found;
    let view = &visit.view;
    let now = web.clock.now();
    let begins = view.phrases.local_time(booking.scheduled_at(), &choice.zone);
    let ends = view.phrases.local_time(booking.ends_at(), &choice.zone);
    let links = &web.use_cases.links;
    let is_open = is_open(booking, &links.window, now);
    let present = presence(attendance, booking).filter(|_| is_open);
    let mut tag = tag(view, booking, now);
    let mut details = vec![names.service(booking).unwrap_or_else(|| view.phrases.minutes(booking.minutes()))];
    if let Some((presence, since)) = present {
        let name = match presence {
            Presence::Waiting => "today-waiting",
            Presence::InRoom => "today-in-room",
        };
        let since = since.map(|at| view.phrases.local_time(at, &choice.zone).time).unwrap_or_default();
        tag = Tag { state: "now", text: view.text(name) };
        details.push(view.text_with("today-since", &[("time", (&since).into())]));
    }
    if booking.status() == BookingStatus::PendingPayment
        && let Some(until) = booking.hold_expires_at()
    {
        let until = view.phrases.local_time(until, &choice.zone).date_and_time;
        details.push(view.text_with("appointments-held", &[("until", (&until).into())]));
    }
    let client = clients.name(booking.client());
    let about = view.text_with("today-about", &[("client", (&client).into()), ("time", (&begins.time).into())]);
    let join = if is_open { links.page_link(booking, &links.viewer(user)) } else { None };
    let button = |action: &str, name: &str| Button {
        action: action.to_owned(),
        version: booking.version(),
        text: view.text(name),
    };
    let buttons = changes(booking, now).into_iter().map(|(action, name)| button(action, name)).collect();
    Row {
        id: booking.id(),
        begins: booking.scheduled_at(),
        time: view.text_with("today-range", &[("from", (&begins.time).into()), ("to", (&ends.time).into())]),
        client,
        href: view.href(&paths::booking(booking.id())),
        about,
        tag,
        details,
        presence: present.map(|(presence, _)| presence),
        is_now: is_open && (booking.scheduled_at()..booking.ends_at()).contains(&now),
        join: join.map(|href| Link { href, text: view.text("today-join") }),
        buttons,
    }
}

/// The periods in which a session of the first service can begin and end.
async fn free(web: &Web, visit: &Visit<'_>, choice: &Choice) -> Result<Vec<Free>, Problem> {
    let view = &visit.view;
    if choice.date < choice.today {
        return Ok(Vec::new());
    }
    let range = SlotQuery::of_dates(choice.date, choice.date, choice.zone.clone())?;
    let found = match web.use_cases.availability.run(None, Some(choice.user.id), &range).await {
        Ok(found) => found,
        Err(AvailabilityError::PracticeNotConfigured) => return Ok(Vec::new()),
        Err(error) => return Err(error.into()),
    };
    let time = |at: Timestamp| view.phrases.local_time(at, &choice.zone).time;
    let entry = |(begins, ends): (Timestamp, Timestamp)| {
        let range = view.text_with("today-range", &[("from", (&time(begins)).into()), ("to", (&time(ends)).into())]);
        let local = choice.zone.to_datetime(begins);
        let path = format!(
            "{}?therapist={}&date={}&time={}",
            paths::BOOK_FOR,
            choice.user.id,
            local.date(),
            local.time().strftime("%H:%M")
        );
        Free {
            begins,
            text: view.text("today-free"),
            book: LinkAbout {
                href: view.href(&path),
                text: view.text("today-book"),
                about: view.text_with("appointment-about", &[("when", (&range).into())]),
            },
            time: range,
        }
    };
    Ok(periods(found.slots.values().flatten().copied()).into_iter().map(entry).collect())
}

/// Slots that follow or overlap each other, as one period each.
fn periods(slots: impl Iterator<Item = Slot>) -> Vec<(Timestamp, Timestamp)> {
    let mut periods: Vec<(Timestamp, Timestamp)> = Vec::new();
    for slot in slots {
        match periods.last_mut() {
            Some((_, end)) if slot.start <= *end => *end = slot.end.max(*end),
            _ => periods.push((slot.start, slot.end)),
        }
    }
    periods
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_without_a_gap_are_one_period() {
        let second = |second| Timestamp::from_second(second).unwrap();
        for (slots, expected) in [
            (&[][..], &[][..]),
            (&[(0, 50), (15, 65), (30, 80)], &[(0, 80)]),
            (&[(0, 50), (50, 100)], &[(0, 100)]),
            (&[(0, 50), (51, 101), (60, 70)], &[(0, 50), (51, 101)]),
        ] {
            let slots = slots.iter().map(|(start, end)| Slot { start: second(*start), end: second(*end) });
            let expected: Vec<_> = expected.iter().map(|(from, to)| (second(*from), second(*to))).collect();
            assert_eq!(periods(slots), expected);
        }
    }
}
