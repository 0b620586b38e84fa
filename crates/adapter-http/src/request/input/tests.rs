use super::*;

/// One field of each kind.
#[derive(Debug, PartialEq)]
struct Form {
    name: String,
    note: Option<String>,
    change: Option<Option<String>>,
    flag: Option<bool>,
    whole: Option<i64>,
    number: Option<String>,
}

impl FromFields for Form {
    fn read(fields: &mut Fields) -> Option<Self> {
        let keep = |text: &str| Ok((!text.is_empty()).then(|| text.to_owned()));
        let name =
            fields.required("name", |text| if text.len() > 9 { Err(Code::TooLong) } else { Ok(text.to_owned()) });
        let note = fields.optional_lines("note");
        let change = fields.change("change", keep);
        let flag = fields.flag("flag");
        let whole = fields.whole("whole", |n| (n > 0).then_some(n));
        let number = fields.number("number");
        Some(Self { name: name?, note, change, flag, whole, number })
    }
}

/// Fields and codes of all errors.
fn wrong(body: &str) -> Vec<(String, &'static str)> {
    let problem = parse::<Form>(body.as_bytes()).unwrap_err();
    assert_eq!(problem.code.row().status, 422, "{body}");
    problem.errors.iter().map(|e| (e.field.clone(), e.code.as_str())).collect()
}

fn one(field: &str, code: &'static str) -> Vec<(String, &'static str)> {
    vec![(field.to_owned(), code)]
}

#[test]
fn a_whole_form_is_read() {
    let form = parse::<Form>(
        br#"{"name": "Ada", "note": "a\nb", "change": null, "flag": true, "whole": 7, "number": 100.50}"#,
    );
    let wanted = Form {
        name: "Ada".into(),
        note: Some("a\nb".into()),
        change: Some(None),
        flag: Some(true),
        whole: Some(7),
        number: Some("100.50".into()),
    };
    assert_eq!(form.unwrap(), wanted);
}

