//! "Why is this time not offered?": one sentence, and then what each rule says.

use actix_web::HttpRequest;
use actix_web::web::Data;
use attune_application::bookings::{SlotExplanation, SlotExplanations, SlotRule};
use attune_domain::calendar::{Occurrence, RuleSettings};
use attune_domain::{Booking, ServiceId, UserId};
use attune_http_common::{HandlerResult, Problem};
use jiff::Timestamp;
use jiff::civil::{Date, Time};

use super::{People, TherapistVisit, open, paths};
use crate::blocks::{Block, FormBlock, Row};
use crate::choice::{service_name, therapist_name, therapists};
use crate::own_booking::Tag;
use crate::shell::Link;
use crate::typed::Typed;
use crate::visit::Section;
use crate::web::Web;

pub(crate) use super::paths::WHY as PATH;

/// `GET /hours/why`
pub(crate) async fn show(web: Data<Web>, http: HttpRequest) -> HandlerResult {
    open(&web, &http, async |visit| page(visit).await).await
}

async fn page(visit: &TherapistVisit<'_>) -> HandlerResult {
    let view = visit.view();
    let services = visit.web.queries.all_services().await?;
    let people = therapists(visit.web).await?;
    let (service, whose) = (visit.parameter("service"), visit.parameter("therapist"));
    let (date, time) = (visit.parameter("date"), visit.parameter("time"));
    let whose = if whose.is_empty() { visit.caller.user.id.to_string() } else { whose };
    let typed = Typed::default();
    let services = services.iter().map(|it| (it.id.to_string(), service_name(view, it).to_owned())).collect();
    let therapists = people.iter().map(|it| (it.id.to_string(), therapist_name(view, it))).collect();
    let fields = vec![
        typed.select(view, "service", "field-service", &service, services),
        typed.select(view, "therapist", "field-therapist", &whose, therapists),
        typed.input(view, "date", "date", "field-date", &date),
        typed.input(view, "time", "time", "field-time", &time),
    ];
    let mut blocks = vec![Block::Form(FormBlock::query(fields, visit.text("why-button")))];
    let asked = (service.parse::<ServiceId>(), whose.parse::<UserId>());
    if let (Ok(service), Ok(therapist)) = asked
        && let Some(at) = instant(visit, &date, &time)
    {
        match at {
            None => blocks.push(Block::Note(visit.text("refused-nonexistent-time"))),
            Some(at) => blocks.extend(answer(visit, service, therapist, at).await?),
        }
    }
    let back = visit.link(paths::HOURS, "hours-title");
    visit.respond(visit.text("why-title"), Section::Practice, Some(back), &typed, blocks)
}

/// The time that is asked about; the inner `None` if a clock change skips it.
#[expect(clippy::option_option, reason = "nothing was asked, or a time that does not exist")]
fn instant(visit: &TherapistVisit<'_>, date: &str, time: &str) -> Option<Option<Timestamp>> {
    let (date, time): (Date, Time) = (date.parse().ok()?, time.parse().ok()?);
    match Occurrence::of(date.to_datetime(time), &visit.zone).ok()? {
        Occurrence::At(at) => Some(Some(at)),
        Occurrence::Nonexistent(_) => Some(None),
    }
}

