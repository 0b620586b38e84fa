use attune_domain::UserId;
use attune_ports::{AuditEntry, AuditObject, StoreError};
use diesel::prelude::*;

use super::{FromRow, optional_id};
use crate::map::{from_millis, millis, sound};
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
        })
    }
}
