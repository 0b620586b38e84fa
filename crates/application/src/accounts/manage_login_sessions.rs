//! The login sessions of a user: which there are, and ending them from another one.

use std::sync::Arc;

use attune_domain::LoginSessionId;
use attune_domain::login_session::LoginSessionPolicy;
use attune_ports::{AuditObject, Caller, Clock, LoginSessionView, Queries, Store, StoreError};
use thiserror::Error;

use crate::audit::{AuditContext, RequestMetadata};

#[derive(Debug, Error)]
pub enum EndLoginSessionError {
    #[error("the user has no such login session")]
    NotFound,
    #[error(transparent)]
    Store(#[from] StoreError),
}

crate::retry::contended_through_store!(EndLoginSessionError);

#[derive(Clone)]
pub struct ManageLoginSessions {
    pub store: Arc<dyn Store>,
    pub queries: Arc<dyn Queries>,
    pub clock: Arc<dyn Clock>,
    pub policy: LoginSessionPolicy,
}

impl ManageLoginSessions {
    /// The live login sessions of the caller, newest first.
    pub async fn list(&self, caller: &Caller) -> Result<Vec<LoginSessionView>, StoreError> {
        let now = self.clock.now();
        let mut sessions = self.queries.login_sessions(&[caller.user.id]).await?;
        sessions.retain(|view| self.policy.is_live(&view.session, now));
        Ok(sessions)
    }

    /// Ends one of the caller's login sessions, which may be that of the request: its access token is refused from the next
    /// request on.
    pub async fn end(
        &self,
        caller: &Caller,
        id: LoginSessionId,
        metadata: &RequestMetadata,
    ) -> Result<(), EndLoginSessionError> {
        crate::retry::retrying(|| async {
            let now = self.clock.now();
            let mut work = self.store.begin().await?;
            let found = work.session(id).await?;
            let own = found.filter(|session| session.user == caller.user.id && self.policy.is_live(session, now));
            let mut session = own.ok_or(EndLoginSessionError::NotFound)?;
            session.ended_at = Some(now);
            work.save_login_session(&session).await?;
            AuditContext::new(Some(caller.user.id), metadata, now)
                .record(&mut *work, "login_session.closed", AuditObject::LoginSession(id))
                .await?;
            Ok(work.commit().await?)
        })
        .await
    }

    /// Ends all login sessions of the caller but that of the request.
    pub async fn end_others(&self, caller: &Caller, metadata: &RequestMetadata) -> Result<(), StoreError> {
        crate::retry::retrying(|| async {
            let (now, this) = (self.clock.now(), caller.session.id);
            let mut work = self.store.begin().await?;
            work.end_login_sessions(caller.user.id, Some(this), now).await?;
            AuditContext::new(Some(caller.user.id), metadata, now)
                .record(&mut *work, "login_session.others_closed", AuditObject::LoginSession(this))
                .await?;
            work.commit().await
        })
        .await
    }
}
