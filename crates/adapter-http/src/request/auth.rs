//! Authentication: extractors for the caller, and the guard of the admin routes.

use actix_web::body::BoxBody;
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::header::AUTHORIZATION;
use actix_web::middleware::Next;
use actix_web::{Error, FromRequest, HttpMessage, HttpRequest, ResponseError};
use attune_domain::{Booking, BookingId, UserId};
use attune_http_common::{Code, Problem};
use attune_ports::Caller;
use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;

use crate::state::State;

/// An authenticated caller, with the current state of the account, who has a second factor if they need one.
pub(crate) struct Signed(pub(crate) Caller);

/// An authenticated caller who may still have to set up a second factor.
pub(crate) struct SignedForSetup(pub(crate) Caller);

impl FromRequest for SignedForSetup {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(http: &HttpRequest, _: &mut Payload) -> Self::Future {
        let http = http.clone();
        async move { identify(&http, async |_| ()).await.map(|(caller, ())| Self(caller)) }.boxed_local()
    }
}

impl FromRequest for Signed {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(http: &HttpRequest, _: &mut Payload) -> Self::Future {
        let http = http.clone();
        async move { authenticate(&http).await.map(Self) }.boxed_local()
    }
}

/// An admin, authenticated by [`admins_only`].
pub(crate) struct Admin(pub(crate) Caller);

impl FromRequest for Admin {
    type Error = Problem;
    type Future = std::future::Ready<Result<Self, Problem>>;

    fn from_request(http: &HttpRequest, _: &mut Payload) -> Self::Future {
        let caller = http.extensions().get::<Caller>().filter(|caller| caller.user.is_admin()).cloned();
        std::future::ready(caller.map(Self).ok_or_else(|| Code::Forbidden.into()))
    }
}

/// Guards every path under `/api/admin`, known or not, so that other users learn nothing about them.
pub(crate) async fn admins_only(
    request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let refusal = match authenticate(request.request()).await {
        Ok(caller) if caller.user.is_admin() => {
            request.extensions_mut().insert(caller);
            return next.call(request).await;
        }
        Ok(_) => Problem::from(Code::Forbidden),
        Err(problem) => problem,
    };
    Ok(request.into_response(refusal.error_response()))
}

/// Verifies the token and loads the account. Role and disabled state are those of the account, never of the token.
pub(crate) async fn authenticate(http: &HttpRequest) -> Result<Caller, Problem> {
    authenticate_alongside(http, async |_| ()).await.map(|(caller, ())| caller)
}

/// The same, and loads a booking with the same query.
pub(crate) async fn authenticate_for(
    http: &HttpRequest,
    booking: BookingId,
) -> Result<(Caller, Option<Booking>), Problem> {
    let state = State::of(http)?;
    let (caller, booking) = state.api.use_cases.authenticate.with_booking(bearer_token(http)?, booking).await?;
    state.limiter.request(caller.user.id)?;
    check_second_factor(state, &caller)?;
    Ok((caller, booking))
}

/// The same, and runs a lookup for the user at the same time.
pub(crate) async fn authenticate_alongside<T>(
    http: &HttpRequest,
    lookup: impl AsyncFnOnce(UserId) -> T,
) -> Result<(Caller, T), Problem> {
    let (caller, found) = identify(http, lookup).await?;
    check_second_factor(State::of(http)?, &caller)?;
    Ok((caller, found))
}

async fn identify<T>(http: &HttpRequest, lookup: impl AsyncFnOnce(UserId) -> T) -> Result<(Caller, T), Problem> {
    let state = State::of(http)?;
    let (caller, found) = state.api.use_cases.authenticate.alongside(bearer_token(http)?, lookup).await?;
    state.limiter.request(caller.user.id)?;
    Ok((caller, found))
}

fn check_second_factor(state: &State, caller: &Caller) -> Result<(), Problem> {
    let needed = state.api.use_cases.authenticate.requires_setup(caller);
    if needed { Err(Code::SecondFactorSetupRequired.into()) } else { Ok(()) }
}

/// The token of a request, from the header only (RFC 6750, section 2.1): a token in the query would end up in logs and
/// browser histories.
pub(crate) fn bearer_token(http: &HttpRequest) -> Result<&str, Problem> {
    let mut headers = http.headers().get_all(AUTHORIZATION);
    // Another scheme counts as no credentials (RFC 6750, section 3.1).
    let first = headers.next().ok_or(Code::Unauthenticated)?;
    if headers.next().is_some() {
        return Err(Code::InvalidToken.into());
    }
    let text = first.to_str().map_err(|_| Code::InvalidToken)?;
    match text.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => Ok(token.trim_matches(' ')),
        None if text.eq_ignore_ascii_case("bearer") => Err(Code::InvalidToken.into()),
        Some(_) | None => Err(Code::Unauthenticated.into()),
    }
}
