//! The page on which a client moves an appointment: the free times, and a step in which one is confirmed.

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Payload};
use askama::Template;
use attune_application::bookings::{Change, ChangeBookingCommand, ChangeBookingError};
use attune_domain::calendar::SlotQuery;
use attune_domain::{Availability, BookingStatus, Slot};
use attune_http_common::{Code, HandlerResult, Problem};
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};

use super::cancel_appointment::refuse;
use crate::forms::{Form, refuse_forged};
use crate::own_booking::{OwnBooking, ROLE, parameter};
use crate::shell::{Fact, Link, Shell};
use crate::visit::{Section, Visit};
use crate::web::Web;

pub(crate) const PATH: &str = "/appointments/{id}/move";
const PURPOSE: &str = "move";

/// Days on one page.
const DAYS: i32 = 7;

#[derive(Template)]
#[template(path = "move_appointment.html")]
struct MoveAppointment {
    shell: Shell,
    error: Option<String>,
    facts: Vec<Fact>,
    heading: String,
    days: Vec<Day>,
    empty: Option<String>,
    /// Earlier and later days.
    links: Vec<Link>,
    keep: Link,
}

struct Day {
    date: String,
    offset: String,
    slots: Vec<SlotButton>,
}

struct SlotButton {
    /// The start, for the URL.
    to: String,
    time: String,
    /// Date and offset, for screen readers.
    about: String,
    /// On the present time of the appointment.
    mark: Option<String>,
}

#[derive(Template)]
#[template(path = "confirm_move.html")]
struct ConfirmMove {
    shell: Shell,
    error: Option<String>,
    facts: Vec<Fact>,
    to: String,
    version: u32,
    form_token: String,
    button: String,
    links: Vec<Link>,
}

/// `GET /appointments/{id}/move`
pub(crate) async fn show(web: Data<Web>, http: HttpRequest) -> HandlerResult {
    let visit = web.visit(&http).await?;
    let own = match OwnBooking::of(&web, &http, &visit, "/move").await {
        Ok(own) => own,
        Err(response) => return response,
    };
    if !own.can_move() {
        return closed(&visit, &own);
    }
    let first = parameter(&http, "from").and_then(|text| text.parse().ok());
    match parameter(&http, "to").map(|text| text.parse::<Timestamp>()) {
        None => pick(&web, &visit, &own, first, None).await,
        Some(Ok(to)) if to == own.booking.scheduled_at() => visit.redirect(&own.path()),
        Some(Ok(to)) => confirm(&web, &visit, &own, to, None).await,
        Some(Err(_)) => pick(&web, &visit, &own, first, Some("move-taken")).await,
    }
}

/// `POST /appointments/{id}/move`
pub(crate) async fn reschedule(web: Data<Web>, http: HttpRequest, payload: Payload) -> HandlerResult {
    if let Some(refusal) = refuse_forged(&web, &http).await {
        return refusal;
    }
    let visit = web.visit(&http).await?;
    let mut form = Form::read(&web, &http, payload).await?;
    let own = match OwnBooking::of(&web, &http, &visit, "/move").await {
        Ok(own) => own,
        Err(response) => return response,
    };
    if let Err(problem) = visit.check_form(&mut form, PURPOSE) {
        return visit.refuse(&problem);
    }
    let (to, version) = (form.take("to").parse::<Timestamp>(), form.take("version").parse());
    // Without both, it is not the form that the page shows.
    let (Ok(to), Ok(version)) = (to, version) else {
        return pick(&web, &visit, &own, None, Some("appointment-changed")).await;
    };
    let done = format!("{}?moved", own.path());
    if own.booking.status() == BookingStatus::Scheduled && own.booking.scheduled_at() == to {
        // It was sent twice.
        return visit.redirect(&done);
    }
    let command = ChangeBookingCommand {
        actor: own.client.id,
        role: ROLE,
        booking: own.booking.id(),
        change: Change::Reschedule { to, override_hours: false, reason: None },
        version: Some(version),
        metadata: web.settings.requests.metadata(&http),
        idempotency: None,
    };
    match web.use_cases.change_booking.run_on(&own.booking, command).await {
        Ok(_) => visit.redirect(&done),
        Err(ChangeBookingError::State(_)) => closed(&visit, &own),
        Err(ChangeBookingError::VersionConflict) => match OwnBooking::of(&web, &http, &visit, "/move").await {
            Ok(own) if own.can_move() => confirm(&web, &visit, &own, to, Some("appointment-changed")).await,
            Ok(own) => closed(&visit, &own),
            Err(response) => response,
        },
        Err(ChangeBookingError::SlotTaken | ChangeBookingError::Slot(_) | ChangeBookingError::Time(_)) => {
            let first = own.zone.to_datetime(to).date();
            pick(&web, &visit, &own, Some(first), Some("move-taken")).await
        }
        Err(error) => visit.refuse(&Problem::from(error)),
    }
}

