//! The account of the visitor: what they can change, and where they are logged in.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Query};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use attune_domain::{Language, PersonName, User};
use attune_http_common::{HandlerResult, Problem};
use attune_ports::{Caller, LoginSessionView};
use jiff::tz::TimeZone;
use serde::Deserialize;

use self::calendar::CalendarFeed;
use super::new_password::min_chars;
use super::second_factor;
use crate::blocks::{Block, Button, FormBlock};
use crate::fields::{Control, Field, Item};
use crate::language;
use crate::shell::{Link, Shell};
use crate::visit::{Section, Visit};
use crate::web::{View, Web};

pub(crate) mod calendar;
pub(crate) mod changes;

pub(crate) const PATH: &str = "/account";

/// What the list of time zones suggests. Any other name of the IANA database can be typed.
pub(crate) const ZONES: &[&str] = &[
    "Africa/Cairo",
    "Africa/Johannesburg",
    "Africa/Lagos",
    "Africa/Nairobi",
    "America/Argentina/Buenos_Aires",
    "America/Bogota",
    "America/Chicago",
    "America/Denver",
    "America/Halifax",
    "America/Lima",
    "America/Los_Angeles",
    "America/Mexico_City",
    "America/New_York",
    "America/Santiago",
    "America/Sao_Paulo",
    "America/Toronto",
    "Asia/Bangkok",
    "Asia/Dubai",
    "Asia/Hong_Kong",
    "Asia/Jakarta",
    "Asia/Jerusalem",
    "Asia/Kolkata",
    "Asia/Manila",
    "Asia/Seoul",
    "Asia/Shanghai",
    "Asia/Singapore",
    "Asia/Tokyo",
    "Atlantic/Canary",
    "Australia/Perth",
    "Australia/Sydney",
    "Europe/Amsterdam",
    "Europe/Athens",
    "Europe/Berlin",
    "Europe/Brussels",
    "Europe/Dublin",
    "Europe/Helsinki",
    "Europe/Istanbul",
    "Europe/Kyiv",
    "Europe/Lisbon",
    "Europe/London",
    "Europe/Madrid",
    "Europe/Paris",
    "Europe/Rome",
    "Europe/Stockholm",
    "Europe/Vienna",
    "Europe/Warsaw",
    "Europe/Zurich",
    "Pacific/Auckland",
    "Pacific/Honolulu",
    "UTC",
];

/// A form of the account. Its path is also the purpose of its token.
pub(super) fn account_form(visit: &Visit<'_>, path: &str, fields: Vec<Field>, button: &str) -> FormBlock {
    let button = Button::new("", visit.view.text(button));
    FormBlock::new(visit.form_token(path), fields, button).action(visit.view.href(path))
}

/// A form that opens when it is asked for, or when something in it is wrong.
fn folded(view: &View<'_>, summary: &str, is_open: bool, form: FormBlock) -> Block {
    Block::Fold { summary: view.text(summary), is_open, content: vec![Block::Form(form)] }
}

struct SessionRow {
    program: String,
    detail: String,
    /// For the browser of the visitor.
    this: Option<String>,
    /// Ends it. The menu logs this browser out.
    end: Option<FormBlock>,
}

struct Sessions {
    heading: String,
    sentence: String,
    rows: Vec<SessionRow>,
    end_others: Option<FormBlock>,
}

#[derive(Template)]
#[template(path = "account.html")]
struct Account {
    shell: Shell,
    saved: Option<String>,
    /// What is wrong, with links to the fields, which may be far below.
    errors: Vec<Link>,
    /// A second factor that is needed soon.
    due: Option<String>,
    you: String,
    profile: FormBlock,
    calendar: CalendarFeed,
    email_heading: String,
    email: String,
    change_email: Option<Block>,
    password_heading: String,
    password: String,
    change_password: Option<Block>,
    /// For an account without a password, unless its owner has just used a mailed link.
    password_link: Option<FormBlock>,
    second_factor_heading: String,
    second_factor: String,
    second_factor_link: Link,
    sessions: Sessions,
}

/// What was changed.
#[derive(Deserialize)]
pub(crate) struct Saved {
    #[serde(default)]
    saved: String,
}

/// The messages about what was changed.
#[derive(Default)]
pub(super) struct Done {
    account: Option<&'static str>,
    /// Beside what it is about, which is further down.
    calendar: Option<&'static str>,
}

/// What was typed into the profile.
pub(super) struct Profile {
    first_name: String,
    last_name: String,
    preferred_name: String,
    zone: String,
    language: Option<Language>,
}

impl Profile {
    fn of(user: &User) -> Self {
        let name = |name: Option<&PersonName>| name.map(|n| n.as_str().to_owned()).unwrap_or_default();
        Self {
            first_name: name(user.first_name.as_ref()),
            last_name: name(user.last_name.as_ref()),
            preferred_name: name(user.preferred_name.as_ref()),
            zone: user.time_zone.as_ref().map(|zone| zone.as_str().to_owned()).unwrap_or_default(),
            language: user.language,
        }
    }
}

