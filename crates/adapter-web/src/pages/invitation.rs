//! The page on which a client whom the practice invited sets their first password.

use actix_web::HttpRequest;
use actix_web::web::{Data, Payload};
use attune_domain::OneTimePurpose;
use attune_http_common::HandlerResult;

use super::mailed_link::{LinkPage, LinkPath, LinkRefusals};
use super::new_password;
use crate::web::{Web, segment};

pub(crate) const PATH: &str = "/invitation/{token}";

const PAGE: LinkPage = LinkPage {
    purpose: OneTimePurpose::Invitation,
    heading: "accept-invitation",
    sentence: "accept-invitation-sentence",
    button: "accept-invitation-button",
    done: "password-set",
    done_sentence: "accept-invitation-done-sentence",
    expired_sentence: "accept-invitation-expired-sentence",
};

/// Show an invitation page
///
/// The page of an emailed invitation, for people: a field for the first password and a button. Viewing the page changes
/// nothing. Clients that accept `application/json` receive errors as problem details.
#[utoipa::path(
    get, path = PATH, operation_id = "showInvitationPage", tag = "Accounts",
    params(LinkPath),
    responses(
        (status = 200, description = "The page", content_type = "text/html", body = String),
        LinkRefusals
    )
)]
pub(crate) async fn show(web: Data<Web>, http: HttpRequest) -> HandlerResult {
    new_password::show(&PAGE, &web, &http).await
}

/// Accept an invitation on its page
///
/// What the button of the invitation page does: sets the first password and verifies the address.
#[utoipa::path(
    post, path = PATH, operation_id = "acceptInvitationByPage", tag = "Accounts",
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
pub(crate) async fn accept(web: Data<Web>, http: HttpRequest, payload: Payload) -> HandlerResult {
    let (link, token) = (&web.use_cases.set_password_by_link, segment(&http, "token"));
    let set = async |password: &_, metadata: &_| link.accept_invitation(token, password, metadata).await;
    new_password::set(&PAGE, &web, &http, payload, set).await
}
