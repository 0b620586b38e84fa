//! Rows of lists that several of these pages have in common.

use attune_application::bookings::SeriesConflict;
use attune_domain::notification::{Notification, NotificationState};
use attune_domain::{Booking, Currency, Money};
use attune_http_common::{Code, Problem};

use super::{TherapistVisit, paths};
use crate::blocks::{Block, Row};
use crate::own_booking::{LinkAbout, Names, Tag, tag};
use crate::refusals::refusal;

/// A row of a list of bookings: when, whose, and in what state.
pub(super) fn booking_row(visit: &TherapistVisit<'_>, booking: &Booking, names: &Names, client: Option<&str>) -> Row {
    let view = visit.view();
    let mut details: Vec<String> = client.map(str::to_owned).into_iter().collect();
    details.push(names.service(booking).unwrap_or_else(|| view.phrases.minutes(booking.minutes())));
    Row {
        title: visit.when(booking.scheduled_at()),
        href: Some(view.href(&paths::booking(booking.id()))),
        tag: Some(tag(view, booking, visit.now())),
        details,
        ..Row::default()
    }
}

/// A link in a row, with what it is about.
pub(super) fn link_about(visit: &TherapistVisit<'_>, path: &str, name: &str, about: &str) -> LinkAbout {
    LinkAbout { href: visit.view().href(path), text: visit.text(name), about: visit.about(about) }
}

/// An amount that the practice pays or gets, with its sign.
pub(super) fn signed(visit: &TherapistVisit<'_>, minor: i64, currency: Currency) -> String {
    let amount = Money::new(minor.abs(), currency).map(|amount| visit.money(amount)).unwrap_or_default();
    if minor < 0 { format!("\u{2212}{amount}") } else { amount }
}

/// The state of a payment, a refund or an email, by the attribute of a message.
pub(super) fn state_tag(visit: &TherapistVisit<'_>, message: &str, state: &str, is_settled: bool) -> Tag {
    Tag { state: if is_settled { "sure" } else { "open" }, text: visit.text(&format!("{message}.{state}")) }
}

/// What an email is, its state, and what can be done about it. The forms go to the page of `purpose`.
pub(super) fn email_row(visit: &TherapistVisit<'_>, purpose: &str, email: &Notification) -> Row {
    let kind = email.content.kind;
    let title = visit.text(&format!("email-kind.{}", kind.as_str()));
    let (state, sign) = (
        email.state,
        match email.state {
            NotificationState::Sent => "sure",
            NotificationState::Pending | NotificationState::Held => "open",
            NotificationState::Dead | NotificationState::Expired => "stop",
            NotificationState::Skipped | NotificationState::Cancelled => "past",
        },
    );
    let at = visit.when(email.sent_at.unwrap_or(email.next_at));
    let about = format!("{title}, {at}");
    let again = state.can_be_retried().then(|| visit.button(purpose, "send-again", "emails-send-again", &about));
    let back = state.can_be_cancelled().then(|| visit.button(purpose, "cancel-email", "emails-cancel", &about));
    Row {
        title,
        tag: Some(Tag { state: sign, text: visit.text(&format!("email-state.{state}")) }),
        details: vec![at],
        forms: again.into_iter().chain(back).map(|form| form.hidden("email", email.id)).collect(),
        ..Row::default()
    }
}

/// The ways to the other pages of a list, whose path ends so that a parameter can follow.
pub(super) fn pages(visit: &TherapistVisit<'_>, path: &str, offset: u64, limit: u32, total: u64) -> Option<Block> {
    let limit = u64::from(limit);
    let to = |offset: u64, name: &str| visit.link(&format!("{path}from={offset}"), name);
    let before = (offset > 0).then(|| to(offset.saturating_sub(limit), "page-before"));
    let after = (offset + limit < total).then(|| to(offset + limit, "page-after"));
    let links: Vec<_> = before.into_iter().chain(after).collect();
    (!links.is_empty()).then_some(Block::Links(links))
}

/// The dates that cannot be booked, each with the reason.
pub(super) fn conflict_text(visit: &TherapistVisit<'_>, name: &str, conflicts: &[SeriesConflict]) -> String {
    let line = |conflict: &SeriesConflict| {
        let when = match conflict.starts_at {
            Some(at) => visit.when(at),
            None => conflict.local_time.strftime("%Y-%m-%d %H:%M").to_string(),
        };
        let problem = conflict.reason.map_or(Code::NonexistentLocalTime, |reason| Problem::from(reason).code);
        let why = refusal(visit.view(), problem).unwrap_or_default();
        visit.view().text_with("series-conflict", &[("when", (&when).into()), ("why", (&why).into())])
    };
    let lines: Vec<String> = conflicts.iter().map(line).collect();
    format!("{}\n{}", visit.text(name), lines.join("\n"))
}
