//! What holds for the messages of every language.

use std::collections::{BTreeMap, BTreeSet};

use fluent_syntax::ast::{Entry, Expression, InlineExpression, Pattern, PatternElement};
use fluent_syntax::parser::parse;
use jiff::tz::TimeZone;

use super::super::*;
use super::plain;

type Variables = BTreeSet<&'static str>;

/// The variables of each message and attribute, such as `months.january`.
fn messages(files: Files) -> BTreeMap<String, Variables> {
    let mut found = BTreeMap::new();
    for (_, text) in files {
        for entry in parse(text).unwrap().body {
            let Entry::Message(message) = entry else { continue };
            if let Some(value) = &message.value {
                found.insert(message.id.name.to_owned(), variables(value));
            }
            for attribute in &message.attributes {
                found.insert(format!("{}.{}", message.id.name, attribute.id.name), variables(&attribute.value));
            }
        }
    }
    found
}

fn variables(pattern: &Pattern<&'static str>) -> Variables {
    let variable = |inline: &InlineExpression<&'static str>| {
        if let InlineExpression::VariableReference { id } = inline { Some(id.name) } else { None }
    };
    let mut found = Variables::new();
    for element in &pattern.elements {
        match element {
            PatternElement::TextElement { .. } => {}
            PatternElement::Placeable { expression: Expression::Inline(inline) } => found.extend(variable(inline)),
            PatternElement::Placeable { expression: Expression::Select { selector, variants } } => {
                found.extend(variable(selector));
                found.extend(variants.iter().flat_map(|variant| variables(&variant.value)));
            }
        }
    }
    found
}

/// Each message in singular and plural, with one of the longest dates and `…` for other values.
fn texts(phrases: Phrases<'_>) -> Vec<(String, String)> {
    let time = phrases.local_time("2024-09-25T08:00:00Z".parse().unwrap(), &TimeZone::fixed(jiff::tz::offset(2)));
    let mut texts = Vec::new();
    for (name, variables) in messages(files(Language::English)) {
        for count in [1, 12] {
            let value = |variable| match variable {
                "count" | "day" => Arg::Count(count),
                "date" => (&time.date).into(),
                "short_date" => (&time.short_date).into(),
                "time" => (&time.time).into(),
                "offset" => (&time.offset).into(),
                _ => "…".into(),
            };
            let values: Vec<_> = variables.iter().map(|variable| (*variable, value(variable))).collect();
            let text = phrases.find(&name, &values);
            texts.push((name.clone(), text.unwrap_or_else(|| panic!("{} {name}", phrases.language()))));
        }
    }
    texts
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|letter: char| !letter.is_alphabetic())
}

#[test]
fn every_language_has_the_english_messages_with_their_variables() {
    let english: BTreeSet<_> = messages(files(Language::English)).into_iter().collect();
    for language in Language::ALL {
        let found = messages(files(language)).into_iter().collect();
        let different: Vec<_> = english.symmetric_difference(&found).collect();
        assert!(different.is_empty(), "{language}: {different:?}");
    }
}

#[test]
fn texts_are_whole_and_spaced_as_their_language_does() {
    let wording = Wording::load().unwrap();
    for (language, formality) in Language::ALL
        .map(|language| (language, Formality::Formal))
        .into_iter()
        .chain([(Language::German, Formality::Informal)])
    {
        for (name, text) in texts(wording.phrases_with(language, formality)) {
            let told = format!("{language} {name}: {text:?}");
            assert!(!plain(&text).contains("  ") && !text.starts_with(' ') && !text.ends_with(' '), "{told}");
            let mut letters = text.chars().peekable();
            let mut before = 'x';
            while let Some(letter) = letters.next() {
                let in_time = letters.peek().is_some_and(char::is_ascii_digit);
                let expected = match (language, letter) {
                    (Language::French, ';' | '!' | '?') => before == NARROW_NO_BREAK_SPACE,
                    (Language::French, ':') => in_time || before == NO_BREAK_SPACE,
                    (Language::French, '\'') => false,
                    (_, ';' | '!' | '?' | ':') => !before.is_whitespace(),
                    _ => true,
                };
                assert!(expected, "{told}");
                before = letter;
            }
            if language == Language::Spanish {
                assert_eq!(text.matches('?').count(), text.matches('¿').count(), "{told}");
            }
            if name.ends_with(".subject") {
                assert!(text.chars().count() < 70, "{told}");
            }
        }
    }
}

