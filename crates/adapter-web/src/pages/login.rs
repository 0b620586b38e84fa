//! The page on which a user logs in with a mailed link.

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Payload};
use attune_application::accounts::{LinkLogin, RedeemLoginLinkCommand, RedeemLoginLinkError};
use attune_domain::OneTimePurpose;
use attune_http_common::{HandlerResult, wants_json};
use utoipa::ToSchema;

use super::book_summary;
use super::mailed_link::{CodeField, LinkPage, LinkPath, LinkRefusals};
use crate::choice::slot_path;
use crate::cookies::Cookie;
use crate::web::{View, Web, segment};

pub(crate) const PATH: &str = "/login/{token}";

const PAGE: LinkPage = LinkPage {
    purpose: OneTimePurpose::LogIn,
    heading: "login",
    sentence: "login-sentence",
    button: "login-button",
    done: "login-done",
    done_sentence: "login-done-sentence",
    expired_sentence: "login-expired-sentence",
};

/// The form of the page.
#[derive(ToSchema)]
#[schema(as = LoginLinkForm, example = json!({"code": "492039"}))]
#[expect(dead_code, reason = "describes the form")]
pub(crate) struct Fields {
    /// A code of the authenticator app, for an account with a second factor.
    code: Option<String>,
}

/// Show a login page
///
/// The page of an emailed login link, for people: a button, and a field for the code of an account with a second
/// factor. Viewing the page changes nothing. Clients that accept `application/json` receive errors as problem details.
#[utoipa::path(
    get, path = PATH, operation_id = "showLoginPage", tag = "Accounts",
    params(LinkPath),
    responses(
        (status = 200, description = "The page", content_type = "text/html", body = String),
        LinkRefusals
    )
)]
pub(crate) async fn show(web: Data<Web>, http: HttpRequest) -> HandlerResult {
    match PAGE.account(&web, &http).await {
        Ok(user) => {
            let view = web.view(&http).await;
            PAGE.form(&view, &[], user.second_factor_at.map(|_| code_field(&view, None)))
        }
        Err(problem) => PAGE.refuse(&web, &http, &problem).await,
    }
}

/// Log in on the page of a login link
///
/// What the button of the login page does: opens a login session, whose refresh token and device token become cookies. If a
/// slot was chosen before, its page is the next. A wrong code leaves the link as it was.
#[utoipa::path(
    post, path = PATH, operation_id = "logInByPage", tag = "Accounts",
    params(LinkPath),
    request_body(content = Fields, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "Logged in", content_type = "text/html", body = String),
        (status = 303, description = "Logged in; the chosen slot is next"),
        (status = 401, description = "The code is wrong or missing", content_type = "text/html", body = String),
        (status = 403, description = "The form was sent by another site", content_type = "text/html", body = String),
        (status = 429, description = "Too many wrong codes", content_type = "text/html", body = String),
        LinkRefusals
    )
)]
pub(crate) async fn log_in(web: Data<Web>, http: HttpRequest, payload: Payload) -> HandlerResult {
    PAGE.submit(&web, &http, payload, async |view, mut fields| {
        let secure = web.settings.secure;
        let command = RedeemLoginLinkCommand {
            token: segment(&http, "token").to_owned(),
            code: Some(fields.take("code")).filter(|code| !code.trim().is_empty()),
            origin: web.origin(&http),
        };
        let error = match web.use_cases.redeem_login_link.run(command).await {
            Ok(LinkLogin { tokens, slot }) => {
                let mut response = match slot {
                    Some(slot) => view.redirect(&slot_path(book_summary::PATH, &slot)),
                    None => PAGE.done(view).with_home(view, tokens.user.role).respond(view, StatusCode::OK)?,
                };
                Cookie::keep_login(&mut response, &tokens, secure)?;
                return Ok(response);
            }
            Err(error) if wants_json(&http) => return Err(error.into()),
            Err(RedeemLoginLinkError::WrongCode) => "login-code-wrong",
            Err(RedeemLoginLinkError::SecondFactorRequired) => "login-code-missing",
            Err(error) => return Err(error.into()),
        };
        PAGE.form(view, &[], Some(code_field(view, Some(error))))
    })
    .await
}

fn code_field(view: &View<'_>, error: Option<&str>) -> CodeField {
    CodeField {
        label: view.text("login-code"),
        hint: view.text("login-code-hint"),
        error: error.map(|name| view.text(name)),
    }
}
