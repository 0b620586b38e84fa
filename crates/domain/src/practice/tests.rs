use super::*;
use crate::BookingId;

#[test]
fn a_name_is_one_visible_line() {
    assert_eq!(PracticeName::parse("  Attune\tHeart\u{202e} Therapy ").unwrap().as_str(), "Attune Heart Therapy");
    for blank in ["", " ", "\u{200b}\n"] {
        assert_eq!(PracticeName::parse(blank), Err(PracticeError::BlankName), "{blank:?}");
    }
    assert!(PracticeName::parse(&"ü".repeat(100)).is_ok());
    assert_eq!(PracticeName::parse(&"ü".repeat(101)), Err(PracticeError::LongName));
}

#[test]
fn phone_numbers_are_shown_as_written_and_dialled_without_separators() {
    for (written, dialled) in [
        ("+49 30 23125 123", "+493023125123"),
        ("030/23125-123", "03023125123"),
        ("+49 (0)30 23125", "+493023125"),
        ("(030) 23 12.5", "03023125"),
        ("112", "112"),
        ("+123456789012345", "+123456789012345"),
    ] {
        let number = PhoneNumber::parse(written).unwrap();
        assert_eq!((number.as_str(), number.dialled().as_str()), (written, dialled));
    }
    let long = format!("112{}", " ".repeat(5).replace(' ', " - - - - "));
    for invalid in ["", "12", "+1234567890123456", "0900-CALL-ME", "030+12", "tel:112", "++112", &long] {
        assert_eq!(PhoneNumber::parse(invalid), Err(PracticeError::Phone), "{invalid}");
    }
}

#[test]
fn a_text_is_a_url_only_if_nothing_else_is_in_it() {
    let url = WebUrl::parse("https://practice.example.org/imprint").unwrap();
    assert_eq!(WebUrl::only("\n https://practice.example.org/imprint \n"), Some(url));
    for text in ["", "Main Street 1", "https://practice.example.org or call us", "https://a.example\nhttps://b.example"]
    {
        assert_eq!(WebUrl::only(text), None, "{text}");
    }
}

#[test]
fn web_urls_are_absolute_and_have_no_password() {
    assert_eq!(WebUrl::parse(" https://Practice.example.org ").unwrap().as_str(), "https://practice.example.org/");
    assert!(WebUrl::parse("http://practice.example.org/imprint?lang=de#top").is_ok());
    let long = format!("https://example.org/{}", "a".repeat(480));
    assert!(WebUrl::parse(&long).is_ok());
    let too_long = format!("{long}a");
    for invalid in [
        "",
        "practice.example.org",
        "/imprint",
        "javascript:alert(1)",
        "https://a:b@example.org",
        "https://a@example.org",
        &too_long,
    ] {
        assert_eq!(WebUrl::parse(invalid), Err(PracticeError::Url), "{invalid}");
    }
}

#[test]
fn colours_have_six_digits() {
    let color = AccentColor::parse(" #14532D ").unwrap();
    assert_eq!((color.0, color.to_string().as_str()), ([0x14, 0x53, 0x2d], "#14532d"));
    for invalid in ["", "14532d", "#14532", "#14532d0", "#+4532d", "#grün00", "green"] {
        assert_eq!(AccentColor::parse(invalid), Err(PracticeError::Color), "{invalid}");
    }
}

#[test]
fn logos_are_images_without_scripts() {
    let png = |length| {
        let mut bytes = b"\x89PNG\r\n\x1a\n".to_vec();
        bytes.resize(length, 0);
        Logo::new(bytes)
    };
    assert_eq!(format!("{:?}", png(100).unwrap()), "Logo(png, 100 bytes)");
    assert_eq!(png(Logo::MAX_BYTES).unwrap().bytes().len(), 200_000);
    assert_eq!(png(Logo::MAX_BYTES + 1), Err(PracticeError::Logo));
    for (bytes, format, media_type) in [
        (&b"\x89PNG\r\n\x1a\n"[..], ImageFormat::Png, "image/png"),
        (&[0xff, 0xd8, 0xff, 0xe0], ImageFormat::Jpeg, "image/jpeg"),
        (b"RIFF\0\0\0\0WEBPVP8 ", ImageFormat::Webp, "image/webp"),
    ] {
        let logo = Logo::new(bytes.to_vec()).unwrap();
        assert_eq!((logo.format(), logo.format().media_type()), (format, media_type));
    }
    for invalid in [&b""[..], b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"GIF89a", b"RIFF\0\0\0\0WAVE"] {
        assert_eq!(Logo::new(invalid.to_vec()), Err(PracticeError::Logo), "{invalid:?}");
    }
}

#[test]
fn the_name_of_a_logo_has_one_spelling() {
    let name = LogoName::new([0, 0x3a, 11, 28, 45, 79, 110, 0x78], ImageFormat::Jpeg);
    assert_eq!(name.as_str(), "logo-003a0b1c2d4f6e78.jpg");
    assert_eq!(LogoName::parse(name.as_str()), Some(name));
    for invalid in [
        "",
        "logo-003a0b1c2d4f6e78",
        "003a0b1c2d4f6e78.jpg",
        "logo-3a0b1c2d4f6e78.jpg",
        "logo-+03a0b1c2d4f6e78.jpg",
        "logo-003A0B1C2D4F6E78.jpg",
        "logo-003a0b1c2d4f6e78.jpeg",
        "logo-003a0b1c2d4f6e78.svg",
    ] {
        assert_eq!(LogoName::parse(invalid), None, "{invalid}");
    }
}

#[test]
fn bookings_keep_the_uid_that_they_were_emailed_with() {
    let id = |value| BookingId::new(value).unwrap();
    let new = Installation { id: "5e3a".into(), legacy_uids: None };
    assert_eq!(new.calendar_uid(id(7)), "booking-7@5e3a");
    let legacy = LegacyUids { domain: "practice.example.org".into(), last_booking: id(7) };
    let upgraded = Installation { legacy_uids: Some(legacy), ..new };
    assert_eq!(upgraded.calendar_uid(id(7)), "booking-7@practice.example.org");
    assert_eq!(upgraded.calendar_uid(id(8)), "booking-8@5e3a");
}

#[test]
fn a_text_without_a_translation_is_read_by_everyone() {
    let mut practice =
        Practice::new(PracticeName::parse("Attune").unwrap(), TimeZoneName::parse("Europe/Berlin").unwrap());
    let translated = PracticeTexts { imprint: Some("Impressum".into()), ..PracticeTexts::default() };
    practice.translations = [(Language::German, translated)].into();
    let imprint =
        |practice: &Practice, language| practice.text(language, |texts| texts.imprint.as_ref()).map(str::to_owned);
    assert_eq!(imprint(&practice, Language::German), None, "a translation of no text is not shown");
    practice.texts.imprint = Some("Imprint".into());
    assert_eq!(imprint(&practice, Language::German).as_deref(), Some("Impressum"));
    assert_eq!(imprint(&practice, Language::French).as_deref(), Some("Imprint"));
}
