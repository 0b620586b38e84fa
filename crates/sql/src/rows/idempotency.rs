use attune_domain::BookingId;
use attune_ports::{IdempotencyKey, IdempotencyRecord, StoreError, StoredResponse};
use diesel::prelude::*;

use super::FromRow;
use crate::map::{from_millis, millis, sound};
use crate::schema::idempotency_keys;

#[derive(Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = idempotency_keys, treat_none_as_default_value = false)]
pub struct IdempotencyRow {
    request_hash: Vec<u8>,
    response_status: Option<i64>,
    response_body: Option<String>,
    created_at: i64,
    booking_id: Option<i64>,
}

impl FromRow for IdempotencyRecord {
    type Row = IdempotencyRow;

    fn from_row(row: IdempotencyRow) -> Result<Self, StoreError> {
        Ok(Self {
            request_hash: sound(row.request_hash.try_into().ok(), "idempotency_keys.request_hash")?,
            booking: row.booking_id.map(BookingId::from_row).transpose()?,
            response: stored_response(row.response_status, row.response_body)?,
            created_at: from_millis(row.created_at)?,
        })
    }
}

/// A status without a body is what the migration leaves of a response that was not finished.
fn stored_response(status: Option<i64>, body: Option<String>) -> Result<Option<StoredResponse>, StoreError> {
    let Some(body) = body else { return Ok(None) };
    let status = status.and_then(|status| u16::try_from(status).ok());
    Ok(Some(StoredResponse { status: sound(status, "idempotency_keys.response_status")?, body }))
}

impl From<&IdempotencyRecord> for IdempotencyRow {
    fn from(record: &IdempotencyRecord) -> Self {
        let response = record.response.as_ref();
        Self {
            request_hash: record.request_hash.to_vec(),
            response_status: response.map(|response| i64::from(response.status)),
            response_body: response.map(|response| response.body.clone()),
            created_at: millis(record.created_at),
            booking_id: record.booking.map(BookingId::get),
        }
    }
}

#[derive(Clone, Insertable)]
#[diesel(table_name = idempotency_keys)]
pub struct NewIdempotencyRow {
    user_id: i64,
    route: String,
    key: String,
    #[diesel(embed)]
    record: IdempotencyRow,
}

impl NewIdempotencyRow {
    pub fn new(key: &IdempotencyKey, record: &IdempotencyRecord) -> Self {
        Self { user_id: key.user.get(), route: key.route.clone(), key: key.key.clone(), record: record.into() }
    }
}
