//! All bookings, for admins.

#![expect(unused_qualifications, reason = "utoipa qualifies the parameters of a path in the code it generates")]

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use attune_application::bookings::{CreateBookingCommand, CreatedBooking, PaymentChoice};
use attune_application::meetings::RevokeLinksCommand;
use attune_application::payments::RecordOfflineCommand;
use attune_domain::{AccountViewer, BookingId, BookingStatus, Money, PaymentStatus, ServiceId, UserId};
use attune_ports::{BookingFilter, BookingOrder, BookingPageRequest};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use crate::admin::booking_detail::{AdminBookingBody, AdminBookingDetail, answer_changed, detail};
use crate::client::bookings::{booking_status, payment_status, recover_created};
use crate::request::auth::Admin;
use crate::request::idempotency::answer;
use crate::request::input::{Fields, FromFields, Nothing, Request, instant};
use crate::request::paging::{CursorQuery, PageQuery, booking_page, next_link, offset};
use crate::response::output::{self, json};
use crate::response::problem::{Code, Problem, problems};
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
pub(crate) struct AdminCreatedBooking {
    #[serde(flatten)]
    detail: AdminBookingDetail,
    /// URL at which the client pays; null if nothing is due, or if the payment is offline.
    /// `POST /api/bookings/{id}/payment` returns it to the client, too.
    #[schema(required = true, example = json!(null))]
    checkout_url: Option<String>,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct AllBookingsQuery {
    /// Only with this status.
    #[param(schema_with = output::booking_status)]
    status: Option<BookingStatus>,
    /// Only with this payment status.
    #[param(schema_with = output::payment_status)]
    payment_status: Option<PaymentStatus>,
    /// Only bookings of this client.
    #[param(value_type = Option<i64>, minimum = 1)]
    user_id: Option<UserId>,
    /// Only bookings that start at or after this time.
    #[param(value_type = Option<String>, format = DateTime)]
    from: Option<Timestamp>,
    /// Only bookings that start before this time.
    #[param(value_type = Option<String>, format = DateTime)]
    to: Option<Timestamp>,
    /// Sort order: `scheduled_at` for the earliest appointment first, `-scheduled_at` for the latest.
    #[param(value_type = Option<String>, default = "-scheduled_at")]
    sort: Option<BookingOrder>,
    /// `user` includes the client of each booking.
    #[param(value_type = Option<String>, example = "user")]
    expand: Option<()>,
    #[param(ignore)]
    page: BookingPageRequest,
}

impl FromFields for AllBookingsQuery {
    fn read(fields: &mut Fields) -> Option<Self> {
        Some(Self {
            sort: fields.optional("sort", |text| match text {
                "scheduled_at" => Ok(Some(BookingOrder::Earliest)),
                "-scheduled_at" => Ok(Some(BookingOrder::Latest)),
                _ => Err(Code::InvalidValue),
            }),
            expand: fields
                .optional("expand", |text| if text == "user" { Ok(Some(())) } else { Err(Code::InvalidValue) }),
            user_id: fields.whole("user_id", UserId::new),
            status: fields.optional("status", booking_status),
            payment_status: fields.optional("payment_status", payment_status),
            from: fields.optional_instant("from"),
            to: fields.optional_instant("to"),
            page: booking_page(fields),
        })
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
pub(crate) struct NewBookingForClient {
    /// ID of the client.
    #[schema(value_type = i64, minimum = 1)]
    user_id: UserId,
    /// When the appointment starts: RFC 3339 with `Z` or an offset. Truncated to whole seconds.
    #[schema(value_type = String, format = DateTime)]
    scheduled_at: Timestamp,
    /// Service ID; defaults to the practice's first service.
    #[schema(value_type = Option<i64>, minimum = 1)]
    service_id: Option<ServiceId>,
    /// Therapist ID; defaults to the practice's first therapist.
    #[schema(value_type = Option<i64>, minimum = 1)]
    therapist_id: Option<UserId>,
    /// Note, at most 2000 characters. The client can read it.
    #[schema(max_length = 2000)]
    note: Option<String>,
    #[schema(schema_with = output::settlement)]
    payment: Option<Settlement>,
    /// Payment method: `cash`, `bank_transfer`, `card` … Required with `offline_paid`, and only allowed there. At most
    /// 50 characters.
    #[schema(min_length = 1, max_length = 50)]
    method: Option<String>,
    /// The practice's own note about the payment, such as a receipt number. At most 200 characters.
    #[schema(max_length = 200)]
    reference: Option<String>,
    /// Ignore working hours, notice, booking horizon and daily limit, but never another booking.
    #[schema(value_type = Option<bool>, default = false)]
    override_hours: bool,
}

impl FromFields for NewBookingForClient {
    fn read(fields: &mut Fields) -> Option<Self> {
        let user_id = fields.need("user_id", |fields, name| fields.whole(name, UserId::new));
        let scheduled_at = fields.required("scheduled_at", instant);
        let service_id = fields.whole("service_id", ServiceId::new);
        let therapist_id = fields.whole("therapist_id", UserId::new);
        let note = fields.optional_lines("note").filter(|note| !note.trim().is_empty());
        let (payment, method, reference) = settlement(fields);
        let override_hours = fields.flag("override_hours").unwrap_or(false);
        let (user_id, scheduled_at) = (user_id?, scheduled_at?);
        Some(Self { user_id, scheduled_at, service_id, therapist_id, note, payment, method, reference, override_hours })
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Settlement {
    Online,
    OfflinePaid,
    Waived,
}

/// Reads `payment`, `method` and `reference`.
pub(crate) fn settlement(fields: &mut Fields) -> (Option<Settlement>, Option<String>, Option<String>) {
    let payment = fields.optional("payment", |text| match text {
        "online" => Ok(Some(Settlement::Online)),
        "offline_paid" => Ok(Some(Settlement::OfflinePaid)),
        "waived" => Ok(Some(Settlement::Waived)),
        _ => Err(Code::InvalidValue),
    });
    let method = fields.optional("method", |text| short(text, 50));
    let reference = fields.optional("reference", |text| short(text, 200));
    if payment == Some(Settlement::OfflinePaid) {
        if method.is_none() {
            fields.wrong("method", Code::Required);
        }
    } else {
        for (name, given) in [("method", method.is_some()), ("reference", reference.is_some())] {
            if given {
                let message = "This is only allowed with an offline payment, `offline_paid`.";
                fields.wrong_because(name, Code::InvalidValue, message);
            }
        }
    }
    (payment, method, reference)
}

/// The choice that [`settlement`] has read.
pub(crate) fn payment_choice(
    payment: Option<Settlement>,
    method: Option<String>,
    reference: Option<String>,
) -> PaymentChoice {
    match (payment, method) {
        (Some(Settlement::OfflinePaid), Some(method)) => PaymentChoice::PaidOffline { method, memo: reference },
        (Some(Settlement::Waived), _) => PaymentChoice::Waived,
        _ => PaymentChoice::ByProvider,
    }
}

fn short(text: &str, most: usize) -> Result<Option<String>, Code> {
    let text = text.trim();
    if text.chars().count() > most {
        return Err(Code::TooLong);
    }
    Ok((!text.is_empty()).then(|| text.to_owned()))
}

problems! { ListAllBookingsProblems: InvalidValue, InvalidTimestamp }

/// List all bookings
///
/// `Link` points to the next page, if there is one.
#[utoipa::path(
    get, path = "/api/admin/bookings", operation_id = "listAllBookings", tag = "Admin", security(("bearer" = [])),
    params(AllBookingsQuery, PageQuery, CursorQuery),
    responses(
        (
            status = 200, description = "The bookings", body = AdminBookingList,
            headers(
                ("Link" = String, description = "URL of the next page, `rel=\"next\"`; absent on the last page")
            )
        ),
        ListAllBookingsProblems
    )
)]
pub(crate) async fn list(state: Data<State>, Admin(caller): Admin, request: Request) -> Result<HttpResponse, Problem> {
    let query: AllBookingsQuery = request.query()?;
    let filter = BookingFilter {
        client: query.user_id,
        therapist: None,
        status: query.status,
        payment_status: query.payment_status,
        from: query.from,
        to: query.to,
        order: query.sort.unwrap_or_default(),
    };
    let found = state.api.queries.bookings(&filter, query.page).await?;
    let clients = if query.expand.is_some() {
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
            let link = state.api.use_cases.links.link(&viewer, booking);
            AdminBookingBody::new(booking, link, clients.iter().find(|client| client.id == booking.client()))
        })
        .collect();
    let mut response = HttpResponse::Ok();
    if let Some(next) = found.next {
        response.insert_header(next_link(&request, "/api/admin/bookings", next));
    }
    let (limit, offset) = (query.page.limit, offset(query.page));
    Ok(response.json(AdminBookingList { bookings, total: found.total, limit, offset }))
}

problems! { GetAnyBookingProblems: BookingNotFound }

/// Retrieve any booking
#[utoipa::path(
    get, path = "/api/admin/bookings/{id}", operation_id = "getAnyBooking", tag = "Admin",
    security(("bearer" = [])),
    params(("id" = i64, Path, minimum = 1, description = "Booking ID", example = 42)),
    responses((status = 200, description = "The booking", body = AdminBookingDetail), GetAnyBookingProblems)
)]
pub(crate) async fn show(state: Data<State>, Admin(caller): Admin, request: Request) -> Result<HttpResponse, Problem> {
    let id = request.booking_id()?;
    request.no_query()?;
    Ok(HttpResponse::Ok().json(detail(&state, &caller.user, id).await?))
}

