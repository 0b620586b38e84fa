use async_trait::async_trait;
use attune_domain::NotificationId;
use attune_domain::notification::{NewNotification, Notification};
use attune_ports::{DeliveryResult, Lease, LeaseToken, Outbox, StoreError};
use attune_sql::schema::outbox;
use attune_sql::{NewNotificationRow, NotificationRow, millis};
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool};
use jiff::Timestamp;

use super::{SqliteUnitOfWork, execute};
use crate::load::rows;

#[async_trait]
impl Outbox for SqliteUnitOfWork {
    async fn enqueue(&mut self, notifications: &[NewNotification]) -> Result<u64, StoreError> {
        let rows: Vec<_> = notifications.iter().map(NewNotificationRow::from).collect();
        self.call(move |connection| {
            let mut added = 0;
            // One by one: Diesel would wrap a list in a transaction of its own.
            for row in rows {
                let insert = diesel::insert_into(outbox::table).values(row);
                let insert = insert.on_conflict(outbox::dedupe_key).do_nothing();
                added += u64::from(execute(insert, connection)? == 1);
            }
            Ok(added)
        })
        .await
    }

    async fn lease_notifications(
        &mut self,
        limit: u32,
        now: Timestamp,
        lease: &Lease,
    ) -> Result<Vec<Notification>, StoreError> {
        // The state is spelled like the condition of the index `outbox_due`, or SQLite would not use it.
        let due = sql::<Bool>("id IN (SELECT id FROM outbox WHERE state = 'pending' AND next_at <= ")
            .bind::<BigInt, _>(millis(now))
            .sql(" AND (lease_until IS NULL OR lease_until <= ")
            .bind::<BigInt, _>(millis(now))
            .sql(") ORDER BY next_at, id LIMIT ")
            .bind::<BigInt, _>(i64::from(limit))
            .sql(")");
        let leased = (
            outbox::attempts.eq(outbox::attempts + 1),
            outbox::lease_token.eq(lease.token.0.to_vec()),
            outbox::lease_until.eq(millis(lease.until)),
        );
        let lease = diesel::update(outbox::table.filter(due)).set(leased).returning(NotificationRow::as_returning());
        let mut notifications: Vec<Notification> = self.call(move |connection| rows(lease, connection)).await?;
        // RETURNING guarantees no order.
        notifications.sort_unstable_by_key(|notification| (notification.next_at, notification.id));
        Ok(notifications)
    }

    async fn ack_notification(
        &mut self,
        id: NotificationId,
        token: &LeaseToken,
        result: &DeliveryResult,
    ) -> Result<bool, StoreError> {
        let leased = outbox::table.find(id.get()).filter(outbox::lease_token.eq(token.0.to_vec()));
        let changes = (
            outbox::state.eq(result.state.as_str()),
            outbox::next_at.eq(millis(result.next_at)),
            outbox::sent_at.eq(result.sent_at.map(millis)),
            outbox::last_error.eq(result.last_error.clone()),
            outbox::lease_token.eq(None::<Vec<u8>>),
            outbox::lease_until.eq(None::<i64>),
        );
        Ok(self.execute(diesel::update(leased).set(changes)).await? == 1)
    }

    async fn nack_notifications(&mut self, ids: &[NotificationId], token: &LeaseToken) -> Result<u64, StoreError> {
        let ids: Vec<i64> = ids.iter().map(|id| id.get()).collect();
        let leased = outbox::table.filter(outbox::id.eq_any(ids)).filter(outbox::lease_token.eq(token.0.to_vec()));
        let changes = (
            outbox::attempts.eq(outbox::attempts - 1),
            outbox::lease_token.eq(None::<Vec<u8>>),
            outbox::lease_until.eq(None::<i64>),
        );
        self.execute(diesel::update(leased).set(changes)).await
    }
}
