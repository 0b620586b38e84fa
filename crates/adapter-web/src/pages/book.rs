//! The page on which a visitor chooses service, therapist and time.

use std::collections::BTreeMap;

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Query};
use askama::Template;
use attune_domain::Slot;
use attune_domain::calendar::SlotQuery;
use attune_http_common::{HandlerResult, Problem};
use attune_wording::Phrases;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use crate::choice::{
    Choice, ChoiceQuery, find_zone, finished, keep_choice, parse_slot, service_name, slot_text, therapist_name,
    zone_name,
};
use crate::pages::book_summary;
use crate::shell::{Link, Shell};
use crate::visit::{Section, Visit};
use crate::web::Web;

pub(crate) const PATH: &str = "/book";

/// How many days a page shows, unless they have very many slots.
const DAYS: i32 = 14;

/// Whole days are left out beyond this, so that the page remains small: 8 slots on each day.
const MAX_SLOTS: usize = 112;

/// Zones to choose from besides those of the practice and of the visitor.
const ZONES: [&str; 11] = [
    "UTC",
    "America/Los_Angeles",
    "America/New_York",
    "America/Sao_Paulo",
    "Europe/London",
    "Europe/Berlin",
    "Europe/Istanbul",
    "Asia/Kolkata",
    "Asia/Shanghai",
    "Asia/Tokyo",
    "Australia/Sydney",
];

/// The way to a booking.
#[derive(Clone)]
pub(crate) struct Steps {
    pub(crate) label: String,
    pub(crate) done_mark: String,
    pub(crate) steps: Vec<Step>,
}

#[derive(Clone)]
pub(crate) struct Step {
    pub(crate) text: String,
    /// Where to go back to.
    pub(crate) href: Option<String>,
    pub(crate) is_done: bool,
    pub(crate) is_current: bool,
}

impl Steps {
    /// The steps with one of them current; `back` leads to the choice of the time.
    pub(crate) fn new(visit: &Visit<'_>, current: usize, back: &str) -> Self {
        let names = ["book-step-time", "book-step-who", "book-step-check"];
        let step = |(index, name): (usize, &str)| Step {
            text: visit.view.text(name),
            href: (index == 0 && current > 0).then(|| visit.view.href(back)),
            is_done: index < current,
            is_current: index == current,
        };
        Self {
            label: visit.view.text("book-steps"),
            done_mark: visit.view.text("book-step-done"),
            steps: names.into_iter().enumerate().map(step).collect(),
        }
    }
}

/// A service or a therapist to choose.
struct Pick {
    href: String,
    name: String,
    detail: String,
    is_current: bool,
}

struct Picks {
    heading: String,
    picks: Vec<Pick>,
}

struct NextFree {
    heading: String,
    when: String,
    place: String,
    at: String,
    button: String,
}

