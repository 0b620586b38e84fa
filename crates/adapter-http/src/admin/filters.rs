//! Parameters that several lists have.

use attune_domain::{PersonSearch, UserId};
use attune_http_common::Code;
use utoipa::IntoParams;

use crate::request::input::{Fields, FromFields};

/// Whose list it is.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct TherapistQuery {
    /// Only those of this therapist.
    #[param(value_type = Option<i64>, minimum = 1)]
    pub(crate) therapist_id: Option<UserId>,
}

impl FromFields for TherapistQuery {
    fn read(fields: &mut Fields) -> Option<Self> {
        Some(Self { therapist_id: therapist(fields) })
    }
}

pub(crate) fn therapist(fields: &mut Fields) -> Option<UserId> {
    fields.whole("therapist_id", UserId::new)
}

/// A search for people, `q`. A blank one finds everyone.
pub(crate) fn search(fields: &mut Fields) -> Option<PersonSearch> {
    fields.optional("q", |text| {
        if text.chars().count() > PersonSearch::MAX_CHARS { Err(Code::TooLong) } else { Ok(PersonSearch::parse(text)) }
    })
}
