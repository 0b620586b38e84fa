//! One person with an account: a client with their appointments, or a therapist.

use actix_web::HttpRequest;
use actix_web::web::{Data, Payload};
use attune_application::accounts::{ManageUserCommand, Proof};
use attune_domain::{Booking, BookingStatus, EmailAddress, PersonName, Role, User, UserId};
use attune_http_common::{Code, HandlerResult, Problem};
use attune_ports::{BookingFilter, BookingPageRequest, Caller, Credentials, PageStart};

use super::rows::booking_row;
use super::{TherapistVisit, VERSION, id, open, paths, receive};
use crate::blocks::{Block, Button, FormBlock};
use crate::own_booking::Names;
use crate::pages::account::changes::step_up;
use crate::shell::Fact;
use crate::typed::Typed;
use crate::visit::Section;
use crate::web::Web;

pub(crate) use super::paths::USER as PATH;

/// Bookings that are shown.
const MAX_BOOKINGS: u32 = 100;

/// `GET /users/{id}`
pub(crate) async fn show(web: Data<Web>, http: HttpRequest) -> HandlerResult {
    open(&web, &http, async |visit| page(visit, Typed::default()).await).await
}

/// `POST /users/{id}`
pub(crate) async fn change(web: Data<Web>, http: HttpRequest, payload: Payload) -> HandlerResult {
    receive(&web, &http, payload, PATH, async |visit, mut typed| {
        let user: UserId = id(visit.http, Code::UserNotFound)?;
        let typed = match submit(visit, &mut typed, user).await {
            Ok(()) if typed.is_refused() => typed,
            Ok(()) => return visit.done(&paths::user(user)),
            Err(problem) => typed.refused(visit.view(), problem)?,
        };
        page(visit, typed).await
    })
    .await
}

async fn submit(visit: &TherapistVisit<'_>, typed: &mut Typed, user: UserId) -> Result<(), Problem> {
    let cases = &visit.web.use_cases;
    let (admin, metadata) = (visit.caller.user.id, visit.metadata());
    match typed.button().to_owned().as_str() {
        "names" => {
            let name = |text: &str| PersonName::parse(text).ok().flatten();
            let first = typed.read_optional(visit.view(), "first_name", "field-name-invalid", name);
            let last = typed.read_optional(visit.view(), "last_name", "field-name-invalid", name);
            let (Some(first_name), Some(last_name)) = (first, last) else { return Ok(()) };
            let change = ManageUserCommand {
                first_name: Some(first_name),
                last_name: Some(last_name),
                version: typed.get(VERSION).parse().ok(),
                ..unchanged(visit, visit.caller.clone(), user)
            };
            cases.manage_user.run(change).await?;
        }
        "email" => {
            let email =
                typed.read(visit.view(), "new_email", "field-email-invalid", |text| EmailAddress::parse(text).ok());
            let Some(email) = email else { return Ok(()) };
            let caller = proven(visit, typed, "email_password").await?;
            cases.change_email.request_for_client(&caller, user, &email, &metadata).await?;
        }
        "invite" => cases.add_client.invite_again(admin, user, &metadata).await?,
        "withdraw" => cases.add_client.withdraw(admin, user, &metadata).await?,
        "admin" | "client" => {
            let role = if typed.button() == "admin" { Role::Admin } else { Role::Client };
            let caller = proven(visit, typed, "role_password").await?;
            cases.manage_user.run(ManageUserCommand { role: Some(role), ..unchanged(visit, caller, user) }).await?;
        }
        "disable" => {
            let command = ManageUserCommand { disabled: Some(true), ..unchanged(visit, visit.caller.clone(), user) };
            cases.manage_user.run(command).await?;
            if typed.has("cancel_bookings") {
                let outcome = cases.upcoming.cancel(admin, user, &metadata).await?;
                // The page shows those that are left.
                for (booking, error) in outcome.failed {
                    tracing::warn!(booking = %booking.id(), %error, "booking of a disabled client not cancelled");
                }
            }
        }
        "enable" => {
            let command = ManageUserCommand { disabled: Some(false), ..unchanged(visit, visit.caller.clone(), user) };
            cases.manage_user.run(command).await?;
        }
        _ => {}
    }
    Ok(())
}

