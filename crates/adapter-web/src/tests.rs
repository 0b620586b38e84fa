//! What holds for all pages.

use std::collections::BTreeSet;
use std::path::Path;

use fluent_syntax::ast::Entry;

use super::*;

const MESSAGES: &[&str] = &[
    include_str!("../../wording/locales/en/account.ftl"),
    include_str!("../../wording/locales/en/appointments.ftl"),
    include_str!("../../wording/locales/en/book.ftl"),
    include_str!("../../wording/locales/en/pages.ftl"),
    include_str!("../../wording/locales/en/practice.ftl"),
    include_str!("../../wording/locales/en/therapist.ftl"),
];

/// The text of all files with this extension in a folder of the crate.
fn sources(folder: &str, extension: &str) -> String {
    let mut text = String::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|found| found == extension) && !path.ends_with("tests.rs") {
                text += &std::fs::read_to_string(path).unwrap();
            }
        }
    }
    text
}

#[test]
fn every_message_is_used() {
    let source = sources("src", "rs");
    let mut names = BTreeSet::new();
    for entry in MESSAGES.iter().flat_map(|text| fluent_syntax::parser::parse(*text).unwrap().body) {
        if let Entry::Message(message) = entry {
            let name = message.id.name;
            // Or one of its attributes.
            let is_used = ["\"", "."].iter().any(|end| source.contains(&format!("\"{name}{end}")));
            assert!(is_used, "{name} is not used");
            names.insert(message.id.name);
        }
    }
    assert!(names.len() > 40, "{names:?}");
}

#[test]
fn templates_contain_no_sentence_and_no_inline_script_or_style() {
    let templates = sources("templates", "html");
    for (at, _) in templates.match_indices('>') {
        let text = templates[at + 1..].split(['<', '{']).next().unwrap();
        assert!(!text.contains(char::is_alphabetic), "{text:?} belongs into the wording crate");
    }
    let scripts: Vec<&str> = templates.split("<script").skip(1).map(|rest| rest.split_once('>').unwrap().0).collect();
    assert_eq!(scripts, [" src=\"{{ shell.script }}\" defer"]);
    for forbidden in ["<style", " style=", " onclick", " onload", "|safe", "http:", "https:"] {
        assert!(!templates.contains(forbidden), "{forbidden}");
    }
    let css = sources("assets", "css");
    for forbidden in ["@import", "url(", "expression("] {
        assert!(!css.contains(forbidden), "{forbidden}");
    }
    let script = sources("assets", "js");
    assert!(script.len() < 6_000, "{}", script.len());
    for forbidden in ["innerHTML", "eval(", "http:", "https:"] {
        assert!(!script.contains(forbidden), "{forbidden}");
    }
}

#[test]
fn every_class_has_a_style() {
    let templates = sources("templates", "html");
    let css = sources("assets", "css");
    for classes in templates.split("class=\"").skip(1).map(|rest| rest.split('"').next().unwrap()) {
        for class in classes.split(' ') {
            assert!(css.contains(&format!(".{class}")), "{class}");
        }
    }
}

#[test]
fn every_page_has_states() {
    let pages = pages(true);
    let paths: BTreeSet<&str> = pages.iter().map(|page| page.path).collect();
    assert_eq!(paths.len(), pages.len());
    for page in &pages {
        assert!(!page.states.is_empty(), "{page:?}");
        assert_eq!(page.states.iter().collect::<BTreeSet<_>>().len(), page.states.len(), "{page:?}");
    }
    assert!(!super::pages(false).iter().any(|page| page.path.contains("test-checkout")));
}
