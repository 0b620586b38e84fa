//! What the handlers of pages share.

use std::sync::Arc;

use actix_web::http::header::{LOCATION, USER_AGENT};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use attune_application::UseCases;
use attune_application::accounts::LoginOrigin;
use attune_domain::{Language, Practice, user_agent_name};
use attune_http_common::{Code, HandlerResult, Problem, RateLimiter, RequestLimits};
use attune_ports::{Clock, FormTokens, InstallationChecks, Queries, Random};
use attune_wording::{Arg, LocalTime, Phrases, Wording};
use jiff::Timestamp;
use tokio::sync::watch;

use crate::cookies::Cookie;
use crate::language;
use crate::live::Live;
use crate::pages::therapist::day::StoredDays;
use crate::response::{self, Head};
use crate::shell::Shell;

/// The settings of the pages.
#[derive(Debug, Clone, Default)]
pub struct WebSettings {
    /// Path of the front page without its last slash, empty unless a proxy serves the pages below a path.
    pub base_path: String,
    /// Whether the test provider's checkout page is available. Its button pays without money, so never in production.
    pub test_checkout: bool,
    /// Whether the pages are served over https. Browsers then send the cookies over https alone.
    pub secure: bool,
    /// How requests are read.
    pub requests: RequestLimits,
}

/// Everything that pages are made of.
pub struct Web {
    pub(crate) use_cases: UseCases,
    pub(crate) queries: Arc<dyn Queries>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) forms: Arc<dyn FormTokens>,
    pub(crate) installation: Arc<dyn InstallationChecks>,
    pub(crate) settings: WebSettings,
    /// The pages of therapists that are open.
    pub(crate) live: Arc<Live>,
    wording: Arc<Wording>,
}

/// The ports that the pages need besides the use cases.
pub struct WebPorts {
    pub queries: Arc<dyn Queries>,
    pub clock: Arc<dyn Clock>,
    pub random: Arc<dyn Random>,
    pub forms: Arc<dyn FormTokens>,
    pub installation: Arc<dyn InstallationChecks>,
}

impl Web {
    pub fn new(use_cases: UseCases, ports: WebPorts, settings: WebSettings, wording: Arc<Wording>) -> Self {
        let WebPorts { queries, clock, random, forms, installation } = ports;
        let live = Arc::new(Live::new(Box::new(StoredDays::new(&use_cases, clock.clone()))));
        Self { use_cases, queries, clock, random, forms, installation, settings, live, wording }
    }

    /// Tells open pages what has changed, until `stop`. Then it ends their streams, for which the server would wait.
    pub async fn run_live(&self, stop: watch::Receiver<bool>) {
        self.live.run(stop).await;
    }

    /// The limits, which the pages share with the API.
    pub(crate) fn limiter<'a>(&self, http: &'a HttpRequest) -> Result<&'a RateLimiter, Problem> {
        http.app_data::<Data<RateLimiter>>().map(|data| &***data).ok_or_else(|| Code::Internal.into())
    }

    /// Where a login in this browser comes from.
    pub(crate) fn origin(&self, http: &HttpRequest) -> LoginOrigin {
        let user_agent = http.headers().get(USER_AGENT).and_then(|header| user_agent_name(header.to_str().ok()?));
        LoginOrigin {
            device_token: Cookie::Device.of(http, self.settings.secure),
            browser: true,
            user_agent,
            metadata: self.settings.requests.metadata(http),
        }
    }

    /// What a page needs to know about the practice and the reader. While the store is unavailable, pages speak for the
    /// configured practice, so that they can still say what is wrong.
    pub(crate) async fn view(&self, http: &HttpRequest) -> View<'_> {
        self.view_for(http, None).await
    }

    /// The same, for a reader whose emails have this language.
    pub(crate) async fn view_for(&self, http: &HttpRequest, own: Option<Language>) -> View<'_> {
        let current = &self.use_cases.practice;
        let stored = current.load().await.map_err(Problem::from);
        let practice = stored.unwrap_or_else(|_| current.configured.clone());
        let chosen = language::chosen(http);
        let language = chosen
            .or_else(|| language::kept(http, self.settings.secure))
            .or(own)
            .unwrap_or_else(|| language::accepted(http));
        let phrases = self.wording.phrases_with(language, practice.german_formality);
        View { web: self, phrases, practice, chosen }
    }
}

/// A part of the path.
pub(crate) fn segment<'a>(http: &'a HttpRequest, name: &str) -> &'a str {
    http.match_info().get(name).unwrap_or_default()
}

/// The practice and the reader's language.
pub(crate) struct View<'a> {
    web: &'a Web,
    pub(crate) phrases: Phrases<'a>,
    pub(crate) practice: Arc<Practice>,
    /// The language that the reader chose with this request.
    chosen: Option<Language>,
}

impl View<'_> {
    /// The current time.
    pub(crate) fn now(&self) -> Timestamp {
        self.web.clock.now()
    }

    /// A message.
    pub(crate) fn text(&self, name: &str) -> String {
        self.phrases.text(name)
    }

    /// A message with values for its variables.
    pub(crate) fn text_with(&self, name: &str, values: &[(&'static str, Arg<'_>)]) -> String {
        self.phrases.text_with(name, values)
    }

    /// The frame of a page with this heading.
    pub(crate) fn shell(&self, heading: String) -> Shell {
        let mut shell = Shell::new(self.phrases, &self.practice, &self.web.settings.base_path, heading);
        shell.languages = language::links(self.phrases.language());
        shell
    }

    /// A screen reader says the title first, and thereby that something is wrong.
    pub(crate) fn with_error(&self, mut shell: Shell) -> Shell {
        shell.title = self.text_with("page-title-error", &[("title", (&shell.title).into())]);
        shell
    }

    /// A path of ours below that of the front page.
    pub(crate) fn href(&self, path: &str) -> String {
        format!("{}{path}", self.web.settings.base_path)
    }

    /// Sends the reader to a path of ours.
    pub(crate) fn redirect(&self, path: &str) -> HttpResponse {
        HttpResponse::SeeOther().insert_header((LOCATION, self.href(path))).finish()
    }

    /// Renders a page in the reader's language, and keeps the language that they chose.
    pub(crate) fn respond(&self, page: &impl Template, head: impl Into<Head>) -> HandlerResult {
        let mut response = response::respond(page, head, self.phrases.language())?;
        if let Some(language) = self.chosen {
            Cookie::Language.set(&mut response, language.as_str(), self.web.settings.secure)?;
        }
        Ok(response)
    }

    /// An instant in the time zone of the practice, for readers without one of their own.
    pub(crate) fn practice_time(&self, instant: Timestamp) -> LocalTime {
        self.phrases.local_time(instant, &self.web.use_cases.practice.zone_of(&self.practice))
    }
}
