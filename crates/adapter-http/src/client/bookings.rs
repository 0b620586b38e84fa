//! Bookings, for their clients.

#![expect(unused_qualifications, reason = "utoipa qualifies the parameters of a path in the code it generates")]

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use attune_application::bookings::{CreateBookingCommand, CreatedBooking, PaymentChoice};
use attune_domain::{
    Booking, BookingId, BookingStatus, PaymentStatus, PersonalLink, Role, SeriesId, ServiceId, User, UserId,
};
use attune_http_common::{Code, HandlerResult, Problem, schema};
use attune_ports::{BookingFilter, BookingPageRequest};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use crate::request::auth::Signed;
use crate::request::idempotency::idempotent_response;
use crate::request::input::{Fields, FromFields, Request};
use crate::request::paging::{CursorQuery, PageQuery, booking_page, next_link};
use crate::response::output::{Amount, Instant, json};
use crate::state::State;

/// A booking in a client's list. Existing clients rely on these fields and their order.
#[derive(Serialize, ToSchema)]
#[schema(as = Booking)]
pub(crate) struct BookingBody {
    /// Booking ID.
    #[schema(example = 42)]
    id: i64,
    /// ID of the client.
    #[schema(example = 7)]
    user_id: i64,
    /// When the appointment starts.
    #[schema(value_type = String, format = DateTime, example = "2024-01-15T10:00:00Z")]
    scheduled_at: Instant,
    /// Duration in minutes.
    #[schema(example = 50)]
    duration: u32,
    #[schema(schema_with = schema::booking_status)]
    status: &'static str,
    /// The video room. Null until the booking is confirmed, and after it was cancelled.
    #[schema(required = true, example = "booking-42-1705312800-0123456789abcdef0123456789abcdef")]
    jitsi_room_id: Option<String>,
    /// URL of the room, without a name. Null if there is no room.
    #[schema(
        required = true,
        example = "https://meet.example.org/booking-42-1705312800-0123456789abcdef0123456789abcdef"
    )]
    jitsi_room_url: Option<String>,
    /// The caller's own meeting link. Null if there is no room, and once the appointment is over. If the video server
    /// verifies tokens, it is the join page `/j/…` instead, which leads to the room while it is open.
    #[schema(
        required = true,
        example = "https://meet.example.org/booking-42-1705312800-0123456789abcdef0123456789abcdef#userInfo.displayName=%22Ada%20Lovelace%22"
    )]
    personalized_meeting_url: Option<String>,
    /// Price of the appointment.
    #[schema(value_type = f64, minimum = 0, example = 100.0)]
    amount: Amount,
    #[schema(schema_with = schema::payment_status)]
    payment_status: &'static str,
    /// ID of the series that the booking was created in; absent if it was created on its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = i64, required = false, example = 42)]
    series_id: Option<i64>,
}

impl BookingBody {
    pub(crate) fn new(booking: &Booking, link: Option<PersonalLink>) -> Self {
        let room = room_of(booking);
        Self {
            id: booking.id().get(),
            user_id: booking.client().get(),
            scheduled_at: Instant(booking.scheduled_at()),
            duration: booking.minutes(),
            status: booking.status().as_str(),
            jitsi_room_id: room.map(|r| r.id().to_owned()),
            jitsi_room_url: room.map(|r| r.url().to_owned()),
            personalized_meeting_url: link.map(|l| l.url),
            amount: Amount(booking.price()),
            payment_status: booking.payment_status().as_str(),
            series_id: booking.series().map(SeriesId::get),
        }
    }
}

/// The room of a confirmed booking. A cancelled booking may still have one on record, which no one needs to see.
pub(crate) fn room_of(booking: &Booking) -> Option<&attune_domain::MeetingRoom> {
    booking.room().filter(|_| booking.status().has_room())
}

/// Details of a booking that lists do not have.
#[derive(Serialize, ToSchema)]
pub(crate) struct BookingDetails {
    /// ISO 4217 currency code.
    #[schema(example = "EUR")]
    currency: String,
    /// Service ID.
    #[schema(example = 1)]
    service_id: i64,
    /// Therapist ID.
    #[schema(example = 2)]
    therapist_id: i64,
    /// Note from when the booking was made.
    #[schema(required = true, example = "First session")]
    note: Option<String>,
    /// Until when the slot of an unpaid booking is held.
    #[schema(required = true, value_type = Option<String>, format = DateTime, example = "2024-01-15T10:00:00Z")]
    hold_expires_at: Option<Instant>,
    /// Details of the cancellation.
    #[schema(required = true)]
    cancellation: Option<CancellationBody>,
    /// Version of the booking: 1 at first, then one more with each change.
    #[schema(example = 2)]
    version: u32,
}

