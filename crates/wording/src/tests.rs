use jiff::tz::TimeZone;

use super::*;

mod languages;

fn plain(text: &str) -> String {
    text.replace(NO_BREAK_SPACE, " ")
}

fn full(instant: &str, zone: &TimeZone) -> String {
    let wording = Wording::load().unwrap();
    plain(&wording.phrases(Language::English).local_time(instant.parse().unwrap(), zone).full)
}

#[test]
fn times_are_written_in_the_time_zone_with_its_offset() {
    for (instant, zone, expected) in [
        ("2024-01-15T09:00:00Z", "Europe/Berlin", "Monday, 15 January 2024 at 10:00 (Europe/Berlin, UTC+01:00)"),
        ("2024-07-15T09:00:00Z", "Europe/Berlin", "Monday, 15 July 2024 at 11:00 (Europe/Berlin, UTC+02:00)"),
        ("2024-01-15T02:00:00Z", "America/New_York", "Sunday, 14 January 2024 at 21:00 (America/New_York, UTC-05:00)"),
        ("2024-02-29T20:00:00Z", "Asia/Kolkata", "Friday, 1 March 2024 at 01:30 (Asia/Kolkata, UTC+05:30)"),
        // Both instants of the hour that autumn repeats.
        ("2027-10-31T00:30:00Z", "Europe/Berlin", "Sunday, 31 October 2027 at 02:30 (Europe/Berlin, UTC+02:00)"),
        ("2027-10-31T01:30:00Z", "Europe/Berlin", "Sunday, 31 October 2027 at 02:30 (Europe/Berlin, UTC+01:00)"),
        // The hour that spring leaves out: 01:59 is followed by 03:00.
        ("2027-03-28T01:00:00Z", "Europe/Berlin", "Sunday, 28 March 2027 at 03:00 (Europe/Berlin, UTC+02:00)"),
        ("2024-01-15T09:00:00Z", "UTC", "Monday, 15 January 2024 at 09:00 (UTC+00:00)"),
    ] {
        assert_eq!(full(instant, &TimeZone::get(zone).unwrap()), expected);
    }
    let fixed = TimeZone::fixed(jiff::tz::offset(-3));
    assert_eq!(full("2024-01-15T09:00:00Z", &fixed), "Monday, 15 January 2024 at 06:00 (UTC-03:00)");
    assert_eq!(full("2024-01-15T09:00:00Z", &TimeZone::unknown()), "Monday, 15 January 2024 at 09:00 (UTC+00:00)");
}

#[test]
fn the_parts_of_a_time_fit_its_sentence() {
    let wording = Wording::load().unwrap();
    let time = wording
        .phrases(Language::English)
        .local_time("2024-12-05T09:05:00Z".parse().unwrap(), &TimeZone::get("Europe/Berlin").unwrap());
    assert_eq!(time.date, "Thursday, 5\u{a0}December 2024");
    assert_eq!(time.short_date, "5\u{a0}December");
    assert_eq!(time.day, "Thursday, 5\u{a0}December");
    assert_eq!(time.time, "10:05");
    assert_eq!((time.zone.as_str(), time.offset.as_str()), ("Europe/Berlin", "UTC+01:00"));
    assert_eq!(time.place, "Europe/Berlin, UTC+01:00");
    assert_eq!(time.date_and_time, format!("{} at 10:05", time.date));
    let fixed = TimeZone::fixed(jiff::tz::offset(-3));
    let time = wording.phrases(Language::English).local_time("2024-12-05T09:05:00Z".parse().unwrap(), &fixed);
    assert_eq!((time.zone.as_str(), time.offset.as_str()), ("UTC-03:00", "UTC-03:00"));
}

#[test]
fn a_time_is_joined_to_its_date_as_the_language_does() {
    let wording = Wording::load().unwrap();
    for (language, date_and_time, short_date) in [
        (Language::English, "Monday, 15\u{a0}January 2024 at 10:00", "15\u{a0}January"),
        (Language::German, "Montag, 15.\u{a0}Januar 2024 um 10:00", "15.\u{a0}Januar"),
        (Language::French, "lundi 15\u{a0}janvier 2024 à 10:00", "15\u{a0}janvier"),
        (Language::Spanish, "lunes, 15\u{a0}de\u{a0}enero de 2024, 10:00", "15\u{a0}de\u{a0}enero"),
    ] {
        let time = wording.phrases(language).local_time("2024-01-15T10:00:00Z".parse().unwrap(), &TimeZone::UTC);
        assert_eq!((time.date_and_time.as_str(), time.short_date.as_str()), (date_and_time, short_date));
    }
    let french = wording.phrases(Language::French);
    for (day, expected) in [(1, "1er\u{a0}mai"), (11, "11\u{a0}mai"), (21, "21\u{a0}mai")] {
        let noon = jiff::civil::date(2024, 5, day).at(12, 0, 0, 0).in_tz("UTC").unwrap();
        let time = french.local_time(noon.timestamp(), &TimeZone::UTC);
        assert_eq!(time.short_date, expected);
        assert!(time.date.ends_with(&format!(" {expected} 2024")), "{}", time.date);
    }
}

