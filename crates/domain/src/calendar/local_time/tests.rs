use super::*;

#[test]
fn formatting_and_parsing_round_trip() {
    for minutes in 0..=1_440 {
        let time = LocalTime::from_minutes(minutes).unwrap();
        assert_eq!(time.minutes(), minutes);
        assert_eq!(LocalTime::parse(&time.to_string()), Ok(time));
    }
    assert_eq!(LocalTime::parse("13:30").unwrap().minutes(), 810);
    assert_eq!(LocalTime::parse("24:00"), Ok(LocalTime::END_OF_DAY));
    assert_eq!(LocalTime::START_OF_DAY.to_string(), "00:00");
}

#[test]
fn invalid_times_are_refused() {
    for raw in ["", "9:00", "09:60", "24:01", "25:00", "09-00", "09:00:00", " 9:00", "+9:00", "0９:0", "ab:cd", "09:0é"]
    {
        assert_eq!(LocalTime::parse(raw), Err(InvalidLocalTime), "{raw}");
    }
    assert_eq!(LocalTime::from_minutes(1_441), Err(InvalidLocalTime));
}

#[test]
fn a_range_ends_after_its_start() {
    let [nine, ten] = ["09:00", "10:00"].map(|raw| LocalTime::parse(raw).unwrap());
    let interval = LocalTimeRange::new(nine, ten).unwrap();
    assert_eq!((interval.start(), interval.end()), (nine, ten));
    assert_eq!(LocalTimeRange::new(ten, nine), Err(EmptyRange));
    assert_eq!(LocalTimeRange::new(nine, nine), Err(EmptyRange));
    let whole_day = LocalTimeRange::new(LocalTime::START_OF_DAY, LocalTime::END_OF_DAY);
    assert_eq!(whole_day, Ok(LocalTimeRange::WHOLE_DAY));
}
