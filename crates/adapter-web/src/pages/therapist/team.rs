//! The therapists of the practice.

use actix_web::HttpRequest;
use actix_web::web::Data;
use attune_domain::{Role, User, UserId};
use attune_http_common::HandlerResult;
use attune_ports::{LoginSessionView, PageRequest, UserFilter};

use super::{TherapistVisit, open, paths};
use crate::blocks::{Block, Row};
use crate::own_booking::Tag;
use crate::typed::Typed;
use crate::visit::Section;
use crate::web::Web;

pub(crate) use super::paths::TEAM as PATH;

/// Far more than a practice has.
const MAX_THERAPISTS: u32 = 1_000;

/// `GET /team`
pub(crate) async fn show(web: Data<Web>, http: HttpRequest) -> HandlerResult {
    open(&web, &http, async |visit| page(visit).await).await
}

async fn page(visit: &TherapistVisit<'_>) -> HandlerResult {
    let filter = UserFilter { role: Some(Role::Admin), ..UserFilter::default() };
    let found = visit.web.queries.users(&filter, PageRequest { limit: MAX_THERAPISTS, offset: 0 }).await?;
    let ids: Vec<UserId> = found.items.iter().map(|user| user.id).collect();
    let sessions = visit.web.queries.login_sessions(&ids).await?;
    let rows = found.items.iter().map(|user| row(visit, user, &sessions)).collect();
    let blocks = vec![
        Block::Rows(rows),
        Block::Text(visit.text("team-how-to-add")),
        Block::Links(vec![visit.link(paths::CLIENTS, "tab-clients")]),
    ];
    let back = visit.link(paths::PRACTICE, "tab-practice");
    visit.respond(visit.text("team-title"), Section::Practice, Some(back), &Typed::default(), blocks)
}

fn row(visit: &TherapistVisit<'_>, user: &User, sessions: &[LoginSessionView]) -> Row {
    let own = sessions.iter().filter(|view| view.session.user == user.id);
    let last = own.map(|view| view.session.rotated_at).max();
    let factor = if user.second_factor_at.is_some() { "user-second-factor-on" } else { "user-second-factor-off" };
    let mut details =
        vec![user.email.as_str().to_owned(), visit.text_of("team-second-factor", "state", &visit.text(factor))];
    details.extend(last.map(|at| visit.text_of("team-last-login", "at", &visit.when(at))));
    let tag = user.disabled.then(|| Tag { state: "stop", text: visit.text("client-disabled") });
    Row {
        title: user.display_name(),
        href: Some(visit.view().href(&paths::user(user.id))),
        tag,
        details,
        ..Row::default()
    }
}
