//! Login sessions that a browser keeps by a cookie.

use std::sync::Arc;

use attune_domain::LoginSessionId;
use attune_domain::login_session::LoginSessionPolicy;
use attune_ports::{Caller, Clock, Queries, Store, StoreError};
use futures_util::future::try_join_all;
use jiff::{SignedDuration, Timestamp};

use super::issue_tokens::hash_browser_token;

/// A browser that an admin leaves alone for this long is logged out, because it shows the records of all clients.
const ADMIN_IDLE: SignedDuration = SignedDuration::from_hours(12);
/// The time of the last use is stored this often at most, so that reading a page seldom writes.
const NOTED_EVERY: SignedDuration = SignedDuration::from_mins(5);

#[derive(Clone)]
pub struct BrowserSessions {
    pub store: Arc<dyn Store>,
    pub queries: Arc<dyn Queries>,
    pub clock: Arc<dyn Clock>,
    pub policy: LoginSessionPolicy,
}

impl BrowserSessions {
    /// The user whose browser has this token; `None` for an unknown one, and after the login session ended. Role and
    /// disabled state are those of the account at this moment.
    pub async fn caller(&self, token: &str) -> Result<Option<Caller>, StoreError> {
        let Some(caller) = self.caller_of_script(token).await? else { return Ok(None) };
        let now = self.clock.now();
        if now.duration_since(caller.session.rotated_at) >= NOTED_EVERY {
            self.note_use(&caller, now).await?;
        }
        Ok(Some(caller))
    }

    /// The same for a request that no one has made: an open page, which loads itself again, does not prolong the login
    /// session.
    pub async fn caller_of_script(&self, token: &str) -> Result<Option<Caller>, StoreError> {
        let now = self.clock.now();
        let found = self.queries.caller_by_token(&hash_browser_token(token)).await?;
        Ok(found.filter(|caller| self.is_live(caller, now)))
    }

    /// Those of these login sessions that have not ended, with their users.
    pub async fn live(&self, sessions: &[LoginSessionId]) -> Result<Vec<Caller>, StoreError> {
        let now = self.clock.now();
        let found = try_join_all(sessions.iter().map(|session| self.queries.caller(*session))).await?;
        Ok(found.into_iter().flatten().filter(|caller| self.is_live(caller, now)).collect())
    }

    fn is_live(&self, caller: &Caller, now: Timestamp) -> bool {
        let idle = now.duration_since(caller.session.rotated_at);
        !caller.user.disabled
            && self.policy.is_live(&caller.session, now)
            && (!caller.user.is_admin() || idle < ADMIN_IDLE)
    }

    async fn note_use(&self, caller: &Caller, now: Timestamp) -> Result<(), StoreError> {
        crate::retry::retrying(|| async {
            let mut work = self.store.begin().await?;
            if let Some(mut session) = work.session(caller.session.id).await?.filter(|s| s.ended_at.is_none()) {
                session.rotated_at = now;
                work.save_login_session(&session).await?;
            }
            work.commit().await
        })
        .await
    }
}
