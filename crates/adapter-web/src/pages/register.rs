//! The page on which a new client registers.

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Payload, Query};
use askama::Template;
use attune_application::accounts::{AddUserError, RegisterCommand, RegisterError, Registered};
use attune_domain::Role;
use attune_http_common::{HandlerResult, Problem};
use attune_ports::Password;

use crate::choice::{ChoiceQuery, SUMMARY, slot_path};
use crate::cookies::Cookie;
use crate::fields::Field;
use crate::forms::{Form, refuse_forged};
use crate::pages::new_password::password_problem;
use crate::person::Person;
use crate::shell::{Link, Shell};
use crate::visit::{Section, Visit, home};
use crate::web::Web;

pub(crate) const PATH: &str = "/register";
const PURPOSE: &str = "register";

#[derive(Template)]
#[template(path = "register.html")]
struct Register {
    shell: Shell,
    form_token: String,
    /// The slot that was chosen before.
    hidden: Vec<(&'static str, String)>,
    fields: Vec<Field>,
    button: String,
    links: Vec<Link>,
}

/// `GET /register`
pub(crate) async fn show(web: Data<Web>, http: HttpRequest, Query(chosen): Query<ChoiceQuery>) -> HandlerResult {
    let visit = web.visit(&http).await?;
    if visit.caller.is_some() {
        return visit.redirect(&next(&chosen));
    }
    page(&visit, &chosen, Person::default())
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
    let chosen = ChoiceQuery::read(&mut form);
    let mut typed = Person::read(&mut form);
    let Some(person) = typed.check(view) else { return page(&visit, &chosen, typed) };
    if let Err(limited) = web.limiter(&http)?.registration(web.settings.requests.address(&http)) {
        return visit.refuse(&Problem::from(limited));
    }
    let command = RegisterCommand {
        email: person.email,
        password: Some(Password::new(form.take("password"))),
        first_name: person.first_name,
        last_name: person.last_name,
        time_zone: None,
        language: Some(view.phrases.language()),
        slot: chosen.slot(),
        metadata: web.settings.requests.metadata(&http),
    };
    match web.use_cases.register.run(command).await {
        Ok(Registered::Account { device_token, .. }) => {
            let mut response = visit.log_in_first(&next(&chosen))?;
            Cookie::Device.set(&mut response, &device_token, web.settings.secure)?;
            Ok(response)
        }
        Ok(Registered::Mailed) => visit.say("register-mailed", "register-mailed-sentence", StatusCode::ACCEPTED),
        Err(RegisterError::Closed) => closed(&visit),
        Err(RegisterError::Add(AddUserError::EmailTaken)) => {
            typed.errors.push(("email", view.text("field-email-taken")));
            page(&visit, &chosen, typed)
        }
        Err(RegisterError::Add(AddUserError::Password(problem))) => {
            typed.errors.push(("password", password_problem(view, problem)));
            page(&visit, &chosen, typed)
        }
        Err(error) => visit.refuse(&Problem::from(error)),
    }
}

/// The response where only the practice adds accounts.
pub(crate) fn closed(visit: &Visit<'_>) -> HandlerResult {
    visit.say("register-closed", "register-closed-sentence", StatusCode::FORBIDDEN)
}

/// Where a client goes on who has an account now.
fn next(chosen: &ChoiceQuery) -> String {
    chosen.slot().map_or_else(|| home(Role::Client).0.to_owned(), |slot| slot_path(SUMMARY, &slot))
}

fn page(visit: &Visit<'_>, chosen: &ChoiceQuery, typed: Person) -> HandlerResult {
    let view = &visit.view;
    let is_wrong = !typed.errors.is_empty();
    let password = Field::new("password", "password", view.text("field-password"))
        .autocomplete("new-password")
        .hint(view.text_with("password-hint", &[("min", "12".into())]))
        .error(typed.error("password"));
    let shell = visit.shell(view.text("register"), Section::LogIn);
    let page = Register {
        shell: if is_wrong { view.with_error(shell) } else { shell },
        form_token: visit.form_token(PURPOSE),
        hidden: chosen.hidden(),
        fields: typed.fields(view).into_iter().chain([password]).collect(),
        button: view.text("register-button"),
        links: vec![Link { href: view.href("/login"), text: view.text("link-have-account") }],
    };
    visit.respond(&page, if is_wrong { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK })
}
