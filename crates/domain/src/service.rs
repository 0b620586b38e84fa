//! The services of the practice.

use std::collections::BTreeMap;

use crate::{Language, Money, ServiceId};

/// A kind of session that can be booked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// Unique and never reused.
    pub id: ServiceId,
    /// The name. It appears in emails and calendars, so it should not reveal that the client is in therapy.
    pub name: String,
    /// A description; may be empty.
    pub description: String,
    /// Length of a session in minutes.
    pub minutes: u32,
    /// Minutes after the session in which the therapist's calendar stays blocked.
    pub buffer_minutes: u32,
    /// Price of a session. Zero means that no payment is due.
    pub price: Money,
    /// Whether it can be booked.
    pub active: bool,
    /// Its texts in other languages.
    pub translations: BTreeMap<Language, ServiceTexts>,
    /// Starts at 1 and grows with each change.
    pub version: u32,
}

/// The texts of a service in one language.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ServiceTexts {
    /// The name; missing: the untranslated one.
    pub name: Option<String>,
    /// The description; missing: the untranslated one.
    pub description: Option<String>,
}
