//! The form of the pages that set a password.

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::web::Payload;
use askama::Template;
use attune_application::RequestMetadata;
use attune_application::accounts::{PasswordProblem, SetPasswordByLinkError, check_password};
use attune_domain::Role;
use attune_http_common::{HandlerResult, wants_json};
use attune_ports::Password;
use utoipa::ToSchema;

use super::mailed_link::LinkPage;
use crate::shell::Shell;
use crate::web::{View, Web};

#[derive(Template)]
#[template(path = "password_form.html")]
struct PasswordForm {
    shell: Shell,
    sentence: String,
    label: String,
    hint: String,
    min: String,
    error: Option<String>,
    button: String,
}

/// The form of the page.
#[derive(ToSchema)]
#[schema(as = NewPasswordForm, example = json!({"password": "seventeen violet teapots"}))]
#[expect(dead_code, reason = "describes the form")]
pub(crate) struct Fields {
    /// New password: 12 to 128 characters, for admins at least 15.
    #[schema(format = Password, min_length = 12, max_length = 128)]
    password: String,
}

pub(crate) async fn show(page: &LinkPage, web: &Web, http: &HttpRequest) -> HandlerResult {
    match page.account(web, http).await {
        Ok(user) => form(page, &web.view(http).await, user.role, None),
        Err(problem) => page.refuse(web, http, &problem).await,
    }
}

/// Sets the password of the form.
pub(crate) async fn set(
    page: &LinkPage,
    web: &Web,
    http: &HttpRequest,
    payload: Payload,
    set: impl AsyncFnOnce(&Password, &RequestMetadata) -> Result<(), SetPasswordByLinkError>,
) -> HandlerResult {
    page.submit(web, http, payload, async |view, mut fields| {
        let password = Password::new(fields.take("password"));
        match set(&password, &web.settings.requests.metadata(http)).await {
            Ok(()) => page.done(view).respond(view, StatusCode::OK),
            Err(SetPasswordByLinkError::Password(problem)) if !wants_json(http) => {
                let user = page.account(web, http).await?;
                form(page, view, user.role, Some(problem))
            }
            Err(error) => Err(error.into()),
        }
    })
    .await
}

fn form(page: &LinkPage, view: &View<'_>, role: Role, problem: Option<PasswordProblem>) -> HandlerResult {
    let min = min_chars(role).to_string();
    let error = problem.map(|problem| password_problem(view, problem));
    let status = if error.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let page = PasswordForm {
        shell: page.shell(view, error.is_some()),
        sentence: view.text(page.sentence),
        label: view.text("password"),
        hint: view.text_with("password-hint", &[("min", (&min).into())]),
        min,
        error,
        button: view.text(page.button),
    };
    view.respond(&page, status)
}

/// What is wrong with a new password.
pub(crate) fn password_problem(view: &View<'_>, problem: PasswordProblem) -> String {
    match problem {
        PasswordProblem::TooShort(min) => view.text_with("password-too-short", &[("min", (&min.to_string()).into())]),
        PasswordProblem::TooLong => view.text("password-too-long"),
        PasswordProblem::TooCommon => view.text("password-too-common"),
    }
}

/// What the rule itself asks for.
pub(super) fn min_chars(role: Role) -> usize {
    match check_password(&Password::new(String::new()), role, &[]) {
        Err(PasswordProblem::TooShort(min)) => min,
        Ok(()) | Err(PasswordProblem::TooLong | PasswordProblem::TooCommon) => 0,
    }
}
