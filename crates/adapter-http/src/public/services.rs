//! The bookable services.

use actix_web::HttpResponse;
use actix_web::web::Data;
use attune_domain::Service;
use attune_http_common::HandlerResult;
use serde::Serialize;
use utoipa::ToSchema;

use crate::request::input::Request;
use crate::response::output::Amount;
use crate::state::State;

/// A service.
#[derive(Serialize, ToSchema)]
#[schema(as = Service)]
pub(crate) struct ServiceBody {
    /// Service ID.
    #[schema(example = 1)]
    id: i64,
    /// Name of the service.
    #[schema(example = "Session")]
    name: String,
    /// Short description; may be empty.
    #[schema(example = "Fifty minutes by video.")]
    description: String,
    /// Duration in minutes.
    #[schema(example = 50)]
    duration: u32,
    /// Price.
    #[schema(value_type = f64, minimum = 0, example = 100.0)]
    amount: Amount,
    /// ISO 4217 currency code.
    #[schema(example = "EUR")]
    currency: String,
}

impl From<&Service> for ServiceBody {
    fn from(service: &Service) -> Self {
        Self {
            id: service.id.get(),
            name: service.name.clone(),
            description: service.description.clone(),
            duration: service.minutes,
            amount: Amount(service.price),
            currency: service.price.currency().code().to_owned(),
        }
    }
}

/// The bookable services.
#[derive(Serialize, ToSchema)]
pub(crate) struct ServiceList {
    services: Vec<ServiceBody>,
}

/// List services
#[utoipa::path(
    get, path = "/api/services", operation_id = "listServices", tag = "Bookings",
    responses((status = 200, description = "The bookable services", body = ServiceList))
)]
pub(crate) async fn list(state: Data<State>, request: Request) -> HandlerResult {
    request.no_query()?;
    let services = state.api.queries.services().await?;
    Ok(HttpResponse::Ok().json(ServiceList { services: services.iter().map(ServiceBody::from).collect() }))
}