/// What was typed and is shown again, with the errors of the fields.
#[derive(Default)]
pub(super) struct Typed {
    profile: Option<Profile>,
    email: String,
    errors: Vec<(&'static str, String)>,
}

impl Typed {
    fn error(&self, field: &str) -> Option<String> {
        self.errors.iter().find(|(found, _)| *found == field).map(|(_, text)| text.clone())
    }
}

/// Where the visitor has to go first: to the login, or to the second factor that their account needs.
pub(super) fn first(web: &Web, visit: &Visit<'_>) -> Result<Result<Caller, HttpResponse>, Problem> {
    match &visit.caller {
        None => visit.log_in_first(PATH).map(Err),
        Some(caller) if web.use_cases.authenticate.requires_setup(caller) => {
            visit.redirect(second_factor::PATH).map(Err)
        }
        Some(caller) => Ok(Ok(caller.clone())),
    }
}

/// `GET /account`
pub(crate) async fn show(web: Data<Web>, http: HttpRequest, Query(Saved { saved }): Query<Saved>) -> HandlerResult {
    let visit = web.visit(&http).await?;
    let caller = match first(&web, &visit)? {
        Ok(caller) => caller,
        Err(response) => return Ok(response),
    };
    let account = match saved.as_str() {
        "profile" => Some("account-saved-profile"),
        "password" => Some("account-saved-password"),
        "sessions" => Some("account-saved-sessions"),
        "second-factor" => Some("account-saved-second-factor"),
        _ => None,
    };
    let calendar = match saved.as_str() {
        "calendar-added" => Some("account-calendar-added"),
        "calendar-renewed" => Some("account-calendar-renewed"),
        "calendar-removed" => Some("account-calendar-removed"),
        _ => None,
    };
    page(&web, &visit, &caller, Typed::default(), Done { account, calendar }).await
}

/// Whether the account has a password, which it can be asked for.
pub(super) async fn has_password(web: &Web, user: &User) -> Result<bool, Problem> {
    let found = web.queries.credentials_of(user.id).await?;
    Ok(found.is_some_and(|found| found.password_hash.is_some()))
}

pub(super) async fn page(web: &Web, visit: &Visit<'_>, caller: &Caller, typed: Typed, done: Done) -> HandlerResult {
    let (view, user) = (&visit.view, &caller.user);
    let zone = web.use_cases.practice.zone_in(&view.practice, user.time_zone.as_ref());
    let has_password = has_password(web, user).await?;
    let can_set_first = !has_password && caller.session.is_stepped_up(web.clock.now());
    let due_at = web.use_cases.authenticate.second_factor.setup_due_at(user);
    let due = due_at.map(|due_at| {
        let date = view.phrases.local_time(due_at, &zone).full;
        view.text_with("account-second-factor-due", &[("date", (&date).into())])
    });
    let sessions = web.use_cases.login_sessions.list(caller).await?;
    let shell = visit.shell(view.text("account"), Section::Account);
    let is_wrong = !typed.errors.is_empty();
    let page = Account {
        shell: if is_wrong { view.with_error(shell) } else { shell },
        saved: done.account.map(|name| view.text(name)),
        errors: typed
            .errors
            .iter()
            .map(|(field, text)| Link { href: format!("#{field}"), text: text.clone() })
            .collect(),
        due,
        you: view.text("account-you"),
        profile: profile_form(visit, user, &typed),
        calendar: calendar::section(web, visit, caller, done.calendar).await?,
        email_heading: view.text("account-email"),
        email: user.email.as_str().to_owned(),
        change_email: has_password.then(|| email_form(visit, &typed)),
        password_heading: view.text("field-password"),
        password: view.text(if has_password { "account-password-set" } else { "account-password-none" }),
        change_password: (has_password || can_set_first).then(|| password_form(visit, user, has_password, &typed)),
        password_link: (!has_password && !can_set_first)
            .then(|| account_form(visit, changes::PASSWORD_LINK, Vec::new(), "account-password-link")),
        second_factor_heading: view.text("second-factor"),
        second_factor: second_factor_state(view, user, &zone),
        second_factor_link: Link {
            href: view.href(second_factor::PATH),
            text: view.text(match user.second_factor_at {
                Some(_) => "account-second-factor-remove",
                None => "account-second-factor-add",
            }),
        },
        sessions: sessions_of(visit, caller, &sessions, &zone),
    };
    visit.respond(&page, if is_wrong { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK })
}

fn profile_form(visit: &Visit<'_>, user: &User, typed: &Typed) -> FormBlock {
    let view = &visit.view;
    let stored = Profile::of(user);
    let profile = typed.profile.as_ref().unwrap_or(&stored);
    let zone_of_practice = view.practice.time_zone.as_str();
    let field = |name: &'static str, label: &str, value: &str| {
        Field::new(name, "text", view.text(label)).optional().value(value.to_owned()).error(typed.error(name))
    };
    let fields = vec![
        field("first_name", "field-first-name", &profile.first_name).autocomplete("given-name"),
        field("last_name", "field-last-name", &profile.last_name).autocomplete("family-name"),
        field("preferred_name", "account-preferred-name", &profile.preferred_name)
            .autocomplete("nickname")
            .hint(view.text("account-preferred-name-hint")),
        field("zone", "account-zone", &profile.zone)
            .suggestions(ZONES)
            .hint(view.text_with("account-zone-hint", &[("zone", zone_of_practice.into())])),
        language_field(view, profile.language),
    ];
    account_form(visit, changes::PROFILE, fields, "account-save")
}

