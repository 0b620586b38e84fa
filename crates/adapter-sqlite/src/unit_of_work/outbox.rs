use async_trait::async_trait;
use attune_domain::notification::{NewNotification, Notification, NotificationState};
use attune_domain::{BookingId, NotificationId};
use attune_ports::{DeliveryResult, Lease, LeaseToken, Outbox, StoreError};
use attune_sql::schema::outbox;
use attune_sql::statements::{
    correct_notifications, email_to_cancel, emails_to_retry, leased_with, notifications_of, reminders_to_cancel,
};
use attune_sql::{CancelledNotification, NewNotificationRow, NotificationRow, millis};
use diesel::dsl::{sql, sql_query};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool};
use jiff::Timestamp;

use super::{SqliteUnitOfWork, execute};
use crate::error::store_error;
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

    async fn combine_notifications(
        &mut self,
        lead: NotificationId,
        others: &[NotificationId],
    ) -> Result<(), StoreError> {
        let others: Vec<i64> = others.iter().map(|id| id.get()).collect();
        let others = outbox::table.filter(outbox::id.eq_any(others));
        self.execute(diesel::update(others).set(outbox::lead_id.eq(lead.get()))).await?;
        Ok(())
    }

    async fn notifications_of(&mut self, booking: BookingId) -> Result<Vec<Notification>, StoreError> {
        self.all(notifications_of(booking)).await
    }

    async fn lease_notifications(
        &mut self,
        limit: u32,
        now: Timestamp,
        lease: &Lease,
    ) -> Result<Vec<Notification>, StoreError> {
        // The state is spelled like the condition of the index `outbox_due`, or SQLite would not use it.
        let due = outbox::table
            .filter(sql::<Bool>("state = 'pending'"))
            .filter(outbox::lead_id.is_null())
            .filter(outbox::next_at.le(millis(now)))
            .filter(outbox::lease_until.is_null().or(outbox::lease_until.le(millis(now)).assume_not_null()))
            .order((outbox::next_at, outbox::id))
            .limit(i64::from(limit))
            .select(outbox::id);
        let leased = (
            outbox::attempts.eq(outbox::attempts + 1),
            outbox::lease_token.eq(lease.token.0.to_vec()),
            outbox::lease_until.eq(millis(lease.until)),
        );
        let mut notifications: Vec<Notification> = self
            .call(move |connection| {
                let due: Vec<i64> = due.load(connection).map_err(store_error)?;
                let lease = diesel::update(leased_with(due)).set(leased).returning(NotificationRow::as_returning());
                rows(lease, connection)
            })
            .await?;
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

    async fn postpone_notification(
        &mut self,
        id: NotificationId,
        token: &LeaseToken,
        until: Timestamp,
    ) -> Result<bool, StoreError> {
        let leased = outbox::table.find(id.get()).filter(outbox::lease_token.eq(token.0.to_vec()));
        let changes = (
            outbox::attempts.eq(outbox::attempts - 1),
            outbox::next_at.eq(millis(until)),
            outbox::lease_token.eq(None::<Vec<u8>>),
            outbox::lease_until.eq(None::<i64>),
        );
        Ok(self.execute(diesel::update(leased).set(changes)).await? == 1)
    }

    async fn notification(&mut self, id: NotificationId) -> Result<Option<Notification>, StoreError> {
        self.one(outbox::table.find(id.get())).await
    }

    async fn retry_notification(&mut self, id: NotificationId, now: Timestamp) -> Result<(), StoreError> {
        let pending = (
            outbox::resends.eq(outbox::resends + sql::<BigInt>("(CASE WHEN state = 'sent' THEN 1 ELSE 0 END)")),
            outbox::state.eq(NotificationState::Pending.as_str()),
            outbox::attempts.eq(0),
            outbox::next_at.eq(millis(now)),
            outbox::sent_at.eq(None::<i64>),
            outbox::last_error.eq(None::<String>),
            outbox::lease_token.eq(None::<Vec<u8>>),
            outbox::lease_until.eq(None::<i64>),
        );
        let alone = outbox::lead_id.eq(None::<i64>);
        self.execute(diesel::update(outbox::table.find(id.get())).set(alone)).await?;
        self.execute(diesel::update(emails_to_retry(id)).set(pending)).await?;
        Ok(())
    }

    async fn cancel_notification(&mut self, id: NotificationId, now: Timestamp) -> Result<bool, StoreError> {
        Ok(self.execute(diesel::update(email_to_cancel(id, now)).set(CancelledNotification::CHANGES)).await? > 0)
    }

    async fn cancel_reminders(&mut self, booking: BookingId, now: Timestamp) -> Result<u64, StoreError> {
        self.execute(diesel::update(reminders_to_cancel(booking, now)).set(CancelledNotification::CHANGES)).await
    }

    async fn correct_notifications(&mut self, now: Timestamp) -> Result<u64, StoreError> {
        let [planned, immediate, leases] = correct_notifications(now);
        self.call(move |connection| {
            let mut run = |statement| sql_query(statement).execute(connection).map_err(store_error);
            let corrected = run(planned)? + run(immediate)?;
            run(leases)?;
            u64::try_from(corrected).map_err(|e| StoreError::Failed(e.into()))
        })
        .await
    }
}
