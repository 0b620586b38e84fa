//! How a name travels in the fragment of a Jitsi link.
//!
//! Jitsi Meet splits the fragment on `&`, splits each part on `=`, percent-decodes the value, rewrites curly quotes to
//! straight ones, turns the first `\&` into `&`, and parses what is left as JSON
//! (`react/features/base/util/parseURLParams.ts`). Percent-encoded JSON therefore still breaks on curly quotes and on
//! `\&`. A JSON string in which everything but letters, digits and ` ._~-` is a `\uXXXX` escape has nothing left in it
//! that any of these steps, an HTML attribute, a Markdown link or a mail program's link finder could trip over.

use std::borrow::Cow;
use std::fmt::Write;

use crate::text::{clean_line, is_plain, truncate_utf16};

/// Longest name Jitsi shows, in UTF-16 units (`MAX_DISPLAY_NAME_LENGTH` in `react/features/base/participants`).
pub const MAX_NAME_UNITS: usize = 50;

/// What a person with no visible name at all is called.
pub const FALLBACK_NAME: &str = "Guest";

/// The name as Jitsi will show it: cleaned, with the five characters that Jitsi would show as HTML entities (lodash
/// `escape`, jitsi-meet#11664) replaced by look-alikes, and cut to [`MAX_NAME_UNITS`].
pub fn shown_name(name: &str) -> Cow<'_, str> {
    let as_it_is =
        is_plain(name) && (1..=MAX_NAME_UNITS).contains(&name.len()) && !name.contains(|c| look_alike(c) != c);
    if as_it_is {
        return Cow::Borrowed(name);
    }
    Cow::Owned(shown_any(name))
}

fn shown_any(name: &str) -> String {
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

/// A string as a percent-encoded JSON string of ASCII only.
///
/// The result always matches `^%22(?:[A-Za-z0-9._~-]|%20|%5Cu[0-9a-f]{4})*%22$`.
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
                // Writing into a String cannot fail.
                let _ = write!(out, "%5Cu{unit:04x}");
            }
        }
    }
    out.push_str("%22");
}

/// `userInfo.displayName=…`, ready to stand behind the `#` of a link.
pub fn display_name_parameter(name: &str) -> String {
    let mut parameter = String::new();
    push_display_name(&mut parameter, name);
    parameter
}

/// Writes [`display_name_parameter`] behind the beginning of a link.
pub(super) fn push_display_name(link: &mut String, name: &str) {
    link.push_str("userInfo.displayName=");
    push_encoded(link, &shown_name(name));
}

#[cfg(test)]
mod tests;
