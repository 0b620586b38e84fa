//! What the handlers of pages share.

use std::sync::Arc;

use actix_web::HttpRequest;
use attune_application::UseCases;
use attune_domain::{Language, Practice};
use attune_http_common::{Problem, RequestLimits};
use attune_ports::{Clock, Queries};
use attune_wording::{Arg, LocalTime, Phrases, Wording};
use jiff::Timestamp;

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
    pub(crate) settings: WebSettings,
    wording: Arc<Wording>,
}

impl Web {
    pub fn new(
        use_cases: UseCases,
        queries: Arc<dyn Queries>,
        clock: Arc<dyn Clock>,
        settings: WebSettings,
        wording: Arc<Wording>,
    ) -> Self {
        Self { use_cases, queries, clock, settings, wording }
    }

    /// What a page needs to know about the practice and the reader. While the store is unavailable, pages speak for the
    /// configured practice, so that they can still say what is wrong.
    pub(crate) async fn view(&self) -> View<'_> {
        let current = &self.use_cases.practice;
        let stored = current.load().await.map_err(Problem::from);
        let practice = stored.unwrap_or_else(|_| current.configured.clone());
        View { web: self, phrases: self.wording.phrases(Language::default()), practice }
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
}

impl View<'_> {
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
        Shell::new(self.phrases, &self.practice, &self.web.settings.base_path, heading)
    }

    /// An instant in the time zone of the practice, for readers without one of their own.
    pub(crate) fn practice_time(&self, instant: Timestamp) -> LocalTime {
        self.phrases.local_time(instant, &self.web.use_cases.practice.zone_of(&self.practice))
    }
}
