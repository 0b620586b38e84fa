//! Opens a login session, in the unit of work in which the login is decided.

use std::sync::Arc;

use attune_domain::login_session::DeviceId;
use attune_domain::notification::{NotificationKind, account_notification};
use attune_domain::{LoginSessionId, User};
use attune_ports::{
    AuditObject, BoxError, DeviceTokens, LoginHistory, NewLoginSession, OutboxWaker, Queries, Random, StoreError,
    UnitOfWork,
};
use jiff::{SignedDuration, Timestamp};

use super::{IssueTokens, Tokens};
use crate::audit::{AuditContext, RequestMetadata};

/// A device or network that was not used for this long counts as unknown.
const KNOWN_FOR: SignedDuration = SignedDuration::from_hours(90 * 24);

/// Where a login comes from.
#[derive(Debug, Clone, Default)]
pub struct LoginOrigin {
    /// The token of an earlier login from the same device.
    pub device_token: Option<String>,
    /// Whether a browser logs in, which keeps the login session by a cookie.
    pub browser: bool,
    /// The program that logs in, in a few words, such as `Firefox, Linux`.
    pub user_agent: Option<String>,
    pub metadata: RequestMetadata,
}

#[derive(Clone)]
pub struct OpenLoginSession {
    pub queries: Arc<dyn Queries>,
    pub issue: IssueTokens,
    pub random: Arc<dyn Random>,
    pub devices: Arc<dyn DeviceTokens>,
    pub waker: Arc<dyn OutboxWaker>,
}

/// A login session that is stored with its unit of work.
pub(super) struct OpenedLoginSession {
    id: LoginSessionId,
    refresh_token: String,
    device: DeviceId,
}

impl OpenLoginSession {
    /// The device of an earlier login of this user.
    pub(super) fn known_device(&self, origin: &LoginOrigin, user: &User) -> Option<DeviceId> {
        let (owner, device) = self.devices.verify_device(origin.device_token.as_deref()?)?;
        (owner == user.id).then_some(device)
    }

    /// A token by which a device is recognised that the user of a new account registers with.
    pub(super) fn new_device(&self, user: &User) -> String {
        self.devices.sign_device(user.id, &DeviceId(self.random.random_bytes()))
    }

    /// How this login compares with earlier ones.
    pub(super) async fn history(
        &self,
        origin: &LoginOrigin,
        user: &User,
        now: Timestamp,
    ) -> Result<LoginHistory, StoreError> {
        let device = self.known_device(origin, user);
        let since = now.saturating_sub(KNOWN_FOR).unwrap_or(Timestamp::MIN);
        self.queries.login_history(user.id, origin.metadata.network.as_deref(), device.as_ref(), since).await
    }

    /// Stores the login session, and tells the user of a login from an unknown place.
    pub(super) async fn run(
        &self,
        work: &mut dyn UnitOfWork,
        user: &User,
        origin: &LoginOrigin,
        history: LoginHistory,
        now: Timestamp,
    ) -> Result<OpenedLoginSession, StoreError> {
        let (refresh_token, hash) =
            if origin.browser { self.issue.browser_token() } else { self.issue.refresh_token() };
        let device = self.known_device(origin, user).unwrap_or_else(|| DeviceId(self.random.random_bytes()));
        let LoginOrigin { user_agent, metadata, .. } = origin;
        let session = NewLoginSession {
            user: user.id,
            network: metadata.network.clone(),
            user_agent: user_agent.clone(),
            device: Some(device),
            created_at: now,
        };
        let id = work.add_login_session(&session).await?;
        work.add_refresh_token(&hash, id, 1, now).await?;
        if history == LoginHistory::Unknown {
            work.enqueue(&[account_notification(user.id, NotificationKind::NewLogin, now)]).await?;
        }
        AuditContext::new(Some(user.id), metadata, now)
            .record(work, "login_session.opened", AuditObject::LoginSession(id))
            .await?;
        Ok(OpenedLoginSession { id, refresh_token, device })
    }

    /// The same for the owner of an account without a password, who has just used a mailed link. Nothing else proves who
    /// they are, so it also steps the login session up.
    pub(super) async fn by_link(
        &self,
        work: &mut dyn UnitOfWork,
        user: &User,
        origin: &LoginOrigin,
        history: LoginHistory,
        now: Timestamp,
    ) -> Result<OpenedLoginSession, StoreError> {
        let opened = self.run(work, user, origin, history, now).await?;
        work.step_up(opened.id, now).await?;
        Ok(opened)
    }

    /// The tokens of a login session that was committed.
    pub(super) fn tokens(&self, user: User, opened: OpenedLoginSession, now: Timestamp) -> Result<Tokens, BoxError> {
        self.waker.wake();
        Ok(Tokens {
            access_token: self.issue.access_token(user.id, opened.id, now)?,
            refresh_token: opened.refresh_token,
            device_token: Some(self.devices.sign_device(user.id, &opened.device)),
            expires_in: self.issue.access_lifetime.as_secs(),
            user,
        })
    }
}
