use attune_ports::{IdempotencyKey, StoreError, StoredResponse};
use diesel::prelude::*;

use super::FromRow;
use crate::map::{from_millis, millis, sound};
use crate::schema::idempotency_keys;

#[derive(Clone, Queryable, Selectable)]
#[diesel(table_name = idempotency_keys)]
pub struct StoredResponseRow {
    request_hash: Vec<u8>,
    response_status: Option<i64>,
    response_body: Option<String>,
    created_at: i64,
    booking_id: Option<i64>,
}

impl FromRow for StoredResponse {
    type Row = StoredResponseRow;

    fn from_row(row: StoredResponseRow) -> Result<Self, StoreError> {
        let status = row.response_status.and_then(|status| u16::try_from(status).ok());
        let body = row.response_body.or_else(|| row.booking_id.map(|id| id.to_string()));
        Ok(Self {
            request_hash: sound(row.request_hash.try_into().ok(), "idempotency_keys.request_hash")?,
            status: sound(status, "idempotency_keys.response_status")?,
            body: sound(body, "idempotency_keys.response_body")?,
            at: from_millis(row.created_at)?,
        })
    }
}

#[derive(Clone, Insertable)]
#[diesel(table_name = idempotency_keys, treat_none_as_default_value = false)]
pub struct NewIdempotencyKeyRow {
    user_id: i64,
    route: String,
    key: String,
    request_hash: Vec<u8>,
    response_status: Option<i64>,
    response_body: Option<String>,
    created_at: i64,
    booking_id: Option<i64>,
}

impl NewIdempotencyKeyRow {
    /// The row that [`attune_ports::IdempotencyStore::save_response`] inserts.
    pub fn new(key: &IdempotencyKey, response: &StoredResponse) -> Self {
        // The body of a response that is not finished is the id of its booking.
        let booking_id = response.body.parse().ok();
        Self {
            user_id: key.user.get(),
            route: key.route.clone(),
            key: key.key.clone(),
            request_hash: response.request_hash.to_vec(),
            response_status: Some(i64::from(response.status)),
            response_body: booking_id.is_none().then(|| response.body.clone()),
            created_at: millis(response.at),
            booking_id,
        }
    }
}
