//! The words of the workspace: retired ones appear nowhere, those of the glossary exist, and a search for one of the
//! architecture's topics finds its file.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::source::{Source, Token, files, root};

/// Names that must not return, whole and as they were written; separated by blanks, as the parts below.
const RETIRED_NAMES: &str = "\
    AddTimeOffCommand Agreement AnotherWish AskedPayment AskedRange Attendee BookSeries BookSession Books Claim \
    CompleteSessions ConfirmPayment Crowd DayFull Dialer Elsewhere Entrance EventRefusal ForgetOld Granted Happening \
    HearPaymentEvent Heard Home HotLine JoinSession JoinTicket JoinTickets KeptRefund KeptReply LinkRefusal \
    MailedLink MailedMoney MeetingMail NotARoom NotAWallTime NoticeKind OutboxBell Overrule OwedNotice PaidOutside \
    PlainJoinTickets ReplyKey RoomTail SealedTickets SettleRefunds SlotRefusal Surplus SweepHolds Till TimeOff \
    TimeOffEntry Took TooFar TooSoon Undoer UnpaidNews WallTime WatchPayments Wish add_time_off amend_reply \
    book_series book_session claim_notices completes_by_itself ended_sessions forget_replies give_back_notices \
    hear_payment hold_is_over join_ticket keep_reply lapsed_holds money_moved money_notice owed_to_participant \
    payment_came_late settle_notice standing_participants sweep_holds take_time watch_payments";

/// Words that no name may contain, as a part of `snake_case` or `CamelCase`.
const RETIRED_PARTS: &str =
    "wish wishes wisher owe owed owes nobody somebody whoever everybody hotline surplus overrule";

/// Phrases of the old prose, separated by commas; `…` stands for up to thirty characters.
const RETIRED_PHRASES: &str = "\
    wish, wishes, owed, owes, call off, call it off, called off, calls off, calling off, not … any more, by itself, \
    by themselves, on the wall, in the same breath, in one breath, passed over, that was wrong, it took place, \
    goes back by itself, somebody, nobody, everybody, whoever, came in outside, for nothing, let go of, lets go of";

/// A place of text in the workspace, and the text.
struct Prose {
    file: PathBuf,
    line: usize,
    text: String,
}

/// Every finding as `file:line: word`.
fn found(file: &Path, line: usize, word: &str) -> String {
    format!("{}:{line}: {word:?}", file.strip_prefix(root()).unwrap_or(file).display())
}

fn rust_files() -> Vec<PathBuf> {
    let mut all = files(&root().join("crates"), "rs");
    all.extend(files(&root().join("tests"), "rs"));
    // This list of retired words contains them.
    all.retain(|file| !file.ends_with("tests/e2e/glossary.rs"));
    all
}

/// The parts of `snake_case` and `CamelCase`, in lower case.
fn parts(name: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    for c in name.chars() {
        if c == '_' || c.is_uppercase() {
            parts.push(String::new());
        }
        if c != '_' {
            parts.last_mut().unwrap().extend(c.to_lowercase());
        }
    }
    parts
}

/// Where the phrase begins: at whole words, whatever white space and case the text has.
fn find_phrase(text: &str, phrase: &str) -> Option<usize> {
    let (first, rest) = phrase.split_once(" … ").unwrap_or((phrase, ""));
    let is_whole = |start: usize, end: usize| {
        let outside = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric() && c != '_');
        outside(text[..start].chars().next_back()) && outside(text[end..].chars().next())
    };
    text.match_indices(first).map(|(at, _)| at).find(|&at| {
        let end = at + first.len();
        let after: String = text[end..].chars().take(30 + rest.len()).collect();
        is_whole(at, end) && (rest.is_empty() || find_phrase(&after, rest).is_some())
    })
}

fn phrases_in(prose: &Prose) -> Vec<String> {
    // A value of a setting is no prose.
    let text = prose
        .text
        .to_lowercase()
        .replace('\n', " ")
        .replace("`everybody`", "`everyone.`")
        .replace("\"everybody\"", "\"everyone.\"");
    let at_line =
        |at: usize| prose.line + prose.text.chars().take(text[..at].chars().count()).filter(|c| *c == '\n').count();
    let hits = RETIRED_PHRASES.split(", ").filter_map(|phrase| Some((find_phrase(&text, phrase)?, phrase)));
    hits.map(|(at, phrase)| found(&prose.file, at_line(at), phrase)).collect()
}

