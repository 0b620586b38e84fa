//! Names and keys, reduced to what is harmless in an email.

use attune_domain::text::{clean_line, truncate_utf16};

/// A stranger may have typed the name, by registering another user's address: it must not have room for a message.
const MAX_NAME_UTF16: usize = 80;

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
