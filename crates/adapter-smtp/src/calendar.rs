//! The calendar entry that a mail carries (RFC 5545).
//!
//! Written by hand: it is a dozen lines, none of which holds free text that would need escaping, so a calendar library
//! would add more code than it saves.

use attune_ports::MeetingMail;
use jiff::{SignedDuration, Timestamp};

use crate::wording::token;

/// The whole file, or `None` if the session would end beyond the calendar.
pub(crate) fn entry(mail: &MeetingMail, domain: &str) -> Option<String> {
    let ends_at = mail.starts_at.checked_add(SignedDuration::from_mins(i64::from(mail.minutes))).ok()?;
    let lines = [
        "BEGIN:VCALENDAR".to_owned(),
        "VERSION:2.0".to_owned(),
        "PRODID:-//Attune//Attune//EN".to_owned(),
        "METHOD:PUBLISH".to_owned(),
        "BEGIN:VEVENT".to_owned(),
        format!("UID:{}@{domain}", token(&mail.calendar_key)),
        format!("SEQUENCE:{}", mail.calendar_sequence),
        format!("DTSTAMP:{}", utc(mail.sent_at)),
        format!("DTSTART:{}", utc(mail.starts_at)),
        format!("DTEND:{}", utc(ends_at)),
        "SUMMARY:Your appointment".to_owned(),
        "DESCRIPTION:To join\\, open the link in your mail.".to_owned(),
        "STATUS:CONFIRMED".to_owned(),
        "END:VEVENT".to_owned(),
        "END:VCALENDAR".to_owned(),
    ];
    Some(lines.iter().map(|line| fold(line)).collect())
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
