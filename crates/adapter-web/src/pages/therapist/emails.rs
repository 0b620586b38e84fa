//! The emails of the practice: which were sent, which wait, and which could not be sent.

use actix_web::HttpRequest;
use actix_web::web::{Data, Payload};
use attune_application::notifications::NotificationChange;
use attune_domain::notification::{Notification, NotificationState, NotificationSubject};
use attune_domain::{BookingId, NotificationId, UserId, ViewerId};
use attune_http_common::{Code, HandlerResult, Problem};
use attune_ports::{NotificationFilter, PageRequest};

use super::rows::{email_row, link_about, pages};
use super::{People, TherapistVisit, open, paths, receive};
use crate::blocks::{Block, FormBlock, Row};
use crate::typed::Typed;
use crate::visit::Section;
use crate::web::Web;

pub(crate) use super::paths::EMAILS as PATH;

/// Emails on a page.
const PER_PAGE: u32 = 50;

/// `GET /emails`
pub(crate) async fn show(web: Data<Web>, http: HttpRequest) -> HandlerResult {
    open(&web, &http, async |visit| page(visit, Typed::default()).await).await
}

/// `POST /emails`
pub(crate) async fn change(web: Data<Web>, http: HttpRequest, payload: Payload) -> HandlerResult {
    receive(&web, &http, payload, PATH, async |visit, typed| match change_email(visit, &typed).await {
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
    let accounts = found.items.iter().filter_map(|email| email.content.recipient.account());
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
            let mut row = email_row(visit, PATH, email);
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
    let back = visit.link(paths::PRACTICE, "tab-practice");
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
            Self::Booking(id) => link_about(visit, &paths::booking(*id), "emails-booking", about),
            Self::User(id) => link_about(visit, &paths::user(*id), "emails-person", about),
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

/// Sends an email again, or takes one back.
pub(super) async fn change_email(visit: &TherapistVisit<'_>, typed: &Typed) -> Result<(), Problem> {
    let id: NotificationId = typed.get("email").parse().map_err(|_| Code::NotificationNotFound)?;
    let change = if typed.button() == "send-again" { NotificationChange::Retry } else { NotificationChange::Cancel };
    visit.web.use_cases.manage_notifications.run(id, change, Some(visit.caller.user.id), &visit.metadata()).await?;
    Ok(())
}