/// The free times from a day on; at first, from the day of the appointment on.
async fn pick(
    web: &Web,
    visit: &Visit<'_>,
    own: &OwnBooking,
    first: Option<Date>,
    error: Option<&str>,
) -> HandlerResult {
    let view = &visit.view;
    let today = own.zone.to_datetime(own.now).date();
    let first = first.unwrap_or_else(|| own.zone.to_datetime(own.booking.scheduled_at()).date()).max(today);
    let (free, next) = match free(web, own, first, DAYS).await {
        Ok(found) => found,
        Err(problem) => return visit.refuse(&problem),
    };
    let days: Vec<Day> = free.slots.values().filter_map(|slots| day(visit, own, slots)).collect();
    let from = |date: Date, name: &str| Link {
        href: view.href(&format!("{}/move?from={date}", own.path())),
        text: view.text(name),
    };
    let mut links = Vec::new();
    if first > today {
        links.push(from(first.saturating_sub(DAYS.days()).max(today), "move-earlier-days"));
    }
    // The next free time after these days, so that no one looks at weeks without any.
    links.extend(next.map(|next| from(own.zone.to_datetime(next).date(), "move-later-days")));
    let empty = days.is_empty().then(|| match next {
        Some(next) => {
            let next = view.phrases.local_time(next, &own.zone).date_and_time;
            view.text_with("move-next-free", &[("next", (&next).into())])
        }
        None => view.text("move-none-free"),
    });
    let shell = visit.shell(view.text("move-heading"), Section::Appointments);
    let page = MoveAppointment {
        shell: if error.is_some() { view.with_error(shell) } else { shell },
        error: error.map(|name| view.text(name)),
        facts: vec![present(visit, own, "move-at-present")],
        heading: view.text("move-choose"),
        days,
        empty,
        links,
        keep: keep(visit, own),
    };
    visit.respond(&page, if error.is_some() { StatusCode::CONFLICT } else { StatusCode::OK })
}

/// The step in which the client confirms the new time.
async fn confirm(web: &Web, visit: &Visit<'_>, own: &OwnBooking, to: Timestamp, error: Option<&str>) -> HandlerResult {
    let view = &visit.view;
    let date = own.zone.to_datetime(to).date();
    let is_free = match free(web, own, date, 1).await {
        Ok((free, _)) => free.slots.values().flatten().any(|slot| slot.start == to),
        Err(problem) => return visit.refuse(&problem),
    };
    if !is_free {
        return pick(web, visit, own, Some(date), Some("move-taken")).await;
    }
    let time = view.phrases.local_time(to, &own.zone);
    let fact = |name, value, detail| Fact { name: view.text(name), value, detail };
    let mut facts =
        vec![present(visit, own, "move-was"), fact("move-now", time.date_and_time.clone(), Some(time.place))];
    if !own.booking.price().is_zero() {
        facts.push(fact("move-costs", view.text("move-costs-nothing"), None));
    }
    let shell = visit.shell(view.text("move-confirm"), Section::Appointments);
    let page = ConfirmMove {
        shell: if error.is_some() { view.with_error(shell) } else { shell },
        error: error.map(|name| view.text(name)),
        facts,
        to: to.to_string(),
        version: own.booking.version(),
        form_token: visit.form_token(PURPOSE),
        button: view.text_with("move-button", &[("when", (&time.date_and_time).into())]),
        links: vec![
            Link { href: view.href(&format!("{}/move?from={date}", own.path())), text: view.text("move-other") },
            keep(visit, own),
        ],
    };
    visit.respond(&page, if error.is_some() { StatusCode::CONFLICT } else { StatusCode::OK })
}

/// Why it cannot be moved, and until when it could.
fn closed(visit: &Visit<'_>, own: &OwnBooking) -> HandlerResult {
    let view = &visit.view;
    let sentence = match own.move_until() {
        Some(until) => {
            let until = view.phrases.local_time(until, &own.zone).full;
            view.text_with("move-closed-since", &[("until", (&until).into())])
        }
        None if own.booking.status() == BookingStatus::PendingPayment => view.text("move-closed-unpaid"),
        None => view.text("move-closed-over"),
    };
    refuse(visit, own, "move-closed", sentence)
}

/// The free times of these days, and the next one after them.
async fn free(
    web: &Web,
    own: &OwnBooking,
    first: Date,
    days: i32,
) -> Result<(Availability, Option<Timestamp>), Problem> {
    let last = first.saturating_add((days - 1).days());
    let query = SlotQuery::of_dates(first, last, own.zone.clone()).map_err(|_| Problem::from(Code::InvalidRange))?;
    Ok(web.use_cases.availability.run_for_move(&own.booking, &query).await?)
}

fn day(visit: &Visit<'_>, own: &OwnBooking, slots: &[Slot]) -> Option<Day> {
    let view = &visit.view;
    let first = view.phrases.local_time(slots.first()?.start, &own.zone);
    let button = |slot: &Slot| {
        let time = view.phrases.local_time(slot.start, &own.zone);
        let is_present = slot.start == own.booking.scheduled_at();
        SlotButton {
            to: slot.start.to_string(),
            about: view.text_with("move-about", &[("date", (&time.date).into()), ("offset", (&time.offset).into())]),
            // The offset tells apart the two instants of an hour that the clocks repeat.
            mark: if is_present {
                Some(view.text("move-present"))
            } else {
                (time.offset != first.offset).then(|| time.offset.clone())
            },
            time: time.time,
        }
    };
    Some(Day { date: first.date.clone(), offset: first.offset.clone(), slots: slots.iter().map(button).collect() })
}

/// The present time of the appointment.
fn present(visit: &Visit<'_>, own: &OwnBooking, name: &str) -> Fact {
    let view = &visit.view;
    let time = view.phrases.local_time(own.booking.scheduled_at(), &own.zone);
    Fact { name: view.text(name), value: time.date_and_time, detail: Some(time.place) }
}

fn keep(visit: &Visit<'_>, own: &OwnBooking) -> Link {
    Link { href: visit.view.href(&own.path()), text: visit.view.text("move-keep") }
}
