//! The calendar entry that is attached to an email about a booking.

use attune_domain::notification::NotificationKind;
use attune_ics::{Appointment, Method};
use attune_ports::{Email, PaymentDetails};
use attune_wording::Phrases;
use jiff::SignedDuration;

use crate::sanitize::token;

pub(crate) struct Entry {
    /// RFC 6047 requires it in the MIME type, too.
    pub(crate) method: Method,
    pub(crate) text: String,
}

/// `None` in an agenda, in an email about an account or a payment, and in one about a booking that was not paid and so had
/// no entry yet: they change nothing in a calendar. An error if an appointment would end beyond the last date that can be
/// represented.
///
/// A rescheduled appointment is published again with a higher SEQUENCE.
pub(crate) fn entry(email: &Email, phrases: Phrases<'_>) -> Result<Option<Entry>, jiff::Error> {
    let has_entry = |email: &&Email| {
        let is_unpaid = matches!(email.payment, Some(PaymentDetails::NotReceived { .. }));
        let is_about_session = !email.kind.is_about_payment() && !email.kind.is_about_account();
        is_about_session && email.kind != NotificationKind::Agenda && !is_unpaid
    };
    let all = std::iter::once(email).chain(&email.others).filter(has_entry);
    let appointments: Vec<Appointment> = all.map(|email| appointment(email, phrases)).collect::<Result<_, _>>()?;
    if appointments.is_empty() {
        return Ok(None);
    }
    let method = Method::for_events(&appointments, email.kind.removes_entry());
    Ok(Some(Entry { method, text: attune_ics::calendar(&appointments, method) }))
}

fn appointment(email: &Email, phrases: Phrases<'_>) -> Result<Appointment, jiff::Error> {
    let cancelled = email.kind.removes_entry();
    let description = if email.kind == NotificationKind::TherapistReassigned {
        "calendar-entry.reassigned"
    } else if cancelled {
        "calendar-entry.cancelled"
    } else {
        "calendar-entry.join"
    };
    Ok(Appointment {
        uid: email.calendar_uid.split('@').map(token).collect::<Vec<_>>().join("@"),
        sequence: email.calendar_sequence,
        written_at: email.sent_at,
        starts_at: email.starts_at,
        ends_at: email.starts_at.checked_add(SignedDuration::from_mins(i64::from(email.minutes)))?,
        cancelled,
        summary: phrases.text("calendar-entry.title"),
        description: phrases.text(description),
    })
}

#[cfg(test)]
mod tests;
