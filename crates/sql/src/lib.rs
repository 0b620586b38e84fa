#![doc = include_str!("../README.md")]

pub mod dump;
pub mod lists;
mod map;
mod rows;
pub mod schema;
pub mod statements;
mod waiting;

pub use map::{MINUTE, count, from_millis, login_history, millis, number};
pub use rows::{
    AttemptRow, AttendanceRow, AuditRow, BacklogRow, BookingRow, CalendarFeedRow, CancelledNotification, Columns,
    ConferenceRow, FromRow, HoursRow, IdempotencyRow, InstallationRow, LedgerRow, LedgerSumRow, LoginSessionRow,
    LogoRow, NewConferenceRow, NewIdempotencyRow, NewLoginSessionRow, NewNotificationRow, NewOneTimeTokenRow,
    NewParticipantRow, NewUserRow, NotificationRow, OneTimeTokenRow, ParticipantRow, PaymentChanges, PaymentEventRow,
    PaymentRow, PendingNotificationRow, PolicyRow, PracticeRow, ProblemRow, Recipients, RecoveryCodeRow,
    RefreshTokenRow, RefundChanges, RefundRow, ScheduleExceptionRow, ScheduleRow, ServiceRow, StoredPaymentRow,
    StoredPolicyRow, StoredPracticeRow, StoredProblemRow, StoredRefundRow, StoredScheduleExceptionRow,
    StoredServiceRow, TotpFactorRow, UserChanges, UserRow, WeekRow, attendance_of, schedule_of, search_texts,
};
pub use waiting::{WaitCount, Waiting};
