//! What a new client says about themselves.

use attune_domain::{EmailAddress, PersonName};

use crate::fields::Field;
use crate::forms::Form;
use crate::web::View;

/// What was typed and is shown again, with the errors of the fields.
#[derive(Default)]
pub(crate) struct Person {
    first_name: String,
    last_name: String,
    email: String,
    pub(crate) errors: Vec<(&'static str, String)>,
}

/// The same, without errors.
pub(crate) struct CheckedPerson {
    pub(crate) first_name: Option<PersonName>,
    pub(crate) last_name: Option<PersonName>,
    pub(crate) email: EmailAddress,
}

impl Person {
    pub(crate) fn read(form: &mut Form) -> Self {
        Self {
            first_name: form.take("first_name"),
            last_name: form.take("last_name"),
            email: form.take("email"),
            errors: Vec::new(),
        }
    }

    /// `None` if something is wrong.
    pub(crate) fn check(&mut self, view: &View<'_>) -> Option<CheckedPerson> {
        let Self { first_name, last_name, email, errors } = self;
        let mut name = |field: &'static str, text: &str| {
            PersonName::parse(text).unwrap_or_else(|_| {
                errors.push((field, view.text("field-name-invalid")));
                None
            })
        };
        let (first_name, last_name) = (name("first_name", first_name), name("last_name", last_name));
        let email = EmailAddress::parse(email);
        if email.is_err() {
            errors.push(("email", view.text("field-email-invalid")));
        }
        let email = email.ok().filter(|_| errors.is_empty())?;
        Some(CheckedPerson { first_name, last_name, email })
    }

    pub(crate) fn error(&self, field: &str) -> Option<String> {
        self.errors.iter().find(|(found, _)| *found == field).map(|(_, text)| text.clone())
    }

    /// Fields with what was typed.
    pub(crate) fn fields(&self, view: &View<'_>) -> [Field; 3] {
        let field = |name, kind, label: &str, autocomplete, value: &str| {
            Field::new(name, kind, view.text(label))
                .autocomplete(autocomplete)
                .value(value.to_owned())
                .error(self.error(name))
        };
        [
            field("first_name", "text", "field-first-name", "given-name", &self.first_name).optional(),
            field("last_name", "text", "field-last-name", "family-name", &self.last_name).optional(),
            field("email", "email", "field-email", "username", &self.email),
        ]
    }
}