async fn answer(
    visit: &TherapistVisit<'_>,
    service: ServiceId,
    therapist: UserId,
    at: Timestamp,
) -> Result<Vec<Block>, Problem> {
    let SlotExplanations { rules, slots } = visit.web.use_cases.explain_slot.run(service, therapist, &[at]).await?;
    let Some(slot) = slots.first() else { return Ok(Vec::new()) };
    let people = People::clients(visit.web, &slot.conflicts).await?;
    let mut blocks = vec![Block::Heading(visit.when(at)), Block::Note(sentence(visit, slot, rules, &people))];
    let to_conflict = |booking: &Booking| Link {
        href: visit.view().href(&paths::booking(booking.id())),
        text: visit.text_of("why-open-conflict", "client", &people.name(booking.client())),
    };
    let mut ways: Vec<Link> = slot.conflicts.iter().map(to_conflict).collect();
    if slot.can_override {
        let path = paths::book_for(visit, service, therapist, at);
        ways.push(visit.link(&path, if slot.is_offered() { "why-book" } else { "why-book-anyway" }));
    }
    ways.push(visit.link(paths::HOURS, "why-change-hours"));
    ways.push(visit.link(paths::POLICY, "why-change-policy"));
    blocks.push(Block::SubHeading(visit.text("why-all")));
    let row = |rule: SlotRule| {
        let is_stopped = slot.stopped_by.contains(&rule);
        let tag = if is_stopped {
            Tag { state: "stop", text: visit.text("why-stops") }
        } else {
            Tag { state: "sure", text: visit.text("why-allows") }
        };
        Row { title: detail(visit, slot, rules, &people, rule), tag: Some(tag), ..Row::default() }
    };
    blocks.push(Block::Rows(SlotRule::ALL.into_iter().map(row).collect()));
    blocks.push(Block::Links(ways));
    Ok(blocks)
}

/// The first rule that stops it, as a sentence.
pub(super) fn sentence(
    visit: &TherapistVisit<'_>,
    slot: &SlotExplanation,
    rules: RuleSettings,
    people: &People,
) -> String {
    // Another booking says more than any rule.
    let first = if slot.conflicts.is_empty() { slot.stopped_by.first() } else { Some(&SlotRule::OtherBookings) };
    match first {
        None => visit.text("why-offered"),
        Some(SlotRule::Future) => visit.text("refused-in-the-past"),
        Some(rule) => detail(visit, slot, rules, people, *rule),
    }
}

/// What a rule looked at.
fn detail(
    visit: &TherapistVisit<'_>,
    slot: &SlotExplanation,
    rules: RuleSettings,
    people: &People,
    rule: SlotRule,
) -> String {
    let view = visit.view();
    match rule {
        SlotRule::Future => visit.text("why-future"),
        SlotRule::Notice => visit.text_of("why-notice", "notice", &super::policy::period(visit, rules.notice_minutes)),
        SlotRule::Horizon => view.text_with("why-horizon", &[("days", rules.horizon_days.into())]),
        SlotRule::Hours => hours(visit, slot),
        SlotRule::Grid => visit.text_of("why-grid", "step", &view.phrases.minutes(rules.step_minutes)),
        SlotRule::DailyLimit => match rules.daily_limit {
            Some(limit) => view.text_with("why-daily-limit", &[("limit", limit.into())]),
            None => visit.text("why-no-daily-limit"),
        },
        SlotRule::OtherBookings if slot.conflicts.is_empty() => visit.text("why-no-conflicts"),
        SlotRule::OtherBookings => {
            let found: Vec<String> = slot.conflicts.iter().map(|booking| conflict(visit, booking, people)).collect();
            visit.text_of("why-conflicts", "bookings", &found.join("; "))
        }
    }
}

/// A booking with the time that it takes, and the buffer after it.
fn conflict(visit: &TherapistVisit<'_>, booking: &Booking, people: &People) -> String {
    let view = visit.view();
    let time = |at| view.phrases.local_time(at, &visit.zone).time;
    let values = [
        ("client", people.name(booking.client())),
        ("from", time(booking.scheduled_at())),
        ("to", time(booking.ends_at())),
        ("until", time(booking.blocked_until())),
    ];
    let name = if booking.blocked_until() > booking.ends_at() { "why-conflict-with-buffer" } else { "why-conflict" };
    let values: Vec<_> = values.iter().map(|(name, value)| (*name, value.into())).collect();
    view.text_with(name, &values)
}

fn hours(visit: &TherapistVisit<'_>, slot: &SlotExplanation) -> String {
    let closed: Vec<String> =
        slot.closed_by.iter().map(|exception| super::hours::exception_text(visit, exception)).collect();
    if !closed.is_empty() {
        return visit.text_of("why-closed", "exceptions", &closed.join("; "));
    }
    let hours: Vec<String> = slot.hours.iter().map(|hours| super::hours::range_text(visit, *hours)).collect();
    if hours.is_empty() { visit.text("why-no-hours") } else { visit.text_of("why-hours", "hours", &hours.join(", ")) }
}
