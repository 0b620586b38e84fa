//! What the pages behind mailed one-time links have in common.
//!
//! Everyone who has the link can see the page, so it contains no names. Viewing it changes nothing, because mail
//! scanners fetch links.

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::web::Payload;
use askama::Template;
use attune_domain::{OneTimePurpose, User};
use attune_http_common::{Code, HandlerResult, Problem, wants_json};
use utoipa::{IntoParams, IntoResponses};

use super::message::Message;
use crate::forms::{Form, refuse_forged};
use crate::shell::Shell;
use crate::web::{View, Web, segment};

/// The token in a page's path.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "describes the path")]
pub(crate) struct LinkPath {
    /// Link token
    #[param(example = "AQEAAAAAAAAAB0_Xl1Jg8b0kq3vY5mZr2uE")]
    token: String,
}

/// What each of the pages answers to a link that cannot be used.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "describes responses")]
pub(crate) enum LinkRefusals {
    /// Unknown link
    #[response(status = 404, content_type = "text/html")]
    Unknown(String),
    /// The link was used, has expired, or was replaced
    #[response(status = 410, content_type = "text/html")]
    Expired(String),
    /// Internal error
    #[response(status = 500, content_type = "text/html")]
    Failed(String),
    /// The link cannot be used now
    #[response(status = 503, content_type = "text/html")]
    Unavailable(String),
}

/// A page, by the names of its messages.
pub(crate) struct LinkPage {
    pub(crate) purpose: OneTimePurpose,
    pub(crate) heading: &'static str,
    pub(crate) sentence: &'static str,
    pub(crate) button: &'static str,
    pub(crate) done: &'static str,
    pub(crate) done_sentence: &'static str,
    /// How to get a new link.
    pub(crate) expired_sentence: &'static str,
}

#[derive(Template)]
#[template(path = "confirm_form.html")]
struct ConfirmForm {
    shell: Shell,
    sentence: String,
    points: Vec<String>,
    code: Option<CodeField>,
    button: String,
}

/// The field for a code of the second factor.
pub(crate) struct CodeField {
    pub(crate) label: String,
    pub(crate) hint: String,
    pub(crate) error: Option<String>,
}

impl LinkPage {
    /// The account that the link is for.
    pub(crate) async fn account(&self, web: &Web, http: &HttpRequest) -> Result<User, Problem> {
        let links = &web.use_cases.one_time_links;
        let (_, user) = links.find(segment(http, "token"), self.purpose, web.clock.now()).await?;
        Ok(user)
    }

    /// Shows a form with a button alone.
    pub(crate) async fn show(&self, web: &Web, http: &HttpRequest, points: &[&str]) -> HandlerResult {
        match self.account(web, http).await {
            Ok(_) => self.form(&web.view(http).await, points, None),
            Err(problem) => self.refuse(web, http, &problem).await,
        }
    }

    pub(crate) fn form(&self, view: &View<'_>, points: &[&str], code: Option<CodeField>) -> HandlerResult {
        let has_error = code.as_ref().is_some_and(|code| code.error.is_some());
        let page = ConfirmForm {
            shell: self.shell(view, has_error),
            sentence: view.text(self.sentence),
            points: points.iter().map(|point| view.text(point)).collect(),
            code,
            button: view.text(self.button),
        };
        view.respond(&page, if has_error { StatusCode::UNAUTHORIZED } else { StatusCode::OK })
    }

    /// The frame of the form.
    pub(crate) fn shell(&self, view: &View<'_>, has_error: bool) -> Shell {
        let shell = view.shell(view.text(self.heading));
        if has_error { view.with_error(shell) } else { shell }
    }

    /// Receives the form and runs what it is for.
    pub(crate) async fn submit(
        &self,
        web: &Web,
        http: &HttpRequest,
        payload: Payload,
        run: impl AsyncFnOnce(&View<'_>, Form) -> HandlerResult,
    ) -> HandlerResult {
        if let Some(refusal) = refuse_forged(web, http).await {
            return refusal;
        }
        let outcome = match Form::read(web, http, payload).await {
            Ok(form) => run(&web.view(http).await, form).await,
            Err(problem) => Err(problem),
        };
        match outcome {
            Ok(response) => Ok(response),
            Err(problem) => self.refuse(web, http, &problem).await,
        }
    }

    pub(crate) fn done(&self, view: &View<'_>) -> Message {
        Message::new(view, self.done, self.done_sentence)
    }

    pub(crate) async fn refuse(&self, web: &Web, http: &HttpRequest, problem: &Problem) -> HandlerResult {
        if wants_json(http) {
            return Err(problem.clone());
        }
        let known = [
            (Code::LinkNotFound, "not-found", "join-unknown-sentence"),
            (Code::LinkExpired, "link-expired", self.expired_sentence),
            (Code::EmailTaken, "email-taken", "email-taken-sentence"),
            (Code::TooManyFailures, "too-many-codes", "too-many-codes-sentence"),
        ];
        let found = known.into_iter().find(|(code, ..)| *code == problem.code);
        let (_, heading, sentence) = found.unwrap_or((problem.code, "failed", "link-failed-sentence"));
        let view = web.view(http).await;
        Message::new(&view, heading, sentence).respond_to(&view, problem)
    }
}
