//! Everybody's bookings, for admins.

#![expect(unused_qualifications, reason = "utoipa qualifies the parameters of a path in the code it generates")]

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use attune_application::Idempotent;
use attune_application::bookings::{CreateBookingCommand, CreatedBooking, PaymentChoice};
use attune_application::meetings::RevokeLinksCommand;
use attune_application::payments::RecordOfflineCommand;
use attune_domain::{AccountViewer, BookingId, BookingStatus, Money, ServiceId, UserId};
use attune_ports::{BookingFilter, BookingOrder, BookingPageRequest, Payment};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use crate::admin::booking_detail::{AdminBookingBody, AdminBookingDetail, answer_changed, detail};
use crate::client::bookings::{checkout_of, payment_status};
use crate::request::auth::Admin;
use crate::request::idempotency::{Answer, finish, replay, unfinished};
use crate::request::input::{Fields, FromFields, Nothing, Request, instant};
use crate::request::paging::{booking_page, next_link, offset};
use crate::response::output::{self, json};
use crate::response::problem::{Code, Problem};
use crate::state::State;

/// A page of the list of all bookings.
#[derive(Serialize, ToSchema)]
pub(crate) struct AdminBookingList {
    bookings: Vec<AdminBookingBody>,
    /// Total number of matches.
    #[schema(example = 1)]
    total: u64,
    /// Maximum number of results on this page.
    #[schema(example = 50)]
    limit: u32,
    /// Number of results skipped.
    #[schema(example = 0)]
    offset: u64,
}

/// The new booking.
#[derive(Serialize, ToSchema)]
pub(crate) struct AdminPlacedBooking {
    #[serde(flatten)]
    detail: AdminBookingDetail,
    /// URL at which the client pays; null if nothing is due, or if the payment is offline.
    /// `POST /api/bookings/{id}/payment` returns it to the client, too.
    #[schema(required = true, example = json!(null))]
    checkout_url: Option<String>,
}

/// Which bookings.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "the documented form of `AllBookings`, which is what is read")]
pub(crate) struct AllBookingsQuery {
    /// Only with this status.
    #[param(schema_with = output::booking_status)]
    status: Option<String>,
    /// Only with this payment status.
    #[param(schema_with = output::payment_status)]
    payment_status: Option<String>,
    /// Only bookings of this client.
    #[param(minimum = 1)]
    user_id: Option<i64>,
    /// Only bookings that start at or after this time.
    #[param(format = DateTime)]
    from: Option<String>,
    /// Only bookings that start before this time.
    #[param(format = DateTime)]
    to: Option<String>,
    /// Sort order: `scheduled_at` for the earliest appointment first, `-scheduled_at` for the latest.
    #[param(default = "-scheduled_at")]
    sort: Option<String>,
    /// `user` includes the client of each booking.
    #[param(example = "user")]
    expand: Option<String>,
    /// Maximum number of results.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
    /// Number of results to skip.
    #[param(minimum = 0, default = 0)]
    offset: Option<u64>,
    /// Cursor from the `Link` header of another page, instead of `offset`. Equally fast at any depth.
    #[param(example = "AAABjQyQTQAAAAAAAAAAKg")]
    after: Option<String>,
}

/// Which bookings, as read from a query.
pub(crate) struct AllBookings {
    filter: BookingFilter,
    with_user: bool,
    page: BookingPageRequest,
}

impl FromFields for AllBookings {
    fn read(fields: &mut Fields) -> Option<Self> {
        let order = fields.optional("sort", |text| match text {
            "scheduled_at" => Ok(Some(BookingOrder::Earliest)),
            "-scheduled_at" => Ok(Some(BookingOrder::Latest)),
            _ => Err(Code::InvalidValue),
        });
        let expand =
            fields.optional("expand", |text| if text == "user" { Ok(Some(())) } else { Err(Code::InvalidValue) });
        let filter = BookingFilter {
            client: fields.whole("user_id", UserId::new),
            therapist: None,
            status: fields.optional("status", |text| BookingStatus::parse(text).map(Some).ok_or(Code::InvalidValue)),
            payment_status: fields.optional("payment_status", payment_status),
            from: fields.optional_instant("from"),
            to: fields.optional_instant("to"),
            order: order.unwrap_or_default(),
        };
        Some(Self { filter, with_user: expand.is_some(), page: booking_page(fields) })
    }
}

