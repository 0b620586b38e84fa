//! What may stand in a text that a person typed, and how much of it can be shown.

use unicode_normalization::UnicodeNormalization;
use unicode_segmentation::UnicodeSegmentation;

/// Makes a name safe to show in one line, without changing what a person reads.
///
/// NFC; controls and line separators become spaces; bidi controls, byte order marks, interlinear annotation marks and
/// noncharacters go (they reorder or hide text, and U+0000–001F and U+FFFE end a Prosody session, because they are not
/// XML); white space collapses. ZWJ and ZWNJ stay: emoji families and Persian need them. A text with nothing visible
/// left in it comes out empty.
pub fn clean_line(raw: &str) -> String {
    if is_plain(raw) { raw.to_owned() } else { clean_any(raw) }
}

/// Whether there is nothing to clean, which most names show at a glance.
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

/// The longest beginning of `text` that fits `units` UTF-16 units and ends between two graphemes.
///
/// A first grapheme longer than the limit (a flood of combining marks) is cut between characters instead, so that a
/// name is shortened but never lost.
pub fn truncate_utf16(text: &str, units: usize) -> &str {
    // No character takes more units than bytes.
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

/// Characters that are taken out without a trace.
fn is_dropped(c: char) -> bool {
    matches!(c,
        '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
        | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{fdd0}'..='\u{fdef}')
        || (c as u32 & 0xfffe) == 0xfffe
}

/// Whether a reader would see anything at all. Only used to tell an empty name from a real one.
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
