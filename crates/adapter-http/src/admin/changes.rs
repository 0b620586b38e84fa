//! Changes that admins make to a booking.

use actix_web::HttpResponse;
use actix_web::web::Data;
use attune_application::bookings::Change;
use attune_domain::{BookingId, User};
use jiff::Timestamp;
use utoipa::ToSchema;

use crate::admin::booking_detail::{AdminBookingDetail, answer_changed};
use crate::client::changes::{
    CancelBookingProblems, CancelRequest, ChangeRequest, RescheduleBookingProblems, RescheduleRequest, version,
};
use crate::request::auth::Admin;
use crate::request::input::{Fields, FromFields, Request};
use crate::response::problem::{Problem, problems};
use crate::state::State;

/// The new time, and whether to ignore the working hours.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"scheduled_at": "2024-01-16T19:00:00Z", "override_hours": true}))]
pub(crate) struct AdminRescheduleRequest {
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

impl FromFields for AdminRescheduleRequest {
    fn read(fields: &mut Fields) -> Option<Self> {
        let override_hours = fields.flag("override_hours").unwrap_or(false);
        let RescheduleRequest { scheduled_at, version } = RescheduleRequest::read(fields)?;
        Some(Self { scheduled_at, override_hours, version })
    }
}

/// The version that a change is based on.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"version": 2}))]
pub(crate) struct ExpectedVersion {
    /// The `version` that the change is based on. If the booking has another version by now, nothing changes (409
    /// `version_conflict`).
    #[schema(minimum = 1)]
    version: Option<u32>,
}

impl FromFields for ExpectedVersion {
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
    request_body = AdminRescheduleRequest,
    responses(
        (status = 200, description = "The updated booking", body = AdminBookingDetail),
        RescheduleBookingProblems
    )
)]
pub(crate) async fn reschedule(
    state: Data<State>,
    Admin(caller): Admin,
    request: Request,
) -> Result<HttpResponse, Problem> {
    let id = request.booking_id()?;
    let metadata = request.metadata();
    let (body, idempotency): (AdminRescheduleRequest, _) = request.idempotent_body(caller.user.id).await?;
    let change = Change::Reschedule { to: body.scheduled_at, override_hours: body.override_hours };
    apply(&state, &caller.user, id, ChangeRequest { change, version: body.version, metadata, idempotency }).await
}

/// Cancel any booking
///
/// Possible until the appointment ends. Everything paid is refunded at any time, whatever the cancellation terms.
#[utoipa::path(
    post, path = "/api/admin/bookings/{id}/cancel", operation_id = "cancelAnyBooking", tag = "Admin",
    security(("bearer" = [])),
    params(("id" = i64, Path, minimum = 1, description = "Booking ID", example = 42)),
    request_body = CancelRequest,
    responses((status = 200, description = "The updated booking", body = AdminBookingDetail), CancelBookingProblems)
)]
pub(crate) async fn cancel(
    state: Data<State>,
    Admin(caller): Admin,
    request: Request,
) -> Result<HttpResponse, Problem> {
    let id = request.booking_id()?;
    let booking = state.api.use_cases.view_booking.run(&caller.user, id).await?.booking;
    let metadata = request.metadata();
    let (body, idempotency): (CancelRequest, _) = request.optional_idempotent_body(caller.user.id).await?;
    let (version, change) = (body.version, body.for_booking(&booking)?);
    let command = ChangeRequest { change, version, metadata, idempotency }.command(&caller.user, id);
    let idempotency = command.idempotency.clone();
    let changed = state.api.use_cases.change_booking.run_on(&booking, command).await?;
    answer_changed(&state, &caller.user, idempotency.as_ref(), changed).await
}

problems! {
    CompleteBookingProblems: BookingNotFound, InvalidState, WindowClosed, VersionConflict, Conflict, OutOfRange
}

/// Complete a booking
///
/// Possible once the appointment has started. Also corrects a no-show, for seven days.
#[utoipa::path(
    post, path = "/api/admin/bookings/{id}/complete", operation_id = "completeBooking", tag = "Admin",
    security(("bearer" = [])),
    params(("id" = i64, Path, minimum = 1, description = "Booking ID", example = 42)),
    request_body = ExpectedVersion,
    responses((status = 200, description = "The updated booking", body = AdminBookingDetail), CompleteBookingProblems)
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
    request_body = ExpectedVersion,
    responses((status = 200, description = "The updated booking", body = AdminBookingDetail), CompleteBookingProblems)
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
    request_body = ExpectedVersion,
    responses((status = 200, description = "The updated booking", body = AdminBookingDetail), CompleteBookingProblems)
)]
pub(crate) async fn reopen(
    state: Data<State>,
    Admin(caller): Admin,
    request: Request,
) -> Result<HttpResponse, Problem> {
    correct(&state, &caller.user, request, Change::Reopen).await
}

/// Repeating these changes has no effect, so they need no idempotency key.
async fn correct(state: &State, admin: &User, request: Request, change: Change) -> Result<HttpResponse, Problem> {
    let id = request.booking_id()?;
    let metadata = request.metadata();
    let ExpectedVersion { version } = request.optional_body().await?;
    apply(state, admin, id, ChangeRequest { change, version, metadata, idempotency: None }).await
}

async fn apply(
    state: &State,
    admin: &User,
    booking: BookingId,
    request: ChangeRequest,
) -> Result<HttpResponse, Problem> {
    let command = request.command(admin, booking);
    let idempotency = command.idempotency.clone();
    let outcome = state.api.use_cases.change_booking.run(command).await?;
    answer_changed(state, admin, idempotency.as_ref(), outcome).await
}
