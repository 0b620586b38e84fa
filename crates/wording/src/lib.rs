#![doc = include_str!("../README.md")]

mod time;

use std::borrow::Cow;

use attune_domain::{Currency, Formality, Language, Money};
use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use thiserror::Error;
use unic_langid::LanguageIdentifier;

pub use time::LocalTime;

/// Keeps a number and its unit, or a day and its month, on one line.
pub const NO_BREAK_SPACE: char = '\u{a0}';

/// Keeps the digits of a number on one line where they are grouped by a space.
pub const NARROW_NO_BREAK_SPACE: char = '\u{202f}';

/// Name and text of each file of one folder.
type Files = [(&'static str, &'static str); 8];

macro_rules! files {
    ($folder:literal) => {
        [
            (concat!($folder, "/account.ftl"), include_str!(concat!("../locales/", $folder, "/account.ftl"))),
            (concat!($folder, "/appointments.ftl"), include_str!(concat!("../locales/", $folder, "/appointments.ftl"))),
            (concat!($folder, "/book.ftl"), include_str!(concat!("../locales/", $folder, "/book.ftl"))),
            (concat!($folder, "/common.ftl"), include_str!(concat!("../locales/", $folder, "/common.ftl"))),
            (concat!($folder, "/emails.ftl"), include_str!(concat!("../locales/", $folder, "/emails.ftl"))),
            (concat!($folder, "/pages.ftl"), include_str!(concat!("../locales/", $folder, "/pages.ftl"))),
            (concat!($folder, "/practice.ftl"), include_str!(concat!("../locales/", $folder, "/practice.ftl"))),
            (concat!($folder, "/therapist.ftl"), include_str!(concat!("../locales/", $folder, "/therapist.ftl"))),
        ]
    };
}

/// The built-in messages of a language.
fn files(language: Language) -> Files {
    match language {
        Language::English => files!("en"),
        Language::German => files!("de"),
        Language::French => files!("fr"),
        Language::Spanish => files!("es"),
    }
}

/// The German messages that address their reader, with du.
const GERMAN_DU: Files = files!("de-du");

/// The built-in messages are invalid.
#[derive(Debug, Error)]
pub enum WordingError {
    #[error("{0} is not the tag of a language")]
    Language(Language),
    #[error("{file} has a syntax error: {reason}")]
    Syntax { file: &'static str, reason: String },
    #[error("{file} contains a message that another file contains, too: {reason}")]
    Repeated { file: &'static str, reason: String },
}

type Bundle = FluentBundle<FluentResource>;

/// All messages in all languages.
pub struct Wording {
    english: Bundle,
    german: Bundle,
    german_du: Bundle,
    french: Bundle,
    spanish: Bundle,
}

impl Wording {
    /// Parses the built-in messages.
    pub fn load() -> Result<Self, WordingError> {
        let mut german_du = bundle(Language::German, files(Language::German))?;
        for (file, text) in GERMAN_DU {
            german_du.add_resource_overriding(resource(file, text)?);
        }
        let written = |language| bundle(language, files(language));
        Ok(Self {
            english: written(Language::English)?,
            german: written(Language::German)?,
            german_du,
            french: written(Language::French)?,
            spanish: written(Language::Spanish)?,
        })
    }

    /// In every language the English messages, with their words inside `⟦ ⟧`: by it, text that is in no message is found.
    pub fn pseudo() -> Result<Self, WordingError> {
        let marked = || {
            let mut bundle = bundle(Language::English, files(Language::English))?;
            bundle.set_transform(Some(mark));
            Ok(bundle)
        };
        Ok(Self { english: marked()?, german: marked()?, german_du: marked()?, french: marked()?, spanish: marked()? })
    }

    /// The messages in a language, in German with Sie.
    pub fn phrases(&self, language: Language) -> Phrases<'_> {
        self.phrases_with(language, Formality::Formal)
    }

    /// The messages in a language, which address the reader in this way if it is German.
    pub fn phrases_with(&self, language: Language, german: Formality) -> Phrases<'_> {
        let bundle = match (language, german) {
            (Language::English, _) => &self.english,
            (Language::German, Formality::Formal) => &self.german,
            (Language::German, Formality::Informal) => &self.german_du,
            (Language::French, _) => &self.french,
            (Language::Spanish, _) => &self.spanish,
        };
        Phrases { bundle, language }
    }
}

fn bundle(language: Language, files: Files) -> Result<Bundle, WordingError> {
    let tag: LanguageIdentifier = language.as_str().parse().map_err(|_| WordingError::Language(language))?;
    let mut bundle = FluentBundle::new_concurrent(vec![tag]);
    // All languages are written from left to right, and isolation marks appear as boxes in some email programs.
    bundle.set_use_isolating(false);
    for (file, text) in files {
        let added = bundle.add_resource(resource(file, text)?);
        added.map_err(|errors| WordingError::Repeated { file, reason: format!("{errors:?}") })?;
    }
    Ok(bundle)
}

fn resource(file: &'static str, text: &str) -> Result<FluentResource, WordingError> {
    FluentResource::try_new(text.to_owned())
        .map_err(|(_, errors)| WordingError::Syntax { file, reason: format!("{errors:?}") })
}

