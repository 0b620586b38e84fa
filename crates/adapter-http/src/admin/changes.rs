//! Changes that admins make to a booking.

use actix_web::HttpResponse;
use actix_web::web::Data;
use attune_application::bookings::{Change, EditBookingCommand};
use attune_domain::{BookingId, ServiceId, User, UserId};
use attune_http_common::HandlerResult;
use jiff::Timestamp;
use utoipa::ToSchema;

use crate::admin::booking_detail::{AdminBookingDetail, detail, respond_changed};
use crate::client::changes::{CancelRequest, ChangeRequest, RescheduleRequest, version};
use crate::request::auth::Admin;
use crate::request::input::{Fields, FromFields, Request};
use crate::state::State;

/// The new time, and whether to ignore the working hours.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"scheduled_at": "2024-01-16T19:00:00Z", "override_hours": true}))]
pub(crate) struct AdminRescheduleRequest {
    /// When the appointment starts: RFC 3339 with `Z` or an offset, at a whole second.
    #[schema(value_type = String, format = DateTime)]
    scheduled_at: Timestamp,
    /// Ignore the practice's rules: working hours, the grid of start times, notice, booking horizon and daily limit. Never
    /// ignored: another booking, the present (no start in the past), and 366 days, the furthest start ahead.
    #[schema(value_type = Option<bool>)]
    override_hours: bool,
    /// Reason, at most 500 characters. Only the practice can read it.
    #[schema(max_length = 500)]
    reason: Option<String>,
    /// The `version` that the change is based on. If the booking has another version by now, nothing changes (409
    /// `version_conflict`).
    #[schema(minimum = 1)]
    version: Option<u32>,
}

impl FromFields for AdminRescheduleRequest {
    fn read(fields: &mut Fields) -> Option<Self> {
        let override_hours = fields.flag("override_hours").unwrap_or(false);
        let RescheduleRequest { scheduled_at, reason, version } = RescheduleRequest::read(fields)?;
        Some(Self { scheduled_at, override_hours, reason, version })
    }
}

/// The new therapist, and whether to ignore their working hours.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"therapist_id": 4, "version": 2}))]
pub(crate) struct ReassignRequest {
    /// ID of the new therapist.
    #[schema(value_type = i64, minimum = 1)]
    therapist_id: UserId,
    /// Ignore the working hours of the new therapist and the daily limit, but never another booking.
    #[schema(value_type = Option<bool>)]
    override_hours: bool,
    /// The `version` that the change is based on. If the booking has another version by now, nothing changes (409
    /// `version_conflict`).
    #[schema(minimum = 1)]
    version: Option<u32>,
}

impl FromFields for ReassignRequest {
    fn read(fields: &mut Fields) -> Option<Self> {
        let therapist_id = fields.need("therapist_id", |fields, name| fields.whole(name, UserId::new));
        let override_hours = fields.flag("override_hours").unwrap_or(false);
        let version = version(fields);
        Some(Self { therapist_id: therapist_id?, override_hours, version })
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
    pub(crate) version: Option<u32>,
}

impl FromFields for ExpectedVersion {
    const OPTIONAL: bool = true;

    fn read(fields: &mut Fields) -> Option<Self> {
        Some(Self { version: version(fields) })
    }
}

/// What to change about a booking.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"amount": 80.00, "version": 2}))]
pub(crate) struct BookingUpdate {
    /// Another service, active or not. The appointment keeps its start and gets the duration of the service; as long as
    /// it is unpaid, also its price.
    #[schema(value_type = Option<i64>, minimum = 1)]
    service_id: Option<ServiceId>,
    /// What is due, in the currency of the booking, until it is paid. Zero waives the payment and confirms the booking.
    /// Once a part of the price was paid, the new one must be above that part.
    #[schema(value_type = Option<f64>, minimum = 0)]
    amount: Option<String>,
    /// Note, at most 2000 characters; null or empty removes it. The client can read it.
    #[schema(value_type = Option<String>, max_length = 2000)]
    note: Option<Option<String>>,
    /// The `version` that the change is based on. If the booking has another version by now, nothing changes (409
    /// `version_conflict`).
    #[schema(minimum = 1)]
    version: Option<u32>,
}

impl FromFields for BookingUpdate {
    fn read(fields: &mut Fields) -> Option<Self> {
        let text = |text: &str| Ok(Some(text.to_owned()).filter(|text| !text.trim().is_empty()));
        Some(Self {
            service_id: fields.whole("service_id", ServiceId::new),
            amount: fields.number("amount"),
            note: fields.change_lines("note", text),
            version: version(fields),
        })
    }
}

/// Update any booking
///
/// Changes its service, its price or its note. A new price ends a checkout that the client has opened. To move the
/// appointment, reschedule it.
#[utoipa::path(
    patch, path = "/api/admin/bookings/{id}", operation_id = "updateAnyBooking",
    request_body = BookingUpdate,
    responses((status = 200, description = "The updated booking", body = AdminBookingDetail))
)]
pub(crate) async fn edit(state: Data<State>, Admin(caller): Admin, request: Request) -> HandlerResult {
    let booking = request.booking_id()?;
    let metadata = request.metadata();
    let BookingUpdate { service_id: service, amount, note, version } = request.body().await?;
    let command = EditBookingCommand { admin: caller.user.id, booking, service, amount, note, version, metadata };
    state.api.use_cases.edit_booking.run(command).await?;
    Ok(HttpResponse::Ok().json(detail(&state, &caller.user, booking).await?))
}