struct ZoneForm {
    /// The name of the current zone.
    name: String,
    /// For the script, with `{zone}` in place of the browser's zone.
    hint: String,
    hint_button: String,
    shown: String,
    action: String,
    label: String,
    /// The name of each zone, and whether it is the current one.
    zones: Vec<(String, bool)>,
    /// The other choices.
    kept: Vec<(&'static str, String)>,
    button: String,
}

#[derive(Debug, PartialEq, Eq)]
enum Entry {
    Day(Day),
    /// What is said about days without a slot.
    Empty(String),
}

#[derive(Debug, PartialEq, Eq)]
struct Day {
    date: String,
    offset: String,
    slots: Vec<SlotLink>,
}

#[derive(Debug, PartialEq, Eq)]
struct SlotLink {
    at: String,
    /// For screen readers, what stands before and after the time.
    before: String,
    time: String,
    after: String,
    /// Where it is not that of the day.
    offset: Option<String>,
}

/// A note that was typed before the slot was lost. It does not belong into a URL.
pub(crate) struct KeptNote {
    pub(crate) form_token: String,
    pub(crate) note: String,
}

/// Why another time has to be chosen.
struct Taken {
    heading: String,
    sentence: String,
    kept: Option<String>,
}

#[derive(Template)]
#[template(path = "book.html")]
struct Book {
    shell: Shell,
    steps: Steps,
    taken: Option<Taken>,
    picks: Vec<Picks>,
    chosen: String,
    next: Option<NextFree>,
    heading: String,
    zone: ZoneForm,
    zone_sentence: Option<String>,
    entries: Vec<Entry>,
    /// What is said where there is no slot at all.
    nothing: Option<String>,
    ways: Vec<Link>,
    /// The path of the summary, which the start of a slot follows.
    summary: String,
    /// Whether slots are buttons of a form: if a note is kept, or if links would be long.
    is_form: bool,
    action: String,
    hidden: Vec<(&'static str, String)>,
    kept: Option<KeptNote>,
}

/// `GET /book`
pub(crate) async fn show(web: Data<Web>, http: HttpRequest, Query(query): Query<ChoiceQuery>) -> HandlerResult {
    let visit = web.visit(&http).await?;
    if let Err(limited) = web.limiter(&http)?.availability(web.settings.requests.address(&http)) {
        return visit.refuse(&Problem::from(limited));
    }
    let outcome = match Choice::load(&web, &visit, &query).await {
        Ok(Some(choice)) => page(&web, &visit, &choice, &query, None).await,
        Ok(None) => return closed(&visit),
        Err(problem) => Err(problem),
    };
    match outcome {
        Ok(response) => Ok(response),
        Err(problem) => visit.refuse(&problem),
    }
}

/// The page of a practice where nothing can be booked.
pub(crate) fn closed(visit: &Visit<'_>) -> HandlerResult {
    visit.say("book-closed", "book-closed-sentence", StatusCode::OK)
}

/// The page, for a choice that was loaded. `kept` is what was typed in the form before.
pub(crate) async fn page(
    web: &Web,
    visit: &Visit<'_>,
    choice: &Choice,
    query: &ChoiceQuery,
    kept: Option<KeptNote>,
) -> HandlerResult {
    let view = &visit.view;
    let time = |at: Timestamp| view.phrases.local_time(at, &choice.zone);
    let today = choice.zone.to_datetime(web.clock.now()).date();
    let first = query.from.parse::<Date>().unwrap_or(today).max(today);
    let last = first.saturating_add((DAYS - 1).days());
    let range = SlotQuery::of_dates(first, last, choice.zone.clone())?;
    let found = web.use_cases.availability.run_for(&choice.service, choice.therapist.id, &range).await?;
    let horizon = web.queries.policy().await?.rules.horizon_days;
    let (entries, shown_until) = entries(view.phrases, &choice.zone, first, &found.slots);
    let has_slots = !found.slots.is_empty();

    let path = choice.path(PATH);
    let next = found.next_available.filter(|_| first == today || !has_slots).map(|at| {
        let when = time(at);
        NextFree {
            heading: view.text("book-next"),
            when: when.date_and_time,
            place: when.place,
            at: slot_text(at),
            button: view.text("book-next-button"),
        }
    });
    let nothing = found.next_available.is_none().then(|| {
        if first == today {
            view.text_with("book-none", &[("count", horizon.into())])
        } else {
            view.text_with("book-none-from", &[("date", (&date_text(view.phrases, first)).into())])
        }
    });
    let end = today.saturating_add(i64::from(horizon).days());
    let after = shown_until.tomorrow().unwrap_or(shown_until);
    let way = |date: Date, name: &str| Link { href: view.href(&format!("{path}from={date}")), text: view.text(name) };
    let earlier = (first > today).then(|| {
        let date = first.saturating_sub(DAYS.days()).max(today);
        if date == today {
            Link { href: view.href(finished(&path)), text: view.text("book-earlier") }
        } else {
            way(date.min(end), "book-earlier")
        }
    });
    let later = (after <= end && nothing.is_none()).then(|| way(after, "book-later"));

    let mut shell = visit.shell(view.text("book-time"), Section::Book);
    let from = if first == today { String::new() } else { format!("from={first}") };
    keep_choice(&mut shell.languages, &format!("{path}{from}"));
    let taken = parse_slot(&query.taken).map(|at| Taken {
        heading: view.text("book-taken"),
        sentence: view.text_with("book-taken-sentence", &[("when", (&time(at).date_and_time).into())]),
        kept: kept.is_some().then(|| view.text("book-taken-note")),
    });
    let status = if kept.is_some() { StatusCode::CONFLICT } else { StatusCode::OK };
    let page = Book {
        steps: Steps::new(visit, 0, ""),
        shell: if taken.is_some() { view.with_error(shell) } else { shell },
        taken,
        picks: [services(visit, choice), therapists(visit, choice)].into_iter().flatten().collect(),
        chosen: view.text("book-chosen"),
        next,
        heading: {
            let [first, last] = [first, shown_until].map(|date| date_text(view.phrases, date));
            view.text_with("book-times", &[("first", (&first).into()), ("last", (&last).into())])
        },
        zone: zone_form(web, visit, choice, from),
        zone_sentence: choice.is_abroad().then(|| {
            let place = view.phrases.local_time(web.clock.now(), &choice.practice_zone).place;
            view.text_with("book-zone-practice", &[("place", (&place).into())])
        }),
        entries: if has_slots { entries } else { Vec::new() },
        nothing,
        ways: [earlier, later].into_iter().flatten().collect(),
        summary: view.href(&choice.path(book_summary::PATH)),
        is_form: kept.is_some() || !choice.is_usual(),
        action: view.href(book_summary::PATH),
        hidden: book_summary::hidden(choice),
        kept: kept.filter(|kept| !kept.note.is_empty()),
    };
    visit.respond(&page, status)
}

/// `None` where there is only one.
fn services(visit: &Visit<'_>, choice: &Choice) -> Option<Picks> {
    let view = &visit.view;
    let picks = choice.services.iter().map(|service| {
        let duration = view.phrases.minutes(service.minutes);
        let detail = if service.price.is_zero() {
            view.text_with("book-service-free", &[("duration", (&duration).into())])
        } else {
            let price = view.phrases.money(service.price);
            view.text_with("book-service-price", &[("duration", (&duration).into()), ("price", (&price).into())])
        };
        Pick {
            href: view.href(finished(&choice.path_with(PATH, service.id, choice.therapist.id))),
            name: service_name(view, service).to_owned(),
            detail,
            is_current: service.id == choice.service.id,
        }
    });
    (choice.services.len() > 1).then(|| Picks { heading: view.text("book-service"), picks: picks.collect() })
}

/// `None` where there is only one.
fn therapists(visit: &Visit<'_>, choice: &Choice) -> Option<Picks> {
    let view = &visit.view;
    let picks = choice.therapists.iter().map(|therapist| Pick {
        href: view.href(finished(&choice.path_with(PATH, choice.service.id, therapist.id))),
        name: therapist_name(view, therapist),
        detail: String::new(),
        is_current: therapist.id == choice.therapist.id,
    });
    (choice.therapists.len() > 1).then(|| Picks { heading: view.text("book-therapist"), picks: picks.collect() })
}

fn zone_form(web: &Web, visit: &Visit<'_>, choice: &Choice, from: String) -> ZoneForm {
    let view = &visit.view;
    let own = visit.caller.as_ref().and_then(|caller| caller.user.time_zone.as_ref());
    let current = zone_name(&choice.zone);
    let mut names = vec![zone_name(&choice.practice_zone).to_owned()];
    let others = [current].into_iter().chain(own.map(|name| name.as_str())).chain(ZONES);
    for name in others.filter_map(|name| Some(zone_name(&find_zone(web, name)?).to_owned())) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let mut kept = book_summary::hidden(choice);
    kept.retain(|(name, _)| *name != "zone");
    if let Some((_, date)) = from.split_once('=') {
        kept.push(("from", date.to_owned()));
    }
    let place = view.phrases.local_time(web.clock.now(), &choice.zone).place;
    ZoneForm {
        name: current.to_owned(),
        hint: view.text_with("book-zone-hint", &[("zone", "{zone}".into())]),
        hint_button: view.text_with("book-zone-hint-button", &[("zone", "{zone}".into())]),
        shown: view.text_with("book-zone-shown", &[("place", (&place).into())]),
        action: view.href(PATH),
        label: view.text("book-zone"),
        zones: names.into_iter().map(|name| (name == current, name)).map(|(is, name)| (name, is)).collect(),
        kept,
        button: view.text("book-zone-button"),
    }
}

fn noon(date: Date) -> Timestamp {
    date.at(12, 0, 0, 0).to_zoned(TimeZone::UTC).map_or(Timestamp::MIN, |noon| noon.timestamp())
}

/// `1 December`
fn date_text(phrases: Phrases<'_>, date: Date) -> String {
    phrases.local_time(noon(date), &TimeZone::UTC).short_date
}

/// `Tuesday, 1 December`
fn day_text(phrases: Phrases<'_>, date: Date) -> String {
    phrases.local_time(noon(date), &TimeZone::UTC).day
}

/// The days from `first` on, and the last of them.
fn entries(
    phrases: Phrases<'_>,
    zone: &TimeZone,
    first: Date,
    slots: &BTreeMap<Date, Vec<Slot>>,
) -> (Vec<Entry>, Date) {
    let end = first.saturating_add((DAYS - 1).days());
    let mut all = Vec::new();
    let mut count = 0;
    let mut last = first;
    let mut empty: Option<(Date, Date)> = None;
    for date in first.series(1.day()).take_while(|date| *date <= end) {
        let Some(free) = slots.get(&date) else {
            empty = Some((empty.map_or(date, |(begun, _)| begun), date));
            last = date;
            continue;
        };
        count += free.len();
        if count > MAX_SLOTS && count > free.len() {
            break;
        }
        all.extend(empty.take().map(|range| Entry::Empty(none_between(phrases, range))));
        all.push(Entry::Day(day(phrases, zone, date, free)));
        last = date;
    }
    all.extend(empty.map(|range| Entry::Empty(none_between(phrases, range))));
    (all, last)
}

fn none_between(phrases: Phrases<'_>, (first, last): (Date, Date)) -> String {
    let from = day_text(phrases, first);
    if first == last {
        return phrases.text_with("book-none-on", &[("date", (&from).into())]);
    }
    let to = day_text(phrases, last);
    phrases.text_with("book-none-between", &[("first", (&from).into()), ("last", (&to).into())])
}

fn day(phrases: Phrases<'_>, zone: &TimeZone, date: Date, free: &[Slot]) -> Day {
    let name = day_text(phrases, date);
    let offset_of = |at: Timestamp| format!("UTC{}", at.to_zoned(zone.clone()).strftime("%:z"));
    let offset = free.first().map(|slot| offset_of(slot.start)).unwrap_or_default();
    let link = |slot: &Slot| {
        let time = slot.start.to_zoned(zone.clone()).strftime("%H:%M").to_string();
        let whole = phrases.text_with("book-slot", &[("date", (&name).into()), ("time", (&time).into())]);
        let (before, after) = whole.split_once(&time).unwrap_or((&whole, ""));
        let (before, after) = (before.to_owned(), after.to_owned());
        // On the day of a clock change.
        let own = Some(offset_of(slot.start)).filter(|own| *own != offset);
        SlotLink { at: slot_text(slot.start), before, time, after, offset: own }
    };
    let slots = free.iter().map(link).collect();
    Day { date: name, offset, slots }
}

#[cfg(test)]
mod tests;
