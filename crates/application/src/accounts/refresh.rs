//! Exchanges a refresh token for the next pair of tokens.

use std::sync::Arc;

use attune_domain::login_session::{LoginSessionPolicy, RefreshDecision};
use attune_ports::{AuditObject, BoxError, Clock, Store, StoreError, TokenHash};
use thiserror::Error;

use super::issue_tokens::hash_token;
use super::{IssueTokens, Tokens};
use crate::audit::{AuditContext, RequestMetadata};

pub struct RefreshCommand {
    pub refresh_token: String,
    pub metadata: RequestMetadata,
}

#[derive(Debug, Error)]
pub enum RefreshError {
    #[error("the refresh token is not valid")]
    Invalid,
    #[error("signing failed")]
    Sign(#[source] BoxError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

crate::retry::contended_through_store!(RefreshError);

#[derive(Clone)]
pub struct Refresh {
    pub store: Arc<dyn Store>,
    pub issue: IssueTokens,
    pub clock: Arc<dyn Clock>,
    pub policy: LoginSessionPolicy,
}

impl Refresh {
    /// A token works once: reusing it ends the whole login session.
    pub async fn run(&self, command: RefreshCommand) -> Result<Tokens, RefreshError> {
        let shown = hash_token(&command.refresh_token);
        crate::retry::retrying(|| self.attempt(&shown, &command.metadata)).await
    }

    async fn attempt(&self, shown: &TokenHash, metadata: &RequestMetadata) -> Result<Tokens, RefreshError> {
        let now = self.clock.now();
        let mut work = self.store.begin().await?;
        let (id, generation) = work.refresh_token(shown).await?.ok_or(RefreshError::Invalid)?;
        let mut session = work.session(id).await?.ok_or(RefreshError::Invalid)?;
        let user = work.user(session.user).await?.filter(|u| !u.disabled).ok_or(RefreshError::Invalid)?;
        match self.policy.decide(&session, generation, now) {
            RefreshDecision::Ended => return Err(RefreshError::Invalid),
            RefreshDecision::Reused => {
                session.ended_at = Some(now);
                work.save_login_session(&session).await?;
                AuditContext::new(None, metadata, now)
                    .record(&mut *work, "login_session.reuse_detected", AuditObject::LoginSession(id))
                    .await?;
                work.commit().await?;
                tracing::warn!(session = %id, "a refresh token was used again; its login session is ended");
                return Err(RefreshError::Invalid);
            }
            RefreshDecision::Rotate => {
                session.generation += 1;
                session.rotated_at = now;
                work.save_login_session(&session).await?;
            }
            RefreshDecision::Overlap => {}
        }
        let (refresh_token, hash) = self.issue.refresh_token();
        work.add_refresh_token(&hash, id, session.generation, now).await?;
        work.commit().await?;
        let access_token = self.issue.access_token(user.id, id, now).map_err(RefreshError::Sign)?;
        let expires_in = self.issue.access_lifetime.as_secs();
        Ok(Tokens { access_token, refresh_token, device_token: None, expires_in, user })
    }
}
