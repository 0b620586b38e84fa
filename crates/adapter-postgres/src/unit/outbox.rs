//! Mails that are owed.

use async_trait::async_trait;
use attune_domain::NotificationId;
use attune_domain::notification::{NewNotification, Notification};
use attune_ports::{DeliveryResult, Lease, LeaseToken, Outbox, StoreError};
use attune_sql::schema::outbox;
use attune_sql::{NewNoticeRow, NoticeRow, millis};
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use diesel_async::RunQueryDsl;
use jiff::Timestamp;

use super::PostgresUnit;

#[async_trait]
impl Outbox for PostgresUnit {
    async fn enqueue(&mut self, notices: &[NewNotification]) -> Result<u64, StoreError> {
        let rows: Vec<_> = notices.iter().map(NewNoticeRow::from).collect();
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
        // Two statements: as one, the planner may run the inner one several times and claim more than was asked for.
        let due = outbox::table
            // Spelled like the condition of the index `outbox_due`: a plan for any state whatever could not use it.
            .filter(sql::<Bool>("state = 'pending'"))
            .filter(outbox::next_at.le(millis(now)))
            .filter(outbox::lease_until.is_null().or(outbox::lease_until.le(millis(now)).assume_not_null()))
            .order((outbox::next_at, outbox::id))
            .limit(i64::from(limit))
            .select(outbox::id)
            .for_no_key_update()
            .skip_locked();
        let claim = (
            outbox::attempts.eq(outbox::attempts + 1),
            outbox::lease_token.eq(lease.token.0.to_vec()),
            outbox::lease_until.eq(millis(lease.until)),
        );
        let mut notices: Vec<Notification> = self
            .call(async |mut c| {
                let ids: Vec<i64> = due.load(&mut c).await?;
                let claimed = diesel::update(outbox::table.filter(outbox::id.eq_any(ids)))
                    .set(claim)
                    .returning(NoticeRow::as_returning());
                let rows: Vec<NoticeRow> = claimed.load(&mut c).await?;
                Ok(rows.into_iter().map(Notification::try_from).collect::<Result<_, _>>()?)
            })
            .await?;
        notices.sort_by_key(|notice| (notice.next_at, notice.id));
        Ok(notices)
    }

    async fn ack_notification(
        &mut self,
        id: NotificationId,
        token: &LeaseToken,
        settlement: &DeliveryResult,
    ) -> Result<bool, StoreError> {
        let leased = outbox::table.find(id.get()).filter(outbox::lease_token.eq(token.0.to_vec()));
        let result = (
            outbox::state.eq(settlement.state.as_str()),
            outbox::next_at.eq(millis(settlement.next_at)),
            outbox::sent_at.eq(settlement.sent_at.map(millis)),
            outbox::last_error.eq(settlement.last_error.as_deref()),
            outbox::lease_token.eq(None::<Vec<u8>>),
            outbox::lease_until.eq(None::<i64>),
        );
        self.call(async |mut c| Ok(diesel::update(leased).set(result).execute(&mut c).await? == 1)).await
    }

    async fn nack_notifications(&mut self, ids: &[NotificationId], token: &LeaseToken) -> Result<u64, StoreError> {
        let ids: Vec<i64> = ids.iter().map(|id| id.get()).collect();
        let leased = outbox::table.filter(outbox::id.eq_any(ids)).filter(outbox::lease_token.eq(token.0.to_vec()));
        let as_before = (
            outbox::attempts.eq(outbox::attempts - 1),
            outbox::lease_token.eq(None::<Vec<u8>>),
            outbox::lease_until.eq(None::<i64>),
        );
        self.call(async |mut c| {
            let given = diesel::update(leased).set(as_before).execute(&mut c).await?;
            Ok(u64::try_from(given).unwrap_or(u64::MAX))
        })
        .await
    }
}
