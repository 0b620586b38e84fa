//! Hold expiry: releases slots that were not paid in time. Where a client pays at an online provider, its checkout
//! is expired first: the page may still be open, and a client who paid a second ago must not lose the slot.

use std::collections::BTreeMap;
use std::sync::Arc;

use attune_domain::{Booking, BookingId, SeriesId, UserId};
use attune_ports::{Clock, Store, StoreError, UnitOfWork};
use jiff::Timestamp;

use crate::ClockMonitor;
use crate::lifecycle::{HoldRelease, close_checkouts, combine_emails, release_hold};
use crate::payments::ReconcilePayments;

const BATCH: u32 = 100;

#[derive(Clone)]
pub struct ExpireHolds {
    pub store: Arc<dyn Store>,
    pub clock: Arc<dyn Clock>,
    pub monitor: ClockMonitor,
    pub reconcile: ReconcilePayments,
}

impl ExpireHolds {
    /// Expires unpaid bookings whose hold has expired, and returns how many. Where one may have been paid at a provider, its
    /// checkouts are marked to be expired there; after [`ReconcilePayments::run`] has done that, the next run expires it.
    /// While the clock is doubted, none expires.
    pub async fn run(&self) -> Result<usize, StoreError> {
        if !self.monitor.is_settled().await {
            return Ok(0);
        }
        crate::retry::retrying(|| async {
            let mut work = self.store.begin().await?;
            let expired = work.expired_holds(self.clock.now(), BATCH).await?;
            self.expire(work, expired).await
        })
        .await
    }

    /// Releases the expired holds that block a slot which is requested now, and no others, after their checkouts were
    /// reconciled. Returns whether there were any and none is left.
    pub(crate) async fn clear(&self, therapist: UserId, from: Timestamp, until: Timestamp) -> Result<bool, StoreError> {
        if self.reconcile.online.is_none() || !self.monitor.seems_settled() {
            return Ok(false);
        }
        let blocking = async || {
            let mut work = self.store.begin().await?;
            let mut blocking = work.blocking_bookings(therapist, from, until).await?;
            blocking.retain(|booking| booking.hold_has_expired(self.clock.now()));
            Ok::<_, StoreError>((work, blocking))
        };
        let expire = async || {
            crate::retry::retrying(|| async {
                let (work, expired) = blocking().await?;
                self.expire(work, expired).await
            })
            .await
        };
        let (work, holds) = blocking().await?;
        drop(work);
        if holds.is_empty() {
            return Ok(false);
        }
        expire().await?;
        for hold in holds {
            self.reconcile.run_for(hold.id()).await?;
        }
        expire().await?;
        Ok(blocking().await?.1.is_empty())
    }

    /// The instant for [`claim_slot`](crate::lifecycle::claim_slot): while the clock is doubted, no hold has expired.
    pub(crate) fn instant(&self, now: Timestamp) -> Timestamp {
        if self.monitor.seems_settled() { now } else { Timestamp::MIN }
    }

    async fn expire(&self, mut work: Box<dyn UnitOfWork>, expired: Vec<Booking>) -> Result<usize, StoreError> {
        if expired.is_empty() {
            return Ok(0);
        }
        let now = self.clock.now();
        let mut released = 0;
        let mut series: BTreeMap<SeriesId, Vec<BookingId>> = BTreeMap::new();
        for booking in expired {
            let (id, series_id) = (booking.id(), booking.series());
            match release_hold(&mut *work, booking, now).await? {
                HoldRelease::Released => {
                    released += 1;
                    if let Some(series_id) = series_id {
                        series.entry(series_id).or_default().push(id);
                    }
                }
                HoldRelease::ProviderPending => close_checkouts(&mut *work, id, now).await?,
                HoldRelease::NotExpired => {}
            }
        }
        for bookings in series.values() {
            combine_emails(&mut *work, bookings, now).await?;
        }
        work.commit().await?;
        Ok(released)
    }
}