fn unchanged(visit: &TherapistVisit<'_>, admin: Caller, user: UserId) -> ManageUserCommand {
    ManageUserCommand {
        admin,
        user,
        first_name: None,
        last_name: None,
        role: None,
        disabled: None,
        version: None,
        metadata: visit.metadata(),
    }
}

/// The caller after they have typed their password once more.
async fn proven(visit: &TherapistVisit<'_>, typed: &Typed, field: &str) -> Result<Caller, Problem> {
    step_up(visit.web, visit.http, &visit.caller, &Proof::Password(typed.password(field))).await
}

async fn page(visit: &TherapistVisit<'_>, typed: Typed) -> HandlerResult {
    let user: UserId = id(visit.http, Code::UserNotFound)?;
    let Credentials { user, password_hash } =
        visit.web.queries.credentials_of(user).await?.ok_or(Code::UserNotFound)?;
    let mut blocks = vec![about(visit, &user)];
    if !user.disabled {
        let path = format!("{}?client={}", paths::BOOK_FOR, user.id);
        blocks.push(Block::Action(visit.link(&path, "book-for-title")));
    }
    blocks.extend(bookings(visit, &user).await?);
    blocks.push(Block::Heading(visit.text("user-account")));
    blocks.extend(account(visit, &user, password_hash.is_some(), &typed));
    let (section, back) = if user.is_admin() {
        (Section::Practice, visit.link(paths::TEAM, "team-title"))
    } else {
        (Section::Clients, visit.link(paths::CLIENTS, "tab-clients"))
    };
    visit.respond(user.display_name(), section, Some(back), &typed, blocks)
}

fn about(visit: &TherapistVisit<'_>, user: &User) -> Block {
    let fact = |name: &str, value: String, detail: Option<&str>| Fact {
        name: visit.text(name),
        value,
        detail: detail.map(|name| visit.text(name)),
    };
    let is_confirmed = user.email_verified_at.is_some();
    let email = if is_confirmed { "user-email-confirmed" } else { "user-email-unconfirmed" };
    let language = user.language.map(|language| crate::language::name(language).to_owned());
    let zone = user.time_zone.as_ref().map(|zone| zone.as_str().to_owned());
    let mut facts = vec![fact("field-email", user.email.as_str().to_owned(), Some(email))];
    facts.extend(language.map(|language| fact("field-language", language, None)));
    facts.extend(zone.map(|zone| fact("field-zone", zone, None)));
    facts.push(fact("user-since", visit.view().phrases.local_time(user.created_at, &visit.zone).date, None));
    if user.is_admin() {
        let has_factor =
            if user.second_factor_at.is_some() { "user-second-factor-on" } else { "user-second-factor-off" };
        facts.push(fact("user-second-factor", visit.text(has_factor), None));
    }
    if user.disabled {
        facts.push(fact("user-access", visit.text("client-disabled"), None));
    }
    Block::Facts(facts)
}

