//! The representation of the data types with the feature `serde`, and that invalid data is refused.
#![allow(clippy::unwrap_used, reason = "a test may panic, also in its helpers")]

use std::fmt::Debug;

use attune_domain::calendar::LocalTime;
use attune_domain::meeting::{Affiliation, AttendanceEventKind, Feature};
use attune_domain::notification::{NotificationKind, NotificationState};
use attune_domain::payment::{LedgerKind, PaymentState, RefundStage};
use attune_domain::{
    BookingEvent, BookingId, BookingStatus, CancellationQuote, ChangeTerms, Currency, EmailAddress, MeetingBaseUrl,
    MeetingRole, Money, ParticipantRole, PaymentStatus, PersonName, PracticePolicy, Role, TimeZoneName, UserId,
    ViewerId,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

fn is_written_as<T: Serialize + DeserializeOwned + PartialEq + Debug>(value: T, written: Value) {
    assert_eq!(serde_json::to_value(&value).unwrap(), written);
    assert_eq!(serde_json::from_value::<T>(written).unwrap(), value);
}

fn is_refused<T: DeserializeOwned + Debug>(values: impl IntoIterator<Item = Value>) {
    for value in values {
        assert!(serde_json::from_value::<T>(value.clone()).is_err(), "{value}");
    }
}

macro_rules! enums_are_written_by_name {
    ($($enum:ty),+ $(,)?) => {$(
        for value in <$enum>::ALL {
            is_written_as(value, json!(value.as_str()));
            assert_eq!(value.to_string(), value.as_str());
        }
        is_refused::<$enum>([json!("unknown"), json!(""), json!(0), json!(null)]);
    )+};
}

#[test]
fn enums() {
    enums_are_written_by_name! {
        Affiliation, AttendanceEventKind, BookingEvent, BookingStatus, Feature, LedgerKind, MeetingRole,
        NotificationState, ParticipantRole, PaymentState, PaymentStatus, RefundStage, Role
    }
    is_written_as(NotificationKind::Reminder { minutes_before: 60 }, json!({ "reminder": { "minutes_before": 60 } }));
    for kind in [NotificationKind::MeetingInfo, NotificationKind::PaymentProblem, NotificationKind::Refund] {
        is_written_as(kind, json!(kind.as_str()));
    }
    is_refused::<NotificationKind>([json!("reminder"), json!("unknown")]);
}

#[test]
fn ids_are_positive_numbers() {
    is_written_as(BookingId::new(12).unwrap(), json!(12));
    is_refused::<BookingId>([json!(0), json!(-1), json!("12"), json!(1.5)]);
}

#[test]
fn texts_are_parsed() {
    is_written_as(EmailAddress::parse("kim@example.org").unwrap(), json!("kim@example.org"));
    is_refused::<EmailAddress>([json!("kim"), json!("")]);
    is_written_as("Kim".parse::<PersonName>().unwrap(), json!("Kim"));
    is_refused::<PersonName>([json!("\n"), json!(" "), json!("x".repeat(101))]);
    is_written_as(TimeZoneName::parse("Europe/Berlin").unwrap(), json!("Europe/Berlin"));
    is_refused::<TimeZoneName>([json!("Europe//Berlin")]);
    is_written_as(ViewerId::Account(UserId::new(7).unwrap()), json!("user-7"));
    is_refused::<ViewerId>([json!("user-0"), json!("user-07"), json!("7")]);
    is_written_as(LocalTime::END_OF_DAY, json!("24:00"));
    is_refused::<LocalTime>([json!("24:01"), json!("9:00")]);
    is_written_as(MeetingBaseUrl::parse("https://meet.example.org").unwrap(), json!("https://meet.example.org/"));
    is_refused::<MeetingBaseUrl>([json!("meet.example.org")]);
}

#[test]
fn money_is_an_integer_with_its_currency() {
    let eur = Currency::parse("EUR").unwrap();
    is_written_as(eur, json!("EUR"));
    is_refused::<Currency>([json!("eur"), json!("EURO")]);
    is_written_as(Money::new(10_050, eur).unwrap(), json!({ "minor": 10_050, "currency": "EUR" }));
    is_refused::<Money>([
        json!({ "minor": -1, "currency": "EUR" }),
        json!({ "minor": 100.5, "currency": "EUR" }),
        json!({ "minor": Money::MAX_MINOR + 1, "currency": "EUR" }),
        json!({ "minor": 1, "currency": "EUR", "scale": 2 }),
    ]);
    let quote = CancellationQuote {
        late: true,
        refund: Money::zero(eur),
        fee: Money::new(10_000, eur).unwrap(),
        free_until: "2024-01-14T10:00:00Z".parse().unwrap(),
    };
    let (refund, fee) = (json!({ "minor": 0, "currency": "EUR" }), json!({ "minor": 10_000, "currency": "EUR" }));
    is_written_as(quote, json!({ "late": true, "refund": refund, "fee": fee, "free_until": "2024-01-14T10:00:00Z" }));
}

#[test]
fn policies_are_checked() {
    let terms =
        json!({ "free_minutes": 1_440, "grace_minutes": 3, "late_refund_percent": 0, "reschedule_minutes": 1_440 });
    is_written_as(ChangeTerms::default(), terms.clone());
    let rules = json!({ "notice_minutes": 0, "horizon_days": 366, "daily_limit": null, "step_minutes": 15 });
    let policy = json!({ "rules": rules, "terms": terms, "auto_complete": false });
    is_written_as(PracticePolicy::default(), policy.clone());
    let with = |pointer: &str, value: Value| {
        let mut changed = policy.clone();
        *changed.pointer_mut(pointer).unwrap() = value;
        changed
    };
    is_refused::<PracticePolicy>([
        with("/terms/late_refund_percent", json!(101)),
        with("/terms/free_minutes", json!(ChangeTerms::MAX_MINUTES + 1)),
        with("/terms/grace_minutes", json!(ChangeTerms::MAX_GRACE_MINUTES + 1)),
        with("/rules/horizon_days", json!(0)),
        with("/rules/daily_limit", json!(0)),
        with("/auto_complete", json!("no")),
        json!({ "terms": terms }),
    ]);
}
