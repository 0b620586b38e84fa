//! Identifies the caller of a request.

use std::sync::Arc;

use attune_domain::login_session::LoginSessionPolicy;
use attune_domain::{Booking, BookingId, SecondFactorPolicy, UserId};
use attune_ports::{AccessClaims, AccessTokens, Caller, Clock, Queries, StoreError, TokenError};
use futures_util::future::join;
use jiff::Timestamp;
use thiserror::Error;

#[derive(Debug, Error)]
pub enum AuthenticateError {
    #[error("the access token is invalid")]
    Invalid,
    #[error("the access token has expired")]
    Expired,
    #[error(transparent)]
    Store(#[from] StoreError),
}

#[derive(Clone)]
pub struct Authenticate {
    pub queries: Arc<dyn Queries>,
    pub tokens: Arc<dyn AccessTokens>,
    pub clock: Arc<dyn Clock>,
    pub policy: LoginSessionPolicy,
    pub second_factor: SecondFactorPolicy,
}

impl Authenticate {
    /// Verifies the token, then reads the current user and login session: a revoked role or an ended session counts from
    /// the next request.
    pub async fn run(&self, token: &str) -> Result<Caller, AuthenticateError> {
        self.alongside(token, async |_| ()).await.map(|(caller, ())| caller)
    }

    /// The same, and reads a booking in the same query. Whether the caller may see it is not checked here.
    pub async fn with_booking(
        &self,
        token: &str,
        booking: BookingId,
    ) -> Result<(Caller, Option<Booking>), AuthenticateError> {
        let now = self.clock.now();
        let claims = self.verify(token, now)?;
        let found = self.queries.caller_and_booking(claims.session, booking).await?;
        found.filter(|(caller, _)| self.is_good(caller, &claims, now)).ok_or(AuthenticateError::Invalid)
    }

    /// The same, and runs another read at the same time, for the user whom the token names. Its result is returned only to
    /// an authenticated caller.
    pub async fn alongside<T>(
        &self,
        token: &str,
        read: impl AsyncFnOnce(UserId) -> T,
    ) -> Result<(Caller, T), AuthenticateError> {
        let now = self.clock.now();
        let claims = self.verify(token, now)?;
        let (caller, found) = join(self.queries.caller(claims.session), read(claims.user)).await;
        let caller = caller?.filter(|caller| self.is_good(caller, &claims, now)).ok_or(AuthenticateError::Invalid)?;
        Ok((caller, found))
    }

    /// Whether the caller has to set up a second factor before anything else.
    pub fn requires_setup(&self, caller: &Caller) -> bool {
        self.second_factor.requires_setup(&caller.user, self.clock.now())
    }

    fn verify(&self, token: &str, now: Timestamp) -> Result<AccessClaims, AuthenticateError> {
        self.tokens.verify(token, now).map_err(|error| match error {
            TokenError::Invalid => AuthenticateError::Invalid,
            TokenError::Expired => AuthenticateError::Expired,
        })
    }

    fn is_good(&self, caller: &Caller, claims: &AccessClaims, now: Timestamp) -> bool {
        caller.user.id == claims.user && !caller.user.disabled && self.policy.is_live(&caller.session, now)
    }
}
