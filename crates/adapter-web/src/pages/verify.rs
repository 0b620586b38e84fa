//! The page on which the owner of a new account confirms that the address is theirs.

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Payload};
use attune_domain::{ChosenSlot, OneTimePurpose};
use attune_http_common::HandlerResult;

use super::mailed_link::{LinkPage, LinkPath, LinkRefusals};
use super::message::Message;
use super::{book, book_summary};
use crate::choice::{find_zone, is_free, slot_path};
use crate::cookies::Cookie;
use crate::shell::Link;
use crate::web::{View, Web, segment};

pub(crate) const PATH: &str = "/verify/{token}";

const PAGE: LinkPage = LinkPage {
    purpose: OneTimePurpose::VerifyEmail,
    heading: "verify",
    sentence: "verify-sentence",
    button: "verify-button",
    done: "verify-done",
    done_sentence: "verify-done-sentence",
    expired_sentence: "verify-expired-sentence",
};

/// Show the page that verifies an email address
///
/// The page of the link that was emailed to the owner of a new account, for people: a button. Viewing the page changes
/// nothing. Clients that accept `application/json` receive errors as problem details.
#[utoipa::path(
    get, path = PATH, operation_id = "showVerificationPage", tag = "Accounts",
    params(LinkPath),
    responses(
        (status = 200, description = "The page", content_type = "text/html", body = String),
        LinkRefusals
    )
)]
pub(crate) async fn show(web: Data<Web>, http: HttpRequest) -> HandlerResult {
    PAGE.show(&web, &http, &[]).await
}

/// Verify an email address on its page
///
/// What the button of the page does: opens the account. The page says whether the slot that was chosen at the
/// registration is still free. Sets a cookie by which the browser is recognised at the first login. An account without a
/// password is logged in by cookies, and the page of the chosen slot is the next. The request body is ignored.
#[utoipa::path(
    post, path = PATH, operation_id = "verifyEmailByPage", tag = "Accounts",
    params(LinkPath),
    responses(
        (status = 200, description = "The address is verified", content_type = "text/html", body = String),
        (status = 303, description = "Verified and logged in; the chosen slot is next"),
        (status = 403, description = "The form was sent by another site", content_type = "text/html", body = String),
        LinkRefusals
    )
)]
pub(crate) async fn verify(web: Data<Web>, http: HttpRequest, payload: Payload) -> HandlerResult {
    PAGE.submit(&web, &http, payload, async |view, _| {
        let verified = web.use_cases.verify_email.run(segment(&http, "token"), &web.origin(&http)).await?;
        let mut response = match (&verified.tokens, verified.slot) {
            (Some(_), Some(slot)) => view.redirect(&slot_path(book_summary::PATH, &slot)),
            (Some(tokens), None) => {
                let page = Message::new(view, PAGE.done, "login-done-sentence");
                page.with_home(view, tokens.user.role).respond(view, StatusCode::OK)?
            }
            (None, slot) => {
                let mut page = PAGE.done(view);
                if let Some(slot) = slot {
                    let (sentence, link) = about(&web, view, &slot).await;
                    page.sentences.extend(sentence);
                    page.link = Some(link);
                }
                page.respond(view, StatusCode::OK)?
            }
        };
        match &verified.tokens {
            Some(tokens) => Cookie::keep_login(&mut response, tokens, web.settings.secure)?,
            None => Cookie::Device.set(&mut response, &verified.device_token, web.settings.secure)?,
        }
        Ok(response)
    })
    .await
}

/// A sentence about the slot that was chosen, unless it cannot be looked up now, although the address is verified; and the
/// way on.
async fn about(web: &Web, view: &View<'_>, slot: &ChosenSlot) -> (Option<String>, Link) {
    let is_free = is_free(web, slot.service, slot.therapist, slot.starts_at).await.ok();
    let (path, text) = match is_free {
        Some(true) => (book_summary::PATH, "book-verified-free"),
        Some(false) | None => (book::PATH, "book-verified-taken"),
    };
    let zone = slot.time_zone.as_ref().and_then(|name| find_zone(web, name.as_str()));
    let when = match zone {
        Some(zone) => view.phrases.local_time(slot.starts_at, &zone),
        None => view.practice_time(slot.starts_at),
    };
    let sentence = is_free.map(|is_free| {
        let name = if is_free { "verify-slot-free" } else { "verify-slot-taken" };
        view.text_with(name, &[("when", (&when.full).into())])
    });
    (sentence, Link { href: view.href(&slot_path(path, slot)), text: view.text(text) })
}