fn language_field(view: &View<'_>, chosen: Option<Language>) -> Field {
    let chosen = chosen.map_or("", Language::as_str);
    let items = language::items(view.text("account-language-none"));
    let items = items.into_iter().map(|(value, text)| Item::new(value, text, chosen)).collect();
    Field::with("language", view.text("account-language"), Control::Select(items))
        .languages()
        .optional()
        .hint(view.text("account-language-hint"))
}

fn email_form(visit: &Visit<'_>, typed: &Typed) -> Block {
    let view = &visit.view;
    let (email, password) = (typed.error("email"), typed.error("email_password"));
    let is_open = email.is_some() || password.is_some();
    let fields = vec![
        Field::new("email", "email", view.text("account-new-email"))
            .autocomplete("email")
            .value(typed.email.clone())
            .error(email),
        Field::new("email_password", "password", view.text("account-current-password"))
            .autocomplete("current-password")
            .hint(view.text("account-confirm-hint"))
            .error(password),
    ];
    let form = account_form(visit, changes::EMAIL, fields, "account-email-button");
    folded(view, "account-email-change", is_open, form)
}

/// Changes the password, or sets the first one.
fn password_form(visit: &Visit<'_>, user: &User, has_password: bool, typed: &Typed) -> Block {
    let view = &visit.view;
    let (current, new) = (typed.error("current_password"), typed.error("new_password"));
    let is_open = current.is_some() || new.is_some();
    let min = min_chars(user.role).to_string();
    let current = Field::new("current_password", "password", view.text("account-current-password"))
        .autocomplete("current-password")
        .error(current);
    let new = Field::new("new_password", "password", view.text("password"))
        .autocomplete("new-password")
        .hint(view.text_with("password-hint", &[("min", (&min).into())]))
        .error(new);
    let (fields, summary, button) = if has_password {
        (vec![current, new], "account-password-change", "account-password-button")
    } else {
        (vec![new], "account-password-first", "account-password-first-button")
    };
    let form = account_form(visit, changes::PASSWORD, fields, button);
    folded(view, summary, is_open, form)
}

fn second_factor_state(view: &View<'_>, user: &User, zone: &TimeZone) -> String {
    match user.second_factor_at {
        Some(at) => {
            let date = view.phrases.local_time(at, zone).date;
            view.text_with("account-second-factor-on", &[("date", (&date).into())])
        }
        None => view.text("account-second-factor-off"),
    }
}

fn sessions_of(visit: &Visit<'_>, caller: &Caller, sessions: &[LoginSessionView], zone: &TimeZone) -> Sessions {
    let view = &visit.view;
    let form = |button, id: &str| {
        let form = FormBlock::new(visit.form_token(changes::SESSIONS), Vec::new(), button);
        form.action(view.href(changes::SESSIONS)).hidden("session", id)
    };
    let mut rows: Vec<SessionRow> = sessions
        .iter()
        .map(|LoginSessionView { session, user_agent, .. }| {
            let time = |instant| view.phrases.local_time(instant, zone).date_and_time;
            let (since, used) = (time(session.created_at), time(session.rotated_at));
            let program = user_agent.clone().unwrap_or_else(|| view.text("account-session-unknown"));
            let is_this = session.id == caller.session.id;
            let about = [("program", (&program).into()), ("since", (&since).into())];
            let about = format!(" {}", view.text_with("account-session-about", &about));
            let button = Button::new("", view.text("account-session-end")).link(about);
            SessionRow {
                detail: view
                    .text_with("account-session-times", &[("since", (&since).into()), ("used", (&used).into())]),
                this: is_this.then(|| view.text("account-session-this")),
                end: (!is_this).then(|| form(button, &session.id.to_string())),
                program,
            }
        })
        .collect();
    rows.sort_by_key(|row| row.this.is_none());
    let place = view.phrases.local_time(caller.session.rotated_at, zone).zone;
    let end_others = Button::new("", view.text("account-sessions-end")).quiet();
    Sessions {
        heading: view.text("account-sessions"),
        sentence: view.text_with("account-sessions-sentence", &[("zone", (&place).into())]),
        end_others: rows.iter().any(|row| row.this.is_none()).then(|| form(end_others, changes::OTHERS)),
        rows,
    }
}
