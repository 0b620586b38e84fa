//! What therapists do with a booking after it was made.

use actix_web::HttpResponse;
use actix_web::web::Data;
use attune_application::bookings::Change;
use attune_domain::{BookingId, User};
use jiff::Timestamp;
use utoipa::ToSchema;

use crate::admin::bookings::{AdminBookingDetail, answer_changed};
use crate::auth::Admin;
use crate::changes::{Cancel, Reschedule, Wish, version};
use crate::idempotency::unfinished;
use crate::input::{Fields, FromFields, Request};
use crate::problem::Problem;
use crate::state::State;

/// Where a session moves, and whether the hours matter.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"scheduled_at": "2024-01-16T19:00:00Z", "override_hours": true}))]
pub(crate) struct AdminReschedule {
    /// When it should begin: RFC 3339 with `Z` or an offset. Cut to a whole second.
    #[schema(value_type = String, format = DateTime)]
    scheduled_at: Timestamp,
    /// Step over hours, notice, horizon and daily cap, but never over another booking.
    #[schema(value_type = Option<bool>)]
    override_hours: bool,
    /// The `version` that the person saw. If there is another one by now, nothing happens (409 `version_conflict`).
    #[schema(minimum = 1)]
    version: Option<u32>,
}

impl FromFields for AdminReschedule {
    fn read(fields: &mut Fields) -> Option<Self> {
        let override_hours = fields.flag("override_hours").unwrap_or(false);
        let Reschedule { scheduled_at, version } = Reschedule::read(fields)?;
        Some(Self { scheduled_at, override_hours, version })
    }
}

/// What a change is based on.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"version": 2}))]
pub(crate) struct BasedOn {
    /// The `version` that the person saw. If there is another one by now, nothing happens (409 `version_conflict`).
    #[schema(minimum = 1)]
    version: Option<u32>,
}

impl FromFields for BasedOn {
    fn read(fields: &mut Fields) -> Option<Self> {
        Some(Self { version: version(fields) })
    }
}

/// Move a session
///
/// As the client can, but until the session ends, and past the hours if wished.
#[utoipa::path(
    post, path = "/api/admin/bookings/{id}/reschedule", operation_id = "rescheduleAnyBooking", tag = "Admin",
    security(("bearer" = [])),
    params(("id" = i64, Path, minimum = 1, description = "The booking's id", example = 42)),
    request_body = AdminReschedule,
    responses((status = 200, description = "The booking as it is now", body = AdminBookingDetail))
)]
pub(crate) async fn reschedule(
    state: Data<State>,
    Admin(caller): Admin,
    request: Request,
) -> Result<HttpResponse, Problem> {
    let id = request.booking_id()?;
    let metadata = request.origin();
    let (wish, key): (AdminReschedule, _) = request.wish(caller.user.id).await?;
    let change = Change::Reschedule { to: wish.scheduled_at, override_hours: wish.override_hours };
    grant(&state, &caller.user, id, Wish { change, version: wish.version, metadata, key }).await
}

/// Call a session off
///
/// Until it ends. Everything that was paid goes back, whenever it is: the practice is never late.
#[utoipa::path(
    post, path = "/api/admin/bookings/{id}/cancel", operation_id = "cancelAnyBooking", tag = "Admin",
    security(("bearer" = [])),
    params(("id" = i64, Path, minimum = 1, description = "The booking's id", example = 42)),
    request_body = Cancel,
    responses((status = 200, description = "The booking as it is now", body = AdminBookingDetail))
)]
pub(crate) async fn cancel(
    state: Data<State>,
    Admin(caller): Admin,
    request: Request,
) -> Result<HttpResponse, Problem> {
    let id = request.booking_id()?;
    let booking = state.api.links.visible(&caller.user, id).await?.booking;
    let metadata = request.origin();
    let (wish, key): (Cancel, _) = request.optional_wish(caller.user.id).await?;
    let version = wish.version;
    grant(&state, &caller.user, id, Wish { change: wish.of(&booking)?, version, metadata, key }).await
}

/// It took place
///
/// From the beginning of the session on. Also corrects a no-show, for a week.
#[utoipa::path(
    post, path = "/api/admin/bookings/{id}/complete", operation_id = "completeBooking", tag = "Admin",
    security(("bearer" = [])),
    params(("id" = i64, Path, minimum = 1, description = "The booking's id", example = 42)),
    request_body = BasedOn,
    responses((status = 200, description = "The booking as it is now", body = AdminBookingDetail))
)]
pub(crate) async fn complete(
    state: Data<State>,
    Admin(caller): Admin,
    request: Request,
) -> Result<HttpResponse, Problem> {
    correct(&state, &caller.user, request, Change::Complete).await
}

/// The client did not come
///
/// From 15 minutes after the beginning of the session on. Also corrects a completion, for a week.
#[utoipa::path(
    post, path = "/api/admin/bookings/{id}/no-show", operation_id = "markNoShow", tag = "Admin",
    security(("bearer" = [])),
    params(("id" = i64, Path, minimum = 1, description = "The booking's id", example = 42)),
    request_body = BasedOn,
    responses((status = 200, description = "The booking as it is now", body = AdminBookingDetail))
)]
pub(crate) async fn no_show(
    state: Data<State>,
    Admin(caller): Admin,
    request: Request,
) -> Result<HttpResponse, Problem> {
    correct(&state, &caller.user, request, Change::NoShow).await
}

/// That was wrong
///
/// Takes a completion or a no-show back while the end of the session is ahead.
#[utoipa::path(
    post, path = "/api/admin/bookings/{id}/reopen", operation_id = "reopenBooking", tag = "Admin",
    security(("bearer" = [])),
    params(("id" = i64, Path, minimum = 1, description = "The booking's id", example = 42)),
    request_body = BasedOn,
    responses((status = 200, description = "The booking as it is now", body = AdminBookingDetail))
)]
pub(crate) async fn reopen(
    state: Data<State>,
    Admin(caller): Admin,
    request: Request,
) -> Result<HttpResponse, Problem> {
    correct(&state, &caller.user, request, Change::Reopen).await
}

/// Changes that have no effect when they are sent twice, and so need no key.
async fn correct(state: &State, admin: &User, request: Request, change: Change) -> Result<HttpResponse, Problem> {
    let id = request.booking_id()?;
    let metadata = request.origin();
    let BasedOn { version } = request.optional_body().await?;
    grant(state, admin, id, Wish { change, version, metadata, key: None }).await
}

/// Changes the booking and answers with everything about it.
async fn grant(state: &State, admin: &User, booking: BookingId, wish: Wish) -> Result<HttpResponse, Problem> {
    let command = wish.command(admin, booking, unfinished);
    let idempotency = command.idempotency.clone();
    let granted = state.api.change_booking.run(command).await?;
    answer_changed(state, admin, idempotency.as_ref(), granted).await
}