/// Comments that stand on consecutive lines are one text.
fn comments(file: &Path, source: &Source) -> Vec<Prose> {
    let mut all: Vec<Prose> = Vec::new();
    let mut last = 0;
    for (line, text) in &source.comments {
        match all.last_mut().filter(|_| last + 1 == *line) {
            Some(block) => block.text = format!("{}\n{text}", block.text),
            None => all.push(Prose { file: file.to_owned(), line: *line, text: text.clone() }),
        }
        last = *line;
    }
    all
}

/// The messages of `tracing::…!("…")`.
fn log_messages(file: &Path, source: &Source) -> Vec<Prose> {
    const LEVELS: &[&str] = &["error", "warn", "info", "debug", "trace"];
    let mut all = Vec::new();
    for (at, (_, token)) in source.tokens.iter().enumerate() {
        let is_log = token.name().is_some_and(|name| LEVELS.contains(&name))
            && source.tokens.get(at + 1).is_some_and(|(_, next)| next.is('!'));
        if is_log {
            let message = source.tokens[at..].iter().take_while(|(_, token)| !token.is(';'));
            let texts = message.filter_map(|(line, token)| match token {
                Token::Text(text) => Some((*line, text.clone())),
                Token::Name(_) | Token::Mark(_) => None,
            });
            all.extend(texts.map(|(line, text)| Prose { file: file.to_owned(), line, text }));
        }
    }
    all
}

