//! Rows read without Diesel, for the few statements that every request runs: there, building the statement with Diesel
//! costs more than running it.

use attune_domain::User;
use attune_ports::StoreError;

use super::{BookingRow, FromRow, LoginSessionRow, UserRow};

/// The columns of one row, from left to right. Errors: [`StoreError::Corrupt`] for a value of another type.
pub trait Columns {
    fn number(&mut self) -> Result<i64, StoreError>;
    fn optional_number(&mut self) -> Result<Option<i64>, StoreError>;
    fn text(&mut self) -> Result<String, StoreError>;
    fn optional_text(&mut self) -> Result<Option<String>, StoreError>;
    fn flag(&mut self) -> Result<bool, StoreError>;
    fn optional_flag(&mut self) -> Result<Option<bool>, StoreError>;
}

/// What [`read_user`] reads, in this order.
pub const USER_COLUMNS: [&str; 10] = [
    "id",
    "email",
    "first_name",
    "last_name",
    "preferred_name",
    "time_zone",
    "is_admin",
    "disabled",
    "email_verified_at",
    "created_at",
];

/// Reads an account without its password.
pub fn read_user(columns: &mut impl Columns) -> Result<User, StoreError> {
    let row = UserRow {
        id: columns.number()?,
        email: columns.text()?,
        first_name: columns.optional_text()?,
        last_name: columns.optional_text()?,
        preferred_name: columns.optional_text()?,
        time_zone: columns.optional_text()?,
        is_admin: columns.flag()?,
        disabled: columns.flag()?,
        // A user is restored without the password hash.
        password_hash: String::new(),
        email_verified_at: columns.optional_number()?,
        created_at: columns.number()?,
    };
    User::from_row(row)
}

impl LoginSessionRow {
    /// What [`LoginSessionRow::read`] reads, in this order.
    pub const COLUMNS: [&str; 6] = ["id", "user_id", "generation", "rotated_at", "created_at", "ended_at"];

    pub fn read(columns: &mut impl Columns) -> Result<Self, StoreError> {
        Ok(Self {
            id: columns.number()?,
            user_id: columns.number()?,
            generation: columns.number()?,
            rotated_at: columns.number()?,
            created_at: columns.number()?,
            ended_at: columns.optional_number()?,
        })
    }
}

impl BookingRow {
    /// What [`BookingRow::read`] reads, in this order; the first is never missing.
    pub const COLUMNS: [&str; 27] = [
        "id",
        "client_id",
        "therapist_id",
        "service_id",
        "scheduled_at",
        "minutes",
        "blocked_until",
        "status",
        "payment_status",
        "price_minor",
        "currency",
        "room_id",
        "room_url",
        "hold_expires_at",
        "note",
        "cancelled_at",
        "cancelled_by",
        "cancelled_late",
        "cancel_reason",
        "refund_minor",
        "free_minutes",
        "late_refund_percent",
        "reschedule_minutes",
        "link_version",
        "version",
        "created_at",
        "updated_at",
    ];

    pub fn read(columns: &mut impl Columns) -> Result<Self, StoreError> {
        Ok(Self {
            id: columns.number()?,
            client_id: columns.number()?,
            therapist_id: columns.number()?,
            service_id: columns.number()?,
            scheduled_at: columns.number()?,
            minutes: columns.number()?,
            blocked_until: columns.number()?,
            status: columns.text()?,
            payment_status: columns.text()?,
            price_minor: columns.number()?,
            currency: columns.text()?,
            room_id: columns.optional_text()?,
            room_url: columns.optional_text()?,
            hold_expires_at: columns.optional_number()?,
            note: columns.optional_text()?,
            cancelled_at: columns.optional_number()?,
            cancelled_by: columns.optional_number()?,
            cancelled_late: columns.optional_flag()?,
            cancel_reason: columns.optional_text()?,
            refund_minor: columns.optional_number()?,
            free_minutes: columns.number()?,
            late_refund_percent: columns.number()?,
            reschedule_minutes: columns.number()?,
            link_version: columns.number()?,
            version: columns.number()?,
            created_at: columns.number()?,
            updated_at: columns.number()?,
        })
    }
}
