//! The calendar feed of the account: the part of the page that turns it on and off.

use askama::Template;
use askama::filters::HtmlSafe;
use attune_http_common::Problem;
use attune_ports::Caller;

use crate::blocks::{Button, FormBlock};
use crate::shell::Link;
use crate::visit::Visit;
use crate::web::Web;

pub(crate) const PATH: &str = "/account/calendar";

/// The values of the buttons.
pub(super) const ADD: &str = "add";
pub(super) const RENEW: &str = "renew";
pub(super) const REMOVE: &str = "remove";

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
    let button = |value, name: &str| Button::new(value, view.text(name)).quiet();
    let first = match &feed {
        None => button(ADD, "account-calendar-add"),
        Some(_) => button(RENEW, "account-calendar-renew"),
    };
    let mut form = FormBlock::new(visit.form_token(PATH), Vec::new(), first).action(view.href(PATH));
    form.buttons.extend(feed.as_ref().map(|_| button(REMOVE, "account-calendar-remove")));
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
