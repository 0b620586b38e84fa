//! Times and names as the texts of an email contain them.

use attune_domain::text::{clean_line, truncate_utf16};
use attune_ports::Email;
use jiff::Timestamp;
use jiff::tz::TimeZone;

/// A stranger may have typed the name, by registering another user's address: it must not have room for a message.
const MAX_NAME_UTF16: usize = 80;

/// An instant in the recipient's time zone.
pub(crate) struct LocalTexts {
    /// `Monday, 15 January 2024`
    pub(crate) date: String,
    /// `15 January`
    pub(crate) short_date: String,
    /// `10:00`
    pub(crate) time: String,
    /// `Europe/Berlin`, or the offset where the zone has no name.
    pub(crate) zone: String,
    /// `UTC+01:00`
    pub(crate) offset: String,
    /// `Monday, 15 January 2024 at 10:00 (Europe/Berlin, UTC+01:00)`
    pub(crate) full: String,
}

impl LocalTexts {
    pub(crate) fn of(instant: Timestamp, zone: &TimeZone) -> Self {
        let local = instant.to_zoned(zone.clone());
        let date = local.strftime("%A, %-d %B %Y").to_string();
        let time = local.strftime("%H:%M").to_string();
        let offset = format!("UTC{}", local.strftime("%:z"));
        let name = zone.iana_name().filter(|_| !zone.is_unknown());
        let place = match name {
            Some("UTC") | None => offset.clone(),
            Some(name) => format!("{name}, {offset}"),
        };
        Self {
            short_date: local.strftime("%-d %B").to_string(),
            zone: name.unwrap_or(&offset).to_owned(),
            full: format!("{date} at {time} ({place})"),
            date,
            time,
            offset,
        }
    }
}

/// How soon the appointment of a reminder begins: the planned time, or the time that is left if the email is late because the
/// mail server was unavailable.
pub(crate) fn starts_in(planned_minutes: u32, email: &Email) -> String {
    let planned = i64::from(planned_minutes);
    let left = email.starts_at.duration_since(email.sent_at).as_mins();
    if left.abs_diff(planned) <= 5 {
        return match planned {
            60 => "in 1 hour".to_owned(),
            days if days > 1440 && days % 1440 == 0 => format!("in {} days", days / 1440),
            hours if hours > 0 && hours % 60 == 0 => format!("in {} hours", hours / 60),
            minutes => format!("in {minutes} minutes"),
        };
    }
    match left {
        ..=1 => "now".to_owned(),
        2..=119 => format!("in about {left} minutes"),
        _ => format!("in about {} hours", (left + 30) / 60),
    }
}

/// Empty if an email program could turn the name into a link, an address or a phone number.
pub(crate) fn greeting_name(raw: &str) -> String {
    let clean = clean_line(raw);
    let name = truncate_utf16(&clean, MAX_NAME_UTF16);
    if may_become_a_link(name) { String::new() } else { name.to_owned() }
}

/// Errs on the safe side: a greeting without a name is harmless.
fn may_become_a_link(name: &str) -> bool {
    let is_dot = |c: char| matches!(c, '.' | '\u{3002}' | '\u{ff0e}' | '\u{ff61}');
    // `example.com` becomes a link in most programs, `J.R. Smith` in none.
    let host_like =
        name.split(is_dot).skip(1).any(|label| label.chars().take_while(|c| c.is_alphanumeric()).count() > 1);
    let phone_like = name.chars().filter(|c| c.is_numeric()).count() > 4;
    host_like || phone_like || name.contains(['@', '/', '\\', ':'])
}

/// Replaces everything that is not allowed in a Message-ID, a calendar UID or a file name.
pub(crate) fn token(key: &str) -> String {
    key.chars().map(|c| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '-' }).collect()
}

#[cfg(test)]
mod tests;
