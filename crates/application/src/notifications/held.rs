//! Emails that were due before a backup was restored: the operator decides whether they were sent since the backup.

use std::collections::BTreeSet;
use std::sync::Arc;

use attune_domain::NotificationId;
use attune_domain::notification::{Notification, NotificationState};
use attune_ports::{NotificationFilter, PageRequest, Queries, StoreError};
use thiserror::Error;

use super::manage::{ManageNotificationError, ManageNotifications, NotificationChange};
use crate::audit::RequestMetadata;
use crate::payments::ReconcilePayments;

/// Read at once.
const BATCH: u32 = 200;

#[derive(Debug, Error)]
pub enum HeldNotificationsError {
    #[error("there is no held email {0}")]
    NotHeld(NotificationId),
    /// What the emails say may depend on payments since the backup.
    #[error("the payment provider does not say what became of {0} payments; try again when it is available")]
    Unreconciled(usize),
    #[error(transparent)]
    Manage(#[from] ManageNotificationError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

#[derive(Clone)]
pub struct HeldNotifications {
    pub queries: Arc<dyn Queries>,
    pub reconcile: ReconcilePayments,
    pub manage_notifications: ManageNotifications,
}

impl HeldNotifications {
    /// All of them, oldest first.
    pub async fn list(&self) -> Result<Vec<Notification>, StoreError> {
        let filter = NotificationFilter { state: Some(NotificationState::Held), ..NotificationFilter::default() };
        let mut held = Vec::new();
        loop {
            let offset = held.len() as u64;
            let page = self.queries.outbox(&filter, PageRequest { limit: BATCH, offset }).await?;
            let is_last = page.items.is_empty();
            held.extend(page.items);
            if is_last {
                held.sort_unstable_by_key(|email: &Notification| email.id);
                return Ok(held);
            }
        }
    }

    /// Queues emails, after payments were reconciled: the worker sends those that are still warranted. `None` for all. Returns
    /// how many.
    pub async fn release(&self, emails: Option<&[NotificationId]>) -> Result<usize, HeldNotificationsError> {
        let unanswered = self.reconcile.run_all().await?;
        if unanswered > 0 {
            return Err(HeldNotificationsError::Unreconciled(unanswered));
        }
        self.change(emails, NotificationChange::Retry).await
    }

    /// Cancels emails; `None` for all. Returns how many.
    pub async fn cancel(&self, emails: Option<&[NotificationId]>) -> Result<usize, HeldNotificationsError> {
        self.change(emails, NotificationChange::Cancel).await
    }

    async fn change(
        &self,
        emails: Option<&[NotificationId]>,
        change: NotificationChange,
    ) -> Result<usize, HeldNotificationsError> {
        let held = self.list().await?;
        let all: BTreeSet<NotificationId> = held.iter().map(|email| email.id).collect();
        let chosen = match emails {
            Some(ids) => {
                if let Some(id) = ids.iter().find(|id| !all.contains(id)) {
                    return Err(HeldNotificationsError::NotHeld(*id));
                }
                ids.iter().copied().collect()
            }
            None => all,
        };
        // An email that another one leads is changed with it.
        let led = |email: &&Notification| email.lead.is_none_or(|lead| !chosen.contains(&lead));
        for email in held.iter().filter(|email| chosen.contains(&email.id)).filter(led) {
            self.manage_notifications.run(email.id, change, None, &RequestMetadata::default()).await?;
        }
        Ok(chosen.len())
    }
}
