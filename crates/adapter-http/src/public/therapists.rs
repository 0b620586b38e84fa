//! The therapists who can be booked.

use actix_web::HttpResponse;
use actix_web::web::Data;
use attune_domain::{Role, User};
use attune_http_common::HandlerResult;
use attune_ports::{PageRequest, UserFilter};
use serde::Serialize;
use utoipa::ToSchema;

use crate::request::input::Request;
use crate::state::State;

/// Far more than a practice has.
const MAX_THERAPISTS: u32 = 1_000;

/// A therapist.
#[derive(Serialize, ToSchema)]
#[schema(as = Therapist)]
pub(crate) struct TherapistBody {
    /// Therapist ID.
    #[schema(example = 1)]
    id: i64,
    /// Name, as clients see it; `Therapist` for one without a name.
    #[schema(example = "Carl Rogers")]
    name: String,
}

impl From<&User> for TherapistBody {
    fn from(user: &User) -> Self {
        // Not the email address, which is for the practice to publish.
        let name = user.name().unwrap_or_else(|| user.role.neutral_name().to_owned());
        Self { id: user.id.get(), name }
    }
}

/// The therapists of the practice.
#[derive(Serialize, ToSchema)]
pub(crate) struct TherapistList {
    therapists: Vec<TherapistBody>,
}

/// List therapists
///
/// Returns the therapists who can be booked. The first one is the default where no `therapist_id` is sent.
#[utoipa::path(
    get, path = "/api/therapists", operation_id = "listTherapists", tag = "Bookings",
    responses((status = 200, description = "The therapists", body = TherapistList))
)]
pub(crate) async fn list(state: Data<State>, request: Request) -> HandlerResult {
    request.no_query()?;
    let filter = UserFilter { role: Some(Role::Admin), disabled: Some(false), search: None };
    let found = state.api.queries.users(&filter, PageRequest { limit: MAX_THERAPISTS, offset: 0 }).await?;
    Ok(HttpResponse::Ok().json(TherapistList { therapists: found.items.iter().map(TherapistBody::from).collect() }))
}
