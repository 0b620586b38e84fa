//! The pages of another adapter, which the server shows besides the API.

use std::sync::Arc;

use actix_web::web::ServiceConfig;
use attune_http_common::Endpoint;
use utoipa::openapi::OpenApi;

/// What the server needs to know about pages.
#[derive(Clone)]
pub struct Pages {
    /// Builds their endpoints; each thread of the server has its own.
    pub endpoints: Arc<dyn Fn() -> Vec<Endpoint> + Send + Sync>,
    /// Adds what the handlers need, and the handler of paths without an endpoint.
    pub configure: Arc<dyn Fn(&mut ServiceConfig) + Send + Sync>,
    /// Their operations that belong into the OpenAPI document.
    pub openapi: OpenApi,
}
