//! A page that says one thing.

use actix_web::http::StatusCode;
use askama::Template;
use attune_domain::Role;
use attune_http_common::{HandlerResult, Problem};

use crate::response::Head;
use crate::shell::{Link, Shell};
use crate::visit::home;
use crate::web::View;

/// A heading, a few sentences, and the way on.
#[derive(Template)]
#[template(path = "message.html")]
pub(crate) struct Message {
    pub(crate) shell: Shell,
    pub(crate) sentences: Vec<String>,
    pub(crate) link: Option<Link>,
}

impl Message {
    /// By the names of the messages.
    pub(crate) fn new(view: &View<'_>, heading: &str, sentence: &str) -> Self {
        Self { shell: view.shell(view.text(heading)), sentences: vec![view.text(sentence)], link: None }
    }

    /// With a link that loads the page again.
    pub(crate) fn with_retry(mut self, view: &View<'_>) -> Self {
        self.link = Some(Link { href: String::new(), text: view.text("try-again") });
        self
    }

    /// With a link to where people with this role begin.
    pub(crate) fn with_home(mut self, view: &View<'_>, role: Role) -> Self {
        let (path, name) = home(role);
        self.link = Some(Link { href: view.href(path), text: view.text(name) });
        self
    }

    pub(crate) fn respond(&self, view: &View<'_>, status: StatusCode) -> HandlerResult {
        view.respond(self, status)
    }

    /// As the response to a failed request. If the failure is ours, a link loads the page again.
    pub(crate) fn respond_to(self, view: &View<'_>, problem: &Problem) -> HandlerResult {
        let status = problem.code.status();
        let page = if status.is_server_error() { self.with_retry(view) } else { self };
        view.respond(&page, Head { status, retry_after: problem.retry_after, ..Head::default() })
    }
}
