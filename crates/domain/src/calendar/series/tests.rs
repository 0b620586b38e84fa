use super::super::fixtures::*;
use super::*;

fn series(first: &str, zone_name: &str, count: u32, every_weeks: u32) -> Vec<String> {
    weekly_series(first.parse().unwrap(), &zone(zone_name), count, every_weeks)
        .unwrap()
        .into_iter()
        .map(|occurrence| match occurrence {
            Occurrence::At(instant) => instant.to_string(),
            Occurrence::Nonexistent(reading) => format!("!{reading}"),
        })
        .collect()
}

#[test]
fn a_series_keeps_its_local_time() {
    const BERLIN: &str = "Europe/Berlin";
    for (what, first, zone, every_weeks, expected) in [
        (
            "into summer",
            "2027-03-22T10:00",
            BERLIN,
            1,
            "2027-03-22T09:00:00Z 2027-03-29T08:00:00Z 2027-04-05T08:00:00Z",
        ),
        ("into winter", "2027-10-25T10:00", BERLIN, 2, "2027-10-25T08:00:00Z 2027-11-08T09:00:00Z"),
        ("skipped", "2027-03-21T02:30", BERLIN, 1, "2027-03-21T01:30:00Z !2027-03-28T02:30:00 2027-04-04T00:30:00Z"),
        (
            "skipped date",
            "2011-12-23T10:00",
            "Pacific/Apia",
            1,
            "2011-12-23T20:00:00Z !2011-12-30T10:00:00 2012-01-05T20:00:00Z",
        ),
        (
            "repeated: the first occurrence",
            "2027-10-24T02:30",
            BERLIN,
            1,
            "2027-10-24T00:30:00Z 2027-10-31T00:30:00Z 2027-11-07T01:30:00Z",
        ),
        ("a leap day", "2028-02-22T09:00", "Asia/Kathmandu", 1, "2028-02-22T03:15:00Z 2028-02-29T03:15:00Z"),
        ("a new year", "2027-12-31T09:00", "Asia/Kathmandu", 1, "2027-12-31T03:15:00Z 2028-01-07T03:15:00Z"),
    ] {
        let count = u32::try_from(expected.split(' ').count()).unwrap();
        assert_eq!(series(first, zone, count, every_weeks).join(" "), expected, "{what}");
    }
    assert_eq!(series("2027-01-04T10:00", BERLIN, 53, 1).last().unwrap(), "2028-01-03T09:00:00Z");
}

#[test]
fn invalid_series_are_refused() {
    let first = date("2027-01-11").at(10, 0, 0, 0);
    let utc = TimeZone::UTC;
    for count in [0, 54, u32::MAX] {
        assert_eq!(weekly_series(first, &utc, count, 1), Err(SeriesError::Count));
    }
    for weeks in [0, 53, u32::MAX] {
        assert_eq!(weekly_series(first, &utc, 2, weeks), Err(SeriesError::Weeks));
    }
    assert_eq!(weekly_series(DateTime::MAX, &utc, 2, 1), Err(SeriesError::OutOfRange));
    assert_eq!(weekly_series(DateTime::MAX, &utc, 1, 1), Err(SeriesError::OutOfRange), "out of range");
}
