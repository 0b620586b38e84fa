//! Parts of pages, from top to bottom. The pages of therapists have too much in common for a template each.

#![expect(unused_qualifications, reason = "askama qualifies what it generates for an enum")]

use askama::Template;
use askama::filters::HtmlSafe;

use crate::fields::Field;
use crate::own_booking::{LinkAbout, Tag};
use crate::shell::{Fact, Link, Shell};
use crate::typed::original_name;

/// A page of blocks.
#[derive(Template)]
#[template(path = "blocks.html")]
pub(crate) struct BlockPage {
    pub(crate) shell: Shell,
    /// The way back, above the heading.
    pub(crate) back: Option<Link>,
    pub(crate) blocks: Vec<Block>,
}

/// A part of a page.
#[derive(Template)]
#[template(path = "block.html")]
pub(crate) enum Block {
    Heading(String),
    /// Of a part below a heading.
    SubHeading(String),
    Text(String),
    /// What was done.
    Done(String),
    /// Something to know.
    Note(String),
    /// What is wrong, or was not done.
    Alert(String),
    Facts(Vec<Fact>),
    /// The way on.
    Action(Link),
    Links(Vec<Link>),
    Rows(Vec<Row>),
    Form(FormBlock),
    /// Closed until it is asked for.
    Fold {
        summary: String,
        is_open: bool,
        content: Vec<Block>,
    },
    Table(Table),
}

/// Its template escapes what it contains.
impl HtmlSafe for Block {}

/// An entry of a list.
#[derive(Default)]
pub(crate) struct Row {
    pub(crate) title: String,
    /// Where the title leads.
    pub(crate) href: Option<String>,
    pub(crate) tag: Option<Tag>,
    pub(crate) details: Vec<String>,
    /// What a program reports, in English.
    pub(crate) report: Option<String>,
    pub(crate) links: Vec<LinkAbout>,
    pub(crate) forms: Vec<FormBlock>,
}

/// A form, sent to the page itself unless it has an action.
#[derive(Template)]
#[template(path = "form.html")]
pub(crate) struct FormBlock {
    pub(crate) action: Option<String>,
    /// `None` for a form that only asks.
    pub(crate) form_token: Option<String>,
    pub(crate) hidden: Vec<(String, String)>,
    pub(crate) fields: Vec<Field>,
    pub(crate) buttons: Vec<Button>,
    /// Whether it contains a file.
    pub(crate) has_file: bool,
}

/// Its template escapes what it contains.
impl HtmlSafe for FormBlock {}

/// A button. Its value says which form of the page was sent.
pub(crate) struct Button {
    pub(crate) value: &'static str,
    pub(crate) text: String,
    /// For screen readers, where buttons with the same text are on a page.
    pub(crate) about: String,
    pub(crate) style: Style,
}

/// How a button looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    /// What is usually done next.
    Filled,
    Quiet,
    /// What cannot be undone.
    Danger,
    /// In a row.
    Link,
}

/// The hidden field with the version that a form is about.
pub(crate) const VERSION: &str = "version";

/// The name of all buttons.
pub(crate) const BUTTON: &str = "do";

impl Button {
    pub(crate) fn new(value: &'static str, text: String) -> Self {
        Self { value, text, about: String::new(), style: Style::Filled }
    }

    pub(crate) fn quiet(self) -> Self {
        Self { style: Style::Quiet, ..self }
    }

    pub(crate) fn link(self, about: String) -> Self {
        Self { style: Style::Link, about, ..self }
    }
}

impl FormBlock {
    /// A form that changes something.
    pub(crate) fn new(form_token: String, fields: Vec<Field>, button: Button) -> Self {
        Self::with(Some(form_token), fields, button)
    }

    /// A form that only asks, with its fields in the URL. Its button has no name.
    pub(crate) fn query(fields: Vec<Field>, text: String) -> Self {
        Self::with(None, fields, Button::new("", text).quiet())
    }

    fn with(form_token: Option<String>, fields: Vec<Field>, button: Button) -> Self {
        Self { action: None, form_token, hidden: Vec::new(), fields, buttons: vec![button], has_file: false }
    }

    pub(crate) fn quiet(self) -> Self {
        let buttons = self.buttons.into_iter().map(Button::quiet).collect();
        Self { buttons, ..self }
    }

    /// For what cannot be undone.
    pub(crate) fn danger(self) -> Self {
        let danger = |button| Button { style: Style::Danger, ..button };
        let buttons = self.buttons.into_iter().map(danger).collect();
        Self { buttons, ..self }
    }

    pub(crate) fn action(self, href: String) -> Self {
        Self { action: Some(href), ..self }
    }

    /// Of something with a version. What is stored is sent as well, so that the second of two editors is told what the first
    /// has changed.
    pub(crate) fn versioned(mut self, version: u32) -> Self {
        let kept = self.fields.iter().filter_map(|field| Some((original_name(&field.name), field.original.clone()?)));
        self.hidden.extend(kept.collect::<Vec<_>>());
        self.hidden(VERSION, version)
    }

    pub(crate) fn hidden(mut self, name: &str, value: impl ToString) -> Self {
        self.hidden.push((name.to_owned(), value.to_string()));
        self
    }
}

/// A table of figures.
pub(crate) struct Table {
    pub(crate) caption: String,
    /// The headings of the columns.
    pub(crate) columns: Vec<String>,
    /// A heading, and a cell for each of the other columns.
    pub(crate) rows: Vec<(String, Vec<String>)>,
}
