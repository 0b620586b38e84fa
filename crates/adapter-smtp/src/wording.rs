//! How a mail puts times and names into words.

use attune_domain::text::{clean_line, truncate_utf16};
use attune_ports::Email;
use jiff::Timestamp;
use jiff::tz::TimeZone;

/// Longest name in a greeting, in UTF-16 units. A name is the one thing in a mail that a stranger may have typed (by
/// registering somebody else's address), and it should not have room for a message.
const MAX_NAME_UNITS: usize = 80;

/// An instant in the reader's own time.
pub(crate) struct When {
    /// `Monday, 15 January 2024`
    pub(crate) date: String,
    /// `15 January`
    pub(crate) day: String,
    /// `10:00`
    pub(crate) time: String,
    /// `Europe/Berlin`, or the offset where the zone has no name.
    pub(crate) zone: String,
    /// `UTC+01:00`
    pub(crate) offset: String,
    /// `Monday, 15 January 2024 at 10:00 (Europe/Berlin, UTC+01:00)`
    pub(crate) sentence: String,
}

impl When {
    pub(crate) fn at(instant: Timestamp, zone: &TimeZone) -> Self {
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
            day: local.strftime("%-d %B").to_string(),
            zone: name.unwrap_or(&offset).to_owned(),
            sentence: format!("{date} at {time} ({place})"),
            date,
            time,
            offset,
        }
    }
}

/// How soon the session of a reminder begins. A mail that leaves on time says exactly what was planned; a late one (the
/// mail server was away) says what is left instead of something untrue.
pub(crate) fn in_words(planned_minutes: u32, mail: &Email) -> String {
    let planned = i64::from(planned_minutes);
    let left = mail.starts_at.duration_since(mail.sent_at).as_mins();
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

/// The name to greet with; empty where a mail program could make a link, an address or a phone number of it.
pub(crate) fn greeting_name(raw: &str) -> String {
    let clean = clean_line(raw);
    let name = truncate_utf16(&clean, MAX_NAME_UNITS);
    if may_become_a_link(name) { String::new() } else { name.to_owned() }
}

/// Errs on the safe side: a greeting without a name does no harm.
fn may_become_a_link(name: &str) -> bool {
    let is_dot = |c: char| matches!(c, '.' | '\u{3002}' | '\u{ff0e}' | '\u{ff61}');
    // `example.com` becomes a link in most programs, `J.R. Smith` in none.
    let host_like =
        name.split(is_dot).skip(1).any(|label| label.chars().take_while(|c| c.is_alphanumeric()).count() > 1);
    let phone_like = name.chars().filter(|c| c.is_numeric()).count() > 4;
    host_like || phone_like || name.contains(['@', '/', '\\', ':'])
}

/// A key as it may stand in a Message-ID, a calendar UID and a file name: letters, digits, `.`, `_` and `-`.
pub(crate) fn token(key: &str) -> String {
    key.chars().map(|c| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '-' }).collect()
}

#[cfg(test)]
mod tests;
