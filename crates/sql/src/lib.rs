#![doc = include_str!("../README.md")]

pub mod lists;
mod map;
mod rows;
pub mod schema;
pub mod statements;

pub use map::{MINUTE, begins_after, count, from_millis, millis, number};
pub use rows::{
    AttendanceRow, AuditRow, BookingRow, Columns, ConferenceRow, FromRow, HoursRow, IdempotencyRow, LedgerRow,
    LedgerSumRow, LoginFailureRow, LoginSessionRow, NewConferenceRow, NewIdempotencyRow, NewLoginSessionRow,
    NewNotificationRow, NewParticipantRow, NewUserRow, NotificationRow, ParticipantRow, PaymentChanges,
    PaymentEventRow, PaymentRow, PolicyRow, ProblemRow, RefreshTokenRow, RefundChanges, RefundRow,
    ScheduleExceptionRow, ScheduleRow, ServiceRow, StoredPaymentRow, StoredProblemRow, StoredRefundRow,
    StoredScheduleExceptionRow, StoredServiceRow, USER_COLUMNS, UserChanges, UserRow, attendance_of, read_user,
    schedule_of,
};
