//! The join page, which shows the time of an appointment and leads into its room.
//!
//! Everyone who has the link can see the page, so it contains no names. Viewing it changes nothing, because mail
//! scanners fetch links.

use actix_web::http::StatusCode;
use actix_web::http::header::LOCATION;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use attune_application::meetings::{JoinError, JoinOutcome, JoinView};
use attune_domain::meeting::AccessState;
use attune_http_common::{Code, HandlerResult, Problem, wants_json};
use jiff::SignedDuration;

use super::message::Message;
use crate::forms::refuse_other_sites;
use crate::response::Head;
use crate::shell::{Contact, Fact, Link, Shell};
use crate::web::{View, Web, segment};

pub(crate) const PATH: &str = "/j/{token}";

/// The appointment begins later.
#[derive(Template)]
#[template(path = "join_early.html")]
struct Early {
    shell: Shell,
    facts: Vec<Fact>,
    opens: String,
    countdown: Countdown,
    sentence: String,
    check_again: String,
    wait: String,
    tips: [String; 3],
    help: Help,
}

/// For the script, which says how long it takes until the room opens.
struct Countdown {
    seconds: i64,
    /// With `{time}` in place of the time that is left.
    text: String,
}

/// The room is open.
#[derive(Template)]
#[template(path = "join_open.html")]
struct Open {
    shell: Shell,
    facts: Vec<Fact>,
    button: String,
    permissions: String,
    help: Help,
}

/// The appointment is over.
#[derive(Template)]
#[template(path = "join_over.html")]
struct Over {
    shell: Shell,
    sentence: String,
    facts: Vec<Fact>,
}

/// How to reach the practice if joining fails.
struct Help {
    heading: String,
    links: Vec<Link>,
}

/// Show a join page
///
/// The page of an emailed join link, for people. It shows the time of the appointment in the reader's own time zone,
/// and a button while the room is open; before that, when the room opens, and afterwards, that the appointment is over.
/// Viewing the page changes nothing. The link follows the booking when it is rescheduled. Clients that accept
/// `application/json` receive errors as problem details.
#[utoipa::path(
    get, path = PATH, operation_id = "showJoinPage", tag = "Meetings",
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
pub(crate) async fn show(web: Data<Web>, http: HttpRequest) -> HandlerResult {
    match web.use_cases.join.view(segment(&http, "token")).await {
        Ok(found) => page(&web.view_for(&http, found.language).await, &found, StatusCode::OK),
        Err(error) => refuse(&web, &http, error).await,
    }
}

/// Join a meeting
///
/// What the button of the join page does. The request body is ignored. Redirects to the room, with a meeting link that
/// is generated for the holder of the join link.
#[utoipa::path(
    post, path = PATH, operation_id = "joinMeeting", tag = "Meetings",
    params(("token" = String, Path, description = "Join token", example = "AYxzQ3Vb0m1kT9uZr2pW4h")),
    responses(
        (status = 303, description = "Redirect to the room", headers(("Location" = String, description = "Room URL"))),
        (status = 403, description = "The form was sent by another site", content_type = "text/html", body = String),
        (status = 404, description = "Unknown join link", content_type = "text/html", body = String),
        (status = 409, description = "The room is not open yet, the appointment is over, or the booking is not \
                                      confirmed", content_type = "text/html", body = String),
        (status = 410, description = "The booking was cancelled, or the link or the invitation was revoked",
            content_type = "text/html", body = String),
        (status = 500, description = "Internal error", content_type = "text/html", body = String),
        (status = 503, description = "The booking cannot be loaded now", content_type = "text/html", body = String)
    )
)]
pub(crate) async fn enter(web: Data<Web>, http: HttpRequest, payload: Payload) -> HandlerResult {
    if let Some(refusal) = refuse_other_sites(&web, &http).await {
        return refusal;
    }
    web.settings.requests.skip(&http, &mut payload.into_inner()).await?;
    match web.use_cases.join.join(segment(&http, "token")).await {
        Ok(JoinOutcome::Room(url)) => Ok(HttpResponse::SeeOther().insert_header((LOCATION, url)).finish()),
        Ok(JoinOutcome::Closed(found)) if wants_json(&http) => Err(match found.state {
            AccessState::TooEarly { .. } => Code::MeetingTooEarly.into(),
            AccessState::Open | AccessState::Ended => Code::MeetingOver.into(),
        }),
        Ok(JoinOutcome::Closed(found)) => {
            page(&web.view_for(&http, found.language).await, &found, StatusCode::CONFLICT)
        }
        Err(error) => refuse(&web, &http, error).await,
    }
}

