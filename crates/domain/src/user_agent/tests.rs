use super::*;

#[test]
fn a_program_is_named_in_a_few_words() {
    for (header, expected) in [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0", Some("Firefox, Linux")),
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36",
            Some("Chrome, Windows"),
        ),
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36 Edg/131.0.0.0",
            Some("Edge, Windows"),
        ),
        (
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/605.1.15",
            Some("Safari, macOS"),
        ),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/131.0.0.0 Mobile/15E148 Safari/604.1",
            Some("Chrome, iPhone"),
        ),
        (
            "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/27.0 Chrome/125.0.0.0 Mobile Safari/537.36",
            Some("Samsung Internet, Android"),
        ),
        ("Mozilla/5.0", Some("Browser")),
        ("curl/8.5.0", Some("curl")),
        ("python-requests/2.32.3 extra", Some("python-requests")),
        ("<script>alert(1)</script>", Some("scriptalert1")),
        ("", None),
        ("/ \u{202e}", None),
    ] {
        assert_eq!(user_agent_name(header).as_deref(), expected, "{header}");
    }
    assert_eq!(user_agent_name(&"a".repeat(500)).map(|name| name.len()), Some(MAX_NAME));
}
