//! Fields of forms.

use std::borrow::Cow;

use askama::Template;
use askama::filters::HtmlSafe;

use crate::typed::box_name;

/// A field with its label, its hint and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq, Template)]
#[template(path = "field.html")]
pub(crate) struct Field {
    /// Also its id.
    pub(crate) name: Cow<'static, str>,
    label: String,
    hint: Option<String>,
    error: Option<String>,
    control: Control,
    is_required: bool,
    /// What is stored, in a field of a form about something that others edit as well.
    pub(crate) original: Option<String>,
}

/// How it is filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Control {
    Input(Input),
    /// Several lines.
    Area(String),
    Select(Vec<Item>),
    /// One of a few, all of them visible.
    Radios(Vec<Item>),
    /// Whether it is ticked.
    Check(bool),
    File {
        accept: &'static str,
    },
}

/// A field with one line of text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Input {
    kind: &'static str,
    value: String,
    autocomplete: &'static str,
    /// Whether a phone shows its keys for digits.
    is_numeric: bool,
    /// Values to choose from; others can be typed.
    suggestions: &'static [&'static str],
}

/// What can be chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Item {
    value: String,
    text: String,
    is_chosen: bool,
    /// The language of the text, unless it is that of the page.
    lang: Option<String>,
}

/// Its template escapes what it contains.
impl HtmlSafe for Field {}

impl Item {
    pub(crate) fn new(value: String, text: String, chosen: &str) -> Self {
        Self { is_chosen: value == chosen, value, text, lang: None }
    }
}

impl Field {
    /// A required field with one line, of a kind such as `email`.
    pub(crate) fn new(name: impl Into<Cow<'static, str>>, kind: &'static str, label: String) -> Self {
        let input = Input { kind, value: String::new(), autocomplete: "off", is_numeric: false, suggestions: &[] };
        Self::with(name, label, Control::Input(input))
    }

    pub(crate) fn with(name: impl Into<Cow<'static, str>>, label: String, control: Control) -> Self {
        Self { name: name.into(), label, hint: None, error: None, control, is_required: true, original: None }
    }

    fn input(mut self, change: impl FnOnce(&mut Input)) -> Self {
        if let Control::Input(input) = &mut self.control {
            change(input);
        }
        self
    }

    pub(crate) fn autocomplete(self, autocomplete: &'static str) -> Self {
        self.input(|input| input.autocomplete = autocomplete)
    }

    pub(crate) fn value(self, value: String) -> Self {
        self.input(|input| input.value = value)
    }

    pub(crate) fn suggestions(self, suggestions: &'static [&'static str]) -> Self {
        self.input(|input| input.suggestions = suggestions)
    }

    pub(crate) fn numeric(self) -> Self {
        self.input(|input| input.is_numeric = true)
    }

    /// A choice between languages, each of which is named in itself.
    pub(crate) fn languages(mut self) -> Self {
        if let Control::Select(items) = &mut self.control {
            for item in items {
                item.lang = Some(item.value.clone()).filter(|value| !value.is_empty());
            }
        }
        self
    }

    pub(crate) fn hint(self, hint: String) -> Self {
        Self { hint: Some(hint), ..self }
    }

    pub(crate) fn error(self, error: Option<String>) -> Self {
        Self { error, ..self }
    }

    pub(crate) fn original(self, stored: &str) -> Self {
        Self { original: Some(stored.to_owned()), ..self }
    }

    pub(crate) fn optional(self) -> Self {
        Self { is_required: false, ..self }
    }

    fn box_name(&self) -> String {
        box_name(&self.name)
    }

    /// The ids of what explains it, an error first.
    fn described_by(&self) -> Option<String> {
        let error = self.error.as_ref().map(|_| format!("{}-error", self.name));
        let hint = self.hint.as_ref().map(|_| format!("{}-hint", self.name));
        let ids: Vec<String> = [error, hint].into_iter().flatten().collect();
        (!ids.is_empty()).then(|| ids.join(" "))
    }
}
