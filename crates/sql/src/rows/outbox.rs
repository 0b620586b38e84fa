use attune_domain::notification::{
    NewNotification, Notification, NotificationKind, NotificationState, NotificationSubject,
};
use attune_domain::{BookingId, NotificationId, ParticipantId, UserId, ViewerId};
use attune_ports::StoreError;
use diesel::prelude::*;

use super::{FromRow, instant};
use crate::map::{corrupt, from_millis, millis, number, sound};
use crate::schema::outbox;

#[derive(Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = outbox, treat_none_as_default_value = false)]
pub struct PendingNotificationRow {
    kind: String,
    offset_minutes: i64,
    booking_id: Option<i64>,
    user_id: Option<i64>,
    on_date: Option<String>,
    recipient_id: Option<i64>,
    participant_id: Option<i64>,
    starts_at: Option<i64>,
    booking_version: Option<i64>,
    send_after: i64,
    state: String,
    attempts: i64,
    next_at: i64,
}

/// An email in the outbox, without its lease.
#[derive(Clone, Queryable, Selectable)]
#[diesel(table_name = outbox)]
pub struct NotificationRow {
    id: i64,
    #[diesel(embed)]
    pending: PendingNotificationRow,
    sent_at: Option<i64>,
    last_error: Option<String>,
    resends: i64,
    lead_id: Option<i64>,
}

impl FromRow for Notification {
    type Row = NotificationRow;

    fn from_row(
        NotificationRow { id, pending: row, sent_at, last_error, resends, lead_id }: Self::Row,
    ) -> Result<Self, StoreError> {
        let recipient = match (row.recipient_id, row.participant_id) {
            (Some(id), None) => ViewerId::Account(sound(UserId::new(id), "outbox.recipient_id")?),
            (None, Some(id)) => ViewerId::Participant(sound(ParticipantId::new(id), "outbox.participant_id")?),
            _ => return Err(corrupt("outbox.participant_id")),
        };
        let date = row.on_date.map(|date| sound(date.parse().ok(), "outbox.on_date")).transpose()?;
        let subject = match (row.booking_id, row.starts_at, row.booking_version, row.user_id) {
            (Some(id), Some(starts_at), Some(version), None) => NotificationSubject::Booking {
                id: sound(BookingId::new(id), "outbox.booking_id")?,
                starts_at: from_millis(starts_at)?,
                version: number(version)?,
            },
            (None, None, None, Some(id)) => {
                let user = sound(UserId::new(id), "outbox.user_id")?;
                date.map_or(NotificationSubject::User(user), |date| NotificationSubject::Day { user, date })
            }
            _ => return Err(corrupt("outbox.booking_id")),
        };
        Ok(Self {
            id: sound(NotificationId::new(id), "outbox.id")?,
            content: NewNotification {
                kind: sound(NotificationKind::parse(&row.kind, number(row.offset_minutes)?), "outbox.kind")?,
                subject,
                recipient,
                send_after: from_millis(row.send_after)?,
            },
            state: sound(NotificationState::parse(&row.state), "outbox.state")?,
            attempts: number(row.attempts)?,
            next_at: from_millis(row.next_at)?,
            sent_at: instant(sent_at)?,
            last_error,
            resends: number(resends)?,
            lead: lead_id.map(|id| sound(NotificationId::new(id), "outbox.lead_id")).transpose()?,
        })
    }
}

/// The ids of recipients, as the columns have them.
pub struct Recipients {
    pub users: Vec<i64>,
    pub participants: Vec<i64>,
}

impl Recipients {
    pub fn of(recipients: &[ViewerId]) -> Self {
        let (mut users, mut participants) = (Vec::new(), Vec::new());
        for recipient in recipients {
            match recipient {
                ViewerId::Account(id) => users.push(id.get()),
                ViewerId::Participant(id) => participants.push(id.get()),
            }
        }
        Self { users, participants }
    }
}

#[derive(Clone, Insertable)]
#[diesel(table_name = outbox)]
pub struct NewNotificationRow {
    dedupe_key: String,
    #[diesel(embed)]
    pending: PendingNotificationRow,
}

impl From<&NewNotification> for NewNotificationRow {
    fn from(content: &NewNotification) -> Self {
        let (recipient_id, participant_id) = match content.recipient {
            ViewerId::Account(id) => (Some(id.get()), None),
            ViewerId::Participant(id) => (None, Some(id.get())),
        };
        let mut on_date = None;
        let (booking_id, starts_at, booking_version, user_id) = match content.subject {
            NotificationSubject::Booking { id, starts_at, version } => {
                (Some(id.get()), Some(millis(starts_at)), Some(i64::from(version)), None)
            }
            NotificationSubject::User(id) => (None, None, None, Some(id.get())),
            NotificationSubject::Day { user, date } => {
                on_date = Some(date.to_string());
                (None, None, None, Some(user.get()))
            }
        };
        let pending = PendingNotificationRow {
            kind: content.kind.as_str().to_owned(),
            offset_minutes: i64::from(content.kind.offset_minutes()),
            booking_id,
            user_id,
            on_date,
            recipient_id,
            participant_id,
            starts_at,
            booking_version,
            send_after: millis(content.send_after),
            state: NotificationState::Pending.as_str().to_owned(),
            attempts: 0,
            next_at: millis(content.send_after),
        };
        Self { dedupe_key: content.dedupe_key(), pending }
    }
}

/// A cancelled email: it is not sent, and no worker has it.
#[derive(AsChangeset)]
#[diesel(table_name = outbox, treat_none_as_null = true)]
pub struct CancelledNotification {
    state: &'static str,
    lease_token: Option<Vec<u8>>,
    lease_until: Option<i64>,
}

impl CancelledNotification {
    /// What changes in the table.
    pub const CHANGES: Self =
        Self { state: NotificationState::Cancelled.as_str(), lease_token: None, lease_until: None };
}
