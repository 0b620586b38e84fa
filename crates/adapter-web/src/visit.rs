//! Who visits a page: a browser, with or without a login session.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use attune_domain::Role;
use attune_http_common::{Code, HandlerResult, Problem};
use attune_ports::Caller;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use url::form_urlencoded;

use crate::cookies::Cookie;
use crate::forms::Form;
use crate::pages::message::Message;
use crate::response::Head;
use crate::shell::{AccountMenu, Shell, Tab};
use crate::web::{View, Web};

/// The hidden field of a form with its token.
pub(crate) const FORM_TOKEN: &str = "form_token";

/// A visitor, and the view in their language.
pub(crate) struct Visit<'a> {
    web: &'a Web,
    pub(crate) view: View<'a>,
    pub(crate) caller: Option<Caller>,
    /// What binds forms to this browser: the token of the login session, or a random text.
    key: String,
    /// Whether the browser does not have that random text yet.
    is_new: bool,
}

/// An entry of the main menu.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Section {
    Book,
    Appointments,
    Today,
    Week,
    Clients,
    Practice,
    Account,
    LogIn,
    /// None of them.
    Other,
}

impl Web {
    /// Reads the login session of the browser. Accounts that have to set up a second factor first are treated as the account
    /// page does: nothing else is shown to them.
    pub(crate) async fn visit(&self, http: &HttpRequest) -> Result<Visit<'_>, Problem> {
        let secure = self.settings.secure;
        let token = Cookie::LoginSession.of(http, secure);
        let sessions = &self.use_cases.browser_sessions;
        // Browsers say this of the requests of scripts.
        let is_of_script = http.headers().get("sec-fetch-dest").is_some_and(|dest| dest == "empty");
        let caller = match &token {
            Some(token) if is_of_script => sessions.caller_of_script(token).await?,
            Some(token) => sessions.caller(token).await?,
            None => None,
        };
        let view = self.view_for(http, caller.as_ref().and_then(|caller| caller.user.language)).await;
        let kept = token.filter(|_| caller.is_some()).or_else(|| Cookie::Form.of(http, secure));
        let is_new = kept.is_none();
        let key = kept.unwrap_or_else(|| URL_SAFE_NO_PAD.encode(self.random.random_bytes()));
        Ok(Visit { web: self, view, caller, key, is_new })
    }
}

