//! The pages on which a user asks for a link: to set a new password, or to log in without one.

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Payload, Query};
use askama::Template;
use attune_domain::EmailAddress;
use attune_http_common::{HandlerResult, Problem};

use crate::choice::ChoiceQuery;
use crate::fields::Field;
use crate::forms::{Form, refuse_forged};
use crate::shell::{Link, Shell};
use crate::visit::{Section, Visit};
use crate::web::Web;

pub(crate) const FORGOT: &str = "/forgot-password";
pub(crate) const LOGIN_LINK: &str = "/login-link";

/// A page, by the names of its messages.
struct Ask {
    purpose: &'static str,
    heading: &'static str,
    sentence: &'static str,
}

const PASSWORD: Ask = Ask { purpose: "forgot-password", heading: "forgot", sentence: "forgot-sentence" };
const LOGIN: Ask = Ask { purpose: "login-link", heading: "login-link-heading", sentence: "login-link-sentence" };

#[derive(Template)]
#[template(path = "ask_link.html")]
struct AskLink {
    shell: Shell,
    form_token: String,
    /// The slot that was chosen before.
    hidden: Vec<(&'static str, String)>,
    sentence: String,
    email: Field,
    button: String,
    links: Vec<Link>,
}

/// `GET /forgot-password`
pub(crate) async fn show_password(web: Data<Web>, http: HttpRequest) -> HandlerResult {
    page(&web.visit(&http).await?, &PASSWORD, &ChoiceQuery::default(), String::new(), None)
}

/// `GET /login-link`
pub(crate) async fn show_login(web: Data<Web>, http: HttpRequest, Query(chosen): Query<ChoiceQuery>) -> HandlerResult {
    page(&web.visit(&http).await?, &LOGIN, &chosen, String::new(), None)
}

/// `POST /forgot-password`
pub(crate) async fn ask_password(web: Data<Web>, http: HttpRequest, payload: Payload) -> HandlerResult {
    ask(&web, &http, payload, &PASSWORD).await
}

/// `POST /login-link`
pub(crate) async fn ask_login(web: Data<Web>, http: HttpRequest, payload: Payload) -> HandlerResult {
    ask(&web, &http, payload, &LOGIN).await
}

/// The response is the same for every address.
async fn ask(web: &Web, http: &HttpRequest, payload: Payload, ask: &Ask) -> HandlerResult {
    if let Some(refusal) = refuse_forged(web, http).await {
        return refusal;
    }
    let visit = web.visit(http).await?;
    let mut form = Form::read(web, http, payload).await?;
    if let Err(problem) = visit.check_form(&mut form, ask.purpose) {
        return visit.refuse(&problem);
    }
    let (chosen, typed) = (ChoiceQuery::read(&mut form), form.take("email"));
    let Ok(email) = EmailAddress::parse(&typed) else {
        return page(&visit, ask, &chosen, typed, Some("field-email-invalid"));
    };
    if let Err(limited) = web.limiter(http)?.recovery(web.settings.requests.address(http)) {
        return visit.refuse(&Problem::from(limited));
    }
    if ask.purpose == PASSWORD.purpose {
        web.use_cases.request_link.reset_password(&email).await?;
    } else {
        web.use_cases.request_link.log_in(&email, chosen.slot()).await?;
    }
    visit.say("link-mailed", "link-mailed-sentence", StatusCode::ACCEPTED)
}

fn page(visit: &Visit<'_>, ask: &Ask, chosen: &ChoiceQuery, typed: String, error: Option<&str>) -> HandlerResult {
    let view = &visit.view;
    let shell = visit.shell(view.text(ask.heading), Section::LogIn);
    let page = AskLink {
        shell: if error.is_some() { view.with_error(shell) } else { shell },
        form_token: visit.form_token(ask.purpose),
        hidden: chosen.hidden(),
        sentence: view.text(ask.sentence),
        email: Field::new("email", "email", view.text("field-email"))
            .autocomplete("username")
            .value(typed)
            .error(error.map(|name| view.text(name))),
        button: view.text("ask-link-button"),
        links: vec![Link { href: view.href("/login"), text: view.text("log-in") }],
    };
    visit.respond(&page, if error.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK })
}