/// An offline payment.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"amount": 100.00, "method": "bank_transfer", "reference": "2024-0017"}))]
pub(crate) struct OfflinePayment {
    /// Amount, in the currency of the booking. Must be the price, which is the default.
    #[schema(value_type = Option<f64>, minimum = 0)]
    amount: Option<String>,
    /// Payment method: `cash`, `bank_transfer`, `card` … At most 50 characters.
    #[schema(min_length = 1, max_length = 50)]
    method: String,
    /// The practice's own note, such as a receipt number. At most 200 characters.
    #[schema(max_length = 200)]
    reference: Option<String>,
}

impl FromFields for OfflinePayment {
    fn read(fields: &mut Fields) -> Option<Self> {
        let amount = fields.number("amount");
        let method = fields.required("method", |text| match short(text, 50)? {
            Some(method) => Ok(method),
            None => Err(Code::Required),
        });
        let reference = fields.optional("reference", |text| short(text, 200));
        Some(Self { amount, method: method?, reference })
    }
}

/// The appointment to book for a client. Price and duration are those of the service.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"user_id": 7, "scheduled_at": "2024-01-15T10:00:00Z", "payment": "waived"}))]
#[expect(dead_code, reason = "the documented form of `BookingForClient`, which is what is read")]
pub(crate) struct AdminBookingRequest {
    /// ID of the client.
    #[schema(minimum = 1)]
    user_id: i64,
    /// When the appointment starts: RFC 3339 with `Z` or an offset. Truncated to whole seconds.
    #[schema(format = DateTime)]
    scheduled_at: String,
    /// Service ID; defaults to the practice's first service.
    #[schema(minimum = 1)]
    service_id: Option<i64>,
    /// Therapist ID; defaults to the practice's first therapist.
    #[schema(minimum = 1)]
    therapist_id: Option<i64>,
    /// Note, at most 2000 characters. The client can read it.
    #[schema(max_length = 2000)]
    note: Option<String>,
    /// How the price is settled.
    #[schema(schema_with = output::asked_payment)]
    payment: Option<String>,
    /// Payment method: `cash`, `bank_transfer`, `card` … Required with `offline_paid`, and only allowed there. At most
    /// 50 characters.
    #[schema(min_length = 1, max_length = 50)]
    method: Option<String>,
    /// The practice's own note about the payment, such as a receipt number. At most 200 characters.
    #[schema(max_length = 200)]
    reference: Option<String>,
    /// Ignore working hours, notice, booking horizon and daily limit, but never another booking.
    #[schema(default = false)]
    override_hours: Option<bool>,
}

/// The session wanted for a client, as read from a body.
struct BookingForClient {
    user_id: UserId,
    scheduled_at: Timestamp,
    service_id: Option<ServiceId>,
    therapist_id: Option<UserId>,
    note: Option<String>,
    payment: PaymentChoice,
    override_hours: bool,
}

impl FromFields for BookingForClient {
    fn read(fields: &mut Fields) -> Option<Self> {
        let user_id = fields.need("user_id", |fields, name| fields.whole(name, UserId::new));
        let scheduled_at = fields.required("scheduled_at", instant);
        let service_id = fields.whole("service_id", ServiceId::new);
        let therapist_id = fields.whole("therapist_id", UserId::new);
        let note = fields.optional_lines("note").filter(|note| !note.trim().is_empty());
        let payment = asked_payment(fields);
        let override_hours = fields.flag("override_hours").unwrap_or(false);
        Some(Self {
            user_id: user_id?,
            scheduled_at: scheduled_at?,
            service_id,
            therapist_id,
            note,
            payment: payment?,
            override_hours,
        })
    }
}

