//! Rescheduling and cancelling a booking.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use attune_application::bookings::{Change, ChangeBookingCommand};
use attune_application::{IdempotentRequest, RequestMetadata};
use attune_domain::{Booking, BookingId, Currency, Money, User};
use attune_http_common::{Code, HandlerResult, Problem};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use crate::client::bookings::BookingDetail;
use crate::request::auth::Signed;
use crate::request::idempotency::idempotent_response;
use crate::request::input::{Fields, FromFields, Request};
use crate::response::output::{Amount, Instant, json};
use crate::state::State;

/// Maximum length of the reason of a move, a cancellation or a refund, in characters.
const MAX_REASON_CHARS: usize = 500;

/// The new time.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"scheduled_at": "2024-01-16T10:00:00Z", "version": 2}))]
pub(crate) struct RescheduleRequest {
    /// When the appointment starts: RFC 3339 with `Z` or an offset, at a whole second.
    #[schema(value_type = String, format = DateTime)]
    pub(crate) scheduled_at: Timestamp,
    /// Reason, at most 500 characters. The practice can read it.
    #[schema(max_length = 500)]
    pub(crate) reason: Option<String>,
    /// The `version` that the change is based on. If the booking has another version by now, nothing changes (409
    /// `version_conflict`).
    #[schema(minimum = 1)]
    pub(crate) version: Option<u32>,
}

impl FromFields for RescheduleRequest {
    fn read(fields: &mut Fields) -> Option<Self> {
        let scheduled_at = fields.start("scheduled_at");
        let (reason, version) = (reason(fields), version(fields));
        Some(Self { scheduled_at: scheduled_at?, reason, version })
    }
}

/// A cancellation.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"reason": "Ill", "expected_refund": 100.00}))]
pub(crate) struct CancelRequest {
    /// Reason, at most 500 characters. The practice can read a client's; the client gets the practice's in the email about the
    /// cancellation. Participants get neither.
    #[schema(max_length = 500)]
    pub(crate) reason: Option<String>,
    /// The refund that the user was shown, in the currency of the booking. If the refund differs by now, nothing
    /// changes (409 `quote_changed`).
    #[schema(value_type = Option<f64>, minimum = 0)]
    pub(crate) expected_refund: Option<String>,
    /// The `version` that the change is based on. If the booking has another version by now, nothing changes (409
    /// `version_conflict`).
    #[schema(minimum = 1)]
    pub(crate) version: Option<u32>,
}

impl FromFields for CancelRequest {
    const OPTIONAL: bool = true;

    fn read(fields: &mut Fields) -> Option<Self> {
        Some(Self {
            reason: reason(fields),
            expected_refund: fields.number("expected_refund"),
            version: version(fields),
        })
    }
}

impl CancelRequest {
    /// The change. The expected refund is in the currency of the booking.
    pub(crate) fn for_booking(self, booking: &Booking) -> Result<Change, Problem> {
        let expected_refund = expected_refund(self.expected_refund, booking.price().currency())?;
        Ok(Change::Cancel { reason: self.reason, expected_refund })
    }
}

/// The refund that the user was shown, `expected_refund`.
pub(crate) fn expected_refund(sent: Option<String>, currency: Currency) -> Result<Option<Money>, Problem> {
    let read = |digits: String| {
        Money::parse_decimal(&digits, currency).map_err(|_| Problem::field("expected_refund", Code::InvalidAmount))
    };
    sent.map(read).transpose()
}

pub(crate) fn reason(fields: &mut Fields) -> Option<String> {
    let reason = fields.optional_lines("reason").map(|text| text.trim().to_owned());
    if reason.as_ref().is_some_and(|text| text.chars().count() > MAX_REASON_CHARS) {
        fields.wrong("reason", Code::TooLong);
    }
    reason.filter(|text| !text.is_empty())
}

pub(crate) fn version(fields: &mut Fields) -> Option<u32> {
    fields.whole("version", |n| u32::try_from(n).ok().filter(|version| *version > 0))
}

/// The version of something that has version 0 until it is set.
pub(crate) fn version_or_zero(fields: &mut Fields) -> Option<u32> {
    fields.whole("version", |n| u32::try_from(n).ok())
}

/// What a cancellation would lead to now.
#[derive(Serialize, ToSchema)]
#[schema(as = CancellationQuote)]
pub(crate) struct QuoteBody {
    /// Whether it is too late to cancel free of charge. Never true for the practice itself.
    #[schema(example = false)]
    late: bool,
    /// Refund that the client would receive.
    #[schema(value_type = f64, minimum = 0, example = 100.0)]
    refund_amount: Amount,
    /// Part of the payment that the practice would keep.
    #[schema(value_type = f64, minimum = 0, example = 0.0)]
    fee_amount: Amount,
    /// ISO 4217 currency code.
    #[schema(example = "EUR")]
    currency: String,
    /// Until when the client can cancel free of charge.
    #[schema(value_type = String, format = DateTime, example = "2024-01-14T10:00:00Z")]
    free_until: Instant,
}

