//! The page on which a new client registers.

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Payload, Query};
use askama::Template;
use attune_application::accounts::{AddUserError, PasswordProblem, RegisterCommand, RegisterError, Registered};
use attune_domain::{ChosenSlot, EmailAddress, PersonName, ServiceId};
use attune_http_common::{HandlerResult, Problem};
use attune_ports::Password;
use jiff::Timestamp;
use serde::Deserialize;

use crate::cookies::Cookie;
use crate::fields::TextField;
use crate::forms::{Form, refuse_forged};
use crate::shell::{Link, Shell};
use crate::visit::{Section, Visit, next_path};
use crate::web::Web;

pub(crate) const PATH: &str = "/register";
const PURPOSE: &str = "register";

/// The slot that was chosen before, and where to go on.
#[derive(Deserialize, Default, Clone)]
pub(crate) struct Chosen {
    #[serde(default)]
    service: String,
    #[serde(default)]
    at: String,
    #[serde(default)]
    next: String,
}

impl Chosen {
    fn slot(&self) -> Option<ChosenSlot> {
        let service: ServiceId = self.service.parse().ok()?;
        let starts_at: Timestamp = self.at.parse().ok()?;
        Some(ChosenSlot { service, starts_at })
    }
}

#[derive(Template)]
#[template(path = "register.html")]
struct Register {
    shell: Shell,
    form_token: String,
    chosen: Chosen,
    fields: Vec<TextField>,
    button: String,
    links: Vec<Link>,
}

/// What was typed and is shown again, with the errors of the fields.
#[derive(Default)]
struct Typed {
    first_name: String,
    last_name: String,
    email: String,
    errors: Vec<(&'static str, String)>,
}

/// `GET /register`
pub(crate) async fn show(web: Data<Web>, http: HttpRequest, Query(chosen): Query<Chosen>) -> HandlerResult {
    let visit = web.visit(&http).await?;
    if visit.caller.is_some() {
        return visit.redirect(&next_path(&chosen.next));
    }
    page(&visit, chosen, Typed::default())
}

/// `POST /register`
pub(crate) async fn register(web: Data<Web>, http: HttpRequest, payload: Payload) -> HandlerResult {
    if let Some(refusal) = refuse_forged(&web, &http).await {
        return refusal;
    }
    let visit = web.visit(&http).await?;
    let mut form = Form::read(&web, &http, payload).await?;
    if let Err(problem) = visit.check_form(&mut form, PURPOSE) {
        return visit.refuse(&problem);
    }
    let view = &visit.view;
    let chosen = Chosen { service: form.take("service"), at: form.take("at"), next: form.take("next") };
    let mut typed = Typed {
        first_name: form.take("first_name"),
        last_name: form.take("last_name"),
        email: form.take("email"),
        errors: Vec::new(),
    };
    let password = Password::new(form.take("password"));
    let mut name = |field: &'static str, text: &str| {
        PersonName::parse(text).unwrap_or_else(|_| {
            typed.errors.push((field, view.text("field-name-invalid")));
            None
        })
    };
    let (first, last) = (typed.first_name.clone(), typed.last_name.clone());
    let (first_name, last_name) = (name("first_name", &first), name("last_name", &last));
    let email = EmailAddress::parse(&typed.email);
    if email.is_err() {
        typed.errors.push(("email", view.text("field-email-invalid")));
    }
    let Some(email) = email.ok().filter(|_| typed.errors.is_empty()) else { return page(&visit, chosen, typed) };
    if let Err(limited) = web.limiter(&http)?.registration(web.settings.requests.address(&http)) {
        return visit.refuse(&Problem::from(limited));
    }
    let metadata = web.settings.requests.metadata(&http);
    let slot = chosen.slot();
    let command = RegisterCommand { email, password, first_name, last_name, time_zone: None, slot, metadata };
    match web.use_cases.register.run(command).await {
        Ok(Registered::Account { device_token, .. }) => {
            let mut response = visit.log_in_first(&next_path(&chosen.next))?;
            Cookie::Device.set(&mut response, &device_token, web.settings.secure)?;
            Ok(response)
        }
        Ok(Registered::Mailed) => visit.say("register-mailed", "register-mailed-sentence", StatusCode::ACCEPTED),
        Err(RegisterError::Closed) => visit.say("register-closed", "register-closed-sentence", StatusCode::FORBIDDEN),
        Err(RegisterError::Add(AddUserError::EmailTaken)) => {
            typed.errors.push(("email", view.text("field-email-taken")));
            page(&visit, chosen, typed)
        }
        Err(RegisterError::Add(AddUserError::Password(problem))) => {
            typed.errors.push(("password", password_problem(&visit, problem)));
            page(&visit, chosen, typed)
        }
        Err(error) => visit.refuse(&Problem::from(error)),
    }
}

/// What is wrong with a new password.
pub(crate) fn password_problem(visit: &Visit<'_>, problem: PasswordProblem) -> String {
    let view = &visit.view;
    match problem {
        PasswordProblem::TooShort(min) => view.text_with("password-too-short", &[("min", (&min.to_string()).into())]),
        PasswordProblem::TooLong => view.text("password-too-long"),
        PasswordProblem::TooCommon => view.text("password-too-common"),
    }
}

fn page(visit: &Visit<'_>, chosen: Chosen, typed: Typed) -> HandlerResult {
    let view = &visit.view;
    let is_wrong = !typed.errors.is_empty();
    let error = |name: &str| typed.errors.iter().find(|(field, _)| *field == name).map(|(_, text)| text.clone());
    let hint = view.text_with("password-hint", &[("min", "12".into())]);
    let fields = vec![
        TextField::new("first_name", "text", view.text("field-first-name"))
            .autocomplete("given-name")
            .optional()
            .value(typed.first_name)
            .error(error("first_name")),
        TextField::new("last_name", "text", view.text("field-last-name"))
            .autocomplete("family-name")
            .optional()
            .value(typed.last_name)
            .error(error("last_name")),
        TextField::new("email", "email", view.text("field-email"))
            .autocomplete("username")
            .value(typed.email)
            .error(error("email")),
        TextField::new("password", "password", view.text("field-password"))
            .autocomplete("new-password")
            .hint(hint)
            .error(error("password")),
    ];
    let shell = visit.shell(view.text("register"), Section::LogIn);
    let page = Register {
        shell: if is_wrong { view.with_error(shell) } else { shell },
        form_token: visit.form_token(PURPOSE),
        chosen,
        fields,
        button: view.text("register-button"),
        links: vec![Link { href: view.href("/login"), text: view.text("link-have-account") }],
    };
    visit.respond(&page, if is_wrong { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK })
}
