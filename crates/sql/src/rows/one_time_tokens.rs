use attune_domain::{
    ChosenSlot, EmailAddress, OneTimePurpose, OneTimeToken, OneTimeTokenId, ServiceId, TimeZoneName, UserId,
};
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
    slot_therapist_id: Option<i64>,
    slot_time_zone: Option<String>,
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
            nonce: sound(row.nonce.as_slice().try_into().ok(), "one_time_tokens.nonce")?,
            email: sound(EmailAddress::restore(&row.email).ok(), "one_time_tokens.email")?,
            slot: chosen_slot(&row)?,
            created_at: from_millis(row.created_at)?,
            expires_at: from_millis(row.expires_at)?,
            ended_at: instant(row.ended_at)?,
        })
    }
}

fn chosen_slot(row: &OneTimeTokenRow) -> Result<Option<ChosenSlot>, StoreError> {
    let therapist = row.slot_therapist_id.map(|id| sound(UserId::new(id), "one_time_tokens.slot_therapist_id"));
    let time_zone = row.slot_time_zone.as_deref();
    let time_zone = time_zone.map(|name| sound(TimeZoneName::parse(name).ok(), "one_time_tokens.slot_time_zone"));
    let (therapist, time_zone) = (therapist.transpose()?, time_zone.transpose()?);
    match (row.slot_service_id, row.slot_starts_at) {
        (None, None) => Ok(None),
        (Some(service), Some(starts_at)) => {
            let service = sound(ServiceId::new(service), "one_time_tokens.slot_service_id")?;
            Ok(Some(ChosenSlot { service, starts_at: from_millis(starts_at)?, therapist, time_zone }))
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
    slot_therapist_id: Option<i64>,
    slot_time_zone: Option<String>,
    created_at: i64,
    expires_at: i64,
}

impl From<&NewOneTimeToken> for NewOneTimeTokenRow {
    fn from(token: &NewOneTimeToken) -> Self {
        let slot = token.slot.as_ref();
        Self {
            user_id: token.user.get(),
            purpose: token.purpose.as_str(),
            nonce: token.nonce.to_vec(),
            email: token.email.as_str().to_owned(),
            slot_service_id: slot.map(|slot| slot.service.get()),
            slot_starts_at: slot.map(|slot| millis(slot.starts_at)),
            slot_therapist_id: slot.and_then(|slot| slot.therapist).map(UserId::get),
            slot_time_zone: slot.and_then(|slot| slot.time_zone.as_ref()).map(|zone| zone.as_str().to_owned()),
            created_at: millis(token.created_at),
            expires_at: millis(token.expires_at),
        }
    }
}