/// Reads how the price of a session is settled that a therapist books: `payment`, and what belongs to it.
pub(crate) fn asked_payment(fields: &mut Fields) -> Option<PaymentChoice> {
    let payment = fields.optional("payment", |text| match text {
        "online" | "offline_paid" | "waived" => Ok(Some(text.to_owned())),
        _ => Err(Code::InvalidValue),
    });
    let method = fields.optional("method", |text| short(text, 50));
    let reference = fields.optional("reference", |text| short(text, 200));
    if payment.as_deref() == Some("offline_paid") {
        if method.is_none() {
            fields.wrong("method", Code::Required);
        }
        return Some(PaymentChoice::PaidOffline { method: method?, memo: reference });
    }
    for (name, given) in [("method", method.is_some()), ("reference", reference.is_some())] {
        if given {
            fields.wrong_because(name, Code::InvalidValue, "This belongs to a price paid outside, `offline_paid`.");
        }
    }
    Some(if payment.as_deref() == Some("waived") { PaymentChoice::Waived } else { PaymentChoice::ByProvider })
}

fn short(text: &str, most: usize) -> Result<Option<String>, Code> {
    let text = text.trim();
    if text.chars().count() > most {
        return Err(Code::TooLong);
    }
    Ok((!text.is_empty()).then(|| text.to_owned()))
}

/// List all bookings
///
/// `Link` points to the next page, if there is one.
#[utoipa::path(
    get, path = "/api/admin/bookings", operation_id = "listAllBookings", tag = "Admin", security(("bearer" = [])),
    params(AllBookingsQuery),
    responses((
        status = 200, description = "The bookings", body = AdminBookingList,
        headers(
            ("Link" = String, description = "URL of the next page, `rel=\"next\"`; absent on the last page")
        )
    ))
)]
pub(crate) async fn list(state: Data<State>, Admin(caller): Admin, request: Request) -> Result<HttpResponse, Problem> {
    let wanted: AllBookings = request.query()?;
    let found = state.api.queries.bookings(&wanted.filter, wanted.page).await?;
    let clients = if wanted.with_user {
        let ids: Vec<_> = found.items.iter().map(|booking| booking.client()).collect();
        state.api.queries.people(&ids).await?
    } else {
        Vec::new()
    };
    let viewer = AccountViewer::from(&caller.user);
    let bookings = found
        .items
        .iter()
        .map(|booking| {
            let link = state.api.links.link(&viewer, booking);
            AdminBookingBody::new(booking, link, clients.iter().find(|client| client.id == booking.client()))
        })
        .collect();
    let mut response = HttpResponse::Ok();
    if let Some(next) = found.next {
        response.insert_header(next_link(&request, "/api/admin/bookings", next));
    }
    let (limit, offset) = (wanted.page.limit, offset(wanted.page));
    Ok(response.json(AdminBookingList { bookings, total: found.total, limit, offset }))
}

/// Retrieve any booking
#[utoipa::path(
    get, path = "/api/admin/bookings/{id}", operation_id = "getAnyBooking", tag = "Admin",
    security(("bearer" = [])),
    params(("id" = i64, Path, minimum = 1, description = "Booking ID", example = 42)),
    responses((status = 200, description = "The booking", body = AdminBookingDetail))
)]
pub(crate) async fn show(state: Data<State>, Admin(caller): Admin, request: Request) -> Result<HttpResponse, Problem> {
    let id = request.booking_id()?;
    request.no_query()?;
    Ok(HttpResponse::Ok().json(detail(&state, &caller.user, id).await?))
}

