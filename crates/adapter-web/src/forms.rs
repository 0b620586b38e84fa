//! Receiving the forms of our pages.

use actix_web::HttpRequest;
use actix_web::http::header::{HeaderName, ORIGIN};
use actix_web::web::Payload;
use attune_http_common::{Code, HandlerResult, Problem, wants_json};
use sha2::{Digest, Sha256};
use url::{Url, form_urlencoded};

use crate::pages::message::Message;
use crate::web::Web;

/// The longest reason of a cancellation takes 6000 bytes.
const MAX_BYTES: usize = 8 * 1024;

/// The longest note, of 2000 characters, takes 24 kB.
const MAX_BYTES_WITH_NOTE: usize = 32 * 1024;

/// The texts of a practice in all languages. What a request may have at most is smaller by default.
const MAX_BYTES_WITH_TEXTS: usize = 1024 * 1024;

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// The fields of a form, which may be secret.
pub(crate) struct Form(Vec<(String, String)>);

impl Form {
    pub(crate) async fn read(web: &Web, http: &HttpRequest, payload: Payload) -> Result<Self, Problem> {
        Self::read_up_to(MAX_BYTES, web, http, payload).await
    }

    /// A form with a field of several lines.
    pub(crate) async fn read_with_note(web: &Web, http: &HttpRequest, payload: Payload) -> Result<Self, Problem> {
        Self::read_up_to(MAX_BYTES_WITH_NOTE, web, http, payload).await
    }

    pub(crate) fn of(fields: Vec<(String, String)>) -> Self {
        Self(fields)
    }

    /// A form with several texts of several lines.
    pub(crate) async fn read_with_texts(web: &Web, http: &HttpRequest, payload: Payload) -> Result<Self, Problem> {
        Self::read_up_to(MAX_BYTES_WITH_TEXTS, web, http, payload).await
    }

    async fn read_up_to(limit: usize, web: &Web, http: &HttpRequest, payload: Payload) -> Result<Self, Problem> {
        let requests = &web.settings.requests;
        let limit = limit.min(requests.max_body_bytes);
        let bytes = requests.read_up_to(limit, http, &mut payload.into_inner()).await?;
        Ok(Self(form_urlencoded::parse(&bytes).into_owned().collect()))
    }

    /// Empty for a field that is missing.
    pub(crate) fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(found, _)| found == name).map_or("", |(_, value)| value)
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(found, _)| found == name)
    }

    /// SHA-256 of all fields.
    pub(crate) fn digest(&self) -> [u8; 32] {
        let text = form_urlencoded::Serializer::new(String::new()).extend_pairs(&self.0).finish();
        Sha256::digest(text).into()
    }

    /// Empty for a field that is missing.
    pub(crate) fn take(&mut self, name: &str) -> String {
        self.0.iter_mut().find(|(found, _)| found == name).map(|(_, value)| std::mem::take(value)).unwrap_or_default()
    }
}

/// Where a request comes from, as its headers say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    /// One of our pages, or no page at all.
    Own,
    OtherSite,
    /// A program, or a browser that is too old to say.
    Unknown,
}

/// The response to a form that our pages did not send; `None` for our own.
pub(crate) async fn refuse_forged(web: &Web, http: &HttpRequest) -> Option<HandlerResult> {
    refuse_unless(&[Source::Own], web, http).await
}

/// The same for a page whose path is a secret: another site cannot know it, so programs may use the page, too.
pub(crate) async fn refuse_other_sites(web: &Web, http: &HttpRequest) -> Option<HandlerResult> {
    refuse_unless(&[Source::Own, Source::Unknown], web, http).await
}

async fn refuse_unless(accepted: &[Source], web: &Web, http: &HttpRequest) -> Option<HandlerResult> {
    let header = |name| http.headers().get(name).map(|value| value.to_str().unwrap_or_default());
    let base = &web.use_cases.one_time_links.account_links.base;
    if accepted.contains(&source(header(SEC_FETCH_SITE), header(ORIGIN), base)) {
        return None;
    }
    let problem = Problem::from(Code::Forbidden);
    if wants_json(http) {
        return Some(Err(problem));
    }
    let view = web.view(http).await;
    Some(Message::new(&view, "forged", "forged-sentence").with_retry(&view).respond(&view, problem.code.status()))
}

/// Our pages are those below `base`. Browsers send `Sec-Fetch-Site` over https, and `Origin` with every form.
fn source(fetch_site: Option<&str>, origin: Option<&str>, base: &str) -> Source {
    let is_own = match (fetch_site, origin) {
        (Some(site), _) => matches!(site, "same-origin" | "none"),
        (None, Some(origin)) => {
            matches!((Url::parse(origin), Url::parse(base)), (Ok(it), Ok(base)) if it.origin() == base.origin())
        }
        (None, None) => return Source::Unknown,
    };
    if is_own { Source::Own } else { Source::OtherSite }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_other_sites_are_refused() {
        const HTTPS: &str = "https://practice.example.org/attune/";
        const HTTP: &str = "http://localhost:8080/";
        for (base, fetch_site, origin, expected) in [
            (HTTPS, None, None, Source::Unknown),
            (HTTPS, Some("same-origin"), None, Source::Own),
            (HTTPS, Some("none"), None, Source::Own),
            (HTTPS, Some("same-origin"), Some("null"), Source::Own),
            (HTTPS, Some("same-site"), Some("https://practice.example.org"), Source::OtherSite),
            (HTTPS, Some("cross-site"), None, Source::OtherSite),
            (HTTPS, Some("Same-Origin"), None, Source::OtherSite),
            (HTTPS, Some(""), None, Source::OtherSite),
            (HTTPS, None, Some("https://practice.example.org"), Source::Own),
            (HTTPS, None, Some("https://practice.example.org:443"), Source::Own),
            (HTTPS, None, Some("https://practice.example.org:8443"), Source::OtherSite),
            (HTTPS, None, Some("http://practice.example.org"), Source::OtherSite),
            (HTTPS, None, Some("https://www.practice.example.org"), Source::OtherSite),
            (HTTPS, None, Some("https://practice.example.org.evil.example"), Source::OtherSite),
            (HTTPS, None, Some("null"), Source::OtherSite),
            (HTTPS, None, Some(""), Source::OtherSite),
            (HTTP, None, Some("http://localhost:8080"), Source::Own),
            (HTTP, None, Some("http://localhost"), Source::OtherSite),
            (HTTP, None, Some("http://127.0.0.1:8080"), Source::OtherSite),
            (HTTP, None, Some("data:"), Source::OtherSite),
        ] {
            assert_eq!(source(fetch_site, origin, base), expected, "{base} {fetch_site:?} {origin:?}");
        }
    }

    #[test]
    fn fields_are_taken_as_typed() {
        let body = b"password=+%C3%A4%26b%3D+c+&password=other&empty=";
        let mut form = Form(form_urlencoded::parse(body).into_owned().collect());
        for (name, value) in [("password", " ä&b= c "), ("empty", ""), ("missing", "")] {
            assert_eq!(form.take(name), value);
        }
    }
}
