use proptest::prelude::*;

use super::*;

/// Jitsi's `parseURLParams`, written independently of the encoder.
fn parse_like_jitsi(url: &str) -> Vec<(String, Option<serde_json::Value>)> {
    let fragment = url::Url::parse(url).unwrap().fragment().unwrap_or_default().to_owned();
    if !fragment.contains('&') && fragment.starts_with('/') {
        return Vec::new();
    }
    fragment
        .split('&')
        .map(|part| {
            let mut halves = part.split('=');
            let key = halves.next().unwrap_or_default().to_owned();
            let value = halves.next().unwrap_or_default();
            (key, value_like_jitsi(value))
        })
        .collect()
}

fn value_like_jitsi(raw: &str) -> Option<serde_json::Value> {
    let decoded = decode_uri_component(raw)?;
    let rewritten =
        decoded.replacen("\\&", "&", 1).replace(['\u{2018}', '\u{2019}'], "'").replace(['\u{201c}', '\u{201d}'], "\"");
    serde_json::from_str(&rewritten).ok()
}

fn decode_uri_component(raw: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let mut rest = raw.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        if first == b'%' {
            let hex = std::str::from_utf8(tail.get(..2)?).ok()?;
            bytes.push(u8::from_str_radix(hex, 16).ok()?);
            rest = &tail[2..];
        } else {
            bytes.push(first);
            rest = tail;
        }
    }
    String::from_utf8(bytes).ok()
}

fn parsed_name(name: &str) -> String {
    let url = format!("https://meet.example.org/room#{}", display_name_parameter(name));
    let parsed = parse_like_jitsi(&url);
    assert_eq!(parsed.len(), 1, "{name:?} added a parameter: {url}");
    assert_eq!(parsed[0].0, "userInfo.displayName");
    parsed[0].1.as_ref().and_then(|v| v.as_str()).unwrap_or_else(|| panic!("{name:?} was lost: {url}")).to_owned()
}

#[test]
fn golden_vectors() {
    for (name, encoded) in [
        ("John Doe", "%22John%20Doe%22".to_owned()),
        ("John \"JD\" Doe", "%22John%20%5Cu201dJD%5Cu201d%20Doe%22".to_owned()),
        ("A&config.startWithAudioMuted=true", "%22A%5Cuff06config.startWithAudioMuted%5Cu003dtrue%22".to_owned()),
        ("x#y", "%22x%5Cu0023y%22".to_owned()),
        ("100% real", "%22100%5Cu0025%20real%22".to_owned()),
        ("O'Brien", "%22O%5Cu2019Brien%22".to_owned()),
        ("محمد", "%22%5Cu0645%5Cu062d%5Cu0645%5Cu062f%22".to_owned()),
        ("Zoë 🎉", "%22Zo%5Cu00eb%20%5Cud83c%5Cudf89%22".to_owned()),
        (&"L".repeat(300), format!("%22{}%22", "L".repeat(50))),
        (&format!("{}👍", "x".repeat(49)), format!("%22{}%22", "x".repeat(49))),
    ] {
        assert_eq!(display_name_parameter(name), format!("userInfo.displayName={encoded}"), "{name}");
    }
}

#[test]
fn names_that_used_to_break_links_are_preserved() {
    for name in [
        "A\"&config.prejoinConfig.enabled=false&userInfo.email=\"x@y",
        "x\"&config.prejoinConfig.enabled=false&y=\"",
        "a=b",
        "curly “JD”",
        "O’Brien",
        "back\\slash",
        "A\\&B",
        "\\u0022\\u0026",
        "%22%26",
        "undefined",
        "null",
        "{\"__proto__\":1}",
        "+49 plus",
        "/slash",
        "https://evil.example",
        "<b>bold</b>",
        "{{7*7}} %s '; --",
        "john.doe@example.org",
    ] {
        assert_eq!(parsed_name(name), shown_name(name), "{name}");
    }
}

#[test]
fn invisible_names_are_replaced() {
    for name in ["", "   ", "\u{200d}", "\u{202e}\u{feff}", "\0\u{1}"] {
        assert_eq!(shown_name(name), FALLBACK_NAME, "{name:?}");
    }
}

/// `^%22(?:[A-Za-z0-9._~-]|%20|%5Cu[0-9a-f]{4})*%22$` without a regex crate.
fn has_documented_form(encoded: &str) -> bool {
    let Some(mut rest) = encoded.strip_prefix("%22").and_then(|s| s.strip_suffix("%22")) else { return false };
    while let Some(first) = rest.chars().next() {
        rest = if first.is_ascii_alphanumeric() || "._~-".contains(first) {
            &rest[1..]
        } else if let Some(tail) = rest.strip_prefix("%20") {
            tail
        } else if let Some(tail) = rest.strip_prefix("%5Cu") {
            let (hex, tail) = tail.split_at(4);
            if !hex.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)) {
                return false;
            }
            tail
        } else {
            return false;
        };
    }
    true
}

fn hostile_name() -> impl Strategy<Value = String> {
    let short = [
        "\"", "&", "=", "#", "%", "\\", "\\&", "“", "”", "’", "+", " ", "\u{0}", "\r\n", "%22", "🎉", "<", ">", "'",
        "/",
    ];
    let long = ["\u{202e}", "\u{200d}", "&config.x=", "userInfo.email", "\\u0022", "e\u{301}", "undefined"];
    let special = [&short[..], &long[..]].concat();
    let piece = prop_oneof![
        any::<char>().prop_map(String::from),
        prop::sample::select(special).prop_map(String::from),
        "[a-zA-Z0-9]{1,8}",
    ];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 5_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_name_stays_a_single_parameter(name in hostile_name()) {
        let encoded = encode_string(&shown_name(&name));
        prop_assert!(has_documented_form(&encoded), "{encoded}");
        let arrived = parsed_name(&name);
        prop_assert_eq!(&arrived, &shown_name(&name));
        prop_assert!(arrived.encode_utf16().count() <= MAX_NAME_UNITS);
        prop_assert!(!arrived.trim().is_empty());
        prop_assert!(!arrived.contains(['&', '<', '>', '"', '\'']));
    }

    #[test]
    fn every_text_round_trips(text in any::<String>()) {
        let value = value_like_jitsi(&encode_string(&text));
        prop_assert_eq!(value, Some(serde_json::Value::String(text)));
    }
}
