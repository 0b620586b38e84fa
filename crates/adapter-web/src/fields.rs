//! Fields of forms.

/// A field with one line of text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TextField {
    /// Also its id.
    pub(crate) name: &'static str,
    pub(crate) kind: &'static str,
    pub(crate) label: String,
    pub(crate) hint: Option<String>,
    pub(crate) error: Option<String>,
    pub(crate) value: String,
    pub(crate) autocomplete: &'static str,
    pub(crate) is_required: bool,
    /// Values to choose from; others can be typed.
    pub(crate) suggestions: &'static [&'static str],
}

impl TextField {
    /// A required field of a kind such as `email`.
    pub(crate) fn new(name: &'static str, kind: &'static str, label: String) -> Self {
        Self {
            name,
            kind,
            label,
            hint: None,
            error: None,
            value: String::new(),
            autocomplete: "off",
            is_required: true,
            suggestions: &[],
        }
    }

    pub(crate) fn autocomplete(self, autocomplete: &'static str) -> Self {
        Self { autocomplete, ..self }
    }

    pub(crate) fn hint(self, hint: String) -> Self {
        Self { hint: Some(hint), ..self }
    }

    pub(crate) fn value(self, value: String) -> Self {
        Self { value, ..self }
    }

    pub(crate) fn error(self, error: Option<String>) -> Self {
        Self { error, ..self }
    }

    pub(crate) fn suggestions(self, suggestions: &'static [&'static str]) -> Self {
        Self { suggestions, ..self }
    }

    pub(crate) fn optional(self) -> Self {
        Self { is_required: false, ..self }
    }

    /// The ids of what explains it, an error first.
    pub(crate) fn described_by(&self) -> Option<String> {
        let error = self.error.as_ref().map(|_| format!("{}-error", self.name));
        let hint = self.hint.as_ref().map(|_| format!("{}-hint", self.name));
        let ids: Vec<String> = [error, hint].into_iter().flatten().collect();
        (!ids.is_empty()).then(|| ids.join(" "))
    }
}
