//! Rows, and how domain types are restored from them. A row that breaks a rule of the domain is `Corrupt`.

mod accounts;
mod audit;
mod backlog;
mod bookings;
mod calendar_feeds;
mod calendars;
mod columns;
mod idempotency;
mod one_time_tokens;
mod outbox;
mod participants;
mod payments;
mod practice;
mod rooms;
mod second_factors;
mod services;

use attune_domain::calendar::Interval;
use attune_domain::{
    BookingId, ConferenceId, Currency, Language, LoginSessionId, Money, ParticipantId, PaymentId, PersonName, RefundId,
    ScheduleExceptionId, ServiceId, TimeZoneName, UserId,
};
use attune_ports::StoreError;
use jiff::Timestamp;

use crate::map::{from_millis, number, sound};

pub use accounts::{
    AttemptRow, LoginSessionRow, NewLoginSessionRow, NewUserRow, RefreshTokenRow, UserChanges, UserRow, search_texts,
};
pub use audit::AuditRow;
pub use backlog::BacklogRow;
pub use bookings::BookingRow;
pub use calendar_feeds::CalendarFeedRow;
pub use calendars::{
    HoursRow, PolicyRow, ScheduleExceptionRow, ScheduleRow, StoredPolicyRow, StoredScheduleExceptionRow, WeekRow,
    schedule_of,
};
pub use columns::Columns;
pub use idempotency::{IdempotencyRow, NewIdempotencyRow};
pub use one_time_tokens::{NewOneTimeTokenRow, OneTimeTokenRow};
pub use outbox::{CancelledNotification, NewNotificationRow, NotificationRow, PendingNotificationRow, Recipients};
pub use participants::{NewParticipantRow, ParticipantRow};
pub use payments::{
    LedgerRow, LedgerSumRow, PaymentChanges, PaymentEventRow, PaymentRow, ProblemRow, RefundChanges, RefundRow,
    StoredPaymentRow, StoredProblemRow, StoredRefundRow,
};
pub use practice::{InstallationRow, LogoRow, PracticeRow, StoredPracticeRow};
pub use rooms::{AttendanceRow, ConferenceRow, NewConferenceRow, attendance_of};
pub use second_factors::{RecoveryCodeRow, TotpFactorRow};
pub use services::{ServiceRow, StoredServiceRow};

/// A type that is restored from a row, from several joined rows, or from a few columns.
pub trait FromRow: Sized {
    /// What the statement returns.
    type Row;

    /// Errors: [`StoreError::Corrupt`] when the row breaks a rule of the type.
    fn from_row(row: Self::Row) -> Result<Self, StoreError>;
}

macro_rules! ids {
    ($($id:ident),+ $(,)?) => {
        $(impl FromRow for $id {
            type Row = i64;

            fn from_row(id: i64) -> Result<Self, StoreError> {
                Self::new(id).ok_or_else(|| StoreError::Corrupt("a stored id is not positive".into()))
            }
        })+
    };
}

ids!(
    BookingId,
    ConferenceId,
    LoginSessionId,
    ParticipantId,
    PaymentId,
    RefundId,
    ScheduleExceptionId,
    ServiceId,
    UserId,
);

/// A version.
impl FromRow for u32 {
    type Row = i64;

    fn from_row(version: i64) -> Result<Self, StoreError> {
        number(version)
    }
}

impl FromRow for Interval {
    type Row = (i64, i64);

    fn from_row((start, end): (i64, i64)) -> Result<Self, StoreError> {
        Self::new(from_millis(start)?, from_millis(end)?).map_err(|e| StoreError::Corrupt(e.into()))
    }
}

fn money(minor: i64, currency: &str) -> Result<Money, StoreError> {
    let currency = sound(Currency::parse(currency).ok(), "currency")?;
    sound(Money::new(minor, currency).ok(), "amount")
}

fn person_name(raw: Option<String>, column: &'static str) -> Result<Option<PersonName>, StoreError> {
    raw.map(|text| sound(PersonName::parse(&text).ok().flatten(), column)).transpose()
}

fn time_zone(raw: Option<String>, column: &'static str) -> Result<Option<TimeZoneName>, StoreError> {
    raw.map(|name| sound(TimeZoneName::parse(&name).ok(), column)).transpose()
}

fn language(raw: Option<String>, column: &'static str) -> Result<Option<Language>, StoreError> {
    raw.map(|tag| sound(Language::parse(&tag), column)).transpose()
}

fn instant(value: Option<i64>) -> Result<Option<Timestamp>, StoreError> {
    value.map(from_millis).transpose()
}

fn optional_id<T>(id: Option<i64>, new: fn(i64) -> Option<T>, column: &'static str) -> Result<Option<T>, StoreError> {
    id.map(|id| sound(new(id), column)).transpose()
}
