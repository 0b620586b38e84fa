//! The page on which the owner of an account restores its former address.

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Payload};
use attune_domain::OneTimePurpose;
use attune_http_common::HandlerResult;

use super::mailed_link::{LinkPage, LinkPath, LinkRefusals};
use crate::web::{Web, segment};

pub(crate) const PATH: &str = "/undo-email/{token}";

const PAGE: LinkPage = LinkPage {
    purpose: OneTimePurpose::UndoEmail,
    heading: "undo-email",
    sentence: "undo-email-sentence",
    button: "undo-email-button",
    done: "undo-email-done",
    done_sentence: "undo-email-done-sentence",
    expired_sentence: "undo-email-expired-sentence",
};

/// What happens.
const POINTS: [&str; 4] =
    ["undo-email-address", "undo-email-logged-out", "undo-email-second-factor", "undo-email-password"];

/// Show the page that undoes a change of the email address
///
/// The page of a link that was emailed to the former address of an account, for people: what happens, and a button.
/// Viewing the page changes nothing. Clients that accept `application/json` receive errors as problem details.
#[utoipa::path(
    get, path = PATH, operation_id = "showEmailUndoPage", tag = "Accounts",
    params(LinkPath),
    responses(
        (status = 200, description = "The page", content_type = "text/html", body = String),
        LinkRefusals
    )
)]
pub(crate) async fn show(web: Data<Web>, http: HttpRequest) -> HandlerResult {
    PAGE.show(&web, &http, &POINTS).await
}

/// Undo a change of the email address on its page
///
/// What the button of the page does: restores the former address, ends all login sessions, removes a second factor that
/// was set up since, and mails a link to set a new password. The request body is ignored.
#[utoipa::path(
    post, path = PATH, operation_id = "undoEmailByPage", tag = "Accounts",
    params(LinkPath),
    responses(
        (status = 200, description = "The address is restored", content_type = "text/html", body = String),
        (status = 403, description = "The form was sent by another site", content_type = "text/html", body = String),
        (status = 409, description = "The address belongs to another account", content_type = "text/html",
            body = String),
        LinkRefusals
    )
)]
pub(crate) async fn undo(web: Data<Web>, http: HttpRequest, payload: Payload) -> HandlerResult {
    PAGE.submit(&web, &http, payload, async |view, _| {
        let metadata = web.settings.requests.metadata(&http);
        web.use_cases.change_email.undo(segment(&http, "token"), &metadata).await?;
        PAGE.done(view).respond(view, StatusCode::OK)
    })
    .await
}
