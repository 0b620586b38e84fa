//! The forms of the account page. Each goes to a path of its own, which leads back to the page.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use attune_application::accounts::{
    ChangePasswordCommand, ChangePasswordError, EndLoginSessionError, OwnPasswordError, Proof, UpdateProfileCommand,
    UpdateProfileError,
};
use attune_domain::{EmailAddress, Language, LoginSessionId, PersonName, TimeZoneName};
use attune_http_common::{Code, HandlerResult, Problem};
use attune_ports::{Caller, Password};

use super::calendar;
use super::{Done, PATH, Profile, Typed, first, has_password, page};
use crate::blocks::BUTTON;
use crate::forms::{Form, refuse_forged};
use crate::pages::message::Message;
use crate::pages::new_password::password_problem;
use crate::shell::Link;
use crate::visit::{Section, Visit, back_to};
use crate::web::Web;

pub(crate) const PROFILE: &str = "/account/profile";
pub(crate) const EMAIL: &str = "/account/email";
pub(crate) const PASSWORD: &str = "/account/password";
pub(crate) const PASSWORD_LINK: &str = "/account/password-link";
pub(crate) const SESSIONS: &str = "/account/sessions";

/// The value of the button that ends all login sessions but one.
pub(super) const OTHERS: &str = "others";

/// A form of ours from a visitor who is logged in.
pub(crate) struct Received<'a> {
    pub(crate) visit: Visit<'a>,
    pub(crate) caller: Caller,
    pub(crate) form: Form,
}

/// Reads a form, also from a visitor who has to set up a second factor first. `Err` is the response to one that is not
/// handled.
pub(crate) async fn receive_for_setup<'a>(
    web: &'a Web,
    http: &HttpRequest,
    payload: Payload,
    path: &str,
) -> Result<Result<Received<'a>, HttpResponse>, Problem> {
    if let Some(refusal) = refuse_forged(web, http).await {
        return refusal.map(Err);
    }
    let visit = web.visit(http).await?;
    let mut form = Form::read(web, http, payload).await?;
    let Some(caller) = visit.caller.clone() else { return visit.log_in_first(PATH).map(Err) };
    if let Err(problem) = visit.check_form(&mut form, path) {
        return visit.refuse(&problem).map(Err);
    }
    Ok(Ok(Received { visit, caller, form }))
}

async fn receive<'a>(
    web: &'a Web,
    http: &HttpRequest,
    payload: Payload,
    path: &str,
) -> Result<Result<Received<'a>, HttpResponse>, Problem> {
    match receive_for_setup(web, http, payload, path).await? {
        Ok(received) => Ok(first(web, &received.visit)?.map(|_| received)),
        Err(response) => Ok(Err(response)),
    }
}

/// The caller as stored at this moment, after a step-up.
pub(crate) async fn step_up(web: &Web, http: &HttpRequest, caller: &Caller, proof: &Proof) -> Result<Caller, Problem> {
    let metadata = web.settings.requests.metadata(http);
    web.use_cases.step_up.run(caller, proof, &metadata).await?;
    web.queries.caller(caller.session.id).await?.ok_or_else(|| Code::InvalidToken.into())
}

/// The message beside the field with a password or a code, if that is what is wrong.
pub(crate) fn guess_error(problem: &Problem) -> Option<&'static str> {
    let known = [
        (Code::InvalidCredentials, "account-password-wrong"),
        (Code::InvalidCode, "account-code-wrong"),
        (Code::TooManyFailures, "account-too-many"),
    ];
    known.into_iter().find(|(code, _)| *code == problem.code).map(|(_, name)| name)
}

/// `GET` of the path of a form: the page was loaded again, or in another language.
pub(crate) async fn back(web: Data<Web>, http: HttpRequest) -> HandlerResult {
    back_to(PATH, &web, &http).await
}