/// Create a booking for a client
///
/// Same as when the client books, but the price can be settled in other ways, and the working hours can be overridden.
#[utoipa::path(
    post, path = "/api/admin/bookings", operation_id = "createBookingForClient", tag = "Admin",
    security(("bearer" = [])),
    request_body = AdminBookingRequest,
    responses((
        status = 201, description = "The booking", body = AdminPlacedBooking,
        headers(("Location" = String, description = "URL of the new booking"))
    ))
)]
pub(crate) async fn create(
    state: Data<State>,
    Admin(caller): Admin,
    request: Request,
) -> Result<HttpResponse, Problem> {
    let metadata = request.origin();
    let (wish, key): (BookingForClient, _) = request.wish(caller.user.id).await?;
    let idempotency = key.map(|key| key.idempotency(StatusCode::CREATED, unfinished));
    let granted = state
        .api
        .create_booking
        .run(CreateBookingCommand {
            client: wish.user_id,
            booked_by: caller.user.id,
            scheduled_at: wish.scheduled_at,
            service: wish.service_id,
            therapist: wish.therapist_id,
            note: wish.note,
            payment: wish.payment,
            override_hours: wish.override_hours,
            metadata,
            idempotency: idempotency.clone(),
        })
        .await
        .map_err(Problem::booked_for_somebody)?;
    let write = async |id, checkout: Option<Payment>| {
        let detail = detail(&state, &caller.user, id).await?;
        let checkout_url = checkout.and_then(|payment| payment.checkout_url);
        Ok::<_, Problem>(json(&AdminPlacedBooking { detail, checkout_url }))
    };
    let answer = match granted {
        Idempotent::Executed(CreatedBooking { booking, checkout }) => {
            let body = write(booking.id(), checkout).await?;
            Answer::fresh(StatusCode::CREATED, finish(&state, idempotency.as_ref(), booking.id(), body).await)
        }
        Idempotent::Replayed(kept) => {
            let again = async |id| {
                let booking = state.api.links.visible(&caller.user, id).await?.booking;
                write(id, checkout_of(&state, &booking).await).await
            };
            replay(&state, idempotency.as_ref(), kept, again).await?
        }
    };
    Ok(answer.respond_below("/api/admin/bookings"))
}

/// Record an offline payment
///
/// For example, in cash or by bank transfer. The booking is confirmed immediately.
#[utoipa::path(
    post, path = "/api/admin/bookings/{id}/payments/offline", operation_id = "recordOfflinePayment", tag = "Admin",
    security(("bearer" = [])),
    params(("id" = i64, Path, minimum = 1, description = "Booking ID", example = 42)),
    request_body = OfflinePayment,
    responses((status = 200, description = "The updated booking", body = AdminBookingDetail))
)]
pub(crate) async fn record_offline(
    state: Data<State>,
    Admin(caller): Admin,
    request: Request,
) -> Result<HttpResponse, Problem> {
    let id = request.booking_id()?;
    let metadata = request.origin();
    let (wish, key): (OfflinePayment, _) = request.wish(caller.user.id).await?;
    let amount = amount_for(&state, id, wish.amount).await?;
    let idempotency = key.map(|key| key.idempotency(StatusCode::OK, unfinished));
    let granted = state
        .api
        .record_offline
        .run(RecordOfflineCommand {
            admin: caller.user.id,
            booking: id,
            amount,
            method: wish.method,
            memo: wish.reference,
            metadata,
            idempotency: idempotency.clone(),
        })
        .await?;
    answer_changed(&state, &caller.user, idempotency.as_ref(), granted).await
}

/// An amount as it was sent. Its digits are in the booking's currency, so the booking has to be known before they mean
/// anything.
pub(crate) async fn amount_for(state: &State, id: BookingId, sent: Option<String>) -> Result<Option<Money>, Problem> {
    let Some(digits) = sent else { return Ok(None) };
    let view = state.api.queries.booking(id).await?.ok_or(Code::BookingNotFound)?;
    let amount = Money::parse_decimal(&digits, view.booking.price().currency());
    Ok(Some(amount.map_err(|_| Problem::field("amount", Code::InvalidAmount))?))
}

/// Revoke join links
///
/// Every join link sent for this booking so far stops working. The client and all invited participants receive a new
/// one by email.
#[utoipa::path(
    post, path = "/api/admin/bookings/{id}/links/revoke", operation_id = "revokeJoinLinks", tag = "Admin",
    security(("bearer" = [])),
    params(("id" = i64, Path, minimum = 1, description = "Booking ID", example = 42)),
    responses((status = 200, description = "The updated booking", body = AdminBookingDetail))
)]
pub(crate) async fn revoke_links(
    state: Data<State>,
    Admin(caller): Admin,
    request: Request,
) -> Result<HttpResponse, Problem> {
    let id = request.booking_id()?;
    let metadata = request.origin();
    let Nothing = request.optional_body().await?;
    state.api.revoke_links.run(RevokeLinksCommand { admin: caller.user.id, booking: id, metadata }).await?;
    Ok(HttpResponse::Ok().json(detail(&state, &caller.user, id).await?))
}
