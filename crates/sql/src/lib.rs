#![doc = include_str!("../README.md")]

pub mod lists;
mod map;
mod rows;
pub mod schema;
pub mod statements;

pub use map::{MINUTE, count, from_millis, millis, number};
pub use rows::{
    AttendanceRow, AuditRow, BookingRow, CancelledNotification, Columns, ConferenceRow, FromRow, HoursRow,
    IdempotencyRow, InstallationRow, LedgerRow, LedgerSumRow, LoginFailureRow, LoginSessionRow, NewConferenceRow,
    NewIdempotencyRow, NewLoginSessionRow, NewNotificationRow, NewParticipantRow, NewUserRow, NotificationRow,
    ParticipantRow, PaymentChanges, PaymentEventRow, PaymentRow, PendingNotificationRow, PolicyRow, PracticeRow,
    ProblemRow, Recipients, RefreshTokenRow, RefundChanges, RefundRow, ScheduleExceptionRow, ScheduleRow, ServiceRow,
    StoredPaymentRow, StoredProblemRow, StoredRefundRow, StoredScheduleExceptionRow, StoredServiceRow, UserChanges,
    UserRow, attendance_of, schedule_of, search_texts,
};
