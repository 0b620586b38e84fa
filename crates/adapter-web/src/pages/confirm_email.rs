//! The page on which a user confirms the new address of an account.

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Payload};
use attune_domain::OneTimePurpose;
use attune_http_common::HandlerResult;

use super::mailed_link::{LinkPage, LinkPath, LinkRefusals};
use crate::web::{Web, segment};

pub(crate) const PATH: &str = "/confirm-email/{token}";

const PAGE: LinkPage = LinkPage {
    purpose: OneTimePurpose::ConfirmEmail,
    heading: "confirm-email",
    sentence: "confirm-email-sentence",
    button: "confirm-email-button",
    done: "confirm-email-done",
    done_sentence: "confirm-email-done-sentence",
    expired_sentence: "confirm-email-expired-sentence",
};

/// Show the page that confirms a new email address
///
/// The page of a link that was emailed to the new address of an account, for people: a button. Viewing the page changes
/// nothing. Clients that accept `application/json` receive errors as problem details.
#[utoipa::path(
    get, path = PATH, operation_id = "showEmailConfirmationPage", tag = "Accounts",
    params(LinkPath),
    responses(
        (status = 200, description = "The page", content_type = "text/html", body = String),
        LinkRefusals
    )
)]
pub(crate) async fn show(web: Data<Web>, http: HttpRequest) -> HandlerResult {
    PAGE.show(&web, &http, &[]).await
}

/// Confirm a new email address on its page
///
/// What the button of the page does: the address replaces the former one, which is told. The request body is ignored.
#[utoipa::path(
    post, path = PATH, operation_id = "confirmEmailByPage", tag = "Accounts",
    params(LinkPath),
    responses(
        (status = 200, description = "The address is changed", content_type = "text/html", body = String),
        (status = 403, description = "The form was sent by another site", content_type = "text/html", body = String),
        (status = 409, description = "The address belongs to another account", content_type = "text/html",
            body = String),
        LinkRefusals
    )
)]
pub(crate) async fn confirm(web: Data<Web>, http: HttpRequest, payload: Payload) -> HandlerResult {
    PAGE.submit(&web, &http, payload, async |view, _| {
        let metadata = web.settings.requests.metadata(&http);
        web.use_cases.change_email.confirm(segment(&http, "token"), &metadata).await?;
        PAGE.done(view).respond(view, StatusCode::OK)
    })
    .await
}