async fn bookings(visit: &TherapistVisit<'_>, user: &User) -> Result<Vec<Block>, Problem> {
    let filter = BookingFilter { client: Some(user.id), ..BookingFilter::default() };
    let request = BookingPageRequest { limit: MAX_BOOKINGS, start: PageStart::Offset(0) };
    let found = visit.web.queries.bookings(&filter, request).await?;
    let names = Names::of(visit.web, visit.view(), &found.items).await?;
    let now = visit.now();
    let (mut upcoming, past): (Vec<&Booking>, Vec<&Booking>) =
        found.items.iter().partition(|booking| booking.ends_at() > now);
    upcoming.reverse();
    let unpaid = upcoming
        .iter()
        .filter(|booking| booking.status() == BookingStatus::PendingPayment && !booking.hold_has_expired(now));
    let mut blocks: Vec<Block> = unpaid
        .map(|booking| {
            let (amount, when) = (visit.money(booking.price()), visit.when(booking.scheduled_at()));
            let values = [("amount", (&amount).into()), ("when", (&when).into())];
            Block::Note(visit.view().text_with("user-unpaid", &values))
        })
        .collect();
    let mut list = |heading: &str, bookings: &[&Booking], none: &str| {
        blocks.push(Block::Heading(visit.text(heading)));
        blocks.push(if bookings.is_empty() {
            Block::Text(visit.text(none))
        } else {
            Block::Rows(bookings.iter().map(|booking| booking_row(visit, booking, &names, None)).collect())
        });
    };
    list("user-upcoming", &upcoming, "user-no-upcoming");
    if !past.is_empty() {
        list("user-past", &past, "user-no-upcoming");
    }
    Ok(blocks)
}

pub(super) fn names_form(visit: &TherapistVisit<'_>, user: &User, typed: &Typed) -> FormBlock {
    let view = visit.view();
    let name = |name: Option<&PersonName>| name.map(|name| name.as_str().to_owned()).unwrap_or_default();
    let fields = vec![
        typed.input(view, "first_name", "text", "field-first-name", &name(user.first_name.as_ref())).optional(),
        typed.input(view, "last_name", "text", "field-last-name", &name(user.last_name.as_ref())).optional(),
    ];
    let form = visit.form(PATH, fields, "names", "save").versioned(user.version);
    form.action(view.href(&paths::user(user.id)))
}

fn account(visit: &TherapistVisit<'_>, user: &User, has_password: bool, typed: &Typed) -> Vec<Block> {
    let view = visit.view();
    let mut blocks = vec![visit.fold("user-names", typed, names_form(visit, user, typed), Vec::new())];
    let password = |name: &str| {
        typed
            .input(view, name, "password", "account-current-password", "")
            .value(String::new())
            .autocomplete("current-password")
            .hint(view.text("user-password-hint"))
    };
    if !user.is_admin() {
        let fields = vec![typed.input(view, "new_email", "email", "account-new-email", ""), password("email_password")];
        let form = visit.form(PATH, fields, "email", "user-email-button");
        blocks.push(visit.fold("user-email", typed, form, Vec::new()));
        if !has_password && !user.disabled {
            let mut form = visit.form(PATH, Vec::new(), "invite", "user-invite-button");
            form.buttons.push(Button::new("withdraw", visit.text("user-withdraw-button")).quiet());
            blocks.push(visit.fold(
                "user-invitation",
                typed,
                form,
                vec![Block::Text(visit.text("user-invitation-sentence"))],
            ));
        }
    }
    let (value, summary, button, sentence) = if user.is_admin() {
        ("client", "user-revoke-admin", "user-revoke-admin-button", "user-revoke-admin-sentence")
    } else {
        ("admin", "user-grant-admin", "user-grant-admin-button", "user-grant-admin-sentence")
    };
    let form = visit.form(PATH, vec![password("role_password")], value, button);
    blocks.push(visit.fold(summary, typed, form, vec![Block::Text(visit.text(sentence))]));
    blocks.push(access(visit, user, typed));
    blocks
}

fn access(visit: &TherapistVisit<'_>, user: &User, typed: &Typed) -> Block {
    if user.disabled {
        let form = visit.form(PATH, Vec::new(), "enable", "user-enable-button");
        return visit.fold("user-enable", typed, form, Vec::new());
    }
    let fields = if user.is_admin() {
        Vec::new()
    } else {
        vec![typed.check(visit.view(), "cancel_bookings", "user-cancel-bookings", false)]
    };
    let form = visit.form(PATH, fields, "disable", "user-disable-button").danger();
    visit.fold("user-disable", typed, form, vec![Block::Text(visit.text("user-disable-sentence"))])
}
