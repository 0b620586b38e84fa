use super::super::fixtures::*;
use super::*;

#[test]
fn closed_dates_include_both_ends() {
    let mut exceptions = ScheduleExceptions::default();
    exceptions.close_dates(date("2027-12-24"), date("2027-12-26")).unwrap();
    exceptions.close_dates(date("2027-12-26"), date("2027-12-26")).unwrap();
    let closed: Vec<i8> = (20..=31).filter(|day| exceptions.is_closed_on(jiff::civil::date(2027, 12, *day))).collect();
    assert_eq!(closed, [24, 25, 26]);
    assert_eq!(exceptions.close_dates(date("2027-12-26"), date("2027-12-25")), Err(InvalidDateRange));
}
