use super::*;

#[test]
fn rooms_are_named_as_on_their_server() {
    for (base, wanted) in [
        ("https://meet.example.org/", "booking-1"),
        ("https://meet.example.org/practice/", "[practice]booking-1"),
        ("https://meet.example.org/deep/practice/", "[practice]booking-1"),
    ] {
        let room = MeetingRoom::restore("booking-1".into(), format!("{base}booking-1")).unwrap();
        assert_eq!(qualified_name(&room), wanted, "{base}");
    }
}