/// Texts of the OpenAPI document that are written for readers.
fn openapi_texts(file: &Path, value: &Value, all: &mut Vec<Prose>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                match value.as_str().filter(|_| matches!(name.as_str(), "summary" | "description" | "title")) {
                    Some(text) => all.push(Prose { file: file.to_owned(), line: 1, text: text.to_owned() }),
                    None => openapi_texts(file, value, all),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| openapi_texts(file, item, all)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn whole(file: PathBuf) -> Prose {
    let text = std::fs::read_to_string(&file).unwrap();
    Prose { file, line: 1, text }
}

#[test]
fn no_name_is_a_retired_word() {
    let [retired_names, retired_parts] =
        [RETIRED_NAMES, RETIRED_PARTS].map(|names| names.split(' ').collect::<BTreeSet<&str>>());
    let mut all = BTreeSet::new();
    for file in rust_files() {
        for (line, name) in Source::read(&file).names() {
            if retired_names.contains(name) || parts(name).iter().any(|part| retired_parts.contains(part.as_str())) {
                all.insert(found(&file, line, name));
            }
        }
    }
    assert!(all.is_empty(), "{} names: {all:#?}", all.len());
}

#[test]
fn no_text_contains_a_retired_phrase() {
    let mut all = Vec::new();
    for file in rust_files() {
        let source = Source::read(&file);
        all.extend(comments(&file, &source));
        all.extend(log_messages(&file, &source));
    }
    let openapi = root().join("docs/openapi.json");
    openapi_texts(&openapi, &serde_json::from_str(&whole(openapi.clone()).text).unwrap(), &mut all);
    let templates = root().join("crates/adapter-smtp/templates");
    all.extend(files(&templates, "txt").into_iter().chain(files(&templates, "html")).map(whole));
    all.extend(files(&root().join("tests/web"), "mjs").into_iter().map(whole));
    all.extend(files(&root().join("crates/wording/locales"), "ftl").into_iter().map(whole));
    let documents = files(&root().join("docs"), "md").into_iter().filter(|file| !file.ends_with("GLOSSARY.md"));
    all.extend(documents.map(whole));
    all.push(whole(root().join("README.md")));
    all.push(whole(root().join("config/default.toml")));
    let hits: Vec<String> = all.iter().flat_map(phrases_in).collect();
    assert!(hits.is_empty(), "{} places: {hits:#?}", hits.len());
}

/// The control: a search that finds nothing says nothing.
#[test]
fn retired_words_would_be_found() {
    let text = "It is not sent\nany more, for Nobody was\nthere.";
    let prose = Prose { file: "a.md".into(), line: 7, text: text.into() };
    assert_eq!(phrases_in(&prose), ["a.md:7: \"not … any more\"", "a.md:8: \"nobody\""]);
    assert_eq!(find_phrase("there are wishes and a wish", "wish"), Some(23));
    assert_eq!(parts("OwedNotice_by"), ["", "owed", "notice", "by"]);
}

/// The cells of the Markdown table under a heading.
fn table(file: &str, heading: &str) -> Vec<Vec<String>> {
    let text = std::fs::read_to_string(root().join(file)).unwrap();
    let (_, after) = text.split_once(heading).unwrap_or_else(|| panic!("{file} has a heading {heading}"));
    let rows = after.lines().skip_while(|line| !line.starts_with("|---")).skip(1);
    let cells = |row: &str| row.trim_matches('|').split(" | ").map(|cell| cell.trim().to_owned()).collect();
    rows.take_while(|line| line.starts_with('|')).map(cells).collect()
}

fn code_spans(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

/// All names and texts of the code and of the migrations.
fn known_words() -> BTreeSet<String> {
    let mut words = BTreeSet::new();
    let mut add = |text: &str| {
        words.extend(text.split(|c: char| !c.is_alphanumeric() && c != '_').map(str::to_owned));
    };
    for file in rust_files() {
        for (_, token) in Source::read(&file).tokens {
            match token {
                Token::Name(name) => add(&name),
                Token::Text(text) => add(&text),
                Token::Mark(_) => {}
            }
        }
    }
    for file in files(&root().join("migrations"), "sql") {
        add(&whole(file).text);
    }
    words
}

#[test]
fn the_terms_of_the_glossary_exist() {
    let words = known_words();
    let openapi: Value = serde_json::from_str(&whole(root().join("docs/openapi.json")).text).unwrap();
    let routes = openapi["paths"].as_object().unwrap();
    let normal =
        |path: &str| path.split('/').map(|s| if s.starts_with('{') { "{}" } else { s }).collect::<Vec<_>>().join("/");
    let has_route = |path: &str| {
        let path = path.split_whitespace().last().unwrap();
        routes.keys().any(|route| normal(route).starts_with(&normal(path)))
    };
    let rows = table("docs/GLOSSARY.md", "# Glossary");
    assert!(rows.len() >= 40, "{} terms", rows.len());
    let mut missing = Vec::new();
    for row in rows {
        for span in code_spans(&row[2]) {
            let exists = match span {
                // `GET` and `POST` of the route that follows.
                "GET" | "POST" | "PUT" | "DELETE" | "/j/{token}" => true,
                span if span.contains("crates/") => root().join(span).exists(),
                span if span.contains('/') => has_route(span),
                span => {
                    span.replace('-', "_").split("::").all(|part| words.contains(part) || words.contains(span))
                        || span.contains('-')
                }
            };
            if !exists {
                missing.push(format!("{}: {span}", row[0]));
            }
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
}

/// The documentation at the top of a file, or of all files of a folder.
fn introduction(path: &Path) -> String {
    if path.is_dir() {
        return files(path, "rs").iter().map(|file| introduction(file)).collect();
    }
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let comments = text.lines().map(str::trim_start).filter(|line| line.starts_with("//"));
    let first: Vec<&str> = comments.take(12).map(|line| line.trim_start_matches(['/', '!', ' '])).collect();
    first.join(" ").to_lowercase()
}

#[test]
fn searches_of_the_architecture_hit_their_file() {
    let rows = table("docs/ARCHITECTURE.md", "## Where to look");
    assert!(rows.len() >= 7, "{} searches", rows.len());
    for row in rows {
        let path = root().join(code_spans(&row[1])[0]);
        let topic = row[0].trim_start_matches("the ").to_lowercase();
        assert!(introduction(&path).contains(&topic), "{} does not say at its top: {topic}", row[1]);
    }
}
