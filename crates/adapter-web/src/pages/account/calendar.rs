//! The calendar feed of the account: the part of the page that turns it on and off.

use actix_web::HttpRequest;
use actix_web::web::{Data, Payload};
use askama::Template;
use askama::filters::HtmlSafe;
use attune_http_common::{HandlerResult, Problem};
use attune_ports::Caller;

use super::account_form;
use super::changes::{Received, receive};
use crate::blocks::{BUTTON, Button, FormBlock};
use crate::shell::Link;
use crate::visit::Visit;
use crate::web::Web;

pub(crate) const PATH: &str = "/account/calendar";

const ADD: &str = "add";
const RENEW: &str = "renew";
const REMOVE: &str = "remove";

#[derive(Template)]
#[template(path = "calendar_feed.html")]
pub(super) struct CalendarFeed {
    heading: String,
    /// What was changed.
    done: Option<String>,
    sentence: String,
    content: String,
    on: Option<On>,
    form: FormBlock,
}

/// Its template escapes what it contains.
impl HtmlSafe for CalendarFeed {}

/// A feed that is turned on.
struct On {
    label: String,
    hint: String,
    url: String,
    /// Opens the calendar program of the device, if it has one.
    open: Link,
    copy: String,
    copied: String,
    /// How to subscribe where that link does nothing.
    by_hand: String,
    /// What a new URL is for.
    renew: String,
}

/// `done` is the message about what was changed.
pub(super) async fn section(
    web: &Web,
    visit: &Visit<'_>,
    caller: &Caller,
    done: Option<&str>,
) -> Result<CalendarFeed, Problem> {
    let view = &visit.view;
    let feed = web.use_cases.calendar_feed.show(caller.user.id).await?;
    let mut form = account_form(visit, PATH, Vec::new(), "account-calendar-add");
    form.buttons = match &feed {
        None => vec![Button::new(ADD, view.text("account-calendar-add")).quiet()],
        Some(_) => [(RENEW, "account-calendar-renew"), (REMOVE, "account-calendar-remove")]
            .map(|(value, name)| Button::new(value, view.text(name)).quiet())
            .into(),
    };
    let title = view.text("calendar-entry.title");
    let on = feed.map(|feed| On {
        label: view.text("account-calendar-address"),
        hint: view.text("account-calendar-hint"),
        open: Link { href: webcal(&feed.url), text: view.text("account-calendar-open") },
        url: feed.url,
        copy: view.text("account-calendar-copy"),
        copied: view.text("account-calendar-copied"),
        by_hand: view.text("account-calendar-by-hand"),
        renew: view.text("account-calendar-renew-sentence"),
    });
    Ok(CalendarFeed {
        heading: view.text("account-calendar"),
        done: done.map(|name| view.text(name)),
        sentence: view.text("account-calendar-sentence"),
        content: view.text_with("account-calendar-content", &[("title", (&title).into())]),
        on,
        form,
    })
}

/// The scheme for which devices open a calendar program.
fn webcal(url: &str) -> String {
    url.split_once("://").map_or_else(String::new, |(_, rest)| format!("webcal://{rest}"))
}

/// `POST /account/calendar`
pub(crate) async fn change(web: Data<Web>, http: HttpRequest, payload: Payload) -> HandlerResult {
    let Received { visit, caller, mut form } = match receive(&web, &http, payload, PATH).await? {
        Ok(received) => received,
        Err(response) => return Ok(response),
    };
    let metadata = web.settings.requests.metadata(&http);
    let (feed, user) = (&web.use_cases.calendar_feed, caller.user.id);
    let (changed, saved) = match form.take(BUTTON).as_str() {
        ADD => (feed.turn_on(user, &metadata).await.map(drop), "calendar-added"),
        RENEW => (feed.renew(user, &metadata).await, "calendar-renewed"),
        REMOVE => (feed.turn_off(user, &metadata).await, "calendar-removed"),
        _ => return visit.redirect(super::PATH),
    };
    if let Err(error) = changed {
        return visit.refuse(&Problem::from(error));
    }
    visit.redirect(&format!("{}?saved={saved}#calendar", super::PATH))
}
