//! What can be booked.

use actix_web::HttpResponse;
use actix_web::web::Data;
use attune_domain::Service;
use serde::Serialize;
use utoipa::ToSchema;

use crate::input::Request;
use crate::output::Amount;
use crate::problem::Problem;
use crate::state::State;

/// A kind of session.
#[derive(Serialize, ToSchema)]
#[schema(as = Service)]
pub(crate) struct ServiceBody {
    /// Which service.
    #[schema(example = 1)]
    id: i64,
    /// What it is called.
    #[schema(example = "Session")]
    name: String,
    /// A sentence about it; may be empty.
    #[schema(example = "Fifty minutes by video.")]
    description: String,
    /// Length in minutes.
    #[schema(example = 50)]
    duration: u32,
    /// What it costs.
    #[schema(value_type = f64, minimum = 0, example = 100.0)]
    amount: Amount,
    /// ISO 4217.
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

/// Everything that can be booked.
#[derive(Serialize, ToSchema)]
pub(crate) struct ServiceList {
    services: Vec<ServiceBody>,
}

/// What can be booked
#[utoipa::path(
    get, path = "/api/services", operation_id = "listServices", tag = "Bookings",
    responses((status = 200, description = "The services that can be booked", body = ServiceList))
)]
pub(crate) async fn list(state: Data<State>, request: Request) -> Result<HttpResponse, Problem> {
    request.no_query()?;
    let services = state.api.queries.services().await?;
    Ok(HttpResponse::Ok().json(ServiceList { services: services.iter().map(ServiceBody::from).collect() }))
}
