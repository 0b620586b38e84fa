//! An admin sends an email again, or takes one back.

use std::sync::Arc;

use attune_domain::notification::{Notification, NotificationSubject};
use attune_domain::{NotificationId, UserId};
use attune_ports::{AuditObject, Clock, OutboxWaker, Store, StoreError};
use thiserror::Error;

use crate::audit::{AuditContext, RequestMetadata};

#[derive(Debug, Error)]
pub enum ManageNotificationError {
    #[error("there is no such email")]
    NotFound,
    /// Its state does not allow it, or it is being sent.
    #[error("the state of the email does not allow this")]
    InvalidState,
    #[error(transparent)]
    Store(#[from] StoreError),
}

crate::retry::contended_through_store!(ManageNotificationError);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotificationChange {
    /// Sends it again at once. The worker checks, as with every email, that the booking still warrants it.
    Retry,
    Cancel,
}

#[derive(Clone)]
pub struct ManageNotifications {
    pub store: Arc<dyn Store>,
    pub clock: Arc<dyn Clock>,
    pub waker: Arc<dyn OutboxWaker>,
}

impl ManageNotifications {
    /// Returns the email after the change. Without an actor, it is the operator's.
    pub async fn run(
        &self,
        id: NotificationId,
        change: NotificationChange,
        actor: Option<UserId>,
        metadata: &RequestMetadata,
    ) -> Result<Notification, ManageNotificationError> {
        let changed = crate::retry::retrying(|| async {
            let now = self.clock.now();
            let mut work = self.store.begin().await?;
            let email = work.notification(id).await?.ok_or(ManageNotificationError::NotFound)?;
            let action = match change {
                NotificationChange::Retry if email.state.can_be_retried() => {
                    work.retry_notification(id, now).await?;
                    "notification.retried"
                }
                NotificationChange::Cancel if work.cancel_notification(id, now).await? => "notification.cancelled",
                NotificationChange::Retry | NotificationChange::Cancel => {
                    return Err(ManageNotificationError::InvalidState);
                }
            };
            let object = match email.content.subject {
                NotificationSubject::Booking { id, .. } => AuditObject::Booking(id),
                NotificationSubject::User(user) | NotificationSubject::Day { user, .. } => AuditObject::User(user),
            };
            AuditContext::new(actor, metadata, now).record(&mut *work, action, object).await?;
            let changed = work.notification(id).await?.ok_or(ManageNotificationError::NotFound)?;
            work.commit().await?;
            Ok(changed)
        })
        .await?;
        self.waker.wake();
        Ok(changed)
    }
}