/// `POST /account/profile`
pub(crate) async fn profile(web: Data<Web>, http: HttpRequest, payload: Payload) -> HandlerResult {
    let Received { visit, caller, mut form } = match receive(&web, &http, payload, PROFILE).await? {
        Ok(received) => received,
        Err(response) => return Ok(response),
    };
    let view = &visit.view;
    let profile = Profile {
        first_name: form.take("first_name"),
        last_name: form.take("last_name"),
        preferred_name: form.take("preferred_name"),
        zone: form.take("zone"),
        language: Language::parse(&form.take("language")),
    };
    let mut errors = Vec::new();
    let mut name = |field: &'static str, text: &str| {
        PersonName::parse(text).unwrap_or_else(|_| {
            errors.push((field, view.text("field-name-invalid")));
            None
        })
    };
    let first_name = name("first_name", &profile.first_name);
    let last_name = name("last_name", &profile.last_name);
    let preferred_name = name("preferred_name", &profile.preferred_name);
    // Names of cities are written with a blank elsewhere.
    let zone = profile.zone.trim().replace(' ', "_");
    let time_zone = if zone.is_empty() { Ok(None) } else { TimeZoneName::parse(&zone).map(Some) };
    let time_zone = time_zone.unwrap_or_else(|_| {
        errors.push(("zone", view.text("account-zone-invalid")));
        None
    });
    if errors.is_empty() {
        let command = UpdateProfileCommand {
            user: caller.user.id,
            first_name: Some(first_name),
            last_name: Some(last_name),
            preferred_name: Some(preferred_name),
            time_zone: Some(time_zone),
            language: Some(profile.language),
            notify: None,
            agenda_at: None,
            metadata: web.settings.requests.metadata(&http),
        };
        match web.use_cases.update_profile.run(command).await {
            Ok(_) => return visit.redirect("/account?saved=profile"),
            Err(UpdateProfileError::UnknownTimeZone) => errors.push(("zone", view.text("account-zone-invalid"))),
            Err(error) => return visit.refuse(&Problem::from(error)),
        }
    }
    page(&web, &visit, &caller, Typed { profile: Some(profile), errors, ..Typed::default() }, Done::default()).await
}

/// `POST /account/email`
pub(crate) async fn email(web: Data<Web>, http: HttpRequest, payload: Payload) -> HandlerResult {
    let Received { visit, caller, mut form } = match receive(&web, &http, payload, EMAIL).await? {
        Ok(received) => received,
        Err(response) => return Ok(response),
    };
    let view = &visit.view;
    let email = form.take("email");
    let proof = Proof::Password(Password::new(form.take("email_password")));
    let refused = |field, message: &str| Typed {
        email: email.clone(),
        errors: vec![(field, view.text(message))],
        ..Typed::default()
    };
    let new = match EmailAddress::parse(&email) {
        Ok(new) if new == caller.user.email => {
            return page(&web, &visit, &caller, refused("email", "account-email-same"), Done::default()).await;
        }
        Ok(new) => new,
        Err(_) => return page(&web, &visit, &caller, refused("email", "field-email-invalid"), Done::default()).await,
    };
    let stepped_up = match step_up(&web, &http, &caller, &proof).await {
        Ok(caller) => caller,
        Err(problem) => {
            return match guess_error(&problem) {
                Some(message) => page(&web, &visit, &caller, refused("email_password", message), Done::default()).await,
                None => visit.refuse(&problem),
            };
        }
    };
    let metadata = web.settings.requests.metadata(&http);
    if let Err(error) = web.use_cases.change_email.request(&stepped_up, &new, &metadata).await {
        return visit.refuse(&Problem::from(error));
    }
    mailed(&visit, "account-email-mailed", new.as_str())
}

