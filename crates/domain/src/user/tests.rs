use super::*;

fn user(first: &str, last: &str) -> User {
    User {
        email: EmailAddress::parse("john.doe@example.org").unwrap(),
        first_name: PersonName::parse(first).unwrap(),
        last_name: PersonName::parse(last).unwrap(),
        ..crate::fixtures::account(Role::Client)
    }
}

#[test]
fn the_names_that_there_are_or_the_email_address() {
    for (first, last, expected) in [
        ("John", "Doe", "John Doe"),
        ("  John ", "\u{a0}Doe ", "John Doe"),
        ("John", "", "John"),
        ("", "Doe", "Doe"),
        ("   ", "Doe", "Doe"),
        ("\u{200d}", "Doe", "Doe"),
        ("", "", "john.doe@example.org"),
        ("\u{200d}", "\u{202e}", "john.doe@example.org"),
        ("محمد", "علي", "محمد علي"),
    ] {
        assert_eq!(user(first, last).display_name(), expected, "{first:?} {last:?}");
    }
}

#[test]
fn a_room_calls_people_without_a_name_as_the_practice_configured() {
    let nameless = user("", "");
    assert_eq!(nameless.room_name(NameFallback::Email), "john.doe@example.org");
    assert_eq!(nameless.room_name(NameFallback::Neutral), "Client");
    assert_eq!(User { role: Role::Admin, ..nameless }.room_name(NameFallback::Neutral), "Therapist");
    for fallback in NameFallback::ALL {
        assert_eq!(user("", "Doe").room_name(fallback), "Doe", "one name is a name");
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
        "\"a b\"@c.de",
        "<a@b.de>",
        "a@b.de,c@d.de",
        "a@[127.0.0.1]",
        "a@[IPv6:::1]",
        "x@127.0.0.1",
        "x@127.1",
        "x@example.1",
        "x@127.0.0.0x1",
        "x@\u{ff11}27.0.0.1",
        "x@127\u{3002}0\u{3002}0\u{3002}1",
        &long_local,
        &long,
    ] {
        assert_eq!(EmailAddress::parse(bad), Err(InvalidEmailAddress::Malformed), "{bad:?}");
    }
}

#[test]
fn a_domain_has_one_form_however_it_is_written() {
    for (forms, stored) in [
        (
            [
                "info@b\u{fc}cher.example",
                "Info@BU\u{308}CHER.Example",
                "info@xn--bcher-kva.example",
                "info@XN--BCHER-KVA.EXAMPLE",
                "info@\u{ff42}\u{fc}cher\u{3002}example",
            ],
            "info@xn--bcher-kva.example",
        ),
        (
            [
                "a@\u{4f8b}\u{3048}.\u{30c6}\u{30b9}\u{30c8}",
                "a@\u{4f8b}\u{3048}\u{3002}\u{30c6}\u{30b9}\u{30c8}",
                "a@xn--r8jz45g.xn--zckzah",
                "A@Xn--R8jz45g.\u{30c6}\u{30b9}\u{30c8}",
                " a@\u{4f8b}\u{3048}.xn--zckzah ",
            ],
            "a@xn--r8jz45g.xn--zckzah",
        ),
        (
            [
                "a@fa\u{df}.example",
                "a@FA\u{1e9e}.example",
                "a@xn--fa-hia.example",
                "a@fa\u{df}.Example",
                "a@xn--FA-hia.example",
            ],
            "a@xn--fa-hia.example",
        ),
    ] {
        for form in forms {
            assert_eq!(EmailAddress::parse(form).map(|address| address.0), Ok(stored.to_owned()), "{form}");
        }
        assert_eq!(EmailAddress::restore(stored).unwrap().as_str(), stored);
    }
}

#[test]
fn domains_that_cannot_exist_are_refused() {
    let long = format!("a@{}.example", "\u{fc}".repeat(60));
    for bad in [
        "a@\u{301}b.example",
        "a@b\u{fc}cher",
        "a@b\u{fc}cher..example",
        "a@b\u{fc}cher.example.",
        "a@-b\u{fc}cher.example",
        "a@b\u{fc}cher-.example",
        "a@b_\u{fc}.example",
        "a@b\u{fc} cher.example",
        "a@xn--a.example",
        "a@xn--\u{fc}.example",
        "a@xn--b-\u{ff01}.example",
        "a@\u{2f}\u{fc}.example",
        "a@b\u{fc}cher.\u{ff11}",
        "a@\u{5d0}1a.example",
        "a@b\u{202e}\u{fc}.example",
        &long,
    ] {
        assert_eq!(EmailAddress::parse(bad), Err(InvalidEmailAddress::Malformed), "{bad:?}");
    }
    let longest = format!("{}@{}.example", "a".repeat(64), ["b".repeat(63).as_str(); 2].join("."));
    assert!(EmailAddress::parse(&longest).is_ok());
}

#[test]
fn before_the_at_sign_only_ascii_is_supported() {
    for other in
        ["j\u{fc}rgen@example.org", "ju\u{308}rgen@b\u{fc}cher.example", "\u{ff4a}ohn@example.org", "用户@例.公司"]
    {
        assert_eq!(EmailAddress::parse(other), Err(InvalidEmailAddress::LocalPart), "{other}");
    }
    let text = InvalidEmailAddress::LocalPart.to_string();
    assert_eq!(text, "before the @, only ASCII characters are supported");
}

#[test]
fn stored_addresses_from_before_remain_readable() {
    for stored in ["x@127.0.0.1", "x@xn--a.example", "x@example.1", "john@example.org"] {
        assert_eq!(EmailAddress::restore(stored).unwrap().as_str(), stored);
    }
    for damaged in ["", "john", "@b.de", "a b@c.de", "a@b", "j\u{fc}rgen@example.org", "a@b\u{fc}cher.example"] {
        assert_eq!(EmailAddress::restore(damaged), Err(InvalidEmailAddress::Malformed), "{damaged:?}");
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
fn a_name_does_not_depend_on_the_keyboard() {
    for (composed, decomposed) in
        [("Zo\u{eb}", "Zoe\u{308}"), ("Ng\u{f4} B\u{1ea3}o", "Ngo\u{302}  Ba\u{309}o"), ("\u{c5}se", "\u{212b}se")]
    {
        assert_eq!(PersonName::parse(decomposed), PersonName::parse(composed));
        assert_eq!(PersonName::parse(decomposed).unwrap().unwrap().as_str(), composed);
    }
    assert!(PersonName::parse(&"e\u{301}".repeat(100)).unwrap().is_some(), "composed, it has 100 characters");
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
