use super::super::fixtures::*;
use super::*;

fn week(intervals: &[(Weekday, &str)]) -> Result<WeeklyHours, OverlappingHours> {
    let intervals = intervals.iter().map(|(day, interval)| (*day, local(interval)));
    WeeklyHours::new(TimeZoneName::parse("Europe/Berlin").unwrap(), zone("Europe/Berlin"), intervals)
}

#[test]
fn weekdays_have_their_own_hours_in_order() {
    let hours = week(&[
        (Weekday::Friday, "09:00-12:00"),
        (Weekday::Monday, "13:00-24:00"),
        (Weekday::Monday, "00:00-09:00"),
        (Weekday::Monday, "09:00-12:00"),
    ])
    .unwrap();
    let sorted = ["00:00-09:00", "09:00-12:00", "13:00-24:00"].map(local);
    assert_eq!(hours.on(Weekday::Monday), sorted, "adjacent intervals are accepted");
    assert_eq!(hours.on(Weekday::Friday), ["09:00-12:00"].map(local));
    assert!(hours.on(Weekday::Sunday).is_empty());
    assert_eq!(hours.zone_name().as_str(), "Europe/Berlin");
    assert_eq!(hours.zone().iana_name(), Some("Europe/Berlin"));
}

#[test]
fn overlapping_hours_are_refused_with_their_weekday() {
    for weekday in every_day() {
        let overlapping = [(weekday, "12:00-15:00"), (weekday, "09:00-12:01")];
        assert_eq!(week(&overlapping), Err(OverlappingHours { weekday }));
        assert_eq!(week(&[(weekday, "09:00-12:00"), (weekday, "09:00-12:00")]), Err(OverlappingHours { weekday }));
    }
    assert!(week(&[(Weekday::Monday, "09:00-12:00"), (Weekday::Tuesday, "09:00-12:00")]).is_ok());
}
