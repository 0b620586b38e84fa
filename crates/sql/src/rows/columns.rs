//! Rows read without Diesel, for the few statements that every request runs: there, building the statement with Diesel
//! costs more than running it.

use attune_ports::StoreError;

use super::{BookingRow, LoginSessionRow, UserRow};

/// The columns of one row, from left to right.
pub trait Columns<T> {
    /// Errors: [`StoreError::Corrupt`] for a value of another type.
    fn next(&mut self) -> Result<T, StoreError>;
}

/// Lists columns once, for the text of a statement and for reading what it returns. What follows them is not read.
macro_rules! columns {
    ($row:ident { $($column:ident),+ $(,)? } $($other:ident: $value:expr)?) => {
        impl $row {
            /// What [`Self::read`] reads, in this order.
            pub const COLUMNS: &[&str] = &[$(stringify!($column)),+];

            pub fn read<C>(columns: &mut C) -> Result<Self, StoreError>
            where
                C: Columns<i64> + Columns<Option<i64>>,
                C: Columns<String> + Columns<Option<String>>,
                C: Columns<bool> + Columns<Option<bool>>,
            {
                Ok(Self { $($column: columns.next()?,)+ $($other: $value)? })
            }
        }
    };
}

columns!(UserRow {
    id,
    email,
    first_name,
    last_name,
    preferred_name,
    time_zone,
    is_admin,
    disabled,
    language,
    email_verified_at,
    created_at,
    notify,
    agenda_at,
    second_factor_at,
    second_factor_due_at,
    version,
} password_hash: None);

columns!(LoginSessionRow { id, user_id, generation, rotated_at, created_at, stepped_up_at, ended_at });

columns!(BookingRow {
    id,
    client_id,
    therapist_id,
    service_id,
    series_id,
    scheduled_at,
    minutes,
    blocked_until,
    status,
    payment_status,
    price_minor,
    currency,
    room_id,
    room_url,
    hold_expires_at,
    note,
    cancelled_at,
    cancelled_by,
    cancelled_late,
    cancel_reason,
    refund_minor,
    free_minutes,
    grace_minutes,
    late_refund_percent,
    reschedule_minutes,
    link_version,
    version,
    created_at,
    updated_at,
});
