use super::*;

#[test]
fn blank_lines_separate_paragraphs() {
    for (text, expected) in [
        ("", &[][..]),
        ("\n \n", &[]),
        ("one", &["one"]),
        ("one\ntwo", &["one\ntwo"]),
        ("\none  \r\ntwo\r\n\r\n\r\nthree\n", &["one\ntwo", "three"]),
    ] {
        assert_eq!(paragraphs(text), expected, "{text:?}");
    }
}
