//! What was typed into a form, to be shown again with what is wrong with it.

use actix_web::http::StatusCode;
use attune_http_common::Problem;

use crate::blocks::Block;
use crate::fields::{Control, Field, Item};
use crate::forms::Form;
use crate::refusals::refusal;
use crate::web::View;

/// A form that was sent and refused. Empty for a page that is just opened, whose fields show what is stored.
#[derive(Default)]
pub(crate) struct Typed {
    form: Option<Form>,
    errors: Vec<(String, String)>,
    /// What is wrong with none of the fields.
    error: Option<String>,
    status: Option<StatusCode>,
}

impl Typed {
    pub(crate) fn of(form: Form) -> Self {
        Self { form: Some(form), ..Self::default() }
    }

    /// Which form of the page was sent.
    pub(crate) fn button(&self) -> &str {
        self.get(crate::blocks::BUTTON)
    }

    /// What was typed, without blanks around it.
    pub(crate) fn get(&self, name: &str) -> &str {
        self.form.as_ref().map_or("", |form| form.get(name)).trim()
    }

    /// A text of several lines.
    pub(crate) fn lines(&self, name: &str) -> String {
        self.get(name).replace("\r\n", "\n")
    }

    /// SHA-256 of what was sent.
    pub(crate) fn digest(&self) -> [u8; 32] {
        self.form.as_ref().map(Form::digest).unwrap_or_default()
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.form.as_ref().is_some_and(|form| form.has(name))
    }

    /// Reads a field, or notes by the name of a message what is wrong with it.
    pub(crate) fn read<T>(
        &mut self,
        view: &View<'_>,
        name: &str,
        wrong: &str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Option<T> {
        let value = read(self.get(name));
        if value.is_none() {
            self.wrong(name, view.text(wrong));
        }
        value
    }

    /// The same for a field that may be empty. The outer `None` is for what is wrong.
    pub(crate) fn read_optional<T>(
        &mut self,
        view: &View<'_>,
        name: &str,
        wrong: &str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Option<Option<T>> {
        if self.get(name).is_empty() { Some(None) } else { self.read(view, name, wrong, read).map(Some) }
    }

    pub(crate) fn wrong(&mut self, name: &str, text: String) {
        self.errors.push((name.to_owned(), text));
        self.status.get_or_insert(StatusCode::UNPROCESSABLE_ENTITY);
    }

    /// What keeps the change from being made, where a sentence says so.
    pub(crate) fn refused(mut self, view: &View<'_>, problem: Problem) -> Result<Self, Problem> {
        let Some(text) = refusal(view, problem.code) else { return Err(problem) };
        self.error = Some(text);
        self.status = Some(problem.code.status());
        Ok(self)
    }

    pub(crate) fn refused_with(mut self, text: String, status: StatusCode) -> Self {
        self.error = Some(text);
        self.status = Some(status);
        self
    }

    pub(crate) fn is_refused(&self) -> bool {
        self.status.is_some()
    }

    pub(crate) fn status(&self) -> StatusCode {
        self.status.unwrap_or(StatusCode::OK)
    }

    fn error_of(&self, name: &str) -> Option<String> {
        self.errors.iter().find(|(found, _)| found == name).map(|(_, text)| text.clone())
    }

    /// The value to show.
    fn value(&self, name: &str, stored: &str) -> String {
        let typed = self.form.as_ref().filter(|form| form.has(name));
        typed.map_or(stored, |form| form.get(name)).to_owned()
    }

    /// A field with one line, by the name of its label.
    pub(crate) fn input(&self, view: &View<'_>, name: &str, kind: &'static str, label: &str, stored: &str) -> Field {
        self.input_labelled(name, kind, view.text(label), stored)
    }

    /// The same with a label that is finished.
    pub(crate) fn input_labelled(&self, name: &str, kind: &'static str, label: String, stored: &str) -> Field {
        let field = Field::new(name.to_owned(), kind, label);
        field.value(self.value(name, stored)).error(self.error_of(name))
    }

    pub(crate) fn area(&self, view: &View<'_>, name: &str, label: &str, stored: &str) -> Field {
        self.area_labelled(name, view.text(label), stored)
    }

    /// The same with a label that is finished.
    pub(crate) fn area_labelled(&self, name: &str, label: String, stored: &str) -> Field {
        self.field(name, label, Control::Area(self.value(name, stored))).optional()
    }

    /// A choice between values and their texts.
    pub(crate) fn select(
        &self,
        view: &View<'_>,
        name: &str,
        label: &str,
        stored: &str,
        items: Vec<(String, String)>,
    ) -> Field {
        self.field(name, view.text(label), Control::Select(self.items(name, stored, items)))
    }

    pub(crate) fn radios(
        &self,
        view: &View<'_>,
        name: &str,
        label: &str,
        stored: &str,
        items: Vec<(String, String)>,
    ) -> Field {
        self.field(name, view.text(label), Control::Radios(self.items(name, stored, items))).optional()
    }

    fn items(&self, name: &str, stored: &str, items: Vec<(String, String)>) -> Vec<Item> {
        let chosen = self.value(name, stored);
        items.into_iter().map(|(value, text)| Item::new(value, text, &chosen)).collect()
    }

    pub(crate) fn check(&self, view: &View<'_>, name: &str, label: &str, stored: bool) -> Field {
        // A form without the field was sent with the box empty.
        let is_ticked = self.form.as_ref().map_or(stored, |form| form.has(name));
        self.field(name, view.text(label), Control::Check(is_ticked)).optional()
    }

    fn field(&self, name: &str, label: String, control: Control) -> Field {
        Field::with(name.to_owned(), label, control).error(self.error_of(name))
    }

    /// What is wrong, for the top of the page, where the focus is after it has loaded.
    pub(crate) fn alert(&self, view: &View<'_>) -> Option<Block> {
        let general = self.error.clone();
        let of_fields = (!self.errors.is_empty()).then(|| view.text("form-errors"));
        general.or(of_fields).map(Block::Alert)
    }
}
