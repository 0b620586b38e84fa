//! The calendar entry that is attached to an email about a booking.

use attune_domain::notification::NotificationKind;
use attune_ics::{Appointment, Method};
use attune_ports::Email;
use jiff::SignedDuration;

use crate::wording::token;

pub(crate) struct Entry {
    /// RFC 6047 requires it in the MIME type, too.
    pub(crate) method: Method,
    pub(crate) text: String,
}

/// `None` in an email about a payment, which changes nothing in a calendar and may be sent long after the appointment. An
/// error if the appointment would end beyond the last date that can be represented.
///
/// A rescheduled appointment is published again with a higher SEQUENCE.
pub(crate) fn entry(email: &Email, domain: &str) -> Result<Option<Entry>, jiff::Error> {
    if email.kind.is_about_payment() {
        return Ok(None);
    }
    let cancelled = email.kind == NotificationKind::Cancelled;
    let method = if cancelled { Method::Cancel } else { Method::Publish };
    let appointment = Appointment {
        uid: format!("{}@{domain}", token(&email.calendar_uid)),
        sequence: email.calendar_sequence,
        written_at: email.sent_at,
        starts_at: email.starts_at,
        ends_at: email.starts_at.checked_add(SignedDuration::from_mins(i64::from(email.minutes)))?,
        cancelled,
    };
    Ok(Some(Entry { method, text: appointment.to_ics(method) }))
}

#[cfg(test)]
mod tests;