/// Reschedule a booking
///
/// The booking keeps its payment, room and links. A client can reschedule until the practice's notice period starts, an
/// admin until the appointment ends. Here admins are bound to the working hours as well; the endpoint under
/// `/api/admin` can override them. All participants are notified by email. Rescheduling to the same time changes
/// nothing.
#[utoipa::path(
    post, path = "/api/bookings/{id}/reschedule", operation_id = "rescheduleBooking", tag = "Bookings",
    security(("bearer" = [])),
    request_body = RescheduleRequest,
    responses((status = 200, description = "The updated booking", body = BookingDetail))
)]
pub(crate) async fn reschedule(state: Data<State>, Signed(caller): Signed, request: Request) -> HandlerResult {
    let id = request.booking_id()?;
    let booking = state.api.use_cases.view_booking.run(&caller.user, id).await?.booking;
    let metadata = request.metadata();
    let (body, idempotency): (RescheduleRequest, _) = request.idempotent_body(caller.user.id).await?;
    let change = Change::Reschedule { to: body.scheduled_at, override_hours: false, reason: body.reason };
    apply(&state, &caller.user, &booking, ChangeRequest { change, version: body.version, metadata, idempotency }).await
}

/// Quote a cancellation
///
/// Returns the refund that a cancellation by the caller would lead to now, under the terms that applied when the
/// booking was made. When an admin cancels, everything paid is refunded at any time.
#[utoipa::path(
    get, path = "/api/bookings/{id}/cancellation-quote", operation_id = "quoteCancellation", tag = "Bookings",
    security(("bearer" = [])),
    responses((status = 200, description = "The quote", body = QuoteBody))
)]
pub(crate) async fn quote(state: Data<State>, Signed(caller): Signed, request: Request) -> HandlerResult {
    let id = request.booking_id()?;
    request.no_query()?;
    let (booking, quote) = state.api.use_cases.change_booking.quote(caller.user.id, caller.user.role, id).await?;
    Ok(HttpResponse::Ok().json(QuoteBody {
        late: quote.late,
        refund_amount: Amount(quote.refund),
        fee_amount: Amount(quote.fee),
        currency: booking.price().currency().code().to_owned(),
        free_until: Instant(quote.free_until),
    }))
}

/// Cancel a booking
///
/// A client can cancel until the appointment starts, an admin until it ends. Request a quote first, and send its
/// `refund_amount` as `expected_refund`, so that a deadline that passes in between cannot change the refund unnoticed.
/// All participants are notified by email. The slot is released.
#[utoipa::path(
    post, path = "/api/bookings/{id}/cancel", operation_id = "cancelBooking", tag = "Bookings",
    security(("bearer" = [])),
    request_body = CancelRequest,
    responses((status = 200, description = "The updated booking", body = BookingDetail))
)]
pub(crate) async fn cancel(state: Data<State>, Signed(caller): Signed, request: Request) -> HandlerResult {
    let id = request.booking_id()?;
    let booking = state.api.use_cases.view_booking.run(&caller.user, id).await?.booking;
    let metadata = request.metadata();
    let (body, idempotency): (CancelRequest, _) = request.idempotent_body(caller.user.id).await?;
    let (version, change) = (body.version, body.for_booking(&booking)?);
    apply(&state, &caller.user, &booking, ChangeRequest { change, version, metadata, idempotency }).await
}

pub(crate) struct ChangeRequest {
    pub(crate) change: Change,
    pub(crate) version: Option<u32>,
    pub(crate) metadata: RequestMetadata,
    pub(crate) idempotency: Option<IdempotentRequest>,
}

impl ChangeRequest {
    pub(crate) fn command(self, user: &User, booking: BookingId) -> ChangeBookingCommand {
        ChangeBookingCommand {
            actor: user.id,
            role: user.role,
            booking,
            change: self.change,
            version: self.version,
            metadata: self.metadata,
            idempotency: self.idempotency,
        }
    }
}

/// Changes the booking and responds with it as its client sees it.
async fn apply(state: &State, user: &User, read: &Booking, request: ChangeRequest) -> HandlerResult {
    let idempotency = request.idempotency.clone();
    let outcome = state.api.use_cases.change_booking.run_on(read, request.command(user, read.id())).await?;
    let recover = async |id| Ok(state.api.use_cases.view_booking.run(user, id).await?.booking);
    let render = async |booking| Ok((StatusCode::OK, json(&BookingDetail::new(state, &booking, user))));
    Ok(idempotent_response(state, idempotency.as_ref(), outcome, recover, render).await?.respond())
}