problems! {
    CreateBookingForClientProblems: SlotTaken, HoldExists, DailyLimitReached, PracticeNotConfigured,
        InvalidTimestamp, InsufficientNotice, OutsideHours, InThePast, BeyondBookingHorizon, TooLong, OutOfRange,
        InvalidValue, UnknownUser, UnknownService, UnknownTherapist, InvalidLength
}

/// Create a booking for a client
///
/// Same as when the client books, but the price can be settled in other ways, and the working hours can be overridden.
#[utoipa::path(
    post, path = "/api/admin/bookings", operation_id = "createBookingForClient", tag = "Admin",
    security(("bearer" = [])),
    request_body = NewBookingForClient,
    responses(
        (
            status = 201, description = "The booking", body = AdminCreatedBooking,
            headers(("Location" = String, description = "URL of the new booking"))
        ),
        CreateBookingForClientProblems
    )
)]
pub(crate) async fn create(
    state: Data<State>,
    Admin(caller): Admin,
    request: Request,
) -> Result<HttpResponse, Problem> {
    let metadata = request.metadata();
    let (body, idempotency): (NewBookingForClient, _) = request.idempotent_body(caller.user.id).await?;
    let outcome = state
        .api
        .use_cases
        .create_booking
        .run(CreateBookingCommand {
            client: body.user_id,
            booked_by: caller.user.id,
            scheduled_at: body.scheduled_at,
            service: body.service_id,
            therapist: body.therapist_id,
            note: body.note,
            payment: payment_choice(body.payment, body.method, body.reference),
            override_hours: body.override_hours,
            metadata,
            idempotency: idempotency.clone(),
        })
        .await
        .map_err(Problem::booked_for_client)?;
    let render = async |CreatedBooking { booking, checkout }| {
        let detail = detail(&state, &caller.user, booking.id()).await?;
        let checkout_url = checkout.and_then(|payment| payment.checkout_url);
        Ok((StatusCode::CREATED, json(&AdminCreatedBooking { detail, checkout_url })))
    };
    let recover = async |id| recover_created(&state, &caller.user, id).await;
    Ok(answer(&state, idempotency.as_ref(), outcome, recover, render).await?.respond_below("/api/admin/bookings"))
}

