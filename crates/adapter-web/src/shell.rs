//! What all pages have in common: the practice above, how to reach it below.

use attune_domain::Practice;
use attune_domain::practice::WebUrl;
use attune_wording::{NO_BREAK_SPACE, Phrases};

use crate::assets;
use crate::language::LanguageLink;

/// A link and its whole text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Link {
    pub(crate) href: String,
    pub(crate) text: String,
}

/// An entry of the main menu.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tab {
    pub(crate) href: String,
    pub(crate) text: String,
    pub(crate) is_current: bool,
}

/// The name of the reader, and the form to log out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AccountMenu {
    pub(crate) name: String,
    pub(crate) log_out: String,
    pub(crate) action: String,
    pub(crate) form_token: String,
}

/// A name and a value, with what explains it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fact {
    pub(crate) name: String,
    pub(crate) value: String,
    pub(crate) detail: Option<String>,
}

/// The frame of a page, as finished strings.
#[derive(Debug, Clone)]
pub(crate) struct Shell {
    /// The language of the page (BCP 47).
    pub(crate) lang: &'static str,
    /// The title of the window.
    pub(crate) title: String,
    pub(crate) heading: String,
    pub(crate) skip: String,
    /// The name of the practice.
    pub(crate) practice: String,
    pub(crate) home: String,
    pub(crate) style_sheet: String,
    pub(crate) script: String,
    /// The style sheet of the practice's accent colour.
    pub(crate) accent: Option<String>,
    pub(crate) logo: Option<String>,
    /// For tabs and bookmarks; without one, browsers look for a file that does not exist.
    pub(crate) icon: String,
    /// The languages to switch to, and what a screen reader calls them.
    pub(crate) languages: Vec<LanguageLink>,
    pub(crate) language_menu: String,
    /// The way around, for readers of the practice's own pages.
    pub(crate) tabs: Vec<Tab>,
    pub(crate) tabs_label: String,
    /// For readers who are logged in.
    pub(crate) account: Option<AccountMenu>,
    pub(crate) question: String,
    pub(crate) contact: Vec<Link>,
    /// Imprint and privacy statement.
    pub(crate) legal: Vec<Link>,
    /// Links of this page only.
    pub(crate) more: Vec<Link>,
}

impl Shell {
    /// The frame of a page with this heading. `base` is the path of the front page without its last slash.
    pub(crate) fn new(phrases: Phrases<'_>, practice: &Practice, base: &str, heading: String) -> Self {
        let asset = |name: &str| format!("{base}/assets/{name}");
        let name = practice.name.as_str();
        let logo = practice.logo.as_ref().map(|logo| asset(logo.as_str()));
        let title = phrases.text_with("page-title", &[("title", (&heading).into()), ("practice", name.into())]);
        Self {
            lang: phrases.language().as_str(),
            title,
            heading,
            skip: phrases.text("skip-to-content"),
            practice: name.to_owned(),
            home: format!("{base}/"),
            style_sheet: asset(&assets::STYLE_SHEET_NAME),
            script: asset(&assets::SCRIPT_NAME),
            accent: practice.accent_color.map(|color| asset(&assets::accent_name(color))),
            icon: logo.clone().unwrap_or_else(|| asset(&assets::ICON_NAME)),
            logo,
            languages: Vec::new(),
            language_menu: phrases.text("language-menu"),
            tabs: Vec::new(),
            tabs_label: phrases.text("tabs-label"),
            account: None,
            question: phrases.text("contact-question"),
            contact: contact(phrases, practice),
            legal: legal(phrases, practice, base),
            more: Vec::new(),
        }
    }
}

/// The practice's phone number, email address and web site.
#[derive(Debug, Clone, Default)]
pub(crate) struct Contact {
    pub(crate) phone: Option<Link>,
    pub(crate) email: Option<Link>,
    pub(crate) website: Option<Link>,
}

impl Contact {
    /// Each with itself as text; a phone number stays on one line.
    pub(crate) fn of(practice: &Practice) -> Self {
        Self {
            phone: practice.phone.as_ref().map(|phone| Link {
                href: format!("tel:{}", phone.dialled()),
                text: phone.as_str().replace(' ', &NO_BREAK_SPACE.to_string()),
            }),
            email: practice
                .email
                .as_ref()
                .map(|email| Link { href: format!("mailto:{}", email.as_str()), text: email.as_str().to_owned() }),
            website: practice.website.as_ref().map(|url| Link { href: url.as_str().to_owned(), text: plain(url) }),
        }
    }
}

/// A URL as people write it, without the scheme.
pub(crate) fn plain(url: &WebUrl) -> String {
    let text = url.as_str();
    text.split_once("://").map_or(text, |(_, rest)| rest).trim_end_matches('/').to_owned()
}

fn contact(phrases: Phrases<'_>, practice: &Practice) -> Vec<Link> {
    let Contact { phone, email, website } = Contact::of(practice);
    let phone = phone.map(|Link { href, text }| {
        let text = phrases.text_with("contact-call", &[("phone", (&text).into())]);
        Link { href, text }
    });
    let email = email.map(|Link { href, text }| {
        let text = phrases.text_with("contact-write", &[("email", (&text).into())]);
        Link { href, text }
    });
    [phone, email, website].into_iter().flatten().collect()
}

fn legal(phrases: Phrases<'_>, practice: &Practice, base: &str) -> Vec<Link> {
    let language = phrases.language();
    let imprint = practice.text(language, |texts| texts.imprint.as_ref());
    let privacy = practice.text(language, |texts| texts.privacy.as_ref());
    let link = |text: Option<&str>, path: &str, name: &str| {
        let href = match WebUrl::only(text?) {
            Some(url) => url.as_str().to_owned(),
            None => format!("{base}{path}"),
        };
        Some(Link { href, text: phrases.text(name) })
    };
    [link(imprint, "/imprint", "imprint"), link(privacy, "/privacy", "privacy")].into_iter().flatten().collect()
}