impl Visit<'_> {
    /// The token for the hidden field of a form.
    pub(crate) fn form_token(&self, purpose: &str) -> String {
        self.web.forms.sign_form(&self.key, purpose)
    }

    /// Refuses a form that was not made for this visitor and purpose.
    pub(crate) fn check_form(&self, form: &mut Form, purpose: &str) -> Result<(), Problem> {
        let token = form.take(FORM_TOKEN);
        let is_genuine = !self.is_new && self.web.forms.is_genuine_form(&token, &self.key, purpose);
        if is_genuine { Ok(()) } else { Err(Code::Forbidden.into()) }
    }

    /// The frame of a page with this heading, with the menus of the visitor.
    pub(crate) fn shell(&self, heading: String, section: Section) -> Shell {
        let tab = |of: Section, path: &str, name: &str| Tab {
            href: self.view.href(path),
            text: self.view.text(name),
            is_current: of == section,
        };
        let mut shell = self.view.shell(heading);
        let is_therapist = self.caller.as_ref().is_some_and(|caller| caller.user.is_admin());
        if is_therapist {
            let tabs = [
                (Section::Today, "/today", "tab-today"),
                (Section::Week, "/week", "tab-week"),
                (Section::Clients, "/clients", "tab-clients"),
                (Section::Practice, "/practice", "tab-practice"),
            ];
            shell.tabs.extend(tabs.map(|(of, path, name)| tab(of, path, name)));
        } else {
            shell.tabs.push(tab(Section::Book, "/book", "tab-book"));
        }
        if let Some(caller) = &self.caller {
            if !is_therapist {
                shell.tabs.push(tab(Section::Appointments, "/appointments", "tab-appointments"));
            }
            shell.tabs.push(tab(Section::Account, "/account", "tab-account"));
            shell.account = Some(AccountMenu {
                name: caller.user.display_name(),
                log_out: self.view.text("log-out"),
                action: self.view.href("/logout"),
                form_token: self.form_token("logout"),
            });
        } else {
            shell.tabs.push(tab(Section::LogIn, "/login", "tab-login"));
        }
        shell
    }

    /// Renders a page for the visitor.
    pub(crate) fn respond(&self, page: &impl Template, head: impl Into<Head>) -> HandlerResult {
        let mut response = self.view.respond(page, head)?;
        self.keep(&mut response)?;
        Ok(response)
    }

    /// Lets the browser keep what binds forms to it.
    fn keep(&self, response: &mut HttpResponse) -> Result<(), Problem> {
        if self.is_new { Cookie::Form.set(response, &self.key, self.web.settings.secure) } else { Ok(()) }
    }

    /// A page that says one thing.
    pub(crate) fn say(&self, heading: &str, sentence: &str, status: StatusCode) -> HandlerResult {
        let shell = self.shell(self.view.text(heading), Section::Other);
        self.respond(&Message { shell, ..Message::new(&self.view, heading, sentence) }, status)
    }

    /// The response to a failed request.
    pub(crate) fn refuse(&self, problem: &Problem) -> HandlerResult {
        let status = problem.code.status();
        let (heading, sentence) = match (problem.code, status) {
            (Code::Forbidden, _) => ("forged", "forged-sentence"),
            (_, StatusCode::NOT_FOUND) => ("not-found", "not-found-sentence"),
            _ => ("failed", "page-failed-sentence"),
        };
        let shell = self.shell(self.view.text(heading), Section::Other);
        let message = Message { shell, ..Message::new(&self.view, heading, sentence) };
        let message = if status.is_server_error() { message.with_retry(&self.view) } else { message };
        self.respond(&message, Head { status, retry_after: problem.retry_after, ..Head::default() })
    }

    /// Sends the visitor to a path of ours.
    pub(crate) fn redirect(&self, path: &str) -> HandlerResult {
        let mut response = self.view.redirect(path);
        self.keep(&mut response)?;
        Ok(response)
    }

    /// Sends a visitor who is not logged in to the login page, which comes back to `next`.
    pub(crate) fn log_in_first(&self, next: &str) -> HandlerResult {
        let query = form_urlencoded::Serializer::new(String::new()).append_pair("next", next).finish();
        self.redirect(&format!("/login?{query}"))
    }
}

/// Sends the visitor to a page, with the query of this request.
pub(crate) async fn back_to(path: &str, web: &Web, http: &HttpRequest) -> HandlerResult {
    let visit = web.visit(http).await?;
    match http.query_string() {
        "" => visit.redirect(path),
        query => visit.redirect(&format!("{path}?{query}")),
    }
}

/// Where people with this role begin, and the name of the tab that leads there.
pub(crate) fn home(role: Role) -> (&'static str, &'static str) {
    match role {
        Role::Admin => ("/today", "tab-today"),
        Role::Client => ("/appointments", "tab-appointments"),
    }
}

/// A path of ours to go on with; anything else leads to where people with this role begin.
pub(crate) fn next_path(next: &str, role: Role) -> String {
    let is_own = next.starts_with('/')
        && !next.starts_with("//")
        && next.len() <= 2_000
        && next.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    if is_own { next.to_owned() } else { home(role).0.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_of_ours_are_followed() {
        for own in ["/", "/book?service=1&at=2024-01-15T10:00:00Z", "/account#password"] {
            assert_eq!(next_path(own, Role::Admin), own);
        }
        for other in
            ["", "book", "//evil.example", "https://evil.example", "/\\evil.example", "/a\r\nSet-Cookie: x", "/\u{e4}"]
        {
            assert_eq!(next_path(other, Role::Client), "/appointments", "{other:?}");
            assert_eq!(next_path(other, Role::Admin), "/today", "{other:?}");
        }
        assert_eq!(next_path(&format!("/{}", "a".repeat(2_000)), Role::Client), "/appointments");
    }
}
