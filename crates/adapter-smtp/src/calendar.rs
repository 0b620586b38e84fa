//! The calendar entry that a mail about a session carries (RFC 5545).
//!
//! Written by hand: it is a dozen lines, none of which holds free text that would need escaping, so a calendar library
//! would add more code than it saves.

use attune_domain::notification::NotificationKind;
use attune_ports::Email;
use jiff::{SignedDuration, Timestamp};

use crate::wording::token;

/// What stands in the attachment.
pub(crate) struct Entry {
    /// What the reader's program should do (RFC 5546, section 3.2). RFC 6047 asks the MIME type to say the same.
    pub(crate) method: &'static str,
    /// The whole file.
    pub(crate) text: String,
}

/// The entry of a mail; `None` in a mail about money, which changes nothing in a calendar and may come long after the
/// session. An error if the session would end beyond the calendar.
///
/// A moved session is published again: among entries of one UID, the highest SEQUENCE holds.
pub(crate) fn entry(mail: &Email, domain: &str) -> Result<Option<Entry>, jiff::Error> {
    let (method, status, description) = match mail.kind {
        NotificationKind::MeetingInfo
        | NotificationKind::Reminder { .. }
        | NotificationKind::Invitation
        | NotificationKind::Rescheduled
        | NotificationKind::MeetingLink => ("PUBLISH", "CONFIRMED", "To join\\, open the link in your mail."),
        NotificationKind::Cancelled => ("CANCEL", "CANCELLED", "This appointment was cancelled."),
        NotificationKind::Receipt | NotificationKind::PaymentProblem | NotificationKind::Refund => {
            return Ok(None);
        }
    };
    let ends_at = mail.starts_at.checked_add(SignedDuration::from_mins(i64::from(mail.minutes)))?;
    let lines = [
        "BEGIN:VCALENDAR".to_owned(),
        "VERSION:2.0".to_owned(),
        "PRODID:-//Attune//Attune//EN".to_owned(),
        format!("METHOD:{method}"),
        "BEGIN:VEVENT".to_owned(),
        format!("UID:{}@{domain}", token(&mail.calendar_uid)),
        format!("SEQUENCE:{}", mail.calendar_sequence),
        format!("DTSTAMP:{}", utc(mail.sent_at)),
        format!("DTSTART:{}", utc(mail.starts_at)),
        format!("DTEND:{}", utc(ends_at)),
        "SUMMARY:Your appointment".to_owned(),
        format!("DESCRIPTION:{description}"),
        format!("STATUS:{status}"),
        "END:VEVENT".to_owned(),
        "END:VCALENDAR".to_owned(),
    ];
    Ok(Some(Entry { method, text: lines.iter().map(|line| fold(line)).collect() }))
}

fn utc(instant: Timestamp) -> String {
    instant.strftime("%Y%m%dT%H%M%SZ").to_string()
}

/// Section 3.1: no line is longer than 75 octets; the rest continues after a blank. Our lines are ASCII.
fn fold(line: &str) -> String {
    let mut folded = String::with_capacity(line.len() + 6);
    let mut room = 75;
    for c in line.chars() {
        if room == 0 {
            folded.push_str("\r\n ");
            room = 74;
        }
        folded.push(c);
        room -= 1;
    }
    folded.push_str("\r\n");
    folded
}

#[cfg(test)]
mod tests;
