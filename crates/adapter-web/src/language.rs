//! Which language a reader gets: what they chose, else what their browser prefers.

use actix_web::HttpRequest;
use actix_web::http::header::ACCEPT_LANGUAGE;
use attune_domain::Language;

use crate::cookies::Cookie;

/// A language to switch to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LanguageLink {
    pub(crate) href: String,
    pub(crate) tag: &'static str,
    /// In the language itself.
    pub(crate) name: &'static str,
    pub(crate) is_current: bool,
}

/// The languages, for the page that is shown. The links are relative, so that no page repeats a token of its path.
pub(crate) fn links(current: Language) -> Vec<LanguageLink> {
    let link = |language: Language| LanguageLink {
        href: format!("?lang={language}"),
        tag: language.as_str(),
        name: name(language),
        is_current: language == current,
    };
    Language::ALL.into_iter().map(link).collect()
}

/// In the language itself.
pub(crate) fn name(language: Language) -> &'static str {
    match language {
        Language::English => "English",
        Language::German => "Deutsch",
        Language::French => "Fran\u{e7}ais",
        Language::Spanish => "Espa\u{f1}ol",
    }
}

/// What to choose from, with the text for no choice.
pub(crate) fn items(none: String) -> Vec<(String, String)> {
    let known = Language::ALL.into_iter().map(|language| (language.to_string(), name(language).to_owned()));
    [(String::new(), none)].into_iter().chain(known).collect()
}

/// The language that the reader chooses with this request.
pub(crate) fn chosen(http: &HttpRequest) -> Option<Language> {
    http.query_string().split('&').find_map(|pair| Language::parse(pair.strip_prefix("lang=")?))
}

/// The language that the reader chose before.
pub(crate) fn kept(http: &HttpRequest, secure: bool) -> Option<Language> {
    Language::parse(&Cookie::Language.of(http, secure)?)
}

/// The language that the browser prefers (RFC 9110, section 12.5.4).
pub(crate) fn accepted(http: &HttpRequest) -> Language {
    let header = http.headers().get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    preferred(header).unwrap_or_default()
}

/// The language with the highest weight that there is; of equal ones the first.
fn preferred(header: &str) -> Option<Language> {
    let mut best: Option<(Language, f32)> = None;
    for range in header.split(',') {
        let (tag, parameters) = range.split_once(';').unwrap_or((range, ""));
        let weight = match parameters.trim().strip_prefix("q=") {
            Some(weight) => weight.trim().parse().unwrap_or(0.0),
            None => 1.0,
        };
        let primary = tag.trim().split('-').next().unwrap_or_default().to_ascii_lowercase();
        let Some(language) = Language::parse(&primary) else { continue };
        if weight > best.map_or(0.0, |(_, best)| best) {
            best = Some((language, weight));
        }
    }
    best.map(|(language, _)| language)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_language_with_the_highest_weight_is_preferred() {
        for (header, expected) in [
            ("", None),
            ("de", Some(Language::German)),
            ("de-CH, en;q=0.9", Some(Language::German)),
            ("en;q=0.5, fr;q=0.9, es;q=0.9", Some(Language::French)),
            ("pt-BR, es;q=0.8", Some(Language::Spanish)),
            ("DE-de", Some(Language::German)),
            ("de;q=0, en;q=0.1", Some(Language::English)),
            ("*, nl", None),
            ("den, fr ; q=0.3", Some(Language::French)),
            ("es;q=x", None),
        ] {
            assert_eq!(preferred(header), expected, "{header}");
        }
    }
}