fn page(view: &View<'_>, found: &JoinView, status: StatusCode) -> HandlerResult {
    let phrases = view.phrases;
    let begins = phrases.local_time(found.starts_at, &found.zone);
    let facts = vec![
        Fact {
            name: view.text("appointment-begins"),
            value: begins.date_and_time.clone(),
            detail: Some(begins.place.clone()),
        },
        Fact { name: view.text("appointment-duration"), value: phrases.minutes(found.minutes), detail: None },
    ];
    match found.state {
        AccessState::TooEarly { opens_at } => {
            let opens = phrases.local_time(opens_at, &found.zone);
            let on = |name, short_date, time| view.text_with(name, &[("short_date", short_date), ("time", time)]);
            let page = Early {
                shell: view.shell(on("join-early", (&begins.short_date).into(), (&begins.time).into())),
                facts,
                opens: on("join-opens", (&opens.short_date).into(), (&opens.time).into()),
                countdown: Countdown {
                    // Rounded up, so that a page that is loaded again does not come too early.
                    seconds: opens_at.duration_since(view.now()).as_secs().saturating_add(1),
                    text: view.text_with("join-countdown", &[("time", "{time}".into())]),
                },
                sentence: view.text("join-opens-sentence"),
                check_again: view.text("join-check-again"),
                wait: view.text("join-wait"),
                tips: ["join-permissions", "join-headphones", "join-personal"].map(|name| view.text(name)),
                help: help(view),
            };
            view.respond(&page, status)
        }
        AccessState::Open => {
            let page = Open {
                shell: view.shell(view.text("join-open")),
                facts,
                button: view.text("join-button"),
                permissions: view.text("join-permissions"),
                help: help(view),
            };
            view.respond(&page, Head { status, form_target: Some(found.room_origin.clone()), ..Head::default() })
        }
        AccessState::Ended => {
            let duration = SignedDuration::from_mins(found.minutes.into());
            let ended_at = found.starts_at.saturating_add(duration).unwrap_or(found.starts_at);
            let ended_at = phrases.local_time(ended_at, &found.zone).full;
            let page = Over {
                shell: view.shell(view.text("join-over")),
                sentence: view.text_with("join-over-sentence", &[("ended_at", (&ended_at).into())]),
                facts,
            };
            view.respond(&page, status)
        }
    }
}

fn help(view: &View<'_>) -> Help {
    let Contact { phone, email, .. } = Contact::of(&view.practice);
    let phone = phone.map(|Link { href, text }| {
        let text = view.text_with("join-help-call", &[("phone", (&text).into())]);
        Link { href, text }
    });
    let email = email.map(|Link { href, text }| {
        let text = view.text_with("join-help-write", &[("email", (&text).into())]);
        Link { href, text }
    });
    Help { heading: view.text("join-help"), links: [phone, email].into_iter().flatten().collect() }
}

async fn refuse(web: &Web, http: &HttpRequest, error: JoinError) -> HandlerResult {
    let (heading, sentence) = match &error {
        JoinError::Unknown => ("not-found", "join-unknown-sentence"),
        JoinError::Cancelled => ("join-cancelled", "join-cancelled-sentence"),
        JoinError::Revoked => ("join-revoked", "join-revoked-sentence"),
        JoinError::NotConfirmed => ("join-unconfirmed", "join-unconfirmed-sentence"),
        JoinError::Signing(_) | JoinError::Store(_) => ("failed", "join-failed-sentence"),
    };
    let problem = Problem::from(error);
    if wants_json(http) {
        return Err(problem);
    }
    let view = web.view(http).await;
    Message::new(&view, heading, sentence).respond_to(&view, &problem)
}
