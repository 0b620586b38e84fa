#![doc = include_str!("../README.md")]

use jiff::Timestamp;

/// What a calendar program should do with the event (RFC 5546, section 3.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    Publish,
    Cancel,
}

impl Method {
    /// A cancellation can have only one event (RFC 5546, section 3.2.5), so several that are cancelled are published with
    /// that status.
    pub fn for_events(appointments: &[Appointment], cancelled: bool) -> Self {
        if cancelled && appointments.len() == 1 { Self::Cancel } else { Self::Publish }
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Publish => "PUBLISH",
            Self::Cancel => "CANCEL",
        }
    }
}

const PRODUCT: &str = "-//Attune//Attune//EN";

/// RFC 5546 requires an organizer, and Outlook opens no cancellation without one. This one names no one: the practice's
/// address would show everyone who sees the calendar what the appointment is about. `.invalid` never exists (RFC 2606).
const ORGANIZER: &str = "mailto:appointments@attune.invalid";

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Appointment {
    /// Never changes, and is globally unique: `booking-12@practice.example`.
    pub uid: String,
    /// Grows with every change. Among events with the same UID, the highest one counts.
    pub sequence: u32,
    pub written_at: Timestamp,
    pub starts_at: Timestamp,
    pub ends_at: Timestamp,
    pub cancelled: bool,
    /// The title, in the reader's language.
    pub summary: String,
    /// What the reader should do, in their language.
    pub description: String,
}

impl Appointment {
    /// The whole object, as it is attached or downloaded.
    pub fn to_ics(&self, method: Method) -> String {
        calendar(std::slice::from_ref(self), method)
    }

    /// With the properties of its kind of calendar.
    fn event(&self, more: &[(&str, &str)]) -> String {
        let status = if self.cancelled { "CANCELLED" } else { "CONFIRMED" };
        let sequence = self.sequence.to_string();
        let begin = lines(&[("BEGIN", "VEVENT"), ("UID", &escape(&self.uid))]) + &lines(more);
        let rest = lines(&[
            ("SEQUENCE", &sequence),
            ("DTSTAMP", &utc(self.written_at)),
            ("DTSTART", &utc(self.starts_at)),
            ("DTEND", &utc(self.ends_at)),
            ("SUMMARY", &escape(&self.summary)),
            ("DESCRIPTION", &escape(&self.description)),
            ("STATUS", status),
            ("END", "VEVENT"),
        ]);
        begin + &rest
    }
}

/// An appointment in a calendar that programs subscribe to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedEvent {
    /// `written_at` is when it last changed (RFC 5545, section 3.8.7.2).
    pub appointment: Appointment,
    /// Where its reader finds more about it.
    pub url: String,
}

/// How often programs should load a feed again: an hour.
const REFRESH: &str = "PT1H";

/// A calendar that programs subscribe to and load again and again (RFC 7986). It is no message: it has no method, so its events
/// have no organizer (RFC 5545, section 3.8.4.3). `name` is what a program calls the calendar.
pub fn feed(name: &str, events: &[FeedEvent]) -> String {
    let name = escape(name);
    let begin = [
        ("BEGIN", "VCALENDAR"),
        ("VERSION", "2.0"),
        ("PRODID", PRODUCT),
        ("NAME", &name),
        ("REFRESH-INTERVAL;VALUE=DURATION", REFRESH),
        // Older names of both, which most programs read.
        ("X-WR-CALNAME", &name),
        ("X-PUBLISHED-TTL", REFRESH),
    ];
    let events: String = events.iter().map(|event| event.appointment.event(&[("URL", &event.url)])).collect();
    lines(&begin) + &events + &lines(&[("END", "VCALENDAR")])
}

/// An object with several events.
pub fn calendar(appointments: &[Appointment], method: Method) -> String {
    let begin = [("BEGIN", "VCALENDAR"), ("VERSION", "2.0"), ("PRODID", PRODUCT), ("METHOD", method.as_str())];
    let events: String = appointments.iter().map(|event| event.event(&[("ORGANIZER", ORGANIZER)])).collect();
    lines(&begin) + &events + &lines(&[("END", "VCALENDAR")])
}

fn lines(properties: &[(&str, &str)]) -> String {
    properties.iter().map(|(name, value)| fold(&format!("{name}:{value}"))).collect()
}

fn utc(instant: Timestamp) -> String {
    instant.strftime("%Y%m%dT%H%M%SZ").to_string()
}

/// Section 3.3.11. Other control characters are not allowed in a text at all.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' => escaped.push_str("\\n"),
            '\\' | ';' | ',' => escaped.extend(['\\', c]),
            c if c.is_control() => {}
            c => escaped.push(c),
        }
    }
    escaped
}

/// Section 3.1: no line is longer than 75 octets; the rest continues after a space, which counts too.
fn fold(line: &str) -> String {
    let mut folded = String::with_capacity(line.len() + 6);
    let mut octets = 0;
    for c in line.chars() {
        if octets + c.len_utf8() > 75 {
            folded.push_str("\r\n ");
            octets = 1;
        }
        folded.push(c);
        octets += c.len_utf8();
    }
    folded + "\r\n"
}

#[cfg(test)]
mod tests;
