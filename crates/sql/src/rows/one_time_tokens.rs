use attune_domain::{ChosenSlot, EmailAddress, OneTimePurpose, OneTimeToken, OneTimeTokenId, ServiceId, UserId};
use attune_ports::{NewOneTimeToken, StoreError};
use diesel::prelude::*;

use super::{FromRow, instant};
use crate::map::{corrupt, from_millis, millis, sound};
use crate::schema::one_time_tokens;

#[derive(Clone, Queryable, Selectable)]
#[diesel(table_name = one_time_tokens)]
pub struct OneTimeTokenRow {
    id: i64,
    user_id: i64,
    purpose: String,
    nonce: Vec<u8>,
    email: String,
    slot_service_id: Option<i64>,
    slot_starts_at: Option<i64>,
    created_at: i64,
    expires_at: i64,
    ended_at: Option<i64>,
}

impl FromRow for OneTimeToken {
    type Row = OneTimeTokenRow;

    fn from_row(row: OneTimeTokenRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: sound(OneTimeTokenId::new(row.id), "one_time_tokens.id")?,
            user: sound(UserId::new(row.user_id), "one_time_tokens.user_id")?,
            purpose: sound(OneTimePurpose::parse(&row.purpose), "one_time_tokens.purpose")?,
            nonce: sound(row.nonce.try_into().ok(), "one_time_tokens.nonce")?,
            email: sound(EmailAddress::restore(&row.email).ok(), "one_time_tokens.email")?,
            slot: chosen_slot(row.slot_service_id, row.slot_starts_at)?,
            created_at: from_millis(row.created_at)?,
            expires_at: from_millis(row.expires_at)?,
            ended_at: instant(row.ended_at)?,
        })
    }
}

fn chosen_slot(service: Option<i64>, starts_at: Option<i64>) -> Result<Option<ChosenSlot>, StoreError> {
    match (service, starts_at) {
        (None, None) => Ok(None),
        (Some(service), Some(starts_at)) => {
            let service = sound(ServiceId::new(service), "one_time_tokens.slot_service_id")?;
            Ok(Some(ChosenSlot { service, starts_at: from_millis(starts_at)? }))
        }
        (None, Some(_)) | (Some(_), None) => Err(corrupt("one_time_tokens.slot_starts_at")),
    }
}

#[derive(Clone, Insertable)]
#[diesel(table_name = one_time_tokens, treat_none_as_default_value = false)]
pub struct NewOneTimeTokenRow {
    user_id: i64,
    purpose: &'static str,
    nonce: Vec<u8>,
    email: String,
    slot_service_id: Option<i64>,
    slot_starts_at: Option<i64>,
    created_at: i64,
    expires_at: i64,
}

impl From<&NewOneTimeToken> for NewOneTimeTokenRow {
    fn from(token: &NewOneTimeToken) -> Self {
        Self {
            user_id: token.user.get(),
            purpose: token.purpose.as_str(),
            nonce: token.nonce.to_vec(),
            email: token.email.as_str().to_owned(),
            slot_service_id: token.slot.map(|slot| slot.service.get()),
            slot_starts_at: token.slot.map(|slot| millis(slot.starts_at)),
            created_at: millis(token.created_at),
            expires_at: millis(token.expires_at),
        }
    }
}
