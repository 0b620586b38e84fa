//! The page behind a mailed link. It says when the session is, and its button leads into the room.
//!
//! Whoever holds the link sees the page, so it tells nobody's name. Looking at it changes nothing: programs that check
//! mails for bad links look first.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::LOCATION;
use actix_web::web::Data;
use attune_application::meetings::{JoinError, JoinOutcome, JoinView};
use attune_domain::meeting::AccessState;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::request::input::Request;
use crate::response::pages::Page;
use crate::response::problem::{Code, Problem};
use crate::state::State;

/// Show a join page
///
/// The page of an emailed join link, for people. It shows the time of the appointment in the reader's own time zone,
/// and a button while the room is open; before that, when the room opens, and afterwards, that the appointment is over.
/// Viewing the page changes nothing. The link follows the booking when it is rescheduled. Clients that accept
/// `application/json` receive errors as problem details.
#[utoipa::path(
    get, path = "/j/{token}", operation_id = "showJoinPage", tag = "Meetings",
    params(("token" = String, Path, description = "Join token", example = "AYxzQ3Vb0m1kT9uZr2pW4h")),
    responses(
        (status = 200, description = "The page", content_type = "text/html", body = String),
        (status = 404, description = "Unknown join link", content_type = "text/html", body = String),
        (status = 409, description = "The booking is not confirmed", content_type = "text/html", body = String),
        (status = 410, description = "The booking was cancelled, or the link or the invitation was revoked",
            content_type = "text/html", body = String),
        (status = 500, description = "Internal error", content_type = "text/html", body = String),
        (status = 503, description = "The booking cannot be loaded now", content_type = "text/html", body = String)
    )
)]
pub(crate) async fn show(state: Data<State>, request: Request) -> Result<HttpResponse, Problem> {
    match state.api.join.look(request.segment("token")).await {
        Ok(view) => Ok(page(&state, &view).respond(StatusCode::OK)),
        Err(error) => refusal(&state, &request, error),
    }
}

/// Join a meeting
///
/// What the button of the join page does. The request body is ignored. Redirects to the room, with a meeting link that
/// is generated for the holder of the join link.
#[utoipa::path(
    post, path = "/j/{token}", operation_id = "joinMeeting", tag = "Meetings",
    params(("token" = String, Path, description = "Join token", example = "AYxzQ3Vb0m1kT9uZr2pW4h")),
    responses(
        (status = 303, description = "Redirect to the room", headers(("Location" = String, description = "Room URL"))),
        (status = 404, description = "Unknown join link", content_type = "text/html", body = String),
        (status = 409, description = "The room is not open yet, the appointment is over, or the booking is not \
                                      confirmed", content_type = "text/html", body = String),
        (status = 410, description = "The booking was cancelled, or the link or the invitation was revoked",
            content_type = "text/html", body = String),
        (status = 500, description = "Internal error", content_type = "text/html", body = String),
        (status = 503, description = "The booking cannot be loaded now", content_type = "text/html", body = String)
    )
)]
pub(crate) async fn enter(state: Data<State>, mut request: Request) -> Result<HttpResponse, Problem> {
    request.skip_body().await?;
    match state.api.join.enter(request.segment("token")).await {
        Ok(JoinOutcome::Room(url)) => Ok(HttpResponse::SeeOther().insert_header((LOCATION, url)).finish()),
        Ok(JoinOutcome::Closed(view)) if request.wants_json() => Err(match view.state {
            AccessState::TooEarly { .. } => Code::MeetingTooEarly.into(),
            AccessState::Open | AccessState::Ended => Code::MeetingOver.into(),
        }),
        Ok(JoinOutcome::Closed(view)) => Ok(page(&state, &view).respond(StatusCode::CONFLICT)),
        Err(error) => refusal(&state, &request, error),
    }
}

fn page(state: &State, view: &JoinView) -> Page {
    let page = |sentence| Page::new(&state.settings.practice_name, "Your session", sentence);
    let begins = in_words(view.starts_at, &view.zone);
    let length = if view.minutes == 1 { "1 minute".to_owned() } else { format!("{} minutes", view.minutes) };
    let mut facts = vec![("Begins", begins.as_str()), ("Takes", length.as_str())];
    match view.state {
        AccessState::TooEarly { opens_at } => {
            let opens = in_words(opens_at, &view.zone);
            facts.push(("The room opens", opens.as_str()));
            page("The room is not open yet. Please come back when it is.").facts(&facts).again("Check again")
        }
        AccessState::Open => {
            page("The room is open.").facts(&facts).button("Join meeting").leading_to(&view.room_origin)
        }
        AccessState::Ended => page("This session is over.").facts(&facts),
    }
}

/// `Monday, 15 January 2024 at 10:00 (Europe/Berlin, UTC+01:00)`, as in the mails.
pub(crate) fn in_words(instant: Timestamp, zone: &TimeZone) -> String {
    let local = instant.to_zoned(zone.clone());
    let offset = format!("UTC{}", local.strftime("%:z"));
    let place = match zone.iana_name().filter(|name| *name != "UTC" && !zone.is_unknown()) {
        Some(name) => format!("{name}, {offset}"),
        None => offset,
    };
    format!("{} ({place})", local.strftime("%A, %-d %B %Y at %H:%M"))
}

/// Says why there is nothing to show, and what to do next.
fn refusal(state: &State, request: &Request, error: JoinError) -> Result<HttpResponse, Problem> {
    let (title, sentence) = match &error {
        JoinError::Unknown => (
            "Page not found",
            "There is no such page. Mail programs sometimes break a link in two: please use the button in the mail, or \
             copy the whole address.",
        ),
        JoinError::Cancelled => (
            "This session was cancelled",
            "If you did not expect that, please look into the newest mail about your session, or get in touch with the \
             practice.",
        ),
        JoinError::Revoked => (
            "This link does not work any more",
            "Please look for a newer mail about your session, or ask for your links again. If that does not help, \
             please get in touch with the practice.",
        ),
        JoinError::NotConfirmed => (
            "This session is not confirmed",
            "It has no room yet. Once the session is confirmed, this link works. If you think it should by now, please \
             get in touch with the practice.",
        ),
        JoinError::Signing(_) | JoinError::Store(_) => (
            "Something went wrong",
            "We cannot open your session at this moment. Please try again soon. If it stays like this, please get in \
             touch with the practice.",
        ),
    };
    let problem = Problem::from(error);
    if request.wants_json() {
        return Err(problem);
    }
    let status = problem.code.status();
    let page = Page::new(&state.settings.practice_name, title, sentence).retry_after(problem.retry_after);
    let page = if status.is_server_error() { page.again("Try again") } else { page };
    Ok(page.respond(status))
}
