//! Ends one login session or all of them.

use std::sync::Arc;

use attune_ports::{AuditObject, Caller, Clock, Store, StoreError};

use super::issue_tokens::hash_token;
use crate::audit::{AuditContext, RequestMetadata};

pub struct LogOutCommand {
    pub caller: Caller,
    /// Its login session ends too, if it belongs to the caller.
    pub refresh_token: Option<String>,
    /// Whether all of the user's login sessions end.
    pub all: bool,
    pub metadata: RequestMetadata,
}

#[derive(Clone)]
pub struct LogOut {
    pub store: Arc<dyn Store>,
    pub clock: Arc<dyn Clock>,
}

impl LogOut {
    /// Ends the session at once: its access token is refused from the next request on.
    pub async fn run(&self, command: LogOutCommand) -> Result<(), StoreError> {
        crate::retry::retrying(|| self.attempt(&command)).await
    }

    async fn attempt(&self, command: &LogOutCommand) -> Result<(), StoreError> {
        let now = self.clock.now();
        let user = command.caller.user.id;
        let mut work = self.store.begin().await?;
        if command.all {
            work.end_login_sessions(user, None, now).await?;
        } else {
            let mut ids = vec![command.caller.session.id];
            if let Some(token) = &command.refresh_token
                && let Some((id, _)) = work.refresh_token(&hash_token(token)).await?
            {
                ids.push(id);
            }
            for id in ids {
                if let Some(mut session) = work.session(id).await?.filter(|s| s.user == user && s.ended_at.is_none()) {
                    session.ended_at = Some(now);
                    work.save_login_session(&session).await?;
                }
            }
        }
        let action = if command.all { "login_session.all_closed" } else { "login_session.closed" };
        AuditContext::new(Some(user), &command.metadata, now)
            .record(&mut *work, action, AuditObject::LoginSession(command.caller.session.id))
            .await?;
        work.commit().await
    }
}
