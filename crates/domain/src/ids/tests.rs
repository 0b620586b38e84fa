use super::*;

#[test]
fn an_id_has_one_spelling() {
    for number in [1, 10, 42, i64::MAX] {
        let text = number.to_string();
        assert_eq!(text.parse(), BookingId::new(number).ok_or(InvalidId));
        assert_eq!(text.parse::<UserId>().unwrap().to_string(), text);
    }
    for other in
        ["", "0", "00", "01", "007", "+1", "-1", " 1", "1 ", "1.0", "1e0", "0x1", "\u{661}", "9223372036854775808"]
    {
        assert_eq!(other.parse::<BookingId>(), Err(InvalidId), "{other:?}");
    }
}
