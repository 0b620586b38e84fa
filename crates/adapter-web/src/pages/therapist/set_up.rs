//! The first steps of a new practice. Each can be left out, and none is shown again once the last one was reached.

use actix_web::HttpRequest;
use actix_web::web::{Data, Payload};
use attune_application::practice::{ChangePracticeCommand, PracticeChanges};
use attune_http_common::{HandlerResult, Problem};
use attune_ports::CheckOutcome;

use super::{NEXT, TherapistVisit, open, receive};
use crate::blocks::{Block, Row};
use crate::own_booking::Tag;
use crate::shell::Link;
use crate::typed::Typed;
use crate::visit::Section;
use crate::web::Web;

pub(crate) use super::paths::SET_UP as PATH;

/// The steps by the names in their URLs, and their headings.
const STEPS: [(&str, &str); 6] = [
    ("you", "set-up-you"),
    ("second-factor", "set-up-second-factor"),
    ("hours", "set-up-hours"),
    ("service", "set-up-service"),
    ("practice", "set-up-practice"),
    ("video", "set-up-video"),
];

/// `GET /set-up`
pub(crate) async fn show(web: Data<Web>, http: HttpRequest) -> HandlerResult {
    open(&web, &http, async |visit| page(visit).await).await
}

/// `POST /set-up`
pub(crate) async fn finish(web: Data<Web>, http: HttpRequest, payload: Payload) -> HandlerResult {
    receive(&web, &http, payload, PATH, async |visit, _| {
        let command = ChangePracticeCommand {
            admin: visit.caller.user.id,
            changes: PracticeChanges { is_set_up: Some(true), ..PracticeChanges::default() },
            version: None,
            metadata: visit.metadata(),
        };
        visit.web.use_cases.profile.change(command).await?;
        visit.visit.redirect(super::paths::TODAY)
    })
    .await
}

async fn page(visit: &TherapistVisit<'_>) -> HandlerResult {
    if visit.view().practice.is_set_up {
        return visit.visit.redirect(super::paths::TODAY);
    }
    let asked = visit.parameter("step");
    let index = STEPS.iter().position(|(step, _)| *step == asked).unwrap_or(0);
    let (step, heading) = STEPS[index];
    let values = [
        ("number", u32::try_from(index + 1).unwrap_or(1).into()),
        ("all", u32::try_from(STEPS.len()).unwrap_or(1).into()),
    ];
    let mut blocks = vec![Block::Text(visit.view().text_with("set-up-step", &values))];
    let next = STEPS.get(index + 1).map(|(next, _)| format!("{PATH}?step={next}"));
    let go_on = |block| match (block, &next) {
        (Block::Form(form), Some(next)) => Block::Form(form.hidden(NEXT, next)),
        (block, _) => block,
    };
    blocks.extend(content(visit, step).await?.into_iter().map(go_on));
    match &next {
        Some(next) => blocks.push(Block::Links(vec![visit.link(next, "set-up-skip")])),
        None => blocks.push(Block::Form(visit.form(PATH, Vec::new(), "finish", "set-up-finish"))),
    }
    let back = index.checked_sub(1).map(|before| Link {
        href: visit.view().href(&format!("{PATH}?step={}", STEPS[before].0)),
        text: visit.text("set-up-back"),
    });
    visit.respond(visit.text(heading), Section::Other, back, &Typed::default(), blocks)
}

async fn content(visit: &TherapistVisit<'_>, step: &str) -> Result<Vec<Block>, Problem> {
    let typed = Typed::default();
    let web = visit.web;
    Ok(match step {
        "you" => vec![
            Block::Text(visit.text("set-up-you-sentence")),
            Block::Form(super::user::names_form(visit, &visit.caller.user, &typed)),
        ],
        "second-factor" => {
            let is_on = visit.caller.user.second_factor_at.is_some();
            let state = visit.text(if is_on { "user-second-factor-on" } else { "user-second-factor-off" });
            vec![
                Block::Text(visit.text("set-up-second-factor-sentence")),
                Block::Facts(vec![visit.fact("user-second-factor", state)]),
                Block::Action(visit.link("/account/second-factor", "set-up-second-factor-link")),
            ]
        }
        "hours" => vec![
            Block::Text(visit.text("set-up-hours-sentence")),
            Block::Form(super::hours::week_form(visit, &typed, &visit.caller.user, false).await?),
        ],
        "service" => vec![
            Block::Text(visit.text("set-up-service-sentence")),
            Block::Form(super::services::first_form(visit, &typed).await?),
        ],
        "practice" => {
            let practice = web.use_cases.practice.load().await?;
            vec![
                Block::Text(visit.text("set-up-practice-sentence")),
                Block::Form(super::practice::profile_form(visit, &typed, &practice)),
            ]
        }
        _ => {
            let row = |check: attune_ports::InstallationCheck| {
                let (state, name) = match check.outcome {
                    CheckOutcome::Passed => ("sure", "set-up-check-passed"),
                    CheckOutcome::Doubtful => ("open", "set-up-check-doubtful"),
                    CheckOutcome::Failed => ("stop", "set-up-check-failed"),
                };
                let tag = Some(Tag { state, text: visit.text(name) });
                Row {
                    title: visit.text(&format!("set-up-check.{}", check.part.as_str())),
                    report: Some(check.words),
                    tag,
                    ..Row::default()
                }
            };
            let checks = web.installation.video_server().await;
            vec![Block::Text(visit.text("set-up-video-sentence")), Block::Rows(checks.into_iter().map(row).collect())]
        }
    })
}
