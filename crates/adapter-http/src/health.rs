//! Whether the service runs, and whether it can do its work.

use std::collections::BTreeMap;
use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::RETRY_AFTER;
use actix_web::web::Data;
use attune_ports::{Health, HealthCheck};
use futures_util::future::join_all;
use serde::Serialize;
use utoipa::ToSchema;

use crate::state::State;

/// A check that takes longer has failed.
const CHECK_TIMEOUT: Duration = Duration::from_secs(5);

/// The service runs.
#[derive(Serialize, ToSchema)]
pub(crate) struct Alive {
    /// Always `ok`.
    #[schema(example = "ok")]
    status: &'static str,
    /// Which version it is.
    #[schema(example = "0.1.0")]
    version: &'static str,
}

/// Whether the service can do its work.
#[derive(Serialize, ToSchema)]
pub(crate) struct Readiness {
    /// The worst of all checks: `ok`, `warn` or `failing`.
    #[schema(example = "ok")]
    status: &'static str,
    /// What each part says of itself.
    checks: BTreeMap<&'static str, CheckBody>,
}

/// What a part says of itself.
#[derive(Serialize, ToSchema)]
#[schema(as = Check)]
pub(crate) struct CheckBody {
    /// `ok`, `warn` (it works, and somebody should look at it) or `failing`.
    #[schema(example = "ok")]
    status: &'static str,
    /// What is the matter.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "no answer in time")]
    detail: Option<&'static str>,
}

/// The service runs
///
/// Asks nothing of the database, so an orchestrator never restarts a healthy process because of a sick database.
#[utoipa::path(
    get, path = "/health/live", operation_id = "live", tag = "Health",
    responses((status = 200, description = "It runs", body = Alive))
)]
pub(crate) async fn live() -> HttpResponse {
    HttpResponse::Ok().json(Alive { status: "ok", version: env!("CARGO_PKG_VERSION") })
}

/// The service runs
///
/// The same as `/health/live`, under the shorter name.
#[utoipa::path(
    get, path = "/health", operation_id = "health", tag = "Health",
    responses((status = 200, description = "It runs", body = Alive))
)]
pub(crate) async fn health() -> HttpResponse {
    live().await
}

/// The service can do its work
///
/// Asks every part. A load balancer should send requests only while this answers 200.
#[utoipa::path(
    get, path = "/health/ready", operation_id = "ready", tag = "Health",
    responses(
        (status = 200, description = "It can", body = Readiness),
        (
            status = 503, description = "It cannot", body = Readiness,
            headers(("Retry-After" = u64, description = "Seconds after which asking again makes sense"))
        )
    )
)]
pub(crate) async fn ready(state: Data<State>) -> HttpResponse {
    let answers = join_all(state.api.readiness.iter().map(|part| ask(part.as_ref()))).await;
    let failing = answers.iter().any(|(_, health)| matches!(health, Health::Failing(_)));
    let warned = answers.iter().any(|(_, health)| matches!(health, Health::Warn(_)));
    let checks = answers.into_iter().map(|(name, health)| (name, CheckBody::from(health))).collect();
    if failing {
        HttpResponse::build(StatusCode::SERVICE_UNAVAILABLE)
            .insert_header((RETRY_AFTER, 2))
            .json(Readiness { status: "failing", checks })
    } else {
        HttpResponse::Ok().json(Readiness { status: if warned { "warn" } else { "ok" }, checks })
    }
}

async fn ask(part: &dyn HealthCheck) -> (&'static str, Health) {
    let answer = tokio::time::timeout(CHECK_TIMEOUT, part.check()).await;
    (part.name(), answer.unwrap_or(Health::Failing("no answer in time")))
}

impl From<Health> for CheckBody {
    fn from(health: Health) -> Self {
        match health {
            Health::Ok => Self { status: "ok", detail: None },
            Health::Warn(detail) => Self { status: "warn", detail: Some(detail) },
            Health::Failing(detail) => Self { status: "failing", detail: Some(detail) },
        }
    }
}
