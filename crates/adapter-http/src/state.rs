//! The state that handlers share: use cases, settings, rate limits.

use std::sync::Arc;

use actix_web::HttpRequest;
use actix_web::web::Data;
use attune_application::UseCases;
use attune_http_common::{Code, Problem, RateLimiter};
use attune_ports::{Clock, HealthCheck, PaymentEvents, Queries, Random, WebhookVerifier};
use attune_wording::Wording;

use crate::response::documents::Documents;
use crate::route_names::RouteNames;
use crate::settings::HttpSettings;

/// The use cases and what the HTTP side needs besides them.
pub struct Api {
    pub use_cases: UseCases,
    /// Verifies the payment provider's webhooks; without it there is no such endpoint.
    pub payment_events: Option<Arc<dyn PaymentEvents>>,
    /// Verifies the webhooks of JaaS; without it there is no such endpoint.
    pub jaas_webhooks: Option<Arc<dyn WebhookVerifier>>,
    pub queries: Arc<dyn Queries>,
    pub clock: Arc<dyn Clock>,
    pub random: Arc<dyn Random>,
    pub wording: Arc<Wording>,
    pub readiness: Vec<Arc<dyn HealthCheck>>,
}

pub(crate) struct State {
    pub(crate) api: Arc<Api>,
    pub(crate) settings: HttpSettings,
    /// Shared with the pages.
    pub(crate) limiter: Arc<RateLimiter>,
    pub(crate) documents: Documents,
    pub(crate) routes: RouteNames,
}

impl State {
    pub(crate) fn new(api: Arc<Api>, settings: HttpSettings, routes: RouteNames, documents: Documents) -> Self {
        let limiter = Arc::new(RateLimiter::new(settings.limits.clone(), api.clock.clone()));
        Self { api, settings, limiter, documents, routes }
    }

    pub(crate) fn of(http: &HttpRequest) -> Result<&Self, Problem> {
        http.app_data::<Data<Self>>().map(|data| &***data).ok_or_else(|| Code::Internal.into())
    }
}
