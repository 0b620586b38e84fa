use super::*;

fn place(at: &str, id: i64) -> BookingCursor {
    BookingCursor { scheduled_at: at.parse().unwrap(), id: BookingId::new(id).unwrap() }
}

#[test]
fn cursors_round_trip() {
    for at in ["2024-01-15T10:00:00Z", "1969-12-31T23:59:59.999Z", "-009999-01-02T01:59:59Z", "9999-12-30T22:00:00Z"] {
        for id in [1, 42, i64::MAX] {
            let text = cursor(place(at, id));
            assert_eq!(text.len(), 22, "{text}");
            assert!(text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'), "{text}");
            assert_eq!(parse_cursor(&text), Some(place(at, id)), "{text}");
        }
    }
    assert_eq!(cursor(place("2024-01-15T10:00:00Z", 42)), "AAABjQyQTQAAAAAAAAAAKg");
}

#[test]
fn other_texts_are_no_cursors() {
    let good = cursor(place("2024-01-15T10:00:00Z", 42));
    let of = |when: i64, which: i64| URL_SAFE_NO_PAD.encode([when.to_be_bytes(), which.to_be_bytes()].concat());
    assert_eq!(parse_cursor(&of(0, 1)), Some(place("1970-01-01T00:00:00Z", 1)));
    for bad in [
        "",
        "42",
        "2024-01-15T10:00:00Z",
        &good[..21],
        &format!("{good}A"),
        &format!("{good}=="),
        &format!("{}h", &good[..21]),
        &format!(" {}", &good[1..]),
        &URL_SAFE_NO_PAD.encode([0; 15]),
        &URL_SAFE_NO_PAD.encode([0; 17]),
        &of(0, 0),
        &of(0, -1),
        &of(i64::MAX, 1),
        &of(i64::MIN, 1),
    ] {
        assert_eq!(parse_cursor(bad), None, "{bad}");
    }
}
