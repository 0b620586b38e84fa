//! Serialization of the public data types, with the feature `serde`.
//!
//! Names and texts are strings, ids are numbers. Reading goes through the types' own constructors, so that invalid data
//! is refused.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::booking::{BookingEvent, BookingStatus};
use crate::calendar::{BookingRules, LocalTime, RuleSettings};
use crate::ids::{
    BookingId, ConferenceId, LoginSessionId, NotificationId, ParticipantId, PaymentId, PaymentProblemId, RefundId,
    ScheduleExceptionId, SeriesId, ServiceId, UserId,
};
use crate::meeting::{
    Affiliation, AttendanceEventKind, Feature, MeetingBaseUrl, MeetingRole, ParticipantRole, ViewerId,
};
use crate::notification::NotificationState;
use crate::payment::{Currency, LedgerKind, Money, PaymentState, PaymentStatus, RefundStage};
use crate::policy::PracticePolicy;
use crate::terms::ChangeTerms;
use crate::user::{EmailAddress, PersonName, Role, TimeZoneName};

/// Writes `$to_text` as a string and reads it with `FromStr`.
macro_rules! as_text {
    ($to_text:ident: $($type:ty),+ $(,)?) => {$(
        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.$to_text().as_ref())
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
            }
        }
    )+};
}

as_text! {
    as_str:
    Affiliation, AttendanceEventKind, BookingEvent, BookingStatus, EmailAddress, Feature, LedgerKind, MeetingBaseUrl,
    MeetingRole, NotificationState, ParticipantRole, PaymentState, PaymentStatus, PersonName, RefundStage, Role,
    TimeZoneName
}
as_text!(code: Currency);
as_text!(to_string: LocalTime, ViewerId);

macro_rules! as_number {
    ($($id:ty),+ $(,)?) => {$(
        impl Serialize for $id {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_i64(self.get())
            }
        }

        impl<'de> Deserialize<'de> for $id {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                i64::deserialize(deserializer)?.try_into().map_err(D::Error::custom)
            }
        }
    )+};
}

as_number! {
    BookingId, ConferenceId, LoginSessionId, NotificationId, ParticipantId, PaymentId, PaymentProblemId, RefundId, SeriesId,
    ScheduleExceptionId, ServiceId, UserId
}

/// A struct with public fields that is checked after reading. `$fields` repeats its fields for serde's derived code.
macro_rules! as_checked_struct {
    ($type:ident as $fields:ident { $($field:ident: $field_type:ty),+ $(,)? }, $check:expr) => {
        #[derive(Serialize, Deserialize)]
        #[serde(deny_unknown_fields)]
        struct $fields {
            $($field: $field_type,)+
        }

        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                $fields { $($field: self.$field),+ }.serialize(serializer)
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let $fields { $($field),+ } = $fields::deserialize(deserializer)?;
                let value = $type { $($field),+ };
                $check(&value).map_err(D::Error::custom)?;
                Ok(value)
            }
        }
    };
}

as_checked_struct!(
    ChangeTerms as ChangeTermsFields {
        free_minutes: u32,
        grace_minutes: u32,
        late_refund_percent: u8,
        reschedule_minutes: u32,
    },
    |terms: &ChangeTerms| terms.checked()
);
as_checked_struct!(
    RuleSettings as RuleSettingsFields {
        notice_minutes: u32,
        horizon_days: u32,
        daily_limit: Option<u32>,
        step_minutes: u32,
    },
    |settings: &RuleSettings| BookingRules::new(*settings)
);
as_checked_struct!(
    PracticePolicy as PracticePolicyFields { rules: RuleSettings, terms: ChangeTerms, auto_complete: bool },
    PracticePolicy::checked
);
/// `{"minor": 10000, "currency": "EUR"}`: the exact integer, so that no reader has to parse or round a decimal.
#[derive(Serialize, Deserialize)]
#[serde(rename = "Money", deny_unknown_fields)]
struct MoneyFields {
    minor: i64,
    currency: Currency,
}

impl Serialize for Money {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        MoneyFields { minor: self.minor(), currency: self.currency() }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Money {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let MoneyFields { minor, currency } = MoneyFields::deserialize(deserializer)?;
        Self::new(minor, currency).map_err(D::Error::custom)
    }
}
