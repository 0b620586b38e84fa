use attune_domain::{BookingStatus, UserId};
use attune_ports::{AuditEntry, AuditObject, BookingState, StoreError};
use diesel::prelude::*;
use serde_json::{Value, json};

use super::{FromRow, optional_id};
use crate::map::{from_millis, millis, number, sound};
use crate::schema::audit_log;

#[derive(Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = audit_log, treat_none_as_default_value = false)]
pub struct AuditRow {
    at: i64,
    actor_id: Option<i64>,
    action: String,
    object_kind: String,
    object_id: i64,
    request_id: Option<String>,
    booking: Option<String>,
}

fn write_state(state: BookingState) -> String {
    let (version, status) = (state.version, state.status.as_str());
    let (scheduled_at, therapist_id) = (millis(state.scheduled_at), state.therapist.get());
    json!({ "version": version, "status": status, "scheduled_at": scheduled_at, "therapist_id": therapist_id })
        .to_string()
}

/// The reverse of [`write_state`].
fn read_state(text: &str) -> Result<BookingState, StoreError> {
    const COLUMN: &str = "audit_log.booking";
    let stored: Value = sound(serde_json::from_str(text).ok(), COLUMN)?;
    let integer = |name| sound(stored[name].as_i64(), COLUMN);
    Ok(BookingState {
        version: number(integer("version")?)?,
        status: sound(stored["status"].as_str().and_then(BookingStatus::parse), COLUMN)?,
        scheduled_at: from_millis(integer("scheduled_at")?)?,
        therapist: sound(UserId::new(integer("therapist_id")?), COLUMN)?,
    })
}

impl From<&AuditEntry> for AuditRow {
    fn from(entry: &AuditEntry) -> Self {
        let (kind, id) = entry.object.as_parts();
        Self {
            at: millis(entry.at),
            actor_id: entry.actor.map(UserId::get),
            action: entry.action.clone(),
            object_kind: kind.to_owned(),
            object_id: id,
            request_id: entry.request_id.clone(),
            booking: entry.booking.map(write_state),
        }
    }
}

impl FromRow for AuditEntry {
    type Row = AuditRow;

    fn from_row(row: AuditRow) -> Result<Self, StoreError> {
        Ok(Self {
            at: from_millis(row.at)?,
            actor: optional_id(row.actor_id, UserId::new, "audit_log.actor_id")?,
            action: row.action,
            object: sound(AuditObject::from_parts(&row.object_kind, row.object_id), "audit_log.object_kind")?,
            request_id: row.request_id,
            booking: row.booking.as_deref().map(read_state).transpose()?,
        })
    }
}
