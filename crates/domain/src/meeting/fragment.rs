//! How a name is encoded in the fragment of a Jitsi link.
//!
//! Jitsi Meet splits the fragment on `&`, splits each part on `=`, percent-decodes the value, rewrites curly quotes to
//! straight ones, turns the first `\&` into `&`, and parses the result as JSON
//! (`react/features/base/util/parseURLParams.ts`). Percent-encoded JSON therefore still breaks on curly quotes and on
//! `\&`. A JSON string in which everything but letters, digits and ` ._~-` is a `\uXXXX` escape passes these steps
//! unchanged, and is also safe in HTML attributes, Markdown links and the link detection of email programs.

use std::borrow::Cow;
use std::fmt::Write;

use crate::text::{clean_line, is_plain, truncate_utf16};

/// Longest name that Jitsi shows, in UTF-16 units (`MAX_DISPLAY_NAME_LENGTH` in `react/features/base/participants`).
pub const MAX_NAME_UNITS: usize = 50;

/// Replaces a name without visible characters.
pub const FALLBACK_NAME: &str = "Guest";

/// The name for Jitsi: cleaned, with similar characters instead of the five that Jitsi would show as HTML entities
/// (lodash `escape`, jitsi-meet#11664), and cut to [`MAX_NAME_UNITS`].
pub fn shown_name(name: &str) -> Cow<'_, str> {
    let unchanged =
        is_plain(name) && (1..=MAX_NAME_UNITS).contains(&name.len()) && !name.contains(|c| look_alike(c) != c);
    if unchanged {
        return Cow::Borrowed(name);
    }
    Cow::Owned(shown_name_of_any(name))
}

fn shown_name_of_any(name: &str) -> String {
    let clean: String = clean_line(name).chars().map(look_alike).collect();
    let cut = truncate_utf16(&clean, MAX_NAME_UNITS);
    if clean_line(cut).is_empty() { FALLBACK_NAME.to_owned() } else { cut.to_owned() }
}

fn look_alike(c: char) -> char {
    match c {
        '\'' => '\u{2019}',
        '"' => '\u{201d}',
        '&' => '\u{ff06}',
        '<' => '\u{2039}',
        '>' => '\u{203a}',
        other => other,
    }
}

/// Encodes a text as a percent-encoded, ASCII-only JSON string. The result matches `^%22(?:[A-Za-z0-9._~-]|%20|%5Cu[0-9a-f]{4})*%22$`.
pub fn encode_string(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 12);
    push_encoded(&mut out, text);
    out
}

fn push_encoded(out: &mut String, text: &str) {
    out.push_str("%22");
    for unit in text.encode_utf16() {
        match u8::try_from(unit) {
            Ok(b' ') => out.push_str("%20"),
            Ok(b) if b.is_ascii_alphanumeric() || b"._~-".contains(&b) => out.push(char::from(b)),
            _ => {
                // Writing to a String cannot fail.
                let _ = write!(out, "%5Cu{unit:04x}");
            }
        }
    }
    out.push_str("%22");
}

/// The fragment parameter `userInfo.displayName=…`.
pub fn display_name_parameter(name: &str) -> String {
    let mut parameter = String::new();
    push_display_name(&mut parameter, name);
    parameter
}

/// Appends [`display_name_parameter`] to a link.
pub(super) fn push_display_name(link: &mut String, name: &str) {
    link.push_str("userInfo.displayName=");
    push_encoded(link, &shown_name(name));
}

#[cfg(test)]
mod tests;
