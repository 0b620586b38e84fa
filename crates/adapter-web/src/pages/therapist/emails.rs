//! The emails of the practice: which were sent, which wait, and which could not be sent.

use actix_web::HttpRequest;
use actix_web::web::{Data, Payload};
use attune_domain::notification::{Notification, NotificationState, NotificationSubject};
use attune_domain::{BookingId, UserId, ViewerId};
use attune_http_common::HandlerResult;
use attune_ports::{NotificationFilter, PageRequest};

use super::booking::{link_about, path_of};
use super::{People, TherapistVisit, booking, open, receive};
use crate::blocks::{Block, FormBlock, Row};
use crate::own_booking::Tag;
use crate::typed::Typed;
use crate::visit::Section;
use crate::web::Web;

pub(crate) const PATH: &str = "/emails";

/// Emails on a page.
const PER_PAGE: u32 = 50;

/// `GET /emails`
pub(crate) async fn show(web: Data<Web>, http: HttpRequest) -> HandlerResult {
    open(&web, &http, async |visit| page(visit, Typed::default()).await).await
}

/// `POST /emails`
pub(crate) async fn change(web: Data<Web>, http: HttpRequest, payload: Payload) -> HandlerResult {
    receive(&web, &http, payload, PATH, async |visit, typed| match booking::changes::email(visit, &typed).await {
        Ok(()) => visit.done(&format!("{PATH}?state={}", typed.get("state"))),
        Err(problem) => page(visit, typed.refused(visit.view(), problem)?).await,
    })
    .await
}

async fn page(visit: &TherapistVisit<'_>, typed: Typed) -> HandlerResult {
    let view = visit.view();
    let state = NotificationState::parse(&visit.parameter("state"));
    let offset = visit.parameter("from").parse::<u64>().unwrap_or(0);
    let filter = NotificationFilter { state, ..NotificationFilter::default() };
    let found = visit.web.queries.outbox(&filter, PageRequest { limit: PER_PAGE, offset }).await?;
    let accounts = found.items.iter().filter_map(|email| match email.content.recipient {
        ViewerId::Account(id) => Some(id),
        ViewerId::Participant(_) => None,
    });
    let people = People::load(visit.web, accounts).await?;
    let states = [(String::new(), visit.text("emails-all"))]
        .into_iter()
        .chain(
            NotificationState::ALL
                .into_iter()
                .map(|state| (state.as_str().to_owned(), visit.text(&format!("email-state.{state}")))),
        )
        .collect();
    let chosen = state.map(|state| state.as_str()).unwrap_or_default();
    let field = Typed::default().select(view, "state", "emails-state", chosen, states).optional();
    let mut blocks = vec![Block::Form(FormBlock::query(vec![field], visit.text("show")))];
    let rows: Vec<Row> = found
        .items
        .iter()
        .map(|email| {
            let mut row = row(visit, PATH, email);
            if let ViewerId::Account(id) = email.content.recipient {
                row.details.insert(0, people.name(id));
            }
            for form in &mut row.forms {
                form.hidden.push(("state".to_owned(), chosen.to_owned()));
            }
            let about = row.title.clone();
            row.links.extend(subject(email).map(|subject| subject.link(visit, &about)));
            row
        })
        .collect();
    blocks.push(if rows.is_empty() { Block::Text(visit.text("emails-none")) } else { Block::Rows(rows) });
    blocks.extend(pages(visit, &format!("{PATH}?state={chosen}&"), offset, PER_PAGE, found.total));
    let back = visit.link(super::practice::PATH, "tab-practice");
    visit.respond(visit.text("emails-title"), Section::Practice, Some(back), &typed, blocks)
}

/// What an email is about, as far as there is a page of it.
enum Subject {
    Booking(BookingId),
    User(UserId),
}

impl Subject {
    fn link(&self, visit: &TherapistVisit<'_>, about: &str) -> crate::own_booking::LinkAbout {
        match self {
            Self::Booking(id) => link_about(visit, &path_of(*id), "emails-booking", about),
            Self::User(id) => link_about(visit, &format!("/users/{id}"), "emails-person", about),
        }
    }
}

fn subject(email: &Notification) -> Option<Subject> {
    match email.content.subject {
        NotificationSubject::Booking { id, .. } => Some(Subject::Booking(id)),
        NotificationSubject::User(id) => Some(Subject::User(id)),
        NotificationSubject::Day { .. } => None,
    }
}

/// What an email is, its state, and what can be done about it. The forms go to the page of `purpose`.
pub(super) fn row(visit: &TherapistVisit<'_>, purpose: &str, email: &Notification) -> Row {
    let kind = email.content.kind;
    let title = visit.text(&format!("email-kind.{}", kind.as_str()));
    let (state, sign) = (
        email.state,
        match email.state {
            NotificationState::Sent => "sure",
            NotificationState::Pending => "open",
            NotificationState::Dead | NotificationState::Expired => "stop",
            NotificationState::Skipped | NotificationState::Cancelled => "past",
        },
    );
    let at = visit.when(email.sent_at.unwrap_or(email.next_at));
    let about = format!("{title}, {at}");
    let again = state.can_be_retried().then(|| visit.button(purpose, "send-again", "emails-send-again", &about));
    let back =
        (state == NotificationState::Pending).then(|| visit.button(purpose, "cancel-email", "emails-cancel", &about));
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
    (!links.is_empty()).then(|| Block::Links(links))
}
