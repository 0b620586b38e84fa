//! Fields that several of these pages have in common, and how they are read.

use attune_domain::Language;

use super::TherapistVisit;
use crate::fields::Field;
use crate::language;
use crate::typed::Typed;
use crate::web::View;

/// The ways in which offline payments are usually made, as the API names them, with their messages.
const METHODS: [(&str, &str); 3] =
    [("cash", "method-cash"), ("bank_transfer", "method-bank-transfer"), ("card", "method-card")];

/// The way in which a payment was made, in the reader's words where it is a usual one.
pub(crate) fn method_name(view: &View<'_>, method: &str) -> String {
    let known = METHODS.iter().find(|(value, _)| *value == method);
    known.map_or_else(|| method.to_owned(), |(_, text)| view.text(text))
}

/// How an offline payment was made. Other ways can be typed.
pub(super) fn method_field(visit: &TherapistVisit<'_>, typed: &Typed, name: &str) -> Field {
    let items = METHODS.map(|(value, text)| (value.to_owned(), visit.text(text))).to_vec();
    typed.select(visit.view(), name, "field-method", METHODS[0].0, items)
}

/// The language of someone's emails; empty for that of the practice's choice.
pub(super) fn language_field(visit: &TherapistVisit<'_>, typed: &Typed, name: &str, stored: Option<Language>) -> Field {
    let items = language::items(visit.text("field-language-unknown"));
    let stored = stored.map(|language| language.to_string()).unwrap_or_default();
    typed.select(visit.view(), name, "field-language", &stored, items).optional().languages()
}

/// As in the API.
const MAX_REASON_CHARS: usize = 500;
const MAX_METHOD_CHARS: usize = 50;
const MAX_REFERENCE_CHARS: usize = 200;

/// A reason, which may be empty. The outer `None` is for one that is too long.
pub(super) fn reason(visit: &TherapistVisit<'_>, typed: &mut Typed, name: &str) -> Option<Option<String>> {
    typed.read_optional(visit.view(), name, "cancel-reason-invalid", |text| {
        let text = text.replace("\r\n", "\n");
        let is_text = !text.contains(|c: char| c.is_control() && c != '\n' && c != '\t');
        (is_text && text.chars().count() <= MAX_REASON_CHARS).then_some(text)
    })
}

/// How an offline payment was made and what the practice notes about it, each as long as the API allows.
pub(super) fn offline(visit: &TherapistVisit<'_>, typed: &mut Typed) -> Option<(String, Option<String>)> {
    let short = |most: usize| move |text: &str| (text.chars().count() <= most).then(|| text.to_owned());
    let view = visit.view();
    let method = typed.read(view, "method", "field-too-long", |text| {
        short(MAX_METHOD_CHARS)(text).filter(|method| !method.is_empty())
    });
    let reference = typed.read_optional(view, "reference", "field-too-long", short(MAX_REFERENCE_CHARS));
    Some((method?, reference?))
}