impl From<&Booking> for BookingDetails {
    fn from(booking: &Booking) -> Self {
        Self {
            currency: booking.price().currency().code().to_owned(),
            service_id: booking.service().get(),
            therapist_id: booking.therapist().get(),
            note: booking.note().map(str::to_owned),
            hold_expires_at: booking.hold_expires_at().map(Instant),
            cancellation: booking.cancellation().map(|c| CancellationBody {
                at: Instant(c.at),
                by: c.by.get(),
                late: c.late,
                reason: c.reason.clone(),
                refund_amount: Amount(c.refund),
            }),
            version: booking.version(),
        }
    }
}

/// Details of a cancellation.
#[derive(Serialize, ToSchema)]
#[schema(as = Cancellation)]
pub(crate) struct CancellationBody {
    /// When it happened.
    #[schema(value_type = String, format = DateTime, example = "2024-01-15T10:00:00Z")]
    at: Instant,
    /// ID of the user who cancelled.
    #[schema(example = 7)]
    by: i64,
    /// Whether it was too late to cancel free of charge.
    #[schema(example = false)]
    late: bool,
    /// The user's reason.
    #[schema(required = true, example = "Ill")]
    reason: Option<String>,
    /// Refund to the client.
    #[schema(value_type = f64, minimum = 0, example = 100.0)]
    refund_amount: Amount,
}

/// A booking with its details.
#[derive(Serialize, ToSchema)]
pub(crate) struct BookingDetail {
    #[serde(flatten)]
    booking: BookingBody,
    #[serde(flatten)]
    more: BookingDetails,
}

impl BookingDetail {
    pub(crate) fn new(state: &State, booking: &Booking, viewer: &User) -> Self {
        let link = state.api.use_cases.links.link(&state.api.use_cases.links.viewer(viewer), booking);
        Self { booking: BookingBody::new(booking, link), more: booking.into() }
    }
}

/// A new booking.
#[derive(Serialize, ToSchema)]
#[schema(as = CreatedBooking)]
pub(crate) struct CreatedBookingBody {
    #[serde(flatten)]
    detail: BookingDetail,
    /// URL at which to pay; null if nothing is due, or if the payment is offline. `POST /api/bookings/{id}/payment`
    /// returns it again.
    #[schema(required = true, example = "https://practice.example.org/test-checkout/00112233445566778899aabbccddeeff")]
    checkout_url: Option<String>,
}

/// A page of the client's bookings.
#[derive(Serialize, ToSchema)]
pub(crate) struct BookingList {
    bookings: Vec<BookingBody>,
}

/// The appointment to book. Price and duration are those of the service.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"scheduled_at": "2024-01-15T10:00:00Z", "note": "First session"}))]
pub(crate) struct NewBooking {
    /// When the appointment starts: RFC 3339 with `Z` or an offset, at a whole second.
    #[schema(value_type = String, format = DateTime)]
    scheduled_at: Timestamp,
    /// Service ID; defaults to the practice's first service.
    #[schema(value_type = Option<i64>, minimum = 1)]
    service_id: Option<ServiceId>,
    /// Therapist ID; defaults to the practice's first therapist.
    #[schema(value_type = Option<i64>, minimum = 1)]
    therapist_id: Option<UserId>,
    /// Note to the therapist, at most 2000 characters.
    #[schema(max_length = 2000)]
    note: Option<String>,
}

impl FromFields for NewBooking {
    fn read(fields: &mut Fields) -> Option<Self> {
        let scheduled_at = fields.start("scheduled_at");
        let service_id = fields.whole("service_id", ServiceId::new);
        let therapist_id = fields.whole("therapist_id", UserId::new);
        let note = fields.optional_lines("note").filter(|note| !note.trim().is_empty());
        Some(Self { scheduled_at: scheduled_at?, service_id, therapist_id, note })
    }
}

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct OwnBookingsQuery {
    /// Only with this status.
    #[param(schema_with = schema::booking_status)]
    status: Option<BookingStatus>,
    /// Only bookings that start at or after this time.
    #[param(value_type = Option<String>, format = DateTime)]
    from: Option<Timestamp>,
    /// Only bookings that start before this time.
    #[param(value_type = Option<String>, format = DateTime)]
    to: Option<Timestamp>,
    #[param(ignore)]
    page: BookingPageRequest,
}

impl FromFields for OwnBookingsQuery {
    fn read(fields: &mut Fields) -> Option<Self> {
        Some(Self {
            status: fields.optional("status", booking_status),
            from: fields.optional_instant("from"),
            to: fields.optional_instant("to"),
            page: booking_page(fields),
        })
    }
}

pub(crate) fn booking_status(text: &str) -> Result<Option<BookingStatus>, Code> {
    BookingStatus::parse(text).map(Some).ok_or(Code::InvalidValue)
}

pub(crate) fn payment_status(text: &str) -> Result<Option<PaymentStatus>, Code> {
    PaymentStatus::parse(text).map(Some).ok_or(Code::InvalidValue)
}

