use async_trait::async_trait;
use attune_domain::NotificationId;
use attune_domain::notification::{NewNotification, Notification};
use attune_ports::{DeliveryResult, Lease, LeaseToken, Outbox, StoreError};
use attune_sql::schema::outbox;
use attune_sql::{NewNotificationRow, NotificationRow, millis};
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use diesel_async::RunQueryDsl;
use jiff::Timestamp;

use super::PostgresUnitOfWork;
use crate::load::restore;

#[async_trait]
impl Outbox for PostgresUnitOfWork {
    async fn enqueue(&mut self, notifications: &[NewNotification]) -> Result<u64, StoreError> {
        let rows: Vec<_> = notifications.iter().map(NewNotificationRow::from).collect();
        self.call(async |mut c| {
            if rows.is_empty() {
                return Ok(0);
            }
            let insert = diesel::insert_into(outbox::table).values(rows).on_conflict(outbox::dedupe_key).do_nothing();
            Ok(u64::try_from(insert.execute(&mut c).await?).unwrap_or(u64::MAX))
        })
        .await
    }

    async fn lease_notifications(
        &mut self,
        limit: u32,
        now: Timestamp,
        lease: &Lease,
    ) -> Result<Vec<Notification>, StoreError> {
        // Two statements: in one, the planner may run the inner one several times and lease more than the limit.
        let due = outbox::table
            // Spelled like the condition of the index `outbox_due`: a plan for any state could not use it.
            .filter(sql::<Bool>("state = 'pending'"))
            .filter(outbox::next_at.le(millis(now)))
            .filter(outbox::lease_until.is_null().or(outbox::lease_until.le(millis(now)).assume_not_null()))
            .order((outbox::next_at, outbox::id))
            .limit(i64::from(limit))
            .select(outbox::id)
            .for_no_key_update()
            .skip_locked();
        let leased = (
            outbox::attempts.eq(outbox::attempts + 1),
            outbox::lease_token.eq(lease.token.0.to_vec()),
            outbox::lease_until.eq(millis(lease.until)),
        );
        let mut notifications: Vec<Notification> = self
            .call(async |mut c| {
                let ids: Vec<i64> = due.load(&mut c).await?;
                let lease = diesel::update(outbox::table.filter(outbox::id.eq_any(ids)))
                    .set(leased)
                    .returning(NotificationRow::as_returning());
                restore(lease.load(&mut c).await?)
            })
            .await?;
        notifications.sort_by_key(|notification| (notification.next_at, notification.id));
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
