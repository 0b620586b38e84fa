//! The page on which a user who forgot the password sets a new one.

use actix_web::HttpRequest;
use actix_web::web::{Data, Payload};
use attune_domain::OneTimePurpose;
use attune_http_common::HandlerResult;

use super::mailed_link::{LinkPage, LinkPath, LinkRefusals};
use super::new_password;
use crate::web::{Web, segment};

pub(crate) const PATH: &str = "/reset/{token}";

const PAGE: LinkPage = LinkPage {
    purpose: OneTimePurpose::ResetPassword,
    heading: "reset",
    sentence: "reset-sentence",
    button: "reset-button",
    done: "password-set",
    done_sentence: "reset-done-sentence",
    expired_sentence: "reset-expired-sentence",
};

/// Show a password reset page
///
/// The page of an emailed password reset link, for people: a field for the new password and a button. Viewing the page
/// changes nothing. Clients that accept `application/json` receive errors as problem details.
#[utoipa::path(
    get, path = PATH, operation_id = "showPasswordResetPage", tag = "Accounts",
    params(LinkPath),
    responses(
        (status = 200, description = "The page", content_type = "text/html", body = String),
        LinkRefusals
    )
)]
pub(crate) async fn show(web: Data<Web>, http: HttpRequest) -> HandlerResult {
    new_password::show(&PAGE, &web, &http).await
}

/// Set a new password
///
/// What the button of the password reset page does: sets the password and ends all login sessions and all other links
/// of the account.
#[utoipa::path(
    post, path = PATH, operation_id = "resetPasswordByPage", tag = "Accounts",
    params(LinkPath),
    request_body(content = new_password::Fields, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "The password is set", content_type = "text/html", body = String),
        (status = 403, description = "The form was sent by another site", content_type = "text/html", body = String),
        (status = 422, description = "The password is too short, too long or too common", content_type = "text/html",
            body = String),
        LinkRefusals
    )
)]
pub(crate) async fn set(web: Data<Web>, http: HttpRequest, payload: Payload) -> HandlerResult {
    let (link, token) = (&web.use_cases.set_password_by_link, segment(&http, "token"));
    let set = async |password: &_, metadata: &_| link.reset(token, password, metadata).await;
    new_password::set(&PAGE, &web, &http, payload, set).await
}
