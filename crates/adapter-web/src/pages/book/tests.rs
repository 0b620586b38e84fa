use attune_domain::{Language, Practice, PracticeName, TimeZoneName};
use attune_wording::Wording;
use jiff::SignedDuration;
use jiff::civil::date;

use super::*;
use crate::language;
use crate::shell::Tab;

fn slots(days: &[(Date, usize)], zone: &TimeZone) -> BTreeMap<Date, Vec<Slot>> {
    let slot = |day: Date, hour: usize| {
        let start = day.at(9, 0, 0, 0).to_zoned(zone.clone()).unwrap().timestamp()
            + SignedDuration::from_hours(i64::try_from(hour).unwrap());
        Slot { start, end: start + SignedDuration::from_mins(50) }
    };
    days.iter().map(|(day, count)| (*day, (0..*count).map(|hour| slot(*day, hour)).collect())).collect()
}

/// Each day as its date and the number of its slots, or what is said about days without one.
fn outline(entries: &[Entry]) -> Vec<String> {
    let line = |entry: &Entry| match entry {
        Entry::Day(day) => format!("{} {}: {}", day.date, day.offset, day.slots.len()),
        Entry::Empty(sentence) => sentence.clone(),
    };
    entries.iter().map(|entry| line(entry).replace('\u{a0}', " ")).collect()
}

#[test]
fn days_without_a_slot_are_said_in_a_sentence() {
    let wording = Wording::load().unwrap();
    let phrases = wording.phrases(Language::English);
    let zone = TimeZone::get("Europe/Berlin").unwrap();
    let december = |day| date(2026, 12, day);
    for (days, expected, last) in [
        (
            &[(december(2), 2), (december(4), 1)][..],
            &[
                "Tuesday, 1 December: no free times",
                "Wednesday, 2 December UTC+01:00: 2",
                "Thursday, 3 December: no free times",
                "Friday, 4 December UTC+01:00: 1",
                "Saturday, 5 December to Monday, 14 December: no free times",
            ][..],
            december(14),
        ),
        // Days that do not fit are left out as a whole.
        (
            &[(december(1), 15), (december(2), 95), (december(3), 3), (december(4), 1)],
            &["Tuesday, 1 December UTC+01:00: 15", "Wednesday, 2 December UTC+01:00: 95"],
            december(2),
        ),
        (&[(december(1), 200)], &["Tuesday, 1 December UTC+01:00: 200"], december(1)),
    ] {
        let mut days = days.to_vec();
        if days.len() == 1 {
            days.push((december(2), 1));
        }
        let (found, shown_until) = entries(phrases, &zone, december(1), &slots(&days, &zone));
        assert_eq!(outline(&found), expected);
        assert_eq!(shown_until, last);
    }
}

#[test]
fn slots_say_date_and_time_and_an_offset_that_is_not_that_of_their_day() {
    let wording = Wording::load().unwrap();
    let zone = TimeZone::get("Europe/Berlin").unwrap();
    let slot = |at: &str| Slot { start: at.parse().unwrap(), end: at.parse().unwrap() };
    // The hour that autumn repeats.
    let free = [slot("2027-10-31T00:30:00Z"), slot("2027-10-31T01:30:00Z")];
    let day = day(wording.phrases(Language::German), &zone, date(2027, 10, 31), &free);
    let found: Vec<_> = day.slots.iter().map(|slot| (slot.at.as_str(), slot.time.as_str(), &slot.offset)).collect();
    assert_eq!(day.offset, "UTC+02:00");
    assert_eq!(found, [("1824942600", "02:30", &None), ("1824946200", "02:30", &Some("UTC+01:00".to_owned()))]);
    assert_eq!((&*day.slots[0].before, &*day.slots[0].after), ("Sonntag, 31.\u{a0}Oktober, ", " Uhr"));
}

#[test]
fn the_page_of_two_full_weeks_is_small() {
    let wording = Wording::load().unwrap();
    let zone = TimeZone::get("Europe/Berlin").unwrap();
    let practice = Practice::new(
        PracticeName::parse("Attune Heart Therapy").unwrap(),
        TimeZoneName::parse("Europe/Berlin").unwrap(),
    );
    let days: Vec<_> = date(2026, 12, 1).series(1.day()).take(14).map(|day| (day, 8)).collect();
    for language in Language::ALL {
        let phrases = wording.phrases(language);
        let text = |name: &str| phrases.text(name);
        let (entries, last) = entries(phrases, &zone, date(2026, 12, 1), &slots(&days, &zone));
        assert_eq!((entries.len(), last), (14, date(2026, 12, 14)));
        let mut shell = Shell::new(phrases, &practice, "", text("book-time"));
        shell.languages = language::links(language);
        for (path, name) in [("/book", "tab-book"), ("/login", "tab-login")] {
            shell.tabs.push(Tab { href: path.to_owned(), text: text(name), is_current: path == PATH });
        }
        let step = |name: &str| Step { text: text(name), href: None, is_done: false, is_current: false };
        let steps = ["book-step-time", "book-step-who", "book-step-check"].map(step).to_vec();
        let when = phrases.local_time("2026-12-01T08:00:00Z".parse().unwrap(), &zone);
        let page = Book {
            shell,
            steps: Steps { label: text("book-steps"), done_mark: text("book-step-done"), steps },
            taken: None,
            picks: Vec::new(),
            chosen: text("book-chosen"),
            next: Some(NextFree {
                heading: text("book-next"),
                when: when.date_and_time,
                place: when.place.clone(),
                at: "1796112000".to_owned(),
                button: text("book-next-button"),
            }),
            heading: phrases.text_with("book-times", &[("first", "1 December".into()), ("last", "14 December".into())]),
            zone: ZoneForm {
                name: "Europe/Berlin".to_owned(),
                hint: phrases.text_with("book-zone-hint", &[("zone", "{zone}".into())]),
                hint_button: phrases.text_with("book-zone-hint-button", &[("zone", "{zone}".into())]),
                shown: phrases.text_with("book-zone-shown", &[("place", (&when.place).into())]),
                action: PATH.to_owned(),
                label: text("book-zone"),
                zones: ZONES.iter().map(|name| ((*name).to_owned(), false)).collect(),
                kept: vec![("service", "1".to_owned()), ("therapist", "1".to_owned())],
                button: text("book-zone-button"),
            },
            zone_sentence: None,
            entries,
            nothing: None,
            ways: ["book-earlier", "book-later"]
                .map(|name| Link { href: "/book?from=2026-12-15".to_owned(), text: text(name) })
                .to_vec(),
            summary: format!("{}?", book_summary::PATH),
            is_form: false,
            action: book_summary::PATH.to_owned(),
            hidden: ["service", "therapist", "zone"].map(|name| (name, "America/New_York".to_owned())).to_vec(),
            kept: None,
        };
        let links = page.render().unwrap();
        let buttons = Book { is_form: true, ..page }.render().unwrap();
        for (html, slot) in [(links, "<li><a href=\"/book/summary?at="), (buttons, "<li><button name=at value=")] {
            assert_eq!(html.matches(slot).count(), 14 * 8);
            assert!(html.len() < 15_000, "{language}: {} bytes", html.len());
        }
    }
}