/// List bookings
///
/// Returns the caller's own bookings, latest appointment first, also for admins. `X-Total-Count` is the total number of
/// matching bookings. `Link` points to the next page, if there is one.
#[utoipa::path(
    get, path = "/api/bookings", operation_id = "listBookings", tag = "Bookings", security(("bearer" = [])),
    params(OwnBookingsQuery, PageQuery, CursorQuery),
    responses((
        status = 200, description = "The bookings", body = BookingList,
        headers(
            ("X-Total-Count" = u64, description = "Total number of matching bookings"),
            ("Link" = String, description = "URL of the next page, `rel=\"next\"`; absent on the last page")
        )
    ))
)]
pub(crate) async fn list(state: Data<State>, request: Request) -> HandlerResult {
    let query: Result<OwnBookingsQuery, Problem> = request.query();
    let (caller, found) = request
        .caller_and(async |client| match &query {
            Ok(OwnBookingsQuery { status, from, to, page }) => {
                let (status, from, to) = (*status, *from, *to);
                let filter = BookingFilter { client: Some(client), status, from, to, ..BookingFilter::default() };
                Ok(state.api.queries.bookings(&filter, *page).await?)
            }
            // Without a valid token, the response says nothing about the parameters.
            Err(problem) => Err(problem.clone()),
        })
        .await?;
    let found = found?;
    let viewer = state.api.use_cases.links.viewer(&caller.user);
    let bookings = found
        .items
        .iter()
        .map(|booking| BookingBody::new(booking, state.api.use_cases.links.link(&viewer, booking)))
        .collect();
    let mut response = HttpResponse::Ok();
    response.insert_header(("X-Total-Count", found.total));
    if let Some(next) = found.next {
        response.insert_header(next_link(&request, "/api/bookings", next));
    }
    Ok(response.json(BookingList { bookings }))
}

/// Create a booking
///
/// If nothing is due, the booking is confirmed immediately. Otherwise the slot is held until `hold_expires_at`, and the
/// client pays at `checkout_url`. If the client already holds the slot, the response is 409 `hold_exists` with that
/// booking in `booking_id`; continue with `POST /api/bookings/{id}/payment`.
#[utoipa::path(
    post, path = "/api/bookings", operation_id = "createBooking", tag = "Bookings", security(("bearer" = [])),
    request_body = NewBooking,
    responses((
        status = 201, description = "The booking", body = CreatedBookingBody,
        headers(("Location" = String, description = "URL of the new booking"))
    ))
)]
pub(crate) async fn create(state: Data<State>, Signed(caller): Signed, request: Request) -> HandlerResult {
    let metadata = request.metadata();
    let (body, idempotency): (NewBooking, _) = request.idempotent_body(caller.user.id).await?;
    let command = CreateBookingCommand {
        client: caller.user.id,
        booked_by: caller.user.id,
        role: Role::Client,
        scheduled_at: body.scheduled_at,
        service: body.service_id,
        therapist: body.therapist_id,
        note: body.note,
        payment: PaymentChoice::ByProvider,
        amount: None,
        has_taken_place: false,
        override_hours: false,
        metadata,
        idempotency: idempotency.clone(),
    };
    let outcome = state.api.use_cases.create_booking.run(command).await?;
    let render = async |CreatedBooking { booking, checkout }| {
        let detail = BookingDetail::new(&state, &booking, &caller.user);
        let checkout_url = checkout.and_then(|payment| payment.checkout_url);
        Ok((StatusCode::CREATED, json(&CreatedBookingBody { detail, checkout_url })))
    };
    let recover = async |id| recover_created(&state, &caller.user, id).await;
    Ok(idempotent_response(&state, idempotency.as_ref(), outcome, recover, render)
        .await?
        .respond_below("/api/bookings"))
}

/// A new booking whose response was not saved, with its checkout if a payment is due.
pub(crate) async fn recover_created(state: &State, user: &User, id: BookingId) -> Result<CreatedBooking, Problem> {
    let booking = state.api.use_cases.view_booking.run(user, id).await?.booking;
    let checkout = if booking.status() == BookingStatus::PendingPayment {
        let opened = state.api.use_cases.open_checkout.run(id, booking.client()).await;
        // As with a new booking: it exists, and the checkout can be requested again.
        opened.map_err(|error| tracing::warn!(booking = %id, %error, "checkout of new booking not opened")).ok()
    } else {
        None
    };
    Ok(CreatedBooking { booking, checkout })
}

/// Retrieve a booking
///
/// For the client who owns the booking, and for admins.
#[utoipa::path(
    get, path = "/api/bookings/{id}", operation_id = "getBooking", tag = "Bookings", security(("bearer" = [])),
    responses((status = 200, description = "The booking", body = BookingDetail))
)]
pub(crate) async fn show(state: Data<State>, Signed(caller): Signed, request: Request) -> HandlerResult {
    let id = request.booking_id()?;
    request.no_query()?;
    let view = state.api.use_cases.view_booking.run(&caller.user, id).await?;
    Ok(HttpResponse::Ok().json(BookingDetail::new(&state, &view.booking, &caller.user)))
}
