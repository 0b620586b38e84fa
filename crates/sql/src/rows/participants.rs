use attune_domain::{BookingId, EmailAddress, Participant, ParticipantId, ParticipantRole, UserId};
use attune_ports::{NewParticipant, StoreError};
use diesel::prelude::*;

use super::{FromRow, instant, language, person_name, time_zone};
use crate::map::{from_millis, millis, sound};
use crate::schema::participants;

#[derive(Clone, Queryable, Selectable)]
#[diesel(table_name = participants)]
pub struct ParticipantRow {
    id: i64,
    #[diesel(embed)]
    invitation: NewParticipantRow,
    revoked_at: Option<i64>,
}

impl FromRow for Participant {
    type Row = ParticipantRow;

    fn from_row(ParticipantRow { id, invitation: row, revoked_at }: Self::Row) -> Result<Self, StoreError> {
        let display_name = person_name(Some(row.display_name), "participants.display_name")?;
        Ok(Self {
            id: sound(ParticipantId::new(id), "participants.id")?,
            booking: sound(BookingId::new(row.booking_id), "participants.booking_id")?,
            email: sound(EmailAddress::restore(&row.email).ok(), "participants.email")?,
            display_name: sound(display_name, "participants.display_name")?,
            role: sound(ParticipantRole::parse(&row.role), "participants.role")?,
            time_zone: time_zone(row.time_zone, "participants.time_zone")?,
            language: language(row.language, "participants.language")?,
            invited_by: sound(UserId::new(row.invited_by), "participants.invited_by")?,
            invited_at: from_millis(row.invited_at)?,
            revoked_at: instant(revoked_at)?,
        })
    }
}

#[derive(Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = participants, treat_none_as_default_value = false)]
pub struct NewParticipantRow {
    booking_id: i64,
    email: String,
    display_name: String,
    role: String,
    time_zone: Option<String>,
    invited_by: i64,
    invited_at: i64,
    language: Option<String>,
}

impl From<&NewParticipant> for NewParticipantRow {
    fn from(participant: &NewParticipant) -> Self {
        Self {
            booking_id: participant.booking.get(),
            email: participant.email.as_str().to_owned(),
            display_name: participant.display_name.as_str().to_owned(),
            role: participant.role.as_str().to_owned(),
            time_zone: participant.time_zone.as_ref().map(|z| z.as_str().to_owned()),
            invited_by: participant.invited_by.get(),
            invited_at: millis(participant.invited_at),
            language: participant.language.map(|language| language.as_str().to_owned()),
        }
    }
}
