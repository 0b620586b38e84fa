use attune_domain::notification::{NewNotification, Notification, NotificationKind, NotificationState};
use attune_domain::{BookingId, NotificationId, ParticipantId, UserId, ViewerId};
use attune_ports::StoreError;
use diesel::prelude::*;

use super::{FromRow, instant};
use crate::map::{corrupt, from_millis, millis, number, sound};
use crate::schema::outbox;

/// An email in the outbox, without its lease.
#[derive(Clone, Queryable, Selectable)]
#[diesel(table_name = outbox)]
pub struct NotificationRow {
    id: i64,
    kind: String,
    offset_minutes: i64,
    booking_id: i64,
    recipient_id: Option<i64>,
    participant_id: Option<i64>,
    starts_at: i64,
    booking_version: i64,
    send_after: i64,
    state: String,
    attempts: i64,
    next_at: i64,
    sent_at: Option<i64>,
    last_error: Option<String>,
}

impl FromRow for Notification {
    type Row = NotificationRow;

    fn from_row(row: NotificationRow) -> Result<Self, StoreError> {
        let recipient = match (row.recipient_id, row.participant_id) {
            (Some(id), None) => ViewerId::Account(sound(UserId::new(id), "outbox.recipient_id")?),
            (None, Some(id)) => ViewerId::Participant(sound(ParticipantId::new(id), "outbox.participant_id")?),
            _ => return Err(corrupt("outbox.participant_id")),
        };
        Ok(Self {
            id: sound(NotificationId::new(row.id), "outbox.id")?,
            content: NewNotification {
                kind: sound(NotificationKind::parse(&row.kind, number(row.offset_minutes)?), "outbox.kind")?,
                booking: sound(BookingId::new(row.booking_id), "outbox.booking_id")?,
                recipient,
                starts_at: from_millis(row.starts_at)?,
                booking_version: number(row.booking_version)?,
                send_after: from_millis(row.send_after)?,
            },
            state: sound(NotificationState::parse(&row.state), "outbox.state")?,
            attempts: number(row.attempts)?,
            next_at: from_millis(row.next_at)?,
            sent_at: instant(row.sent_at)?,
            last_error: row.last_error,
        })
    }
}

#[derive(Clone, Insertable)]
#[diesel(table_name = outbox, treat_none_as_default_value = false)]
pub struct NewNotificationRow {
    dedupe_key: String,
    kind: String,
    offset_minutes: i64,
    booking_id: i64,
    recipient_id: Option<i64>,
    participant_id: Option<i64>,
    starts_at: i64,
    booking_version: i64,
    send_after: i64,
    state: String,
    attempts: i64,
    next_at: i64,
}

impl From<&NewNotification> for NewNotificationRow {
    fn from(content: &NewNotification) -> Self {
        let (recipient_id, participant_id) = match content.recipient {
            ViewerId::Account(id) => (Some(id.get()), None),
            ViewerId::Participant(id) => (None, Some(id.get())),
        };
        Self {
            dedupe_key: content.dedupe_key(),
            kind: content.kind.as_str().to_owned(),
            offset_minutes: i64::from(content.kind.offset_minutes()),
            booking_id: content.booking.get(),
            recipient_id,
            participant_id,
            starts_at: millis(content.starts_at),
            booking_version: i64::from(content.booking_version),
            send_after: millis(content.send_after),
            state: NotificationState::Pending.as_str().to_owned(),
            attempts: 0,
            next_at: millis(content.send_after),
        }
    }
}
