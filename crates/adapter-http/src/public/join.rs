//! The join page, which shows the time of an appointment and leads into its room.
//!
//! Everyone who has the link can see the page, so it contains no names. Viewing it changes nothing, because mail
//! scanners fetch links.

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
use crate::response::problem::{Code, Problem, problems};
use crate::state::State;

problems! { ShowJoinPageProblems: LinkNotFound, MeetingNotConfirmed, MeetingCancelled, LinkRevoked }

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
        (status = 503, description = "The booking cannot be loaded now", content_type = "text/html", body = String),
        ShowJoinPageProblems
    )
)]
pub(crate) async fn show(state: Data<State>, request: Request) -> Result<HttpResponse, Problem> {
    match state.api.use_cases.join.view(request.segment("token")).await {
        Ok(view) => Ok(page(&state, &view).respond(StatusCode::OK)),
        Err(error) => error_page(&state, &request, error),
    }
}

problems! {
    JoinMeetingProblems: LinkNotFound, MeetingNotConfirmed, MeetingTooEarly, MeetingOver, MeetingCancelled,
        LinkRevoked, RequestTimeout, PayloadTooLarge, BadRequest
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
        (status = 503, description = "The booking cannot be loaded now", content_type = "text/html", body = String),
        JoinMeetingProblems
    )
)]
pub(crate) async fn enter(state: Data<State>, mut request: Request) -> Result<HttpResponse, Problem> {
    request.skip_body().await?;
    match state.api.use_cases.join.join(request.segment("token")).await {
        Ok(JoinOutcome::Room(url)) => Ok(HttpResponse::SeeOther().insert_header((LOCATION, url)).finish()),
        Ok(JoinOutcome::Closed(view)) if request.wants_json() => Err(match view.state {
            AccessState::TooEarly { .. } => Code::MeetingTooEarly.into(),
            AccessState::Open | AccessState::Ended => Code::MeetingOver.into(),
        }),
        Ok(JoinOutcome::Closed(view)) => Ok(page(&state, &view).respond(StatusCode::CONFLICT)),
        Err(error) => error_page(&state, &request, error),
    }
}

fn page(state: &State, view: &JoinView) -> Page {
    let page = |sentence| Page::new(&state.settings.practice_name, "Your appointment", sentence);
    let begins = in_words(view.starts_at, &view.zone);
    let length = if view.minutes == 1 { "1 minute".to_owned() } else { format!("{} minutes", view.minutes) };
    let mut details = vec![("Starts", begins.as_str()), ("Duration", length.as_str())];
    match view.state {
        AccessState::TooEarly { opens_at } => {
            let opens = in_words(opens_at, &view.zone);
            details.push(("The room opens", opens.as_str()));
            page("The room is not open yet. Please come back when it is.").details(&details).reload("Check again")
        }
        AccessState::Open => {
            page("The room is open.").details(&details).button("Join meeting").redirecting_to(&view.room_origin)
        }
        AccessState::Ended => page("This appointment is over.").details(&details),
    }
}

/// `Monday, 15 January 2024 at 10:00 (Europe/Berlin, UTC+01:00)`, as in emails.
pub(crate) fn in_words(instant: Timestamp, zone: &TimeZone) -> String {
    let local = instant.to_zoned(zone.clone());
    let offset = format!("UTC{}", local.strftime("%:z"));
    let place = match zone.iana_name().filter(|name| *name != "UTC" && !zone.is_unknown()) {
        Some(name) => format!("{name}, {offset}"),
        None => offset,
    };
    format!("{} ({place})", local.strftime("%A, %-d %B %Y at %H:%M"))
}

fn error_page(state: &State, request: &Request, error: JoinError) -> Result<HttpResponse, Problem> {
    let (title, sentence) = match &error {
        JoinError::Unknown => (
            "Page not found",
            "This page does not exist. Email applications sometimes break a link in two: please use the button in the \
             email, or copy the whole link.",
        ),
        JoinError::Cancelled => (
            "This appointment was cancelled",
            "If you did not expect this, please check the latest email about your appointment, or contact the practice.",
        ),
        JoinError::Revoked => (
            "This link is no longer valid",
            "Please look for a newer email about your appointment, or request your links again. If that does not \
             help, please contact the practice.",
        ),
        JoinError::NotConfirmed => (
            "This appointment is not confirmed",
            "It has no room yet. This link works once the appointment is confirmed. If you think it should be confirmed \
             by now, please contact the practice.",
        ),
        JoinError::Signing(_) | JoinError::Store(_) => (
            "Something went wrong",
            "Your appointment cannot be opened at the moment. Please try again soon. If the problem persists, \
             please contact the practice.",
        ),
    };
    let problem = Problem::from(error);
    if request.wants_json() {
        return Err(problem);
    }
    let status = problem.code.status();
    let page = Page::new(&state.settings.practice_name, title, sentence).retry_after(problem.retry_after);
    let page = if status.is_server_error() { page.reload("Try again") } else { page };
    Ok(page.respond(status))
}
