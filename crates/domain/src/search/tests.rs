use super::*;

fn text(email: &str, names: [&str; 3]) -> String {
    let names = names.map(|name| PersonName::parse(name).unwrap());
    search_text(&EmailAddress::parse(email).unwrap(), names.each_ref().map(Option::as_ref))
}

fn found(query: &str, text: &str) -> bool {
    PersonSearch::parse(query).unwrap().matches(text)
}

#[test]
fn people_are_found_however_their_name_is_typed() {
    let text = text(
        "info@b\u{fc}cher.example",
        ["Zo\u{eb}", "\u{d6}zg\u{fc}r", "Stra\u{df}e-\u{39f}\u{394}\u{3a5}\u{3a3}\u{3a3}"],
    );
    for query in [
        "zo\u{eb}",
        "ZOE\u{308}",
        "ozg\u{fc}r".replace('o', "o\u{308}").as_str(),
        "STRASSE",
        "stra\u{df}e",
        "\u{3bf}\u{3b4}\u{3c5}\u{3c3}\u{3c2}",
        "zo\u{eb} stra",
        "stra zo\u{eb}",
        "B\u{dc}CHER.example",
        "xn--bcher-kva",
        "Info@B\u{fc}cher.Example",
        "info@",
    ] {
        assert!(found(query, &text), "{query}");
    }
    for query in ["zoe", "ozgur", "zo\u{eb} meier", "zo%", "_o\u{eb}", "zo\u{eb}\u{308}"] {
        assert!(!found(query, &text), "{query}");
    }
}

#[test]
fn words_do_not_run_across_names() {
    let text = text("ada@example.org", ["", "Ada", "Lovelace"]);
    assert_eq!(text, "ada\nlovelace\nada@example.org");
    assert!(!found("adalove", &text));
}

#[test]
fn a_blank_search_is_none() {
    for blank in ["", " ", "\t \u{a0}"] {
        assert_eq!(PersonSearch::parse(blank), None);
    }
}
