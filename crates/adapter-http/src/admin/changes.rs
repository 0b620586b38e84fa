//! What therapists do with a booking after it was made.

use actix_web::HttpResponse;
use actix_web::web::Data;
use attune_application::bookings::Change;
use attune_domain::{BookingId, User};
use jiff::Timestamp;
use utoipa::ToSchema;

use crate::admin::booking_detail::{AdminBookingDetail, answer_changed};
use crate::client::changes::{Cancel, Reschedule, Wish, version};
use crate::request::auth::Admin;
use crate::request::idempotency::unfinished;
use crate::request::input::{Fields, FromFields, Request};
use crate::response::problem::Problem;
use crate::state::State;

/// The new time, and whether to ignore the working hours.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"scheduled_at": "2024-01-16T19:00:00Z", "override_hours": true}))]
pub(crate) struct AdminReschedule {
    /// When the appointment starts: RFC 3339 with `Z` or an offset. Truncated to whole seconds.
    #[schema(value_type = String, format = DateTime)]
    scheduled_at: Timestamp,
    /// Ignore working hours, notice, booking horizon and daily limit, but never another booking.
    #[schema(value_type = Option<bool>)]
    override_hours: bool,
    /// The `version` that the change is based on. If the booking has another version by now, nothing changes (409
    /// `version_conflict`).
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

/// The version that a change is based on.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"version": 2}))]
pub(crate) struct BasedOn {
    /// The `version` that the change is based on. If the booking has another version by now, nothing changes (409
    /// `version_conflict`).
    #[schema(minimum = 1)]
    version: Option<u32>,
}

impl FromFields for BasedOn {
    fn read(fields: &mut Fields) -> Option<Self> {
        Some(Self { version: version(fields) })
    }
}

/// Reschedule any booking
///
/// Same as for the client, but until the appointment ends, and on request outside the working hours.
#[utoipa::path(
    post, path = "/api/admin/bookings/{id}/reschedule", operation_id = "rescheduleAnyBooking", tag = "Admin",
    security(("bearer" = [])),
    params(("id" = i64, Path, minimum = 1, description = "Booking ID", example = 42)),
    request_body = AdminReschedule,
    responses((status = 200, description = "The updated booking", body = AdminBookingDetail))
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

/// Cancel any booking
///
/// Possible until the appointment ends. Everything paid is refunded at any time, whatever the cancellation terms.
#[utoipa::path(
    post, path = "/api/admin/bookings/{id}/cancel", operation_id = "cancelAnyBooking", tag = "Admin",
    security(("bearer" = [])),
    params(("id" = i64, Path, minimum = 1, description = "Booking ID", example = 42)),
    request_body = Cancel,
    responses((status = 200, description = "The updated booking", body = AdminBookingDetail))
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

/// Complete a booking
///
/// Possible once the appointment has started. Also corrects a no-show, for seven days.
#[utoipa::path(
    post, path = "/api/admin/bookings/{id}/complete", operation_id = "completeBooking", tag = "Admin",
    security(("bearer" = [])),
    params(("id" = i64, Path, minimum = 1, description = "Booking ID", example = 42)),
    request_body = BasedOn,
    responses((status = 200, description = "The updated booking", body = AdminBookingDetail))
)]
pub(crate) async fn complete(
    state: Data<State>,
    Admin(caller): Admin,
    request: Request,
) -> Result<HttpResponse, Problem> {
    correct(&state, &caller.user, request, Change::Complete).await
}

/// Mark a booking as a no-show
///
/// Possible from 15 minutes after the appointment has started. Also corrects a completion, for seven days.
#[utoipa::path(
    post, path = "/api/admin/bookings/{id}/no-show", operation_id = "markNoShow", tag = "Admin",
    security(("bearer" = [])),
    params(("id" = i64, Path, minimum = 1, description = "Booking ID", example = 42)),
    request_body = BasedOn,
    responses((status = 200, description = "The updated booking", body = AdminBookingDetail))
)]
pub(crate) async fn no_show(
    state: Data<State>,
    Admin(caller): Admin,
    request: Request,
) -> Result<HttpResponse, Problem> {
    correct(&state, &caller.user, request, Change::NoShow).await
}

/// Reopen a booking
///
/// Reverts a completion or a no-show until the appointment ends.
#[utoipa::path(
    post, path = "/api/admin/bookings/{id}/reopen", operation_id = "reopenBooking", tag = "Admin",
    security(("bearer" = [])),
    params(("id" = i64, Path, minimum = 1, description = "Booking ID", example = 42)),
    request_body = BasedOn,
    responses((status = 200, description = "The updated booking", body = AdminBookingDetail))
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
