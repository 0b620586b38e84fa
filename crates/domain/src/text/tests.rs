use proptest::prelude::*;

use super::*;

#[test]
fn cleaning_keeps_visible_text() {
    for (raw, clean) in [
        ("John Doe", "John Doe"),
        ("  John \t\r\n Doe ", "John Doe"),
        ("Zoe\u{308}", "Zo\u{eb}"),
        ("a\u{0}b", "a b"),
        ("a\u{2028}b", "a b"),
        ("a\u{202e}b\u{2066}c\u{feff}d\u{fffe}e\u{10ffff}f", "abcdef"),
        ("\u{1f468}\u{200d}\u{1f469}", "\u{1f468}\u{200d}\u{1f469}"),
        ("نرگس\u{200c}ها", "نرگس\u{200c}ها"),
        ("", ""),
        (" \u{a0}\u{3000} ", ""),
        ("\u{200d}\u{200b}\u{2060}\u{3164}", ""),
        ("\u{202e}", ""),
    ] {
        assert_eq!(clean_line(raw), clean, "{raw:?}");
    }
}

#[test]
fn passwords_are_compared_composed_and_with_plain_spaces() {
    for (raw, compared) in [
        ("Zoe\u{308} trinkt Tee", "Zo\u{eb} trinkt Tee"),
        ("Zo\u{eb} trinkt Tee", "Zo\u{eb} trinkt Tee"),
        ("a\u{327}\u{302} \u{1112}\u{1161}\u{11ab}", "\u{e2}\u{327} \u{d55c}"),
        // The order of marks is canonical, and a singleton becomes the usual letter.
        ("q\u{307}\u{323} \u{212b}", "q\u{323}\u{307} \u{c5}"),
        ("a\u{a0}b\u{3000}c\u{2002}d\u{2000}e\u{202f}f\u{205f}g\u{1680}h\u{200a}i", "a b c d e f g h i"),
        // Nothing else changes: case, width, ligatures, spaces at the ends, controls.
        (" \u{df}\u{17f}K  \u{ff21}\u{ff11}\u{fb01} ", " \u{df}\u{17f}K  \u{ff21}\u{ff11}\u{fb01} "),
        ("a\0\tb\u{200b}\u{200d}", "a\0\tb\u{200b}\u{200d}"),
        ("", ""),
    ] {
        assert_eq!(opaque_string(raw), compared, "{raw:?}");
    }
}

#[test]
fn truncation_keeps_graphemes_whole() {
    assert_eq!(truncate_utf16("abc", 50), "abc");
    assert_eq!(truncate_utf16(&"L".repeat(300), 50), "L".repeat(50));
    let name = format!("{}\u{1f44d}", "x".repeat(49));
    assert_eq!(truncate_utf16(&name, 50), "x".repeat(49));
    let family = format!("{}\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}", "x".repeat(44));
    assert_eq!(truncate_utf16(&family, 50), "x".repeat(44));
    assert_eq!(truncate_utf16("ab cd", 3), "ab");
}

#[test]
fn hundreds_of_combining_marks_are_cut_not_removed() {
    let text = format!("Z{}", "\u{335}".repeat(500));
    let cut = truncate_utf16(&text, 50);
    assert_eq!(cut.chars().count(), 50);
    assert!(cut.starts_with('Z'));
}

proptest! {
    #[test]
    fn the_fast_path_agrees_with_the_slow_one(text in "[ -~]{0,12}") {
        prop_assert_eq!(clean_line(&text), clean_any(&text));
    }

    #[test]
    fn a_compared_password_stays_the_same(text: String) {
        let once = opaque_string(&text);
        prop_assert_eq!(opaque_string(&once), once);
    }

    #[test]
    fn a_text_that_fits_is_not_cut(text: String) {
        let units = text.encode_utf16().count();
        prop_assert_eq!(truncate_utf16(&text, units), text.trim_end());
        prop_assert_eq!(truncate_utf16(&text, text.len()), text.trim_end());
    }
}