/// Reschedule any booking
///
/// Same as for the client, but until the appointment ends, and on request outside the working hours.
#[utoipa::path(
    post, path = "/api/admin/bookings/{id}/reschedule", operation_id = "rescheduleAnyBooking",
    request_body = AdminRescheduleRequest,
    responses((status = 200, description = "The updated booking", body = AdminBookingDetail))
)]
pub(crate) async fn reschedule(state: Data<State>, Admin(caller): Admin, request: Request) -> HandlerResult {
    let id = request.booking_id()?;
    let metadata = request.metadata();
    let (body, idempotency): (AdminRescheduleRequest, _) = request.idempotent_body(caller.user.id).await?;
    let (to, override_hours, reason) = (body.scheduled_at, body.override_hours, body.reason);
    let change = Change::Reschedule { to, override_hours, reason };
    apply(&state, &caller.user, id, ChangeRequest { change, version: body.version, metadata, idempotency }).await
}

/// Reassign a booking
///
/// Hands an appointment that has not ended to another therapist. Its time, room, price, payment and reminders stay as they
/// are. The new therapist's working hours apply, unless they are overridden. Reassigning to the same therapist changes
/// nothing.
#[utoipa::path(
    post, path = "/api/admin/bookings/{id}/reassign", operation_id = "reassignBooking",
    request_body = ReassignRequest,
    responses((status = 200, description = "The updated booking", body = AdminBookingDetail))
)]
pub(crate) async fn reassign(state: Data<State>, Admin(caller): Admin, request: Request) -> HandlerResult {
    let id = request.booking_id()?;
    let metadata = request.metadata();
    let (body, idempotency): (ReassignRequest, _) = request.idempotent_body(caller.user.id).await?;
    let change = Change::Reassign { to: body.therapist_id, override_hours: body.override_hours };
    apply(&state, &caller.user, id, ChangeRequest { change, version: body.version, metadata, idempotency }).await
}

/// Cancel any booking
///
/// Possible until the appointment ends. Everything paid is refunded at any time, whatever the cancellation terms.
#[utoipa::path(
    post, path = "/api/admin/bookings/{id}/cancel", operation_id = "cancelAnyBooking",
    request_body = CancelRequest,
    responses((status = 200, description = "The updated booking", body = AdminBookingDetail))
)]
pub(crate) async fn cancel(state: Data<State>, Admin(caller): Admin, request: Request) -> HandlerResult {
    let id = request.booking_id()?;
    let booking = state.api.use_cases.view_booking.run(&caller.user, id).await?.booking;
    let metadata = request.metadata();
    let (body, idempotency): (CancelRequest, _) = request.idempotent_body(caller.user.id).await?;
    let (version, change) = (body.version, body.for_booking(&booking)?);
    let command = ChangeRequest { change, version, metadata, idempotency }.command(&caller.user, id);
    let idempotency = command.idempotency.clone();
    let changed = state.api.use_cases.change_booking.run_on(&booking, command).await?;
    respond_changed(&state, &caller.user, idempotency.as_ref(), changed).await
}

/// Complete a booking
///
/// Possible once the appointment has started. Also corrects a no-show, for seven days.
#[utoipa::path(
    post, path = "/api/admin/bookings/{id}/complete", operation_id = "completeBooking",
    request_body = ExpectedVersion,
    responses((status = 200, description = "The updated booking", body = AdminBookingDetail))
)]
pub(crate) async fn complete(state: Data<State>, Admin(caller): Admin, request: Request) -> HandlerResult {
    correct(&state, &caller.user, request, Change::Complete).await
}

/// Mark a booking as a no-show
///
/// Possible from 15 minutes after the appointment has started. Also corrects a completion, for seven days.
#[utoipa::path(
    post, path = "/api/admin/bookings/{id}/no-show", operation_id = "markNoShow",
    request_body = ExpectedVersion,
    responses((status = 200, description = "The updated booking", body = AdminBookingDetail))
)]
pub(crate) async fn no_show(state: Data<State>, Admin(caller): Admin, request: Request) -> HandlerResult {
    correct(&state, &caller.user, request, Change::NoShow).await
}

/// Reopen a booking
///
/// Reverts a completion or a no-show until the appointment ends.
#[utoipa::path(
    post, path = "/api/admin/bookings/{id}/reopen", operation_id = "reopenBooking",
    request_body = ExpectedVersion,
    responses((status = 200, description = "The updated booking", body = AdminBookingDetail))
)]
pub(crate) async fn reopen(state: Data<State>, Admin(caller): Admin, request: Request) -> HandlerResult {
    correct(&state, &caller.user, request, Change::Reopen).await
}

/// Repeating these changes has no effect, so they need no idempotency key.
async fn correct(state: &State, admin: &User, request: Request, change: Change) -> HandlerResult {
    let id = request.booking_id()?;
    let metadata = request.metadata();
    let ExpectedVersion { version } = request.body().await?;
    apply(state, admin, id, ChangeRequest { change, version, metadata, idempotency: None }).await
}

async fn apply(state: &State, admin: &User, booking: BookingId, request: ChangeRequest) -> HandlerResult {
    let command = request.command(admin, booking);
    let idempotency = command.idempotency.clone();
    let outcome = state.api.use_cases.change_booking.run(command).await?;
    respond_changed(state, admin, idempotency.as_ref(), outcome).await
}
