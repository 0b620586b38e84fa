//! What was typed into a form, to be shown again with what is wrong with it.

use actix_web::http::StatusCode;
use attune_http_common::Problem;
use attune_ports::Password;

use crate::blocks::Block;
use crate::fields::{Control, Field, Item};
use crate::forms::Form;
use crate::refusals::refusal;
use crate::web::View;

/// The hidden field beside a box: browsers do not send one that is empty, nor those of other forms.
pub(crate) fn box_name(name: &str) -> String {
    format!("box.{name}")
}

/// The hidden field that keeps what was stored when a form was opened.
pub(crate) fn original_name(name: &str) -> String {
    format!("was.{name}")
}

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

    /// A password, exactly as it was typed.
    pub(crate) fn password(&self, name: &str) -> Password {
        Password::new(self.form.as_ref().map_or("", |form| form.get(name)).to_owned())
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

    /// What is wrong with a field, or what someone else has made of it while it was edited.
    fn error_of(&self, view: &View<'_>, name: &str, stored: &str, stored_text: &str) -> Option<String> {
        let error = self.errors.iter().find(|(found, _)| found == name).map(|(_, text)| text.clone());
        error.or_else(|| {
            let was = self.form.as_ref().filter(|form| form.has(&original_name(name)))?.get(&original_name(name));
            let has_changed = self.status == Some(StatusCode::CONFLICT) && was.replace("\r\n", "\n") != stored;
            has_changed.then(|| view.text_with("changed-to", &[("value", stored_text.into())]))
        })
    }

    /// The value to show.
    fn value(&self, name: &str, stored: &str) -> String {
        let typed = self.form.as_ref().filter(|form| form.has(name));
        typed.map_or(stored, |form| form.get(name)).to_owned()
    }

    /// A field with what is wrong with it. `stored_text` is what a reader calls the stored value.
    fn finished(&self, view: &View<'_>, field: Field, stored: &str, stored_text: &str) -> Field {
        let error = self.error_of(view, &field.name, stored, stored_text);
        field.original(stored).error(error)
    }

    /// A field with one line, by the name of its label.
    pub(crate) fn input(&self, view: &View<'_>, name: &str, kind: &'static str, label: &str, stored: &str) -> Field {
        self.input_labelled(view, name, kind, view.text(label), stored)
    }

    /// The same with a label that is finished.
    pub(crate) fn input_labelled(
        &self,
        view: &View<'_>,
        name: &str,
        kind: &'static str,
        label: String,
        stored: &str,
    ) -> Field {
        let field = Field::new(name.to_owned(), kind, label).value(self.value(name, stored));
        self.finished(view, field, stored, stored)
    }

    pub(crate) fn area(&self, view: &View<'_>, name: &str, label: &str, stored: &str) -> Field {
        self.area_labelled(view, name, view.text(label), stored)
    }

    /// The same with a label that is finished.
    pub(crate) fn area_labelled(&self, view: &View<'_>, name: &str, label: String, stored: &str) -> Field {
        let control = Control::Area(self.value(name, stored));
        self.finished(view, Field::with(name.to_owned(), label, control).optional(), stored, stored)
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
        self.choice(view, name, label, stored, items, Control::Select)
    }

    pub(crate) fn radios(
        &self,
        view: &View<'_>,
        name: &str,
        label: &str,
        stored: &str,
        items: Vec<(String, String)>,
    ) -> Field {
        self.choice(view, name, label, stored, items, Control::Radios).optional()
    }

    fn choice(
        &self,
        view: &View<'_>,
        name: &str,
        label: &str,
        stored: &str,
        items: Vec<(String, String)>,
        control: fn(Vec<Item>) -> Control,
    ) -> Field {
        let chosen = self.value(name, stored);
        let text = items.iter().find(|(value, _)| value == stored).map_or(stored, |(_, text)| text).to_owned();
        let items = items.into_iter().map(|(value, text)| Item::new(value, text, &chosen)).collect();
        self.finished(view, Field::with(name.to_owned(), view.text(label), control(items)), stored, &text)
    }

    pub(crate) fn check(&self, view: &View<'_>, name: &str, label: &str, stored: bool) -> Field {
        let is_ticked = if self.has(&box_name(name)) { self.has(name) } else { stored };
        let (stored, text) = if stored { ("1", view.text("yes")) } else { ("", view.text("no")) };
        let field = Field::with(name.to_owned(), view.text(label), Control::Check(is_ticked)).optional();
        self.finished(view, field, stored, &text)
    }

    /// What is wrong, for the top of the page, where the focus is after it has loaded.
    pub(crate) fn alert(&self, view: &View<'_>) -> Option<Block> {
        let general = self.error.clone();
        let of_fields = (!self.errors.is_empty()).then(|| view.text("form-errors"));
        general.or(of_fields).map(Block::Alert)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_read_as_typed() {
        let form = [("password", " a b "), ("name", " a b ")].map(|(name, value)| (name.to_owned(), value.to_owned()));
        let typed = Typed::of(Form::of(form.into()));
        assert_eq!(typed.password("password").expose(), " a b ");
        assert_eq!(typed.get("name"), "a b");
    }
}
