use super::*;

#[test]
fn reads_what_it_writes() {
    for minutes in 0..=1_440 {
        let time = WallTime::from_minutes(minutes).unwrap();
        assert_eq!(time.minutes(), minutes);
        assert_eq!(WallTime::parse(&time.to_string()), Ok(time));
    }
    assert_eq!(WallTime::parse("13:30").unwrap().minutes(), 810);
    assert_eq!(WallTime::parse("24:00"), Ok(WallTime::END_OF_DAY));
    assert_eq!(WallTime::START_OF_DAY.to_string(), "00:00");
}

#[test]
fn refuses_what_no_clock_shows() {
    for raw in ["", "9:00", "09:60", "24:01", "25:00", "09-00", "09:00:00", " 9:00", "+9:00", "0９:0", "ab:cd", "09:0é"]
    {
        assert_eq!(WallTime::parse(raw), Err(NotAWallTime), "{raw}");
    }
    assert_eq!(WallTime::from_minutes(1_441), Err(NotAWallTime));
}

#[test]
fn an_interval_ends_after_its_start() {
    let [nine, ten] = ["09:00", "10:00"].map(|raw| WallTime::parse(raw).unwrap());
    let interval = WallInterval::new(nine, ten).unwrap();
    assert_eq!((interval.start(), interval.end()), (nine, ten));
    assert_eq!(WallInterval::new(ten, nine), Err(EmptyInterval));
    assert_eq!(WallInterval::new(nine, nine), Err(EmptyInterval));
    assert_eq!(
        WallInterval::new(WallTime::START_OF_DAY, WallTime::END_OF_DAY),
        Ok(WallInterval::WHOLE_DAY),
        "a day from beginning to end"
    );
}
