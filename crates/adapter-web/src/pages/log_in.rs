//! The page on which a user logs in with email address and password.

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::http::header::LOCATION;
use actix_web::web::{Data, Payload, Query};
use askama::Template;
use attune_application::accounts::{LogInCommand, LogInError};
use attune_http_common::{HandlerResult, Problem};
use attune_ports::Password;
use serde::Deserialize;

use super::book_summary;
use super::forgot_password::LOGIN_LINK;
use crate::cookies::Cookie;
use crate::fields::Field;
use crate::forms::{Form, refuse_forged};
use crate::shell::{Link, Shell};
use crate::visit::{Section, Visit, next_path};
use crate::web::Web;

pub(crate) const PATH: &str = "/login";
const PURPOSE: &str = "login";

/// Where to go on after the login.
#[derive(Deserialize)]
pub(crate) struct Next {
    #[serde(default)]
    next: String,
}

#[derive(Template)]
#[template(path = "log_in.html")]
struct LogIn {
    shell: Shell,
    form_token: String,
    error: Option<String>,
    next: String,
    email: Field,
    password: Field,
    /// For an account with a second factor.
    code: Option<Field>,
    button: String,
    links: Vec<Link>,
}

/// What was typed and is shown again.
struct Typed {
    email: String,
    next: String,
    asks_code: bool,
}

/// `GET /login`
pub(crate) async fn show(web: Data<Web>, http: HttpRequest, Query(Next { next }): Query<Next>) -> HandlerResult {
    let visit = web.visit(&http).await?;
    if let Some(caller) = &visit.caller {
        return visit.redirect(&next_path(&next, caller.user.role));
    }
    page(&visit, Typed { email: String::new(), next, asks_code: false }, None)
}

/// `POST /login`
pub(crate) async fn log_in(web: Data<Web>, http: HttpRequest, payload: Payload) -> HandlerResult {
    if let Some(refusal) = refuse_forged(&web, &http).await {
        return refusal;
    }
    let visit = web.visit(&http).await?;
    let mut form = Form::read(&web, &http, payload).await?;
    if let Err(problem) = visit.check_form(&mut form, PURPOSE) {
        return visit.refuse(&problem);
    }
    let (email, next, code) = (form.take("email"), form.take("next"), form.take("code"));
    let password = Password::new(form.take("password"));
    let address = web.settings.requests.address(&http);
    let limiter = web.limiter(&http)?;
    let attempt = match limiter.login(address).and_then(|()| limiter.password(&email, address)) {
        Ok(attempt) => attempt,
        Err(limited) => return refuse(&visit, Typed { email, next, asks_code: false }, &Problem::from(limited)),
    };
    let code = Some(code).filter(|code| !code.trim().is_empty());
    let command = LogInCommand { email: email.clone(), password, code, origin: web.origin(&http) };
    let error = match web.use_cases.log_in.run(command).await {
        Ok(tokens) => {
            limiter.login_succeeded(&attempt);
            let mut response = visit.redirect(&next_path(&next, tokens.user.role))?;
            debug_assert!(response.headers().contains_key(LOCATION));
            Cookie::keep_login(&mut response, &tokens, web.settings.secure)?;
            return Ok(response);
        }
        Err(error) => error,
    };
    match &error {
        LogInError::InvalidCredentials | LogInError::WrongCode => {}
        LogInError::Disabled | LogInError::EmailNotVerified => limiter.login_succeeded(&attempt),
        LogInError::SecondFactorRequired
        | LogInError::TooManyFailures
        | LogInError::Totp(_)
        | LogInError::Hash(_)
        | LogInError::Sign(_)
        | LogInError::Store(_) => limiter.login_abandoned(&attempt),
    }
    let asks_code = matches!(error, LogInError::SecondFactorRequired | LogInError::WrongCode);
    refuse(&visit, Typed { email, next, asks_code }, &Problem::from(error))
}

fn refuse(visit: &Visit<'_>, typed: Typed, problem: &Problem) -> HandlerResult {
    page(visit, typed, Some(problem))
}

fn page(visit: &Visit<'_>, typed: Typed, problem: Option<&Problem>) -> HandlerResult {
    let view = &visit.view;
    let error = problem.map(|problem| {
        let name = match problem.code.as_str() {
            "invalid_credentials" => "login-wrong",
            "invalid_code" => "login-wrong-code",
            "second_factor_required" => "login-code-needed",
            "account_disabled" => "login-disabled",
            "email_not_verified" => "login-not-verified",
            "too_many_failures" | "too_many_requests" => "login-too-many",
            _ => "page-failed-sentence",
        };
        view.text(name)
    });
    // The mailed link leads back to a slot that was chosen.
    let chosen = typed.next.split_once('?').filter(|(path, _)| *path == book_summary::PATH);
    let login_link = chosen.map_or_else(|| LOGIN_LINK.to_owned(), |(_, query)| format!("{LOGIN_LINK}?{query}"));
    let shell = visit.shell(view.text("log-in"), Section::LogIn);
    let status = problem.map_or(StatusCode::OK, |problem| problem.code.status());
    let page = LogIn {
        shell: if error.is_some() { view.with_error(shell) } else { shell },
        form_token: visit.form_token(PURPOSE),
        error,
        next: typed.next,
        email: Field::new("email", "email", view.text("field-email")).autocomplete("username").value(typed.email),
        password: Field::new("password", "password", view.text("field-password")).autocomplete("current-password"),
        code: typed.asks_code.then(|| {
            let hint = view.text("login-code-hint");
            Field::new("code", "text", view.text("field-code")).autocomplete("one-time-code").hint(hint)
        }),
        button: view.text("log-in"),
        links: vec![
            Link { href: view.href("/forgot-password"), text: view.text("link-forgot") },
            Link { href: view.href(&login_link), text: view.text("link-login-link") },
            Link { href: view.href("/register"), text: view.text("link-register") },
        ],
    };
    visit.respond(&page, status)
}
