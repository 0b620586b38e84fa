use super::*;

#[test]
fn names_that_could_become_links_are_not_used() {
    for name in ["John Doe", "J.R. Smith", "Zoë O'Brien", "Dr. Anna-Maria López", "李小龍", "Louis XIV", "John Doe 3rd"]
    {
        assert_eq!(greeting_name(name), name);
    }
    for name in [
        "https://evil",
        "john@example.org",
        "Visit evil.com now",
        "www.evil.example",
        "evil\u{3002}com",
        "evil\u{ff0e}com",
        "tel:1",
        "Call 0900 12345",
        "\\\\evil\\share",
        "",
        "\u{200b}",
    ] {
        assert_eq!(greeting_name(name), "", "{name}");
    }
}

#[test]
fn a_name_is_one_short_line() {
    assert_eq!(greeting_name("John\r\nBcc x\0\u{202e}Doe"), "John Bcc x Doe");
    assert_eq!(greeting_name(&"a".repeat(500)).len(), 80);
}

#[test]
fn keys_become_tokens() {
    assert_eq!(token("reminder:12:60:v1"), "reminder-12-60-v1");
    assert_eq!(token("a>\r\nBcc: <x@y.z"), "a---Bcc---x-y.z");
    assert_eq!(token("../../etc/passwd"), "..-..-etc-passwd");
}
