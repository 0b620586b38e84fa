#![doc = include_str!("../README.md")]

mod time;

use std::collections::BTreeMap;

use attune_domain::{Currency, Language, Money};
use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use thiserror::Error;
use unic_langid::LanguageIdentifier;

pub use time::LocalTime;

/// Keeps a number and its unit, or a day and its month, on one line.
pub const NO_BREAK_SPACE: char = '\u{a0}';

/// The built-in messages of a language, as name and text of each file. Readers of a language without messages get
/// English.
fn files(language: Language) -> &'static [(&'static str, &'static str)] {
    match language {
        Language::German | Language::French | Language::Spanish => &[],
        Language::English => &[
            ("en/book.ftl", include_str!("../locales/en/book.ftl")),
            ("en/common.ftl", include_str!("../locales/en/common.ftl")),
            ("en/emails.ftl", include_str!("../locales/en/emails.ftl")),
            ("en/pages.ftl", include_str!("../locales/en/pages.ftl")),
        ],
    }
}

/// The built-in messages are invalid.
#[derive(Debug, Error)]
pub enum WordingError {
    #[error("{0} is not the tag of a language")]
    Language(Language),
    #[error("{file} has a syntax error: {reason}")]
    Syntax { file: &'static str, reason: String },
}

/// All messages in all languages.
pub struct Wording(BTreeMap<Language, FluentBundle<FluentResource>>);

impl Wording {
    /// Parses the built-in messages.
    pub fn load() -> Result<Self, WordingError> {
        let written = Language::ALL.into_iter().filter(|language| !files(*language).is_empty());
        written.map(|language| Ok((language, bundle(language)?))).collect::<Result<_, _>>().map(Self)
    }

    /// The messages in a language, or in English.
    pub fn phrases(&self, language: Language) -> Phrases<'_> {
        let language = if self.0.contains_key(&language) { language } else { Language::default() };
        Phrases { bundle: self.0.get(&language), language }
    }
}

fn bundle(language: Language) -> Result<FluentBundle<FluentResource>, WordingError> {
    let tag: LanguageIdentifier = language.as_str().parse().map_err(|_| WordingError::Language(language))?;
    let mut bundle = FluentBundle::new_concurrent(vec![tag]);
    // All languages are written from left to right, and isolation marks appear as boxes in some email programs.
    bundle.set_use_isolating(false);
    for (file, text) in files(language) {
        let syntax = |reason: String| WordingError::Syntax { file, reason };
        let resource =
            FluentResource::try_new((*text).to_owned()).map_err(|(_, errors)| syntax(format!("{errors:?}")))?;
        bundle.add_resource(resource).map_err(|errors| syntax(format!("{errors:?}")))?;
    }
    Ok(bundle)
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
    bundle: Option<&'a FluentBundle<FluentResource>>,
    language: Language,
}

impl Phrases<'_> {
    /// The language of the messages, which is English where there are none in the language that was requested.
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
        let bundle = self.bundle?;
        let (message, attribute) =
            name.split_once('.').map_or((name, None), |(name, attribute)| (name, Some(attribute)));
        let message = bundle.get_message(message)?;
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
        let text = bundle.format_pattern(pattern, Some(&args), &mut errors).into_owned();
        errors.is_empty().then_some(text)
    }

    /// A duration such as `50 minutes`.
    pub fn minutes(&self, minutes: u32) -> String {
        self.text_with("minutes", &[("count", minutes.into())])
    }

    /// An amount such as `€100.00`, or `CHF 100.00` for a currency without a sign of its own.
    pub fn money(&self, amount: Money) -> String {
        let decimal = grouped(&amount.to_decimal());
        match sign(amount.currency()) {
            Some(sign) => self.text_with("amount-with-sign", &[("sign", sign.into()), ("amount", (&decimal).into())]),
            None => {
                let code = amount.currency().to_string();
                self.text_with("amount-with-code", &[("code", (&code).into()), ("amount", (&decimal).into())])
            }
        }
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

/// `1234567.00` with separators: `1,234,567.00`.
fn grouped(decimal: &str) -> String {
    let (whole, fraction) = decimal.split_at(decimal.find('.').unwrap_or(decimal.len()));
    let mut out = String::with_capacity(decimal.len() + whole.len() / 3);
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index) % 3 == 0 {
            out.push(',');
        }
        out.push(digit);
    }
    out + fraction
}

#[cfg(test)]
mod tests;
