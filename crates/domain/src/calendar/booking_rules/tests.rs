use super::*;
use crate::{Currency, Money, ServiceId};

#[test]
fn the_defaults_restrict_nothing() {
    let rules = BookingRules::new(RuleSettings::default()).unwrap();
    assert_eq!(rules.settings().notice_minutes, 0);
    assert_eq!(i64::from(rules.settings().horizon_days), Booking::HORIZON_DAYS);
    assert_eq!(rules.settings().daily_limit, None);
    assert_eq!(rules.settings().step_minutes, 15);
}

#[test]
fn invalid_settings_are_refused() {
    let usual = RuleSettings::default();
    let table = [
        (RuleSettings { horizon_days: 0, ..usual }, Err(RuleError::Horizon)),
        (RuleSettings { horizon_days: 367, ..usual }, Err(RuleError::Horizon)),
        (RuleSettings { horizon_days: u32::MAX, ..usual }, Err(RuleError::Horizon)),
        (RuleSettings { horizon_days: 1, notice_minutes: 1_440, ..usual }, Err(RuleError::Notice)),
        (RuleSettings { horizon_days: 1, notice_minutes: 1_439, ..usual }, Ok(())),
        (RuleSettings { step_minutes: 0, ..usual }, Err(RuleError::Step)),
        (RuleSettings { step_minutes: 4, ..usual }, Err(RuleError::Step)),
        (RuleSettings { step_minutes: 5, ..usual }, Ok(())),
        (RuleSettings { step_minutes: 1_440, ..usual }, Ok(())),
        (RuleSettings { step_minutes: 1_441, ..usual }, Err(RuleError::Step)),
        (RuleSettings { daily_limit: Some(0), ..usual }, Err(RuleError::DailyLimit)),
        (RuleSettings { daily_limit: Some(1), ..usual }, Ok(())),
    ];
    for (settings, expected) in table {
        assert_eq!(BookingRules::new(settings).map(drop), expected, "{settings:?}");
    }
}

#[test]
fn lengths_are_limited_as_in_bookings() {
    let table = [(50, 10, true), (1, 0, true), (720, 720, true), (0, 10, false), (721, 0, false), (50, 721, false)];
    for (minutes, buffer_minutes, fine) in table {
        assert_eq!(AppointmentLength::new(minutes, buffer_minutes).is_ok(), fine, "{minutes} and {buffer_minutes}");
    }
    let service = Service {
        id: ServiceId::new(1).unwrap(),
        name: "Session".to_owned(),
        description: String::new(),
        minutes: 50,
        buffer_minutes: 10,
        price: Money::new(0, Currency::parse("EUR").unwrap()).unwrap(),
        active: true,
        translations: std::collections::BTreeMap::new(),
        version: 1,
    };
    let length = AppointmentLength::try_from(&service).unwrap();
    assert_eq!((length.minutes(), length.buffer_minutes()), (50, 10));
}