#[test]
fn durations_and_lead_times_agree_in_number() {
    let wording = Wording::load().unwrap();
    let phrases = wording.phrases(Language::English);
    assert_eq!(phrases.minutes(1), "1\u{a0}minute");
    assert_eq!(phrases.minutes(50), "50\u{a0}minutes");
    for (language, expected) in [
        (Language::German, ["1 Minute", "in 2 Tagen", "in 1 Stunde", "in etwa 21 Stunden", "jetzt"]),
        (Language::French, ["1 minute", "dans 2 jours", "dans 1 heure", "dans environ 21 heures", "maintenant"]),
        (Language::Spanish, ["1 minuto", "dentro de 2 días", "dentro de 1 hora", "dentro de unas 21 horas", "ahora"]),
    ] {
        let phrases = wording.phrases(language);
        let soon = [(2880, 2880), (60, 60), (1440, 1250), (60, 0)].map(|(plan, left)| phrases.starts_in(plan, left));
        let found: Vec<String> = std::iter::once(phrases.minutes(1)).chain(soon).map(|text| plain(&text)).collect();
        assert_eq!(found, expected);
    }
    for (planned, left, expected) in [
        (1440, 1439, "in 24 hours"),
        (60, 59, "in 1 hour"),
        (90, 90, "in 90 minutes"),
        (120, 120, "in 2 hours"),
        (2880, 2880, "in 2 days"),
        (10_080, 10_080, "in 7 days"),
        (2160, 2160, "in 36 hours"),
        (15, 15, "in 15 minutes"),
        // Late: the time that is left.
        (1440, 1435, "in 24 hours"),
        (1440, 1434, "in about 24 hours"),
        (1440, 1250, "in about 21 hours"),
        (1440, 120, "in about 2 hours"),
        (1440, 119, "in about 119 minutes"),
        (60, 10, "in about 10 minutes"),
        (60, 2, "in about 2 minutes"),
        (60, 1, "now"),
        (60, -30, "now"),
    ] {
        assert_eq!(plain(&phrases.starts_in(planned, left)), expected, "{planned} planned, {left} left");
    }
}

#[test]
fn amounts_have_a_sign_or_a_code() {
    let wording = Wording::load().unwrap();
    for (language, minor, currency, expected) in [
        (Language::English, 10_000, "EUR", "€100.00"),
        (Language::English, 0, "GBP", "£0.00"),
        (Language::English, 123_456_789, "USD", "$1,234,567.89"),
        (Language::English, 1_000, "JPY", "¥1,000"),
        (Language::English, 99_950, "CHF", "CHF\u{a0}999.50"),
        (Language::German, 10_000, "EUR", "100,00\u{a0}€"),
        (Language::German, 123_456_789, "CHF", "1.234.567,89\u{a0}CHF"),
        (Language::French, 123_456_789, "EUR", "1\u{202f}234\u{202f}567,89\u{a0}€"),
        (Language::Spanish, 999_999, "EUR", "9999,99\u{a0}€"),
        (Language::Spanish, 1_000_000, "CHF", "10.000,00\u{a0}CHF"),
    ] {
        let amount = Money::new(minor, Currency::parse(currency).unwrap()).unwrap();
        assert_eq!(wording.phrases(language).money(amount), expected);
    }
}

#[test]
fn a_message_needs_all_its_values() {
    let wording = Wording::load().unwrap();
    let phrases = wording.phrases(Language::English);
    assert_eq!(phrases.text_with("short-date", &[("day", "5".into()), ("month", "May".into())]), "5\u{a0}May");
    assert_eq!(phrases.find("short-date", &[]), None);
    assert_eq!(phrases.find("no-such-message", &[]), None);
    assert_eq!(phrases.find("months.thirteenth", &[]), None);
    assert_eq!(phrases.language(), Language::English);
    assert_eq!(wording.phrases(Language::German).language(), Language::German);
}
