//! Mails that are owed, inside a unit of work.

use async_trait::async_trait;
use attune_domain::NotificationId;
use attune_domain::notification::{NewNotification, Notification};
use attune_ports::{DeliveryResult, Lease, LeaseToken, Outbox, StoreError};
use attune_sql::schema::outbox;
use attune_sql::{NewNoticeRow, NoticeRow, millis};
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool};
use jiff::Timestamp;

use super::SqliteUnitOfWork;
use crate::error::store_error;

#[async_trait]
impl Outbox for SqliteUnitOfWork {
    async fn enqueue(&mut self, notices: &[NewNotification]) -> Result<u64, StoreError> {
        let rows = notices.iter().map(NewNoticeRow::from).collect::<Vec<_>>();
        self.call(move |connection| {
            let mut new = 0;
            // One by one: Diesel would wrap a list into a transaction of its own.
            for row in rows {
                let added = diesel::insert_into(outbox::table)
                    .values(row)
                    .on_conflict(outbox::dedupe_key)
                    .do_nothing()
                    .execute(connection)
                    .map_err(store_error)?;
                new += u64::try_from(added).map_err(|e| StoreError::Failed(e.into()))?;
            }
            Ok(new)
        })
        .await
    }

    async fn lease_notifications(
        &mut self,
        limit: u32,
        now: Timestamp,
        lease: &Lease,
    ) -> Result<Vec<Notification>, StoreError> {
        let (now, token, until) = (millis(now), lease.token.0.to_vec(), millis(lease.until));
        self.call(move |connection| {
            // The state is spelled like the condition of the index `outbox_due`, or SQLite would not use it.
            let due = sql::<Bool>("id IN (SELECT id FROM outbox WHERE state = 'pending' AND next_at <= ")
                .bind::<BigInt, _>(now)
                .sql(" AND (lease_until IS NULL OR lease_until <= ")
                .bind::<BigInt, _>(now)
                .sql(") ORDER BY next_at, id LIMIT ")
                .bind::<BigInt, _>(i64::from(limit))
                .sql(")");
            let mut claimed = diesel::update(outbox::table.filter(due))
                .set((
                    outbox::attempts.eq(outbox::attempts + 1),
                    outbox::lease_token.eq(token),
                    outbox::lease_until.eq(until),
                ))
                .returning(NoticeRow::as_returning())
                .load(connection)
                .map_err(store_error)?
                .into_iter()
                .map(Notification::try_from)
                .collect::<Result<Vec<_>, _>>()?;
            // RETURNING promises no order.
            claimed.sort_unstable_by_key(|notice| (notice.next_at, notice.id));
            Ok(claimed)
        })
        .await
    }

    async fn ack_notification(
        &mut self,
        id: NotificationId,
        token: &LeaseToken,
        settlement: &DeliveryResult,
    ) -> Result<bool, StoreError> {
        let (token, settlement) = (token.0.to_vec(), settlement.clone());
        self.call(move |connection| {
            let leased = outbox::table.find(id.get()).filter(outbox::lease_token.eq(token));
            let settled = diesel::update(leased)
                .set((
                    outbox::state.eq(settlement.state.as_str()),
                    outbox::next_at.eq(millis(settlement.next_at)),
                    outbox::sent_at.eq(settlement.sent_at.map(millis)),
                    outbox::last_error.eq(settlement.last_error),
                    outbox::lease_token.eq(None::<Vec<u8>>),
                    outbox::lease_until.eq(None::<i64>),
                ))
                .execute(connection)
                .map_err(store_error)?;
            Ok(settled == 1)
        })
        .await
    }

    async fn nack_notifications(&mut self, ids: &[NotificationId], token: &LeaseToken) -> Result<u64, StoreError> {
        let (ids, token): (Vec<i64>, _) = (ids.iter().map(|id| id.get()).collect(), token.0.to_vec());
        self.call(move |connection| {
            let leased = outbox::table.filter(outbox::id.eq_any(ids)).filter(outbox::lease_token.eq(token));
            let given = diesel::update(leased)
                .set((
                    outbox::attempts.eq(outbox::attempts - 1),
                    outbox::lease_token.eq(None::<Vec<u8>>),
                    outbox::lease_until.eq(None::<i64>),
                ))
                .execute(connection)
                .map_err(store_error)?;
            u64::try_from(given).map_err(|e| StoreError::Failed(e.into()))
        })
        .await
    }
}
