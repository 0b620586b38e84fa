//! Rows about who comes into a room besides therapist and client, and about what happened there.

use attune_domain::meeting::{AttendanceEvent, AttendanceEventKind};
use attune_domain::{
    BookingId, ConferenceId, EmailAddress, Participant, ParticipantId, ParticipantRole, TimeZoneName, UserId, ViewerId,
};
use attune_ports::{Conference, NewParticipant, StoreError};
use diesel::prelude::*;
use jiff::Timestamp;

use super::{instant, person_name};
use crate::map::{from_millis, millis, sound};
use crate::schema_defs::{attendance, conferences, participants};

/// An invitation.
#[derive(Clone, Queryable, Selectable)]
#[diesel(table_name = participants)]
pub struct ParticipantRow {
    id: i64,
    booking_id: i64,
    email: String,
    display_name: String,
    role: String,
    time_zone: Option<String>,
    invited_by: i64,
    invited_at: i64,
    revoked_at: Option<i64>,
}

impl TryFrom<ParticipantRow> for Participant {
    type Error = StoreError;

    fn try_from(row: ParticipantRow) -> Result<Self, StoreError> {
        let display_name = person_name(Some(row.display_name), "participants.display_name")?;
        Ok(Self {
            id: sound(ParticipantId::new(row.id), "participants.id")?,
            booking: sound(BookingId::new(row.booking_id), "participants.booking_id")?,
            email: sound(EmailAddress::parse(&row.email).ok(), "participants.email")?,
            display_name: sound(display_name, "participants.display_name")?,
            role: sound(ParticipantRole::parse(&row.role), "participants.role")?,
            time_zone: row
                .time_zone
                .map(|name| sound(TimeZoneName::parse(&name).ok(), "participants.time_zone"))
                .transpose()?,
            invited_by: sound(UserId::new(row.invited_by), "participants.invited_by")?,
            invited_at: from_millis(row.invited_at)?,
            revoked_at: instant(row.revoked_at)?,
        })
    }
}

/// An invitation to be inserted.
#[derive(Clone, Insertable)]
#[diesel(table_name = participants, treat_none_as_default_value = false)]
pub struct NewParticipantRow {
    booking_id: i64,
    email: String,
    display_name: String,
    role: String,
    time_zone: Option<String>,
    invited_by: i64,
    invited_at: i64,
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
        }
    }
}

/// An opening of a room.
#[derive(Clone, Queryable, Selectable)]
#[diesel(table_name = conferences)]
pub struct ConferenceRow {
    id: i64,
    booking_id: i64,
    opened_at: i64,
    closed_at: Option<i64>,
}

impl TryFrom<ConferenceRow> for Conference {
    type Error = StoreError;

    fn try_from(row: ConferenceRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: sound(ConferenceId::new(row.id), "conferences.id")?,
            booking: sound(BookingId::new(row.booking_id), "conferences.booking_id")?,
            opened_at: from_millis(row.opened_at)?,
            closed_at: instant(row.closed_at)?,
        })
    }
}

/// An opening to be inserted.
#[derive(Clone, Insertable)]
#[diesel(table_name = conferences, treat_none_as_default_value = false)]
pub struct NewConferenceRow {
    booking_id: i64,
    opened_at: i64,
}

impl NewConferenceRow {
    /// What [`attune_ports::Rooms::open_conference`] inserts.
    pub fn new(booking: BookingId, now: Timestamp) -> Self {
        Self { booking_id: booking.get(), opened_at: millis(now) }
    }
}

/// One happening in a room, to be read or inserted.
#[derive(Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = attendance, treat_none_as_default_value = false)]
pub struct AttendanceRow {
    booking_id: i64,
    at: i64,
    kind: String,
    occupant: String,
    participant: Option<String>,
}

impl AttendanceRow {
    /// What [`attune_ports::Rooms::add_attendance`] inserts.
    pub fn new(booking: BookingId, fact: &AttendanceEvent) -> Self {
        Self {
            booking_id: booking.get(),
            at: millis(fact.at),
            kind: fact.kind.as_str().to_owned(),
            occupant: fact.occupant.clone(),
            participant: fact.participant.map(|viewer| viewer.to_string()),
        }
    }

    /// What [`attune_ports::Queries::attendance`] answers. Sorted here, because databases disagree on the order of
    /// texts.
    pub fn into_facts(rows: Vec<Self>) -> Result<Vec<(BookingId, AttendanceEvent)>, StoreError> {
        let mut facts = rows.into_iter().map(Self::into_fact).collect::<Result<Vec<_>, _>>()?;
        facts.sort_unstable();
        Ok(facts)
    }

    fn into_fact(self) -> Result<(BookingId, AttendanceEvent), StoreError> {
        let booking = sound(BookingId::new(self.booking_id), "attendance.booking_id")?;
        let fact = AttendanceEvent {
            at: from_millis(self.at)?,
            kind: sound(AttendanceEventKind::parse(&self.kind), "attendance.kind")?,
            occupant: self.occupant,
            participant: self
                .participant
                .map(|text| sound(ViewerId::parse(&text), "attendance.participant"))
                .transpose()?,
        };
        Ok((booking, fact))
    }
}
