//! Enqueues the daily agendas of therapists when they are due.
//!
//! An agenda is enqueued when it is due and not before, so that a changed time counts at once. Its dedupe key is the day, so
//! a restart repeats nothing, and one that the worker missed is enqueued while the day lasts.

use std::sync::{Arc, Mutex, PoisonError};

use attune_domain::Role;
use attune_domain::notification::{agenda_due, agenda_notification};
use attune_ports::{Clock, PageRequest, Queries, Store, StoreError, UserFilter};

use crate::ClockMonitor;
use crate::practice::CurrentPractice;

/// More therapists than a practice has.
const MAX_THERAPISTS: u32 = 1_000;

#[derive(Clone)]
pub struct PlanAgendas {
    pub store: Arc<dyn Store>,
    pub queries: Arc<dyn Queries>,
    pub clock: Arc<dyn Clock>,
    pub monitor: ClockMonitor,
    pub practice: CurrentPractice,
    /// The minute, since the Unix epoch, in which agendas were planned last. Local times have no seconds.
    pub planned: Arc<Mutex<Option<i64>>>,
}

impl PlanAgendas {
    /// Enqueues what is due, at most once in a minute. Returns how many agendas were new; none while the clock is doubted.
    pub async fn run(&self) -> Result<u64, StoreError> {
        let now = self.clock.now();
        let minute = now.as_second().div_euclid(60);
        let is_planned = *self.planned.lock().unwrap_or_else(PoisonError::into_inner) == Some(minute);
        if is_planned || !self.monitor.is_settled().await {
            return Ok(0);
        }
        let practice = self.practice.load().await?;
        let filter = UserFilter { role: Some(Role::Admin), disabled: Some(false), search: None };
        let therapists = self.queries.users(&filter, PageRequest { limit: MAX_THERAPISTS, offset: 0 }).await?.items;
        let mut due = Vec::new();
        for therapist in &therapists {
            let Some(time) = therapist.agenda_at else { continue };
            let zone = self.practice.zone_in(&practice, therapist.time_zone.as_ref());
            let date = zone.to_datetime(now).date();
            let at = agenda_due(date, time, &zone).filter(|at| *at <= now);
            due.extend(at.map(|at| agenda_notification(therapist.id, date, at)));
        }
        let mut new = 0;
        if !due.is_empty() {
            new = crate::retry::retrying(|| async {
                let mut work = self.store.begin().await?;
                let new = work.enqueue(&due).await?;
                if new > 0 {
                    work.commit().await?;
                }
                Ok::<_, StoreError>(new)
            })
            .await?;
        }
        *self.planned.lock().unwrap_or_else(PoisonError::into_inner) = Some(minute);
        Ok(new)
    }
}