problems! {
    RecordOfflinePaymentProblems: BookingNotFound, AlreadyPaid, HoldExpired, PaymentNotRequired, BookingCancelled,
        SlotTaken, Conflict, InvalidAmount, AmountMismatch, TooLong
}

/// Record an offline payment
///
/// For example, in cash or by bank transfer. The booking is confirmed immediately.
#[utoipa::path(
    post, path = "/api/admin/bookings/{id}/payments/offline", operation_id = "recordOfflinePayment", tag = "Admin",
    security(("bearer" = [])),
    params(("id" = i64, Path, minimum = 1, description = "Booking ID", example = 42)),
    request_body = OfflinePayment,
    responses(
        (status = 200, description = "The updated booking", body = AdminBookingDetail),
        RecordOfflinePaymentProblems
    )
)]
pub(crate) async fn record_offline(
    state: Data<State>,
    Admin(caller): Admin,
    request: Request,
) -> Result<HttpResponse, Problem> {
    let id = request.booking_id()?;
    let metadata = request.metadata();
    let (body, idempotency): (OfflinePayment, _) = request.idempotent_body(caller.user.id).await?;
    let amount = amount_for(&state, id, body.amount).await?;
    let outcome = state
        .api
        .use_cases
        .record_offline
        .run(RecordOfflineCommand {
            admin: caller.user.id,
            booking: id,
            amount,
            method: body.method,
            memo: body.reference,
            metadata,
            idempotency: idempotency.clone(),
        })
        .await?;
    answer_changed(&state, &caller.user, idempotency.as_ref(), outcome).await
}

/// Parses an amount, which is in the currency of the booking.
pub(crate) async fn amount_for(state: &State, id: BookingId, sent: Option<String>) -> Result<Option<Money>, Problem> {
    let Some(digits) = sent else { return Ok(None) };
    let view = state.api.queries.booking(id).await?.ok_or(Code::BookingNotFound)?;
    let amount = Money::parse_decimal(&digits, view.booking.price().currency());
    Ok(Some(amount.map_err(|_| Problem::field("amount", Code::InvalidAmount))?))
}

problems! { RevokeJoinLinksProblems: BookingNotFound, InvalidState, Conflict }

/// Revoke join links
///
/// Every join link sent for this booking so far stops working. The client and all invited participants receive a new
/// one by email.
#[utoipa::path(
    post, path = "/api/admin/bookings/{id}/links/revoke", operation_id = "revokeJoinLinks", tag = "Admin",
    security(("bearer" = [])),
    params(("id" = i64, Path, minimum = 1, description = "Booking ID", example = 42)),
    responses((status = 200, description = "The updated booking", body = AdminBookingDetail), RevokeJoinLinksProblems)
)]
pub(crate) async fn revoke_links(
    state: Data<State>,
    Admin(caller): Admin,
    request: Request,
) -> Result<HttpResponse, Problem> {
    let id = request.booking_id()?;
    let metadata = request.metadata();
    let Nothing = request.optional_body().await?;
    state.api.use_cases.revoke_links.run(RevokeLinksCommand { admin: caller.user.id, booking: id, metadata }).await?;
    Ok(HttpResponse::Ok().json(detail(&state, &caller.user, id).await?))
}
