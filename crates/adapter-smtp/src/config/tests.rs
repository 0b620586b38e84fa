use super::*;

fn read(url: &str) -> (Security, String, u16) {
    let config = SmtpConfig::new(url).unwrap();
    (config.security, config.host, config.port)
}

#[test]
fn the_url_selects_the_protection() {
    assert_eq!(read("smtp://mail.example.org"), (Security::StartTls, "mail.example.org".into(), 587));
    assert_eq!(read("smtp://mail.example.org:2587/"), (Security::StartTls, "mail.example.org".into(), 2587));
    assert_eq!(read("smtps://MAIL.example.org"), (Security::Tls, "mail.example.org".into(), 465));
    assert_eq!(read("smtps://127.0.0.1:1465"), (Security::Tls, "127.0.0.1".into(), 1465));
    assert_eq!(read("smtp://192.0.2.7"), (Security::StartTls, "192.0.2.7".into(), 587));
    assert_eq!(read("smtp://[2001:db8::1]"), (Security::StartTls, "2001:db8::1".into(), 587));
}

#[test]
fn only_loopback_connections_are_without_tls() {
    for host in ["127.0.0.1", "127.9.9.9", "localhost", "LOCALHOST", "[::1]"] {
        assert_eq!(read(&format!("smtp://{host}")).0, Security::Loopback, "{host}");
        assert_eq!(read(&format!("smtp://{host}:2525")).2, 2525);
    }
    for host in
        ["127.1", "2130706433", "0.0.0.0", "localhost.example.org", "mylocalhost", "[::ffff:127.0.0.1]", "10.0.0.1"]
    {
        assert_eq!(read(&format!("smtp://{host}")).0, Security::StartTls, "{host}");
    }
}

#[test]
fn user_and_password_are_percent_decoded() {
    let login = |url| SmtpConfig::new(url).unwrap().login;
    assert_eq!(login("smtp://mail.example.org"), None);
    let expected = Some(("me@x.org".to_owned(), "p@ss:/%ü".to_owned()));
    assert_eq!(login("smtps://me%40x.org:p%40ss%3A%2F%25%C3%BC@mail.example.org"), expected);
}

#[test]
fn invalid_urls_are_refused() {
    use SmtpConfigError::*;
    let cases = [
        ("", NotAnSmtpUrl),
        ("mail.example.org", NotAnSmtpUrl),
        ("mail.example.org:587", NotAnSmtpUrl),
        ("http://mail.example.org", NotAnSmtpUrl),
        ("smtp:mail.example.org", Host),
        ("smtp://", Host),
        ("smtp://bad host", Rest),
        ("smtp://mail..example.org", Host),
        ("smtp://mail%0d.example.org", Host),
        ("smtp://me@mail.example.org", Login),
        ("smtp://:secret@mail.example.org", Login),
        ("smtp://me:%ff@mail.example.org", Login),
        ("smtp://me:a%00b@mail.example.org", Login),
        ("smtp://me:a%0d%0ab@mail.example.org", Login),
        ("smtp://mail.example.org/path", Rest),
        ("smtp://mail.example.org?tls=none", Rest),
        ("smtp://mail.example.org#x", Rest),
        ("smtp://mail.example.org:99999", Rest),
        ("smtp://me:pa/ss@mail.example.org", Rest),
    ];
    for (url, expected) in cases {
        assert_eq!(SmtpConfig::new(url).unwrap_err(), expected, "{url}");
    }
}

#[test]
fn the_password_is_never_shown() {
    let config = SmtpConfig::new("smtps://someone:hunter2@mail.example.org").unwrap();
    let shown = format!("{config:?}");
    assert!(shown.contains("mail.example.org") && shown.contains("***"));
    assert!(!shown.contains("hunter2") && !shown.contains("someone"));
    for url in ["smtp://me:hunter2@", "smtp://me:hunter2/x@h", "ftp://me:hunter2@h", "smtp://:hunter2@h", "hunter2"] {
        let error = SmtpConfig::new(url).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("hunter2"));
    }
}
