//! The login sessions of the caller.

use actix_web::HttpResponse;
use actix_web::web::Data;
use attune_domain::LoginSessionId;
use attune_http_common::HandlerResult;
use attune_ports::LoginSessionView;
use serde::Serialize;
use utoipa::ToSchema;

use crate::request::auth::Signed;
use crate::request::input::{Nothing, Request};
use crate::response::output::Instant;
use crate::state::State;

/// The login sessions of the caller.
#[derive(Serialize, ToSchema)]
pub(crate) struct LoginSessionList {
    /// Newest first.
    sessions: Vec<LoginSessionBody>,
}

/// A login, and everything that followed from it.
#[derive(Serialize, ToSchema)]
#[schema(as = LoginSession)]
pub(crate) struct LoginSessionBody {
    /// Login session ID.
    #[schema(example = 17)]
    id: i64,
    /// When the user logged in.
    #[schema(value_type = String, format = DateTime, example = "2024-01-15T10:00:00Z")]
    created_at: Instant,
    /// When tokens were last refreshed, which programs do every few minutes while they are used.
    #[schema(value_type = String, format = DateTime, example = "2024-01-15T10:15:00Z")]
    last_used_at: Instant,
    /// Network of the login, shortened so that it identifies no one (IPv4 /24, IPv6 /64); null if it is not known.
    #[schema(required = true, example = "192.0.2.0/24")]
    network: Option<String>,
    /// Program of the login in a few words; null if it is not known.
    #[schema(required = true, example = "Firefox, Linux")]
    user_agent: Option<String>,
    /// Whether it is the login session of this request.
    #[schema(example = true)]
    current: bool,
}

/// List login sessions
///
/// Those of the caller that have neither ended nor expired.
#[utoipa::path(
    get, path = "/api/auth/sessions", operation_id = "listLoginSessions", tag = "Accounts", security(("bearer" = [])),
    responses((status = 200, description = "The login sessions", body = LoginSessionList))
)]
pub(crate) async fn list(state: Data<State>, Signed(caller): Signed, request: Request) -> HandlerResult {
    request.no_query()?;
    let sessions = state.api.use_cases.login_sessions.list(&caller).await?;
    let body = |LoginSessionView { session, network, user_agent }| LoginSessionBody {
        id: session.id.get(),
        created_at: Instant(session.created_at),
        last_used_at: Instant(session.rotated_at),
        network,
        user_agent,
        current: session.id == caller.session.id,
    };
    Ok(HttpResponse::Ok().json(LoginSessionList { sessions: sessions.into_iter().map(body).collect() }))
}

/// End a login session
///
/// Its access token is refused from the next request on. Ending the login session of the request logs the caller out.
#[utoipa::path(
    delete, path = "/api/auth/sessions/{id}", operation_id = "endLoginSession", tag = "Accounts",
    security(("bearer" = [])),
    responses((status = 204, description = "Ended"))
)]
pub(crate) async fn end(state: Data<State>, Signed(caller): Signed, request: Request) -> HandlerResult {
    let id = request.id("id", LoginSessionId::new)?;
    let metadata = request.metadata();
    let Nothing = request.body().await?;
    state.api.use_cases.login_sessions.end(&caller, id, &metadata).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// End all other login sessions
///
/// Only the login session of the request remains.
#[utoipa::path(
    delete, path = "/api/auth/sessions", operation_id = "endOtherLoginSessions", tag = "Accounts",
    security(("bearer" = [])),
    responses((status = 204, description = "Ended"))
)]
pub(crate) async fn end_others(state: Data<State>, Signed(caller): Signed, request: Request) -> HandlerResult {
    let metadata = request.metadata();
    let Nothing = request.body().await?;
    state.api.use_cases.login_sessions.end_others(&caller, &metadata).await?;
    Ok(HttpResponse::NoContent().finish())
}
