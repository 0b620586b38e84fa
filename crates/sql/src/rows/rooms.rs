use attune_domain::meeting::{AttendanceEvent, AttendanceEventKind};
use attune_domain::{BookingId, ConferenceId, ViewerId};
use attune_ports::{Conference, StoreError};
use diesel::prelude::*;
use jiff::Timestamp;

use super::{FromRow, instant};
use crate::map::{from_millis, millis, sound};
use crate::schema::{attendance, conferences};

#[derive(Clone, Queryable, Selectable)]
#[diesel(table_name = conferences)]
pub struct ConferenceRow {
    id: i64,
    booking_id: i64,
    opened_at: i64,
    closed_at: Option<i64>,
}

impl FromRow for Conference {
    type Row = ConferenceRow;

    fn from_row(row: ConferenceRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: sound(ConferenceId::new(row.id), "conferences.id")?,
            booking: sound(BookingId::new(row.booking_id), "conferences.booking_id")?,
            opened_at: from_millis(row.opened_at)?,
            closed_at: instant(row.closed_at)?,
        })
    }
}

#[derive(Clone, Insertable)]
#[diesel(table_name = conferences, treat_none_as_default_value = false)]
pub struct NewConferenceRow {
    booking_id: i64,
    opened_at: i64,
}

impl NewConferenceRow {
    pub fn new(booking: BookingId, now: Timestamp) -> Self {
        Self { booking_id: booking.get(), opened_at: millis(now) }
    }
}

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
    pub fn new(booking: BookingId, event: &AttendanceEvent) -> Self {
        Self {
            booking_id: booking.get(),
            at: millis(event.at),
            kind: event.kind.as_str().to_owned(),
            occupant: event.occupant.clone(),
            participant: event.participant.map(|viewer| viewer.to_string()),
        }
    }

    fn into_event(self) -> Result<(BookingId, AttendanceEvent), StoreError> {
        let viewer = |text: String| sound(ViewerId::parse(&text), "attendance.participant");
        let event = AttendanceEvent {
            at: from_millis(self.at)?,
            kind: sound(AttendanceEventKind::parse(&self.kind), "attendance.kind")?,
            occupant: self.occupant,
            participant: self.participant.map(viewer).transpose()?,
        };
        Ok((sound(BookingId::new(self.booking_id), "attendance.booking_id")?, event))
    }
}

/// The events of several bookings. They are sorted here, because databases disagree on the order of texts.
pub fn attendance_of(rows: Vec<AttendanceRow>) -> Result<Vec<(BookingId, AttendanceEvent)>, StoreError> {
    let mut events = rows.into_iter().map(AttendanceRow::into_event).collect::<Result<Vec<_>, _>>()?;
    events.sort_unstable();
    Ok(events)
}
