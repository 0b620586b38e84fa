//! Liveness and readiness.

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

use crate::response::output;

use crate::state::State;

/// A check that takes longer has failed.
const CHECK_TIMEOUT: Duration = Duration::from_secs(5);

/// Liveness of the service.
#[derive(Serialize, ToSchema)]
pub(crate) struct Liveness {
    /// Always `ok`.
    #[schema(example = "ok")]
    status: &'static str,
    /// Version of the service.
    #[schema(example = "0.1.0")]
    version: &'static str,
}

/// Readiness of the service.
#[derive(Serialize, ToSchema)]
pub(crate) struct Readiness {
    /// The worst status of all checks.
    #[schema(schema_with = output::health_status)]
    status: &'static str,
    /// Status of each dependency.
    checks: BTreeMap<&'static str, CheckBody>,
}

/// Status of a dependency.
#[derive(Serialize, ToSchema)]
#[schema(as = HealthCheck)]
pub(crate) struct CheckBody {
    #[schema(schema_with = output::health_status)]
    status: &'static str,
    /// What is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "no response in time")]
    detail: Option<&'static str>,
    /// Version of the dependency; of `time_zones` the release of the IANA database.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "2025b")]
    version: Option<String>,
}

/// Check liveness
///
/// Does not query the database, so an orchestrator never restarts a healthy process because the database is down.
#[utoipa::path(
    get, path = "/health/live", operation_id = "getLiveness", tag = "Health",
    responses((status = 200, description = "The service is running", body = Liveness))
)]
pub(crate) async fn live() -> HttpResponse {
    HttpResponse::Ok().json(Liveness { status: "ok", version: env!("CARGO_PKG_VERSION") })
}

/// Check health
///
/// Same as `/health/live`, under a shorter path.
#[utoipa::path(
    get, path = "/health", operation_id = "getHealth", tag = "Health",
    responses((status = 200, description = "The service is running", body = Liveness))
)]
pub(crate) async fn health() -> HttpResponse {
    live().await
}

/// Check readiness
///
/// Checks every dependency. A load balancer should send requests only while the response is 200.
#[utoipa::path(
    get, path = "/health/ready", operation_id = "getReadiness", tag = "Health",
    responses(
        (status = 200, description = "The service is ready", body = Readiness),
        (
            status = 503, description = "The service is not ready", body = Readiness,
            headers(("Retry-After" = u64, description = "Seconds to wait before retrying"))
        )
    )
)]
pub(crate) async fn ready(state: Data<State>) -> HttpResponse {
    let results = join_all(state.api.readiness.iter().map(|part| check(part.as_ref()))).await;
    let failing = results.iter().any(|(_, health, _)| matches!(health, Health::Failing(_)));
    let warned = results.iter().any(|(_, health, _)| matches!(health, Health::Warn(_)));
    let checks = results.into_iter().map(|(name, health, version)| (name, CheckBody::new(health, version))).collect();
    if failing {
        HttpResponse::build(StatusCode::SERVICE_UNAVAILABLE)
            .insert_header((RETRY_AFTER, 2))
            .json(Readiness { status: "failing", checks })
    } else {
        HttpResponse::Ok().json(Readiness { status: if warned { "warn" } else { "ok" }, checks })
    }
}

async fn check(part: &dyn HealthCheck) -> (&'static str, Health, Option<String>) {
    let result = tokio::time::timeout(CHECK_TIMEOUT, part.check()).await;
    let health = result.unwrap_or(Health::Failing("no response in time"));
    (part.name(), health, part.version().map(str::to_owned))
}

impl CheckBody {
    fn new(health: Health, version: Option<String>) -> Self {
        let (status, detail) = match health {
            Health::Ok => ("ok", None),
            Health::Warn(detail) => ("warn", Some(detail)),
            Health::Failing(detail) => ("failing", Some(detail)),
        };
        Self { status, detail, version }
    }
}
