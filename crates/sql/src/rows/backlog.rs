//! What waits in the store.

use attune_ports::{Backlog, StoreError};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable};

use super::{FromRow, instant};
use crate::map::count;

/// What [`crate::statements::COUNT_BACKLOG`] returns.
#[derive(QueryableByName)]
pub struct BacklogRow {
    #[diesel(sql_type = BigInt)]
    pending_emails: i64,
    #[diesel(sql_type = Nullable<BigInt>)]
    first_email_due: Option<i64>,
    #[diesel(sql_type = BigInt)]
    dead_emails: i64,
    #[diesel(sql_type = BigInt)]
    held_emails: i64,
    #[diesel(sql_type = BigInt)]
    holds: i64,
    #[diesel(sql_type = Nullable<BigInt>)]
    first_hold_expiry: Option<i64>,
    #[diesel(sql_type = BigInt)]
    payment_problems: i64,
    #[diesel(sql_type = BigInt)]
    conferences: i64,
}

impl FromRow for Backlog {
    type Row = BacklogRow;

    fn from_row(row: BacklogRow) -> Result<Self, StoreError> {
        Ok(Self {
            pending_emails: count(row.pending_emails)?,
            first_email_due: instant(row.first_email_due)?,
            dead_emails: count(row.dead_emails)?,
            held_emails: count(row.held_emails)?,
            holds: count(row.holds)?,
            first_hold_expiry: instant(row.first_hold_expiry)?,
            payment_problems: count(row.payment_problems)?,
            conferences: count(row.conferences)?,
        })
    }
}
