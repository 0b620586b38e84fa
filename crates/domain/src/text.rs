//! Texts that users typed, and names of enum values.

use thiserror::Error;
use unicode_normalization::UnicodeNormalization;
use unicode_segmentation::UnicodeSegmentation;

/// The text is not the name of a value of the enum; see the enum's `as_str`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("not one of the known names")]
pub struct UnknownName;

/// Makes a name safe to show in one line, without a visible change.
///
/// Normalizes to NFC; replaces control characters and line separators with spaces; removes bidi controls, byte order
/// marks, interlinear annotation marks and noncharacters (they reorder or hide text, and U+0000–001F and U+FFFE
/// disconnect from Prosody, because they are not XML); collapses white space. ZWJ and ZWNJ remain, because emoji families
/// and Persian need them. A text without a visible character becomes empty.
pub fn clean_line(raw: &str) -> String {
    if is_plain(raw) { raw.to_owned() } else { clean_any(raw) }
}

/// Whether the text is printable ASCII that [`clean_line`] would not change: the fast path for most names.
pub(crate) fn is_plain(raw: &str) -> bool {
    let printable = raw.bytes().all(|b| matches!(b, b' '..=b'~'));
    printable && !raw.starts_with(' ') && !raw.ends_with(' ') && !raw.contains("  ")
}

fn clean_any(raw: &str) -> String {
    let mut out = String::with_capacity(raw.len());
    let mut space = false;
    for c in raw.nfc().filter(|c| !is_dropped(*c)) {
        if c.is_whitespace() || c.is_control() {
            space = !out.is_empty();
            continue;
        }
        if space {
            out.push(' ');
            space = false;
        }
        out.push(c);
    }
    if out.chars().any(is_visible) { out } else { String::new() }
}

/// A password in the form in which it is compared: composed (NFC), with every space as the one of ASCII.
///
/// Keyboards and systems write the same letters differently: macOS gives `e` and a combining accent where Windows gives
/// `é`. These are the rules of OpaqueString (RFC 8265, section 4.2.2); case and width remain. Characters that OpaqueString
/// would refuse are kept, because passwords with them exist.
pub fn opaque_string(raw: &str) -> String {
    raw.chars().map(|c| if is_space_separator(c) { ' ' } else { c }).nfc().collect()
}

/// Unicode's category Zs.
fn is_space_separator(c: char) -> bool {
    matches!(c, ' ' | '\u{a0}' | '\u{1680}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}')
}

/// The longest prefix of `text` that has at most `units` UTF-16 units and ends at a grapheme boundary.
///
/// If the first grapheme alone is longer (a letter with hundreds of combining marks), it is cut at a character boundary,
/// so that the result is not empty.
pub fn truncate_utf16(text: &str, units: usize) -> &str {
    // No character has more UTF-16 units than UTF-8 bytes.
    if text.len() <= units {
        return text.trim_end();
    }
    let fits = |pieces: &mut dyn Iterator<Item = &str>| {
        let mut used = 0;
        let mut end = 0;
        for piece in pieces {
            used += piece.encode_utf16().count();
            if used > units {
                break;
            }
            end += piece.len();
        }
        end
    };
    let end = match fits(&mut text.graphemes(true)) {
        0 => fits(&mut text.split("").filter(|piece| !piece.is_empty())),
        end => end,
    };
    text[..end].trim_end()
}

/// Characters that are removed.
fn is_dropped(c: char) -> bool {
    matches!(c,
        '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
        | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{fdd0}'..='\u{fdef}')
        || (c as u32 & 0xfffe) == 0xfffe
}

/// Whether a reader would see anything; used only to recognize blank names.
fn is_visible(c: char) -> bool {
    !matches!(c,
        '\u{00ad}' | '\u{034f}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200d}' | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}'
        | '\u{ffa0}' | '\u{e0000}'..='\u{e0fff}')
        && !c.is_whitespace()
        && !c.is_control()
}

#[cfg(test)]
mod tests;
