use super::*;

fn user(first: &str, last: &str) -> User {
    User {
        id: UserId::new(1).unwrap(),
        email: EmailAddress::parse("john.doe@example.org").unwrap(),
        first_name: PersonName::parse(first).unwrap(),
        last_name: PersonName::parse(last).unwrap(),
        preferred_name: None,
        time_zone: None,
        role: Role::Client,
        disabled: false,
        email_verified_at: None,
        created_at: Timestamp::UNIX_EPOCH,
    }
}

#[test]
fn both_names_or_the_email_address() {
    for (first, last, expected) in [
        ("John", "Doe", "John Doe"),
        ("  John ", "\u{a0}Doe ", "John Doe"),
        ("John", "", "john.doe@example.org"),
        ("", "Doe", "john.doe@example.org"),
        ("   ", "Doe", "john.doe@example.org"),
        ("\u{200d}", "\u{202e}", "john.doe@example.org"),
        ("محمد", "علي", "محمد علي"),
    ] {
        assert_eq!(user(first, last).display_name(), expected, "{first:?} {last:?}");
    }
}

#[test]
fn a_preferred_name_takes_precedence() {
    let chosen = |text: &str| User { preferred_name: PersonName::parse(text).unwrap(), ..user("John", "Doe") };
    assert_eq!(chosen(" Johnny  D. ").display_name(), "Johnny D.");
    assert_eq!(chosen("  ").display_name(), "John Doe");
    assert_eq!(chosen("\u{202e}\u{200d}").display_name(), "John Doe", "an invisible name is ignored");
    let nameless = User { preferred_name: PersonName::parse("J").unwrap(), ..user("", "") };
    assert_eq!(nameless.display_name(), "J");
}

#[test]
fn addresses() {
    for good in
        ["a@b.de", "A.B+c@Example.ORG", " john@example.org ", "o'brien@example.co.uk", "x@xn--bcher-kva.example"]
    {
        let parsed = EmailAddress::parse(good).unwrap();
        assert_eq!(parsed.as_str(), good.trim().to_lowercase());
    }
    let long_local = format!("{}@example.org", "a".repeat(65));
    let long = format!("a@{}.org", ["b".repeat(63).as_str(); 4].join("."));
    for bad in [
        "",
        "@",
        "a@",
        "@b.de",
        "a@b",
        "a b@c.de",
        "a@b..de",
        ".a@b.de",
        "a.@b.de",
        "a..b@c.de",
        "a@-b.de",
        "a@b-.de",
        "a@b.de\r\nBcc: x@y.de",
        "a\0@b.de",
        "jürgen@example.org",
        "a@bücher.de",
        "\"a b\"@c.de",
        "<a@b.de>",
        "a@b.de,c@d.de",
        "a@[127.0.0.1]",
        &long_local,
        &long,
    ] {
        assert_eq!(EmailAddress::parse(bad), Err(InvalidEmailAddress), "{bad:?}");
    }
}

#[test]
fn names_refuse_control_characters() {
    for bad in ["John\r\nBcc: x@y.de", "a\0b", "tab\there"] {
        assert_eq!(PersonName::parse(bad), Err(NameError::ControlCharacter), "{bad:?}");
    }
    assert_eq!(PersonName::parse(&"x".repeat(101)), Err(NameError::TooLong));
    assert_eq!(PersonName::parse(&"é".repeat(100)).unwrap().unwrap().as_str().chars().count(), 100);
    assert_eq!(PersonName::parse(" \u{3000} "), Ok(None));
}

#[test]
fn debug_hides_personal_data() {
    let printed = format!("{:?}", user("Canary", "Bird"));
    assert!(!printed.contains("Canary") && !printed.contains("Bird") && !printed.contains("john.doe"), "{printed}");
}

#[test]
fn zone_names() {
    for good in ["UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires", "Etc/GMT+5"] {
        assert_eq!(TimeZoneName::parse(good).unwrap().as_str(), good);
    }
    for bad in ["", "/etc/passwd", "../../x", "Europe//Berlin", "Europe/", "+01:00", "Europe/Ber lin", "a\0b"] {
        assert_eq!(TimeZoneName::parse(bad), Err(InvalidTimeZoneName), "{bad:?}");
    }
}
