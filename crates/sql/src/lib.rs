#![doc = include_str!("../README.md")]

pub mod lists;
mod map;
mod rows;
mod schema_defs;

pub use map::{MINUTE, begins_after, from_millis, millis, number};
pub use rows::{
    AttendanceRow, AuditRow, BookingRow, Columns, ConferenceRow, HoursRow, LedgerRow, LedgerSumRow, LoginFailureRow,
    NewConferenceRow, NewIdempotencyKeyRow, NewNoticeRow, NewParticipantRow, NewPaymentRow, NewProblemRow,
    NewRefundRow, NewServiceRow, NewSessionRow, NewTimeOffRow, NewUserRow, NoticeRow, ParticipantRow, PaymentChanges,
    PaymentEventRow, PaymentRow, PolicyRow, ProblemRow, RefreshTokenRow, RefundChanges, RefundRow, ScheduleRow,
    ServiceChanges, ServiceRow, SessionRow, StoredResponseRow, TimeOffRow, USER_COLUMNS, UserChanges, UserRow,
    interval, read_user, schedule_of,
};

/// The tables, as Diesel sees them.
pub mod schema {
    pub use crate::schema_defs::*;
}