/// Text without words stays as it is: separators are read as such.
fn mark(text: &str) -> Cow<'_, str> {
    if text.contains(char::is_alphabetic) { format!("⟦{text}⟧").into() } else { text.into() }
}

/// A value in a message.
#[derive(Debug, Clone, Copy)]
pub enum Arg<'a> {
    Text(&'a str),
    /// A number that decides between singular and plural.
    Count(u32),
}

impl<'a> From<&'a str> for Arg<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text)
    }
}

impl<'a> From<&'a String> for Arg<'a> {
    fn from(text: &'a String) -> Self {
        Self::Text(text)
    }
}

impl From<u32> for Arg<'_> {
    fn from(count: u32) -> Self {
        Self::Count(count)
    }
}

/// The messages in one language, as finished texts without markup.
#[derive(Clone, Copy)]
pub struct Phrases<'a> {
    bundle: &'a Bundle,
    language: Language,
}

impl Phrases<'_> {
    /// The language of the messages.
    pub fn language(&self) -> Language {
        self.language
    }

    /// The message with this name, such as `starts-now` or, for an attribute, `months.january`.
    pub fn text(&self, name: &str) -> String {
        self.text_with(name, &[])
    }

    /// The message with values for its variables.
    pub fn text_with(&self, name: &str, values: &[(&'static str, Arg<'_>)]) -> String {
        // The tests format every message.
        self.find(name, values).unwrap_or_else(|| name.to_owned())
    }

    /// `None` if there is no such message, or a variable has no value.
    pub fn find(&self, name: &str, values: &[(&'static str, Arg<'_>)]) -> Option<String> {
        let (message, attribute) =
            name.split_once('.').map_or((name, None), |(name, attribute)| (name, Some(attribute)));
        let message = self.bundle.get_message(message)?;
        let pattern = match attribute {
            Some(attribute) => message.get_attribute(attribute)?.value(),
            None => message.value()?,
        };
        let args: FluentArgs<'_> = values
            .iter()
            .map(|(name, value)| {
                let value = match value {
                    Arg::Text(text) => FluentValue::from(*text),
                    Arg::Count(count) => FluentValue::from(*count),
                };
                (*name, value)
            })
            .collect();
        let mut errors = Vec::new();
        let text = self.bundle.format_pattern(pattern, Some(&args), &mut errors).into_owned();
        errors.is_empty().then_some(text)
    }

    /// A duration such as `50 minutes`.
    pub fn minutes(&self, minutes: u32) -> String {
        self.text_with("minutes", &[("count", minutes.into())])
    }

    /// An amount such as `€100.00`, or `CHF 100.00` for a currency without a sign of its own; in German, `100,00 €`.
    pub fn money(&self, amount: Money) -> String {
        let decimal = self.decimal(&amount.to_decimal());
        match sign(amount.currency()) {
            Some(sign) => self.text_with("amount-with-sign", &[("sign", sign.into()), ("amount", (&decimal).into())]),
            None => {
                let code = amount.currency().to_string();
                self.text_with("amount-with-code", &[("code", (&code).into()), ("amount", (&decimal).into())])
            }
        }
    }

    /// `1234567.00` with the separators of the language: `1,234,567.00`.
    fn decimal(&self, decimal: &str) -> String {
        let (whole, fraction) = decimal.split_once('.').map_or((decimal, None), |(whole, part)| (whole, Some(part)));
        let min_grouping = self.text("numbers.min-grouping").parse().unwrap_or(1);
        let is_grouped = whole.len() >= 3 + min_grouping;
        let separator = self.text("numbers.group-separator");
        let mut out = String::new();
        for (index, digit) in whole.chars().enumerate() {
            if is_grouped && index > 0 && (whole.len() - index) % 3 == 0 {
                out.push_str(&separator);
            }
            out.push(digit);
        }
        if let Some(fraction) = fraction {
            out.push_str(&self.text("numbers.decimal-separator"));
            out.push_str(fraction);
        }
        out
    }

    /// How soon an appointment begins: the planned lead time of its reminder, or the time that is left if the email is late
    /// because the mail server was unavailable.
    pub fn starts_in(&self, planned_minutes: u32, minutes_left: i64) -> String {
        let count = |name, count: u32| self.text_with(name, &[("count", count.into())]);
        if minutes_left.abs_diff(i64::from(planned_minutes)) <= 5 {
            return match planned_minutes {
                days if days > 1440 && days % 1440 == 0 => count("in-days", days / 1440),
                hours if hours > 0 && hours % 60 == 0 => count("in-hours", hours / 60),
                minutes => count("in-minutes", minutes),
            };
        }
        let left = u32::try_from(minutes_left).unwrap_or(0);
        match left {
            ..=1 => self.text("starts-now"),
            2..=119 => count("in-about-minutes", left),
            _ => count("in-about-hours", (left + 30) / 60),
        }
    }
}

/// Signs that are not shared by several currencies of one region.
fn sign(currency: Currency) -> Option<&'static str> {
    match currency.to_string().as_str() {
        "EUR" => Some("€"),
        "GBP" => Some("£"),
        "USD" => Some("$"),
        "JPY" => Some("¥"),
        "INR" => Some("₹"),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
