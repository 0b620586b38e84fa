use std::collections::{BTreeMap, BTreeSet};

use attune_domain::Formality;

use super::*;

/// The emails that are about several appointments, in the table for operators.
const SERIES: &str = "a series";

/// The variables of which each of several appointments has its own.
const OF_EACH: [&str; 4] = ["join_url", "join_label", "pay_url", "pay_label"];

/// A row of the table for operators: the kinds of email that have the variable, and whether their subjects have it.
fn documented() -> BTreeMap<String, (BTreeSet<String>, bool)> {
    let text = include_str!("../../../../docs/OPERATIONS.md");
    let (_, table) = text.split_once("| variable | example | emails | in subjects |\n|---|---|---|---|\n").unwrap();
    let mut rows = BTreeMap::new();
    for row in table.lines().take_while(|line| line.starts_with('|')) {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        let [names, _, kinds, subjects] = cells[..] else { panic!("four cells: {row}") };
        let quoted = |cell: &str| cell.split('`').skip(1).step_by(2).map(str::to_owned).collect::<BTreeSet<String>>();
        let in_subjects = match subjects {
            "yes" => true,
            "no" => false,
            other => panic!("{other}"),
        };
        for name in quoted(names) {
            let kinds = match kinds {
                "all" => BTreeSet::new(),
                SERIES => BTreeSet::from([SERIES.to_owned()]),
                kinds => quoted(kinds),
            };
            rows.insert(name, (kinds, in_subjects));
        }
    }
    rows
}

fn composer() -> MailComposer {
    let config = MailConfig {
        from: EmailAddress::parse("office@practice.example.org").unwrap(),
        message_domain: "practice.example.org".to_owned(),
        public_url: "https://booking.example.org".parse().unwrap(),
        templates_dir: None,
    };
    MailComposer::new(config, Arc::new(Wording::load().unwrap())).unwrap()
}

/// Lists of emails show the beginning.
#[test]
fn a_subject_has_at_most_70_characters() {
    let composer = composer();
    // One of the longest dates.
    let starts_at = "2024-09-25T08:00:00Z".parse().unwrap();
    let zone = TimeZone::get("Europe/Berlin").unwrap();
    for sample in samples(&composer.from).unwrap() {
        for language in Language::ALL {
            for german_formality in Formality::ALL {
                let practice = Arc::new(Practice { german_formality, ..(*sample.practice).clone() });
                let email = Email { starts_at, zone: zone.clone(), language, practice, ..sample.clone() };
                let phrases = composer.wording.phrases_with(language, german_formality);
                let values = public_values(&email, phrases, &composer.public_url).unwrap();
                let subject = values["subject"].as_str().unwrap();
                assert!((10..=70).contains(&subject.chars().count()), "{subject}");
            }
        }
    }
}

#[test]
fn every_kind_of_email_has_the_documented_variables_and_no_other() {
    let composer = composer();
    let rows = documented();
    for email in samples(&composer.from).unwrap() {
        let is_series = !email.others.is_empty();
        let in_email = |kinds: &BTreeSet<String>| {
            kinds.is_empty() || kinds.contains(email.kind.as_str()) || is_series && kinds.contains(SERIES)
        };
        let expected = |only_subjects: bool| -> BTreeSet<&str> {
            let rows =
                rows.iter().filter(|(_, (kinds, in_subjects))| in_email(kinds) && (*in_subjects || !only_subjects));
            let names = rows.map(|(name, _)| name.as_str());
            names.filter(|name| !is_series || !OF_EACH.contains(name)).collect()
        };
        let phrases = composer.wording.phrases(email.language);
        let mut values = public_values(&email, phrases, &composer.public_url).unwrap();
        assert_eq!(values.keys().copied().collect::<BTreeSet<_>>(), expected(true), "subject of {:?}", email.kind);
        // Otherwise an operator's template that shows it could fail for the first practice that has it.
        assert_eq!(values["contact"].len(), Some(5), "phone, email, web site, imprint and privacy policy");
        values.extend(personal_values(&email, phrases, &composer.domain).unwrap());
        assert_eq!(values.keys().copied().collect::<BTreeSet<_>>(), expected(false), "{:?}", email.kind);
    }
}