#[test]
fn a_change_distinguishes_omitted_from_empty() {
    let change = |body: &str| parse::<Form>(body.as_bytes()).unwrap().change;
    assert_eq!(change(r#"{"name": "a"}"#), None);
    assert_eq!(change(r#"{"name": "a", "change": null}"#), Some(None));
    assert_eq!(change(r#"{"name": "a", "change": ""}"#), Some(None));
    assert_eq!(change(r#"{"name": "a", "change": "b"}"#), Some(Some("b".into())));
}

#[test]
fn numbers_keep_their_digits() {
    let number = |text: &str| parse::<Form>(format!(r#"{{"name":"a","number":{text}}}"#).as_bytes()).unwrap().number;
    for text in ["0.1", "100.00", "-0", "12345678901234567890.123456789", "1e400"] {
        assert_eq!(number(text).as_deref(), Some(text));
    }
}

#[test]
fn all_errors_are_reported_at_once() {
    let found = wrong(r#"{"nmae": "Ada", "flag": 1, "whole": 1.5, "note": "\u0000"}"#);
    let wanted = [
        ("name", "required"),
        ("note", "invalid_characters"),
        ("flag", "wrong_type"),
        ("whole", "wrong_type"),
        ("nmae", "unknown_field"),
    ];
    assert_eq!(found, wanted.map(|(field, code)| (field.to_owned(), code)));
}

#[test]
fn each_error_has_its_code() {
    assert_eq!(wrong(r#"{"name": "a", "x": 1}"#), one("x", "unknown_field"));
    assert_eq!(wrong("{}"), one("name", "required"));
    assert_eq!(wrong(r#"{"name": null}"#), one("name", "required"));
    assert_eq!(wrong(r#"{"name": 7}"#), one("name", "wrong_type"));
    assert_eq!(wrong(r#"{"name": ["a"]}"#), one("name", "wrong_type"));
    assert_eq!(wrong(r#"{"name": "a", "name": "b"}"#), one("name", "duplicate_field"));
    assert_eq!(wrong(r#"{"name": "0123456789"}"#), one("name", "too_long"));
    assert_eq!(wrong(r#"{"name": "a\nb"}"#), one("name", "invalid_characters"));
    assert_eq!(wrong(r#"{"name": "\ud800"}"#), one("name", "invalid_characters"));
    assert_eq!(wrong(r#"{"name": "a", "whole": 0}"#), one("whole", "out_of_range"));
    assert_eq!(wrong(r#"{"name": "a", "whole": 99999999999999999999}"#), one("whole", "out_of_range"));
    assert_eq!(wrong(r#"{"name": "a", "whole": "7"}"#), one("whole", "wrong_type"));
    assert_eq!(wrong(r#"{"name": "a", "number": "7"}"#), one("number", "wrong_type"));
    assert_eq!(wrong(r#"{"name": "a", "flag": "true"}"#), one("flag", "wrong_type"));
    for body in ["[]", "7", "null", "\"name\""] {
        assert_eq!(wrong(body), one("", "wrong_type"), "{body}");
    }
}

#[test]
fn invalid_json_is_malformed() {
    let bodies: [&[u8]; 10] = [
        b"",
        b" ",
        b"{",
        b"{\"name\": \"a\"",
        b"{'name': 'a'}",
        b"{\"name\": \"a\"} x",
        b"{\"name\": \"a\n\"}",
        b"{\"name\": \"\xff\"}",
        b"{\"name\": NaN}",
        b"\xef\xbb\xbf{\"name\": \"a\"}",
    ];
    for body in bodies {
        let problem = parse::<Form>(body).unwrap_err();
        assert_eq!(problem.code, Code::MalformedJson, "{}", String::from_utf8_lossy(body));
    }
}

#[test]
fn deep_and_wide_bodies_are_harmless() {
    let deep = format!(r#"{{"name": "a", "x": {}{}}}"#, "[".repeat(30_000), "]".repeat(30_000));
    assert_eq!(wrong(&deep), one("x", "unknown_field"));
    let deep_name = format!(r#"{{"name": {}1{}}}"#, r#"{"a":"#.repeat(10_000), "}".repeat(10_000));
    assert_eq!(wrong(&deep_name), one("name", "wrong_type"));
    let wide: String = (0..5_000).map(|n| format!(r#","x{n}":{n}"#)).collect();
    assert_eq!(wrong(&format!(r#"{{"name": "a"{wide}}}"#)).len(), MAX_ERRORS);
    let long = "x".repeat(10_000);
    let found = wrong(&format!(r#"{{"name": "a", "{long}": 1}}"#));
    assert_eq!(found, one(&long[..MAX_FIELD_NAME], "unknown_field"));
}

#[test]
fn timestamps_have_one_format() {
    for (text, wanted) in [
        ("2024-01-15T10:00:00Z", "2024-01-15T10:00:00Z"),
        ("2024-01-15t10:00:00z", "2024-01-15T10:00:00Z"),
        ("2024-01-15T10:00:00+01:00", "2024-01-15T09:00:00Z"),
        ("2024-01-15T10:00:00-05:30", "2024-01-15T15:30:00Z"),
        ("2024-01-15T10:00:00.123456789Z", "2024-01-15T10:00:00.123456789Z"),
        ("2024-01-15T10:00:00.1234567899999Z", "2024-01-15T10:00:00.123456789Z"),
        ("2024-01-15t10:00:00.5+00:30", "2024-01-15T09:30:00.5Z"),
        ("2024-01-15T10:00:00-00:00", "2024-01-15T10:00:00Z"),
        ("2024-01-15T10:00:00+00:00", "2024-01-15T10:00:00Z"),
        ("2024-01-15T10:00:00+23:59", "2024-01-14T10:01:00Z"),
        ("2024-01-15T10:00:00-23:59", "2024-01-16T09:59:00Z"),
        ("0000-01-01T00:00:00+23:59", "-000001-12-31T00:01:00Z"),
        // What cannot be represented becomes the latest instant that can.
        ("9999-12-30T22:00:00Z", "9999-12-30T22:00:00Z"),
        ("9999-12-31T23:59:59Z", "9999-12-30T22:00:00Z"),
        ("9999-12-31T23:59:59.999-23:59", "9999-12-30T22:00:00Z"),
        ("2024-02-29T00:00:00Z", "2024-02-29T00:00:00Z"),
    ] {
        assert_eq!(instant(text).unwrap().to_string(), wanted);
    }
    let invalid: [&[&str]; 5] = [
        // Parts are missing.
        &["", "2024-01-15", "2024-01-15T10:00:00", "2024-01-15T10:00Z", "2024-01-15T10:00:00.Z"],
        // Other separators and formats.
        &["2024-01-15 10:00:00Z", "2024-01-15T10:00:00+0100", "2024-01-15T10:00:00+01", "20240115T100000Z"],
        &["1705312800", "+002024-01-15T10:00:00Z", "2024-01-15T10:00:00Z ", "2024-01-15T10:00:00Z[Europe/Berlin]"],
        // No such instant.
        &[
            "2024-01-15T10:00:60Z",
            "2016-12-31T23:59:60Z",
            "2024-01-15T24:00:00Z",
            "2024-13-01T00:00:00Z",
            "2023-02-29T00:00:00Z",
            "2024-01-15T10:00:00+99:00",
            "2024-01-15T10:00:00+24:00",
            "2024-01-15T10:00:00-24:00",
            "2024-01-15T10:00:00+25:59",
            "2024-01-15T10:00:00+01:60",
            "9999-12-31T24:00:00Z",
        ],
        // Other characters.
        &["２０２４-01-15T10:00:00Z", "2024-01-15T10:00:0\u{e9}Z"],
    ];
    for text in invalid.concat() {
        assert_eq!(instant(text), Err(Code::InvalidTimestamp), "{text:?}");
    }
}

/// Nested fields.
#[derive(Debug, PartialEq)]
struct Nested {
    size: u8,
    flag: bool,
    parts: Option<Vec<String>>,
    inner: Option<String>,
}

impl FromFields for Nested {
    fn read(fields: &mut Fields) -> Option<Self> {
        let text = |fields: &mut Fields| fields.required("text", |text| Ok(text.to_owned()));
        let size = fields.need("size", |fields, name| fields.whole_within(name, 1..=300));
        let flag = fields.need("flag", Fields::flag);
        let parts = fields.objects("parts", text);
        let inner = fields.object("inner", text);
        Some(Self { size: size?, flag: flag?, parts, inner })
    }
}

fn nested(body: &str) -> Result<Nested, Vec<(String, &'static str)>> {
    parse::<Nested>(body.as_bytes())
        .map_err(|problem| problem.errors.iter().map(|e| (e.field.clone(), e.code.as_str())).collect())
}

#[test]
fn nested_objects_and_lists_are_read() {
    let body = r#"{"size":7,"flag":false,"parts":[{"text":"a"},{"text":"b"}],"inner":{"text":"c"}}"#;
    let wanted = Nested { size: 7, flag: false, parts: Some(vec!["a".into(), "b".into()]), inner: Some("c".into()) };
    assert_eq!(nested(body), Ok(wanted));
    let empty = Nested { size: 7, flag: true, parts: Some(vec![]), inner: None };
    assert_eq!(nested(r#"{"size":7,"flag":true,"parts":[],"inner":null}"#), Ok(empty));
}

#[test]
fn nested_errors_have_a_path() {
    let base = |more: &str| format!(r#"{{"size":7,"flag":true,{more}}}"#);
    for (body, field, code) in [
        (base(r#""parts":{}"#), "parts", "wrong_type"),
        (base(r#""parts":["a"]"#), "parts[0]", "wrong_type"),
        (base(r#""parts":[{"text":"a"},{}]"#), "parts[1].text", "required"),
        (base(r#""parts":[{"text":"a","x":1}]"#), "parts[0].x", "unknown_field"),
        (base(r#""inner":[]"#), "inner", "wrong_type"),
        (base(r#""inner":{"text":"\u0000"}"#), "inner.text", "invalid_characters"),
        (base(r#""inner":{"text":"a","text":"b"}"#), "inner.text", "duplicate_field"),
        (r#"{"flag":true}"#.into(), "size", "required"),
        (r#"{"size":null,"flag":true}"#.into(), "size", "required"),
        (r#"{"size":7,"flag":null}"#.into(), "flag", "required"),
        (r#"{"size":0,"flag":true}"#.into(), "size", "out_of_range"),
        (r#"{"size":301,"flag":true}"#.into(), "size", "out_of_range"),
        (r#"{"size":300,"flag":true}"#.into(), "size", "out_of_range"),
        (r#"{"size":1,"size":null,"flag":true}"#.into(), "size", "duplicate_field"),
    ] {
        assert_eq!(nested(&body), Err(one(field, code)), "{body}");
    }
    let deep = base(&format!(r#""parts":[{{"text":"a","x":{}{}}}]"#, "[".repeat(30_000), "]".repeat(30_000)));
    assert_eq!(nested(&deep), Err(one("parts[0].x", "unknown_field")));
    let wide = base(&format!(r#""parts":[{}]"#, vec!["{}"; 5_000].join(",")));
    assert_eq!(nested(&wide).unwrap_err().len(), MAX_ERRORS);
}

/// A body with the start of an appointment.
#[derive(Debug)]
struct Start(Timestamp);

impl FromFields for Start {
    fn read(fields: &mut Fields) -> Option<Self> {
        fields.start("at").map(Self)
    }
}

#[test]
fn an_appointment_starts_at_a_whole_second() {
    let read = |text: &str| parse::<Start>(format!(r#"{{"at":"{text}"}}"#).as_bytes());
    for whole in ["2024-01-15T10:00:00Z", "2024-01-15T10:00:00.000Z", "2024-01-15T11:00:00.0000000000+01:00"] {
        assert_eq!(read(whole).unwrap().0.to_string(), "2024-01-15T10:00:00Z", "{whole}");
    }
    for split in ["2024-01-15T10:00:00.500Z", "2024-01-15T10:00:00.001Z", "2024-01-15t10:00:00.00000000001z"] {
        let problem = read(split).unwrap_err();
        let error = &problem.errors[0];
        assert_eq!(
            (problem.errors.len(), error.field.as_str(), error.code),
            (1, "at", Code::InvalidTimestamp),
            "{split}"
        );
        assert_eq!(error.message, "An appointment starts at a whole second.", "{split}");
    }
    let far = read("9999-12-31T23:59:59Z").unwrap().0;
    assert_eq!(far, LATEST);
    assert_eq!(LATEST.as_second(), Timestamp::MAX.as_second());
    for other in ["2024-01-15", "2024-01-15T10:00:00.Z"] {
        assert_eq!(read(other).unwrap_err().errors[0].code, Code::InvalidTimestamp, "{other}");
    }
}

#[test]
fn an_integer_in_a_body_may_be_written_in_any_way() {
    let whole =
        |text: &str| parse::<Form>(format!(r#"{{"name":"a","whole":{text}}}"#).as_bytes()).map(|form| form.whole);
    for (text, number) in [
        ("196", 196),
        ("196.0", 196),
        ("196.000", 196),
        ("1.96e2", 196),
        ("1.96E+2", 196),
        ("1960e-1", 196),
        ("19600.0e-2", 196),
        ("0.0196e4", 196),
        ("9223372036854775807", i64::MAX),
        ("9223372036854775807.0", i64::MAX),
        ("1e18", 1_000_000_000_000_000_000),
    ] {
        assert_eq!(whole(text).unwrap(), Some(number), "{text}");
    }
    for (text, code) in [
        ("196.5", "wrong_type"),
        ("0.1", "wrong_type"),
        ("1.96e1", "wrong_type"),
        ("1e-1", "wrong_type"),
        ("1e-99999999999999999999999999999999999999999999", "wrong_type"),
        ("1e400", "out_of_range"),
        ("1e99999999999999999999999999999999999999999999", "out_of_range"),
        ("9223372036854775808.0", "out_of_range"),
        ("1e19", "out_of_range"),
        ("-0.0", "out_of_range"),
        ("0e99", "out_of_range"),
        ("-1.0", "out_of_range"),
        ("\"196\"", "wrong_type"),
        ("true", "wrong_type"),
        ("{}", "wrong_type"),
    ] {
        let problem = whole(text).unwrap_err();
        assert_eq!(problem.errors.iter().map(|e| e.code.as_str()).collect::<Vec<_>>(), [code], "{text}");
    }
}

#[test]
fn an_integer_outside_of_json_has_one_spelling() {
    for (text, number) in [("0", 0), ("1", 1), ("10", 10), ("-7", -7), ("9223372036854775807", i64::MAX)] {
        assert_eq!(written_integer(text), Some(Some(number)), "{text}");
    }
    assert_eq!(written_integer("9223372036854775808"), Some(None));
    for other in ["", "-", "01", "00", "-0", "-01", "+1", " 1", "1 ", "1.0", "1e2", "\u{661}"] {
        assert_eq!(written_integer(other), None, "{other:?}");
    }
}

#[test]
fn dates_have_one_format() {
    for text in ["2024-01-15", "2024-02-29", "0001-01-01", "9999-12-31"] {
        assert_eq!(date(text).unwrap().to_string(), text);
    }
    for text in
        ["", "2024-1-15", "2024-02-30", "2023-02-29", "20240115", "2024-01-15T00:00:00Z", "-024-01-15", "２024-01-1"]
    {
        assert_eq!(date(text), Err(Code::InvalidDate), "{text:?}");
    }
}
