//! The clients of the practice: search, and adding one who calls.

use actix_web::HttpRequest;
use actix_web::web::{Data, Payload};
use attune_application::accounts::AddClientCommand;
use attune_domain::{EmailAddress, Language, PersonName, PersonSearch, Role, TimeZoneName, User};
use attune_http_common::{HandlerResult, Problem};
use attune_ports::{PageRequest, UserFilter};

use super::inputs::language_field;
use super::rows::pages;
use super::{TherapistVisit, open, paths, receive};
use crate::blocks::{Block, FormBlock, Row};
use crate::own_booking::Tag;
use crate::typed::Typed;
use crate::visit::Section;
use crate::web::Web;

pub(crate) use super::paths::CLIENTS as PATH;

/// People on a page.
const PER_PAGE: u32 = 50;

/// `GET /clients`
pub(crate) async fn show(web: Data<Web>, http: HttpRequest) -> HandlerResult {
    open(&web, &http, async |visit| page(visit, Typed::default()).await).await
}

/// `POST /clients`
pub(crate) async fn add(web: Data<Web>, http: HttpRequest, payload: Payload) -> HandlerResult {
    receive(&web, &http, payload, PATH, async |visit, mut typed| {
        if typed.button() == "search" {
            return page(visit, typed).await;
        }
        let typed = match submit(visit, &mut typed).await {
            Ok(Some(user)) if typed.has("book") => {
                return visit.visit.redirect(&format!("{}?client={}", paths::BOOK_FOR, user.id));
            }
            Ok(Some(user)) => return visit.done(&paths::user(user.id)),
            Ok(None) => typed,
            Err(problem) => typed.refused(visit.view(), problem)?,
        };
        page(visit, typed).await
    })
    .await
}

async fn submit(visit: &TherapistVisit<'_>, typed: &mut Typed) -> Result<Option<User>, Problem> {
    let view = visit.view();
    let name = |text: &str| PersonName::parse(text).ok().flatten();
    let first_name = typed.read_optional(view, "first_name", "field-name-invalid", name);
    let last_name = typed.read_optional(view, "last_name", "field-name-invalid", name);
    let email = typed.read(view, "email", "field-email-invalid", |text| EmailAddress::parse(text).ok());
    let time_zone = typed
        .read_optional(view, "zone", "account-zone-invalid", |text| TimeZoneName::parse(&text.replace(' ', "_")).ok());
    let (Some(first_name), Some(last_name), Some(email), Some(time_zone)) = (first_name, last_name, email, time_zone)
    else {
        return Ok(None);
    };
    let command = AddClientCommand {
        admin: visit.caller.user.id,
        email,
        first_name,
        last_name,
        time_zone,
        language: Language::parse(typed.get("language")),
        invite: typed.has("invite"),
        metadata: visit.metadata(),
    };
    Ok(Some(visit.web.use_cases.add_client.run(command).await?))
}

async fn page(visit: &TherapistVisit<'_>, typed: Typed) -> HandlerResult {
    let view = visit.view();
    // Not in the URL, because names are personal.
    let q = typed.get("q").to_owned();
    let offset = visit.parameter("from").parse::<u64>().unwrap_or(0);
    let search = PersonSearch::parse(&q).filter(|_| q.chars().count() <= PersonSearch::MAX_CHARS);
    let filter = UserFilter { search, role: Some(Role::Client), disabled: None };
    let found = visit.web.queries.users(&filter, PageRequest { limit: PER_PAGE, offset }).await?;
    let field = typed.input(view, "q", "search", "clients-search", "").optional();
    let field = field.hint(view.text("clients-search-hint"));
    let form = visit.form(PATH, vec![field], "search", "search").quiet();
    let mut blocks = vec![Block::Form(form)];
    let row = |user: &User| Row {
        title: user.display_name(),
        href: Some(view.href(&paths::user(user.id))),
        tag: user.disabled.then(|| Tag { state: "stop", text: visit.text("client-disabled") }),
        details: vec![user.email.as_str().to_owned()],
        ..Row::default()
    };
    blocks.push(match found.items.is_empty() {
        true if q.is_empty() => Block::Text(visit.text("clients-none")),
        true => Block::Text(visit.text("clients-none-found")),
        false => Block::Rows(found.items.iter().map(row).collect()),
    });
    if q.is_empty() {
        blocks.extend(pages(visit, &format!("{PATH}?"), offset, PER_PAGE, found.total));
    } else if found.total > u64::from(PER_PAGE) {
        blocks.push(Block::Text(visit.text("clients-too-many")));
    }
    blocks.push(visit.fold("clients-add", &typed, add_form(visit, &typed), Vec::new()));
    visit.respond(visit.text("tab-clients"), Section::Clients, None, &typed, blocks)
}

fn add_form(visit: &TherapistVisit<'_>, typed: &Typed) -> FormBlock {
    let view = visit.view();
    let fields = vec![
        typed.input(view, "first_name", "text", "field-first-name", "").optional(),
        typed.input(view, "last_name", "text", "field-last-name", "").optional(),
        typed.input(view, "email", "email", "field-email", ""),
        language_field(visit, typed, "language", None),
        typed
            .input(view, "zone", "text", "field-zone", "")
            .optional()
            .hint(view.text("field-zone-hint"))
            .suggestions(crate::pages::account::ZONES),
        typed.check(view, "invite", "clients-invite", true),
        typed.check(view, "book", "clients-book-next", !visit.parameter("book").is_empty()),
    ];
    visit.form(PATH, fields, "add", "clients-add-button")
}