#[test]
fn german_addresses_its_reader_in_one_way() {
    const SIE: [&str; 8] = ["Sie", "Ihr", "Ihre", "Ihrem", "Ihren", "Ihrer", "Ihres", "Ihnen"];
    const DU: [&str; 9] = ["du", "dich", "dir", "dein", "deine", "deinem", "deinen", "deiner", "deines"];
    let wording = Wording::load().unwrap();
    let sie = texts(wording.phrases(Language::German));
    let du = texts(wording.phrases_with(Language::German, Formality::Informal));
    for (name, text) in &sie {
        assert!(!words(text).any(|word| DU.contains(&word.to_lowercase().as_str())), "{name}: {text}");
    }
    for (name, text) in &du {
        assert!(!words(text).any(|word| SIE.contains(&word)), "{name}: {text}");
    }

    // A message is overridden with all its attributes, and only if it addresses the reader.
    let id = |name: &String| name.split('.').next().unwrap().to_owned();
    let overridden = messages(GERMAN_DU);
    let mut ids: BTreeSet<String> = overridden.keys().map(id).collect();
    let whole = messages(files(Language::German)).into_iter().filter(|(name, _)| ids.contains(&id(name)));
    assert_eq!(overridden, whole.collect());
    for (name, text) in &sie {
        if words(text).any(|word| SIE.contains(&word)) {
            ids.remove(&id(name));
        }
    }
    assert_eq!(ids, ["closing", "greeting", "greeting-without-name"].map(str::to_owned).into());
}

#[test]
fn the_pseudo_language_marks_all_words() {
    let wording = Wording::pseudo().unwrap();
    for language in Language::ALL {
        let phrases = wording.phrases(language);
        assert_eq!(phrases.language(), language);
        for (name, text) in texts(phrases) {
            let outside = text.split('⟧').map(|part| part.split('⟦').next().unwrap().replace("UTC", ""));
            assert!(!outside.collect::<String>().contains(char::is_alphabetic), "{name}: {text}");
        }
        let price = Money::new(123_450, Currency::parse("EUR").unwrap()).unwrap();
        assert_eq!(phrases.money(price), "€1,234.50");
    }
    assert_eq!(wording.phrases(Language::French).text("starts-now"), "⟦now⟧");
}

/// What Node's Intl says; tests/web/intl.mjs writes it.
#[test]
fn dates_and_amounts_are_written_as_in_the_cldr() {
    let intl: serde_json::Value = serde_json::from_str(include_str!("../../tests/intl.json")).unwrap();
    let spaced = |text: &str| plain(text).replace(NARROW_NO_BREAK_SPACE, " ");
    let wording = Wording::load().unwrap();
    for language in Language::ALL {
        let phrases = wording.phrases(language);
        let table = |name: &str| intl[language.as_str()][name].as_object().unwrap();
        assert!(table("dates").len() >= 12 && table("amounts").len() >= 30, "{language}");
        for (date, expected) in table("dates") {
            let time = phrases.local_time(format!("{date}T12:00:00Z").parse().unwrap(), &TimeZone::UTC);
            // On purpose: the CLDR has `1`.
            let found = [time.date, time.short_date].map(|date| spaced(&date).replace("1er ", "1 "));
            assert_eq!(serde_json::json!(found), *expected, "{language} {date}");
        }
        for (amount, expected) in table("amounts") {
            let (currency, minor) = amount.split_once(' ').unwrap();
            let amount = Money::new(minor.parse().unwrap(), currency.parse().unwrap()).unwrap();
            assert_eq!(spaced(&phrases.money(amount)), *expected, "{language} {amount}");
        }
    }
}
