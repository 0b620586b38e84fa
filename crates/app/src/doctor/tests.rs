use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use tempfile::TempDir;

use super::*;
use crate::settings::{Sources, load};

/// Stands in the document before each text that the doctor prints, and after the settings that it is printed for.
const MARK: &str = "<!-- attune doctor -->\n```text\n";
const END: &str = "```\n";

/// What the doctor prints for settings in TOML. Every file that they name exists, with a content of its own.
fn report(settings: &str) -> String {
    let folder = TempDir::new().unwrap();
    let mut settings = settings.to_owned();
    let names: BTreeSet<String> =
        settings.split("\"/etc/attune/").skip(1).filter_map(|rest| rest.split('"').next()).map(str::to_owned).collect();
    for name in names {
        let path = folder.path().join(&name);
        std::fs::write(&path, format!("{name}-0123456789abcdef0123456789abcdef")).unwrap();
        settings = settings.replace(&format!("\"/etc/attune/{name}\""), &format!("{path:?}"));
    }
    let file = folder.path().join("attune.toml");
    std::fs::write(&file, settings).unwrap();
    let variables = [("ATTUNE__HTTP__PUBLIC_URL", "https://booking.example.org")];
    let environment: BTreeMap<String, String> =
        variables.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let sources = Sources { profile: Profile::Development, file: Some(file), environment };
    let config = load(&sources).unwrap().resolve(Profile::Development).unwrap();
    format!("{}\n{}", needed_settings(&config).unwrap(), not_enforced(&config))
}

/// Each heading and the lines below it.
fn sections(report: &str) -> Vec<(&str, Vec<&str>)> {
    let mut all = vec![("", Vec::new())];
    for line in report.lines() {
        if line.starts_with("== ") || line == "Not enforced:" {
            all.push((line, Vec::new()));
        } else if let Some((_, lines)) = all.last_mut() {
            lines.push(line);
        }
    }
    all
}

/// The lines of a report that another does not have in the same section.
fn additions(report: &str, other: &str) -> String {
    let others: BTreeMap<&str, Vec<&str>> = sections(other).into_iter().collect();
    let mut text = String::new();
    for (heading, lines) in sections(report) {
        let known = others.get(heading).map(Vec::as_slice).unwrap_or_default();
        let new: Vec<&str> = lines.into_iter().filter(|line| !line.is_empty() && !known.contains(line)).collect();
        if !new.is_empty() {
            let gap = if text.is_empty() { "" } else { "\n" };
            text.push_str(&format!("{gap}{heading}\n\n{}\n", new.join("\n")));
        }
    }
    text
}

#[test]
fn the_documentation_contains_what_the_doctor_prints() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/OPERATIONS.md");
    let document = std::fs::read_to_string(&path).unwrap();
    let mut parts = document.split(MARK);
    let mut updated = parts.next().unwrap().to_owned();
    let mut first: Option<String> = None;
    for part in parts {
        let (_, settings) = updated.rsplit_once("```toml\n").expect("settings before the text");
        let printed = report(settings.split_once(END).expect("the end of the settings").0);
        let (_, rest) = part.split_once(END).expect("the end of the text");
        let text = first.as_ref().map_or_else(|| printed.clone(), |first| additions(&printed, first));
        updated.push_str(&format!("{MARK}{text}{END}{rest}"));
        first.get_or_insert(printed);
    }
    assert!(first.is_some(), "the document has no text of the doctor");
    if std::env::var_os("UPDATE_OPERATIONS").is_some() {
        std::fs::write(&path, &updated).unwrap();
    } else {
        assert!(
            updated == document,
            "docs/OPERATIONS.md is out of date; write it with: UPDATE_OPERATIONS=1 cargo test -p attune-app doctor"
        );
    }
}