/// `POST /account/password`
pub(crate) async fn password(web: Data<Web>, http: HttpRequest, payload: Payload) -> HandlerResult {
    let Received { visit, caller, mut form } = match receive(&web, &http, payload, PASSWORD).await? {
        Ok(received) => received,
        Err(response) => return Ok(response),
    };
    let current =
        if has_password(&web, &caller.user).await? { Some(Password::new(form.take("current_password"))) } else { None };
    let command = ChangePasswordCommand {
        caller: caller.clone(),
        current,
        new: Password::new(form.take("new_password")),
        metadata: web.settings.requests.metadata(&http),
    };
    let error = match web.use_cases.change_password.run(command).await {
        Ok(()) => return visit.redirect("/account?saved=password"),
        Err(ChangePasswordError::Password(problem)) => ("new_password", password_problem(&visit.view, problem)),
        Err(ChangePasswordError::Current(OwnPasswordError::StepUpRequired)) => {
            ("password", visit.view.text("account-password-expired"))
        }
        Err(error) => {
            let problem = Problem::from(error);
            let Some(message) = guess_error(&problem) else { return visit.refuse(&problem) };
            ("current_password", visit.view.text(message))
        }
    };
    page(&web, &visit, &caller, Typed { errors: vec![error], ..Typed::default() }, Done::default()).await
}

/// `POST /account/password-link`
pub(crate) async fn password_link(web: Data<Web>, http: HttpRequest, payload: Payload) -> HandlerResult {
    let Received { visit, caller, .. } = match receive_for_setup(&web, &http, payload, PASSWORD_LINK).await? {
        Ok(received) => received,
        Err(response) => return Ok(response),
    };
    if let Err(limited) = web.limiter(&http)?.recovery(web.settings.requests.address(&http)) {
        return visit.refuse(&Problem::from(limited));
    }
    web.use_cases.request_link.reset_password(&caller.user.email).await?;
    mailed(&visit, "account-password-mailed", caller.user.email.as_str())
}

/// `POST /account/sessions`
pub(crate) async fn sessions(web: Data<Web>, http: HttpRequest, payload: Payload) -> HandlerResult {
    let Received { visit, caller, mut form } = match receive(&web, &http, payload, SESSIONS).await? {
        Ok(received) => received,
        Err(response) => return Ok(response),
    };
    let metadata = web.settings.requests.metadata(&http);
    let which = form.take("session");
    if which == OTHERS {
        web.use_cases.login_sessions.end_others(&caller, &metadata).await?;
    } else if let Ok(id) = which.parse::<LoginSessionId>() {
        match web.use_cases.login_sessions.end(&caller, id, &metadata).await {
            // It ended in the meantime.
            Ok(()) | Err(EndLoginSessionError::NotFound) => {}
            Err(error) => return visit.refuse(&Problem::from(error)),
        }
    }
    visit.redirect("/account?saved=sessions")
}

/// `POST /account/calendar`
pub(crate) async fn calendar(web: Data<Web>, http: HttpRequest, payload: Payload) -> HandlerResult {
    let Received { visit, caller, mut form } = match receive(&web, &http, payload, calendar::PATH).await? {
        Ok(received) => received,
        Err(response) => return Ok(response),
    };
    let metadata = web.settings.requests.metadata(&http);
    let (feed, user) = (&web.use_cases.calendar_feed, caller.user.id);
    let saved = match form.take(BUTTON).as_str() {
        calendar::ADD => feed.turn_on(user, &metadata).await.map(|_| "calendar-added")?,
        // It may have been turned off in the meantime.
        calendar::RENEW if feed.renew(user, &metadata).await? => "calendar-renewed",
        calendar::RENEW => "calendar-removed",
        calendar::REMOVE => feed.turn_off(user, &metadata).await.map(|()| "calendar-removed")?,
        _ => return visit.redirect(PATH),
    };
    visit.redirect(&format!("{PATH}?saved={saved}#calendar"))
}

/// Says to which address a link was sent.
fn mailed(visit: &Visit<'_>, sentence: &str, email: &str) -> HandlerResult {
    let view = &visit.view;
    let page = Message {
        shell: visit.shell(view.text("link-mailed"), Section::Account),
        sentences: vec![view.text_with(sentence, &[("email", email.into())])],
        link: Some(Link { href: view.href(PATH), text: view.text("account-back") }),
    };
    visit.respond(&page, StatusCode::ACCEPTED)
}
